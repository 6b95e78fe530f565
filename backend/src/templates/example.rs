//! What a text is tried with where there is no cart at hand.

use cartwheel_domain::{
    locale::{Formality, Language},
    money::{Currency, Money},
    template::context::{CartContext, ContactContext, ItemContext, LinkContext, MailContext, StoreContext},
};

/// The kinds of what can be left, each with sentences of its own.
pub const KINDS: [&str; 3] = ["cart", "checkout", "quote"];

/// A mail about a cart (or a checkout, or a quote) as a shop would have it, in the language's own words.
pub fn example(language: Language, formality: Formality, kind: &str) -> MailContext {
    let eur = |minor| Money::new(minor, Currency::EUR);
    let words = match language {
        Language::En => ("Walnut bread board", "Linen apron", "40 × 25 cm", "Oatmeal"),
        Language::De => ("Brotbrett aus Nussbaum", "Schürze aus Leinen", "40 × 25 cm", "Natur"),
        Language::Fr => ("Planche à pain en noyer", "Tablier en lin", "40 × 25 cm", "Naturel"),
        Language::It => ("Tagliere in noce", "Grembiule di lino", "40 × 25 cm", "Naturale"),
    };
    let item = |title: &str, variant: &str, quantity: u64, price: i64, image: Option<&str>| ItemContext {
        title: title.to_owned(),
        variant: Some(variant.to_owned()),
        sku: None,
        quantity,
        price: Some(eur(price)),
        line_price: Some(eur(price * i64::try_from(quantity).unwrap_or(1))),
        image_url: image.map(str::to_owned),
        url: Some("https://shop.example/p/1".to_owned()),
    };
    let quote = kind == "quote";
    MailContext {
        store: StoreContext {
            name: "Nordlicht Keramik".to_owned(),
            url: "https://shop.example/".to_owned(),
            address: "Nordlicht Keramik GmbH\nHafenstr. 12\n24103 Kiel".to_owned(),
            support_email: "hallo@shop.example".to_owned(),
            logo_url: None,
        },
        contact: ContactContext {
            first_name: Some("Jonas".to_owned()),
            last_name: Some("Weber".to_owned()),
            email: "jonas@customer.example".to_owned(),
        },
        cart: CartContext {
            kind: kind.to_owned(),
            number: quote.then(|| "A-2041".to_owned()),
            items: vec![
                item(words.0, words.2, 1, 6_900, Some("https://shop.example/board.jpg")),
                item(words.1, words.3, 2, 4_250, None),
            ],
            item_count: 3,
            total: eur(15_400),
            valid_until: quote.then_some(1_780_300_800_000),
            company: quote.then(|| "Weber & Söhne GmbH".to_owned()),
        },
        links: LinkContext {
            restore: "https://mail.shop.example/r/tok".to_owned(),
            unsubscribe: "https://mail.shop.example/u/tok".to_owned(),
            preferences: Some("https://mail.shop.example/u/tok".to_owned()),
            view: None,
        },
        language,
        locale: language.code().to_owned(),
        formality,
        now: 1_779_000_000_000,
        time_zone: "Europe/Berlin".to_owned(),
    }
}
