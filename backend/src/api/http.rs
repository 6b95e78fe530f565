//! GraphQL over HTTP and WebSocket, previews of mails, and health.

use super::{
    ApiSchema,
    graphql::{Api, access::RequestId, limits::LONGEST, loaders},
    pieces::bounded,
    rate::{Caller, Stand},
    sheet,
};
use crate::{
    auth::http::Site,
    config::Config,
    db::{Db, dialect},
};
use actix_web::{
    HttpRequest, HttpResponse,
    guard::{self, GuardContext},
    http::{StatusCode, header},
    web,
};
use async_graphql::Data;
use async_graphql_actix_web::{GraphQLResponse, GraphQLSubscription};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Largest body of a query; a parse error repeats the line it is on, so this bounds answers too.
pub const MAX_BODY: usize = 64 * 1024;

/// The bearer token a request came with, for streams that outlive it.
#[derive(Clone)]
pub struct Bearer(pub String);

/// Operations that may be under way on one socket at a time, subscriptions among them; a page of the console has three.
pub const MOST_AT_ONCE: usize = 50;

/// That a request came over a socket, whose token was shown once and may be over by now; and how many more there is room for.
#[derive(Clone)]
pub struct OverSocket(pub Arc<Semaphore>);

impl Default for OverSocket {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_AT_ONCE)))
    }
}

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/graphql")
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .route(web::post().guard(guard::fn_guard(is_json)).to(graphql))
                .route(web::post().to(not_json))
                .route(web::get().to(explorer)),
        )
        .route("/graphql/ws", web::get().to(socket))
        .route(
            "/graphql/explorer.js",
            web::get().to(|| async {
                HttpResponse::Ok()
                    .content_type("text/javascript; charset=utf-8")
                    .body(include_str!("explorer/explorer.js"))
            }),
        )
        .route(
            "/graphql/explorer.css",
            web::get().to(|| async {
                HttpResponse::Ok()
                    .content_type("text/css; charset=utf-8")
                    .body(include_str!("explorer/explorer.css"))
            }),
        )
        .configure(sheet::routes)
        .route("/healthz", web::get().to(|| async { HttpResponse::Ok().body("ok") }))
        .route("/readyz", web::get().to(ready));
}

/// JSON by its name: what a form or a script of another site can send without asking is anything but that.
fn is_json(request: &GuardContext<'_>) -> bool {
    let named = request.head().headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = named.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

async fn not_json() -> HttpResponse {
    refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON, with the content type application/json")
}

fn refused(status: StatusCode, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(serde_json::json!({ "errors": [{ "message": message }] }))
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

async fn graphql(
    request: HttpRequest,
    schema: web::Data<ApiSchema>,
    api: web::Data<Api>,
    site: web::Data<Site>,
    body: web::Bytes,
) -> HttpResponse {
    use actix_web::Responder;
    if !site.own(&request) {
        return refused(StatusCode::FORBIDDEN, "this request comes from another site");
    }
    // One operation: many in one request would be a way around the bounds of each.
    let Ok(query) = serde_json::from_slice::<async_graphql::Request>(&body) else {
        let said = "send one JSON object with \"query\", and \"variables\" and \"operationName\" where it needs them";
        return refused(StatusCode::BAD_REQUEST, said);
    };
    let number = RequestId(api.env.secret::<9>("req_"));
    let mut query = query.data(number.clone());
    loaders::insert(&mut query.data, &api);
    let mut caller = Caller::Stranger(site.caller(&request));
    if let Some(token) = bearer(&request) {
        match api.grants.viewer(&token).await {
            Ok(Some(viewer)) => {
                caller = Caller::of(&viewer);
                query = query.data(viewer).data(Bearer(token));
            }
            Ok(None) => {
                let stand = api.rates.take(caller, api.env.now());
                return too_many(&stand).unwrap_or_else(|| standing(&stand, signed_out()));
            }
            Err(e) => {
                tracing::error!(request = number.0, error = %e, "credentials could not be checked");
                return HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "2")).json(
                    serde_json::json!({ "errors": [{ "message": "not possible at the moment; try again" }] }),
                );
            }
        }
    } else if !development(&request) {
        // Strangers can read `schema.graphql`; they need not be told which of it runs here.
        query = query.disable_introspection();
    }
    let stand = api.rates.take(caller, api.env.now());
    if let Some(response) = too_many(&stand) {
        return response;
    }
    let answer = tokio::time::timeout(LONGEST, schema.execute(query)).await;
    let response = match answer {
        Ok(mut answer) => {
            for error in &mut answer.errors {
                // A message can repeat what was sent; nobody needs more of it than this.
                if error.message.len() > 500 {
                    error.message = error.message.chars().take(500).collect();
                }
            }
            let mut response = GraphQLResponse::from(answer).respond_to(&request).map_into_boxed_body();
            if let Ok(value) = header::HeaderValue::from_str(&number.0) {
                response.headers_mut().insert(header::HeaderName::from_static("x-request-id"), value);
            }
            response
        }
        Err(_) => HttpResponse::build(StatusCode::GATEWAY_TIMEOUT).json(serde_json::json!({ "errors": [{ "message": "the query took longer than 10 seconds; ask for less at a time" }] })),
    };
    standing(&stand, response)
}

/// What somebody is answered who has asked too much.
fn too_many(stand: &Stand) -> Option<HttpResponse> {
    let said = stand.refused()?.to_string();
    let error = serde_json::json!({ "message": said, "extensions": { "code": "too_many_requests" } });
    let response = HttpResponse::TooManyRequests().json(serde_json::json!({ "errors": [error] }));
    Some(standing(stand, response))
}

/// The same answer, with how the caller stands.
fn standing(stand: &Stand, mut response: HttpResponse) -> HttpResponse {
    stand.tell(response.headers_mut());
    response
}

fn signed_out() -> HttpResponse {
    HttpResponse::Unauthorized()
        .json(serde_json::json!({ "errors": [{ "message": "the session is over; sign in again", "extensions": { "code": "signed_out" } }] }))
}

fn development(request: &HttpRequest) -> bool {
    request.app_data::<web::Data<Config>>().is_some_and(|config| config.development)
}

/// A page to try queries in; only in development.
async fn explorer(request: HttpRequest) -> HttpResponse {
    if !development(&request) {
        return HttpResponse::NotFound().finish();
    }
    HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header(("content-security-policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'")).body(include_str!("explorer/index.html"))
}

async fn socket(
    request: HttpRequest,
    body: web::Payload,
    schema: web::Data<ApiSchema>,
    api: web::Data<Api>,
    site: web::Data<Site>,
) -> actix_web::Result<HttpResponse> {
    // A socket without Origin is no browser's; one from elsewhere is refused.
    if !site.own(&request) {
        return Ok(HttpResponse::Forbidden().finish());
    }
    let api = api.into_inner();
    GraphQLSubscription::new(schema.get_ref().clone())
        .on_connection_init(move |hello: serde_json::Value| async move {
            let token = hello.get("token").and_then(|t| t.as_str()).unwrap_or_default().to_owned();
            let viewer = api
                .grants
                .viewer(&token)
                .await
                .ok()
                .flatten()
                .ok_or_else(super::graphql::errors::signed_out)?;
            let mut data = Data::default();
            data.insert(viewer);
            data.insert(Bearer(token));
            data.insert(OverSocket::default());
            data.insert(RequestId(api.env.secret::<9>("req_")));
            loaders::insert(&mut data, &api);
            Ok(data)
        })
        .start(&request, bounded(body, MAX_BODY))
}

async fn ready(db: web::Data<Db>) -> HttpResponse {
    match dialect::ping(&db).await {
        Ok(()) => HttpResponse::Ok().body("ready"),
        Err(e) => {
            tracing::warn!(error = %e, "not ready");
            HttpResponse::ServiceUnavailable().body("the database does not answer")
        }
    }
}
