//! The console's files: from a folder, or from inside the binary.
//!
//! Hashed files never change, so browsers keep them; `index.html` is asked for each time and answers most of those
//! with 304. Files come precompressed. Any other address of the console is a view of it and gets `index.html`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderMap},
    web,
};
use std::{borrow::Cow, path::PathBuf, sync::Arc};

/// Only our own scripts and styles, no framing by others, no plug-ins. The frame shows mails from our own address.
pub const CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: https: http:; font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[cfg(feature = "embed")]
#[derive(rust_embed::RustEmbed)]
#[folder = "$CARTWHEEL_CONSOLE_DIR"]
struct Embedded;

/// Where the console's files are.
#[derive(Clone)]
pub enum Files {
    /// In a folder.
    Folder(Arc<PathBuf>),
    /// In the binary, or nowhere when it was built without them.
    Embedded,
}

impl Files {
    /// The folder when there is one, else the binary.
    pub fn new(folder: Option<PathBuf>) -> Self {
        folder.map_or(Self::Embedded, |f| Self::Folder(Arc::new(f)))
    }

    fn read(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Folder(folder) => std::fs::read(folder.join(name)).ok().map(Cow::Owned),
            #[cfg(feature = "embed")]
            Self::Embedded => Embedded::get(name).map(|f| f.data),
            #[cfg(not(feature = "embed"))]
            Self::Embedded => None,
        }
    }
}

/// Adds the routes; they come last, since they take whatever is left.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/assets/{name}", web::get().to(asset)).default_service(web::get().to(index));
}

fn plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("html") => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

async fn asset(path: web::Path<String>, request: HttpRequest, files: web::Data<Files>) -> HttpResponse {
    if !plain(&path) {
        return HttpResponse::NotFound().finish();
    }
    send(&files, request.headers(), &format!("assets/{path}"), "public, max-age=31536000, immutable")
}

async fn index(request: HttpRequest, files: web::Data<Files>) -> HttpResponse {
    let name = request.path().trim_start_matches('/');
    if name.contains('.') && plain(name) && files.read(name).is_some() {
        return send(&files, request.headers(), name, "no-cache");
    }
    // A missing file is missing; only views have no extension.
    if name.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return HttpResponse::NotFound().finish();
    }
    if files.read("index.html").is_none() {
        let said = "This binary carries no console. Start it by `cargo xtask run`, or set CARTWHEEL_CONSOLE_DIR to the built console.";
        return HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body(said);
    }
    send(&files, request.headers(), "index.html", "no-cache")
}

fn send(files: &Files, asked: &HeaderMap, name: &str, cache: &str) -> HttpResponse {
    let accepts = asked.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let packed =
        [("br", "br"), ("gzip", "gz")].into_iter().filter(|(encoding, _)| accepts.contains(encoding));
    let mut found = packed
        .filter_map(|(encoding, ending)| Some((files.read(&format!("{name}.{ending}"))?, Some(encoding))));
    let Some((body, encoding)) = found.next().or_else(|| Some((files.read(name)?, None))) else {
        return HttpResponse::NotFound().finish();
    };
    let tag = format!("\"{}\"", &crate::accounts::service::key_hash(&String::from_utf8_lossy(&body))[..16]);
    if asked.get(header::IF_NONE_MATCH).is_some_and(|t| t.as_bytes() == tag.as_bytes()) {
        return HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, cache))
            .finish();
    }
    let mut response = HttpResponse::Ok();
    response
        .content_type(content_type(name))
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::ETAG, tag))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CSP))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"));
    // Set by hand, so that the compressor leaves the body alone.
    response.insert_header((header::CONTENT_ENCODING, encoding.unwrap_or("identity")));
    response.body(body.into_owned())
}
