//! Which way each message of a batch goes, and when: the store's servers in their order, those that are in trouble left out; then what
//! its providers warm up to, what its recipients' domains take, and what it may send at all.

use super::{
    breaker::Breaker,
    dispatch::Tools,
    people::{People, address},
    routes::{self, Way},
};
use crate::{
    accounts::StoreInfo,
    db::{Among, DbError, Scoped},
    mail::pace::{self, PACED, Pace, SLOWED, WARMING, granted},
};
use cartwheel_domain::{
    consent::Channel,
    mail::{Booked, Judgement, domain_of},
    time::Millis,
};
use cartwheel_entity::{message, message_attempt};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Why a message does not go now.
pub type Later = (Option<Millis>, &'static str);

/// How the tries of a message by one server went.
#[derive(Debug, Clone, Copy, Default)]
struct Tried {
    /// That its server or its settings were to blame for.
    failed: u32,
    /// That were a no for good.
    refused: bool,
}

/// The ways and queues of the messages of one store.
pub struct Traffic {
    ways: HashMap<String, Vec<Way>>,
    tried: HashMap<(Uuid, Uuid), Tried>,
    pace: Pace,
    slow: bool,
}

/// A way that was chosen.
pub struct Chosen<'a> {
    /// The way.
    pub way: &'a Way,
    /// How many others the message has not been refused by for good.
    pub others: u32,
}

impl Traffic {
    /// Everything that decides for these messages, read at once.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(
        tools: &Tools,
        scoped: &Scoped<'_>,
        store: &StoreInfo,
        rows: &[message::Model],
        people: &People,
    ) -> Result<Self, DbError> {
        let mut ways = HashMap::new();
        for name in rows.iter().map(|row| row.channel.as_str()).collect::<BTreeSet<_>>() {
            let Some(channel) = Channel::from_name(name) else { continue };
            ways.insert(name.to_owned(), routes::of(tools, scoped, store, channel).await?);
        }
        let email = Channel::Email.as_str();
        let own = ways.get(email).map(Vec::as_slice).unwrap_or_default();
        let again = rows.iter().filter(|row| row.channel == email && row.attempt > 0);
        let tried = if own.len() > 1 {
            tries(scoped, again.map(|row| row.id).collect()).await?
        } else {
            HashMap::new()
        };
        let slow =
            !store.sandbox && store.mail_guard.as_ref().is_some_and(|(how, _)| *how == Judgement::Slow);
        let mut scopes = BTreeSet::new();
        let mails = || rows.iter().filter(|row| row.channel == email && !granted(row.reason.as_deref()));
        if mails().next().is_some() {
            scopes.extend(slow.then(|| pace::STORE.to_owned()));
            for provider in own.iter().filter_map(|way| way.provider.as_ref()) {
                scopes.extend(provider.warm_up.is_some().then(|| pace::warm_up(provider.id)));
            }
        }
        if !slow && own.iter().any(|way| way.provider.is_some()) {
            // Also of those that have waited for a warm-up: their turn at the domain comes after it.
            let due = rows.iter().filter(|row| {
                row.channel == email
                    && (!granted(row.reason.as_deref()) || row.reason.as_deref() == Some(WARMING))
            });
            let to = due.filter_map(|row| address(people.contact(row.contact_id)?, Channel::Email));
            scopes.extend(to.map(|to| pace::domain(&domain_of(&to))));
        }
        Ok(Self { ways, tried, pace: Pace::load(scoped, scopes).await?, slow })
    }

    /// The way of a message that may go to this address.
    ///
    /// # Errors
    /// When it may go instead (`None`: nobody knows), and a stable word for why not now.
    pub fn choose(
        &mut self,
        breaker: &Breaker,
        store: &StoreInfo,
        row: &message::Model,
        to: &str,
        now: Millis,
    ) -> Result<Chosen<'_>, Later> {
        let Self { ways, tried, pace, slow } = self;
        let ways = ways.get(&row.channel).map(Vec::as_slice).unwrap_or_default();
        if ways.is_empty() {
            return Err((None, missing(&row.channel)));
        }
        let of = |way: &Way| {
            let id = way.provider.as_ref().map(|it| it.id.uuid());
            id.and_then(|id| tried.get(&(row.id, id))).copied().unwrap_or_default()
        };
        let mut order: Vec<&Way> = ways.iter().filter(|way| !of(way).refused).collect();
        if order.is_empty() {
            // Switched off or refused meanwhile: asking the first again tells why.
            order.extend(ways.first());
        }
        order.sort_by_key(|way| of(way).failed);
        let others = u32::try_from(order.len().saturating_sub(1)).unwrap_or(0);
        let had_turn = granted(row.reason.as_deref());
        let (mut down, mut full) = (None::<Millis>, None::<&Way>);
        let mut chosen = None;
        for way in order {
            let warming = way.provider.as_ref().and_then(|it| Some((it.id, it.warm_up?)));
            let room = warming.is_none_or(|(id, plan)| had_turn || pace.has_room(id, &plan, now));
            if !room {
                full = full.or(Some(way));
                continue;
            }
            match breaker.admit(&way.route.name, now) {
                Ok(()) => {
                    chosen = Some(way);
                    break;
                }
                Err(until) => down = Some(down.map_or(until, |known| known.min(until))),
            }
        }
        let Some(way) = chosen.or(full) else { return Err((down, "route_down")) };
        let warming = way.provider.as_ref().and_then(|it| Some((it.id, it.warm_up?))).filter(|_| !had_turn);
        if let Some((id, plan)) = warming
            && let Booked::At(at) = pace.at_provider(id, &plan, now)
        {
            return Err((Some(at), WARMING));
        }
        if *slow && !had_turn {
            if let Booked::At(at) = pace.of_store(now) {
                return Err((Some(at), SLOWED));
            }
        } else if !*slow
            && way.provider.is_some()
            && (!had_turn || row.reason.as_deref() == Some(WARMING))
            && let Booked::At(at) = pace.at_domain(&domain_of(to), &store.settings.mail_rates, now)
        {
            return Err((Some(at), PACED));
        }
        Ok(Chosen { way, others })
    }

    /// Writes down what was booked.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(self, scoped: &Scoped<'_>) -> Result<(), DbError> {
        self.pace.write(scoped).await
    }
}

/// Why a message stays while its channel is not set up.
fn missing(channel: &str) -> &'static str {
    match Channel::from_name(channel) {
        Some(Channel::Sms) => "no_sms_route",
        Some(Channel::Push) => "no_push_route",
        _ => "no_mail_route",
    }
}

/// How earlier tries of these messages went, by message and server.
async fn tries(scoped: &Scoped<'_>, ids: Vec<Uuid>) -> Result<HashMap<(Uuid, Uuid), Tried>, DbError> {
    use message_attempt::Column as C;
    let mut all: HashMap<(Uuid, Uuid), Tried> = HashMap::new();
    if ids.is_empty() {
        return Ok(all);
    }
    type Row = (Uuid, Option<Uuid>, Option<String>, Option<String>);
    let rows: Vec<Row> = scoped
        .find::<message_attempt::Entity>()
        .select_only()
        .columns([C::MessageId, C::ProviderId, C::Outcome, C::Fault])
        .filter(C::MessageId.among(ids))
        .filter(C::ProviderId.is_not_null())
        .into_tuple()
        .all(scoped.on())
        .await?;
    for (message, provider, outcome, fault) in rows {
        let Some(provider) = provider else { continue };
        let one = all.entry((message, provider)).or_default();
        let ours = fault.as_deref().is_some_and(|fault| fault != "recipient");
        one.failed += u32::from(ours);
        one.refused |= ours && outcome.as_deref() == Some("refused");
    }
    Ok(all)
}
