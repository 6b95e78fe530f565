//! Against a Stripe that we did not write: PyPI's `localstripe`, with the API of years ago. It knows customers, cards, subscriptions and
//! signed webhooks, and neither prices nor Checkout nor meters; our own stand-in has those.

use super::*;
use crate::{
    billing::{
        http::{Desk, configure},
        stripe::{
            Form,
            object::{list, text},
        },
    },
    config::Secret,
};
use actix_web::{App as WebApp, HttpServer, web};
use cartwheel_entity::billing_event;
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
};

const SIGNED_WITH: &str = "whsec_theirs";

/// The program, gone with the test.
struct Theirs {
    child: Child,
    port: u16,
    // It goes on writing, and ends when nobody could read.
    _output: BufReader<ChildStdout>,
}

impl Theirs {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let python = std::env::var("CARTWHEEL_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut command = Command::new(&python);
        command.args(["-u", "-m", "localstripe", "--from-scratch", "--port", &port.to_string()]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("python starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let said = output.read_line(&mut line);
        assert!(
            said.is_ok() && line.contains("Running on"),
            "localstripe does not start with {python}: run this by `cargo xtask test`, or set CARTWHEEL_PYTHON to an \
             interpreter with the packages of e2e/requirements.txt ({line})"
        );
        Self { child, port, _output: output }
    }

    /// What our client has no use for: a change without a form.
    fn raw(&self, method: &str, path: &str, body: &str) {
        use std::io::Read;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connected");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_fake\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        assert!(answer.starts_with("HTTP/1.1 200"), "{method} {path}: {answer}");
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until Stripe's word of this kind has come through the door; it takes about a second to send it.
async fn heard(app: &TestApp, kind: &str) {
    loop {
        let mut tx = app.db().read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        let found = system.find::<billing_event::Entity>().filter(billing_event::Column::Kind.eq(kind));
        if found.one(system.on()).await.expect("asked").is_some() {
            return;
        }
        drop(tx);
        tokio::task::yield_now().await;
    }
}

/// Its webhooks pass our door, its objects are read, and our words change it: a customer, a card, a subscription, an end asked for, taken
/// back, and come.
#[db_test]
async fn a_life_at_somebody_elses_stripe(app: TestApp) {
    let store = app.store_with("wheelhouse", true, crate::testing::flow::settings()).await;
    let theirs = Theirs::start();
    let desk = Billing {
        secrets: [Secret::new(SIGNED_WITH)].into(),
        ..billing(&app, &format!("http://127.0.0.1:{}", theirs.port))
    };
    let (id, scope) = (organisation(&store), OrganisationScope::system(organisation(&store)));
    let door = web::Data::new(Desk(Some(desk.clone())));
    let server = HttpServer::new(move || WebApp::new().app_data(door.clone()).configure(configure));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    let hook = json!({ "url": format!("http://{address}/webhooks/stripe"), "secret": SIGNED_WITH });
    theirs.raw("POST", "/_config/webhooks/ours", &hook.to_string());

    // It knows no prices, so nothing can be bought; but the customer is there by then.
    assert!(desk.checkout(&scope, "starter", Cycle::Month, "EUR").await.is_err());
    let customer = row(&app, id).await.customer_id.expect("a customer");
    let made = desk.stripe.get(&format!("/v1/customers/{customer}"), &Form::new()).await.expect("there");
    assert_eq!(text(&made["metadata"], "organisation"), Some(id.to_string().as_str()));
    // Signatures are made by the clock of this machine.
    app.clock().set(made["created"].as_i64().expect("seconds") * SECOND);

    let once = || app.env().uuid().to_string();
    let post = async |path: &str, form: Form| desk.stripe.post(path, &form, &once()).await;
    let product = Form::new().with("name", "Starter").with("type", "service");
    let product = post("/v1/products", product).await.expect("a product");
    let plan = Form::new()
        .with("id", "starter")
        .with("product", text(&product, "id").expect("an id"))
        .with("amount", 2_900)
        .with("currency", "eur")
        .with("interval", "month");
    post("/v1/plans", plan).await.expect("a plan");
    let card = Form::new()
        .with("type", "card")
        .with("card[number]", "4242424242424242")
        .with("card[exp_month]", 12)
        .with("card[exp_year]", 2_040)
        .with("card[cvc]", 123);
    let card = post("/v1/payment_methods", card).await.expect("a card");
    let card = text(&card, "id").expect("an id").to_owned();
    let attached = Form::new().with("customer", &customer);
    post(&format!("/v1/payment_methods/{card}/attach"), attached).await.expect("attached");
    let usual = Form::new().with("invoice_settings[default_payment_method]", &card);
    post(&format!("/v1/customers/{customer}"), usual).await.expect("the usual card");
    let subscription = Form::new().with("customer", &customer).with("items[0][plan]", "starter");
    let subscription = post("/v1/subscriptions", subscription).await.expect("a subscription");
    let subscription = text(&subscription, "id").expect("an id").to_owned();

    heard(&app, "customer.subscription.created").await;
    // Its other news may be on their way through the door just now.
    while row(&app, id).await.status != "active" {
        desk.ask().await.expect("asked");
        tokio::task::yield_now().await;
    }
    let now = row(&app, id).await;
    assert_eq!(
        (now.status.as_str(), now.subscription_id.as_deref()),
        ("active", Some(subscription.as_str()))
    );
    assert!(now.period_end.is_some_and(|end| end > app.env().now() + 27 * DAY));
    let found =
        desk.stripe.get("/v1/invoices", &Form::new().with("customer", &customer)).await.expect("invoices");
    assert_eq!(list(&found).len(), 1);
    assert_eq!(desk.invoices(&scope, 10).await.expect("invoices")[0].total_minor, 2_900);

    desk.end(&scope, false).await.expect("asked for");
    assert_eq!(row(&app, id).await.cancel_at, now.period_end);
    desk.resume(&scope).await.expect("taken back");
    assert_eq!(row(&app, id).await.cancel_at, None);
    theirs.raw("DELETE", &format!("/v1/subscriptions/{subscription}"), "");
    heard(&app, "customer.subscription.deleted").await;
    while row(&app, id).await.status != "canceled" {
        desk.ask().await.expect("asked");
        tokio::task::yield_now().await;
    }
    let over = row(&app, id).await;
    assert_eq!((over.status.as_str(), over.hold.as_deref()), ("canceled", Some("ended")));
}
