//! Events as a shop's server sends them. The same number makes the same event.

use cartwheel_domain::time::to_rfc3339;
use serde_json::json;

/// Bytes of one cart event, its closing bracket included.
pub const CART_EVENT: usize = 433;

/// Lines that carts of the harness have at most.
pub const LINES: usize = 5;

/// A line came into a cart: event `n`, of user `user`, of exactly [`CART_EVENT`] bytes.
pub fn cart_event(n: usize, user: usize, at: i64) -> String {
    let product = n % LINES;
    let head = format!(
        r#"{{"type":"track","event":"Product Added","messageId":"m-{n:010}","userId":"u{user:08}","timestamp":"{}","properties":{{"cart_id":"c{user:08}","product_id":"p{product:04}","sku":"SKU-{product:04}","name":"Merino Jumper","price":{}.95,"quantity":1,"currency":"EUR","url":"https://shop.example.com/products/p{product:04}","image_url":"https://cdn.example.com/i/p{product:04}"#,
        to_rfc3339(at),
        19 + product * 10,
    );
    // The picture's name fills up, as such names do.
    let tail = ".jpg\"}}";
    let fill = CART_EVENT.saturating_sub(head.len() + tail.len());
    format!("{head}{}{tail}", "0".repeat(fill))
}

/// Events as one batch.
pub fn batch(events: &[String]) -> String {
    format!(r#"{{"batch":[{}]}}"#, events.join(","))
}

/// Somebody becomes known: e-mail, a consent with its evidence, four attributes.
pub fn identify(user: usize, at: i64) -> String {
    json!({
        "type": "identify", "messageId": format!("i-{user:010}"), "userId": format!("u{user:08}"),
        "timestamp": to_rfc3339(at),
        "traits": {
            "email": address(user), "first_name": "Ada", "country": "US", "locale": "en-US",
            "consent": [{
                "channel": "email", "purpose": "cart_email", "action": "given", "method": "checkbox",
                "wording": "Yes, remind me of my cart by e-mail.", "language": "en",
                "place": "https://shop.example.com/cart",
            }],
            "plan": "plus", "size": "M", "points": user % 1_000, "newsletter": true,
        },
    })
    .to_string()
}

/// The address of a user.
pub fn address(user: usize) -> String {
    format!("u{user:08}@mail.example.org")
}

/// A whole cart of five lines with the e-mail of its owner: what makes a run begin.
pub fn whole_cart(user: usize, at: i64) -> String {
    let traits = json!({ "email": address(user), "first_name": "Ada", "country": "US", "locale": "en-US" });
    json!({
        "type": "track", "event": "Cart Updated", "messageId": format!("w-{user:010}-{at}"),
        "userId": format!("u{user:08}"), "timestamp": to_rfc3339(at), "context": { "traits": traits },
        "properties": { "cart_id": format!("c{user:08}"), "currency": "EUR", "products": products() },
    })
    .to_string()
}

/// Five lines in the words of the shop events.
fn products() -> Vec<serde_json::Value> {
    (0..LINES)
        .map(|n| {
            json!({
                "product_id": format!("p{n:04}"), "sku": format!("SKU-{n:04}"), "variant": "M / blue",
                "name": format!("Merino Jumper No. {n}"), "price": 19.95 + 10.0 * n as f64, "quantity": 1 + n % 2,
                "url": format!("https://shop.example.com/products/p{n:04}"),
                "image_url": format!("https://cdn.example.com/i/p{n:04}.jpg"),
            })
        })
        .collect()
}

/// The same five lines as the service keeps them in a cart.
pub fn kept_lines() -> serde_json::Value {
    let lines = (0..LINES).map(|n| {
        json!({
            "key": format!("p{n:04}"), "product_id": format!("p{n:04}"), "variant_id": null,
            "sku": format!("SKU-{n:04}"), "title": format!("Merino Jumper No. {n}"), "variant": "M / blue",
            "category": null, "quantity": 1 + n % 2, "unit_minor": 1_995 + 1_000 * n,
            "image_url": format!("https://cdn.example.com/i/p{n:04}.jpg"),
            "url": format!("https://shop.example.com/products/p{n:04}"),
        })
    });
    lines.collect()
}

/// A cart was ordered.
pub fn order(token: &str, user: &str, at: i64) -> String {
    json!({
        "type": "track", "event": "Order Completed", "messageId": format!("o-{token}"), "userId": user,
        "timestamp": to_rfc3339(at),
        "properties": {
            "order_id": format!("order-{token}"), "cart_id": token, "currency": "EUR", "total": 99.75,
        },
    })
    .to_string()
}

/// A cart was emptied.
pub fn emptied(token: &str, user: &str, at: i64) -> String {
    json!({
        "type": "track", "event": "Cart Updated", "messageId": format!("e-{token}"), "userId": user,
        "timestamp": to_rfc3339(at), "properties": { "cart_id": token, "currency": "EUR", "products": [] },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartwheel_domain::event::LineItem;

    #[test]
    fn an_event_has_the_size_the_goals_speak_of() {
        for n in [0, 7, 99_999, 9_999_999] {
            let event = cart_event(n, n, 1_795_000_000_123);
            assert_eq!(event.len(), CART_EVENT);
            assert!(serde_json::from_str::<serde_json::Value>(&event).is_ok(), "{event}");
        }
        assert_eq!(cart_event(3, 4, 5), cart_event(3, 4, 5));
        assert_ne!(cart_event(3, 4, 5), cart_event(4, 4, 5));
    }

    #[test]
    fn kept_lines_are_the_services_own() {
        let lines: Vec<LineItem> = serde_json::from_value(kept_lines()).expect("the same form");
        assert_eq!(lines.len(), LINES);
    }
}
