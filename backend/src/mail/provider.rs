//! The mail servers of a store: made, changed, put in order, switched off, taken away.

use crate::{
    accounts::{
        MasterKey,
        keys::{KeyError, Place},
    },
    channels::email::{
        server::{Typed, Unusable},
        url::{Security, SmtpUrl},
    },
    clock::Env,
    config::Secret,
    db::{DbError, Scoped, StoreScope, Tx},
};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{ProviderId, StoreId},
    mail::{Service, WarmUp},
    time::Millis,
};
use cartwheel_entity::{mail_provider, store};
use sea_orm::{ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde::{Deserialize, Serialize};

/// Most servers of a store.
pub const MOST: u64 = 10;
/// Longest name, characters.
const NAME: usize = 60;
/// Longest user name and password.
const SIGN_IN: usize = 1_000;
/// Most messages of the first day of a warm-up.
const FIRST_DAY: u32 = 10_000;

/// Why a change was refused.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// There is no such server.
    #[error("there is no such mail server")]
    None,
    /// As many as a store may have.
    #[error("a store has at most {MOST} mail servers; take one away first")]
    TooMany,
    /// A field that cannot be.
    #[error(transparent)]
    Field(#[from] Unusable),
    /// The order does not name each server once.
    #[error("the order names each mail server of the store once")]
    Order,
    /// A key cannot be had.
    #[error(transparent)]
    Key(KeyError),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for ProviderError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Db(error.into())
    }
}

impl From<KeyError> for ProviderError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Db(error) => Self::Db(error),
            other => Self::Key(other),
        }
    }
}

/// What can be said of a server; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// A word for people.
    pub name: Option<String>,
    /// What stands behind it: a word of [`Service`].
    pub service: Option<String>,
    /// Name of the server.
    pub host: Option<String>,
    /// Port.
    pub port: Option<i32>,
    /// `tls`, `starttls` or `none`.
    pub security: Option<String>,
    /// User name; empty: no sign-in.
    pub user: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Address in From; empty: the store's.
    pub sender: Option<String>,
    /// Whether it carries anything.
    pub on: Option<bool>,
    /// Whether it warms up; switched on, the plan begins today.
    pub warming: Option<bool>,
    /// Ceiling of the first day of that.
    pub warm_first: Option<i32>,
}

/// How to sign in, as sealed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    pub user: String,
    pub password: String,
}

fn bad(field: &'static str, said: impl Into<String>) -> ProviderError {
    Unusable(field, said.into()).into()
}

fn line(field: &'static str, text: &str, most: usize) -> Result<String, ProviderError> {
    let text = text.trim();
    let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(bad(field, format!("at most {most} characters on one line"))) }
}

/// By its word.
pub(super) fn security(word: &str) -> Option<Security> {
    match word {
        "tls" => Some(Security::Implicit),
        "starttls" => Some(Security::StartTls),
        "none" => Some(Security::None),
        _ => None,
    }
}

pub(super) async fn sign_in(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    row: &mail_provider::Model,
) -> Result<Option<SignIn>, KeyError> {
    let place = Place::Provider(scoped.store_id(), ProviderId(row.id));
    let opened = key.unseal(scoped, place, &row.sealed).await?;
    Ok(opened.and_then(|text| serde_json::from_str(text.expose()).ok()))
}

/// The user name of a server, for whoever may see its settings; `None` when what is sealed does not open.
///
/// # Errors
/// [`KeyError`].
pub async fn user(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    row: &mail_provider::Model,
) -> Result<Option<(String, bool)>, KeyError> {
    Ok(sign_in(scoped, key, row).await?.map(|it| (it.user, !it.password.is_empty())))
}

/// One server.
///
/// # Errors
/// [`ProviderError::None`]; what the database says.
pub async fn find(scoped: &Scoped<'_>, id: ProviderId) -> Result<mail_provider::Model, ProviderError> {
    let query = scoped.find::<mail_provider::Entity>().filter(mail_provider::Column::Id.eq(id.uuid()));
    query.one(scoped.on()).await?.ok_or(ProviderError::None)
}

/// All of a store, in their order.
///
/// # Errors
/// What the database says.
pub async fn all(scoped: &Scoped<'_>) -> Result<Vec<mail_provider::Model>, DbError> {
    use mail_provider::Column as C;
    let query = scoped.find::<mail_provider::Entity>().order_by_asc(C::Position).order_by_asc(C::Id);
    Ok(query.all(scoped.on()).await?)
}

/// Makes a server (`id` is `None`), as the last in order, or changes one.
///
/// # Errors
/// [`ProviderError`]; nothing was changed then.
pub async fn save(
    tx: &mut Tx,
    (scope, env, key): (&StoreScope, &Env, &MasterKey),
    local: bool,
    id: Option<ProviderId>,
    wanted: &Change,
) -> Result<mail_provider::Model, ProviderError> {
    let scoped = tx.enter(scope).await?;
    scoped.lock().await?;
    let now = env.now();
    let (mut row, mut known) = match id {
        Some(id) => {
            let row = find(&scoped, id).await?;
            let known = sign_in(&scoped, key, &row).await?.unwrap_or_default();
            (row, known)
        }
        None => {
            let count = scoped.find::<mail_provider::Entity>().count(scoped.on()).await?;
            if count >= MOST {
                return Err(ProviderError::TooMany);
            }
            (fresh(&scoped, env.id(), i32::try_from(count).unwrap_or(0), now), SignIn::default())
        }
    };
    lay_over(&mut row, wanted, now)?;
    if let Some(user) = &wanted.user {
        known.user = line("user", user, SIGN_IN)?;
    }
    if let Some(password) = &wanted.password {
        let text = password.expose();
        if text.len() > SIGN_IN || text.chars().any(char::is_control) {
            return Err(bad("password", "at most 1000 characters on one line"));
        }
        known.password = text.to_owned();
    }
    if known.user.is_empty() {
        known.password.clear();
    } else if known.password.is_empty() {
        return Err(bad("password", "the password that goes with the user name"));
    }
    let credentials = (!known.user.is_empty()).then(|| (known.user.clone(), known.password.clone()));
    let typed = Typed {
        host: &row.host,
        port: u16::try_from(row.port).unwrap_or(0),
        security: security(&row.security).unwrap_or(Security::StartTls),
        credentials,
    };
    row.host = SmtpUrl::typed(typed, local)?.host;
    let text = serde_json::to_string(&known).unwrap_or_default();
    let place = Place::Provider(scoped.store_id(), ProviderId(row.id));
    row.sealed = key.seal(&scoped, env, place, &text).await?;
    // Also what tells connections of before from those of now.
    row.updated_at = now.max(row.updated_at + 1);
    let kept = row.clone();
    write(&scoped, row).await?;
    note_own(tx, scope.store_id()).await?;
    Ok(kept)
}

fn fresh(scoped: &Scoped<'_>, id: ProviderId, position: i32, now: Millis) -> mail_provider::Model {
    mail_provider::Model {
        store_id: scoped.store_id().uuid(),
        id: id.uuid(),
        name: String::new(),
        service: Service::Smtp.as_str().into(),
        position,
        host: String::new(),
        port: 587,
        security: "starttls".into(),
        sender: None,
        sealed: String::new(),
        off_at: None,
        warm_from: None,
        warm_first: i32::try_from(WarmUp::USUAL).unwrap_or(50),
        checked_at: None,
        checked: None,
        checked_said: None,
        down_until: None,
        down_said: None,
        created_at: now,
        updated_at: now,
    }
}

fn lay_over(row: &mut mail_provider::Model, wanted: &Change, now: Millis) -> Result<(), ProviderError> {
    if let Some(name) = &wanted.name {
        row.name = line("name", name, NAME)?;
    }
    if let Some(service) = &wanted.service {
        let service = Service::from_name(service);
        row.service =
            service.ok_or_else(|| bad("service", "smtp, ses, postmark or sendgrid"))?.as_str().into();
    }
    if let Some(host) = &wanted.host {
        row.host = line("host", host, 260)?;
    }
    if let Some(port) = wanted.port {
        row.port = port;
    }
    if let Some(word) = &wanted.security {
        security(word).ok_or_else(|| bad("security", "tls, starttls or none"))?;
        row.security = word.clone();
    }
    if let Some(sender) = &wanted.sender {
        let sender = sender.trim();
        let address = (!sender.is_empty()).then(|| sender.parse::<EmailAddress>()).transpose();
        let address = address.map_err(|_| bad("sender", "an e-mail address, or nothing for the store's"))?;
        row.sender = address.map(|a| a.as_str().to_owned());
    }
    if let Some(first) = wanted.warm_first {
        let fits = u32::try_from(first).is_ok_and(|first| (1..=FIRST_DAY).contains(&first));
        row.warm_first =
            fits.then_some(first).ok_or_else(|| bad("warmFirst", format!("between 1 and {FIRST_DAY}")))?;
    }
    match wanted.warming {
        Some(true) => row.warm_from = row.warm_from.or(Some(now)),
        Some(false) => row.warm_from = None,
        None => {}
    }
    match wanted.on {
        Some(true) => row.off_at = None,
        Some(false) => row.off_at = row.off_at.or(Some(now)),
        None => {}
    }
    if wanted.host.is_some() || wanted.port.is_some() || wanted.user.is_some() || wanted.password.is_some() {
        // What was found of the one before says nothing of this.
        (row.down_until, row.down_said) = (None, None);
    }
    Ok(())
}

async fn write(scoped: &Scoped<'_>, row: mail_provider::Model) -> Result<(), DbError> {
    use mail_provider::Column as C;
    let columns = [
        C::Name,
        C::Service,
        C::Position,
        C::Host,
        C::Port,
        C::Security,
        C::Sender,
        C::Sealed,
        C::OffAt,
        C::WarmFrom,
        C::WarmFirst,
        C::DownUntil,
        C::DownSaid,
        C::UpdatedAt,
    ];
    let row = mail_provider::ActiveModel {
        store_id: Set(row.store_id),
        id: Set(row.id),
        name: Set(row.name),
        service: Set(row.service),
        position: Set(row.position),
        host: Set(row.host),
        port: Set(row.port),
        security: Set(row.security),
        sender: Set(row.sender),
        sealed: Set(row.sealed),
        off_at: Set(row.off_at),
        warm_from: Set(row.warm_from),
        warm_first: Set(row.warm_first),
        checked_at: Set(row.checked_at),
        checked: Set(row.checked),
        checked_said: Set(row.checked_said),
        down_until: Set(row.down_until),
        down_said: Set(row.down_said),
        created_at: Set(row.created_at),
        updated_at: Set(row.updated_at),
    };
    scoped.upsert::<mail_provider::Entity>(vec![row], &columns).await
}

/// Takes a server away. What was sent by it keeps its record.
///
/// # Errors
/// [`ProviderError::None`]; what the database says.
pub async fn delete(tx: &mut Tx, scope: &StoreScope, id: ProviderId) -> Result<(), ProviderError> {
    let scoped = tx.enter(scope).await?;
    scoped.lock().await?;
    find(&scoped, id).await?;
    let gone = scoped.delete::<mail_provider::Entity>().filter(mail_provider::Column::Id.eq(id.uuid()));
    gone.exec(scoped.on()).await?;
    let left: Vec<ProviderId> = all(&scoped).await?.into_iter().map(|row| ProviderId(row.id)).collect();
    place(&scoped, &left).await?;
    note_own(tx, scope.store_id()).await?;
    Ok(())
}

/// Puts the servers in this order.
///
/// # Errors
/// [`ProviderError::Order`] unless each is named once; what the database says.
pub async fn order(tx: &mut Tx, scope: &StoreScope, wanted: &[ProviderId]) -> Result<(), ProviderError> {
    let scoped = tx.enter(scope).await?;
    scoped.lock().await?;
    let mut known: Vec<ProviderId> = all(&scoped).await?.into_iter().map(|row| ProviderId(row.id)).collect();
    let mut named = wanted.to_vec();
    known.sort_unstable();
    named.sort_unstable();
    if known != named {
        return Err(ProviderError::Order);
    }
    Ok(place(&scoped, wanted).await?)
}

async fn place(scoped: &Scoped<'_>, order: &[ProviderId]) -> Result<(), DbError> {
    for (position, id) in (0_i32..).zip(order) {
        scoped
            .update::<mail_provider::Entity>()
            .col_expr(mail_provider::Column::Position, Expr::value(position))
            .filter(mail_provider::Column::Id.eq(id.uuid()))
            .exec(scoped.on())
            .await?;
    }
    Ok(())
}

/// Writes into the store's row whether it has a server that is on, so that nobody asks where there is none.
async fn note_own(tx: &mut Tx, id: StoreId) -> Result<(), DbError> {
    let scoped = tx.enter(&StoreScope::system(id)).await?;
    let on = all(&scoped).await?.iter().any(|row| row.off_at.is_none());
    let system = tx.system().await?;
    let update = system.update::<store::Entity>().col_expr(store::Column::MailOwn, Expr::value(on));
    update.filter(store::Column::Id.eq(id.uuid())).exec(system.on()).await?;
    Ok(())
}
