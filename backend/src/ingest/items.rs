//! Lines of carts and orders in the words of the shop events.

use super::{
    aliases::keys,
    read::{self, Object, Problem},
};
use cartwheel_domain::{event::LineItem, money::Currency};
use serde_json::Value;

/// More lines than any cart; beyond it the event is refused.
pub const MAX_ITEMS: usize = 10_000;

/// One line. `None` when it says "none of it" (quantity 0).
pub fn item(object: &Object, currency: Currency) -> Result<Option<LineItem>, Problem> {
    let quantity = read::quantity(object, keys::QUANTITY)?.unwrap_or(1);
    if quantity == 0 {
        return Ok(None);
    }
    let unit_minor = match read::price(object, keys::PRICE, currency)? {
        Some(unit) => unit,
        None => read::price(object, keys::ROW, currency)?.map_or(0, |row| row / i64::from(quantity)),
    };
    let title = read::text(object, keys::TITLE);
    let (product_id, variant_id, sku) =
        (read::id(object, keys::PRODUCT)?, read::id(object, keys::VARIANT_ID)?, read::id(object, keys::SKU)?);
    let Some(key) = key(object)?.or_else(|| product_id.clone()).or_else(|| title.clone()) else {
        return Err(Problem::new("", "a line needs a product_id, a sku or a name"));
    };
    Ok(Some(LineItem {
        title: title.or_else(|| sku.clone()).unwrap_or_else(|| key.clone()),
        key,
        product_id,
        variant_id,
        sku,
        variant: read::text(object, keys::VARIANT),
        category: read::text(object, keys::CATEGORY),
        quantity,
        unit_minor,
        image_url: read::url(object, keys::IMAGE),
        url: read::url(object, keys::URL),
    }))
}

/// What tells a line apart from the others, when it is named.
pub fn key(object: &Object) -> Result<Option<String>, Problem> {
    Ok(match read::id(object, keys::LINE)? {
        Some(key) => Some(key),
        None => read::id(object, keys::PRODUCT)?.or_else(|| read::text(object, keys::TITLE)),
    })
}

/// All lines under any of the usual names; `None` when the event carries no list.
pub fn items(object: &Object, currency: Currency) -> Result<Option<Vec<LineItem>>, Problem> {
    let Some((name, list)) = read::list(object, keys::ITEMS)? else { return Ok(None) };
    let place = format!("/{}", read::escape(name));
    if list.len() > MAX_ITEMS {
        return Err(Problem::new(place, format!("at most {MAX_ITEMS} lines")));
    }
    let mut lines = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let at = || format!("{place}/{index}");
        let Value::Object(object) = value else { return Err(Problem::new(at(), "a line must be an object")) };
        lines.extend(item(object, currency).map_err(|p| p.under(&at()))?);
    }
    Ok(Some(merged(lines)))
}

/// The lines of an order. One that cannot be read (a discount written as a line of negative price, say) is left out: an order
/// that is refused would leave its cart open, and its owner reminded of what they have bought.
pub fn ordered(object: &Object, currency: Currency) -> Result<Vec<LineItem>, Problem> {
    let Some((_, list)) = read::list(object, keys::ITEMS)? else { return Ok(Vec::new()) };
    let lines = list.iter().take(MAX_ITEMS).filter_map(Value::as_object);
    Ok(merged(lines.filter_map(|line| item(line, currency).ok().flatten()).collect()))
}

/// Two lines of one key become one, so that the key tells lines apart.
fn merged(lines: Vec<LineItem>) -> Vec<LineItem> {
    let mut seen = std::collections::HashMap::with_capacity(lines.len());
    let mut out: Vec<LineItem> = Vec::with_capacity(lines.len());
    for mut line in lines {
        match seen.get(&line.key) {
            Some(&(index, unit)) if unit == line.unit_minor => {
                let own: &mut LineItem = &mut out[index];
                own.quantity = own.quantity.saturating_add(line.quantity);
            }
            Some(_) => {
                // One product at two prices stays two lines.
                line.key = format!("{}@{}", line.key, line.unit_minor);
                out.push(line);
            }
            None => {
                seen.insert(line.key.clone(), (out.len(), line.unit_minor));
                out.push(line);
            }
        }
    }
    out
}
