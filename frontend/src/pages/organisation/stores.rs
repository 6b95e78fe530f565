//! What a member may do in single stores, in place of what they may do in all.

use std::sync::Arc;

use leptos::prelude::*;

use super::{Context, roles};
use crate::api::Change;
use crate::graphql;
use crate::graphql::team::TeamOrganisationMembers as Member;
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::pages::shared::outcome;
use crate::shell::{StoreInfo, use_stores};
use crate::ui::{Button, Dialog, Select, use_toasts};
use crate::words;

/// In short, where a member's role is told: the stores in which it is another.
pub fn told(member: &Member) -> AnyView {
    let stores = use_stores();
    let lines: Vec<_> = member
        .stores
        .iter()
        .filter_map(|one| {
            let store = stores.list.iter().find(|store| store.id == one.store_id)?;
            let words = t::member_store_role(&words::role(graphql::role(&one.role)), &store.name);
            Some(view! { <div class="tiny anywhere">{words}</div> })
        })
        .collect();
    lines.into_any()
}

/// The dialog: a choice for each store, in force as soon as it is made.
pub fn dialog(context: Context, whom: RwSignal<Option<Arc<Member>>>, open: RwSignal<bool>) -> AnyView {
    let change = Change::default();
    let list = StoredValue::new(use_stores().list.clone());
    let content = move || {
        change.clear();
        let whom = whom.get_untracked()?;
        let id = context.id.get_untracked();
        let of = list.get_value().into_iter().filter(|store| store.organisation_id == id);
        let rows: Vec<_> = of.map(|store| row(context, &whom, store, change)).collect();
        Some(view! {
            <div class="dialog__body">
                <h2>{t::member_stores_title(&whom.name)}</h2>
                <p class="muted">{t::member_stores_words()}</p>
                {rows}
                {outcome(change, &[])}
                <div class="dialog__foot"><Button label=t::done() on_press=move |()| open.set(false) /></div>
            </div>
        })
    };
    view! { <Dialog label=t::member_stores() open=open>{content()}</Dialog> }.into_any()
}

fn row(context: Context, whom: &Arc<Member>, store: StoreInfo, change: Change) -> AnyView {
    let toasts = use_toasts();
    let said = whom.stores.iter().find(|one| one.store_id == store.id);
    let value = RwSignal::new(said.map(|one| graphql::role(&one.role).word().to_owned()).unwrap_or_default());
    let all = match whom.role.as_deref() {
        Some(role) => t::member_store_same(&words::role(graphql::role(role))),
        None => t::member_store_none(),
    };
    let most = context.role.get_untracked().min(Role::Admin);
    let mut options = vec![(String::new(), all)];
    options.extend(roles(most).map(|role| (role.word().to_owned(), words::role(role))));
    let (member, id, name) = (whom.clone(), store.id.clone(), store.name.clone());
    let pick = move |picked: String| {
        let before = value.get_untracked();
        value.set(picked.clone());
        let variables = graphql::set_store_role::Variables {
            organisation: context.id.get_untracked(),
            id: member.id.clone(),
            store: id.clone(),
            role: Role::from_word(&picked),
        };
        let (who, store) = (member.name.clone(), name.clone());
        change.send::<graphql::SetStoreRole>(variables, move |_| {
            toasts.done(t::member_store_done(&who, &store));
            context.team.refetch();
        });
        // What was refused is not what is chosen.
        Effect::new(move |_| {
            if change.refusal.with(Option::is_some) || change.fault.with(Option::is_some) {
                value.set(before.clone());
            }
        });
    };
    let field = format!("store-role-{}", store.id);
    view! { <Select id=field label=store.name options=options value=value on_pick=pick visible_label=true /> }
        .into_any()
}
