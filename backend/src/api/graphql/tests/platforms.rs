//! Stores are connected to shop platforms through the API.

use super::Service;
use crate::{
    accounts::{SecretKind, secrets},
    platforms::{
        Platform,
        api::{Apis, StandIns},
        link,
    },
    testing::{TestApp, TestStore},
    webhooks::{
        Caller,
        tests::receiver::{Answer, Loopback, Receiver},
    },
};
use cartwheel_entity::platform_link;
use cartwheel_macros::db_test;
use rustls::RootCertStore;
use sea_orm::QueryFilter;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const CONNECT: &str = "mutation($id: ID!, $platform: PlatformName!, $input: PlatformInput!) { connectPlatform(storeId: $id, platform: $platform, input: $input) {
    connection { platform connected address webhookUrl signed api } trouble userErrors { path code } } }";

async fn connect(service: &Service, store: &TestStore, platform: &str, input: Value) -> Value {
    let variables = json!({"id": store.id().to_string(), "platform": platform, "input": input});
    service.data(store, CONNECT, variables).await["connectPlatform"].take()
}

fn places(answer: &Value) -> Vec<String> {
    let errors = answer["userErrors"].as_array().expect("errors").iter();
    errors
        .map(|e| {
            e["path"].as_array().and_then(|p| p.last()).and_then(Value::as_str).unwrap_or_default().to_owned()
        })
        .collect()
}

async fn secret(app: &TestApp, store: &TestStore, kind: SecretKind) -> Option<String> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    secrets::get(&scoped, &app.master_key(), kind).await.expect("read").map(|s| s.expose().to_owned())
}

async fn row(app: &TestApp, store: &TestStore, platform: Platform) -> Option<platform_link::Model> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    link::find(&scoped, platform).await.expect("read")
}

/// A shop at which credentials, webhooks and plugins can be asked for.
async fn shop(app: &TestApp) -> (Service, Receiver) {
    let fake = Receiver::start(|call, _| {
        let body = match call.line.split([' ', '?']).nth(1).unwrap_or_default() {
            _ if !call.header("authorization").starts_with("Basic ") => return Answer::status(401, "", "{}"),
            "/wp-json/wc/v3/webhooks" if call.line.starts_with("POST") => r#"{"id": 7}"#,
            "/wp-json/wc/v3/orders" | "/wp-json/wc/v3/webhooks" => "[]",
            _ => return Answer::status(404, "", "{}"),
        };
        Answer::status(200, "", body)
    })
    .await;
    let caller = Caller::over(Arc::new(Loopback), RootCertStore::empty(), true, Duration::from_secs(5))
        .expect("a caller");
    let api = super::Api { apis: Apis::new(caller, StandIns::default()), ..Service::over(app).api };
    (Service { schema: super::schema(api.clone(), false), api }, fake)
}

#[db_test]
async fn nothing_is_connected_without_a_secret(app: TestApp) {
    let (service, store) = (Service::over(&app), app.store("a").await);
    for (platform, input, wrong) in [
        ("WOOCOMMERCE", json!({}), vec!["address", "webhookSecret"]),
        ("WOOCOMMERCE", json!({"address": "https://shop.example"}), vec!["webhookSecret"]),
        (
            "WOOCOMMERCE",
            json!({"address": "https://shop.example", "webhookSecret": "two words"}),
            vec!["webhookSecret"],
        ),
        ("WOOCOMMERCE", json!({"address": "shop.example", "webhookSecret": "s"}), vec!["address"]),
        (
            "WOOCOMMERCE",
            json!({"address": "https://shop.example", "webhookSecret": "s", "apiKey": "ck_1"}),
            vec!["apiSecret"],
        ),
        (
            "WOOCOMMERCE",
            json!({"address": "https://shop.example", "webhookSecret": "s", "apiKey": "ck:1", "apiSecret": "cs"}),
            vec!["apiKey"],
        ),
        ("SHOPIFY", json!({"address": "wheels.myshopify.com"}), vec!["webhookSecret"]),
        ("BIGCOMMERCE", json!({"address": "abc", "webhookSecret": "s"}), vec!["apiSecret"]),
        (
            "BIGCOMMERCE",
            json!({"address": "../x", "webhookSecret": "s", "apiSecret": "t", "recoveryUrl": "https://shop.example"}),
            vec!["address", "recoveryUrl"],
        ),
    ] {
        let answer = connect(&service, &store, platform, input.clone()).await;
        assert_eq!(
            (places(&answer), answer["connection"].is_null()),
            (wrong.into_iter().map(str::to_owned).collect(), true),
            "{platform} {input}"
        );
    }
    for platform in Platform::ALL {
        assert!(
            row(&app, &store, platform).await.is_none()
                && secret(&app, &store, platform.webhook_secret()).await.is_none()
        );
    }
    let settings = app.stores().by_id(store.id()).await.expect("found").expect("a store").settings.clone();
    assert!(settings.woo_url.is_empty() && settings.shopify_domain.is_empty(), "all or nothing");
}

#[db_test]
async fn a_shop_is_connected_tested_subscribed_and_taken_off(app: TestApp) {
    let (service, fake) = shop(&app).await;
    let store = app.store("a").await;
    let id = store.id().to_string();
    let input = json!({"address": fake.url("/"), "apiKey": "ck_1", "apiSecret": "cs_hidden"});
    let answer = connect(&service, &store, "WOOCOMMERCE", input).await;
    let shown = &answer["connection"];
    assert_eq!(
        (shown["signed"].as_bool(), shown["api"].as_bool(), shown["address"].as_str()),
        (Some(true), Some(true), Some(fake.url("").as_str()))
    );
    assert!(!answer.to_string().contains("cs_hidden"));
    let made = secret(&app, &store, SecretKind::WooWebhook).await.expect("made by us");
    assert!(
        made.len() >= 32
            && row(&app, &store, Platform::Woocommerce)
                .await
                .is_some_and(|r| r.next_at == Some(app.env().now()))
    );

    let ask = async |field: &str, more: &str| {
        let text = format!(
            "mutation {{ {field}(storeId: \"{id}\", platform: WOOCOMMERCE{more}) {{ trouble connection {{ connected trouble webhooks {{ topic active }} }} userErrors {{ code }} }} }}"
        );
        service.data(&store, &text, json!({})).await[field].take()
    };
    assert_eq!(ask("testPlatform", "").await["trouble"], Value::Null);
    let hooks = ask("subscribePlatform", "").await;
    assert_eq!(
        hooks["connection"]["webhooks"].as_array().map(Vec::len),
        Some(crate::platforms::api::woo::TOPICS.len()),
        "{hooks}"
    );
    let sent = fake.calls().into_iter().find(|c| c.line.starts_with("POST")).expect("made");
    let sent: Value = serde_json::from_str(&sent.body).expect("JSON");
    assert_eq!(
        (sent["secret"].as_str(), sent["delivery_url"].as_str()),
        (Some(made.as_str()), Some(format!("https://cartwheel.example/webhooks/woocommerce/{id}").as_str()))
    );
    assert!(
        ask("confirmPlatformReminders", ", off: true").await["userErrors"]
            .as_array()
            .is_some_and(Vec::is_empty)
    );
    assert!(row(&app, &store, Platform::Woocommerce).await.is_some_and(|r| r.confirmed_at.is_some()));

    // Connected anew with other keys: what it was caught up with stays.
    let other = json!({"apiKey": "ck_2", "apiSecret": "cs_2"});
    assert!(places(&connect(&service, &store, "WOOCOMMERCE", other).await).is_empty());
    assert_eq!(secret(&app, &store, SecretKind::WooKeys).await.as_deref(), Some("ck_2:cs_2"));
    assert_eq!(secret(&app, &store, SecretKind::WooWebhook).await, Some(made));
    assert_eq!(ask("disconnectPlatform", "").await["connection"]["connected"], false);
    assert!(
        secret(&app, &store, SecretKind::WooKeys).await.is_none()
            && secret(&app, &store, SecretKind::WooWebhook).await.is_none()
    );
    assert_eq!(ask("testPlatform", "").await["trouble"], "unset");
}

#[db_test]
async fn what_keeps_a_connection_from_working_needs_a_look(app: TestApp) {
    let (service, fake) = shop(&app).await;
    let store = app.store("a").await;
    let input = json!({"address": fake.url("/elsewhere"), "webhookSecret": "s", "apiKey": "ck_1", "apiSecret": "cs_1"});
    assert!(places(&connect(&service, &store, "WOOCOMMERCE", input).await).is_empty());
    let test = "mutation($id: ID!) { testPlatform(storeId: $id, platform: WOOCOMMERCE) { trouble troubleSaid connection { trouble } } }";
    let said = service.data(&store, test, json!({"id": store.id().to_string()})).await["testPlatform"].take();
    assert_eq!(
        (said["trouble"].as_str(), said["connection"]["trouble"].as_str()),
        (Some("not_found"), Some("not_found"))
    );
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let trouble = crate::platforms::api::Trouble::new("credentials", "401");
    link::tested(&scoped, Platform::Woocommerce, Some(&trouble), app.env().now()).await.expect("noted");
    link::connect(&scoped, Platform::Shopify, true, app.env().now()).await.expect("connected");
    scoped
        .update::<platform_link::Entity>()
        .col_expr(
            platform_link::Column::Reminders,
            sea_orm::sea_query::Expr::value(r#"[{"name":"shopify","state":"unsure"}]"#),
        )
        .filter(sea_orm::ColumnTrait::eq(&platform_link::Column::Platform, "shopify"))
        .exec(scoped.on())
        .await
        .expect("found");
    tx.commit().await.expect("committed");
    let attention = async || {
        let query = "query($id: ID!) { store(id: $id) { attention { code detail } } }";
        let said = service.data(&store, query, json!({"id": store.id().to_string()})).await;
        let list = said["store"]["attention"].as_array().expect("a list").clone();
        let mut found: Vec<String> = list
            .iter()
            .map(|a| {
                format!(
                    "{} {}",
                    a["code"].as_str().unwrap_or_default(),
                    a["detail"].as_str().unwrap_or_default()
                )
            })
            .collect();
        found.retain(|a| a.starts_with("platform"));
        found.sort();
        found
    };
    assert_eq!(attention().await, ["platform_reminder shopify", "platform_trouble woocommerce"]);
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    link::confirm(&scoped, Platform::Shopify, Some(1)).await.expect("noted");
    link::tested(&scoped, Platform::Woocommerce, None, app.env().now()).await.expect("noted");
    tx.commit().await.expect("committed");
    assert!(attention().await.is_empty());
}
