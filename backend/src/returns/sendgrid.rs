//! What SendGrid tells of mail (<https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event>), signed by ECDSA on P-256
//! over the time and the body as it came.

use super::{Told, What};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::mail::{Bounce, classify};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;

/// Header of the signature.
pub const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
/// Header of the time.
pub const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";
/// What stands before the point in the key as it is shown: an elliptic curve key on P-256 (RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Whether SendGrid sent this.
pub fn genuine(key: &str, signature: &str, timestamp: &str, body: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (STANDARD.decode(key), STANDARD.decode(signature)) else { return false };
    let Some(point) = key.strip_prefix(&P256) else { return false };
    let mut signed = timestamp.as_bytes().to_vec();
    signed.extend_from_slice(body);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&signed, &signature).is_ok()
}

#[derive(Deserialize)]
struct Event {
    event: String,
    #[serde(default)]
    cartwheel: Option<String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    reason: String,
}

/// What a list of events tells; an event that cannot be read is left out. `None` for what is no list.
pub fn read(bytes: &[u8]) -> Option<Vec<Told>> {
    let all: Vec<serde_json::Value> = serde_json::from_slice(bytes).ok()?;
    let events = all.into_iter().filter_map(|one| serde_json::from_value::<Event>(one).ok());
    Some(events.filter_map(one).collect())
}

fn one(event: Event) -> Option<Told> {
    let reference = event.cartwheel?.trim().to_owned();
    let what = match (event.event.as_str(), event.kind.as_str()) {
        ("delivered", _) => What::Delivered,
        ("spamreport", _) => What::Complained,
        ("bounce", "blocked") => What::Bounced(Bounce::Soft, event.reason),
        ("bounce", _) => What::Bounced(classify(&event.status, &event.reason), event.reason),
        // SendGrid's own list of noes: it did not even try.
        ("dropped", _) if event.reason == "Bounced Address" => What::Bounced(Bounce::Hard, event.reason),
        ("dropped", _) if event.reason == "Spam Reporting Address" => What::Complained,
        _ => return None,
    };
    Some(Told { reference, what })
}
