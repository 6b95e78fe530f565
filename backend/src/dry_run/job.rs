//! One dry run in hand: who is to be played, and what has come of it so far.

use super::{
    people::people,
    read::{self, PEOPLE, Wanted},
};
use crate::{
    accounts::{MasterKey, StoreInfo},
    db::{Db, DbError, StoreScope},
};
use cartwheel_domain::{
    dry_run::{Plan, Tally, play},
    ids::JourneyId,
    journey::Definition,
    time::Millis,
};
use cartwheel_entity::dry_run;
use std::sync::Arc;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Why some did not enter: the cart is nobody's.
const NOBODYS: &str = "nobodys";
/// … more events than are read of one person.
const TOO_MANY: &str = "too_many_events";

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Lists whose carts changed.
    Listing(Option<(Millis, Uuid)>),
    /// Plays them, from this place of the list on.
    Playing(usize),
    /// All are played.
    Over,
}

/// What every portion is played with.
struct Setting {
    store: Arc<StoreInfo>,
    definition: Definition,
    wanted: Wanted,
    until: Millis,
}

/// One dry run in hand.
pub struct Job {
    /// Its store.
    pub store: Uuid,
    /// Its row.
    pub id: Uuid,
    setting: Arc<Setting>,
    stage: Stage,
    people: Vec<Uuid>,
    /// How many are read together next.
    together: usize,
    playing: Option<JoinHandle<Tally>>,
    /// What it has come to.
    pub tally: Tally,
    /// Events read.
    pub events: u64,
}

impl Job {
    /// A job for a row; `None` where its draft cannot be read.
    pub fn new(row: &dry_run::Model, store: Arc<StoreInfo>) -> Option<Self> {
        let definition = Definition::from_json(&row.definition).ok()?;
        let wanted = Wanted::new(JourneyId(row.journey_id), &definition, &store.settings, row.begins_at);
        let setting = Setting { store, definition, wanted, until: row.ends_at };
        Some(Self {
            store: row.store_id,
            id: row.id,
            setting: Arc::new(setting),
            stage: Stage::Listing(None),
            people: Vec::new(),
            together: PEOPLE,
            playing: None,
            tally: Tally::default(),
            events: 0,
        })
    }

    /// Whether all is played.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// How many there are to play, once they are listed, and how many are.
    pub fn progress(&self) -> (Option<usize>, usize) {
        match self.stage {
            Stage::Listing(_) => (None, 0),
            Stage::Playing(done) => (Some(self.people.len()), done),
            Stage::Over => (Some(self.people.len()), self.people.len()),
        }
    }

    /// Reads so many people together from here on.
    #[cfg(test)]
    pub fn read_together(&mut self, people: usize) {
        self.together = people;
    }

    /// Does one portion of the work.
    ///
    /// # Errors
    /// What the database says, or that playing failed.
    pub async fn advance(&mut self, db: &Db, key: &MasterKey) -> Result<(), DbError> {
        match self.stage {
            Stage::Listing(after) => self.list(db, after).await,
            Stage::Playing(place) => self.play(db, key, place).await,
            Stage::Over => Ok(()),
        }
    }

    async fn list(&mut self, db: &Db, after: Option<(Millis, Uuid)>) -> Result<(), DbError> {
        let mut tx = db.read().await?;
        let scoped = tx.enter(&StoreScope::system(self.setting.store.id)).await?;
        let listed = read::list(&scoped, self.setting.wanted.since, after).await?;
        self.tally.leave_out(NOBODYS, listed.nobodys);
        self.people.extend(listed.people);
        // Each page is put in order, so that the list never grows beyond one entry for each person and a page.
        self.people.sort_unstable();
        self.people.dedup();
        self.stage = match listed.next {
            Some(next) => Stage::Listing(Some(next)),
            None => Stage::Playing(0),
        };
        Ok(())
    }

    /// Reads the next while the ones before are played.
    async fn play(&mut self, db: &Db, key: &MasterKey, place: usize) -> Result<(), DbError> {
        let next = &self.people[place..self.people.len().min(place + self.together)];
        if next.is_empty() {
            self.gather().await?;
            self.stage = Stage::Over;
            return Ok(());
        }
        let portion = {
            let mut tx = db.read().await?;
            let scoped = tx.enter(&StoreScope::system(self.setting.store.id)).await?;
            read::portion(&scoped, key, &self.setting.wanted, next, self.setting.until).await?
        };
        if portion.too_many && next.len() > 1 {
            self.together = (next.len() / 4).max(1);
            return Ok(());
        }
        let done = place + next.len();
        if portion.too_many {
            self.tally.leave_out(TOO_MANY, 1);
        } else {
            self.events += portion.events.len() as u64;
            self.gather().await?;
            let setting = Arc::clone(&self.setting);
            self.playing = Some(tokio::task::spawn_blocking(move || setting.play(portion)));
        }
        self.together = (self.together * 2).min(PEOPLE);
        self.stage = Stage::Playing(done);
        Ok(())
    }

    /// Waits for what is being played.
    async fn gather(&mut self) -> Result<(), DbError> {
        if let Some(playing) = self.playing.take() {
            let played =
                playing.await.map_err(|e| sea_orm::DbErr::Custom(format!("a dry run stopped: {e}")))?;
            self.tally.merge(played);
        }
        Ok(())
    }
}

impl Setting {
    fn play(&self, portion: read::Portion) -> Tally {
        let settings = &self.store.settings;
        let plan = Plan {
            definition: &self.definition,
            store: self.store.id,
            journey: self.wanted.journey,
            settings,
            since: self.wanted.since,
            until: self.until,
        };
        let mut tally = Tally::default();
        for person in people(portion, &self.wanted, settings) {
            tally.add(&play(&plan, &person));
        }
        tally
    }
}
