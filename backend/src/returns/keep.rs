//! What a report changes: the message, the address, the counts.

use super::{Desk, Recipient, Told, What, raw};
use crate::{
    analytics::{Metric, metrics::Deltas},
    consent::{circle, suppression},
    db::{DbError, Scoped, StoreScope},
    mail::{desk as desk_rows, guard, reference, reference::COUNTS_FOR},
    messages::receipt::{self, MailReport},
};
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    ids::{MessageId, ReceiptId, StoreId},
    mail::{Bounce, classify, readable},
};
use cartwheel_entity::{contact, message, message_content, message_receipt};
use ring::digest::{SHA256, digest};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

/// Reports of one transaction.
const TOGETHER: usize = 50;
/// So many mails in a row that came back for now are as good as one that came back for good.
const SOFT: usize = 5;

/// Takes a message in as a mail server received it: whosever it is, and nothing if it is nothing. Says whether it was a report.
///
/// # Errors
/// What the database says; the message is to be handed in again.
pub async fn take_in(desk: &Desk, bytes: &[u8], to: Option<&str>) -> Result<bool, DbError> {
    let Some(told) = raw::read(bytes, to) else { return Ok(false) };
    keep(desk, None, vec![told]).await.map(|n| n > 0)
}

/// Writes reports down; those about no message of the store (of any, where none is named) change nothing. Says how many changed
/// something.
///
/// # Errors
/// What the database says; what had been written before stands, and a repeat does no harm.
pub async fn keep(desk: &Desk, of: Option<StoreId>, told: Vec<Told>) -> Result<usize, DbError> {
    let mut stores: BTreeMap<StoreId, Vec<(MessageId, What)>> = BTreeMap::new();
    for one in told {
        let opened = reference::open(&desk.key, &one.reference);
        if let Some((store, message)) = opened.filter(|(store, _)| of.is_none_or(|of| of == *store)) {
            stores.entry(store).or_default().push((message, one.what));
        }
    }
    let mut changed = 0;
    for (store, all) in stores {
        let mut judged = false;
        for some in all.chunks(TOGETHER) {
            let mut tries = 0;
            let (n, grave) = loop {
                match keep_some(desk, store, some).await {
                    Err(error) if error.retryable() && tries < 3 => tries += 1,
                    other => break other?,
                }
            };
            changed += n;
            judged |= grave;
        }
        if judged {
            guard::review(&desk.db, &desk.env, store).await?;
            desk.stores.forget(store);
        }
    }
    Ok(changed)
}

async fn keep_some(
    desk: &Desk,
    store: StoreId,
    some: &[(MessageId, What)],
) -> Result<(usize, bool), DbError> {
    let mut tx = desk.db.write().await?;
    // Before any row is in hand, as whoever hands over does.
    circle::hold(&mut tx, &desk.env, &[store]).await?;
    let scoped = tx.enter(&StoreScope::shop(store)).await?;
    // Two reports at once come one after the other.
    scoped.lock().await?;
    let (mut changed, mut grave) = (0, false);
    for (id, what) in some {
        if let Some(is_grave) = one(desk, &scoped, *id, what).await? {
            changed += 1;
            grave |= is_grave;
        }
    }
    if changed > 0 {
        desk_rows::reported(&scoped, desk.env.now()).await?;
    }
    tx.commit().await?;
    Ok((changed, grave))
}

/// What a report comes to for one message.
struct Meaning {
    report: MailReport,
    said: String,
}

fn meaning(what: &What, recipient: &str) -> Option<Meaning> {
    let of = |report, said: &str| Some(Meaning { report, said: readable(said) });
    match what {
        What::Delivered => of(MailReport::Delivered, ""),
        What::Complained => of(MailReport::Complained, ""),
        What::Bounced(bounce, said) => of(MailReport::Bounced(*bounce), said),
        What::Returned(all) => {
            let ours = all.iter().find(|one| one.names.iter().any(|name| name == recipient));
            // One that was sent on names another address; one of several, none of them ours, says nothing of ours.
            let one = ours.or_else(|| (all.len() == 1).then(|| &all[0]))?;
            returned(one)
        }
    }
}

fn returned(one: &Recipient) -> Option<Meaning> {
    let report = match one.action.as_str() {
        "failed" => MailReport::Bounced(classify(&one.status, &one.said)),
        "delivered" => MailReport::Delivered,
        // Delayed is tried again; relayed and expanded are out of sight.
        _ => return None,
    };
    Some(Meaning { report, said: raw::detail(one) })
}

/// Writes one report down. `None`: it changed nothing; else whether it counts for the store's reputation.
async fn one(desk: &Desk, scoped: &Scoped<'_>, id: MessageId, what: &What) -> Result<Option<bool>, DbError> {
    let found = scoped
        .find::<message::Entity>()
        .filter(message::Column::Id.eq(id.uuid()))
        .filter(message::Column::Channel.eq(Channel::Email.as_str()))
        .one(scoped.on())
        .await?;
    let now = desk.env.now();
    let Some(row) = found else { return Ok(None) };
    if now - row.sent_at.unwrap_or(row.created_at) > COUNTS_FOR {
        return Ok(None);
    }
    let Some(address) = recipient(scoped, &row).await? else { return Ok(None) };
    let Some(Meaning { report, said }) = meaning(what, &address) else { return Ok(None) };
    if !receipt::of_mail(scoped, &row, report, (now, desk.metered)).await? {
        return Ok(None);
    }
    let sent_at = row.sent_at.unwrap_or(now);
    let (kind, metric, reason) = match report {
        MailReport::Delivered => ("delivered", None, None),
        MailReport::Complained => {
            ("complained", Some(Metric::Complained), Some(SuppressionReason::Complaint))
        }
        MailReport::Bounced(bounce) => {
            let for_good = bounce == Bounce::Hard || again_and_again(scoped, &row).await?;
            // What came back for now and then for good is one mail that came back.
            let counted = row.bounce.is_none().then_some(Metric::Bounced);
            ("bounced", counted, for_good.then_some(SuppressionReason::HardBounce))
        }
    };
    let receipt = message_receipt::ActiveModel {
        store_id: Set(row.store_id),
        id: Set(receipt_id(&row, report).uuid()),
        message_id: Set(row.id),
        kind: Set(kind.into()),
        at: Set(now),
        machine: Set(None),
        link: Set(None),
        user_agent: Set(None),
        detail: Set(Some(said).filter(|said| !said.is_empty())),
    };
    scoped.insert_new::<message_receipt::Entity>(vec![receipt]).await?;
    if let Some(metric) = metric {
        let mut deltas = Deltas::new();
        deltas.count(sent_at, metric, None, 1);
        deltas.write(scoped).await?;
        guard::of_before(scoped, metric, sent_at).await?;
    }
    if let Some(reason) = reason {
        let at = (Channel::Email, address.as_str());
        suppression::suppress(scoped, &desk.env, &desk.key, at, reason, Some(id)).await?;
    }
    Ok(Some(metric.is_some()))
}

/// The same for the same report, so that a repeat is none.
fn receipt_id(row: &message::Model, report: MailReport) -> ReceiptId {
    let word = match report {
        MailReport::Delivered => "delivered",
        MailReport::Complained => "complained",
        MailReport::Bounced(bounce) => bounce.as_str(),
    };
    let hash =
        digest(&SHA256, format!("cartwheel.mail.report.1/{}/{}/{word}", row.store_id, row.id).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    ReceiptId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Where the message went, in canonical form: as it was handed over, whatever the person's address is today.
async fn recipient(scoped: &Scoped<'_>, row: &message::Model) -> Result<Option<String>, DbError> {
    let content = scoped
        .find::<message_content::Entity>()
        .filter(message_content::Column::MessageId.eq(row.id))
        .one(scoped.on())
        .await?;
    let sent_to = content.map(|c| c.recipient).unwrap_or_default();
    let plain = sent_to.rsplit_once('<').map_or(sent_to.as_str(), |(_, rest)| rest.trim_end_matches('>'));
    if plain.contains('@') {
        return Ok(Some(plain.to_owned()));
    }
    let person = scoped.find::<contact::Entity>().filter(contact::Column::Id.eq(row.contact_id));
    Ok(person.one(scoped.on()).await?.and_then(|c| c.email))
}

/// Whether this mail is one of five in a row, among all that went to this person, that came back. Reports come in any order: it may be
/// any of the five.
async fn again_and_again(scoped: &Scoped<'_>, row: &message::Model) -> Result<bool, DbError> {
    use message::Column as C;
    let Some(sent_at) = row.sent_at else { return Ok(false) };
    let mut in_a_row = 1;
    for before in [true, false] {
        let beside = scoped
            .find::<message::Entity>()
            .select_only()
            .column(C::BouncedAt)
            .filter(C::ContactId.eq(row.contact_id))
            .filter(C::Channel.eq(Channel::Email.as_str()))
            .filter(C::Id.ne(row.id));
        let beside = if before {
            beside.filter(C::SentAt.lte(sent_at)).order_by_desc(C::SentAt)
        } else {
            beside.filter(C::SentAt.gt(sent_at)).order_by_asc(C::SentAt)
        };
        let found: Vec<Option<i64>> = beside.limit(SOFT as u64 - 1).into_tuple().all(scoped.on()).await?;
        in_a_row += found.iter().take_while(|bounced| bounced.is_some()).count();
    }
    Ok(in_a_row >= SOFT)
}
