//! The API under abuse, over HTTP and through sockets: each case is refused or answered in form, is never our fault, tells nothing
//! of our inside, costs little, and leaves a service that answers.

use super::{
    Service,
    sweep::{Named, Walk, random},
    team::person,
};
use crate::{
    api::http::MOST_AT_ONCE,
    app::App,
    db::{Dialect, Role},
    testing::{
        TestApp, TestStore,
        door::whole,
        socket::{Socket, TEXT},
    },
};
use actix_web::{
    App as WebApp, HttpServer,
    http::{Method, StatusCode},
    test::{TestRequest, call_service, init_service, read_body},
};
use async_graphql::parser::{
    parse_schema,
    types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition},
};
use cartwheel_macros::db_test;
use futures_util::{FutureExt, future::LocalBoxFuture};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Most statements that one case may make the database answer.
const MOST_STATEMENTS: usize = 400;
/// Largest answer, bytes. What was promised is twenty times this.
const LARGEST: usize = 1024 * 1024;

/// What must come of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    /// An error, and no data.
    Refused,
    /// An answer in form; whether it is an error is the schema's to say.
    BeInForm,
}

#[derive(Debug, Clone)]
struct Case {
    name: String,
    /// Whether somebody signed in asks; else a stranger.
    known: bool,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    must: Must,
}

fn raw(name: impl Into<String>, must: Must, body: impl Into<Vec<u8>>) -> Case {
    let headers = vec![("content-type", "application/json".to_owned())];
    let path = "/graphql".to_owned();
    Case { name: name.into(), known: true, method: "POST", path, headers, body: body.into(), must }
}

fn asked(name: impl Into<String>, must: Must, query: &str) -> Case {
    raw(name, must, json!({ "query": query }).to_string())
}

impl Case {
    fn stranger(mut self) -> Self {
        self.known = false;
        self.name.push_str(", by a stranger");
        self
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self.headers.push((name, value.into()));
        self
    }
}

/// Documents that are too deep, too wide, or that eat themselves.
fn shapes(store: &str) -> Vec<Case> {
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
fn bodies() -> Vec<Case> {
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
fn ways() -> Vec<Case> {
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
fn probes() -> Vec<Case> {
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

/// Values nobody meant.
fn strange() -> Vec<String> {
    let mut all: Vec<String> = [
        "null",
        "true",
        "0",
        "1",
        "-1",
        "1.5",
        "-0.0",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551616",
        "1e308",
        "1e400",
        "1e-400",
        "\"\"",
        "\" \"",
        "\"\\u0000\"",
        "\"\\u202e\"",
        "\"1\"",
        "\"NaN\"",
        "NOTHING",
        "Null",
        "[]",
        "[null]",
        "[[[]]]",
        "{}",
        "{a: {b: [1]}}",
        "\"'; DROP TABLE cart; --\"",
        "\"%\"",
        "\"../../etc/passwd\"",
        "\"{{ 1 | times: 9 }}\"",
        "\"<script>\"",
        "\"\"\"block\"\"\"",
        "$missing",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push(format!("\"{}\"", "x".repeat(5_000)));
    all.push(format!("[{}]", "1,".repeat(500)));
    all
}

struct Schema(BTreeMap<String, TypeKind>);

impl Schema {
    fn of(sdl: &str) -> Self {
        let types = parse_schema(sdl).expect("a schema").definitions.into_iter().filter_map(|d| match d {
            TypeSystemDefinition::Type(t) => Some((t.node.name.node.to_string(), t.node.kind)),
            _ => None,
        });
        Self(types.collect())
    }

    fn field(&self, about: &str) -> FieldDefinition {
        let (ty, name) = about.split_once('.').expect("a type and a field");
        let Some(TypeKind::Object(object)) = self.0.get(ty) else { panic!("{ty} is no object") };
        object.fields.iter().find(|f| f.node.name.node == name).expect("the field").node.clone()
    }

    fn input(&self, argument: &InputValueDefinition) -> Vec<String> {
        match self.0.get(argument.ty.node.to_string().trim_matches(['[', ']', '!'])) {
            Some(TypeKind::InputObject(input)) => {
                input.fields.iter().map(|f| f.node.name.node.to_string()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Splits `a: 1, b: {c: 2, d: [3, 4]}` at the commas that are its own.
fn split(list: &str) -> Vec<String> {
    let (mut parts, mut deep) = (vec![String::new()], 0);
    for c in list.chars() {
        match c {
            '{' | '[' => deep += 1,
            '}' | ']' => deep -= 1,
            ',' if deep == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("a part").push(c);
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// An argument with a value put in.
type Form<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// Every strange value for every argument of the schema and every field of an input, the others as they should be. Says how many
/// arguments there are.
fn arguments(app: &TestApp, store: &TestStore) -> (usize, Vec<Case>) {
    let sdl = crate::api::sdl();
    let (schema, mut walk) = (Schema::of(&sdl), Walk::of(&sdl));
    let mut documents = walk.documents("query", "Query");
    documents.extend(walk.documents("mutation", "Mutation"));
    let mut ids = random(app);
    ids.insert(Named::Store, store.id().to_string());
    ids.insert(Named::Organisation, store.keys.organisation_id.to_string());
    let (mut all, mut places) = (Vec::new(), BTreeSet::new());
    for document in documents {
        let field = schema.field(&document.about);
        if field.arguments.is_empty() {
            continue;
        }
        // Ids as they stand, without variables: one that is not used any more would be refused for that.
        let mut text = document.text.clone();
        for (n, (_, named)) in document.slots.iter().enumerate().rev() {
            text = text
                .replace(&format!("$v{n}: "), "")
                .replace(&format!("$v{n}"), &format!("\"{}\"", ids[named]));
        }
        let body = text.find('{').expect("a selection");
        let text = format!("{} {}", document.operation, &text[body..]);
        let name = field.name.node.as_str();
        let start = text.rfind(&format!("{name}("));
        let (before, given, after) = match start {
            Some(start) => {
                let open = start + name.len() + 1;
                let close = open + text[open..].find(')').expect("the end of the arguments");
                (&text[..start], split(&text[open..close]), &text[close + 1..])
            }
            None => {
                let start = text.rfind(&format!("{{ {name}")).expect("the field") + 2;
                (&text[..start], Vec::new(), &text[start + name.len()..])
            }
        };
        for argument in &field.arguments {
            let own = argument.node.name.node.as_str();
            let others: Vec<String> =
                given.iter().filter(|g| !g.starts_with(&format!("{own}:"))).cloned().collect();
            let mut forms: Vec<(String, Form<'_>)> =
                vec![(own.to_owned(), Box::new(move |value| format!("{own}: {value}")))];
            for inner in schema.input(&argument.node) {
                let place = format!("{own}.{inner}");
                forms.push((place, Box::new(move |value| format!("{own}: {{ {inner}: {value} }}"))));
            }
            for (place, form) in forms {
                places.insert(format!("{}({place})", document.about));
                for value in strange() {
                    let list = others.iter().cloned().chain([form(&value)]).collect::<Vec<_>>().join(", ");
                    let query = format!("{before}{name}({list}){after}");
                    let shown: String = value.chars().take(40).collect();
                    let must = if value == "$missing" { Must::Refused } else { Must::BeInForm };
                    all.push(asked(format!("{}({place}: {shown})", document.about), must, &query));
                }
            }
        }
    }
    (places.len(), all)
}

/// What no answer may say: words of our inside that the question did not have in it.
fn indiscreet(case: &Case, answer: &str) -> Option<&'static str> {
    let words = [
        "panicked",
        "sqlx",
        "sea_orm",
        "sea-orm",
        "SQLSTATE",
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE ",
        "UNIQUE constraint",
        "FOREIGN KEY",
        "violates",
        "row-level",
        "journey_run",
        "contact_identity",
        "message_content",
        "api_key",
        "pg_",
        "database",
        "no such table",
        "no such column",
        ".rs:",
        "/src/",
        "RUST_BACKTRACE",
        "DbErr",
        "Did you mean",
        "internal",
        "stack",
        "thread '",
        "cwa_",
        "cws_",
        "$argon2",
    ];
    let question = format!("{} {}", case.path, String::from_utf8_lossy(&case.body));
    words.into_iter().find(|word| answer.contains(word) && !question.contains(word))
}

type Sent = LocalBoxFuture<'static, (StatusCode, Vec<u8>)>;

struct Attack {
    door: Box<dyn Fn(TestRequest) -> Sent>,
    token: String,
    made: Arc<AtomicUsize>,
    most: usize,
    told: usize,
}

impl Attack {
    async fn send(&self, case: &Case) -> (StatusCode, Vec<u8>, usize) {
        let method = Method::from_bytes(case.method.as_bytes()).expect("a method");
        let mut request = TestRequest::default().method(method).uri(&case.path);
        request = request.insert_header(("host", "cartwheel.example")).set_payload(case.body.clone());
        if case.known {
            request = request.insert_header(("authorization", format!("Bearer {}", self.token)));
        }
        for (name, value) in &case.headers {
            request = request.insert_header((*name, value.as_str()));
        }
        let before = self.made.load(Ordering::SeqCst);
        let (status, body) = (self.door)(request).await;
        (status, body, self.made.load(Ordering::SeqCst) - before)
    }

    async fn judge(&mut self, case: &Case) -> Result<(), String> {
        let (status, body, made) = self.send(case).await;
        let text = String::from_utf8_lossy(&body);
        let wrong = |what: &str| {
            let shown: String = text.chars().take(300).collect();
            Err(format!("{}: {what}: {status} {shown}", case.name))
        };
        self.most = self.most.max(made);
        if status.is_server_error() {
            return wrong("our fault");
        }
        if body.len() > LARGEST {
            return wrong("too long an answer");
        }
        // A refusal costs a stranger's look at who asks, and nothing else.
        if made > if case.known { MOST_STATEMENTS } else { 10 } {
            return wrong(&format!("{made} statements"));
        }
        if let Some(word) = indiscreet(case, &text) {
            return wrong(word);
        }
        let refused = if status.is_success() {
            let Ok(answer) = serde_json::from_slice::<Value>(&body) else { return wrong("no JSON") };
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            let said = |e: &Value| e["message"].as_str().is_some_and(|m| !m.is_empty() && m.len() <= 2_000);
            let empty = !answer["data"].is_object() && errors.is_empty();
            if empty || !errors.iter().all(said) {
                return wrong("of no form");
            }
            !errors.is_empty()
                && answer["data"].as_object().is_none_or(|data| data.values().all(Value::is_null))
        } else {
            status.is_client_error()
        };
        self.told += usize::from(refused);
        if refused || case.must == Must::BeInForm { Ok(()) } else { wrong("it was answered") }
    }

    /// Somebody else asks something plain, and is answered.
    async fn alive(&self, after: &str) {
        let plain = asked("plain", Must::BeInForm, "{ viewer { organisations { name } } }");
        let (status, body, _) = self.send(&plain).await;
        assert!(
            status.is_success() && String::from_utf8_lossy(&body).contains("a org"),
            "after {after}: {status}"
        );
    }
}

/// The service with somebody signed in, who owns a store, and a count of what the database is made to do.
struct Place {
    app: TestApp,
    store: TestStore,
    token: String,
    whole: App,
    made: Arc<AtomicUsize>,
}

async fn place(app: &TestApp) -> Place {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let app = TestApp::new(app.db().told(Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    })));
    let store = app.store("a").await;
    let (_, token) = person(&Service::over(&app), &app, &store, Role::Owner, "ann").await;
    let whole = whole(&app).await;
    Place { app, store, token, whole, made }
}

async fn attack(place: &Place) -> Attack {
    let service = Rc::new(init_service(WebApp::new().configure(place.whole.routes())).await);
    let door = move |request: TestRequest| {
        let service = service.clone();
        async move {
            let response = call_service(&*service, request.to_request()).await;
            let status = response.status();
            (status, read_body(response).await.to_vec())
        }
        .boxed_local()
    };
    let (token, made) = (place.token.clone(), place.made.clone());
    Attack { door: Box::new(door), token, made, most: 0, told: 0 }
}

/// Tries all, and looks every so many whether somebody else is still answered.
async fn run(attack: &mut Attack, cases: &[Case], look: usize) {
    let mut wrong = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        wrong.extend(attack.judge(case).await.err());
        if n.is_multiple_of(look) {
            attack.alive(&case.name).await;
        }
    }
    attack.alive("all of it").await;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[db_test]
async fn documents_that_are_too_much(app: TestApp) {
    let place = place(&app).await;
    let mut attack = attack(&place).await;
    let mut cases = shapes(&place.store.id().to_string());
    cases.extend(bodies());
    cases.extend(ways());
    cases.extend(probes());
    run(&mut attack, &cases, 1).await;
    println!(
        "abuse: {} cases, {} refused, at most {} statements for one",
        cases.len(),
        attack.told,
        attack.most
    );
    assert!(cases.len() >= 500, "{}", cases.len());
    assert!(attack.told * 10 >= cases.len() * 9, "only {} refused", attack.told);
    // Nothing of what another site sent was done.
    let mine = asked("mine", Must::BeInForm, "{ viewer { organisations { name } } }");
    let (_, body, _) = attack.send(&mine).await;
    assert!(!String::from_utf8_lossy(&body).contains("taken"));
    place.whole.close().await;
    app.allow_leftovers();
}

/// What is probed is not told, not even by what a typing error is answered with.
#[db_test]
async fn a_stranger_does_not_learn_the_schema(app: TestApp) {
    let place = place(&app).await;
    let attack = attack(&place).await;
    for case in probes() {
        let (_, body, _) = attack.send(&case).await;
        let text = String::from_utf8_lossy(&body);
        for word in ["StoreSettings", "changePassword", "queryType", "\"settings\"", "\"viewer\"", "mean"] {
            let asked = String::from_utf8_lossy(&case.body).contains(word.trim_matches('"'));
            assert!(asked || !text.contains(word), "{}: {text}", case.name);
        }
    }
    // Somebody with rights may look: programs are written by it.
    let look = asked("look", Must::BeInForm, "{ __schema { types { name } } }");
    let (_, body, _) = attack.send(&look).await;
    assert!(String::from_utf8_lossy(&body).contains("StoreSettings"));
    place.whole.close().await;
    app.allow_leftovers();
}

#[db_test]
async fn every_argument_with_values_nobody_meant(app: TestApp) {
    let place = place(&app).await;
    let mut attack = attack(&place).await;
    let (places, cases) = arguments(&place.app, &place.store);
    // What the schema judges it judges alike on both.
    let cases: Vec<_> = match app.db().dialect() {
        Dialect::Sqlite => cases,
        Dialect::Postgres => cases.into_iter().step_by(3).collect(),
    };
    run(&mut attack, &cases, 20).await;
    println!(
        "abuse: {places} arguments, {} cases, {} refused whole, at most {} statements for one",
        cases.len(),
        attack.told,
        attack.most
    );
    assert!(places >= 100 && cases.len() >= 2_500, "{places} {}", cases.len());
    place.whole.close().await;
    app.allow_leftovers();
}

/// Whoever is signed in and has not the password guesses at it five times, however many guesses a request holds.
#[db_test]
async fn passwords_are_not_guessed_by_alias(app: TestApp) {
    let place = place(&app).await;
    let attack = attack(&place).await;
    let guesses: String = (0..30)
        .map(|i| format!("a{i}: changePassword(old: \"guess {i}\", new: \"sieben blaue Regenschirme\") {{ userErrors {{ code }} }} "))
        .collect();
    let case = asked("thirty guesses", Must::BeInForm, &format!("mutation {{ {guesses} }}"));
    let (status, body, _) = attack.send(&case).await;
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    let codes: Vec<String> = (0..30).map(|i| answer["data"][format!("a{i}")].to_string()).collect();
    let braked = codes.iter().filter(|c| c.contains("throttled")).count();
    assert_eq!((status, braked), (StatusCode::OK, 25), "{answer}");
    place.whole.close().await;
    app.allow_leftovers();
}

macro_rules! served {
    ($place:expr) => {{
        let routes = $place.whole.routes();
        let server =
            HttpServer::new(move || WebApp::new().configure(routes.clone())).workers(1).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).expect("a port");
        let port = server.addrs()[0].port();
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        (port, handle)
    }};
}

const PROTOCOL: (&str, &str) = ("Sec-WebSocket-Protocol", "graphql-transport-ws");

async fn hello(port: u16, token: &str) -> Socket {
    let mut socket = Socket::open(port, "/graphql/ws", &[PROTOCOL])
        .await
        .expect("a socket without Origin is no browser's");
    socket.say(&json!({ "type": "connection_init", "payload": { "token": token } }).to_string()).await;
    let heard = socket.heard().await.expect("an answer");
    assert!(heard.contains("connection_ack"), "{heard}");
    socket
}

/// Asks something plain on a socket, beside whatever else it tells.
async fn answers(socket: &mut Socket) -> bool {
    let plain = json!({ "id": "plain", "type": "subscribe", "payload": { "query": "{ viewer { organisations { name } } }" } });
    if !socket.say(&plain.to_string()).await {
        return false;
    }
    while let Some(heard) = socket.heard().await {
        if heard.contains("\"plain\"") && heard.contains("a org") {
            return true;
        }
    }
    false
}

/// The other door: who may open it, what may be said before the token was shown, and how much after.
#[db_test]
async fn sockets_that_are_too_much(app: TestApp) {
    let place = place(&app).await;
    let (port, handle) = served!(place);
    let body = async {
        let mut cases = 0;
        for (origin, open) in [
            ("https://cartwheel.example", true),
            ("http://cartwheel.example", false),
            ("null", false),
            ("https://evil.example", false),
            ("https://cartwheel.example.evil.example", false),
            ("https://evilcartwheel.example", false),
            ("https://cartwheel.example:8443", false),
            ("file://", false),
        ] {
            let opened = Socket::open(port, "/graphql/ws", &[PROTOCOL, ("Origin", origin)]).await;
            assert_eq!(opened.is_ok(), open, "{origin}: {:?}", opened.err());
            cases += 1;
        }
        for protocol in ["", "graphql", "soap", "graphql-transport-ws-x"] {
            let opened = Socket::open(port, "/graphql/ws", &[("Sec-WebSocket-Protocol", protocol)]).await;
            assert!(opened.err().is_some_and(|line| line.contains(" 400 ")), "{protocol}");
            cases += 1;
        }
        // Before it is known who speaks: whatever is said, nothing is told, and the connection ends or nothing comes of it.
        let query = json!({ "id": "1", "type": "subscribe", "payload": { "query": "{ viewer { organisations { name } } }" } });
        for said in [
            query.to_string(),
            json!({ "type": "connection_init" }).to_string(),
            json!({ "type": "connection_init", "payload": { "token": "cwa_wrong" } }).to_string(),
            json!({ "type": "connection_init", "payload": { "token": 1 } }).to_string(),
            json!({ "type": "connection_init", "payload": [] }).to_string(),
            json!({ "type": "connection_init", "payload": "x" }).to_string(),
            json!({ "type": "connection_init", "payload": null }).to_string(),
            "nonsense".into(),
            "{".into(),
            "[]".into(),
            "null".into(),
            String::new(),
            "[".repeat(50_000),
            json!({ "type": "nothing" }).to_string(),
        ] {
            let mut socket = Socket::open(port, "/graphql/ws", &[PROTOCOL]).await.expect("open");
            socket.say(&said).await;
            socket.say(&query.to_string()).await;
            while let Some(heard) = socket.heard().await {
                assert!(!heard.contains("a org") && !heard.contains("connection_ack"), "{said}: {heard}");
            }
            cases += 1;
        }
        // Once it is.
        for (kind, last, said) in [
            (2_u8, true, vec![0xff; 1_000]),
            (TEXT, true, vec![0xff; 1_000]),
            (TEXT, true, vec![b' '; 200_000]),
            (0, true, b"x".to_vec()),
            (3, true, b"x".to_vec()),
            (TEXT, true, b"{".to_vec()),
        ] {
            let mut socket = hello(port, &place.token).await;
            socket.frame(last, kind, &said).await;
            // It is closed, or goes on as if nothing had been said.
            answers(&mut socket).await;
            cases += 1;
        }
        let store = place.store.id();
        let mut socket = hello(port, &place.token).await;
        for (n, query) in [
            format!("{{ {} }}", (0..1_000).map(|i| format!("a{i}:__typename ")).collect::<String>()),
            format!("{}a{}", "{a".repeat(10_000), "}".repeat(10_000)),
            format!(
                "subscription {{ {} }}",
                (0..500)
                    .map(|i| format!("a{i}:cartsChanged(storeId:\"{store}\"){{cart{{id}}}}"))
                    .collect::<String>()
            ),
            "subscription { cartsChanged(storeId: \"x\") { cart { id } } }".into(),
            "subscription { cartsChanged(storeId: 1.5) { cart { id } } }".into(),
            "{ nothing }".into(),
        ]
        .iter()
        .enumerate()
        {
            let ask = json!({ "id": format!("q{n}"), "type": "subscribe", "payload": { "query": query } });
            assert!(socket.say(&ask.to_string()).await);
            let mut heard = socket.heard().await.expect("an answer");
            while heard.contains("complete") {
                heard = socket.heard().await.expect("an answer");
            }
            assert!(heard.contains(&format!("q{n}")) && heard.contains("error"), "{n}: {heard}");
            cases += 1;
        }
        assert!(answers(&mut socket).await);

        // A thousand subscriptions: fifty are held, the others are told so, and whoever ends one has room again.
        let mut socket = hello(port, &place.token).await;
        let watch = format!("subscription {{ cartsChanged(storeId: \"{store}\") {{ cart {{ id }} }} }}");
        let ask =
            |id: String| json!({ "id": id, "type": "subscribe", "payload": { "query": watch } }).to_string();
        for n in 0..1_000 {
            assert!(socket.say(&ask(n.to_string())).await);
        }
        let mut held: BTreeSet<String> = (0..1_000).map(|n| n.to_string()).collect();
        while held.len() > MOST_AT_ONCE {
            let heard = socket.heard().await.expect("an answer for each that is too many");
            let heard: Value = serde_json::from_str(&heard).expect("JSON");
            if heard["type"] != "complete" {
                assert!(heard.to_string().contains("at a time on one socket"), "{heard}");
                held.remove(heard["id"].as_str().expect("which"));
            }
        }
        for _ in 0..3 {
            let one = held.pop_first().expect("one that is held");
            socket.say(&json!({ "id": one, "type": "complete" }).to_string()).await;
        }
        assert!(answers(&mut socket).await, "there is room again");
        cases += 1_000;

        // What is too large for a frame is not heard, and the others go on.
        let mut socket = hello(port, &place.token).await;
        let large =
            json!({ "id": "x", "type": "subscribe", "payload": { "query": "x".repeat(5 * 1024 * 1024) } });
        socket.say(&large.to_string()).await;
        assert!(!answers(&mut socket).await, "five million bytes in one frame");
        assert!(answers(&mut hello(port, &place.token).await).await);
        println!("abuse: {cases} cases over sockets");
        assert!(cases > 1_030);
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), body).await.expect("nothing hangs");
    handle.stop(false).await;
    place.whole.close().await;
    app.allow_leftovers();
}
