//! Every error names its line and column.

use super::{fails, text};
use crate::template::{Template, TemplateErrorKind, Value};
use serde_json::json;

#[test]
fn syntax_errors_name_their_place() {
    for (source, line, column, part) in [
        ("{{ name", 1, 1, "not closed"),
        ("a\nb {{ \"open }}", 2, 3, "a \" is left open"),
        ("{% if a %}x", 1, 1, "no `endif`"),
        ("x\n  {% for i in list %}y", 2, 3, "no `endfor`"),
        ("{% endif %}", 1, 1, "nothing open that `endif` belongs to"),
        ("{% if a %}{% endfor %}{% endif %}", 1, 11, "needs `endif` first"),
        ("{% else %}", 1, 1, "nothing open"),
        ("{{ name | upcas }}", 1, 11, "did you mean `upcase`?"),
        ("{{ name | zzz }}", 1, 11, "there is no filter `zzz`"),
        ("{{ name | append }}", 1, 11, "takes 1 argument, not 0"),
        ("{{ name | upcase: 1 }}", 1, 11, "takes no argument, not 1"),
        ("{{ name | truncate: 1, 2, 3 }}", 1, 11, "takes 0 to 2 arguments"),
        ("{{ name | default: 1, nope: 2 }}", 1, 23, "no argument named `nope`"),
        ("ä{% frob %}", 1, 2, "there is no tag `frob`"),
        ("{% include 'x' %}", 1, 1, "cannot load other templates"),
        ("{% render 'x' %}", 1, 1, "cannot load other templates"),
        ("{% if a = b %}{% endif %}", 1, 9, "a comparison is written `==`"),
        ("{% if a == %}{% endif %}", 1, 12, "a value should stand here"),
        ("{% assign 1 = 2 %}", 1, 11, "the name of a variable"),
        ("{% for in list %}{% endfor %}", 1, 11, "`for item in list`"),
        ("{% for i in list foo %}{% endfor %}", 1, 7, "nothing else"),
        ("{% case a %}text{% when 1 %}{% endcase %}", 1, 1, "between `case` and the first `when`"),
        ("{% if a %}{% else %}{% elsif b %}{% endif %}", 1, 29, "after `else`"),
        ("{% raw %}", 1, 1, "no `endraw`"),
        ("{% comment %}", 1, 1, "no `endcomment`"),
        ("{%%}", 1, 1, "empty"),
        ("{{ a[ }}", 1, 7, "a value should stand here"),
        ("{{ a. }}", 1, 7, "the name of a field"),
        ("{{ (1..) }}", 1, 8, "a value should stand here"),
        ("{{ 99999999999999999999 }}", 1, 4, "too large"),
        ("{{ a ? b }}", 1, 6, "has no meaning here"),
        ("{% liquid\n if a\n echo b %}", 2, 2, "no `endif`"),
    ] {
        let error = fails(source);
        assert_eq!(error.kind, TemplateErrorKind::Syntax, "{source}");
        assert_eq!((error.line, error.column), (line, column), "{source}: {error}");
        assert!(error.message.contains(part), "{source}: {error}");
    }
}

#[test]
fn errors_while_rendering_name_their_place() {
    for (source, line, column, kind) in [
        ("a\n{{ 1 | divided_by: 0 }}", 2, 8, TemplateErrorKind::Value),
        ("{{ 9223372036854775807 | plus: 1 }}", 1, 26, TemplateErrorKind::Value),
        ("{{ list | concat: name }}", 1, 11, TemplateErrorKind::Value),
        ("{{ name | money }}", 1, 11, TemplateErrorKind::Value),
        ("\n\n{% for i in (1..99999999) %}{% endfor %}", 3, 1, TemplateErrorKind::Budget),
    ] {
        let error = fails(source);
        assert_eq!((error.kind, error.line, error.column), (kind, line, column), "{source}: {error}");
    }
}

#[test]
fn missing_mandatory_value_is_not_sent_and_named() {
    let template =
        Template::parse("Hi\n{{ links.restore }}").expect("parses").require(["links.restore", "cart.items"]);
    let render = |data: serde_json::Value| {
        template.render(&Value::from(data), &Default::default(), super::OutputContext::Text)
    };
    for missing in [json!({}), json!({"links": null}), json!({"links": {"restore": " "}})] {
        let error = render(missing).expect_err("nothing is sent");
        assert_eq!(error.kind, TemplateErrorKind::Missing);
        assert_eq!(error.message, "not sent: the mandatory value `links.restore` is missing");
        assert_eq!((error.line, error.column), (2, 4));
    }
    let error = render(json!({"links": {"restore": "x"}, "cart": {"items": []}})).expect_err("an empty list");
    assert_eq!((error.line, error.column), (0, 0), "the template never mentions it: {error}");
    assert!(error.message.contains("cart.items"));
    assert!(render(json!({"links": {"restore": "x"}, "cart": {"items": [1]}})).is_ok());
}

#[test]
fn what_is_not_mandatory_shows_as_nothing() {
    assert_eq!(text("[{{ a.b.c }}{{ x | upcase }}{{ y[3] }}]", json!({})), "[]");
}

#[test]
fn a_value_is_never_read_as_a_template() {
    let data = json!({ "name": "{{ secret }}{% for i in (1..9) %}x{% endfor %}", "secret": "s" });
    assert_eq!(text("{{ name }}", data), "{{ secret }}{% for i in (1..9) %}x{% endfor %}");
}

#[test]
fn variables_are_found_without_rendering() {
    let source = "{{ store.name }}{% for item in cart.items %}{{ item.title }}{{ item.price | money }}\
        {{ forloop.index }}{% endfor %}{% assign x = contact.first_name %}{{ x }}{{ cart.items.first.url }}\
        {{ cart.items.size }}{% if cart.kind == mode %}{% endif %}{{ a[b.c] }}{{ 'lit' | append: store.url }}\
        {% capture y %}{{ deep.one }}{% endcapture %}{{ y }}{% increment n %}{{ n }}";
    let template = Template::parse(source).expect("parses");
    assert_eq!(
        template.variables(),
        [
            "a[]",
            "b.c",
            "cart.items",
            "cart.items[].price",
            "cart.items[].title",
            "cart.items[].url",
            "cart.kind",
            "contact.first_name",
            "deep.one",
            "mode",
            "store.name",
            "store.url"
        ]
    );
}

#[test]
fn templates_go_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Template>();
}
