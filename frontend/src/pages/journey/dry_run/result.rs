//! What a dry run has come to: figures, tables, and the numbers at the steps; each opens its carts.

use cartwheel_domain::journey::WAYS;
use leptos::prelude::*;

use super::super::canvas::Selection;
use super::super::draft::{Counts, Draft};
use super::super::drawing;
use super::{About, carts, told};
use crate::graphql::dry_run::{
    DryRunStoreJourneyDryRun as DryRun, DryRunStoreJourneyDryRunNumbers as Number,
};
use crate::i18n::{format, t};
use crate::route::Parameters;
use crate::ui::stat;
use crate::words;

/// Which number's carts are looked at: its place, and what it is.
pub type Picked = RwSignal<Option<(i64, String)>>;

/// The whole of it.
pub fn result(run: &DryRun, draft: Draft, about: StoredValue<About>, parameters: Parameters) -> AnyView {
    let picked: Picked = RwSignal::new(None);
    let period = t::dry_run_of(
        &format::number(run.events),
        &format::number(run.people.unwrap_or_default()),
        &format::date(run.since.0),
        &format::date(run.until.0),
    );
    let assumed: Vec<_> =
        run.assumptions.iter().map(|word| view! { <li>{told::assumption(word)}</li> }).collect();
    view! {
        <p class="small muted">{period}</p>
        {figures(&run.numbers)}
        {of_kind(t::dry_run_not_title(), &run.numbers, picked, |n| n.kind == "not_entered", |n| told::not_entered(reason(n)))}
        {messages(run, picked)}
        {costs(run)}
        {of_kind(t::dry_run_ends_title(), &run.numbers, picked, |n| n.kind == "ended" || n.kind == "still_in", end)}
        {steps(&run.numbers, draft, parameters)}
        {of_nodes(&run.numbers, draft, picked)}
        <section class="section" aria-labelledby="assumed">
            <h3 id="assumed">{t::dry_run_assumptions()}</h3>
            <ul class="small muted stack stack--close">{assumed}</ul>
        </section>
        {carts::dialog(about, picked)}
    }
    .into_any()
}

fn reason(number: &Number) -> &str {
    number.reason.as_deref().unwrap_or_default()
}

fn end(number: &Number) -> String {
    if number.kind == "still_in" { t::dry_run_still_in() } else { words::end_reason(reason(number)) }
}

/// The sum of a kind, over all nodes.
fn sum(numbers: &[Number], kind: &str) -> i64 {
    let of = |n: &&Number| n.kind == kind && n.node.is_none();
    numbers.iter().filter(of).map(|n| n.count).sum()
}

fn figures(numbers: &[Number]) -> AnyView {
    let one = |label: String, meaning: String, kind: &str| {
        stat(label, meaning, format::number(sum(numbers, kind)), ().into_any())
    };
    view! {
        <section class="stats" aria-label=t::dry_run_figures()>
            {one(t::dry_run_left(), t::dry_run_left_meaning(), "left")}
            {one(t::dry_run_entered(), t::dry_run_entered_meaning(), "entered")}
            {one(t::dry_run_sent(), t::dry_run_sent_meaning(), "sent")}
            {one(t::dry_run_suppressed(), t::dry_run_suppressed_meaning(), "suppressed")}
        </section>
    }
    .into_any()
}

/// Rows of two: what, and how many, which opens the carts.
fn table(title: String, rows: Vec<(String, &Number)>, picked: Picked) -> Option<AnyView> {
    if rows.is_empty() {
        return None;
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(what, number)| {
            view! {
                <tr>
                    <td>{what.clone()}</td>
                    <td class="right">{format::number(number.count)}</td>
                    <td class="right">{opener(what, number, picked)}</td>
                </tr>
            }
        })
        .collect();
    let head = title.clone();
    Some(
        view! {
            <section class="section">
                <h3>{title}</h3>
                <div class="table-frame">
                    <table class="table">
                        <thead><tr><th scope="col">{head}</th><th scope="col" class="right">{t::dry_run_count()}</th><th scope="col" class="right">{t::dry_run_carts()}</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
        .into_any(),
    )
}

/// The number of carts, as a button that opens them; plain where no cart is known.
fn opener(what: String, number: &Number, picked: Picked) -> AnyView {
    let carts = format::number(number.carts);
    if matches!(reason(number), "nobodys" | "too_many_events") {
        return view! { {carts} }.into_any();
    }
    let (place, label) = (number.place, t::dry_run_open(number.carts, &what));
    view! { <button type="button" class="table__link" aria-label=label on:click=move |_| picked.set(Some((place, what.clone())))>{carts}</button> }
        .into_any()
}

fn of_kind(
    title: String,
    numbers: &[Number],
    picked: Picked,
    wanted: impl Fn(&Number) -> bool,
    words: impl Fn(&Number) -> String,
) -> Option<AnyView> {
    let mut rows: Vec<_> = numbers.iter().filter(|n| wanted(n)).map(|n| (words(n), n)).collect();
    rows.sort_by_key(|(_, n)| std::cmp::Reverse(n.count));
    table(title, rows, picked)
}

/// What became of messages, by channel.
fn messages(run: &DryRun, picked: Picked) -> AnyView {
    let mut channels: Vec<&str> = run.numbers.iter().filter_map(|n| n.channel.as_deref()).collect();
    channels.sort_unstable();
    channels.dedup();
    let tables: Vec<_> = channels
        .into_iter()
        .filter_map(|channel| {
            let mine = |n: &Number| n.node.is_none() && n.channel.as_deref() == Some(channel);
            let title = t::dry_run_messages(&words::channel(channel));
            of_kind(title, &run.numbers, picked, mine, |n| {
                let fate = told::fate(&n.kind, n.reason.as_deref());
                if n.kind == "cancelled" { t::dry_run_overtaken(&fate) } else { fate }
            })
        })
        .collect();
    view! { {tables} }.into_any()
}

fn costs(run: &DryRun) -> Option<AnyView> {
    if run.costs.is_empty() {
        return None;
    }
    let rows: Vec<_> = run
        .costs
        .iter()
        .map(|cost| {
            let channel = words::channel(&cost.channel);
            let said = match &cost.at_most {
                Some(money) => t::dry_run_cost(&channel, &format::money(&money.decimal, &money.currency)),
                None => t::dry_run_cost_unknown(&channel),
            };
            view! { <li>{said}</li> }
        })
        .collect();
    Some(
        view! {
            <section class="section">
                <h3>{t::dry_run_costs()}</h3>
                <ul class="small">{rows}</ul>
            </section>
        }
        .into_any(),
    )
}

/// How many came by each step and took each way, in the drawing.
fn steps(numbers: &[Number], draft: Draft, parameters: Parameters) -> AnyView {
    let mut counts = Counts::new();
    for number in numbers.iter().filter(|n| n.kind == "node") {
        let Some(node) = &number.node else { continue };
        let count = counts.entry(node.clone()).or_default();
        match (reason(number), way(reason(number))) {
            // Nobody stands anywhere when it is over but who still waits, and of these the table tells.
            ("visited", _) => (count.entered, count.left) = (number.count, number.count),
            (_, Some(way)) => *count.ways.entry(way.to_owned()).or_default() += number.count,
            _ => {}
        }
    }
    let selection = Selection::new(parameters);
    view! {
        <section class="section">
            <h3>{t::dry_run_steps()}</h3>
            {drawing::drawing(draft, StoredValue::new(counts), selection, false)}
        </section>
    }
    .into_any()
}

/// The way a decision leads, by the field that names its target.
fn way(decision: &str) -> Option<&'static str> {
    WAYS.iter().find(|(known, _)| known.as_str() == decision).map(|(_, way)| *way)
}

/// The same as a table, each number with its carts; and what became of the messages of each step.
fn of_nodes(numbers: &[Number], draft: Draft, picked: Picked) -> Option<AnyView> {
    let shown = draft.shown.get_untracked();
    let name = |id: &str| {
        let node = shown.nodes.iter().find(|(known, _)| known.as_str() == id).map(|(_, node)| node);
        node.map_or_else(
            || id.to_owned(),
            |node| {
                let about = words::node_about(node);
                if about.is_empty() {
                    words::node_name(node)
                } else {
                    format!("{} · {about}", words::node_name(node))
                }
            },
        )
    };
    let rows = numbers.iter().filter_map(|n| {
        let step = name(n.node.as_deref()?);
        match n.kind.as_str() {
            "node" if reason(n) == "visited" => Some((step, n)),
            "sent" | "suppressed" | "waiting" | "cancelled" => {
                Some((t::dry_run_step_fate(&told::fate(&n.kind, n.reason.as_deref()), &step), n))
            }
            "silenced" => Some((t::dry_run_step_fate(&t::dry_run_silenced(), &step), n)),
            _ => None,
        }
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| a.1.node.cmp(&b.1.node).then(b.1.count.cmp(&a.1.count)));
    table(t::journey_step(), rows, picked)
}
