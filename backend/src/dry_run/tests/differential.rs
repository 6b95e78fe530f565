//! The dry run and the real engine decide alike on the same events.
//!
//! A generated history is lived through by the real service on a test database: events come in by the inbox's projection, carts are
//! judged left, runs are stepped and messages handed over, each at the very instant at which it is due. Then the same store's events
//! are played. Runs must be the same with their beginning and end, messages the same by their keys with what became of them, and the
//! counts at the nodes.

use super::{
    history::{END, History, definition, settings},
    rng::Rng,
};
use crate::{
    accounts::{SecretKind, secrets},
    carts::Abandoner,
    channels::fake::Fake,
    db::StoreScope,
    dry_run::{
        people::people,
        read::{self, Wanted},
    },
    ingest::project::{Signals, project},
    journeys::timeline::node_counts,
    push,
    testing::{START, TestApp, flow::Flow},
};
use cartwheel_domain::{
    dry_run::{Fate, Plan, Played, play},
    ids::{JourneyId, VersionId},
    journey::Definition,
    time::{DAY, Millis},
};
use cartwheel_entity::{cart, contact, journey, message};
use cartwheel_macros::db_test;
use sea_orm::sea_query::Expr;
use serde_json::json;
use std::collections::BTreeMap;

/// A store whose history has been lived through.
pub struct Lived {
    pub flow: Flow,
    pub definition: Definition,
    pub journey: JourneyId,
    pub version: VersionId,
}

impl Lived {
    /// Lives through a history of so many people.
    pub async fn through(app: &TestApp, seed: u64, people: usize) -> Self {
        let mut rng = Rng::new(seed);
        let (settings, definition) = (settings(&mut rng), definition(&mut rng));
        let history = History::write(rng, people);
        app.clock().set(START);
        let flow = Flow::with(app, Fake::idempotent(), settings, &definition).await;
        let row = {
            let mut tx = app.db().write().await.expect("a transaction");
            let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
            let (key, env) = (app.master_key(), app.env());
            secrets::put(&scoped, &key, env, SecretKind::TwilioToken, "a token").await.expect("kept");
            push::ensure(&mut tx, &flow.store.scope(), (&key, env)).await.expect("a pair of keys");
            tx.commit().await.expect("committed");
            let mut tx = app.db().read().await.expect("a transaction");
            let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
            scoped.find::<journey::Entity>().one(scoped.on()).await.expect("asked").expect("the journey")
        };
        let version = VersionId(row.current_version_id.expect("published"));
        app.stores().forget(flow.store.id());
        let lived = Self { flow, definition, journey: JourneyId(row.id), version };
        lived.live(app, history).await;
        lived
    }

    async fn live(&self, app: &TestApp, history: History) {
        let tools = &self.flow.tools;
        let abandoner = Abandoner::new(
            tools.db.clone(),
            tools.env.clone(),
            tools.wake.clone(),
            tools.stores.clone(),
            tools.versions.clone(),
        );
        let info = app.stores().by_id(self.flow.store.id()).await.expect("asked").expect("the store");
        let signals = Signals::default();
        let key = info.push_key.as_deref().expect("a key");
        let mut arrivals = history.with_key(key).arrivals.into_iter().peekable();
        loop {
            let now = arrivals.peek().map_or(END, |(at, _)| *at).min(self.next_due(app).await);
            if now >= END {
                break;
            }
            app.clock().set(now);
            while let Some((_, arrived)) = arrivals.next_if(|(at, _)| *at <= now) {
                let mut tx = app.db().write().await.expect("a transaction");
                let scoped = tx.enter(&StoreScope::shop(info.id)).await.expect("the store");
                scoped.lock().await.expect("the lock");
                project(&scoped, &info, app.env(), &signals, &[&arrived]).await.expect("projected");
                tx.commit().await.expect("committed");
            }
            while abandoner.expire().await.expect("closed").more {}
            while abandoner.tick().await.expect("judged").more {}
            self.flow.drain().await;
        }
        app.clock().set(END - 1);
    }

    /// The next instant at which something is due.
    async fn next_due(&self, app: &TestApp) -> Millis {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.flow.store.scope()).await.expect("the store");
        let carts = scoped.find::<cart::Entity>().all(scoped.on()).await.expect("carts");
        let info = app.stores().by_id(self.flow.store.id()).await.expect("asked").expect("the store");
        let age = i64::from(info.settings.expire_after_days) * DAY;
        let open = |c: &&cart::Model| matches!(c.status.as_str(), "active" | "checkout" | "abandoned");
        let closes = carts.iter().filter(open).map(|c| c.updated_at.max(c.last_activity_at) + age + 1);
        let judged = carts.iter().filter_map(|c| c.idle_at);
        let runs = self.flow.runs().await;
        let steps = runs.iter().filter(|r| r.status == 0).map(|r| r.wake_at);
        let messages = self.flow.messages().await;
        let looks = messages.iter().filter(|m| m.status == 0).map(|m| m.next_at);
        let next = closes.chain(judged).chain(steps).chain(looks).min().unwrap_or(END);
        next.max(app.env().now())
    }

    /// What conditions ask of people is as it was before the journey wrote down about them: of that, a dry run knows today alone.
    pub async fn forget_updates(&self, app: &TestApp) {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.flow.store.scope()).await.expect("the store");
        let update =
            scoped.update::<contact::Entity>().col_expr(contact::Column::Tags, Expr::value(json!([])));
        let update = update.col_expr(contact::Column::Traits, Expr::value(json!({})));
        update.exec(scoped.on()).await.expect("forgotten");
        tx.commit().await.expect("committed");
    }

    /// The same, played.
    pub async fn played(&self, app: &TestApp) -> Vec<Played> {
        self.forget_updates(app).await;
        let info = app.stores().by_id(self.flow.store.id()).await.expect("asked").expect("the store");
        let wanted = Wanted::new(self.journey, &self.definition, &info.settings, START - DAY);
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.flow.store.scope()).await.expect("the store");
        let mut ids = read::list(&scoped, wanted.since, None).await.expect("listed").people;
        ids.sort_unstable();
        ids.dedup();
        let portion = read::portion(&scoped, &app.master_key(), &wanted, &ids, END).await.expect("a portion");
        assert!(!portion.too_many);
        let plan = Plan {
            definition: &self.definition,
            store: info.id,
            journey: self.journey,
            settings: &info.settings,
            since: wanted.since,
            until: END - 1,
        };
        people(portion, &wanted, &info.settings).iter().map(|person| play(&plan, person)).collect()
    }

    /// What the engine did, a line for each fact.
    async fn real(&self, app: &TestApp) -> Vec<String> {
        let mut lines = Vec::new();
        for run in self.flow.runs().await {
            let ended =
                run.end_reason.as_deref().map(|reason| (run.ended_at.unwrap_or(0), reason.to_owned()));
            let cart = run.cart_id.expect("a cart");
            lines.push(run_line(
                &cartwheel_domain::journey::keys::entry_key(
                    cartwheel_domain::ids::CartId(cart),
                    u32::try_from(run.entry).unwrap_or(0),
                ),
                run.entered_at,
                ended,
                run.held_out,
            ));
        }
        for message in self.flow.messages().await {
            lines.push(message_line(&message));
        }
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.flow.store.scope()).await.expect("the store");
        for (node, what, n) in node_counts(&scoped, self.version).await.expect("counts") {
            lines.push(format!("node {node} {what} {n}"));
        }
        lines.sort();
        lines
    }
}

fn run_line(key: &str, entered: Millis, ended: Option<(Millis, String)>, held_out: Option<bool>) -> String {
    let ended = ended.map(|(at, why)| format!("{why} at {}", at - START));
    format!("run {key} at {} ended {ended:?} held out {held_out:?}", entered - START)
}

fn message_line(message: &message::Model) -> String {
    let reason = message.reason.as_deref().unwrap_or_default();
    let fate = match message.status {
        0 => "waits".to_owned(),
        3 => format!("sent at {}", message.sent_at.unwrap_or(0) - START),
        4 => format!("cancelled {reason}"),
        5 => format!("suppressed {reason}"),
        other => format!("status {other}"),
    };
    format!("message {} {} {fate}", message.node, &message.send_key[..16])
}

/// What the dry run says, in the same lines.
fn said(played: &[Played]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut nodes: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for person in played {
        for run in &person.runs {
            let ended = run.ended.map(|(at, reason)| (at, reason.as_str().to_owned()));
            lines.push(run_line(&run.entry_key, run.entered_at, ended, run.held_out));
        }
        for message in &person.messages {
            let fate = match &message.fate {
                Fate::Waiting => "waits".to_owned(),
                Fate::Sent => format!("sent at {}", message.at - START),
                Fate::Cancelled(reason) => format!("cancelled {reason}"),
                Fate::Suppressed(reason) => format!("suppressed {reason}"),
            };
            lines.push(format!("message {} {} {fate}", message.node, &message.send_key[..16]));
        }
        for (_, node, decision, enters) in &person.decisions {
            let mut count = |what| *nodes.entry((node.to_string(), what)).or_default() += 1;
            count(decision.as_str());
            if *enters {
                count("entered");
            }
        }
    }
    lines.extend(nodes.into_iter().map(|((node, what), n)| format!("node {node} {what} {n}")));
    lines.sort();
    lines
}

fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("CARTWHEEL_SIM_FIRST").unwrap_or(0);
    first..first + number("CARTWHEEL_SIM_SEEDS").unwrap_or(usual)
}

#[db_test]
async fn the_dry_run_and_the_engine_decide_alike(app: TestApp) {
    app.allow_leftovers();
    // More of them where somebody asks for more.
    let usual = 5;
    let (mut runs, mut messages, mut words) = (0, 0, BTreeMap::<String, u32>::new());
    for seed in seeds(usual) {
        let lived = Lived::through(&app, seed, 12).await;
        let (real, said) = (lived.real(&app).await, said(&lived.played(&app).await));
        let missing: Vec<&String> = real.iter().filter(|line| !said.contains(line)).collect();
        let more: Vec<&String> = said.iter().filter(|line| !real.contains(line)).collect();
        assert!(
            missing.is_empty() && more.is_empty(),
            "seed {seed}: the engine did\n{missing:#?}\nthe dry run says\n{more:#?}\nof {} facts\n{}",
            real.len(),
            lived.definition.to_json()
        );
        runs += real.iter().filter(|line| line.starts_with("run")).count();
        messages += real.iter().filter(|line| line.starts_with("message")).count();
        for line in real.iter().filter(|line| !line.starts_with("node")) {
            let word = match line.split_once(" ended ") {
                Some((_, rest)) => rest.split([' ', '"']).nth(1).unwrap_or(rest).to_owned(),
                None => line
                    .splitn(4, ' ')
                    .nth(3)
                    .unwrap_or_default()
                    .split(" at ")
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            };
            *words.entry(word).or_default() += 1;
        }
    }
    println!("{runs} runs and {messages} messages alike: {words:?}");
    assert!(runs > 30 && messages > 10, "{runs} runs, {messages} messages: nothing was tried");
}
