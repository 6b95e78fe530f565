//! What a template is to the rest of the service.

use crate::db::DbError;
use cartwheel_domain::{
    consent::Channel,
    ids::TemplateId,
    locale::{Formality, Language},
    template::{MailFault, MailTemplate, texts::Texts},
    time::Millis,
};

/// Which text is wanted; where it is missing the next best is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// `recovery_1` and the like.
    pub key: &'a str,
    /// The reader's language.
    pub language: Language,
    /// The form of address.
    pub formality: Formality,
    /// The store's own language, before English.
    pub store_language: Language,
}

impl Wanted<'_> {
    /// Language and form in the order they are tried: the reader's language in both forms, then the store's, then
    /// English.
    pub fn candidates(&self) -> Vec<(Language, Formality)> {
        let other = match self.formality {
            Formality::Formal => Formality::Informal,
            Formality::Informal => Formality::Formal,
        };
        let mut order = Vec::with_capacity(6);
        for language in [self.language, self.store_language, Language::En] {
            for formality in [self.formality, other] {
                if !order.contains(&(language, formality)) {
                    order.push((language, formality));
                }
            }
        }
        order
    }
}

/// One version of one template, parsed and ready.
#[derive(Debug)]
pub struct StoredTemplate {
    /// Its id; a message keeps it.
    pub id: TemplateId,
    /// `recovery_1` and the like.
    pub key: String,
    /// How it reaches people.
    pub channel: Channel,
    /// The language it is written in.
    pub language: Language,
    /// The form of address it is written in.
    pub formality: Formality,
    /// From 1.
    pub version: i32,
    /// Source of the subject.
    pub subject: String,
    /// Source of the preheader.
    pub preheader: String,
    /// Source of the HTML part.
    pub mjml: String,
    /// Source of the plain-text part.
    pub text: String,
    /// When this version was saved.
    pub created_at: Millis,
    /// Ready to render.
    pub mail: MailTemplate,
}

/// A change to a template. What is not given stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Subject line, Liquid.
    pub subject: Option<String>,
    /// Preheader, Liquid.
    pub preheader: Option<String>,
    /// HTML part, MJML with Liquid.
    pub mjml: Option<String>,
    /// Plain-text part, Liquid.
    pub text: Option<String>,
}

impl Edit {
    /// What comes of a version.
    pub fn applied(self, old: &StoredTemplate) -> Texts {
        Texts {
            subject: self.subject.unwrap_or_else(|| old.subject.clone()),
            preheader: self.preheader.unwrap_or_else(|| old.preheader.clone()),
            mjml: self.mjml.unwrap_or_else(|| old.mjml.clone()),
            text: self.text.unwrap_or_else(|| old.text.clone()),
        }
    }
}

/// Why a template could not be had or changed.
#[derive(Debug, thiserror::Error)]
pub enum TemplatesError {
    /// A mistake in what was written, with its field, line and column.
    #[error(transparent)]
    Invalid(#[from] MailFault),
    /// The store has no such template.
    #[error("this store has no template {0}")]
    Missing(String),
    /// Somebody else has saved a newer version meanwhile.
    #[error("this template has been changed meanwhile: load version {newest} and edit that")]
    Changed {
        /// The newest version there is.
        newest: i32,
    },
    /// What was looked at before is not what there is now.
    #[error("something was saved meanwhile: look at it again, then take it over")]
    Outdated,
    /// A stored row is not what this program writes.
    #[error("the template {id} in the database cannot be read: {why}")]
    Broken {
        /// Which row.
        id: TemplateId,
        /// What is wrong with it.
        why: String,
    },
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for TemplatesError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Db(error.into())
    }
}
