//! Which channel a person is tried on.

use super::{
    node::{ChannelChoice, PREFERRED_CHANNEL},
    state::{Facts, NO_ADDRESS},
};
use crate::consent::Channel;
use serde::Serialize;
use std::cmp::Reverse;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Place of the way that is taken; `None` when the person can be reached on none.
    pub(super) way: Option<usize>,
    /// The channel that the person prefers to the order in which the ways stand, where they were asked and it is one of them.
    pub(super) preferred: Option<Channel>,
    /// The channels that were asked, the deciding one last.
    pub(super) asked: Vec<Asked>,
}

/// One channel that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Asked {
    channel: Channel,
    open: bool,
    rule: String,
}

/// Chooses. Equal facts, equal choice.
pub(super) fn choose(choice: &ChannelChoice, facts: &Facts) -> Chosen {
    let mut order: Vec<usize> = (0..choice.ways.len()).collect();
    let mut preferred = None;
    if choice.by_preference {
        let named = facts.contact.traits.get(PREFERRED_CHANNEL).and_then(|value| value.as_str());
        let named = named.map(|name| name.trim().to_lowercase());
        let clicked = |channel| facts.reach.get(&channel).and_then(|reach| reach.clicked_at);
        // Stable: those nothing is known of stay as they stand.
        order.sort_by_key(|i| {
            let channel = choice.ways[*i].channel;
            Reverse((named.as_deref() == Some(channel.as_str()), clicked(channel)))
        });
        let known =
            |channel: Channel| named.as_deref() == Some(channel.as_str()) || clicked(channel).is_some();
        preferred = order.first().map(|i| choice.ways[*i].channel).filter(|channel| known(*channel));
    }
    let mut asked = Vec::new();
    for i in order {
        let channel = choice.ways[i].channel;
        let reach = facts.reach.get(&channel);
        let (open, rule) = reach.map_or((false, NO_ADDRESS), |reach| (reach.open, reach.rule.as_str()));
        asked.push(Asked { channel, open, rule: rule.to_owned() });
        if open {
            return Chosen { way: Some(i), preferred, asked };
        }
    }
    Chosen { way: None, preferred, asked }
}
