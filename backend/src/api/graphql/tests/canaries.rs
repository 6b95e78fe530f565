//! Canaries: known secrets are put wherever the service keeps one, and looked for wherever anybody may look.

use super::{
    Service,
    sweep::{Walk, ask, side},
};
use crate::{
    accounts::{
        MasterKey, SecretKind,
        keys::Given,
        mailbox::{Letter, Purpose},
        secrets,
        team::{invitations, keys},
    },
    app::{App, Parts},
    auth::{Sessions, mailbox::Mailbox},
    channels::{
        Channel,
        email::{Email, dkim::Signer, url::SmtpUrl},
        fake::Fake,
    },
    config::{Config, Secret, SignUp},
    db::{Db, OrganisationScope, Role},
    post::Postman,
    testing::{TestApp, TestStore, database, logs::Logs, mails},
};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use async_graphql::Response;
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{locale::Language, time::SECOND};
use cartwheel_entity as entity;
use cartwheel_macros::db_test;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

const PASSWORD: &str = "canary kettle under nine stairs";
const MASTER: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const TWILIO: &str = "twilio-canary-0123456789abcdef";
const DKIM: &str = include_str!("../../../channels/email/testdata/dkim.pem");

/// Secrets by name, in each form one may come out in.
#[derive(Default)]
struct Canaries(BTreeMap<String, Vec<Vec<u8>>>);

impl Canaries {
    fn add(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        let bytes = secret.as_ref();
        assert!(bytes.len() >= 10, "{name} is too short to be found by");
        let forms = [hex::encode(bytes), hex::encode_upper(bytes), STANDARD.encode(bytes)];
        let mut forms: Vec<Vec<u8>> = forms.into_iter().map(String::into_bytes).collect();
        forms.push(bytes.to_vec());
        self.0.insert(name.to_owned(), forms);
    }

    /// That none of them is in a text, and none has been for a while.
    fn assert_none(&self, place: &str, text: impl AsRef<[u8]>) {
        let found = self.found(text.as_ref());
        assert!(found.is_empty(), "in {place}: {found:?}");
    }

    fn found(&self, text: &[u8]) -> Vec<&str> {
        let inside = |form: &Vec<u8>| memchr::memmem::find(text, form).is_some();
        self.0.iter().filter(|(_, forms)| forms.iter().any(inside)).map(|(name, _)| name.as_str()).collect()
    }
}

fn smtp(password: &str) -> String {
    format!("smtp://carrier:{password}@127.0.0.1:1?starttls=none")
}

/// One of each kind. What only a person holds is theirs to show: their tokens, codes and password.
async fn plant(app: &TestApp, store: &TestStore, sessions: &Sessions) -> Canaries {
    let mut all = Canaries::default();
    let (shopify, carrier) = ("shpss_canary0123456789", smtp("canary-of-the-store"));
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    for (kind, text) in [
        (SecretKind::Shopify, shopify),
        (SecretKind::SmtpUrl, carrier.as_str()),
        (SecretKind::DkimKey, DKIM),
        (SecretKind::TwilioToken, TWILIO),
        (SecretKind::ShopifyToken, "shpat_canary0123456789"),
        (SecretKind::WooWebhook, "canary-of-woo-webhooks"),
        (SecretKind::WooKeys, "ck_1:cs_canary0123456789"),
        (SecretKind::BigcommerceClient, "canary-of-the-client"),
        (SecretKind::BigcommerceToken, "canary-of-the-token"),
        (SecretKind::BigcommerceHeader, "canary-of-the-header"),
    ] {
        secrets::put(&scoped, &app.master_key(), app.env(), kind, text).await.expect("kept");
    }
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let email = "late@team.example".parse().expect("an address");
    let (_, invitation) =
        invitations::invite(&mut tx, app.env(), &owner, &email, Role::Editor).await.expect("invited");
    let new = keys::NewKey { name: "till".into(), role: Role::Editor, store: None, expires_at: None };
    let (_, key) = keys::make(&mut tx, app.env(), &owner, new).await.expect("made");
    let listening = crate::webhooks::endpoint::Change {
        url: Some("https://hooks.example/".into()),
        kinds: Some(vec!["order.placed".into()]),
        ..Default::default()
    };
    let with = (&store.scope(), app.env(), &app.master_key());
    let (_, hook) =
        crate::webhooks::endpoint::create(&mut tx, with, false, &listening).await.expect("an endpoint");
    let with = (&app.master_key(), app.env());
    crate::push::ensure(&mut tx, &store.scope(), with).await.expect("a pair of keys");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let pair = crate::push::pair(&scoped, &app.master_key()).await.expect("opened").expect("there");
    tx.commit().await.expect("committed");
    all.add("private key of web push", pair.text());
    all.add("webhook secret", hook.strip_prefix("whsec_").expect("a secret"));
    all.add("Shopify secret", shopify);
    for text in [
        "shpat_canary0123456789",
        "canary-of-woo-webhooks",
        "cs_canary0123456789",
        "canary-of-the-client",
        "canary-of-the-token",
        "canary-of-the-header",
    ] {
        all.add("credential of a platform", text);
    }
    all.add("Twilio token", TWILIO);
    all.add("password of the store's mail server", "canary-of-the-store");
    all.add("password of the service's mail server", "canary-of-the-service");
    all.add("password of the database", "canary-of-the-database");
    all.add("DKIM key", DKIM.lines().nth(5).expect("a line of the key"));
    all.add("invitation", invitation);
    all.add("key of the organisation", key);
    all.add("key of the store", &store.keys.api_key);
    all.add("write key", &store.keys.write_key);
    all.add("master key", MASTER);
    for (n, key) in app.master_key().bytes(app).await.into_iter().enumerate() {
        all.add(&format!("root or data key {n}"), key);
    }

    // A newcomer by mail, with a second factor, and a password forgotten.
    let address = "canary@new.example";
    sessions.ask(Purpose::SignUp, address, Language::En, None).await.expect("asked");
    let sign_up = token(app).await;
    let new = crate::auth::mailbox::SignUp {
        token: &sign_up,
        name: "Ben",
        organisation: "Lamps",
        agency: false,
        password: PASSWORD,
        language: Language::En,
    };
    let granted = sessions.sign_up(new, "test").await.expect("in");
    let (access, _) = sessions.authenticate(&granted.access_token).await.expect("asked").expect("in");
    let setup = sessions.start_second_factor(access, PASSWORD).await.expect("begun");
    let seed = totp_rs::Secret::try_from_base32(&setup.secret).expect("base32");
    let phone = totp_rs::Builder::new().with_secret(seed).build().expect("an app");
    let code = phone.generate(u64::try_from(app.env().now() / 1000).expect("after 1970")).to_string();
    let codes = sessions.confirm_second_factor(access, &code).await.expect("on");
    let again = sessions.sign_in(address, PASSWORD, None, "test").await.err().expect("a code is needed");
    let crate::auth::session::SignInError::SecondFactor(challenge) = again else { panic!("{again:?}") };
    app.clock().advance(SECOND);
    sessions.ask(Purpose::Reset, address, Language::En, None).await.expect("asked");
    all.add("sign-up link", &sign_up);
    all.add("reset link", token(app).await);
    all.add("password", PASSWORD);
    all.add("access token", &granted.access_token);
    all.add("refresh token", &granted.refresh_token);
    all.add("challenge", challenge);
    all.add("seed of the second factor", &setup.secret);
    for code in &codes[..2] {
        all.add(&format!("recovery code {code}"), code);
        all.add(&format!("recovery code {code}, bare"), code.replace('-', ""));
    }
    all
}

async fn token(app: &TestApp) -> String {
    let letters = mails(app).await.into_iter().rev().map(|mail| mail.letter);
    let tokens = letters.filter_map(|letter| match letter {
        Letter::SignUp { token } | Letter::Reset { token } => Some(token),
        _ => None,
    });
    tokens.into_iter().next().expect("a mail with a link")
}

/// What goes wrong where a secret is at hand, as it is told.
async fn faults(app: &TestApp, store: &TestStore) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    let other = Secret::new("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=");
    for (what, text) in [
        ("another master key", other),
        ("a master key cut short", Secret::new(&MASTER[..40])),
        ("two, one cut short", Secret::new(format!("{MASTER} {}", &MASTER[1..]))),
    ] {
        let opened = MasterKey::open(app.db(), app.env(), &Given::Text(text)).await;
        let error = opened.err().expect(what);
        said.push((what, format!("{error} {error:?}")));
    }
    for (what, url) in [
        ("a ? in the password", "smtp://user:canary-of-the-service?x@mail.example:587"),
        ("a ? after digits", "smtp://user:25?canary-of-the-service@mail.example:587"),
        ("a space in the password", "smtp://user:canary-of-the-service @mail.example"),
        ("a % in the password", "smtp://user:canary-of-the-service%zz@mail.example"),
        ("in the clear", "smtp://user:canary-of-the-service@mail.example?starttls=none"),
        ("another scheme", "imap://user:canary-of-the-service@mail.example"),
    ] {
        let error = url.parse::<SmtpUrl>().expect_err(what);
        said.push((what, format!("{error} {error:?}")));
    }
    for (what, url) in [
        ("another database", "mysql://user:canary-of-the-database@db.example/x"),
        ("a database's wrong port", "postgres://user:canary-of-the-database@db.example:999999/x"),
    ] {
        let error = Db::connect(url).await.err().expect(what);
        said.push((what, format!("{error} {error:?}")));
    }
    let broken = DKIM.replace("-----END", "-----ENDE");
    let error = Signer::new("a.example", "one", &broken).err().expect("no key");
    said.push(("a broken DKIM key", format!("{error} {error:?}")));

    // A credential that was moved to another's place.
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let rows = sea_orm::QueryFilter::filter(
        scoped.find::<entity::store_secret::Entity>(),
        sea_orm::ColumnTrait::eq(&entity::store_secret::Column::Kind, "shopify_secret"),
    );
    let row = rows.one(scoped.on()).await.expect("asked").expect("a credential");
    let moved = entity::store_secret::ActiveModel {
        kind: sea_orm::ActiveValue::Set("dkim_key".into()),
        ..sea_orm::IntoActiveModel::into_active_model(row)
    };
    let columns = [entity::store_secret::Column::Sealed];
    scoped.upsert::<entity::store_secret::Entity>(vec![moved], &columns).await.expect("moved");
    let error = secrets::get(&scoped, &app.master_key(), SecretKind::DkimKey).await.expect_err("moved");
    said.push(("a moved credential", format!("{error} {error:?}")));
    tx.commit().await.expect("committed");
    said
}

fn seen(answer: &Response) -> String {
    format!("{answer:?}")
}

#[db_test]
async fn no_secret_comes_out(app: TestApp) {
    let logs = Logs::begin();
    let service = Service::sending(&app);
    let (store, ids, insider) = side(&app, &service).await;
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    let sessions = sessions.with_mailbox(Mailbox { sign_up: true });
    // The keys of the database are wrapped in it, as they are at the first start.
    let given = Given::Text(Secret::new(MASTER));
    MasterKey::open(app.db(), app.env(), &given).await.expect("opened");
    let canaries = plant(&app, &store, &sessions).await;
    assert!(canaries.0.len() >= 20, "{}", canaries.0.len());

    // It would be found if it were there.
    assert_eq!(canaries.found(format!("x{MASTER}y").as_bytes()), ["master key", "root or data key 0"]);
    canaries.assert_none("the dump", database::dump(app.db()).await);

    let config = Config {
        database_url: Secret::new("postgres://cartwheel:canary-of-the-database@db.example/cartwheel"),
        public_url: "https://cartwheel.example".into(),
        smtp_url: Some(Secret::new(smtp("canary-of-the-service"))),
        mail_from: Some("no-reply@cartwheel.example".into()),
        master_key: Some(Secret::new(MASTER)),
        sign_up: SignUp::Open,
        ..Config::default()
    };
    let url: SmtpUrl = smtp("canary-of-the-service").parse().expect("an address");
    canaries.assert_none("Debug", format!("{config:?} {url:?} {given:?}"));

    // A mail server that is not there; what is tried again is logged.
    let carrier: Arc<dyn Channel> = Arc::new(Email::new(url));
    let postman = Postman {
        db: app.db().clone(),
        env: app.env().clone(),
        master: app.master_key(),
        channel: carrier.clone(),
        sender: "no-reply@cartwheel.example".parse().expect("a sender"),
        public_url: config.public_url.clone(),
    };
    assert!(postman.tick().await.expect("a pass") > 0);

    // All that the owner can ask for, and all that they can change.
    let mut walk = Walk::of(&crate::api::sdl());
    let mut documents = walk.documents("query", "Query");
    documents.extend(walk.documents("mutation", "Mutation"));
    for document in &documents {
        let named: Vec<String> = document.slots.iter().map(|(_, named)| ids[named].clone()).collect();
        let answer = ask(&service, Some(&insider), document, &named).await;
        canaries.assert_none(&document.text, seen(&answer));
    }

    for (what, said) in faults(&app, &store).await {
        canaries.assert_none(what, said);
    }
    let findings = crate::doctor::examine(app.db(), &config).await.expect("examined");
    assert!(findings.iter().any(|f| f.what == "what is sealed opens" && !f.holds), "{findings:?}");
    canaries.assert_none("the doctor's findings", format!("{findings:?}"));

    // The doors, by those who show a wrong thing.
    let parts = Parts::new(
        app.db().clone(),
        app.env().clone(),
        app.master_key(),
        &config.public_url,
        (Some(carrier), Arc::<Fake>::default(), Arc::<Fake>::default()),
        false,
    );
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let whole = App::over(config, parts, metrics).await.expect("put together");
    let web = init_service(actix_web::App::new().configure(whole.routes())).await;
    let webhook = |signature: &str| {
        TestRequest::post()
            .uri(&format!("/webhooks/shopify/{}", store.id()))
            .insert_header(("x-shopify-hmac-sha256", signature))
            .insert_header(("x-shopify-topic", "orders/create"))
            .set_payload("{\"id\": 1")
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"shpss_canary0123456789");
    let right = STANDARD.encode(ring::hmac::sign(&key, b"{\"id\": 1"));
    let sign_in = json!({ "email": "canary@new.example", "password": format!("not {PASSWORD}") });
    let requests = [
        webhook("bm90aGluZw=="),
        webhook(&right),
        TestRequest::post().uri("/auth/sign-in").set_json(&sign_in),
        TestRequest::post().uri("/auth/sign-in").set_payload(format!("{{\"email\": \"{PASSWORD}\", ")),
        TestRequest::post()
            .uri("/v1/batch")
            .insert_header(("authorization", format!("Basic {}", store.keys.write_key))),
        TestRequest::post()
            .uri("/graphql")
            .insert_header(("authorization", format!("Bearer {}", store.keys.api_key)))
            .set_json(json!({ "query": "{ viewer { nothing } }" })),
    ];
    for (n, request) in requests.into_iter().enumerate() {
        let answer = call_service(&web, request.to_request()).await;
        let head = format!("{:?}", answer.headers());
        let body = read_body(answer).await;
        canaries.assert_none(&format!("answer {n}"), [head.as_bytes(), body.as_ref()].concat());
    }
    whole.close().await;

    let text = logs.text();
    assert!(text.contains("waits for another try"), "the log was written down: {text}");
    canaries.assert_none("the log", &text);
    app.allow_leftovers();
}
