//! `POST /v1/mail/{store}/{secret}/{raw, ses, postmark, sendgrid}`: who does not know the secret is told that there is no such address.

use super::{
    Desk, Told, keep, postmark, raw, sendgrid, ses,
    sns::{Envelope, Refused},
};
use crate::{
    accounts::StoreInfo,
    db::{DbError, StoreScope},
    mail::desk,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use cartwheel_domain::ids::StoreId;
use serde_json::json;
use std::sync::Arc;

/// Adds the routes; a [`Desk`] must be in the app's data.
pub fn routes(config: &mut web::ServiceConfig) {
    let of = |what: &str| {
        let path = format!("/v1/mail/{{store}}/{{secret}}/{what}");
        web::resource(path).app_data(web::PayloadConfig::new(raw::MOST))
    };
    config
        .service(of("raw").route(web::post().to(raw_mail)))
        .service(of("ses").route(web::post().to(by_ses)))
        .service(of("postmark").route(web::post().to(by_postmark)))
        .service(of("sendgrid").route(web::post().to(by_sendgrid)));
}

type Place = web::Path<(String, String)>;

fn refused(status: StatusCode, said: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "success": false, "errors": [{ "path": "", "message": said }] }))
}

fn later(error: &dyn std::fmt::Display) -> HttpResponse {
    tracing::error!(%error, "what came back of mail could not be kept");
    let mut response = refused(StatusCode::SERVICE_UNAVAILABLE, "not possible at the moment; try again");
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("30"));
    response
}

/// The store whose secret address this is.
async fn store_of(desk: &Desk, place: &Place) -> Result<Arc<StoreInfo>, HttpResponse> {
    let none = || refused(StatusCode::NOT_FOUND, "there is no such address; copy it anew from the settings");
    let (store, secret) = place.as_ref();
    let id: StoreId = store.parse().map_err(|_| none())?;
    let info = desk.stores.by_id(id).await.map_err(|e| later(&e))?.ok_or_else(none)?;
    let row = {
        let mut tx = desk.db.read().await.map_err(|e| later(&e))?;
        let scoped = tx.enter(&StoreScope::shop(id)).await.map_err(|e| later(&e))?;
        desk::row(&scoped).await.map_err(|e| later(&e))?
    };
    if desk::knows(&desk.key, id, row.hook_round, secret) { Ok(info) } else { Err(none()) }
}

/// Whatever was told, there is nothing to repeat: what says nothing to us is taken and forgotten.
async fn kept(desk: &Desk, store: StoreId, told: Vec<Told>) -> HttpResponse {
    let done: Result<usize, DbError> = keep(desk, Some(store), told).await;
    match done {
        Ok(_) => HttpResponse::NoContent().finish(),
        Err(error) => later(&error),
    }
}

async fn raw_mail(
    place: Place,
    query: web::Query<std::collections::BTreeMap<String, String>>,
    body: web::Bytes,
    desk: web::Data<Desk>,
) -> HttpResponse {
    let store = match store_of(&desk, &place).await {
        Ok(store) => store,
        Err(response) => return response,
    };
    let told = raw::read(&body, query.get("to").map(String::as_str));
    kept(&desk, store.id, told.into_iter().collect()).await
}

async fn by_postmark(place: Place, body: web::Bytes, desk: web::Data<Desk>) -> HttpResponse {
    let store = match store_of(&desk, &place).await {
        Ok(store) => store,
        Err(response) => return response,
    };
    kept(&desk, store.id, postmark::read(&body).into_iter().collect()).await
}

async fn by_sendgrid(
    request: HttpRequest,
    place: Place,
    body: web::Bytes,
    desk: web::Data<Desk>,
) -> HttpResponse {
    let store = match store_of(&desk, &place).await {
        Ok(store) => store,
        Err(response) => return response,
    };
    let key = store.settings.sendgrid_key.as_str();
    if key.is_empty() {
        let said = "enter the verification key of the event webhook in the settings first";
        return refused(StatusCode::FORBIDDEN, said);
    }
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !sendgrid::genuine(key, header(sendgrid::SIGNATURE), header(sendgrid::TIMESTAMP), &body) {
        let said =
            "the signature does not match; the settings hold the key that SendGrid shows for this webhook";
        return refused(StatusCode::FORBIDDEN, said);
    }
    match sendgrid::read(&body) {
        Some(told) => kept(&desk, store.id, told).await,
        None => refused(StatusCode::BAD_REQUEST, "the body is no list of events"),
    }
}

async fn by_ses(place: Place, body: web::Bytes, desk: web::Data<Desk>) -> HttpResponse {
    let store = match store_of(&desk, &place).await {
        Ok(store) => store,
        Err(response) => return response,
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "the body is no message of Amazon SNS");
    };
    if envelope.topic_arn != store.settings.ses_topic {
        let said = "enter the topic's ARN in the settings first; only messages of that topic are taken";
        return refused(StatusCode::FORBIDDEN, said);
    }
    let judged = match desk.sns.judge(&envelope).await {
        Ok(()) if envelope.kind == "SubscriptionConfirmation" => desk.sns.confirm(&envelope).await,
        other => other,
    };
    match judged {
        Ok(()) if envelope.kind == "Notification" => {
            kept(&desk, store.id, ses::read(&envelope.message).into_iter().collect()).await
        }
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(Refused::Forged) => refused(StatusCode::FORBIDDEN, &Refused::Forged.to_string()),
        Err(error @ Refused::Later(_)) => later(&error),
    }
}
