//! What went wrong with a request, in terms a person can act on.

use serde_json::Value;

use crate::i18n::t;

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The server was not reached.
    Network,
    /// Nobody is signed in any more.
    SignedOut,
    /// There is no such thing, or it belongs to somebody else.
    NotFound,
    /// The rights of the person do not suffice.
    Forbidden,
    /// Too many requests.
    Busy,
    /// The code of a page did not arrive.
    Page,
    /// The server refused the input and says why.
    Refused,
    /// Anything else: a fault of ours.
    Server,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// The server's own words, if it gave any that help.
    pub detail: String,
    /// The number to quote to support.
    pub request_id: Option<String>,
}

impl Fault {
    /// A fault of this kind, without words.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, detail: String::new(), request_id: None }
    }

    /// The server was not reached.
    pub fn network() -> Self {
        Self::new(FaultKind::Network)
    }

    /// The answer was not what the contract says.
    pub fn unreadable(detail: String) -> Self {
        Self { kind: FaultKind::Server, detail, request_id: None }
    }

    /// From an HTTP status that is no success.
    pub fn from_status(status: u16, request_id: Option<String>) -> Self {
        let kind = match status {
            401 => FaultKind::SignedOut,
            403 => FaultKind::Forbidden,
            404 => FaultKind::NotFound,
            429 => FaultKind::Busy,
            400 | 413 | 422 => FaultKind::Refused,
            _ => FaultKind::Server,
        };
        Self { kind, detail: String::new(), request_id }
    }

    /// From the `errors` of a GraphQL answer.
    pub fn from_errors(errors: &Value, request_id: Option<String>) -> Self {
        let first = &errors[0];
        let extension = |name: &str| first["extensions"][name].as_str().map(str::to_owned);
        let code = extension("code").unwrap_or_default();
        let kind = match code.to_ascii_uppercase().as_str() {
            "UNAUTHENTICATED" | "UNAUTHORIZED" | "SIGNED_OUT" => FaultKind::SignedOut,
            "FORBIDDEN" => FaultKind::Forbidden,
            "NOT_FOUND" => FaultKind::NotFound,
            "RATE_LIMITED" | "BUSY" => FaultKind::Busy,
            "BAD_INPUT" | "BAD_USER_INPUT" | "REFUSED" | "INVALID" => FaultKind::Refused,
            _ => FaultKind::Server,
        };
        let detail = first["message"].as_str().unwrap_or_default().to_owned();
        let request_id = extension("requestId").or_else(|| extension("request_id")).or(request_id);
        Self { kind, detail, request_id }
    }

    /// What happened, in the reader's language.
    pub fn title(&self) -> String {
        match self.kind {
            FaultKind::Network => t::fault_network(),
            FaultKind::SignedOut => t::fault_signed_out(),
            FaultKind::NotFound => t::fault_not_found(),
            FaultKind::Forbidden => t::fault_forbidden(),
            FaultKind::Busy => t::fault_busy(),
            FaultKind::Page => t::fault_page(),
            FaultKind::Refused => t::fault_refused(),
            FaultKind::Server => t::fault_server(),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self.kind {
            FaultKind::Network => t::fault_network_advice(),
            FaultKind::SignedOut => t::fault_signed_out_advice(),
            FaultKind::NotFound => t::fault_not_found_advice(),
            FaultKind::Forbidden => t::fault_forbidden_advice(),
            FaultKind::Busy => t::fault_busy_advice(),
            FaultKind::Page => t::fault_page_advice(),
            FaultKind::Refused if !self.detail.is_empty() => self.detail.clone(),
            FaultKind::Refused => t::fault_refused_advice(),
            FaultKind::Server => t::fault_server_advice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graphql_error_is_read_by_its_code() {
        let errors = serde_json::json!([{ "message": "no such cart", "extensions": { "code": "NOT_FOUND", "requestId": "req_1" } }]);
        let fault = Fault::from_errors(&errors, Some("header".to_owned()));
        assert_eq!((fault.kind, fault.request_id.as_deref()), (FaultKind::NotFound, Some("req_1")));
    }

    #[test]
    fn without_a_code_it_is_ours_and_keeps_the_request() {
        let fault =
            Fault::from_errors(&serde_json::json!([{ "message": "internal" }]), Some("req_2".to_owned()));
        assert_eq!((fault.kind, fault.request_id.as_deref()), (FaultKind::Server, Some("req_2")));
    }

    #[test]
    fn a_status_tells_its_kind() {
        assert_eq!(Fault::from_status(401, None).kind, FaultKind::SignedOut);
        assert_eq!(Fault::from_status(429, None).kind, FaultKind::Busy);
        assert_eq!(Fault::from_status(503, None).kind, FaultKind::Server);
    }
}
