//! The page behind a restore link: what was left, and the way back to the shop. Plain HTML, no script.

use crate::accounts::StoreInfo;
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{
    event::LineItem,
    locale::Language,
    money::{Currency, Money},
    settings::web_address,
    template::{escape::html as escape, money},
};
use cartwheel_entity::cart;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1b1a;--soft:#57534e;--ground:#faf9f7;--card:#fff;--line:#d6d3d1;--act:#1d4ed8;--on:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#f5f5f4;--soft:#b6b1ab;--ground:#171615;--card:#232120;--line:#57534e;--act:#93b4ff;--on:#0c1a3d}}\
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}\
main{max-width:38rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}\
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem}ul{list-style:none;margin:0;padding:0}\
li{display:flex;gap:1rem;padding:.75rem 0;border-bottom:1px solid var(--line);align-items:center}li img{width:4rem;height:4rem;object-fit:cover;border-radius:.5rem}\
li div{flex:1;overflow-wrap:anywhere}.soft{color:var(--soft)}.sum{display:flex;justify-content:space-between;font-weight:600;margin:1rem 0}\
a.go{display:block;text-align:center;padding:.8rem 1rem;border-radius:.5rem;background:var(--act);color:var(--on);font-weight:600;text-decoration:none}\
a.go:focus-visible{outline:3px solid var(--act);outline-offset:3px}p{margin:0 0 1rem}";

/// The policy that lets this style and the shop's pictures in, and nothing else.
pub fn content_security_policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self' https: http:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        )
    });
    &POLICY
}

struct Words {
    title: &'static str,
    quote: &'static str,
    total: &'static str,
    go: &'static str,
    no_way: &'static str,
    bought: &'static str,
    empty: &'static str,
    gone_title: &'static str,
    gone: &'static str,
}

const fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &Words {
            title: "Your basket at {store}",
            quote: "Your quote from {store}",
            total: "Total",
            go: "Continue in the shop",
            no_way: "The shop cannot put these back by itself. You will find them there by name.",
            bought: "This has been ordered already. Thank you!",
            empty: "There is nothing left in it.",
            gone_title: "This link is no longer valid",
            gone: "It has expired, or it was not copied completely. What you had in the basket on your own device is unchanged.",
        },
        Language::De => &Words {
            title: "Ihr Warenkorb bei {store}",
            quote: "Ihr Angebot von {store}",
            total: "Summe",
            go: "Im Shop weitermachen",
            no_way: "Der Shop kann diese Artikel nicht selbst zurücklegen. Sie finden sie dort unter ihrem Namen.",
            bought: "Das ist bereits bestellt. Vielen Dank!",
            empty: "Es ist nichts mehr darin.",
            gone_title: "Dieser Link gilt nicht mehr",
            gone: "Er ist abgelaufen oder wurde nicht vollständig kopiert. Der Warenkorb auf Ihrem eigenen Gerät ist unverändert.",
        },
        Language::Fr => &Words {
            title: "Votre panier chez {store}",
            quote: "Votre devis de {store}",
            total: "Total",
            go: "Continuer dans la boutique",
            no_way: "La boutique ne peut pas remettre ces articles d’elle-même. Vous les y trouverez par leur nom.",
            bought: "C’est déjà commandé. Merci !",
            empty: "Il n’y a plus rien dedans.",
            gone_title: "Ce lien n’est plus valable",
            gone: "Il a expiré ou n’a pas été copié en entier. Le panier sur votre propre appareil n’a pas changé.",
        },
        Language::It => &Words {
            title: "Il Suo carrello da {store}",
            quote: "Il Suo preventivo di {store}",
            total: "Totale",
            go: "Continua nel negozio",
            no_way: "Il negozio non può rimettere da sé questi articoli. Li troverà lì con il loro nome.",
            bought: "È già stato ordinato. Grazie!",
            empty: "Non contiene più nulla.",
            gone_title: "Questo link non è più valido",
            gone: "È scaduto o non è stato copiato per intero. Il carrello sul Suo dispositivo resta com’è.",
        },
    }
}

fn frame(language: Language, title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head><body><main class=\"page\"><h1>{title}</h1>\
         <div class=\"card\">{body}</div></main></body></html>"
    )
}

/// What was left. Shows no name, no address, nothing of the person.
pub fn cart(
    language: Language,
    store: &StoreInfo,
    cart: &cart::Model,
    lines: &[LineItem],
    shop: Option<&str>,
) -> String {
    let words = words(language);
    let name = store.settings.sender_name.trim();
    let name = escape(if name.is_empty() { &store.name } else { name });
    let title = if cart.kind == "quote" { words.quote } else { words.title }.replace("{store}", &name);
    if matches!(cart.status.as_str(), "converted" | "recovered") {
        return frame(language, &title, &format!("<p>{}</p>", words.bought));
    }
    let currency = cart.currency.parse().unwrap_or(Currency::EUR);
    let locale = format!("{language}-{}", store.settings.country);
    let amount = |minor| escape(&money::format(Money::new(minor, currency), &locale));
    let mut body = String::new();
    if lines.is_empty() {
        body.push_str(&format!("<p>{}</p>", words.empty));
    } else {
        body.push_str("<ul>");
        for line in lines {
            let picture = line.image_url.as_deref().filter(|u| web_address(u));
            let picture = picture.map(|u| {
                format!(
                    "<img src=\"{}\" alt=\"\" loading=\"lazy\" referrerpolicy=\"no-referrer\">",
                    escape(u)
                )
            });
            let variant =
                line.variant.as_deref().map(|v| format!("<br><span class=\"soft\">{}</span>", escape(v)));
            body.push_str(&format!(
                "<li>{}<div>{}{}<br><span class=\"soft\">{} × {}</span></div><span>{}</span></li>",
                picture.unwrap_or_default(),
                escape(&line.title),
                variant.unwrap_or_default(),
                line.quantity,
                amount(line.unit_minor),
                amount(line.unit_minor.saturating_mul(i64::from(line.quantity)))
            ));
        }
        body.push_str(&format!(
            "</ul><p class=\"sum\"><span>{}</span><span>{}</span></p>",
            words.total,
            amount(cart.total_minor)
        ));
    }
    match shop {
        Some(url) => body.push_str(&format!(
            "<a class=\"go\" rel=\"noreferrer\" href=\"{}\">{}</a>",
            escape(url),
            words.go
        )),
        None => body.push_str(&format!("<p class=\"soft\">{}</p>", words.no_way)),
    }
    frame(language, &title, &body)
}

/// A link that opens nothing.
pub fn gone(language: Language) -> String {
    let words = words(language);
    frame(language, words.gone_title, &format!("<p>{}</p>", words.gone))
}
