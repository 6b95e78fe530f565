//! What Amazon SES tells of mail (<https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html> and
//! `event-publishing-retrieving-sns-contents.html`): both forms, by identity and by configuration set.

use super::{Told, What};
use crate::channels::email::mark::HEADER;
use cartwheel_domain::mail::Bounce;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Event {
    #[serde(alias = "eventType", rename = "notificationType")]
    kind: String,
    mail: Mail,
    #[serde(default)]
    bounce: Option<Returned>,
    #[serde(default)]
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
struct Mail {
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Returned {
    #[serde(default)]
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    #[serde(default)]
    status: String,
    #[serde(default)]
    diagnostic_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complaint_feedback_type: Option<String>,
}

/// What one notification tells, if anything.
pub fn read(text: &str) -> Option<Told> {
    let event: Event = serde_json::from_str(text).ok()?;
    let header = event.mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case(HEADER));
    let tag = event.mail.tags.get("cartwheel").and_then(|values| values.first());
    let reference = header.map(|header| &header.value).or(tag)?.trim().to_owned();
    let what = match event.kind.as_str() {
        "Delivery" => What::Delivered,
        "Bounce" => bounce(&event.bounce?)?,
        "Complaint" => match event.complaint?.complaint_feedback_type.as_deref() {
            // Most mailbox providers name no type.
            None | Some("abuse" | "fraud" | "other") => What::Complained,
            Some(_) => return None,
        },
        _ => return None,
    };
    Some(Told { reference, what })
}

fn bounce(bounce: &Returned) -> Option<What> {
    let first = bounce.bounced_recipients.first();
    let said = first.map_or_else(String::new, |it| format!("{} {}", it.status, it.diagnostic_code));
    match bounce.bounce_type.as_str() {
        "Permanent" => Some(What::Bounced(Bounce::Hard, said)),
        // "Transient, General" without a word of a server is how SES tells of absence notes.
        "Transient"
            if bounce.bounce_sub_type == "General"
                && first.is_none_or(|it| it.diagnostic_code.is_empty()) =>
        {
            None
        }
        "Transient" => Some(What::Bounced(Bounce::Soft, said)),
        // "Undetermined": SES itself does not know.
        _ => None,
    }
}
