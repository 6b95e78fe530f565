//! `cartwheel doctor`: what is wrong, in words, and whether the data keeps its promises.

mod keys;

use crate::{
    accounts::{MasterKey, audit},
    channels::email::url::SmtpUrl,
    clock::Env,
    config::{Config, SignUp},
    db::{Db, DbError},
    messages::invariants,
    post::{NoSender, Sender},
};
use cartwheel_domain::{settings::StoreSettings, time::HOUR};
use cartwheel_entity::{meter_report, service_mail, store};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is as it should be.
    pub holds: bool,
    /// What was looked at.
    pub what: String,
    /// What is wrong and what to do.
    pub detail: Option<String>,
}

fn finding(what: &str, wrong: Option<String>) -> Finding {
    Finding { holds: wrong.is_none(), what: what.into(), detail: wrong }
}

/// Most stores whose settings are read; a larger service has its own monitoring.
const STORES: u64 = 10_000;

/// Looks at the settings of the process, the database, the stores' settings and the invariants of the data. It changes
/// nothing and may run beside a live service.
///
/// # Errors
/// When the database cannot be asked at all.
pub async fn examine(db: &Db, config: &Config) -> Result<Vec<Finding>, Box<dyn std::error::Error>> {
    let env = Env::system();
    let mut findings = vec![
        finding(
            "the database keeps what it acknowledges",
            crate::db::dialect::check_durable(db).await.err().map(|e| e.to_string()),
        ),
        finding("the mail route can be read", mail_route(config)),
        finding("the service can send mails of its own", own_mails(config)),
        finding("the service's own mails go out", waiting_mails(db, &env).await?),
        finding("billing can be done", crate::billing::stripe_of(config).err().map(|e| e.to_string())),
        finding("Stripe takes what it is told of usage", untold(db).await?),
        finding(
            "links in mails begin with https",
            (!config.public_url.starts_with("https://") && !config.listen.ip().is_loopback()).then(|| {
                format!(
                    "CARTWHEEL_PUBLIC_URL is {}; set it to the https address the outside uses",
                    config.public_url
                )
            }),
        ),
    ];
    let (sealed, master) = keys::keys(db, config, &env).await?;
    findings.extend(sealed);
    let rows = {
        let mut tx = db.read().await?;
        let system = tx.system().await?;
        system.find::<store::Entity>().order_by_asc(store::Column::Id).limit(STORES).all(system.on()).await?
    };
    for row in rows {
        let name = format!("store {} ({})", cartwheel_domain::ids::StoreId(row.id), row.name);
        findings.extend(store_findings(&name, (row.sandbox, row.mail_own), row.settings, config));
    }
    let violations = invariants::check(db, env.now()).await?;
    if violations.is_empty() {
        findings.push(finding("the invariants of runs and messages hold", None));
    }
    findings.extend(
        violations.iter().map(|v| finding(v.invariant, Some(format!("{}: {} rows", v.what, v.count)))),
    );
    let tampered = audit::verify(db).await?;
    if tampered.is_empty() {
        findings.push(finding("the audit logs are as they were written", None));
    }
    findings.extend(tampered.iter().map(|t| finding("an audit log was tampered with", Some(t.to_string()))));
    if let (Some(file), Some(master)) = (&config.audit_heads, &master) {
        findings.push(finding(
            "the audit logs hold what was written down of them",
            written_heads(db, master, file).await?,
        ));
    }
    Ok(findings)
}

/// What is wrong with the logs by the heads in a file: one JSON object a line, as the worker writes them.
async fn written_heads(
    db: &Db,
    master: &MasterKey,
    file: &std::path::Path,
) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let gone =
                format!("{} is missing; a worker writes it at its start and each hour", file.display());
            return Ok(Some(gone));
        }
        Err(e) => return Ok(Some(format!("{} cannot be read: {e}", file.display()))),
    };
    let mut heads = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(head) => heads.push(head),
            Err(e) => return Ok(Some(format!("{}, line {}: {e}", file.display(), n + 1))),
        }
    }
    let wrong = audit::compare(db, master, &heads).await?;
    Ok((!wrong.is_empty()).then(|| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// Reports of usage that Stripe refused, or that nobody knows of.
async fn untold(db: &Db) -> Result<Option<String>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let lost = [crate::billing::report::REFUSED, crate::billing::report::UNKNOWN];
    let query = system
        .find::<meter_report::Entity>()
        .filter(meter_report::Column::Status.is_in(lost))
        .order_by_asc(meter_report::Column::Hour)
        .limit(5);
    let names: Vec<String> = query.all(system.on()).await?.into_iter().map(|r| r.identifier).collect();
    Ok((!names.is_empty()).then(|| {
        format!(
            "look these up at Stripe by their identifiers, and tell it what is missing: {}",
            names.join(", ")
        )
    }))
}

fn mail_route(config: &Config) -> Option<String> {
    let url = config.smtp_url.as_ref()?;
    url.expose().parse::<SmtpUrl>().err().map(|e| format!("CARTWHEEL_SMTP_URL: {e}"))
}

/// What keeps the service from sending what people are told it sends.
fn own_mails(config: &Config) -> Option<String> {
    match (&config.mail_from, &config.smtp_url) {
        (Some(from), _) if from.parse::<Sender>().is_err() => {
            Some(format!("CARTWHEEL_MAIL_FROM: {NoSender}"))
        }
        (Some(_), None) => {
            Some("CARTWHEEL_MAIL_FROM is set, but no mail server: set CARTWHEEL_SMTP_URL".into())
        }
        (None, _) if config.sign_up == SignUp::Open && !config.development => {
            Some("sign-up is open, but its links have no sender: set CARTWHEEL_MAIL_FROM".into())
        }
        _ => None,
    }
}

/// Mails of the service that somebody has waited for in vain.
async fn waiting_mails(db: &Db, env: &Env) -> Result<Option<String>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let late = service_mail::Column::CreatedAt.lt(env.now() - HOUR);
    let n = system.find::<service_mail::Entity>().filter(late).count(system.on()).await?;
    Ok((n > 0)
        .then(|| format!("{n} wait for over an hour; the worker's log says what the mail server answers")))
}

fn store_findings(
    name: &str,
    (sandbox, own): (bool, bool),
    settings: serde_json::Value,
    config: &Config,
) -> Vec<Finding> {
    let settings: StoreSettings = match serde_json::from_value(settings) {
        Ok(settings) => settings,
        Err(e) => return vec![finding(name, Some(format!("its settings cannot be read: {e}")))],
    };
    let mut wrong: Vec<String> = settings.check().iter().map(ToString::to_string).collect();
    if !sandbox {
        if config.smtp_url.is_none() && !own {
            wrong.push(
                "it is live, but there is no mail route: set CARTWHEEL_SMTP_URL, or add a mail server in its settings"
                    .into(),
            );
        }
        if settings.sender_email.is_none() {
            wrong.push("it is live, but has no sender address: set sender_email".into());
        }
        if settings.postal_address.trim().is_empty() {
            wrong.push(
                "it is live, but has no postal address, which mails must carry: set postal_address".into(),
            );
        }
    }
    vec![finding(name, (!wrong.is_empty()).then(|| wrong.join("; ")))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use cartwheel_macros::db_test;

    #[db_test]
    async fn a_live_store_without_address_is_named(app: TestApp) {
        app.store_with("bare", true, StoreSettings::default()).await;
        app.store("sandbox").await;
        let config = Config {
            master_key: Some(crate::config::Secret::new("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")),
            ..Config::default()
        };
        let findings = examine(app.db(), &config).await.expect("examined");
        let wrong: Vec<_> = findings.iter().filter(|f| !f.holds).collect();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        let detail = wrong[0].detail.as_deref().unwrap_or_default();
        assert!(
            wrong[0].what.contains("bare")
                && detail.contains("postal_address")
                && detail.contains("CARTWHEEL_SMTP_URL"),
            "{detail}"
        );
    }

    #[test]
    fn mails_that_cannot_be_sent_are_named() {
        let said = |from: Option<&str>, smtp: Option<&str>, sign_up| {
            let config = Config {
                mail_from: from.map(str::to_owned),
                smtp_url: smtp.map(crate::config::Secret::new),
                sign_up,
                ..Config::default()
            };
            own_mails(&config).unwrap_or_default()
        };
        let (from, smtp) = (Some("Cartwheel <no-reply@example.com>"), Some("smtp://localhost"));
        assert_eq!(said(from, smtp, SignUp::Open), "");
        assert_eq!(said(None, None, SignUp::Closed), "");
        assert!(said(Some("Cartwheel"), smtp, SignUp::Closed).contains("CARTWHEEL_MAIL_FROM"));
        assert!(said(from, None, SignUp::Closed).contains("CARTWHEEL_SMTP_URL"));
        assert!(said(None, smtp, SignUp::Open).contains("CARTWHEEL_MAIL_FROM"));
    }

    #[db_test]
    async fn a_mail_somebody_waits_for_is_named(app: TestApp) {
        use crate::accounts::mailbox::{self, Letter, Mail};
        let mail = Mail {
            to: "ann@example.com".into(),
            language: cartwheel_domain::locale::Language::En,
            letter: Letter::PasswordChanged,
        };
        let mut tx = app.db().write().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        mailbox::queue(&system, app.env(), &app.master_key(), &mail).await.expect("queued");
        tx.commit().await.expect("committed");
        assert_eq!(waiting_mails(app.db(), app.env()).await.expect("looked"), None);
        app.clock().advance(2 * HOUR);
        let said = waiting_mails(app.db(), app.env()).await.expect("looked");
        assert!(said.is_some_and(|said| said.starts_with('1')));
    }
}
