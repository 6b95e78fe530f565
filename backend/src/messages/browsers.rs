//! A notification goes to each browser of a person: which of them, by which ways, and what came of it together.

use super::look::Facts;
use crate::{
    channels::{Outcome, Route},
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    ids::{CartId, MessageId},
    push::{Subscription, topic},
};
use cartwheel_entity::{cart_key, message, message_attempt};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// The numbers of the tries of one message differ. Those of the second browser of a round begin here, those of the third twice as far; a
/// message has far fewer rounds in the time it is given.
pub const APART: i32 = 1_000;

/// The tokens of the browsers that carts are bound to.
///
/// # Errors
/// What the database says.
pub async fn owners(
    scoped: &Scoped<'_>,
    carts: &HashSet<Uuid>,
) -> Result<HashMap<Uuid, HashSet<String>>, DbError> {
    let keys = scoped.find_among::<cart_key::Entity, _>(cart_key::Column::CartId, carts.iter().copied());
    let mut owners: HashMap<Uuid, HashSet<String>> = HashMap::new();
    for key in keys.await?.into_iter().filter(|key| key.kind.starts_with("browser")) {
        // The browser's token and the id it gave.
        let token = key.value.split_once('/').map_or(key.value.as_str(), |(token, _)| token);
        owners.entry(key.cart_id).or_default().insert(token.to_owned());
    }
    Ok(owners)
}

/// Which browsers these messages went to for good, or may have: they are not called again.
///
/// # Errors
/// What the database says.
pub async fn called(scoped: &Scoped<'_>, rows: &[message::Model]) -> Result<HashSet<(Uuid, Uuid)>, DbError> {
    let again = rows.iter().filter(|m| m.channel == Channel::Push.as_str() && m.attempt > 0).map(|m| m.id);
    let again: Vec<Uuid> = again.collect();
    if again.is_empty() {
        return Ok(HashSet::new());
    }
    let tries = scoped.find_among::<message_attempt::Entity, _>(message_attempt::Column::MessageId, again);
    // One without an outcome was begun by a worker that is gone: nobody knows.
    let settled =
        |one: &message_attempt::Model| !matches!(one.outcome.as_deref(), Some("deferred" | "not_sent"));
    let settled = tries.await?.into_iter().filter(settled);
    Ok(settled.filter_map(|one| Some((one.message_id, one.device_id?))).collect())
}

/// By which ways a message goes: of a notification of a live store one for each browser that is told of it and was not called before.
pub fn ways(
    facts: &Facts,
    message: &message::Model,
    route: &Route,
    called: &HashSet<(Uuid, Uuid)>,
) -> Vec<(Route, Option<Uuid>)> {
    if route.push.is_none() {
        return vec![(route.to(MessageId(message.id)), None)];
    }
    let Some(contact) = facts.people.contact(message.contact_id) else { return Vec::new() };
    let topic = message.cart_id.map(|cart| topic(facts.store.id, CartId(cart)));
    let told = facts.browsers(message, contact);
    let mut ways = Vec::with_capacity(told.len());
    let mut services = BTreeSet::new();
    for row in told.into_iter().filter(|row| !called.contains(&(message.id, row.id))) {
        // A row that cannot be read was not written by this program.
        let Ok(to) = Subscription::parse(&row.endpoint, &row.p256dh, &row.auth) else { continue };
        services.insert(Subscription::origin(&row.endpoint).to_owned());
        ways.push((route.notifying(to, topic.clone()), Some(row.id)));
    }
    // The circuit is of the push services that are called together: an address that somebody made up closes nobody else's way.
    let name = services.into_iter().collect::<Vec<_>>().join(" ");
    for (way, _) in &mut ways {
        way.name = format!("push {name}");
    }
    ways
}

/// Whether a push service no longer knows a browser.
pub fn is_over(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused { permanent: true, suppress: Some(SuppressionReason::HardBounce), .. })
}

/// What came of a message over all its calls. One that took it is enough: whoever has seen it in one browser is not told again in another
/// because that one was away. Else a doubt decides, else whatever may be tried again, else the gravest no.
pub fn together(mut outcomes: Vec<Outcome>) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Accepted { .. } => 0,
        Outcome::Uncertain { .. } => 1,
        Outcome::Refused { permanent: false, .. } => 2,
        Outcome::NotSent { .. } => 3,
        Outcome::Refused { .. } if !is_over(outcome) => 4,
        Outcome::Refused { .. } => 5,
    };
    let asked = |outcome: &Outcome| match outcome {
        Outcome::Refused { permanent: false, retry_after, .. } | Outcome::NotSent { retry_after, .. } => {
            *retry_after
        }
        _ => None,
    };
    let longest = outcomes.iter().filter_map(asked).max();
    outcomes.sort_by_key(rank);
    let mut first = outcomes
        .into_iter()
        .next()
        .unwrap_or_else(|| Outcome::Uncertain { reply: "nobody was called".to_owned() });
    if let Outcome::Refused { permanent: false, retry_after, .. } | Outcome::NotSent { retry_after, .. } =
        &mut first
    {
        *retry_after = longest;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::Fault;

    fn taken() -> Outcome {
        Outcome::Accepted { provider_id: Some("1".into()), reply: "201".into() }
    }

    fn doubt() -> Outcome {
        Outcome::Uncertain { reply: "cut".into() }
    }

    fn later(retry_after: Option<i64>) -> Outcome {
        Outcome::Refused {
            permanent: false,
            suppress: None,
            fault: Fault::Provider,
            reply: "429".into(),
            retry_after,
        }
    }

    fn over() -> Outcome {
        Outcome::Refused {
            permanent: true,
            suppress: Some(SuppressionReason::HardBounce),
            fault: Fault::Recipient,
            reply: "410".into(),
            retry_after: None,
        }
    }

    #[test]
    fn one_browser_that_took_it_is_enough_and_a_doubt_is_never_repeated() {
        assert_eq!(together(vec![over(), doubt(), later(None), taken()]), taken());
        assert_eq!(together(vec![later(Some(1)), over(), doubt()]), doubt());
        assert_eq!(together(vec![over(), later(Some(7)), later(Some(9))]), later(Some(9)));
        assert_eq!(together(vec![over(), over()]), over());
        let unreachable =
            Outcome::NotSent { fault: Fault::Provider, reply: "refused".into(), retry_after: None };
        assert_eq!(together(vec![unreachable.clone(), over()]), unreachable);
        assert!(is_over(&over()) && !is_over(&later(None)) && !is_over(&taken()));
    }
}
