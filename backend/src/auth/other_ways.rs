//! Sign-in by passkeys and at providers, over HTTP: `/auth/passkey/…` and `/auth/provider/…`.
//!
//! A browser comes back from a provider by a plain GET from another site, without our SameSite=Strict cookie; what it went away with
//! is in a cookie of its own, SameSite=Lax, that is good for this one way alone. It is sent on to a page of the console; what came of
//! it stands behind the `#`, which reaches no log.

use super::{
    Sessions,
    http::{Caller, Form, Said, Site, answer, cookie, device_cookie},
    oidc::{Arrival, Back, Departure},
    session::{SESSION_LIFE, SignInError},
};
use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY},
    web,
};
use serde::Deserialize;

/// How long a browser may be away, as its note says too.
const AWAY: Duration = Duration::minutes(10);
/// Longest answer of a browser with a passkey, bytes.
const ANSWER: usize = 64 * 1_024;

/// Adds the routes below `/auth`.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/passkey/start", web::post().to(start))
        .service(
            web::resource("/passkey/finish")
                .app_data(web::JsonConfig::default().limit(ANSWER))
                .route(web::post().to(finish)),
        )
        .route("/provider/start", web::post().to(depart))
        .route("/provider/connect", web::post().to(depart_to_connect))
        .route("/provider/back", web::get().to(back));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Form for Nothing {
    const FIELDS: &'static str = "nothing in it: {}";
}

/// Begins to sign somebody in by a passkey.
async fn start(Said(_): Said<Nothing>, sessions: web::Data<Sessions>, site: web::Data<Site>) -> HttpResponse {
    match sessions.start_passkey_sign_in() {
        Ok(begun) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(serde_json::json!({ "note": begun.note, "options": begun.options })),
        Err(e) => answer(&site, Err(e)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    note: String,
    credential: Box<serde_json::value::RawValue>,
}

impl Form for Signed {
    const FIELDS: &'static str = "\"note\" and \"credential\"";
}

/// Signs in by what a passkey has signed.
async fn finish(
    Said(form): Said<Signed>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    let (note, credential) = (&form.note, form.credential.get());
    answer(&site, sessions.finish_passkey_sign_in(note, credential, caller.address, &caller.agent).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    provider: String,
}

impl Form for Named {
    const FIELDS: &'static str = "\"provider\"";
}

/// Says where a browser signs in at a provider.
async fn depart(
    Said(form): Said<Named>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    away(&site, sessions.depart(&form.provider, caller.address).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connecting {
    provider: String,
    password: String,
}

impl Form for Connecting {
    const FIELDS: &'static str = "\"provider\" and \"password\"";
}

/// Says where somebody who is signed in connects what they have at a provider.
async fn depart_to_connect(
    request: HttpRequest,
    Said(form): Said<Connecting>,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    let Some(token) = request.cookie(site.cookie_name()) else {
        return answer(&site, Err(SignInError::Over));
    };
    away(&site, sessions.depart_to_connect(token.value(), &form.provider, &form.password).await)
}

fn away(site: &Site, departure: Result<Departure, SignInError>) -> HttpResponse {
    match departure {
        Ok(Departure { url, note }) => HttpResponse::Ok()
            .cookie(lax(site, note, AWAY))
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(serde_json::json!({ "url": url })),
        Err(e) => answer(site, Err(e)),
    }
}

/// Takes a browser back from a provider, and sends it on to the console.
async fn back(
    request: HttpRequest,
    said: Option<web::Query<Back>>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    let note = request.cookie(lax_name(&site)).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let said = said.map(web::Query::into_inner).unwrap_or_default();
    let returned = sessions.come_back(&note, &said, caller.address, &caller.agent).await;
    let page = if returned.connecting { "/account" } else { "/" };
    let mut granted = None;
    let word = match returned.outcome {
        Ok(Arrival::In(new)) => {
            granted = Some(new);
            String::new()
        }
        Ok(Arrival::Connected) => "#provider=connected".to_owned(),
        Err(SignInError::SecondFactor(challenge)) => format!("#challenge={challenge}"),
        Err(e) => format!("#provider={}", word(&e)),
    };
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header((LOCATION, format!("{page}{word}")))
        .insert_header((CACHE_CONTROL, "no-store"))
        // The address that is left has the provider's code in it.
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .cookie(lax(&site, String::new(), Duration::ZERO));
    if let Some(granted) = granted {
        response.cookie(cookie(&site, granted.refresh_token, Duration::milliseconds(SESSION_LIFE)));
        response.cookie(device_cookie(&site, granted.device));
    }
    response.finish()
}

/// What the console is told of a refusal.
fn word(e: &SignInError) -> &'static str {
    match e {
        SignInError::Refused => "refused",
        SignInError::Unconnected => "unconnected",
        SignInError::Elsewhere => "elsewhere",
        SignInError::TooMany => "too_many",
        SignInError::NoChallenge => "over",
        SignInError::Over => "signed_out",
        SignInError::Throttled(_) => "throttled",
        SignInError::NotOffered => "not_offered",
        SignInError::Provider(_) => "failed",
        other => {
            tracing::error!(error = %other, "sign-in at a provider failed");
            "unavailable"
        }
    }
}

fn lax_name(site: &Site) -> &'static str {
    if site.secure() { "__Host-cartwheel-away" } else { "cartwheel-away" }
}

fn lax(site: &Site, value: String, life: Duration) -> Cookie<'static> {
    Cookie::build(lax_name(site), value)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(site.secure())
        .path("/")
        .max_age(life)
        .finish()
}
