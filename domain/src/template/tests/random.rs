//! Random sources and values: no panic, no breach of a limit, and the same answer twice.

use crate::template::{Limits, OutputContext, Template, Value};
use proptest::prelude::*;
use serde_json::json;

/// Pieces of Liquid, so that random sources get past the lexer.
const PIECES: [&str; 72] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{{-",
    "-}}",
    "{%-",
    "-%}",
    " ",
    "\n",
    "if ",
    "elsif ",
    "else",
    "endif",
    "unless ",
    "endunless",
    "for i in ",
    "for x in a ",
    "endfor",
    "case ",
    "when ",
    "endcase",
    "capture c",
    "endcapture",
    "assign v = ",
    "cycle ",
    "increment n",
    "break",
    "continue",
    "raw",
    "endraw",
    "comment",
    "endcomment",
    "liquid",
    "echo ",
    "#",
    "a",
    "a.b",
    "a[0]",
    "list",
    "(1..9)",
    "(9..-9)",
    "limit: 2",
    "offset: continue",
    "reversed",
    "1",
    "-7",
    "3.5",
    "'t'",
    "\"q",
    "nil",
    "empty",
    "blank",
    "true",
    " and ",
    " or ",
    " == ",
    " < ",
    " contains ",
    "| upcase",
    "| split: ','",
    "| sort",
    "| replace: 'a', 'b'",
    "| slice: -2, 9",
    "| round: 3",
    "| date: '%Y'",
    "| money",
    "| escape",
    "| default: 1",
    "| truncate: 3",
    "<p title=\"",
    "é🎉",
];

fn run(source: &str, data: &Value) {
    let limits = Limits { steps: 5_000, made: 100_000, output: 20_000 };
    for output in [OutputContext::Html, OutputContext::Text, OutputContext::Line] {
        let Ok(template) = Template::parse(source) else { return };
        let first = template.render(data, &limits, output);
        assert_eq!(first, template.render(data, &limits, output), "{source}");
        match first {
            Ok(text) => assert!(text.len() <= 20_000),
            Err(error) => assert!(!error.message.is_empty()),
        }
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|i| json!(i)),
        any::<f64>().prop_map(|f| json!(f)),
        ".{0,20}".prop_map(|s| json!(s)),
        (any::<i64>(), "[A-Z]{3}").prop_map(|(m, c)| json!({ "minor": m, "currency": c })),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|v| json!(v)),
            proptest::collection::btree_map("[a-c]", inner, 0..3).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_liquid_never_panic(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40),
        a in value(),
        list in value(),
    ) {
        run(&pieces.concat(), &Value::from(json!({ "a": a, "list": list, "language": "fr" })));
    }

    #[test]
    fn one_tag_with_any_filters_never_panics(
        filters in proptest::collection::vec((proptest::sample::select(crate::template::filter_names().collect::<Vec<_>>()),
            proptest::collection::vec(proptest::sample::select(&["a", "list", "1", "-1", "'x'", "''", "9999999999", "0.5", "nil"][..]), 0..3)), 1..4),
        a in value(),
        list in value(),
    ) {
        let chain: String = filters
            .iter()
            .map(|(name, args)| format!(" | {name}{}{}", if args.is_empty() { "" } else { ": " }, args.join(", ")))
            .collect();
        run(&format!("{{{{ a{chain} }}}}<p title='{{{{ list{chain} }}}}'>"), &Value::from(json!({ "a": a, "list": list })));
    }

    #[test]
    fn any_text_never_panics(source in "\\PC{0,80}") {
        run(&source, &Value::Nil);
    }

    #[test]
    fn escaped_text_holds_no_markup(name in ".{0,60}") {
        let data = Value::from(json!({ "v": name }));
        let template = Template::parse("<p title=\"{{ v }}\">{{ v }}</p>").expect("parses");
        let out = template.render(&data, &Limits::default(), OutputContext::Html).expect("renders");
        let inner = out.strip_prefix("<p title=\"").and_then(|o| o.strip_suffix("</p>")).expect("framed");
        let (attribute, text) = inner.split_once("\">").expect("one closing of the attribute");
        prop_assert!(!attribute.contains(['"', '<', '>']) && !text.contains(['<', '>', '"']));
        let expected = name.replace('\0', "\u{fffd}");
        prop_assert_eq!(crate::template::escape::unescape(text), expected);
    }
}
