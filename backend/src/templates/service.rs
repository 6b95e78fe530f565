//! Use cases: the set a store starts with, the text for a message, and a merchant's edits.

use super::{
    check::{lawful, missing},
    compile::{Compiled, compile},
    model::{StoredTemplate, TemplatesError, Wanted},
    store::{self as rows, Head},
};
use crate::{
    clock::Env,
    db::{Db, Scoped, StoreScope},
};
use cartwheel_domain::{
    consent::Channel,
    ids::{StoreId, TemplateId},
    locale::{Formality, Language},
    template::{
        MailFault, MailTemplate,
        recovery::{self, DefaultMessage, DefaultNotice, DefaultTemplate},
        texts::Texts,
    },
};
use cartwheel_entity::{store, template};
use moka::sync::Cache;
use sea_orm::{
    ActiveValue::Set,
    QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// Bytes of parsed templates kept in memory, at most.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// The compiled recovery set; the same for every store, so it is compiled once per process.
fn compiled_set() -> Result<&'static [(DefaultTemplate, Compiled)], TemplatesError> {
    static SET: OnceLock<Result<Vec<(DefaultTemplate, Compiled)>, MailFault>> = OnceLock::new();
    let set = SET.get_or_init(|| {
        let compiled = |mail: DefaultTemplate| compile(&mail.mjml, &mail.text).map(|done| (mail, done));
        recovery::all().into_iter().map(compiled).collect()
    });
    set.as_deref().map_err(|fault| fault.clone().into())
}

/// Gives a new store its recovery mails in every language, as version 1. Rows that are there already stay.
///
/// # Errors
/// What the database says.
pub async fn install_default_set(scoped: &Scoped<'_>, env: &Env) -> Result<(), TemplatesError> {
    let rows = compiled_set()?
        .iter()
        .map(|(mail, compiled)| template::ActiveModel {
            store_id: Set(scoped.store_id().uuid()),
            id: Set(env.id::<TemplateId>().uuid()),
            key: Set(mail.key.to_owned()),
            language: Set(mail.language.code().to_owned()),
            formality: Set(mail.formality.code().to_owned()),
            channel: Set("email".to_owned()),
            version: Set(1),
            subject: Set(mail.subject.clone()),
            preheader: Set(mail.preheader.clone()),
            mjml: Set(mail.mjml.clone()),
            html: Set(compiled.html.clone()),
            text: Set(compiled.text.clone()),
            created_at: Set(env.now()),
        })
        .collect();
    scoped.insert_new::<template::Entity>(rows).await?;
    install_messages(scoped, env).await
}

/// Gives a store the text messages and notifications it starts with. Rows that are there already stay.
///
/// # Errors
/// What the database says.
pub async fn install_messages(scoped: &Scoped<'_>, env: &Env) -> Result<(), TemplatesError> {
    let row = |message: DefaultMessage| template::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(env.id::<TemplateId>().uuid()),
        key: Set(recovery::SMS_KEY.to_owned()),
        language: Set(message.language.code().to_owned()),
        formality: Set(message.formality.code().to_owned()),
        channel: Set(Channel::Sms.as_str().to_owned()),
        version: Set(1),
        subject: Set(String::new()),
        preheader: Set(String::new()),
        mjml: Set(String::new()),
        html: Set(String::new()),
        text: Set(message.text),
        created_at: Set(env.now()),
    };
    let notice = |notice: DefaultNotice| template::ActiveModel {
        key: Set(recovery::PUSH_KEY.to_owned()),
        channel: Set(Channel::Push.as_str().to_owned()),
        subject: Set(notice.title),
        preheader: Set(notice.image),
        ..row(DefaultMessage { language: notice.language, formality: notice.formality, text: notice.body })
    };
    let mut rows: Vec<_> = recovery::messages().into_iter().map(row).collect();
    rows.extend(recovery::notices().into_iter().map(notice));
    scoped.insert_new::<template::Entity>(rows).await?;
    Ok(())
}

/// Gives stores that were made before there were text messages or notifications theirs; asked at each start, and nothing once they have them.
///
/// # Errors
/// What the database says.
pub async fn complete(db: &Db, env: &Env) -> Result<(), TemplatesError> {
    let stores: Vec<uuid::Uuid> = {
        let mut tx = db.read().await?;
        let system = tx.system().await?;
        let theirs = Query::select()
            .expr(Expr::val(1))
            .from(template::Entity)
            .and_where(
                Expr::col((template::Entity, template::Column::StoreId))
                    .equals((store::Entity, store::Column::Id)),
            )
            .and_where(Expr::col((template::Entity, template::Column::Key)).eq(recovery::PUSH_KEY))
            .to_owned();
        let without = system.find::<store::Entity>().filter(Expr::not_exists(theirs));
        without.select_only().column(store::Column::Id).into_tuple().all(system.on()).await?
    };
    for store in stores {
        let mut tx = db.write().await?;
        let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
        install_messages(&scoped, env).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Finds and parses templates. A version never changes, so what was parsed stays good.
#[derive(Clone)]
pub struct Templates {
    parsed: Cache<(StoreId, TemplateId), Arc<StoredTemplate>>,
}

impl Default for Templates {
    fn default() -> Self {
        let weight = |_: &(StoreId, TemplateId), t: &Arc<StoredTemplate>| {
            // The tree is a few times its source.
            u32::try_from(4 * (t.mjml.len() * 3 + t.text.len())).unwrap_or(u32::MAX)
        };
        Self { parsed: Cache::builder().max_capacity(CACHE_BYTES).weigher(weight).build() }
    }
}

impl Templates {
    /// The newest version of the best text there is: the reader's language before the store's before English, the
    /// wanted form of address before the other.
    ///
    /// # Errors
    /// [`TemplatesError::Missing`] where the store has the key in none of them.
    pub async fn find(
        &self,
        scoped: &Scoped<'_>,
        wanted: Wanted<'_>,
    ) -> Result<Arc<StoredTemplate>, TemplatesError> {
        for (language, formality) in wanted.candidates() {
            if let Some(id) = rows::newest_id(scoped, wanted.key, language, formality).await? {
                return self.get(scoped, id).await;
            }
        }
        Err(TemplatesError::Missing(format!("{} in {}", wanted.key, wanted.language)))
    }

    /// The same, for many readers of one store in one transaction: what was found is not asked for again.
    pub fn at_once(&self) -> AtOnce<'_> {
        AtOnce { templates: self, known: HashMap::new() }
    }

    /// One version by its id.
    ///
    /// # Errors
    /// [`TemplatesError::Missing`] where this store has none of that id.
    pub async fn get(
        &self,
        scoped: &Scoped<'_>,
        id: TemplateId,
    ) -> Result<Arc<StoredTemplate>, TemplatesError> {
        let key = (scoped.store_id(), id);
        if let Some(known) = self.parsed.get(&key) {
            return Ok(known);
        }
        let row = rows::by_id(scoped, id).await?.ok_or_else(|| TemplatesError::Missing(id.to_string()))?;
        let parsed = Arc::new(parse(row)?);
        self.parsed.insert(key, parsed.clone());
        Ok(parsed)
    }
}

/// Templates found in one transaction of one store.
pub struct AtOnce<'a> {
    templates: &'a Templates,
    known: HashMap<(String, Language, Formality), Arc<StoredTemplate>>,
}

impl AtOnce<'_> {
    /// As [`Templates::find`].
    ///
    /// # Errors
    /// [`TemplatesError::Missing`].
    pub async fn find(
        &mut self,
        scoped: &Scoped<'_>,
        wanted: Wanted<'_>,
    ) -> Result<Arc<StoredTemplate>, TemplatesError> {
        let key = (wanted.key.to_owned(), wanted.language, wanted.formality);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let found = self.templates.find(scoped, wanted).await?;
        self.known.insert(key, found.clone());
        Ok(found)
    }

    /// As [`Templates::get`].
    ///
    /// # Errors
    /// [`TemplatesError::Missing`].
    pub async fn get(
        &self,
        scoped: &Scoped<'_>,
        id: TemplateId,
    ) -> Result<Arc<StoredTemplate>, TemplatesError> {
        self.templates.get(scoped, id).await
    }
}

fn parse(row: template::Model) -> Result<StoredTemplate, TemplatesError> {
    let id = TemplateId(row.id);
    let broken = |why: String| TemplatesError::Broken { id, why };
    Ok(StoredTemplate {
        id,
        channel: Channel::from_name(&row.channel)
            .ok_or_else(|| broken(format!("channel {}", row.channel)))?,
        language: row.language.parse().map_err(|e| broken(format!("{e}")))?,
        formality: row.formality.parse().map_err(|e| broken(format!("{e}")))?,
        version: row.version,
        created_at: row.created_at,
        mail: MailTemplate::parse(&row.subject, &row.preheader, &row.html, &row.text)
            .map_err(|e| broken(e.to_string()))?,
        key: row.key,
        subject: row.subject,
        preheader: row.preheader,
        mjml: row.mjml,
        text: row.text,
    })
}

/// Texts that may be saved: compiled, parsed, and with what every mail must have. To find out takes milliseconds of work, so it is done
/// before a transaction begins.
#[derive(Debug, Clone)]
pub struct Ready {
    channel: Channel,
    texts: Texts,
    compiled: Compiled,
}

impl Ready {
    /// Compiles texts and tries them.
    ///
    /// # Errors
    /// [`MailFault`] with field, line and column, or with what is missing in every mail that comes of it.
    pub fn of(
        channel: Channel,
        texts: Texts,
        language: Language,
        formality: Formality,
    ) -> Result<Self, MailFault> {
        let (compiled, mail) = prepare(channel, &texts)?;
        lawful(channel, &mail, language, formality)?;
        Ok(Self { channel, texts, compiled })
    }
}

/// Texts as they would be sent, compiled and parsed.
///
/// # Errors
/// [`MailFault`] with field, line and column.
pub fn prepare(channel: Channel, texts: &Texts) -> Result<(Compiled, MailTemplate), MailFault> {
    let compiled = match channel {
        // A text message is its text alone.
        Channel::Sms => {
            let others =
                [("subject", &texts.subject), ("preheader", &texts.preheader), ("mjml", &texts.mjml)];
            if let Some((field, _)) = others.into_iter().find(|(_, text)| !text.is_empty()) {
                return Err(missing(field, "a text message has none: leave it empty".to_owned()));
            }
            Compiled { html: String::new(), text: texts.text.clone() }
        }
        // A notification is its title, its text and, in place of a preheader, the address of its picture.
        Channel::Push => {
            if !texts.mjml.is_empty() {
                return Err(missing("mjml", "a notification has none: leave it empty".to_owned()));
            }
            Compiled { html: String::new(), text: texts.text.clone() }
        }
        _ => compile(&texts.mjml, &texts.text)?,
    };
    let mail = MailTemplate::parse(&texts.subject, &texts.preheader, &compiled.html, &compiled.text)?;
    Ok((compiled, mail))
}

/// Adds a version of a text.
pub(super) async fn add(
    scoped: &Scoped<'_>,
    env: &Env,
    (key, language, formality): (&str, Language, Formality),
    version: i32,
    Ready { channel, texts, compiled }: Ready,
) -> Result<Head, TemplatesError> {
    let (id, created_at): (TemplateId, _) = (env.id(), env.now());
    let row = template::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(id.uuid()),
        key: Set(key.to_owned()),
        language: Set(language.code().to_owned()),
        formality: Set(formality.code().to_owned()),
        channel: Set(channel.as_str().to_owned()),
        version: Set(version),
        subject: Set(texts.subject),
        preheader: Set(texts.preheader),
        mjml: Set(texts.mjml),
        html: Set(compiled.html),
        text: Set(compiled.text),
        created_at: Set(created_at),
    };
    scoped.insert::<template::Entity>(vec![row]).await?;
    Ok(Head { id, key: key.to_owned(), channel, language, formality, version, created_at })
}

/// Saves texts made from the version `base` as the next one, and returns that.
///
/// # Errors
/// [`TemplatesError::Changed`] when `base` is no longer the newest version; [`TemplatesError::Missing`].
pub async fn save(
    scoped: &Scoped<'_>,
    env: &Env,
    base: TemplateId,
    ready: Ready,
) -> Result<Head, TemplatesError> {
    // Versions are numbered one after another.
    scoped.lock().await?;
    let old = rows::head(scoped, base).await?.ok_or_else(|| TemplatesError::Missing(base.to_string()))?;
    let newest = rows::versions(scoped, &old.key, old.language, old.formality, 1).await?;
    if let Some(newest) = newest.first().filter(|newest| newest.id != base) {
        return Err(TemplatesError::Changed { newest: newest.version });
    }
    add(scoped, env, (&old.key, old.language, old.formality), old.version + 1, ready).await
}
