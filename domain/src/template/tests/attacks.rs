//! Two hundred templates that mean harm. Each ends within its limits, as an error with a place or as bounded output.

use crate::template::{Limits, OutputContext, Template, TemplateErrorKind, Value};
use serde_json::json;

/// How an attack must end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// Refused when it is parsed.
    Refused,
    /// Stopped by the budget.
    Stopped,
    /// An error about a value.
    Faulty,
    /// Harmless: rendered within the limits.
    Harmless,
}

use End::{Faulty, Harmless, Refused, Stopped};

fn data() -> Value {
    let long = "x".repeat(60_000);
    let list: Vec<i64> = (0..2_000).collect();
    let words: Vec<String> = (0..500).map(|i| format!("{}{i}", "w".repeat(100))).collect();
    let mut deep = json!("bottom");
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let fields: serde_json::Map<String, serde_json::Value> =
        (0..2_000).map(|i| (format!("k{i}"), json!(i))).collect();
    Value::from(json!({
        "long": long, "list": list, "words": words, "deep": deep, "fields": fields, "s": "abc", "n": 5,
        "big": i64::MAX, "small": i64::MIN, "money": { "minor": i64::MIN, "currency": "EUR" },
        "hostile": "{{ s }}{% for i in (1..999999999) %}{% endfor %}",
    }))
}

/// `head`, then `part` so many times, then `tail`.
fn many(head: &str, part: &str, times: usize, tail: &str) -> String {
    format!("{head}{}{tail}", part.repeat(times))
}

fn attacks() -> Vec<(String, End)> {
    let mut all: Vec<(String, End)> = Vec::new();
    let mut add = |source: String, end: End| all.push((source, end));
    let fixed: &[(&str, End)] = &[
        // Loops without end, empty bodies first: they cost steps, not output.
        ("{% for i in (1..1000000000) %}{% endfor %}", Stopped),
        ("{% for i in (1..9223372036854775807) %}{% endfor %}", Stopped),
        ("{% for i in (-9223372036854775807..9223372036854775807) %}{% endfor %}", Stopped),
        ("{% for i in (small..big) %}{% endfor %}", Stopped),
        ("{% for i in (1..big) reversed %}{% endfor %}", Stopped),
        ("{% for i in (1..1000000000) %}x{% endfor %}", Stopped),
        ("{% for i in (1..1000000000) %}{% continue %}{% endfor %}", Stopped),
        ("{% for i in (1..1000000000) %}{% break %}{% endfor %}", Harmless),
        ("{% for i in (1..1000000000) limit: 3 %}{{ i }}{% endfor %}", Harmless),
        ("{% for i in (1..1000000000) offset: 999999998 %}{{ i }}{% endfor %}", Harmless),
        (
            "{% for i in (1..1000) %}{% for j in (1..1000) %}{% for k in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}",
            Stopped,
        ),
        ("{% for i in list %}{% for j in list %}{% assign x = i %}{% endfor %}{% endfor %}", Stopped),
        ("{% for i in list %}{% for j in list %}{% if i == j %}{% endif %}{% endfor %}{% endfor %}", Stopped),
        ("{% for i in fields %}{% for j in fields %}{% endfor %}{% endfor %}", Stopped),
        (
            "{% for i in list %}{% cycle i: 'a', 'b' %}{% endfor %}{% for i in (1..99999999) %}{% cycle i: 'a' %}{% endfor %}",
            Stopped,
        ),
        ("{% for i in (1..99999999) %}{% increment x %}{% endfor %}", Stopped),
        ("{% for i in (1..99999999) %}{% case i %}{% when 1 %}{% endcase %}{% endfor %}", Stopped),
        ("{% for i in (1..99999999) %}{% capture x %}{% endcapture %}{% endfor %}", Stopped),
        ("{% for i in (1..99999999) %}{{ nothing }}{% endfor %}", Stopped),
        ("{% for i in (1..99999999) %}{% comment %}{% endcomment %}{% endfor %}", Stopped),
        (
            "{% for i in list %}{% for j in (1..i) %}{% for k in (1..j) %}*{% endfor %}{% endfor %}{% endfor %}",
            Stopped,
        ),
        ("{% liquid\nfor i in (1..999999999)\necho i\nendfor\n%}", Stopped),
        // Text that grows.
        ("{% assign x = long %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor %}", Stopped),
        (
            "{% assign x = 'a' %}{% for i in (1..64) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
            Stopped,
        ),
        ("{% assign x = 'a' %}{% for i in (1..64) %}{% assign x = x | prepend: x %}{% endfor %}", Stopped),
        (
            "{% assign x = 'a' %}{% for i in (1..64) %}{% capture x %}{{ x }}{{ x }}{% endcapture %}{% endfor %}",
            Stopped,
        ),
        (
            "{% assign x = 'a' %}{% for i in (1..64) %}{% assign x = x | replace: 'a', 'aa' %}{% endfor %}",
            Stopped,
        ),
        ("{{ long | replace: 'x', long }}", Stopped),
        ("{{ long | replace: '', long }}", Stopped),
        ("{{ long | replace_first: 'x', long | replace_last: 'x', long | size }}", Harmless),
        (
            "{% assign x = '&' %}{% for i in (1..64) %}{% assign x = x | escape %}{% assign x = x | append: x %}{% endfor %}",
            Stopped,
        ),
        (
            "{% assign x = '\n' %}{% for i in (1..30) %}{% assign x = x | newline_to_br | append: x %}{% endfor %}",
            Stopped,
        ),
        (
            "{% assign x = '%' %}{% for i in (1..64) %}{% assign x = x | url_encode | append: x %}{% endfor %}",
            Stopped,
        ),
        ("{% for i in (1..99) %}{{ long }}{% endfor %}", Stopped),
        ("{% for i in list %}{{ words | join: long }}{% endfor %}", Stopped),
        ("{{ words | join: long }}", Stopped),
        ("{{ list | join: long }}", Stopped),
        ("{% for i in list %}{% assign x = words | join: 'y' %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% capture c %}{{ long }}{% endcapture %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | upcase %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | downcase %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | capitalize %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | strip %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | strip_html %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | truncate: 10 %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | truncatewords: 10 %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | slice: 1, 2 %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | remove: 'y' %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | escape_once %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | url_decode %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign x = long | size %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% if long contains 'y' %}{% endif %}{% endfor %}", Stopped),
        (
            "{% assign y = long | append: '!' %}{% assign z = long | append: '?' %}{% for i in (1..9999) %}{% if y == z %}{% endif %}{% endfor %}",
            Stopped,
        ),
        (
            "{% assign y = long | append: '!' %}{% assign z = long | append: '?' %}{% for i in (1..9999) %}{% if y < z %}{% endif %}{% endfor %}",
            Stopped,
        ),
        // Lists that grow, and lists that are slow.
        ("{{ long | split: '' | size }}", Harmless),
        (
            "{% assign l = long | split: '' %}{% for i in (1..30) %}{% assign l = l | concat: l %}{% endfor %}",
            Stopped,
        ),
        ("{% assign l = list %}{% for i in (1..30) %}{% assign l = l | concat: l %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | reverse %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | sort %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = words | sort_natural %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | uniq %}{% endfor %}", Stopped),
        ("{{ list | uniq | size }}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | compact %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | map: 'a.b.c' %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | where: 'a', 1 %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | reject: 'a' %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | find: 'a', 1 %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | has: 'a', 1 %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | sum %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% assign l = list | slice: 0, 9999 %}{% endfor %}", Stopped),
        ("{% for i in (1..9999) %}{% if list contains -1 %}{% endif %}{% endfor %}", Stopped),
        (
            "{% assign m = list | reverse | reverse %}{% for i in (1..9999) %}{% if list == m %}{% endif %}{% endfor %}",
            Stopped,
        ),
        ("{{ (1..1000000000) | size }}", Harmless),
        ("{{ (1..1000000000) | first }}{{ (1..1000000000) | last }}", Harmless),
        ("{{ (1..1000000000) | join: ',' }}", Stopped),
        ("{{ (1..1000000000) | reverse }}", Stopped),
        ("{{ (1..1000000000) | sort }}", Stopped),
        ("{{ (1..1000000000) | uniq }}", Stopped),
        ("{{ (1..1000000000) | sum }}", Stopped),
        ("{{ (1..1000000000) | map: 'x' }}", Stopped),
        ("{{ (1..1000000000) | where: 'x' }}", Stopped),
        ("{{ (1..1000000000) | compact }}", Stopped),
        ("{{ (1..1000000000) | concat: list }}", Stopped),
        ("{{ list | concat: (1..1000000000) }}", Stopped),
        ("{{ (1..1000000000) | sort_natural }}", Stopped),
        ("{{ (small..big) | join }}", Stopped),
        ("{{ (1..1000000000) }}", Harmless),
        ("{{ (1..1000000000)[999999999] }}", Refused),
        ("{% assign r = (1..1000000000) %}{{ r[999999999] }}{{ r.size }}{{ r.last }}", Harmless),
        (
            "{% if r contains 5 %}{% endif %}{% assign r = (1..1000000000) %}{% if r contains 999999999 %}y{% endif %}",
            Harmless,
        ),
        ("{{ deep }}", Harmless),
        ("{{ deep | join }}", Harmless),
        ("{% if deep == deep %}y{% endif %}", Harmless),
        ("{% for i in (1..9999) %}{% if deep == deep %}{% endif %}{% endfor %}", Stopped),
        ("{% for i in (1..99999) %}{{ deep }}{% endfor %}", Stopped),
        // Widths, digits, positions.
        ("{{ 'now' | date: '%2000000000d' }}", Harmless),
        ("{{ 0 | date: '%2000000000d' }}", Harmless),
        ("{{ 0 | date: '%99999999999999999999Y' }}", Harmless),
        ("{{ 0 | date: long }}", Faulty),
        ("{{ 0 | date: '%' }}{{ 0 | date: '%-' }}{{ 0 | date: '%^' }}", Harmless),
        ("{{ big | date: '%Y' }}{{ small | date: '%Y' }}", Harmless),
        ("{{ s | truncate: big }}", Harmless),
        ("{{ s | truncate: small }}", Harmless),
        ("{{ s | truncate: -1, long }}", Harmless),
        ("{{ s | truncatewords: big }}", Harmless),
        ("{{ s | slice: big, big }}{{ s | slice: small, small }}{{ s | slice: -1, big }}", Harmless),
        ("{{ list | slice: big, big | size }}{{ list | slice: small, big | size }}", Harmless),
        ("{{ 1.5 | round: big }}{{ 1.5 | round: small }}{{ 1.5 | round: 400 }}", Harmless),
        ("{{ list[big] }}{{ list[small] }}{{ list[-1] }}", Harmless),
        ("{% for i in list limit: big offset: big %}{% else %}e{% endfor %}", Harmless),
        ("{% for i in list limit: small offset: small %}{% else %}e{% endfor %}", Harmless),
        // Numbers.
        ("{{ big | plus: 1 }}", Faulty),
        ("{{ small | minus: 1 }}", Faulty),
        ("{{ big | times: big }}", Faulty),
        ("{{ small | abs }}", Faulty),
        ("{{ small | divided_by: -1 }}", Faulty),
        ("{{ small | modulo: -1 }}", Harmless),
        ("{{ 1 | divided_by: 0 }}", Faulty),
        ("{{ 1 | divided_by: 0.0 }}", Faulty),
        ("{{ 1 | modulo: 0 }}", Faulty),
        ("{{ 1.0 | divided_by: 'x' }}", Faulty),
        ("{% assign x = 2 %}{% for i in (1..99) %}{% assign x = x | times: x %}{% endfor %}", Faulty),
        ("{% assign x = 2.5 %}{% for i in (1..99) %}{% assign x = x | times: x %}{% endfor %}", Faulty),
        ("{{ 1e308 | times: 1e308 }}", Refused),
        ("{{ '1e308' | times: '1e308' }}", Faulty),
        ("{{ 'inf' | plus: 1 }}{{ 'nan' | plus: 1 }}{{ 'infinity' | round }}", Harmless),
        ("{{ '1e300' | round }}", Faulty),
        ("{{ '1e300' | ceil }}", Faulty),
        ("{{ s | slice: '1e300' }}", Faulty),
        ("{{ money | money }}{{ money }}", Harmless),
        // Names, prototypes, files, environments: there is nothing there to find.
        ("{{ __proto__ }}{{ constructor }}{{ s.constructor.prototype }}{{ s['__proto__'] }}", Harmless),
        ("{{ self }}{{ this }}{{ env }}{{ ENV }}{{ process.env.PATH }}{{ os.environ }}", Harmless),
        ("{{ 'PATH' | env }}", Refused),
        ("{{ '/etc/passwd' | read }}", Refused),
        ("{% include '/etc/passwd' %}", Refused),
        ("{% render 'self' %}", Refused),
        ("{% include self %}", Refused),
        ("{% layout 'x' %}{% block a %}{% endblock %}", Refused),
        ("{{ s | __class__ }}", Refused),
        ("{{ s.__class__.__mro__ }}", Harmless),
        ("{{ hostile }}", Harmless),
        ("{% assign x = hostile %}{{ x | append: '{{ s }}' }}", Harmless),
        ("{% capture x %}{{ '{' }}{{ '{ s }}' }}{% endcapture %}{{ x }}", Harmless),
        // Broken markup.
        ("{{{{{{{{{{", Refused),
        ("{%{%{%{%{%", Refused),
        ("{{ {{ {{ }}", Refused),
        ("{% if %}", Refused),
        ("{% {% %} %}", Refused),
        ("{{ 'a }}", Refused),
        ("{% raw %}{% raw %}{% endraw %}{% endraw %}", Refused),
        ("{% comment %}{% comment %}{% endcomment %}", Refused),
        ("{% for i in %}{% endfor %}", Refused),
        ("{% for i in list limit: %}{% endfor %}", Refused),
        ("{% case %}{% endcase %}", Refused),
        ("{% cycle %}", Refused),
        ("{% capture %}{% endcapture %}", Refused),
        ("{% assign x = %}", Refused),
        ("{% liquid\n liquid\n if %}", Refused),
        ("{% liquid raw\n{{ %}", Refused),
        ("{{ a..b }}", Refused),
        ("{{ a.1 }}", Refused),
        ("{{ (1..2..3) }}", Refused),
        ("{{ a | }}", Refused),
        ("{{ a || b }}", Refused),
        ("{{ | }}", Refused),
        ("{{ a, b }}", Refused),
        ("{{ a = b }}", Refused),
        ("{{ a & b }}", Refused),
        ("{% if a and %}{% endif %}", Refused),
        ("{% if a or or b %}{% endif %}", Refused),
        ("{% if (a and b) %}{% endif %}", Refused),
        ("{% unless %}{% endunless %}", Refused),
        ("{% increment 1 %}", Refused),
        ("{% break x %}", Refused),
        // Characters that hide or confuse.
        ("\0{{ s }}\0", Harmless),
        ("{{ s\0 }}", Refused),
        ("{{ \u{202e}s }}", Refused),
        ("\u{202e}{{ s }}\u{2066}", Harmless),
        ("{{ 'a\u{0}b\u{202e}' | append: '\u{feff}' }}", Harmless),
        ("{{ ｓ }}", Refused),
        ("\u{feff}{{ s }}", Harmless),
        ("{{ '\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}' | slice: 1, 2 | upcase }}", Harmless),
        ("{{ 'ŉǰΐ' | upcase | size }}{{ 'İ' | downcase | size }}", Harmless),
        ("{% break %}{{ s }}", Harmless),
        ("{% continue %}", Harmless),
        ("{{ forloop.index }}{{ forloop.parentloop.parentloop.index }}", Harmless),
        ("{% for i in list limit: 2 %}{{ forloop[s] }}{{ forloop.parentloop.x }}{% endfor %}", Harmless),
    ];
    for (source, end) in fixed {
        add((*source).to_owned(), *end);
    }
    // Depth.
    add(many("", "{% if s %}", 10_000, ""), Refused);
    add(many("", "{% if s %}", 51, "") + &"{% endif %}".repeat(51), Refused);
    add(many("", "{% if s %}", 50, "x") + &"{% endif %}".repeat(50), Harmless);
    add(many("", "{% for i in (1..2) %}", 50, "x") + &"{% endfor %}".repeat(50), Stopped);
    add(many("", "{% for i in list %}", 10_000, ""), Refused);
    add(many("", "{% capture x %}", 10_000, ""), Refused);
    add(many("", "{% case s %}{% when s %}", 10_000, ""), Refused);
    add(many("", "{% unless n %}", 10_000, ""), Refused);
    add(many("", "{% liquid\n", 10_000, ""), Refused);
    add(many("", "{% comment %}", 10_000, "{% endcomment %}"), Refused);
    add(many("", "{% comment %}", 5_000, "") + &"{% endcomment %}".repeat(5_000), Harmless);
    add(many("{{ ", "a[", 20_000, "") + &"]".repeat(20_000) + " }}", Refused);
    add(many("{{ ", "(", 20_000, ""), Refused);
    add(many("{{ a", "[0]", 50_000, " }}"), Harmless);
    add(many("{{ a", ".b", 80_000, " }}"), Harmless);
    // Length.
    add("x".repeat(300_000), Refused);
    add("x".repeat(262_144), Harmless);
    add("{{ s }}".repeat(30_000), Harmless);
    add(many("{{ ", "a", 100_000, " }}"), Refused);
    add(many("{% ", "a", 100_000, " %}"), Refused);
    add(many("{{ s | ", "a", 100_000, " }}"), Refused);
    add(many("{{ s", " | upcase", 25_000, " }}"), Harmless);
    add(many("{{ s", " | append: s", 20_000, " }}"), Stopped);
    add(many("{{ 's", "'", 200_001, " }}"), Refused);
    add(many("{{ s | append: s", ", s", 80_000, " }}"), Refused);
    add(many("{% if s", " and s", 40_000, " %}{% endif %}"), Harmless);
    add(many("{% if s", " or n == 5", 20_000, " %}{% endif %}"), Harmless);
    add(many("{% if s %}", "{% elsif s %}", 15_000, "{% endif %}"), Harmless);
    add(many("{% case n %}", "{% when 1 %}", 15_000, "{% endcase %}"), Harmless);
    add(many("{% case n %}{% when 1", ", 1", 80_000, " %}{% endcase %}"), Stopped);
    add(many("{% cycle 1", ", 1", 80_000, " %}"), Harmless);
    add(many("{{ ", "9", 200_000, " }}"), Refused);
    add(many("{{ 1.", "9", 200_000, " }}"), Harmless);
    add(many("{{ '", "a", 200_000, "' | split: 'a' | size }}"), Stopped);
    add(many("", "{", 250_000, ""), Refused);
    add(many("", "{ x", 80_000, ""), Harmless);
    add(many("", "{% raw %}{{{% endraw %}", 10_000, ""), Harmless);
    add(many("{% raw %}", "{% endra", 30_000, "{% endraw %}"), Harmless);
    add(many("{% liquid\n", "echo s\n", 30_000, "%}"), Harmless);
    add(many("", "{%assign a=s%}", 18_000, ""), Harmless);
    add(many("{% assign x = s ", "| replace: 'a', 'aaaaaaaaaa' ", 30, "%}"), Stopped);
    add((0..9_000).map(|i| format!("{{%increment v{i}%}}")).collect(), Harmless);
    all
}

#[test]
fn two_hundred_hostile_templates_end_within_their_limits() {
    let data = data();
    let attacks = attacks();
    assert!(attacks.len() >= 200, "only {} attacks", attacks.len());
    let mut wrong = Vec::new();
    for (source, expected) in &attacks {
        let shown: String = source.chars().take(100).collect();
        for output in [OutputContext::Text, OutputContext::Html] {
            let end = match Template::parse(source) {
                Err(error) => {
                    assert_eq!(error.kind, TemplateErrorKind::Syntax, "{shown}");
                    assert!(error.line >= 1 && error.column >= 1, "no place: {shown}: {error}");
                    Refused
                }
                Ok(template) => match template.render(&data, &Limits::default(), output) {
                    Ok(text) => {
                        assert!(text.len() <= 1024 * 1024, "{shown} made {} bytes", text.len());
                        Harmless
                    }
                    Err(error) => {
                        assert!(error.line >= 1 && error.column >= 1, "no place: {shown}: {error}");
                        if error.kind == TemplateErrorKind::Budget { Stopped } else { Faulty }
                    }
                },
            };
            if end != *expected {
                wrong.push(format!("{output:?} {end:?}, not {expected:?}: {shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

#[test]
fn limits_are_charged_before_the_work() {
    let template = Template::parse("{{ a | replace: 'x', a }}").expect("parses");
    let context = Value::from(json!({ "a": "x".repeat(10_000) }));
    let limits = Limits { made: 50_000, ..Limits::default() };
    // 100 MB would be made; the budget says no before a byte of it is.
    let error = template.render(&context, &limits, OutputContext::Text).expect_err("stopped");
    assert_eq!(error.kind, TemplateErrorKind::Budget);
    assert!(error.message.contains("50000 bytes"), "{error}");
}

#[test]
fn output_is_bounded_in_html_too() {
    let template = Template::parse("{{ a }}").expect("parses");
    let context = Value::from(json!({ "a": "\"".repeat(500_000) }));
    let error =
        template.render(&context, &Limits::default(), OutputContext::Html).expect_err("escaping is output");
    assert!(error.message.contains("too long"), "{error}");
    assert!(template.render(&context, &Limits::default(), OutputContext::Text).is_ok());
}
