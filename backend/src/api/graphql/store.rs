//! A store: the root of everything a merchant looks at.

use super::{
    access::Access,
    cart::{Cart, CartConnection, CartEdge, CartKind, CartStatus},
    contact::{Contact, ContactConnection, ContactEdge},
    guests::Visit,
    journey::Journey,
    lists::{self, Way},
    mail::Mail,
    message::{Message, MessageConnection, MessageEdge},
    overview::{Attention, Overview, SetupStep, attention, setup_steps},
    page,
    platform::PlatformConnection,
    scalars::Time,
    settings::StoreSettings,
    template::Template,
    webhook::WebhookEndpoint,
};
use crate::{
    accounts::team::guests,
    db::{Among, DbError, Role},
};
use async_graphql::{Context, ID, Object, Result};
use cartwheel_domain::ids::{CartId, ContactId, HookId, JourneyId, MessageId, TemplateId};
use cartwheel_entity::{cart, contact, journey, message};
use sea_orm::{ColumnTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

/// A shop.
pub struct Store(pub Access);

#[Object]
impl Store {
    /// Id.
    async fn id(&self) -> ID {
        ID(self.0.info.id.to_string())
    }

    /// Name as shoppers see it.
    async fn name(&self) -> &str {
        &self.0.info.name
    }

    /// Sends nothing outside.
    async fn sandbox(&self) -> bool {
        self.0.info.sandbox
    }

    /// Currency of carts that name none.
    async fn currency(&self) -> &str {
        self.0.info.settings.currency.code()
    }

    /// Country the shop trades from.
    async fn country(&self) -> &str {
        self.0.info.settings.country.code()
    }

    /// Language of last resort.
    async fn locale(&self) -> &str {
        self.0.info.settings.locale.code()
    }

    /// Time zone of last resort.
    async fn time_zone(&self) -> &str {
        &self.0.info.settings.time_zone
    }

    /// The viewer's role here: owner, admin, editor, analyst or support.
    async fn role(&self) -> &str {
        self.0.scope.role().as_str()
    }

    /// How the viewer came in, when the store is another organisation's and was opened to one of theirs.
    async fn visit(&self) -> Option<Visit> {
        Visit::of(&self.0)
    }

    /// Until when the staff of this service is in the store, let in by its organisation; null: it is not.
    async fn staff_until(&self) -> Result<Option<Time>> {
        let (api, id) = (&self.0.api, self.0.info.id);
        let look = async {
            let mut tx = api.db.read().await?;
            guests::staff_until(&mut tx, &api.env, id).await
        };
        Ok(look.await.map_err(|e| self.0.fault(&e))?.map(Time))
    }

    /// Everything that can be set. Needs the role analyst.
    async fn settings(&self) -> Result<StoreSettings> {
        self.0.needs(Role::Analyst)?;
        Ok(StoreSettings(self.0.clone()))
    }

    /// The set-up checklist, in order, each step checked live. Needs the role analyst.
    async fn setup(&self) -> Result<Vec<SetupStep>> {
        self.0.needs(Role::Analyst)?;
        setup_steps(&self.0).await
    }

    /// What needs a look. Needs the role analyst.
    async fn attention(&self) -> Result<Vec<Attention>> {
        self.0.needs(Role::Analyst)?;
        attention(&self.0).await
    }

    /// Figures of the last so many days, 1 to 366. Needs the role analyst.
    async fn overview(&self, days: i32) -> Result<Overview> {
        self.0.needs(Role::Analyst)?;
        Overview::load(&self.0, days).await
    }

    /// Carts, the latest change first. `search` finds by an e-mail address or its beginning (the first hundred people,
    /// by address), or by a quote's number.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn carts(
        &self,
        ctx: &Context<'_>,
        status: Option<CartStatus>,
        kind: Option<CartKind>,
        search: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<CartConnection> {
        let (first, place) = (page::size(first)?, page::place(after.as_deref())?);
        let counts = page::counts(ctx);
        let read = self.0.read(async |scoped| {
            // Several questions, each with an index of its own: as one they would walk the whole list.
            let (way, questions): (_, Vec<_>) = match searched(search.as_deref()) {
                None => {
                    let parts = lists::parts(status, kind);
                    (Way::Along, parts.map(|(s, k)| lists::carts(scoped, Way::Along, s, k)).collect())
                }
                Some(text) => {
                    let people: Vec<_> =
                        contacts_like(scoped, &text).await?.into_iter().map(|c| c.id).collect();
                    let theirs = cart::Column::ContactId.among(people);
                    let another = cart::Column::ContactId.is_null().or(theirs.clone().not());
                    let found = || lists::carts(scoped, Way::Found, status, kind);
                    let numbered = found().filter(cart::Column::Number.eq(&text)).filter(another);
                    (Way::Found, vec![found().filter(theirs), numbered])
                }
            };
            let (mut rows, mut total) = (Vec::new(), counts.then_some(0));
            for question in questions {
                if let Some(sum) = total {
                    total = page::total(scoped, question.clone()).await?.and_then(|n| page::within(n + sum));
                }
                rows.extend(lists::page_of_carts(question, way, place, first).all(scoped.on()).await?);
            }
            rows.sort_by_key(|c| std::cmp::Reverse((c.updated_at, c.id)));
            Ok::<_, DbError>((rows, total))
        });
        let (rows, total_count) = read.await?;
        let (rows, page_info) = page::cut(rows, first, place.is_some(), |r| (r.updated_at, r.id));
        let edges = rows.into_iter().map(|row| CartEdge {
            cursor: page::cursor((row.updated_at, row.id)),
            node: Cart { access: self.0.clone(), row },
        });
        Ok(CartConnection { edges: edges.collect(), page_info, total_count })
    }

    /// One cart; null when there is none by this id.
    async fn cart(&self, id: ID) -> Result<Option<Cart>> {
        let Ok(id) = id.parse::<CartId>() else { return Ok(None) };
        Cart::load(&self.0, id).await
    }

    /// Contacts, last seen first. `search` finds by an e-mail address or its beginning (the first hundred, by address).
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn contacts(
        &self,
        ctx: &Context<'_>,
        search: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<ContactConnection> {
        let (first, place) = (page::size(first)?, page::place(after.as_deref())?);
        let counts = page::counts(ctx);
        let read = self.0.read(async |scoped| {
            if let Some(text) = searched(search.as_deref()) {
                let found = contacts_like(scoped, &text).await?;
                let total = i32::try_from(found.len()).ok();
                let after =
                    found.into_iter().filter(|c| place.is_none_or(|after| (c.last_seen_at, c.id) < after));
                return Ok((after.collect(), total));
            }
            let mut query = scoped.find::<contact::Entity>().filter(contact::Column::MergedInto.is_null());
            let total = if counts { page::total(scoped, query.clone()).await? } else { None };
            if let Some((at, id)) = place {
                query = query.filter(lists::before(contact::Column::LastSeenAt, contact::Column::Id, at, id));
            }
            let query = query
                .order_by_desc(contact::Column::LastSeenAt)
                .order_by_desc(contact::Column::Id)
                .limit(first + 1);
            Ok::<_, DbError>((query.all(scoped.on()).await?, total))
        });
        let (rows, total_count) = read.await?;
        let (rows, page_info) = page::cut(rows, first, place.is_some(), |r| (r.last_seen_at, r.id));
        let edges = rows.into_iter().map(|row| ContactEdge {
            cursor: page::cursor((row.last_seen_at, row.id)),
            node: Contact { access: self.0.clone(), row },
        });
        Ok(ContactConnection { edges: edges.collect(), page_info, total_count })
    }

    /// One contact; null when there is none by this id.
    async fn contact(&self, id: ID) -> Result<Option<Contact>> {
        let Ok(id) = id.parse::<ContactId>() else { return Ok(None) };
        Contact::load(&self.0, id).await
    }

    /// All journeys, by name. Needs the role analyst.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn journeys(&self) -> Result<Vec<Journey>> {
        self.0.needs(Role::Analyst)?;
        let rows = self.0.read(async |scoped| {
            Ok::<_, DbError>(
                scoped
                    .find::<journey::Entity>()
                    .order_by_asc(journey::Column::Name)
                    .limit(200)
                    .all(scoped.on())
                    .await?,
            )
        });
        Ok(rows.await?.into_iter().map(|row| Journey { access: self.0.clone(), row }).collect())
    }

    /// One journey; null when there is none by this id. Needs the role analyst.
    async fn journey(&self, id: ID) -> Result<Option<Journey>> {
        self.0.needs(Role::Analyst)?;
        let Ok(id) = id.parse::<JourneyId>() else { return Ok(None) };
        Journey::load(&self.0, id).await
    }

    /// The newest version of each text of the store's mails, by key, language and form. Needs the role analyst.
    #[graphql(complexity = "30 * child_complexity + 1")]
    async fn templates(&self) -> Result<Vec<Template>> {
        self.0.needs(Role::Analyst)?;
        Template::all(&self.0).await
    }

    /// One version of a text; null when there is none by this id. Needs the role analyst.
    async fn template(&self, id: ID) -> Result<Option<Template>> {
        self.0.needs(Role::Analyst)?;
        let Ok(id) = id.parse::<TemplateId>() else { return Ok(None) };
        Template::load(&self.0, id).await
    }

    /// Where its outgoing webhooks go, the oldest first. Needs the role editor.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>> {
        self.0.needs(Role::Editor)?;
        WebhookEndpoint::all(&self.0).await
    }

    /// One endpoint of its outgoing webhooks; null when there is none by this id. Needs the role editor.
    async fn webhook_endpoint(&self, id: ID) -> Result<Option<WebhookEndpoint>> {
        self.0.needs(Role::Editor)?;
        let Ok(id) = id.parse::<HookId>() else { return Ok(None) };
        WebhookEndpoint::load(&self.0, id).await
    }

    /// Its connections to shop platforms, those that are not connected included. Needs the role analyst.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn platforms(&self) -> Result<Vec<PlatformConnection>> {
        self.0.needs(Role::Analyst)?;
        PlatformConnection::all(&self.0).await
    }

    /// How its mail goes: servers, pace, what comes back. Needs the role editor.
    async fn mail(&self) -> Result<Mail> {
        self.0.needs(Role::Editor)?;
        Ok(Mail(self.0.clone()))
    }

    /// Messages, newest first.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<MessageConnection> {
        let (first, place) = (page::size(first)?, page::place(after.as_deref())?);
        let counts = page::counts(ctx);
        let read = self.0.read(async |scoped| {
            let mut query = scoped.find::<message::Entity>();
            let total = if counts { page::total(scoped, query.clone()).await? } else { None };
            if let Some((at, id)) = place {
                query = query.filter(lists::before(message::Column::CreatedAt, message::Column::Id, at, id));
            }
            let query = query
                .order_by_desc(message::Column::CreatedAt)
                .order_by_desc(message::Column::Id)
                .limit(first + 1);
            Ok::<_, DbError>((query.all(scoped.on()).await?, total))
        });
        let (rows, total_count) = read.await?;
        let (rows, page_info) = page::cut(rows, first, place.is_some(), |r| (r.created_at, r.id));
        let edges = rows.into_iter().map(|row| MessageEdge {
            cursor: page::cursor((row.created_at, row.id)),
            node: Message { access: self.0.clone(), row },
        });
        Ok(MessageConnection { edges: edges.collect(), page_info, total_count })
    }

    /// One message; null when there is none by this id.
    async fn message(&self, id: ID) -> Result<Option<Message>> {
        let Ok(id) = id.parse::<MessageId>() else { return Ok(None) };
        Message::load(&self.0, id).await
    }
}

/// What is searched for: no NUL, which PostgreSQL cannot hold, nor any other control character.
fn searched(text: Option<&str>) -> Option<String> {
    let text: String = text?.chars().filter(|c| !c.is_control()).collect();
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

/// Contacts whose address is, or begins with, a text: the first hundred by address, so that the index of addresses
/// answers whatever the text; last seen first.
async fn contacts_like(scoped: &crate::db::Scoped<'_>, text: &str) -> Result<Vec<contact::Model>, DbError> {
    let from = text.to_lowercase();
    let mut to = from.clone();
    to.push(char::MAX);
    let column = || Expr::col((contact::Entity, contact::Column::Email));
    let mut rows = scoped
        .find::<contact::Entity>()
        .filter(contact::Column::Email.is_not_null())
        .filter(contact::Column::MergedInto.is_null())
        .filter(column().gte(from.clone()).and(column().lt(to)))
        .order_by_asc(contact::Column::Email)
        .limit(page::MOST)
        .all(scoped.on())
        .await?;
    // The order of texts is the database's own; the beginning is judged here.
    rows.retain(|c| c.email.as_deref().is_some_and(|e| e.starts_with(&from)));
    rows.sort_by_key(|c| std::cmp::Reverse((c.last_seen_at, c.id)));
    Ok(rows)
}
