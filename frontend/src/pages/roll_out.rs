//! Taking something over into other stores: choose them, look at what would change, do it.

use leptos::prelude::*;

use crate::graphql::types::{Role, RollOutState};
use crate::i18n::t;
use crate::shell::{StoreInfo, use_stores};
use crate::ui::{Button, ButtonKind, Dialog, Icon, Tone, badge, checks, use_toasts};

/// What is taken over, and where to: its store, its id, and the stores chosen.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The store it is in.
    pub store: String,
    /// Its id.
    pub id: String,
    /// The stores it shall come to.
    pub stores: Vec<String>,
}

/// Draws what would change in the stores chosen.
pub type Plans = fn(Taken, RollOut) -> AnyView;

/// The dialog. Copies are the same.
#[derive(Clone, Copy)]
pub struct RollOut {
    others: StoredValue<Vec<StoreInfo>>,
    looked: RwSignal<Option<Vec<String>>>,
    open: RwSignal<bool>,
}

/// The stores of the person, other than this one, in which journeys and texts can be changed.
fn others(store: &str) -> Vec<StoreInfo> {
    let may = |one: &&StoreInfo| one.id != store && one.role >= Role::Editor;
    use_stores().list.iter().filter(may).cloned().collect()
}

/// The button, for whoever has another store to take it to. `words` say what the stores will get.
pub fn button(store: &str, id: &str, words: fn() -> String, plans: Plans) -> Option<AnyView> {
    let others = others(store);
    if others.is_empty() {
        return None;
    }
    let open = RwSignal::new(false);
    let names = StoredValue::new((store.to_owned(), id.to_owned()));
    let others = StoredValue::new(others);
    let content = move || {
        let dialog = RollOut { others, looked: RwSignal::new(None), open };
        let steps = move || match dialog.looked.get() {
            None => dialog.choice(),
            Some(stores) => {
                let (store, id) = names.get_value();
                plans(Taken { store, id, stores }, dialog)
            }
        };
        view! {
            <div class="dialog__body">
                <h2>{t::roll_out()}</h2>
                <p class="muted">{words()}</p>
                {steps}
            </div>
        }
    };
    let button = view! {
        <Button label=t::roll_out() sign=Icon::Workflow on_press=move |()| open.set(true) />
        <Dialog label=t::roll_out() open=open>{content()}</Dialog>
    };
    Some(button.into_any())
}

impl RollOut {
    /// The stores to choose from.
    fn choice(self) -> AnyView {
        let boxes: Vec<(String, String, RwSignal<bool>)> = self.others.with_value(|others| {
            others.iter().map(|one| (one.id.clone(), one.name.clone(), RwSignal::new(false))).collect()
        });
        let tried = RwSignal::new(false);
        let chosen = boxes.clone();
        let picked = move || -> Vec<String> {
            chosen.iter().filter(|(_, _, on)| on.get()).map(|(id, _, _)| id.clone()).collect()
        };
        let none = picked.clone();
        let wrong = Signal::derive(move || (tried.get() && none().is_empty()).then(t::invite_stores_none));
        let look = move |()| {
            tried.set(true);
            let picked = untrack(&picked);
            if !picked.is_empty() {
                self.looked.set(Some(picked));
            }
        };
        view! {
            {checks("roll-out", t::invite_stores(), &boxes, wrong)}
            <div class="dialog__foot">
                <Button label=t::cancel() on_press=move |()| self.open.set(false) />
                <Button label=t::roll_out_look() kind=ButtonKind::Primary on_press=look />
            </div>
        }
        .into_any()
    }

    /// One store: its name, what would become of it, and what would change; `new` is said where nothing is yet.
    pub fn store(self, id: &str, state: RollOutState, new: String, inside: AnyView) -> AnyView {
        let name = self
            .others
            .with_value(|others| others.iter().find(|one| one.id == id).map(|one| one.name.clone()));
        let state = match state {
            RollOutState::New => badge(Tone::Information, Some(Icon::Plus), new),
            RollOutState::Same => badge(Tone::Quiet, None, t::roll_out_same()),
            RollOutState::Update => badge(Tone::Caution, None, t::roll_out_update()),
            RollOutState::Refused => badge(Tone::Negative, Some(Icon::CircleAlert), t::roll_out_refused()),
        };
        view! {
            <li class="card">
                <div class="card__body stack stack--close">
                    <div class="row row--between row--wrap"><span class="strong anywhere">{name}</span>{state}</div>
                    {inside}
                </div>
            </li>
        }
        .into_any()
    }

    /// The way back, and the deed if there is something to do.
    pub fn foot(self, act: Option<String>, busy: RwSignal<bool>, take: Callback<()>) -> AnyView {
        let act = act.map(|act| {
            view! { <Button label=act kind=ButtonKind::Primary busy=busy on_press=take /> }
        });
        view! {
            <div class="dialog__foot">
                <Button label=t::back() on_press=move |()| self.looked.set(None) />
                {act}
            </div>
        }
        .into_any()
    }

    /// Tells how many stores were changed and how many not, and closes. To be made before the deed: it looks for the toasts.
    pub fn ending(self, told: fn(i64) -> String) -> impl Fn(usize, usize) + Copy {
        let toasts = use_toasts();
        move |changed, left| {
            self.open.set(false);
            self.looked.set(None);
            if left > 0 {
                toasts.failed(t::many_left(count(left)));
            }
            toasts.done(told(count(changed)));
        }
    }
}

/// Whether a store is to be changed at all.
pub const fn to_do(state: RollOutState) -> bool {
    matches!(state, RollOutState::New | RollOutState::Update)
}

/// A number for the texts.
pub fn count(many: usize) -> i64 {
    i64::try_from(many).unwrap_or(0)
}

/// A list under a title, if it has anything.
pub fn listed(title: String, rows: Vec<AnyView>) -> Option<AnyView> {
    (!rows.is_empty()).then(|| {
        view! { <p class="tiny strong">{title}</p> <ul class="stack stack--tight">{rows}</ul> }.into_any()
    })
}

/// Why it cannot be taken over, if it cannot.
pub fn hindrances(problems: &[String]) -> Option<AnyView> {
    let rows: Vec<_> =
        problems.iter().map(|one| view! { <li class="tiny anywhere">{one.clone()}</li> }).collect();
    (!rows.is_empty()).then(|| view! { <ul class="stack stack--tight">{rows}</ul> }.into_any())
}
