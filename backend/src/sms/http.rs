//! `POST /v1/sms/{store}/status` and `POST /v1/sms/{store}/answer`: signature first, on the address as Twilio was given it.

use super::{
    Desk,
    answer::{self, Incoming},
    report::{self, Report},
};
use crate::{
    accounts::{SecretKind, StoreInfo, secrets},
    channels::sms::signature,
    db::{DbError, StoreScope},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use cartwheel_domain::{
    ids::{MessageId, StoreId},
    sms::Answer,
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

/// The largest form: ten parts of text, percent-encoded, and some thirty fields.
const MAX_BODY: usize = 64 * 1024;

/// Adds the routes; a [`Desk`] must be in the app's data.
pub fn routes(config: &mut web::ServiceConfig) {
    let of = |path: &str| web::resource(path).app_data(web::PayloadConfig::new(MAX_BODY));
    config
        .service(of("/v1/sms/{store}/status").route(web::post().to(status)))
        .service(of("/v1/sms/{store}/answer").route(web::post().to(answered)));
}

fn refused(status: StatusCode, said: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "success": false, "errors": [{ "path": "", "message": said }] }))
}

fn later(error: &DbError) -> HttpResponse {
    tracing::error!(%error, "what came of a text message could not be kept");
    let mut response = refused(StatusCode::SERVICE_UNAVAILABLE, "not possible at the moment; try again");
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    response
}

/// A genuine call.
struct Call {
    store: Arc<StoreInfo>,
    fields: BTreeMap<String, String>,
}

impl Call {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// The store's own token must have signed it. Which stores there are is not told: all refusals look the same.
async fn genuine(desk: &Desk, request: &HttpRequest, store: &str, body: &[u8]) -> Result<Call, HttpResponse> {
    let no = || {
        refused(
            StatusCode::FORBIDDEN,
            "the signature does not match; the store's auth token is the account's own",
        )
    };
    let claimed = request.headers().get("x-twilio-signature").and_then(|v| v.to_str().ok());
    let claimed = claimed.filter(|claimed| claimed.len() <= 200).ok_or_else(no)?;
    let store: StoreId = store.parse().map_err(|_| no())?;
    let info = desk.stores.by_id(store).await.map_err(|e| later(&e))?.ok_or_else(no)?;
    let token = {
        let mut tx = desk.db.read().await.map_err(|e| later(&e))?;
        let scoped = tx.enter(&StoreScope::shop(store)).await.map_err(|e| later(&e))?;
        match secrets::get(&scoped, &desk.key, SecretKind::TwilioToken).await {
            Ok(token) => token.ok_or_else(no)?,
            Err(secrets::SecretError::Db(error)) => return Err(later(&error)),
            Err(error) => {
                tracing::error!(store = %store, %error, "a call of Twilio's cannot be judged");
                return Err(no());
            }
        }
    };
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let url = format!("{}{}", desk.public_url, request.uri());
    if !signature::genuine(token.expose(), &url, &fields, claimed) {
        return Err(no());
    }
    Ok(Call { store: info, fields: fields.into_iter().collect() })
}

async fn status(
    request: HttpRequest,
    store: web::Path<String>,
    body: web::Bytes,
    desk: web::Data<Desk>,
) -> HttpResponse {
    let call = match genuine(&desk, &request, &store, &body).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let message = query.into_owned().find(|(name, _)| name == "message").and_then(|(_, id)| id.parse().ok());
    let Some(message): Option<MessageId> = message else {
        return refused(StatusCode::BAD_REQUEST, "the address names no message");
    };
    let told = Report {
        message,
        sid: call.field("MessageSid"),
        status: call.field("MessageStatus"),
        code: call.field("ErrorCode").parse().unwrap_or(0),
        to: call.field("To"),
    };
    match retried(|| report::keep(&desk, call.store.id, &told)).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => later(&error),
    }
}

async fn answered(
    request: HttpRequest,
    store: web::Path<String>,
    body: web::Bytes,
    desk: web::Data<Desk>,
) -> HttpResponse {
    let call = match genuine(&desk, &request, &store, &body).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    // With Twilio's own opt-out it has answered already, and says which word it took it for.
    let by_twilio = match call.field("OptOutType") {
        "STOP" => Some(Answer::Stop),
        "START" => Some(Answer::Start),
        "HELP" => Some(Answer::Help),
        _ => None,
    };
    let Ok(from) = call.field("From").parse() else {
        return refused(StatusCode::BAD_REQUEST, "From is no number");
    };
    let incoming = Incoming {
        from,
        text: call.field("Body"),
        sid: call.field("MessageSid"),
        said: by_twilio.unwrap_or_else(|| cartwheel_domain::sms::answer(call.field("Body"))),
    };
    if let Err(error) = retried(|| answer::keep(&desk, &call.store, &incoming)).await {
        return later(&error);
    }
    let reply = (incoming.said == Answer::Help && by_twilio.is_none()).then(|| answer::help(&call.store));
    twiml(reply.as_deref())
}

/// An answer in Twilio's words (<https://www.twilio.com/docs/messaging/twiml>).
fn twiml(reply: Option<&str>) -> HttpResponse {
    let inside = reply.map_or_else(String::new, |text| format!("<Message>{}</Message>", escaped(text)));
    HttpResponse::Ok()
        .content_type("text/xml; charset=utf-8")
        .body(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{inside}</Response>"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Tries again what the database refused for the moment.
async fn retried<T, F: Future<Output = Result<T, DbError>>>(work: impl Fn() -> F) -> Result<T, DbError> {
    let mut tries = 0;
    loop {
        match work().await {
            Err(error) if error.retryable() && tries < 3 => tries += 1,
            other => return other,
        }
    }
}
