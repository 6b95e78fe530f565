//! The service, arranged by what the product does. Modules stand in the order of allowed use: each may use those
//! above it (`tests/architecture.rs` checks).

/// The clock, entropy and ids handed to everything else.
pub mod clock;
/// Settings of the process: file, then environment, then flags.
pub mod config;
/// Calls to those the operator has named.
pub mod https;
/// Bells between the loops of one process.
pub mod wake;
/// Named points at which a test makes a worker die.
pub mod crash;
/// The place that knows there are two databases.
pub mod db;
/// Organisations, stores, members, keys and sealed secrets.
pub mod accounts;
/// Sign-in, sessions, API keys, and the proofs that open a store.
pub mod auth;
/// Daily roll-ups and the figures read from them.
pub mod analytics;
/// Outgoing webhooks: endpoints, what they are told, and the worker that tells it.
pub mod webhooks;
/// Journeys: publish, versions, and the runs that begin and are woken.
pub mod journeys;
/// Permission: the ledger, suppression, the unsubscribe page.
pub mod consent;
/// Texts of a store.
pub mod templates;
/// Opening a store.
pub mod opening;
/// Ways to reach a person: e-mail, text messages, web push, the sandbox.
pub mod channels;
/// E-mail of a store: its servers, its pace, its return path.
pub mod mail;
/// The service's own mails: invitations, sign-up, forgotten passwords.
pub mod post;
/// Links that bring a cart back, and what came of the links in a mail.
pub mod recovery;
/// Web push: the keys of a store and the browsers that may be notified.
pub mod push;
/// The outbox: last look, hand-over, answers.
pub mod messages;
/// The loop that moves runs on.
pub mod engine;
/// What comes back of text messages: reports and answers.
pub mod sms;
/// What comes back of e-mail: bounces, complaints, reports of providers.
pub mod returns;
/// Plans, usage, caps, and what Stripe says of them.
pub mod billing;
/// Shoppers, anonymous and known, and companies.
pub mod contacts;
/// Carts, checkouts and quotes; the tokens they answer to, and the timers that judge them left.
pub mod carts;
/// Orders and refunds.
pub mod orders;
/// Access and erasure.
pub mod privacy;
/// Shop platforms: how their connections stand, and the calls of their APIs.
pub mod platforms;
/// Events in: doors, translation, group commit, projection. It stands below what its events change.
pub mod ingest;
/// Drafts of journeys played over past events, with nothing sent.
pub mod dry_run;
/// The snippet and the demo shop.
pub mod storefront;
/// GraphQL, its limits, and the console's files.
pub mod api;
/// The loops of a worker process.
pub mod jobs;
/// The composition root.
pub mod app;
/// The demo store.
pub mod seed;
/// What is wrong, in words.
pub mod doctor;
/// The operator's command.
pub mod cli;
/// TestApp, builders and fakes.
#[cfg(feature = "testing")]
pub mod testing;
