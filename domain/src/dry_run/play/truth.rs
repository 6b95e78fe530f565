//! What is true of a person at a moment, as conditions and the last look ask it.

use super::{Player, Run};
use crate::{
    consent::{Channel, Recipient, Suppression, ledger::fold},
    dry_run::{OwnBrowser, Sent, cart::Cart},
    ids::CartId,
    journey::{Arrived, CartFacts, Engagement, Facts, JourneyState, LineFacts, NodeId, Reach, WaitScope},
    last_look::{About, counts_before, dealings, reach},
    money::{Currency, Money},
    order::counts,
    schedule::wall_zone,
    time::Millis,
};
use std::collections::BTreeMap;

impl Player<'_> {
    pub(super) fn erased(&self, now: Millis) -> bool {
        self.person.erased_at.is_some_and(|at| at <= now)
    }

    pub(super) fn has_email(&self, now: Millis) -> bool {
        self.person.email_since.is_some_and(|at| at <= now)
    }

    pub(super) fn has_phone(&self, now: Millis) -> bool {
        self.person.phone_since.is_some_and(|at| at <= now)
    }

    /// Whether there is any way to them: then a run begins.
    pub(super) fn reachable(&self, now: Millis) -> bool {
        let notified = self.plan.settings.push_on && self.person.browsers.iter().any(|b| b.since <= now);
        self.has_email(now) || self.has_phone(now) || notified
    }

    /// Whether there is a way to tell them of a cart.
    pub(super) fn has_address(&self, channel: Channel, cart: CartId, now: Millis) -> bool {
        let told =
            |browser: &OwnBrowser| browser.since <= now && (browser.vouched || browser.carts.contains(&cart));
        match channel {
            Channel::Email => self.has_email(now),
            Channel::Sms => self.has_phone(now),
            Channel::Push => self.person.browsers.iter().any(told),
            _ => false,
        }
    }

    pub(super) fn facts_of(&self, cart: usize, run: Option<&Run>, now: Millis) -> Facts {
        let model = &self.carts[cart];
        let lines = if self.needs.lines { model.content.lines.clone() } else { Vec::new() };
        let currency: Currency = model.content.currency.unwrap_or(self.plan.settings.currency);
        let mut engagement: BTreeMap<NodeId, Engagement> = BTreeMap::new();
        if let Some(run) = run.filter(|_| self.needs.engagement) {
            for node in &run.sent {
                engagement.entry(node.clone()).or_default().sent = true;
            }
        }
        let mut contact = self.facts.clone();
        contact.erased = self.erased(now);
        (contact.has_email, contact.has_phone) = (self.has_email(now), self.has_phone(now));
        let zone = match run {
            Some(_) if self.needs.zone => {
                wall_zone(self.person.time_zone.as_deref(), contact.country, self.store_zone)
            }
            _ => self.store_zone,
        };
        Facts {
            journey: JourneyState::Active,
            cart: CartFacts {
                kind: model.content.kind,
                status: model.standing.status,
                excluded: model.excluded,
                value: Money::new(model.content.total_minor, currency),
                lines: lines.into_iter().map(LineFacts::from).collect(),
            },
            contact,
            zone,
            ordered_since_entry: run
                .is_some_and(|run| self.last_order_at.is_some_and(|at| at >= run.state.entered_at)),
            engagement,
            reach: if run.is_some() { self.reach(model, now) } else { BTreeMap::new() },
            arrived: run.and_then(|run| self.arrived(run)),
        }
    }

    /// What went to the person before, by this dry run or in truth.
    pub(super) fn sent_before(&self, now: Millis) -> impl Iterator<Item = &Sent> {
        self.person.sent.iter().filter(move |sent| sent.at <= now).chain(&self.sent)
    }

    /// A cart as the last look sees it before a message on a channel.
    pub(super) fn about<'a>(&self, cart: &Cart, id: &'a str, channel: Channel, now: Millis) -> About<'a> {
        let told = self.sent_before(now);
        let told = told.filter(|sent| sent.cart == Some(cart.id) && counts_before(channel, sent.channel));
        About {
            id,
            kind: cart.content.kind,
            status: cart.standing.status,
            excluded: cart.excluded,
            empty: crate::cart::count(&cart.content.lines) == 0,
            valid_until: cart.content.valid_until,
            abandoned_at: cart.standing.abandoned_at,
            messages_sent: u32::try_from(told.count()).unwrap_or(u32::MAX),
        }
    }

    /// Where the person can be reached. Clicks are not known: no message of a dry run was ever read.
    fn reach(&self, cart: &Cart, now: Millis) -> BTreeMap<Channel, Reach> {
        let id = cart.id.to_string();
        let asked = self.needs.reach.iter().map(|channel| {
            let recipient = || self.recipient(*channel, cart, &id, now);
            let has_address = self.has_address(*channel, cart.id, now);
            let about = self.about(cart, &id, *channel, now);
            (*channel, reach(*channel, has_address, recipient, &about, self.plan.settings, now))
        });
        asked.collect()
    }

    /// The first event that came while the run waited for it.
    fn arrived(&self, run: &Run) -> Option<Arrived> {
        let wanted = run.state.waiting_for.as_ref()?;
        let from = self.arrivals.partition_point(|(at, ..)| *at < wanted.since);
        let came = self.arrivals[from..].iter().find(|(at, awaited, cart, own)| {
            let mine = match awaited.scope() {
                WaitScope::Cart => *cart == Some(run.cart),
                _ => *own,
            };
            mine && *at < wanted.until && wanted.events.contains(awaited)
        });
        came.map(|(at, event, ..)| Arrived { event: *event, at: *at })
    }

    pub(super) fn recipient(&self, channel: Channel, cart: &Cart, cart_id: &str, now: Millis) -> Recipient {
        let person = self.person;
        let said = person.consents.iter().filter(|(written, _)| *written <= now);
        let stands = |(no, lifted): &&(Suppression, Option<Millis>)| {
            let about = no.channel.is_none_or(|silenced| silenced == channel);
            about && no.at <= now && lifted.is_none_or(|at| at > now)
        };
        let sales = self.orders.iter().filter(|(_, k)| k.mine && counts(k.order.state) && !k.test);
        let sale = sales.map(|(id, known)| (known.order.placed_at, id.as_str())).max_by_key(|(at, _)| *at);
        Recipient {
            country: self.facts.country,
            consents: fold(said.map(|(_, entry)| entry)),
            suppressions: person.suppressions.iter().filter(stands).map(|(no, _)| no.clone()).collect(),
            circle: person
                .circle
                .get(&channel)
                .into_iter()
                .flatten()
                .filter(|no| no.at <= now)
                .copied()
                .collect(),
            dealings: dealings(self.plan.settings, sale, Some((cart.activity, cart_id))),
            preference_list_clear: false,
        }
    }
}
