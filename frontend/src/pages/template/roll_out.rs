//! What other stores would take over of the texts of a message, and doing it.

use std::sync::Arc;

use leptos::prelude::*;

use super::diff::difference;
use crate::api::{Change, use_query};
use crate::graphql;
use crate::graphql::roll_out_template::TemplateRollOutTarget;
use crate::graphql::template_roll_out::{
    Difference, ResponseData, TemplateRollOutStoreTemplateRollOut as Plan, Variables,
};
use crate::i18n::t;
use crate::pages::roll_out::{self, RollOut, Taken, count, hindrances, listed, to_do};
use crate::pages::shared::outcome;
use crate::ui::{skeleton_rows, stateful};

/// The button, for whoever has another store to take them to.
pub fn button(store: &str, template: &str) -> Option<AnyView> {
    roll_out::button(store, template, t::template_roll_out_words, plans)
}

/// What would change, store by store.
fn plans(taken: Taken, dialog: RollOut) -> AnyView {
    let (change, ending) = (Change::default(), dialog.ending(t::template_roll_out_done));
    let names = StoredValue::new((taken.store.clone(), taken.id.clone()));
    let query = use_query::<graphql::TemplateRollOut>(move || {
        let Taken { store, id: template, stores } = taken.clone();
        Some(Variables { store, template, stores })
    });
    let content = move |data: Arc<ResponseData>| {
        let text = data.store.as_ref().and_then(|store| store.template.as_ref());
        let plans = text.map(|one| one.roll_out.clone()).unwrap_or_default();
        let to: Vec<TemplateRollOutTarget> = plans
            .iter()
            .filter(|plan| to_do(plan.state))
            .map(|plan| TemplateRollOutTarget { store_id: plan.store_id.clone(), seen: plan.seen.clone() })
            .collect();
        let act = (!to.is_empty()).then(|| t::template_roll_out_do(count(to.len())));
        let take = move |()| {
            let (store, template) = names.get_value();
            let variables = graphql::roll_out_template::Variables { store, template, to: to.clone() };
            change.send::<graphql::RollOutTemplate>(variables, move |data| {
                let answer = data.roll_out_template;
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
    view! { <div class="plans">{stateful(query, || skeleton_rows(3), content)}</div> }.into_any()
}

fn row(plan: &Plan, dialog: RollOut) -> AnyView {
    let told = |list: &[Difference]| list.iter().map(difference).collect();
    let inside = view! {
        {listed(t::roll_out_changes(), told(&plan.differences))}
        {listed(t::roll_out_kept(), told(&plan.kept))}
        {hindrances(&plan.problems)}
    };
    dialog.store(&plan.store_id, plan.state, t::template_roll_out_new(), inside.into_any())
}
