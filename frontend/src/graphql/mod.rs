//! What is asked of the server: one operation a file, checked against `schema.graphql` when the console is built.

mod operations;
pub mod types;

pub use operations::*;

use crate::shell::{StoreInfo, Stores};

/// The answer about the person, as the frame needs it.
pub fn stores(data: &viewer::ResponseData) -> Stores {
    // An API key has no member; the console is never opened with one.
    let (name, email) = data
        .viewer
        .member
        .as_ref()
        .map(|member| (member.name.clone(), member.email.clone()))
        .unwrap_or_default();
    let list = data.viewer.organisations.iter().flat_map(|organisation| {
        organisation.stores.iter().map(|store| StoreInfo {
            id: store.id.clone(),
            name: store.name.clone(),
            organisation: organisation.name.clone(),
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
    Stores { open_in, name: if name.is_empty() { email.clone() } else { name }, email, list: list.collect() }
}
