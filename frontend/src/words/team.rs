//! Roles, the parts of the page about an organisation, and why a change of the team was refused.

use crate::api::Refusal;
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::route::Part;

/// A part of the page about an organisation.
pub fn part(part: Part) -> String {
    match part {
        Part::Members => t::part_members(),
        Part::Access => t::part_access(),
        Part::Billing => t::part_billing(),
        Part::Keys => t::part_keys(),
        Part::Log => t::part_log(),
    }
}

/// The least role that sees a part; the API asks for the same.
pub const fn least(part: Part) -> Role {
    match part {
        Part::Members => Role::Support,
        Part::Access | Part::Billing | Part::Keys | Part::Log => Role::Admin,
    }
}

/// A role in a word.
pub fn role(role: Role) -> String {
    match role {
        Role::Support => t::role_name_support(),
        Role::Analyst => t::role_name_analyst(),
        Role::Editor => t::role_name_editor(),
        Role::Admin => t::role_name_admin(),
        Role::Owner => t::role_name_owner(),
    }
}

/// What somebody of a role may do, in a sentence about them.
pub fn role_may(role: Role) -> String {
    match role {
        Role::Support => t::role_may_support(),
        Role::Analyst => t::role_may_analyst(),
        Role::Editor => t::role_may_editor(),
        Role::Admin => t::role_may_admin(),
        Role::Owner => t::role_may_owner(),
    }
}

/// What a key of a role may do: the same as a person, but for who works here.
pub fn key_may(role: Role) -> String {
    match role {
        Role::Admin | Role::Owner => t::api_key_may_admin(),
        other => role_may(other),
    }
}

/// What one's own role lets one do, in a sentence to the reader.
pub fn own_role(role: Role) -> String {
    match role {
        Role::Support => t::role_support(),
        Role::Analyst => t::role_analyst(),
        Role::Editor => t::role_editor(),
        Role::Admin => t::role_admin(),
        Role::Owner => t::role_owner(),
    }
}

/// Why the team stays as it is. A code of a newer server is told in its own words.
pub fn refused(refusal: &Refusal) -> String {
    match (refusal.code.as_str(), refusal.field.as_str()) {
        ("above_own", _) => t::refused_above(),
        ("last_owner", _) => t::refused_owner(),
        ("member", _) => t::refused_member(),
        ("off", _) => t::refused_hook_off(),
        ("invalid", "host") => t::mailer_bad_host(),
        ("invalid", "port") => t::mailer_port_wrong(),
        ("invalid", "security") => t::mailer_bad_security(),
        ("invalid", "password") => t::mailer_password_wrong(),
        ("invalid", "sender") => t::settings_email_wrong(),
        ("invalid", "warmFirst") => t::mailer_warm_wrong(),
        ("too_many_servers", _) => t::mailer_many(),
        ("invalid", "url") => t::refused_hook_url(),
        ("invalid", "description") => t::refused_hook_name(),
        ("invalid", "kinds") => t::webhook_kinds_wrong(),
        ("too_many_endpoints", _) => t::refused_hooks_many(),
        ("too_many", "storeId") => t::journeys_many(),
        ("too_many", _) => t::refused_many(),
        ("too_often", _) => t::refused_often(),
        ("not_found", "agencyId") => t::access_agency_unknown(),
        ("not_found", "storeId") => t::access_store_unknown(),
        ("not_found" | "not_open", _) | ("outdated", "terms") => t::refused_gone(),
        ("unreachable", _) => t::billing_unreachable(),
        ("outdated", _) => t::roll_out_outdated(),
        ("forbidden", _) => t::many_forbidden(),
        ("invalid", "endsAt") => t::api_key_end_wrong(),
        ("invalid", "storeId") => t::access_full(),
        ("invalid", "email") => t::settings_email_wrong(),
        // The console has judged the name by the same rule; what is left is that there are too many.
        ("invalid", "name") => t::api_key_too_many(),
        ("invalid", "expiresAt") => t::api_key_end_wrong(),
        _ => refusal.message.clone(),
    }
}

/// A role in a word; of a member without one in all stores, that it is said store by store.
pub fn role_or_none(role_word: Option<&str>) -> String {
    role_word.map_or_else(t::member_single, |word| role(crate::graphql::role(word)))
}
