//! `cartwheel billing sync`: Stripe's products, meters and prices in line with `plans.toml`. What is there already is left alone; a price
//! that differs gets a new object, to which the look-up key moves.

use super::{
    plans::{Book, CHANNELS, CURRENCIES, Cycle, Plan, meter},
    stripe::{
        Form, Stripe, StripeError,
        object::{list, text},
    },
};
use cartwheel_domain::consent::Channel;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a pass made; nothing when all was there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Names of products.
    pub products: Vec<String>,
    /// Event names of meters.
    pub meters: Vec<String>,
    /// Look-up keys of prices.
    pub prices: Vec<String>,
}

/// Brings Stripe in line.
///
/// # Errors
/// [`StripeError`]; what was made until then stays, and the next pass goes on from there.
pub async fn sync(stripe: &Stripe, book: &Book) -> Result<Made, StripeError> {
    let mut made = Made::default();
    let meters = meters(stripe, &mut made).await?;
    for plan in book.plans().iter().filter(|p| p.paid()) {
        let product = product(stripe, plan, &mut made).await?;
        let mut wanted: Vec<(String, Form)> = Vec::new();
        for (cycle, currency) in Cycle::ALL.into_iter().flat_map(|c| CURRENCIES.map(|currency| (c, currency)))
        {
            let common = |key: &str| {
                Form::new()
                    .with("product", &product)
                    .with("currency", currency.to_ascii_lowercase())
                    .with("lookup_key", key)
                    .with("transfer_lookup_key", true)
                    .with("tax_behavior", "exclusive")
                    .with("recurring[interval]", cycle.as_str())
            };
            if let Some(price) = plan.price(cycle, currency) {
                let key = plan.price_key(cycle, currency);
                wanted.push((key.clone(), common(&key).with("unit_amount", price)));
            }
            for channel in CHANNELS.map(Channel::as_str) {
                let (Some(beyond), Some(id)) = (plan.beyond(channel, currency), meters.get(channel)) else {
                    continue;
                };
                let key = plan.meter_key(cycle, currency, channel);
                let included = plan.included.of(channel) * cycle.months();
                let form = common(&key)
                    .with("nickname", format!("{channel}, {included} included"))
                    .with("recurring[usage_type]", "metered")
                    .with("recurring[meter]", id);
                let form = match included {
                    0 => form.with("unit_amount_decimal", beyond),
                    _ => form
                        .with("billing_scheme", "tiered")
                        .with("tiers_mode", "graduated")
                        .with("tiers[0][up_to]", included)
                        .with("tiers[0][unit_amount]", 0)
                        .with("tiers[1][up_to]", "inf")
                        .with("tiers[1][unit_amount_decimal]", beyond),
                };
                wanted.push((key, form));
            }
        }
        prices(stripe, wanted, &mut made).await?;
    }
    Ok(made)
}

async fn meters(stripe: &Stripe, made: &mut Made) -> Result<BTreeMap<&'static str, String>, StripeError> {
    let query = Form::new().with("status", "active").with("limit", 100);
    let found = stripe.get("/v1/billing/meters", &query).await?;
    let mut ids = BTreeMap::new();
    for channel in CHANNELS.map(Channel::as_str) {
        let name = meter(channel);
        let there =
            list(&found).iter().find(|m| text(m, "event_name") == Some(&name)).and_then(|m| text(m, "id"));
        let id = match there {
            Some(id) => id.to_owned(),
            None => {
                let form = Form::new()
                    .with("display_name", format!("Cartwheel {channel}"))
                    .with("event_name", &name)
                    .with("default_aggregation[formula]", "sum")
                    .with("customer_mapping[type]", "by_id")
                    .with("customer_mapping[event_payload_key]", "stripe_customer_id")
                    .with("value_settings[event_payload_key]", "value");
                let new = stripe.post("/v1/billing/meters", &form, &format!("meter-{name}")).await?;
                made.meters.push(name);
                text(&new, "id").unwrap_or_default().to_owned()
            }
        };
        ids.insert(channel, id);
    }
    Ok(ids)
}

async fn product(stripe: &Stripe, plan: &Plan, made: &mut Made) -> Result<String, StripeError> {
    let id = format!("cartwheel_{}", plan.key);
    match stripe.get(&format!("/v1/products/{id}"), &Form::new()).await {
        Ok(_) => {}
        Err(e) if e.is_missing() => {
            let mut name = plan.key.clone();
            name[..1].make_ascii_uppercase();
            let form = Form::new().with("id", &id).with("name", format!("Cartwheel {name}"));
            stripe.post("/v1/products", &form, &format!("product-{id}")).await?;
            made.products.push(id.clone());
        }
        Err(e) => return Err(e),
    }
    Ok(id)
}

/// What a price is, as far as we choose it; told by the form that would make it, and by what is there.
fn is_same(form: &Form, there: &Value) -> bool {
    let wanted = |name: &str| form.get(name).map(str::to_owned);
    let number = |v: Option<&Value>| match v {
        Some(Value::Number(n)) => Some(n.to_string()),
        Some(Value::String(t)) => Some(t.clone()),
        _ => None,
    };
    let amount = |text: Option<String>| text.and_then(|t| t.parse::<f64>().ok());
    let tiers = there.get("tiers").and_then(Value::as_array);
    let tier = |n: usize, name: &str| number(tiers.and_then(|t| t.get(n)).and_then(|t| t.get(name)));
    let flat = number(there.get("unit_amount_decimal")).or_else(|| number(there.get("unit_amount")));
    text(there, "currency").map(str::to_owned) == wanted("currency")
        && match (wanted("tiers[0][up_to]"), wanted("unit_amount").or_else(|| wanted("unit_amount_decimal")))
        {
            (Some(included), _) => {
                tier(0, "up_to") == Some(included)
                    && amount(tier(1, "unit_amount_decimal"))
                        == amount(wanted("tiers[1][unit_amount_decimal]"))
            }
            (None, price) => amount(flat) == amount(price),
        }
}

async fn prices(stripe: &Stripe, wanted: Vec<(String, Form)>, made: &mut Made) -> Result<(), StripeError> {
    // Stripe looks ten keys up at once.
    for part in wanted.chunks(10) {
        let mut query = Form::new().with("active", true).with("limit", 100).with("expand[0]", "data.tiers");
        for (i, (key, _)) in part.iter().enumerate() {
            query = query.with(format!("lookup_keys[{i}]"), key);
        }
        let found = stripe.get("/v1/prices", &query).await?;
        let there: BTreeSet<&str> = list(&found)
            .iter()
            .filter_map(|p| {
                let key = text(p, "lookup_key")?;
                let (_, form) = part.iter().find(|(k, _)| k == key)?;
                is_same(form, p).then_some(key)
            })
            .collect();
        for (key, form) in part.iter().filter(|(key, _)| !there.contains(key.as_str())) {
            // The name of the change is its content: what is asked for twice is made once, and another price is another change.
            let print = crate::accounts::service::key_hash(&form.encoded());
            stripe.post("/v1/prices", form, &format!("price-{print}")).await?;
            made.prices.push(key.clone());
        }
    }
    Ok(())
}
