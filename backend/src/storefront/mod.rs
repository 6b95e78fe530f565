//! What runs in a shop: the snippet, and the demo shop that shows it.

use crate::{
    accounts::{Stores, store_cache::ShopKey},
    config::Config,
    db::{Db, DbError},
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use cartwheel_domain::settings::CaptureMode;
use cartwheel_entity::{organisation, store};
use sea_orm::{ColumnTrait, QueryFilter};
use serde_json::json;

const SNIPPET: &str = include_str!("../../../storefront/dist/snippet.min.js");
/// The snippet's part for notifications.
const PUSH_PART: &str = include_str!("../../../storefront/dist/push.min.js");
/// The service worker that a shop's own file imports.
const PUSH_WORKER: &str = include_str!("../../../storefront/dist/worker.min.js");

#[derive(rust_embed::RustEmbed)]
#[folder = "../storefront/demo-shop"]
struct DemoShop;

/// The public key of the store that the demo shop sells for.
#[derive(Clone, Default)]
pub struct DemoStore(pub Option<String>);

/// Name of the demo's organisation; how a process finds the store its demo shop sells for.
pub const DEMO_ORGANISATION: &str = "Wheelhouse (demo)";

/// The public key of the demo store, when there is one.
///
/// # Errors
/// What the database says.
pub async fn demo_key(db: &Db) -> Result<Option<String>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let named = organisation::Column::Name.eq(DEMO_ORGANISATION);
    let Some(owner) = system.find::<organisation::Entity>().filter(named).one(system.on()).await? else {
        return Ok(None);
    };
    let owned = store::Column::OrganisationId.eq(owner.id);
    let row = system.find::<store::Entity>().filter(owned).one(system.on()).await?;
    Ok(row.map(|s| s.public_key))
}

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/s/{key}.js", web::get().to(snippet))
        .route("/push/page.js", web::get().to(async || part(PUSH_PART)))
        .route("/push/worker.js", web::get().to(async || part(PUSH_WORKER)))
        .route(
            "/demo-shop",
            web::get().to(|| async {
                HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/demo-shop/")).finish()
            }),
        )
        .route("/demo-shop/config.json", web::get().to(demo_config))
        .route("/demo-shop/{file:.*}", web::get().to(demo_file));
}

/// A script that is the same for every store. A service worker comes from the shop's own address (Service Workers, section "Register"):
/// there a file of one line imports ours. Where the shop *is* served from here, as the demo shop is, or by a path that the shop's server
/// passes on, the header lets ours be registered for more than its own folder.
fn part(script: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .insert_header(("service-worker-allowed", "/"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(script)
}

/// The snippet with a store's settings laid in. A minute's cache keeps a change of the capture mode quick.
async fn snippet(
    key: web::Path<String>,
    stores: web::Data<Stores>,
    process: web::Data<Config>,
) -> HttpResponse {
    let found = match stores.by_key(&key).await {
        Ok(found) => found,
        Err(e) => {
            tracing::error!(error = %e, "a snippet could not be served");
            return HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "5")).finish();
        }
    };
    let Some((store, ShopKey::Public)) = found else {
        return HttpResponse::NotFound()
            .content_type("text/javascript")
            .body("/* there is no store with this key */");
    };
    let mode = match store.settings.capture_mode {
        CaptureMode::Off => "off",
        CaptureMode::AfterConsent => "after_consent",
        CaptureMode::LegitimateInterest => "legitimate_interest",
    };
    let mut settings = json!({ "k": store.public_key, "u": process.public_url, "m": mode });
    if store.settings.capture_typed_email {
        settings["e"] = json!(1);
    }
    if let Some(key) = store.push_key.as_ref().filter(|_| store.settings.push_on) {
        settings["p"] = json!({ "k": key, "w": store.settings.push_worker });
    }
    // Inside a script, `<` could end it.
    let text = settings.to_string().replace('<', "\\u003c");
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(SNIPPET.replace("__CARTWHEEL_CONFIG__", &text))
}

async fn demo_config(demo: web::Data<DemoStore>, stores: web::Data<Stores>) -> HttpResponse {
    let Some(key) = &demo.0 else { return HttpResponse::NotFound().finish() };
    match stores.by_key(key).await {
        Ok(Some((store, _))) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .json(json!({ "public_key": store.public_key, "store_name": store.name, "currency": store.settings.currency.code() })),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// The same for every page of the demo shop: its own files, our snippet, nothing else.
const SHOP_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async fn demo_file(
    file: web::Path<String>,
    request: HttpRequest,
    demo: web::Data<DemoStore>,
) -> HttpResponse {
    if demo.0.is_none() {
        return HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("There is no demo store here; `cartwheel seed demo` makes one.");
    }
    let name = if file.is_empty() { "index.html" } else { file.as_str() };
    let Some(found) = DemoShop::get(name) else { return HttpResponse::NotFound().finish() };
    let tag = format!("\"{}\"", hex::encode(&found.metadata.sha256_hash()[..8]));
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|t| t.as_bytes() == tag.as_bytes()) {
        return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
    }
    HttpResponse::Ok()
        .content_type(found.metadata.mimetype())
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::ETAG, tag))
        .insert_header((header::CONTENT_SECURITY_POLICY, SHOP_CSP))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(found.data.into_owned())
}

#[cfg(test)]
mod tests;
