//! What people answer to text messages.

use super::Desk;
use crate::{
    accounts::StoreInfo,
    consent::{
        circle,
        ledger::{self, Said},
        suppression,
    },
    db::{DbError, Scoped, StoreScope},
    journeys::service::{Whose, end_runs, hold_runs},
    messages::cancel,
};
use cartwheel_domain::{
    consent::{Channel, Method, SuppressionReason, ledger::Action},
    contact_point::Phone,
    ids::ContactId,
    journey::EndReason,
    locale::Language,
    sms::Answer,
};
use cartwheel_entity::{consent_event, contact, contact_identity, event, message};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The kind of event that an answer is kept as.
pub const ANSWERED: &str = "message_answered";
/// Longest text that is kept, characters.
const KEPT: usize = 1_600;

/// An answer.
#[derive(Debug, Clone)]
pub struct Incoming<'a> {
    /// Whose number it came from.
    pub from: Phone,
    /// What it says.
    pub text: &'a str,
    /// Twilio's id of it: a repeat changes nothing.
    pub sid: &'a str,
    /// What it means.
    pub said: Answer,
}

/// Writes an answer down, with all that follows, in one transaction.
///
/// # Errors
/// What the database says.
pub async fn keep(desk: &Desk, store: &StoreInfo, incoming: &Incoming<'_>) -> Result<(), DbError> {
    let mut tx = desk.db.write().await?;
    let changes = matches!(incoming.said, Answer::Stop | Answer::Start);
    if changes {
        circle::hold(&mut tx, &desk.env, &[store.id]).await?;
    }
    let scoped = tx.enter(&StoreScope::shop(store.id)).await?;
    // Two answers at once come one after the other.
    scoped.lock().await?;
    let person = person(&scoped, &incoming.from).await?;
    if !heard(desk, &scoped, person, incoming).await? {
        return Ok(());
    }
    let now = desk.env.now();
    let at = (Channel::Sms, incoming.from.as_str());
    match incoming.said {
        Answer::Stop => {
            // The number is silenced whether or not we know whose it is.
            let reason = SuppressionReason::Unsubscribed;
            suppression::suppress(&scoped, &desk.env, &desk.key, at, reason, None).await?;
            if let Some(person) = person {
                entries(desk, &scoped, person, incoming, Action::Withdrawn).await?;
                // A step that is being committed at this moment has its message there by now.
                hold_runs(&scoped, Whose::Contact(person)).await?;
                cancel::on_channel(&scoped, person, Channel::Sms, "unsubscribed").await?;
            }
        }
        Answer::Start => {
            suppression::lift(&scoped, &desk.env, &desk.key, at).await?;
            if let Some(person) = person {
                entries(desk, &scoped, person, incoming, Action::Given).await?;
            }
        }
        Answer::Help => {}
        Answer::Other => {
            if let Some(person) = person {
                end_runs(&scoped, Whose::Contact(person), EndReason::Answered, now).await?;
            }
        }
    }
    tx.commit().await
}

/// Whose number it is today.
async fn person(scoped: &Scoped<'_>, from: &Phone) -> Result<Option<ContactId>, DbError> {
    use contact_identity::Column;
    let known = scoped
        .find::<contact_identity::Entity>()
        .filter(Column::Kind.eq("phone"))
        .filter(Column::Value.eq(from.as_str()))
        .one(scoped.on())
        .await?;
    let Some(known) = known else { return Ok(None) };
    let row = scoped.find::<contact::Entity>().filter(contact::Column::Id.eq(known.contact_id));
    let row = row.one(scoped.on()).await?.filter(|row| row.erased_at.is_none());
    Ok(row.map(|row| ContactId(row.merged_into.unwrap_or(row.id))))
}

/// Keeps what was said, in the story of the cart that the last text message was about. Says whether it is new. Of a number that nobody has
/// no word is kept.
async fn heard(
    desk: &Desk,
    scoped: &Scoped<'_>,
    person: Option<ContactId>,
    incoming: &Incoming<'_>,
) -> Result<bool, DbError> {
    let Some(person) = person else { return Ok(true) };
    let last = scoped
        .find::<message::Entity>()
        .filter(message::Column::ContactId.eq(person.uuid()))
        .filter(message::Column::Channel.eq(Channel::Sms.as_str()))
        .filter(message::Column::SentAt.is_not_null())
        .order_by_desc(message::Column::SentAt)
        .one(scoped.on())
        .await?;
    let digest =
        Sha256::digest(format!("cartwheel.answer.1/{}/{}", scoped.store_id(), incoming.sid).as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    let text: String = incoming.text.chars().take(KEPT).collect();
    let now = desk.env.now();
    let row = event::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(Uuid::from_bytes(id)),
        source: Set("sms".into()),
        kind: Set(ANSWERED.into()),
        contact_id: Set(Some(person.uuid())),
        cart_id: Set(last.and_then(|message| message.cart_id)),
        occurred_at: Set(now),
        received_at: Set(now),
        raw: Set(json!({ "channel": "sms", "said": incoming.said.as_str(), "text": text }).to_string()),
    };
    Ok(scoped.insert_new::<event::Entity>(vec![row]).await? > 0)
}

/// One entry for each purpose that does not say so already. A yes is given back only where there was one before the no: a word of four letters
/// is no new consent.
async fn entries(
    desk: &Desk,
    scoped: &Scoped<'_>,
    person: ContactId,
    incoming: &Incoming<'_>,
    action: Action,
) -> Result<(), DbError> {
    let state = ledger::states(scoped, &[person]).await?.remove(&person).unwrap_or_default();
    let says_no = |purpose| state.standing(Channel::Sms, purpose).map(|s| s.state.is_no());
    let before = if action == Action::Given { agreed(scoped, person).await? } else { Vec::new() };
    let open = Channel::Sms.purposes().iter().filter(|purpose| match action {
        Action::Given => {
            says_no(**purpose) == Some(true) && before.iter().any(|word| word == purpose.as_str())
        }
        _ => says_no(**purpose) != Some(true),
    });
    let method = if action == Action::Given { Method::Keyword.as_str() } else { "reply" };
    let said = open.map(|purpose| Said {
        contact: person,
        channel: Channel::Sms,
        purpose: *purpose,
        action,
        method: method.to_owned(),
        occurred_at: desk.env.now(),
        wording: None,
        place: Some("sms".to_owned()),
        evidence: json!({ "answer": incoming.sid, "text": incoming.text.chars().take(160).collect::<String>() }),
    });
    let said = said.collect();
    ledger::append(scoped, &desk.env, said).await.map(|_| ())
}

/// The purposes that somebody has once agreed to for text messages.
async fn agreed(scoped: &Scoped<'_>, person: ContactId) -> Result<Vec<String>, DbError> {
    use consent_event::Column;
    let yes = [Action::Given, Action::Confirmed].map(Action::as_str);
    let rows = scoped
        .find::<consent_event::Entity>()
        .filter(Column::ContactId.eq(person.uuid()))
        .filter(Column::Channel.eq(Channel::Sms.as_str()))
        .filter(Column::Action.is_in(yes))
        .select_only()
        .column(Column::Purpose);
    Ok(rows.into_tuple().all(scoped.on()).await?)
}

/// What whoever asks for help is told: who writes, where a person answers, how it ends.
pub fn help(store: &StoreInfo) -> String {
    let settings = &store.settings;
    let name = settings.sender_name.trim();
    let name = if name.is_empty() { store.name.as_str() } else { name };
    let contact =
        settings.support_email.as_ref().map_or(settings.shop_url.as_str(), |address| address.as_str());
    match settings.locale {
        Language::En => {
            format!("{name}: reminders about your cart. Questions: {contact}. Reply STOP to end.")
        }
        Language::De => {
            format!("{name}: Erinnerungen an den Warenkorb. Fragen: {contact}. Mit STOP enden sie.")
        }
        Language::Fr => {
            format!("{name} : rappels de panier. Questions : {contact}. STOP pour ne plus en recevoir.")
        }
        Language::It => {
            format!("{name}: promemoria del carrello. Domande: {contact}. STOP per non riceverne altri.")
        }
    }
}
