//! Recovered revenue by day, by one definition at a time.

use leptos::prelude::*;

use crate::graphql::home::HomeStoreOverview;
use crate::i18n::{format, t};
use crate::route::Parameters;
use crate::ui::{Chart, ChartPoint, Segmented};

/// The trend.
pub fn trend(overview: &HomeStoreOverview, parameters: Parameters) -> AnyView {
    // Without a choice the definition that has something to show.
    let by_window = match parameters.get("by").as_str() {
        "window" => true,
        "click" => false,
        _ => overview.recovered_by_click.orders == 0 && overview.recovered_by_window.orders > 0,
    };
    let points: Vec<ChartPoint> = overview
        .trend
        .iter()
        .map(|day| {
            let (decimal, currency) = if by_window {
                (&day.by_window.decimal, &day.by_window.currency)
            } else {
                (&day.by_click.decimal, &day.by_click.currency)
            };
            let at =
                cartwheel_domain::time::parse_rfc3339(&format!("{}T12:00:00Z", day.day)).unwrap_or_default();
            ChartPoint {
                at,
                value: decimal.parse().unwrap_or_default(),
                shown: format::money(decimal, currency),
                band: None,
            }
        })
        .collect();
    let currency = overview.recovered_by_click.revenue.currency.clone();
    let options =
        vec![("click".to_owned(), t::recovered_click()), ("window".to_owned(), t::recovered_window())];
    let chosen = if by_window { "window" } else { "click" }.to_owned();
    let pick = move |value: String| parameters.set(&[("by", &value)]);
    view! {
        <section class="section" aria-labelledby="trend">
            <div class="row row--between row--wrap">
                <h2 id="trend">{t::trend()}</h2>
                <Segmented label=t::trend_by() options=options value=chosen on_pick=pick />
            </div>
            <Chart title=t::trend() points=points axis=axis unit=currency />
        </section>
    }
    .into_any()
}

fn axis(value: f64, currency: &str) -> String {
    format::money_round(&format!("{value:.0}"), currency)
}
