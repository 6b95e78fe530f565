//! The form for the node picked, or for the whole journey, with what can come after the node. What is typed is judged at once.

use cartwheel_domain::journey::{Change, Node, NodeId};
use cartwheel_domain::money::Currency;
use leptos::prelude::*;

use super::canvas::Selection;
use super::draft::Draft;
use super::form::{Form, follow};
use super::steps;
use crate::browser;
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::route::Parameters;
use crate::ui::{Field, Icon, IconButton};
use crate::words;

/// Picks nodes. Copies are the same.
#[derive(Clone, Copy)]
pub struct Picker {
    parameters: Parameters,
    /// The node whose form takes the keyboard when it comes.
    awaited: StoredValue<String>,
}

impl Picker {
    /// By the address of the page.
    pub fn new(parameters: Parameters) -> Self {
        Self { parameters, awaited: StoredValue::new(String::new()) }
    }

    /// Picks a node and gives its form the keyboard.
    pub fn pick(self, node: &str) {
        self.awaited.set_value(node.to_owned());
        self.parameters.set(&[("node", node)]);
    }

    /// The form of a node comes.
    fn comes(self, node: &str) {
        if self.awaited.with_value(|awaited| awaited == node) {
            self.awaited.set_value(String::new());
            browser::after(0, || browser::focus("panel"));
        }
    }
}

/// The form; only words for whoever may not change journeys.
pub fn panel(
    draft: Draft,
    (parameters, selection): (Parameters, Selection),
    may: bool,
    currency: Currency,
) -> AnyView {
    let picked = Memo::new(move |_| parameters.get("node"));
    let picker = Picker::new(parameters);
    view! {
        <section class="card" aria-labelledby="panel" aria-live="polite">
            {move || {
                draft.turned.track();
                let several = selection.several();
                if several > 0 {
                    return of_several(several);
                }
                let id = picked.get();
                let node: Option<(NodeId, Node)> = draft
                    .shown
                    .with_untracked(|definition| definition.nodes.iter().find(|(key, _)| key.as_str() == id).map(|(key, node)| (key.clone(), node.clone())));
                match node {
                    Some((id, node)) => {
                        picker.comes(id.as_str());
                        of_node(draft, id, &node, picker, may, currency)
                    }
                    None => of_journey(draft, may),
                }
            }}
        </section>
    }
    .into_any()
}

fn of_several(count: usize) -> AnyView {
    view! {
        <div class="card__head"><h2 id="panel" tabindex="-1">{t::chosen_count(count as i64)}</h2></div>
        <div class="card__body"><p class="muted small">{t::chosen_words()}</p></div>
    }
    .into_any()
}

fn of_journey(draft: Draft, may: bool) -> AnyView {
    let form = if may {
        let name = RwSignal::new(draft.shown.with_untracked(|definition| definition.name.clone()));
        follow(move || name.get(), move |name| draft.change(Change::SetName { name }));
        let error =
            Signal::derive(move || draft.problem(None, "name").map(|problem| words::problem(&problem)));
        view! {
            <Field id="journey-name" label=t::journey_name() value=name error=error />
            <p class="muted small">{t::journey_pick()}</p>
        }
        .into_any()
    } else {
        view! { <p class="muted small">{t::journey_read(&words::role(Role::Editor))}</p> }.into_any()
    };
    view! {
        <div class="card__head"><h2 id="panel" tabindex="-1">{t::journey()}</h2></div>
        <div class="card__body stack">{form}</div>
    }
    .into_any()
}

fn of_node(draft: Draft, id: NodeId, node: &Node, picker: Picker, may: bool, currency: Currency) -> AnyView {
    let inside = if may {
        let form = Form::new(draft, id, currency);
        view! { {form.view(node)} {steps::steps(form, node, picker)} }.into_any()
    } else {
        view! { <p class="muted small">{words::node_about(node)}</p> }.into_any()
    };
    view! {
        <div class="card__head">
            <h2 id="panel" tabindex="-1">{words::node_name(node)}</h2>
            <IconButton label=t::close() sign=Icon::X on_press=move |()| picker.parameters.set(&[("node", "")]) />
        </div>
        <div class="card__body stack">{inside}</div>
    }
    .into_any()
}
