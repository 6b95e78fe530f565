//! `GET /r/{token}`, `/r/{token}/cart.json`, `/c/{token}`, `/o/{token}.gif`.
//!
//! None of them signs anybody in, none reads a destination from its address, and none changes anything that matters:
//! a hit is noted, and whether a person made it is judged later.

use super::{
    destinations::Destinations,
    page,
    receipts::{Receipts, Seen},
    restore,
};
use crate::{
    accounts::{MasterKey, StoreInfo, Stores},
    clock::Env,
    consent::links,
    db::{Db, DbError, StoreScope},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use cartwheel_domain::{
    event::LineItem,
    ids::{CartId, MessageId},
    locale::Language,
    recovery::{link::LinkPurpose, machine::HitKind},
    settings::web_address,
};
use cartwheel_entity::{cart, contact, restore_link};
use sea_orm::{ColumnTrait, QueryFilter};
use serde_json::json;
use std::sync::Arc;

/// A transparent picture of one pixel (GIF89a).
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// What the handlers need.
#[derive(Clone)]
pub struct Desk {
    /// Rows.
    pub db: Db,
    /// Clock.
    pub env: Env,
    /// Opens links.
    pub key: MasterKey,
    /// Stores by id.
    pub stores: Stores,
    /// Where hits go.
    pub receipts: Receipts,
    /// Where links lead.
    pub destinations: Destinations,
}

/// Adds the routes; expects a [`Desk`] in the app's data.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/r/{token}/cart.json").route(web::get().to(cart_json)))
        .service(web::resource("/r/{token}").route(web::get().to(landing)).route(web::head().to(landing)))
        .service(web::resource("/c/{token}").route(web::get().to(click)).route(web::head().to(click)))
        .service(web::resource("/o/{token}.gif").route(web::get().to(open)).route(web::head().to(open)));
}

impl Desk {
    fn note(
        &self,
        request: &HttpRequest,
        store: cartwheel_domain::ids::StoreId,
        message: MessageId,
        hit: (HitKind, u16),
    ) -> Seen {
        let text = |name: &str| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some(value.chars().take(300).collect::<String>())
        };
        Seen {
            store,
            message,
            kind: hit.0,
            link: hit.1,
            restore: None,
            method: request.method().as_str().to_owned(),
            agent: text("user-agent"),
            purpose: ["sec-purpose", "purpose", "x-purpose", "x-moz"].into_iter().find_map(text),
            at: self.env.now(),
            by_script: false,
        }
    }

    async fn find(&self, token: &str) -> Result<Option<Found>, DbError> {
        let Some(store) = restore::store_of(token) else { return Ok(None) };
        let Some(info) = self.stores.by_id(store).await? else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let scoped = tx.enter(&StoreScope::shop(store)).await?;
        let Some(link) = restore::find(&scoped, token, self.env.now()).await? else { return Ok(None) };
        let cart = scoped.find::<cart::Entity>().filter(cart::Column::Id.eq(link.cart_id));
        let Some(cart) = cart.one(scoped.on()).await? else { return Ok(None) };
        let language = match cart.contact_id {
            None => None,
            Some(id) => {
                let contact = scoped.find::<contact::Entity>().filter(contact::Column::Id.eq(id));
                contact.one(scoped.on()).await?.and_then(|c| c.locale).as_deref().and_then(Language::of_tag)
            }
        };
        Ok(Some(Found { info, link, cart, language }))
    }
}

struct Found {
    info: Arc<StoreInfo>,
    link: restore_link::Model,
    cart: cart::Model,
    language: Option<Language>,
}

impl Found {
    fn lines(&self) -> Vec<LineItem> {
        LineItem::list(&self.cart.items)
    }

    /// Where the shop itself brings the cart back: its own address of the cart, else its front page; only ever on
    /// the store's own hosts. `cw` tells the snippet there which cart it is.
    fn shop_address(&self, token: &str) -> Option<String> {
        let settings = &self.info.settings;
        let own = self.cart.recovery_url.as_deref().filter(|u| settings.may_lead_to(u));
        let url = own.or(Some(settings.shop_url.as_str()).filter(|u| settings.may_lead_to(u)))?;
        let (address, fragment) = url.split_once('#').map_or((url, None), |(a, f)| (a, Some(f)));
        let sign = if address.contains('?') { '&' } else { '?' };
        let fragment = fragment.map(|f| format!("#{f}")).unwrap_or_default();
        Some(format!("{address}{sign}cw={token}{fragment}"))
    }
}

fn spoken(request: &HttpRequest) -> Language {
    let wanted =
        request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    wanted.split(',').find_map(|part| Language::of_tag(part.split(';').next()?)).unwrap_or(Language::En)
}

fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", page::content_security_policy()))
        .insert_header(("referrer-policy", "no-referrer"))
        .insert_header(("x-robots-tag", "noindex"))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

fn unavailable(error: &dyn std::fmt::Display) -> HttpResponse {
    tracing::error!(%error, "a link could not be looked up");
    HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "5")).finish()
}

async fn landing(request: HttpRequest, token: web::Path<String>, desk: web::Data<Desk>) -> HttpResponse {
    let found = match desk.find(&token).await {
        Ok(Some(found)) => found,
        Ok(None) => return html(StatusCode::NOT_FOUND, page::gone(spoken(&request))),
        Err(error) => return unavailable(&error),
    };
    if let Some(message) = found.link.message_id {
        let mut seen = desk.note(&request, found.info.id, MessageId(message), (HitKind::Click, 0));
        seen.restore = Some(found.link.id);
        desk.receipts.take(seen);
    }
    let language = found.language.unwrap_or(found.info.settings.locale);
    let shop = found.shop_address(&token);
    html(StatusCode::OK, page::cart(language, &found.info, &found.cart, &found.lines(), shop.as_deref()))
}

/// What the shop's page asks for to fill its own basket: contents only, nothing of the person.
async fn cart_json(request: HttpRequest, token: web::Path<String>, desk: web::Data<Desk>) -> HttpResponse {
    let cross_origin = |mut builder: actix_web::HttpResponseBuilder| {
        builder
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header(("x-content-type-options", "nosniff"));
        builder
    };
    let found = match desk.find(&token).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            let error = json!({"error": {"code": "gone", "message": "this link is not valid any more"}});
            return cross_origin(HttpResponse::NotFound()).json(error);
        }
        Err(error) => return unavailable(&error),
    };
    if let Some(message) = found.link.message_id {
        let mut seen = desk.note(&request, found.info.id, MessageId(message), (HitKind::Click, 0));
        seen.restore = Some(found.link.id);
        seen.by_script = true;
        desk.receipts.take(seen);
    }
    let currency: cartwheel_domain::money::Currency =
        found.cart.currency.parse().unwrap_or(cartwheel_domain::money::Currency::EUR);
    let price = |minor| cartwheel_domain::money::Money::new(minor, currency).to_decimal();
    let products: Vec<_> = found
        .lines()
        .into_iter()
        .map(|l| {
            json!({
                "product_id": l.product_id, "variant_id": l.variant_id, "sku": l.sku, "name": l.title, "variant": l.variant,
                "quantity": l.quantity, "price": price(l.unit_minor), "image_url": l.image_url, "url": l.url,
            })
        })
        .collect();
    cross_origin(HttpResponse::Ok()).json(json!({
        "cart_id": CartId(found.cart.id), "kind": found.cart.kind, "currency": found.cart.currency,
        "total": price(found.cart.total_minor), "coupon": found.cart.coupon, "products": products,
    }))
}

async fn click(request: HttpRequest, token: web::Path<String>, desk: web::Data<Desk>) -> HttpResponse {
    let Ok(read) = links::open(&desk.key, &token, LinkPurpose::Click, desk.env.now()) else {
        return html(StatusCode::NOT_FOUND, page::gone(spoken(&request)));
    };
    match desk.destinations.of(read.store, read.message, read.number).await {
        Err(error) => unavailable(&error),
        Ok(None) => html(StatusCode::NOT_FOUND, page::gone(spoken(&request))),
        Ok(Some(url)) if !web_address(&url) => html(StatusCode::NOT_FOUND, page::gone(spoken(&request))),
        Ok(Some(url)) => {
            desk.receipts.take(desk.note(&request, read.store, read.message, (HitKind::Click, read.number)));
            HttpResponse::Found()
                .insert_header((header::LOCATION, url))
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .insert_header(("referrer-policy", "no-referrer"))
                .insert_header(("x-robots-tag", "noindex"))
                .finish()
        }
    }
}

/// Always a picture: what is wrong with a link is nobody's business who fetches it.
async fn open(request: HttpRequest, token: web::Path<String>, desk: web::Data<Desk>) -> HttpResponse {
    if let Ok(read) = links::open(&desk.key, &token, LinkPurpose::Open, desk.env.now()) {
        desk.receipts.take(desk.note(&request, read.store, read.message, (HitKind::Open, 0)));
    }
    HttpResponse::Ok()
        .content_type("image/gif")
        .insert_header((header::CACHE_CONTROL, "no-store, max-age=0"))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(PIXEL)
}
