//! Making another organisation, which the person owns.

use leptos::prelude::*;

use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::create_organisation::Variables;
use crate::graphql::types::OrganisationKindName as Kind;
use crate::i18n::t;
use crate::pages::shared::{field_error, outcome};
use crate::route::Route;
use crate::ui::{Button, ButtonKind, Choice, Field, PageHead, radios};

/// The page that makes an organisation.
#[component]
pub fn NewOrganisation() -> impl IntoView {
    let change = Change::default();
    let (name, picked) = (RwSignal::new(String::new()), RwSignal::new(Kind::Merchant.word().to_owned()));
    let tried = RwSignal::new(false);
    let wrong = move || {
        let good = name.with(|name| (1..=80).contains(&name.trim().chars().count()));
        (tried.get() && !good).then(t::join_misnamed_advice)
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if untrack(wrong).is_some() {
            return browser::focus("name");
        }
        let kind = Kind::from_word(&picked.get_untracked()).unwrap_or_default();
        let variables = Variables { name: name.get_untracked().trim().to_owned(), kind };
        change.send::<graphql::CreateOrganisation>(variables, move |data| {
            // Afresh, since what the frame knows of the person is older than this organisation.
            let next = if data.create_organisation.withheld { Route::Account } else { Route::NewStore };
            browser::leave_to(&next.path(""));
        });
    };
    let choice =
        |kind: Kind, name: String, words: String| Choice { value: kind.word().to_owned(), name, words };
    let kinds = vec![
        choice(Kind::Merchant, t::kind_merchant(), t::kind_merchant_words()),
        choice(Kind::Agency, t::kind_agency(), t::kind_agency_words()),
    ];
    view! {
        <PageHead title=t::new_organisation() />
        <p class="muted">{t::new_organisation_words()}</p>
        <form class="form" novalidate aria-label=t::new_organisation() on:submit=submit>
            <Field id="name" label=t::new_organisation_name() value=name error=field_error(change, "name", wrong) autocomplete="organization" />
            {radios("kind", t::new_organisation_kind(), kinds, picked, None)}
            {outcome(change, &["name"])}
            <div class="form__foot"><Button label=t::new_organisation_do() kind=ButtonKind::Primary submits=true busy=change.busy /></div>
        </form>
    }
    .into_any()
}
