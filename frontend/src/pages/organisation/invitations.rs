//! Who was asked to join and has not yet.

use leptos::prelude::*;

use super::Context;
use crate::api::{Change, use_query};
use crate::graphql;
use crate::graphql::invitations::{InvitationsOrganisationInvitations as Invitation, Variables};
use crate::i18n::t;
use crate::pages::shared::{outcome, people_table};
use crate::ui::{Button, ButtonKind, moment, skeleton_rows, stateful, use_toasts};
use crate::words;

/// The open invitations; asked for again whenever `changed` does.
pub fn list(context: Context, changed: RwSignal<u32>) -> AnyView {
    let query = use_query::<graphql::Invitations>(move || {
        changed.track();
        Some(Variables { organisation: context.id.get() })
    });
    let (change, toasts) = (Change::default(), use_toasts());
    let withdraw = move |id: String, email: String| {
        let variables =
            graphql::withdraw_invitation::Variables { organisation: context.id.get_untracked(), id };
        change.send::<graphql::WithdrawInvitation>(variables, move |_| {
            toasts.done(t::invitation_withdrawn(&email));
            query.refetch();
        });
    };
    let content = stateful(
        query,
        || skeleton_rows(1),
        move |data| {
            let rows = data.organisation.as_ref().map(|organisation| organisation.invitations.as_slice());
            table(rows.unwrap_or_default(), withdraw)
        },
    );
    view! {
        <section class="section" aria-labelledby="invitations">
            <h2 id="invitations">{t::invitations()}</h2>
            {outcome(change, &[])}
            {content}
        </section>
    }
    .into_any()
}

fn table(
    invitations: &[Invitation],
    withdraw: impl Fn(String, String) + Copy + Send + Sync + 'static,
) -> AnyView {
    if invitations.is_empty() {
        return view! { <p class="muted">{t::invitations_none()}</p> }.into_any();
    }
    let rows: Vec<_> = invitations
        .iter()
        .map(|one| {
            let role = graphql::role(&one.role);
            let (id, email) = (one.id.clone(), one.email.clone());
            let press = move |()| withdraw(id.clone(), email.clone());
            view! {
                <tr>
                    <td class="strong anywhere">{one.email.clone()}</td>
                    <td class="cell-wide">
                        <div>{words::role(role)}</div>
                        <div class="tiny muted">{words::role_may(role)}</div>
                    </td>
                    <td class="muted nowrap" data-name=t::ends()>{moment(one.expires_at.0)}</td>
                    <td class="cell-actions">
                        <Button label=t::invitation_withdraw() of=one.email.clone() kind=ButtonKind::Quiet on_press=press />
                    </td>
                </tr>
            }
        })
        .collect();
    view! {
        {people_table([t::contact_email(), t::member_role(), t::ends()], rows)}
    }
    .into_any()
}
