//! Endpoints of a store's outgoing webhooks, what they were told, and what they answered.

use super::{
    access::Access,
    lists,
    page::{self, PageInfo},
    scalars::{Json, Time},
};
use crate::{
    db::DbError,
    webhooks::{self, endpoint},
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use cartwheel_domain::{
    hook::HookKinds,
    ids::{DeliveryId, HookId},
};
use cartwheel_entity::{hook_attempt, hook_delivery, hook_endpoint};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

/// Where outgoing webhooks of a store go.
#[derive(Clone)]
pub struct WebhookEndpoint {
    /// The store.
    pub access: Access,
    /// The row.
    pub row: hook_endpoint::Model,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum WebhookStatus {
    /// It is due, or will be tried again.
    Waiting,
    /// It is being sent.
    Sending,
    /// An answer of 200 to 299 came.
    Delivered,
    /// Given up; it can be replayed.
    Failed,
}

impl WebhookStatus {
    const fn stored(self) -> i32 {
        match self {
            Self::Waiting => webhooks::WAITING,
            Self::Sending => webhooks::IN_HAND,
            Self::Delivered => webhooks::DELIVERED,
            Self::Failed => webhooks::FAILED,
        }
    }

    const fn of(stored: i32) -> Self {
        match stored {
            webhooks::WAITING => Self::Waiting,
            webhooks::IN_HAND => Self::Sending,
            webhooks::DELIVERED => Self::Delivered,
            _ => Self::Failed,
        }
    }
}

/// Deliveries, a page of them.
#[derive(SimpleObject)]
pub struct WebhookDeliveryConnection {
    /// Rows.
    pub edges: Vec<WebhookDeliveryEdge>,
    /// Where the page stands.
    pub page_info: PageInfo,
    /// How many there are in the whole list; null beyond 10,000.
    pub total_count: Option<i32>,
}

/// One row of a page.
#[derive(SimpleObject)]
pub struct WebhookDeliveryEdge {
    /// Its place.
    pub cursor: String,
    /// The delivery.
    pub node: WebhookDelivery,
}

/// One thing told to one endpoint.
#[derive(Clone)]
pub struct WebhookDelivery {
    /// The store.
    pub access: Access,
    /// The row.
    pub row: hook_delivery::Model,
}

/// One try.
#[derive(SimpleObject)]
pub struct WebhookAttempt {
    /// From 1.
    number: i32,
    /// When it began.
    at: Time,
    /// `delivered`, `refused` (an answer other than 200 to 299), `timed_out`, `broken`, `tls`, `unreachable`, `unknown_host`,
    /// `address_refused`, `worker_lost`, `not_begun`; null while it is under way.
    outcome: Option<String>,
    /// HTTP status of the answer, if there was one.
    status: Option<i32>,
    /// How long it took.
    milliseconds: Option<i32>,
    /// The beginning of the answer, or what went wrong.
    answer: Option<String>,
}

impl WebhookEndpoint {
    /// One endpoint.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: HookId) -> Result<Option<Self>> {
        let found = access.read(async |scoped| match endpoint::find(scoped, id).await {
            Ok(row) => Ok(Some(row)),
            Err(endpoint::HookError::NoEndpoint) => Ok(None),
            Err(error) => Err(error),
        });
        Ok(found.await?.map(|row| Self { access: access.clone(), row }))
    }

    /// All of a store, the oldest first.
    ///
    /// # Errors
    /// A fault.
    pub async fn all(access: &Access) -> Result<Vec<Self>> {
        let rows = access.read(async |scoped| endpoint::all(scoped).await).await?;
        Ok(rows.into_iter().map(|row| Self { access: access.clone(), row }).collect())
    }
}

#[Object]
impl WebhookEndpoint {
    /// Id.
    async fn id(&self) -> ID {
        ID(HookId(self.row.id).to_string())
    }

    /// Where calls go.
    async fn url(&self) -> &str {
        &self.row.url
    }

    /// A word for people.
    async fn description(&self) -> &str {
        &self.row.description
    }

    /// What it is told, by the words of docs/webhooks.md.
    async fn kinds(&self) -> Vec<&'static str> {
        HookKinds::of_bits(self.row.kinds).iter().map(|kind| kind.as_str()).collect()
    }

    /// Whether it is told anything.
    async fn enabled(&self) -> bool {
        self.row.off_why.is_none()
    }

    /// Why it is told nothing: `person` (somebody switched it off), `gone` (it answered 410), `failing` (five days of nothing but failures).
    async fn disabled_reason(&self) -> Option<&str> {
        self.row.off_why.as_deref()
    }

    /// Since when it is told nothing.
    async fn disabled_at(&self) -> Option<Time> {
        self.row.off_at.map(Time)
    }

    /// Since when each call to it has failed; null when the last one arrived.
    async fn failing_since(&self) -> Option<Time> {
        self.row.failing_since.map(Time)
    }

    /// Until when the secret before the last rotation signs too; null when there is none.
    async fn old_secret_until(&self) -> Option<Time> {
        self.row.old_until.filter(|until| *until > self.access.api.env.now()).map(Time)
    }

    /// When it was made.
    async fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// What it was told in the last 30 days, newest first.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        status: Option<WebhookStatus>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<WebhookDeliveryConnection> {
        use hook_delivery::Column as C;
        let (first, place) = (page::size(first)?, page::place(after.as_deref())?);
        let counts = page::counts(ctx);
        let read = self.access.read(async |scoped| {
            let mut query = scoped.find::<hook_delivery::Entity>().filter(C::EndpointId.eq(self.row.id));
            if let Some(status) = status {
                query = query.filter(C::Status.eq(status.stored()));
            }
            let total = if counts { page::total(scoped, query.clone()).await? } else { None };
            if let Some((at, id)) = place {
                query = query.filter(lists::before(C::CreatedAt, C::Id, at, id));
            }
            let query = query.order_by_desc(C::CreatedAt).order_by_desc(C::Id).limit(first + 1);
            Ok::<_, DbError>((query.all(scoped.on()).await?, total))
        });
        let (rows, total_count) = read.await?;
        let (rows, page_info) = page::cut(rows, first, place.is_some(), |r| (r.created_at, r.id));
        let edges = rows.into_iter().map(|row| WebhookDeliveryEdge {
            cursor: page::cursor((row.created_at, row.id)),
            node: WebhookDelivery { access: self.access.clone(), row },
        });
        Ok(WebhookDeliveryConnection { edges: edges.collect(), page_info, total_count })
    }
}

impl WebhookDelivery {
    /// One delivery.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: DeliveryId) -> Result<Option<Self>> {
        let found = access.read(async |scoped| {
            let query =
                scoped.find::<hook_delivery::Entity>().filter(hook_delivery::Column::Id.eq(id.uuid()));
            Ok::<_, DbError>(query.one(scoped.on()).await?)
        });
        Ok(found.await?.map(|row| Self { access: access.clone(), row }))
    }
}

#[Object]
impl WebhookDelivery {
    /// Its id: what goes along as `webhook-id`.
    async fn id(&self) -> ID {
        ID(DeliveryId(self.row.id).to_string())
    }

    /// What it tells of, by the words of docs/webhooks.md.
    async fn kind(&self) -> &str {
        &self.row.kind
    }

    /// What became of it.
    async fn status(&self) -> WebhookStatus {
        WebhookStatus::of(self.row.status)
    }

    /// When it happened.
    async fn at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// When it is tried next; null when it is done.
    async fn next_at(&self) -> Option<Time> {
        (self.row.status == webhooks::WAITING).then_some(Time(self.row.next_at))
    }

    /// When it was delivered or given up.
    async fn done_at(&self) -> Option<Time> {
        self.row.done_at.map(Time)
    }

    /// Tries so far.
    async fn attempt_count(&self) -> i32 {
        self.row.attempt
    }

    /// Why it failed or waits: the outcome of its last attempt, `gave_up`, `gone`, `off`, `no_secret`, `restored`.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// What is sent, to the byte.
    async fn body(&self) -> Json {
        Json(serde_json::from_str(&self.row.body).unwrap_or_default())
    }

    /// Its tries, the latest first; fifty at most.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn attempts(&self) -> Result<Vec<WebhookAttempt>> {
        use hook_attempt::Column as C;
        let rows = self.access.read(async |scoped| {
            let query = scoped.find::<hook_attempt::Entity>().filter(C::DeliveryId.eq(self.row.id));
            Ok::<_, DbError>(query.order_by_desc(C::Number).limit(50).all(scoped.on()).await?)
        });
        let attempt = |row: hook_attempt::Model| WebhookAttempt {
            number: row.number,
            at: Time(row.started_at),
            outcome: row.outcome,
            status: row.status,
            milliseconds: row.finished_at.and_then(|end| i32::try_from(end - row.started_at).ok()),
            answer: row.answer.filter(|text| !text.is_empty()),
        };
        Ok(rows.await?.into_iter().map(attempt).collect())
    }
}
