//! By which way the messages of a store go, channel by channel.

use super::dispatch::Tools;
use crate::{
    accounts::{SecretKind, StoreInfo, secrets},
    channels::{
        Channel, Route,
        email::{dkim::Signer, mark::Mark},
        push::Way as PushWay,
        sms::Account,
    },
    db::{DbError, Scoped},
    mail::{Provider, reference},
    push,
};
use cartwheel_domain::{consent, ids::MessageId, mail::Service, sms};
use std::sync::Arc;

/// A way, and who goes it.
#[derive(Clone)]
pub struct Way {
    /// The way.
    pub route: Route,
    /// Who goes it.
    pub channel: Arc<dyn Channel>,
    /// The store's own server, where it is one.
    pub provider: Option<Provider>,
}

/// The ways of a store's messages of a kind, the preferred first; none while nothing is set up.
///
/// # Errors
/// What the database says.
pub async fn of(
    tools: &Tools,
    scoped: &Scoped<'_>,
    store: &StoreInfo,
    kind: consent::Channel,
) -> Result<Vec<Way>, DbError> {
    let Some(channel) = tools.channels.of(kind, store.sandbox).cloned() else { return Ok(Vec::new()) };
    let way = |route| Way { route, channel: Arc::clone(&channel), provider: None };
    if store.sandbox {
        return Ok(vec![way(Route { name: "sandbox".into(), ..Route::default() })]);
    }
    let route = match kind {
        consent::Channel::Email => mail(tools, scoped, store).await?,
        consent::Channel::Sms => text(tools, scoped, store).await?,
        consent::Channel::Push => notices(tools, scoped, store).await?,
        _ => None,
    };
    let Some(route) = route else { return Ok(Vec::new()) };
    if kind != consent::Channel::Email {
        return Ok(vec![way(route)]);
    }
    if !store.mail_own {
        // The operator's server carries the mail of who has none.
        return Ok(if tools.usual_mail { vec![way(route)] } else { Vec::new() });
    }
    let own = |provider: &Provider| Way {
        route: Route {
            name: format!("smtp {}", provider.id),
            server: Some(Arc::clone(&provider.server)),
            ..route.clone()
        },
        channel: Arc::clone(&channel),
        provider: Some(provider.clone()),
    };
    Ok(tools.providers.of(scoped).await?.iter().map(own).collect())
}

/// What a mail is known by when it comes back.
pub fn mark(tools: &Tools, store: &StoreInfo, way: &Way, message: MessageId) -> Option<Mark> {
    let own = Some(store.settings.mail_return_domain.as_str()).filter(|domain| !domain.is_empty());
    // The operator's server takes mail back for the operator's domain alone.
    let usual = tools.return_domain.as_deref().filter(|_| way.provider.is_none());
    Some(Mark {
        reference: reference::sign(tools.key(), store.id, message)?,
        return_domain: own.or(usual).map(str::to_owned),
        service: way.provider.as_ref().map_or(Service::Smtp, |it| it.service),
    })
}

/// A live store without an address to send from cannot send.
async fn mail(tools: &Tools, scoped: &Scoped<'_>, store: &StoreInfo) -> Result<Option<Route>, DbError> {
    let settings = &store.settings;
    if settings.sender_email.is_none() {
        return Ok(None);
    }
    let mut route = Route { name: "smtp".into(), ..Route::default() };
    if settings.dkim_domain.is_empty() || settings.dkim_selector.is_empty() {
        return Ok(Some(route));
    }
    match secrets::get(scoped, tools.key(), SecretKind::DkimKey).await {
        Ok(Some(pem)) => match Signer::new(&settings.dkim_domain, &settings.dkim_selector, pem.expose()) {
            Ok(signer) => route.signer = Some(Arc::new(signer)),
            Err(error) => tracing::warn!(store = %store.id, %error, "mail goes unsigned"),
        },
        Ok(None) => tracing::warn!(store = %store.id, "a DKIM domain is set and no key: mail goes unsigned"),
        Err(secrets::SecretError::Db(error)) => return Err(error),
        Err(error) => tracing::warn!(store = %store.id, %error, "mail goes unsigned"),
    }
    Ok(Some(route))
}

/// A store sends text messages by its own account, or not at all: numbers, prices and what was registered with networks are its own.
async fn text(tools: &Tools, scoped: &Scoped<'_>, store: &StoreInfo) -> Result<Option<Route>, DbError> {
    let settings = &store.settings;
    let (Some(id), Some(sender)) =
        (sms::account_id(&settings.sms_account), sms::Sender::parse(&settings.sms_sender))
    else {
        return Ok(None);
    };
    let token = match secrets::get(scoped, tools.key(), SecretKind::TwilioToken).await {
        Ok(Some(token)) => token,
        Ok(None) => return Ok(None),
        Err(secrets::SecretError::Db(error)) => return Err(error),
        Err(error) => {
            tracing::warn!(store = %store.id, %error, "text messages wait");
            return Ok(None);
        }
    };
    let callback = format!("{}/v1/sms/{}/status", tools.links.public_url, store.id);
    let account = Account { id: id.to_owned(), token, sender, callback };
    // One account that is refused closes nobody else's way.
    Ok(Some(Route { name: format!("twilio {id}"), texts: Some(Arc::new(account)), ..Route::default() }))
}

/// A store notifies by its own pair of keys, while that is switched on.
async fn notices(tools: &Tools, scoped: &Scoped<'_>, store: &StoreInfo) -> Result<Option<Route>, DbError> {
    let settings = &store.settings;
    if !settings.push_on {
        return Ok(None);
    }
    let keys = match push::pair(scoped, tools.key()).await {
        Ok(Some(keys)) => Arc::new(keys),
        Ok(None) => return Ok(None),
        Err(secrets::SecretError::Db(error)) => return Err(error),
        Err(error) => {
            tracing::warn!(store = %store.id, %error, "notifications wait");
            return Ok(None);
        }
    };
    // RFC 8292, section 2.1: a mailto: or an https: address at which somebody can be asked.
    let mail = settings.support_email.as_ref().or(settings.sender_email.as_ref());
    let subject = match mail {
        Some(mail) => format!("mailto:{mail}"),
        None if tools.links.public_url.starts_with("https:") => tools.links.public_url.clone(),
        None => "mailto:push@cartwheel.invalid".to_owned(),
    };
    let way = PushWay { keys, subject, to: None, topic: None };
    Ok(Some(Route { name: "push".into(), push: Some(Arc::new(way)), ..Route::default() }))
}
