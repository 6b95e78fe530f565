//! What other stores would take over of a journey, and doing it.

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;

use crate::api::{Change, use_query};
use crate::graphql;
use crate::graphql::roll_out::{
    ResponseData, RollOutStoreJourneyRollOut as Plan, RollOutStoreJourneyRollOutDifferences as Difference,
    RollOutStoreJourneyRollOutKept as Kept, Variables,
};
use crate::graphql::roll_out_journey::RollOutTarget;
use crate::i18n::t;
use crate::pages::roll_out::{self, RollOut, Taken, count, hindrances, listed, to_do};
use crate::pages::shared::outcome;
use crate::ui::{skeleton_rows, stateful};

/// The button, for whoever has another store to take it to.
pub fn button(store: &str, journey: &str) -> Option<AnyView> {
    roll_out::button(store, journey, t::roll_out_words, plans)
}

/// What would change, store by store.
fn plans(taken: Taken, dialog: RollOut) -> AnyView {
    let (change, ending) = (Change::default(), dialog.ending(t::roll_out_done));
    let names = StoredValue::new((taken.store.clone(), taken.id.clone()));
    let query = use_query::<graphql::RollOut>(move || {
        let Taken { store, id: journey, stores } = taken.clone();
        Some(Variables { store, journey, stores })
    });
    let content = move |data: Arc<ResponseData>| {
        let plans =
            data.store.as_ref().and_then(|store| store.journey.as_ref()).map(|one| one.roll_out.clone());
        let plans = plans.unwrap_or_default();
        let to: Vec<RollOutTarget> = plans
            .iter()
            .filter(|plan| to_do(plan.state))
            .map(|plan| RollOutTarget { store_id: plan.store_id.clone(), base_version: plan.base_version })
            .collect();
        let source = plans.iter().map(|plan| plan.source_version).max().unwrap_or_default();
        let act = (!to.is_empty()).then(|| t::roll_out_do(count(to.len())));
        let take = move |()| {
            let (store, journey) = names.get_value();
            let variables = graphql::roll_out_journey::Variables { store, journey, source, to: to.clone() };
            change.send::<graphql::RollOutJourney>(variables, move |data| {
                let answer = data.roll_out_journey;
                ending(answer.changed.len(), answer.user_errors.len());
            });
        };
        let rows: Vec<_> = plans.iter().map(|plan| row(plan, dialog)).collect();
        view! {
            <ul class="stack">{rows}</ul>
            {outcome(change, &[])}
            {dialog.foot(act, change.busy, Callback::new(take))}
        }
        .into_any()
    };
    stateful(query, || skeleton_rows(3), content)
}

fn row(plan: &Plan, dialog: RollOut) -> AnyView {
    let change = |one: &Difference| line(&one.place, one.before.as_ref(), one.after.as_ref());
    let keep = |one: &Kept| line(&one.place, one.before.as_ref(), one.after.as_ref());
    let inside = view! {
        {plan.replaces.then(|| view! { <p class="tiny">{t::roll_out_replaces()}</p> })}
        {listed(t::roll_out_changes(), plan.differences.iter().map(change).collect())}
        {listed(t::roll_out_kept(), plan.kept.iter().map(keep).collect())}
        {hindrances(&plan.problems)}
    };
    dialog.store(&plan.store_id, plan.state, t::roll_out_new(), inside.into_any())
}

/// One place: what stood there, and what will.
fn line(place: &[String], before: Option<&Value>, after: Option<&Value>) -> AnyView {
    let words = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    view! {
        <li class="tiny anywhere">
            <code>{told(place)}</code> ": " <del>{words(before)}</del> " → " <ins>{words(after)}</ins>
        </li>
    }
    .into_any()
}

/// A place without what every place begins with.
pub(super) fn told(place: &[String]) -> String {
    let rest = if place.first().is_some_and(|first| first == "nodes") { &place[1..] } else { place };
    rest.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_place_is_told_by_its_step_and_field() {
        let place = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(told(&place("nodes.wait_1.seconds")), "wait_1 · seconds");
        assert_eq!(told(&place("settings.exit_on_purchase")), "settings · exit_on_purchase");
    }
}
