//! Making a journey: its name, and what it begins as.

use cartwheel_domain::journey::Blueprint as Drawn;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::create_journey::Variables;
use crate::graphql::types::JourneyBlueprint as Blueprint;
use crate::i18n::t;
use crate::pages::shared::outcome;
use crate::route::Route;
use crate::ui::{Button, ButtonKind, Choice, Dialog, Field, radios};
use crate::words;

/// The dialog. The journey that was made is opened.
pub fn dialog(store: Memo<String>, open: RwSignal<bool>) -> AnyView {
    let (change, navigate) = (Change::default(), StoredValue::new(use_navigate()));
    let content = move || {
        change.clear();
        let picked = RwSignal::new(Blueprint::Recovery.word().to_owned());
        let blueprint = move || Blueprint::from_word(&picked.get()).unwrap_or_default();
        let name = RwSignal::new(proposed(Blueprint::Recovery));
        // The name follows what is picked until it is one of somebody's own.
        Effect::new(move |before: Option<Blueprint>| {
            let now = blueprint();
            if before.is_some_and(|before| name.with_untracked(|name| *name == proposed(before))) {
                name.set(proposed(now));
            }
            now
        });
        let tried = RwSignal::new(false);
        let wrong = move || tried.get().then(|| name.with(|name| misnamed(name))).flatten();
        let refused = move || change.refusal.with(|it| it.as_ref().is_some_and(|it| it.field == "name"));
        let error = Signal::derive(move || wrong().or_else(|| refused().then(t::journey_name_refused)));
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            if untrack(wrong).is_some() {
                return browser::focus("new-journey-name");
            }
            let (store, blueprint) = (store.get_untracked(), untrack(blueprint));
            let name = name.get_untracked().trim().to_owned();
            let variables = Variables { store: store.clone(), blueprint, name };
            change.send::<graphql::CreateJourney>(variables, move |data| {
                open.set(false);
                let Some(journey) = data.create_journey.journey else { return };
                let to = Route::Journey(journey.id).path(&store);
                navigate.with_value(|navigate| navigate(&to, NavigateOptions::default()));
            });
        };
        let choices = Blueprint::ALL.iter().map(|one| choice(*one)).collect();
        view! {
            <form class="dialog__body" novalidate aria-label=t::new_journey() on:submit=submit>
                <h2>{t::new_journey()}</h2>
                <Field id="new-journey-name" label=t::journey_name() value=name error=error />
                {radios("new-journey-from", t::new_journey_from(), choices, picked, Some(t::new_journey_off()))}
                {outcome(change, &["name"])}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| open.set(false) />
                    <Button label=t::new_journey_do() kind=ButtonKind::Primary submits=true busy=change.busy />
                </div>
            </form>
        }
    };
    view! { <Dialog label=t::new_journey() open=open>{content()}</Dialog> }.into_any()
}

/// What is wrong with a name; the journey itself is asked.
fn misnamed(name: &str) -> Option<String> {
    let problems = Drawn::Empty.definition(name, 0).validate().err().unwrap_or_default();
    problems.iter().find(|problem| problem.node.is_none() && problem.field == "name").map(words::problem)
}

/// The name a journey gets unless somebody says another.
fn proposed(blueprint: Blueprint) -> String {
    match blueprint {
        Blueprint::Recovery => t::blueprint_recovery(),
        Blueprint::Checkout => t::blueprint_checkout(),
        Blueprint::Quote => t::blueprint_quote(),
        Blueprint::Empty => t::new_journey(),
    }
}

fn choice(blueprint: Blueprint) -> Choice {
    let (name, words) = match blueprint {
        Blueprint::Recovery => (t::blueprint_recovery(), t::blueprint_recovery_words()),
        Blueprint::Checkout => (t::blueprint_checkout(), t::blueprint_checkout_words()),
        Blueprint::Quote => (t::blueprint_quote(), t::blueprint_quote_words()),
        Blueprint::Empty => (t::blueprint_empty(), t::blueprint_empty_words()),
    };
    Choice { value: blueprint.word().to_owned(), name, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};

    #[test]
    fn every_blueprint_of_the_journeys_is_offered_under_a_good_name() {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        let words: Vec<String> = Drawn::ALL.iter().map(|one| one.as_str().to_uppercase()).collect();
        assert_eq!(Blueprint::ALL.iter().map(|one| one.word()).collect::<Vec<_>>(), words);
        assert!(Blueprint::ALL.iter().all(|one| misnamed(&proposed(*one)).is_none()));
    }

    #[test]
    fn a_name_is_judged_as_the_journey_judges_it() {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        assert_eq!(misnamed("Spring"), None);
        assert_eq!(misnamed(" "), Some(t::problem_missing()));
        assert!(misnamed(&"x".repeat(121)).is_some());
    }
}
