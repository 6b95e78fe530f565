//! The last look: may this message still go, now?
//!
//! Asked in the transaction that hands a message over, of rows read in that transaction, and by the dry run of what it has
//! played so far. In the order in which an answer is cheapest to explain: what has happened since, then the law, then hours
//! and caps. Nothing is read here and no clock is looked at: equal arguments, equal answer.

use crate::{
    cart::Status,
    consent::{
        Basis, CartFacts, Channel, ContentClass, Dealing, DealingKind, Decision, EvidenceKind, EvidenceRef,
        GateInput, PolicyBook, Purpose, Recipient, Refusal, StoreFacts, may_send,
    },
    event::CartKind,
    journey::{Definition, EndReason, JourneyState, NO_ADDRESS, PAUSE_RECHECK, PUT_OFF, Reach},
    locale,
    schedule::{Cap, QuietHours, caps_next, guess_zone, next_allowed},
    settings::StoreSettings,
    time::{DAY, HOUR, Millis, SECOND},
};

/// A message that could not be handed over within this is given up (RFC 5321 4.5.4.1 names 4 to 5 days; a reminder of
/// a cart is stale sooner).
pub const GIVE_UP_AFTER: Millis = 72 * HOUR;

/// A message that has to wait longer than this for a cap to allow it is dropped: it would come as a surprise.
const CAP_PATIENCE: Millis = 2 * DAY;

/// What the look came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It may go, on this basis.
    Go(Box<Basis>),
    /// Overtaken by events; the reason is a stable word.
    Cancel(&'static str),
    /// Not allowed, or not wanted.
    Suppress(String, Option<Box<Refusal>>),
    /// Not now: in so many milliseconds, and why.
    Later(Millis, &'static str),
}

/// Whom it would go to, as far as the look asks before it asks the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressee<'a> {
    /// Erased on request.
    pub erased: bool,
    /// There is an address to send to, on the message's channel; for a notification, a browser that is told of its cart.
    pub has_address: bool,
    /// Latest order, whatever the cart.
    pub last_order_at: Option<Millis>,
    /// Zone as given; one that does not exist gives way to the country's.
    pub time_zone: Option<&'a str>,
}

/// The run that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// In the group that gets nothing; `None` before the holdout.
    pub held_out: Option<bool>,
    /// Why it is over, when it is.
    pub ended: Option<EndReason>,
    /// When it began.
    pub entered_at: Millis,
}

/// The cart it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About<'a> {
    /// Its id, for the evidence.
    pub id: &'a str,
    /// What it is.
    pub kind: CartKind,
    /// Where it stands.
    pub status: Status,
    /// A machine's, a test's or a member of staff's.
    pub excluded: bool,
    /// There is nothing in it.
    pub empty: bool,
    /// Until when a quote is valid.
    pub valid_until: Option<Millis>,
    /// When it was judged left.
    pub abandoned_at: Option<Millis>,
    /// Messages already handed over for this cart on the message's channel.
    pub messages_sent: u32,
}

impl<'a> About<'a> {
    /// What the gate asks of it.
    const fn of_gate(&self) -> CartFacts<'a> {
        CartFacts {
            id: self.id,
            kind: self.kind,
            abandoned_at: self.abandoned_at,
            messages_sent: self.messages_sent,
        }
    }
}

/// Everything the look asks about one message.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// When a step asked for it.
    pub created_at: Millis,
    /// It waited for the plan, which makes nothing stale.
    pub held: bool,
    /// By which way, what for and with what words; `None` where the words are none we know.
    pub words: Option<(Channel, Purpose, ContentClass)>,
    /// The run that asked, when one did.
    pub run: Option<Asker>,
    /// Whether its journey runs; `None` where there is no such journey.
    pub journey: Option<JourneyState>,
    /// The version the run keeps to.
    pub definition: Option<&'a Definition>,
    /// To whom; `None` where the contact is gone.
    pub to: Option<Addressee<'a>>,
    /// About which cart; `Some(None)` where that cart is gone.
    pub about: Option<Option<About<'a>>>,
    /// When messages went to this person before.
    pub sent_to: &'a [Millis],
    /// Somebody is writing a no at this moment that could be about this person.
    pub being_told: bool,
    /// The store.
    pub settings: &'a StoreSettings,
}

/// Looks at one message. `recipient` is asked for only when it comes to the law, for the message's channel.
pub fn look(question: &Question<'_>, recipient: impl FnOnce(Channel) -> Recipient, now: Millis) -> Verdict {
    if now - question.created_at > GIVE_UP_AFTER && !question.held {
        return Verdict::Suppress("stale".into(), None);
    }
    let Some(to) = question.to else { return Verdict::Cancel("contact_gone") };
    if to.erased {
        return Verdict::Cancel("erased");
    }
    let Some(words) = question.words else { return Verdict::Suppress("unknown_words".into(), None) };
    if !to.has_address {
        let missing = if words.0 == Channel::Push { "no_browser" } else { "no_address" };
        return Verdict::Suppress(missing.into(), None);
    }
    if let Some(verdict) = question.journey().or_else(|| question.events(&to, now)) {
        return verdict;
    }
    if question.being_told {
        return Verdict::Later(SECOND, "noes_being_written");
    }
    let channel = words.0;
    let recipient = recipient(channel);
    let basis = match question.gate(words, &recipient, now) {
        Ok(basis) => basis,
        Err(verdict) => return verdict,
    };
    match question
        .hours(&to, (channel, &recipient), now)
        .or_else(|| question.caps((channel, &recipient), now))
    {
        Some(verdict) => verdict,
        None => Verdict::Go(basis),
    }
}

impl Question<'_> {
    fn journey(&self) -> Option<Verdict> {
        if let Some(run) = self.run {
            if run.held_out == Some(true) {
                return Some(Verdict::Suppress("held_out".into(), None));
            }
            match run.ended {
                // What a run asked for before it came to its end still goes; one held out was asked above.
                None | Some(EndReason::Completed | EndReason::LoopLimit | EndReason::Broken) => {}
                Some(EndReason::Converted) => return Some(Verdict::Cancel("converted")),
                Some(EndReason::Recovered) => return Some(Verdict::Cancel("recovered")),
                Some(EndReason::Ordered) => return Some(Verdict::Cancel("ordered")),
                Some(_) => return Some(Verdict::Cancel("run_ended")),
            }
        }
        match self.journey? {
            JourneyState::Active => None,
            JourneyState::Paused => Some(Verdict::Later(PAUSE_RECHECK, "paused")),
            JourneyState::Off => Some(Verdict::Cancel("journey_off")),
        }
    }

    fn events(&self, to: &Addressee<'_>, now: Millis) -> Option<Verdict> {
        let Some(cart) = self.about? else { return Some(Verdict::Cancel("cart_gone")) };
        if cart.excluded {
            return Some(Verdict::Suppress("excluded".into(), None));
        }
        let quote = cart.kind == CartKind::Quote;
        let goes_on_after_order = quote && self.definition.is_some_and(|d| !d.settings.exit_on_purchase);
        let entered = self.run.map_or(self.created_at, |r| r.entered_at);
        match cart.status {
            Status::Converted if !goes_on_after_order => Some(Verdict::Cancel("converted")),
            Status::Recovered if !goes_on_after_order => Some(Verdict::Cancel("recovered")),
            Status::Expired => Some(Verdict::Cancel("expired")),
            Status::Active | Status::Checkout => Some(Verdict::Later(PUT_OFF, "shopper_is_back")),
            _ if cart.empty => Some(Verdict::Cancel("emptied")),
            _ if quote && cart.valid_until.is_some_and(|until| until <= now) => {
                Some(Verdict::Cancel("expired"))
            }
            _ if !goes_on_after_order && to.last_order_at.is_some_and(|at| at >= entered) => {
                Some(Verdict::Cancel("ordered"))
            }
            _ => None,
        }
    }

    fn gate(
        &self,
        (channel, purpose, content_class): (Channel, Purpose, ContentClass),
        recipient: &Recipient,
        now: Millis,
    ) -> Result<Box<Basis>, Verdict> {
        let store = store_facts(self.settings);
        let input = GateInput {
            recipient,
            channel,
            purpose,
            content_class,
            cart: self.about.flatten().map(|about| about.of_gate()),
            store: &store,
            now,
        };
        match may_send(&input) {
            Decision::Allow(basis) => Ok(Box::new(basis)),
            Decision::Deny(refusal) => Err(Verdict::Suppress(refusal.rule.clone(), Some(Box::new(refusal)))),
        }
    }

    fn hours(
        &self,
        to: &Addressee<'_>,
        (channel, recipient): (Channel, &Recipient),
        now: Millis,
    ) -> Option<Verdict> {
        let settings = self.settings;
        let hours = match channel {
            Channel::Sms => settings.sms_hours,
            Channel::Push => settings.push_hours,
            _ => settings.email_hours,
        };
        let own = hours.and_then(|hours| QuietHours::outside(hours.from, hours.to));
        let mut quiet: Vec<QuietHours> = own.into_iter().collect();
        quiet.extend(self.definition.and_then(|d| d.settings.quiet_hours));
        if let Some(law) = PolicyBook::builtin().applicable(recipient.country, now) {
            quiet.extend(law.quiet_hours(channel));
        }
        if quiet.is_empty() {
            return None;
        }
        let store_zone = locale::zone(&self.settings.time_zone).unwrap_or(chrono_tz::UTC);
        let guess = guess_zone(to.time_zone, recipient.country, store_zone);
        match next_allowed(now, &quiet, &guess.zones) {
            Some(at) if at <= now => None,
            Some(at) => Some(Verdict::Later(at - now, "quiet_hours")),
            None => Some(Verdict::Suppress("quiet_hours".into(), None)),
        }
    }

    fn caps(&self, (channel, recipient): (Channel, &Recipient), now: Millis) -> Option<Verdict> {
        let window = |seconds: u32| Millis::from(seconds) * SECOND;
        let mut caps =
            vec![Cap { max: self.settings.cap_messages, window: window(self.settings.cap_window_seconds) }];
        let law = PolicyBook::builtin().applicable(recipient.country, now).and_then(|l| l.daily_cap(channel));
        caps.extend(law.map(|max| Cap { max, window: DAY }));
        caps.extend(self.definition.and_then(|d| d.settings.frequency_cap.as_ref()).map(|c| c.cap()));
        match caps_next(self.sent_to, now, &caps) {
            Some(at) if at <= now => None,
            Some(at) if at - now <= CAP_PATIENCE => Some(Verdict::Later(at - now, "frequency_cap")),
            _ => Some(Verdict::Suppress("frequency_cap".into(), None)),
        }
    }
}

/// Whether what went out on one channel counts among what went before a message on another: before a text message or a notification
/// those of its own kind alone do, since rules on how many may come about a cart are about them.
pub fn counts_before(channel: Channel, sent: Channel) -> bool {
    !matches!(channel, Channel::Sms | Channel::Push) || sent == channel
}

/// What a person and the store have had to do with each other: the latest sale, and the cart that is negotiated, each with when and
/// its id. What was shown when the address was taken, the store says of all.
pub fn dealings(
    settings: &StoreSettings,
    sale: Option<(Millis, &str)>,
    cart: Option<(Millis, &str)>,
) -> Vec<Dealing> {
    let dealing = |kind, at, evidence| Dealing {
        kind,
        at,
        evidence,
        own_address: true,
        opt_out_offered: settings.opt_out_shown_at_collection,
        similar_goods: settings.similar_goods,
    };
    let order = |id| EvidenceRef::new(EvidenceKind::Order, id);
    let sale = sale.map(|(at, id): (_, &str)| dealing(DealingKind::CompletedSale, at, order(id)));
    let of_cart = |id| EvidenceRef::new(EvidenceKind::Cart, id);
    let cart = cart.map(|(at, id): (_, &str)| dealing(DealingKind::Negotiation, at, of_cart(id)));
    sale.into_iter().chain(cart).collect()
}

/// Whether a reminder of a cart could pass to somebody now, for a choice between channels: the channel is set up, there is an
/// address, and the gate allows it. Hours, caps and pauses are left out: they put a message off and stop none.
pub fn reach(
    channel: Channel,
    has_address: bool,
    recipient: impl FnOnce() -> Recipient,
    about: &About<'_>,
    settings: &StoreSettings,
    now: Millis,
) -> Reach {
    let closed = |rule: &str| Reach { rule: rule.to_owned(), ..Reach::default() };
    let Some(purpose) = channel.purposes().first() else { return closed(NO_ADDRESS) };
    match channel {
        Channel::Sms if settings.sms_account.is_empty() => return closed("no_sms_route"),
        Channel::Push if !settings.push_on => return closed("no_push_route"),
        Channel::Push if !has_address => return closed("no_browser"),
        _ if !has_address => return closed(NO_ADDRESS),
        _ => {}
    }
    let decision = may_send(&GateInput {
        recipient: &recipient(),
        channel,
        purpose: *purpose,
        content_class: ContentClass::Informational,
        cart: Some(about.of_gate()),
        store: &store_facts(settings),
        now,
    });
    match decision {
        Decision::Allow(basis) => Reach { open: true, rule: basis.rule, clicked_at: None },
        Decision::Deny(refusal) => closed(&refusal.rule),
    }
}

/// What the gate asks of a store.
pub fn store_facts(settings: &StoreSettings) -> StoreFacts {
    StoreFacts {
        country: Some(settings.country),
        has_postal_address: !settings.postal_address.trim().is_empty(),
        reminder_announced: settings.reminder_announced,
        overrides: Vec::new(),
    }
}
