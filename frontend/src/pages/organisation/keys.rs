//! The keys of the API: those in force, those that were, making one, and taking one back.

use std::sync::Arc;

use leptos::prelude::*;

use super::{Context, make_key};
use crate::api::{Change, use_query};
use crate::browser;
use crate::graphql;
use crate::graphql::api_keys::{ApiKeysOrganisationApiKeys as Key, Variables};
use crate::graphql::types::Role;
use crate::i18n::{format, t};
use crate::pages::once::{self, Once};
use crate::pages::shared::{outcome, people_table};
use crate::shell::{Stores, use_stores};
use crate::ui::{
    Button, ButtonKind, Confirm, Icon, Tone, badge, empty, moment, skeleton_rows, stateful, use_toasts,
};
use crate::words;

/// The key that is asked about.
type Asked = RwSignal<Option<Arc<Key>>>;

/// The keys.
pub fn part(context: Context) -> AnyView {
    let query = use_query::<graphql::ApiKeys>(move || Some(Variables { organisation: context.id.get() }));
    let (making, asking) = (RwSignal::new(false), RwSignal::new(false));
    let (shown, asked) = (RwSignal::new(None::<Once>), Asked::new(None));
    let (change, toasts, stores) = (Change::default(), use_toasts(), use_stores());
    let ask = move |key: Arc<Key>| {
        change.clear();
        asked.set(Some(key));
        asking.set(true);
    };
    let content = stateful(
        query,
        || skeleton_rows(3),
        move |data| {
            let keys = data.organisation.as_ref().map(|organisation| organisation.api_keys.as_slice());
            let (own, now) = (context.role.get(), browser::now());
            let (over, in_force): (Vec<&Key>, Vec<&Key>) =
                keys.unwrap_or_default().iter().partition(|key| is_over(key, now));
            view! { {table(&in_force, &stores, own, ask)} {gone(&over, &stores)} }.into_any()
        },
    );
    let of = move |pick: fn(&Key) -> String| {
        Signal::derive(move || asked.with(|key| key.as_deref().map(pick).unwrap_or_default()))
    };
    let (name, prefix) = (of(|key| key.name.clone()), of(|key| key.prefix.clone()));
    let revoke = move |()| {
        let Some(key) = asked.get_untracked() else { return };
        let variables = graphql::revoke_api_key::Variables {
            organisation: context.id.get_untracked(),
            id: key.id.clone(),
        };
        change.send::<graphql::RevokeApiKey>(variables, move |_| {
            asking.set(false);
            toasts.done(t::api_key_revoke_done(&key.name));
            query.refetch();
        });
    };
    let title = Signal::derive(move || t::api_key_revoke_title(&name.get()));
    let words = Signal::derive(move || t::api_key_revoke_words(&prefix.get()));
    view! {
        <div class="stack stack--wide">
            {once::place(shown)}
            <section class="section" aria-labelledby="keys">
                <div class="row row--between row--wrap">
                    <h2 id="keys">{t::part_keys()}</h2>
                    <Button label=t::api_key_make() sign=Icon::Plus kind=ButtonKind::Primary on_press=move |()| making.set(true) />
                </div>
                {content}
            </section>
        </div>
        {make_key::dialog(context, making, shown, move || query.refetch())}
        <Confirm
            title=title
            words=words
            act=Signal::derive(t::api_key_revoke)
            open=asking
            busy=change.busy
            outcome=move || outcome(change, &[])
            on_act=revoke
        />
    }
    .into_any()
}

/// Whether a key works no more.
pub(super) fn is_over(key: &Key, now: i64) -> bool {
    key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end.0 <= now)
}

fn place(key: &Key, stores: &Stores) -> String {
    let Some(id) = &key.store_id else { return t::api_key_all() };
    stores.list.iter().find(|store| store.id == *id).map_or_else(|| id.clone(), |store| store.name.clone())
}

/// Its name and how it begins, and where it opens what.
fn head(key: &Key, stores: &Stores) -> AnyView {
    view! {
        <div class="strong anywhere">{key.name.clone()}</div>
        <div class="tiny muted"><code>{key.prefix.clone()}"…"</code> " · " {place(key, stores)}</div>
    }
    .into_any()
}

fn table(
    keys: &[&Key],
    stores: &Stores,
    own: Role,
    ask: impl Fn(Arc<Key>) + Copy + Send + Sync + 'static,
) -> AnyView {
    if keys.is_empty() {
        return empty(Icon::Key, t::api_keys_none(), t::api_keys_about(), ().into_any());
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let role = graphql::role(&key.role);
            let mine = Arc::new((*key).clone());
            let revoke = (role <= own).then(|| {
                let press = move |()| ask(mine.clone());
                view! { <Button label=t::api_key_revoke() of=key.name.clone() kind=ButtonKind::Quiet on_press=press /> }
            });
            let used = key.last_used_at.map_or_else(|| t::never().into_any(), |at| moment(at.0));
            let end = key.expires_at.map_or_else(t::never, |at| format::date(at.0));
            view! {
                <tr>
                    <td>{head(key, stores)}</td>
                    <td class="cell-wide">
                        <div>{words::role(role)}</div>
                        <div class="tiny muted">{words::key_may(role)}</div>
                    </td>
                    <td class="muted nowrap" data-name=t::api_key_created()>{moment(key.created_at.0)}</td>
                    <td class="muted nowrap" data-name=t::last_used()>{used}</td>
                    <td class="muted" data-name=t::ends()>{end}</td>
                    <td class="cell-actions">{revoke}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <p class="muted">{t::api_keys_about()}</p>
        {people_table([t::api_key(), t::api_key_role(), t::api_key_created(), t::last_used(), t::ends()], rows)}
    }
    .into_any()
}

/// Those that were revoked or have ended, folded away.
fn gone(keys: &[&Key], stores: &Stores) -> Option<AnyView> {
    if keys.is_empty() {
        return None;
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let (state, at) = match key.revoked_at {
                Some(at) => (t::api_key_revoked(), Some(at)),
                None => (t::api_key_ended(), key.expires_at),
            };
            view! {
                <tr>
                    <td>{head(key, stores)}</td>
                    <td>{badge(Tone::Quiet, Some(Icon::Ban), state)}</td>
                    <td class="muted nowrap">{at.map(|at| moment(at.0))}</td>
                </tr>
            }
        })
        .collect();
    Some(
        view! {
            <details class="folded">
                <summary>{t::api_keys_over(keys.len() as i64)}</summary>
                <div class="table-frame"><table class="table table--cards team-table"><tbody>{rows}</tbody></table></div>
            </details>
        }
        .into_any(),
    )
}
