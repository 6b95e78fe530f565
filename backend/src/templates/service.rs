//! Use cases: the set a store starts with, the text for a message, and a merchant's edits.

use super::{
    compile::{Compiled, compile},
    model::{Edit, StoredTemplate, TemplatesError, Wanted},
    store,
};
use crate::{clock::Env, db::Scoped};
use cartwheel_domain::{
    ids::{StoreId, TemplateId},
    locale::{Formality, Language},
    template::{
        MailFault, MailTemplate,
        recovery::{self, DefaultTemplate},
    },
};
use cartwheel_entity::template;
use moka::sync::Cache;
use sea_orm::ActiveValue::Set;
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
            if let Some(id) = store::newest_id(scoped, wanted.key, language, formality).await? {
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
        let row = store::by_id(scoped, id).await?.ok_or_else(|| TemplatesError::Missing(id.to_string()))?;
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

/// What a store has: key, language, form and newest version of each template.
///
/// # Errors
/// What the database says.
pub async fn overview(
    scoped: &Scoped<'_>,
) -> Result<Vec<(String, Language, Formality, i32)>, TemplatesError> {
    let rows = store::overview(scoped).await?;
    Ok(rows
        .into_iter()
        .filter_map(|(key, language, formality, version)| {
            Some((key, language.parse().ok()?, formality.parse().ok()?, version))
        })
        .collect())
}

/// Saves an edit of `base` as a new version and returns its id. Nothing is saved unless all of it is good.
///
/// # Errors
/// [`TemplatesError::Invalid`] with field, line and column; [`TemplatesError::Changed`] when `base` is no longer the
/// newest version; [`TemplatesError::Missing`].
pub async fn save(
    scoped: &Scoped<'_>,
    env: &Env,
    base: TemplateId,
    edit: Edit,
) -> Result<TemplateId, TemplatesError> {
    let row = store::by_id(scoped, base).await?.ok_or_else(|| TemplatesError::Missing(base.to_string()))?;
    let old = parse(row)?;
    let newest = store::newest_id(scoped, &old.key, old.language, old.formality).await?;
    if let Some(newest) = newest.filter(|newest| *newest != base) {
        let newest = store::by_id(scoped, newest).await?.map_or(old.version + 1, |row| row.version);
        return Err(TemplatesError::Changed { newest });
    }
    let subject = edit.subject.unwrap_or_else(|| old.subject.clone());
    let preheader = edit.preheader.unwrap_or_else(|| old.preheader.clone());
    let mjml = edit.mjml.unwrap_or_else(|| old.mjml.clone());
    let text = edit.text.unwrap_or_else(|| old.text.clone());
    let compiled = compile(&mjml, &text)?;
    MailTemplate::parse(&subject, &preheader, &compiled.html, &compiled.text)?;
    let id: TemplateId = env.id();
    let row = template::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(id.uuid()),
        key: Set(old.key),
        language: Set(old.language.code().to_owned()),
        formality: Set(old.formality.code().to_owned()),
        channel: Set("email".to_owned()),
        version: Set(old.version + 1),
        subject: Set(subject),
        preheader: Set(preheader),
        mjml: Set(mjml),
        html: Set(compiled.html),
        text: Set(compiled.text),
        created_at: Set(env.now()),
    };
    scoped.insert::<template::Entity>(vec![row]).await?;
    Ok(id)
}
