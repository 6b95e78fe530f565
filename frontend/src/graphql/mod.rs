//! What is asked of the server: one operation a file, checked against `schema.graphql` when the console is built.

mod operations;
pub mod types;

pub use operations::*;

use crate::api::{Refusal, Refusing};
use crate::shell::{OrganisationInfo, StoreInfo, Stores};
use types::Role;

/// The answer about the person, as the frame needs it.
pub fn stores(data: &viewer::ResponseData) -> Stores {
    // An API key has no member; the console is never opened with one.
    let (member, name, email) = data
        .viewer
        .member
        .as_ref()
        .map(|member| (member.id.clone(), member.name.clone(), member.email.clone()))
        .unwrap_or_default();
    let list = data.viewer.organisations.iter().flat_map(|organisation| {
        organisation.stores.iter().map(|store| StoreInfo {
            id: store.id.clone(),
            name: store.name.clone(),
            organisation: organisation.name.clone(),
            organisation_id: organisation.id.clone(),
            role: role(&store.role),
            member: organisation.role.is_some(),
            sandbox: store.sandbox,
            currency: store.currency.clone(),
            visit: store.visit.as_ref().map(|visit| visit.ends_at),
        })
    });
    // A store that was opened to an organisation by another of the same person stands there twice: once is enough.
    let mut once = std::collections::BTreeSet::new();
    let list: Vec<StoreInfo> = list.filter(|store| once.insert(store.id.clone())).collect();
    let members = data.viewer.organisations.iter().filter_map(|organisation| {
        Some(OrganisationInfo {
            id: organisation.id.clone(),
            name: organisation.name.clone(),
            role: role(organisation.role.as_deref()?),
            guest: organisation.kind != "merchant",
        })
    });
    let organisations = members.collect();
    // Only who may change settings may open a store.
    let may_open = data
        .viewer
        .organisations
        .iter()
        .filter(|organisation| matches!(organisation.role.as_deref(), Some("owner" | "admin")));
    let open_in = may_open.map(|organisation| (organisation.id.clone(), organisation.name.clone())).collect();
    Stores {
        member,
        organisations,
        open_in,
        name: if name.is_empty() { email.clone() } else { name },
        email,
        list,
        withheld: data.viewer.second_factor.as_ref().is_some_and(|factor| factor.withheld),
    }
}

/// A role by its word. One of a newer server counts as the least.
pub fn role(word: &str) -> Role {
    Role::from_word(word).unwrap_or(Role::Support)
}

macro_rules! refusing {
    ($($operation:ident)*) => { $(
        impl Refusing for $operation::ResponseData {
            fn refusal(&self) -> Option<Refusal> {
                let error = self.$operation.user_errors.first()?;
                let field = error.path.last().cloned().unwrap_or_default();
                Some(Refusal { field, code: error.code.clone(), message: error.message.clone() })
            }
        }
    )* };
}

refusing! {
    invite_member withdraw_invitation set_member_role remove_member make_api_key revoke_api_key end_session change_password
    start_checkout open_billing_portal preview_plan change_plan cancel_plan resume_plan set_beyond
    set_store_role open_store close_store share_suppressions keep_suppressions approve_store_access leave_store ask_for_store create_organisation
    start_second_factor confirm_second_factor renew_recovery_codes end_second_factor
    start_passkey add_passkey remove_passkey disconnect_identity
    create_journey move_runs start_dry_run cancel_dry_run
    create_webhook_endpoint update_webhook_endpoint delete_webhook_endpoint rotate_webhook_secret
    send_test_webhook replay_webhook replay_failed_webhooks
    connect_platform disconnect_platform test_platform subscribe_platform confirm_platform_reminders
    create_mail_provider update_mail_provider delete_mail_provider check_mail_provider order_mail_providers
    replace_mail_hooks resume_mail rotate_push_key
}

macro_rules! refusing_whole {
    ($($operation:ident)*) => { $(
        /// Done in some stores is done; what was not is told beside it.
        impl Refusing for $operation::ResponseData {
            fn refusal(&self) -> Option<Refusal> {
                let error = self.$operation.user_errors.first().filter(|_| self.$operation.changed.is_empty())?;
                let field = error.path.last().cloned().unwrap_or_default();
                Some(Refusal { field, code: error.code.clone(), message: error.message.clone() })
            }
        }
    )* };
}

refusing_whole! { roll_out_journey roll_out_template pause_stores }
