//! A condition: one question, and what it needs to know.

use cartwheel_domain::journey::{Condition, Node};
use cartwheel_domain::locale::Language;
use cartwheel_domain::money::Currency;
use leptos::prelude::*;

use super::message::language;
use super::question::{Question, Typed, countries};
use super::{Form, follow, message_options, wrong};
use crate::browser;
use crate::i18n::{Lang, t};
use crate::ui::{Button, Field, NumberField, Select, checks};
use crate::words;

/// What stands in the fields. Copies are the same fields.
#[derive(Clone, Copy)]
struct Fields {
    question: RwSignal<Question>,
    amount: RwSignal<String>,
    pieces: RwSignal<String>,
    tag: RwSignal<String>,
    languages: [(Language, RwSignal<bool>); 4],
    countries: RwSignal<String>,
    message: RwSignal<String>,
    currency: Currency,
}

impl Fields {
    fn new(question: Question, typed: Typed, currency: Currency) -> Self {
        let chosen = |lang: Lang| typed.languages.contains(&language(lang));
        Self {
            question: RwSignal::new(question),
            languages: Lang::ALL.map(|lang| (language(lang), RwSignal::new(chosen(lang)))),
            amount: RwSignal::new(typed.amount),
            pieces: RwSignal::new(typed.pieces),
            tag: RwSignal::new(typed.tag),
            countries: RwSignal::new(typed.countries),
            message: RwSignal::new(typed.message),
            currency,
        }
    }

    fn condition(self) -> Option<Condition> {
        let chosen = self.languages.iter().filter(|(_, on)| on.get());
        let typed = Typed {
            amount: self.amount.get(),
            pieces: self.pieces.get(),
            tag: self.tag.get(),
            languages: chosen.map(|(language, _)| *language).collect(),
            countries: self.countries.get(),
            message: self.message.get(),
        };
        self.question.get().condition(&typed, self.currency)
    }
}

/// The form; for a condition of another form, what it asks and the way to another.
pub fn form(form: Form, test: &Condition) -> AnyView {
    let Some((question, typed)) = Question::of(test) else { return foreign(form, test) };
    let currency = match test {
        Condition::CartValue { currency, .. } => *currency,
        _ => form.currency,
    };
    asking(form, Fields::new(question, typed, currency))
}

fn foreign(form: Form, test: &Condition) -> AnyView {
    let replaced = RwSignal::new(false);
    let error = form.error("if");
    let sentence = words::asked(test);
    let replace = move |()| {
        set(form, Condition::FirstTimeBuyer {});
        replaced.set(true);
        browser::after(0, || browser::focus("ask"));
    };
    let view = move || {
        if replaced.get() {
            return asking(form, Fields::new(Question::First, Typed::default(), form.currency));
        }
        view! {
            <p class="strong">{sentence.clone()}</p>
            <p class="muted small">{t::ask_other()}</p>
            {move || error.get().map(wrong)}
            <div class="row"><Button label=t::ask_replace() on_press=replace /></div>
        }
        .into_any()
    };
    view.into_any()
}

fn set(form: Form, test: Condition) {
    form.set(|node| {
        if let Node::Condition(condition) = node {
            condition.test = test;
        }
    });
}

fn asking(form: Form, fields: Fields) -> AnyView {
    follow(
        move || fields.condition(),
        move |asked| {
            if let Some(asked) = asked {
                set(form, asked);
            }
        },
    );
    let messages =
        form.draft.shown.with_untracked(|shown| message_options(shown, &fields.message.get_untracked()));
    if let (Some((first, _)), true) = (messages.first(), fields.message.with_untracked(String::is_empty)) {
        fields.message.set(first.clone());
    }
    let offered = Question::ALL.into_iter().filter(|one| !one.is_about_message() || !messages.is_empty());
    let options: Vec<_> = offered.map(|one| (one.word().to_owned(), one.words())).collect();
    let value = Signal::derive(move || fields.question.get().word().to_owned());
    let pick = move |word: String| {
        if let Some(question) = Question::ALL.into_iter().find(|one| one.word() == word) {
            fields.question.set(question);
        }
    };
    let more = move || details(form, fields, fields.question.get(), &messages);
    view! {
        <Select id="ask" label=t::ask() options=options value=value on_pick=pick visible_label=true />
        {more}
    }
    .into_any()
}

/// What a question needs to know.
fn details(form: Form, fields: Fields, question: Question, messages: &[(String, String)]) -> AnyView {
    let error = form.error("if");
    match question {
        Question::Value => {
            let unit = move || {
                view! { <span class="affix__unit">{fields.currency.code().to_owned()}</span> }.into_any()
            };
            view! { <NumberField id="ask-value" label=t::ask_least() value=fields.amount error=error unit=unit /> }
                .into_any()
        }
        Question::Pieces => {
            let unit = || view! { <span class="affix__unit">{t::ask_pieces_unit()}</span> }.into_any();
            view! { <NumberField id="ask-pieces" label=t::ask_least() value=fields.pieces error=error unit=unit /> }
                .into_any()
        }
        Question::First | Question::Repeat => view! { {move || error.get().map(wrong)} }.into_any(),
        Question::Tag => {
            view! { <Field id="ask-tag" label=t::ask_tag_name() value=fields.tag error=error /> }.into_any()
        }
        Question::Language => {
            let named = Lang::ALL.into_iter().zip(fields.languages);
            let boxes: Vec<_> = named
                .map(|(lang, (_, on))| (lang.code().to_owned(), lang.own_name().to_owned(), on))
                .collect();
            checks("ask-language", t::ask_languages(), &boxes, error)
        }
        Question::Country => {
            let unread = move || fields.countries.with(|text| countries(text).is_none());
            let error =
                Signal::derive(move || if unread() { Some(t::ask_country_hint()) } else { error.get() });
            view! { <Field id="ask-country" label=t::ask_countries() value=fields.countries error=error hint=t::ask_country_hint() /> }
                .into_any()
        }
        Question::Clicked | Question::Opened | Question::Sent => {
            let (options, message) = (messages.to_vec(), fields.message);
            view! {
                <Select id="ask-message" label=t::await_message() options=options value=message on_pick=move |value: String| message.set(value) visible_label=true />
                {move || error.get().map(wrong)}
            }
            .into_any()
        }
    }
}
