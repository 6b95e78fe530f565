//! What conditions ask, of stored rows.

use cartwheel_domain::{
    event::{CartKind, LineItem},
    journey::{CartFacts, CartStatus, ContactFacts, LineFacts},
    locale::Language,
    money::{Currency, Money},
};
use cartwheel_entity::{cart, contact};

/// The state of a stored cart, by its word; one we do not know is treated as finished.
pub fn cart_status(word: &str) -> CartStatus {
    match word {
        "active" => CartStatus::Active,
        "checkout" => CartStatus::Checkout,
        "abandoned" => CartStatus::Abandoned,
        "recovered" => CartStatus::Recovered,
        "converted" => CartStatus::Converted,
        _ => CartStatus::Expired,
    }
}

/// What conditions ask of a cart.
pub fn cart_facts(cart: &cart::Model, lines: bool) -> CartFacts {
    let lines = if lines { LineItem::list(&cart.items) } else { Vec::new() };
    CartFacts {
        kind: CartKind::from_name(&cart.kind).unwrap_or(CartKind::Cart),
        status: cart_status(&cart.status),
        excluded: cart.bot || cart.test || cart.staff,
        value: Money::new(cart.total_minor, cart.currency.parse().unwrap_or(Currency::EUR)),
        lines: lines.into_iter().map(LineFacts::from).collect(),
    }
}

/// What conditions ask of a person.
pub fn contact_facts(contact: &contact::Model) -> ContactFacts {
    let words = |json: &serde_json::Value| -> Vec<String> {
        serde_json::from_value(json.clone()).unwrap_or_default()
    };
    ContactFacts {
        erased: contact.erased_at.is_some(),
        has_email: contact.email.is_some(),
        has_phone: contact.phone.is_some(),
        language: contact.locale.as_deref().and_then(Language::of_tag),
        country: contact.country.as_deref().and_then(|c| c.parse().ok()),
        tags: words(&contact.tags).into_iter().collect(),
        traits: contact.traits.as_object().cloned().unwrap_or_default(),
        orders: u32::try_from(contact.orders_count).unwrap_or(0),
    }
}
