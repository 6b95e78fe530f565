//! Settings of the process: a TOML file, then `CARTWHEEL_*` variables, then flags; the later wins.

use serde::Deserialize;
use std::{fmt, net::SocketAddr, path::PathBuf};

/// A text that must not be seen: shows as `•••` in any log or error.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// Whether strangers may make accounts.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// Whoever is invited, nobody else.
    #[default]
    Closed,
    /// Whoever reads the mailbox of the address they give.
    Open,
}

/// A provider of sign-in (OpenID Connect).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// In addresses: lower-case letters, digits and hyphens.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Where it tells about itself: the address before `/.well-known/openid-configuration`.
    pub issuer: String,
    /// What it knows us by.
    pub client_id: String,
    /// By which we prove to be that.
    pub client_secret: Secret,
}

/// Everything the process can be told.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `CARTWHEEL_DATABASE_URL`: where the data lives, `sqlite://PATH` or `postgres://…`.
    pub database_url: Secret,
    /// `CARTWHEEL_LISTEN`: address and port to serve on.
    pub listen: SocketAddr,
    /// `CARTWHEEL_PUBLIC_URL`: how the outside reaches us; links in mails begin with it.
    pub public_url: String,
    /// `CARTWHEEL_PROXIES`: how many proxies of ours a request passes before it reaches us. Each adds the address it saw to
    /// `X-Forwarded-For`; the one added by the outermost is the caller's. 0: the caller is whoever connects.
    pub proxies: usize,
    /// `CARTWHEEL_METRICS_LISTEN`: address and port where Prometheus finds `/metrics`, which is nobody else's business.
    /// Absent: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// `CARTWHEEL_AUDIT_HEADS`: a file the newest entries of the audit logs are appended to each hour; on storage this
    /// process can add to and not rewrite, it shows whether a log was cut.
    pub audit_heads: Option<PathBuf>,
    /// `CARTWHEEL_SMTP_URL`: the default mail route of live stores, `smtp://user:password@host:587` or `smtps://…`.
    pub smtp_url: Option<Secret>,
    /// `CARTWHEEL_RETURN_DOMAIN`: the domain whose mail the operator's mail server hands to `cartwheel mail-in`; mail of stores without
    /// servers of their own comes back there. Absent: it comes back to the address in From.
    pub return_domain: Option<String>,
    /// `CARTWHEEL_MAIL_FROM`: whom the service's own mails come from, `Cartwheel <no-reply@example.com>`. With it and a mail
    /// server invitations go to mailboxes and forgotten passwords can be replaced; without it neither.
    pub mail_from: Option<String>,
    /// `CARTWHEEL_SIGN_UP`: `open` lets strangers make accounts, by a link to their mailbox; `closed`, the default, does not.
    pub sign_up: SignUp,
    /// `CARTWHEEL_MASTER_KEY`: 32 bytes in base64 that wrap the keys by which credentials are sealed. While it is being replaced
    /// several, with spaces, commas or lines between them: the first is the one in force, the others only open. Absent: a file, see
    /// there.
    pub master_key: Option<Secret>,
    /// `CARTWHEEL_MASTER_KEY_FILE`: the file that holds the master key, or several of them, one a line. It is read again when a key
    /// is wanted that was not in it at the start, so it can be replaced while the service runs. Absent: a file beside an
    /// SQLite database, or `data/master.key`; made when the database is new.
    pub master_key_file: Option<PathBuf>,
    /// `CARTWHEEL_STRIPE_KEY`: the secret key of the Stripe account that plans are paid to. Absent, as for whoever runs this for
    /// themselves: no plans, no caps.
    pub stripe_key: Option<Secret>,
    /// `CARTWHEEL_STRIPE_WEBHOOK_SECRET`: what Stripe signs its webhooks with, `whsec_…`; two with a comma while one is replaced.
    pub stripe_webhook_secret: Option<Secret>,
    /// `CARTWHEEL_STRIPE_URL`: where Stripe is, `https://api.stripe.com` unless it is a stand-in.
    pub stripe_url: String,
    /// `CARTWHEEL_TWILIO_URL`: where Twilio is, `https://api.twilio.com` unless it is a stand-in.
    pub twilio_url: String,
    /// `CARTWHEEL_SHOPIFY_URL`: a stand-in for all shops of Shopify's, for development. Absent: each shop is asked at its own address.
    pub shopify_url: Option<String>,
    /// `CARTWHEEL_BIGCOMMERCE_URL`: where BigCommerce is, if not at `https://api.bigcommerce.com`.
    pub bigcommerce_url: Option<String>,
    /// `CARTWHEEL_B2B_URL`: where its B2B Edition is, if not at `https://api-b2b.bigcommerce.com`.
    pub b2b_url: Option<String>,
    /// `[[providers]]` in the file, or one by `CARTWHEEL_OIDC_NAME`, `CARTWHEEL_OIDC_ISSUER`, `CARTWHEEL_OIDC_CLIENT_ID` and
    /// `CARTWHEEL_OIDC_CLIENT_SECRET`: where people can sign in besides (OpenID Connect). They are told to come back to
    /// `<public_url>/auth/provider/back`.
    pub providers: Vec<Provider>,
    /// `CARTWHEEL_BREACHED_PASSWORDS`: a file of passwords that have leaked, which nobody can choose: SHA-1 in upper-case hex, a
    /// colon and a number on each line, in order, as the downloader of Pwned Passwords writes it. Absent: the list that is built in.
    pub breached_passwords: Option<PathBuf>,
    /// `CARTWHEEL_API_RATE`: requests a second that each key and each person may send to the GraphQL API; five times as many at
    /// once. Headers say how a caller stands.
    pub api_rate: u32,
    /// `CARTWHEEL_WEBHOOKS_LOCAL`: lets outgoing webhooks and stores' mail go to this very machine, without TLS too. For development and tests: in a service
    /// that others use it lets them reach what listens here for nobody else.
    pub webhooks_local: bool,
    /// `CARTWHEEL_CONSOLE_DIR`: where the console's files are, when they are not inside the binary.
    pub console_dir: Option<PathBuf>,
    /// `CARTWHEEL_DEVELOPMENT`: explorer, kit page, demo shop.
    pub development: bool,
    /// `CARTWHEEL_LOG`: filter such as `info` or `cartwheel=debug`.
    pub log: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database_url: Secret::new("sqlite://data/cartwheel.db"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            proxies: 0,
            metrics_listen: None,
            audit_heads: None,
            smtp_url: None,
            return_domain: None,
            mail_from: None,
            sign_up: SignUp::Closed,
            master_key: None,
            master_key_file: None,
            stripe_key: None,
            stripe_webhook_secret: None,
            stripe_url: "https://api.stripe.com".into(),
            twilio_url: "https://api.twilio.com".into(),
            shopify_url: None,
            bigcommerce_url: None,
            b2b_url: None,
            providers: Vec::new(),
            breached_passwords: None,
            api_rate: 100,
            webhooks_local: false,
            console_dir: None,
            development: false,
            log: "info".into(),
        }
    }
}

/// What is wrong with the process's settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not readable.
    #[error("cannot read the settings file {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML of the expected form.
    #[error("the settings file {path} is wrong: {message}")]
    Toml {
        /// Which file.
        path: PathBuf,
        /// What and where.
        message: String,
    },
    /// A variable holds something it cannot.
    #[error("{name} is wrong: {message}")]
    Variable {
        /// Which variable.
        name: &'static str,
        /// What would be right.
        message: String,
    },
}

impl Config {
    /// Reads the file (when one is named) and lays the variables over it. `variable` looks one up, so that no test
    /// touches the real environment.
    ///
    /// # Errors
    /// [`ConfigError`] with the file and line, or the variable's name.
    pub fn load(
        file: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut config = match file {
            None => Self::default(),
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|source| ConfigError::File { path: path.clone(), source })?;
                toml::from_str(&text).map_err(|e| ConfigError::Toml { path, message: mistake(&text, &e) })?
            }
        };
        let text = |name: &'static str| variable(name).filter(|v| !v.is_empty());
        if let Some(url) = text("CARTWHEEL_DATABASE_URL") {
            config.database_url = Secret::new(url);
        }
        let address = |name: &'static str| {
            let message = "an address and port such as 127.0.0.1:8080".to_owned();
            text(name)
                .map(|listen| listen.parse().map_err(|_| ConfigError::Variable { name, message }))
                .transpose()
        };
        if let Some(listen) = address("CARTWHEEL_LISTEN")? {
            config.listen = listen;
        }
        config.metrics_listen = address("CARTWHEEL_METRICS_LISTEN")?.or(config.metrics_listen);
        if let Some(proxies) = text("CARTWHEEL_PROXIES") {
            let message = "how many proxies stand before us, a whole number such as 1".to_owned();
            config.proxies =
                proxies.parse().map_err(|_| ConfigError::Variable { name: "CARTWHEEL_PROXIES", message })?;
        }
        if let Some(url) = text("CARTWHEEL_PUBLIC_URL") {
            config.public_url = url;
        }
        if let Some(url) = text("CARTWHEEL_SMTP_URL") {
            config.smtp_url = Some(Secret::new(url));
        }
        if let Some(domain) = text("CARTWHEEL_RETURN_DOMAIN") {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            if !domain.contains('.') || domain.len() > 180 || !domain.chars().all(plain) {
                let message = "a domain such as bounces.example.com".to_owned();
                return Err(ConfigError::Variable { name: "CARTWHEEL_RETURN_DOMAIN", message });
            }
            config.return_domain = Some(domain);
        }
        if let Some(from) = text("CARTWHEEL_MAIL_FROM") {
            config.mail_from = Some(from);
        }
        if let Some(word) = text("CARTWHEEL_SIGN_UP") {
            config.sign_up = match word.as_str() {
                "open" => SignUp::Open,
                "closed" => SignUp::Closed,
                _ => {
                    let message = "open or closed".to_owned();
                    return Err(ConfigError::Variable { name: "CARTWHEEL_SIGN_UP", message });
                }
            };
        }
        if let Some(key) = text("CARTWHEEL_MASTER_KEY") {
            config.master_key = Some(Secret::new(key));
        }
        if let Some(file) = text("CARTWHEEL_MASTER_KEY_FILE") {
            config.master_key_file = Some(file.into());
        }
        if let Some(key) = text("CARTWHEEL_STRIPE_KEY") {
            config.stripe_key = Some(Secret::new(key));
        }
        if let Some(secret) = text("CARTWHEEL_STRIPE_WEBHOOK_SECRET") {
            config.stripe_webhook_secret = Some(Secret::new(secret));
        }
        if let Some(url) = text("CARTWHEEL_TWILIO_URL") {
            config.twilio_url = url;
        }
        config.shopify_url = text("CARTWHEEL_SHOPIFY_URL").or(config.shopify_url);
        config.bigcommerce_url = text("CARTWHEEL_BIGCOMMERCE_URL").or(config.bigcommerce_url);
        config.b2b_url = text("CARTWHEEL_B2B_URL").or(config.b2b_url);
        if let Some(url) = text("CARTWHEEL_STRIPE_URL") {
            config.stripe_url = url;
        }
        if let Some(issuer) = text("CARTWHEEL_OIDC_ISSUER") {
            let named = |name: &'static str| {
                let message = "it goes with CARTWHEEL_OIDC_ISSUER and is missing".to_owned();
                text(name).ok_or(ConfigError::Variable { name, message })
            };
            config.providers.push(Provider {
                id: "sso".into(),
                name: named("CARTWHEEL_OIDC_NAME")?,
                issuer,
                client_id: named("CARTWHEEL_OIDC_CLIENT_ID")?,
                client_secret: Secret::new(named("CARTWHEEL_OIDC_CLIENT_SECRET")?),
            });
        }
        if let Some(rate) = text("CARTWHEEL_API_RATE") {
            let wrong = || {
                let message = "requests a second, a whole number such as 100".to_owned();
                ConfigError::Variable { name: "CARTWHEEL_API_RATE", message }
            };
            config.api_rate =
                rate.parse().ok().filter(|rate| (1..=1_000_000).contains(rate)).ok_or_else(wrong)?;
        }
        if let Some(file) = text("CARTWHEEL_BREACHED_PASSWORDS") {
            config.breached_passwords = Some(file.into());
        }
        if let Some(file) = text("CARTWHEEL_AUDIT_HEADS") {
            config.audit_heads = Some(file.into());
        }
        if let Some(dir) = text("CARTWHEEL_CONSOLE_DIR") {
            config.console_dir = Some(dir.into());
        }
        if let Some(log) = text("CARTWHEEL_LOG") {
            config.log = log;
        }
        config.development |= text("CARTWHEEL_DEVELOPMENT").is_some_and(|v| v != "0" && v != "false");
        config.webhooks_local |= text("CARTWHEEL_WEBHOOKS_LOCAL").is_some_and(|v| v != "0" && v != "false");
        config.finish()
    }

    fn finish(mut self) -> Result<Self, ConfigError> {
        if self.public_url.is_empty() {
            self.public_url = format!("http://{}", self.listen);
        }
        while self.public_url.ends_with('/') {
            self.public_url.pop();
        }
        if cartwheel_domain::settings::host_of(&self.public_url).is_none() {
            let message = "an address such as https://mail.example.com".to_owned();
            return Err(ConfigError::Variable { name: "CARTWHEEL_PUBLIC_URL", message });
        }
        Ok(self)
    }
}

/// Where a file is wrong and why, without the line itself: there may be a password in it.
fn mistake(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| Some(text.get(..span.start)?.matches('\n').count() + 1));
    line.map_or_else(|| error.message().to_owned(), |line| format!("line {line}: {}", error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_lie_over_the_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("cartwheel.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:9000\"\nlog = \"debug\"\n").expect("written");
        let config =
            Config::load(Some(path), |name| (name == "CARTWHEEL_LOG").then(|| "warn".into())).expect("sound");
        assert_eq!(
            (config.listen.port(), config.log.as_str(), config.public_url.as_str()),
            (9000, "warn", "http://127.0.0.1:9000")
        );
    }

    #[test]
    fn mistakes_are_named() {
        let with = |name: &'static str, value: &'static str| {
            Config::load(None, move |n| (n == name).then(|| value.into()))
        };
        for (name, value) in [
            ("CARTWHEEL_LISTEN", "8080"),
            ("CARTWHEEL_METRICS_LISTEN", "here"),
            ("CARTWHEEL_PROXIES", "-1"),
            ("CARTWHEEL_SIGN_UP", "yes"),
            ("CARTWHEEL_API_RATE", "0"),
            ("CARTWHEEL_OIDC_ISSUER", "https://accounts.example.com"),
        ] {
            let named = name.strip_suffix("_ISSUER").unwrap_or(name);
            assert!(with(name, value).is_err_and(|e| e.to_string().starts_with(named)), "{name}");
        }
        assert!(
            with("CARTWHEEL_PUBLIC_URL", "mail.example.com")
                .is_err_and(|e| e.to_string().starts_with("CARTWHEEL_PUBLIC_URL"))
        );
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("cartwheel.toml");
        std::fs::write(&path, "lissten = 1\n").expect("written");
        assert!(Config::load(Some(path), |_| None).is_err_and(|e| e.to_string().contains("lissten")));
    }

    #[test]
    fn secrets_do_not_show() {
        let config =
            Config::load(None, |n| (n.ends_with("_KEY") || n.ends_with("_SECRET")).then(|| "canary".into()))
                .expect("sound");
        assert!(!format!("{config:?}").contains("canary"));
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("cartwheel.toml");
        for line in
            ["master_key = \"canary", "smtp_url = \"smtp://a:canary@b\" x", "database_url = [\"canary\"]"]
        {
            std::fs::write(&path, format!("development = true\n{line}\n")).expect("written");
            let said = Config::load(Some(path.clone()), |_| None).expect_err(line).to_string();
            assert!(said.contains("line 2: ") && !said.contains("canary"), "{said}");
        }
    }
}
