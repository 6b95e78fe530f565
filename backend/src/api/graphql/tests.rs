//! The API as a stranger, a neighbour and an attacker see it.

use super::{ApiSchema, access::Api, loaders, schema};
use crate::{
    api::Live,
    auth::{Sessions, grant::Grants},
    testing::{TestApp, TestStore},
};
use async_graphql::{Request, Response, Variables};
use cartwheel_macros::db_test;
use serde_json::{Value, json};

mod abuse;
mod billing;
mod canaries;
mod circles;
mod fences;
mod guests;
mod journeys;
mod lists;
mod many;
mod platforms;
mod rights;
mod stories;
mod sweep;
mod team;
mod templates;

struct Service {
    api: Api,
    schema: ApiSchema,
}

impl Service {
    fn over(app: &TestApp) -> Self {
        let sessions =
            Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
        let api = Api {
            db: app.db().clone(),
            env: app.env().clone(),
            stores: app.stores().clone(),
            grants: Grants::new(app.db().clone(), app.env().clone(), sessions, app.stores().clone()),
            master: app.master_key(),
            live: Live::default(),
            templates: crate::templates::Templates::default(),
            public_url: "https://cartwheel.example".into(),
            mails: false,
            // Nobody answers there: what has to ask Stripe says so.
            billing: Some(crate::testing::stripe::billing(app, "http://127.0.0.1:9")),
            webhooks_local: false,
            apis: crate::platforms::api::Apis::new(
                crate::webhooks::Caller::new(false).expect("a caller"),
                crate::platforms::api::StandIns::default(),
            ),
            mail_usual: true,
            rates: std::sync::Arc::new(crate::api::rate::Rates::new(1_000_000)),
        };
        Self { schema: schema(api.clone(), false), api }
    }

    /// The same, with a way to mailboxes.
    fn sending(app: &TestApp) -> Self {
        let api = Api { mails: true, ..Self::over(app).api };
        Self { schema: schema(api.clone(), false), api }
    }

    async fn ask(&self, key: Option<&str>, query: &str, variables: Value) -> Response {
        let mut request = Request::new(query).variables(Variables::from_json(variables));
        loaders::insert(&mut request.data, &self.api);
        if let Some(key) = key
            && let Some(viewer) = self.api.grants.viewer(key).await.expect("asked")
        {
            request = request.data(viewer);
        }
        self.schema.execute(request).await
    }

    async fn data(&self, store: &TestStore, query: &str, variables: Value) -> Value {
        let answer = self.ask(Some(&store.keys.api_key), query, variables).await;
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        answer.data.into_json().expect("JSON")
    }
}

/// Every field of a store that takes an id, and every mutation, asked with ids of another store and with ids that never
/// were: the answers are alike to the letter.
#[db_test]
async fn a_foreign_id_looks_like_one_that_never_was(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let contact = a.contact("ann@example.com").await;
    let service = Service::over(&app);
    let random: cartwheel_domain::ids::ContactId = app.env().id();
    let contact_query = "query($s: ID!, $c: ID!) { store(id: $s) { contact(id: $c) { id email } } }";
    let own = service.data(&a, contact_query, json!({ "s": a.id(), "c": contact })).await;
    assert_eq!(own["store"]["contact"]["email"], "ann@example.com");
    for (store, id) in [(b.id(), contact), (b.id(), random)] {
        let answer = service.data(&b, contact_query, json!({ "s": store, "c": id })).await;
        assert_eq!(answer, json!({ "store": { "contact": null } }));
    }
    let never: cartwheel_domain::ids::StoreId = app.env().id();
    let fields = [
        "id",
        "name",
        "settings { publicKey }",
        "journeys { id }",
        "carts { edges { cursor } }",
        "contacts { edges { cursor } }",
        "messages { edges { cursor } }",
        "setup { code }",
        "attention { code }",
        "overview(days: 7) { until }",
    ];
    for field in fields {
        let query = format!("query($s: ID!) {{ store(id: $s) {{ {field} }} }}");
        let foreign = service.data(&b, &query, json!({ "s": a.id() })).await;
        let unknown = service.data(&b, &query, json!({ "s": never })).await;
        assert_eq!(foreign, unknown, "{field}");
        assert_eq!(foreign, json!({ "store": null }), "{field}");
    }
    let mutations = [
        "mutation($s: ID!) { updateStoreSettings(storeId: $s, input: { senderName: \"taken\" }) { store { id } userErrors { path code message } } }",
        "mutation($s: ID!) { setJourneyStatus(storeId: $s, journeyId: \"x\", status: OFF) { journey { id } userErrors { path code message } } }",
        "mutation($s: ID!) { publishJourney(storeId: $s, journeyId: \"x\", definition: {}) { journey { id } userErrors { path code message } } }",
    ];
    for mutation in mutations {
        let foreign = service.data(&b, mutation, json!({ "s": a.id() })).await;
        let unknown = service.data(&b, mutation, json!({ "s": never })).await;
        assert_eq!(foreign, unknown, "{mutation}");
    }
    let kept = service
        .data(&a, "query($s: ID!) { store(id: $s) { settings { senderName } } }", json!({ "s": a.id() }))
        .await;
    assert_eq!(kept["store"]["settings"]["senderName"], "");
}

#[db_test]
async fn a_stranger_learns_nothing(app: TestApp) {
    let a = app.store("a").await;
    let service = Service::over(&app);
    for key in [None, Some("cwa_wrong"), Some("nonsense"), Some(a.keys.write_key.as_str())] {
        for query in [
            "{ viewer { organisations { name } } }".to_owned(),
            format!("{{ store(id: \"{}\") {{ name }} }}", a.id()),
        ] {
            let answer = service.ask(key, &query, json!({})).await;
            assert_eq!(
                answer.errors.first().map(|e| e.message.as_str()),
                Some("sign in, or send an API key")
            );
        }
    }
}

#[db_test]
async fn settings_are_changed_whole_or_not_at_all(app: TestApp) {
    let a = app.store("a").await;
    let service = Service::over(&app);
    let mutation = "mutation($s: ID!, $i: StoreSettingsInput!) { updateStoreSettings(storeId: $s, input: $i) { store { name settings { senderName holdoutPercent quietHoursFrom quietHoursTo } } userErrors { path code message } } }";
    let bad = service.data(&a, mutation, json!({ "s": a.id(), "i": { "senderName": "New", "holdoutPercent": 99, "timeZone": "Mars/Olympus" } })).await;
    let errors = &bad["updateStoreSettings"]["userErrors"];
    assert_eq!(errors.as_array().map(Vec::len), Some(2), "{errors}");
    assert_eq!(errors[0]["path"], json!(["input", "timeZone"]));
    assert_eq!(bad["updateStoreSettings"]["store"]["settings"]["senderName"], "");
    let good = service.data(&a, mutation, json!({ "s": a.id(), "i": { "name": "Shop", "senderName": "New", "quietHoursFrom": "20:00", "quietHoursTo": "09:00" } })).await;
    let store = &good["updateStoreSettings"]["store"];
    assert_eq!(
        (&store["name"], &store["settings"]["senderName"], &store["settings"]["quietHoursFrom"]),
        (&json!("Shop"), &json!("New"), &json!("20:00"))
    );
}

#[db_test]
async fn the_secret_of_a_platform_is_never_shown(app: TestApp) {
    let a = app.store("a").await;
    let service = Service::over(&app);
    let mutation = "mutation($s: ID!) { updateStoreSettings(storeId: $s, input: { shopifySecret: \"shpss_canary\" }) { store { settings { shopifyConnected } } userErrors { message } } }";
    let answer = service.data(&a, mutation, json!({ "s": a.id() })).await;
    assert_eq!(answer["updateStoreSettings"]["store"]["settings"]["shopifyConnected"], true);
    assert!(!answer.to_string().contains("canary"));
}

#[db_test]
async fn hostile_documents_are_refused_before_they_cost_anything(app: TestApp) {
    let a = app.store("a").await;
    let service = Service::over(&app);
    let deep = format!(
        "{{ store(id: \"{}\") {{ {} id {} }} }}",
        a.id(),
        "carts { edges { node { contact { ".repeat(20),
        "} } } }".repeat(20)
    );
    let wide = format!(
        "{{ {} }}",
        (0..200).map(|n| format!("a{n}: viewer {{ organisations {{ name }} }} ")).collect::<String>()
    );
    let many = format!(
        "{{ store(id: \"{}\") {{ carts(first: 100) {{ edges {{ node {{ contact {{ carts(first: 100) {{ messages {{ id subject }} }} }} }} }} }} }} }}",
        a.id()
    );
    let directives = format!("{{ viewer {{ member {{ name {} }} }} }}", "@include(if: true) ".repeat(50));
    let page =
        format!("{{ store(id: \"{}\") {{ carts(first: 1000000) {{ edges {{ cursor }} }} }} }}", a.id());
    let cursor =
        format!("{{ store(id: \"{}\") {{ carts(after: \"nonsense\") {{ edges {{ cursor }} }} }} }}", a.id());
    for query in [deep.as_str(), &wide, &many, &directives, &page, &cursor, "{", "query { nothing }", "\u{0}"]
    {
        let answer = service.ask(Some(&a.keys.api_key), query, json!({})).await;
        assert!(!answer.errors.is_empty(), "{}", query.chars().take(80).collect::<String>());
    }
}

/// A socket outlives the session that opened it: each operation on it asks anew who it is.
#[db_test]
async fn nothing_goes_through_an_open_socket_after_sign_out(app: TestApp) {
    use crate::api::http::{Bearer, OverSocket};
    let a = app.store("a").await;
    let service = Service::over(&app);
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    let granted =
        sessions.sign_in("a@owner.example", "correct horse battery", None, "test").await.expect("in");
    let viewer = service.api.grants.viewer(&granted.access_token).await.expect("asked").expect("somebody");
    let ask = async |query: &str| {
        let request = Request::new(query).variables(Variables::from_json(json!({ "s": a.id() })));
        // What a socket keeps from its first message on.
        let mut kept = async_graphql::Data::default();
        kept.insert(viewer.clone());
        kept.insert(Bearer(granted.access_token.clone()));
        kept.insert(OverSocket::default());
        let answers = service.schema.execute_stream_with_session_data(request, kept.into());
        futures_util::StreamExt::collect::<Vec<_>>(answers).await.remove(0)
    };
    let look = "query($s: ID!) { store(id: $s) { name } }";
    let change =
        "mutation($s: ID!) { updateStoreSettings(storeId: $s, input: { name: \"taken\" }) { store { id } } }";
    assert!(ask(look).await.errors.is_empty());
    sessions.sign_out(&granted.refresh_token).await.expect("out");
    for query in [look, change] {
        assert!(!ask(query).await.errors.is_empty(), "{query}");
    }
    let name = service.data(&a, look, json!({ "s": a.id() })).await;
    assert_ne!(name["store"]["name"], "taken");
}

/// Two people who change different settings at the same moment do not undo each other, nor do two who publish.
#[db_test]
async fn changes_at_the_same_moment_are_all_kept(app: TestApp) {
    let a = app.store("a").await;
    let service = Service::over(&app);
    let inputs = [
        "senderName: \"Ann\"",
        "postalAddress: \"1 Main Street\"",
        "frequencyCapMessages: 7",
        "shopUrl: \"https://a.example\"",
    ];
    let change = async |input: &&str| {
        let query = format!(
            "mutation($s: ID!) {{ updateStoreSettings(storeId: $s, input: {{ {input} }}) {{ userErrors {{ message }} }} }}"
        );
        service.data(&a, &query, json!({ "s": a.id() })).await
    };
    for answer in futures_util::future::join_all(inputs.iter().map(change)).await {
        assert_eq!(answer["updateStoreSettings"]["userErrors"], json!([]));
    }
    let query = "query($s: ID!) { store(id: $s) { settings { senderName postalAddress frequencyCapMessages shopUrl } } }";
    let kept = service.data(&a, query, json!({ "s": a.id() })).await;
    assert_eq!(
        kept["store"]["settings"],
        json!({ "senderName": "Ann", "postalAddress": "1 Main Street", "frequencyCapMessages": 7, "shopUrl": "https://a.example" })
    );
}

/// What PostgreSQL cannot hold is nothing to search for, and no fault of ours.
#[db_test]
async fn strange_searches_find_nothing(app: TestApp) {
    let a = app.store("a").await;
    a.contact("ann@example.com").await;
    let service = Service::over(&app);
    let query = "query($s: ID!, $t: String!) { store(id: $s) { contacts(search: $t) { edges { node { email } } } carts(search: $t) { edges { cursor } } } }";
    for (text, found) in [("ann\u{0}", 1), ("\u{0}x", 0), ("\u{202e}", 0)] {
        let answer = service.data(&a, query, json!({ "s": a.id(), "t": text })).await;
        assert_eq!(answer["store"]["contacts"]["edges"].as_array().map(Vec::len), Some(found), "{text:?}");
    }
}

/// A list says how many there are in the whole of it, on each page and for a search, when it is asked.
#[db_test]
async fn a_list_knows_its_length(app: TestApp) {
    let a = app.store("a").await;
    for n in 0..5 {
        a.contact(&format!("ann{n}@example.com")).await;
    }
    let service = Service::over(&app);
    let query = "query($s: ID!, $a: String, $t: String) { store(id: $s) {
        contacts(first: 2, after: $a, search: $t) { totalCount pageInfo { endCursor } edges { cursor } }
        carts(first: 2, search: $t) { totalCount } messages(first: 2) { totalCount } } }";
    let first = service.data(&a, query, json!({ "s": a.id() })).await;
    assert_eq!(first["store"]["contacts"]["totalCount"], 5);
    let after = &first["store"]["contacts"]["pageInfo"]["endCursor"];
    let next = service.data(&a, query, json!({ "s": a.id(), "a": after })).await;
    assert_eq!(next["store"]["contacts"]["totalCount"], 5);
    assert_eq!(next["store"]["contacts"]["edges"].as_array().map(Vec::len), Some(2));
    let found = service.data(&a, query, json!({ "s": a.id(), "t": "ann3" })).await;
    assert_eq!(found["store"]["contacts"]["totalCount"], 1);
    assert_eq!(
        (&found["store"]["carts"]["totalCount"], &found["store"]["messages"]["totalCount"]),
        (&json!(0), &json!(0))
    );
}

/// The second of two editors is told that the first has published, and undoes nothing.
#[db_test]
async fn a_change_to_an_old_version_is_not_published(app: TestApp) {
    let a = app.store("a").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&a.scope()).await.expect("the store");
    crate::templates::install_default_set(&scoped, app.env()).await.expect("texts");
    let settings = cartwheel_domain::settings::StoreSettings {
        locale: cartwheel_domain::locale::Language::De,
        ..Default::default()
    };
    let journey =
        crate::journeys::install_default(&scoped, app.env(), &settings).await.expect("made").expect("new");
    tx.commit().await.expect("committed");
    let service = Service::over(&app);
    let state = "query($s: ID!) { store(id: $s) { overview(days: 7) { holdingOut } journeys { name publishedVersion { number } } } }";
    let before = service.data(&a, state, json!({ "s": a.id() })).await;
    assert_eq!(before["store"]["overview"]["holdingOut"], true);
    assert_eq!(before["store"]["journeys"][0]["name"], "Zurückholen, was liegen blieb");
    let publish = async |percent: i64, base: i32| {
        let definition = cartwheel_domain::journey::default_recovery_journey_with(percent).to_json();
        let definition: Value = serde_json::from_str(&definition).expect("JSON");
        let query = "mutation($s: ID!, $j: ID!, $d: Json!, $b: Int) { publishJourney(storeId: $s, journeyId: $j, definition: $d, baseVersion: $b) {
            journey { publishedVersion { number } } userErrors { path code } } }";
        let variables =
            json!({ "s": a.id(), "j": journey.journey_id.to_string(), "d": definition, "b": base });
        service.data(&a, query, variables).await["publishJourney"].clone()
    };
    assert_eq!(publish(0, 1).await["journey"]["publishedVersion"]["number"], 2);
    let late = publish(20, 1).await;
    assert_eq!(late["userErrors"], json!([{ "path": ["baseVersion"], "code": "outdated" }]));
    let after = service.data(&a, state, json!({ "s": a.id() })).await;
    assert_eq!(after["store"]["overview"]["holdingOut"], false);
    assert_eq!(after["store"]["journeys"][0]["publishedVersion"]["number"], 2);
}
