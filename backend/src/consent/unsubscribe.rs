//! What a press of the link in a mail does, in one transaction: ledger, suppression, and the queue.

use super::{
    ledger::{self, Said},
    suppression,
};
use crate::{
    accounts::MasterKey,
    clock::Env,
    db::{Db, DbError, Scoped, StoreScope},
    journeys::service::{Whose, hold_runs},
};
use cartwheel_domain::{
    consent::{
        Channel, Purpose, SuppressionReason,
        ledger::{Action, ConsentState},
    },
    contact_point::EmailAddress,
    ids::{ContactId, MessageId, StoreId},
    locale::Language,
};
use cartwheel_entity::{contact, message, message_content, template};
use sea_orm::{
    ColumnTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, SimpleExpr},
};
use serde_json::json;

/// How much the person wants to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// All mail but what was asked for. What one click of a mail client means.
    Email,
    /// Reminders of what was left; offers stay as they are.
    Reminders,
    /// Notifications; mail stays as it is.
    Push,
    /// Advertising on every channel (objection, Art. 21 GDPR).
    Everything,
}

impl Choice {
    /// As the form sends it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Reminders => "reminders",
            Self::Push => "push",
            Self::Everything => "everything",
        }
    }

    /// The choice of a form's value. What we do not know means the plain thing: no more mail.
    pub fn from_form(value: &str) -> Self {
        [Self::Reminders, Self::Push, Self::Everything]
            .into_iter()
            .find(|c| c.as_str() == value)
            .unwrap_or(Self::Email)
    }

    /// What it means to whoever got that message: a no in answer to a text message is one on every channel, a no to a notification is one
    /// to notifications.
    pub const fn said_by(self, who: &Addressee) -> Self {
        match (self, who.channel) {
            (_, Some(Channel::Sms)) | (Self::Everything, _) => Self::Everything,
            (_, Some(Channel::Push)) => Self::Push,
            (Self::Push, _) => Self::Email,
            (choice, _) => choice,
        }
    }

    const fn purposes(self) -> &'static [(Channel, Purpose)] {
        const EMAIL: (Channel, Purpose) = (Channel::Email, Purpose::MarketingEmail);
        const CART: (Channel, Purpose) = (Channel::Email, Purpose::CartEmail);
        match self {
            Self::Email | Self::Everything => &[EMAIL, CART],
            Self::Reminders => &[CART],
            Self::Push => &[(Channel::Push, Purpose::Push)],
        }
    }
}

/// Whom a link speaks for.
#[derive(Debug, Clone)]
pub struct Addressee {
    /// The person, after merges; `None` when they were erased.
    pub contact: Option<ContactId>,
    /// The address, when it is still known.
    pub email: Option<EmailAddress>,
    /// The language of the mail.
    pub language: Option<Language>,
    /// How the message reached them.
    pub channel: Option<Channel>,
}

/// Finds whom a message went to, and at which address: the one it was sent to, not one the person took since. A message
/// that is gone, with its person, is nobody's.
///
/// # Errors
/// What the database says.
pub async fn addressee(scoped: &Scoped<'_>, message_id: MessageId) -> Result<Addressee, DbError> {
    let nobody = Addressee { contact: None, email: None, language: None, channel: None };
    let sent = scoped.find::<message::Entity>().filter(message::Column::Id.eq(message_id.uuid()));
    let Some(sent) = sent.one(scoped.on()).await? else { return Ok(nobody) };
    let by_id =
        async |id| scoped.find::<contact::Entity>().filter(contact::Column::Id.eq(id)).one(scoped.on()).await;
    let mut person = by_id(sent.contact_id).await?;
    if let Some(target) = person.as_ref().and_then(|p| p.merged_into) {
        person = by_id(target).await?.or(person);
    }
    let template = match sent.template_id {
        Some(id) => {
            scoped.find::<template::Entity>().filter(template::Column::Id.eq(id)).one(scoped.on()).await?
        }
        None => None,
    };
    let sent_to: Option<String> = scoped
        .find::<message_content::Entity>()
        .filter(message_content::Column::MessageId.eq(message_id.uuid()))
        .select_only()
        .column(message_content::Column::Recipient)
        .into_tuple()
        .one(scoped.on())
        .await?;
    let locale = person.as_ref().and_then(|p| p.locale.as_deref());
    let language = template.map(|t| t.language);
    Ok(Addressee {
        channel: Channel::from_name(&sent.channel),
        contact: person.as_ref().map(|p| ContactId(p.id)),
        email: sent_to
            .as_deref()
            .and_then(bare)
            .or_else(|| person.as_ref().and_then(|p| p.email.as_deref()?.parse().ok())),
        language: language.as_deref().or(locale).and_then(Language::of_tag),
    })
}

/// The address of `Ann Lee <ann@example.com>`, or of the address alone.
fn bare(recipient: &str) -> Option<EmailAddress> {
    let inside =
        recipient.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
    inside.unwrap_or(recipient).parse().ok()
}

/// The sentence the person saw, by the language of the mail; `None` when no sentence of ours was shown.
pub type Wording<'a> = &'a (dyn Fn(Option<Language>) -> Option<String> + Sync);

/// Writes the no down and makes it hold from the commit on: a message queued or leased is cancelled here, and one
/// about to be handed over at this moment writes the same row, so it is committed before, or sees the no.
///
/// Pressing again changes nothing more. `how` is `one_click` or `page`.
///
/// # Errors
/// What the database says.
pub async fn unsubscribe(
    db: &Db,
    env: &Env,
    key: &MasterKey,
    (store, message_id): (StoreId, MessageId),
    choice: Choice,
    (how, wording): (&'static str, Wording<'_>),
) -> Result<Addressee, DbError> {
    let mut tx = db.write().await?;
    let scoped = tx.enter(&StoreScope::shop(store)).await?;
    // Two presses at once come one after the other.
    scoped.lock().await?;
    let who = addressee(&scoped, message_id).await?;
    let choice = choice.said_by(&who);
    if let Some(contact) = who.contact {
        let shown = (how, wording(who.language));
        let said = new_entries(&scoped, env, contact, message_id, choice, shown).await?;
        ledger::append(&scoped, env, said).await?;
        if let Some(address) =
            who.email.as_ref().filter(|_| !matches!(choice, Choice::Reminders | Choice::Push))
        {
            let reason = match choice {
                Choice::Everything => SuppressionReason::Objected,
                _ => SuppressionReason::Unsubscribed,
            };
            let at = (Channel::Email, address.as_str());
            suppression::suppress(&scoped, env, key, at, reason, Some(message_id)).await?;
        }
        cancel_queued(&scoped, contact, choice).await?;
    }
    scoped
        .update::<message::Entity>()
        .col_expr(message::Column::UnsubscribedAt, Expr::value(env.now()))
        .filter(message::Column::Id.eq(message_id.uuid()))
        .filter(message::Column::UnsubscribedAt.is_null())
        .exec(scoped.on())
        .await?;
    tx.commit().await?;
    Ok(who)
}

/// One entry per purpose that does not say no already, so that a thousand presses leave one trace.
async fn new_entries(
    scoped: &Scoped<'_>,
    env: &Env,
    contact: ContactId,
    message_id: MessageId,
    choice: Choice,
    (how, wording): (&'static str, Option<String>),
) -> Result<Vec<Said>, DbError> {
    let state = ledger::states(scoped, &[contact]).await?.remove(&contact).unwrap_or_default();
    let action = if choice == Choice::Everything { Action::Objected } else { Action::Withdrawn };
    let open =
        choice.purposes().iter().filter(|(channel, purpose)| !says_no(&state, *channel, *purpose, action));
    let said = |(channel, purpose): &(Channel, Purpose)| Said {
        contact,
        channel: *channel,
        purpose: *purpose,
        action,
        method: how.to_owned(),
        occurred_at: env.now(),
        wording: wording.clone(),
        place: Some("/u/".to_owned()),
        evidence: json!({ "message": message_id.to_string(), "choice": choice.as_str() }),
    };
    Ok(open.map(said).collect())
}

fn says_no(state: &ConsentState, channel: Channel, purpose: Purpose, action: Action) -> bool {
    use cartwheel_domain::consent::ledger::State;
    state
        .standing(channel, purpose)
        .is_some_and(|s| s.state.is_no() && (action == Action::Withdrawn || s.state == State::Objected))
}

/// `message.status`: waits, and is leased. What is further on has been handed over.
const NOT_HANDED_OVER: [i32; 2] = [0, 1];
/// `message.status`: overtaken by events.
const CANCELLED: i32 = 4;

async fn cancel_queued(scoped: &Scoped<'_>, contact: ContactId, choice: Choice) -> Result<(), DbError> {
    let person: SimpleExpr = message::Column::ContactId.eq(contact.uuid());
    let which = match choice {
        Choice::Everything => person.and(message::Column::Purpose.ne(Purpose::Service.as_str())),
        Choice::Email => person
            .and(message::Column::Channel.eq(Channel::Email.as_str()))
            .and(message::Column::Purpose.ne(Purpose::Service.as_str())),
        Choice::Push => person.and(message::Column::Channel.eq(Channel::Push.as_str())),
        Choice::Reminders => person.and(message::Column::Purpose.eq(Purpose::CartEmail.as_str())),
    };
    // A step that is being committed at this moment has its message there by now.
    hold_runs(scoped, Whose::Contact(contact)).await?;
    scoped
        .update::<message::Entity>()
        .col_expr(message::Column::Status, Expr::value(CANCELLED))
        .col_expr(message::Column::Reason, Expr::value("unsubscribed"))
        .col_expr(message::Column::Epoch, Expr::col(message::Column::Epoch).add(1))
        .filter(which)
        .filter(message::Column::Status.is_in(NOT_HANDED_OVER))
        .exec(scoped.on())
        .await?;
    Ok(())
}
