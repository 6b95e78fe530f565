//! One file per table: columns and types, no logic.
//!
//! Columns that hold a closed set of words are text; the words are the `as_str` of a `cartwheel_domain` enum, so
//! that one place says what they are. Instants are milliseconds since the epoch (`domain::time::Millis`).

use sea_orm::EntityTrait;

/// A table whose rows belong to one store; the backend's scope filters every query by this column.
pub trait Tenant: EntityTrait {
    /// The column that names the store.
    fn store_column() -> Self::Column;
}

/// A table whose rows belong to one organisation.
pub trait Owned: EntityTrait {
    /// The column that names the organisation.
    fn organisation_column() -> Self::Column;
}

/// A table that the stores of a circle read together, each writing the rows of its own seat.
pub trait Shared: EntityTrait {
    /// The column that names the agency, and so the circle.
    fn agency_column() -> Self::Column;
    /// The column that names the seat.
    fn seat_column() -> Self::Column;
}

pub mod api_key;
pub mod audit_entry;
pub mod billing_account;
pub mod billing_event;
pub mod billing_notice;
pub mod cart;
pub mod cart_key;
pub mod circle_entry;
pub mod circle_member;
pub mod circle_seat;
pub mod company;
pub mod consent_event;
pub mod contact;
pub mod contact_identity;
pub mod data_key;
pub mod dry_run;
pub mod dry_run_number;
pub mod event;
pub mod hook_attempt;
pub mod hook_delivery;
pub mod hook_endpoint;
pub mod invitation;
pub mod journey;
pub mod journey_copy;
pub mod journey_run;
pub mod journey_version;
pub mod mail_desk;
pub mod mail_pace;
pub mod mail_provider;
pub mod mail_token;
pub mod member;
pub mod member_identity;
pub mod membership;
pub mod message;
pub mod message_attempt;
pub mod message_content;
pub mod message_link;
pub mod message_receipt;
pub mod meter_report;
pub mod metric_day;
pub mod node_count;
pub mod order_refund;
pub mod organisation;
pub mod passkey;
pub mod platform_hint;
pub mod platform_link;
pub mod privacy_request;
pub mod push_device;
pub mod recovery_code;
pub mod restore_link;
pub mod run_context;
pub mod run_step;
pub mod run_wait;
pub mod second_factor;
pub mod service_key;
pub mod service_mail;
pub mod session;
pub mod shop_order;
pub mod store;
pub mod store_access;
pub mod store_role;
pub mod store_secret;
pub mod store_signal;
pub mod suppression;
pub mod template;
pub mod template_copy;
pub mod usage_hour;
pub mod usage_period;
