//! Looks and language: choices of the person, kept in this browser.

use leptos::prelude::*;

use crate::browser;

const THEME: &str = "cw.theme";

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word in storage and in `data-theme`; none for the system's choice.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// The choices, and a counter that moves with each change of language: what depends on it is drawn anew.
#[derive(Clone, Copy)]
pub struct Prefs {
    /// Light or dark.
    pub theme: RwSignal<Theme>,
    /// How often the language has changed.
    pub language_changes: RwSignal<u32>,
}

impl Prefs {
    /// Reads the stored choices and offers them to everything below.
    pub fn provide() -> Self {
        let stored = browser::stored(THEME);
        let theme =
            Theme::ALL.into_iter().find(|theme| theme.word() == stored.as_deref()).unwrap_or_default();
        let prefs = Self { theme: RwSignal::new(theme), language_changes: RwSignal::new(0) };
        provide_context(prefs);
        prefs
    }

    /// Takes another theme, now and for later visits.
    pub fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
        browser::store(THEME, theme.word());
        let Some(root) = browser::document().and_then(|document| document.document_element()) else { return };
        // The root element takes any attribute.
        let _ = match theme.word() {
            Some(word) => root.set_attribute("data-theme", word),
            None => root.remove_attribute("data-theme"),
        };
    }

    /// Takes another language, now and for later visits.
    pub fn set_language(self, lang: crate::i18n::Lang) {
        leptos::task::spawn_local(async move {
            if crate::i18n::switch(lang).await {
                self.language_changes.update(|count| *count += 1);
            }
        });
    }
}
