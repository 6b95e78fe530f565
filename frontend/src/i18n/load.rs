//! Fetching a language: its two hashed files are named in the page, under `#cw-assets`. The first has the texts of the first load; the
//! other those that only pages on demand show, and comes with the first of these.

use super::{Lang, table};
use crate::browser;

const STORED: &str = "cw.lang";

/// Loads the stored language, else the best of the browser's, else English.
pub async fn start() -> bool {
    let stored = browser::stored(STORED).and_then(|code| Lang::from_tag(&code));
    let wanted = stored
        .or_else(|| browser::languages().iter().find_map(|tag| Lang::from_tag(tag)))
        .unwrap_or_default();
    load(wanted).await || load(Lang::En).await
}

/// Loads another language and remembers the choice. The caller draws the frame anew when this says true.
pub async fn switch(lang: Lang) -> bool {
    let loaded = load(lang).await;
    if loaded {
        browser::store(STORED, Some(lang.code()));
    }
    loaded
}

/// Loads what pages on demand say, if it is not there yet; says whether it is now.
pub async fn rest() -> bool {
    while !table::is_whole() {
        let lang = table::current();
        let Some(json) = fetch(lang, 1).await else { return false };
        // Another language may have come into use meanwhile.
        if lang == table::current() && !table::install(lang, &json) {
            return false;
        }
    }
    true
}

async fn load(lang: Lang) -> bool {
    let Some(json) = fetch(lang, 0).await else { return false };
    // Whoever is on a page on demand sees it in the new language without a wait.
    let more = if table::is_whole() { fetch(lang, 1).await } else { None };
    let installed = table::install(lang, &json) && more.is_none_or(|more| table::install(lang, &more));
    if let Some(root) = browser::document().and_then(|document| document.document_element()) {
        // The attribute tells screen readers and the browser's hyphenation; the texts stand without it too.
        let _ = root.set_attribute("lang", lang.code());
    }
    installed
}

async fn fetch(lang: Lang, part: usize) -> Option<String> {
    let listed = browser::document()?.get_element_by_id("cw-assets")?.text_content()?;
    let files: serde_json::Value = serde_json::from_str(&listed).ok()?;
    let path = files.get(lang.code())?.get(part)?.as_str()?.to_owned();
    browser::read(&path).await
}
