//! The hand-over: one transaction that takes due messages in hand, looks a last time, renders, and writes the attempts.

use super::{
    breaker::Breaker,
    browsers,
    dispatch::Tools,
    history::History,
    hold::{HELD, LOOK_AGAIN},
    look::{Facts, Verdict},
    model::{CANCELLED, NO_ANSWER, QUEUED, SUPPRESSED, UNCERTAIN, WORKER_LOST},
    people::{Look, People, address},
    render::{Rendered, render},
    routes,
    traffic::Traffic,
};
use crate::{
    accounts::StoreInfo,
    analytics::metrics::{Deltas, Metric},
    channels::{Channel, Outgoing, Route},
    crash::crash_point,
    db::{DbError, Scoped, StoreScope, batch, claim},
    mail::pace::PAUSED,
    templates::TemplatesError,
    webhooks::{Happening, tell},
};
use cartwheel_domain::{
    consent::{Basis, Channel as Kind, Refusal},
    hook::{HookKind, HookKinds},
    ids::{AttemptId, JourneyId, MessageId, ProviderId, StoreId},
    mail::Judgement,
    time::{MINUTE, Millis},
};
use cartwheel_entity::{
    cart, journey, journey_run, message, message_attempt, message_content, message_link, restore_link,
};
use sea_orm::{ActiveValue::Set, Value};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// How long a message waits for a mail route that is not set up.
const NO_ROUTE: Millis = 5 * MINUTE;

/// One call to make, after the commit.
pub struct Call {
    /// Its attempt, open.
    pub attempt: message_attempt::ActiveModel,
    /// By which way.
    pub route: Route,
    /// To which browser, where a message goes to several.
    pub browser: Option<Uuid>,
}

/// The calls to make for one message: one, but for a notification, which goes to each browser of a person.
pub struct Job {
    /// The message as claimed.
    pub message: message::Model,
    /// The calls.
    pub calls: Vec<Call>,
    /// Number of the attempt, from 1.
    pub number: u32,
    /// Whom to call.
    pub channel: Arc<dyn Channel>,
    /// Names the way; the circuit breaker counts by it.
    pub way: String,
    /// With what.
    pub outgoing: Outgoing,
    /// By which of the store's own servers.
    pub provider: Option<ProviderId>,
    /// How many others the message could go by.
    pub others: u32,
    /// Whether it counts for what the organisation pays by.
    pub metered: bool,
    /// What endpoints of the store want to hear of.
    pub hooks: HookKinds,
}

/// What one transaction handed over.
#[derive(Default)]
pub struct Batch {
    /// Rows taken.
    pub claimed: usize,
    /// Their lanes.
    pub lanes: Vec<i32>,
    /// Calls to make.
    pub jobs: Vec<Job>,
    /// How late the most overdue row was.
    pub late_by: Millis,
}

/// Takes at most `limit` due messages, and hands over those that may go.
///
/// # Errors
/// What the database says; nothing has happened then.
pub async fn hand_over(
    tools: &Tools,
    breaker: &Breaker,
    owner: &str,
    share: &claim::Share,
    limit: u32,
) -> Result<Batch, DbError> {
    let now = tools.env.now();
    let lease = Millis::try_from(tools.channels.patience().as_millis()).unwrap_or(0) + MINUTE;
    let claim = claim::Claim { now, until: now + lease, owner, limit, share };
    let mut tx = tools.db.write().await?;
    let mut rows = claim::messages(&tx.system().await?, &claim).await?;
    rows.sort_unstable_by_key(|row| (row.next_at, row.id));
    if rows.is_empty() {
        return Ok(Batch::default());
    }
    crash_point!("dispatch.claimed");
    let mut batch = Batch {
        claimed: rows.len(),
        lanes: rows.iter().map(|r| r.lane).collect(),
        late_by: rows.iter().map(|r| now - r.next_at).max().unwrap_or(0).max(0),
        jobs: Vec::new(),
    };
    let mut groups: BTreeMap<Uuid, Vec<message::Model>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.store_id).or_default().push(row);
    }
    for (store, rows) in groups {
        let info = tools.stores.by_id(StoreId(store)).await?;
        let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
        let Some(info) = info else { continue };
        let mut work = Work {
            tools,
            breaker,
            owner,
            info,
            now,
            closed: Vec::new(),
            going: Vec::new(),
            deltas: Deltas::new(),
            told: Vec::new(),
        };
        work.judge(&scoped, rows).await?;
        crash_point!("dispatch.looked");
        batch.jobs.extend(work.write(&scoped).await?);
    }
    crash_point!("dispatch.before_commit");
    tx.commit().await?;
    Ok(batch)
}

/// One message that goes.
struct Going {
    message: message::Model,
    basis: Box<Basis>,
    rendered: Rendered,
    channel: Arc<dyn Channel>,
    routes: Vec<(Route, Option<Uuid>)>,
    provider: Option<ProviderId>,
    others: u32,
}

struct Work<'a> {
    tools: &'a Tools,
    breaker: &'a Breaker,
    owner: &'a str,
    info: Arc<StoreInfo>,
    now: Millis,
    closed: Vec<batch::Row>,
    going: Vec<Going>,
    deltas: Deltas,
    told: Vec<Happening>,
}

impl Work<'_> {
    async fn judge(&mut self, scoped: &Scoped<'_>, rows: Vec<message::Model>) -> Result<(), DbError> {
        if let Some((_, until)) = self.info.hold.as_ref().filter(|_| !self.info.sandbox) {
            // What has happened since is asked when they may go.
            let until = until.filter(|at| *at > self.now).unwrap_or(self.now + LOOK_AGAIN);
            rows.iter().for_each(|row| self.later(row, until, HELD));
            return Ok(());
        }
        let rows = self.without_paused(rows);
        if rows.is_empty() {
            return Ok(());
        }
        let mut facts = load(self.tools, scoped, Arc::clone(&self.info), &rows, self.now).await?;
        let info = Arc::clone(&self.info);
        let mut traffic = Traffic::load(self.tools, scoped, &info, &rows, &facts.people).await?;
        let called = browsers::called(scoped, &rows).await?;
        let known = self.tools.templates.clone();
        let mut templates = known.at_once();
        for row in rows {
            match facts.look(&row, self.now) {
                Verdict::Cancel(reason) => self.close(row, CANCELLED, reason.to_owned(), None),
                Verdict::Suppress(reason, refusal) => self.close(row, SUPPRESSED, reason, refusal),
                Verdict::Later(after, reason) => self.later(&row, self.now + after, reason),
                Verdict::Go(basis) => {
                    let contact = facts.people.contact(row.contact_id);
                    let person = contact.map_or(row.contact_id, |c| c.id);
                    let to = contact.and_then(|c| address(c, Kind::Email)).unwrap_or_default();
                    let chosen = match traffic.choose(self.breaker, &info, &row, &to, self.now) {
                        Ok(chosen) => chosen,
                        Err((at, reason)) => {
                            self.later(&row, at.unwrap_or(self.now + NO_ROUTE), reason);
                            continue;
                        }
                    };
                    let (way, others) = (chosen.way, chosen.others);
                    let mut routes = browsers::ways(&facts, &row, &way.route, &called);
                    let Some((first, _)) = routes.first() else {
                        self.close(row, SUPPRESSED, "no_browser".into(), None);
                        continue;
                    };
                    // Which push services are called is known only now.
                    if way.route.push.is_some()
                        && let Err(until) = self.breaker.admit(&first.name, self.now)
                    {
                        self.later(&row, until, "route_down");
                        continue;
                    }
                    let links = &self.tools.links;
                    match render(scoped, &mut templates, links, &facts, &row, &basis, self.now).await {
                        Ok(mut rendered) => {
                            facts.history.add((person, row.cart_id), &row.channel, self.now);
                            if row.channel == Kind::Email.as_str() && !info.sandbox {
                                let mark = routes::mark(self.tools, &info, way, MessageId(row.id));
                                routes.iter_mut().for_each(|(route, _)| route.mark.clone_from(&mark));
                                if let Some(from) = way.provider.as_ref().and_then(|it| it.sender.as_deref())
                                {
                                    rendered.come_from(from, &row.send_key);
                                }
                            }
                            let channel = Arc::clone(&way.channel);
                            let provider = way.provider.as_ref().map(|it| it.id);
                            self.going.push(Going {
                                message: row,
                                basis,
                                rendered,
                                channel,
                                routes,
                                provider,
                                others,
                            });
                        }
                        Err(TemplatesError::Db(error)) => return Err(error),
                        Err(error) => {
                            tracing::warn!(message = %row.id, %error, "a message cannot be written");
                            self.close(row, SUPPRESSED, format!("template: {error}"), None);
                        }
                    }
                }
            }
        }
        traffic.write(scoped).await
    }

    /// Mail of a store whose mail is paused waits; whoever takes the pause back lets it go.
    fn without_paused(&mut self, rows: Vec<message::Model>) -> Vec<message::Model> {
        let paused = self.info.mail_guard.as_ref().is_some_and(|(how, _)| *how == Judgement::Pause);
        if !paused || self.info.sandbox {
            return rows;
        }
        let (mails, others): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.channel == Kind::Email.as_str());
        mails.iter().for_each(|row| self.later(row, self.now + LOOK_AGAIN, PAUSED));
        others
    }

    fn close(&mut self, row: message::Model, status: i32, reason: String, refusal: Option<Box<Refusal>>) {
        // Once handed over and never answered, it may be with the recipient whatever is decided now.
        let doubtful = matches!(row.reason.as_deref(), Some(WORKER_LOST | NO_ANSWER));
        let status = if doubtful { UNCERTAIN } else { status };
        if status == SUPPRESSED {
            self.deltas.count(self.now, Metric::Suppressed, row.journey_id.map(JourneyId), 1);
            if self.info.hooks.has(HookKind::MessageSuppressed) {
                self.told.push(Happening::message(HookKind::MessageSuppressed, &row, Some(&reason)));
            }
        }
        let refusal = refusal.and_then(|r| serde_json::to_value(r).ok());
        self.closed.push(change(&row, status, row.next_at, Some(reason), refusal));
    }

    fn later(&mut self, row: &message::Model, at: Millis, reason: &str) {
        // The mark of a doubtful hand-over stays until it is settled.
        let kept = row.reason.clone().filter(|r| r == WORKER_LOST || r == NO_ANSWER);
        self.closed.push(change(row, QUEUED, at, kept.or_else(|| Some(reason.to_owned())), None));
    }

    async fn write(self, scoped: &Scoped<'_>) -> Result<Vec<Job>, DbError> {
        let closing = batch::Change {
            table: "message",
            columns: &["status", "next_at", "reason", "refusal"],
            guard: "status = 2",
            owner: self.owner,
            keep_lease: false,
        };
        scoped.change_fenced(&closing, self.closed).await?;
        tell(scoped, self.info.hooks, self.now, self.told).await?;
        let going = batch::Change {
            columns: &["attempt", "template_id", "subject", "evidence", "reason"],
            keep_lease: true,
            ..closing
        };
        let rows = self.going.iter().map(|g| batch::Row {
            id: g.message.id,
            epoch: g.message.epoch,
            values: vec![
                (g.message.attempt + 1).into(),
                g.rendered.template_id.uuid().into(),
                g.rendered.outgoing.subject.clone().into(),
                Value::from(serde_json::to_value(&g.basis).unwrap_or_default()),
                Value::from(Option::<String>::None),
            ],
        });
        scoped.change_fenced(&going, rows.collect()).await?;
        let mut kept = Kept::default();
        let mut jobs = Vec::with_capacity(self.going.len());
        for one in self.going {
            let way = one.routes.first().map(|(route, _)| route.name.clone()).unwrap_or_default();
            let numbers = (0..).map(|place: i32| one.message.attempt + 1 + place * browsers::APART);
            let calls = one.routes.into_iter().zip(numbers).map(|((route, browser), number)| {
                let attempt = message_attempt::ActiveModel {
                    store_id: Set(self.info.id.uuid()),
                    id: Set(self.tools.env.id::<AttemptId>().uuid()),
                    message_id: Set(one.message.id),
                    number: Set(number),
                    started_at: Set(self.now),
                    finished_at: Set(None),
                    outcome: Set(None),
                    reply: Set(None),
                    device_id: Set(browser),
                    provider_id: Set(one.provider.map(ProviderId::uuid)),
                    fault: Set(None),
                };
                Call { attempt, route, browser }
            });
            let calls: Vec<Call> = calls.collect();
            kept.attempts.extend(calls.iter().map(|call| call.attempt.clone()));
            kept.contents.push(one.rendered.content);
            kept.links.extend(one.rendered.links);
            kept.restores.extend(one.rendered.restore.map(|r| r.row));
            jobs.push(Job {
                number: u32::try_from(one.message.attempt + 1).unwrap_or(1),
                message: one.message,
                calls,
                channel: one.channel,
                way,
                outgoing: one.rendered.outgoing,
                provider: one.provider,
                others: one.others,
                metered: self.tools.metered && !self.info.sandbox,
                hooks: self.info.hooks,
            });
        }
        kept.write(scoped).await?;
        if !self.deltas.is_empty() {
            self.deltas.write(scoped).await?;
        }
        Ok(jobs)
    }
}

fn change(
    row: &message::Model,
    status: i32,
    next_at: Millis,
    reason: Option<String>,
    refusal: Option<serde_json::Value>,
) -> batch::Row {
    batch::Row {
        id: row.id,
        epoch: row.epoch,
        values: vec![status.into(), next_at.into(), reason.into(), Value::from(refusal)],
    }
}

/// Rows kept of what is handed over.
#[derive(Default)]
struct Kept {
    attempts: Vec<message_attempt::ActiveModel>,
    contents: Vec<message_content::ActiveModel>,
    links: Vec<message_link::ActiveModel>,
    restores: Vec<restore_link::ActiveModel>,
}

impl Kept {
    async fn write(self, scoped: &Scoped<'_>) -> Result<(), DbError> {
        use message_content::Column as C;
        scoped.insert::<message_attempt::Entity>(self.attempts).await?;
        let columns = [C::Sender, C::Recipient, C::Headers, C::Html, C::Text];
        scoped.upsert::<message_content::Entity>(self.contents, &columns).await?;
        scoped.upsert::<message_link::Entity>(self.links, &[message_link::Column::Url]).await?;
        scoped.insert_new::<restore_link::Entity>(self.restores).await?;
        Ok(())
    }
}

/// Reads everything the last look asks for; the number of queries does not grow with the messages.
async fn load(
    tools: &Tools,
    scoped: &Scoped<'_>,
    store: Arc<StoreInfo>,
    rows: &[message::Model],
    now: Millis,
) -> Result<Facts, DbError> {
    let set =
        |pick: fn(&message::Model) -> Option<Uuid>| rows.iter().filter_map(pick).collect::<HashSet<Uuid>>();
    let channels = rows.iter().filter_map(|m| Kind::from_name(&m.channel)).collect();
    let whom = set(|m| Some(m.contact_id));
    let people = People::load(scoped, tools.key(), whom, &channels, (now, Look::Last)).await?;
    let cart_ids = set(|m| m.cart_id);
    let carts = scoped.find_among::<cart::Entity, _>(cart::Column::Id, cart_ids.iter().copied()).await?;
    let runs =
        scoped.find_among::<journey_run::Entity, _>(journey_run::Column::Id, set(|m| m.run_id)).await?;
    let journeys =
        scoped.find_among::<journey::Entity, _>(journey::Column::Id, set(|m| m.journey_id)).await?;
    let versions = tools.versions.get(scoped, set(|m| m.version_id)).await?;
    let persons = rows.iter().map(|m| people.contact(m.contact_id).map_or(m.contact_id, |c| c.id)).collect();
    let owners = match rows.iter().any(|m| m.channel == Kind::Push.as_str()) {
        true => browsers::owners(scoped, &cart_ids).await?,
        false => HashMap::new(),
    };
    let history = History::load(scoped, persons, cart_ids, &rows.iter().map(|m| m.id).collect()).await?;
    Ok(Facts {
        store,
        people,
        carts: carts.into_iter().map(|c| (c.id, c)).collect(),
        runs: runs.into_iter().map(|r| (r.id, r)).collect(),
        journeys: journeys.into_iter().map(|j| (j.id, j.status)).collect(),
        versions,
        history,
        owners,
    })
}
