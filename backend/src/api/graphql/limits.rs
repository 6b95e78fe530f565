//! Bounds the library does not have: aliases, and the end of a session on a socket that stays open.

use super::{Api, errors};
use crate::api::{
    http::{Bearer, OverSocket},
    rate::Caller,
};
use async_graphql::{
    Pos, Request, Response, ServerError, ServerResult, Variables,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextPrepareRequest,
    },
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use std::sync::Arc;

/// Most aliases in one document; a page of the console needs none.
pub const MAX_ALIASES: usize = 30;

/// Longest a query may take.
pub const LONGEST: std::time::Duration = std::time::Duration::from_secs(10);

/// Refuses documents with more than [`MAX_ALIASES`] aliases, before anything is validated.
pub struct Aliases;

impl ExtensionFactory for Aliases {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(CountAliases)
    }
}

/// Asks anew who it is for each operation of a socket: sign-out ends a session at once, and a socket outlives many of them.
pub struct StillSignedIn;

impl ExtensionFactory for StillSignedIn {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(AskAgain)
    }
}

struct AskAgain;

#[async_trait::async_trait]
impl Extension for AskAgain {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        if ctx.data_opt::<OverSocket>().is_none() {
            return next.run(ctx, request).await;
        }
        let viewer = match (ctx.data_opt::<Api>(), ctx.data_opt::<Bearer>()) {
            (Some(api), Some(bearer)) => api.grants.viewer(&bearer.0).await.ok().flatten(),
            _ => None,
        };
        let viewer = viewer.ok_or_else(|| errors::signed_out().into_server_error(Pos::default()))?;
        let stand = ctx.data_opt::<Api>().map(|api| api.rates.take(Caller::of(&viewer), api.env.now()));
        if let Some(said) = stand.and_then(|stand| stand.refused()) {
            return Err(ServerError::new(said.to_string(), None));
        }
        next.run(ctx, request.data(viewer)).await
    }

    /// What comes over a socket may take as long as what comes by a request.
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        if ctx.data_opt::<OverSocket>().is_none() {
            return next.run(ctx, operation_name).await;
        }
        match tokio::time::timeout(LONGEST, next.run(ctx, operation_name)).await {
            Ok(response) => response,
            Err(_) => {
                let said = "the query took longer than 10 seconds; ask for less at a time";
                Response::from_errors(vec![ServerError::new(said, None)])
            }
        }
    }
}

struct CountAliases;

#[async_trait::async_trait]
impl Extension for CountAliases {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let in_operations: usize =
            document.operations.iter().map(|(_, o)| count(&o.node.selection_set.node)).sum();
        let in_fragments: usize =
            document.fragments.values().map(|f| count(&f.node.selection_set.node)).sum();
        if in_operations + in_fragments > MAX_ALIASES {
            return Err(ServerError::new(format!("at most {MAX_ALIASES} aliases"), None));
        }
        Ok(document)
    }
}

fn count(set: &SelectionSet) -> usize {
    set.items
        .iter()
        .map(|item| match &item.node {
            Selection::Field(field) => {
                usize::from(field.node.alias.is_some()) + count(&field.node.selection_set.node)
            }
            Selection::InlineFragment(fragment) => count(&fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => 0,
        })
        .sum()
}
