//! The texts of the language in use.

use std::cell::RefCell;

use super::{Lang, format, intl};

struct Table {
    lang: Lang,
    /// In the order of their sorted keys. A counted text stands as its two forms, `one` first.
    texts: Vec<Entry>,
}

enum Entry {
    /// It is in the other file, which has not come yet.
    Away,
    Plain(String),
    Counted(String, String),
}

thread_local! {
    static TABLE: RefCell<Table> = const { RefCell::new(Table { lang: Lang::En, texts: Vec::new() }) };
}

/// Puts a language into use from the text of a file: texts in the order of their keys, or as they are written, by key. A place that holds no
/// text leaves what is known of it, if that is of this language. Says whether it was such a file.
pub fn install(lang: Lang, json: &str) -> bool {
    let sorted = match serde_json::from_str(json) {
        Ok(serde_json::Value::Array(texts)) => texts,
        Ok(serde_json::Value::Object(object)) => {
            let mut sorted: Vec<(String, serde_json::Value)> = object.into_iter().collect();
            sorted.sort_by(|one, other| one.0.cmp(&other.0));
            sorted.into_iter().map(|(_, text)| text).collect()
        }
        _ => return false,
    };
    let form = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let texts = sorted
        .into_iter()
        .map(|value| match value {
            serde_json::Value::String(text) => Entry::Plain(text),
            serde_json::Value::Number(_) => Entry::Away,
            forms => Entry::Counted(form(&forms["one"]), form(&forms["other"])),
        })
        .collect::<Vec<_>>();
    TABLE.with_borrow_mut(|table| {
        if table.lang != lang || table.texts.len() != texts.len() {
            *table = Table { lang, texts };
            return;
        }
        let came = table.texts.iter_mut().zip(texts).filter(|(_, came)| !matches!(came, Entry::Away));
        came.for_each(|(place, came)| *place = came);
    });
    intl::forget();
    true
}

/// Whether no text is missing.
pub(super) fn is_whole() -> bool {
    TABLE.with_borrow(|table| {
        !table.texts.is_empty() && !table.texts.iter().any(|text| matches!(text, Entry::Away))
    })
}

/// The language in use.
pub fn current() -> Lang {
    TABLE.with_borrow(|table| table.lang)
}

pub(super) fn text(index: usize) -> String {
    TABLE.with_borrow(|table| match table.texts.get(index) {
        Some(Entry::Plain(text) | Entry::Counted(_, text)) => text.clone(),
        Some(Entry::Away) | None => String::new(),
    })
}

pub(super) fn fill(index: usize, values: &[(&str, &str)]) -> String {
    replace(&text(index), values)
}

pub(super) fn counted(index: usize, n: i64, values: &[(&str, &str)]) -> String {
    let one = intl::is_one(n);
    let form = TABLE.with_borrow(|table| match table.texts.get(index) {
        Some(Entry::Counted(text, _)) if one => text.clone(),
        Some(Entry::Plain(text) | Entry::Counted(_, text)) => text.clone(),
        Some(Entry::Away) | None => String::new(),
    });
    let number = format::number(n);
    let mut values = values.to_vec();
    values.push(("n", &number));
    replace(&form, &values)
}

/// One pass from left to right, so that a value with braces in it is never read as a placeholder.
fn replace(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 24);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = tail;
    }
    out.push_str(rest);
    out
}
