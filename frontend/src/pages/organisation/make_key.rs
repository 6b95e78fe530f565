//! Making a key: what it is for, what it may do, where, and until when. Its text is shown once.

use cartwheel_domain::time::PLAUSIBLE;
use leptos::prelude::*;

use super::{Context, choices, roles};
use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::make_api_key::{ApiKeyInput, Variables};
use crate::graphql::types::{Role, Time};
use crate::i18n::t;
use crate::pages::once::{self, Once};
use crate::pages::shared::{field_error, outcome};
use crate::shell::use_stores;
use crate::ui::{Button, ButtonKind, Dialog, Field, Select, radios};
use crate::words;

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["name", "expiresAt"];

/// Whether a text can be a key's name; the server asks the same.
pub(super) fn is_name(text: &str) -> bool {
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let text = text.trim();
    (1..=80).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || unseen(c))
}

/// The last moment of a day, `None` for no day. The day is the reader's own, must not be over, and lies within what the
/// server takes.
///
/// # Errors
/// It is no such day.
pub(super) fn last_moment(day: &str, now: i64) -> Result<Option<Time>, ()> {
    if day.is_empty() {
        return Ok(None);
    }
    let end = browser::end_of_day(day).filter(|end| *end > now && PLAUSIBLE.contains(end));
    end.map(|end| Some(Time(end))).ok_or(())
}

/// The dialog. The key's text goes to `shown`; `made` is called after.
pub fn dialog(
    context: Context,
    open: RwSignal<bool>,
    shown: RwSignal<Option<Once>>,
    made: impl Fn() + Copy + Send + Sync + 'static,
) -> AnyView {
    let (change, stores) = (Change::default(), use_stores());
    let content = move || {
        change.clear();
        let text = |text: &str| RwSignal::new(text.to_owned());
        let (name, picked, store, day) = (text(""), text(Role::Analyst.word()), text(""), text(""));
        let tried = RwSignal::new(false);
        let name_wrong =
            move || (tried.get() && !name.with(|name| is_name(name))).then(t::api_key_name_wrong);
        let end = move || day.with(|day| last_moment(day, browser::now()));
        let end_wrong = move || end().is_err().then(t::api_key_end_wrong);
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            if untrack(name_wrong).is_some() {
                return browser::focus("key-name");
            }
            let Ok(expires_at) = untrack(end) else { return browser::focus("key-end") };
            let called = name.get_untracked().trim().to_owned();
            let input = ApiKeyInput {
                name: called.clone(),
                role: graphql::role(&picked.get_untracked()),
                store_id: Some(store.get_untracked()).filter(|store| !store.is_empty()),
                expires_at,
            };
            let variables = Variables { organisation: context.id.get_untracked(), input };
            change.send::<graphql::MakeApiKey>(variables, move |data| {
                open.set(false);
                made();
                let (title, text) = (t::api_key_made(&called), data.make_api_key.secret.unwrap_or_default());
                once::show(shown, Once { title, words: t::api_key_made_words(), text });
            });
        };
        // A key of an owner may no more than one of an admin: who works here is closed to all keys.
        let own = context.role.get_untracked().min(Role::Admin);
        let mut places = vec![(String::new(), t::api_key_all())];
        let own_stores = stores.list.iter().filter(|one| one.organisation_id == context.id.get_untracked());
        places.extend(own_stores.map(|one| (one.id.clone(), one.name.clone())));
        view! {
            <form class="dialog__body" novalidate aria-label=t::api_key_make() on:submit=submit>
                <h2>{t::api_key_make()}</h2>
                <Field id="key-name" label=t::api_key_name() value=name hint=t::api_key_name_hint() error=field_error(change, "name", name_wrong) />
                {radios("key-role", t::api_key_role(), choices(roles(own), words::key_may), picked, Some(t::api_key_closed()))}
                <div class="form__pair">
                    <Select id="key-store" label=t::settings_store() options=places value=store on_pick=move |value: String| store.set(value) visible_label=true />
                    <Field id="key-end" label=t::api_key_end() value=day kind="date" hint=t::api_key_end_hint() error=field_error(change, "expiresAt", end_wrong) />
                </div>
                {outcome(change, FIELDS)}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| open.set(false) />
                    <Button label=t::api_key_make() kind=ButtonKind::Primary submits=true busy=change.busy />
                </div>
            </form>
        }
    };
    view! { <Dialog label=t::api_key_make() open=open>{content()}</Dialog> }.into_any()
}
