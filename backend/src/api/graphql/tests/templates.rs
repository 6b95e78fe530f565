//! Texts of a store: looked at, tried out, saved, and taken over into other stores.

use super::{
    Service,
    many::second,
    team::{person, verdict},
};
use crate::{
    channels::fake::Fake,
    db::Role,
    testing::{TestApp, door::whole, flow::Flow},
};
use actix_web::{http::StatusCode, test};
use cartwheel_domain::ids::StoreId;
use cartwheel_macros::db_test;
use serde_json::{Value, json};

struct Desk<'a> {
    service: &'a Service,
    token: String,
    store: StoreId,
}

impl Desk<'_> {
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer = self.service.ask(Some(&self.token), query, variables).await;
        assert!(answer.errors.is_empty(), "{query}: {:?}", answer.errors);
        answer.data.into_json().expect("JSON")
    }

    /// The newest German formal first mail of a store.
    async fn german(&self, store: StoreId) -> Value {
        let query = "query($s: ID!) { store(id: $s) { templates { id key language formality version newest subject } } }";
        let all = self.ask(query, json!({ "s": store })).await["store"]["templates"].clone();
        let all = all.as_array().expect("a list");
        assert_eq!(all.len(), 35);
        let is = |t: &&Value| t["key"] == "recovery_1" && t["language"] == "de" && t["formality"] == "FORMAL";
        all.iter().find(is).expect("the German text").clone()
    }

    async fn save(&self, store: StoreId, id: &Value, input: Value) -> Value {
        let query = "mutation($s: ID!, $t: ID!, $i: TemplateDraft!) { saveTemplate(storeId: $s, templateId: $t, input: $i)
            { template { id version newest subject versions { version } siblings { id } } userErrors { path code message } } }";
        self.ask(query, json!({ "s": store, "t": id, "i": input })).await["saveTemplate"].clone()
    }

    async fn preview(&self, id: &Value, draft: Value, cart: Option<&str>) -> Value {
        let query = "query($s: ID!, $t: ID!, $d: TemplateDraft, $c: ID) { store(id: $s) { template(id: $t) { preview(draft: $d, cartId: $c)
            { cart { id } mail { subject preheader html text ticket } problems { path code message } } } } }";
        let data = self.ask(query, json!({ "s": self.store, "t": id, "d": draft, "c": cart })).await;
        data["store"]["template"]["preview"].clone()
    }
}

#[db_test]
async fn a_text_is_tried_out_and_saved_as_the_next_version(app: TestApp) {
    let service = Service::over(&app);
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (_, token) = person(&service, &app, &flow.store, Role::Editor, "emil").await;
    let desk = Desk { service: &service, token, store: flow.store.id() };
    let first = desk.german(desk.store).await;
    assert_eq!((&first["version"], &first["newest"]), (&json!(1), &json!(true)));
    let example = desk.preview(&first["id"], Value::Null, None).await;
    assert_eq!((&example["cart"], &example["problems"]), (&Value::Null, &json!([])));
    assert!(example["mail"]["subject"].as_str().is_some_and(|s| s.starts_with("Ihr Warenkorb")), "{example}");

    let (_, cart) = flow.left("jonas@example.com").await;
    flow.drain().await;
    let draft = json!({ "subject": "{{ cart.items[0].title }} wartet, {{ contact.email }}" });
    for given in [None, Some(cart.to_string())] {
        let real = desk.preview(&first["id"], draft.clone(), given.as_deref()).await;
        assert_eq!(
            real["cart"]["id"],
            json!(cart),
            "the cart that was left last, or the one that is asked for"
        );
        let subject = real["mail"]["subject"].as_str().expect("a subject");
        assert!(subject.ends_with("wartet, jonas@example.com"), "{subject}");
    }
    let wrong = desk.preview(&first["id"], json!({ "mjml": "<mjml>\n  <mj-nope /></mjml>" }), None).await;
    assert_eq!((&wrong["mail"], &wrong["problems"][0]["path"]), (&Value::Null, &json!(["draft", "mjml"])));
    assert!(
        wrong["problems"][0]["message"].as_str().is_some_and(|m| m.contains("line 2, column 3")),
        "{wrong}"
    );

    let saved = desk.save(desk.store, &first["id"], json!({ "subject": "Hallo {{ contact.email }}" })).await;
    assert_eq!(saved["userErrors"], json!([]));
    let text = &saved["template"];
    assert_eq!(
        (&text["version"], &text["newest"], &text["versions"]),
        (&json!(2), &json!(true), &json!([{ "version": 2 }, { "version": 1 }]))
    );
    assert_eq!(text["siblings"].as_array().map(Vec::len), Some(7));
    assert_eq!(desk.german(desk.store).await["id"], text["id"]);
    let stale = desk.save(desk.store, &first["id"], json!({ "subject": "zu spät" })).await;
    assert_eq!((&stale["template"], &stale["userErrors"][0]["code"]), (&Value::Null, &json!("outdated")));
    let unlawful = json!({ "text": "Kaufen Sie: {{ links.restore }}" });
    let unlawful = desk.save(desk.store, &text["id"], unlawful).await;
    assert_eq!(unlawful["userErrors"][0]["path"], json!(["input", "text"]));
    assert!(
        unlawful["userErrors"][0]["message"].as_str().is_some_and(|m| m.contains("links.unsubscribe")),
        "{unlawful}"
    );
    assert_eq!(desk.german(desk.store).await["version"], 2, "nothing was saved");
    // The next mail says what was saved.
    app.clock().advance(cartwheel_domain::time::HOUR);
    flow.drain().await;
    let log = "query($o: ID!) { organisation(id: $o) { auditLog { action } } }";
    let (_, owner) = person(&service, &app, &flow.store, Role::Owner, "olga").await;
    let seen = service.ask(Some(&owner), log, json!({ "o": flow.store.keys.organisation_id })).await;
    let seen = seen.data.into_json().expect("JSON");
    let entries = seen["organisation"]["auditLog"].as_array().expect("entries").iter();
    assert_eq!(entries.filter(|e| e["action"] == "template.saved").count(), 1);
}

#[db_test]
async fn readers_read_and_editors_write(app: TestApp) {
    let service = Service::over(&app);
    let store = app.store("one").await;
    let shop = second(&app, &store, "shop").await;
    let editor = person(&service, &app, &store, Role::Editor, "emil").await.1;
    let id = Desk { service: &service, token: editor, store: shop }.german(shop).await["id"].clone();
    let read = "query($s: ID!, $t: ID!) { store(id: $s) { templates { id } template(id: $t) { text preview { mail { text } } } } }";
    let save = "mutation($s: ID!, $t: ID!) { saveTemplate(storeId: $s, templateId: $t, input: { subject: \"x\" }) { userErrors { code } } }";
    let roll =
        "query($s: ID!, $t: ID!) { store(id: $s) { template(id: $t) { rollOut(storeIds: []) { state } } } }";
    for (role, may) in [
        (Role::Support, [false, false, false]),
        (Role::Analyst, [true, false, false]),
        (Role::Editor, [true, true, true]),
    ] {
        let (_, token) = person(&service, &app, &store, role, role.as_str()).await;
        for (query, may) in [read, save, roll].into_iter().zip(may) {
            let answer = service.ask(Some(&token), query, json!({ "s": shop, "t": id })).await;
            assert_eq!((verdict(&answer) == "ok"), may, "{role:?} {query}: {answer:?}");
        }
    }
}

#[db_test]
async fn texts_are_taken_over_into_other_stores(app: TestApp) {
    let service = Service::over(&app);
    let store = app.store("one").await;
    let (library, shop) = (second(&app, &store, "library").await, second(&app, &store, "shop").await);
    let token = person(&service, &app, &store, Role::Editor, "emil").await.1;
    let desk = Desk { service: &service, token, store: library };
    let source = desk.german(library).await["id"].clone();
    let source =
        desk.save(library, &source, json!({ "subject": "Von der Agentur" })).await["template"]["id"].clone();
    let theirs = desk.german(shop).await["id"].clone();
    desk.save(shop, &theirs, json!({ "preheader": "Vom Laden" })).await;
    let query = "query($s: ID!, $t: ID!, $to: [ID!]!) { store(id: $s) { template(id: $t) { rollOut(storeIds: $to)
        { storeId state seen problems differences { language formality field lines { kind text } } kept { field lines { kind text } } } } } }";
    let plans = async || {
        let data =
            desk.ask(query, json!({ "s": library, "t": source, "to": [shop, library, "store_0"] })).await;
        data["store"]["template"]["rollOut"].clone()
    };
    let looked = plans().await;
    let state = |plans: &Value| {
        plans.as_array().expect("plans").iter().map(|p| p["state"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(state(&looked), ["UPDATE", "REFUSED", "REFUSED"]);
    let difference = &looked[0]["differences"];
    assert_eq!(difference.as_array().map(Vec::len), Some(1), "{difference}");
    assert_eq!((&difference[0]["language"], &difference[0]["field"]), (&json!("de"), &json!("subject")));
    assert_eq!(difference[0]["lines"][1], json!({ "kind": "ADDED", "text": "Von der Agentur" }));
    assert_eq!(looked[0]["kept"][0]["field"], "preheader");
    assert_eq!(looked[0]["kept"][0]["lines"][1], json!({ "kind": "ADDED", "text": "Vom Laden" }));
    let take = "mutation($s: ID!, $t: ID!, $to: [TemplateRollOutTarget!]!) { rollOutTemplate(storeId: $s, templateId: $t, to: $to)
        { changed userErrors { path code } } }";
    let to = json!([{ "storeId": shop, "seen": looked[0]["seen"] }, { "storeId": library, "seen": "x" }]);
    let done =
        desk.ask(take, json!({ "s": library, "t": source, "to": to })).await["rollOutTemplate"].clone();
    assert_eq!(done, json!({ "changed": [shop], "userErrors": [{ "path": ["to", "1"], "code": "own" }] }));
    assert_eq!(state(&plans().await)[0], "SAME");
    assert_eq!(desk.german(shop).await["subject"], "Von der Agentur");
    // What was looked at is no more.
    let source = desk.german(library).await["id"].clone();
    let source = desk.save(library, &source, json!({ "subject": "Später" })).await["template"]["id"].clone();
    let done = desk
        .ask(
            take,
            json!({ "s": library, "t": source, "to": [{ "storeId": shop, "seen": looked[0]["seen"] }] }),
        )
        .await;
    assert_eq!(done["rollOutTemplate"]["userErrors"][0]["code"], "outdated");
}

#[db_test]
async fn only_what_we_made_is_shown_in_a_frame(app: TestApp) {
    let service = Service::over(&app);
    let store = app.store("one").await;
    let shop = second(&app, &store, "shop").await;
    let token = person(&service, &app, &store, Role::Analyst, "anna").await.1;
    let desk = Desk { service: &service, token, store: shop };
    let id = desk.german(shop).await["id"].clone();
    let mail = desk.preview(&id, Value::Null, None).await["mail"].clone();
    let (html, ticket) = (mail["html"].as_str().expect("HTML"), mail["ticket"].as_str().expect("a ticket"));
    let whole = whole(&app).await;
    let door = test::init_service(actix_web::App::new().configure(whole.routes())).await;
    let post = async |ticket: &str, html: &str| {
        let request =
            test::TestRequest::post().uri("/v1/mail-preview").set_form([("ticket", ticket), ("html", html)]);
        let answer = test::call_service(&door, request.to_request()).await;
        let (status, policy) = (answer.status(), answer.headers().get("content-security-policy").cloned());
        (status, policy, test::read_body(answer).await)
    };
    // As a browser's form sends it.
    let (status, policy, body) = post(ticket, &html.replace('\n', "\r\n")).await;
    assert_eq!(status, StatusCode::OK);
    let policy = policy.expect("a policy").to_str().expect("text").to_owned();
    assert!(
        policy.contains("sandbox") && policy.contains("default-src 'none'") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(String::from_utf8_lossy(&body).replace('\r', ""), html.replace('\r', ""));
    let other = ticket.replacen('.', ".1", 1);
    for (ticket, html) in
        [(ticket, "<p>something else</p>"), ("", html), ("a.b.c", html), (other.as_str(), html)]
    {
        assert_eq!(post(ticket, html).await.0, StatusCode::NOT_FOUND);
    }
    app.clock().advance(11 * cartwheel_domain::time::MINUTE);
    assert_eq!(post(ticket, html).await.0, StatusCode::NOT_FOUND, "a ticket is good for ten minutes");
}
