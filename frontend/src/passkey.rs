//! Passkeys, as the browser has them (WebAuthn). Binary values travel as base64url in JSON, which browsers read and write by
//! themselves (Web Authentication Level 3, `parseCreationOptionsFromJSON`, `toJSON`).

use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::browser;

/// Why a browser made or showed no passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unshown {
    /// The person thought better of it, or has none: browsers do not say which.
    Declined,
    /// The device has one of this account already.
    Known,
}

fn get(of: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(of, &name.into())
}

fn call(of: &JsValue, name: &str, with: &JsValue) -> Result<JsValue, JsValue> {
    get(of, name)?.dyn_into::<Function>()?.call1(of, with)
}

fn maker() -> Result<JsValue, JsValue> {
    let window: JsValue = browser::window().ok_or(JsValue::NULL)?.into();
    get(&window, "PublicKeyCredential")
}

/// Whether the browser has passkeys and reads what it is asked as JSON.
pub fn offered() -> bool {
    let reads = maker().and_then(|it| get(&it, "parseRequestOptionsFromJSON"));
    reads.is_ok_and(|it| it.is_function())
}

async fn ask(doing: &str, read: &str, options: &str) -> Result<String, JsValue> {
    let options = get(&JSON::parse(options)?, "publicKey")?;
    let asked = Object::new();
    Reflect::set(&asked, &"publicKey".into(), &call(&maker()?, read, &options)?)?;
    let navigator = browser::window().ok_or(JsValue::NULL)?.navigator();
    let keys = get(&navigator, "credentials")?;
    let shown = JsFuture::from(call(&keys, doing, &asked)?.dyn_into::<Promise>()?).await?;
    JSON::stringify(&shown)?.as_string().ok_or(JsValue::NULL)
}

fn unshown(fault: &JsValue) -> Unshown {
    match get(fault, "name").ok().and_then(|name| name.as_string()).as_deref() {
        Some("InvalidStateError") => Unshown::Known,
        _ => Unshown::Declined,
    }
}

/// Has the browser make a passkey; what it says of it, JSON.
///
/// # Errors
/// [`Unshown`].
pub async fn make(options: &str) -> Result<String, Unshown> {
    ask("create", "parseCreationOptionsFromJSON", options).await.map_err(|fault| unshown(&fault))
}

/// Has a passkey sign; what it says, JSON.
///
/// # Errors
/// [`Unshown`].
pub async fn sign(options: &str) -> Result<String, Unshown> {
    ask("get", "parseRequestOptionsFromJSON", options).await.map_err(|fault| unshown(&fault))
}
