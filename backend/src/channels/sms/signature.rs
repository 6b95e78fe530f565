//! Twilio's signature of what it sends us (<https://www.twilio.com/docs/usage/security>): HMAC-SHA1 under the account's auth token over
//! the exact address followed by the fields of the form, each name with its value, in the order of names.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;

fn signed(url: &str, fields: &[(String, String)]) -> Vec<u8> {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    // A field that stands there twice alike counts once, as in Twilio's own libraries.
    sorted.dedup();
    let mut text = url.as_bytes().to_vec();
    for (name, value) in sorted {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(value.as_bytes());
    }
    text
}

/// The value of `X-Twilio-Signature`.
pub fn sign(token: &str, url: &str, fields: &[(String, String)]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(&key, &signed(url, fields)).as_ref())
}

/// Whether a signature is genuine; compared in constant time.
pub fn genuine(token: &str, url: &str, fields: &[(String, String)], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature.trim()) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    hmac::verify(&key, &signed(url, fields), &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Twilio's documentation.
    #[test]
    fn the_published_example_comes_out() {
        let fields: Vec<_> = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .to_vec();
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let made = sign("12345", url, &fields);
        assert_eq!(made, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert!(genuine("12345", url, &fields, &made));
        for (token, url, change) in [
            ("12346", url, None),
            ("12345", "https://mycompany.com/myapp.php?foo=1", None),
            ("12345", url, Some(("Digits", "1235"))),
        ] {
            let mut fields = fields.clone();
            for (name, value) in &mut fields {
                if let Some((changed, to)) = change.filter(|(changed, _)| changed == name) {
                    assert_eq!(changed, name);
                    *value = to.to_owned();
                }
            }
            assert!(!genuine(token, url, &fields, &made));
        }
        for bad in ["", "=", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "Zm9v"] {
            assert!(!genuine("12345", url, &fields, bad), "{bad}");
        }
    }
}
