//! Who works here: everybody with their role, and for those who may, changing it and taking somebody out.

use std::sync::Arc;

use leptos::prelude::*;

use super::{Context, admins, choices, invitations, invite, roles, stores};
use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::team::{TeamOrganisation, TeamOrganisationMembers as Member};
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::pages::once::{self, Once};
use crate::pages::shared::outcome;
use crate::shell::use_stores;
use crate::ui::{
    Button, ButtonKind, Choice, Confirm, Dialog, Icon, Tone, badge, empty, moment, radios, skeleton_rows,
    stateful, use_toasts,
};
use crate::words;

/// Stands for no role in all stores.
const SINGLE: &str = "SINGLE";

/// What can be asked about a member.
#[derive(Clone, Copy)]
struct Asked {
    whom: RwSignal<Option<Arc<Member>>>,
    role: RwSignal<bool>,
    stores: RwSignal<bool>,
    removal: RwSignal<bool>,
}

impl Asked {
    /// The member's name, while there is one.
    fn name(self) -> String {
        self.whom.with(|whom| whom.as_ref().map(|whom| whom.name.clone()).unwrap_or_default())
    }
}

/// The members.
pub fn part(context: Context) -> AnyView {
    let closed = || RwSignal::new(false);
    let asked = Asked { whom: RwSignal::new(None), role: closed(), stores: closed(), removal: closed() };
    let (inviting, shown) = (RwSignal::new(false), RwSignal::new(None::<Once>));
    let invited = RwSignal::new(0_u32);
    let members = stateful(
        context.team,
        || skeleton_rows(4),
        move |data| match &data.organisation {
            Some(organisation) => list(organisation, context, asked, inviting),
            None => empty(Icon::Users, t::fault_not_found(), t::fault_not_found_advice(), ().into_any()),
        },
    );
    let open = move || context.admin().then(|| invitations::list(context, invited));
    let own = move || {
        let by = admins(context).filter(|_| !context.admin()).map(|names| t::members_by(&names));
        view! { <p class="muted">{words::own_role(context.role.get())} " " {by}</p> }.into_any()
    };
    view! {
        <div class="stack stack--wide">
            {own}
            {once::place(shown)}
            {members}
            {open}
        </div>
        {invite::dialog(context, inviting, shown, invited)}
        {role_dialog(context, asked)}
        {stores::dialog(context, asked.whom, asked.stores)}
        {removal_dialog(context, asked)}
    }
    .into_any()
}

fn list(
    organisation: &TeamOrganisation,
    context: Context,
    asked: Asked,
    inviting: RwSignal<bool>,
) -> AnyView {
    let (own, me) = (context.role.get(), use_stores().member.clone());
    let rows: Vec<_> =
        organisation.members.iter().map(|member| row(member, own, member.id == me, asked)).collect();
    let admin = own >= Role::Admin;
    let invite = admin.then(|| {
        let press = move |()| inviting.set(true);
        view! { <Button label=t::invite() sign=Icon::Plus kind=ButtonKind::Primary on_press=press /> }
    });
    view! {
        <section class="section" aria-labelledby="members">
            <div class="row row--between">
                <h2 id="members">{t::members_count(organisation.members.len() as i64)}</h2>
                {invite}
            </div>
            <div class="table-frame">
                <table class="table table--cards team-table">
                    <thead>
                        <tr>
                            <th scope="col">{t::contact_name()}</th>
                            <th scope="col">{t::member_role()}</th>
                            <th scope="col">{t::member_joined()}</th>
                            {admin.then(|| view! { <td></td> })}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(member: &Member, own: Role, me: bool, asked: Asked) -> AnyView {
    let role = member.role.as_deref().map(graphql::role);
    let you = me.then(|| view! { " " {badge(Tone::Quiet, Some(Icon::User), t::member_you())} });
    let whom = Arc::new(member.clone());
    let actions = may_touch(own, role).then(|| {
        let ask = move |what: RwSignal<bool>| {
            asked.whom.set(Some(whom.clone()));
            what.set(true);
        };
        let (change, single, remove) = (ask.clone(), ask.clone(), ask);
        // Admins have their role everywhere.
        let single = (role < Some(Role::Admin)).then(|| {
            view! { <Button label=t::member_stores() of=member.name.clone() kind=ButtonKind::Quiet on_press=move |()| single(asked.stores) /> }
        });
        let out = if me { t::member_leave() } else { t::member_remove() };
        view! {
            <Button label=t::member_change() of=member.name.clone() kind=ButtonKind::Quiet on_press=move |()| change(asked.role) />
            {single}
            <Button label=out of=member.name.clone() kind=ButtonKind::Quiet on_press=move |()| remove(asked.removal) />
        }
        .into_any()
    });
    view! {
        <tr>
            <td>
                <div class="row row--wrap"><span class="strong">{member.name.clone()}</span>{you}</div>
                <div class="tiny muted anywhere">{member.email.clone()}</div>
            </td>
            <td class="cell-wide">
                <div>{words::role_or_none(member.role.as_deref())}</div>
                <div class="tiny muted">{role.map(words::role_may)}</div>
                {stores::told(member)}
            </td>
            <td class="muted nowrap" data-name=t::member_joined()>{moment(member.since.0)}</td>
            {(own >= Role::Admin).then(|| view! { <td class="cell-actions">{actions}</td> })}
        </tr>
    }
    .into_any()
}

/// Whether somebody of one role may change or take out somebody of another; of their own they may.
pub(super) fn may_touch(own: Role, theirs: Option<Role>) -> bool {
    own >= Role::Admin && theirs <= Some(own)
}

/// Which role shall it be?
fn role_dialog(context: Context, asked: Asked) -> AnyView {
    let change = Change::default();
    let toasts = use_toasts();
    let me = StoredValue::new(use_stores().member.clone());
    let content = move || {
        let whom = asked.whom.get_untracked()?;
        change.clear();
        let before = whom.role.as_deref().map_or(SINGLE, |word| graphql::role(word).word());
        let picked = RwSignal::new(before.to_owned());
        let (id, name, of_me) = (whom.id.clone(), whom.name.clone(), me.with_value(|me| *me == whom.id));
        let save = move |()| {
            let role = Role::from_word(&picked.get_untracked());
            let variables = graphql::set_member_role::Variables {
                organisation: context.id.get_untracked(),
                id: id.clone(),
                role,
            };
            let name = name.clone();
            change.send::<graphql::SetMemberRole>(variables, move |_| {
                asked.role.set(false);
                toasts.done(t::member_role_done(&name, &words::role_or_none(role.map(Role::word))));
                context.team.refetch();
            });
        };
        let mut offered = choices(roles(context.role.get_untracked()), words::role_may);
        let single =
            Choice { value: SINGLE.to_owned(), name: t::member_single(), words: t::member_single_words() };
        offered.insert(0, single);
        Some(view! {
            <div class="dialog__body">
                <h2>{t::member_role_title(&whom.name)}</h2>
                {radios("member-role", t::member_role(), offered, picked, of_me.then(t::member_role_own))}
                {outcome(change, &[])}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| asked.role.set(false) />
                    <Button label=t::save() kind=ButtonKind::Primary busy=change.busy on_press=save />
                </div>
            </div>
        })
    };
    view! { <Dialog label=t::member_change() open=asked.role>{content()}</Dialog> }.into_any()
}

/// Shall they really go?
fn removal_dialog(context: Context, asked: Asked) -> AnyView {
    let change = Change::default();
    let toasts = use_toasts();
    let me = StoredValue::new(use_stores().member.clone());
    let leaves = Memo::new(move |_| {
        asked.whom.with(|whom| whom.as_ref().is_some_and(|whom| me.with_value(|me| *me == whom.id)))
    });
    let title = Signal::derive(move || {
        if leaves.get() {
            t::member_leave_title(&context.name.get())
        } else {
            t::member_remove_title(&asked.name())
        }
    });
    let words = Signal::derive(move || {
        let email = asked.whom.with(|whom| whom.as_ref().map(|whom| whom.email.clone()).unwrap_or_default());
        if leaves.get() {
            t::member_leave_words()
        } else {
            t::member_remove_words(&email, &asked.name(), &context.name.get())
        }
    });
    let act = Signal::derive(move || if leaves.get() { t::member_leave() } else { t::member_remove() });
    let remove = move |()| {
        let Some(whom) = asked.whom.get_untracked() else { return };
        let variables = graphql::remove_member::Variables {
            organisation: context.id.get_untracked(),
            id: whom.id.clone(),
        };
        let leaves = leaves.get_untracked();
        change.send::<graphql::RemoveMember>(variables, move |_| {
            asked.removal.set(false);
            if leaves {
                // What one may see is known from the start of the console: it begins anew.
                return browser::leave_to("/");
            }
            toasts.done(t::member_removed(&whom.name));
            context.team.refetch();
        });
    };
    // What came of an earlier question is not about this one.
    Effect::new(move |_| {
        if asked.removal.get() {
            change.clear();
        }
    });
    view! {
        <Confirm title=title words=words act=act open=asked.removal busy=change.busy outcome=move || outcome(change, &[]) on_act=remove />
    }
    .into_any()
}
