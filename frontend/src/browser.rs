//! What the browser offers, in one place. On the host, where components only render to strings, it offers nothing.

use wasm_bindgen_futures::JsFuture;

/// The current time in epoch milliseconds; 0 on the host.
pub fn now() -> i64 {
    if cfg!(target_arch = "wasm32") { js_sys::Date::now() as i64 } else { 0 }
}

/// The window, in a browser.
pub fn window() -> Option<web_sys::Window> {
    if cfg!(target_arch = "wasm32") { web_sys::window() } else { None }
}

/// The document, in a browser.
pub fn document() -> Option<web_sys::Document> {
    window()?.document()
}

/// Reads a stored choice. Storage may be forbidden, which is the same as nothing stored.
pub fn stored(key: &str) -> Option<String> {
    window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Stores a choice, or removes it.
pub fn store(key: &str, value: Option<&str>) {
    if let Some(Ok(Some(storage))) = window().map(|window| window.local_storage()) {
        // A full or forbidden store means that the choice lasts until the page is left.
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

/// Moves the keyboard to the element with this id.
pub fn focus(id: &str) {
    use wasm_bindgen::JsCast as _;
    let element = document().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        // An element that cannot take focus stays as it is.
        let _ = element.focus();
    }
}

/// Whether the keyboard is at the element with this id.
pub fn is_at(id: &str) -> bool {
    document().and_then(|document| document.active_element()).is_some_and(|element| element.id() == id)
}

/// Reads a file of this server; `None` when it does not come.
pub async fn read(path: &str) -> Option<String> {
    use wasm_bindgen::JsCast as _;
    let response = JsFuture::from(window()?.fetch_with_str(path)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

/// Loads the console anew at the address one is at.
pub fn reload() {
    if let Some(window) = window() {
        // Refused only while another page is on its way, which is as good.
        let _ = window.location().reload();
    }
}

/// Puts text on the clipboard; says whether the browser has one to offer.
pub fn copy(text: &str) -> bool {
    let Some(window) = window().filter(web_sys::Window::is_secure_context) else { return false };
    // The promise settles on its own; a refusal would need a permission the page was not given.
    drop(window.navigator().clipboard().write_text(text));
    true
}

/// The languages the person reads, best first.
pub fn languages() -> Vec<String> {
    let Some(window) = window() else { return Vec::new() };
    window.navigator().languages().iter().filter_map(|language| language.as_string()).collect()
}

/// The zone the person is in, such as `Europe/Zurich`; the world's own on the host.
pub fn zone() -> String {
    if !cfg!(target_arch = "wasm32") {
        return "UTC".to_owned();
    }
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &"timeZone".into());
    zone.ok().and_then(|zone| zone.as_string()).unwrap_or_else(|| "UTC".to_owned())
}

/// Whether the keyboard has a command key, so that the shortcut is written as people know it.
pub fn is_mac() -> bool {
    window().and_then(|window| window.navigator().platform().ok()).is_some_and(|name| name.starts_with("Mac"))
}

/// Runs `work` after `delay` milliseconds; nothing happens on the host.
pub fn after(delay: u32, work: impl FnOnce() + 'static) {
    if cfg!(target_arch = "wasm32") {
        leptos::prelude::set_timeout(work, std::time::Duration::from_millis(delay.into()));
    }
}

/// The last moment of a day such as `2027-12-31` where the reader is; on the host, in UTC.
pub fn end_of_day(day: &str) -> Option<i64> {
    let utc = cartwheel_domain::time::parse_rfc3339(&format!("{day}T23:59:59Z"))?;
    if !cfg!(target_arch = "wasm32") {
        return Some(utc);
    }
    // Without a zone the browser reads it in the reader's own.
    let local = js_sys::Date::parse(&format!("{day}T23:59:59"));
    local.is_finite().then_some(local as i64)
}

/// Leaves for another address and begins the console anew.
pub fn leave_to(address: &str) {
    if let Some(window) = window() {
        // An address of our own is not refused.
        let _ = window.location().assign(address);
    }
}

/// Takes what stands behind the `#` out of the address, if it begins so.
pub fn take_hash(prefix: &str) -> Option<String> {
    let window = window()?;
    let hash = window.location().hash().ok()?;
    let taken = hash.strip_prefix('#')?.strip_prefix(prefix)?.to_owned();
    let path = window.location().pathname().ok()?;
    // It is read once; a reload is none of its business.
    let _ = window.history().ok()?.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&path));
    Some(taken)
}
