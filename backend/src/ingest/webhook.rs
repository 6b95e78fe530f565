//! `POST /webhooks/{platform}/{store_id}`: signature on the raw bytes first, everything else after.

mod big;
mod woo;

use super::{
    http::Edge,
    inbox::InboxError,
    raw,
    read::{self, Object, Problem},
    shopify::{self, Delivery, Translated},
};
use crate::{
    accounts::{SecretKind, StoreInfo, secrets},
    platforms::{Platform, link::Came},
    privacy,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use base64::Engine;
use cartwheel_domain::{event::Event, ids::StoreId, time::parse_rfc3339};
use ring::{digest, hmac};
use serde_json::{Value, json};
use std::sync::Arc;

/// The largest webhook: a cart of 10,000 lines is about 5 MB.
pub const MAX_WEBHOOK: usize = 8 * 1024 * 1024;

/// Adds the routes; [`Edge`] must be in the app's data.
pub fn configure(config: &mut web::ServiceConfig) {
    let of = |platform: &str| {
        web::resource(format!("/webhooks/{platform}/{{store_id}}"))
            .app_data(web::PayloadConfig::new(MAX_WEBHOOK))
    };
    config
        .service(of("shopify").route(web::post().to(shopify)))
        .service(of("woocommerce").route(web::post().to(woo::woocommerce)))
        .service(of("bigcommerce").route(web::post().to(big::bigcommerce)));
}

type Body = Result<web::Bytes, actix_web::Error>;

fn refused(status: StatusCode, problem: &Problem) -> HttpResponse {
    HttpResponse::build(status).json(json!({"success": false, "errors": [problem]}))
}

fn later(message: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
        .insert_header((header::RETRY_AFTER, 5))
        .json(json!({"success": false, "errors": [Problem::new("", message)]}))
}

/// The store of an address, and the raw bytes.
async fn opened(edge: &Edge, path: &str, body: Body) -> Result<(Arc<StoreInfo>, web::Bytes), HttpResponse> {
    let Ok(body) = body else {
        return Err(refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            &Problem::new("", format!("a webhook has at most {MAX_WEBHOOK} bytes")),
        ));
    };
    let found = match path.parse::<StoreId>() {
        Ok(id) => edge.stores.by_id(id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(store)) => Ok((store, body)),
        Ok(None) => Err(refused(StatusCode::NOT_FOUND, &Problem::new("", "there is no such store"))),
        Err(error) => {
            tracing::error!(%error, "a store could not be looked up");
            Err(later("the service cannot reach its database"))
        }
    }
}

/// The JSON object of a body.
fn object_of(body: &[u8]) -> Result<Object, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::new("", "the body is not UTF-8"))?;
    let value: Value =
        serde_json::from_str(text).map_err(|error| Problem::new("", format!("this is not JSON: {error}")))?;
    if let Some(place) = read::nul(text, &value) {
        return Err(Problem::new(place, "a NUL character cannot be kept"));
    }
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Problem::new("", "a webhook is a JSON object")),
    }
}

/// Whether bytes carry the base64 of their HMAC-SHA256, compared in constant time.
fn hmac_of(secret: &[u8], parts: &[&[u8]], claimed: &str) -> bool {
    let Ok(claimed) = base64::engine::general_purpose::STANDARD.decode(claimed) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, &parts.concat(), &claimed).is_ok()
}

/// Takes in what a delivery means; answers when it is durable.
async fn keep(edge: &Edge, store: Arc<StoreInfo>, events: Vec<Event>, kept: String) -> HttpResponse {
    match edge.inbox.accept(store, raw::arrived(events, kept)).await {
        Ok(outcomes) => HttpResponse::Ok().json(json!({"success": true, "accepted": outcomes.len()})),
        Err(error @ (InboxError::Full | InboxError::Closed)) => later(&error.to_string()),
        Err(InboxError::Database(_)) => later("the events could not be kept"),
    }
}

async fn shopify(
    edge: web::Data<Edge>,
    request: HttpRequest,
    path: web::Path<String>,
    body: Body,
) -> HttpResponse {
    let (store, body) = match opened(&edge, &path, body).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let note = async |came| {
        edge.heard.note(&edge.db, store.id, Platform::Shopify, came, edge.env.now()).await;
    };
    match signed(&edge, &store, &request, &body).await {
        Ok(true) => note(Came::Genuine).await,
        Ok(false) => {
            note(Came::Unsigned).await;
            return refused(
                StatusCode::UNAUTHORIZED,
                &Problem::new(
                    "",
                    "the signature does not match; enter the Shopify app's client secret under Settings",
                ),
            );
        }
        Err(error) => {
            tracing::error!(%error, store = %store.id, "the store's Shopify secret could not be read");
            return later("the signature could not be checked");
        }
    }
    take(&edge, store, &request, &body).await
}

fn text<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|t| !t.is_empty() && t.len() <= read::MAX_ID)
}

/// Whether the raw bytes carry the signature of the store's secret, compared in constant time; and whether they are
/// of the store's own shop.
async fn signed(
    edge: &Edge,
    store: &StoreInfo,
    request: &HttpRequest,
    body: &[u8],
) -> Result<bool, secrets::SecretError> {
    let claimed = text(request, "x-shopify-hmac-sha256");
    let secret = edge.stores.secret(&edge.master_key, store.id, SecretKind::Shopify).await?;
    let (Some(claimed), Some(secret)) = (claimed, secret) else { return Ok(false) };
    let own = match (store.settings.shopify_domain.as_str(), text(request, "x-shopify-shop-domain")) {
        ("", _) | (_, None) => true,
        (own, Some(said)) => own.eq_ignore_ascii_case(said),
    };
    Ok(hmac_of(secret.expose().as_bytes(), &[body], claimed) && own)
}

async fn take(edge: &Edge, store: Arc<StoreInfo>, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    let bad = |problem: &Problem| refused(StatusCode::BAD_REQUEST, problem);
    let Some(topic) = text(request, "x-shopify-topic") else {
        return bad(&Problem::new("", "the header X-Shopify-Topic is missing"));
    };
    let object = match object_of(body) {
        Ok(object) => object,
        Err(problem) => return bad(&problem),
    };
    let id = text(request, "x-shopify-event-id").or_else(|| text(request, "x-shopify-webhook-id"));
    let id = id.map_or_else(|| hex::encode(digest::digest(&digest::SHA256, body)), str::to_owned);
    let delivery = Delivery {
        // One action can raise several topics under one event id.
        event_id: format!("{topic}:{id}"),
        topic: topic.to_owned(),
        triggered_at: text(request, "x-shopify-triggered-at").and_then(parse_rfc3339),
        received: edge.env.now(),
    };
    match shopify::translate(&delivery, &object, &store.settings) {
        Err(problem) => bad(&problem),
        Ok(Translated::Ignored) => HttpResponse::Ok().json(json!({"success": true, "accepted": 0})),
        Ok(Translated::Privacy(notice)) => {
            let request = privacy::Request {
                kind: notice.kind,
                source: "shopify",
                source_id: delivery.event_id,
                user_id: notice.user_id,
                email: notice.email.and_then(|e| e.parse().ok()),
                phone: notice.phone.and_then(|p| p.parse().ok()),
                orders: notice.orders,
                due_at: notice.due_at,
            };
            match privacy::receive(&edge.db, &edge.env, &edge.master_key, store.id, request).await {
                Ok(()) => HttpResponse::Ok().json(json!({"success": true})),
                Err(error) => {
                    tracing::error!(%error, store = %store.id, "a privacy request could not be kept");
                    later("the request could not be kept")
                }
            }
        }
        Ok(Translated::Events(events)) => keep(edge, store, events, raw::webhook(topic, &object)).await,
    }
}

#[cfg(test)]
mod tests;
