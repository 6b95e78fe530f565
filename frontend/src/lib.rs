//! The console: Leptos, drawn in the browser.
//!
//! | part | what |
//! | --- | --- |
//! | [`app`] | from nothing to the first page |
//! | [`route`] | every address, read and written |
//! | [`shell`] | what stands around the pages: sidebar, top bar, palette, sign-in |
//! | [`pages`] | one folder for each page |
//! | [`ui`] | the kit: parts that know nothing of the product |
//! | [`words`] | the product's states and decisions in the reader's language |
//! | [`api`], [`graphql`] | the way to the server, and what is asked there |
//! | [`i18n`], [`prefs`], [`browser`], [`passkey`] | language, looks, and what the browser offers |
//!
//! On the host everything renders to strings, so `cargo check` and `cargo test` need no browser.

pub mod api;
pub mod app;
pub mod browser;
pub mod graphql;
pub mod i18n;
pub mod pages;
pub mod passkey;
pub mod prefs;
pub mod route;
pub mod shell;
pub mod ui;
pub mod words;
