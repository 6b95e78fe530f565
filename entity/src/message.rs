//! One hand-over to one channel, with its evidence: the outbox.

use sea_orm::entity::prelude::*;

/// One hand-over to one channel, with its evidence: the outbox.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Hash of store, run, node and visit: unique.
    #[sea_orm(column_type = "Text")]
    pub send_key: String,
    /// Run.
    pub run_id: Option<Uuid>,
    /// Journey.
    pub journey_id: Option<Uuid>,
    /// Version.
    pub version_id: Option<Uuid>,
    /// Node.
    #[sea_orm(column_type = "Text")]
    pub node: String,
    /// To whom.
    pub contact_id: Uuid,
    /// About which cart.
    pub cart_id: Option<Uuid>,
    /// `email`.
    #[sea_orm(column_type = "Text")]
    pub channel: String,
    /// Purpose.
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    /// `informational`, `promotional` or `transactional`.
    #[sea_orm(column_type = "Text")]
    pub content_class: String,
    /// Template.
    #[sea_orm(column_type = "Text")]
    pub template_key: String,
    /// The very version used.
    pub template_id: Option<Uuid>,
    /// Subject as sent.
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    /// 0 queued, 1 leased, 2 attempting, 3 sent, 4 cancelled, 5 suppressed, 6 failed, 7 uncertain.
    pub status: i32,
    /// When it is due.
    pub next_at: i64,
    /// Fence.
    pub epoch: i64,
    /// Which worker.
    #[sea_orm(column_type = "Text", nullable)]
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<i64>,
    /// Tries so far.
    pub attempt: i32,
    /// Lane of the store.
    pub lane: i32,
    /// The provider's reference.
    #[sea_orm(column_type = "Text", nullable)]
    pub provider_id: Option<String>,
    /// Basis that allowed it: rule, pack, proof.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub evidence: Option<Json>,
    /// Why it was cancelled, suppressed or failed: a stable code.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// The refusal with its rule.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub refusal: Option<Json>,
    /// When the row was made.
    pub created_at: i64,
    /// When the provider took it.
    pub sent_at: Option<i64>,
    /// When it was delivered.
    pub delivered_at: Option<i64>,
    /// When it came back.
    pub bounced_at: Option<i64>,
    /// First opening by a person.
    pub opened_at: Option<i64>,
    /// First click by a person.
    pub clicked_at: Option<i64>,
    /// When its link was used to say no.
    pub unsubscribed_at: Option<i64>,
    /// When it was reported as spam.
    pub complained_at: Option<i64>,
    /// Whether it came back for good (`hard`) or for now (`soft`).
    #[sea_orm(column_type = "Text", nullable)]
    pub bounce: Option<String>,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Tenant for Entity {
    fn store_column() -> Column {
        Column::StoreId
    }
}
