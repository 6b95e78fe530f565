//! Taking a journey over into other stores: choose them, look at what would change, do it.

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
use crate::graphql::types::{Role, RollOutState};
use crate::i18n::t;
use crate::pages::shared::outcome;
use crate::shell::{StoreInfo, use_stores};
use crate::ui::{Button, ButtonKind, Dialog, Icon, Tone, badge, checks, skeleton_rows, stateful, use_toasts};

/// The stores of the person, other than this one, in which journeys can be published.
fn others(store: &str) -> Vec<StoreInfo> {
    let may = |one: &&StoreInfo| one.id != store && one.role >= Role::Editor;
    use_stores().list.iter().filter(may).cloned().collect()
}

/// The button, for whoever has another store to take it to.
pub fn button(store: &str, journey: &str) -> Option<AnyView> {
    let others = others(store);
    if others.is_empty() {
        return None;
    }
    let open = RwSignal::new(false);
    let dialog = dialog(store.to_owned(), journey.to_owned(), others, open);
    Some(view! { <Button label=t::roll_out() sign=Icon::Workflow on_press=move |()| open.set(true) /> {dialog} }.into_any())
}

fn dialog(store: String, journey: String, others: Vec<StoreInfo>, open: RwSignal<bool>) -> AnyView {
    let (others, names) = (StoredValue::new(others), StoredValue::new((store, journey)));
    let content = move || {
        let chosen: Vec<(String, String, RwSignal<bool>)> = others.with_value(|others| {
            others.iter().map(|one| (one.id.clone(), one.name.clone(), RwSignal::new(false))).collect()
        });
        let looked = RwSignal::new(None::<Vec<String>>);
        let tried = RwSignal::new(false);
        let boxes = chosen.clone();
        let picked = move || -> Vec<String> {
            chosen.iter().filter(|(_, _, on)| on.get()).map(|(id, _, _)| id.clone()).collect()
        };
        let none = picked.clone();
        let wrong = Signal::derive(move || (tried.get() && none().is_empty()).then(t::invite_stores_none));
        let look = move |()| {
            tried.set(true);
            let picked = untrack(&picked);
            if !picked.is_empty() {
                looked.set(Some(picked));
            }
        };
        let steps = move || match looked.get() {
            None => view! {
                {checks("roll-out", t::invite_stores(), &boxes, wrong)}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| open.set(false) />
                    <Button label=t::roll_out_look() kind=ButtonKind::Primary on_press=look.clone() />
                </div>
            }
            .into_any(),
            Some(stores) => plans(names.get_value(), stores, others, looked, open),
        };
        view! {
            <div class="dialog__body">
                <h2>{t::roll_out()}</h2>
                <p class="muted">{t::roll_out_words()}</p>
                {steps}
            </div>
        }
    };
    view! { <Dialog label=t::roll_out() open=open>{content()}</Dialog> }.into_any()
}

/// What would change, store by store.
fn plans(
    (store, journey): (String, String),
    stores: Vec<String>,
    others: StoredValue<Vec<StoreInfo>>,
    looked: RwSignal<Option<Vec<String>>>,
    open: RwSignal<bool>,
) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let names = StoredValue::new((store, journey));
    let query = use_query::<graphql::RollOut>(move || {
        let (store, journey) = names.get_value();
        Some(Variables { store, journey, stores: stores.clone() })
    });
    let content = move |data: Arc<ResponseData>| {
        let plans =
            data.store.as_ref().and_then(|store| store.journey.as_ref()).map(|one| one.roll_out.clone());
        let plans = plans.unwrap_or_default();
        let to: Vec<RollOutTarget> = plans
            .iter()
            .filter(|plan| matches!(plan.state, RollOutState::New | RollOutState::Update))
            .map(|plan| RollOutTarget { store_id: plan.store_id.clone(), base_version: plan.base_version })
            .collect();
        let source = plans.iter().map(|plan| plan.source_version).max().unwrap_or_default();
        let many = i64::try_from(to.len()).unwrap_or(0);
        let take = move |()| {
            let (store, journey) = names.get_value();
            let variables = graphql::roll_out_journey::Variables { store, journey, source, to: to.clone() };
            change.send::<graphql::RollOutJourney>(variables, move |data| {
                let many = i64::try_from(data.roll_out_journey.changed.len()).unwrap_or(0);
                open.set(false);
                looked.set(None);
                let left = i64::try_from(data.roll_out_journey.user_errors.len()).unwrap_or(0);
                if left > 0 {
                    toasts.failed(t::many_left(left));
                }
                toasts.done(t::roll_out_done(many));
            });
        };
        let rows: Vec<_> = plans.iter().map(|plan| row(plan, others)).collect();
        view! {
            <ul class="stack">{rows}</ul>
            {outcome(change, &[])}
            <div class="dialog__foot">
                <Button label=t::back() on_press=move |()| looked.set(None) />
                {(many > 0).then(|| view! { <Button label=t::roll_out_do(many) kind=ButtonKind::Primary busy=change.busy on_press=take.clone() /> })}
            </div>
        }
        .into_any()
    };
    stateful(query, || skeleton_rows(3), content)
}

fn row(plan: &Plan, others: StoredValue<Vec<StoreInfo>>) -> AnyView {
    let name = others
        .with_value(|others| others.iter().find(|one| one.id == plan.store_id).map(|one| one.name.clone()));
    let state = match plan.state {
        RollOutState::New => badge(Tone::Information, Some(Icon::Plus), t::roll_out_new()),
        RollOutState::Same => badge(Tone::Quiet, None, t::roll_out_same()),
        RollOutState::Update => badge(Tone::Caution, None, t::roll_out_update()),
        RollOutState::Refused => badge(Tone::Negative, Some(Icon::CircleAlert), t::roll_out_refused()),
    };
    let change = |one: &Difference| line(&one.place, one.before.as_ref(), one.after.as_ref());
    let keep = |one: &Kept| line(&one.place, one.before.as_ref(), one.after.as_ref());
    let changes: Vec<_> = plan.differences.iter().map(change).collect();
    let kept: Vec<_> = plan.kept.iter().map(keep).collect();
    let problems: Vec<_> =
        plan.problems.iter().map(|one| view! { <li class="tiny anywhere">{one.clone()}</li> }).collect();
    let list = |title: String, rows: Vec<AnyView>| {
        (!rows.is_empty())
            .then(|| view! { <p class="tiny strong">{title}</p> <ul class="stack stack--tight">{rows}</ul> })
    };
    view! {
        <li class="card">
            <div class="card__body stack stack--close">
                <div class="row row--between row--wrap"><span class="strong anywhere">{name}</span>{state}</div>
                {plan.replaces.then(|| view! { <p class="tiny">{t::roll_out_replaces()}</p> })}
                {list(t::roll_out_changes(), changes)}
                {list(t::roll_out_kept(), kept)}
                {(!problems.is_empty()).then(|| view! { <ul class="stack stack--tight">{problems}</ul> })}
            </div>
        </li>
    }
    .into_any()
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
