//! What an organisation pays for, as Stripe last said it, and whether its stores may send.

use sea_orm::entity::prelude::*;

/// What an organisation pays for, as Stripe last said it, and whether its stores may send.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_account")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// Stripe's customer; none until the first checkout.
    #[sea_orm(column_type = "Text", nullable)]
    pub customer_id: Option<String>,
    /// Stripe's subscription, the last there was.
    #[sea_orm(column_type = "Text", nullable)]
    pub subscription_id: Option<String>,
    /// `none`, or Stripe's word for the subscription: `trialing`, `active`, `past_due`, `unpaid`, `canceled`, `paused`.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// Key of the plan.
    #[sea_orm(column_type = "Text")]
    pub plan: String,
    /// `month` or `year`.
    #[sea_orm(column_type = "Text")]
    pub cycle: String,
    /// ISO 4217.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// Price of a cycle, minor units.
    pub price_minor: i64,
    /// Where months of usage begin.
    pub anchor: i64,
    /// When the paid period ends.
    pub period_end: Option<i64>,
    /// When the trial ends.
    pub trial_end: Option<i64>,
    /// When it ends by the owner's wish.
    pub cancel_at: Option<i64>,
    /// Since when a payment is missing.
    pub past_due_since: Option<i64>,
    /// When the subscription ended.
    pub ended_at: Option<i64>,
    /// When the subscription began; usage before is not reported.
    pub subscribed_at: Option<i64>,
    /// What follows when it ends: `free`, or nothing.
    #[sea_orm(column_type = "Text", nullable)]
    pub next_plan: Option<String>,
    /// Whether the owner lets sending go on beyond what is included.
    pub beyond: bool,
    /// Why sending waits: `cap`, `unpaid`, `ended`.
    #[sea_orm(column_type = "Text", nullable)]
    pub hold: Option<String>,
    /// Until when, where that is known.
    pub hold_until: Option<i64>,
    /// Active contacts when they were last counted.
    pub contacts: i64,
    /// When to look again whether its stores may send.
    pub judge_at: i64,
    /// Grows with each thing Stripe tells of.
    pub news: i64,
    /// When to ask Stripe for the latest.
    pub ask_at: i64,
    /// When Stripe last answered.
    pub asked_at: Option<i64>,
    /// Questions in vain since.
    pub attempts: i32,
    /// Grows with each question; an answer to an older one is dropped.
    pub epoch: i64,
    /// When the row was made.
    pub created_at: i64,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Owned for Entity {
    fn organisation_column() -> Column {
        Column::OrganisationId
    }
}
