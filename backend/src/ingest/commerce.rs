//! Carts and orders in the properties of a call.

use super::{
    aliases::keys,
    items,
    read::{self, Object, Problem},
};
use cartwheel_domain::{
    event::{CartChange, CartKind, EventKind, LineItem, Lines, OrderChange, OrderState, Refund},
    money::{Currency, Money},
    time::parse_rfc3339,
};

/// The shortest token of a browser that cannot be guessed: 64 bits in hex.
const MIN_BEARER: usize = 16;

/// The browser's own random token: what proves that a cart is its own.
pub fn bearer(context: &Object, properties: &Object) -> Result<Option<String>, Problem> {
    let (place, token) = match read::id(context, &["cart_token"]).map_err(|p| p.under("/context"))? {
        Some(token) => ("/context/cart_token", Some(token)),
        None => (
            "/properties/cart_token",
            read::id(properties, &["cart_token"]).map_err(|p| p.under("/properties"))?,
        ),
    };
    match token {
        Some(t) if t.len() < MIN_BEARER => {
            Err(Problem::new(place, format!("a browser's token has at least {MIN_BEARER} random characters")))
        }
        other => Ok(other),
    }
}

/// Reads the properties of a cart or order event.
pub struct Reader<'a> {
    /// The properties.
    pub properties: &'a Object,
    /// The currency where none is named.
    pub store_currency: Currency,
    /// The browser's token, for events of a browser.
    pub bearer: Option<String>,
    /// Whether a browser says it.
    pub browser: bool,
}

impl Reader<'_> {
    fn currency(&self) -> Result<Option<Currency>, Problem> {
        read::currency(self.properties, &["currency", "currency_code", "$currency_code"])
    }

    /// The tokens by which the event names its cart. A browser's are bound to its bearer token, so that it can
    /// never name another's.
    fn tokens(&self, quote: bool) -> Result<(Option<String>, Option<String>), Problem> {
        let p = self.properties;
        let own = if quote {
            keys::QUOTE
        } else if self.browser {
            &["cart_id"][..]
        } else {
            keys::CART
        };
        let mut cart = read::id(p, own)?;
        if quote {
            cart = match cart {
                Some(id) => Some(id),
                None => match read::id(p, keys::CART)? {
                    Some(id) => Some(id),
                    None => read::id(p, keys::NUMBER)?,
                },
            };
            cart = cart.map(|id| format!("quote:{id}"));
        }
        let checkout = if quote { None } else { read::id(p, keys::CHECKOUT)? };
        if !self.browser {
            return Ok((cart, checkout));
        }
        let Some(bearer) = &self.bearer else {
            return Err(Problem::new(
                "/cart_token",
                "with the public key a cart or an order needs the browser's own cart_token in its context",
            ));
        };
        let bound = |id: String| format!("{bearer}/{id}");
        Ok((
            Some(bound(cart.unwrap_or_else(|| if quote { "quote:".into() } else { String::new() }))),
            checkout.map(bound),
        ))
    }

    /// A change of a cart. `name` is the event's own name.
    pub fn cart(&self, kind: EventKind, name: &str) -> Result<CartChange, Problem> {
        let p = self.properties;
        let quote = kind == EventKind::QuoteRequested || read::text(p, &["kind"]).as_deref() == Some("quote");
        let currency = self.currency()?;
        let amounts = currency.unwrap_or(self.store_currency);
        let (cart_token, checkout_token) = self.tokens(quote)?;
        let total_minor = match kind {
            // The value of such an event is that of the line.
            EventKind::CartItemAdded | EventKind::CartItemRemoved if !whole_cart(name) => None,
            EventKind::CouponApplied | EventKind::ExitIntent => None,
            _ => read::price(p, keys::VALUE, amounts)?,
        };
        Ok(CartChange {
            kind: if quote {
                CartKind::Quote
            } else if matches!(
                kind,
                EventKind::CheckoutStarted | EventKind::CheckoutStepViewed | EventKind::PaymentInfoEntered
            ) {
                CartKind::Checkout
            } else {
                CartKind::Cart
            },
            cart_token,
            checkout_token,
            currency,
            lines: self.lines(kind, name, amounts)?,
            total_minor,
            recovery_url: read::url(p, keys::RECOVERY),
            valid_until: read::text(p, &["valid_until", "expires_at"]).and_then(|t| parse_rfc3339(&t)),
            approver: read::text(p, &["approver"]),
            number: read::text(p, keys::NUMBER),
            step: match kind {
                EventKind::PaymentInfoEntered => Some("payment".into()),
                EventKind::CheckoutStepViewed => read::text(p, &["step_name", "step"]),
                _ => None,
            },
            coupon: read::text(p, keys::COUPON),
            left: kind == EventKind::ExitIntent || read::truth(p, &["left"]),
        })
    }

    fn lines(&self, kind: EventKind, name: &str, currency: Currency) -> Result<Lines, Problem> {
        let p = self.properties;
        let listed = items::items(p, currency)?.map(|lines| self.said(lines));
        Ok(match kind {
            EventKind::CartDeleted => Lines::Delete,
            EventKind::CouponApplied
            | EventKind::ExitIntent
            | EventKind::PaymentInfoEntered
            | EventKind::CheckoutStepViewed => Lines::Keep,
            EventKind::CartItemAdded => match listed {
                // GA4 lists what was added.
                Some(lines) if whole_cart(name) => Lines::Set(lines),
                Some(lines) => Lines::AddAll(lines),
                None => match self.said(items::item(p, currency)?.into_iter().collect()).pop() {
                    Some(line) => Lines::Add(line),
                    None => Lines::Keep,
                },
            },
            EventKind::CartItemRemoved => match listed.as_deref() {
                Some([line, ..]) => Lines::Remove { key: line.key.clone(), quantity: Some(line.quantity) },
                _ => Lines::Remove {
                    key: items::key(p)?.ok_or_else(|| {
                        Problem::new(
                            "/product_id",
                            "which line left the cart? A product_id, a sku or a name is needed",
                        )
                    })?,
                    quantity: read::quantity(p, keys::QUANTITY)?.filter(|n| *n > 0),
                },
            },
            EventKind::CartUpdated => match listed {
                Some(lines) => Lines::Set(lines),
                None => {
                    return Err(Problem::new(
                        "/products",
                        "an updated cart needs its list of products; an empty list empties it",
                    ));
                }
            },
            // What was seen of the cart is the cart; without a list nothing is said of its lines.
            _ => listed.map_or(Lines::Keep, Lines::Set),
        })
    }

    /// Lines as they may stand in a mail: what a browser says of a product is anybody's text, and mail programs make a link
    /// of whatever looks like one.
    fn said(&self, mut lines: Vec<LineItem>) -> Vec<LineItem> {
        if self.browser {
            for line in &mut lines {
                line.title = read::without_links(&line.title);
                line.variant = line.variant.as_deref().map(read::without_links);
            }
        }
        lines
    }

    /// An order or a change of one. `event_id` names a refund that has no id of its own.
    pub fn order(&self, kind: EventKind, event_id: &str) -> Result<OrderChange, Problem> {
        let p = self.properties;
        let external_id = read::id(p, keys::ORDER)?
            .ok_or_else(|| Problem::new("/order_id", "an order needs its order_id"))?;
        let currency = self.currency()?;
        let amounts = currency.unwrap_or(self.store_currency);
        let quote = read::id(p, keys::QUOTE)?.is_some();
        let (cart_token, checkout_token) = self.tokens(quote)?;
        // Beside an event whose name says what happened, a word we do not know says nothing; an update is nothing but its word.
        let told = match read::text(p, &["status", "financial_status", "order_status"]) {
            Some(word) => match state(&word) {
                None if kind == EventKind::OrderUpdated => {
                    return Err(Problem::new("/status", "this is no state of an order we know"));
                }
                known => known,
            },
            None => None,
        };
        let refund = kind == EventKind::OrderRefunded;
        let total = read::price(p, keys::TOTAL, amounts)?;
        let back =
            read::price(p, &["refund", "refund_amount", "amount"], amounts)?.or(total).filter(|_| refund);
        Ok(OrderChange {
            number: read::text(p, &["order_number", "number"]),
            state: match kind {
                EventKind::OrderCancelled => Some(OrderState::Cancelled),
                EventKind::OrderRefunded => None,
                EventKind::OrderUpdated => told,
                _ => Some(told.unwrap_or(OrderState::Purchased)),
            },
            total: total.filter(|_| !refund).map(|minor| Money::new(minor, amounts)),
            refunded_total_minor: read::price(p, &["refunded_total", "total_refunded"], amounts)?,
            refund: match refund {
                true => Some(Refund {
                    id: read::id(p, &["refund_id"])?.unwrap_or_else(|| event_id.to_owned()),
                    minor: back,
                }),
                false => None,
            },
            cart_token,
            checkout_token,
            lines: if refund { Vec::new() } else { items::ordered(p, amounts)? },
            coupons: read::text(p, keys::COUPON).into_iter().collect(),
            newest_counts: false,
            placed_at: read::text(p, &["placed_at", "created_at"]).and_then(|t| parse_rfc3339(&t)),
            external_id,
        })
    }
}

/// Klaviyo's "Added to Cart" lists the whole cart and its value beside the added line.
fn whole_cart(name: &str) -> bool {
    name.eq_ignore_ascii_case("added to cart")
}

/// The platforms' words for where an order stands (conventions.md sections 1 and 2).
pub fn state(word: &str) -> Option<OrderState> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "paid" | "purchased" | "completed" | "complete" | "processing" | "authorized" | "partially_paid"
        | "partially_refunded" | "refunded" | "shipped" | "fulfilled" => OrderState::Purchased,
        "on-hold" | "on_hold" | "awaiting" | "awaiting_payment" | "pending_payment" => OrderState::Awaiting,
        "pending" | "failed" | "checkout-draft" | "unfinished" | "draft" => OrderState::Unfinished,
        "cancelled" | "canceled" | "voided" | "trash" => OrderState::Cancelled,
        _ => return None,
    })
}
