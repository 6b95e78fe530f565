//! A value stays text wherever it is put.

use super::{html, render_as};
use crate::template::{OutputContext, TemplateErrorKind};
use serde_json::json;

#[test]
fn each_place_has_its_escaping() {
    for (source, value, expected) in [
        ("<p>{{ v }}</p>", "<b>&\"'", "<p>&lt;b&gt;&amp;&quot;&#39;</p>"),
        ("<p title=\"{{ v }}\">", "a\"b<", "<p title=\"a&quot;b&lt;\">"),
        ("<p title='{{ v }}'>", "a'b", "<p title='a&#39;b'>"),
        ("<p title={{ v }}>", "a b=c`>", "<p title=a&#32;b&#61;c&#96;&gt;>"),
        ("<title>{{ v }}</title>", "</title><script>", "<title>&lt;/title&gt;&lt;script&gt;</title>"),
        ("<!-- {{ v }} -->", "--><script>", "<!--     script  -->"),
        ("<a href=\"{{ v }}\">", "https://a.example/?a=1&b=2", "<a href=\"https://a.example/?a=1&amp;b=2\">"),
        ("<a href=\"{{ v }}\">", " HTTPS://a.example/x y\"", "<a href=\"HTTPS://a.example/x%20y%22\">"),
        ("<a href=\"{{ v }}\">", "mailto:a@b.example", "<a href=\"mailto:a@b.example\">"),
        ("<a href=\"{{ v }}\">", "tel:+4930123", "<a href=\"tel:+4930123\">"),
        ("<img src='{{ v }}'>", "//cdn.example/x.jpg", "<img src='https://cdn.example/x.jpg'>"),
        ("<a href=\"https://a.example/{{ v }}\">", "x/../y?z", "<a href=\"https://a.example/x/../y?z\">"),
        (
            "<a href=\"https://a.example/?q={{ v }}\">",
            "a&b=c/d",
            "<a href=\"https://a.example/?q=a%26b%3Dc%2Fd\">",
        ),
        (
            "<a href=\"mailto:{{ v }}\">",
            "a@b.example\" onclick=\"x",
            "<a href=\"mailto:a@b.example%22%20onclick=%22x\">",
        ),
        ("<p style=\"color: {{ v }}\">", "#0e7c66", "<p style=\"color: #0e7c66\">"),
        ("<p style=\"color: {{ v }}\">", "red; background: url(x)", "<p style=\"color: \">"),
        ("<style>a { color: {{ v }} }</style>", "red}</style>", "<style>a { color:  }</style>"),
        (
            "<!--[if mso]><td width=\"{{ v }}\"><![endif]-->",
            "1\"",
            "<!--[if mso]><td width=\"1&quot;\"><![endif]-->",
        ),
        (
            "<!--[if mso]><v:fill src=\"{{ v }}\"/><![endif]-->",
            "javascript:x",
            "<!--[if mso]><v:fill src=\"#\"/><![endif]-->",
        ),
        ("<p>5 < 6 {{ v }}", "<", "<p>5 < 6 &lt;"),
        ("<p {% if true %}title=\"{{ v }}\"{% endif %}>{{ v }}", "\"<", "<p title=\"&quot;&lt;\">&quot;&lt;"),
        ("<A HREF = '{{ v }}'>", "javascript:x", "<A HREF = '#'>"),
        ("{{ v | escape }}", "<&", "&lt;&amp;"),
        ("{{ v | escape | escape }}", "<", "&lt;"),
        ("{{ v | newline_to_br }}", "<a>\nb", "&lt;a&gt;<br />\nb"),
        ("<p title=\"{{ v | newline_to_br }}\">", "a\nb", "<p title=\"a&lt;br /&gt;\nb\">"),
        ("{{ v | escape | append: '<' }}", "<", "&amp;lt;&lt;"),
        ("{{ v | strip_html }}", "<b>x</b> 1 < 2", "x 1 &lt; 2"),
        ("{{ v | upcase }}", "<b>", "&lt;B&gt;"),
        ("<br/>{{ v }}", "<", "<br/>&lt;"),
        ("<p>{{ v }}", "a\u{0}b", "<p>a\u{fffd}b"),
    ] {
        assert_eq!(html(source, json!({ "v": value })), expected, "{source} with {value:?}");
    }
}

#[test]
fn comments_that_end_at_once_are_no_shelter() {
    let data = || json!({ "v": "\" onmouseover=\"x" });
    for (open, close) in [
        ("<!--[if !mso]><!-->", "<!--<![endif]-->"),
        ("<!-->", ""),
        ("<!--->", ""),
        ("<!---->", ""),
        ("<!-- a -->", ""),
    ] {
        let out = html(&format!("{open}<p title=\"{{{{ v }}}}\">{close}"), data());
        assert_eq!(out, format!("{open}<p title=\"&quot; onmouseover=&quot;x\">{close}"));
    }
}

#[test]
fn addresses_that_run_or_hide_are_refused() {
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:x",
        "java\nscript:x",
        "java\tscript:x",
        "\u{1}javascript:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://x",
        "http://shop.example/",
        "http://8.8.8.8/",
        "http://localhost@evil.example/",
        "http://localhost.evil.example/",
        "blob:x",
        "about:blank",
        "/relative",
        "?q",
        "x",
        "https:",
        "https://",
        "https:evil",
        "mailto:",
        "&#106;avascript:x",
        "javascript&colon;x",
        "%6aavascript:x",
        "http://10.0.0.1.evil.example/",
        "http://127.0.0.1\\@evil.example/x@y",
        "HTTP://evil.example",
    ] {
        assert_eq!(html("<a href=\"{{ v }}\">", json!({ "v": bad })), "<a href=\"#\">", "{bad:?}");
    }
    for good in
        ["http://127.0.0.1:8080/r/x", "http://localhost:8080/", "http://[::1]:8080/", "http://192.168.1.7/"]
    {
        let expected = format!("<a href=\"{good}\">");
        let out = html("<a href=\"{{ v }}\">", json!({ "v": good }));
        assert_eq!(out.replace("%5B", "[").replace("%5D", "]"), expected, "{good}");
    }
}

#[test]
fn pieces_cannot_be_put_together_into_an_address_that_runs() {
    let data = json!({ "a": "java", "b": "script:alert(1)", "empty": "" });
    assert_eq!(html("<a href=\"{{ a }}{{ b }}\">", data.clone()), "<a href=\"#script%3Aalert%281%29\">");
    assert_eq!(
        html("<a href=\"{{ empty }}{{ a }}{{ b }}\">", data.clone()),
        "<a href=\"#script%3Aalert%281%29\">"
    );
    let captured = "{% capture u %}{{ a }}{{ b }}{% endcapture %}<a href=\"{{ u }}\">";
    assert_eq!(html(captured, data.clone()), "<a href=\"#\">");
    let trusted = "{% capture u %}https://a.example/?x=1&y={{ a }}{% endcapture %}<a href=\"{{ u }}\">";
    assert_eq!(html(trusted, data), "<a href=\"https://a.example/?x=1&amp;y=java\">");
}

#[test]
fn places_that_cannot_be_made_safe_are_errors() {
    for source in [
        "<script>var x = '{{ v }}'</script>",
        "<p onclick=\"{{ v }}\">",
        "<p ONMOUSEOVER='{{ v }}'>",
        "<{{ v }}>",
        "<p {{ v }}>",
        "<p {{ v }}=\"x\">",
        "<iframe srcdoc=\"{{ v }}\">",
        "<!{{ v }}>",
        "</{{ v }}>",
        "<p on{{ v }}=x>",
    ] {
        let error = render_as(source, json!({ "v": "x" }), OutputContext::Html).expect_err(source);
        assert_eq!(error.kind, TemplateErrorKind::Unsafe, "{source}: {error}");
        assert!(error.line == 1 && error.column > 1, "{source}: {error}");
    }
}

#[test]
fn the_state_follows_the_branch_that_was_taken() {
    let source = "{% if no %}<a href=\"{% else %}<p title=\"{% endif %}{{ v }}\">";
    assert_eq!(html(source, json!({ "v": "javascript:x", "no": false })), "<p title=\"javascript:x\">");
    assert_eq!(html(source, json!({ "v": "javascript:x", "no": true })), "<a href=\"#\">");
    let looped = "{% for i in l %}<p title=\"{{ i }}\">{{ i }}</p>{% endfor %}";
    assert_eq!(
        html(looped, json!({ "l": ["\"", "<"] })),
        "<p title=\"&quot;\">&quot;</p><p title=\"&lt;\">&lt;</p>"
    );
}

#[test]
fn plain_text_is_not_escaped() {
    assert_eq!(super::text("{{ v }}", json!({ "v": "Tom & \"Jerry\" <x>!" })), "Tom & \"Jerry\" <x>!");
}
