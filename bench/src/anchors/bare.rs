//! The smallest GraphQL server there is: actix-web, async-graphql and sqlx over an SQLite file, for one question about the
//! service's own rows. Nobody signs in, nothing is limited, there is one statement.

use crate::Outcome;
use actix_web::{App, HttpServer, web};
use async_graphql::{Context, EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject};
use async_graphql_actix_web::{GraphQLRequest, GraphQLResponse};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::ids::{ContactId, StoreId};
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};
use std::path::Path;

/// What is asked of this server and of the service alike: a page of people, six fields of each.
pub const DOCUMENT: &str = "query Contacts($store: ID!, $first: Int!, $after: String) {
  store(id: $store) {
    contacts(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node { id name email language country ordersCount } }
    }
  }
}
";

/// The page after a place, the last seen first.
const PAGE: &str = "SELECT id, first_name, last_name, email, locale, country, orders_count, last_seen_at \
    FROM contact WHERE store_id = ?1 AND merged_into IS NULL AND (last_seen_at, id) < (?2, ?3) \
    ORDER BY last_seen_at DESC, id DESC LIMIT ?4";

/// Workers of the service, and readers of its database (`backend/src/app.rs`, `db/connect.rs`).
const WORKERS: usize = 2;
const READERS: u32 = 8;

/// A place in the list, as the service writes it.
pub fn cursor(at: i64, id: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode([at.to_be_bytes().as_slice(), &id].concat())
}

fn place(cursor: &str) -> Option<(i64, Vec<u8>)> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (at, id) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*at), id.to_vec()))
}

type Bare = Schema<Query, EmptyMutation, EmptySubscription>;

struct Query;

struct Store(StoreId);

#[derive(SimpleObject)]
struct Contacts {
    page_info: PageInfo,
    edges: Vec<Edge>,
}

#[derive(SimpleObject)]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(SimpleObject)]
struct Edge {
    node: Contact,
}

#[derive(SimpleObject)]
struct Contact {
    id: ID,
    name: Option<String>,
    email: Option<String>,
    language: Option<String>,
    country: Option<String>,
    orders_count: i32,
    #[graphql(skip)]
    cursor: String,
}

#[Object]
impl Query {
    async fn store(&self, id: ID) -> async_graphql::Result<Store> {
        Ok(Store(id.parse()?))
    }
}

#[Object]
impl Store {
    async fn contacts(
        &self,
        ctx: &Context<'_>,
        first: i32,
        after: Option<String>,
    ) -> async_graphql::Result<Contacts> {
        let (at, id) = after.as_deref().and_then(place).unwrap_or((i64::MAX, vec![0xff; 16]));
        let query = sqlx::query(PAGE).bind(self.0.uuid()).bind(at).bind(id).bind(first + 1);
        let rows = query.fetch_all(ctx.data::<SqlitePool>()?).await?;
        let wanted = usize::try_from(first)?;
        let nodes = rows.iter().take(wanted).map(contact).collect::<Result<Vec<_>, _>>()?;
        let end_cursor = nodes.last().map(|c| c.cursor.clone());
        let page_info = PageInfo { has_next_page: rows.len() > wanted, end_cursor };
        Ok(Contacts { page_info, edges: nodes.into_iter().map(|node| Edge { node }).collect() })
    }
}

fn contact(row: &SqliteRow) -> Result<Contact, sqlx::Error> {
    let id = ContactId(row.try_get("id")?);
    let parts: [Option<&str>; 2] = [row.try_get("first_name")?, row.try_get("last_name")?];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    Ok(Contact {
        id: ID(id.to_string()),
        name: (!parts.is_empty()).then(|| parts.join(" ")),
        email: row.try_get("email")?,
        language: row.try_get("locale")?,
        country: row.try_get("country")?,
        orders_count: row.try_get("orders_count")?,
        cursor: cursor(row.try_get("last_seen_at")?, id.uuid().into_bytes()),
    })
}

async fn answer(schema: web::Data<Bare>, request: GraphQLRequest) -> GraphQLResponse {
    schema.execute(request.into_inner()).await.into()
}

/// Serves for ever, as a process of its own; prints its port first. `limits` puts on those of the service's that the library
/// has (`backend/src/api/graphql/mod.rs`).
///
/// # Errors
/// The file cannot be opened, or no port is free.
pub async fn serve(file: &Path, limits: bool) -> Outcome {
    let options = SqliteConnectOptions::new().filename(file).pragma("cache_size", "-6144");
    let pool = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await?;
    let mut schema = Schema::build(Query, EmptyMutation, EmptySubscription).data(pool);
    if limits {
        schema =
            schema.limit_depth(12).limit_recursive_depth(32).limit_complexity(20_000).limit_directives(5);
    }
    let schema = schema.finish();
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(schema.clone())).route("/graphql", web::post().to(answer))
    });
    let server = server.workers(WORKERS).disable_signals().bind(("127.0.0.1", 0))?;
    println!("{}", server.addrs().first().ok_or("the server listens nowhere")?.port());
    Ok(server.run().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        assert_eq!(place(&cursor(1_795_000_000_123, [7; 16])), Some((1_795_000_000_123, vec![7; 16])));
        assert_eq!(place("short"), None);
    }
}
