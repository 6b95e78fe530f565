//! A shopper.

use super::{
    access::Access,
    cart::Cart,
    lists::{self, Way},
    loaders::{Address, Suppressed},
    message::{Message, messages_of},
    page::{self, PageInfo},
    scalars::Time,
};
use crate::db::DbError;
use async_graphql::{Context, ID, Object, Result, SimpleObject, dataloader::DataLoader};
use cartwheel_domain::ids::ContactId;
use cartwheel_entity::{cart, company, contact, message};
use sea_orm::{ColumnTrait, QueryFilter};

/// Contacts, a page of them.
#[derive(SimpleObject)]
pub struct ContactConnection {
    /// Rows.
    pub edges: Vec<ContactEdge>,
    /// Where the page stands.
    pub page_info: PageInfo,
    /// How many there are in the whole list; null beyond 10,000.
    pub total_count: Option<i32>,
}

/// One row of a page.
#[derive(SimpleObject)]
pub struct ContactEdge {
    /// Its place.
    pub cursor: String,
    /// The contact.
    pub node: Contact,
}

/// A shopper, anonymous or known.
#[derive(Clone)]
pub struct Contact {
    /// The store.
    pub access: Access,
    /// The row.
    pub row: contact::Model,
}

/// Whether a channel is open to a person, and why.
#[derive(SimpleObject)]
pub struct Permission {
    /// `email`.
    pub channel: String,
    /// Whether a reminder may go, as things stand.
    pub allowed: bool,
    /// The basis that would carry it.
    pub basis: Option<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// When the person last gave or withdrew permission.
    pub at: Option<Time>,
}

impl Contact {
    /// One contact; a merged one answers as what it became.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: ContactId) -> Result<Option<Self>> {
        let row = access.read(async |scoped| {
            let find = async |id| {
                scoped.find::<contact::Entity>().filter(contact::Column::Id.eq(id)).one(scoped.on()).await
            };
            let row = find(id.uuid()).await?;
            match row.as_ref().and_then(|c| c.merged_into) {
                Some(into) => Ok::<_, DbError>(find(into).await?),
                None => Ok(row),
            }
        });
        Ok(row.await?.map(|row| Self { access: access.clone(), row }))
    }
}

#[Object]
impl Contact {
    /// Id.
    async fn id(&self) -> ID {
        ID(ContactId(self.row.id).to_string())
    }

    /// Given and family name.
    async fn name(&self) -> Option<String> {
        let parts: Vec<_> =
            [&self.row.first_name, &self.row.last_name].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// E-mail.
    async fn email(&self) -> Option<&str> {
        self.row.email.as_deref()
    }

    /// Phone.
    async fn phone(&self) -> Option<&str> {
        self.row.phone.as_deref()
    }

    /// Language tag as given.
    async fn language(&self) -> Option<&str> {
        self.row.locale.as_deref()
    }

    /// Country.
    async fn country(&self) -> Option<&str> {
        self.row.country.as_deref()
    }

    /// Time zone as given.
    async fn time_zone(&self) -> Option<&str> {
        self.row.time_zone.as_deref()
    }

    /// Company the person acts for.
    async fn company(&self) -> Result<Option<String>> {
        let Some(id) = self.row.company_id else { return Ok(None) };
        let row = self.access.read(async |scoped| {
            Ok::<_, DbError>(
                scoped.find::<company::Entity>().filter(company::Column::Id.eq(id)).one(scoped.on()).await?,
            )
        });
        Ok(row.await?.map(|c| c.name))
    }

    /// First event.
    async fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// Latest event.
    async fn last_seen_at(&self) -> Option<Time> {
        Some(Time(self.row.last_seen_at))
    }

    /// Orders placed.
    async fn orders_count(&self) -> i32 {
        self.row.orders_count
    }

    /// Tags.
    async fn tags(&self) -> Vec<String> {
        serde_json::from_value(self.row.tags.clone()).unwrap_or_default()
    }

    /// Whether personal data was erased.
    async fn erased(&self) -> bool {
        self.row.erased_at.is_some()
    }

    /// What may be sent, channel by channel, as the last look would judge it now.
    async fn may_send(&self) -> Result<Vec<Permission>> {
        let judged = self.access.read(async |scoped| {
            crate::messages::outlook::outlook(
                scoped,
                &self.access.info,
                &self.row,
                self.access.api.env.now(),
                &self.access.api.master,
            )
            .await
        });
        Ok(judged
            .await?
            .into_iter()
            .map(|o| Permission {
                channel: o.channel,
                allowed: o.allowed,
                basis: o.basis,
                rule: o.rule,
                at: o.at.map(Time),
            })
            .collect())
    }

    /// Whether a standing no is on record for the e-mail address.
    async fn suppressed(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(email) = self.row.email.clone() else { return Ok(false) };
        let key = Address { scope: self.access.scope, email };
        let found = ctx.data::<DataLoader<Suppressed>>()?.load_one(key).await;
        Ok(found.map_err(|e| self.access.fault(&e))?.is_some())
    }

    /// The latest carts.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn carts(&self, first: Option<i32>) -> Result<Vec<Cart>> {
        let first = page::size(first)?;
        let rows = self.access.read(async |scoped| {
            let theirs = lists::carts(scoped, Way::Found, None, None);
            let theirs = theirs.filter(cart::Column::ContactId.eq(self.row.id));
            let page = lists::page_of_carts(theirs, Way::Found, None, first - 1);
            Ok::<_, DbError>(page.all(scoped.on()).await?)
        });
        Ok(rows.await?.into_iter().map(|row| Cart { access: self.access.clone(), row }).collect())
    }

    /// The latest messages.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn messages(&self, first: Option<i32>) -> Result<Vec<Message>> {
        messages_of(&self.access, message::Column::ContactId.eq(self.row.id), page::size(first)?).await
    }
}
