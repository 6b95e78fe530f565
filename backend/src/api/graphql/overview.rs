//! Home: three definitions of recovered revenue, the funnel, the trend, and what needs a look.

use super::{
    access::Access,
    cart::{Cart, Order},
    scalars::{Money, Time, amount},
};
use crate::{
    accounts::StoreInfo,
    analytics::{
        Figures, Metric,
        figures::{self, Sum},
        signals::{self, Trouble},
    },
    db::{Among, DbError},
    journeys::named,
    platforms::link,
};
use async_graphql::{ComplexObject, Enum, ID, Result, SimpleObject};
use cartwheel_domain::{
    ids::OrderId,
    money::Currency,
    recovery::{Arm, Question, incremental},
    time::{DAY, utc_day},
};
use cartwheel_entity::{cart, shop_order};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

/// Figures of some days.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Overview {
    /// First instant counted.
    since: Time,
    /// Last.
    until: Time,
    /// Orders after a click on a message.
    recovered_by_click: Recovered,
    /// Orders in the window of a message.
    recovered_by_window: Recovered,
    /// What the messages earned beyond what would have come anyway.
    incremental: Incremental,
    /// From cart to recovery.
    funnel: Funnel,
    /// Day by day, quiet days included.
    trend: Vec<TrendDay>,
    #[graphql(skip)]
    access: Access,
}

/// Orders and their value, net of what went back.
#[derive(SimpleObject)]
pub struct Recovered {
    orders: i64,
    revenue: Money,
}

/// The comparison with the control group.
#[derive(SimpleObject)]
pub struct Incremental {
    /// False: not enough data yet.
    enough: bool,
    /// Best guess; null while one of the groups is empty.
    revenue: Option<Money>,
    /// Lower end of the 95 % interval.
    low: Option<Money>,
    /// Upper end.
    high: Option<Money>,
    treated_contacts: i64,
    holdout_contacts: i64,
    treated_rate: Option<f64>,
    holdout_rate: Option<f64>,
    /// How many more abandoners it takes.
    contacts_needed: Option<i64>,
}

/// From cart to recovery.
#[derive(SimpleObject)]
pub struct Funnel {
    carts: i64,
    abandoned: i64,
    reachable: i64,
    messaged: i64,
    clicked: i64,
    /// Orders after a click: the step that follows a click, not the window's.
    recovered_by_click: i64,
}

/// One UTC day.
#[derive(SimpleObject)]
pub struct TrendDay {
    /// `2026-11-22`.
    day: String,
    by_click: Money,
    by_window: Money,
}

/// How an order is held to be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Attribution {
    /// It followed a click.
    Click,
    /// It fell in a message's window.
    Window,
}

/// One recovered order.
#[derive(SimpleObject)]
pub struct Recovery {
    id: ID,
    at: Time,
    order: Order,
    cart: Cart,
    attribution: Attribution,
}

/// Something that needs a look.
#[derive(SimpleObject)]
pub struct Attention {
    /// A stable word.
    code: String,
    count: i64,
    detail: Option<String>,
}

/// A step of the set-up.
#[derive(SimpleObject)]
pub struct SetupStep {
    code: SetupCode,
    done: bool,
    at: Option<Time>,
}

/// The steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum SetupCode {
    /// The snippet was seen in the shop.
    SnippetSeen,
    /// The first cart came in.
    FirstCart,
    /// Sender and postal address are set.
    SenderSet,
    /// A journey is on.
    JourneyOn,
    /// The first message went.
    FirstMessage,
    /// The first order was recovered.
    FirstRecovery,
}

impl Overview {
    /// Figures of the last `days` days, today included.
    ///
    /// # Errors
    /// `days` out of bounds, or a fault.
    pub async fn load(access: &Access, days: i32) -> Result<Self> {
        if !(1..=366).contains(&days) {
            return Err(async_graphql::Error::new("days: between 1 and 366"));
        }
        let now = access.api.env.now();
        let sums = access.read(async |scoped| figures::since(scoped, now, days, None).await).await?;
        let currency = access.info.settings.currency;
        let n = |metric| sums.total(metric, currency).n;
        let by_click = recovered(&sums, Metric::RecoveredByClick, currency);
        let first_day = utc_day(now) - days + 1;
        let clicks = sums.by_day(Metric::RecoveredByClick, currency);
        let windows = sums.by_day(Metric::RecoveredByWindow, currency);
        let of = |sums: &BTreeMap<i32, Sum>, day: i32| {
            amount(sums.get(&day).copied().unwrap_or_default().minor, currency.code())
        };
        let trend = (first_day..=utc_day(now)).map(|day| TrendDay {
            day: chrono::DateTime::from_timestamp_millis(i64::from(day) * DAY)
                .unwrap_or_default()
                .format("%Y-%m-%d")
                .to_string(),
            by_click: of(&clicks, day),
            by_window: of(&windows, day),
        });
        Ok(Self {
            since: Time(i64::from(first_day) * DAY),
            until: Time(now),
            funnel: Funnel {
                carts: n(Metric::Carts),
                abandoned: n(Metric::Abandoned),
                reachable: n(Metric::Reachable),
                messaged: n(Metric::Messaged),
                clicked: n(Metric::Clicked),
                recovered_by_click: by_click.orders,
            },
            trend: trend.collect(),
            incremental: compared(&sums, currency),
            recovered_by_click: by_click,
            recovered_by_window: recovered(&sums, Metric::RecoveredByWindow, currency),
            access: access.clone(),
        })
    }
}

/// Orders by one definition, and their value.
pub(super) fn recovered(sums: &Figures, by: Metric, currency: Currency) -> Recovered {
    let sum = sums.total(by, currency);
    Recovered { orders: sum.n, revenue: amount(sum.minor, currency.code()) }
}

/// The treated against the held out.
pub(super) fn compared(sums: &Figures, currency: Currency) -> Incremental {
    let arm = |entered, ordered| {
        let (entered, orders) = (sums.total(entered, currency), sums.total(ordered, currency));
        let whole = |n: i64| u64::try_from(n).unwrap_or(0);
        Arm {
            n: whole(entered.n),
            orders: whole(orders.n),
            revenue: orders.minor,
            revenue_squares: orders.squares as i128,
        }
    };
    let treated = arm(Metric::TreatedEntered, Metric::TreatedOrders);
    let holdout = arm(Metric::HoldoutEntered, Metric::HoldoutOrders);
    let rate = |a: &Arm| (a.n > 0).then(|| a.orders as f64 / a.n as f64);
    let result = incremental(&treated, &holdout, Question::default());
    let money = |minor: f64| amount(minor.round() as i64, currency.code());
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Incremental {
        enough: result.is_some_and(|r| r.enough),
        revenue: result.map(|r| money(r.revenue.point)),
        low: result.map(|r| money(r.revenue.low)),
        high: result.map(|r| money(r.revenue.high)),
        treated_contacts: whole(treated.n),
        holdout_contacts: whole(holdout.n),
        treated_rate: rate(&treated),
        holdout_rate: rate(&holdout),
        contacts_needed: result.map(|r| whole(r.needed_n.saturating_sub(r.n))),
    }
}

#[ComplexObject]
impl Overview {
    /// Whether anybody is held out at present: without, the control group does not grow.
    async fn holding_out(&self) -> Result<bool> {
        self.access.read(async |scoped| named::holding_out(scoped).await).await
    }

    /// The latest recovered orders, newest first.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(10)).unwrap_or(50) * child_complexity + 1")]
    async fn recent_recoveries(&self, first: Option<i32>) -> Result<Vec<Recovery>> {
        let first = super::page::size(first.or(Some(10)))?;
        let access = &self.access;
        let (orders, carts) = access
            .read(async |scoped| {
                let orders = scoped
                    .find::<shop_order::Entity>()
                    .filter(signals::recovered())
                    .filter(shop_order::Column::CancelledAt.is_null())
                    .filter(shop_order::Column::PlacedAt.gte(self.since.0))
                    .order_by_desc(shop_order::Column::PlacedAt)
                    .order_by_desc(shop_order::Column::Id)
                    .limit(first)
                    .all(scoped.on())
                    .await?;
                let ids = orders.iter().filter_map(|o| o.cart_id);
                let carts = scoped
                    .find::<cart::Entity>()
                    .filter(cart::Column::Id.among(ids))
                    .all(scoped.on())
                    .await?;
                Ok::<_, DbError>((orders, carts))
            })
            .await?;
        Ok(orders
            .into_iter()
            .filter_map(|order| {
                let row = carts.iter().find(|c| Some(c.id) == order.cart_id)?.clone();
                Some(Recovery {
                    id: ID(OrderId(order.id).to_string()),
                    at: Time(order.placed_at),
                    attribution: if order.click_message_id.is_some() {
                        Attribution::Click
                    } else {
                        Attribution::Window
                    },
                    order: order.into(),
                    cart: Cart { access: access.clone(), row },
                })
            })
            .collect())
    }
}

/// The set-up checklist.
///
/// # Errors
/// A fault.
pub async fn setup_steps(access: &Access) -> Result<Vec<SetupStep>> {
    let settings = &access.info.settings;
    let seen = access.read(async |scoped| signals::setup(scoped).await).await?;
    let step = |code, at: Option<i64>| SetupStep { code, done: at.is_some(), at: at.map(Time) };
    let sender = settings.sender_email.is_some() && !settings.postal_address.is_empty();
    Ok(vec![
        step(SetupCode::SnippetSeen, seen.snippet),
        step(SetupCode::FirstCart, seen.first_cart),
        SetupStep { code: SetupCode::SenderSet, done: sender, at: None },
        SetupStep { code: SetupCode::JourneyOn, done: seen.journey_on, at: None },
        step(SetupCode::FirstMessage, seen.first_message),
        step(SetupCode::FirstRecovery, seen.first_recovery),
    ])
}

/// What needs a look.
///
/// # Errors
/// A fault.
pub async fn attention(access: &Access) -> Result<Vec<Attention>> {
    let now = access.api.env.now();
    let read = access.read(async |scoped| {
        let found = signals::trouble(scoped, access.info.lane, now).await?;
        Ok::<_, DbError>((found, link::all(scoped).await?))
    });
    let (found, links) = read.await?;
    let mut list = attention_of(&found, &access.info);
    for row in links {
        let mut tell = |code: &str| {
            list.push(Attention { code: code.into(), count: 1, detail: Some(row.platform.clone()) });
        };
        if row.wrong.is_some() && row.failures > 1 || row.wrong.as_deref() == Some("credentials") {
            tell("platform_trouble");
        }
        if link::doubled(&row) {
            tell("platform_reminder");
        }
    }
    Ok(list)
}

/// The same, of what was read before.
pub(super) fn attention_of(found: &Trouble, info: &StoreInfo) -> Vec<Attention> {
    let all = [
        ("messages_uncertain", found.uncertain),
        ("messages_failed", found.failed),
        ("runs_late", found.late),
    ];
    let mut list: Vec<_> = all
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(code, count)| Attention { code: code.into(), count, detail: None })
        .collect();
    if let Some((why, _)) = info.hold.as_ref().filter(|_| !info.sandbox) {
        list.push(Attention { code: "sending_paused".into(), count: 1, detail: Some(why.clone()) });
    }
    if let Some((how, why)) = info.mail_guard.as_ref().filter(|_| !info.sandbox) {
        let code = format!("mail_{}", how.as_str());
        list.push(Attention { code, count: 1, detail: Some(why.clone()) });
    }
    if info.settings.postal_address.is_empty() {
        list.push(Attention { code: "postal_address_missing".into(), count: 1, detail: None });
    }
    list
}
