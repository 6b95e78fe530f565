//! Fetching a language: its hashed file is named in the page, under `#cw-assets`.

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

async fn load(lang: Lang) -> bool {
    let Some(json) = fetch(lang).await else { return false };
    let installed = table::install(lang, &json);
    if let Some(root) = browser::document().and_then(|document| document.document_element()) {
        // The attribute tells screen readers and the browser's hyphenation; the texts stand without it too.
        let _ = root.set_attribute("lang", lang.code());
    }
    installed
}

async fn fetch(lang: Lang) -> Option<String> {
    let listed = browser::document()?.get_element_by_id("cw-assets")?.text_content()?;
    let files: serde_json::Value = serde_json::from_str(&listed).ok()?;
    let path = files.get(lang.code())?.as_str()?.to_owned();
    browser::read(&path).await
}
