//! Sign-in, sessions, invitations, sign-up and forgotten passwords, over HTTP: `/auth/…`.
//!
//! The refresh token travels only in an HttpOnly, SameSite=Strict cookie; the browser's scripts never see it. All of them
//! take JSON alone and check `Origin`, so that no other site can use the cookie. `refresh` without the cookie is
//! no fault: 204, there is no session.

use super::{
    Sessions,
    device::DEVICE_LIFE,
    hashing::COME_AGAIN,
    mailbox::SignUp,
    session::{Granted, Join, SESSION_LIFE, SignInError},
};
use crate::accounts::mailbox::Purpose;
use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    error::InternalError,
    http::header::{CACHE_CONTROL, HeaderValue, ORIGIN, RETRY_AFTER, USER_AGENT},
    web,
};
use cartwheel_domain::locale::Language;
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    future::{Ready, ready},
    net::IpAddr,
};

/// Where the console is reached, to judge `Origin` and to mark cookies secure.
#[derive(Clone)]
pub struct Site {
    /// `https://console.example.com`, without a slash at the end.
    pub public_url: String,
    /// How many proxies of ours stand before us.
    pub proxies: usize,
}

impl Site {
    pub(super) fn secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    pub(super) fn cookie_name(&self) -> &'static str {
        // The prefix makes browsers refuse the cookie from anywhere but this very host (RFC 6265bis); it needs https.
        if self.secure() { "__Host-cartwheel" } else { "cartwheel" }
    }

    /// The name of the cookie that stays when the session ends.
    fn device_name(&self) -> &'static str {
        if self.secure() { "__Host-cartwheel-device" } else { "cartwheel-device" }
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
    /// host the request was sent to (by https, where we are reached so), or our public address.
    pub fn own(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = request.headers().get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
        // A page of this host that came unencrypted may be anybody's on the way to it.
        let own = origin.split_once("://").is_some_and(|(scheme, rest)| {
            !host.is_empty() && rest == host && (scheme == "https" || !self.secure())
        });
        own || origin == self.public_url
    }
}

/// Longest body, bytes: an address, a password and a token.
const BODY: usize = 8 * 1_024;

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let scope = web::scope("/auth")
        .app_data(web::JsonConfig::default().limit(BODY))
        .route("/ways", web::get().to(ways))
        .route("/sign-in", web::post().to(sign_in))
        .route("/second-factor", web::post().to(second_factor))
        .route("/refresh", web::post().to(refresh))
        .route("/sign-out", web::post().to(sign_out))
        .route("/invitation", web::post().to(invitation))
        .route("/join", web::post().to(join))
        .route("/ask", web::post().to(ask))
        .route("/link", web::post().to(link))
        .route("/sign-up", web::post().to(sign_up))
        .route("/reset", web::post().to(reset))
        .configure(super::other_ways::routes);
    config.service(scope);
}

/// What a request has to say, in words for whoever sent another.
pub(super) trait Form: DeserializeOwned + 'static {
    /// `"a" and "b"`.
    const FIELDS: &'static str;
}

/// JSON of the expected form, from our own pages or from no page.
pub(super) struct Said<F>(pub(super) F);

impl<F: Form> FromRequest for Said<F> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let own = request.app_data::<web::Data<Site>>().is_some_and(|site| site.own(request));
        let body = web::Json::<F>::from_request(request, payload);
        Box::pin(async move {
            let refused = |response| InternalError::from_response("refused", response).into();
            if !own {
                return Err(refused(foreign()));
            }
            let expected = || format!("send JSON with {}", F::FIELDS);
            body.await.map(|json| Self(json.0)).map_err(|_| refused(problem(400, "bad_request", &expected())))
        })
    }
}

/// Who asks, and by which browser.
pub(super) struct Caller {
    pub(super) address: Option<IpAddr>,
    pub(super) agent: String,
    pub(super) device: Option<String>,
}

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let site = request.app_data::<web::Data<Site>>();
        let address = site.and_then(|site| site.caller(request));
        let device = site.and_then(|site| request.cookie(site.device_name()));
        let device = device.map(|cookie| cookie.value().to_owned());
        let agent = request.headers().get(USER_AGENT).and_then(|h| h.to_str().ok()).unwrap_or_default();
        ready(Ok(Self { address, agent: agent.to_owned(), device }))
    }
}

/// What people can do here who are not signed in: replace a forgotten password, make an account, sign in by a passkey or at a provider.
async fn ways(sessions: web::Data<Sessions>) -> HttpResponse {
    let (reset, sign_up) = sessions.ways();
    let providers = sessions.providers().map(|(id, name)| serde_json::json!({ "id": id, "name": name }));
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(serde_json::json!({
        "reset": reset,
        "sign_up": sign_up,
        "passkeys": sessions.has_passkeys(),
        "providers": providers.collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: String,
}

impl Form for Credentials {
    const FIELDS: &'static str = "\"email\" and \"password\"";
}

async fn sign_in(
    Said(form): Said<Credentials>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    let Caller { address, agent, device } = caller;
    let granted = sessions.sign_in_on(device.as_deref(), &form.email, &form.password, address, &agent).await;
    answer(&site, granted)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coded {
    challenge: String,
    code: String,
}

impl Form for Coded {
    const FIELDS: &'static str = "\"challenge\" and \"code\"";
}

/// Signs in by the code that the right password was answered with a challenge for.
async fn second_factor(
    Said(form): Said<Coded>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    let granted = sessions.second_factor(&form.challenge, &form.code, caller.address, &caller.agent).await;
    answer(&site, granted)
}

async fn refresh(request: HttpRequest, sessions: web::Data<Sessions>, site: web::Data<Site>) -> HttpResponse {
    if !site.own(&request) {
        return foreign();
    }
    // A browser that shows no session claims nothing that could be refused: it is told that there is none. The cookie
    // is hidden from scripts, so the console cannot know before it asks.
    let Some(cookie) = request.cookie(site.cookie_name()) else { return done() };
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

impl Form for Shown {
    const FIELDS: &'static str = "\"token\"";
}

/// What an invitation offers, before anything is done.
async fn invitation(
    Said(form): Said<Shown>,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    match sessions.offer(&form.token).await {
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

impl Form for Joining {
    const FIELDS: &'static str = "\"token\", \"name\", \"password\" and \"language\"";
}

/// Takes an invitation up and signs in.
async fn join(
    Said(form): Said<Joining>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    let language = spoken(&form.language);
    let join = Join { token: &form.token, name: &form.name, password: &form.password, language };
    answer(&site, sessions.join(join, caller.address, &caller.agent).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    purpose: Purpose,
    email: String,
    #[serde(default)]
    language: String,
}

impl Form for Asking {
    const FIELDS: &'static str = "\"purpose\" (sign_up or reset), \"email\" and \"language\"";
}

/// Asks for a mail with a link; the answer is the same whoever has an account.
async fn ask(
    Said(form): Said<Asking>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    match sessions.ask(form.purpose, &form.email, spoken(&form.language), caller.address).await {
        Ok(()) => HttpResponse::Accepted().insert_header((CACHE_CONTROL, "no-store")).finish(),
        Err(e) => answer(&site, Err(e)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Linked {
    purpose: Purpose,
    token: String,
}

impl Form for Linked {
    const FIELDS: &'static str = "\"purpose\" (sign_up or reset) and \"token\"";
}

/// Whose mailbox a link came from, before anything is done.
async fn link(
    Said(form): Said<Linked>,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    match sessions.address_of(form.purpose, &form.token).await {
        Ok(Some(email)) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(serde_json::json!({ "email": email.as_str() })),
        Ok(None) => answer(&site, Err(SignInError::NoLink)),
        Err(e) => answer(&site, Err(e)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SigningUp {
    token: String,
    name: String,
    organisation: String,
    #[serde(default)]
    agency: bool,
    password: String,
    #[serde(default)]
    language: String,
}

impl Form for SigningUp {
    const FIELDS: &'static str =
        "\"token\", \"name\", \"organisation\", \"agency\", \"password\" and \"language\"";
}

/// Makes an account by the link of a mail and signs in.
async fn sign_up(
    Said(form): Said<SigningUp>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    let new = SignUp {
        token: &form.token,
        name: &form.name,
        organisation: &form.organisation,
        agency: form.agency,
        password: &form.password,
        language: spoken(&form.language),
    };
    answer(&site, sessions.sign_up(new, &caller.agent).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resetting {
    token: String,
    password: String,
}

impl Form for Resetting {
    const FIELDS: &'static str = "\"token\" and \"password\"";
}

/// Chooses another password by the link of a mail and signs in.
async fn reset(
    Said(form): Said<Resetting>,
    caller: Caller,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
) -> HttpResponse {
    answer(&site, sessions.reset(&form.token, &form.password, &caller.agent).await)
}

fn spoken(tag: &str) -> Language {
    Language::of_tag(tag).unwrap_or(Language::En)
}

fn done() -> HttpResponse {
    HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish()
}

pub(super) fn cookie(site: &Site, value: String, life: Duration) -> Cookie<'static> {
    kept(site, site.cookie_name(), value, life)
}

/// That somebody has signed in on this browser.
pub(super) fn device_cookie(site: &Site, device: String) -> Cookie<'static> {
    kept(site, site.device_name(), device, Duration::milliseconds(DEVICE_LIFE))
}

fn kept(site: &Site, name: &'static str, value: String, life: Duration) -> Cookie<'static> {
    Cookie::build(name, value)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(site.secure())
        .path("/")
        .max_age(life)
        .finish()
}

fn again_in(seconds: u64, mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

pub(super) fn answer(site: &Site, outcome: Result<Granted, SignInError>) -> HttpResponse {
    match outcome {
        Ok(granted) => HttpResponse::Ok()
            .cookie(cookie(site, granted.refresh_token, Duration::milliseconds(SESSION_LIFE)))
            .cookie(device_cookie(site, granted.device))
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(
                serde_json::json!({ "access_token": granted.access_token, "expires_in": granted.expires_in }),
            ),
        // No refusal: the password was right, and the code is the next thing to ask for.
        Err(SignInError::SecondFactor(challenge)) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(serde_json::json!({ "challenge": challenge })),
        Err(e @ SignInError::Throttled(seconds)) => {
            again_in(seconds, problem(429, "throttled", &e.to_string()))
        }
        Err(e @ SignInError::Busy) => again_in(COME_AGAIN, problem(503, "busy", &e.to_string())),
        Err(e @ SignInError::Refused) => problem(401, "refused", &e.to_string()),
        Err(e @ SignInError::WrongCode) => problem(401, "wrong_code", &e.to_string()),
        Err(e @ SignInError::NoChallenge) => problem(410, "no_challenge", &e.to_string()),
        Err(e @ (SignInError::AlreadyOn | SignInError::NotStarted | SignInError::Required)) => {
            problem(409, "conflict", &e.to_string())
        }
        Err(e @ SignInError::NoInvitation) => problem(410, "no_invitation", &e.to_string()),
        Err(e @ SignInError::NoLink) => problem(410, "no_link", &e.to_string()),
        Err(e @ (SignInError::Unconnected | SignInError::Elsewhere)) => {
            problem(409, "conflict", &e.to_string())
        }
        Err(e @ SignInError::TooMany) => problem(409, "too_many", &e.to_string()),
        Err(e @ SignInError::Provider(_)) => problem(502, "provider", &e.to_string()),
        Err(e @ SignInError::NotOffered) => problem(404, "not_offered", &e.to_string()),
        Err(SignInError::Invalid(field, said)) => {
            problem(422, &format!("invalid_{field}"), &format!("{field}: {said}"))
        }
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
