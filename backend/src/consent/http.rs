//! `GET, POST /u/{token}`: the page that needs a press, and the one click of mail clients (RFC 8058).
//!
//! A GET changes nothing, so link scanners cannot unsubscribe anybody. A POST needs no cookie, no login and no
//! confirmation, answers 200 without a redirect, and may come a thousand times. A link never expires: whoever finds an
//! old mail can still say no. This path is to be mounted where no load is shed.

use super::{
    links, page,
    unsubscribe::{Addressee, Choice, addressee, unsubscribe},
};
use crate::{
    accounts::{MasterKey, Stores},
    clock::Env,
    db::{Db, DbError, StoreScope},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use cartwheel_domain::{
    locale::Language,
    recovery::link::{LinkPurpose, LinkToken},
};

/// The whole body of a one-click request, as a form or in a multipart part.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
/// A choice or the one-click words, and the frame of a multipart body.
const MAX_BODY: usize = 4 * 1_024;

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/u/{token}")
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .route(web::get().to(show))
            .route(web::head().to(show))
            .route(web::post().to(press)),
    );
}

/// What the handlers need.
#[derive(Clone)]
pub struct Desk {
    /// Rows.
    pub db: Db,
    /// Clock and ids.
    pub env: Env,
    /// Signs links and hashes addresses.
    pub key: MasterKey,
    /// Names and languages of stores.
    pub stores: Stores,
}

async fn show(request: HttpRequest, token: web::Path<String>, desk: web::Data<Desk>) -> HttpResponse {
    let spoken = spoken(&request);
    let Some(token) = genuine(&desk, &token) else {
        return answer(StatusCode::NOT_FOUND, page::invalid(spoken.unwrap_or(Language::En)));
    };
    match desk.look(&token).await {
        Ok((who, store, own)) => {
            let language = who.language.or(spoken).unwrap_or(own);
            answer(StatusCode::OK, page::ask(language, &store, &masked(&who), who.channel))
        }
        Err(e) => unavailable(&e, spoken),
    }
}

async fn press(
    request: HttpRequest,
    token: web::Path<String>,
    body: web::Bytes,
    desk: web::Data<Desk>,
) -> HttpResponse {
    let spoken = spoken(&request);
    let Some(token) = genuine(&desk, &token) else {
        return answer(StatusCode::NOT_FOUND, page::invalid(spoken.unwrap_or(Language::En)));
    };
    let (choice, how) = read(&body);
    match desk.stop(&token, choice, how, spoken).await {
        Ok((who, store, own)) => {
            let language = who.language.or(spoken).unwrap_or(own);
            let choice = choice.said_by(&who);
            answer(StatusCode::OK, page::done(language, &store, &masked(&who), choice))
        }
        Err(e) => unavailable(&e, spoken),
    }
}

/// The choice a body makes, and how. Whatever is sent to this address with a genuine link is a no: a body that says
/// nothing we understand means the plain one.
fn read(body: &[u8]) -> (Choice, &'static str) {
    let text = String::from_utf8_lossy(body);
    if text.contains(ONE_CLICK) || text.contains("name=\"List-Unsubscribe\"") {
        return (Choice::Email, "one_click");
    }
    let choice = text.split('&').find_map(|pair| pair.strip_prefix("choice=")).unwrap_or_default();
    (Choice::from_form(choice), "page")
}

/// Genuine, however old.
fn genuine(desk: &Desk, token: &str) -> Option<LinkToken> {
    links::open(&desk.key, token, LinkPurpose::Unsubscribe, i64::MIN).ok()
}

impl Desk {
    async fn names(&self, token: &LinkToken) -> Result<(String, Language), DbError> {
        let info = self.stores.by_id(token.store).await?;
        let named = |i: &crate::accounts::StoreInfo| {
            let sender = i.settings.sender_name.trim();
            if sender.is_empty() { i.name.clone() } else { sender.to_owned() }
        };
        Ok(info.map_or((String::new(), Language::En), |i| (named(&i), i.settings.locale)))
    }

    async fn look(&self, token: &LinkToken) -> Result<(Addressee, String, Language), DbError> {
        let (store, language) = self.names(token).await?;
        let mut tx = self.db.read().await?;
        let scoped = tx.enter(&StoreScope::shop(token.store)).await?;
        Ok((addressee(&scoped, token.message).await?, store, language))
    }

    async fn stop(
        &self,
        token: &LinkToken,
        choice: Choice,
        how: &'static str,
        spoken: Option<Language>,
    ) -> Result<(Addressee, String, Language), DbError> {
        let (store, language) = self.names(token).await?;
        // A mail client shows its own button: then no sentence of ours was read.
        let wording = |of_mail: Option<Language>| {
            let shown = of_mail.or(spoken).unwrap_or(language);
            (how == "page").then(|| page::wording(shown, choice).to_owned())
        };
        let mut tries = 0;
        loop {
            let at = (token.store, token.message);
            let done = unsubscribe(&self.db, &self.env, &self.key, at, choice, (how, &wording)).await;
            match done {
                Err(e) if e.retryable() && tries < 3 => tries += 1,
                other => return Ok((other?, store, language)),
            }
        }
    }
}

fn masked(who: &Addressee) -> String {
    who.email.as_ref().map_or_else(|| "•••".to_owned(), |e| e.masked())
}

/// The first language of `Accept-Language` that we write in.
fn spoken(request: &HttpRequest) -> Option<Language> {
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    accepted.split(',').take(20).find_map(|tag| Language::of_tag(tag.split(';').next()?))
}

fn unavailable(error: &DbError, spoken: Option<Language>) -> HttpResponse {
    tracing::error!(%error, "an unsubscription could not be written; the client is told to come back");
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, page::later(spoken.unwrap_or(Language::En)));
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    response
}

fn answer(status: StatusCode, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, page::content_security_policy()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header(("x-robots-tag", "noindex"))
        .body(html)
}
