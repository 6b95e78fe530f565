//! Webhooks of WooCommerce.
//!
//! WooCommerce switches a webhook off after five answers in a row that are none of 2xx. So what is genuine and cannot be
//! read is answered by 200 with what is wrong in it, and noted at the connection; only what is not genuine is refused.

use super::{super::woo, Body, Edge, hmac_of, keep, later, object_of, opened, refused, text};
use crate::{
    accounts::SecretKind,
    config::Secret,
    ingest::{raw, read::Problem},
    platforms::{Platform, link::Came},
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use cartwheel_domain::settings::host_of;
use serde_json::json;

const UNSIGNED: &str = "the signature does not match; the webhook's secret and the one under Settings, Shop platform must be the same";
const ELSEWHERE: &str =
    "this comes from another shop than the one that is connected, perhaps from a copy of it";

/// `POST /webhooks/woocommerce/{store_id}`.
pub async fn woocommerce(
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
        edge.heard.note(&edge.db, store.id, Platform::Woocommerce, came, edge.env.now()).await;
    };
    let secret = match edge.stores.secret(&edge.master_key, store.id, SecretKind::WooWebhook).await {
        Ok(secret) => secret,
        Err(error) => {
            tracing::error!(%error, store = %store.id, "the store's WooCommerce secret could not be read");
            return later("the signature could not be checked");
        }
    };
    let said = match judge(secret.as_ref().map(Secret::expose), &store.settings.woo_url, &request, &body) {
        Judgement::Ping => return HttpResponse::Ok().json(json!({"success": true, "accepted": 0})),
        Judgement::Genuine => None,
        Judgement::Unsigned => Some((Came::Unsigned, UNSIGNED)),
        Judgement::Elsewhere => Some((Came::Elsewhere, ELSEWHERE)),
    };
    if let Some((came, said)) = said {
        note(came).await;
        return refused(StatusCode::UNAUTHORIZED, &Problem::new("", said));
    }
    let events = topic(&request).and_then(|topic| {
        let object = object_of(&body)?;
        let delivery = woo::Delivery { topic: topic.to_owned(), received: edge.env.now() };
        Ok((woo::translate(&delivery, &object, &store.settings)?, raw::webhook(topic, &object)))
    });
    match events {
        Ok((events, kept)) => {
            note(Came::Genuine).await;
            keep(&edge, store, events, kept).await
        }
        Err(problem) => {
            note(Came::Unreadable).await;
            metrics::counter!("cartwheel_webhooks_unreadable_total", "platform" => "woocommerce")
                .increment(1);
            tracing::warn!(store = %store.id, pointer = %problem.pointer, problem = %problem.message, "a webhook of WooCommerce could not be read");
            HttpResponse::Ok().json(json!({"success": true, "accepted": 0, "errors": [problem]}))
        }
    }
}

/// `webhook_id=12`, as a form: what WooCommerce sends when a webhook is made.
fn ping(body: &[u8]) -> bool {
    let digits = body.strip_prefix(b"webhook_id=").unwrap_or_default();
    (1..=20).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

/// What a delivery is, before anything in it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    /// Asked of each address that is entered; it is not signed, and changes nothing.
    Ping,
    /// Of the shop that is connected.
    Genuine,
    /// Not signed with the store's secret, or the store has none.
    Unsigned,
    /// A copy of a shop, for trying things out, has its webhooks and their secrets too.
    Elsewhere,
}

fn judge(secret: Option<&str>, shop: &str, request: &HttpRequest, body: &[u8]) -> Judgement {
    let Some(claimed) = text(request, "x-wc-webhook-signature") else {
        return if ping(body) { Judgement::Ping } else { Judgement::Unsigned };
    };
    if !secret.is_some_and(|secret| hmac_of(secret.as_bytes(), &[body], claimed)) {
        return Judgement::Unsigned;
    }
    match (host_of(shop), text(request, "x-wc-webhook-source").and_then(host_of)) {
        (Some(own), Some(said)) if own != said => Judgement::Elsewhere,
        _ => Judgement::Genuine,
    }
}

/// The topic, if all headers say the same.
fn topic(request: &HttpRequest) -> Result<&str, Problem> {
    let said = |problem: &str| Problem::new("", problem);
    let topic = text(request, "x-wc-webhook-topic")
        .ok_or_else(|| said("the header X-WC-Webhook-Topic is missing"))?;
    let (resource, event) = topic.split_once('.').unwrap_or((topic, ""));
    let agrees = |name, part| text(request, name).is_none_or(|said| said == part);
    if agrees("x-wc-webhook-resource", resource) && agrees("x-wc-webhook-event", event) {
        Ok(topic)
    } else {
        Err(said("the headers X-WC-Webhook-Topic, -Resource and -Event do not say the same"))
    }
}

#[cfg(test)]
#[path = "woo_tests.rs"]
mod tests;
