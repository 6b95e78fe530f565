//! Pages of a list, by key set: the cost of a page does not grow with its number.

use crate::db::{DbError, Scoped};
use async_graphql::{Context, Error, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::time::Millis;
use sea_orm::{EntityTrait, Select};
use uuid::Uuid;

/// Rows of a page when the caller does not say.
pub const DEFAULT: u64 = 25;
/// Most rows of a page.
pub const MOST: u64 = 100;

/// Most rows that are counted for a list's total. Counting so many entries of an index takes a few milliseconds; a list of
/// a million is not counted for a page of it.
pub const COUNTED: u64 = 10_000;

/// Whether the caller asked for the total of the list that is being resolved.
pub fn counts(ctx: &Context<'_>) -> bool {
    ctx.look_ahead().field("totalCount").exists()
}

/// How many rows a question finds; `None` beyond [`COUNTED`].
///
/// # Errors
/// What the database says.
pub async fn total<E: EntityTrait>(scoped: &Scoped<'_>, found: Select<E>) -> Result<Option<i32>, DbError> {
    let n = scoped.count_to(found, COUNTED + 1).await?;
    Ok(i32::try_from(n).ok().filter(|_| n <= COUNTED))
}

/// A count of several parts, if it is still one of [`COUNTED`] rows.
pub fn within(n: i32) -> Option<i32> {
    u64::try_from(n).is_ok_and(|n| n <= COUNTED).then_some(n)
}

/// Where a page stands in its list (Relay cursor connections).
#[derive(Debug, Clone, Default, SimpleObject)]
pub struct PageInfo {
    /// Whether more follows.
    pub has_next_page: bool,
    /// Whether something stands before.
    pub has_previous_page: bool,
    /// Cursor of the first row.
    pub start_cursor: Option<String>,
    /// Cursor of the last row.
    pub end_cursor: Option<String>,
}

/// How many rows to read: the caller's number within bounds.
///
/// # Errors
/// Names the argument.
pub fn size(first: Option<i32>) -> Result<u64, Error> {
    match first.map(u64::try_from) {
        None => Ok(DEFAULT),
        Some(Ok(n @ 1..=MOST)) => Ok(n),
        Some(_) => Err(Error::new(format!("first: between 1 and {MOST}"))),
    }
}

/// The place after a row: its time and id.
pub type Place = (Millis, Uuid);

/// A place as an opaque text.
pub fn cursor(place: Place) -> String {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&place.0.to_be_bytes());
    bytes[8..].copy_from_slice(place.1.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place of a cursor.
///
/// # Errors
/// Names the argument.
pub fn place(after: Option<&str>) -> Result<Option<Place>, Error> {
    let Some(text) = after else { return Ok(None) };
    let read = || -> Option<Place> {
        let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (at, id) = bytes.split_at(8);
        Some((i64::from_be_bytes(at.try_into().ok()?), Uuid::from_slice(id).ok()?))
    };
    read().map(Some).ok_or_else(|| Error::new("after: not a cursor of this list"))
}

/// Cuts a read of one row more than asked into the page and its info.
pub fn cut<T>(mut rows: Vec<T>, first: u64, after: bool, key: impl Fn(&T) -> Place) -> (Vec<T>, PageInfo) {
    let wanted = usize::try_from(first).unwrap_or(usize::MAX);
    let has_next_page = rows.len() > wanted;
    rows.truncate(wanted);
    let info = PageInfo {
        has_next_page,
        has_previous_page: after,
        start_cursor: rows.first().map(|r| cursor(key(r))),
        end_cursor: rows.last().map(|r| cursor(key(r))),
    };
    (rows, info)
}
