//! A device with a passkey, as a browser shows it: ES256, no attestation (Web Authentication Level 2, sections 6 and 7).

use crate::clock::blinding;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

/// The person was there and showed who they are.
pub const VERIFIED: u8 = 0x05;
/// The person was there; that it was they is not said.
pub const PRESENT: u8 = 0x01;

/// A device with one key.
pub struct Device {
    pair: EcdsaKeyPair,
    /// By which the key is named.
    pub id: Vec<u8>,
    /// Whose it was made for.
    pub user: Vec<u8>,
    /// How often it has signed; stays 0 on devices that do not count.
    pub counter: u32,
    /// What it says of the person.
    pub flags: u8,
    /// The page it is asked by.
    pub origin: String,
    /// Whom it signs for.
    pub rp: String,
}

fn text(of: &Value) -> String {
    of.as_str().expect("a text").to_owned()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Device {
    /// A device with a new key, asked by a page.
    ///
    /// # Panics
    /// When no key can be made.
    pub fn new(origin: &str, id: &[u8]) -> Self {
        let random = blinding();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("read again");
        let rp = origin.split("://").nth(1).expect("an origin").split(':').next().expect("a host").to_owned();
        Self {
            pair,
            id: id.to_vec(),
            user: Vec::new(),
            counter: 0,
            flags: VERIFIED,
            origin: origin.into(),
            rp,
        }
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = text(&options["publicKey"]["challenge"]);
        let said =
            json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        said.to_string().into_bytes()
    }

    fn authenticator(&self, flags: u8) -> Vec<u8> {
        let mut bytes = digest(&SHA256, self.rp.as_bytes()).as_ref().to_vec();
        bytes.push(flags);
        bytes.extend(self.counter.to_be_bytes());
        bytes
    }

    /// What `navigator.credentials.create` answers, JSON.
    ///
    /// # Panics
    /// When the options are none.
    pub fn make(&mut self, options: &Value) -> String {
        self.user = URL_SAFE_NO_PAD.decode(text(&options["publicKey"]["user"]["id"])).expect("base64url");
        let client = self.client("webauthn.create", options);
        let mut data = self.authenticator(self.flags | 0x40);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        // COSE (RFC 9053): kty EC2, alg ES256, crv P-256, x, y.
        let point = self.pair.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        object.extend(data);
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": { "attestationObject": base64(object), "clientDataJSON": base64(client), "transports": ["internal"] },
            "clientExtensionResults": {},
        })
        .to_string()
    }

    /// What `navigator.credentials.get` answers, JSON.
    ///
    /// # Panics
    /// When the options are none.
    pub fn sign(&self, options: &Value) -> Value {
        let client = self.client("webauthn.get", options);
        let data = self.authenticator(self.flags);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &client).as_ref());
        let signature = self.pair.sign(&blinding(), &signed).expect("signed");
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": {
                "authenticatorData": base64(data), "clientDataJSON": base64(client), "signature": base64(signature),
                "userHandle": base64(&self.user),
            },
            "clientExtensionResults": {},
        })
    }
}
