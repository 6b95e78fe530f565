//! The snippet and the demo shop as browsers fetch them.

use super::{DemoStore, SHOP_CSP, routes};
use crate::{config::Config, testing::TestApp};
use actix_web::{App, body::to_bytes, dev::ServiceResponse, http::StatusCode, test as http_test, web};
use cartwheel_domain::settings::{CaptureMode, StoreSettings};
use cartwheel_macros::db_test;

const PLACE: &str = "__CARTWHEEL_CONFIG__";

async fn get(app: &TestApp, demo: Option<&str>, path: &str) -> ServiceResponse {
    let config = Config { public_url: "https://cartwheel.example".into(), ..Config::default() };
    let service = http_test::init_service(
        App::new()
            .app_data(web::Data::new(app.stores().clone()))
            .app_data(web::Data::new(config))
            .app_data(web::Data::new(DemoStore(demo.map(str::to_owned))))
            .configure(routes),
    );
    http_test::call_service(&service.await, http_test::TestRequest::get().uri(path).to_request()).await
}

async fn text(response: ServiceResponse) -> String {
    let bytes = to_bytes(response.into_body()).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[db_test]
async fn the_snippet_carries_its_stores_key_and_mode(app: TestApp) {
    let settings = StoreSettings {
        capture_mode: CaptureMode::LegitimateInterest,
        capture_typed_email: true,
        ..StoreSettings::default()
    };
    let store = app.store_with("a", false, settings).await;
    let response = get(&app, None, &format!("/s/{}.js", store.keys.public_key)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers().get("content-type").expect("content-type"),
        "text/javascript; charset=utf-8"
    );
    let text = text(response).await;
    assert!(!text.contains(PLACE));
    let said = format!(
        r#"{{"e":1,"k":"{}","m":"legitimate_interest","u":"https://cartwheel.example"}}"#,
        store.keys.public_key
    );
    assert!(text.contains(&said), "{text}");
}

#[db_test]
async fn no_other_key_opens_a_snippet(app: TestApp) {
    let store = app.store("a").await;
    for name in [store.keys.write_key.as_str(), store.keys.api_key.as_str(), "cwp_unknown", "%22%3B", ""] {
        let response = get(&app, None, &format!("/s/{name}.js")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
    }
    assert_eq!(
        get(&app, None, &format!("/s/{}", store.keys.public_key)).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[db_test]
async fn the_demo_shop_learns_the_key_of_the_store_it_belongs_to(app: TestApp) {
    let store = app.store("wheelhouse").await;
    assert_eq!(get(&app, None, "/demo-shop/config.json").await.status(), StatusCode::NOT_FOUND);
    let response = get(&app, Some(&store.keys.public_key), "/demo-shop/config.json").await;
    assert_eq!(response.status(), StatusCode::OK);
    let said: serde_json::Value = serde_json::from_str(&text(response).await).expect("JSON");
    let expected = serde_json::json!({
        "public_key": store.keys.public_key, "store_name": "wheelhouse", "currency": "EUR",
    });
    assert_eq!(said, expected);
}

#[db_test]
async fn the_demo_shops_files_come_under_a_strict_policy(app: TestApp) {
    for (path, kind) in [
        ("/demo-shop/", "text/html"),
        ("/demo-shop/shop.js", "text/javascript"),
        ("/demo-shop/js/views/checkout.js", "text/javascript"),
        ("/demo-shop/products/bell.svg", "image/svg+xml"),
    ] {
        let response = get(&app, Some("cwp_demo"), path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers().get("content-type").expect("content-type"), kind);
        assert_eq!(
            response.headers().get("content-security-policy").expect("content-security-policy"),
            SHOP_CSP
        );
    }
    for path in ["/demo-shop/none.js", "/demo-shop/../README.md", "/demo-shop/%2e%2e/README.md"] {
        assert_eq!(get(&app, Some("cwp_demo"), path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        get(&app, Some("cwp_demo"), "/demo-shop").await.headers().get("location").expect("location"),
        "/demo-shop/"
    );
}
