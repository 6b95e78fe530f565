//! The words of the outside world: Segment, Klaviyo, GA4, Omnisend and Braze names for the same facts.
//! The tables follow the vendors' public event references.

use cartwheel_domain::event::EventKind;

/// The canonical kind of an event's name. Case, spaces and underscores do not count; an unknown name is kept as
/// [`EventKind::Custom`].
pub fn kind_of(name: &str) -> EventKind {
    let mut plain = String::with_capacity(name.len());
    plain.extend(name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
    let plain = plain.strip_prefix("ecommerce").unwrap_or(&plain);
    match plain {
        "pageviewed" | "pageview" | "activeonsite" => EventKind::PageViewed,
        "productviewed" | "viewedproduct" | "viewitem" => EventKind::ProductViewed,
        "productadded" | "cartitemadded" | "addedtocart" | "addtocart" | "addedproducttocart" => {
            EventKind::CartItemAdded
        }
        "productremoved" | "cartitemremoved" | "removedfromcart" | "removefromcart" => {
            EventKind::CartItemRemoved
        }
        "cartupdated" => EventKind::CartUpdated,
        "cartviewed" | "viewcart" | "viewedcart" => EventKind::CartViewed,
        "cartdeleted" => EventKind::CartDeleted,
        "checkoutstarted" | "startedcheckout" | "begincheckout" => EventKind::CheckoutStarted,
        "checkoutstepviewed" | "checkoutstepcompleted" => EventKind::CheckoutStepViewed,
        "paymentinfoentered" | "addpaymentinfo" => EventKind::PaymentInfoEntered,
        "couponapplied" | "couponentered" => EventKind::CouponApplied,
        "quoterequested" | "quoteupdated" | "quotecreated" => EventKind::QuoteRequested,
        "exitintent" => EventKind::ExitIntent,
        "consentchanged" | "pushsubscribed" | "pushunsubscribed" => EventKind::ConsentChanged,
        "orderplaced" | "ordercompleted" | "placedorder" | "purchase" => EventKind::OrderPlaced,
        "orderupdated" | "orderpaid" => EventKind::OrderUpdated,
        "ordercancelled" | "ordercanceled" | "cancelledorder" | "canceledorder" => EventKind::OrderCancelled,
        "orderrefunded" | "refundedorder" | "refund" => EventKind::OrderRefunded,
        "identified" => EventKind::Identified,
        _ => EventKind::Custom,
    }
}

/// Property names, the most usual first.
pub mod keys {
    /// What tells two lines apart.
    pub const LINE: &[&str] = &[
        "line_id",
        "key",
        "variant_id",
        "VariantID",
        "variantID",
        "product_id",
        "ProductID",
        "productID",
        "item_id",
        "sku",
        "SKU",
    ];
    /// Product id.
    pub const PRODUCT: &[&str] =
        &["product_id", "ProductID", "productID", "item_id", "AddedItemProductID", "id"];
    /// Variant id.
    pub const VARIANT_ID: &[&str] = &["variant_id", "VariantID", "variantID"];
    /// Stock-keeping unit.
    pub const SKU: &[&str] = &["sku", "SKU", "AddedItemSKU"];
    /// Name of a product.
    pub const TITLE: &[&str] = &[
        "name",
        "title",
        "product_name",
        "ProductName",
        "item_name",
        "productTitle",
        "AddedItemProductName",
    ];
    /// Variant as text.
    pub const VARIANT: &[&str] = &["variant", "variant_title", "VariantName", "item_variant", "variant_name"];
    /// Category.
    pub const CATEGORY: &[&str] =
        &["category", "item_category", "ProductCategories", "Categories", "AddedItemCategories"];
    /// How many.
    pub const QUANTITY: &[&str] = &["quantity", "Quantity", "AddedItemQuantity"];
    /// Price of one.
    pub const PRICE: &[&str] = &["price", "ItemPrice", "unit_price", "productPrice", "AddedItemPrice"];
    /// Price of the line.
    pub const ROW: &[&str] = &["RowTotal", "line_price", "row_total"];
    /// Picture.
    pub const IMAGE: &[&str] = &["image_url", "ImageURL", "productImageURL", "image", "AddedItemImageURL"];
    /// Product page.
    pub const URL: &[&str] = &["url", "ProductURL", "product_url", "productURL", "AddedItemURL"];
    /// Lines.
    pub const ITEMS: &[&str] = &["products", "items", "Items", "lineItems", "line_items"];
    /// Cart.
    pub const CART: &[&str] = &["cart_id", "cart_token", "cartID", "$cart_id"];
    /// Checkout.
    pub const CHECKOUT: &[&str] = &["checkout_id", "checkout_token", "checkoutID"];
    /// Quote.
    pub const QUOTE: &[&str] = &["quote_id", "quote_uuid"];
    /// Number of a quote.
    pub const NUMBER: &[&str] = &["number", "quote_number"];
    /// Value of a cart.
    pub const VALUE: &[&str] =
        &["value", "$value", "total", "total_value", "total_price", "revenue", "subtotal"];
    /// Value of an order.
    pub const TOTAL: &[&str] = &["total", "total_price", "value", "$value", "total_value", "revenue"];
    /// Restore address.
    pub const RECOVERY: &[&str] =
        &["recovery_url", "CheckoutURL", "checkout_url", "abandonedCheckoutURL", "abandoned_checkout_url"];
    /// Coupon.
    pub const COUPON: &[&str] = &["coupon", "coupon_name", "coupon_id", "DiscountCode", "discount_code"];
    /// Order.
    pub const ORDER: &[&str] = &["order_id", "OrderId", "orderID", "transaction_id", "$event_id"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabularies_mean_the_same() {
        for (kind, names) in [
            (
                EventKind::ProductViewed,
                &[
                    "Product Viewed",
                    "Viewed Product",
                    "viewed product",
                    "ecommerce.product_viewed",
                    "view_item",
                ][..],
            ),
            (
                EventKind::CartItemAdded,
                &["Product Added", "Added to Cart", "Added To Cart", "added product to cart", "add_to_cart"],
            ),
            (EventKind::CartItemRemoved, &["Product Removed", "remove_from_cart"]),
            (EventKind::CartViewed, &["Cart Viewed", "view_cart"]),
            (EventKind::CartUpdated, &["Cart Updated", "ecommerce.cart_updated"]),
            (
                EventKind::CheckoutStarted,
                &[
                    "Checkout Started",
                    "Started Checkout",
                    "started checkout",
                    "ecommerce.checkout_started",
                    "begin_checkout",
                ],
            ),
            (EventKind::PaymentInfoEntered, &["Payment Info Entered", "add_payment_info"]),
            (
                EventKind::OrderPlaced,
                &["Order Completed", "Placed Order", "placed order", "ecommerce.order_placed", "purchase"],
            ),
            (
                EventKind::OrderRefunded,
                &["Order Refunded", "Refunded Order", "ecommerce.order_refunded", "refund"],
            ),
            (EventKind::OrderCancelled, &["Order Cancelled", "Cancelled Order", "ecommerce.order_cancelled"]),
            (EventKind::CouponApplied, &["Coupon Applied"]),
            (EventKind::Custom, &["Ordered Product", "Something Else", "", "ecommerce"]),
        ] {
            for name in names {
                assert_eq!(kind_of(name), kind, "{name}");
            }
        }
        for kind in EventKind::ALL {
            if kind != EventKind::Custom {
                assert_eq!(kind_of(kind.as_str()), kind);
            }
        }
    }
}
