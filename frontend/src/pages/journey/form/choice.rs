//! A choice between channels: in which order they are tried, and whether the person's own preference goes first.

use cartwheel_domain::journey::{CHANNELS, Channel, ChannelChoice, ChannelWay, Node};
use leptos::prelude::*;

use super::{Form, follow};
use crate::i18n::t;
use crate::ui::{Select, checks};
use crate::words;

/// The form.
pub fn form(form: Form, choice: &ChannelChoice) -> AnyView {
    let order = RwSignal::new(choice.ways.iter().map(|way| way.channel).collect::<Vec<_>>());
    let prefer = RwSignal::new(choice.by_preference);
    follow(
        move || (order.get(), prefer.get()),
        move |(channels, by_preference)| {
            form.set(|node| {
                if let Node::ChannelChoice(choice) = node {
                    // Where a way leads, the journey says: it belongs to its channel.
                    let next = choice.none.clone();
                    let way = |channel| ChannelWay { channel, next: next.clone() };
                    choice.ways = channels.into_iter().map(way).collect();
                    choice.by_preference = by_preference;
                }
            });
        },
    );
    let rows = (0..CHANNELS.len()).map(|i| row(i, order)).collect_view();
    let wrong = form.error("ways");
    let wrong = move || wrong.get().map(super::wrong);
    let boxes = [("prefer".to_owned(), t::choice_prefer(), prefer)];
    view! {
        <p class="muted small">{t::choice_words()}</p>
        {rows}
        {wrong}
        {checks("choice-prefer", t::choice_preference(), &boxes, Signal::derive(|| None))}
        <p class="field__hint">{t::choice_prefer_hint()}</p>
    }
    .into_any()
}

/// What can be chosen at a place: any channel where one stands, one that stands nowhere after the last, nothing further down.
fn offered(order: &[Channel], at: usize) -> Vec<Channel> {
    let free = |channel: &Channel| at < order.len() || !order.contains(channel);
    CHANNELS.into_iter().filter(|channel| at <= order.len() && free(channel)).collect()
}

fn row(i: usize, order: RwSignal<Vec<Channel>>) -> impl IntoView {
    let offered = Memo::new(move |_| order.with(|order| offered(order, i)));
    let value = Signal::derive(move || {
        order.with(|order| order.get(i).map(|channel| channel.to_string()).unwrap_or_default())
    });
    let pick = move |name: String| order.update(|order| put(order, i, Channel::from_name(&name)));
    move || {
        let label = if i == 0 { t::choice_first() } else { t::choice_then(&(i + 1).to_string()) };
        let named = |channel: Channel| (channel.to_string(), words::channel(channel.as_str()));
        let mut options: Vec<(String, String)> = offered.get().into_iter().map(named).collect();
        if options.is_empty() {
            return None;
        }
        if i > 0 {
            options.insert(0, (String::new(), t::choice_no_more()));
        }
        let id = format!("choice-{i}");
        Some(
            view! { <Select id=id label=label options=options value=value on_pick=pick visible_label=true /> },
        )
    }
}

/// Puts a channel at a place, or nothing. One that stood elsewhere changes places with what was here, so that no way is lost by
/// putting them in another order.
fn put(order: &mut Vec<Channel>, at: usize, channel: Option<Channel>) {
    let Some(channel) = channel else {
        if at < order.len() {
            order.remove(at);
        }
        return;
    };
    let last = order.len().saturating_sub(1);
    match order.iter().position(|known| *known == channel) {
        Some(stood) => order.swap(at.min(last), stood),
        None if at < order.len() => order[at] = channel,
        None => order.push(channel),
    }
}

#[cfg(test)]
mod tests {
    use super::{offered, put};
    use cartwheel_domain::journey::Channel::{self, Email, Push, Sms};

    #[test]
    fn another_order_loses_no_way() {
        let after = |at, channel: Option<Channel>| {
            let mut order = vec![Email, Sms];
            put(&mut order, at, channel);
            order
        };
        assert_eq!(after(0, Some(Sms)), [Sms, Email]);
        assert_eq!(after(2, Some(Push)), [Email, Sms, Push]);
        assert_eq!(after(1, Some(Push)), [Email, Push]);
        assert_eq!(after(1, None), [Email]);
        assert_eq!(after(2, None), [Email, Sms]);
    }

    #[test]
    fn after_the_last_only_what_stands_nowhere_is_offered() {
        let order = [Email, Sms];
        assert_eq!(offered(&order, 1), [Email, Sms, Push]);
        assert_eq!(offered(&order, 2), [Push]);
        assert_eq!(offered(&[Email], 2), []);
    }
}
