//! A provider of sign-in (OpenID Connect) on this machine, that says what a test has it say.

use crate::clock::blinding;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    hmac,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(id: &str) -> Self {
        let (random, algorithm) = (blinding(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("read again");
        Self { id: id.into(), pair }
    }
}

struct Inner {
    issuer: String,
    key: Key,
    /// What a code stands for: claims, the nonce among them, and the challenge it was asked with.
    codes: HashMap<String, (Value, String)>,
    /// What is laid over the next token's header.
    header: Value,
    /// In place of the signature.
    signature: Option<String>,
    /// By which tokens are signed in place of the key (HS256).
    secret: Option<String>,
    silent: bool,
    asked: Vec<String>,
}

/// A provider; copies are the same one.
#[derive(Clone)]
pub struct FakeProvider(Arc<Mutex<Inner>>);

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl FakeProvider {
    /// Starts to answer; it is good as long as the test's system runs.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start() -> Self {
        let inner = Inner {
            issuer: String::new(),
            key: Key::new("first"),
            codes: HashMap::new(),
            header: json!({}),
            signature: None,
            secret: None,
            silent: false,
            asked: Vec::new(),
        };
        let fake = Self(Arc::new(Mutex::new(inner)));
        let data = web::Data::new(fake.clone());
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)));
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
        fake.inner().issuer = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        fake
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it calls itself.
    pub fn issuer(&self) -> String {
        self.inner().issuer.clone()
    }

    /// Paths it was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.inner().asked.clone()
    }

    /// Whether it answers at all.
    pub fn silent(&self, silent: bool) {
        self.inner().silent = silent;
    }

    /// Signs by another key from now on, and tells of it alone.
    pub fn renew_key(&self, id: &str) {
        self.inner().key = Key::new(id);
    }

    /// Lays fields over the headers of tokens.
    pub fn header(&self, fields: Value) {
        self.inner().header = fields;
    }

    /// Puts something in place of signatures.
    pub fn signature(&self, text: Option<&str>) {
        self.inner().signature = text.map(str::to_owned);
    }

    /// Signs by a secret that somebody has learnt, as if it were a key.
    pub fn secret(&self, secret: Option<&str>) {
        self.inner().secret = secret.map(str::to_owned);
    }

    /// Signs somebody in at the page a browser was sent to, as at a time; what lies in `over` lies over the claims. The code it sends
    /// back with.
    ///
    /// # Panics
    /// When the address is not of a page of this provider.
    pub fn signed_in(&self, page: &str, subject: &str, now: i64, over: Value) -> String {
        let asked = query(page);
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        let mut inner = self.inner();
        let mut claims = json!({
            "iss": inner.issuer, "sub": subject, "aud": asked["client_id"], "nonce": asked["nonce"],
            "iat": now / 1000, "exp": now / 1000 + 600, "email": format!("{subject}@provider.example"),
        });
        for (name, value) in over.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        let code = format!("code-{}", inner.codes.len());
        inner.codes.insert(code.clone(), (claims, asked["code_challenge"].clone()));
        code
    }

    fn token(&self, claims: &Value) -> String {
        let inner = self.inner();
        let mut header = json!({ "alg": "ES256", "typ": "JWT", "kid": inner.key.id });
        for (name, value) in inner.header.as_object().expect("fields") {
            header[name] = value.clone();
        }
        let signed = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        let by_secret = |secret: &String| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            base64(hmac::sign(&key, signed.as_bytes()))
        };
        let signature = match (&inner.signature, &inner.secret) {
            (Some(text), _) => text.clone(),
            (None, Some(secret)) => by_secret(secret),
            (None, None) => base64(inner.key.pair.sign(&blinding(), signed.as_bytes()).expect("signed")),
        };
        format!("{signed}.{signature}")
    }
}

/// The fields of an address or a form.
///
/// # Panics
/// Never.
pub fn query(address: &str) -> HashMap<String, String> {
    let query = address.split_once('?').map_or(address, |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

async fn answer(request: HttpRequest, body: web::Bytes, fake: web::Data<FakeProvider>) -> HttpResponse {
    let path = request.path().to_owned();
    fake.inner().asked.push(path.clone());
    if fake.inner().silent {
        return HttpResponse::ServiceUnavailable().body("closed");
    }
    let issuer = fake.issuer();
    match path.as_str() {
        "/.well-known/openid-configuration" => HttpResponse::Ok().json(json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })),
        "/keys" => {
            let inner = fake.inner();
            let point = inner.key.pair.public_key().as_ref().to_vec();
            HttpResponse::Ok().json(json!({ "keys": [{
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": inner.key.id,
                "x": base64(&point[1..33]), "y": base64(&point[33..65]),
            }] }))
        }
        "/token" => {
            let form = query(&String::from_utf8_lossy(&body));
            let authorized = request.headers().get("authorization").and_then(|h| h.to_str().ok());
            if authorized != Some("Basic Y2FydHdoZWVsOnNlY3JldA==") {
                return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
            }
            let found = fake.inner().codes.remove(&form["code"]);
            let shown = base64(digest(&SHA256, form["code_verifier"].as_bytes()));
            match found {
                Some((claims, challenge)) if challenge == shown => HttpResponse::Ok().json(json!({
                    "access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": fake.token(&claims),
                })),
                _ => HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" })),
            }
        }
        _ => HttpResponse::NotFound().finish(),
    }
}
