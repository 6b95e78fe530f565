//! The canonical event: what every source is translated into before anything else happens.
//!
//! Sources speak Segment, Klaviyo, GA4 or a platform's webhook; the translation lives with the source
//! (`backend::ingest`). From here on there is one vocabulary. An event is an immutable fact.

use crate::{
    contact_point::{EmailAddress, Phone},
    locale::Country,
    money::{Currency, Money},
    push::Subscription,
    time::Millis,
};
use serde::{Deserialize, Serialize};

/// The canonical names. `as_str` is what is stored, matched by journeys and shown in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A page was seen.
    PageViewed,
    /// A product page was seen.
    ProductViewed,
    /// One line came into the cart.
    CartItemAdded,
    /// One line left the cart.
    CartItemRemoved,
    /// The whole cart as it is now.
    CartUpdated,
    /// The cart page was seen.
    CartViewed,
    /// The cart is gone.
    CartDeleted,
    /// The checkout began or changed; carries the whole cart when the source knows it.
    CheckoutStarted,
    /// A step of the checkout was seen.
    CheckoutStepViewed,
    /// Payment details were entered.
    PaymentInfoEntered,
    /// A coupon was applied.
    CouponApplied,
    /// A quote was asked for or changed.
    QuoteRequested,
    /// The pointer left towards the tab bar, or the page was hidden with a full cart.
    ExitIntent,
    /// Somebody said who they are.
    Identified,
    /// Permission was given or withdrawn.
    ConsentChanged,
    /// An order was placed.
    OrderPlaced,
    /// An order changed, or was paid.
    OrderUpdated,
    /// An order was cancelled.
    OrderCancelled,
    /// Money went back.
    OrderRefunded,
    /// Anything else a shop tells; kept, and usable by name.
    Custom,
}

impl EventKind {
    /// All kinds, in the order of the life of a cart.
    pub const ALL: [Self; 20] = [
        Self::PageViewed,
        Self::ProductViewed,
        Self::CartItemAdded,
        Self::CartItemRemoved,
        Self::CartUpdated,
        Self::CartViewed,
        Self::CartDeleted,
        Self::CheckoutStarted,
        Self::CheckoutStepViewed,
        Self::PaymentInfoEntered,
        Self::CouponApplied,
        Self::QuoteRequested,
        Self::ExitIntent,
        Self::Identified,
        Self::ConsentChanged,
        Self::OrderPlaced,
        Self::OrderUpdated,
        Self::OrderCancelled,
        Self::OrderRefunded,
        Self::Custom,
    ];

    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PageViewed => "page_viewed",
            Self::ProductViewed => "product_viewed",
            Self::CartItemAdded => "cart_item_added",
            Self::CartItemRemoved => "cart_item_removed",
            Self::CartUpdated => "cart_updated",
            Self::CartViewed => "cart_viewed",
            Self::CartDeleted => "cart_deleted",
            Self::CheckoutStarted => "checkout_started",
            Self::CheckoutStepViewed => "checkout_step_viewed",
            Self::PaymentInfoEntered => "payment_info_entered",
            Self::CouponApplied => "coupon_applied",
            Self::QuoteRequested => "quote_requested",
            Self::ExitIntent => "exit_intent",
            Self::Identified => "identified",
            Self::ConsentChanged => "consent_changed",
            Self::OrderPlaced => "order_placed",
            Self::OrderUpdated => "order_updated",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderRefunded => "order_refunded",
            Self::Custom => "custom",
        }
    }

    /// The kind of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == name)
    }
}

/// Where an event came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The HTTP API with the store's secret write key: a server of the shop, fully trusted within its store.
    Api,
    /// The storefront snippet with the public key: anybody's browser. It may only append to carts bound to
    /// its own random token; an e-mail alone selects nothing.
    Snippet,
    /// A signed Shopify webhook, or what its Admin API said.
    Shopify,
    /// A signed WooCommerce webhook, or what its REST API said.
    Woocommerce,
    /// What BigCommerce's API said after one of its webhooks.
    Bigcommerce,
    /// Ourselves: seeds and the console.
    Internal,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Api, Self::Snippet, Self::Shopify, Self::Woocommerce, Self::Bigcommerce, Self::Internal];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Snippet => "snippet",
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
            Self::Bigcommerce => "bigcommerce",
            Self::Internal => "internal",
        }
    }

    /// Whether what it says about other people's identities may be believed.
    pub const fn trusted(self) -> bool {
        !matches!(self, Self::Snippet)
    }
}

/// One fact, ready to be projected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Where it came in.
    pub source: Source,
    /// The source's own id of the fact (Segment `messageId`, Shopify event id). Unique per store and source:
    /// the second arrival of one id is dropped.
    pub source_id: String,
    /// When it happened by the source's clock; staleness is judged by it.
    pub occurred_at: Millis,
    /// What happened.
    pub kind: EventKind,
    /// The name the source used.
    pub name: String,
    /// Who.
    pub who: Who,
    /// What it says of a cart, an order or consent.
    pub body: Body,
    /// Marks the source itself gives.
    pub marks: Marks,
}

/// Everything an event says about the person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Who {
    /// The browser's random id.
    pub anonymous_id: Option<String>,
    /// The shop's own customer id, as text: platform ids exceed 2^53.
    pub user_id: Option<String>,
    /// E-mail.
    pub email: Option<EmailAddress>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Language tag as given, `de-CH`.
    pub locale: Option<String>,
    /// Country.
    pub country: Option<Country>,
    /// IANA zone as given; judged when used.
    pub time_zone: Option<String>,
    /// Company the person acts for.
    pub company: Option<Company>,
    /// Further traits: a flat JSON object.
    pub traits: serde_json::Map<String, serde_json::Value>,
    /// Tags to add.
    pub tags: Vec<String>,
    /// Browser's agent string, for bot marks and device.
    pub user_agent: Option<String>,
}

/// A business account as events name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// The shop's id of the company, when it has one.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
}

/// Marks that keep a cart out of every rate and every mailing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// A machine filled it.
    pub bot: bool,
    /// A test order or test shopper.
    pub test: bool,
    /// Somebody of the shop.
    pub staff: bool,
}

/// The part that differs by kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Nothing beyond the name, with the source's properties for conditions.
    Plain(serde_json::Map<String, serde_json::Value>),
    /// A change of a cart, a checkout or a quote.
    Cart(Box<CartChange>),
    /// An order or a change of one.
    Order(Box<OrderChange>),
    /// Permission given or withdrawn.
    Consent(Vec<ConsentChange>),
    /// A browser may be notified, or not any more.
    Push(Box<PushChange>),
}

/// A browser may be notified, or not any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushChange {
    /// The browser's own token, the one its carts are bound to; `None` where the shop's server speaks.
    pub browser: Option<String>,
    /// What it says.
    pub said: PushSaid,
}

/// What a browser says of its notifications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushSaid {
    /// It may be notified.
    Subscribed {
        /// Where and by which keys.
        subscription: Subscription,
        /// The store's public key it was made for.
        key: String,
        /// The permission, when somebody has just given it; none when a browser only shows that it is still there.
        consent: Option<Box<ConsentChange>>,
    },
    /// It may not be notified any more.
    Ended {
        /// The address it had.
        endpoint: String,
    },
}

/// What can be left unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartKind {
    /// A basket.
    Cart,
    /// A checkout that was begun.
    Checkout,
    /// A quote for a business buyer.
    Quote,
}

impl CartKind {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cart => "cart",
            Self::Checkout => "checkout",
            Self::Quote => "quote",
        }
    }

    /// The kind of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Cart, Self::Checkout, Self::Quote].into_iter().find(|k| k.as_str() == name)
    }
}

/// One line of a cart or an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// What tells two lines apart within the cart: the source's line key, else variant, product or SKU.
    pub key: String,
    /// Product id of the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// Variant id of the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<String>,
    /// Stock-keeping unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Name as the shopper saw it.
    pub title: String,
    /// Variant as the shopper saw it ("M / blue").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How many; at least 1.
    pub quantity: u32,
    /// Price of one, minor units of the cart's currency.
    pub unit_minor: i64,
    /// Absolute http(s) address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Absolute http(s) address of the product page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl LineItem {
    /// The lines of a stored cart, from the text [`LineItem::text`] made; none when it cannot be read.
    pub fn list(text: &str) -> Vec<Self> {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Lines as they are stored: JSON, unknown fields left out.
    pub fn text(lines: &[Self]) -> String {
        serde_json::to_string(lines).unwrap_or_else(|_| "[]".into())
    }
}

/// How a cart's lines change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lines {
    /// The event says nothing of the lines.
    Keep,
    /// The whole list; an empty one is an emptied cart.
    Set(Vec<LineItem>),
    /// One line more; the quantity is added to a line of the same key.
    Add(LineItem),
    /// Several lines more, each as by [`Lines::Add`].
    AddAll(Vec<LineItem>),
    /// So many fewer of the line with this key; `None` takes the line out.
    Remove {
        /// The line's key.
        key: String,
        /// How many.
        quantity: Option<u32>,
    },
    /// The cart was deleted at the source.
    Delete,
}

/// A change of a cart, a checkout or a quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CartChange {
    /// What it is now.
    pub kind: CartKind,
    /// The shop's cart token; for the snippet the bearer token of its browser.
    pub cart_token: Option<String>,
    /// The shop's checkout token.
    pub checkout_token: Option<String>,
    /// Currency of all amounts; the store's when the source names none.
    pub currency: Option<Currency>,
    /// Lines.
    pub lines: Lines,
    /// Total as the source counts it; else the sum of the lines.
    pub total_minor: Option<i64>,
    /// Where the shop itself restores the cart.
    pub recovery_url: Option<String>,
    /// Until when a quote is valid.
    pub valid_until: Option<Millis>,
    /// Who has to approve a quote.
    pub approver: Option<String>,
    /// A number a person would say ("Q-1042").
    pub number: Option<String>,
    /// Which step of the checkout was reached.
    pub step: Option<String>,
    /// Coupon in the cart.
    pub coupon: Option<String>,
    /// The shopper left on purpose (exit signal): abandonment follows at once instead of after inactivity.
    pub left: bool,
}

impl CartChange {
    /// A change of the lines, with nothing else said.
    pub const fn new(kind: CartKind, lines: Lines) -> Self {
        Self {
            kind,
            cart_token: None,
            checkout_token: None,
            currency: None,
            lines,
            total_minor: None,
            recovery_url: None,
            valid_until: None,
            approver: None,
            number: None,
            step: None,
            coupon: None,
            left: false,
        }
    }
}

/// Where an order stands, over all platforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Bought; paid, or to be paid by the platform's ordinary course.
    Purchased,
    /// Bought, money awaited (transfer, on hold): never reminded as abandoned.
    Awaiting,
    /// Not bought: payment failed or pending at the platform.
    Unfinished,
    /// Cancelled.
    Cancelled,
}

impl OrderState {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchased => "purchased",
            Self::Awaiting => "awaiting",
            Self::Unfinished => "unfinished",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Purchased, Self::Awaiting, Self::Unfinished, Self::Cancelled]
            .into_iter()
            .find(|s| s.as_str() == name)
    }
}

/// An order or a change of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderChange {
    /// The shop's order id, as text.
    pub external_id: String,
    /// The number people say.
    pub number: Option<String>,
    /// Where it stands; `None` when the event does not say (a refund).
    pub state: Option<OrderState>,
    /// Total and its currency, when told.
    pub total: Option<Money>,
    /// All that has gone back so far, when the source tells the sum.
    pub refunded_total_minor: Option<i64>,
    /// What this event gives back (the id of the refund makes it count once).
    pub refund: Option<Refund>,
    /// The cart it came from.
    pub cart_token: Option<String>,
    /// The checkout it came from.
    pub checkout_token: Option<String>,
    /// Lines, when told.
    pub lines: Vec<LineItem>,
    /// Codes used.
    pub coupons: Vec<String>,
    /// When it was placed.
    pub placed_at: Option<Millis>,
    /// Whether the newest message decides where the order stands, as where a platform's states go back and forth; else
    /// the state only rises. Then `Cancelled` says that it is at an end, not that anybody had bought.
    #[serde(default)]
    pub newest_counts: bool,
}

impl OrderChange {
    /// A message that names an order and says nothing else.
    pub const fn new(external_id: String) -> Self {
        Self {
            external_id,
            number: None,
            state: None,
            total: None,
            refunded_total_minor: None,
            refund: None,
            cart_token: None,
            checkout_token: None,
            lines: Vec::new(),
            coupons: Vec::new(),
            placed_at: None,
            newest_counts: false,
        }
    }
}

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The source's id of the refund.
    pub id: String,
    /// How much, positive; `None` for all of it.
    pub minor: Option<i64>,
}

/// Permission given or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentChange {
    /// `email`, `sms`, `push`, `post`, `on_site`.
    pub channel: String,
    /// A purpose of the consent ledger (`cart_email`, `marketing_email`, …).
    pub purpose: String,
    /// `given`, `confirmed`, `withdrawn`, `objected`.
    pub action: String,
    /// `checkbox`, `double_opt_in`, `api`, `imported`, `platform`.
    pub method: String,
    /// The sentence the person saw, and its language.
    pub wording: Option<String>,
    /// Where: form id or address.
    pub place: Option<String>,
    /// The source's further evidence (opt-in level, state, time).
    pub evidence: serde_json::Value,
}
