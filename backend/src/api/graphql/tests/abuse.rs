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

mod arguments;
mod documents;

use arguments::arguments;
use documents::{bodies, probes, shapes, ways};

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

        // A message in pieces is heard; one that has no end in sight is not kept, and its sender is let go.
        let plain = json!({ "id": "plain", "type": "subscribe", "payload": { "query": "{ viewer { organisations { name } } }" } });
        let plain = plain.to_string();
        let (first, second) = plain.split_at(plain.find(',').expect("two fields") + 1);
        for (spaces, is_heard) in [(5, true), (30, false)] {
            let mut socket = hello(port, &place.token).await;
            assert!(socket.frame(false, TEXT, first.as_bytes()).await);
            for _ in 0..spaces {
                socket.frame(false, 0, &[b' '; 4_000]).await;
            }
            socket.frame(true, 0, second.as_bytes()).await;
            let heard = socket.heard().await;
            assert_eq!(heard.is_some_and(|heard| heard.contains("a org")), is_heard, "{spaces}");
            cases += 1;
        }

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
