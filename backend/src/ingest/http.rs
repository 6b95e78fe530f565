//! The Segment HTTP API: `POST /v1/batch`, `/v1/track`, `/v1/identify`, `/v1/page`, `/v1/screen`, `/v1/group`, `/v1/alias`.
//!
//! The user name of Basic auth is a key of the store; a browser that cannot set headers (`sendBeacon`) puts its public
//! key into the body as `writeKey`. An answer comes after the commit. Of a batch the good events are kept and the bad
//! ones named by index; 400 says that nothing was kept, 429 and 503 that everything may be sent again.

use super::{
    inbox::{Inbox, InboxError},
    limit::{Limiter, retry_after},
    project::{Arrived, Outcome},
    push,
    read::{self, Problem},
    segment::{self, Around},
    when,
};
use crate::{
    accounts::{MasterKey, StoreInfo, Stores, store_cache::ShopKey},
    clock::Env,
    db::Db,
    platforms::link::Heard,
};
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
    web,
};
use base64::Engine;
use cartwheel_domain::{event::Source, time::parse_rfc3339};
use serde_json::{Value, json, value::RawValue};
use std::sync::Arc;

/// The largest body of a batch, after decompression.
pub const MAX_BATCH: usize = 500 * 1024;

/// What the doors for events share.
pub struct Edge {
    /// The database, for what is not an event.
    pub db: Db,
    /// Clock and entropy.
    pub env: Env,
    /// Stores by key.
    pub stores: Stores,
    /// The way in.
    pub inbox: Inbox,
    /// Opens the credentials that check signatures.
    pub master_key: MasterKey,
    /// Notes that platforms were heard.
    pub heard: Heard,
    /// How much a store may send.
    pub limiter: Limiter,
}

/// Adds the routes; `Edge` must be in the app's data.
pub fn configure(config: &mut web::ServiceConfig) {
    let calls = ["track", "identify", "page", "screen", "group", "alias"];
    for path in ["/v1/batch", "/v1/import"] {
        config.service(
            web::resource(path)
                .app_data(web::PayloadConfig::new(MAX_BATCH))
                .route(web::post().to(batch))
                .route(web::method(actix_web::http::Method::OPTIONS).to(preflight)),
        );
    }
    for call in calls {
        config.service(
            web::resource(format!("/v1/{call}"))
                .app_data(web::PayloadConfig::new(segment::MAX_EVENT))
                .route(web::post().to(move |edge, request, body| single(edge, request, body, call)))
                .route(web::method(actix_web::http::Method::OPTIONS).to(preflight)),
        );
    }
}

type Body = Result<web::Bytes, actix_web::Error>;

async fn preflight() -> HttpResponse {
    answer(StatusCode::NO_CONTENT)
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Content-Encoding",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    builder
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_EXPOSE_HEADERS, "Retry-After"))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    builder
}

fn refusal(status: StatusCode, problem: &Problem) -> HttpResponse {
    answer(status).json(json!({"success": false, "accepted": 0, "errors": [problem]}))
}

fn later(status: StatusCode, seconds: i64, message: &str) -> HttpResponse {
    answer(status)
        .insert_header((header::RETRY_AFTER, seconds))
        .json(json!({"success": false, "accepted": 0, "errors": [Problem::new("", message)]}))
}

/// A body as text, or the answer that refuses it.
fn text(body: Body, most: usize) -> Result<String, HttpResponse> {
    match body {
        Ok(bytes) => String::from_utf8(bytes.into())
            .map_err(|_| refusal(StatusCode::BAD_REQUEST, &Problem::new("", "the body is not UTF-8"))),
        Err(error) if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                &Problem::new("", format!("the body has more than {most} bytes; send smaller batches")),
            ))
        }
        Err(error) => Err(refusal(
            StatusCode::BAD_REQUEST,
            &Problem::new("", format!("the body cannot be read: {error}")),
        )),
    }
}

/// The key by the user name of Basic auth.
fn key_of(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let user = plain.split_once(':').map_or(plain.as_str(), |(user, _)| user);
    (!user.is_empty()).then(|| user.to_owned())
}

async fn store_of(
    edge: &Edge,
    request: &HttpRequest,
    in_body: Option<String>,
) -> Result<(Arc<StoreInfo>, Source), HttpResponse> {
    let unknown = |message: &str| {
        let mut response = refusal(StatusCode::UNAUTHORIZED, &Problem::new("", message));
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Basic realm=\"cartwheel\""));
        response
    };
    let Some(key) = key_of(request).or(in_body) else {
        return Err(unknown(
            "send the store's write key as the user name of Basic auth, or the public key as writeKey in the body",
        ));
    };
    match edge.stores.by_key(&key).await {
        Ok(Some((store, ShopKey::Write))) => Ok((store, Source::Api)),
        Ok(Some((store, ShopKey::Public))) => Ok((store, Source::Snippet)),
        Ok(None) => {
            Err(unknown("this key belongs to no store; the console shows the right one under Settings"))
        }
        Err(error) => {
            tracing::error!(%error, "a key could not be looked up");
            Err(later(
                StatusCode::SERVICE_UNAVAILABLE,
                5,
                "the service cannot reach its database; send again",
            ))
        }
    }
}

/// A batch as it comes; the events stay text until each is read for itself.
#[derive(serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    batch: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "sentAt")]
    sent_at: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "writeKey")]
    write_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
}

fn plain(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

async fn batch(edge: web::Data<Edge>, request: HttpRequest, body: Body) -> HttpResponse {
    let text = match text(body, MAX_BATCH) {
        Ok(text) => text,
        Err(response) => return response,
    };
    let envelope: Envelope<'_> = match serde_json::from_str(&text) {
        Ok(envelope) => envelope,
        Err(error) => {
            return refusal(
                StatusCode::BAD_REQUEST,
                &Problem::new("", format!("this is no JSON object: {error}")),
            );
        }
    };
    let (store, source) = match store_of(&edge, &request, plain(envelope.write_key)).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let calls: Vec<&RawValue> = match envelope.batch.map(|b| serde_json::from_str(b.get())) {
        Some(Ok(calls)) => calls,
        _ => return refusal(StatusCode::BAD_REQUEST, &Problem::new("/batch", "must be a list of events")),
    };
    if envelope.context.is_some_and(|c| c.get().len() > MAX_CONTEXT) {
        let problem = Problem::new(
            "/context",
            format!(
                "at most {MAX_CONTEXT} bytes, since it is kept with each event; put what is larger into the events it belongs to"
            ),
        );
        return refusal(StatusCode::BAD_REQUEST, &problem);
    }
    let context: Option<read::Object> = envelope.context.and_then(|c| serde_json::from_str(c.get()).ok());
    let sent_at = plain(envelope.sent_at).and_then(|t| parse_rfc3339(&t));
    let call = Call {
        edge: &edge,
        request: &request,
        store,
        source,
        sent_at,
        context: context.as_ref(),
        path_type: None,
    };
    call.take(&calls.iter().map(|c| c.get()).collect::<Vec<_>>(), true).await
}

async fn single(
    edge: web::Data<Edge>,
    request: HttpRequest,
    body: Body,
    path_type: &'static str,
) -> HttpResponse {
    let text = match text(body, segment::MAX_EVENT) {
        Ok(text) => text,
        Err(response) => return response,
    };
    let envelope: Envelope<'_> = match serde_json::from_str(&text) {
        Ok(envelope) => envelope,
        Err(error) => {
            return refusal(
                StatusCode::BAD_REQUEST,
                &Problem::new("", format!("this is no JSON object: {error}")),
            );
        }
    };
    let (store, source) = match store_of(&edge, &request, plain(envelope.write_key)).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let call = Call {
        edge: &edge,
        request: &request,
        store,
        source,
        sent_at: None,
        context: None,
        path_type: Some(path_type),
    };
    call.take(&[&text], false).await
}

/// Longest context of a batch, bytes: it is kept with each of its events.
const MAX_CONTEXT: usize = 2_048;

struct Call<'a> {
    edge: &'a Edge,
    request: &'a HttpRequest,
    store: Arc<StoreInfo>,
    source: Source,
    sent_at: Option<i64>,
    context: Option<&'a read::Object>,
    path_type: Option<&'static str>,
}

impl Call<'_> {
    async fn take(self, calls: &[&str], indexed: bool) -> HttpResponse {
        let now = self.edge.env.now();
        if let Err(wait) =
            self.edge.limiter.take(self.store.id, self.source == Source::Snippet, calls.len(), now)
        {
            return later(
                StatusCode::TOO_MANY_REQUESTS,
                retry_after(wait),
                "this store sends more events than it may; send again later",
            );
        }
        let agent = self.request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        let agent = agent.filter(|_| self.source == Source::Snippet);
        let place = |index: usize, problem: Problem| {
            let problem = if indexed { problem.under(&format!("/batch/{index}")) } else { problem };
            json!({"index": index, "pointer": problem.pointer, "message": problem.message})
        };
        let (mut events, mut indices, mut errors, mut notes) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (index, raw) in calls.iter().enumerate() {
            let raw = self.kept(raw);
            let fallback_id = self.edge.env.uuid().to_string();
            let around = Around {
                settings: &self.store.settings,
                source: self.source,
                arrival: when::Arrival { received: now, sent_at: self.sent_at },
                context: self.context,
                path_type: self.path_type,
                fallback_id: &fallback_id,
                kept: false,
            };
            match segment::parse(&raw, &around) {
                Ok(mut parsed) => {
                    let who = &mut parsed.event.who;
                    who.user_agent = who.user_agent.take().or_else(|| agent.map(str::to_owned));
                    notes.extend(parsed.notes.into_iter().map(|n| place(index, n)));
                    indices.push(index);
                    let raw = push::kept(&parsed.event, &raw).unwrap_or_else(|| raw.into_owned());
                    events.push(Arrived::new(parsed.event, raw, parsed.restore_token));
                }
                Err(problem) => errors.push(place(index, problem)),
            }
        }
        let accepted = match self.edge.inbox.accept(self.store.clone(), events).await {
            Ok(outcomes) => {
                for (index, outcome) in indices.iter().zip(&outcomes) {
                    if *outcome == Outcome::Refused {
                        errors
                            .push(place(*index, Problem::new("", "the database could not keep this event")));
                    }
                }
                outcomes.iter().filter(|o| **o != Outcome::Refused).count()
            }
            Err(InboxError::Full) => {
                return later(StatusCode::TOO_MANY_REQUESTS, 1, &InboxError::Full.to_string());
            }
            Err(InboxError::Closed) => {
                return later(StatusCode::SERVICE_UNAVAILABLE, 5, &InboxError::Closed.to_string());
            }
            // The database's words stay in the log.
            Err(InboxError::Database(_)) => {
                return later(StatusCode::SERVICE_UNAVAILABLE, 5, "the events could not be kept; send again");
            }
        };
        let status =
            if accepted == 0 && !errors.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let mut said = json!({"success": errors.is_empty(), "accepted": accepted});
        if !errors.is_empty() {
            said["errors"] = Value::Array(errors);
        }
        if !notes.is_empty() {
            said["notes"] = Value::Array(notes);
        }
        answer(status).json(said)
    }

    /// The text to keep: with the type that the path said and the context of the batch, without a key.
    fn kept<'r>(&self, raw: &'r str) -> std::borrow::Cow<'r, str> {
        let as_it_is = self.context.is_none() && self.path_type.is_none() && !raw.contains("\"writeKey\"");
        if as_it_is || raw.len() > segment::MAX_EVENT {
            return raw.into();
        }
        let Ok(Value::Object(mut call)) = serde_json::from_str(raw) else { return raw.into() };
        call.remove("writeKey");
        if let Some(path_type) = self.path_type {
            call.insert("type".into(), path_type.into());
        }
        if let (Some(context), None) = (self.context, call.get("context")) {
            call.insert("context".into(), Value::Object(context.clone()));
        }
        Value::Object(call).to_string().into()
    }
}

#[cfg(test)]
pub(crate) mod tests;
