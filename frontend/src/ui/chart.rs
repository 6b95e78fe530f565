//! A line with a soft area, a band where a value is uncertain, a crosshair for pointer and keyboard, and the table behind.

use leptos::prelude::*;

use super::chart_scale::{self as scale, HEIGHT, Scale, WIDTH};
use crate::i18n::{format, t};

/// One point in time.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartPoint {
    /// When, in epoch milliseconds.
    pub at: i64,
    /// How much.
    pub value: f64,
    /// The value as people read it.
    pub shown: String,
    /// From and to, where the value is uncertain.
    pub band: Option<(f64, f64)>,
}

/// A line chart over days.
#[component]
pub fn Chart(
    /// What it shows, for those who do not see it.
    #[prop(into)]
    title: String,
    /// The points, oldest first.
    points: Vec<ChartPoint>,
    /// How a value on the axis is written.
    axis: fn(f64, &str) -> String,
    /// Handed to `axis`, for example the currency.
    #[prop(into)]
    unit: String,
) -> impl IntoView {
    let count = points.len();
    let bands = points.iter().filter_map(|point| point.band).flat_map(|(low, high)| [low, high]);
    let scale = Scale::around(points.iter().map(|point| point.value).chain(bands), 3);
    let places: Vec<(f64, f64)> =
        points.iter().enumerate().map(|(i, point)| (scale::x(i, count), scale.y(point.value))).collect();
    let floor: Vec<(f64, f64)> =
        places.iter().map(|(x, _)| (*x, scale.y(0.0_f64.max(scale.bottom)))).collect();
    let band = band_path(&points, &scale);
    let lines = grid(&scale, axis, &unit);
    let days = day_labels(&points);
    let table = data_table(&title, &points);

    let picked = RwSignal::new(None::<usize>);
    let frame = NodeRef::<leptos::html::Div>::new();
    let point_at = move |event: leptos::ev::PointerEvent| {
        if let Some(frame) = frame.get() {
            let bounds = frame.get_bounding_client_rect();
            let share = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0);
            picked.set((count > 0).then(|| scale::nearest(share, count)));
        }
    };
    let step = move |event: leptos::ev::KeyboardEvent| {
        let last = count.saturating_sub(1);
        let next = match (event.key().as_str(), picked.get_untracked()) {
            ("ArrowRight", Some(index)) => Some((index + 1).min(last)),
            ("ArrowLeft", Some(index)) => Some(index.saturating_sub(1)),
            ("ArrowRight" | "Home", _) => Some(0),
            ("ArrowLeft" | "End", _) => Some(last),
            ("Escape", _) => None,
            _ => return,
        };
        event.prevent_default();
        picked.set(next.filter(|_| count > 0));
    };
    let points = StoredValue::new(points);
    let heights = StoredValue::new(places.clone());
    let crosshair = move || picked.get().map(|index| crosshair(index, count, points, heights));
    let cross_line = move || {
        picked.get().map(|index| {
            let x = scale::x(index, count);
            view! { <line class="chart__cross" x1=x x2=x y1="0" y2=HEIGHT></line> }
        })
    };
    let readout = move || {
        picked.get().and_then(|index| {
            points.with_value(|points| {
                points.get(index).map(|point| format!("{}: {}", format::date(point.at), point.shown))
            })
        })
    };

    view! {
        <figure class="figure">
            <div
                class="chart"
                node_ref=frame
                tabindex="0"
                role="group"
                aria-label=title.clone()
                on:pointermove=point_at
                on:pointerdown=point_at
                on:pointerleave=move |_| picked.set(None)
                on:blur=move |_| picked.set(None)
                on:keydown=step
            >
                <svg class="chart__svg" viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                    <defs>
                        <linearGradient id="chart-fade" x1="0" x2="0" y1="0" y2="1">
                            <stop offset="0" stop-color="var(--accent)" stop-opacity="0.20"></stop>
                            <stop offset="1" stop-color="var(--accent)" stop-opacity="0.01"></stop>
                        </linearGradient>
                    </defs>
                    {lines.0}
                    <path class="chart__area" d=scale::surface(&places, &floor)></path>
                    {band.map(|band| view! { <path class="chart__band" d=band></path> })}
                    <path class="chart__line" d=scale::line(&places)></path>
                    {cross_line}
                </svg>
                {lines.1}
                {crosshair}
                <span class="hidden-visually" aria-live="polite">{readout}</span>
            </div>
            <div class="chart__days" aria-hidden="true">{days}</div>
            {table}
        </figure>
    }
    .into_any()
}

fn band_path(points: &[ChartPoint], scale: &Scale) -> Option<String> {
    let count = points.len();
    let side = |pick: fn((f64, f64)) -> f64| -> Vec<(f64, f64)> {
        let with_band = points.iter().enumerate().filter_map(|(i, point)| Some((i, point.band?)));
        with_band.map(|(i, band)| (scale::x(i, count), scale.y(pick(band)))).collect()
    };
    let upper = side(|band| band.1);
    (upper.len() > 1).then(|| scale::surface(&upper, &side(|band| band.0)))
}

/// The lines inside the drawing, and their labels above it: text in a stretched drawing would be stretched too.
fn grid(scale: &Scale, axis: fn(f64, &str) -> String, unit: &str) -> (AnyView, AnyView) {
    let heights: Vec<(f64, String)> =
        scale.ticks.iter().map(|tick| (scale.y(*tick), axis(*tick, unit))).collect();
    let lines: Vec<_> = heights
        .iter()
        .map(|(y, _)| view! { <line class="chart__grid" x1="0" x2=WIDTH y1=*y y2=*y></line> })
        .collect();
    let labels: Vec<_> = heights
        .into_iter()
        .skip(1)
        .map(|(y, words)| {
            view! { <span class="chart__axis" aria-hidden="true" style:top=format!("{:.2}%", y / HEIGHT * 100.0)>{words}</span> }
        })
        .collect();
    (lines.into_any(), labels.into_any())
}

/// First, middle and last day.
fn day_labels(points: &[ChartPoint]) -> AnyView {
    let places = match points.len() {
        0 => vec![],
        1 | 2 => (0..points.len()).collect(),
        count => vec![0, count / 2, count - 1],
    };
    places
        .into_iter()
        .map(|place| view! { <span>{format::day(points[place].at)}</span> })
        .collect_view()
        .into_any()
}

fn crosshair(
    index: usize,
    count: usize,
    points: StoredValue<Vec<ChartPoint>>,
    heights: StoredValue<Vec<(f64, f64)>>,
) -> Option<AnyView> {
    let (day, shown) = points
        .with_value(|points| points.get(index).map(|point| (format::date(point.at), point.shown.clone())))?;
    let (x, y) = heights.with_value(|heights| heights.get(index).copied())?;
    let left = x / WIDTH * 100.0;
    // The card stays inside: it hangs on the side of the crosshair where there is room.
    let shift = if index * 2 > count { "calc(-100% - 12px)" } else { "12px" };
    Some(
        view! {
            <span class="chart__dot" style:left=format!("{left:.2}%") style:top=format!("{:.2}%", y / HEIGHT * 100.0)></span>
            <span class="chart__card" aria-hidden="true" style:left=format!("{left:.2}%") style:translate=shift>
                <b>{shown}</b>
                <span class="muted">{day}</span>
            </span>
        }
        .into_any(),
    )
}

fn data_table(title: &str, points: &[ChartPoint]) -> AnyView {
    let rows: Vec<_> = points
        .iter()
        .rev()
        .map(|point| view! { <tr><td>{format::date(point.at)}</td><td class="right">{point.shown.clone()}</td></tr> })
        .collect();
    view! {
        <details class="chart__data">
            <summary>{t::chart_as_table()}</summary>
            <div class="table-frame" tabindex="0" role="region" aria-label=t::chart_as_table()>
                <table class="table">
                    <caption class="hidden-visually">{title.to_owned()}</caption>
                    <thead><tr><th scope="col">{t::chart_day()}</th><th scope="col" class="right">{t::chart_value()}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
