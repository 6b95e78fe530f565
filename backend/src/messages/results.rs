//! What the channel said, written under the epoch of the claim; many answers in one transaction.

use super::{
    model::{FAILED, NO_ANSWER, QUEUED, SENT, UNCERTAIN},
    retry,
    usage::Accepted,
};
use crate::{
    accounts::MasterKey,
    analytics::metrics::{Deltas, Metric},
    channels::{Fault, Outcome},
    clock::Env,
    consent::{circle, suppression},
    db::{Among, Db, DbError, Scoped, StoreScope, batch},
    mail::{pace, ways},
    push,
    webhooks::{Happening, tell},
};
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    hook::{HookKind, HookKinds},
    ids::{JourneyId, MessageId, ProviderId, StoreId},
    last_look::GIVE_UP_AFTER,
    mail::{domain_of, too_many},
    time::{Millis, SECOND},
};
use cartwheel_entity::{message, message_attempt};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// One hand-over and its answer.
pub struct Answered {
    /// The message as claimed.
    pub message: message::Model,
    /// The attempts, complete: one for each call.
    pub attempts: Vec<message_attempt::ActiveModel>,
    /// Browsers that their push services no longer know.
    pub over: Vec<Uuid>,
    /// Number of the attempt, from 1.
    pub number: u32,
    /// Where it went.
    pub address: String,
    /// Whether the channel makes one message of a repeated key.
    pub idempotent: bool,
    /// Whether it counts for what the organisation pays by.
    pub metered: bool,
    /// What endpoints of the store want to hear of.
    pub hooks: HookKinds,
    /// By which of the store's own mail servers it was.
    pub provider: Option<ProviderId>,
    /// How many others the message could go by.
    pub others: u32,
    /// Until when which of them is left alone, if this answer said so.
    pub opened: Option<(Millis, ProviderId)>,
    /// What came of it.
    pub outcome: Outcome,
    /// When the answer was there.
    pub at: Millis,
}

/// What becomes of the message.
struct Next {
    status: i32,
    next_at: Millis,
    reason: Option<String>,
    provider_id: Option<String>,
    sent_at: Option<Millis>,
}

impl Answered {
    /// Why the address must not be written to again, if it was refused for that.
    fn suppressed(&self) -> Option<(Channel, SuppressionReason)> {
        match &self.outcome {
            Outcome::Refused { permanent: true, suppress, .. } => {
                // Of a notification it is the browser that is over, not the person.
                let channel = Channel::from_name(&self.message.channel).filter(|c| *c != Channel::Push)?;
                Some((channel, (*suppress)?))
            }
            _ => None,
        }
    }
}

fn next(answered: &Answered) -> Next {
    let Answered { message, outcome, at, number, .. } = answered;
    let done = |status, reason: Option<&str>| Next {
        status,
        next_at: message.next_at,
        reason: reason.map(str::to_owned),
        provider_id: None,
        sent_at: None,
    };
    let again = |fault, asked, reason: &str| {
        let next_at = *at + retry::wait(&message.send_key, *number, fault, asked);
        if next_at - message.created_at > GIVE_UP_AFTER {
            return done(FAILED, Some("gave_up"));
        }
        Next { next_at, ..done(QUEUED, Some(reason)) }
    };
    // The first time round each server is asked without a wait; then all of them are in trouble, and hurry helps nobody.
    let fallback = answered.provider.is_some() && *number <= answered.others;
    let elsewhere = |reason: &str| Next { next_at: *at + SECOND, ..done(QUEUED, Some(reason)) };
    match outcome {
        Outcome::Accepted { provider_id, .. } => {
            Next { provider_id: provider_id.clone(), sent_at: Some(*at), ..done(SENT, None) }
        }
        Outcome::Refused { permanent: true, suppress: Some(SuppressionReason::HardBounce), .. } => {
            let notice = message.channel == Channel::Push.as_str();
            done(FAILED, Some(if notice { "no_browser" } else { "no_such_mailbox" }))
        }
        Outcome::Refused { permanent: true, suppress: Some(_), .. } => done(FAILED, Some("opted_out")),
        // Nothing was accepted: another of the store's servers may take what this one will not carry.
        Outcome::Refused { permanent: true, fault: Fault::Own, .. } if answered.others > 0 => {
            elsewhere("refused_there")
        }
        Outcome::Refused { permanent: true, fault: Fault::Own, .. } => done(FAILED, Some("own_fault")),
        Outcome::Refused { permanent: true, .. } => done(FAILED, Some("refused")),
        Outcome::Refused { fault: Fault::Provider, .. } if fallback => elsewhere("deferred"),
        Outcome::Refused { fault, retry_after, .. } => again(*fault, *retry_after, "deferred"),
        Outcome::NotSent { fault: Fault::Provider, .. } if fallback => elsewhere("not_sent"),
        Outcome::NotSent { fault, retry_after, .. } => again(*fault, *retry_after, "not_sent"),
        // The same key again makes one message where the provider takes keys; else nobody may try again.
        Outcome::Uncertain { .. } if answered.idempotent => again(Fault::Provider, None, NO_ANSWER),
        Outcome::Uncertain { .. } => done(UNCERTAIN, Some(NO_ANSWER)),
    }
}

/// Writes answers down, grouped by store, in one transaction.
///
/// # Errors
/// What the database says.
pub async fn record(
    db: &Db,
    env: &Env,
    key: &MasterKey,
    owner: &str,
    answers: Vec<Answered>,
) -> Result<usize, DbError> {
    let mut groups: BTreeMap<Uuid, Vec<Answered>> = BTreeMap::new();
    for answer in answers {
        groups.entry(answer.message.store_id).or_default().push(answer);
    }
    let mut tx = db.write().await?;
    // Before any row is in hand: who hands over has rows that are counted below, and is waited for.
    let mut bounced = Vec::new();
    for (store, answers) in &groups {
        if answers.iter().any(|answer| answer.suppressed().is_some()) {
            bounced.push(StoreId(*store));
        }
    }
    circle::hold(&mut tx, env, &bounced).await?;
    let mut written = 0;
    for (store, answers) in groups {
        let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
        written += record_store(&scoped, env, key, owner, answers).await?;
    }
    tx.commit().await?;
    Ok(written)
}

async fn record_store(
    scoped: &Scoped<'_>,
    env: &Env,
    key: &MasterKey,
    owner: &str,
    answers: Vec<Answered>,
) -> Result<usize, DbError> {
    let change = batch::Change {
        table: "message",
        columns: &["status", "next_at", "reason", "provider_id", "sent_at"],
        guard: "status = 2",
        owner,
        keep_lease: false,
    };
    let nexts: Vec<Next> = answers.iter().map(next).collect();
    let rows = answers.iter().zip(&nexts).map(|(answer, next)| batch::Row {
        id: answer.message.id,
        epoch: answer.message.epoch,
        values: vec![
            next.status.into(),
            next.next_at.into(),
            next.reason.clone().into(),
            next.provider_id.clone().into(),
            next.sent_at.into(),
        ],
    });
    let touched = scoped.change_fenced(&change, rows.collect()).await?;
    // The attempt is a fact whoever holds the lease now.
    let attempts = answers.iter().flat_map(|a| a.attempts.iter().cloned()).collect();
    push::forget(scoped, answers.iter().flat_map(|a| a.over.iter().copied()).collect()).await?;
    let columns = [
        message_attempt::Column::FinishedAt,
        message_attempt::Column::Outcome,
        message_attempt::Column::Reply,
        message_attempt::Column::Fault,
    ];
    scoped.upsert::<message_attempt::Entity>(attempts, &columns).await?;
    let (mut deltas, mut accepted) = (Deltas::new(), Accepted::default());
    let (mut told, mut wanted) = (Vec::new(), HookKinds::default());
    let mut first_carts: HashSet<Uuid> = HashSet::new();
    for (answer, next) in answers.iter().zip(&nexts) {
        if !touched.contains(&answer.message.id) {
            continue;
        }
        let journey = answer.message.journey_id.map(JourneyId);
        wanted = wanted.or(answer.hooks);
        let kind = match next.status {
            SENT => Some(HookKind::MessageSent),
            FAILED => Some(HookKind::MessageFailed),
            _ => None,
        };
        if let Some(kind) = kind.filter(|kind| answer.hooks.has(*kind)) {
            told.push((answer.at, Happening::message(kind, &answer.message, next.reason.as_deref())));
        }
        if next.status == SENT {
            deltas.count(answer.at, Metric::Sent, journey, 1);
            if answer.message.channel == Channel::Email.as_str() {
                deltas.count(answer.at, Metric::Mailed, None, 1);
            }
            first_carts.extend(answer.message.cart_id);
            if answer.metered {
                accepted.add(&answer.message.channel, answer.at);
            }
        }
        if let Some((channel, reason)) = answer.suppressed() {
            let at = (channel, answer.address.as_str());
            let message = Some(MessageId(answer.message.id));
            suppression::suppress(scoped, env, key, at, reason, message).await?;
        }
    }
    of_servers(scoped, &answers).await?;
    count_first_messages(scoped, &answers, first_carts, &mut deltas).await?;
    let at = told.iter().map(|(at, _)| *at).max().unwrap_or_default();
    tell(scoped, wanted, at, told.into_iter().map(|(_, one)| one).collect()).await?;
    if !deltas.is_empty() {
        deltas.write(scoped).await?;
    }
    accepted.write(scoped).await?;
    Ok(touched.len())
}

/// What the answers say of the store's own mail servers, and of domains that are written to too often.
async fn of_servers(scoped: &Scoped<'_>, answers: &[Answered]) -> Result<(), DbError> {
    let own = || answers.iter().filter(|answer| answer.provider.is_some());
    for answer in own() {
        if let Some((until, id)) = answer.opened {
            ways::opened(scoped, id, until, answer.outcome.reply()).await?;
        }
    }
    let slow = own().filter(|answer| {
        let for_now = matches!(&answer.outcome, Outcome::Refused { permanent: false, .. });
        for_now && too_many(answer.outcome.reply())
    });
    let domains: BTreeMap<String, Millis> = slow.map(|it| (domain_of(&it.address), it.at)).collect();
    for (domain, at) in domains {
        pace::slow(scoped, &domain, at).await?;
    }
    Ok(())
}

/// Counts carts that got their first message with these answers.
async fn count_first_messages(
    scoped: &Scoped<'_>,
    answers: &[Answered],
    carts: HashSet<Uuid>,
    deltas: &mut Deltas,
) -> Result<(), DbError> {
    if carts.is_empty() {
        return Ok(());
    }
    let sent: Vec<(Option<Uuid>, i64)> = scoped
        .find::<message::Entity>()
        .select_only()
        .column(message::Column::CartId)
        .column_as(message::Column::Id.count(), "n")
        .filter(message::Column::CartId.among(carts))
        .filter(message::Column::Status.eq(SENT))
        .group_by(message::Column::CartId)
        .into_tuple()
        .all(scoped.on())
        .await?;
    let mut here: BTreeMap<Uuid, (i64, &Answered)> = BTreeMap::new();
    for answer in answers.iter().filter(|a| matches!(a.outcome, Outcome::Accepted { .. })) {
        if let Some(cart) = answer.message.cart_id {
            here.entry(cart).or_insert((0, answer)).0 += 1;
        }
    }
    for (cart, n) in sent {
        if let Some((_, first)) = cart.and_then(|c| here.get(&c)).filter(|(now, _)| n <= *now) {
            deltas.count(first.at, Metric::Messaged, first.message.journey_id.map(JourneyId), 1);
        }
    }
    Ok(())
}
