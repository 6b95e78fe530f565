//! Standing rows, written straight into the database: a million of them by the service's own doors would take longer
//! than all measurements. The forms are those that the service writes (`migration/src/m0001_first/tables.sql`).

use super::events;
use crate::{
    Outcome,
    service::{
        place::Store,
        sql::{Kind, Sql},
    },
};

/// How a cart stands.
#[derive(Debug, Clone, Copy)]
pub struct Cart<'a> {
    /// `active`, `abandoned`, …
    pub status: &'a str,
    /// When it counts as left.
    pub idle_at: Option<i64>,
    /// Since when it counts as left.
    pub abandoned_at: Option<i64>,
    /// Five lines, as mails show them, or one, as most carts have.
    pub full: bool,
    /// A mark to find it by.
    pub number: Option<&'a str>,
}

/// Where a run rests.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Node.
    pub node: &'a str,
    /// When it is due; `spread` seconds are added to some more than to others.
    pub wake_at: i64,
    /// See there; 0 for all at once.
    pub spread: i64,
    /// What it remembers, JSON.
    pub memory: &'a str,
}

/// Rows of one store, numbered from `first`.
pub struct Rows<'a> {
    /// Where.
    pub sql: &'a mut Sql,
    /// Whose.
    pub store: &'a Store,
    /// The store's place in the list; part of the ids.
    pub index: usize,
    /// First number.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// Now, milliseconds since 1970.
    pub now: i64,
}

/// How many of `n` each store has: the first half of them, the others equal shares of the rest.
pub fn shares(n: usize, stores: usize) -> Vec<usize> {
    let rest = if stores > 1 { n / 2 } else { 0 };
    let others = stores.saturating_sub(1);
    let mut all = vec![n - rest];
    all.extend((0..others).map(|i| rest / others + usize::from(i < rest % others)));
    all
}

pub(super) const CONTACT: &str = "0c";
pub(super) const CART: &str = "0a";
pub(super) const RUN: &str = "0b";
pub(super) const EVENT: &str = "0e";
pub(super) const MESSAGE: &str = "0d";

impl Rows<'_> {
    pub(super) fn sqlite(&self) -> bool {
        self.sql.kind() == Kind::Sqlite
    }

    pub(super) fn store_id(&self) -> String {
        self.sql.id(&self.store.hex())
    }

    /// `FROM` with the numbers as `n.i`, and what stands before the `INSERT` for it.
    fn numbers(&self, times: usize) -> (String, String) {
        let (first, end) = (self.first * times, (self.first + self.count) * times);
        match self.sqlite() {
            true => (
                format!(
                    "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {end}) "
                ),
                "FROM n".into(),
            ),
            false => {
                (String::new(), format!("FROM generate_series({first}::bigint, {}::bigint) AS n(i)", end - 1))
            }
        }
    }

    /// The id of row `i` of a table, as an expression over `i`: dense, as ids made by a clock are.
    pub(super) fn id(&self, table: &str, i: &str) -> String {
        let prefix = format!("{table}{:04x}00", self.index);
        match self.sqlite() {
            true => format!("unhex('{prefix}' || printf('%024x', {i}))"),
            false => format!("('{prefix}' || lpad(to_hex({i}), 24, '0'))::uuid"),
        }
    }

    /// Scattered, as ids made by a hash are.
    pub(super) fn scattered(&self, table: &str, i: &str) -> String {
        let (mixed, prefix) =
            (format!("(({i}) * 2654435761 % 4294967296)"), format!("{table}{:04x}00", self.index));
        match self.sqlite() {
            true => format!("unhex(printf('%08x', {mixed}) || '{prefix}' || printf('%016x', {i}))"),
            false => {
                format!("(lpad(to_hex({mixed}), 8, '0') || '{prefix}' || lpad(to_hex({i}), 16, '0'))::uuid")
            }
        }
    }

    /// A moment for row `i`: now, or somewhere in the milliseconds of the span before it.
    pub(super) fn spread(&self, i: &str, span: i64) -> String {
        let count = self.count.max(1);
        match span {
            0 => self.now.to_string(),
            // A prime that divides no count of ours: each row has a place of its own.
            span => format!("{} - ({i} * 7919 % {count}) * {}", self.now, span / count as i64),
        }
    }

    pub(super) async fn insert(&mut self, table: &str, columns: &str, values: &str, times: usize) -> Outcome {
        let (with, from) = self.numbers(times);
        let text = match self.sqlite() {
            true => format!("INSERT INTO {table} ({columns}) {with} SELECT {values} {from}"),
            false => format!("INSERT INTO {table} ({columns}) SELECT {values} {from}"),
        };
        self.sql.run(&text).await.map(drop)
    }

    /// People with an address, in the United States.
    ///
    /// # Errors
    /// What the database says.
    pub async fn contacts(&mut self) -> Outcome {
        self.contacts_over(0).await
    }

    /// The same, last seen one after the other over so many milliseconds up to now, in an order of its own.
    ///
    /// # Errors
    /// What the database says.
    pub async fn contacts_over(&mut self, span: i64) -> Outcome {
        let (store, id, now, index) = (self.store_id(), self.id(CONTACT, "n.i"), self.now, self.index);
        let values = format!(
            "{store}, {id}, 's{index}-' || n.i || '@mail.example.org', 'Ada', 'en-US', 'US', '{{}}', '[]', FALSE, FALSE, \
             FALSE, 0, {now}, {}",
            self.spread("n.i", span),
        );
        let columns = "store_id, id, email, first_name, locale, country, traits, tags, bot, test, staff, \
                       orders_count, created_at, last_seen_at";
        self.insert("contact", columns, &self.json(&values), 1).await
    }

    /// One cart for each of them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn carts(&mut self, cart: Cart<'_>) -> Outcome {
        let text = |v: Option<&str>| v.map_or("NULL".into(), |v| format!("'{v}'"));
        let number = |v: Option<i64>| v.map_or("NULL".into(), |v| v.to_string());
        let mut lines = events::kept_lines();
        if !cart.full
            && let Some(lines) = lines.as_array_mut()
        {
            lines.truncate(1);
        }
        let (count, total) = lines.as_array().into_iter().flatten().fold((0, 0), |(count, total), line| {
            let quantity = line["quantity"].as_i64().unwrap_or(0);
            (count + quantity, total + quantity * line["unit_minor"].as_i64().unwrap_or(0))
        });
        let past = self.now - 3_600_000;
        let values = format!(
            "{}, {}, 'cart', '{}', {}, 'EUR', {total}, {count}, '{lines}', {past}, {past}, {}, {}, {}, 'api', FALSE, \
             FALSE, FALSE, {}, {past}, {past}",
            self.store_id(),
            self.id(CART, "n.i"),
            cart.status,
            self.id(CONTACT, "n.i"),
            number(cart.idle_at),
            number(cart.abandoned_at),
            text(cart.number),
            i32::from(cart.abandoned_at.is_some()),
        );
        let columns = "store_id, id, kind, status, contact_id, currency, total_minor, item_count, items, source_at, \
                       last_activity_at, idle_at, abandoned_at, number, source, bot, test, staff, entries, created_at, \
                       updated_at";
        self.insert("cart", columns, &values, 1).await
    }

    /// What the shop calls them: `k{store}-{i}` the carts, `v{store}-{i}` their owners.
    ///
    /// # Errors
    /// What the database says.
    pub async fn names(&mut self) -> Outcome {
        let (store, index) = (self.store_id(), self.index);
        let cart = format!("{store}, 'cart', 'k{index}-' || n.i, {}", self.id(CART, "n.i"));
        self.insert("cart_key", "store_id, kind, value, cart_id", &cart, 1).await?;
        let person = format!("{store}, 'user', 'v{index}-' || n.i, {}", self.id(CONTACT, "n.i"));
        self.insert("contact_identity", "store_id, kind, value, contact_id", &person, 1).await
    }

    /// One run of the store's journey for each cart.
    ///
    /// # Errors
    /// What the database says.
    pub async fn runs(&mut self, run: Run<'_>) -> Outcome {
        let (store, id) = (self.store_id(), self.scattered(RUN, "n.i"));
        let wake = match run.spread {
            0 => run.wake_at.to_string(),
            spread => format!("{} + (n.i * 7919 % {spread}) * 1000", run.wake_at),
        };
        let values = format!(
            "{store}, {id}, (SELECT id FROM journey WHERE store_id = {store}), \
             (SELECT current_version_id FROM journey WHERE store_id = {store}), {}, {}, 0, '{}', 1, 0, {wake}, 2, 0, \
             (SELECT lane FROM store WHERE id = {store}), {}",
            self.id(CONTACT, "n.i"),
            self.id(CART, "n.i"),
            run.node,
            self.now - 3_600_000,
        );
        let columns = "store_id, id, journey_id, version_id, contact_id, cart_id, entry, node, visit, status, wake_at, \
                       epoch, attempt, lane, entered_at";
        self.insert("journey_run", columns, &values, 1).await?;
        let cast = if self.sqlite() { "" } else { "::jsonb" };
        let memory = format!("{store}, {id}, '{}'{cast}", run.memory);
        self.insert("run_context", "store_id, run_id, data", &memory, 1).await
    }

    /// The entries of runs that wait for an event of their cart.
    ///
    /// # Errors
    /// What the database says.
    pub async fn waits(&mut self, event: &str) -> Outcome {
        let values = format!(
            "{}, '{event}', 'cart_{:04}' || n.i, {}",
            self.store_id(),
            self.index,
            self.scattered(RUN, "n.i")
        );
        self.insert("run_wait", "store_id, event, key, run_id", &values, 1).await
    }

    /// `each` page views of each person in the last thirty days.
    ///
    /// # Errors
    /// What the database says.
    pub async fn views(&mut self, each: usize) -> Outcome {
        let at = format!("{} - (n.i * 7919 % 2592000) * 1000", self.now - 7_200_000);
        let raw = events::cart_event(1, 1, self.now);
        let values = format!(
            "{}, {}, 'api', 'page_viewed', {}, NULL, {at}, {at}, '{raw}'",
            self.store_id(),
            self.scattered(EVENT, "n.i"),
            self.id(CONTACT, &format!("n.i / {each}")),
        );
        let columns = "store_id, id, source, kind, contact_id, cart_id, occurred_at, received_at, raw";
        let values = if self.sqlite() { values } else { values.replace(", NULL, ", ", NULL::uuid, ") };
        self.insert("event", columns, &values, each).await
    }

    /// `each` changes of each cart, somewhere in the milliseconds of the span before now: the first half of them a minute apart, the
    /// second half two days later.
    ///
    /// # Errors
    /// What the database says.
    pub async fn cart_events(&mut self, each: usize, span: i64) -> Outcome {
        let (half, day) = (each / 2, 86_400_000_i64);
        let base = format!("{} - ((n.i / {each}) * 7919 % {}) * 1000", self.now - 3 * day, span / 1_000);
        let at = format!("{base} + ((n.i % {each}) / {half}) * {} + (n.i % {half}) * 60000", 2 * day);
        let raw = events::cart_event(1, 1, self.now);
        let values = format!(
            "{}, {}, 'api', 'cart_item_added', {}, {}, {at}, {at}, '{raw}'",
            self.store_id(),
            self.scattered(EVENT, "n.i"),
            self.id(CONTACT, &format!("(n.i / {each})")),
            self.id(CART, &format!("(n.i / {each})")),
        );
        let columns = "store_id, id, source, kind, contact_id, cart_id, occurred_at, received_at, raw";
        self.insert("event", columns, &values, each).await
    }

    /// One queued message for each cart, without a run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn messages(&mut self, status: i32, next_at: i64, sent_at: Option<i64>) -> Outcome {
        let store = self.store_id();
        let sent = sent_at.map_or("NULL".into(), |at| at.to_string());
        let values = format!(
            "{store}, {}, 'bench-{}-' || n.i, 'mail', {}, {}, 'email', 'cart_email', 'informational', 'recovery_1', \
             {status}, {next_at}, 0, 0, (SELECT lane FROM store WHERE id = {store}), {}, {sent}",
            self.id(MESSAGE, "n.i"),
            self.index,
            self.id(CONTACT, "n.i"),
            self.id(CART, "n.i"),
            self.now,
        );
        let columns = "store_id, id, send_key, node, contact_id, cart_id, channel, purpose, content_class, template_key, \
                       status, next_at, epoch, attempt, lane, created_at, sent_at";
        let values = if self.sqlite() { values } else { values.replace(", NULL", ", NULL::bigint") };
        self.insert("message", columns, &values, 1).await
    }

    /// `each` links of each message, numbered from 1.
    ///
    /// # Errors
    /// What the database says.
    pub async fn links(&mut self, each: usize) -> Outcome {
        let values = format!(
            "{}, {}, 1 + n.i % {each}, 'https://shop.example.com/products/p' || n.i",
            self.store_id(),
            self.id(MESSAGE, &format!("n.i / {each}")),
        );
        self.insert("message_link", "store_id, message_id, number, url", &values, each).await
    }

    /// Sets columns of these rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn change(&mut self, table: Table, set: &str) -> Outcome {
        let (first, last) = (self.first.to_string(), (self.first + self.count - 1).to_string());
        let prefix = match table {
            Table::Cart => CART,
            Table::Message => MESSAGE,
        };
        // to_hex() wants to know how wide a number is.
        let wide = |n: &str| if self.sqlite() { n.to_owned() } else { format!("{n}::bigint") };
        let text = format!(
            "UPDATE {} SET {set} WHERE store_id = {} AND id BETWEEN {} AND {}",
            table.name(),
            self.store_id(),
            self.id(prefix, &wide(&first)),
            self.id(prefix, &wide(&last)),
        );
        match self.sql.run(&text).await? {
            n if n == self.count as u64 => Ok(()),
            n => Err(format!("{n} and not {} rows of {} were changed", self.count, table.name()).into()),
        }
    }

    /// Wakes runs that were made by [`Self::runs`].
    ///
    /// # Errors
    /// What the database says.
    pub async fn wake(&mut self, at: i64) -> Outcome {
        let (with, from) = self.numbers(1);
        let text = format!(
            "{with}UPDATE journey_run SET wake_at = {at} WHERE store_id = {} AND id IN (SELECT {} {from})",
            self.store_id(),
            self.scattered(RUN, "n.i"),
        );
        match self.sql.run(&text).await? {
            n if n == self.count as u64 => Ok(()),
            n => Err(format!("{n} and not {} runs were woken", self.count).into()),
        }
    }

    /// JSON columns are text on SQLite and binary on PostgreSQL, which wants to be told.
    pub(super) fn json(&self, values: &str) -> String {
        match self.sqlite() {
            true => values.to_owned(),
            false => values.replace("'{}'", "'{}'::jsonb").replace("'[]'", "'[]'::jsonb"),
        }
    }
}

/// A table whose rows can be changed by number.
#[derive(Debug, Clone, Copy)]
pub enum Table {
    /// Carts.
    Cart,
    /// Messages.
    Message,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Cart => "cart",
            Self::Message => "message",
        }
    }
}

/// The id of message `i` of a store, as [`Rows::messages`] makes it, in hex.
pub fn message_id(index: usize, i: usize) -> String {
    format!("{MESSAGE}{index:04x}00{i:024x}")
}

/// The id of cart `i` of a store, as [`Rows::carts`] makes it, in hex.
pub fn cart_id(index: usize, i: usize) -> String {
    format!("{CART}{index:04x}00{i:024x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for (n, stores) in [(10_000, 100), (7, 3), (1, 1), (5, 1), (1_000_000, 10)] {
            let shares = shares(n, stores);
            assert_eq!((shares.iter().sum::<usize>(), shares.len()), (n, stores));
        }
        assert_eq!(shares(10_000, 100)[0], 5_000);
    }
}
