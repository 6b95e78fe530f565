//! The texts of one key taken over from one store into others: looked at first, then saved there as next versions, local changes kept.
//!
//! What was taken over last stands beside a store's text (`template_copy`). A text that never came from elsewhere is compared with the
//! version the store was given at its start, so that what a merchant wrote stays from the first time on.

use super::{
    model::TemplatesError,
    service::{self, Ready},
    store::{self, Head},
};
use crate::{clock::Env, db::Scoped};
use cartwheel_domain::{
    consent::Channel,
    ids::TemplateId,
    locale::{Formality, Language},
    template::{
        MailFault,
        texts::{TakenOver, Texts, take_over},
    },
};
use cartwheel_entity::{template, template_copy};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// One text of a source.
#[derive(Debug)]
pub struct Given {
    language: Language,
    formality: Formality,
    texts: Texts,
}

/// What a source gives away: the newest texts of one key.
#[derive(Debug)]
pub struct Source {
    key: String,
    channel: Channel,
    given: Vec<Given>,
}

/// One text as it would become.
#[derive(Debug)]
pub struct Change {
    /// Its language.
    pub language: Language,
    /// Its form of address.
    pub formality: Formality,
    /// What the library has.
    pub library: Texts,
    /// What stands there; `None`: nothing.
    pub before: Option<Texts>,
    /// What would stand there.
    pub after: Texts,
    /// Fields that were changed there and would stay.
    pub kept: Vec<&'static str>,
    newest: Option<TemplateId>,
}

/// What would become of a store's texts of a key.
#[derive(Debug)]
pub struct Plan {
    /// Text by text, by language and form.
    pub texts: Vec<Change>,
    /// How they reach people.
    pub channel: Channel,
    /// What was looked at, so that nothing else is done.
    pub seen: String,
}

impl Change {
    /// Whether anything would change.
    pub fn changes(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }
}

impl Plan {
    /// What would be saved, compiled and tried: work that is done before a transaction begins.
    ///
    /// # Errors
    /// [`MailFault`] of the first that cannot be saved.
    pub fn ready(&self, known: &mut Known) -> Result<Vec<Option<Ready>>, MailFault> {
        let mut all = Vec::with_capacity(self.texts.len());
        for text in &self.texts {
            if !text.changes() {
                all.push(None);
                continue;
            }
            let key = (self.channel, text.after.clone(), text.language, text.formality);
            if !known.contains_key(&key) {
                let made = Ready::of(self.channel, text.after.clone(), text.language, text.formality)?;
                known.insert(key.clone(), made);
            }
            all.push(known.get(&key).cloned());
        }
        Ok(all)
    }

    /// Whether the store has no text of the key.
    pub fn is_new(&self) -> bool {
        self.texts.iter().all(|text| text.before.is_none())
    }
}

/// What was compiled for one store is not compiled for the next, which mostly gets the same.
pub type Known = HashMap<(Channel, Texts, Language, Formality), Ready>;

fn texts_of(row: &template::Model) -> Texts {
    Texts {
        subject: row.subject.clone(),
        preheader: row.preheader.clone(),
        mjml: row.mjml.clone(),
        text: row.text.clone(),
    }
}

/// What the store of a text gives away of its key.
///
/// # Errors
/// [`TemplatesError::Missing`].
pub async fn source(scoped: &Scoped<'_>, id: TemplateId) -> Result<Source, TemplatesError> {
    let row = store::by_id(scoped, id).await?.ok_or_else(|| TemplatesError::Missing(id.to_string()))?;
    let mut given = Vec::new();
    for head in store::newest(scoped, Some(&row.key)).await? {
        let Some(row) = store::by_id(scoped, head.id).await? else { continue };
        given.push(Given { language: head.language, formality: head.formality, texts: texts_of(&row) });
    }
    let channel = Channel::from_name(&row.channel)
        .ok_or_else(|| TemplatesError::Broken { id, why: format!("channel {}", row.channel) })?;
    Ok(Source { key: row.key, channel, given })
}

/// What was taken over last, as a store's text stands beside it; else the version it was given at its start.
async fn base(scoped: &Scoped<'_>, key: &str, head: &Head) -> Result<Option<Texts>, TemplatesError> {
    use template_copy::Column;
    let copy = scoped
        .find::<template_copy::Entity>()
        .filter(Column::Key.eq(key))
        .filter(Column::Language.eq(head.language.code()))
        .filter(Column::Formality.eq(head.formality.code()))
        .one(scoped.on())
        .await?;
    if let Some(base) = copy.and_then(|copy| serde_json::from_str(&copy.base).ok()) {
        return Ok(Some(base));
    }
    let first = store::of_version(scoped, key, head.language, head.formality, 1).await?;
    Ok(first.as_ref().map(texts_of))
}

/// What would become of a store's texts if the source were taken over.
///
/// # Errors
/// What the database says.
pub async fn plan(scoped: &Scoped<'_>, source: &Source) -> Result<Plan, TemplatesError> {
    let own = store::newest(scoped, Some(&source.key)).await?;
    let mut texts = Vec::with_capacity(source.given.len());
    let mut seen = Sha256::new();
    for given in &source.given {
        let head = own.iter().find(|h| (h.language, h.formality) == (given.language, given.formality));
        let newest = head.map(|head| head.id);
        let before = match head {
            Some(head) => store::by_id(scoped, head.id).await?.as_ref().map(texts_of),
            None => None,
        };
        let base = match head {
            Some(head) => base(scoped, &source.key, head).await?,
            None => None,
        };
        let TakenOver { texts: after, kept } = match (&base, &before) {
            (Some(base), Some(own)) => take_over(base, &given.texts, own),
            _ => TakenOver { texts: given.texts.clone(), kept: Vec::new() },
        };
        for (_, part) in given.texts.fields().into_iter().chain(after.fields()) {
            seen.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            seen.update(part.as_bytes());
        }
        seen.update(newest.map_or([0; 16], |id| *id.uuid().as_bytes()));
        let (language, formality, library) = (given.language, given.formality, given.texts.clone());
        texts.push(Change { language, formality, library, before, after, kept, newest });
    }
    Ok(Plan { texts, channel: source.channel, seen: hex::encode(&seen.finalize()[..16]) })
}

/// Takes the source over as it was planned, if everything still is as it was then; the versions that were made.
///
/// # Errors
/// [`TemplatesError::Outdated`].
pub async fn take(
    scoped: &Scoped<'_>,
    env: &Env,
    source: &Source,
    (seen, ready): (&str, Vec<Option<Ready>>),
) -> Result<Vec<Head>, TemplatesError> {
    scoped.lock().await?;
    let plan = plan(scoped, source).await?;
    if plan.seen != seen || plan.texts.len() != ready.len() {
        return Err(TemplatesError::Outdated);
    }
    let (mut made, mut copies) = (Vec::new(), Vec::new());
    for (change, ready) in plan.texts.into_iter().zip(ready) {
        let text = (source.key.as_str(), change.language, change.formality);
        match (ready, change.newest) {
            (None, _) => {}
            (Some(ready), Some(base)) => made.push(service::save(scoped, env, base, ready).await?),
            (Some(ready), None) => made.push(service::add(scoped, env, text, 1, ready).await?),
        }
        copies.push(template_copy::ActiveModel {
            store_id: Set(scoped.store_id().uuid()),
            key: Set(source.key.clone()),
            language: Set(change.language.code().to_owned()),
            formality: Set(change.formality.code().to_owned()),
            base: Set(serde_json::to_string(&change.library).unwrap_or_default()),
            taken_at: Set(env.now()),
        });
    }
    use template_copy::Column::{Base, TakenAt};
    scoped.upsert::<template_copy::Entity>(copies, &[Base, TakenAt]).await?;
    Ok(made)
}
