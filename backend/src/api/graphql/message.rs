//! One message, with its evidence or its refusal.

use super::{
    access::Access,
    cart::Cart,
    contact::Contact,
    lists,
    loaders::{Carts, Contacts, Key},
    page::PageInfo,
    scalars::{Json, Time},
};
use crate::db::DbError;
use async_graphql::{Context, ID, Object, Result, SimpleObject, dataloader::DataLoader};
use cartwheel_domain::{
    consent::Channel,
    ids::{CartId, MessageId},
};
use cartwheel_entity::{contact, message, message_content, message_receipt, template};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, sea_query::SimpleExpr};

/// Messages, a page of them.
#[derive(SimpleObject)]
pub struct MessageConnection {
    /// Rows.
    pub edges: Vec<MessageEdge>,
    /// Where the page stands.
    pub page_info: PageInfo,
    /// How many there are in the whole list; null beyond 10,000.
    pub total_count: Option<i32>,
}

/// One row of a page.
#[derive(SimpleObject)]
pub struct MessageEdge {
    /// Its place.
    pub cursor: String,
    /// The message.
    pub node: Message,
}

/// One hand-over to one channel.
#[derive(Clone)]
pub struct Message {
    /// The store.
    pub access: Access,
    /// The row.
    pub row: message::Model,
}

/// A header of a mail.
#[derive(SimpleObject)]
pub struct Header {
    name: String,
    value: String,
}

/// Why a message was not sent.
#[derive(SimpleObject)]
pub struct Refusal {
    /// The rule, a stable word.
    rule: String,
    /// Where it stands in law or settings.
    detail: String,
}

/// What allowed a message.
#[derive(SimpleObject)]
pub struct Evidence {
    /// The basis.
    basis: String,
    /// The rule.
    rule: String,
    /// The policy pack.
    pack: String,
    /// Its version.
    policy_version: String,
    /// When the person agreed, where the basis is consent.
    consent_at: Option<Time>,
    /// The sentence the person saw.
    wording: Option<String>,
    /// Everything that is on record, as stored.
    raw: Json,
}

/// The word of a stored status.
pub const fn status_word(status: i32) -> &'static str {
    match status {
        0 => "queued",
        1 => "leased",
        2 => "attempting",
        3 => "sent",
        4 => "cancelled",
        5 => "suppressed",
        6 => "failed",
        _ => "uncertain",
    }
}

/// Messages of a cart or a contact, newest first.
///
/// # Errors
/// A fault.
pub async fn messages_of(access: &Access, which: SimpleExpr, most: u64) -> Result<Vec<Message>> {
    let rows = access.read(async |scoped| {
        Ok::<_, DbError>(lists::latest_messages(scoped, which, most).all(scoped.on()).await?)
    });
    Ok(rows.await?.into_iter().map(|row| Message { access: access.clone(), row }).collect())
}

impl Message {
    /// One message.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: MessageId) -> Result<Option<Self>> {
        let row = access.read(async |scoped| {
            Ok::<_, DbError>(
                scoped
                    .find::<message::Entity>()
                    .filter(message::Column::Id.eq(id.uuid()))
                    .one(scoped.on())
                    .await?,
            )
        });
        Ok(row.await?.map(|row| Self { access: access.clone(), row }))
    }

    async fn content(&self) -> Result<Option<message_content::Model>> {
        self.access
            .read(async |scoped| {
                let query = scoped
                    .find::<message_content::Entity>()
                    .filter(message_content::Column::MessageId.eq(self.row.id));
                Ok::<_, DbError>(query.one(scoped.on()).await?)
            })
            .await
    }

    fn evidence_text(&self, key: &str) -> Option<String> {
        let value = self.row.evidence.as_ref()?.get(key)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }
}

#[Object]
impl Message {
    /// Id.
    async fn id(&self) -> ID {
        ID(MessageId(self.row.id).to_string())
    }

    /// `queued`, `leased`, `attempting`, `sent`, `cancelled`, `suppressed`, `failed` or `uncertain`.
    async fn status(&self) -> &str {
        status_word(self.row.status)
    }

    /// Why it was cancelled, suppressed or failed: a stable word.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// Channel.
    async fn channel(&self) -> &str {
        &self.row.channel
    }

    /// Key of the template.
    async fn template(&self) -> &str {
        &self.row.template_key
    }

    /// Node of the journey.
    async fn node(&self) -> &str {
        &self.row.node
    }

    /// When it was decided on.
    async fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// When it was handed over.
    async fn sent_at(&self) -> Option<Time> {
        self.row.sent_at.map(Time)
    }

    /// When it is due, while it waits.
    async fn next_at(&self) -> Option<Time> {
        (self.row.status == 0).then_some(Time(self.row.next_at))
    }

    /// When the provider said that it arrived; mail servers say so of no mail.
    async fn delivered_at(&self) -> Option<Time> {
        self.row.delivered_at.map(Time)
    }

    /// When it came back.
    async fn bounced_at(&self) -> Option<Time> {
        self.row.bounced_at.map(Time)
    }

    /// E-mail: `hard` (there is no such mailbox) or `soft`, when it came back.
    async fn bounce(&self) -> Option<&str> {
        self.row.bounce.as_deref()
    }

    /// E-mail: when it was reported as spam.
    async fn complained_at(&self) -> Option<Time> {
        self.row.complained_at.map(Time)
    }

    /// E-mail: what was said when it came back, without addresses.
    async fn bounce_detail(&self) -> Result<Option<String>> {
        use message_receipt::Column as C;
        if self.row.bounced_at.is_none() {
            return Ok(None);
        }
        let read = self.access.read(async |scoped| {
            let query = scoped.find::<message_receipt::Entity>().filter(C::MessageId.eq(self.row.id));
            let query = query.filter(C::Kind.eq("bounced")).filter(C::Detail.is_not_null());
            Ok::<_, DbError>(query.order_by_desc(C::At).one(scoped.on()).await?)
        });
        Ok(read.await?.and_then(|row| row.detail))
    }

    /// First opening by a person.
    async fn opened_at(&self) -> Option<Time> {
        self.row.opened_at.map(Time)
    }

    /// First click by a person.
    async fn clicked_at(&self) -> Option<Time> {
        self.row.clicked_at.map(Time)
    }

    /// When its link was used to say no.
    async fn unsubscribed_at(&self) -> Option<Time> {
        self.row.unsubscribed_at.map(Time)
    }

    /// Recipient's address, or their number; of a notification the browsers it went to.
    async fn to(&self, ctx: &Context<'_>) -> Result<String> {
        if self.row.channel == Channel::Push.as_str() {
            return Ok(self.content().await?.map(|content| content.recipient).unwrap_or_default());
        }
        let key = Key { scope: self.access.scope, id: self.row.contact_id };
        let row: Option<contact::Model> =
            ctx.data::<DataLoader<Contacts>>()?.load_one(key).await.map_err(|e| self.access.fault(&e))?;
        let text = self.row.channel == Channel::Sms.as_str();
        Ok(row.and_then(|c| if text { c.phone } else { c.email }).unwrap_or_default())
    }

    /// Sender as handed over.
    async fn from(&self) -> Result<Option<String>> {
        Ok(self.content().await?.map(|c| c.sender))
    }

    /// Subject as handed over.
    async fn subject(&self) -> Option<&str> {
        self.row.subject.as_deref()
    }

    /// Plain part as handed over.
    async fn plain_text(&self) -> Result<Option<String>> {
        Ok(self.content().await?.map(|c| c.text))
    }

    /// Further headers as handed over.
    async fn headers(&self) -> Result<Vec<Header>> {
        let stored = self.content().await?.map(|c| c.headers).unwrap_or_default();
        let pair = |v: &serde_json::Value| {
            Some(Header { name: v.get(0)?.as_str()?.into(), value: v.get(1)?.as_str()?.into() })
        };
        let from_list = stored.as_array().map(|list| list.iter().filter_map(pair).collect::<Vec<_>>());
        let from_object = || {
            stored.as_object().map(|o| {
                o.iter()
                    .map(|(name, v)| Header {
                        name: name.clone(),
                        value: v.as_str().unwrap_or_default().into(),
                    })
                    .collect()
            })
        };
        Ok(from_list.or_else(from_object).unwrap_or_default())
    }

    /// Where the HTML part is shown, for a sandboxed frame; valid for ten minutes. Null while there is none.
    async fn html_url(&self) -> Result<Option<String>> {
        let there = self.content().await?.is_some_and(|content| !content.html.is_empty());
        Ok(there.then(|| {
            crate::api::sheet::stored_url(&self.access.api, self.access.info.id, MessageId(self.row.id))
        }))
    }

    /// Why it was not sent.
    async fn refusal(&self) -> Option<Refusal> {
        let text = |key: &str| self.row.refusal.as_ref()?.get(key)?.as_str().map(str::to_owned);
        let rule =
            text("rule").or_else(|| (self.row.status >= 4).then(|| self.row.reason.clone()).flatten())?;
        Some(Refusal { rule, detail: text("cite").unwrap_or_default() })
    }

    /// What allowed it; stored with the message.
    async fn evidence(&self) -> Option<Evidence> {
        let raw = self.row.evidence.clone()?;
        let first = raw.get("evidence").and_then(|e| e.get(0)).cloned().unwrap_or_default();
        Some(Evidence {
            basis: self.evidence_text("kind").or_else(|| self.evidence_text("rule")).unwrap_or_default(),
            rule: self.evidence_text("rule").unwrap_or_default(),
            pack: self.evidence_text("pack").unwrap_or_default(),
            policy_version: self.evidence_text("pack_version").unwrap_or_default(),
            consent_at: first.get("at").and_then(serde_json::Value::as_i64).map(Time),
            wording: first.get("wording").and_then(|w| w.as_str()).map(str::to_owned),
            raw: Json(raw),
        })
    }

    /// Language it was written in.
    async fn language(&self) -> Result<Option<String>> {
        let Some(id) = self.row.template_id else { return Ok(None) };
        let row = self.access.read(async |scoped| {
            Ok::<_, DbError>(
                scoped
                    .find::<template::Entity>()
                    .filter(template::Column::Id.eq(id))
                    .one(scoped.on())
                    .await?,
            )
        });
        Ok(row.await?.map(|t| t.language))
    }

    /// The cart it is about, by id.
    async fn cart_id(&self) -> Option<ID> {
        self.row.cart_id.map(|id| ID(CartId(id).to_string()))
    }

    /// The cart it is about.
    async fn cart(&self, ctx: &Context<'_>) -> Result<Option<Cart>> {
        let Some(id) = self.row.cart_id else { return Ok(None) };
        let found = ctx.data::<DataLoader<Carts>>()?.load_one(Key { scope: self.access.scope, id }).await;
        Ok(found.map_err(|e| self.access.fault(&e))?.map(|row| Cart { access: self.access.clone(), row }))
    }

    /// Whom it is for.
    async fn contact(&self, ctx: &Context<'_>) -> Result<Option<Contact>> {
        let key = Key { scope: self.access.scope, id: self.row.contact_id };
        let found = ctx.data::<DataLoader<Contacts>>()?.load_one(key).await;
        Ok(found.map_err(|e| self.access.fault(&e))?.map(|row| Contact { access: self.access.clone(), row }))
    }
}
