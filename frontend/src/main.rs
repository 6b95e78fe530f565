//! Starts the console in the page.

fn main() {
    if cfg!(target_arch = "wasm32") {
        leptos::mount::mount_to_body(cartwheel_frontend::app::App);
    }
}
