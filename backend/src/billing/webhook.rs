//! What Stripe tells us of: whether it really is Stripe, and that there is news. What the news is we ask for ourselves.

use super::{
    Billing,
    stripe::object::{id_of, text},
};
use crate::{config::Secret, db::DbError};
use cartwheel_domain::time::{MINUTE, Millis, SECOND};
use cartwheel_entity::{billing_account, billing_event};
use ring::hmac;
use sea_orm::{ActiveValue::Set, ColumnTrait, ExprTrait, QueryFilter, sea_query::Expr};
use serde_json::Value;

/// How old a signature may be, and how far ahead a clock.
const TOLERANCE: Millis = 5 * MINUTE;

/// Whether the raw bytes carry a signature by one of the secrets, made just now: `t=…,v1=…`, where any `v1` will do and other schemes
/// count for nothing. Compared in constant time.
pub fn is_signed(header: &str, body: &[u8], secrets: &[Secret], now: Millis) -> bool {
    let parts: Vec<(&str, &str)> =
        header.split(',').filter_map(|p| p.trim().split_once('=')).take(20).collect();
    let Some((_, t)) = parts.iter().find(|(name, _)| *name == "t") else { return false };
    let Ok(seconds) = t.parse::<i64>() else { return false };
    let fresh = seconds.checked_mul(SECOND).and_then(|at| now.checked_sub(at)).and_then(i64::checked_abs);
    if fresh.is_none_or(|age| age > TOLERANCE) {
        return false;
    }
    let mut said = format!("{t}.").into_bytes();
    said.extend_from_slice(body);
    let given: Vec<Vec<u8>> =
        parts.iter().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| hex::decode(hex).ok()).collect();
    secrets.iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        given.iter().any(|tag| hmac::verify(&key, &said, tag).is_ok())
    })
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Kept, and whoever it is about will be asked for.
    News,
    /// Known already.
    Known,
    /// About nobody here, or of Stripe's other mode.
    Ignored,
}

impl Billing {
    /// Keeps a signed event; `None` when it is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn receive(&self, event: &Value) -> Result<Option<Taken>, DbError> {
        let (Some(id), Some(kind)) = (text(event, "id"), text(event, "type")) else { return Ok(None) };
        let short = |t: &str| !t.is_empty() && t.len() <= 255 && !t.contains('\0');
        if !short(id) || !short(kind) {
            return Ok(None);
        }
        // One address serves one mode: an event of the other is about another world.
        if event.get("livemode").and_then(Value::as_bool) == Some(self.test_mode) {
            return Ok(Some(Taken::Ignored));
        }
        let object = event.get("data").and_then(|d| d.get("object")).unwrap_or(&Value::Null);
        let customer = match text(object, "object") {
            Some("customer") => text(object, "id"),
            _ => id_of(object, "customer"),
        };
        let customer = customer.filter(|c| short(c));
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let known = system.find::<billing_event::Entity>().filter(billing_event::Column::Id.eq(id));
        if known.one(system.on()).await?.is_some() {
            return Ok(Some(Taken::Known));
        }
        let row = billing_event::ActiveModel {
            id: Set(id.to_owned()),
            kind: Set(kind.to_owned()),
            customer_id: Set(customer.map(str::to_owned)),
            received_at: Set(self.env.now()),
        };
        system.insert::<billing_event::Entity>(row).await?;
        let touched = match customer {
            None => 0,
            Some(customer) => {
                use billing_account::Column as C;
                let change = system
                    .update::<billing_account::Entity>()
                    .col_expr(C::News, Expr::col(C::News).add(1))
                    .col_expr(C::AskAt, Expr::value(self.env.now()))
                    .col_expr(C::Attempts, Expr::value(0))
                    .filter(C::CustomerId.eq(customer));
                change.exec(system.on()).await?.rows_affected
            }
        };
        tx.commit().await?;
        metrics::counter!("cartwheel_billing_events_total").increment(1);
        Ok(Some(if touched > 0 { Taken::News } else { Taken::Ignored }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(secret: &str, t: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, &[format!("{t}.").as_bytes(), body].concat());
        format!("t={t},v1={}", hex::encode(tag.as_ref()))
    }

    #[test]
    fn only_fresh_signatures_of_ours_over_these_very_bytes_count() {
        let (now, body) = (1_795_341_600_000, br#"{"id":"evt_1"}"#.as_slice());
        let t = now / SECOND;
        let secrets = [Secret::new("whsec_old"), Secret::new("whsec_new")];
        let good = header("whsec_new", t, body);
        assert!(
            is_signed(&good, body, &secrets, now)
                && is_signed(&header("whsec_old", t, body), body, &secrets, now)
        );
        let other = "0".repeat(64);
        assert!(is_signed(&format!("{},v1={other}", good), body, &secrets, now), "any v1 will do");
        assert!(is_signed(&good, body, &secrets, now + TOLERANCE));
        for (wrong, why) in [
            (header("whsec_other", t, body), "another secret"),
            (header("", t, body), "an empty secret"),
            (good.replace("v1=", "v0="), "another scheme"),
            (good.replace(&format!("t={t}"), &format!("t={}", t + 1)), "another time"),
            (good.replace("t=", "T="), "no time"),
            (format!("t={t}"), "no signature"),
            (format!("t={t},v1="), "an empty one"),
            (format!("t={t},v1={other}"), "zeros"),
            (header("whsec_new", t - 301, body), "an old one"),
            (header("whsec_new", t + 301, body), "one to come"),
            (header("whsec_new", i64::MAX, body), "the end of time"),
            (String::new(), "nothing"),
        ] {
            assert!(!is_signed(&wrong, body, &secrets, now), "{why}");
        }
        for at in 0..body.len() {
            let mut other = body.to_vec();
            other[at] ^= 1;
            assert!(!is_signed(&good, &other, &secrets, now), "byte {at}");
        }
        assert!(!is_signed(&good, body, &[], now));
    }
}
