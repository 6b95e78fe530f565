//! Who is signed in. The access token lives in memory only; what outlives a reload is the server's HttpOnly cookie.

use std::cell::RefCell;

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::post::{Answer, get, post};
use super::{Fault, FaultKind};
use crate::{browser, passkey};

/// Renew this long before the end, so that a slow request does not arrive with a stale token.
const EARLY: i64 = 20_000;

/// What the console knows about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// The cookie has not been tried yet.
    Unknown,
    /// Somebody has to sign in.
    SignedOut,
    /// There is a token.
    SignedIn,
}

#[derive(Clone)]
struct Token {
    value: String,
    ends_at: i64,
}

thread_local! {
    static TOKEN: RefCell<Option<Token>> = const { RefCell::new(None) };
    /// A renewal under way: the refresh cookie rotates, so two at once would look like theft.
    static RENEWAL: RefCell<Option<js_sys::Promise>> = const { RefCell::new(None) };
    /// What the right password was answered with, until the code to it is shown. Never outside of this page's memory.
    static CHALLENGE: ArcRwSignal<Option<String>> = ArcRwSignal::new(None);
    /// What came of a way to a provider and back.
    static ARRIVAL: ArcRwSignal<Option<String>> = ArcRwSignal::new(None);
    static STATE: ArcRwSignal<SessionState> = ArcRwSignal::new(SessionState::Unknown);
}

/// The state, to be read in views.
pub fn state() -> ArcRwSignal<SessionState> {
    STATE.with(Clone::clone)
}

/// Whether a code is asked for, to be read in views: the challenge it is shown with.
pub fn challenge() -> ArcRwSignal<Option<String>> {
    CHALLENGE.with(Clone::clone)
}

/// What came of a way to a provider and back, as the server's word for it, to be read in views.
pub fn arrival() -> ArcRwSignal<Option<String>> {
    ARRIVAL.with(Clone::clone)
}

/// Tries the cookie of an earlier visit, and reads what a browser that comes back from a provider brings.
pub async fn resume() {
    let signed_in = renew().await.is_ok();
    arrival().set(browser::take_hash("provider="));
    if let Some(asked) = browser::take_hash("challenge=").filter(|_| !signed_in) {
        challenge().set(Some(asked));
    }
    if !signed_in {
        state().set(SessionState::SignedOut);
    }
}

/// Signs in with address and password; should a code be needed too, [`challenge`] is there afterwards.
///
/// # Errors
/// [`FaultKind::Refused`] for a wrong pair, else any [`Fault`].
pub async fn sign_in(email: &str, password: &str) -> Result<(), Fault> {
    let body = serde_json::json!({ "email": email, "password": password }).to_string();
    let answer = post("/auth/sign-in", &body, None).await?;
    match answer.status {
        200..300 => taken(&answer).map(drop),
        400 | 401 | 403 | 422 => {
            Err(Fault { request_id: answer.request_id, ..Fault::new(FaultKind::Refused) })
        }
        status => Err(Fault::from_status(status, answer.request_id)),
    }
}

/// What an invitation offers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Offer {
    /// The organisation's name.
    pub organisation: String,
    /// The address it was sent to.
    pub email: String,
    /// The role it gives.
    pub role: String,
    /// Whether somebody of this address has an account.
    pub member: bool,
}

/// What the invitation behind a token offers; `None` when it cannot be used any more.
///
/// # Errors
/// Any [`Fault`].
pub async fn offer(token: &str) -> Result<Option<Offer>, Fault> {
    let body = serde_json::json!({ "token": token }).to_string();
    let answer = post("/auth/invitation", &body, None).await?;
    match answer.status {
        200..300 => {
            serde_json::from_str(&answer.body).map(Some).map_err(|e| Fault::unreadable(e.to_string()))
        }
        400 | 410 => Ok(None),
        status => Err(Fault::from_status(status, answer.request_id)),
    }
}

/// What came of showing a link: an invitation's, a sign-up's, a forgotten password's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// Signed in.
    In,
    /// The password was right; a code is asked for at sign-in.
    Code,
    /// It is not the password of the member.
    Wrong,
    /// The new password is guessed too soon.
    Weak,
    /// A name cannot be one.
    Misnamed,
    /// The link cannot be used any more.
    Gone,
}

async fn enter(path: &str, body: serde_json::Value) -> Result<Entered, Fault> {
    let answer = post(path, &body.to_string(), None).await?;
    match answer.status {
        200..300 => taken(&answer),
        401 => Ok(Entered::Wrong),
        410 => Ok(Entered::Gone),
        422 if answer.body.contains("invalid_password") => Ok(Entered::Weak),
        422 => Ok(Entered::Misnamed),
        status => Err(Fault::from_status(status, answer.request_id)),
    }
}

/// Takes the session out of an answer, or the challenge to show a code with.
fn taken(answer: &Answer) -> Result<Entered, Fault> {
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if let Some(asked) = value["challenge"].as_str() {
        // Whoever else was signed in here is not any more: the next page is the one that asks for the code.
        ended();
        challenge().set(Some(asked.to_owned()));
        return Ok(Entered::Code);
    }
    keep(answer).map(|_| Entered::In)
}

/// Shows the code to a challenge: [`Entered::Wrong`] when it is not the code, [`Entered::Gone`] when the challenge is over.
///
/// # Errors
/// Any [`Fault`].
pub async fn second_factor(asked: &str, code: &str) -> Result<Entered, Fault> {
    let entered =
        enter("/auth/second-factor", serde_json::json!({ "challenge": asked, "code": code })).await?;
    if entered == Entered::In {
        challenge().set(None);
    }
    Ok(entered)
}

/// Takes an invitation up.
///
/// # Errors
/// Any [`Fault`].
pub async fn join(token: &str, name: &str, password: &str, language: &str) -> Result<Entered, Fault> {
    let body =
        serde_json::json!({ "token": token, "name": name, "password": password, "language": language });
    enter("/auth/join", body).await
}

/// Signs in by a passkey of this device; `None` when none was shown.
///
/// # Errors
/// Any [`Fault`].
pub async fn passkey() -> Result<Option<Entered>, Fault> {
    let answer = post("/auth/passkey/start", "{}", None).await?;
    if !(200..300).contains(&answer.status) {
        return Err(Fault::from_status(answer.status, answer.request_id));
    }
    let begun: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let Ok(credential) = passkey::sign(&begun["options"].to_string()).await else { return Ok(None) };
    let credential: serde_json::Value = serde_json::from_str(&credential).unwrap_or_default();
    let body = serde_json::json!({ "note": begun["note"], "credential": credential });
    enter("/auth/passkey/finish", body).await.map(Some)
}

/// Leaves for a provider to sign in there.
///
/// # Errors
/// Any [`Fault`].
pub async fn depart(provider: &str) -> Result<(), Fault> {
    let body = serde_json::json!({ "provider": provider }).to_string();
    leave(&post("/auth/provider/start", &body, None).await?)
}

/// Leaves for a provider to connect an account there; `false` when the password is wrong.
///
/// # Errors
/// Any [`Fault`].
pub async fn depart_to_connect(provider: &str, password: &str) -> Result<bool, Fault> {
    let body = serde_json::json!({ "provider": provider, "password": password }).to_string();
    let answer = post("/auth/provider/connect", &body, None).await?;
    if answer.status == 401 && answer.body.contains("\"refused\"") {
        return Ok(false);
    }
    leave(&answer).map(|()| true)
}

fn leave(answer: &Answer) -> Result<(), Fault> {
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match (answer.status, value["url"].as_str()) {
        (200..300, Some(url)) => {
            browser::leave_to(url);
            Ok(())
        }
        (status, _) => Err(Fault::from_status(status, answer.request_id.clone())),
    }
}

/// Where people can sign in besides.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Provider {
    /// In addresses.
    pub id: String,
    /// As people call it.
    pub name: String,
}

/// What the server lets people do who are not signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Ways {
    /// To replace a forgotten password.
    pub reset: bool,
    /// To make an account.
    pub sign_up: bool,
    /// To sign in by a passkey.
    pub passkeys: bool,
    /// To sign in elsewhere.
    pub providers: Vec<Provider>,
}

/// Asks what is offered; nothing, while the server does not say.
pub async fn ways() -> Ways {
    let answer = get("/auth/ways").await;
    answer.ok().and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default()
}

/// What a link in a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To make an account.
    SignUp,
    /// To choose another password.
    Reset,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
        }
    }
}

/// What came of asking for a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The mailbox will tell.
    Sent,
    /// That is no address.
    NoAddress,
    /// The server does not offer it.
    NotOffered,
}

/// Asks for a mail with a link.
///
/// # Errors
/// Any [`Fault`].
pub async fn ask(purpose: Purpose, email: &str, language: &str) -> Result<Asked, Fault> {
    let body = serde_json::json!({ "purpose": purpose.word(), "email": email, "language": language });
    let answer = post("/auth/ask", &body.to_string(), None).await?;
    match answer.status {
        200..300 => Ok(Asked::Sent),
        404 => Ok(Asked::NotOffered),
        422 => Ok(Asked::NoAddress),
        status => Err(Fault::from_status(status, answer.request_id)),
    }
}

/// Whose mailbox a link came from; `None` when it cannot be used any more.
///
/// # Errors
/// Any [`Fault`].
pub async fn link(purpose: Purpose, token: &str) -> Result<Option<String>, Fault> {
    let body = serde_json::json!({ "purpose": purpose.word(), "token": token });
    let answer = post("/auth/link", &body.to_string(), None).await?;
    match answer.status {
        200..300 => {
            let value: serde_json::Value =
                serde_json::from_str(&answer.body).map_err(|e| Fault::unreadable(e.to_string()))?;
            Ok(value["email"].as_str().map(str::to_owned))
        }
        400 | 410 => Ok(None),
        status => Err(Fault::from_status(status, answer.request_id)),
    }
}

/// Somebody who makes an account.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewAccount {
    /// The token of the link.
    pub token: String,
    /// As colleagues see them.
    pub name: String,
    /// What they work for.
    pub organisation: String,
    /// Whether it looks after the stores of others.
    pub agency: bool,
    /// The password they choose.
    pub password: String,
    /// The console's language for them.
    pub language: &'static str,
}

/// Makes an account and signs in.
///
/// # Errors
/// Any [`Fault`].
pub async fn sign_up(account: &NewAccount) -> Result<Entered, Fault> {
    enter("/auth/sign-up", serde_json::to_value(account).unwrap_or_default()).await
}

/// Chooses another password by a link and signs in.
///
/// # Errors
/// Any [`Fault`].
pub async fn reset(token: &str, password: &str) -> Result<Entered, Fault> {
    enter("/auth/reset", serde_json::json!({ "token": token, "password": password })).await
}

/// Ends the session here and on the server.
pub async fn sign_out() {
    let token = TOKEN.with_borrow(|token| token.as_ref().map(|token| token.value.clone()));
    // Should the server not be reached, the session still ends in this browser's memory.
    let _ = post("/auth/sign-out", "{}", token.as_deref()).await;
    ended();
}

/// The server takes the session no longer.
pub fn ended() {
    TOKEN.with_borrow_mut(|token| *token = None);
    challenge().set(None);
    state().set(SessionState::SignedOut);
}

/// A token that is good for the next seconds.
pub(super) async fn token() -> Result<String, Fault> {
    let kept = TOKEN.with_borrow(Clone::clone);
    match kept {
        Some(token) if token.ends_at - EARLY > browser::now() => Ok(token.value),
        _ => renew().await,
    }
}

/// Gets a new token by the cookie; everybody who asks meanwhile waits for the same answer.
pub(super) async fn renew() -> Result<String, Fault> {
    let running = RENEWAL.with_borrow(Clone::clone);
    let promise = running.unwrap_or_else(|| {
        let promise = future_to_promise(async {
            let outcome = refresh().await;
            RENEWAL.with_borrow_mut(|running| *running = None);
            outcome.map(|token| JsValue::from_str(&token)).map_err(|fault| match fault.kind {
                FaultKind::Network => JsValue::NULL,
                _ => JsValue::from_str(fault.request_id.as_deref().unwrap_or_default()),
            })
        });
        RENEWAL.with_borrow_mut(|running| *running = Some(promise.clone()));
        promise
    });
    match JsFuture::from(promise).await {
        Ok(token) => Ok(token.as_string().unwrap_or_default()),
        Err(fault) if fault.is_null() => Err(Fault::network()),
        Err(fault) => {
            ended();
            Err(Fault {
                request_id: fault.as_string().filter(|id| !id.is_empty()),
                ..Fault::new(FaultKind::SignedOut)
            })
        }
    }
}

async fn refresh() -> Result<String, Fault> {
    let answer = post("/auth/refresh", "{}", None).await?;
    match answer.status {
        // No session, which is no fault of anybody: nobody has signed in here yet, or the session was ended.
        204 => Err(Fault { request_id: answer.request_id, ..Fault::new(FaultKind::SignedOut) }),
        200..300 => keep(&answer),
        status => Err(Fault::from_status(status, answer.request_id)),
    }
}

/// Takes the token out of an answer: `access_token`, and `expires_in` in seconds.
fn keep(answer: &Answer) -> Result<String, Fault> {
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let Some(token) = value["access_token"].as_str().map(str::to_owned) else {
        return Err(Fault {
            request_id: answer.request_id.clone(),
            ..Fault::unreadable("no access_token".to_owned())
        });
    };
    let seconds = value["expires_in"].as_i64().unwrap_or(60);
    let kept = Token { value: token.clone(), ends_at: browser::now() + seconds * 1000 };
    TOKEN.with_borrow_mut(|token| *token = Some(kept));
    if state().get_untracked() != SessionState::SignedIn {
        state().set(SessionState::SignedIn);
    }
    Ok(token)
}
