//! Asking somebody to join: an address and a role become a link that is shown once.

use cartwheel_domain::contact_point::EmailAddress;
use leptos::prelude::*;

use super::{Context, choices, roles};
use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::invite_member::Variables;
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::pages::once::{self, Once};
use crate::pages::shared::{field_error, outcome};
use crate::shell::{StoreInfo, use_stores};
use crate::ui::{Button, ButtonKind, Dialog, Field, checks, radios, use_toasts};
use crate::words;

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["email"];

/// The dialog. The link goes to `shown`, and `invited` counts.
pub fn dialog(
    context: Context,
    open: RwSignal<bool>,
    shown: RwSignal<Option<Once>>,
    invited: RwSignal<u32>,
) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let own = move || {
        let id = context.id.get_untracked();
        use_stores().list.iter().filter(|one| one.organisation_id == id).cloned().collect::<Vec<StoreInfo>>()
    };
    let own = StoredValue::new(own());
    let content = move || {
        change.clear();
        let (email, picked) = (RwSignal::new(String::new()), RwSignal::new(Role::Analyst.word().to_owned()));
        let tried = RwSignal::new(false);
        let stores = own.get_value().into_iter();
        let chosen: Vec<_> = stores.map(|store| (store.id, store.name, RwSignal::new(true))).collect();
        let (boxes, some) = (chosen.clone(), chosen.clone());
        let none = Signal::derive(move || {
            let none = !some.is_empty() && !some.iter().any(|(_, _, on)| on.get());
            (tried.get() && none).then(t::invite_stores_none)
        });
        let wrong = move || {
            let known = email.with(|email| email.trim().parse::<EmailAddress>().is_ok());
            (tried.get() && !known).then(t::settings_email_wrong)
        };
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            if untrack(wrong).is_some() {
                return browser::focus("invite-email");
            }
            if none.get_untracked().is_some() {
                return browser::focus("invite-stores");
            }
            let named = chosen.iter().filter(|(_, _, on)| on.get_untracked()).map(|(id, _, _)| id.clone());
            let named: Vec<String> = named.collect();
            let address = email.get_untracked().trim().to_owned();
            let variables = Variables {
                organisation: context.id.get_untracked(),
                email: address.clone(),
                role: graphql::role(&picked.get_untracked()),
                stores: (named.len() < chosen.len()).then_some(named),
            };
            change.send::<graphql::InviteMember>(variables, move |data| {
                open.set(false);
                invited.update(|count| *count += 1);
                match data.invite_member.link {
                    Some(text) => {
                        let title = t::invite_link(&address);
                        once::show(shown, Once { title, words: t::invite_link_words(), text });
                    }
                    None => toasts.done(t::invite_done(&address)),
                }
            });
        };
        let offered = choices(roles(context.role.get_untracked()), words::role_may);
        view! {
            <form class="dialog__body" novalidate aria-label=t::invite_title() on:submit=submit>
                <h2>{t::invite_title()}</h2>
                <Field id="invite-email" label=t::contact_email() value=email kind="email" hint=t::invite_email_hint() error=field_error(change, "email", wrong) />
                {radios("invite-role", t::member_role(), offered, picked, None)}
                {(boxes.len() > 1).then(|| checks("invite-stores", t::invite_stores(), &boxes, none))}
                {outcome(change, FIELDS)}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| open.set(false) />
                    <Button label=t::invite() kind=ButtonKind::Primary submits=true busy=change.busy />
                </div>
            </form>
        }
    };
    view! { <Dialog label=t::invite_title() open=open>{content()}</Dialog> }.into_any()
}
