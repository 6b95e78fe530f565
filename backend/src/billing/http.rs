//! `POST /webhooks/stripe`: signature on the raw bytes first, kept before the answer, and no question asked meanwhile.

use super::{Billing, webhook::is_signed};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use serde_json::{Value, json};

/// The largest event: an invoice of many lines is a few hundred kilobytes.
const MAX_EVENT: usize = 2 * 1024 * 1024;

/// What the door shares; empty while billing is off.
pub struct Desk(pub Option<Billing>);

/// Adds the route; [`Desk`] must be in the app's data.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/webhooks/stripe")
            .app_data(web::PayloadConfig::new(MAX_EVENT))
            .route(web::post().to(stripe)),
    );
}

fn refused(status: StatusCode, said: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "success": false, "errors": [{ "path": "", "message": said }] }))
}

async fn stripe(
    desk: web::Data<Desk>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    let Some(billing) = &desk.0 else { return refused(StatusCode::NOT_FOUND, "billing is off") };
    let Ok(body) = body else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, &format!("an event has at most {MAX_EVENT} bytes"));
    };
    let claimed = request.headers().get("stripe-signature").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if claimed.len() > 4_096 || !is_signed(claimed, &body, &billing.secrets, billing.env.now()) {
        let said = "the signature does not match; CARTWHEEL_STRIPE_WEBHOOK_SECRET is what Stripe shows for this endpoint";
        return refused(StatusCode::UNAUTHORIZED, said);
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "this is not JSON");
    };
    match billing.receive(&event).await {
        Ok(Some(_)) => HttpResponse::Ok().json(json!({ "success": true })),
        Ok(None) => refused(StatusCode::BAD_REQUEST, "an event has an id and a type"),
        Err(error) => {
            tracing::error!(%error, "an event of Stripe's could not be kept");
            HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
                .insert_header((header::RETRY_AFTER, 5))
                .json(json!({ "success": false, "errors": [{ "path": "", "message": "the event could not be kept" }] }))
        }
    }
}
