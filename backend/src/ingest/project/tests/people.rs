//! Who may say what of whom.

use super::*;
use cartwheel_entity::consent_event;

/// With the public key anybody can type anybody's address: not that its owner pressed a link, nor what a mail greets them by.
#[db_test]
async fn a_browser_confirms_nothing_and_names_nobody_by_a_link(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let said = |action: &str, method: &str| json!({"action": action, "method": method, "channel": "email", "purpose": "cart_email"});
    let consent = json!([
        said("given", "double_opt_in"),
        said("confirmed", "double_opt_in"),
        said("given", "platform")
    ]);
    let forged = json!({"type": "identify", "anonymousId": "a-1", "context": {"cart_token": "0123456789abcdef"},
        "traits": {"email": "victim@example.com", "firstName": "YOU WON http://evil.example", "lastName": "evil.example", "consent": consent}});
    let mut own = forged.clone();
    (own["userId"], own["traits"]["email"]) = (json!("u"), json!("ann@example.com"));
    let browser = shop.read(Source::Snippet, "f", T, forged);
    let server = shop.read(Source::Api, "s", T, own);
    shop.send(&[browser, server]).await;
    let people = shop.all::<contact::Entity>().await;
    let ledger = shop.all::<consent_event::Entity>().await;
    let of = |email: &str| {
        let person = people.iter().find(|c| c.email.as_deref() == Some(email)).expect(email);
        let mut said: Vec<_> = ledger
            .iter()
            .filter(|e| e.contact_id == person.id)
            .map(|e| (e.action.as_str(), e.method.as_str()))
            .collect();
        said.sort_unstable();
        (person.first_name.is_some() || person.last_name.is_some(), said)
    };
    assert_eq!(of("victim@example.com"), (false, vec![("given", "checkbox"), ("given", "double_opt_in")]));
    let whole = vec![("confirmed", "double_opt_in"), ("given", "double_opt_in"), ("given", "platform")];
    assert_eq!(of("ann@example.com"), (true, whole), "the shop's own server knows");
}

/// Two customers with one address would each be reminded of what the other has bought.
#[db_test]
async fn an_address_belongs_to_one_customer(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let who = |user: &str, email: &str| json!({"userId": user, "context": {"traits": {"email": email}}});
    shop.send(&[
        shop.track("1", T, who("ux", "ux@example.com"), "Page Viewed", json!({})),
        shop.track("2", T, who("uy", "uy@example.com"), "Page Viewed", json!({})),
    ])
    .await;
    shop.send(&[shop.track(
        "3",
        T + MINUTE,
        who("ux", "uy@example.com"),
        "Cart Updated",
        cart("c", json!([lamp(1)])),
    )])
    .await;
    let mut emails: Vec<_> =
        shop.all::<contact::Entity>().await.into_iter().map(|c| (c.external_id, c.email)).collect();
    emails.sort_unstable();
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(emails, [(text("ux"), text("ux@example.com")), (text("uy"), text("uy@example.com"))]);
}
