//! What Postmark tells of mail (<https://postmarkapp.com/developer/webhooks/webhooks-overview>). Postmark signs nothing; its address is a
//! secret, and the reference it gives back is signed by us.

use super::{Told, What};
use cartwheel_domain::mail::Bounce;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    record_type: String,
    #[serde(default, rename = "Type")]
    kind: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// What one record tells, if anything.
pub fn read(bytes: &[u8]) -> Option<Told> {
    let record: Record = serde_json::from_slice(bytes).ok()?;
    let reference = record.metadata.get("cartwheel")?.trim().to_owned();
    let said = if record.details.is_empty() { &record.description } else { &record.details };
    let what = match (record.record_type.as_str(), record.kind.as_str()) {
        ("Delivery", _) => What::Delivered,
        ("SpamComplaint", _) | ("Bounce", "SpamComplaint") => What::Complained,
        ("Bounce", "HardBounce" | "BadEmailAddress") => What::Bounced(Bounce::Hard, said.clone()),
        (
            "Bounce",
            "SoftBounce" | "DnsError" | "Blocked" | "SpamNotification" | "DMARCPolicy" | "VirusNotification"
            | "Undeliverable",
        ) => What::Bounced(Bounce::Soft, said.clone()),
        // "Transient" is tried again; absence notes, subscriptions and changes of address are no bounces.
        _ => return None,
    };
    Some(Told { reference, what })
}
