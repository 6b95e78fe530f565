//! Each rule in words, for the console's "why" and for dossiers, in the four languages.
//!
//! The texts are data: `words.json` maps a rule's id, and `lack.` followed by a lack's name, to a sentence per language.

use super::types::Lack;
use crate::locale::Language;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    en: String,
    de: String,
    fr: String,
    it: String,
}

static WORDS: LazyLock<BTreeMap<String, Sentence>> =
    LazyLock::new(|| serde_json::from_str(include_str!("words.json")).unwrap_or_default());

fn look_up(key: &str, language: Language) -> Option<&'static str> {
    let sentence = WORDS.get(key)?;
    Some(match language {
        Language::En => &sentence.en,
        Language::De => &sentence.de,
        Language::Fr => &sentence.fr,
        Language::It => &sentence.it,
    })
}

/// What a rule says, as one sentence. For a rule of a store's override, or of a pack this build does not have, the
/// general sentence with which one can look further.
pub fn rule(id: &str, language: Language) -> &'static str {
    let known = look_up(id, language)
        .or_else(|| look_up(if id.starts_with("store.") { "store" } else { "unknown" }, language));
    known.unwrap_or_default()
}

/// What a rule missed, as one short phrase.
pub fn lack(lack: Lack, language: Language) -> &'static str {
    look_up(&format!("lack.{lack}"), language).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{PolicyBook, SuppressionReason};

    fn ids() -> Vec<String> {
        let packs = PolicyBook::builtin().packs();
        let blocks = packs.iter().flat_map(|p| &p.blocks);
        let mut ids: Vec<String> = blocks
            .flat_map(|b| b.grants.iter().map(|g| g.id.clone()).chain([b.refusal.id.clone()]))
            .collect();
        let fixed = [
            "service",
            "class-mismatch",
            "channel-purpose",
            "no-policy",
            "withdrawn",
            "objected",
            "suppressed-circle",
        ];
        ids.extend(fixed.map(|r| format!("any.{r}")));
        ids.extend(SuppressionReason::ALL.iter().map(|r| r.rule().to_owned()));
        ids.extend(Lack::ALL.iter().map(|l| format!("lack.{l}")));
        ids.extend(["store".to_owned(), "unknown".to_owned()]);
        ids
    }

    #[test]
    fn every_rule_and_lack_has_words_in_all_languages_and_no_words_are_left_over() {
        let ids = ids();
        for id in &ids {
            let all: Vec<_> = Language::ALL.iter().map(|l| look_up(id, *l).unwrap_or_default()).collect();
            assert!(all.iter().all(|text| text.len() > 5), "{id}: {all:?}");
            let mut different = all.clone();
            different.sort_unstable();
            different.dedup();
            assert_eq!(different.len(), 4, "{id} says the same in two languages: {all:?}");
        }
        let unused: Vec<_> = WORDS.keys().filter(|k| !ids.contains(k)).collect();
        assert!(unused.is_empty(), "{unused:?}");
    }

    #[test]
    fn overrides_and_unknown_rules_have_general_words() {
        assert_eq!(rule("store.own-rule", Language::En), look_up("store", Language::En).unwrap_or_default());
        assert_eq!(rule("zz.future", Language::It), look_up("unknown", Language::It).unwrap_or_default());
        assert!(!rule("de.uwg7.2-no-consent", Language::De).is_empty());
        assert!(!lack(Lack::Dealing, Language::Fr).is_empty());
    }
}
