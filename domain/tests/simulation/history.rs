//! What the outside world does in one seed: carts are left, taken up, bought; people opt out; clocks step.

use crate::{
    generate::{Shape, journey},
    rng::Rng,
    tables::{Cart, Contact, Journey},
    world::World,
};
use cartwheel_domain::{
    event::CartKind,
    ids::{CartId, ContactId, JourneyId, StoreId},
    journey::{CartStatus, Definition, JourneyState, default_recovery_journey},
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};
use std::rc::Rc;
use uuid::Uuid;

/// Something that arrives. `id` is the source's: the second arrival of one id is dropped.
#[derive(Clone, Copy)]
pub enum External {
    /// The cart was judged left.
    Left { id: u64, cart: usize, source_at: Millis },
    /// The cart changed: the shopper is back.
    Changed { id: u64, cart: usize, source_at: Millis, value: i64 },
    /// An order for the cart.
    Order { id: u64, cart: usize },
    /// The contact says no.
    OptOut { id: u64, contact: usize },
    /// A person clicks in a message.
    Click { id: u64, message: usize },
    /// The cart is too old.
    Expire { cart: usize },
    /// The journey is paused or goes on.
    Pause { journey: usize, paused: bool },
    /// Somebody sets the clock.
    ClockStep { by: Millis },
}

fn uuid(rng: &mut Rng) -> Uuid {
    Uuid::from_u64_pair(rng.next(), rng.next())
}

/// Half of the seeds play the journey every store begins with, the others one nobody has thought of.
fn definition(rng: &mut Rng) -> Definition {
    if rng.chance(50) {
        default_recovery_journey()
    } else {
        journey(rng, Shape { nodes: 10, longest: 4 * 86_400, loops: 6 })
    }
}

/// Fills the tables and plans the events.
pub fn write(world: &mut World) {
    for _ in 0..2 {
        let (store, id) = (StoreId(uuid(&mut world.rng)), JourneyId(uuid(&mut world.rng)));
        let def = Rc::new(definition(&mut world.rng));
        world.journeys.push(Journey { store, id, def, state: JourneyState::Active });
    }
    for n in 0..160 {
        let consent = world.rng.chance(85).then_some(1000 + n as u64);
        let (store, id) = (world.journeys[n % 2].store, ContactId(uuid(&mut world.rng)));
        world.contacts.push(Contact { store, id, consent, withdrawn: None, orders: 0, last_order: None });
    }
    for _ in 0..200 + world.rng.below(20) {
        cart(world);
    }
    for journey in 0..world.journeys.len() {
        let at = world.rng.between(0, 30 * DAY);
        let until = at + world.rng.between(MINUTE, 3 * HOUR);
        world.plan(at, External::Pause { journey, paused: true });
        world.plan(until, External::Pause { journey, paused: false });
    }
    for _ in 0..world.rng.below(4) {
        let size = *world.rng.pick(&[SECOND, SECOND, MINUTE, HOUR, HOUR, DAY, 365 * DAY]);
        let by = if world.rng.chance(50) { size } else { -size };
        let at = world.rng.between(0, 32 * DAY);
        world.plan(at, External::ClockStep { by });
        if world.rng.chance(50) {
            let back = at + world.rng.between(SECOND, HOUR);
            world.plan(back, External::ClockStep { by: -by });
        }
    }
}

/// Delivers an event once or, now and then, up to five times, late and in any order.
fn deliver(world: &mut World, at: Millis, event: External) {
    world.plan(at, event);
    while world.rng.chance(15) {
        let late = if world.rng.chance(50) {
            world.rng.between(0, 10 * SECOND)
        } else {
            world.rng.between(0, 7 * DAY)
        };
        world.plan(at + late, event);
    }
}

fn cart(world: &mut World) {
    let index = world.carts.len();
    let contact = world.rng.below(world.contacts.len());
    let kind = *world.rng.pick(&[CartKind::Cart, CartKind::Cart, CartKind::Checkout, CartKind::Quote]);
    let id = CartId(uuid(&mut world.rng));
    let value = world.rng.between(500, 30_000);
    let excluded = world.rng.chance(3);
    world.carts.push(Cart {
        store: world.contacts[contact].store,
        id,
        journey: contact % 2,
        contact,
        kind,
        status: CartStatus::Active,
        excluded,
        value,
        newest: 0,
        finished: None,
        bought: false,
        abandonments: 0,
        runs: Vec::new(),
    });
    let left = world.rng.between(0, 30 * DAY);
    let id = |world: &mut World| world.rng.next();
    let event = External::Left { id: id(world), cart: index, source_at: left };
    deliver(world, left, event);
    world.plan(left + 30 * DAY, External::Expire { cart: index });
    if world.rng.chance(20) {
        let back = left + moment(&mut world.rng);
        let value = world.rng.between(500, 30_000);
        let event = External::Changed { id: id(world), cart: index, source_at: back, value };
        deliver(world, back, event);
        let again = back + world.rng.between(MINUTE, 2 * HOUR);
        let event = External::Left { id: id(world), cart: index, source_at: again };
        deliver(world, again, event);
    }
    if world.rng.chance(40) {
        let at = left + moment(&mut world.rng);
        let event = External::Order { id: id(world), cart: index };
        deliver(world, at, event);
    }
    if world.rng.chance(8) {
        let at = left + moment(&mut world.rng);
        let event = External::OptOut { id: id(world), contact };
        deliver(world, at, event);
    }
}

/// Some time after a cart was left; often the very moment when a step is due and a worker has the run.
fn moment(rng: &mut Rng) -> Millis {
    match rng.below(4) {
        0 => rng.between(0, 7 * DAY),
        1 => rng.between(0, 2 * HOUR),
        _ => *rng.pick(&[0, HOUR, DAY, 2 * DAY, 7 * DAY]) + rng.between(-100, 400).max(0),
    }
}
