//! Documents, bodies and ways to send them that mean harm.

use super::*;

/// Documents that are too deep, too wide, or that eat themselves.
pub(super) fn shapes(store: &str) -> Vec<Case> {
    use Must::{BeInForm, Refused};
    let mut all = Vec::new();
    let within = |inner: &str| format!("{{ store(id: \"{store}\") {{ {inner} }} }}");
    for n in [13, 33, 100, 1_000, 5_000, 10_000] {
        let (open, close) = ("carts{edges{node{contact{".repeat(n / 4 + 1), "}}}}".repeat(n / 4 + 1));
        all.push(asked(format!("{n} fields deep"), Refused, &within(&format!("{open}id{close}"))));
        all.push(asked(format!("{n} braces"), Refused, &format!("{}a{}", "{a".repeat(n), "}".repeat(n))));
        all.push(asked(format!("{n} braces that never close"), Refused, &"{a".repeat(n)));
        let inline = format!("{{ {} __typename {} }}", "... on Query {".repeat(n), "}".repeat(n));
        all.push(asked(
            format!("{n} inline fragments deep"),
            if n < 32 { BeInForm } else { Refused },
            &inline,
        ));
        let bare = format!("{{ {} __typename {} }}", "... {".repeat(n), "}".repeat(n));
        all.push(asked(format!("{n} bare fragments deep"), if n < 32 { BeInForm } else { Refused }, &bare));
        let list = format!("{{ store(id: {}1{}) {{ id }} }}", "[".repeat(n), "]".repeat(n));
        all.push(asked(format!("a list {n} deep"), Refused, &list));
        let object = format!("{{ store(id: {}1{}) {{ id }} }}", "{a:".repeat(n), "}".repeat(n));
        all.push(asked(format!("an object {n} deep"), Refused, &object));
        let ty = format!("query($a: {}Int{}) {{ __typename }}", "[".repeat(n), "]".repeat(n));
        all.push(asked(format!("a type {n} deep"), Refused, &ty));
        let definition = format!(
            r#"{{"query":"query($a: Json) {{ __typename }}","variables":{{"a":{}{}}}}}"#,
            "[".repeat(n),
            "]".repeat(n)
        );
        all.push(raw(format!("variables {n} deep"), Refused, definition));
        all.push(raw(format!("a body {n} deep"), Refused, format!("{}{}", "[".repeat(n), "]".repeat(n))));
        all.push(asked(
            format!("an answer of {n} aliases"),
            if n > 30 { Refused } else { BeInForm },
            &format!("{{ {} }}", (0..n).map(|i| format!("a{i}:__typename ")).collect::<String>()),
        ));
        let stores: String = (0..n).map(|i| format!("a{i}:store(id:\"{store}\"){{id}}")).collect();
        all.push(asked(
            format!("{n} stores by alias"),
            if n > 30 { Refused } else { BeInForm },
            &format!("{{{stores}}}"),
        ));
        let hidden: String = (0..n).map(|i| format!("...{{a{i}:__typename}}")).collect();
        all.push(asked(
            format!("{n} aliases in fragments"),
            if n > 30 { Refused } else { BeInForm },
            &format!("{{{hidden}}}"),
        ));
        let changes: String = (0..n).map(|i| format!("a{i}:changePassword(old:\"guess {i}\",new:\"sieben blaue Regenschirme\"){{userErrors{{code}}}}")).collect();
        if n > 30 {
            all.push(asked(
                format!("{n} passwords tried by alias"),
                Refused,
                &format!("mutation{{{changes}}}"),
            ));
        }
        all.push(raw(
            format!("a batch of {n}"),
            Refused,
            json!(vec![json!({ "query": "{__typename}" }); n]).to_string(),
        ));
        let directives = "@include(if:true)".repeat(n);
        all.push(asked(
            format!("{n} directives on a field"),
            Refused,
            &format!("{{ __typename {directives} }}"),
        ));
        all.push(asked(
            format!("{n} unknown directives"),
            Refused,
            &format!("{{ __typename {} }}", "@a".repeat(n)),
        ));
        all.push(asked(
            format!("{n} directives on a query"),
            Refused,
            &format!("query {} {{ __typename }}", "@skip(if:true)".repeat(n)),
        ));
        all.push(asked(
            format!("{n} directives on a fragment"),
            Refused,
            &format!("{{ ... {directives} {{ __typename }} }}"),
        ));
        let chain: String = (0..n).map(|i| format!("fragment f{i} on Query {{ ...f{} }} ", i + 1)).collect();
        all.push(asked(
            format!("a chain of {n} fragments"),
            if n < 32 { BeInForm } else { Refused },
            &format!("{{ ...f0 }} {chain} fragment f{n} on Query {{ __typename }}"),
        ));
        let ring: String =
            (0..n).map(|i| format!("fragment f{i} on Query {{ ...f{} }} ", (i + 1) % n)).collect();
        all.push(asked(format!("a ring of {n} fragments"), Refused, &format!("{{ ...f0 }} {ring}")));
        let unused: String = (0..n).map(|i| format!("fragment f{i} on Query {{ __typename }} ")).collect();
        all.push(asked(format!("{n} fragments nobody uses"), Refused, &format!("{{ __typename }} {unused}")));
        let operations: String = (0..n).map(|i| format!("query q{i} {{ __typename }} ")).collect();
        all.push(asked(format!("{n} operations"), Refused, &operations));
        let heads: String = (0..n).map(|i| format!("$v{i}:Int ")).collect();
        all.push(asked(
            format!("{n} variables nobody uses"),
            Refused,
            &format!("query({heads}) {{ __typename }}"),
        ));
        all.push(asked(format!("{n} times the same field"), BeInForm, &within(&"name ".repeat(n))));
        all.push(asked(
            format!("{n} times the same list"),
            BeInForm,
            &within(&"carts(first:1){edges{cursor}}".repeat(n)),
        ));
        let clash: String = (0..n).map(|i| format!("carts(first:{i}){{edges{{cursor}}}}")).collect();
        all.push(asked(format!("{n} clashes of one field"), Refused, &within(&clash)));
        let spreads = "...F ".repeat(n);
        all.push(asked(
            format!("{n} spreads of one fragment"),
            BeInForm,
            &format!("{{ {spreads} }} fragment F on Query {{ __typename }}"),
        ));
        let names: String = (0..n).map(|i| format!("{}{i} ", "nothing")).collect();
        all.push(asked(format!("{n} fields there are not"), Refused, &format!("{{ {names} }}")));
    }
    for n in [5, 10, 20, 30] {
        // Two to the power of n.
        let laughs: String =
            (0..n).map(|i| format!("fragment f{i} on Query {{ ...f{j} ...f{j} }} ", j = i + 1)).collect();
        all.push(asked(
            format!("{n} doublings"),
            if n <= 10 { BeInForm } else { Refused },
            &format!("{{ ...f0 }} {laughs} fragment f{n} on Query {{ __typename }}"),
        ));
        let fields: String = (0..n)
            .map(|i| {
                format!("fragment g{i} on Cart {{ contact {{ carts {{ ...g{j} ...g{j} }} }} }} ", j = i + 1)
            })
            .collect();
        all.push(asked(
            format!("{n} doublings in lists"),
            Refused,
            &format!(
                "{} {fields} fragment g{n} on Cart {{ id }}",
                within("carts { edges { node { ...g0 } } }")
            ),
        ));
    }
    for (name, fragment) in [
        ("itself", "fragment f on Query { ...f }"),
        ("another that spreads it", "fragment f on Query { ...g } fragment g on Query { ...f }"),
        ("itself in a field", "fragment f on Query { viewer { member { id } } ...f }"),
        ("itself by a fragment", "fragment f on Query { ... on Query { ...f } }"),
        ("one there is not", "fragment f on Query { ...nothing }"),
        ("one of another kind", "fragment f on Cart { id }"),
        ("one of no kind", "fragment f on Nothing { id }"),
        ("one twice", "fragment f on Query { __typename } fragment f on Query { __typename }"),
    ] {
        all.push(asked(
            format!("a fragment that spreads {name}"),
            Refused,
            &format!("{{ ...f }} {fragment}"),
        ));
        all.push(
            asked(format!("a fragment that spreads {name}"), Refused, &format!("{{ ...f }} {fragment}"))
                .stranger(),
        );
    }
    let page = |list: &str, first: &str| within(&format!("{list}(first: {first}) {{ edges {{ cursor }} }}"));
    for list in ["carts", "contacts", "messages"] {
        for first in [
            "101",
            "1000000",
            "2147483647",
            "-1",
            "-2147483648",
            "2147483648",
            "9223372036854775808",
            "1e6",
            "1.0",
            "\"5\"",
            "[1]",
            "{n:1}",
            "ALL",
            "0x10",
            "01",
            "--1",
        ] {
            all.push(asked(format!("{first} {list}"), Refused, &page(list, first)));
        }
    }
    all.push(asked("lists in lists in lists", Refused, &within("carts(first:100){edges{node{contact{carts(first:100){messages{id subject} contact{carts(first:100){id}}}}}}}")));
    all
}

/// Bodies and documents that are none.
pub(super) fn bodies() -> Vec<Case> {
    use Must::{BeInForm, Refused};
    let mut all = Vec::new();
    for body in [
        "",
        " ",
        "null",
        "true",
        "1",
        "\"{__typename}\"",
        "[]",
        "{",
        "}",
        "[{}]",
        "{}",
        r#"{"query":null}"#,
        r#"{"query":1}"#,
        r#"{"query":[]}"#,
        r#"{"query":"{__typename}","query":"{__typename}"}"#,
        r#"{"query":"{__typename}"}{"query":"{__typename}"}"#,
        r#"{"query":""}"#,
        r#"{"query":"{__typename}","variables":[1]}"#,
        r#"{"query":"{__typename}","variables":"x"}"#,
        r#"{"query":"{__typename}","variables":1e999}"#,
        r#"{"query":"{__typename}","operationName":1}"#,
        r#"{"query":"{__typename}","operationName":"nothing"}"#,
        r#"{"query":"{__typename}","extensions":[]}"#,
        r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}"#,
        r#"{"extensions":{"persistedQuery":{"version":"x"}}}"#,
        r#"{"query":"{__typename}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}"#,
        r#"{"query":"{__typename}","extensions":{"persistedQuery":{"version":2,"sha256Hash":"00"}}}"#,
        "\u{feff}{\"query\":\"{__typename}\"}",
        "query={__typename}",
        "{__typename}",
        "<query/>",
        "{\"query\":\"\\ud800\"}",
        "{\"query\":\"{__typename}\",}",
    ] {
        all.push(raw(format!("the body {body:?}"), Refused, body));
        all.push(raw(format!("the body {body:?}"), Refused, body).stranger());
    }
    all.push(raw("no UTF-8", Refused, vec![0xff; 500]));
    all.push(raw("zeros", Refused, vec![0; 500]));
    for n in [64 * 1024, 1024 * 1024, 5 * 1024 * 1024] {
        let blank = format!("{{\"query\":\"{{__typename}}\",\"variables\":{{\"a\":\"{}\"}}}}", "x".repeat(n));
        all.push(raw(format!("variables of {n} bytes"), Refused, blank.clone()));
        all.push(raw(format!("variables of {n} bytes"), Refused, blank).stranger());
        all.push(asked(
            format!("a comment of {n} bytes"),
            Refused,
            &format!("{{__typename}} #{}", "x".repeat(n)),
        ));
        all.push(asked(format!("{n} commas"), Refused, &format!("{{__typename{}}}", ",".repeat(n))));
    }
    for (name, document) in [
        ("nothing", ""),
        ("a blank", " "),
        ("a comment", "# {__typename}"),
        ("a fragment alone", "fragment f on Query { __typename }"),
        ("no fields", "{}"),
        ("a subscription", "subscription { cartsChanged(storeId: \"x\") { cart { id } } }"),
        ("a schema", "type Query { a: Int }"),
        ("an extension", "extend type Query { a: Int }"),
        ("deferred", "{ ... @defer { nothing } }"),
        ("streamed", "{ viewer { organisations @stream { name } } }"),
        ("a nul", "{ __typename \u{0} }"),
        ("a bell", "{ \u{7} }"),
        ("another alphabet", "{ \u{445}\u{443} }"),
        ("a face", "{ \u{1f600} }"),
        ("an open string", "{ store(id: \"x) { id } }"),
        ("an open block", "{ store(id: \"\"\"x) { id } }"),
        ("a bad escape", "{ store(id: \"\\x\") { id } }"),
        ("half a letter", "{ store(id: \"\\ud800\") { id } }"),
        ("a variable that is none", "{ store(id: $x) { id } }"),
        ("a variable twice", "query($a: ID!, $a: ID!) { store(id: $a) { id } }"),
        ("a variable of no type", "query($a: Nothing) { store(id: $a) { id } }"),
        ("a variable of an output", "query($a: Store) { store(id: $a) { id } }"),
        ("an argument twice", "{ store(id: \"a\", id: \"b\") { id } }"),
        ("an argument too many", "{ store(id: \"a\", x: 1) { id } }"),
        ("no argument", "{ store { id } }"),
        ("fields of a text", "{ viewer { member { name { x } } } }"),
        ("no fields of an object", "{ viewer }"),
        ("a field of the inside", "{ __proto__ constructor }"),
        ("two without a name", "{ __typename } { __typename }"),
        (
            "a mutation in a query",
            "{ createOrganisation(name: \"x\", kind: MERCHANT) { userErrors { code } } }",
        ),
        ("an entity", "{ _entities(representations: []) { __typename } }"),
        ("a service", "{ _service { sdl } }"),
        ("a required variable", "query($a: ID!) { store(id: $a) { id } }"),
        ("a colon too many", "{ a:: __typename }"),
        ("a dollar", "{ $ }"),
        ("an at", "{ __typename @ }"),
        ("dots", "{ .... }"),
        ("a bang", "{ __typename! }"),
    ] {
        all.push(asked(format!("a document of {name}"), Refused, document));
        all.push(asked(format!("a document of {name}"), Refused, document).stranger());
    }
    all.push(asked("a name of 60,000 letters", Refused, &format!("{{ {} }}", "a".repeat(60_000))));
    all.push(asked(
        "a text of 60,000 letters",
        BeInForm,
        &format!("{{ store(id: \"{}\") {{ id }} }}", "a".repeat(60_000)),
    ));
    all.push(asked(
        "a number of 60,000 digits",
        BeInForm,
        &format!("{{ store(id: {}) {{ id }} }}", "9".repeat(60_000)),
    ));
    all
}

/// Other ways to the same door: what a page of another site can make a browser send.
pub(super) fn ways() -> Vec<Case> {
    use Must::{BeInForm, Refused};
    let change = "mutation { createOrganisation(name: \"taken\", kind: MERCHANT) { userErrors { code } } }";
    let said = json!({ "query": change }).to_string();
    let mut all = Vec::new();
    for kind in [
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/mixed; boundary=x",
        "application/xml",
        "application/cbor",
        "application/graphql",
        "application/octet-stream",
        "application/jsonp",
        "application/json-patch+json",
        "text/json",
        "text/html",
        "*/*",
        "",
        "application/jso\u{6e}x",
        "json",
    ] {
        for known in [true, false] {
            let case = raw(format!("a change as {kind:?}"), Refused, said.clone()).with("content-type", kind);
            all.push(if known { case } else { case.stranger() });
        }
    }
    let form: String = form_urlencoded::Serializer::new(String::new()).append_pair("query", change).finish();
    all.push(raw("a form", Refused, form.clone()).with("content-type", "application/x-www-form-urlencoded"));
    let parts = format!(
        "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{said}\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{{\"0\":[\"variables.file\"]}}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\n\r\n{}\r\n--x--\r\n",
        "x".repeat(100_000)
    );
    all.push(
        raw("an upload", Refused, parts.clone()).with("content-type", "multipart/form-data; boundary=x"),
    );
    all.push(
        raw("an upload", Refused, parts).with("content-type", "multipart/form-data; boundary=x").stranger(),
    );
    let mut bare = raw("no content type", Refused, said.clone());
    bare.headers.clear();
    all.push(bare);
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        for query in [change, "{ __typename }"] {
            let address: String =
                form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
            let mut case = raw(format!("{method} {query}"), Refused, said.clone());
            (case.method, case.path) = (method, format!("/graphql?{address}"));
            all.push(case);
        }
    }
    let mut query = raw("a change in the address of a POST", Refused, Vec::new());
    query.path = format!("/graphql?{form}");
    all.push(query);
    for origin in [
        "null",
        "https://evil.example",
        "http://cartwheel.example",
        "https://cartwheel.example.evil.example",
        "https://evilcartwheel.example",
        "https://cartwheel.example:8443",
        "https://sub.cartwheel.example",
        "file://",
        "chrome-extension://abcdef",
        "https://cartwheel.example/",
        "https://cartwheel.example@evil.example",
        "https://",
        "x",
        "https://CARTWHEEL.example",
    ] {
        for known in [true, false] {
            let case = raw(format!("from {origin}"), Refused, said.clone()).with("origin", origin);
            all.push(if known { case } else { case.stranger() });
        }
    }
    let squeezed = |n: usize| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut gzip, &vec![b' '; n]).expect("squeezed");
        gzip.finish().expect("squeezed")
    };
    for n in [100_000, 50_000_000] {
        all.push(raw(format!("{n} bytes squeezed"), Refused, squeezed(n)).with("content-encoding", "gzip"));
        all.push(
            raw(format!("{n} bytes squeezed"), Refused, squeezed(n))
                .with("content-encoding", "gzip")
                .stranger(),
        );
    }
    for encoding in ["gzip", "deflate", "br", "zstd", "identity, gzip", "nonsense"] {
        all.push(
            raw(format!("called {encoding}"), BeInForm, said.clone())
                .with("content-encoding", encoding)
                .stranger(),
        );
    }
    for bearer in [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic x",
        "bearer cwa_x",
        "Bearer cwa_' OR 1=1 --",
        "Bearer null",
        "Token x",
    ] {
        all.push(
            asked(format!("shown {bearer:?}"), Refused, "{ viewer { member { id } } }")
                .stranger()
                .with("authorization", bearer),
        );
    }
    all
}

/// What a stranger may find out about the schema by asking: nothing.
pub(super) fn probes() -> Vec<Case> {
    let mut all = Vec::new();
    for query in [
        "{ __schema { types { name } } }",
        "{ __schema { queryType { name } mutationType { fields { name args { name } } } } }",
        "{ __type(name: \"Query\") { fields { name } } }",
        "query IntrospectionQuery { __schema { directives { name } } }",
        "{ a: __schema { types { name } } }",
        "{ ... { __schema { types { name } } } }",
        "{ ...f } fragment f on Query { __schema { types { name } } }",
        "{ __schema\n{types{name}} }",
        "{ __typename __schema { types { name } } }",
        "query($n: String!) { __type(name: $n) { name } }",
    ] {
        all.push(asked(format!("probe {query}"), Must::BeInForm, query).stranger());
    }
    for typo in [
        "stor",
        "stores",
        "viewr",
        "organisatio",
        "member",
        "users",
        "admin",
        "viewer { membr { id } }",
        "viewer { member { emial } }",
        "store(di: \"x\") { id }",
        "store(id: \"x\") { cart }",
        "store(id: \"x\") { settngs { name } }",
        "store(id: \"x\") { carts(frist: 1) { edges { cursor } } }",
        "store(id: \"x\") { carts(status: OPN) { edges { cursor } } }",
    ] {
        all.push(asked(format!("guess {typo}"), Must::Refused, &format!("{{ {typo} }}")).stranger());
        all.push(asked(format!("guess {typo}"), Must::Refused, &format!("{{ {typo} }}")));
    }
    for typo in [
        "changePasword(old: \"\", new: \"\") { ok }",
        "signIn(email: \"a\", password: \"b\") { token }",
        "login { token }",
        "createOrganisation(nam: \"x\") { userErrors { code } }",
    ] {
        all.push(asked(format!("guess {typo}"), Must::Refused, &format!("mutation {{ {typo} }}")).stranger());
    }
    all
}
