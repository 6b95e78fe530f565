//! One text of a message: what is written, what becomes of it, and its earlier versions.

mod diff;
mod draft;
mod fields;
mod preview;
mod roll_out;
mod save;
mod versions;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::template::{ResponseData, TemplateStoreTemplate as Text, Variables};
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::route::{Route, use_id, use_store_id};
use crate::shell::use_store;
use crate::ui::{Crumb, Icon, PageHead, empty_page, moment, skeleton_page, stateful};
use crate::words;
use draft::{Draft, Findings};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A mail, with its four parts.
    Mail,
    /// A text message: its text alone.
    Text,
    /// A notification: title, text and picture.
    Notice,
}

impl Kind {
    fn of(channel: &str) -> Self {
        match channel {
            "sms" => Self::Text,
            "push" => Self::Notice,
            _ => Self::Mail,
        }
    }
}

/// The text a page is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its store.
    pub store: String,
    /// The version shown.
    pub id: String,
    /// How it reaches people.
    pub kind: Kind,
    /// The newest version of the same text.
    pub newest: String,
    /// The number of the newest.
    pub number: i64,
}

/// The page of a text.
#[component]
pub fn Template() -> impl IntoView {
    let (store, id, info) = (use_store_id(), use_id(), use_store());
    let query =
        use_query::<graphql::Template>(move || Some(Variables { store: store.get(), template: id.get() }));
    let may = Memo::new(move |_| info.with(|info| info.as_ref().is_some_and(|it| it.role >= Role::Editor)));
    stateful(query, skeleton_page, move |data: Arc<ResponseData>| {
        match data.store.as_ref().and_then(|store| store.template.as_ref()) {
            Some(text) => content(text, &store.get_untracked(), may.get()),
            None => empty_page(Icon::FileText, t::template_gone(), t::template_gone_words(), ().into_any()),
        }
    })
}

fn content(text: &Text, store: &str, may: bool) -> AnyView {
    let newest = text.versions.first();
    let place = Place {
        store: store.to_owned(),
        id: text.id.clone(),
        kind: Kind::of(&text.channel),
        newest: newest.map_or_else(|| text.id.clone(), |one| one.id.clone()),
        number: newest.map_or(text.version, |one| one.version),
    };
    let saved = [&text.subject, &text.preheader, &text.mjml, &text.text].map(Clone::clone);
    let writing = may && text.newest;
    let draft = if writing {
        let form = text.formality.word();
        Draft::open(&format!("{store}.{}.{}.{form}", text.key, text.language), text.version, saved)
    } else {
        Draft::shut(text.version, saved)
    };
    let findings = Findings::default();
    let (version, at, name) = (text.version, text.saved_at.0, words::form(&text.language, text.formality));
    let about = move || {
        view! { {name.clone()} " · " {t::journey_version(&version.to_string())} " · " {moment(at)} }
            .into_any()
    };
    let crumbs = vec![Crumb { href: Route::Templates.path(store), name: t::nav_templates() }];
    let names = (store.to_owned(), text.id.clone());
    let actions = move || view! { {may.then(|| roll_out::button(&names.0, &names.1)).flatten()} }.into_any();
    view! {
        <PageHead title=words::template(&text.key) about=about crumbs=crumbs actions=actions />
        {siblings(text, store)}
        {save::standing(text, draft, &place, may)}
        <div class="columns columns--half writing">
            {fields::fields(draft, findings, writing, place.kind)}
            {preview::preview(draft, findings, &place)}
            {versions::versions(text, store)}
        </div>
        {writing.then(|| save::bar(draft, findings, place.clone()))}
    }
    .into_any()
}

/// The same text in the other languages and forms.
fn siblings(text: &Text, store: &str) -> AnyView {
    let links: Vec<_> = text
        .siblings
        .iter()
        .map(|one| {
            let here = one.language == text.language && one.formality == text.formality;
            // Of the version shown, there may be a newer one: the way there stands above the text.
            let id = if here { text.id.clone() } else { one.id.clone() };
            let href = Route::Template(id).path(store);
            view! {
                <li>
                    <a class="form-link" href=href aria-current=here.then_some("page")>
                        {words::form(&one.language, one.formality)}
                    </a>
                </li>
            }
        })
        .collect();
    view! { <nav aria-label=t::template_forms()><ul class="forms">{links}</ul></nav> }.into_any()
}
