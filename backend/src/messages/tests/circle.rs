//! A no to one store of an agency, and the hand-overs of another: where both merchants said so, and nowhere else.

use super::*;
use crate::{
    accounts::team::{circles, guests},
    consent::{circle, ledger},
    db::{Dialect, OrganisationScope, Role},
    messages::cancel,
    privacy::{self, Why},
    testing::{TestStore, database, logs::Logs},
};
use cartwheel_domain::{
    consent::{Method, Purpose, ledger::Action},
    ids::{ContactId, MessageId, OrganisationId},
};
use cartwheel_entity::{circle_entry, circle_member, circle_seat, contact, message, organisation};
use sea_orm::{ActiveValue::Set, ConnectionTrait, Statement, sea_query::Expr};

mod many;

/// Two stores of two merchants, both open to an agency. The first is the one people say no to.
pub(super) struct Pair {
    pub app: TestApp,
    pub agency: OrganisationId,
    pub told: TestStore,
    pub flow: Flow,
}

pub(super) async fn agency(app: &TestApp, name: &str) -> OrganisationId {
    let id = app.store(name).await.keys.organisation_id;
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let change = system.update::<organisation::Entity>();
    let change = change.col_expr(organisation::Column::Kind, Expr::value("agency"));
    change.filter(organisation::Column::Id.eq(id.uuid())).exec(system.on()).await.expect("an agency");
    tx.commit().await.expect("committed");
    id
}

pub(super) async fn open(app: &TestApp, store: &TestStore, agency: OrganisationId, ends_at: Option<i64>) {
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let mut tx = app.db().write().await.expect("a transaction");
    let which = (agency, store.id());
    guests::give(&mut tx, app.env(), &owner, which, Role::Editor, ends_at).await.expect("opened");
    tx.commit().await.expect("committed");
}

pub(super) async fn join(app: &TestApp, store: &TestStore, agency: OrganisationId) {
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let mut tx = app.db().write().await.expect("a transaction");
    circles::join(&mut tx, app.env(), &owner, (agency, store.id()), circles::TERMS).await.expect("in");
    tx.commit().await.expect("committed");
}

async fn leave(app: &TestApp, store: &TestStore, agency: OrganisationId) {
    let owner = OrganisationScope::system(store.keys.organisation_id);
    let mut tx = app.db().write().await.expect("a transaction");
    circles::leave(&mut tx, app.env(), &owner, (agency, store.id())).await.expect("out");
    tx.commit().await.expect("committed");
}

pub(super) async fn suppress(app: &TestApp, store: &TestStore, email: &str, reason: SuppressionReason) {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let at = (Channel::Email, email);
    suppression::suppress(&scoped, app.env(), &app.master_key(), at, reason, None).await.expect("suppressed");
    tx.commit().await.expect("committed");
}

async fn entries(app: &TestApp) -> Vec<circle_entry::Model> {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    system.find::<circle_entry::Entity>().all(system.on()).await.expect("rows")
}

impl Pair {
    /// Open to one agency, and nobody shares anything.
    pub async fn apart(app: &TestApp) -> Self {
        // Another each time, so that a test may begin anew.
        let agency = agency(app, &format!("agency-{}", app.env().uuid().simple())).await;
        let told = app.store("told").await;
        let flow = Flow::new(app, Fake::forgetful()).await;
        for store in [&told, &flow.store] {
            open(app, store, agency, None).await;
        }
        Self { app: app.clone(), agency, told, flow }
    }

    pub async fn joined(app: &TestApp) -> Self {
        let pair = Self::apart(app).await;
        join(app, &pair.told, pair.agency).await;
        join(app, &pair.flow.store, pair.agency).await;
        while circle::fill(app.db(), app.env(), &app.master_key()).await.expect("filled") {}
        pair
    }

    /// A message to somebody that is queued and due.
    async fn queued(&self, email: &str) -> ContactId {
        let (who, _) = self.flow.left(email).await;
        self.flow.drain().await;
        self.app.clock().advance(HOUR + MINUTE);
        while self.flow.engine().tick().await.expect("a pass").claimed > 0 {}
        let queued =
            self.flow.messages().await.into_iter().any(|m| m.contact_id == who.uuid() && m.status == QUEUED);
        assert!(queued, "it waits for its hand-over");
        who
    }

    /// What became of the last message to somebody, and by which rule.
    async fn outcome(&self, who: ContactId) -> (i32, Option<String>) {
        self.flow.drain().await;
        let all = self.flow.messages().await;
        let last = all.into_iter().rfind(|m| m.contact_id == who.uuid()).expect("a message");
        (last.status, last.reason)
    }
}

fn stopped() -> (i32, Option<String>) {
    (SUPPRESSED, Some("any.suppressed-circle".into()))
}

/// What is sent loses its reason.
fn sent() -> (i32, Option<String>) {
    (SENT, None)
}

#[db_test]
async fn a_no_to_one_store_stops_the_next_hand_over_of_the_other(app: TestApp) {
    let pair = Pair::joined(&app).await;
    for reason in SuppressionReason::ALL {
        let email = format!("{reason}@example.com");
        let who = pair.queued(&email).await;
        suppress(&app, &pair.told, &email, *reason).await;
        assert_eq!(pair.outcome(who).await, stopped(), "{reason}");
    }
    let other = pair.queued("other@example.com").await;
    assert_eq!(pair.outcome(other).await, sent());
    let refused =
        pair.flow.messages().await.into_iter().find(|m| m.status == SUPPRESSED).and_then(|m| m.refusal);
    let refused = refused.expect("why").to_string();
    for secret in [pair.told.id().to_string(), "bounced".into(), "told".into()] {
        assert!(!refused.contains(&secret), "{refused} tells {secret}");
    }
    pair.flow.assert_sound().await;
}

/// Each of the two has to say so itself; that the other does changes nothing.
#[db_test]
async fn one_yes_alone_shares_nothing(app: TestApp) {
    for (teller, hearer) in [(false, false), (true, false), (false, true)] {
        let pair = Pair::apart(&app).await;
        if teller {
            join(&app, &pair.told, pair.agency).await;
        }
        if hearer {
            join(&app, &pair.flow.store, pair.agency).await;
        }
        let who = pair.queued("ann@example.com").await;
        suppress(&app, &pair.told, "ann@example.com", SuppressionReason::Complaint).await;
        assert_eq!(pair.outcome(who).await, sent(), "{teller} {hearer}");
    }
}

/// Leaving, closing the store, and the end of an opening: each at once, on either side, and for good.
#[db_test]
async fn what_ends_ends_at_once(app: TestApp) {
    for of_teller in [true, false] {
        for how in ["left", "closed", "ended", "given back"] {
            let pair = Pair::joined(&app).await;
            let email = format!("{}@example.com", how.replace(' ', "."));
            let before = pair.queued(&email).await;
            suppress(&app, &pair.told, &email, SuppressionReason::Complaint).await;
            assert_eq!(pair.outcome(before).await, stopped());

            let store = if of_teller { &pair.told } else { &pair.flow.store };
            match how {
                "left" => leave(&app, store, pair.agency).await,
                "ended" => {
                    // The opening is changed and keeps what was said; then its end comes.
                    open(&app, store, pair.agency, Some(app.env().now() + MINUTE)).await;
                    app.clock().advance(MINUTE);
                }
                _ => {
                    let host = OrganisationScope::system(store.keys.organisation_id);
                    let guest = OrganisationScope::system(pair.agency);
                    let mut tx = app.db().write().await.expect("a transaction");
                    match how {
                        "closed" => guests::close(&mut tx, app.env(), &host, (pair.agency, store.id())).await,
                        _ => guests::leave(&mut tx, app.env(), &guest, store.id()).await,
                    }
                    .expect("closed");
                    tx.commit().await.expect("committed");
                }
            }
            pair.flow.leave(before).await;
            app.clock().advance(2 * DAY);
            assert_eq!(pair.outcome(before).await, sent(), "{how} {of_teller}");
            while circle::clear(app.db(), app.env()).await.expect("cleared") {}
            let kept = entries(&app).await.into_iter().filter(|e| e.agency_id == pair.agency.uuid()).count();
            assert_eq!(kept, usize::from(!of_teller), "{how}: what it shared is taken away");

            // Opened anew, it begins anew: nobody has said that it shares.
            open(&app, store, pair.agency, None).await;
            pair.flow.leave(before).await;
            app.clock().advance(2 * DAY);
            assert_eq!(pair.outcome(before).await, sent(), "{how} {of_teller}, opened anew");
        }
    }
}

/// An opening that is changed while it lasts does not end what was said.
#[db_test]
async fn another_role_for_the_agency_changes_nothing(app: TestApp) {
    let pair = Pair::joined(&app).await;
    for store in [&pair.told, &pair.flow.store] {
        open(&app, store, pair.agency, Some(app.env().now() + 30 * DAY)).await;
    }
    let who = pair.queued("ann@example.com").await;
    suppress(&app, &pair.told, "ann@example.com", SuppressionReason::Unsubscribed).await;
    assert_eq!(pair.outcome(who).await, stopped());
}

#[db_test]
async fn who_asked_this_store_anew_hears_from_it_unless_the_mailbox_complained(app: TestApp) {
    let pair = Pair::joined(&app).await;
    for (reason, after, expected) in [
        (SuppressionReason::Unsubscribed, true, sent()),
        (SuppressionReason::Unsubscribed, false, stopped()),
        (SuppressionReason::Complaint, true, stopped()),
        (SuppressionReason::HardBounce, true, stopped()),
    ] {
        let email = format!("{reason}.{after}@example.com");
        let who = pair.queued(&email).await;
        let ask = async || {
            let mut tx = app.db().write().await.expect("a transaction");
            let scoped = tx.enter(&pair.flow.store.scope()).await.expect("the store");
            let said = ledger::Said {
                contact: who,
                channel: Channel::Email,
                purpose: Purpose::CartEmail,
                action: Action::Given,
                method: Method::Checkbox.as_str().into(),
                occurred_at: app.env().now(),
                wording: Some("Yes, remind me".into()),
                place: None,
                evidence: serde_json::json!({}),
            };
            ledger::append(&scoped, app.env(), vec![said]).await.expect("written");
            tx.commit().await.expect("committed");
            app.clock().advance(1);
        };
        if !after {
            ask().await;
        }
        suppress(&app, &pair.told, &email, reason).await;
        app.clock().advance(1);
        if after {
            ask().await;
        }
        assert_eq!(pair.outcome(who).await, expected, "{reason} {after}");
    }
}

/// What a store had suppressed before it joined is added in pages, and what is taken back goes; another agency hears nothing.
#[db_test]
async fn what_was_before_is_added_and_what_is_taken_back_goes(app: TestApp) {
    let pair = Pair::apart(&app).await;
    let (key, n) = (app.master_key(), 1_203);
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&pair.told.scope()).await.expect("the store");
    let (mut people, mut names) = (Vec::new(), Vec::new());
    for i in 0..n {
        let (id, now) = (app.env().id::<ContactId>().uuid(), app.env().now());
        let email = format!("p{i}@example.com");
        people.push(contact::ActiveModel {
            store_id: Set(pair.told.id().uuid()),
            id: Set(id),
            email: Set(Some(email.clone())),
            traits: Set(serde_json::json!({})),
            tags: Set(serde_json::json!([])),
            bot: Set(false),
            test: Set(false),
            staff: Set(false),
            orders_count: Set(0),
            created_at: Set(now),
            last_seen_at: Set(now),
            ..Default::default()
        });
        names.push(cartwheel_entity::contact_identity::ActiveModel {
            store_id: Set(pair.told.id().uuid()),
            kind: Set("email".into()),
            value: Set(email),
            contact_id: Set(id),
        });
    }
    scoped.insert::<contact::Entity>(people).await.expect("people");
    scoped.insert::<cartwheel_entity::contact_identity::Entity>(names).await.expect("names");
    for i in (0..n).step_by(2) {
        let at = (Channel::Email, format!("p{i}@example.com"));
        let reason = SuppressionReason::Unsubscribed;
        suppression::suppress(&scoped, app.env(), &key, (at.0, &at.1), reason, None).await.expect("written");
    }
    tx.commit().await.expect("committed");
    assert_eq!(entries(&app).await.len(), 0, "nothing is shared that nobody said is");
    let who = pair.queued("p1202@example.com").await;

    join(&app, &pair.flow.store, pair.agency).await;
    join(&app, &pair.told, pair.agency).await;
    let mut passes = 0;
    while circle::fill(app.db(), app.env(), &key).await.expect("filled") {
        passes += 1;
    }
    assert_eq!(
        (entries(&app).await.len(), passes),
        (602, 3 + 1),
        "three pages of this store, one of the other"
    );
    assert_eq!(pair.outcome(who).await, stopped());
    let state = async |store: &TestStore| {
        let owner = OrganisationScope::system(store.keys.organisation_id);
        let mut tx = app.db().read().await.expect("a transaction");
        let all = circles::of_host(&mut tx, app.env(), &owner).await.expect("listed");
        all.into_iter().map(|s| (s.shared, s.row.filled_at.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(
        (state(&pair.told).await, state(&pair.flow.store).await),
        (vec![(602, true)], vec![(0, true)])
    );

    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&pair.told.scope()).await.expect("the store");
    let at = (Channel::Email, "p1202@example.com");
    assert!(suppression::lift(&scoped, app.env(), &key, at).await.expect("lifted"));
    tx.commit().await.expect("committed");
    assert_eq!(state(&pair.told).await, [(601, true)]);
    pair.flow.leave(who).await;
    app.clock().advance(2 * DAY);
    assert_eq!(pair.outcome(who).await, sent());
}

/// Who is erased at one store stays a hash in the circle, as in the store; what was graver is not softened.
#[db_test]
async fn an_erasure_keeps_the_hash_alone(app: TestApp) {
    let pair = Pair::joined(&app).await;
    for (email, before) in
        [("ann@example.com", None), ("ben@example.com", Some(SuppressionReason::Complaint))]
    {
        let there = pair.told.contact(email).await;
        if let Some(reason) = before {
            suppress(&app, &pair.told, email, reason).await;
        }
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&pair.told.scope()).await.expect("the store");
        let key = app.master_key();
        privacy::erase_contacts(&scoped, app.env(), &key, &[there.uuid()], Why::Asked).await.expect("erased");
        tx.commit().await.expect("committed");
        let hash = key.circle_hash(pair.agency, "email", email);
        let kept = entries(&app).await.into_iter().find(|e| e.address_hash == hash).expect("an entry");
        assert_eq!(kept.reason, before.map_or("erased", SuppressionReason::as_str));
        let who = pair.queued(email).await;
        assert_eq!(pair.outcome(who).await, stopped());
    }
}

/// The people of a store that is gone from its platform have said nothing to anybody.
#[db_test]
async fn a_store_that_goes_tells_nobody_of_its_customers(app: TestApp) {
    let pair = Pair::joined(&app).await;
    let there = pair.told.contact("ann@example.com").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&pair.told.scope()).await.expect("the store");
    privacy::erase_contacts(&scoped, app.env(), &app.master_key(), &[there.uuid()], Why::StoreGone)
        .await
        .expect("erased");
    tx.commit().await.expect("committed");
    assert_eq!(entries(&app).await.len(), 0);
    let who = pair.queued("ann@example.com").await;
    assert_eq!(pair.outcome(who).await, sent());
}

/// Who had left when the backup was put in place has left; who had not shares what it knows again.
#[db_test]
async fn a_backup_brings_nobody_back_who_has_left(app: TestApp) {
    let pair = Pair::joined(&app).await;
    for email in ["ann@example.com", "ben@example.com"] {
        suppress(&app, &pair.told, email, SuppressionReason::Complaint).await;
        pair.told.contact(email).await;
    }
    // The entries are of after the backup.
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    system.delete::<circle_entry::Entity>().exec(system.on()).await.expect("gone");
    tx.commit().await.expect("committed");
    cancel::after_restore(app.db(), app.env().now()).await.expect("stopped");
    cancel::keep_noes(app.db(), app.db()).await.expect("kept");
    while circle::fill(app.db(), app.env(), &app.master_key()).await.expect("filled") {}
    assert_eq!(entries(&app).await.len(), 2);
    let ann = pair.queued("ann@example.com").await;
    assert_eq!(pair.outcome(ann).await, stopped());

    let before = database::sqlite().await;
    cancel::keep_noes(&before.db, app.db()).await.expect("kept");
    let ben = pair.queued("ben@example.com").await;
    assert_eq!(pair.outcome(ben).await, sent());
    while circle::clear(app.db(), app.env()).await.expect("cleared") {}
    assert_eq!(entries(&app).await.len(), 0);
}

/// No address anywhere: not in the tables, not in what is logged, not in what is said when the database refuses.
#[db_test]
async fn what_is_shared_names_nobody(app: TestApp) {
    let logs = Logs::begin();
    let pair = Pair::joined(&app).await;
    let email = "nobody.knows@canary.example";
    suppress(&app, &pair.told, email, SuppressionReason::Complaint).await;
    let row = entries(&app).await.pop().expect("an entry");
    let (key, other) = (app.master_key(), agency(&app, "another").await);
    let hashes = [
        key.circle_hash(pair.agency, "email", email),
        key.circle_hash(other, "email", email),
        key.circle_hash(pair.agency, "sms", email),
        key.address_hash(pair.told.id(), "email", email),
        key.address_hash(pair.flow.store.id(), "email", email),
    ];
    assert_eq!(row.address_hash, hashes[0]);
    let different: std::collections::HashSet<_> = hashes.iter().collect();
    assert_eq!(different.len(), 5, "circles cannot be compared, nor a circle with a store");
    assert_ne!(row.seat_id, pair.told.id().uuid());
    let dump = database::dump(app.db()).await;
    for secret in ["nobody.knows", "canary.example"] {
        assert!(!dump.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is kept");
        assert!(!logs.text().contains(secret), "{secret} is logged");
    }
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&pair.told.scope()).await.expect("the store");
    let circle = scoped.circles(app.env().now()).await.expect("asked").pop().expect("a circle");
    let stray = circle_entry::Model { seat_id: uuid::Uuid::from_u128(7), ..row };
    let refused = circle
        .put::<circle_entry::Entity>(vec![sea_orm::IntoActiveModel::into_active_model(stray)], &[], &[])
        .await;
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "Custom Error: a row of another seat was about to be written"
    );
}

/// A store reads the rows of its circles and writes those of its own seat; whoever is in none, or in another agency's, sees nothing.
/// On PostgreSQL the database says so itself, on SQLite the types do.
#[db_test]
#[expect(clippy::disallowed_methods, reason = "takes the first fence away on purpose")]
async fn the_database_shows_a_circle_to_its_own_stores_alone(app: TestApp) {
    use sea_orm::EntityTrait;
    let pair = Pair::joined(&app).await;
    suppress(&app, &pair.told, "ann@example.com", SuppressionReason::Complaint).await;
    let foreign = Pair::joined(&app).await;
    let outside = app.store("outside").await;
    let fenced = app.db().dialect() == Dialect::Postgres;
    for (store, circles, seen) in
        [(&pair.told, 1, 1), (&pair.flow.store, 1, 1), (&foreign.told, 1, 0), (&outside, 0, 0)]
    {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        let mine = scoped.circles(app.env().now()).await.expect("asked");
        assert_eq!(mine.len(), circles);
        for circle in &mine {
            assert_eq!(circle.find::<circle_entry::Entity>().count(scoped.on()).await.expect("count"), seen);
        }
        if !fenced {
            continue;
        }
        let on = scoped.on();
        assert_eq!(circle_entry::Entity::find().count(on).await.expect("count"), seen);
        let seats = 2 * u64::try_from(circles).expect("few");
        assert_eq!(circle_seat::Entity::find().count(on).await.expect("count"), seats);
        assert_eq!(circle_member::Entity::find().count(on).await.expect("count"), circles as u64);
        // What is another's is read and not changed; nothing is written in its name.
        let own = u64::from(store.id() == pair.told.id());
        let change =
            circle_entry::Entity::update_many().col_expr(circle_entry::Column::SaidAt, Expr::value(1));
        assert_eq!(change.exec(on).await.expect("changed").rows_affected, own);
        let gone = circle_entry::Entity::delete_many().exec(on).await.expect("deleted");
        assert_eq!(gone.rows_affected, own);
        let forged = format!(
            "INSERT INTO circle_entry (agency_id, address_hash, seat_id, reason, said_at) \
             SELECT '{}', 'x', '{}', 'manual', 1",
            pair.agency.uuid(),
            uuid::Uuid::from_u128(1)
        );
        assert!(
            on.execute_unprepared(&forged)
                .await
                .expect_err("refused")
                .to_string()
                .contains("row-level security")
        );
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let scope = OrganisationScope::system(pair.agency);
    let agency = tx.organisation(&scope).await.expect("the agency");
    let seen = circle_entry::Entity::find().count(agency.on()).await.expect("count");
    assert_eq!(seen, if fenced { 0 } else { 1 }, "nor does the agency");
}

/// The message of a store to somebody, sent long ago: what its link says no for.
pub(super) async fn old_message(pair: &Pair, email: &str) -> MessageId {
    let (app, who) = (&pair.app, pair.told.contact(email).await);
    let (id, now): (MessageId, _) = (app.env().id(), app.env().now());
    let row = message::ActiveModel {
        store_id: Set(pair.told.id().uuid()),
        id: Set(id.uuid()),
        send_key: Set(id.to_string()),
        node: Set("mail_1".into()),
        contact_id: Set(who.uuid()),
        channel: Set("email".into()),
        purpose: Set(Purpose::CartEmail.as_str().into()),
        content_class: Set("informational".into()),
        template_key: Set("recovery_1".into()),
        status: Set(SENT),
        next_at: Set(now),
        epoch: Set(1),
        attempt: Set(1),
        lane: Set(0),
        created_at: Set(now),
        ..Default::default()
    };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&pair.told.scope()).await.expect("the store");
    scoped.insert::<message::Entity>(vec![row]).await.expect("a message");
    tx.commit().await.expect("committed");
    id
}
