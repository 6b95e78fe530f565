use leptos::prelude::*;

use super::*;
use crate::api::{Fault, FaultKind};
use crate::i18n::{Lang, install};

fn drawn(view: impl FnOnce() -> AnyView) -> String {
    assert!(install(Lang::En, include_str!("../../lang/en.json")));
    Owner::new().with(|| view().to_html())
}

#[test]
fn a_field_ties_its_fault_to_itself() {
    let html = drawn(|| {
        let error = Signal::derive(|| Some("Too short.".to_owned()));
        view! { <Field id="name" label="Name" value=RwSignal::new(String::new()) hint="A hint" error=error /> }.into_any()
    });
    assert!(html.contains("for=\"name\"") && html.contains("aria-invalid=\"true\""), "{html}");
    assert!(html.contains("aria-describedby=\"name-error\"") && html.contains("id=\"name-error\""), "{html}");
    assert!(!html.contains("A hint"), "the fault stands in place of the hint: {html}");
}

#[test]
fn a_fault_gives_its_request_and_another_attempt() {
    let broken = Fault {
        kind: FaultKind::Server,
        detail: "secret inner text".to_owned(),
        request_id: Some("req_7".to_owned()),
    };
    let html = drawn(move || fault(&broken, Some(Callback::new(|()| ()))));
    assert!(html.contains("req_7") && html.contains("role=\"alert\"") && html.contains("<button"), "{html}");
    assert!(!html.contains("secret"), "inner text is not shown: {html}");
}

#[test]
fn a_meaning_is_never_carried_by_colour_alone() {
    for tone in [Tone::Neutral, Tone::Quiet, Tone::Positive, Tone::Negative, Tone::Caution, Tone::Information]
    {
        let html = drawn(move || badge(tone, None, "Word".to_owned()));
        assert!(html.contains("Word") && html.contains("badge__dot"), "{html}");
    }
}

#[test]
fn a_switch_tells_its_state() {
    let html = drawn(|| view! { <Switch label="Journey" on=true on_flip=|_| () /> }.into_any());
    assert!(html.contains("role=\"switch\"") && html.contains("aria-checked=\"true\""), "{html}");
}

#[test]
fn a_chart_has_a_table_behind_it() {
    let html = drawn(|| {
        let point = |at: i64, value: f64| ChartPoint { at, value, shown: format!("{value} EUR"), band: None };
        let axis: fn(f64, &str) -> String = |value, unit| format!("{value} {unit}");
        view! { <Chart title="Revenue" points=vec![point(1, 10.0), point(2, 30.0)] axis=axis unit="EUR" /> }
            .into_any()
    });
    assert!(html.contains("<table") && html.contains("30 EUR") && html.contains("<caption"), "{html}");
    assert!(html.contains("tabindex=\"0\""), "the keyboard reaches the drawing: {html}");
}

#[test]
fn no_part_uses_style_text() {
    // The content policy blocks `style="…"` in the page's own text; `style:name` sets a property and is let through.
    let mut files = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let attribute = [" style", "="].concat();
            assert!(!text.contains(&format!("{attribute}\"")), "{} sets style text", path.display());
        }
    }
}
