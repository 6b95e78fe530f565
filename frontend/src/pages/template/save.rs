//! Saving: the bar below what has been changed, what is told of the version shown, and the way back to an older one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::Place;
use super::draft::{Draft, Edit, Finding, Findings};
use crate::api::{Fault, mutate, request};
use crate::graphql;
use crate::graphql::save_template::{TemplateDraft, Variables};
use crate::graphql::template::TemplateStoreTemplate as Text;
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::route::Route;
use crate::ui::{Button, ButtonKind, Tone, fault, notice, use_toasts};
use crate::words;

/// How an attempt to save ended.
enum Outcome {
    /// The id and the number of the next version.
    Saved(String, i64),
    /// Somebody else has saved meanwhile.
    Outdated,
    /// What is wrong with the fields.
    Refused(Vec<Finding>),
    /// It did not get there.
    Failed(Fault),
}

async fn save(store: String, template: String, edit: Edit) -> Outcome {
    let [subject, preheader, mjml, text] = edit;
    let input = TemplateDraft { subject, preheader, mjml, text };
    let answer = match mutate::<graphql::SaveTemplate>(Variables { store, template, input }).await {
        Ok(data) => data.save_template,
        Err(fault) => return Outcome::Failed(fault),
    };
    if answer.user_errors.iter().any(|error| error.code == "outdated") {
        return Outcome::Outdated;
    }
    match answer.template {
        Some(text) if answer.user_errors.is_empty() => Outcome::Saved(text.id, text.version),
        _ => {
            let errors = answer.user_errors.into_iter();
            Outcome::Refused(errors.map(|error| Finding::at(&error.path, error.message)).collect())
        }
    }
}

/// Goes to a version in place of the one shown.
fn use_way(store: String) -> impl Fn(String) + Clone {
    let navigate = use_navigate();
    move |id| {
        let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
        navigate(&Route::Template(id).path(&store), options);
    }
}

/// Goes to the newest version there is now.
fn to_newest(
    place: Place,
    busy: RwSignal<bool>,
    trouble: RwSignal<Option<Fault>>,
    way: impl Fn(String) + 'static,
) {
    busy.set(true);
    spawn_local(async move {
        let variables = graphql::template::Variables { store: place.store, template: place.id };
        let outcome = request::<graphql::Template>(variables).await;
        if busy.try_set(false).is_some() {
            return;
        }
        match outcome {
            Ok(data) => {
                let text = data.store.and_then(|store| store.template);
                if let Some(newest) = text.and_then(|text| text.versions.into_iter().next()) {
                    way(newest.id);
                }
            }
            Err(fault) => trouble.set(Some(fault)),
        }
    });
}

/// The bar; nothing while nothing has changed.
pub fn bar(draft: Draft, findings: Findings, place: Place) -> AnyView {
    let (busy, outdated) = (RwSignal::new(false), RwSignal::new(false));
    let trouble = RwSignal::new(None::<Fault>);
    let toasts = use_toasts();
    let way = use_way(place.store.clone());
    let names = StoredValue::new(place);
    let newest = {
        let way = way.clone();
        Callback::new(move |()| to_newest(names.get_value(), busy, trouble, way.clone()))
    };
    let send = Callback::new(move |()| {
        busy.set(true);
        trouble.set(None);
        let Place { store, id, .. } = names.get_value();
        let (edit, way) = (untrack(move || draft.edit()), way.clone());
        spawn_local(async move {
            let outcome = save(store, id, edit).await;
            // The page may have been left meanwhile.
            if busy.try_set(false).is_some() {
                return;
            }
            match outcome {
                Outcome::Saved(id, number) => {
                    draft.settle();
                    toasts.done(t::template_saved(&number.to_string()));
                    way(id);
                }
                Outcome::Outdated => outdated.set(true),
                Outcome::Refused(list) => findings.refused.set(list),
                Outcome::Failed(fault) => trouble.set(Some(fault)),
            }
        });
    });
    let told = move || {
        outdated.get().then(|| {
            let more = view! {
                <div class="stack stack--close">
                    <p>{t::template_outdated_words()}</p>
                    <div><Button label=t::template_newest_load() busy=busy on_press=newest /></div>
                </div>
            };
            let told = notice(Tone::Caution, t::template_outdated(), more.into_any());
            view! { <div role="alert" class="draft__told">{told}</div> }
        })
    };
    let elsewhere = move || {
        let rest = findings.refused.get().into_iter().filter(|one| !one.has_field());
        let rows: Vec<_> = rest.map(|one| view! { <li>{one.message}</li> }).collect();
        (!rows.is_empty())
            .then(|| view! { <ul class="notice notice--negative stack draft__told" role="alert">{rows}</ul> })
    };
    let status = move || {
        let wrong = findings.refused.with(|list| !list.is_empty());
        if wrong { t::template_refused() } else { t::template_unsaved() }
    };
    view! {
        <Show when=move || draft.is_changed()>
            <div class="draft" role="region" aria-label=t::draft()>
                {told}
                {elsewhere}
                {move || trouble.get().map(|it| view! { <div class="draft__told">{fault(&it, None)}</div> })}
                <span class="grow" role="status">{status}</span>
                <div class="row draft__acts">
                    <Button label=t::draft_discard() kind=ButtonKind::Quiet on_press=move |()| draft.discard() />
                    <Button label=t::save() kind=ButtonKind::Primary busy=busy on_press=send />
                </div>
            </div>
        </Show>
    }
    .into_any()
}

/// What is to be known of the version shown: that it is an older one, that changes lie on a newer one than they were begun
/// on, or that they are not for the reader to make.
pub fn standing(text: &Text, draft: Draft, place: &Place, may: bool) -> AnyView {
    if !text.newest {
        return older(text, place, may);
    }
    if !may {
        let more = view! { <p>{t::template_read_words()}</p> };
        return notice(Tone::Information, t::template_read(&words::role(Role::Editor)), more.into_any());
    }
    let number = text.version.to_string();
    let told = move || {
        draft.is_beneath().then(|| {
            let more = view! { <p>{t::template_beneath_words(&number)}</p> };
            notice(Tone::Caution, t::template_beneath(), more.into_any())
        })
    };
    told.into_any()
}

fn older(text: &Text, place: &Place, may: bool) -> AnyView {
    let (busy, trouble) = (RwSignal::new(false), RwSignal::new(None::<Fault>));
    let refused = RwSignal::new(Vec::<String>::new());
    let toasts = use_toasts();
    let way = use_way(place.store.clone());
    let texts = [&text.subject, &text.preheader, &text.mjml, &text.text].map(|text| Some(text.clone()));
    let (names, texts) = (StoredValue::new(place.clone()), StoredValue::new(texts));
    let restore = Callback::new(move |()| {
        busy.set(true);
        trouble.set(None);
        refused.set(Vec::new());
        let (place, way) = (names.get_value(), way.clone());
        spawn_local(async move {
            let outcome = save(place.store.clone(), place.newest.clone(), texts.get_value()).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match outcome {
                Outcome::Saved(id, number) => {
                    toasts.done(t::template_saved(&number.to_string()));
                    way(id);
                }
                Outcome::Outdated => {
                    toasts.failed(t::template_outdated());
                    to_newest(place, busy, trouble, way);
                }
                Outcome::Refused(list) => {
                    let told =
                        |one: Finding| format!("{}: {}", words::template_field(&one.field), one.message);
                    refused.set(list.into_iter().map(told).collect());
                }
                Outcome::Failed(fault) => trouble.set(Some(fault)),
            }
        });
    });
    let href = Route::Template(place.newest.clone()).path(&place.store);
    let told = move || {
        let rows: Vec<_> =
            refused.get().into_iter().map(|one| view! { <li class="anywhere">{one}</li> }).collect();
        (!rows.is_empty()).then(|| view! { <ul class="stack" role="alert">{rows}</ul> })
    };
    let more = view! {
        <div class="stack stack--close">
            <p>{t::template_old_words(&place.number.to_string())} " " <a class="link" href=href>{t::template_newest_open()}</a></p>
            {may.then(|| view! { <div><Button label=t::template_restore() busy=busy on_press=restore /></div> })}
            {told}
            {move || trouble.get().map(|it| fault(&it, None))}
        </div>
    };
    notice(Tone::Information, t::template_old(), more.into_any())
}
