//! From carts to orders: how many are left at each step, and what share of the step before.

use leptos::prelude::*;

use crate::graphql::home::HomeStoreOverviewFunnel as Funnel;
use crate::i18n::{format, t};
use crate::route::Route;
use crate::ui::definition;

struct Step {
    name: String,
    meaning: String,
    count: i64,
    /// The rows behind it.
    status: Option<&'static str>,
}

fn steps(funnel: &Funnel) -> Vec<Step> {
    let step = |name, meaning, count, status| Step { name, meaning, count, status };
    vec![
        step(t::funnel_carts(), t::funnel_carts_meaning(), funnel.carts, Some("")),
        step(t::funnel_abandoned(), t::funnel_abandoned_meaning(), funnel.abandoned, Some("abandoned")),
        step(t::funnel_reachable(), t::funnel_reachable_meaning(), funnel.reachable, None),
        step(t::funnel_messaged(), t::funnel_messaged_meaning(), funnel.messaged, None),
        step(t::funnel_clicked(), t::funnel_clicked_meaning(), funnel.clicked, None),
        step(t::funnel_recovered(), t::funnel_recovered_meaning(), funnel.recovered_by_click, None),
    ]
}

/// The share of `part` in `whole`; nothing of nothing is nothing.
pub fn share(part: i64, whole: i64) -> f64 {
    if whole > 0 { part as f64 / whole as f64 } else { 0.0 }
}

/// The funnel.
pub fn funnel(funnel: &Funnel, store: &str) -> AnyView {
    let steps = steps(funnel);
    let whole = steps[0].count;
    let mut before = whole;
    let rows: Vec<_> = steps
        .into_iter()
        .map(|step| {
            let of_before =
                if before > 0 { format::percent(share(step.count, before)) } else { "–".to_owned() };
            before = step.count;
            let width = format!("{:.1}%", (share(step.count, whole) * 100.0).max(0.5));
            let name = match step.status {
                Some(status) => {
                    let carts = Route::Carts.path(store);
                    let href = if status.is_empty() { carts } else { format!("{carts}?status={status}") };
                    view! { <a class="link funnel__link" href=href>{step.name.clone()}</a> }.into_any()
                }
                None => view! { <span>{step.name.clone()}</span> }.into_any(),
            };
            view! {
                <li class="funnel__step">
                    <span class="funnel__name">{name}{definition(&step.name, step.meaning)}</span>
                    <span class="funnel__count num">{format::number(step.count)}</span>
                    <span class="funnel__share num muted">{of_before}</span>
                    <span class="funnel__track" aria-hidden="true"><i class="funnel__bar" style:width=width></i></span>
                </li>
            }
        })
        .collect();
    view! {
        <section class="section" aria-labelledby="funnel">
            <h2 id="funnel">{t::funnel()}</h2>
            <ol class="funnel">{rows}</ol>
            <p class="tiny muted">{t::funnel_note()}</p>
        </section>
    }
    .into_any()
}
