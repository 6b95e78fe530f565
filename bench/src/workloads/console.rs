//! The console's heaviest questions in a store of a million carts, as it asks them: against the least SQL that reads the same rows,
//! and against the same question in a store of a hundredth. What costs more only because more is stored is a defect.

use super::abandonment::analyze;
use crate::{
    Outcome,
    anchors::bare::cursor,
    bench::{Bench, Sample, Series},
    clock,
    data::{
        rows::{Rows, cart_id},
        shop::{self, YEAR},
    },
    harness::{meter::Watched, report::Must},
    load::generator,
    service::{
        console::{Console, document},
        place::Place,
        server::Server,
        sql::{Kind, Sql},
    },
};
use cartwheel_domain::{ids::CartId, time::utc_day};
use serde_json::{Value, json};
use std::time::Instant;

/// Seconds of one repeat of one question, about.
const WHILE: f64 = 1.0;
/// Most that a question may cost in the large store, of what it costs in the small one: trees are deeper and pages colder.
const GROWTH: f64 = 2.0;
/// Rows of a page; the inbox has a few more.
const PAGE: usize = 25;
const INBOX: usize = 30;

/// A store that is asked about.
#[derive(Debug, Clone, Copy)]
struct Shop {
    index: usize,
    carts: usize,
    now: i64,
}

/// One question of the console.
struct Question {
    name: &'static str,
    document: &'static str,
    variables: Value,
    /// Where the answer has its list.
    list: &'static str,
    /// The same rows by hand; the first statement reads the list.
    sql: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "year").await?;
    let now = clock::millis();
    let large = Shop { index: 0, carts: bench.scale(1_000_000, 20_000), now };
    let small = Shop { index: 1, carts: large.carts / 100, now };
    let mut sql = place.sql().await?;
    eprintln!("    writing a year of {} carts, and of {} ({})", large.carts, small.carts, kind.as_str());
    for index in 0..place.stores.len() {
        let count = match index {
            0 => large.carts,
            1 => small.carts,
            _ => large.carts / 1_000,
        };
        let store = &place.stores[index];
        Rows { sql: &mut sql, store, index, first: 0, count, now }.shop().await?;
    }
    let server = Server::start(bench, &place, None).await?;
    let console = Console::sign_in(&server, &place).await?;
    for index in [large.index, small.index] {
        let store = &place.stores[index];
        let variables = json!({ "store": store.id.to_string() });
        let found = console.answer(&server, document!("journeys"), &variables).await?;
        let journey = found.pointer("/store/journeys/0/id").and_then(Value::as_str);
        let journey = journey.ok_or("the store has no journey")?;
        let id = sql.id(&store.hex());
        sql.run(&shop::of_journey(&id, journey)).await?;
    }
    analyze(&mut sql).await?;
    sql.size().await?;
    sql.close().await?;

    let mut reader = place.reader().await?;
    let pairs = questions(&place, &reader, large).into_iter().zip(questions(&place, &reader, small));
    // One that is not answered in time does not keep the others from being asked.
    let mut failed = Vec::new();
    for (large, small) in pairs {
        if let Err(error) = measure(bench, &place, &server, &mut reader, (&large, &small)).await {
            failed.push(format!("{}: {error}", large.name));
        }
    }
    reader.close().await?;
    server.stop().await?;
    place.remove().await;
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}

/// One question in both stores, and by hand in the large one, in turns.
async fn measure(
    bench: &Bench,
    place: &Place,
    server: &Server,
    reader: &mut Sql,
    (large, small): (&Question, &Question),
) -> Outcome {
    let console = Console::sign_in(server, place).await?;
    alike(server, &console, reader, large).await?;
    let name = format!("console {}", large.name);
    let (mut series, mut bare) =
        (Series::new(&name, place.kind), Series::new(&format!("{name}, by hand"), place.kind));
    let (mut growth, mut ratio) = (Vec::new(), Vec::new());
    for _ in 0..bench.repeats() {
        let in_large = asked(bench, server, &console, large).await?;
        let in_small = asked(bench, server, &console, small).await?;
        let by_hand = by_hand(bench, server, reader, large).await?;
        growth.push(in_large.unit_ms() / in_small.unit_ms().max(1e-9));
        ratio.push(in_large.unit_ms() / by_hand.unit_ms().max(1e-9));
        series.add(&bench.report, in_large, json!({ "small_store_ms": in_small.unit_ms() }));
        bare.add(&bench.report, by_hand, json!({}));
    }
    let report = &bench.report;
    series.cpu(report, "CPU a request", "ms", Must::Told, Sample::unit_ms);
    series.cpu(report, "CPU a request", "cal", Must::Told, Sample::unit_cal);
    series.wall(report, "p50, one at a time", "ms", Must::Told, |s| s.latency.p50_ms);
    series.wall(report, "p99, one at a time", "ms", Must::Told, |s| s.latency.p99_ms);
    series.put(report, "CPU against SQL by hand", "×", Must::Told, false, ratio);
    if large.variables != small.variables {
        series.put(report, "CPU against a store of a hundredth", "×", Must::AtMost(GROWTH), false, growth);
    }
    Ok(())
}

/// A question again and again over one connection.
async fn asked(bench: &Bench, server: &Server, console: &Console, question: &Question) -> Outcome<Sample> {
    let request = console.ask(question.document, &question.variables);
    let mut once = f64::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        server.ask(&request).await?;
        once = once.min(start.elapsed().as_secs_f64());
    }
    let n = rounds(bench, once);
    let work = async { Ok(generator::closed(server.address, 1, n, move |_| request.clone()).await) };
    let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
    answers.all_good()?;
    sample.latency = answers.latency();
    Ok(sample)
}

/// The same rows by hand. What this very process spends counts: it reads the rows as the service does.
async fn by_hand(bench: &Bench, server: &Server, reader: &mut Sql, question: &Question) -> Outcome<Sample> {
    let mut once = f64::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        for text in &question.sql {
            reader.rows(text).await?;
        }
        once = once.min(start.elapsed().as_secs_f64());
    }
    let n = rounds(bench, once);
    let watched = server.watched().into_iter().map(|w| Watched { server: w.tree, ..w }).collect();
    let work = async {
        for _ in 0..n {
            for text in &question.sql {
                reader.rows(text).await?;
            }
        }
        Ok(())
    };
    let ((), mut sample) = bench.sample(n, watched, work).await?;
    sample.measured.server_cpu += sample.measured.generator_cpu;
    Ok(sample)
}

fn rounds(bench: &Bench, once: f64) -> usize {
    let most = bench.scale(2_000, 10);
    ((WHILE / once.max(1e-6)) as usize).clamp(3, most)
}

/// The service's list is as long as the one by hand, else one of them reads something else.
async fn alike(server: &Server, console: &Console, reader: &mut Sql, question: &Question) -> Outcome {
    let said = console.answer(server, question.document, &question.variables).await?;
    let ours = said.pointer(question.list).and_then(Value::as_array).map(Vec::len);
    let theirs = match question.sql.first() {
        Some(text) => reader.rows(text).await?,
        None => 0,
    };
    if ours == Some(theirs) && theirs > 0 {
        return Ok(());
    }
    Err(format!("{}: {ours:?} rows were answered and {theirs} read by hand", question.name).into())
}

/// All of them, as they are asked about one store.
fn questions(place: &Place, sql: &Sql, shop: Shop) -> Vec<Question> {
    let store = sql.id(&place.stores[shop.index].hex());
    let id = place.stores[shop.index].id.to_string();
    let page = |more: Value| crate::harness::report::both(json!({ "store": id, "first": PAGE }), more);
    // Nine tenths of the list lie before it.
    let late = shop.now - (shop.carts as i64 * 9 / 10) * (YEAR / shop.carts as i64);
    let after = cursor(late, [0; 16]);
    let total = |table: &str, which: &str| {
        format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} t WHERE t.store_id = {store} {which} LIMIT 10001) AS found"
        )
    };
    let carts = |which: &str| {
        format!(
            "SELECT t.*, p.first_name, p.email FROM (SELECT id, kind, status, item_count, updated_at, total_minor, currency, \
             contact_id, bot, test, staff FROM cart t WHERE t.store_id = {store} {which} \
             ORDER BY t.updated_at DESC, t.id DESC LIMIT {PAGE}) AS t \
             LEFT JOIN contact p ON p.store_id = {store} AND p.id = t.contact_id"
        )
    };
    let contacts = |which: &str, order: &str| {
        format!(
            "SELECT id, first_name, last_name, email, phone, locale, country, orders_count, last_seen_at, created_at, erased_at \
             FROM contact t WHERE t.store_id = {store} AND t.merged_into IS NULL {which} ORDER BY {order} LIMIT {PAGE}"
        )
    };
    let list = |name, more: Value, which: &str| Question {
        name,
        document: document!("carts"),
        variables: page(more),
        list: "/store/carts/edges",
        sql: vec![carts(which), total("cart", which)],
    };
    let search = format!("s{}-1", shop.index);
    // The first hundred people by address, whose carts are found.
    let people = format!(
        "SELECT id FROM contact WHERE store_id = {store} AND email >= '{search}' AND email < '{search}~' \
         AND merged_into IS NULL ORDER BY email LIMIT 100"
    );
    let found = format!("AND t.contact_id IN ({people})");
    let beyond = format!("AND (t.updated_at, t.id) < ({late}, {})", sql.id(&"0".repeat(32)));
    vec![
        home(&store, &id, shop),
        all_stores(place, sql, shop),
        list("carts", json!({}), ""),
        list("carts left", json!({ "status": "ABANDONED" }), "AND t.status = 'abandoned'"),
        list("quotes", json!({ "kind": "QUOTE" }), "AND t.kind = 'quote'"),
        list(
            "quotes left",
            json!({ "kind": "QUOTE", "status": "ABANDONED" }),
            "AND t.status = 'abandoned' AND t.kind = 'quote'",
        ),
        list("carts of a search", json!({ "search": search }), &found),
        list(
            "carts left, of a search",
            json!({ "search": search, "status": "ABANDONED" }),
            &format!("{found} AND t.status = 'abandoned'"),
        ),
        Question {
            sql: vec![carts(&beyond), total("cart", "")],
            ..list("carts, a late page", json!({ "after": after }), "")
        },
        Question {
            name: "contacts",
            document: document!("contacts"),
            variables: page(json!({})),
            list: "/store/contacts/edges",
            sql: vec![
                contacts("", "t.last_seen_at DESC, t.id DESC"),
                total("contact", "AND t.merged_into IS NULL"),
            ],
        },
        Question {
            name: "contacts of a search",
            document: document!("contacts"),
            variables: page(json!({ "search": search })),
            list: "/store/contacts/edges",
            sql: vec![
                contacts(&format!("AND t.email >= '{search}' AND t.email < '{search}~'"), "t.email"),
                people,
            ],
        },
        Question {
            name: "inbox",
            document: document!("messages"),
            variables: page(json!({ "first": INBOX })),
            list: "/store/messages/edges",
            sql: vec![
                format!(
                    "SELECT t.id, t.subject, t.status, t.template_key, t.created_at, t.sent_at, t.opened_at, t.clicked_at, p.email \
                     FROM (SELECT * FROM message t WHERE t.store_id = {store} ORDER BY t.created_at DESC, t.id DESC \
                     LIMIT {INBOX}) AS t LEFT JOIN contact p ON p.store_id = t.store_id AND p.id = t.contact_id"
                ),
                total("message", ""),
            ],
        },
        story(sql, &store, &id, shop),
        Question {
            name: "journeys",
            document: document!("journeys"),
            variables: json!({ "store": id }),
            list: "/store/journeys",
            sql: vec![
                format!(
                    "SELECT id, name, status, current_version_id FROM journey WHERE store_id = {store} ORDER BY name"
                ),
                format!(
                    "SELECT metric, currency, sum(n) AS n, sum(minor) AS minor FROM metric_day WHERE store_id = {store} \
                     AND day > {} AND journey <> '' GROUP BY metric, currency",
                    utc_day(shop.now) - 30
                ),
                format!("SELECT version_id, node, outcome, n FROM node_count WHERE store_id = {store}"),
                format!("SELECT id, number, published_at FROM journey_version WHERE store_id = {store}"),
            ],
        },
    ]
}

fn home(store: &str, id: &str, shop: Shop) -> Question {
    let (now, day) = (shop.now, utc_day(shop.now) - 30);
    let month = now - 30 * 86_400_000;
    let either = "(click_message_id IS NOT NULL OR window_message_id IS NOT NULL)";
    let of_lane = format!("lane = (SELECT lane FROM store WHERE id = {store})");
    Question {
        name: "home",
        document: document!("home"),
        variables: json!({ "store": id, "days": 30 }),
        list: "/store/overview/trend",
        sql: vec![
            format!(
                "SELECT day, sum(n) AS n, sum(minor) AS minor FROM metric_day WHERE store_id = {store} AND day > {day} GROUP BY day"
            ),
            format!(
                "SELECT metric, currency, sum(n) AS n, sum(minor) AS minor, sum(squares) AS s FROM metric_day \
                 WHERE store_id = {store} AND day > {day} GROUP BY metric, currency"
            ),
            format!("SELECT name, at FROM store_signal WHERE store_id = {store}"),
            format!(
                "SELECT definition FROM journey j JOIN journey_version v ON v.store_id = j.store_id AND v.id = j.current_version_id WHERE j.store_id = {store} AND j.status = 'on'"
            ),
            format!(
                "SELECT sent_at FROM message WHERE store_id = {store} AND status = 3 ORDER BY sent_at DESC, id DESC LIMIT 1"
            ),
            format!(
                "SELECT placed_at FROM shop_order WHERE store_id = {store} AND {either} ORDER BY placed_at DESC, id DESC LIMIT 1"
            ),
            format!(
                "SELECT status, count(*) FROM (SELECT status FROM message WHERE store_id = {store} AND status >= 6 \
                 AND created_at >= {month} LIMIT 200) AS m GROUP BY status"
            ),
            format!(
                "SELECT count(*) FROM (SELECT 1 FROM journey_run WHERE {of_lane} AND store_id = {store} AND status = 0 \
                 AND wake_at < {now} LIMIT 100) AS r"
            ),
            format!(
                "SELECT o.id, o.number, o.total_minor, o.placed_at, c.id, p.first_name, p.email FROM shop_order o \
                 LEFT JOIN cart c ON c.store_id = {store} AND c.id = o.cart_id \
                 LEFT JOIN contact p ON p.store_id = {store} AND p.id = c.contact_id \
                 WHERE o.store_id = {store} AND {either} AND o.cancelled_at IS NULL AND o.placed_at >= {month} \
                 ORDER BY o.placed_at DESC, o.id DESC LIMIT 6"
            ),
        ],
    }
}

/// All stores side by side: the same question whatever the store.
fn all_stores(place: &Place, sql: &Sql, shop: Shop) -> Question {
    let ids: Vec<String> = place.stores.iter().map(|s| sql.id(&s.hex())).collect();
    let (ids, month) = (ids.join(","), shop.now - 30 * 86_400_000);
    Question {
        name: "all stores",
        document: document!("all_stores"),
        variables: json!({ "days": 30 }),
        list: "/viewer/organisations/0/figures",
        sql: vec![
            format!("SELECT id, name, sandbox FROM store WHERE id IN ({ids})"),
            format!(
                "SELECT store_id, metric, currency, sum(n) AS n, sum(minor) AS minor FROM metric_day \
                 WHERE store_id IN ({ids}) AND day > {} GROUP BY store_id, metric, currency",
                utc_day(shop.now) - 30
            ),
            format!("SELECT store_id, name, at FROM store_signal WHERE store_id IN ({ids})"),
            format!(
                "SELECT store_id, status, count(*) FROM message WHERE store_id IN ({ids}) AND status >= 6 \
                 AND created_at >= {month} GROUP BY store_id, status"
            ),
        ],
    }
}

/// One cart with all that happened to it.
fn story(sql: &Sql, store: &str, id: &str, shop: Shop) -> Question {
    let cart = cart_id(shop.index, 0);
    let typed = cart.parse().map(|uuid| CartId(uuid).to_string()).unwrap_or_default();
    let cart = sql.id(&cart);
    let of = |what: &str, table: &str| {
        format!("SELECT {what} FROM {table} WHERE store_id = {store} AND cart_id = {cart}")
    };
    Question {
        name: "cart",
        document: document!("cart"),
        variables: json!({ "store": id, "cart": typed }),
        list: "/store/cart/timeline",
        sql: vec![
            // A row for each entry: events, decisions, the message, and that the cart was left once by itself and once by its run.
            format!(
                "SELECT e.id, e.kind, e.occurred_at, e.source FROM event e WHERE e.store_id = {store} AND e.cart_id = {cart} \
                 UNION ALL SELECT s.id, s.decision, s.at, s.node FROM run_step s WHERE s.store_id = {store} AND s.run_id IN \
                 (SELECT id FROM journey_run r WHERE r.store_id = {store} AND r.cart_id = {cart}) \
                 UNION ALL SELECT m.id, m.subject, m.created_at, m.template_key FROM message m \
                 WHERE m.store_id = {store} AND m.cart_id = {cart} \
                 UNION ALL SELECT c.id, c.status, c.abandoned_at, c.kind FROM cart c WHERE c.store_id = {store} AND c.id = {cart} \
                 UNION ALL SELECT r.id, r.node, r.entered_at, NULL FROM journey_run r \
                 WHERE r.store_id = {store} AND r.cart_id = {cart}"
            ),
            format!(
                "SELECT c.*, p.first_name, p.email FROM cart c LEFT JOIN contact p ON p.store_id = {store} AND p.id = c.contact_id \
                 WHERE c.store_id = {store} AND c.id = {cart}"
            ),
            of(
                "id, status, template_key, subject, created_at, sent_at, next_at, evidence, refusal",
                "message",
            ),
            format!("SELECT id, name FROM journey WHERE store_id = {store}"),
        ],
    }
}
