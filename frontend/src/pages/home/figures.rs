//! The sentence, and the three figures that are never mixed.

use leptos::prelude::*;

use crate::graphql::home::HomeStoreOverview;
use crate::i18n::{format, t};
use crate::ui::stat;

/// What Cartwheel earned, with its uncertainty; or what is known while that cannot be judged yet.
pub fn headline(overview: &HomeStoreOverview, days: i64) -> AnyView {
    let effect = &overview.incremental;
    let days = t::range_last(days);
    let rough = |decimal: &str, currency: &str| format::money_round(decimal, currency);
    let (sentence, below) = match (&effect.revenue, &effect.low, &effect.high) {
        (Some(revenue), Some(low), Some(high)) if effect.enough => (
            t::headline_earned(&rough(&revenue.decimal, &revenue.currency), &days),
            t::headline_between(&rough(&high.decimal, &high.currency), &rough(&low.decimal, &low.currency)),
        ),
        _ => {
            let (click, window) = (&overview.recovered_by_click, &overview.recovered_by_window);
            let words = if click.orders > 0 {
                t::headline_clicked(&rough(&click.revenue.decimal, &click.revenue.currency), &days)
            } else if window.orders > 0 {
                t::headline_window(&rough(&window.revenue.decimal, &window.revenue.currency), &days)
            } else {
                t::headline_nothing(&days)
            };
            let missing = effect.contacts_needed.filter(|missing| *missing > 0);
            let below = match missing {
                _ if !overview.holding_out => t::headline_no_control(),
                Some(missing) => t::headline_missing(missing),
                None => t::headline_early(),
            };
            (words, below)
        }
    };
    view! {
        <div class="headline">
            <p class="headline__words">{sentence}</p>
            <p class="muted">{below}</p>
        </div>
    }
    .into_any()
}

/// By click, by window, against the holdout.
pub fn definitions(overview: &HomeStoreOverview) -> AnyView {
    let money = |decimal: &str, currency: &str| format::money(decimal, currency);
    let (click, window, effect) =
        (&overview.recovered_by_click, &overview.recovered_by_window, &overview.incremental);
    let orders = |count: i64| view! { {t::orders(count)} }.into_any();
    let (value, note) = match &effect.revenue {
        Some(revenue) if effect.enough => {
            let rates = match (effect.treated_rate, effect.holdout_rate) {
                (Some(treated), Some(holdout)) => {
                    t::incremental_rates(&format::percent(holdout), &format::percent(treated))
                }
                _ => String::new(),
            };
            (money(&revenue.decimal, &revenue.currency), rates)
        }
        _ => (
            t::incremental_early(),
            t::incremental_people(effect.holdout_contacts, &format::number(effect.treated_contacts)),
        ),
    };
    view! {
        <section class="stats" aria-label=t::recovered_figures()>
            {stat(t::recovered_click(), t::recovered_click_meaning(), money(&click.revenue.decimal, &click.revenue.currency), orders(click.orders))}
            {stat(t::recovered_window(), t::recovered_window_meaning(), money(&window.revenue.decimal, &window.revenue.currency), orders(window.orders))}
            {stat(t::recovered_incremental(), t::recovered_incremental_meaning(), value, view! { {note} }.into_any())}
        </section>
    }
    .into_any()
}
