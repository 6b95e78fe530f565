//! Lists in statements, in few lengths.
//!
//! A statement's text is what it stays prepared by. A list as long as it happens to be would make a new text each
//! time, to be planned anew: dearer than the look-up itself.

use sea_orm::{ColumnTrait, Value, sea_query::Expr};

/// A column compared with a list that is as long as it happens to be.
pub trait Among: ColumnTrait {
    /// Whether the column is one of these: `IN (…)` with the last value repeated up to the next power of two, which
    /// changes nothing but the number of different statements. For lists whose length is fixed, `is_in` will do.
    fn among<V: Into<Value>>(&self, values: impl IntoIterator<Item = V>) -> Expr {
        self.is_in(padded(values.into_iter().map(Into::into).collect()))
    }
}

impl<C: ColumnTrait> Among for C {}

/// A list with its last value repeated up to the next power of two.
pub(super) fn padded(mut values: Vec<Value>) -> Vec<Value> {
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

/// So few rows go in one statement of their own length.
const FEW: usize = 12;

/// How many of `rows` rows to send in the next statement: all when they are few, else a power of two, so that few texts do.
pub(super) fn portion(rows: usize, most: usize) -> usize {
    let n = rows.min(most).max(1);
    if n <= FEW { n } else { 1 << n.ilog2() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartwheel_entity::cart;
    use sea_orm::{DbBackend, EntityTrait, QueryFilter, QueryTrait};

    #[expect(clippy::disallowed_methods, reason = "nothing is asked, only written down")]
    fn sql(values: std::ops::Range<i64>) -> String {
        cart::Entity::find().filter(cart::Column::CreatedAt.among(values)).build(DbBackend::Sqlite).sql
    }

    #[test]
    fn lists_of_close_lengths_make_the_same_statement() {
        assert_eq!(sql(0..5), sql(0..8));
        assert_ne!(sql(0..8), sql(0..9));
        assert!(sql(0..0).ends_with("? = ?"), "an empty list matches nothing: {}", sql(0..0));
    }

    #[test]
    fn portions_add_up_and_have_few_lengths() {
        for rows in 1..300 {
            let (mut left, mut statements) = (rows, 0);
            while left > 0 {
                let n = portion(left, 100);
                assert!((n.is_power_of_two() || n <= FEW) && n <= 64 && n <= left);
                (left, statements) = (left - n, statements + 1);
            }
            assert!(statements <= rows / 64 + 6);
        }
    }
}
