//! 17: what checking the signature of a shop's webhook costs, against what taking the webhook costs.

use super::{CONNECTIONS, store_of};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::events,
    harness::{report::Must, stats::Spread},
    load::{generator, http::Request},
    service::{keys, server::Server, sql::Kind},
};
use cartwheel_domain::time::to_rfc3339;
use ring::hmac;
use serde_json::json;
use std::sync::Arc;

const SECRET: &str = "shpss_bench";

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signature {
    /// To no store: HTTP and the body alone.
    Nobody,
    /// Of the right form and wrong: refused once it has been checked.
    Wrong,
    /// Taken.
    Right,
}

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let n = bench.scale(4_000, 200);
    let place = bench.place(kind, "webhooks").await?;
    let mut sql = place.sql().await?;
    for store in place.stores.iter() {
        let (id, sealed) = (sql.id(&store.hex()), keys::seal(store.id, "shopify_secret", SECRET)?);
        let now = clock::millis();
        sql.run(&format!("INSERT INTO store_secret (store_id, kind, sealed, created_at) VALUES ({id}, 'shopify_secret', '{sealed}', {now})")).await?;
    }
    sql.size().await?;
    let server = Server::start(bench, &place, None).await?;
    let ids: Arc<Vec<String>> = Arc::new(place.stores.iter().map(|s| s.id.to_string()).collect());
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let mut series = Series::new("17", kind);
    let (mut shares, mut bare) = (Vec::new(), Vec::new());
    let mut taken = 0;
    for repeat in 0..bench.repeats() {
        let mut costs = Vec::new();
        for signature in [Signature::Nobody, Signature::Wrong, Signature::Right] {
            let (ids, own, at) = (Arc::clone(&ids), key.clone(), clock::millis());
            let make = move |i: usize| request(&ids, &own, signature, repeat * n + i, at);
            let work = async { Ok(generator::closed(server.address, CONNECTIONS, n, make).await) };
            let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
            let wanted = match signature {
                Signature::Nobody => 404,
                Signature::Wrong => 401,
                Signature::Right => 200,
            };
            if answers.with(wanted) != n {
                return Err(format!(
                    "{signature:?}: {} of {n} were answered with {wanted}",
                    answers.with(wanted)
                )
                .into());
            }
            sample.latency = answers.latency();
            costs.push(sample.unit_ms());
            if signature == Signature::Right {
                taken += n;
                bare.push(hmac_ms(&key, at)? / sample.unit_ms());
                series.add(&bench.report, sample, json!({}));
            } else {
                bench.report.run(
                    "17",
                    repeat + 1,
                    n,
                    &sample.measured,
                    json!({ "signature": format!("{signature:?}"), "unit_ms": sample.unit_ms() }),
                );
            }
        }
        shares.push((costs[1] - costs[0]).max(0.0) / costs[2]);
    }
    let kept = sql.number("SELECT count(*) FROM event WHERE source = 'shopify'").await?;
    if kept != taken as i64 {
        return Err(format!("{kept} events of {taken} webhooks were kept").into());
    }
    series.cpu(&bench.report, "webhook of a checkout: CPU each", "cal", Must::Told, Sample::unit_cal);
    let what = "webhook: share of the signature, secret looked up and compared";
    series.put(
        &bench.report,
        what,
        "%",
        Must::AtMost(5.0),
        false,
        shares.iter().map(|s| s * 100.0).collect(),
    );
    series.put(
        &bench.report,
        "webhook: share of HMAC-SHA-256 alone",
        "%",
        Must::Told,
        false,
        bare.iter().map(|s| s * 100.0).collect(),
    );
    series.put(
        &bench.report,
        "webhook: body",
        "B",
        Must::Told,
        false,
        vec![body(1, clock::millis()).len() as f64],
    );
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

fn request(ids: &[String], key: &hmac::Key, signature: Signature, n: usize, at: i64) -> Request {
    let body = body(n, at);
    let store = match signature {
        Signature::Nobody => "nobody",
        _ => &ids[store_of(n, ids.len())],
    };
    let signed = match signature {
        Signature::Wrong => keys::shopify(key, b"another body"),
        _ => keys::shopify(key, body.as_bytes()),
    };
    let id = format!("bench-{n}");
    let headers = [
        ("X-Shopify-Topic", "checkouts/update"),
        ("X-Shopify-Hmac-Sha256", signed.as_str()),
        ("X-Shopify-Event-Id", id.as_str()),
    ];
    Request::json(&format!("/webhooks/shopify/{store}"), &headers, &body)
}

/// A checkout of five lines, with the fields of Shopify's payload that are read, and some that are not.
fn body(n: usize, at: i64) -> String {
    let lines: Vec<_> = (0..events::LINES)
        .map(|i| {
            json!({
                "key": format!("line-{i}"), "product_id": 1_000_000_000 + i, "variant_id": 2_000_000_000 + i,
                "title": format!("Merino Jumper No. {i}"), "variant_title": "M / blue", "sku": format!("SKU-{i:04}"),
                "quantity": 1, "price": "29.95", "line_price": "29.95", "grams": 420, "vendor": "Bench",
                "requires_shipping": true, "taxable": true, "gift_card": false, "fulfillment_service": "manual",
                "destination_location_id": null, "origin_location_id": null, "tax_lines": [], "applied_discounts": [],
            })
        })
        .collect();
    json!({
        "id": 9_000_000_000_u64 + n as u64, "token": format!("t{n:030}"), "cart_token": format!("ct{n:030}"),
        "email": events::address(n), "created_at": to_rfc3339(at), "updated_at": to_rfc3339(at),
        "currency": "EUR", "presentment_currency": "EUR", "subtotal_price": "149.75", "total_price": "149.75",
        "total_tax": "23.91", "total_line_items_price": "149.75", "taxes_included": true, "completed_at": null,
        "abandoned_checkout_url": format!("https://shop.example.com/checkouts/t{n:030}/recover"),
        "customer_locale": "en-US", "buyer_accepts_marketing": false, "source_name": "web", "line_items": lines,
        "customer": { "id": 7_000_000_000_u64 + n as u64, "first_name": "Ada", "last_name": "Bench", "orders_count": 0 },
        "shipping_address": { "first_name": "Ada", "country_code": "US", "city": "Springfield", "zip": "12345" },
        "note_attributes": [], "shipping_lines": [], "discount_codes": [],
    })
    .to_string()
}

/// Milliseconds of CPU of one signature over such a body.
fn hmac_ms(key: &hmac::Key, at: i64) -> Outcome<f64> {
    const ROUNDS: u32 = 20_000;
    let body = body(1, at);
    let before = crate::harness::process::this_thread()?;
    for _ in 0..ROUNDS {
        std::hint::black_box(hmac::sign(key, std::hint::black_box(body.as_bytes())));
    }
    let times = [(crate::harness::process::this_thread()? - before) * 1_000.0 / f64::from(ROUNDS)];
    Ok(Spread::of(&times).median)
}
