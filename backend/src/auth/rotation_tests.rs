//! Refresh tokens in two hands: ten thousand histories of an owner and a thief, or of two tabs, with lost answers, second
//! tries, sign-outs and clocks that jump; and some at the same moment.

use super::{
    Sessions,
    session::{Granted, SignInError},
};
use crate::{
    db::Dialect,
    testing::{TestApp, database},
};
use cartwheel_domain::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use cartwheel_entity::{member, session};
use cartwheel_macros::db_test;
use futures_util::future::join_all;
use proptest::{
    prelude::{Strategy, any},
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// What somebody does.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// Renews with the newest token they have; the answer arrives or is lost.
    Renew { who: usize, lost: bool },
    /// Shows an older one they have.
    Old { who: usize, back: usize },
    /// Signs out with any they have.
    SignOut { who: usize, back: usize },
    /// The clock goes on, or back.
    Clock(Millis),
}

#[derive(Debug, Clone)]
struct History {
    /// Whether both look into one jar, as two tabs do; else each has their own, and began with the same token.
    tabs: bool,
    moves: Vec<Move>,
}

fn histories() -> impl Strategy<Value = History> {
    let steps = vec![
        0,
        1,
        SECOND,
        9_999,
        10_000,
        10_001,
        11 * SECOND,
        MINUTE,
        6 * MINUTE,
        DAY,
        -1,
        -5 * SECOND,
        -HOUR,
    ];
    let rare = vec![30 * DAY - 1, 30 * DAY, 31 * DAY, -31 * DAY];
    let one = proptest::prop_oneof![
        10 => (0..2_usize, any::<bool>()).prop_map(|(who, lost)| Move::Renew { who, lost }),
        2 => (0..2_usize, 1..4_usize).prop_map(|(who, back)| Move::Old { who, back }),
        1 => (0..2_usize, 0..3_usize).prop_map(|(who, back)| Move::SignOut { who, back }),
        8 => select(steps).prop_map(Move::Clock),
        1 => select(rare).prop_map(Move::Clock),
    ];
    (any::<bool>(), proptest::collection::vec(one, 3..10)).prop_map(|(tabs, moves)| History { tabs, moves })
}

/// A renewal that went through.
struct Renewed {
    by: String,
    at: Millis,
    gave: String,
}

/// A family of tokens as the rules have it, told by what happened alone.
struct Family {
    first: String,
    opened: Millis,
    renewals: Vec<Renewed>,
    over: bool,
}

impl Family {
    fn newest(&self) -> &str {
        self.renewals.last().map_or(&self.first, |r| &r.gave)
    }

    fn expired(&self, now: Millis) -> bool {
        self.renewals.last().map_or(self.opened, |r| r.at) + 30 * DAY <= now
    }

    /// Whether a token is good now. The newest is; so is the one it was given for, once more, for ten seconds.
    fn good(&self, token: &str, now: Millis) -> bool {
        let used = self.renewals.iter().filter(|r| r.by == token).count();
        let lost = self
            .renewals
            .last()
            .is_some_and(|r| r.by == token && used == 1 && (0..=10 * SECOND).contains(&(now - r.at)));
        !self.over && !self.expired(now) && (token == self.newest() || lost)
    }
}

/// What many histories came to.
#[derive(Default, Debug)]
struct Told {
    renewals: usize,
    asked_again: usize,
    thefts: usize,
    signed_out: usize,
    expired: usize,
}

struct Play<'a> {
    app: &'a TestApp,
    sessions: &'a Sessions,
    family: Family,
    access: Vec<String>,
    told: &'a mut Told,
}

impl Play<'_> {
    /// Shows a token, and compares what comes of it with the rules.
    async fn renew(&mut self, token: &str) -> Option<String> {
        let now = self.app.env().now();
        let family = &mut self.family;
        let (good, expired) = (family.good(token, now), family.expired(now));
        let again = good && token != family.newest();
        let granted = match self.sessions.refresh(token).await {
            Ok(granted) => Some(granted),
            Err(SignInError::Over) => None,
            Err(e) => panic!("{e}"),
        };
        assert_eq!(granted.is_some(), good, "again: {again}, expired: {expired}, over: {}", family.over);
        let Some(granted) = granted else {
            if !family.over && !expired {
                family.over = true;
                self.told.thefts += 1;
            } else if !family.over {
                self.told.expired += 1;
            }
            return None;
        };
        self.told.renewals += 1;
        self.told.asked_again += usize::from(again);
        family.renewals.push(Renewed { by: token.to_owned(), at: now, gave: granted.refresh_token.clone() });
        self.access.push(granted.access_token);
        Some(granted.refresh_token)
    }

    async fn play(&mut self, history: &History) {
        let mut jars = [vec![self.family.first.clone()], vec![self.family.first.clone()]];
        let jar = |who: usize| if history.tabs { 0 } else { who };
        let mut after = 0;
        for step in &history.moves {
            // It stays over; two more moves would show it if not.
            after += usize::from(self.family.over);
            if after > 2 {
                break;
            }
            match *step {
                Move::Renew { who, lost } => {
                    let token = jars[jar(who)].last().cloned().expect("a token");
                    if let Some(new) = self.renew(&token).await
                        && !lost
                    {
                        jars[jar(who)].push(new);
                    }
                }
                Move::Old { who, back } => {
                    let held = &jars[jar(who)];
                    let token = held[held.len().saturating_sub(1 + back)].clone();
                    self.renew(&token).await;
                }
                Move::SignOut { who, back } => {
                    let held = &jars[jar(who)];
                    let token = held[held.len().saturating_sub(1 + back)].clone();
                    self.sessions.sign_out(&token).await.expect("out");
                    self.told.signed_out += usize::from(!self.family.over);
                    self.family.over = true;
                }
                Move::Clock(by) => self.app.clock().advance(by),
            }
        }
        self.end(&jars, history.tabs).await;
    }

    /// Both show what they have, out of the time in which an answer may be asked for again: whoever comes second ends it for both.
    async fn end(&mut self, jars: &[Vec<String>; 2], tabs: bool) {
        let mut through = 0;
        for jar in jars.iter().take(if tabs || self.family.over { 1 } else { 2 }) {
            self.app.clock().advance(11 * SECOND);
            let token = jar.last().cloned().expect("a token");
            through += usize::from(self.renew(&token).await.is_some());
        }
        assert!(through <= 1, "two branches live");
        if !tabs && !self.family.expired(self.app.env().now()) {
            assert!(self.family.over, "two hands, and the family lives");
        }
        for token in self.access.iter().rev().take(usize::from(self.family.over)) {
            assert!(
                self.sessions.authenticate(token).await.expect("asked").is_none(),
                "an access token lives on"
            );
        }
    }
}

/// Sessions, without their passwords being hashed for each.
async fn opened(app: &TestApp, sessions: &Sessions, many: usize) -> Vec<Granted> {
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let row = system.find::<member::Entity>().one(system.on()).await.expect("asked").expect("the owner");
    let mut granted = Vec::with_capacity(many);
    for _ in 0..many {
        granted.push(sessions.open(&system, &row, "test", false).await.expect("opened"));
    }
    tx.commit().await.expect("committed");
    granted
}

#[db_test]
async fn of_two_hands_one_holds_the_session(app: TestApp) {
    let home = match app.db().dialect() {
        Dialect::Sqlite => Some(database::sqlite_in_memory().await),
        Dialect::Postgres => None,
    };
    let app = home.as_ref().map_or(app, |home| TestApp::new(home.db.clone()));
    app.store("a").await;
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    let many = if app.db().dialect() == Dialect::Sqlite { 10_000 } else { 500 };
    let mut told = Told::default();
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[6; 32]));
    let strategy = histories();
    for batch in 0..many / 100 {
        let begun = app.env().now();
        for (n, granted) in opened(&app, &sessions, 100).await.into_iter().enumerate() {
            app.clock().set(begun);
            let history = strategy.new_tree(&mut runner).expect("a history").current();
            let family =
                Family { first: granted.refresh_token, opened: begun, renewals: Vec::new(), over: false };
            let access = vec![granted.access_token];
            let mut play = Play { app: &app, sessions: &sessions, family, access, told: &mut told };
            let failed = std::panic::AssertUnwindSafe(play.play(&history));
            if let Err(why) = futures_util::FutureExt::catch_unwind(failed).await {
                println!("history {n} of batch {batch}: {history:#?}");
                std::panic::resume_unwind(why);
            }
        }
    }
    println!("rotation: {many} histories, {told:?}");
    assert!(told.renewals > many && told.asked_again > many / 10, "{told:?}");
    assert!(told.thefts > many / 3 && told.signed_out > many / 50 && told.expired > many / 200, "{told:?}");
}

/// At the very same moment: of many that show one token two are answered, as for a lost answer, and the third ends the family.
#[db_test]
async fn at_the_same_moment_too(app: TestApp) {
    app.store("a").await;
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    for (n, granted) in opened(&app, &sessions, 40).await.into_iter().enumerate() {
        let hands = 2 + n % 7;
        let ask = |token: String| {
            let sessions = sessions.clone();
            tokio::spawn(async move { sessions.refresh(&token).await })
        };
        let answers = join_all((0..hands).map(|_| ask(granted.refresh_token.clone()))).await;
        let answers: Vec<_> = answers.into_iter().map(|a| a.expect("no panic")).collect();
        let good: Vec<&Granted> = answers.iter().filter_map(|a| a.as_ref().ok()).collect();
        assert_eq!(good.len(), 2, "{hands} hands");
        assert!(answers.iter().all(|a| matches!(a, Ok(_) | Err(SignInError::Over))));
        // Both were answered, one branch lives: the two go on at once, and it is over.
        let tokens: Vec<String> = good.iter().map(|g| g.refresh_token.clone()).collect();
        let on = join_all(tokens.into_iter().map(ask)).await;
        let lived = on.iter().filter(|a| matches!(a, Ok(Ok(_)))).count();
        assert!(lived <= usize::from(hands == 2), "{lived} of {hands}");
        for granted in &good {
            assert!(sessions.authenticate(&granted.access_token).await.expect("asked").is_none());
        }
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<session::Entity>().all(system.on()).await.expect("sessions");
    assert!(rows.len() == 40 && rows.iter().all(|row| row.ended_at.is_some()), "none is left");
}
