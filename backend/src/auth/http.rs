//! `POST /auth/sign-in`, `/auth/refresh`, `/auth/sign-out`, `/auth/invitation`, `/auth/join`.
//!
//! The refresh token travels only in an HttpOnly, SameSite=Strict cookie; the browser's scripts never see it. The
//! three take JSON alone and check `Origin`, so that no other site can use the cookie. `refresh` without the cookie is
//! no fault: 204, there is no session.

use super::{
    Sessions,
    session::{Granted, Join, SESSION_LIFE, SignInError},
};
use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::{CACHE_CONTROL, ORIGIN, RETRY_AFTER, USER_AGENT},
    web,
};
use cartwheel_domain::locale::Language;
use serde::Deserialize;
use std::net::IpAddr;

/// Where the console is reached, to judge `Origin` and to mark cookies secure.
#[derive(Clone)]
pub struct Site {
    /// `https://console.example.com`, without a slash at the end.
    pub public_url: String,
    /// How many proxies of ours stand before us.
    pub proxies: usize,
}

impl Site {
    fn secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    fn cookie_name(&self) -> &'static str {
        // The prefix makes browsers refuse the cookie from anywhere but this very host (RFC 6265bis); it needs https.
        if self.secure() { "__Host-cartwheel" } else { "cartwheel" }
    }

    /// Who asks: what the outermost of our proxies saw, or who connects where none stands. Whatever stands further left in
    /// `X-Forwarded-For` was written by the caller and proves nothing.
    pub fn caller(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr().map(|a| a.ip());
        let hop = self.proxies.checked_sub(1);
        let Some(hop) = hop else { return peer };
        let told: Vec<&str> = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        told.iter().rev().nth(hop).and_then(|address| address.trim().parse().ok()).or(peer)
    }

    /// Whether a request comes from our own pages or from no page at all: `Origin` is absent, or names the
    /// host the request was sent to, or our public address.
    pub fn own(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = request.headers().get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
        let own = origin.split_once("://").is_some_and(|(_, rest)| !host.is_empty() && rest == host);
        own || origin == self.public_url
    }
}

/// Longest body, bytes: an address, a password and a token.
const BODY: usize = 8 * 1_024;

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let scope = web::scope("/auth")
        .app_data(web::JsonConfig::default().limit(BODY))
        .route("/sign-in", web::post().to(sign_in))
        .route("/refresh", web::post().to(refresh))
        .route("/sign-out", web::post().to(sign_out))
        .route("/invitation", web::post().to(invitation))
        .route("/join", web::post().to(join));
    config.service(scope);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: String,
}

async fn sign_in(
    request: HttpRequest,
    body: Result<web::Json<Credentials>, actix_web::Error>,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    if !site.own(&request) {
        return foreign();
    }
    let Ok(body) = body else {
        return problem(400, "bad_request", "send JSON with \"email\" and \"password\"");
    };
    let agent = request.headers().get(USER_AGENT).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let address = site.caller(&request);
    answer(&site, sessions.sign_in(&body.email, &body.password, address, agent).await)
}

async fn refresh(request: HttpRequest, sessions: web::Data<Sessions>, site: web::Data<Site>) -> HttpResponse {
    if !site.own(&request) {
        return foreign();
    }
    // A browser that shows no session claims nothing that could be refused: it is told that there is none. The cookie
    // is hidden from scripts, so the console cannot know before it asks.
    let Some(cookie) = request.cookie(site.cookie_name()) else {
        return HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish();
    };
    answer(&site, sessions.refresh(cookie.value()).await)
}

async fn sign_out(
    request: HttpRequest,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    if !site.own(&request) {
        return foreign();
    }
    if let Some(cookie) = request.cookie(site.cookie_name())
        && let Err(e) = sessions.sign_out(cookie.value()).await
    {
        return answer(&site, Err(e));
    }
    HttpResponse::NoContent().cookie(cookie(&site, String::new(), Duration::ZERO)).finish()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    token: String,
}

/// What an invitation offers, before anything is done.
async fn invitation(
    request: HttpRequest,
    body: Result<web::Json<Shown>, actix_web::Error>,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    if !site.own(&request) {
        return foreign();
    }
    let Ok(body) = body else { return problem(400, "bad_request", "send JSON with \"token\"") };
    match sessions.offer(&body.token).await {
        Ok(Some(offer)) => {
            HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(serde_json::json!({
                "organisation": offer.name,
                "email": offer.email,
                "role": offer.role.as_str(),
                "member": offer.known.is_some(),
            }))
        }
        Ok(None) => answer(&site, Err(SignInError::NoInvitation)),
        Err(e) => answer(&site, Err(e)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Joining {
    token: String,
    #[serde(default)]
    name: String,
    password: String,
    #[serde(default)]
    language: String,
}

/// Takes an invitation up and signs in.
async fn join(
    request: HttpRequest,
    body: Result<web::Json<Joining>, actix_web::Error>,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    if !site.own(&request) {
        return foreign();
    }
    let Ok(body) = body else {
        return problem(
            400,
            "bad_request",
            "send JSON with \"token\", \"name\", \"password\" and \"language\"",
        );
    };
    let agent = request.headers().get(USER_AGENT).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let language = Language::of_tag(&body.language).unwrap_or(Language::En);
    let join = Join { token: &body.token, name: &body.name, password: &body.password, language };
    answer(&site, sessions.join(join, site.caller(&request), agent).await)
}

fn cookie(site: &Site, value: String, life: Duration) -> Cookie<'static> {
    Cookie::build(site.cookie_name(), value)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(site.secure())
        .path("/")
        .max_age(life)
        .finish()
}

fn answer(site: &Site, outcome: Result<Granted, SignInError>) -> HttpResponse {
    match outcome {
        Ok(granted) => HttpResponse::Ok()
            .cookie(cookie(site, granted.refresh_token, Duration::milliseconds(SESSION_LIFE)))
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(
                serde_json::json!({ "access_token": granted.access_token, "expires_in": granted.expires_in }),
            ),
        Err(SignInError::Throttled(seconds)) => {
            let mut response = problem(429, "throttled", &SignInError::Throttled(seconds).to_string());
            if let Ok(value) = seconds.to_string().parse() {
                response.headers_mut().insert(RETRY_AFTER, value);
            }
            response
        }
        Err(e @ SignInError::Refused) => problem(401, "refused", &e.to_string()),
        Err(e @ SignInError::NoInvitation) => problem(410, "no_invitation", &e.to_string()),
        Err(e @ SignInError::Invalid("name", _)) => problem(422, "invalid_name", &e.to_string()),
        Err(e @ SignInError::Invalid(..)) => problem(422, "invalid_password", &e.to_string()),
        Err(e @ SignInError::Over) => {
            let mut response = problem(401, "signed_out", &e.to_string());
            // A browser that keeps a dead token would try it at every start.
            let _ = response.add_cookie(&cookie(site, String::new(), Duration::ZERO));
            response
        }
        Err(e @ (SignInError::Fault(_) | SignInError::Db(_))) => {
            tracing::error!(error = %e, "sign-in failed");
            problem(503, "unavailable", "sign-in is not possible at the moment; try again in a minute")
        }
    }
}

fn foreign() -> HttpResponse {
    problem(403, "foreign_origin", "this request comes from another site")
}

fn problem(status: u16, code: &str, message: &str) -> HttpResponse {
    let status =
        actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::BAD_REQUEST);
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "error": { "code": code, "message": message } }))
}
