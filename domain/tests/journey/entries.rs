//! Re-entry, cool-down and the frequency cap.

use crate::build::*;
use cartwheel_domain::{
    event::CartKind,
    ids::CartId,
    journey::{Definition, FrequencyCap, NoEntry, PastEntries, admit},
    time::{DAY, HOUR, SECOND},
};
use serde_json::json;

fn asked(def: &Definition, past: PastEntries) -> Result<String, NoEntry> {
    admit(def, CartId(uuid(5)), &facts(), past, T0).map(|e| e.entry_key)
}

fn journey(re_entry: serde_json::Value) -> Definition {
    graph(
        json!({"start": {"type": "trigger", "on": ["cart"], "re_entry": re_entry, "next": "end"}, "end": exit()}),
    )
}

fn past(of_cart: u32, ago: i64) -> PastEntries {
    PastEntries { of_cart, running: false, last_of_cart: Some(T0 - ago), last_of_contact: Some(T0 - ago) }
}

#[test]
fn once_for_each_cart() {
    let def = journey(json!({"rule": "once"}));
    let cart = CartId(uuid(5));
    assert_eq!(asked(&def, PastEntries::default()), Ok(format!("{cart}#0")));
    assert_eq!(asked(&def, past(1, 9 * DAY)), Err(NoEntry::AlreadyIn { times: 1 }));
}

#[test]
fn again_after_a_time_and_so_often() {
    let def = journey(json!({"rule": "again", "after_seconds": 3600, "at_most": 3}));
    let cart = CartId(uuid(5));
    assert_eq!(asked(&def, past(1, HOUR)), Ok(format!("{cart}#1")));
    assert_eq!(asked(&def, past(2, HOUR - 1)), Err(NoEntry::TooSoon { free_at: T0 + 1 }));
    assert_eq!(asked(&def, past(3, DAY)), Err(NoEntry::AlreadyIn { times: 3 }));
}

#[test]
fn never_beside_a_run_that_is_not_over() {
    for rule in [json!({"rule": "once"}), json!({"rule": "again", "after_seconds": 0, "at_most": 9})] {
        let running = PastEntries { running: true, ..past(1, DAY) };
        assert_eq!(asked(&journey(rule), running), Err(NoEntry::StillIn));
    }
}

#[test]
fn the_default_journey_takes_a_cart_three_times() {
    let def = cartwheel_domain::journey::default_recovery_journey();
    assert!(asked(&def, past(2, 1)).is_ok());
    assert_eq!(asked(&def, past(3, 9 * DAY)), Err(NoEntry::AlreadyIn { times: 3 }));
}

#[test]
fn cool_down_is_the_contacts() {
    let mut def = journey(json!({"rule": "once"}));
    def.settings.cool_down_seconds = 86_400;
    let other_cart = PastEntries { last_of_contact: Some(T0 - HOUR), ..PastEntries::default() };
    assert_eq!(asked(&def, other_cart), Err(NoEntry::CoolDown { free_at: T0 + 23 * HOUR }));
    assert!(asked(&def, PastEntries { last_of_contact: Some(T0 - DAY), ..other_cart }).is_ok());
}

#[test]
fn kind_marks_and_filter() {
    let mut def = journey(json!({"rule": "once"}));
    let ask = |def: &Definition, f| {
        admit(def, CartId(uuid(5)), &f, PastEntries::default(), T0).map_err(|e| e.as_str())
    };
    let mut quote = facts();
    quote.cart.kind = CartKind::Quote;
    assert_eq!(ask(&def, quote).map(|_| ()), Err("other_kind"));
    let mut bot = facts();
    bot.cart.excluded = true;
    assert_eq!(ask(&def, bot).map(|_| ()), Err("excluded"));
    def = graph(
        json!({"start": {"type": "trigger", "on": ["cart"], "filter": {"test": "has_phone"}, "next": "end"}, "end": exit()}),
    );
    assert_eq!(ask(&def, facts()).map(|_| ()), Err("filtered"));
}

#[test]
fn the_cap_is_the_schedulers() {
    let cap = FrequencyCap { messages: 2, window_seconds: 10 }.cap();
    assert_eq!((cap.max, cap.window), (2, 10 * SECOND));
}
