//! The recovery set, as sources; compiled and rendered it is tested in the backend, where MJML is.

use crate::locale::{Formality, Language};
use crate::template::{Template, recovery};

#[test]
fn every_language_and_form_has_three_mails() {
    assert_eq!(recovery::all().len(), 21);
    for language in Language::ALL {
        for formality in [Formality::Formal, Formality::Informal] {
            let set = recovery::set(language, formality);
            assert_eq!(set.each_ref().map(|t| t.key), recovery::KEYS);
            for mail in &set {
                assert_eq!(mail.language, language);
                for (field, source) in [
                    ("subject", &mail.subject),
                    ("preheader", &mail.preheader),
                    ("mjml", &mail.mjml),
                    ("text", &mail.text),
                ] {
                    let name = format!("{language} {} {} {field}", formality.code(), mail.key);
                    assert!(!source.trim().is_empty(), "{name} is empty");
                    assert!(!source.contains("[["), "{name} has a word missing: {source}");
                    Template::parse(source).unwrap_or_else(|e| panic!("{name}: {e}"));
                }
            }
        }
    }
}

#[test]
fn forms_of_address_are_not_mixed() {
    let words = |language, formality| {
        recovery::set(language, formality)
            .iter()
            .map(|t| t.text.clone() + &t.subject + &t.preheader)
            .collect::<String>()
    };
    let has = |text: &str, word: &str| text.split(|c: char| !c.is_alphabetic()).any(|w| w == word);
    for (language, formality, never) in [
        (Language::De, Formality::Formal, ["du", "dein", "deinen", "dir"].as_slice()),
        (Language::De, Formality::Informal, &["Sie", "Ihr", "Ihnen", "Ihren"]),
        (Language::Fr, Formality::Formal, &["tu", "ton", "ta", "toi"]),
        (Language::Fr, Formality::Informal, &["vous", "votre", "vos", "Vous", "Votre"]),
        (Language::It, Formality::Formal, &["tuo", "tua", "ti", "hai", "tuoi"]),
        (Language::It, Formality::Informal, &["Suo", "Sua", "Le", "Lei", "Suoi"]),
    ] {
        let text = words(language, formality);
        for word in never {
            assert!(!has(&text, word), "{language} {} says `{word}`", formality.code());
        }
    }
}

#[test]
fn nothing_is_offered_and_nothing_is_said_to_run_out() {
    for mail in recovery::all() {
        let text = (mail.text + &mail.subject + &mail.preheader).to_lowercase();
        for word in [
            "hurry",
            "limited",
            "only today",
            "last chance",
            "discount",
            "% off",
            "free shipping",
            "rabatt",
            "nur heute",
            "nur noch",
            "letzte chance",
            "gutschein",
            "beeil",
            "offre spéciale",
            "dépêche",
            "dernière chance",
            "remise",
            "plus que",
            "sconto",
            "affrett",
            "ultima occasione",
            "solo oggi",
            "!",
        ] {
            assert!(!text.contains(word), "{} {} says {word:?}", mail.language, mail.key);
        }
    }
}

#[test]
fn every_language_and_form_has_a_notification_that_neither_hurries_nor_shouts() {
    let all = recovery::notices();
    assert_eq!(all.len(), 7);
    for notice in &all {
        for source in [&notice.title, &notice.body, &notice.image] {
            Template::parse(source).unwrap_or_else(|e| panic!("{} {source}: {e}", notice.language));
        }
        assert!(notice.title.contains("{{ store.name }}"), "{}", notice.language);
        assert!(!(notice.title.clone() + &notice.body).contains('!'), "{}", notice.language);
    }
    for language in Language::ALL {
        let forms: Vec<_> = all.iter().filter(|n| n.language == language).map(|n| n.formality).collect();
        let expected: &[Formality] = match language.has_formality() {
            true => &[Formality::Formal, Formality::Informal],
            false => &[Formality::Formal],
        };
        assert_eq!(forms, expected, "{language}");
    }
}
