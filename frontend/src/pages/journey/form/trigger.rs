//! Where a journey begins: what was left, and whether the same may begin again.

use cartwheel_domain::event::CartKind;
use cartwheel_domain::journey::{Node, ReEntry, Trigger};
use leptos::prelude::*;

use super::span::Span;
use super::{Form, follow, shown};
use crate::graphql::types;
use crate::i18n::t;
use crate::ui::{Choice, NumberField, checks, radios};
use crate::words;

const KINDS: [CartKind; 3] = [CartKind::Cart, CartKind::Checkout, CartKind::Quote];

/// What is proposed when the same may begin again: a week, thrice.
const AGAIN: (i64, i64) = (7 * 86_400, 3);

/// The form.
pub fn form(form: Form, trigger: &Trigger) -> AnyView {
    let kinds: Vec<(CartKind, RwSignal<bool>)> =
        KINDS.map(|kind| (kind, RwSignal::new(trigger.on.contains(&kind)))).to_vec();
    let boxes: Vec<_> = kinds.iter().map(|(kind, on)| (kind.as_str().to_owned(), name(*kind), *on)).collect();
    let chosen = move || kinds.iter().filter(|(_, on)| on.get()).map(|(kind, _)| *kind).collect::<Vec<_>>();
    let (rule, (after, times)) = match trigger.re_entry {
        ReEntry::Once => ("once", AGAIN),
        ReEntry::Again { after_seconds, at_most } => ("again", (after_seconds, at_most)),
    };
    let (rule, after) = (RwSignal::new(rule.to_owned()), Span::new(after));
    let times = RwSignal::new(shown(times));
    let entry = move || match rule.get().as_str() {
        "again" => ReEntry::Again {
            after_seconds: after.seconds(),
            at_most: times.get().trim().parse().unwrap_or(-1),
        },
        _ => ReEntry::Once,
    };
    follow(
        move || (chosen(), entry()),
        move |(on, re_entry)| {
            form.set(|node| {
                if let Node::Trigger(trigger) = node {
                    trigger.on = on;
                    trigger.re_entry = re_entry;
                }
            });
        },
    );
    let choice = |value: &str, name: String, words: String| Choice { value: value.to_owned(), name, words };
    let rules = vec![
        choice("once", t::re_entry_once(), t::re_entry_once_words()),
        choice("again", t::re_entry_again(), t::re_entry_again_words()),
    ];
    let again = move || {
        let unit = || view! { <span class="affix__unit">{t::re_entry_times_unit()}</span> }.into_any();
        let after_wrong = form.error("re_entry.after_seconds");
        let times_wrong = form.error("re_entry.at_most");
        (rule.get() == "again").then(|| {
            view! {
                {after.field("again-after", t::re_entry_after(), t::re_entry_after_hint(), after_wrong)}
                <NumberField id="again-times" label=t::re_entry_times() value=times error=times_wrong unit=unit />
            }
        })
    };
    let filter = trigger.filter.as_ref().map(|filter| {
        view! { <p class="muted small">{t::trigger_only(&words::asked(filter))}</p> }
    });
    view! {
        {checks("trigger-on", t::trigger_on(), &boxes, form.error("on"))}
        {filter}
        {radios("trigger-again", t::re_entry(), rules, rule, None)}
        {again}
    }
    .into_any()
}

fn name(kind: CartKind) -> String {
    types::CartKind::from_word(kind.as_str()).map(words::cart_kind).unwrap_or_default()
}
