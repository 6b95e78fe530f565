//! Bounds the library does not have: aliases, what a document is when its fragments are put in, and the end of a session on a socket that stays open.

use super::{Api, errors};
use crate::api::{
    http::{Bearer, MOST_AT_ONCE, OverSocket},
    rate::Caller,
};
use async_graphql::{
    Pos, Request, Response, ServerError, ServerResult, Variables,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextPrepareRequest,
    },
    parser::{
        parse_query,
        types::{ExecutableDocument, Selection, SelectionSet},
    },
};
use std::{collections::HashMap, sync::Arc};

/// Most aliases in one document; a page of the console needs none.
pub const MAX_ALIASES: usize = 30;

/// Most selections of a document whose fragments are put in where they are spread, those with fields of their own counted
/// [`OBJECT`] times. The same list a hundred times is looked up a hundred times. The console's largest is below a thousand.
pub const MAX_SELECTIONS: usize = 5_000;
/// What a field with fields of its own counts.
const OBJECT: usize = 25;
/// Deepest nesting that is looked at, fragments included; the schema's own bounds are below it.
const DEEPEST: usize = 100;

/// Longest a query may take.
pub const LONGEST: std::time::Duration = std::time::Duration::from_secs(10);

/// Refuses documents with more than [`MAX_ALIASES`] aliases or [`MAX_SELECTIONS`] selections, before anything is validated.
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
        let Some(socket) = ctx.data_opt::<OverSocket>() else { return next.run(ctx, request).await };
        // Before anything is waited for: whoever asks a thousand things at once is told so at once. Held until the operation ends.
        let place = socket.0.clone().try_acquire_owned().map_err(|_| {
            ServerError::new(format!("at most {MOST_AT_ONCE} operations at a time on one socket"), None)
        })?;
        let viewer = match (ctx.data_opt::<Api>(), ctx.data_opt::<Bearer>()) {
            (Some(api), Some(bearer)) => api.grants.viewer(&bearer.0).await.ok().flatten(),
            _ => None,
        };
        let viewer = viewer.ok_or_else(|| errors::signed_out().into_server_error(Pos::default()))?;
        let stand = ctx.data_opt::<Api>().map(|api| api.rates.take(Caller::of(&viewer), api.env.now()));
        if let Some(said) = stand.and_then(|stand| stand.refused()) {
            return Err(ServerError::new(said.to_string(), None));
        }
        next.run(ctx, request.data(viewer).data(place)).await
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
    /// The library follows every spread of every fragment to see how deep a document is: thirty fragments that each spread the next
    /// twice are a thousand million steps, on a thread that answers nobody else meanwhile. So they are counted first, each
    /// fragment once. A document that is known by its hash was counted when it was kept.
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        if !request.query.is_empty() {
            let document = parse_query(&request.query)?;
            let mut known = HashMap::new();
            let sets = document.operations.iter().map(|(_, o)| &o.node.selection_set.node);
            let sets = sets.chain(document.fragments.values().map(|f| &f.node.selection_set.node));
            let mut all = 0_usize;
            for set in sets {
                all = all.saturating_add(selections(set, &document, &mut known, 0)?);
            }
            if all > MAX_SELECTIONS {
                return Err(ServerError::new(
                    "the query asks for too many things at a time; ask in parts",
                    None,
                ));
            }
            request.set_parsed_query(document);
        }
        next.run(ctx, request).await
    }

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

/// Selections of a set with its fragments put in. `known` holds what fragments come to; `None` while one is being counted.
fn selections<'d>(
    set: &'d SelectionSet,
    document: &'d ExecutableDocument,
    known: &mut HashMap<&'d str, Option<usize>>,
    depth: usize,
) -> ServerResult<usize> {
    if depth > DEEPEST {
        return Err(ServerError::new("the query is nested too deep", None));
    }
    let mut all = set.items.len();
    for item in &set.items {
        let inner = match &item.node {
            Selection::Field(field) if field.node.selection_set.node.items.is_empty() => 0,
            Selection::Field(field) => {
                OBJECT + selections(&field.node.selection_set.node, document, known, depth + 1)?
            }
            Selection::InlineFragment(fragment) => {
                selections(&fragment.node.selection_set.node, document, known, depth + 1)?
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                match (known.get(name.as_str()), document.fragments.get_key_value(name)) {
                    (Some(Some(n)), _) => *n,
                    (Some(None), _) => {
                        return Err(ServerError::new(format!("the fragment {name} spreads itself"), None));
                    }
                    // One that is not there is the validator's to name.
                    (None, None) => 0,
                    (None, Some((name, fragment))) => {
                        known.insert(name.as_str(), None);
                        let n = selections(&fragment.node.selection_set.node, document, known, depth + 1)?;
                        known.insert(name.as_str(), Some(n));
                        n
                    }
                }
            }
        };
        all = all.saturating_add(inner);
    }
    Ok(all)
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
