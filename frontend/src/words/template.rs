//! The texts of messages: languages, forms, and the fields of one.

use cartwheel_domain::locale::Language;

use crate::graphql::types::Formality;
use crate::i18n::{Lang, t};

/// A language by its own name, with the form of speech unless it has but one.
pub fn form(language: &str, formality: Formality) -> String {
    let name = match Lang::from_tag(language) {
        Some(known) => known.own_name(),
        None => language,
    };
    if Language::of_tag(language).is_some_and(|known| !known.has_formality()) {
        return name.to_owned();
    }
    let form = match formality {
        Formality::Formal => t::template_formal(),
        Formality::Informal => t::template_informal(),
    };
    format!("{name} · {form}")
}

/// A field of a text.
pub fn template_field(name: &str) -> String {
    match name {
        "subject" => t::message_subject(),
        "preheader" => t::template_preheader(),
        "mjml" => t::template_html(),
        "text" => t::mail_plain(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::install;

    #[test]
    fn a_language_with_one_form_does_not_name_it() {
        assert!(install(Lang::En, include_str!("../../lang/en.json")));
        assert_eq!(form("en", Formality::Formal), "English");
        assert_eq!(form("de", Formality::Informal), "Deutsch · informal");
        assert_eq!(form("rm", Formality::Formal), "rm · formal");
    }

    #[test]
    fn every_field_has_words() {
        assert!(install(Lang::En, include_str!("../../lang/en.json")));
        for name in ["subject", "preheader", "mjml", "text"] {
            assert_ne!(template_field(name), name);
        }
    }
}
