//! A wait for something to happen: for what, in which message, and how long at most.

use cartwheel_domain::journey::{Awaited, Node, NodeId, WaitForEvent};
use leptos::prelude::*;

use super::{Form, follow, message_options, span, wrong};
use crate::i18n::t;
use crate::ui::{Select, checks};
use crate::words;

/// What is offered; others that are waited for already are shown beside them.
const OFFERED: [&str; 6] =
    ["clicked", "opened", "cart_updated", "checkout_started", "order_placed", "product_viewed"];

/// The form.
pub fn form(form: Form, wait: &WaitForEvent) -> AnyView {
    let events: Vec<(Awaited, RwSignal<bool>)> = offered(&wait.events)
        .into_iter()
        .map(|event| (event, RwSignal::new(wait.events.contains(&event))))
        .collect();
    let boxes: Vec<_> =
        events.iter().map(|(event, on)| (event.to_string(), words::awaited(event.as_str()), *on)).collect();
    let chosen =
        move || events.iter().filter(|(_, on)| on.get()).map(|(event, _)| *event).collect::<Vec<_>>();
    let message = RwSignal::new(wait.message.as_ref().map(ToString::to_string).unwrap_or_default());
    follow(
        move || (chosen(), message.get()),
        move |(events, message)| {
            form.set(|node| {
                if let Node::WaitForEvent(wait) = node {
                    wait.events = events;
                    wait.message = message.parse::<NodeId>().ok();
                }
            });
        },
    );
    let mut options = vec![(String::new(), t::await_message_any())];
    options.extend(form.draft.shown.with_untracked(|shown| message_options(shown, &message.get_untracked())));
    let choice = (options.len() > 1).then(|| {
        view! { <Select id="await-message" label=t::await_message() options=options value=message on_pick=move |value: String| message.set(value) visible_label=true hint=t::await_message_hint() /> }
    });
    let gone = form.error("message");
    view! {
        {checks("await-events", t::await_events(), &boxes, form.error("events"))}
        {choice}
        {move || gone.get().map(wrong)}
        {span::wait(form, wait.timeout_seconds, "timeout_seconds", t::await_label())}
    }
    .into_any()
}

/// The events of the boxes.
fn offered(now: &[Awaited]) -> Vec<Awaited> {
    let mut all: Vec<Awaited> = OFFERED.into_iter().filter_map(|name| name.parse().ok()).collect();
    for event in now {
        if !all.contains(event) {
            all.push(*event);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_already_is_among_what_is_offered() {
        assert_eq!(offered(&[Awaited::Clicked]).len(), OFFERED.len());
        let rare: Awaited = "coupon_applied".parse().unwrap();
        assert_eq!(offered(&[rare, Awaited::Opened]).last(), Some(&rare));
    }
}
