//! Webhooks of BigCommerce: hints at what changed. They are kept at once and fetched afterwards ([`crate::ingest::catch_up`]).
//!
//! A delivery is genuine when it carries the header that we gave with the webhook and is signed, in the form of Standard
//! Webhooks, with the client secret of the store's API account. Below 90 % of answers of 2xx BigCommerce stops for minutes and then for
//! good; so what is genuine and cannot be read is answered by 200.

use super::{Body, Edge, hmac_of, later, object_of, opened, refused, text};
use crate::{
    accounts::SecretKind,
    config::Secret,
    ingest::{
        catch_up::{Hint, keep},
        read::{self, Object, Problem},
    },
    platforms::{Platform, link::Came},
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use cartwheel_domain::time::{DAY, HOUR, Millis, SECOND};
use ring::hmac;
use serde_json::{Value, json};

/// Deliveries are repeated for 48 hours; older ones are somebody else's.
const OLDEST: Millis = 3 * DAY;
/// How far the platform's clock may be ahead of ours.
const AHEAD: Millis = HOUR;

/// `POST /webhooks/bigcommerce/{store_id}`.
pub async fn bigcommerce(
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
        edge.heard.note(&edge.db, store.id, Platform::Bigcommerce, came, edge.env.now()).await;
    };
    let secret = async |kind| edge.stores.secret(&edge.master_key, store.id, kind).await;
    let secrets = match (
        secret(SecretKind::BigcommerceClient).await,
        secret(SecretKind::BigcommerceHeader).await,
    ) {
        (Ok(client), Ok(header)) => (client, header),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, store = %store.id, "the store's BigCommerce secrets could not be read");
            return later("the signature could not be checked");
        }
    };
    let own = (secrets.0.as_ref().map(Secret::expose), secrets.1.as_ref().map(Secret::expose));
    if !genuine(own, &request, &body, edge.env.now()) {
        note(Came::Unsigned).await;
        let said = "the signature or the header does not match; connect the store anew under Settings, Shop platform";
        return refused(StatusCode::UNAUTHORIZED, &Problem::new("", said));
    }
    let told = object_of(&body).and_then(|object| hint(&object, edge.env.now()));
    match told {
        Ok((Some(producer), _)) if producer != format!("stores/{}", store.settings.bigcommerce_store) => {
            note(Came::Elsewhere).await;
            let said = "this comes from another store of BigCommerce's than the one that is connected";
            refused(StatusCode::UNAUTHORIZED, &Problem::new("/producer", said))
        }
        Ok((_, hint)) => {
            let hints: Vec<Hint> = hint.into_iter().collect();
            let accepted = hints.len();
            if let Err(error) = keep(&edge.db, &edge.env, store.id, hints).await {
                tracing::error!(%error, store = %store.id, "what BigCommerce hinted at could not be kept");
                return later("the event could not be kept");
            }
            note(Came::Genuine).await;
            HttpResponse::Ok().json(json!({"success": true, "accepted": accepted}))
        }
        Err(problem) => {
            note(Came::Unreadable).await;
            metrics::counter!("cartwheel_webhooks_unreadable_total", "platform" => "bigcommerce")
                .increment(1);
            HttpResponse::Ok().json(json!({"success": true, "accepted": 0, "errors": [problem]}))
        }
    }
}

/// Whether a delivery is signed by the client secret over its id, its time and its raw bytes, and carries our header.
fn genuine(own: (Option<&str>, Option<&str>), request: &HttpRequest, body: &[u8], now: Millis) -> bool {
    let (Some(client), Some(header)) = own else { return false };
    let said = |name| text(request, name);
    let (Some(id), Some(at), Some(signatures), Some(shown)) = (
        said("webhook-id"),
        said("webhook-timestamp"),
        request.headers().get("webhook-signature").and_then(|v| v.to_str().ok()).filter(|v| v.len() <= 2_000),
        said("x-cartwheel-secret"),
    ) else {
        return false;
    };
    let Some(sent) = at.parse::<Millis>().ok().and_then(|s| s.checked_mul(SECOND)) else { return false };
    let timely = (now - OLDEST..=now + AHEAD).contains(&sent);
    // Compared by what they sign, which takes as long whatever differs.
    let key = |secret: &str| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let carried = hmac::verify(&key(header), b"header", hmac::sign(&key(shown), b"header").as_ref()).is_ok();
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", at.as_bytes(), b".", body];
    let mut versions = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let signed = versions.any(|claimed| hmac_of(client.as_bytes(), &parts, claimed));
    timely && carried && signed
}

/// Which store it tells of, and what is to be fetched; nothing of what we did not ask for.
fn hint(body: &Object, now: Millis) -> Result<(Option<String>, Option<Hint>), Problem> {
    let producer = read::text(body, &["producer"]);
    let scope = read::text(body, &["scope"])
        .ok_or_else(|| Problem::new("/scope", "a webhook says what it is about"))?;
    let none = Object::new();
    let data = body.get("data").and_then(Value::as_object).unwrap_or(&none);
    let parts: Vec<&str> = scope.split('/').collect();
    // `store/channel/1/cart/created` is `store/cart/created` of one channel.
    let (thing, what) = match parts.as_slice() {
        ["store", "channel", _, thing, what @ ..] | ["store", thing, what @ ..] => {
            (*thing, what.first().copied().unwrap_or_default())
        }
        _ => return Ok((producer, None)),
    };
    let (kind, keys): (&'static str, &[&str]) = match (thing, what) {
        ("cart", "converted") => ("order", &["orderId", "order_id"]),
        ("cart", "deleted") => ("cart_deleted", &["cartId", "id"]),
        ("cart", _) => ("cart", &["cartId", "cart_id", "id"]),
        ("order", _) => ("order", &["orderId", "order_id", "id"]),
        ("quote", "deleted") => ("quote_deleted", &["quote_id", "quoteId", "id"]),
        ("quote", _) => ("quote", &["quote_id", "quoteId", "id"]),
        _ => return Ok((producer, None)),
    };
    let resource = read::id(data, keys).map_err(|p| p.under("/data"))?;
    let resource = resource.ok_or_else(|| Problem::new("/data", "a webhook names what it is about"))?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if resource.len() > 64 || !resource.bytes().all(plain) {
        return Err(Problem::new("/data", "this is no id of BigCommerce's"));
    }
    let told = body.get("created_at").and_then(Value::as_i64).and_then(|s| s.checked_mul(SECOND));
    let told_at = told.filter(|at| (now - OLDEST..=now + AHEAD).contains(at)).unwrap_or(now).min(now);
    let hash = read::id(body, &["hash"])?.unwrap_or_default();
    let token = read::id(data, &["token"]).ok().flatten().filter(|t| t.len() <= 64 && t.bytes().all(plain));
    // The hash is of the payload: the same change told twice. What it is about is in it too, should hashes ever be the same.
    let source = format!("{hash}:{scope}:{resource}:{told_at}");
    Ok((producer, Some(Hint { source, kind, resource, token, told_at })))
}

#[cfg(test)]
#[path = "big_tests.rs"]
mod tests;
