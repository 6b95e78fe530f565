//! A cart's row and what `domain::cart` makes of it.

use cartwheel_domain::{
    cart::{self, Content, Standing, Status, Turn},
    event::{CartKind, LineItem, Marks, Source},
    money::Currency,
    settings::StoreSettings,
    time::Millis,
};
use cartwheel_entity::cart as row;
use uuid::Uuid;

/// Where a stored cart stands.
pub fn status(model: &row::Model) -> Status {
    Status::from_name(&model.status).unwrap_or(Status::Expired)
}

/// What the events of a stored cart have added up to so far.
pub fn content(model: &row::Model) -> Content {
    Content {
        kind: CartKind::from_name(&model.kind).unwrap_or(CartKind::Cart),
        currency: model.currency.parse().ok(),
        lines: LineItem::list(&model.items),
        total_minor: model.total_minor,
        recovery_url: model.recovery_url.clone(),
        valid_until: model.valid_until,
        approver: model.approver.clone(),
        number: model.number.clone(),
        step: model.step.clone(),
        coupon: model.coupon.clone(),
        left: false,
        deleted: false,
        at: model.source_at,
    }
}

/// Its marks.
pub fn marks(model: &row::Model) -> Marks {
    Marks { bot: model.bot, test: model.test, staff: model.staff }
}

/// Writes what the events add up to into the row, and sets an open cart's timer anew. Says why its runs end, if they
/// do: it was deleted at the source, or was judged left and there was a sign of life since.
pub fn write(
    model: &mut row::Model,
    content: &Content,
    settings: &StoreSettings,
    now: Millis,
) -> Option<&'static str> {
    model.kind = content.kind.as_str().into();
    model.currency = content.currency.unwrap_or(settings.currency).code().into();
    model.total_minor = content.total_minor;
    model.item_count = cart::count(&content.lines);
    model.items = LineItem::text(&content.lines);
    model.recovery_url.clone_from(&content.recovery_url);
    model.valid_until = content.valid_until;
    model.approver.clone_from(&content.approver);
    model.number.clone_from(&content.number);
    model.step.clone_from(&content.step);
    model.coupon.clone_from(&content.coupon);
    model.source_at = content.at;
    model.last_activity_at = content.at.min(now);
    model.updated_at = now;
    arm(model, content, settings)
}

fn arm(model: &mut row::Model, content: &Content, settings: &StoreSettings) -> Option<&'static str> {
    let mut standing = Standing {
        status: status(model),
        finished: model.finished_at.is_some(),
        abandoned_at: model.abandoned_at,
        idle_at: model.idle_at,
    };
    let marked = model.bot || model.test || model.staff;
    let turn = standing.arm(content, model.last_activity_at, marked, settings);
    model.status = standing.status.as_str().into();
    (model.abandoned_at, model.idle_at) = (standing.abandoned_at, standing.idle_at);
    turn.map(|turn| match turn {
        Turn::Deleted => "expired",
        Turn::CameBack => "came_back",
    })
}

/// A cart of which nothing is known yet.
pub fn created(
    store: Uuid,
    id: Uuid,
    source: Source,
    currency: Currency,
    marks: Marks,
    now: Millis,
) -> row::Model {
    row::Model {
        store_id: store,
        id,
        kind: CartKind::Cart.as_str().into(),
        status: Status::Active.as_str().into(),
        contact_id: None,
        currency: currency.code().into(),
        total_minor: 0,
        item_count: 0,
        items: LineItem::text(&[]),
        source_at: 0,
        last_activity_at: 0,
        idle_at: None,
        abandoned_at: None,
        finished_at: None,
        order_id: None,
        recovered_by: None,
        recovery_url: None,
        valid_until: None,
        company_id: None,
        approver: None,
        number: None,
        step: None,
        coupon: None,
        source: source.as_str().into(),
        bot: marks.bot,
        test: marks.test,
        staff: marks.staff,
        entries: 0,
        created_at: now,
        updated_at: now,
    }
}
