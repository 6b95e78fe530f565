//! How lists are read, so that a page costs what it shows and not what the store has.

use super::{
    cart::{CartKind, CartStatus},
    page::Place,
};
use crate::db::Scoped;
use cartwheel_entity::{cart, message};
use sea_orm::{
    ColumnTrait, ExprTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, Func},
};
use uuid::Uuid;

/// By which way a list of carts is read. `Found` is told to the database by expressions that no index of the list has: for a few
/// carts that lie far down SQLite would walk the whole list, since it comes in the right order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Along an index in the order of the list.
    Along,
    /// Found by something else first, and put in order then.
    Found,
}

/// The parts of the list that a filter stands for, each a stretch of the index by status and kind; all of it without.
pub(super) fn parts(
    status: Option<CartStatus>,
    kind: Option<CartKind>,
) -> impl Iterator<Item = (Option<CartStatus>, Option<CartKind>)> {
    let filtered = status.is_some() || kind.is_some();
    let statuses =
        CartStatus::ALL.into_iter().filter(move |s| filtered && status.is_none_or(|only| only == *s));
    let pairs = statuses.flat_map(move |status| {
        let kinds = CartKind::ALL.into_iter().filter(move |k| kind.is_none_or(|only| only == *k));
        kinds.map(move |kind| (Some(status), Some(kind)))
    });
    (!filtered).then_some((None, None)).into_iter().chain(pairs)
}

/// Carts of a status and a kind.
pub(super) fn carts(
    scoped: &Scoped<'_>,
    way: Way,
    status: Option<CartStatus>,
    kind: Option<CartKind>,
) -> Select<cart::Entity> {
    let is = |column: cart::Column, word: &str| match way {
        Way::Along => column.eq(word),
        Way::Found => Expr::from(Func::lower(Expr::col((cart::Entity, column)))).eq(word),
    };
    let mut query = scoped.find::<cart::Entity>();
    if let Some(status) = status {
        query = query.filter(is(cart::Column::Status, status.as_str()));
    }
    if let Some(kind) = kind {
        query = query.filter(is(cart::Column::Kind, kind.as_str()));
    }
    query
}

/// A page of such carts and one more, the latest change first.
pub(super) fn page_of_carts(
    mut query: Select<cart::Entity>,
    way: Way,
    place: Option<Place>,
    first: u64,
) -> Select<cart::Entity> {
    let time = || match way {
        Way::Along => Expr::col((cart::Entity, cart::Column::UpdatedAt)),
        Way::Found => Expr::cust("cart.updated_at + 0"),
    };
    if let Some((at, id)) = place {
        query = query.filter(beyond(time(), Expr::col((cart::Entity, cart::Column::Id)), at, id));
    }
    query.order_by(time(), Order::Desc).order_by_desc(cart::Column::Id).limit(first + 1)
}

/// Messages of somebody or about something, newest first: found by that, and not by a walk along all of the store.
pub(super) fn latest_messages(scoped: &Scoped<'_>, which: Expr, most: u64) -> Select<message::Entity> {
    let query = scoped.find::<message::Entity>().filter(which);
    query.order_by(Expr::cust("message.created_at + 0"), Order::Desc).limit(most)
}

/// Rows that come after a place in a list ordered by time and id, both falling.
pub(super) fn before<C: ColumnTrait>(time: C, id: C, at: i64, after: Uuid) -> Expr {
    let column = |column: C| Expr::col((column.entity_name(), column));
    beyond(column(time), column(id), at, after)
}

/// Compared as a pair, so that the index of the list begins there: "earlier, or at the same time and" would walk all that stands before.
fn beyond(time: Expr, id: Expr, at: i64, after: Uuid) -> Expr {
    Expr::tuple([time, id]).lt(Expr::tuple([Expr::val(at), Expr::val(after)]))
}
