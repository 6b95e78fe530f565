//! Switching a journey on and off. Off asks first, for runs under way end.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::mutate;
use crate::graphql;
use crate::graphql::set_journey_status::Variables;
use crate::graphql::types::JourneyStatus;
use crate::i18n::t;
use crate::ui::{Confirm, Switch, use_toasts};

/// The switch of one journey.
#[component]
pub fn StatusSwitch(
    /// Its store.
    store: String,
    /// Its id.
    journey: String,
    /// Its name.
    name: String,
    /// What it is at first.
    status: JourneyStatus,
) -> impl IntoView {
    let state = RwSignal::new(status);
    let (asking, busy) = (RwSignal::new(false), RwSignal::new(false));
    let toasts = use_toasts();
    let names = StoredValue::new((store, journey));
    let set = move |wanted: JourneyStatus| {
        let before = state.get_untracked();
        state.set(wanted);
        busy.set(true);
        let (store, journey) = names.get_value();
        spawn_local(async move {
            let outcome =
                mutate::<graphql::SetJourneyStatus>(Variables { store, journey, status: wanted }).await;
            busy.set(false);
            let refused = match outcome {
                Ok(data) => data.set_journey_status.user_errors.into_iter().next().map(|error| error.message),
                Err(fault) => Some(format!("{} {}", fault.title(), fault.advice())),
            };
            match refused {
                Some(words) => {
                    state.set(before);
                    toasts.failed(words);
                }
                None if wanted == JourneyStatus::On => toasts.done(t::journey_switched_on()),
                None => toasts.done(t::journey_switched_off()),
            }
        });
    };
    let flip = move |on: bool| if on { set(JourneyStatus::On) } else { asking.set(true) };
    let words = Signal::derive(move || match state.get() {
        JourneyStatus::On => t::journey_on(),
        JourneyStatus::Paused => t::journey_paused(),
        JourneyStatus::Off => t::journey_off(),
    });
    let on = Signal::derive(move || state.get() == JourneyStatus::On);
    view! {
        <Switch label=t::journey_switch(&name) on=on on_flip=flip words=words disabled=busy />
        <Confirm
            title=Signal::derive(t::journey_off_title)
            words=Signal::derive(t::journey_off_words)
            act=Signal::derive(t::journey_off_do)
            open=asking
            busy=busy
            outcome=|| ()
            on_act=move |()| {
                asking.set(false);
                set(JourneyStatus::Off);
            }
        />
    }
    .into_any()
}
