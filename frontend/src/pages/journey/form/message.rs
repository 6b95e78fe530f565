//! A message: which text it sends, and under which subject.

use cartwheel_domain::journey::{Change, Channel, Message};
use cartwheel_domain::locale::Language;
use leptos::prelude::*;

use super::{Form, follow};
use crate::i18n::{Lang, t};
use crate::ui::{Field, Select};
use crate::words;

/// The form.
pub fn form(form: Form, message: &Message) -> AnyView {
    let template = RwSignal::new(message.template.clone());
    follow(
        move || template.get(),
        move |template| form.draft.change(Change::SetTemplate { node: form.id(), template }),
    );
    let known: &[&str] = match message.channel {
        Channel::Sms => &["recovery_sms"],
        Channel::Push => &["recovery_push"],
        _ => &["recovery_1", "recovery_2", "recovery_3"],
    };
    let mut options: Vec<(String, String)> =
        known.iter().map(|key| ((*key).to_owned(), words::template(key))).collect();
    if !options.iter().any(|(key, _)| *key == message.template) {
        options.push((message.template.clone(), message.template.clone()));
    }
    let picked = view! {
        <Select id="template" label=t::message_template() options=options value=template on_pick=move |value: String| template.set(value) visible_label=true />
    };
    // Neither has a subject; whom it may go to is asked of each person.
    let hint = match message.channel {
        Channel::Sms => Some(t::message_text_hint()),
        Channel::Push => Some(t::message_push_hint()),
        _ => None,
    };
    if let Some(hint) = hint {
        return view! { {picked} <p class="field__hint">{hint}</p> }.into_any();
    }
    let subjects: Vec<_> = Lang::ALL.into_iter().map(|lang| subject(form, message, lang)).collect();
    view! {
        {picked}
        <fieldset class="stack">
            <legend class="field__label">{t::message_subjects()}</legend>
            <p class="field__hint">{t::message_subjects_hint()}</p>
            {subjects}
        </fieldset>
    }
    .into_any()
}

fn subject(form: Form, message: &Message, lang: Lang) -> AnyView {
    let language = language(lang);
    let value = RwSignal::new(message.subject.get(&language).cloned().unwrap_or_default());
    follow(
        move || value.get(),
        move |subject| form.draft.change(Change::SetSubject { node: form.id(), language, subject }),
    );
    let error = form.error(format!("subject.{}", lang.code()));
    view! { <Field id=format!("subject-{}", lang.code()) label=lang.own_name() value=value error=error placeholder=t::message_subject_own() /> }
        .into_any()
}

/// A language of the console as one of a journey.
pub const fn language(lang: Lang) -> Language {
    match lang {
        Lang::En => Language::En,
        Lang::De => Language::De,
        Lang::Fr => Language::Fr,
        Lang::It => Language::It,
    }
}
