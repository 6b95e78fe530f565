//! The schema: translation only, from rows and rules to what the console and developers read.
//!
//! Relay conventions for lists; payloads with `userErrors` for mutations. Depth, complexity, aliases and page size are
//! bounded. `schema.graphql` at the root is printed from here.

pub mod access;
pub mod billing;
pub mod billing_change;
pub mod cart;
pub mod circles;
pub mod contact;
pub mod dry_run;
pub mod errors;
pub mod figures;
pub mod guests;
pub mod journey;
pub mod limits;
mod lists;
pub mod loaders;
pub mod mail;
pub mod mail_change;
pub mod message;
pub mod mutation;
pub mod new_store;
pub mod organisation;
pub mod overview;
pub mod page;
pub mod platform;
pub mod platform_change;
pub mod query;
mod push_change;
pub mod rollout;
pub mod scalars;
pub mod settings;
pub mod sign_in;
pub mod store;
pub mod subscription;
pub mod team;
pub mod template;
pub mod template_rollout;
pub mod timeline;
pub mod webhook;
pub mod webhook_change;

#[cfg(test)]
mod tests;

pub use access::Api;
use async_graphql::{
    SDLExportOptions, Schema,
    extensions::apollo_persisted_queries::{ApolloPersistedQueries, LruCacheStorage},
};

/// Query, mutation and subscription together.
pub type ApiSchema = Schema<query::Query, mutation::Mutation, subscription::Subscription>;

/// Deepest nesting of a query.
pub const MAX_DEPTH: usize = 12;
/// Most fields of a query, lists counted by their page size.
pub const MAX_COMPLEXITY: usize = 20_000;

/// The schema over a service.
pub fn schema(api: Api, development: bool) -> ApiSchema {
    let builder = Schema::build(query::Query, mutation::Mutation::default(), subscription::Subscription)
        .limit_depth(MAX_DEPTH)
        .limit_recursive_depth(32)
        .limit_complexity(MAX_COMPLEXITY)
        .limit_directives(5)
        .extension(limits::Aliases)
        .extension(limits::StillSignedIn)
        .extension(ApolloPersistedQueries::new(LruCacheStorage::new(1_000)))
        .data(api);
    if development { builder.finish() } else { builder.disable_suggestions().finish() }
}

/// The schema as text, in a stable order.
pub fn sdl() -> String {
    let schema =
        Schema::build(query::Query, mutation::Mutation::default(), subscription::Subscription).finish();
    schema.sdl_with_options(SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items())
}
