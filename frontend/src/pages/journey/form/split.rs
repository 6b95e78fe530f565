//! A split: how many ways, and how many people each gets.

use cartwheel_domain::journey::{Branch, Node, Split};
use leptos::prelude::*;

use super::{Form, follow, shown};
use crate::i18n::{format, t};
use crate::ui::{Field, NumberField, Select};

/// How many ways are offered.
const WAYS: std::ops::RangeInclusive<usize> = 2..=5;

/// What stands in the fields of a way.
#[derive(Clone, Copy)]
struct Way {
    weight: RwSignal<String>,
    label: RwSignal<String>,
}

impl Way {
    fn new(weight: i64, label: &str) -> Self {
        Self { weight: RwSignal::new(shown(weight)), label: RwSignal::new(label.to_owned()) }
    }

    /// What is no number is -1, which the journey refuses with words.
    fn weight(self) -> i64 {
        self.weight.get().trim().parse().unwrap_or(-1)
    }
}

/// The form.
pub fn form(form: Form, split: &Split) -> AnyView {
    let ways: Vec<Way> = split.branches.iter().map(|branch| Way::new(branch.weight, &branch.label)).collect();
    let count = ways.len();
    let ways = RwSignal::new(ways);
    let typed = move || {
        ways.get().into_iter().map(|way| (way.weight(), way.label.get().trim().to_owned())).collect::<Vec<_>>()
    };
    follow(typed, move |typed| {
        form.set(|node| {
            if let Node::Split(split) = node {
                split.branches = branches(&split.branches, typed);
            }
        });
    });
    let mut numbers: Vec<usize> = WAYS.collect();
    if !numbers.contains(&count) {
        numbers.push(count);
    }
    let options = numbers.into_iter().map(|many| (many.to_string(), t::node_split_about(many as i64))).collect();
    let value = Signal::derive(move || ways.with(Vec::len).to_string());
    // The signals of a way that comes later live as long as the form, not as the handler that makes them.
    let owner = Owner::current().unwrap_or_default();
    let pick = move |many: String| {
        let many: usize = many.parse().unwrap_or(2);
        let weights: Vec<i64> = ways.get_untracked().into_iter().map(|way| untrack(|| way.weight())).collect();
        owner.with(|| ways.update(|ways| ways.resize_with(many, || Way::new(usual(&weights), ""))));
    };
    let rows =
        move || ways.get().into_iter().enumerate().map(|(i, way)| row(form, ways, i, way)).collect_view();
    view! {
        <Select id="split-ways" label=t::split_ways() options=options value=value on_pick=pick visible_label=true hint=t::split_ways_hint() />
        {rows}
    }
    .into_any()
}

fn row(form: Form, ways: RwSignal<Vec<Way>>, i: usize, way: Way) -> AnyView {
    let number = (i + 1).to_string();
    let share = move || {
        let weights: Vec<i64> = ways.get().into_iter().map(|way| way.weight().max(0)).collect();
        let all = weights.iter().fold(0_i64, |all, weight| all.saturating_add(*weight));
        format::percent(weights.get(i).copied().unwrap_or_default() as f64 / all.max(1) as f64)
    };
    let unit = move || view! { <span class="affix__unit">"= " {share}</span> }.into_any();
    let (weight_wrong, label_wrong) =
        (form.error(format!("branches.{i}.weight")), form.error(format!("branches.{i}.label")));
    view! {
        <div class="form__pair">
            <NumberField id=format!("split-weight-{i}") label=t::split_weight(&number) value=way.weight error=weight_wrong unit=unit />
            <Field id=format!("split-label-{i}") label=t::split_label(&number) value=way.label error=label_wrong />
        </div>
    }
    .into_any()
}

/// What a way that is added weighs: as much as the ones before do on average.
fn usual(weights: &[i64]) -> i64 {
    let count = i64::try_from(weights.len()).unwrap_or(1).max(1);
    (weights.iter().fold(0_i64, |all, weight| all.saturating_add(*weight)) / count).max(1)
}

/// The ways as typed. Where a new one leads, the journey says.
fn branches(now: &[Branch], typed: Vec<(i64, String)>) -> Vec<Branch> {
    let of = |(i, (weight, label)): (usize, (i64, String))| {
        let next = now.get(i).or(now.last())?.next.clone();
        Some(Branch { weight, label, next })
    };
    typed.into_iter().enumerate().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_that_is_added_weighs_as_much_as_the_others() {
        assert_eq!(usual(&[50, 50]), 50);
        assert_eq!(usual(&[1, 2]), 1);
        assert_eq!(usual(&[0, -1]), 1);
        assert_eq!(usual(&[]), 1);
    }

    #[test]
    fn ways_that_stay_lead_where_they_led() {
        let branch = |next: &str| Branch { weight: 1, label: String::new(), next: next.parse().unwrap() };
        let typed = |count: usize| vec![(2, "x".to_owned()); count];
        let now = [branch("a"), branch("b")];
        let leads = |count: usize| {
            branches(&now, typed(count)).into_iter().map(|one| one.next.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(leads(1), ["a"]);
        assert_eq!(leads(3), ["a", "b", "b"]);
    }
}
