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

/// The fields of all ways there can be, and how many of them there are. Copies are the same fields.
#[derive(Clone, Copy)]
struct Fields {
    all: StoredValue<Vec<Way>>,
    count: RwSignal<usize>,
}

impl Fields {
    fn new(branches: &[Branch]) -> Self {
        let mut all: Vec<Way> =
            branches.iter().map(|branch| Way::new(branch.weight, &branch.label)).collect();
        let count = all.len();
        all.resize_with(count.max(*WAYS.end()), || Way::new(1, ""));
        Self { all: StoredValue::new(all), count: RwSignal::new(count) }
    }

    fn ways(self) -> Vec<Way> {
        let count = self.count.get();
        self.all.with_value(|all| all.iter().take(count).copied().collect())
    }

    /// More ways or fewer.
    fn resize(self, count: usize) {
        let now = untrack(|| self.ways());
        let usual = untrack(|| usual(&now.iter().map(|way| way.weight()).collect::<Vec<_>>()));
        self.all.with_value(|all| {
            for way in all.iter().take(count).skip(now.len()) {
                way.weight.set(usual.to_string());
                way.label.set(String::new());
            }
        });
        self.count.set(count);
    }

    /// How many of all people a way gets.
    fn share(self, i: usize) -> String {
        let weights: Vec<i64> = self.ways().into_iter().map(|way| way.weight().max(0)).collect();
        let all = weights.iter().fold(0_i64, |all, weight| all.saturating_add(*weight));
        format::percent(weights.get(i).copied().unwrap_or_default() as f64 / all.max(1) as f64)
    }
}

/// The form.
pub fn form(form: Form, split: &Split) -> AnyView {
    let fields = Fields::new(&split.branches);
    let typed = move || {
        let ways = fields.ways().into_iter();
        ways.map(|way| (way.weight(), way.label.get().trim().to_owned())).collect::<Vec<_>>()
    };
    follow(typed, move |typed| {
        form.set(|node| {
            if let Node::Split(split) = node {
                split.branches = branches(&split.branches, typed);
            }
        });
    });
    let mut numbers: Vec<usize> = WAYS.collect();
    if !numbers.contains(&split.branches.len()) {
        numbers.push(split.branches.len());
    }
    let options: Vec<_> =
        numbers.into_iter().map(|many| (many.to_string(), t::node_split_about(many as i64))).collect();
    let value = Signal::derive(move || fields.count.get().to_string());
    let pick = move |many: String| {
        if let Ok(many) = many.parse() {
            fields.resize(many);
        }
    };
    let rows = move || {
        fields.ways().into_iter().enumerate().map(|(i, way)| row(form, fields, i, way)).collect_view()
    };
    view! {
        <Select id="split-ways" label=t::split_ways() options=options value=value on_pick=pick visible_label=true hint=t::split_ways_hint() />
        {rows}
    }
    .into_any()
}

fn row(form: Form, fields: Fields, i: usize, way: Way) -> AnyView {
    let number = (i + 1).to_string();
    let unit = move || view! { <span class="affix__unit">"= " {move || fields.share(i)}</span> }.into_any();
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
