//! The mails a new store starts with: three reminders, written for each language and form of address.
//!
//! The files hold words; the layouts hold markup. Put together they are one complete MJML source and one plain text,
//! which is what a merchant sees and edits. None of them offers anything, and none claims that time is short.

mod words;

use crate::locale::{Formality, Language};
use words::Words;

/// One ready mail, in Liquid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultTemplate {
    /// `recovery_1`, `recovery_2` or `recovery_3`: after about 1, 24 and 48 hours.
    pub key: &'static str,
    /// The language it is written in.
    pub language: Language,
    /// The form of address; English has one, kept as formal.
    pub formality: Formality,
    /// Subject line.
    pub subject: String,
    /// The line shown beside the subject in a list of mails.
    pub preheader: String,
    /// The HTML part's source.
    pub mjml: String,
    /// The plain-text part.
    pub text: String,
}

/// The keys of the set, in the order they are sent.
pub const KEYS: [&str; 3] = ["recovery_1", "recovery_2", "recovery_3"];

const LAYOUT: &str = include_str!("layout.mjml");
const TEXT_LAYOUT: &str = include_str!("layout.txt");

/// What `[[support]]` stands for in the two parts.
const SUPPORT_LINK: &str =
    r#"<a class="link" href="mailto:{{ store.support_email }}">{{ store.support_email }}</a>"#;
const SUPPORT_TEXT: &str = "{{ store.support_email }}";

macro_rules! files {
    ($folder:literal) => {
        Files {
            common: include_str!(concat!($folder, "/common.words")),
            mails: [
                include_str!(concat!($folder, "/1.words")),
                include_str!(concat!($folder, "/2.words")),
                include_str!(concat!($folder, "/3.words")),
            ],
        }
    };
}

struct Files {
    common: &'static str,
    mails: [&'static str; 3],
}

fn files(language: Language, formality: Formality) -> Files {
    match (language, formality) {
        (Language::En, _) => files!("en"),
        (Language::De, Formality::Formal) => files!("de-formal"),
        (Language::De, Formality::Informal) => files!("de-informal"),
        (Language::Fr, Formality::Formal) => files!("fr-formal"),
        (Language::Fr, Formality::Informal) => files!("fr-informal"),
        (Language::It, Formality::Formal) => files!("it-formal"),
        (Language::It, Formality::Informal) => files!("it-informal"),
    }
}

/// The three mails of a language and form of address.
pub fn set(language: Language, formality: Formality) -> [DefaultTemplate; 3] {
    let formality = if language.has_formality() { formality } else { Formality::Formal };
    let files = files(language, formality);
    std::array::from_fn(|i| {
        let words = Words::parse(files.common).with(Words::parse(files.mails[i]));
        DefaultTemplate {
            key: KEYS[i],
            language,
            formality,
            subject: words.get("subject").to_owned(),
            preheader: words.get("preheader").to_owned(),
            mjml: words.fill(LAYOUT).replace("[[support]]", SUPPORT_LINK),
            text: words.fill(TEXT_LAYOUT).replace("[[support]]", SUPPORT_TEXT),
        }
    })
}

/// One ready text message, in Liquid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultMessage {
    /// The language it is written in.
    pub language: Language,
    /// The form of address.
    pub formality: Formality,
    /// What it says.
    pub text: String,
}

/// The key of the text message a store starts with.
pub const SMS_KEY: &str = "recovery_sms";

/// One ready notification, in Liquid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultNotice {
    /// The language it is written in.
    pub language: Language,
    /// The form of address.
    pub formality: Formality,
    /// First line.
    pub title: String,
    /// What it says.
    pub body: String,
    /// Address of its picture.
    pub image: String,
}

/// The key of the notification a store starts with.
pub const PUSH_KEY: &str = "recovery_push";

/// The notification of each language and form of address.
pub fn notices() -> Vec<DefaultNotice> {
    let sections = include_str!("push/texts.txt").split("\n[").skip(1);
    let notice = |section: &str| {
        let (name, text) = section.split_once("]\n")?;
        let (language, formality) = name.split_once(' ')?;
        let (language, formality) = (language.parse().ok()?, formality.parse().ok()?);
        let mut lines = text.lines().map(str::to_owned);
        let (title, body, image) = (lines.next()?, lines.next()?, lines.next()?);
        Some(DefaultNotice { language, formality, title, body, image })
    };
    sections.filter_map(notice).collect()
}

/// The text message of each language and form of address.
pub fn messages() -> Vec<DefaultMessage> {
    let sections = include_str!("sms/texts.txt").split("\n[").skip(1);
    let message = |section: &str| {
        let (name, text) = section.split_once("]\n")?;
        let (language, formality) = name.split_once(' ')?;
        let (language, formality) = (language.parse().ok()?, formality.parse().ok()?);
        Some(DefaultMessage { language, formality, text: text.trim().to_owned() })
    };
    sections.filter_map(message).collect()
}

/// Every set there is: English once, the others formal and informal.
pub fn all() -> Vec<DefaultTemplate> {
    let mut all = Vec::new();
    for language in Language::ALL {
        all.extend(set(language, Formality::Formal));
        if language.has_formality() {
            all.extend(set(language, Formality::Informal));
        }
    }
    all
}
