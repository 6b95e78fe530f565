//! A moment as a distance from now, with the exact time behind it. The distance is kept true while the page stands.

use leptos::prelude::*;

use crate::browser;
use crate::i18n::format;

/// The current minute, shared by everything that shows a distance in time.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<i64>);

impl Clock {
    /// Starts the clock and offers it to everything below.
    pub fn provide() {
        let clock = Self(RwSignal::new(browser::now()));
        provide_context(clock);
        if cfg!(target_arch = "wasm32") {
            let tick = move || clock.0.set(browser::now());
            let ticking = set_interval_with_handle(tick, std::time::Duration::from_secs(20));
            on_cleanup(move || {
                if let Ok(ticking) = ticking {
                    ticking.clear();
                }
            });
        }
    }

    /// Epoch milliseconds, read again as time goes on.
    pub fn now(self) -> i64 {
        // Reading also the real time keeps a moment that has just been made from lying in the future.
        self.0.get().max(browser::now())
    }
}

/// The clock of the page.
pub fn use_clock() -> Clock {
    use_context().unwrap_or_else(|| Clock(RwSignal::new(browser::now())))
}

/// A moment in epoch milliseconds.
pub fn moment(millis: i64) -> AnyView {
    let clock = use_clock();
    view! {
        <time datetime=iso(millis) title=format::exact(millis)>{move || format::relative(millis, clock.now())}</time>
    }
    .into_any()
}

/// RFC 3339 in UTC, for machines that read the page.
fn iso(millis: i64) -> String {
    if cfg!(target_arch = "wasm32") {
        let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(millis as f64));
        date.to_iso_string().into()
    } else {
        millis.to_string()
    }
}
