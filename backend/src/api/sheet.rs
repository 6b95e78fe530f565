//! Mails as sheets: a stored message's HTML, and one that is being written. Each is shown in a sandboxed frame of the console, under a
//! policy of its own: no script, nothing sent anywhere, pictures only.

use super::graphql::Api;
use actix_web::{HttpResponse, http::header, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::{
    ids::{MessageId, StoreId},
    time::{MINUTE, Millis},
};
use cartwheel_entity::message_content;
use ring::hmac;
use sea_orm::{ColumnTrait, QueryFilter};

/// How long such an address or ticket is good for.
const GOOD_FOR: Millis = 10 * MINUTE;
/// Largest body that brings a mail to be shown: a mail has a mebibyte at most, and a form writes many letters as three.
const MAX_FORM: usize = 3 * 1024 * 1024 + 1024;
/// What a mail in a frame may do.
const POLICY: &str = "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/inbox/{store}/{message}/html", web::get().to(stored)).service(
        web::resource("/v1/mail-preview")
            .app_data(web::FormConfig::default().limit(MAX_FORM))
            .route(web::post().to(drafted)),
    );
}

fn key(api: &Api, store: StoreId) -> hmac::Key {
    api.master.derive("mail preview", store)
}

/// Where the HTML of a message is shown for the next ten minutes.
pub fn stored_url(api: &Api, store: StoreId, message: MessageId) -> String {
    let until = api.env.now() + GOOD_FOR;
    let mac = hmac::sign(&key(api, store), format!("{message}/{until}").as_bytes());
    format!("/inbox/{store}/{message}/html?until={until}&mac={}", URL_SAFE_NO_PAD.encode(mac.as_ref()))
}

/// What a ticket vouches for: that this HTML is what we made of somebody's text, so that nobody has us show theirs. A form ends lines
/// in its own way, whatever they ended with.
fn vouched(until: Millis, html: &str) -> Vec<u8> {
    [format!("draft/{until}/").as_bytes(), html.replace('\r', "").as_bytes()].concat()
}

/// Lets a mail that is being written be shown for the next ten minutes.
pub fn ticket(api: &Api, store: StoreId, html: &str) -> String {
    let until = api.env.now() + GOOD_FOR;
    let mac = hmac::sign(&key(api, store), &vouched(until, html));
    format!("{store}.{until}.{}", URL_SAFE_NO_PAD.encode(mac.as_ref()))
}

fn sheet(html: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(html)
}

#[derive(serde::Deserialize)]
struct Signed {
    until: i64,
    mac: String,
}

/// A message's HTML, without the open pixel.
async fn stored(
    path: web::Path<(String, String)>,
    signed: web::Query<Signed>,
    api: web::Data<Api>,
) -> HttpResponse {
    let (Ok(store), Ok(message)) = (path.0.parse::<StoreId>(), path.1.parse::<MessageId>()) else {
        return HttpResponse::NotFound().finish();
    };
    let given = URL_SAFE_NO_PAD.decode(&signed.mac).unwrap_or_default();
    let told = format!("{message}/{}", signed.until);
    let genuine = hmac::verify(&key(&api, store), told.as_bytes(), &given).is_ok();
    if !genuine || signed.until < api.env.now() {
        return HttpResponse::NotFound().finish();
    }
    let look = async {
        let mut tx = api.db.read().await?;
        let scoped = tx.enter(&crate::db::StoreScope::shop(store)).await?;
        let query = scoped
            .find::<message_content::Entity>()
            .filter(message_content::Column::MessageId.eq(message.uuid()));
        Ok::<_, crate::db::DbError>(query.one(scoped.on()).await?)
    };
    match look.await {
        Ok(Some(content)) => sheet(crate::messages::rewrite::without_pixel(&content.html)),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(e) => {
            tracing::error!(error = %e, "a preview could not be read");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

#[derive(serde::Deserialize)]
struct Draft {
    ticket: String,
    html: String,
}

/// A mail that is being written, as it was made of somebody's text a moment ago.
async fn drafted(draft: web::Form<Draft>, api: web::Data<Api>) -> HttpResponse {
    let Draft { ticket, html } = draft.into_inner();
    let genuine = || {
        let mut parts = ticket.splitn(3, '.');
        let store: StoreId = parts.next()?.parse().ok()?;
        let until: Millis = parts.next()?.parse().ok()?;
        let given = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        hmac::verify(&key(&api, store), &vouched(until, &html), &given).ok()?;
        (until >= api.env.now()).then_some(())
    };
    match genuine() {
        Some(()) => sheet(html),
        None => HttpResponse::NotFound().finish(),
    }
}
