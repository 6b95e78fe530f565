//! What a mail carries so that what comes back finds it: a signed reference, in the return path where there is one, in a header of ours,
//! and in the header by which its provider gives it back.

use cartwheel_domain::mail::Service;

/// Our own header; in complaints (RFC 5965) it comes back with the mail itself.
pub const HEADER: &str = "X-Cartwheel-Ref";

/// What one mail is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The signed reference.
    pub reference: String,
    /// Domain of the return path; `None`: the address in From.
    pub return_domain: Option<String>,
    /// Whose header carries it.
    pub service: Service,
}

impl Mark {
    /// The address that is told when the mail cannot be delivered.
    pub fn return_path(&self) -> Option<String> {
        let domain = self.return_domain.as_ref()?;
        Some(format!("b+{}@{domain}", self.reference))
    }

    /// Headers that carry the reference.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let own = (HEADER, self.reference.clone());
        let provider = match self.service {
            Service::Smtp => None,
            Service::Ses => Some(("X-SES-MESSAGE-TAGS", format!("cartwheel={}", self.reference))),
            Service::Postmark => Some(("X-PM-Metadata-cartwheel", self.reference.clone())),
            Service::Sendgrid => {
                Some(("X-SMTPAPI", format!("{{\"unique_args\":{{\"cartwheel\":\"{}\"}}}}", self.reference)))
            }
        };
        std::iter::once(own).chain(provider).collect()
    }
}
