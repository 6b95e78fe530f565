//! A store as it stands after a year: people, carts of each kind and status, orders, messages, waiting runs and figures, all spread
//! over the year. For what is asked of it, not for what goes on in it: nothing is due.

use super::rows::{CART, CONTACT, EVENT, MESSAGE, RUN, Rows};
use crate::{Outcome, data::events, workloads::journey};
use cartwheel_domain::time::utc_day;

/// A year, milliseconds.
pub const YEAR: i64 = 365 * 86_400_000;
/// Events of the one cart with a long story, and what its run has decided.
pub const EVENTS: usize = 300;
const STEPS: usize = 200;
/// Quotes of each store, however large: in a large one they lie far apart.
const QUOTES: usize = 100;
/// Days of figures.
const DAYS: usize = 366;

/// What is counted, by its word in `metric_day`, whether it has a value, and whether it belongs to a journey.
const METRICS: [(&str, bool, bool); 16] = [
    ("carts", false, false),
    ("identified", false, false),
    ("abandoned", true, false),
    ("reachable", false, false),
    ("messaged", false, true),
    ("clicked", false, true),
    ("orders", true, false),
    ("recovered_by_click", true, true),
    ("recovered_by_window", true, true),
    ("converted", true, false),
    ("sent", false, true),
    ("suppressed", false, true),
    ("treated_entered", false, true),
    ("holdout_entered", false, true),
    ("treated_orders", true, true),
    ("holdout_orders", true, true),
];

impl Rows<'_> {
    /// All of it: so many people with a cart each, a tenth as many orders and waiting runs, a fifth as many messages.
    ///
    /// # Errors
    /// What the database says.
    pub async fn shop(&mut self) -> Outcome {
        self.contacts_over(YEAR).await?;
        self.carts_of_a_year().await?;
        let (all, some) = (self.count, (self.count / 10).max(1));
        self.count = some;
        self.runs(journey::standing(self.now)).await?;
        self.orders().await?;
        self.count = (all / 5).max(1);
        self.messages_of_a_year().await?;
        self.count = EVENTS;
        self.story().await?;
        self.count = STEPS;
        self.steps().await?;
        self.count = DAYS * METRICS.len();
        self.figures().await?;
        self.count = 60;
        self.passed().await?;
        self.count = all;
        Ok(())
    }

    async fn carts_of_a_year(&mut self) -> Outcome {
        let mut lines = events::kept_lines();
        if let Some(lines) = lines.as_array_mut() {
            lines.truncate(1);
        }
        let (count, step) = (self.count, (self.count / QUOTES).max(1));
        // What is older than a month is over: else the service would close it while it is being measured.
        let old = format!("(n.i * 7919 % {count}) > {}", count * 8 / 100);
        let quote = format!("n.i % {step} = 7");
        let status = format!(
            "CASE WHEN {quote} THEN CASE WHEN {old} THEN 'expired' ELSE 'abandoned' END \
             WHEN {old} THEN CASE WHEN n.i % 10 < 6 THEN 'expired' WHEN n.i % 10 = 6 THEN 'recovered' ELSE 'converted' END \
             WHEN n.i % 10 = 0 THEN 'active' WHEN n.i % 10 = 1 THEN 'checkout' WHEN n.i % 10 < 7 THEN 'abandoned' \
             WHEN n.i % 10 = 7 THEN 'recovered' ELSE 'converted' END"
        );
        let at = self.spread("n.i", YEAR);
        let values = format!(
            "{}, {}, CASE WHEN {quote} THEN 'quote' WHEN n.i % 10 = 3 THEN 'checkout' ELSE 'cart' END, {status}, {}, 'EUR', \
             1995, 1, '{lines}', {at}, {at}, {at}, CASE WHEN {quote} THEN 'Q-' || n.i END, 'api', FALSE, FALSE, FALSE, 1, \
             {at}, {at}",
            self.store_id(),
            self.id(CART, "n.i"),
            self.id(CONTACT, "n.i"),
        );
        let columns = "store_id, id, kind, status, contact_id, currency, total_minor, item_count, items, source_at, \
                       last_activity_at, abandoned_at, number, source, bot, test, staff, entries, created_at, updated_at";
        self.insert("cart", columns, &values, 1).await
    }

    /// One in a hundred was recovered, none of them in the last three months: the way to the latest is long.
    async fn orders(&mut self) -> Outcome {
        let (at, count) = (self.spread("n.i", YEAR), self.count);
        let recovered = format!("n.i % 100 = 1 AND (n.i * 7919 % {count}) > {}", count / 4);
        let values = self.json(&format!(
            "{}, {}, 'order-' || n.i, '#' || n.i, 'placed', {}, {}, 'EUR', 1995, 0, '[]', '[]', 'api', {at}, {at}, FALSE, \
             CASE WHEN {recovered} THEN {} END, {at}",
            self.store_id(),
            self.scattered(EVENT, "n.i"),
            self.id(CONTACT, "n.i * 10"),
            self.id(CART, "n.i * 10"),
            self.id(MESSAGE, "n.i"),
        ));
        let columns = "store_id, id, external_id, number, state, contact_id, cart_id, currency, total_minor, refunded_minor, \
                       lines, coupons, source, source_at, placed_at, test, click_message_id, created_at";
        self.insert("shop_order", columns, &values, 1).await
    }

    /// Sent, but for a few that failed or of which nobody knows.
    async fn messages_of_a_year(&mut self) -> Outcome {
        let (store, at) = (self.store_id(), self.spread("n.i", YEAR));
        let values = format!(
            "{store}, {}, 'shop-{}-' || n.i, 'mail', {}, {}, 'email', 'cart_email', 'informational', 'recovery_1', \
             'Your cart is waiting', CASE n.i % 2000 WHEN 0 THEN 6 WHEN 1 THEN 7 ELSE 3 END, {at}, 0, 0, \
             (SELECT lane FROM store WHERE id = {store}), {at}, {at}",
            self.id(MESSAGE, "n.i"),
            self.index,
            self.id(CONTACT, "n.i * 5"),
            self.id(CART, "n.i * 5"),
        );
        let columns = "store_id, id, send_key, node, contact_id, cart_id, channel, purpose, content_class, template_key, \
                       subject, status, next_at, epoch, attempt, lane, created_at, sent_at";
        self.insert("message", columns, &values, 1).await
    }

    /// The events of the first cart.
    async fn story(&mut self) -> Outcome {
        let raw = events::cart_event(1, 1, self.now);
        let at = format!("{} - n.i * 60000", self.now - 7_200_000);
        let values = format!(
            "{}, {}, 'api', 'cart_item_added', {}, {}, {at}, {at}, '{raw}'",
            self.store_id(),
            self.scattered(EVENT, "n.i"),
            self.id(CONTACT, &self.zero()),
            self.id(CART, &self.zero()),
        );
        let columns = "store_id, id, source, kind, contact_id, cart_id, occurred_at, received_at, raw";
        self.insert("event", columns, &values, 1).await
    }

    /// What the first cart's run has decided.
    async fn steps(&mut self) -> Outcome {
        let values = self.json(&format!(
            "{}, {}, {}, 'pause', n.i, {} + n.i, 'wait_started', '{{}}'",
            self.store_id(),
            self.scattered("0f", "n.i"),
            self.scattered(RUN, &self.zero()),
            self.now - 3_600_000,
        ));
        self.insert("run_step", "store_id, id, run_id, node, visit, at, decision, detail", &values, 1).await
    }

    /// A year of daily sums; those of a journey are named later, by [`of_journey`].
    async fn figures(&mut self) -> Outcome {
        let kinds = METRICS.len();
        let pick = |word: &dyn Fn(&(&'static str, bool, bool)) -> &'static str| {
            let cases = METRICS.iter().enumerate().map(|(n, m)| format!("WHEN {n} THEN '{}' ", word(m)));
            format!("CASE n.i % {kinds} {}END", cases.collect::<String>())
        };
        let values = format!(
            "{}, {} - n.i / {kinds}, {}, {}, {}, 100 + n.i % 50, 100000 + n.i, 1.5",
            self.store_id(),
            utc_day(self.now),
            pick(&|m| m.0),
            pick(&|m| if m.2 { JOURNEY } else { "" }),
            pick(&|m| if m.1 { "EUR" } else { "" }),
        );
        let columns = "store_id, day, metric, journey, currency, n, minor, squares";
        self.insert("metric_day", columns, &values, 1).await
    }

    /// What passed the nodes of the journey.
    async fn passed(&mut self) -> Outcome {
        let store = self.store_id();
        let values = format!(
            "{store}, (SELECT current_version_id FROM journey WHERE store_id = {store}), 'node' || (n.i / 6), \
             CASE n.i % 6 WHEN 0 THEN 'entered' WHEN 1 THEN 'wait_started' WHEN 2 THEN 'wait_over' \
             WHEN 3 THEN 'await_started' WHEN 4 THEN 'event_happened' ELSE 'ended' END, 1000 - n.i"
        );
        self.insert("node_count", "store_id, version_id, node, outcome, n", &values, 1).await
    }

    /// PostgreSQL wants to know how wide the number 0 is.
    fn zero(&self) -> String {
        if self.sqlite() { "0".into() } else { "0::bigint".into() }
    }
}

/// Stands for the journey's id until it is known.
const JOURNEY: &str = "journey";

/// Names the journey that figures belong to.
pub fn of_journey(store: &str, journey: &str) -> String {
    format!("UPDATE metric_day SET journey = '{journey}' WHERE store_id = {store} AND journey = '{JOURNEY}'")
}
