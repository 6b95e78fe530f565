//! The fields of a text. What is wrong stands at its field, with line and column.

use leptos::prelude::*;

use super::Kind;
use super::draft::{Draft, Findings};
use crate::i18n::t;
use crate::route::{Parameters, use_parameters};
use crate::ui::{Tab, TextArea, tabs};
use crate::words::template_field;

/// The fields; to be read only unless `writing`. A text message is its text alone, a notification title, text and picture.
pub fn fields(draft: Draft, findings: Findings, writing: bool, kind: Kind) -> AnyView {
    let parameters = use_parameters();
    let wrong = move |field: &'static str| {
        Signal::derive(move || Some(findings.of(field).join("\n")).filter(|told| !told.is_empty()))
    };
    let [subject, preheader, mjml, text] = draft.typed;
    if kind == Kind::Notice {
        return view! {
            <section class="stack writing__fields" aria-label=t::journey_form()>
                <TextArea id="subject" label=t::push_title() value=subject hint=t::push_title_hint() error=wrong("subject") read_only=!writing />
                <TextArea id="text" label=t::push_text() value=text error=wrong("text") read_only=!writing />
                <TextArea id="preheader" label=t::push_image() value=preheader hint=t::push_image_hint() error=wrong("preheader") read_only=!writing />
            </section>
        }
        .into_any();
    }
    if kind == Kind::Text {
        let text = draft.typed[3];
        return view! {
            <section class="stack writing__fields" aria-label=t::journey_form()>
                <TextArea id="text" label=t::node_text() value=text hint=t::template_text_hint() error=wrong("text") code=true read_only=!writing />
            </section>
        }
        .into_any();
    }
    let plain = parameters.signal("part");
    let plain = Memo::new(move |_| plain.get() == "text");
    let parts = move || {
        let part = |word: &str, field: &str| Tab {
            href: address(parameters, word),
            name: with_findings(&template_field(field), findings.of(field).len()),
            current: plain.get() == (word == "text"),
        };
        tabs(t::template_parts(), vec![part("", "mjml"), part("text", "text")])
    };
    view! {
        <section class="stack writing__fields" aria-label=t::journey_form()>
            <TextArea id="subject" label=template_field("subject") value=subject error=wrong("subject") read_only=!writing />
            <TextArea id="preheader" label=template_field("preheader") value=preheader hint=t::template_preheader_hint() error=wrong("preheader") read_only=!writing />
            {parts}
            <div hidden=move || plain.get()>
                <TextArea id="mjml" label=template_field("mjml") value=mjml error=wrong("mjml") code=true read_only=!writing />
            </div>
            <div hidden=move || !plain.get()>
                <TextArea id="text" label=template_field("text") value=text error=wrong("text") code=true read_only=!writing />
            </div>
        </section>
    }
    .into_any()
}

/// This page with another part of the text.
fn address(parameters: Parameters, part: &str) -> String {
    parameters.address(&[("part", part)])
}

/// The name of a tab, with the number of its findings: they stand out of sight.
fn with_findings(name: &str, many: usize) -> String {
    match i64::try_from(many) {
        Ok(many) if many > 0 => t::template_findings(many, name),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};

    #[test]
    fn a_tab_tells_what_is_wrong_behind_it() {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        assert_eq!(with_findings("Plain text", 0), "Plain text");
        assert_eq!(with_findings("Plain text", 2), "Plain text · 2 mistakes");
    }
}
