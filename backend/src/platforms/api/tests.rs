//! The clients against a stand-in on loopback that misbehaves: at least 500 scripted answers for each platform.

use super::*;
use crate::{
    config::Secret,
    webhooks::tests::receiver::{Answer, Loopback, Receiver},
};
use futures_util::future::BoxFuture;
use rustls::RootCertStore;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long a call may take here: real time, for the sockets are real.
const PATIENCE: Duration = Duration::from_millis(250);
const TOKEN: &str = "a-credential-that-nobody-may-see";

type Op = (
    &'static str,
    for<'a> fn(&'a Api) -> BoxFuture<'a, Result<(), Trouble>>,
    &'static str,
    &'static [&'static str],
);

/// A platform whose answers are set call by call.
struct Fake {
    receiver: Receiver,
    next: Arc<Mutex<Answer>>,
}

impl Fake {
    async fn start() -> Self {
        let next = Arc::new(Mutex::new(Answer::ok()));
        let said = Arc::clone(&next);
        let receiver =
            Receiver::start(move |_, _| said.lock().unwrap_or_else(PoisonError::into_inner).clone()).await;
        Self { receiver, next }
    }

    fn says(&self, answer: &Answer) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = answer.clone();
    }

    fn apis(&self) -> Apis {
        let caller =
            Caller::over(Arc::new(Loopback), RootCertStore::empty(), true, PATIENCE).expect("a caller");
        let here = Some(self.receiver.url(""));
        Apis::new(caller, StandIns { shopify: here.clone(), bigcommerce: here.clone(), b2b: here })
    }
}

fn whole(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What can go wrong with an answer whose good form is `body`, and the word for it.
fn faults(body: &str) -> Vec<(Answer, &'static str)> {
    let mut all = Vec::new();
    for (status, word) in [
        (301, "redirected"),
        (302, "redirected"),
        (303, "redirected"),
        (307, "redirected"),
        (308, "redirected"),
        (304, "redirected"),
        (400, "refused"),
        (401, "credentials"),
        (403, "credentials"),
        (404, "not_found"),
        (406, "refused"),
        (409, "refused"),
        (422, "refused"),
        (500, "fault"),
        (501, "fault"),
        (502, "fault"),
        (503, "fault"),
        (504, "fault"),
        (599, "fault"),
    ] {
        all.push((Answer::status(status, "location: http://127.0.0.1:1/elsewhere\r\n", body), word));
    }
    for header in [
        "",
        "retry-after: 2\r\n",
        "retry-after: 2.0\r\n",
        "retry-after: 0\r\n",
        "retry-after: -5\r\n",
        "retry-after: 99999999999999\r\n",
        "retry-after: soon\r\n",
        "retry-after: \r\n",
        "retry-after: NaN\r\n",
        "x-rate-limit-time-reset-ms: 3000\r\n",
        "x-rate-limit-time-reset-ms: x\r\n",
        "date: Mon, 02 Mar 2026 10:00:00 GMT\r\nretry-after: Mon, 02 Mar 2026 10:00:30 GMT\r\n",
        "retry-after: Mon, 02 Mar 2026 10:00:30 GMT\r\n",
        "date: Mon, 02 Mar 2026 10:00:00 GMT\r\nretry-after: Mon, 02 Mar 2020 10:00:00 GMT\r\n",
    ] {
        all.push((Answer::status(429, header, "slow down"), "rate"));
        all.push((Answer::status(503, header, "<html>busy</html>"), "fault"));
    }
    for other in [
        "",
        "null",
        "1",
        "\"text\"",
        "[1]",
        "{\"errors\":\"x\"}",
        "<html>maintenance</html>",
        "\u{feff}",
        "[[]]",
        "{\"data\":7}",
        "NaN",
    ] {
        if other != body {
            all.push((Answer::status(200, "", other), "unreadable"));
        }
    }
    let mut not_text = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n".to_vec();
    not_text.extend([b'"', 0xff, 0xfe, b'"']);
    all.push((Answer::Says(not_text), "unreadable"));
    // Cut by the platform, which calls it whole; and cut on the way.
    let points = |length: usize, n: usize| (0..n).map(move |i| 1 + i * (length - 2) / n);
    for at in points(body.len(), 22) {
        all.push((Answer::status(200, "", body.get(..at).unwrap_or("[")), "unreadable"));
    }
    let bytes = whole(body);
    for at in points(bytes.len(), 40) {
        all.push((Answer::Says(bytes[..at].to_vec()), "broken"));
    }
    all.push((Answer::Slams, "broken"));
    all.push((Answer::Leaves, "broken"));
    all.push((Answer::Says(b"SMTP/1.0 220 hello\r\n\r\n".to_vec()), "broken"));
    all.push((
        Answer::Says(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n".to_vec()),
        "broken",
    ));
    all
}

async fn all_faults(name: &str, api: Api, fake: &Fake, ops: &[Op]) -> usize {
    let mut cases = 0;
    for (op, ask, good, fine) in ops {
        fake.says(&Answer::Says(whole(good)));
        ask(&api).await.unwrap_or_else(|e| panic!("{name} {op}: {e:?}"));
        for (answer, word) in faults(good) {
            fake.says(&answer);
            let said = ask(&api).await;
            cases += 1;
            match said {
                Ok(()) => assert!(fine.contains(&word), "{name} {op} took {answer:?}"),
                Err(trouble) => {
                    assert_eq!(trouble.word, word, "{name} {op}: {answer:?}: {trouble:?}");
                    assert!(!trouble.said.contains(TOKEN) && trouble.said.chars().count() <= 500);
                    assert!(
                        trouble.wait.is_none_or(|ms| (SECOND..=ASKED_AT_MOST).contains(&ms)),
                        "{trouble:?}"
                    );
                }
            }
        }
    }
    let (op, ask, good, _) = ops[0];
    let mut endless = whole(good);
    endless.truncate(endless.len() - 1);
    for answer in
        [Answer::Stares, Answer::Drips(b"HTTP/1.1 200 OK\r\n\r\n[".to_vec()), Answer::SaysAndStays(endless)]
    {
        fake.says(&answer);
        let said = ask(&api).await.expect_err("no answer");
        assert!(matches!(said.word, "timed_out" | "too_large"), "{name} {op}: {said:?}");
        cases += 1;
    }
    let mut huge = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n[", 100 * 1024 * 1024).into_bytes();
    huge.resize(huge.len() + crate::webhooks::ask::MOST + 1, b' ');
    fake.says(&Answer::SaysAndStays(huge));
    let said = ask(&api).await.expect_err("too much");
    assert!(matches!(said.word, "too_large" | "timed_out"), "{name} {op}: {said:?}");
    cases + 1
}

macro_rules! op {
    ($name:literal, $kind:ident, $api:ident => $call:expr, $good:expr, $fine:expr) => {
        (
            $name,
            |api: &Api| -> BoxFuture<'_, Result<(), Trouble>> {
                Box::pin(async move {
                    let Api::$kind($api) = api else { return Err(Trouble::new("unset", "another platform")) };
                    $call.await.map(|_| ())
                })
            },
            $good,
            $fine,
        )
    };
}

#[actix_web::test]
async fn woocommerce_misbehaves_in_every_way() {
    let fake = Fake::start().await;
    let keys = Secret::new(format!("ck_1:{TOKEN}"));
    let api = Api::Woo(woo::Woo::new(fake.apis(), &fake.receiver.url(""), &keys).expect("an API"));
    let ops: &[Op] = &[
        op!("orders", Woo, api => api.orders(0, 1, 1, 50), r#"[{"id": 1, "status": "pending", "date_modified_gmt": "2026-03-02T10:00:00"}]"#, &[]),
        op!("test", Woo, api => api.test(), r#"[{"id": 17, "status": "processing", "total": "12.00", "line_items": []}]"#, &[]),
        op!("hooks", Woo, api => api.hooks("https://c.example"), r#"[{"id": 1, "topic": "order.created", "status": "active", "delivery_url": "https://c.example"}]"#, &[]),
        op!("reminders", Woo, api => api.reminders(), r#"{"environment": {"version": "9.8"}, "active_plugins": [{"plugin": "mailpoet/mailpoet.php"}]}"#, &[]),
        op!("switch on", Woo, api => api.hook("order.created", "https://c.example", "s"), r#"{"id": 12, "status": "active", "topic": "order.created", "name": "x"}"#, &[]),
    ];
    let cases = all_faults("WooCommerce", api, &fake, ops).await;
    assert!(cases >= 500, "{cases}");
    let calls = fake.receiver.calls();
    assert!(
        calls
            .iter()
            .all(|call| call.header("authorization").starts_with("Basic ") && !call.line.contains(TOKEN))
    );
}

#[actix_web::test]
async fn shopify_misbehaves_in_every_way() {
    let fake = Fake::start().await;
    let api = Api::Shopify(
        shopify::Shopify::new(fake.apis(), "wheels.myshopify.com", Secret::new(TOKEN)).expect("an API"),
    );
    let ops: &[Op] = &[
        op!("orders", Shopify, api => api.page(shopify::List::Orders, 0, None, 50), r#"{"orders": [{"id": 1, "updated_at": "2026-03-02T10:00:00Z"}]}"#, &[]),
        op!("next", Shopify, api => api.page(shopify::List::Drafts, 0, Some("abc"), 50), r#"{"draft_orders": [{"id": 1, "updated_at": "2026-03-02T10:00:00Z"}]}"#, &[]),
        op!("checkouts", Shopify, api => api.page(shopify::List::Checkouts, 0, None, 50), r#"{"checkouts": [{"id": 1, "updated_at": "2026-03-02T10:00:00Z"}]}"#, &[]),
        op!("test", Shopify, api => api.test(), r#"{"shop": {"id": 690933842, "name": "Wheels", "currency": "EUR"}}"#, &[]),
        op!("hooks", Shopify, api => api.hooks("https://c.example"), r#"{"webhooks": [{"id": 1, "topic": "orders/create", "address": "https://c.example"}]}"#, &[]),
    ];
    let cases = all_faults("Shopify", api, &fake, ops).await;
    assert!(cases >= 500, "{cases}");
}

#[actix_web::test]
async fn bigcommerce_misbehaves_in_every_way() {
    let fake = Fake::start().await;
    let api = Api::Bigcommerce(
        bigcommerce::Bigcommerce::new(fake.apis(), "abc123", Secret::new(TOKEN)).expect("an API"),
    );
    let none: &[&str] = &["not_found"];
    let ops: &[Op] = &[
        op!("orders", Bigcommerce, api => api.orders(0, 1, 50), r#"[{"id": 1, "status_id": 11, "date_modified": "Mon, 02 Mar 2026 10:00:00 +0000"}]"#, &[]),
        op!("cart", Bigcommerce, api => api.cart("c1"), r#"{"data": {"id": "c1", "cart_amount": 10, "line_items": {}}, "meta": {}}"#, none),
        op!("customer", Bigcommerce, api => api.customer("44"), r#"{"data": [{"id": 44, "email": "lea@example.com"}], "meta": {}}"#, &[]),
        op!("quote", Bigcommerce, api => api.quote("8"), r#"{"code": 200, "data": {"quoteId": 8, "status": 0, "productsList": []}}"#, none),
        op!("quotes", Bigcommerce, api => api.quotes(0, 1, 50), r#"{"code": 200, "data": [{"quoteId": 8, "status": 0}], "meta": {}}"#, &["credentials", "not_found", "refused"]),
        op!("hooks", Bigcommerce, api => api.hooks("https://c.example"), r#"{"data": [{"id": 1, "scope": "store/cart/created", "is_active": true}]}"#, &[]),
    ];
    let cases = all_faults("BigCommerce", api, &fake, ops).await;
    assert!(cases >= 500, "{cases}");
    assert!(
        fake.receiver
            .calls()
            .iter()
            .all(|call| call.header("x-auth-token") == TOKEN && !call.line.contains(TOKEN))
    );
}

/// The name of the next page is taken from the header, and nothing else: not where it leads.
#[actix_web::test]
async fn the_next_page_is_asked_of_the_same_shop() {
    let fake = Fake::start().await;
    let api = shopify::Shopify::new(fake.apis(), "wheels.myshopify.com", Secret::new(TOKEN)).expect("an API");
    let link = "link: <https://evil.example/x.json?page_info=prev1>; rel=\"previous\", <https://evil.example/x.json?limit=2&page_info=eyJsYX-N0_9>; rel=\"next\"\r\n";
    fake.says(&Answer::status(200, link, r#"{"orders": []}"#));
    let (_, next) = api.page(shopify::List::Orders, 0, None, 2).await.expect("a page");
    assert_eq!(next.as_deref(), Some("eyJsYX-N0_9"));
    fake.says(&Answer::status(
        200,
        "link: <https://a.example?page_info=x>; rel=\"previous\"\r\n",
        r#"{"orders": []}"#,
    ));
    let (_, next) = api.page(shopify::List::Orders, 0, next.as_deref(), 2).await.expect("a page");
    assert_eq!(next, None);
    let lines: Vec<String> = fake.receiver.calls().into_iter().map(|call| call.line).collect();
    assert!(
        lines[0].contains("updated_at_min=1970-01-01T00:00:00.000Z") && lines[0].contains("status=any"),
        "{lines:?}"
    );
    assert!(lines[1].contains("page_info=eyJsYX-N0_9") && !lines[1].contains("updated_at_min"), "{lines:?}");
}

#[actix_web::test]
async fn the_shops_own_reminders_are_found() {
    let receiver = Receiver::start(|call, _| {
        let body = match call.line.split(' ').nth(1).unwrap_or_default() {
            "/wp-json/wc/v3/system_status" => {
                r#"{"environment": {"version": "11.0.1"}, "active_plugins": [{"plugin": "automatewoo/automatewoo.php"}, {"plugin": "mailpoet/mailpoet.php"}, {"plugin": "akismet/akismet.php"}, {"plugin": "mailpoet-premium/mailpoet-premium.php"}]}"#
            }
            "/wp-json/wc/v3/settings" => r#"[{"id": "general"}, {"id": "email_new_order"}, {"id": "email_customer_pending_order"}]"#,
            "/wp-json/wc/v3/settings/email_customer_pending_order" => r#"[{"id": "subject", "value": "x"}, {"id": "enabled", "value": "yes"}]"#,
            _ => "{}",
        };
        Answer::status(200, "", body)
    })
    .await;
    let caller = Caller::over(Arc::new(Loopback), RootCertStore::empty(), true, PATIENCE).expect("a caller");
    let stand_ins = StandIns { bigcommerce: Some(receiver.url("")), ..StandIns::default() };
    let apis = Apis::new(caller, stand_ins);
    let woo = Api::Woo(woo::Woo::new(apis.clone(), &receiver.url("/"), &Secret::new("a:b")).expect("an API"));
    let found: Vec<_> =
        woo.reminders().await.expect("found").into_iter().map(|r| (r.name, r.state)).collect();
    let on = |name: &str| (name.to_owned(), "on".to_owned());
    assert_eq!(found, [on("automatewoo"), on("mailpoet"), on("woocommerce")]);
    let big = Api::Bigcommerce(bigcommerce::Bigcommerce::new(apis, "abc", Secret::new("t")).expect("an API"));
    assert_eq!(big.reminders().await.expect("asked")[0].state, "unsure", "the answer does not say");
}
