//! One provider of sign-in (OpenID Connect): what the operator says of it, what it says of itself (discovery), and whom it says a code
//! stands for.

use crate::{clock::Env, config, https::Endpoint};
use cartwheel_domain::time::{HOUR, MINUTE, Millis, SECOND};
use http_body_util::Full;
use hyper::{Request, body::Bytes};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
    core::{CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreJwsSigningAlgorithm, CoreProviderMetadata},
};
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long what a provider says of itself is taken for true.
const KEPT: Millis = HOUR;
/// How soon it is asked again when a token is signed by a key that it has not told of: it may just have made one.
const RENEWED: Millis = MINUTE;
/// How long nobody is made to wait for one that did not answer.
const SPARED: Millis = 10 * SECOND;
/// Longest subject (OpenID Connect Core 1.0, section 2).
const SUBJECT: usize = 255;

/// What is wrong with the settings of a provider.
#[derive(Debug, thiserror::Error)]
#[error("the provider \"{id}\" (CARTWHEEL_OIDC_… or [[providers]]) is wrong: {said}")]
pub struct SetUpError {
    /// Which.
    pub id: String,
    /// What would be right.
    pub said: String,
}

/// Somebody at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    /// Whom it calls so, for ever.
    pub subject: String,
    /// Their address there, where it says so.
    pub email: Option<String>,
}

/// What is known of a provider.
#[derive(Clone)]
enum Known {
    Nothing,
    Told(Millis, Arc<CoreProviderMetadata>),
    Silent(Millis, String),
}

/// A provider.
pub(super) struct Provider {
    settings: config::Provider,
    issuer: IssuerUrl,
    back: RedirectUrl,
    env: Env,
    known: Mutex<Known>,
}

/// A call that came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct CallError(String);

/// One call to wherever a provider says; never in plain text to another machine.
async fn call(request: HttpRequest) -> Result<HttpResponse, CallError> {
    let (parts, body) = request.into_parts();
    let (scheme, authority) = (parts.uri.scheme_str().unwrap_or("https"), parts.uri.authority());
    let authority = authority.ok_or_else(|| CallError("an address without a server".into()))?;
    let endpoint = Endpoint::parse(&format!("{scheme}://{authority}")).map_err(CallError)?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut asked = Request::builder().method(parts.method).uri(path);
    if let Some(headers) = asked.headers_mut() {
        *headers = parts.headers;
    }
    let asked = asked.body(Full::new(Bytes::from(body))).map_err(|e| CallError(e.to_string()))?;
    let answer = endpoint.call(asked).await.map_err(|e| CallError(e.said))?;
    let mut response = HttpResponse::new(answer.body.to_vec());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

impl Provider {
    pub(super) fn new(settings: config::Provider, back: &str, env: Env) -> Result<Self, SetUpError> {
        let wrong = |said: &str| SetUpError { id: settings.id.clone(), said: said.to_owned() };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if settings.id.is_empty() || !settings.id.chars().all(plain) {
            return Err(wrong("its id is made of lower-case letters, digits and hyphens"));
        }
        if settings.name.trim().is_empty() || settings.client_id.is_empty() {
            return Err(wrong("it needs a name and a client_id"));
        }
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|_| wrong("its issuer is an address such as https://accounts.example.com"))?;
        let local = matches!(issuer.url().host_str(), Some("127.0.0.1" | "localhost"));
        if issuer.url().scheme() != "https" && !(issuer.url().scheme() == "http" && local) {
            return Err(wrong("its issuer begins with https://; http:// is for this machine"));
        }
        let back = RedirectUrl::new(back.to_owned()).map_err(|_| wrong("the console has no address"))?;
        Ok(Self { settings, issuer, back, env, known: Mutex::new(Known::Nothing) })
    }

    pub(super) fn id(&self) -> &str {
        &self.settings.id
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// As it stands in its tokens.
    pub(super) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// What it says of itself. `fresh` asks anew unless it was asked a moment ago. Whoever else wants to know waits for the same
    /// answer.
    async fn metadata(&self, fresh: bool) -> Result<Arc<CoreProviderMetadata>, String> {
        let mut known = self.known.lock().await;
        let now = self.env.now();
        match &*known {
            Known::Told(at, told) if (0..if fresh { RENEWED } else { KEPT }).contains(&(now - at)) => {
                return Ok(Arc::clone(told));
            }
            Known::Silent(at, said) if (0..SPARED).contains(&(now - at)) => return Err(said.clone()),
            _ => {}
        }
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &call).await {
            Ok(told) => {
                let told = Arc::new(told);
                *known = Known::Told(now, Arc::clone(&told));
                Ok(told)
            }
            Err(e) => {
                let said = reasons(&e);
                *known = Known::Silent(now, said.clone());
                Err(said)
            }
        }
    }

    /// The page at which somebody signs in there.
    pub(super) async fn page(&self, state: &str, nonce: &str, verifier: &str) -> Result<String, String> {
        let told = self.metadata(false).await?;
        let client = CoreClient::from_provider_metadata(
            told.as_ref().clone(),
            ClientId::new(self.settings.client_id.clone()),
            None,
        )
        .set_redirect_uri(self.back.clone());
        let (state, nonce) = (state.to_owned(), nonce.to_owned());
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let (url, ..) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".into()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        match url.scheme() {
            "https" | "http" => Ok(url.into()),
            other => Err(format!("its page has an address that is none of the web: {other}")),
        }
    }

    /// Whom a code stands for.
    pub(super) async fn who(&self, code: &str, verifier: &str, nonce: &str) -> Result<Who, String> {
        let told = self.metadata(false).await?;
        let client = CoreClient::from_provider_metadata(
            told.as_ref().clone(),
            ClientId::new(self.settings.client_id.clone()),
            Some(ClientSecret::new(self.settings.client_secret.expose().to_owned())),
        )
        .set_redirect_uri(self.back.clone());
        let asked = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|e| reasons(&e))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        let answer = asked.request_async(&call).await.map_err(|e| reasons(&e))?;
        let token = answer.id_token().ok_or("it sent no ID token")?;
        let nonce = Nonce::new(nonce.to_owned());
        match self.believed(&told, token, &nonce) {
            Ok(who) => Ok(who),
            // Keys are changed by making new ones: a signature that nobody is known to make may be one of these.
            Err(_) => {
                let fresh = self.metadata(true).await?;
                self.believed(&fresh, token, &nonce)
            }
        }
    }

    fn believed(
        &self,
        told: &CoreProviderMetadata,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<Who, String> {
        let client = CoreClient::from_provider_metadata(
            told.clone(),
            ClientId::new(self.settings.client_id.clone()),
            Some(ClientSecret::new(self.settings.client_secret.expose().to_owned())),
        );
        let now = chrono::DateTime::from_timestamp_millis(self.env.now()).ok_or("no such instant")?;
        // Signatures by a key of the provider's own only: the client's secret is no key.
        let verifier = client.id_token_verifier().set_time_fn(move || now).set_allowed_algs([
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
            CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            CoreJwsSigningAlgorithm::RsaSsaPssSha384,
            CoreJwsSigningAlgorithm::RsaSsaPssSha512,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            CoreJwsSigningAlgorithm::EcdsaP384Sha384,
            CoreJwsSigningAlgorithm::EdDsa,
        ]);
        let claims = token.claims(&verifier, nonce).map_err(|e| reasons(&e))?;
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > SUBJECT {
            return Err("its name for somebody is empty or too long".into());
        }
        let email = claims.email().map(|email| email.as_str().to_owned());
        let email = email.filter(|text| text.len() <= 254 && !text.chars().any(char::is_control));
        Ok(Who { subject: subject.to_owned(), email })
    }
}

/// An error with its causes, in one line.
fn reasons(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    let mut said: Vec<String> = causes.map(ToString::to_string).collect();
    said.dedup();
    said.join(": ")
}
