//! One contact goes up in another.

use crate::db::{DbError, Scoped};
use cartwheel_entity::{
    cart, consent_event, contact_identity, event, journey_run, message, push_device, shop_order,
};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

/// Moves everything stored of `from` to `into`. The row of `from` stays and says where it went.
///
/// # Errors
/// What the database says.
pub async fn merge(scoped: &Scoped<'_>, from: Uuid, into: Uuid) -> Result<(), DbError> {
    macro_rules! move_rows {
        ($($table:ident),*) => {$(
            scoped
                .update::<$table::Entity>()
                .col_expr($table::Column::ContactId, Expr::value(into))
                .filter($table::Column::ContactId.eq(from))
                .exec(scoped.on())
                .await?;
        )*};
    }
    move_rows!(contact_identity, cart, journey_run, message, shop_order, event, consent_event, push_device);
    Ok(())
}
