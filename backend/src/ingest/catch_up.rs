//! Catching up with the platforms: what their webhooks did not tell is asked of their APIs, and what webhooks only hinted at is fetched.
//!
//! One round for a connection asks for everything that changed since the last complete one, with an overlap, a bounded number of pages at a
//! time; how far it has come is written down with each step, so that a worker that dies loses nothing and repeats little. What is found goes
//! the way of webhooks ([`super::Inbox`]): a cart that was known already changes nothing. A row is claimed by raising its epoch; whoever
//! comes back late writes nothing. See decision 0029.

mod big;
mod hints;
mod read;

#[cfg(test)]
mod tests;

pub use hints::{Hint, keep, sweep};

use super::{Inbox, InboxError};
use crate::{
    accounts::{MasterKey, StoreInfo, Stores, secrets::SecretError},
    clock::Env,
    db::{Db, DbError, StoreScope},
    platforms::{
        Platform,
        api::{Api, Apis, Hook, Trouble},
    },
};
use cartwheel_domain::{
    ids::StoreId,
    time::{HOUR, MINUTE, Millis, SECOND},
};
use cartwheel_entity::platform_link;
use sea_orm::{ColumnTrait, Condition, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr};
use std::sync::Arc;

/// How often a connection is caught up with.
pub const EVERY: Millis = 15 * MINUTE;
/// How far rounds overlap: clocks differ, and a change may be listed a little after it was made.
const OVERLAP: Millis = 5 * MINUTE;
/// Pages asked for under one claim; then others have their turn.
const PAGES: u32 = 4;
/// Rows of a page.
const ROWS: u32 = 50;
/// How long a claim lasts: the pages, each within the patience of a call, and as much again.
const LEASE: Millis = 5 * MINUTE;
/// How often webhooks and reminders of the platform's own are looked at.
const LOOK: Millis = HOUR;

/// What catching up works with.
pub struct CatchUp {
    /// Database.
    db: Db,
    /// Clock and entropy.
    env: Env,
    /// Opens credentials.
    key: MasterKey,
    /// Stores.
    stores: Stores,
    /// Where the APIs are.
    apis: Apis,
    /// The way in.
    inbox: Inbox,
    /// How the outside reaches us.
    public_url: String,
}

/// Why a step came to nothing: ours, or the platform's.
enum Halt {
    Db(DbError),
    Trouble(Trouble),
}

impl From<DbError> for Halt {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<InboxError> for Halt {
    fn from(error: InboxError) -> Self {
        // It is asked again; nothing of it was kept.
        Self::Trouble(Trouble::new("busy", error.to_string()))
    }
}

/// How far a round has come. Kept as JSON between steps.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Place {
    /// When the round began: what changes later is the next round's.
    begun: Millis,
    /// Which list.
    list: usize,
    /// From when.
    from: Millis,
    /// Which page from there, from 1.
    page: u32,
    /// The platform's own name of the page, where it gives one.
    #[serde(default)]
    named: Option<String>,
}

/// A connection in hand.
struct Job {
    row: platform_link::Model,
    platform: Platform,
    store: Arc<StoreInfo>,
}

impl CatchUp {
    /// Over its parts.
    pub fn new(
        (db, env, key, stores): (Db, Env, MasterKey, Stores),
        apis: Apis,
        inbox: Inbox,
        public_url: String,
    ) -> Self {
        Self { db, env, key, stores, apis, inbox, public_url }
    }

    /// Takes one connection that is due a step further, or fetches what one store's webhooks hinted at. Says whether there was anything.
    ///
    /// # Errors
    /// What the database says; what is done stays done.
    pub async fn tick(&self) -> Result<bool, DbError> {
        if hints::fetch(self).await? {
            return Ok(true);
        }
        let Some(job) = self.claim().await? else { return Ok(false) };
        let done = self.step(&job).await;
        self.settle(&job, done).await?;
        Ok(true)
    }

    /// Takes the connection that has been due the longest.
    async fn claim(&self) -> Result<Option<Job>, DbError> {
        use platform_link::Column as C;
        let now = self.env.now();
        let free = Condition::any()
            .add(C::LeaseUntil.is_null())
            .add(C::LeaseUntil.lt(now))
            .add(C::LeaseUntil.gt(now + LEASE));
        let found = {
            let mut tx = self.db.read().await?;
            let system = tx.system().await?;
            let query = system.find::<platform_link::Entity>().filter(C::NextAt.lte(now)).filter(free);
            query.order_by_asc(C::NextAt).one(system.on()).await?
        };
        let Some(mut row) = found else { return Ok(None) };
        let mut tx = self.db.write().await?;
        let scoped = tx.enter(&StoreScope::system(StoreId(row.store_id))).await?;
        let update = scoped
            .update::<platform_link::Entity>()
            .col_expr(C::Epoch, Expr::col(C::Epoch).add(1))
            .col_expr(C::LeaseUntil, Expr::value(now + LEASE))
            .filter(C::Platform.eq(&row.platform))
            .filter(C::Epoch.eq(row.epoch));
        let taken = update.exec(scoped.on()).await?.rows_affected;
        tx.commit().await?;
        row.epoch += 1;
        let store = self.stores.by_id(StoreId(row.store_id)).await?;
        let (Some(store), Some(platform)) = (store, Platform::from_name(&row.platform)) else {
            return Ok(None);
        };
        Ok((taken == 1).then_some(Job { row, platform, store }))
    }

    /// The API of a store's shop.
    async fn api(&self, store: &StoreInfo, platform: Platform) -> Result<Api, Halt> {
        let mut tx = self.db.read().await?;
        let scoped = tx.enter(&StoreScope::system(store.id)).await?;
        match self.apis.of(&scoped, &self.key, store, platform).await {
            Ok(api) => Ok(api?),
            Err(SecretError::Db(error)) => Err(error.into()),
            Err(error) => Err(Trouble::new("credentials", error.to_string()).into()),
        }
    }

    /// Some pages of a round. Says what of the row is to be written.
    async fn step(&self, job: &Job) -> Result<Step, Halt> {
        let api = self.api(&job.store, job.platform).await?;
        let now = self.env.now();
        let mut step = Step::default();
        if job.row.hooks_at.is_none_or(|at| (now - at).abs() >= LOOK) {
            step.hooks = Some(self.look_at_hooks(job, &api).await?);
        }
        if job.row.reminders_at.is_none_or(|at| (now - at).abs() >= LOOK) {
            // What cannot be seen (a key that may read orders alone) is no reason to stand still.
            step.reminders = Some(match api.reminders().await {
                Ok(found) => found,
                Err(trouble)
                    if matches!(trouble.word, "credentials" | "refused" | "not_found" | "unreadable") =>
                {
                    vec![crate::platforms::api::Reminder {
                        name: job.platform.as_str().into(),
                        state: "unsure".into(),
                    }]
                }
                Err(trouble) => return Err(trouble.into()),
            });
        }
        let from = job.row.cursor_at;
        let begin = || Place { begun: now, list: 0, from, page: 1, named: None };
        let mut place = serde_json::from_str(&job.row.place).unwrap_or_else(|_| begin());
        let silent =
            job.row.place.is_empty() && job.row.round_at.is_some() && now - from > 2 * EVERY + OVERLAP;
        if silent && job.platform == Platform::Bigcommerce {
            let known = hints::known(self, job.store.id).await?;
            hints::note(self, &job.store, known).await?;
        }
        for _ in 0..PAGES {
            match self.page(job, &api, &place).await {
                Ok(Some(next)) => place = next,
                Ok(None) => {
                    step.done = Some(place.begun);
                    return Ok(step);
                }
                // What came before it stays.
                Err(halt) if step.pages > 0 => {
                    step.halted = Some(halt);
                    break;
                }
                Err(halt) => return Err(halt),
            }
            step.pages += 1;
        }
        step.place = Some(place);
        Ok(step)
    }

    /// One page: read, taken in, and which is next; `None` after the last of the last list.
    async fn page(&self, job: &Job, api: &Api, place: &Place) -> Result<Option<Place>, Halt> {
        let page = read::page(api, place, ROWS).await?;
        let told = read::Told { store: &job.store, received: self.env.now() };
        match api {
            Api::Bigcommerce(_) => hints::note(self, &job.store, big::hints(place.list, &page.rows)).await?,
            _ => {
                let arrived = told.events(place.list, api, &page.rows);
                self.inbox.accept(job.store.clone(), arrived).await?;
            }
        }
        Ok(read::next(api, place, page, job.row.cursor_at, ROWS))
    }

    /// Webhooks as they stand; those that the platform has switched off, and those that are gone, are made good.
    async fn look_at_hooks(&self, job: &Job, api: &Api) -> Result<Vec<Hook>, Halt> {
        let to = format!("{}/webhooks/{}/{}", self.public_url, job.platform.as_str(), job.store.id);
        let known: Vec<Hook> = serde_json::from_str(&job.row.hooks).unwrap_or_default();
        let found = match api.hooks(&to).await {
            Ok(found) => found,
            // A key that may not see webhooks: those that a person made by hand work all the same.
            Err(trouble) if matches!(trouble.word, "credentials" | "refused") => return Ok(known),
            Err(trouble) => return Err(trouble.into()),
        };
        let lost = known.iter().filter(|hook| found.iter().all(|f| f.topic != hook.topic)).count();
        let off = found.iter().filter(|hook| !hook.active).count();
        if lost + off == 0 {
            let since = |hook: &Hook| known.iter().find(|k| k.id == hook.id).and_then(|k| k.restored_at);
            return Ok(found.into_iter().map(|hook| Hook { restored_at: since(&hook), ..hook }).collect());
        }
        metrics::counter!("cartwheel_platform_webhooks_off_total", "platform" => job.platform.as_str())
            .increment(1);
        tracing::warn!(store = %job.store.id, platform = job.platform.as_str(), lost, off, "a platform has switched webhooks off; they are made anew");
        let secret = self.hook_secret(job).await?;
        let mut hooks = api.subscribe(&to, &secret, self.env.now()).await?;
        let now = self.env.now();
        for hook in hooks.iter_mut().filter(|hook| found.iter().all(|f| f.id != hook.id)) {
            hook.restored_at = Some(now);
        }
        Ok(hooks)
    }

    async fn hook_secret(&self, job: &Job) -> Result<String, Halt> {
        let mut tx = self.db.read().await?;
        let scoped = tx.enter(&StoreScope::system(job.store.id)).await?;
        let found = crate::accounts::secrets::get(&scoped, &self.key, job.platform.hook_secret()).await;
        match found {
            Ok(secret) => Ok(secret.map(|s| s.expose().to_owned()).unwrap_or_default()),
            Err(SecretError::Db(error)) => Err(error.into()),
            Err(error) => Err(Trouble::new("credentials", error.to_string()).into()),
        }
    }

    /// Writes how a step went, if the connection is still in hand.
    async fn settle(&self, job: &Job, done: Result<Step, Halt>) -> Result<(), DbError> {
        use platform_link::Column as C;
        let now = self.env.now();
        let (step, halted) = match done {
            Ok(mut step) => {
                let halted = step.halted.take();
                (step, halted)
            }
            Err(halt) => (Step::default(), Some(halt)),
        };
        let mut tx = self.db.write().await?;
        let scoped = tx.enter(&StoreScope::system(job.store.id)).await?;
        let mut update = scoped
            .update::<platform_link::Entity>()
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None))
            .filter(C::Platform.eq(job.platform.as_str()))
            .filter(C::Epoch.eq(job.row.epoch));
        let json = |value: Result<String, serde_json::Error>| value.unwrap_or_else(|_| "[]".to_owned());
        if let Some(hooks) = &step.hooks {
            update = update
                .col_expr(C::Hooks, Expr::value(json(serde_json::to_string(hooks))))
                .col_expr(C::HooksAt, Expr::value(now));
        }
        if let Some(reminders) = &step.reminders {
            update = update
                .col_expr(C::Reminders, Expr::value(json(serde_json::to_string(reminders))))
                .col_expr(C::RemindersAt, Expr::value(now));
        }
        if let Some(place) = &step.place {
            update = update.col_expr(C::Place, Expr::value(json(serde_json::to_string(place))));
        }
        if let Some(begun) = step.done {
            update = update
                .col_expr(C::Place, Expr::value(String::new()))
                .col_expr(C::CursorAt, Expr::value(begun - OVERLAP))
                .col_expr(C::RoundAt, Expr::value(now));
        }
        let update = match halted {
            None => {
                let next = if step.done.is_some() { now + EVERY } else { now };
                update
                    .col_expr(C::NextAt, Expr::value(next))
                    .col_expr(C::Failures, Expr::value(0))
                    .col_expr(C::Wrong, Expr::value(Option::<String>::None))
                    .col_expr(C::Said, Expr::value(Option::<String>::None))
                    .col_expr(C::WrongAt, Expr::value(Option::<i64>::None))
            }
            Some(Halt::Db(error)) => {
                update.col_expr(C::NextAt, Expr::value(now + MINUTE)).exec(scoped.on()).await?;
                tx.commit().await?;
                return Err(error);
            }
            Some(Halt::Trouble(trouble)) => {
                metrics::counter!("cartwheel_platform_troubles_total", "platform" => job.platform.as_str(), "word" => trouble.word)
                    .increment(1);
                let failures = job.row.failures.saturating_add(1);
                let since = job
                    .row
                    .wrong_at
                    .filter(|_| job.row.wrong.as_deref() == Some(trouble.word))
                    .unwrap_or(now);
                // A page that has gone (its name has run out) is asked for from the beginning.
                if trouble.word == "refused" {
                    update = update.col_expr(C::Place, Expr::value(String::new()));
                }
                update
                    .col_expr(C::NextAt, Expr::value(now + pause(&trouble, failures)))
                    .col_expr(C::Failures, Expr::value(failures))
                    .col_expr(C::Wrong, Expr::value(trouble.word))
                    .col_expr(C::Said, Expr::value(trouble.said))
                    .col_expr(C::WrongAt, Expr::value(since))
            }
        };
        update.exec(scoped.on()).await?;
        tx.commit().await
    }
}

/// What a step has come to.
#[derive(Default)]
struct Step {
    pages: u32,
    place: Option<Place>,
    done: Option<Millis>,
    hooks: Option<Vec<Hook>>,
    reminders: Option<Vec<crate::platforms::api::Reminder>>,
    halted: Option<Halt>,
}

/// How long to wait after a failure: what the platform asks for; else longer each time, an hour at most. What only a person can mend
/// is asked for each hour.
fn pause(trouble: &Trouble, failures: i32) -> Millis {
    let own = match trouble.word {
        "credentials" | "unset" | "address_refused" | "redirected" => HOUR,
        "busy" => 5 * SECOND,
        "rate" => 10 * SECOND,
        _ => (30 * SECOND) << u32::try_from(failures.clamp(1, 8) - 1).unwrap_or(0),
    };
    Ord::min(Ord::max(own, trouble.wait.unwrap_or(0)), HOUR)
}
