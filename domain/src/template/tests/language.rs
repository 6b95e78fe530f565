//! What is ours beyond Shopify's Liquid; the rest is compared in `tests/liquid_golden.rs`.

use super::{html, render_as, text};
use crate::template::{OutputContext, Value};
use serde_json::json;

#[test]
fn pluralize_follows_the_language() {
    for (language, n, word) in [
        ("en", 0, "items"),
        ("en", 1, "item"),
        ("en", 2, "items"),
        ("fr", 0, "item"),
        ("fr", 1, "item"),
        ("fr", 2, "items"),
        ("de", 0, "items"),
        ("it", 0, "items"),
    ] {
        let data = json!({ "language": language, "n": n });
        assert_eq!(text("{{ n | pluralize: 'item', 'items' }}", data), word, "{language} {n}");
    }
}

#[test]
fn amounts_show_in_the_readers_form() {
    let data = |locale: &str| json!({ "locale": locale, "total": { "minor": 123_450, "currency": "EUR" } });
    assert_eq!(text("{{ total | money }}", data("de")), "1.234,50\u{a0}€");
    assert_eq!(text("{{ total | money }}", data("en")), "€1,234.50");
    assert_eq!(text("{{ total }}", data("de")), "1.234,50\u{a0}€", "an amount needs no filter");
    let amount = json!({ "language": "fr", "p": { "amount": 500, "currency": "CHF" } });
    assert_eq!(text("{{ p | money }}", amount), "5,00\u{a0}CHF");
    assert_eq!(text("[{{ nothing | money }}]", json!({})), "[]");
}

#[test]
fn objects_without_an_amount_show_as_nothing() {
    assert_eq!(text("[{{ o }}]", json!({ "o": { "secret": 1 } })), "[]");
    assert_eq!(text("[{{ o }}]", json!({ "o": { "minor": 1, "currency": "NOPE" } })), "[]");
}

#[test]
fn loops_continue_where_the_last_one_stopped() {
    let data = json!({ "l": [1, 2, 3, 4, 5] });
    let source = "{% for i in l limit: 2 %}{{ i }}{% endfor %}|{% for i in l limit: 2 offset: continue %}{{ i }}{% endfor %}|\
        {% for i in l offset: continue %}{{ i }}{% endfor %}";
    assert_eq!(text(source, data), "12|34|5");
}

#[test]
fn one_line_has_no_control_characters() {
    let data = json!({ "name": "Ann\r\nBcc: x@y\u{0}\u{2028}z" });
    let line = render_as("  Hi\n{{ name }}  ", data, OutputContext::Line).expect("renders");
    assert_eq!(line, "Hi Ann Bcc: x@y z");
}

#[test]
fn a_no_break_space_survives_in_a_line() {
    let data = json!({ "language": "de", "t": { "minor": 500, "currency": "EUR" } });
    assert_eq!(render_as("{{ t }}", data, OutputContext::Line).expect("renders"), "5,00\u{a0}€");
}

#[test]
fn captured_markup_is_written_as_it_is_and_its_values_are_escaped() {
    let source = "{% capture b %}<b>{{ name }}</b>{% endcapture %}{{ b }}{{ b | raw }}";
    assert_eq!(html(source, json!({ "name": "<i>" })), "<b>&lt;i&gt;</b><b>&lt;i&gt;</b>");
}

#[test]
fn raw_trusts_only_what_the_system_made() {
    assert_eq!(html("{{ name | raw }}", json!({ "name": "<script>" })), "&lt;script&gt;");
    let context = Value::default().with("block", Value::trusted_html("<hr>"));
    let template = crate::template::Template::parse("{{ block | raw }}{{ block }}").expect("parses");
    let out = template.render(&context, &Default::default(), OutputContext::Html).expect("renders");
    assert_eq!(out, "<hr><hr>");
}
