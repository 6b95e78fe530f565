//! Another password. It ends every other session, which the form says before.

use leptos::prelude::*;

use super::factor::seconds;
use crate::api::{Change, Query, Refusal};
use crate::browser;
use crate::graphql;
use crate::graphql::account::ResponseData;
use crate::graphql::change_password::Variables;
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::shell::use_stores;
use crate::ui::{Button, ButtonKind, Field, use_toasts};

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["old", "new"];
/// Shortest password, characters; the server asks the same.
const SHORTEST: usize = 8;
/// Longest password, bytes; the server asks the same.
const LONGEST: usize = 256;

/// What the console sees of a new password: too short or too long. How soon it is guessed, the server says.
fn seen(new: &str) -> Option<String> {
    if new.chars().count() < SHORTEST {
        Some(t::account_short())
    } else {
        (new.len() > LONGEST).then(t::account_long)
    }
}

/// What the server says of the password shown.
fn said_of_old(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "throttled" => t::account_throttled(&format::span(seconds(&refusal.message))),
        _ => t::account_wrong(),
    }
}

/// The form.
pub fn form(query: Query<ResponseData>) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let email = use_stores().email.clone();
    let (old, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let tried = RwSignal::new(false);
    let refused = move |field: &'static str, words: fn(&Refusal) -> String| {
        change.refusal.with(|refusal| refusal.as_ref().filter(|it| it.field == field).map(words))
    };
    let old_wrong = Signal::derive(move || {
        let missing = tried.get() && old.with(String::is_empty);
        missing.then(t::sign_in_password_missing).or_else(|| refused("old", said_of_old))
    });
    let weak: fn(&Refusal) -> String = |_| format!("{}. {}", t::join_weak(), t::join_weak_advice());
    let new_wrong = Signal::derive(move || {
        let seen = new.with(|new| seen(new)).filter(|_| tried.get());
        seen.or_else(|| refused("new", weak))
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if old.with_untracked(String::is_empty) {
            return browser::focus("old-password");
        }
        if new.with_untracked(|new| seen(new).is_some()) {
            return browser::focus("new-password");
        }
        let variables = Variables { old: old.get_untracked(), new: new.get_untracked() };
        change.send::<graphql::ChangePassword>(variables, move |_| {
            tried.set(false);
            old.set(String::new());
            new.set(String::new());
            toasts.done(t::account_changed());
            query.refetch();
        });
    };
    view! {
        <section class="card" aria-labelledby="password">
            <div class="card__head"><h2 id="password">{t::account_change()}</h2></div>
            <form class="card__body form" novalidate aria-labelledby="password" on:submit=submit>
                <p class="muted small">{t::account_change_words()}</p>
                // Tells a keeper of passwords whose this is.
                <input type="email" autocomplete="username" value=email hidden readonly />
                <Field id="old-password" label=t::account_old() value=old kind="password" autocomplete="current-password" error=old_wrong />
                <Field id="new-password" label=t::join_password() value=new kind="password" autocomplete="new-password" hint=t::join_weak_advice() error=new_wrong />
                {outcome(change, FIELDS)}
                <div class="form__foot"><Button label=t::account_change() kind=ButtonKind::Primary submits=true busy=change.busy /></div>
            </form>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};

    fn refusal(code: &str, message: &str) -> Refusal {
        Refusal { field: "old".to_owned(), code: code.to_owned(), message: message.to_owned() }
    }

    #[test]
    fn a_password_is_measured_as_the_server_does() {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        assert_eq!(seen("7 chars"), Some(t::account_short()));
        assert_eq!(seen("äöüäöüäö"), None, "characters count, not bytes");
        assert_eq!(seen(&"ä".repeat(129)), Some(t::account_long()), "bytes count, not characters");
    }

    #[test]
    fn somebody_who_tried_too_often_is_told_how_long_to_wait() {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        let told = said_of_old(&refusal("throttled", "too many failed tries; try again in 1830 seconds"));
        assert_eq!(told, "Too many failed tries. Wait 30 minutes 30 seconds, then try again.");
        assert_eq!(said_of_old(&refusal("refused", "this is not the password")), t::account_wrong());
        assert_eq!(seconds("later"), 60);
    }
}
