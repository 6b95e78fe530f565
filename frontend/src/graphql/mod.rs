//! What is asked of the server: one operation a file, checked against `schema.graphql` when the console is built.

mod operations;
pub mod types;

pub use operations::*;

use crate::api::{Refusal, Refusing};
use crate::shell::{StoreInfo, Stores};
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
            role: role(organisation.role.as_deref().unwrap_or_default()),
            sandbox: store.sandbox,
            currency: store.currency.clone(),
        })
    });
    // Only who may change settings may open a store.
    let may_open = data
        .viewer
        .organisations
        .iter()
        .filter(|organisation| matches!(organisation.role.as_deref(), Some("owner" | "admin")));
    let open_in = may_open.map(|organisation| (organisation.id.clone(), organisation.name.clone())).collect();
    Stores {
        member,
        open_in,
        name: if name.is_empty() { email.clone() } else { name },
        email,
        list: list.collect(),
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
    start_second_factor confirm_second_factor renew_recovery_codes end_second_factor
}
