use super::{
    http::{Desk, routes},
    receipts::Receipts,
};
use crate::{
    channels::fake::Fake,
    testing::{TestApp, flow::Flow},
};
use actix_web::{
    App,
    body::to_bytes,
    dev::ServiceResponse,
    http::{Method, StatusCode, header},
    test::{TestRequest, call_service, init_service},
    web::Data,
};
use cartwheel_domain::time::{DAY, HOUR, MINUTE, SECOND};
use cartwheel_entity::{cart, message_receipt};
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, sea_query::Expr};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36";

struct Site {
    flow: Flow,
    desk: Desk,
}

impl Site {
    /// A store whose first mail is out, one minute ago.
    async fn new(app: &TestApp) -> Self {
        let flow = Flow::new(app, Fake::forgetful()).await;
        flow.left("ann@example.com").await;
        flow.drain().await;
        app.clock().advance(HOUR + MINUTE);
        flow.drain().await;
        app.clock().advance(MINUTE);
        let receipts = Receipts::new(app.db().clone(), app.env().clone(), flow.tools.wake.clone());
        let desk = Desk {
            db: app.db().clone(),
            env: app.env().clone(),
            key: app.master_key(),
            stores: app.stores().clone(),
            receipts,
            destinations: super::Destinations::start(app.db().clone()),
        };
        Self { flow, desk }
    }

    async fn ask(&self, method: Method, path: &str, agent: &str) -> (StatusCode, Option<String>, String) {
        let app = init_service(App::new().app_data(Data::new(self.desk.clone())).configure(routes)).await;
        let request = TestRequest::with_uri(path).method(method).insert_header((header::USER_AGENT, agent));
        let answer: ServiceResponse = call_service(&app, request.to_request()).await;
        let status = answer.status();
        let location =
            answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = to_bytes(answer.into_body()).await.map(|b| String::from_utf8_lossy(&b).into_owned());
        (status, location, body.unwrap_or_default())
    }

    /// The paths of all our links in the first mail, by their first letter.
    fn paths(&self, letter: char) -> Vec<String> {
        let html = self.flow.fake.ledger()[0].message.html.clone();
        let mark = format!("https://cartwheel.example/{letter}/");
        html.split(&mark)
            .skip(1)
            .filter_map(|t| Some(format!("/{letter}/{}", t.split('"').next()?)))
            .collect()
    }

    async fn receipts(&self) -> Vec<(String, Option<String>)> {
        self.desk.receipts.tick().await.expect("written");
        let mut tx = self.flow.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.flow.store.scope()).await.expect("the store");
        let all = scoped.find::<message_receipt::Entity>().order_by_asc(message_receipt::Column::Id);
        let rows = all.all(scoped.on()).await.expect("receipts");
        let mut told: Vec<_> = rows.into_iter().map(|r| (r.kind, r.machine)).collect();
        // Of the same instant, ids have no order.
        told.sort();
        told
    }
}

#[db_test]
async fn a_restore_link_shows_the_cart_and_leads_to_the_shop_only(app: TestApp) {
    let site = Site::new(&app).await;
    let path = site.paths('r').remove(0);
    let (status, _, body) = site.ask(Method::GET, &path, BROWSER).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("Brass bell &amp; &lt;bracket&gt;") && body.contains("cw="), "{body}");
    assert!(body.contains("href=\"https://wheelhouse.example/cart/"));
    assert!(!body.contains("ann@example.com"), "nothing of the person");
    let (status, _, json) = site.ask(Method::GET, &format!("{path}/cart.json"), BROWSER).await;
    assert_eq!(status, StatusCode::OK);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (json["products"][0]["sku"].as_str(), json["products"][0]["quantity"].as_u64()),
        (Some("BELL"), Some(2))
    );
    // A restore address on another host is not followed.
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&site.flow.store.scope()).await.expect("the store");
    let change = scoped
        .update::<cart::Entity>()
        .col_expr(cart::Column::RecoveryUrl, Expr::value("https://evil.example/x"));
    change.filter(cart::Column::Kind.eq("cart")).exec(scoped.on()).await.expect("changed");
    tx.commit().await.expect("committed");
    let (_, _, body) = site.ask(Method::GET, &path, BROWSER).await;
    assert!(
        !body.contains("evil.example") && body.contains("href=\"https://wheelhouse.example?cw="),
        "{body}"
    );
    app.clock().advance(40 * DAY);
    let (status, _, body) = site.ask(Method::GET, &path, BROWSER).await;
    assert!(status == StatusCode::NOT_FOUND && !body.contains("Brass"));
    app.allow_leftovers();
}

#[db_test]
async fn clicks_lead_where_the_message_says_and_nowhere_else(app: TestApp) {
    let site = Site::new(&app).await;
    let path = site.paths('c').remove(0);
    let (status, location, _) = site.ask(Method::GET, &path, BROWSER).await;
    assert_eq!((status, location.as_deref()), (StatusCode::FOUND, Some("https://wheelhouse.example")));
    let token = path.trim_start_matches("/c/");
    for place in 0..token.len() {
        let mut bent = token.as_bytes().to_vec();
        bent[place] = if bent[place] == b'A' { b'B' } else { b'A' };
        let bent = format!("/c/{}", String::from_utf8_lossy(&bent));
        let (status, location, _) = site.ask(Method::GET, &bent, BROWSER).await;
        assert_eq!((status, location), (StatusCode::NOT_FOUND, None), "{place}");
    }
    let other = path.replace("/c/", "/o/");
    let (status, _, _) = site.ask(Method::GET, &format!("{other}.gif"), BROWSER).await;
    assert_eq!(status, StatusCode::OK, "a picture, whatever the link");
    assert_eq!(site.receipts().await.len(), 1, "a click's link is none for the pixel");
    app.allow_leftovers();
}

#[db_test]
async fn people_and_machines_are_told_apart(app: TestApp) {
    let site = Site::new(&app).await;
    let (click, open, back) = (site.paths('c').remove(0), site.paths('o'), site.paths('r').remove(0));
    site.ask(Method::HEAD, &click, BROWSER).await;
    site.ask(Method::GET, &click, "curl/8.0").await;
    assert_eq!(
        site.receipts().await,
        [("clicked".into(), Some("agent".into())), ("clicked".into(), Some("method".into()))]
    );
    assert_eq!(site.flow.messages().await[0].clicked_at, None);
    app.clock().advance(SECOND);
    let at = app.env().now();
    site.ask(Method::GET, &back, BROWSER).await;
    for path in &open {
        site.ask(Method::GET, path, BROWSER).await;
    }
    site.receipts().await;
    let message = site.flow.messages().await.remove(0);
    assert_eq!(message.clicked_at, Some(at));
    assert_eq!(message.opened_at, (!open.is_empty()).then_some(at));
    app.allow_leftovers();
}
