//! The schema, one file per change, for SQLite and PostgreSQL alike.
//!
//! Tables are written once, in SQL that both understand; the few words that differ are filled in by
//! [`dialect`]. On PostgreSQL each tenant table gets row-level security, forced, and the one runtime role
//! gets rights on rows only.

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

mod dialect;
mod m0001_first;
mod m0002_accounts;
mod m0003_mailbox;
mod m0004_second_factor;
mod m0005_mail_compression;
mod m0006_agencies;
mod m0007_data_keys;
mod m0008_billing;
mod m0009_sign_in;
mod m0010_circles;
mod m0011_lists;
mod m0012_template_copies;
mod m0013_dry_run;
mod m0014_webhooks;
mod m0015_who;
mod m0016_push;
mod m0017_mail;
mod m0018_platforms;
mod m0019_moves;
mod m0022_accepted;

pub use dialect::RUNTIME_ROLE;

/// All changes, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first::Migration),
            Box::new(m0002_accounts::Migration),
            Box::new(m0003_mailbox::Migration),
            Box::new(m0004_second_factor::Migration),
            Box::new(m0005_mail_compression::Migration),
            Box::new(m0006_agencies::Migration),
            Box::new(m0007_data_keys::Migration),
            Box::new(m0008_billing::Migration),
            Box::new(m0009_sign_in::Migration),
            Box::new(m0010_circles::Migration),
            Box::new(m0011_lists::Migration),
            Box::new(m0012_template_copies::Migration),
            Box::new(m0013_dry_run::Migration),
            Box::new(m0014_webhooks::Migration),
            Box::new(m0015_who::Migration),
            Box::new(m0016_push::Migration),
            Box::new(m0017_mail::Migration),
            Box::new(m0018_platforms::Migration),
            Box::new(m0019_moves::Migration),
            Box::new(m0022_accepted::Migration),
        ]
    }
}
