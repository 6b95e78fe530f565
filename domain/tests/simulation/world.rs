//! The world of one seed: two clocks, the tables, the actors, and who acts next.

use crate::{
    dispatch::Dispatcher,
    engine::Engine,
    history::{self, External},
    journal::Journal,
    provider::Provider,
    rng::Rng,
    tables::{Cart, Contact, Fences, Journey, LEASE, Message, Run, Stats},
};
use cartwheel_domain::{
    journey::Awaited,
    time::{DAY, Millis},
};
use std::collections::{BTreeMap, BTreeSet};

/// 2026-11-02T10:00:00Z.
pub const T0: Millis = 1_793_613_600_000;

/// Everything.
pub struct World {
    pub seed: u64,
    pub rng: Rng,
    pub fences: Fences,
    /// The database's and the workers' clock; it can step.
    pub wall: Millis,
    /// True time; it never steps.
    pub mono: Millis,
    /// Number of the last commit.
    pub commits: u64,
    /// How many of a thousand steps of a worker end in a crash, or in a long sleep.
    pub crash_rate: usize,
    /// Whether a shopper who is back ends the run, or only puts its messages off.
    pub ends_on_return: bool,
    pub journal: Journal,
    pub stats: Stats,
    pub broken: Option<String>,

    pub journeys: Vec<Journey>,
    pub contacts: Vec<Contact>,
    pub carts: Vec<Cart>,
    pub runs: Vec<Run>,
    pub messages: Vec<Message>,
    pub entries: BTreeMap<(usize, String), usize>,
    pub send_keys: BTreeMap<String, usize>,
    pub waits: BTreeMap<(Awaited, String), Vec<usize>>,
    pub inbox: BTreeSet<u64>,

    pub due_runs: BTreeSet<(Millis, usize)>,
    pub due_messages: BTreeSet<(Millis, usize)>,
    pub leased_runs: BTreeSet<usize>,
    pub leased_messages: BTreeSet<usize>,

    pub provider: Provider,
    pub external: BTreeMap<(Millis, u64), External>,
    pub engines: Vec<Engine>,
    pub dispatchers: Vec<Dispatcher>,
    pub incarnations: u64,
    rescue_at: Millis,
}

/// How often the rescuer looks.
const RESCUE_EVERY: Millis = LEASE / 2;

enum Actor {
    External,
    Engine(usize),
    Dispatcher(usize),
    Rescuer,
}

impl World {
    pub fn new(seed: u64, fences: Fences, keep_text: bool) -> Self {
        let mut rng = Rng::new(seed ^ 0x6361_7274);
        let provider = Provider::new(rng.chance(50));
        let crash_rate = *rng.pick(&[0, 10, 30, 80]);
        let workers = 2 + rng.below(2);
        let mut world = Self {
            seed,
            rng,
            fences,
            wall: T0,
            mono: 0,
            commits: 0,
            crash_rate,
            ends_on_return: seed.is_multiple_of(2),
            journal: Journal::new(keep_text),
            stats: Stats::default(),
            broken: None,
            journeys: Vec::new(),
            contacts: Vec::new(),
            carts: Vec::new(),
            runs: Vec::new(),
            messages: Vec::new(),
            entries: BTreeMap::new(),
            send_keys: BTreeMap::new(),
            waits: BTreeMap::new(),
            inbox: BTreeSet::new(),
            due_runs: BTreeSet::new(),
            due_messages: BTreeSet::new(),
            leased_runs: BTreeSet::new(),
            leased_messages: BTreeSet::new(),
            provider,
            external: BTreeMap::new(),
            engines: Vec::new(),
            dispatchers: Vec::new(),
            incarnations: 0,
            rescue_at: 0,
        };
        for _ in 0..workers {
            let (engine, dispatcher) = (Engine::new(world.incarnate()), Dispatcher::new(world.incarnate()));
            world.engines.push(engine);
            world.dispatchers.push(dispatcher);
        }
        history::write(&mut world);
        world
    }

    /// A name no worker has had.
    pub fn incarnate(&mut self) -> u64 {
        self.incarnations += 1;
        self.incarnations
    }

    /// Something is wrong; the first thing counts.
    pub fn fail(&mut self, why: String) {
        self.broken
            .get_or_insert_with(|| format!("{why} (day {}, commit {})", self.mono / DAY, self.commits));
    }

    /// Plays the history to its end.
    pub fn run(&mut self) -> Result<Stats, String> {
        let mut turns = 0_u64;
        while self.broken.is_none() {
            turns += 1;
            if turns > 2_000_000 {
                self.fail("does not come to rest".into());
            }
            if let Some(actor) = self.choose() {
                self.act(&actor);
                let took = self.rng.between(0, 40);
                self.pass(took);
            } else if let Some(next) = self.next_time() {
                self.check_sleep();
                let by = (next - self.mono).max(1);
                self.pass(by);
            } else {
                break;
            }
        }
        if self.broken.is_none() {
            self.check_end();
        }
        self.stats.carts = self.carts.len() as u64;
        self.stats.days = (self.mono / DAY) as u64;
        self.stats.runs = self.runs.len() as u64;
        self.broken.take().map_or_else(|| Ok(self.stats.clone()), Err)
    }

    fn pass(&mut self, by: Millis) {
        self.mono += by;
        self.wall += by;
    }

    fn choose(&mut self) -> Option<Actor> {
        let mut able = Vec::with_capacity(8);
        if self.external.first_key_value().is_some_and(|((at, _), _)| *at <= self.mono) {
            able.push(Actor::External);
        }
        let due_runs = self.due_runs.first().is_some_and(|(at, _)| *at <= self.wall);
        let due_messages = self.due_messages.first().is_some_and(|(at, _)| *at <= self.wall);
        let engines = self.engines.iter().enumerate().filter(|(_, e)| e.able(self.mono, due_runs));
        able.extend(engines.map(|(i, _)| Actor::Engine(i)));
        let dispatchers =
            self.dispatchers.iter().enumerate().filter(|(_, d)| d.able(self.mono, due_messages));
        able.extend(dispatchers.map(|(i, _)| Actor::Dispatcher(i)));
        if self.leases() && self.rescue_at <= self.mono {
            able.push(Actor::Rescuer);
        }
        let n = able.len();
        (n > 0).then(|| able.swap_remove(self.rng.below(n)))
    }

    fn leases(&self) -> bool {
        !(self.leased_runs.is_empty() && self.leased_messages.is_empty())
    }

    fn act(&mut self, actor: &Actor) {
        match *actor {
            Actor::External => {
                if let Some((_, event)) = self.external.pop_first() {
                    self.receive(event);
                }
            }
            Actor::Engine(i) => self.turn_engine(i),
            Actor::Dispatcher(i) => self.turn_dispatcher(i),
            Actor::Rescuer => {
                self.rescue_at = self.mono + RESCUE_EVERY;
                if self.fences.rescue {
                    self.rescue();
                }
                self.check_leases();
            }
        }
    }

    /// When something can happen next, in true time.
    fn next_time(&self) -> Option<Millis> {
        let true_time = |wall: Millis| wall - self.wall + self.mono;
        let runs = self.due_runs.first().map(|(at, _)| true_time(*at));
        let messages = self.due_messages.first().map(|(at, _)| true_time(*at));
        let external = self.external.first_key_value().map(|((at, _), _)| *at);
        let asleep = self.engines.iter().filter_map(|e| e.wakes(self.mono));
        let asleep = asleep.chain(self.dispatchers.iter().filter_map(|d| d.wakes(self.mono))).min();
        let rescue = self.leases().then_some(self.rescue_at);
        // What is due already waits for a worker that sleeps.
        [runs, messages, external, asleep, rescue].into_iter().flatten().filter(|at| *at > self.mono).min()
    }

    /// Plans an event of the outside world, in true time.
    pub fn plan(&mut self, at: Millis, event: External) {
        let n = self.external.len() as u64 + self.commits * 100_000;
        let mut key = (at, n);
        while self.external.contains_key(&key) {
            key.1 += 1;
        }
        self.external.insert(key, event);
    }
}
