//! MJML in general: Liquid comes through untouched, mistakes have a place, size and depth are bounded.

use crate::templates::compile;
use cartwheel_domain::template::{Limits, OutputContext, Template, Value};
use proptest::prelude::*;
use serde_json::json;

fn body(inner: &str) -> String {
    format!("<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>")
}

fn html(mjml: &str) -> String {
    compile(mjml, "").unwrap_or_else(|e| panic!("{mjml}: {e}")).html
}

fn filled(mjml: &str, data: serde_json::Value) -> String {
    let template = Template::parse(&html(mjml)).expect("the compiled HTML is Liquid");
    template.render(&Value::from(data), &Limits::default(), OutputContext::Html).expect("renders")
}

#[test]
fn liquid_comes_through_untouched() {
    for liquid in [
        "{{ a.b }}",
        "{{ a | append: \"x\" | replace: 'y', \"<&>\" }}",
        "{% if a < b and c > 'd' %}{% endif %}",
        "{%- assign a = \"<b>\" -%}",
        "{% comment %}<mj-nothing>{% endcomment %}",
        "{% raw %}{{ <x> }}{% endraw %}",
        "{% # it's <fine> %}",
        "{% liquid\necho 'a < b'\n%}",
    ] {
        for place in [
            "<mj-text>{}</mj-text>",
            "<mj-text><p>a {} b</p></mj-text>",
            "<mj-table><tr>{}<td>x</td></tr></mj-table>",
            "<mj-button href=\"https://x.example\">{}</mj-button>",
            "<mj-raw>{}</mj-raw>",
        ] {
            let out = html(&body(&place.replace("{}", liquid)));
            assert_eq!(out.matches(liquid).count(), 1, "{liquid} in {place}: {out}");
            assert!(!out.contains("lq0q"), "a mark is left: {out}");
        }
    }
}

#[test]
fn liquid_in_attributes_and_styles() {
    let out = html(&body(
        "<mj-button href=\"{{ a | append: \"?x=1&y='2'\" }}\" background-color=\"{{ c }}\">go</mj-button>",
    ));
    assert!(out.contains("href=\"{{ a | append: \"?x=1&y='2'\" }}\""), "{out}");
    assert!(out.contains("{{ c }}"));
    let out = html(&body("<mj-text><p class=\"{% if a %}x{% endif %}\" title='{{ b }}'>t</p></mj-text>"));
    assert!(out.contains("class=\"{% if a %}x{% endif %}\" title=\"{{ b }}\""), "{out}");
    let between = compile(&body("<mj-text>\n<p {% if a %}class=\"x\"{% endif %}>t</p></mj-text>"), "")
        .expect_err("between");
    assert!(between.error.message.contains("between attributes"), "{between}");
    assert_eq!((between.error.line, between.error.column), (2, 4));
    let style = "<mjml><mj-head><mj-title>{{ t }}</mj-title><mj-preview>{{ p }}</mj-preview><mj-style>.a { color: {{ c }} }</mj-style>\
        </mj-head><mj-body><mj-section><mj-column><mj-text css-class=\"a\">x</mj-text></mj-column></mj-section></mj-body></mjml>";
    let out = html(style);
    assert!(
        out.contains("<title>{{ t }}</title>") && out.contains("{{ p }}") && out.contains("{{ c }}"),
        "{out}"
    );
}

#[test]
fn loops_may_stand_round_rows_and_sections() {
    let rows =
        body("<mj-table><tbody>{% for i in list %}<tr><td>{{ i }}</td></tr>{% endfor %}</tbody></mj-table>");
    let out = filled(&rows, json!({ "list": ["a", "<b>"] }));
    let bare = |html: &str| {
        html.split(" style=\"").map(|s| s.split_once('"').map_or(s, |(_, r)| r)).collect::<String>()
    };
    assert!(
        bare(&out[out.find("<tbody>{").unwrap_or(0)..]).contains("a</td></tr><tr><td>&lt;b&gt;</td></tr>"),
        "{out}"
    );
    let section = "<mj-section><mj-column><mj-text>{{ i }}!</mj-text></mj-column></mj-section>";
    let sections = format!("<mjml><mj-body>{{% for i in list %}}{section}{{% endfor %}}</mj-body></mjml>");
    let (one, three) =
        (filled(&sections, json!({ "list": [1] })), filled(&sections, json!({ "list": [1, 2, 3] })));
    assert!(three.contains("1!") && three.contains("2!") && three.contains("3!"));
    let count = |html: &str, what: &str| html.matches(what).count();
    for what in ["<table", "</table>", "<!--[if mso | IE]>", "<div", "</div>"] {
        let each = (count(&three, what) - count(&one, what)) / 2;
        assert_eq!(count(&three, what), count(&one, what) + 2 * each, "{what}");
    }
    assert_eq!(count(&three, "<table"), count(&three, "</table>"));
    assert_eq!(count(&three, "<!--[if"), count(&three, "<![endif]-->"));
}

#[test]
fn styles_are_inlined_and_media_queries_stay() {
    let mjml = "<mjml><mj-head><mj-style>.a div { letter-spacing: 7px; } @media (prefers-color-scheme: dark) { .a div { color: #fff !important; } }\
        </mj-style></mj-head><mj-body><mj-section><mj-column><mj-text css-class=\"a\">x</mj-text></mj-column></mj-section></mj-body></mjml>";
    let out = html(mjml);
    assert!(out.matches("letter-spacing: 7px").count() >= 2, "inlined beside the sheet: {out}");
    assert!(out.contains("prefers-color-scheme"));
    assert!(
        !out.contains("fonts.googleapis.com") && !out.contains("http://fonts"),
        "nothing is fetched from elsewhere"
    );
}

#[test]
fn mistakes_have_their_place_in_the_merchants_source() {
    for (mjml, line, column, part) in [
        ("", 1, 1, "a mail begins with `<mjml>`"),
        ("<html></html>", 1, 1, "`html` may not stand here"),
        ("<mjml>\n<mj-body>\n<mj-nope></mj-nope>", 2, 1, "`<mj-body>` is not closed"),
        (
            "<mjml>\n  <mj-body>\n    <mj-section>\n  </mj-body>\n</mjml>",
            3,
            5,
            "this `<mj-section>` is not closed",
        ),
        ("<mjml>\n<mj-body></mj-body></mj-body></mjml>", 2, 20, "`</mj-body>` closes nothing"),
        ("<mjml>\n<mj-foo></mj-foo></mjml>", 2, 1, "`mj-foo` may not stand here"),
        ("<mjml><mj-body>{{ a }}\n{% if b %}\n</mj-body></mjml>", 2, 1, "no `endif`"),
        ("<mjml><mj-head>{{ a | upcase }}<mj-x></mj-x></mj-head></mjml>", 1, 16, "may not stand here"),
        ("<mjml><mj-body><mj-include path=\"/etc/passwd\" /></mj-body></mjml>", 1, 17, "mj-include"),
    ] {
        let fault = compile(mjml, "").expect_err(mjml);
        assert_eq!(fault.field, "mjml");
        assert!(fault.error.message.contains(part), "{mjml}: {fault}");
        assert_eq!((fault.error.line, fault.error.column), (line, column), "{mjml}: {fault}");
    }
    let fault = compile(&body("<mj-text>x</mj-text>"), "a\n{{ b | nope }}").expect_err("text");
    assert_eq!((fault.field, fault.error.line, fault.error.column), ("text", 2, 8));
}

#[test]
fn a_bracket_behind_a_wide_character_is_only_text() {
    for wide in ["ü", "…", "🎉", "日本", "a…", "🎉a"] {
        let out =
            filled(&body(&format!("<mj-text>{wide}> {{{{ a }}}} {wide}>></mj-text>")), json!({ "a": "x" }));
        assert!(out.contains(&format!("{wide}&gt; x {wide}&gt;&gt;")), "{out}");
        let style = format!(
            "<mjml><mj-head><mj-style>/* {wide}*/ .{wide}> .b {{ color: red }}</mj-style></mj-head><mj-body></mj-body></mjml>"
        );
        assert!(html(&style).contains(".b"), "{wide}");
    }
    let fault = compile("<mjml><mj-head><mj-title>…> {{ a }}</mj-title>\n  <mj-y/></mj-head></mjml>", "")
        .expect_err("mj-y");
    assert_eq!((fault.error.line, fault.error.column), (2, 4), "the place is that of the source: {fault}");
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = body(&format!("<mj-text>{}x{}</mj-text>", "<div>".repeat(5_000), "</div>".repeat(5_000)));
    let fault = compile(&deep, "").expect_err("too deep");
    assert!(fault.error.message.contains("nested more than 100 deep"), "{fault}");
    assert!(
        compile(&body(&format!("<mj-text>{}x{}</mj-text>", "<div>".repeat(80), "</div>".repeat(80))), "")
            .is_ok()
    );
    let long = body(&format!("<mj-text>{}</mj-text>", "x".repeat(300_000)));
    assert!(compile(&long, "").expect_err("too long").error.message.contains("262144"));
    let wide = body(&"<mj-text>x</mj-text>".repeat(5_000));
    assert!(compile(&wide, "").expect_err("too long once compiled").error.message.contains("compiled"));
}

/// Pieces of MJML and Liquid.
const PIECES: [&str; 40] = [
    "<mjml>",
    "</mjml>",
    "<mj-head>",
    "</mj-head>",
    "<mj-body>",
    "</mj-body>",
    "<mj-section>",
    "</mj-section>",
    "<mj-column>",
    "</mj-column>",
    "<mj-text>",
    "</mj-text>",
    "<mj-table>",
    "</mj-table>",
    "<mj-raw>",
    "</mj-raw>",
    "<mj-style>",
    "</mj-style>",
    "<mj-button href=\"",
    "\">",
    "</mj-button>",
    "<mj-image src='",
    "' />",
    "<tr><td>",
    "</td></tr>",
    "<!--",
    "-->",
    "<!--[if mso]>",
    "<![endif]-->",
    "{{ a }}",
    "{% if a %}",
    "{% endif %}",
    "{% for i in a %}",
    "{% endfor %}",
    "<br>",
    "&amp;",
    "& < \"",
    "ü🎉",
    "lq0q0z",
    " width=\"{{ w }}px\" ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_source_makes_it_panic(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..30), whole in any::<bool>()) {
        let source = if whole { body(&pieces.concat()) } else { pieces.concat() };
        match compile(&source, "") {
            Ok(done) => prop_assert!(Template::parse(&done.html).is_ok()),
            Err(fault) => prop_assert!(fault.error.line >= 1 && !fault.error.message.is_empty(), "{}", fault),
        }
    }
}
