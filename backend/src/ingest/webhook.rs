//! `POST /webhooks/shopify/{store_id}`: signature on the raw bytes first, everything else after.

use super::{
    http::Edge,
    inbox::InboxError,
    project::Arrived,
    raw,
    read::{self, Problem},
    shopify::{self, Delivery, Translated},
};
use crate::{
    accounts::{SecretKind, StoreInfo, secrets},
    privacy,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use base64::Engine;
use cartwheel_domain::{ids::StoreId, time::parse_rfc3339};
use ring::{digest, hmac};
use serde_json::{Value, json};
use std::sync::Arc;

/// The largest webhook: a cart of 10,000 lines is about 5 MB.
pub const MAX_WEBHOOK: usize = 8 * 1024 * 1024;

/// Adds the routes; [`Edge`] must be in the app's data.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/webhooks/shopify/{store_id}")
            .app_data(web::PayloadConfig::new(MAX_WEBHOOK))
            .route(web::post().to(shopify)),
    );
}

fn refused(status: StatusCode, problem: &Problem) -> HttpResponse {
    HttpResponse::build(status).json(json!({"success": false, "errors": [problem]}))
}

fn later(message: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
        .insert_header((header::RETRY_AFTER, 5))
        .json(json!({"success": false, "errors": [Problem::new("", message)]}))
}

async fn shopify(
    edge: web::Data<Edge>,
    request: HttpRequest,
    path: web::Path<String>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    let Ok(body) = body else {
        return refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            &Problem::new("", format!("a webhook has at most {MAX_WEBHOOK} bytes")),
        );
    };
    let found = match path.parse::<StoreId>() {
        Ok(id) => edge.stores.by_id(id).await,
        Err(_) => Ok(None),
    };
    let store = match found {
        Ok(Some(store)) => store,
        Ok(None) => return refused(StatusCode::NOT_FOUND, &Problem::new("", "there is no such store")),
        Err(error) => {
            tracing::error!(%error, "a store could not be looked up");
            return later("the service cannot reach its database");
        }
    };
    match signed(&edge, &store, &request, &body).await {
        Ok(true) => {}
        Ok(false) => {
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
    let claimed = text(request, "x-shopify-hmac-sha256")
        .and_then(|t| base64::engine::general_purpose::STANDARD.decode(t).ok());
    let secret = edge.stores.secret(&edge.master_key, store.id, SecretKind::Shopify).await?;
    let (Some(claimed), Some(secret)) = (claimed, secret) else { return Ok(false) };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let own = match (store.settings.shopify_domain.as_str(), text(request, "x-shopify-shop-domain")) {
        ("", _) | (_, None) => true,
        (own, Some(said)) => own.eq_ignore_ascii_case(said),
    };
    Ok(hmac::verify(&key, body, &claimed).is_ok() && own)
}

async fn take(edge: &Edge, store: Arc<StoreInfo>, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    let bad = |problem: &Problem| refused(StatusCode::BAD_REQUEST, problem);
    let Some(topic) = text(request, "x-shopify-topic") else {
        return bad(&Problem::new("", "the header X-Shopify-Topic is missing"));
    };
    let Ok(text_body) = std::str::from_utf8(body) else {
        return bad(&Problem::new("", "the body is not UTF-8"));
    };
    let value: Value = match serde_json::from_str(text_body) {
        Ok(value) => value,
        Err(error) => return bad(&Problem::new("", format!("this is not JSON: {error}"))),
    };
    if let Some(place) = read::nul(text_body, &value) {
        return bad(&Problem::new(place, "a NUL character cannot be kept"));
    }
    let Value::Object(object) = value else { return bad(&Problem::new("", "a webhook is a JSON object")) };
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
        Ok(Translated::Events(events)) => {
            let kept = raw::webhook(topic, &object);
            let first = events.first().map(|e| e.source_id.clone()).unwrap_or_default();
            // What came along with the main fact is kept without its text a second time.
            let text_of = |id: &str| if id == first { kept.clone() } else { "{}".to_owned() };
            let arrived = events.into_iter().map(|e| {
                let raw = text_of(&e.source_id);
                Arrived::new(e, raw, None)
            });
            match edge.inbox.accept(store, arrived.collect()).await {
                Ok(outcomes) => HttpResponse::Ok().json(json!({"success": true, "accepted": outcomes.len()})),
                Err(error @ (InboxError::Full | InboxError::Closed)) => later(&error.to_string()),
                Err(InboxError::Database(_)) => later("the events could not be kept"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
