//! What a mail may say: the values behind the names of a template.
//!
//! The backend fills it, the console fills it with examples. Nothing else is ever in reach of a template.

use serde::Serialize;

use super::value::Value;
use crate::locale::{Formality, Language};
use crate::money::Money;
use crate::time::{Millis, to_rfc3339};

/// The values of one mail. In a template: `{{ store.name }}`, `{{ cart.total | money }}`, `{{ cart.valid_until | date }}`.
#[derive(Debug, Clone, Serialize)]
pub struct MailContext {
    /// `store`
    pub store: StoreContext,
    /// `contact`
    pub contact: ContactContext,
    /// `cart`
    pub cart: CartContext,
    /// `links`
    pub links: LinkContext,
    /// `language`: `en`, `de`, `fr` or `it`
    pub language: Language,
    /// `locale`: the language with its region (`de-CH`), which decides how amounts are written
    pub locale: String,
    /// `formality`: `formal` or `informal`
    pub formality: Formality,
    /// `now`: the moment of rendering
    #[serde(serialize_with = "instant")]
    pub now: Millis,
    /// `time_zone`: the reader's, as `Europe/Berlin`; dates are written in it
    pub time_zone: String,
}

/// The sender.
#[derive(Debug, Clone, Serialize)]
pub struct StoreContext {
    /// Name as shoppers know it.
    pub name: String,
    /// Address of the shop on the web.
    pub url: String,
    /// Postal address on one or more lines; mandatory where the country's rules ask for it.
    pub address: String,
    /// Where an answer is read.
    pub support_email: String,
    /// Address of a picture of the logo; without one the name is shown.
    pub logo_url: Option<String>,
}

/// The reader.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ContactContext {
    /// Given name, if known.
    pub first_name: Option<String>,
    /// Family name, if known.
    pub last_name: Option<String>,
    /// The address this mail goes to.
    pub email: String,
}

/// What was left unfinished.
#[derive(Debug, Clone, Serialize)]
pub struct CartContext {
    /// `cart`, `checkout` or `quote`.
    pub kind: String,
    /// Number of a quote, where it has one.
    pub number: Option<String>,
    /// The lines, at least one.
    pub items: Vec<ItemContext>,
    /// Pieces in all lines together.
    pub item_count: u64,
    /// Sum in the cart's currency.
    pub total: Money,
    /// Until when a quote holds.
    #[serde(serialize_with = "optional_instant")]
    pub valid_until: Option<Millis>,
    /// The company a quote is for.
    pub company: Option<String>,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct ItemContext {
    /// Name of the product.
    pub title: String,
    /// Size, color and the like.
    pub variant: Option<String>,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// Pieces.
    pub quantity: u64,
    /// Price of one piece.
    pub price: Option<Money>,
    /// Price of the line.
    pub line_price: Option<Money>,
    /// Picture of the product.
    pub image_url: Option<String>,
    /// Page of the product.
    pub url: Option<String>,
}

/// Addresses made for this message.
#[derive(Debug, Clone, Serialize)]
pub struct LinkContext {
    /// Brings the cart back.
    pub restore: String,
    /// Opens the page that ends these mails.
    pub unsubscribe: String,
    /// Opens the preference centre.
    pub preferences: Option<String>,
    /// This mail as a page.
    pub view: Option<String>,
}

impl MailContext {
    /// What must be there for a recovery mail to be sent.
    ///
    /// `address_required` is the country pack's word on the postal address (CAN-SPAM and the like).
    pub fn mandatory(address_required: bool) -> Vec<&'static str> {
        let mut paths = vec!["links.restore", "links.unsubscribe", "store.name", "cart.items"];
        if address_required {
            paths.push("store.address");
        }
        paths
    }

    /// As values for [`Template::render`](super::Template::render).
    pub fn to_value(&self) -> Value {
        // Every field is text, a number, a list or nothing: serialisation has no way to fail.
        serde_json::to_value(self).map(without_blanks).map(Value::from).unwrap_or_default()
    }
}

/// In Liquid empty text is true; here what is blank is not there, so that `{% if item.variant %}` means what it says.
fn without_blanks(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::String(text) if text.trim().is_empty() => Json::Null,
        Json::Array(items) => items.into_iter().map(without_blanks).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, without_blanks(value))).collect()
        }
        other => other,
    }
}

fn instant<S: serde::Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_rfc3339(*at))
}

fn optional_instant<S: serde::Serializer>(at: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, serializer),
        None => serializer.serialize_none(),
    }
}
