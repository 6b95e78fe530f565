//! Ninety days of shoppers, lived through.

use super::plan::{self, Dice, Shopper};
use crate::{
    app::{Parts, StartError},
    clock::TestClock,
    db::StoreScope,
    ingest::project::{Arrived, Signals, project},
    recovery::receipts::Seen,
};
use cartwheel_domain::{
    event::{
        Body, CartChange, CartKind, Company, ConsentChange, Event, EventKind, Lines, Marks, OrderChange,
        OrderState, Refund, Source, Who,
    },
    ids::{CartId, MessageId, StoreId},
    money::Money,
    recovery::machine::HitKind,
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};
use cartwheel_entity::{cart, message, message_content, restore_link};
use sea_orm::{ColumnTrait, QueryFilter};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How far the clock moves at a time; events of one stride arrive together.
const STRIDE: Millis = 2 * HOUR;

/// Something a shopper will do.
enum Act {
    Event(Box<Event>),
    Hit(Seen),
}

struct Story<'a> {
    parts: &'a Parts,
    store: StoreId,
    dice: Dice,
    ahead: BTreeMap<(Millis, u64), Act>,
    shoppers: HashMap<String, Shopper>,
    told: HashSet<uuid::Uuid>,
    n: u64,
}

/// Lives through the days up to `until`.
///
/// # Errors
/// What the database says.
pub(super) async fn live(
    parts: &Parts,
    clock: &TestClock,
    store: StoreId,
    until: Millis,
) -> Result<(), StartError> {
    let mut story = Story {
        parts,
        store,
        dice: Dice::new(20_261_122),
        ahead: BTreeMap::new(),
        shoppers: HashMap::new(),
        told: HashSet::new(),
        n: 0,
    };
    let first = parts.env.now();
    let mut number = 0;
    for day in 0..plan::DAYS {
        let today = first + day * DAY;
        let carts = plan::CARTS_A_DAY / 2 + story.dice.below(plan::CARTS_A_DAY);
        for _ in 0..carts {
            number += 1;
            let shopper = Shopper::draw(&story.dice, number, today);
            story.visit(shopper);
        }
        let mut now = today;
        while now < today + DAY && now < until {
            now = (now + STRIDE).min(until);
            // Nothing may be left running when the present begins, so the last hours stay quiet.
            clock.set(now);
            story.happen(now).await?;
            parts.drain().await?;
            // In their time, as the service would: else they all close in the first minutes of the present.
            while parts.abandoner.expire().await?.more {}
            story.read_mail(now).await?;
        }
    }
    clock.set(until);
    story.happen(until).await?;
    parts.drain().await?;
    Ok(())
}

impl Story<'_> {
    fn plan(&mut self, at: Millis, act: Act) {
        self.n += 1;
        self.ahead.insert((at, self.n), act);
    }

    fn tell(&mut self, at: Millis, shopper: &Shopper, kind: EventKind, name: &str, body: Body) {
        self.n += 1;
        let known = shopper.email.as_ref().filter(|_| at >= shopper.identifies_at());
        let who = Who {
            anonymous_id: Some(format!("demo-browser-{}", shopper.n)),
            email: known.and_then(|e| e.parse().ok()),
            first_name: known.map(|_| shopper.name.0.into()),
            last_name: known.map(|_| shopper.name.1.into()),
            locale: Some(shopper.place.1.into()),
            country: shopper.place.0.parse().ok(),
            time_zone: Some(shopper.place.2.into()),
            company: shopper.company.map(|name| Company { external_id: None, name: name.into() }),
            ..Who::default()
        };
        let marks = Marks { bot: shopper.bot, ..Marks::default() };
        let event = Event {
            source: Source::Internal,
            source_id: format!("demo-{}", self.n),
            occurred_at: at,
            kind,
            name: name.into(),
            who,
            body,
            marks,
        };
        self.plan(at, Act::Event(Box::new(event)));
    }

    /// A shopper comes, fills a basket, perhaps tells an address, and buys or leaves.
    fn visit(&mut self, shopper: Shopper) {
        let at = shopper.at;
        let change = |kind, step: Option<&str>| Body::Cart(Box::new(basket(&shopper, kind, step)));
        let kind = if shopper.quote { CartKind::Quote } else { CartKind::Cart };
        if shopper.quote {
            self.tell(at, &shopper, EventKind::QuoteRequested, "Quote Requested", change(kind, None));
        } else {
            self.tell(at, &shopper, EventKind::CartUpdated, "Cart Updated", change(kind, None));
        }
        if shopper.email.is_some() {
            let told = shopper.identifies_at();
            if shopper.agreed {
                let method = if self.dice.chance(0.6) { "double_opt_in" } else { "checkbox" };
                let purposes: &[&str] =
                    if self.dice.chance(0.5) { &["cart_email", "open_pixel"] } else { &["cart_email"] };
                let given = purposes.iter().map(|purpose| ConsentChange {
                    channel: "email".into(),
                    purpose: (*purpose).into(),
                    action: "given".into(),
                    method: method.into(),
                    wording: Some("Yes, remind me of my basket by e-mail.".into()),
                    place: Some("/demo-shop/#/checkout".into()),
                    evidence: serde_json::json!({ "language": shopper.place.1 }),
                });
                let given = Body::Consent(given.collect());
                self.tell(told, &shopper, EventKind::ConsentChanged, "Consent Changed", given);
            }
            if !shopper.quote {
                self.tell(
                    told + SECOND,
                    &shopper,
                    EventKind::CheckoutStarted,
                    "Checkout Started",
                    change(CartKind::Checkout, Some("address")),
                );
            }
        }
        if shopper.buys {
            self.order(at + 8 * MINUTE, &shopper, 0);
        } else if let Some(after) = shopper.returns.filter(|_| shopper.email.is_some()) {
            self.order(at + after, &shopper, 0);
        }
        if let Some(email) = shopper.email.clone() {
            self.shoppers.insert(email, shopper);
        }
    }

    fn order(&mut self, at: Millis, shopper: &Shopper, attempt: u32) {
        let external_id = format!("demo-order-{}-{attempt}", shopper.n);
        let order = |state, refund| {
            Body::Order(Box::new(OrderChange {
                external_id: external_id.clone(),
                number: Some(format!("WH-{}", 10_000 + shopper.n)),
                state,
                total: Some(Money::new(shopper.total(), cartwheel_domain::money::Currency::EUR)),
                refunded_total_minor: None,
                refund,
                cart_token: Some(format!("demo-cart-{}", shopper.n)),
                checkout_token: None,
                lines: shopper.lines.clone(),
                coupons: Vec::new(),
                newest_counts: false,
                placed_at: Some(at),
            }))
        };
        self.tell(
            at,
            shopper,
            EventKind::OrderPlaced,
            "Order Completed",
            order(Some(OrderState::Purchased), None),
        );
        if self.dice.chance(plan::REFUNDED) {
            let refund =
                Refund { id: format!("demo-refund-{}", shopper.n), minor: Some(shopper.total() / 2) };
            let later = at + self.dice.after(DAY, 9 * DAY);
            self.tell(later, shopper, EventKind::OrderRefunded, "Order Refunded", order(None, Some(refund)));
        }
    }

    /// Everything due up to `now` arrives.
    async fn happen(&mut self, now: Millis) -> Result<(), StartError> {
        let later = self.ahead.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut self.ahead, later);
        let (mut events, mut clicks) = (Vec::new(), Vec::new());
        for act in due.into_values() {
            match act {
                Act::Event(event) => {
                    let raw = serde_json::to_string(&event)?;
                    events.push(Arrived::new(*event, raw, None));
                }
                Act::Hit(hit) => clicks.push(hit),
            }
        }
        for hit in clicks {
            self.parts.receipts.take(hit);
        }
        self.parts.receipts.tick().await?;
        if events.is_empty() {
            return Ok(());
        }
        let info = self.parts.stores.by_id(self.store).await?.ok_or("the demo store is gone")?;
        let mut tx = self.parts.db.write().await?;
        let scoped = tx.enter(&StoreScope::system(self.store)).await?;
        scoped.lock().await?;
        project(&scoped, &info, &self.parts.env, &Signals::default(), &events.iter().collect::<Vec<_>>())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// People and machines find what was sent since the last look.
    async fn read_mail(&mut self, now: Millis) -> Result<(), StartError> {
        let (messages, links, contents, carts) = {
            let mut tx = self.parts.db.read().await?;
            let scoped = tx.enter(&StoreScope::system(self.store)).await?;
            let query = scoped
                .find::<message::Entity>()
                .filter(message::Column::Status.eq(3))
                .filter(message::Column::SentAt.gte(now - STRIDE));
            let messages = query.all(scoped.on()).await?;
            let ids: Vec<_> = messages.iter().map(|m| m.id).collect();
            let links = scoped
                .find::<restore_link::Entity>()
                .filter(restore_link::Column::MessageId.is_in(ids.clone()))
                .all(scoped.on())
                .await?;
            let contents = scoped
                .find::<message_content::Entity>()
                .filter(message_content::Column::MessageId.is_in(ids))
                .all(scoped.on())
                .await?;
            let carts = messages.iter().filter_map(|m| m.cart_id);
            let carts =
                scoped.find::<cart::Entity>().filter(cart::Column::Id.is_in(carts)).all(scoped.on()).await?;
            (messages, links, contents, carts)
        };
        for one in messages {
            if !self.told.insert(one.id) {
                continue;
            }
            let link = links.iter().find(|l| l.message_id == Some(one.id)).map(|l| l.id);
            // Without permission there is no pixel, and nobody's opening is seen.
            let pixel = contents.iter().any(|c| c.message_id == one.id && c.html.contains("/o/"));
            let sent = one.sent_at.unwrap_or(now);
            if self.dice.chance(plan::SCANNED) {
                self.hit(
                    &one,
                    HitKind::Click,
                    link,
                    sent + SECOND,
                    "Mozilla/5.0 (compatible; MailScanner/2.1)",
                );
            }
            let opened = (pixel && self.dice.chance(plan::OPENS))
                .then(|| sent + self.dice.after(10 * MINUTE, 9 * HOUR));
            if let Some(at) = opened {
                self.hit(&one, HitKind::Open, None, at, BROWSER);
            }
            if !self.dice.chance(plan::CLICKS) || link.is_none() {
                continue;
            }
            let at = opened.unwrap_or(sent + HOUR) + MINUTE;
            self.hit(&one, HitKind::Click, link, at, BROWSER);
            if self.dice.chance(plan::BUYS_AFTER_CLICK) {
                let mine = carts.iter().find(|c| Some(c.id) == one.cart_id).map(|c| CartId(c.id));
                self.buy(mine, at + self.dice.after(4 * MINUTE, 40 * MINUTE), &one).await?;
            }
        }
        Ok(())
    }

    async fn buy(
        &mut self,
        cart: Option<CartId>,
        at: Millis,
        about: &message::Model,
    ) -> Result<(), StartError> {
        let Some(cart) = cart else { return Ok(()) };
        let email = {
            let mut tx = self.parts.db.read().await?;
            let scoped = tx.enter(&StoreScope::system(self.store)).await?;
            let query = scoped
                .find::<cartwheel_entity::contact::Entity>()
                .filter(cartwheel_entity::contact::Column::Id.eq(about.contact_id));
            query.one(scoped.on()).await?.and_then(|c| c.email)
        };
        let Some(shopper) = email.and_then(|e| self.shoppers.remove(&e)) else {
            tracing::debug!(%cart, "the demo knows nobody behind this cart");
            return Ok(());
        };
        self.order(at, &shopper, 1);
        Ok(())
    }

    fn hit(
        &mut self,
        message: &message::Model,
        kind: HitKind,
        restore: Option<uuid::Uuid>,
        at: Millis,
        agent: &str,
    ) {
        let hit = Seen {
            store: self.store,
            message: MessageId(message.id),
            kind,
            link: 0,
            method: "GET".into(),
            agent: Some(agent.into()),
            purpose: None,
            restore,
            at,
            by_script: false,
        };
        self.plan(at, Act::Hit(hit));
    }
}

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0";

fn basket(shopper: &Shopper, kind: CartKind, step: Option<&str>) -> CartChange {
    CartChange {
        kind,
        cart_token: Some(format!("demo-cart-{}", shopper.n)),
        checkout_token: None,
        currency: Some(cartwheel_domain::money::Currency::EUR),
        lines: Lines::Set(shopper.lines.clone()),
        total_minor: Some(shopper.total()),
        recovery_url: None,
        valid_until: shopper.quote.then(|| shopper.at + 30 * DAY),
        approver: None,
        number: shopper.quote.then(|| format!("Q-{}", 1_000 + shopper.n)),
        step: step.map(str::to_owned),
        coupon: None,
        left: false,
    }
}
