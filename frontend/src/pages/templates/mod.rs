//! The texts of the messages: each in its languages and forms, and which have been changed.

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::templates::{ResponseData, TemplatesStoreTemplates as Text, Variables};
use crate::i18n::t;
use crate::route::{Route, use_store_id};
use crate::ui::{Icon, PageHead, Tone, badge, empty, moment, skeleton_rows, stateful};
use crate::words;

/// The list of texts.
#[component]
pub fn Templates() -> impl IntoView {
    let store = use_store_id();
    let query = use_query::<graphql::Templates>(move || Some(Variables { store: store.get() }));
    let content = move |data: Arc<ResponseData>| {
        let texts = data.store.as_ref().map(|store| store.templates.as_slice()).unwrap_or_default();
        if texts.is_empty() {
            return empty(Icon::FileText, t::templates_none(), t::templates_none_words(), ().into_any());
        }
        let rows: Vec<_> = by_key(texts).iter().map(|texts| row(texts, &store.get())).collect();
        view! {
            <div class="table-frame">
                <table class="table table--cards templates-table">
                    <thead>
                        <tr>
                            <th scope="col">{t::message_template()}</th>
                            <th scope="col">{t::template_forms()}</th>
                            <th scope="col">{t::template_changed()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let about = || view! { {t::templates_about()} }.into_any();
    view! {
        <PageHead title=t::nav_templates() about=about />
        {stateful(query, || skeleton_rows(3), content)}
    }
    .into_any()
}

/// The texts of each key, in their order.
fn by_key(texts: &[Text]) -> Vec<&[Text]> {
    texts.chunk_by(|one, other| one.key == other.key).collect()
}

fn row(texts: &[Text], store: &str) -> AnyView {
    let key = texts.first().map(|text| text.key.clone()).unwrap_or_default();
    let forms: Vec<_> = texts
        .iter()
        .map(|text| {
            let changed = text.version > 1;
            let state =
                if changed { t::journey_version(&text.version.to_string()) } else { t::template_given() };
            let href = Route::Template(text.id.clone()).path(store);
            view! {
                <li>
                    <a class="form-link" href=href class:is-changed=changed>
                        <span class="strong">{words::form(&text.language, text.formality)}</span>
                        " "
                        <span class="tiny muted">{state}</span>
                    </a>
                </li>
            }
        })
        .collect();
    let changed = match changed_at(texts) {
        Some(at) => view! { <span class="muted nowrap">{moment(at)}</span> }.into_any(),
        None => badge(Tone::Quiet, None, t::template_given()),
    };
    view! {
        <tr>
            <td class="strong nowrap">{words::template(&key)}</td>
            <td><ul class="forms">{forms}</ul></td>
            <td>{changed}</td>
        </tr>
    }
    .into_any()
}

/// When one of them was saved here last; none while all are as they were given.
fn changed_at(texts: &[Text]) -> Option<i64> {
    texts.iter().filter(|text| text.version > 1).map(|text| text.saved_at.0).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::types::{Formality, Time};

    fn text(key: &str, language: &str, version: i64, at: i64) -> Text {
        Text {
            id: format!("template_{key}_{language}"),
            key: key.to_owned(),
            language: language.to_owned(),
            formality: Formality::Formal,
            version,
            saved_at: Time(at),
        }
    }

    #[test]
    fn a_row_holds_the_languages_of_one_key() {
        let texts = [text("a", "de", 1, 1), text("a", "en", 1, 1), text("b", "de", 1, 1)];
        let rows = by_key(&texts);
        assert_eq!(rows.iter().map(|row| row.len()).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn what_was_given_is_not_told_as_a_change() {
        assert_eq!(changed_at(&[text("a", "de", 1, 9), text("a", "en", 1, 9)]), None);
        assert_eq!(
            changed_at(&[text("a", "de", 3, 5), text("a", "en", 2, 7), text("a", "fr", 1, 9)]),
            Some(7)
        );
    }
}
