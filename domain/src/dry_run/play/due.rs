//! What is due: carts to close or to judge, runs to step, messages to look at.

use super::{Due, Player, Queued, Run};
use crate::{
    cart::{Status, too_old},
    dry_run::{
        people::Sent,
        played::{Fate, PlayedMessage, Refused},
    },
    ids::VersionId,
    journey::{
        Effect, EndReason, Group, JourneyState, LOOK_BACK, PastEntries, RunContext, RunState, RunStatus,
        Transition, admit, keys, step,
    },
    last_look::{Addressee, Asker, Question, Verdict, look},
    time::Millis,
};
use std::cmp::Reverse;
use uuid::Uuid;

impl Player<'_> {
    pub(super) fn close(&mut self, cart: usize, now: Millis) {
        let at = self.carts[cart].closes_at(self.plan.settings);
        if at.is_some_and(|at| at <= now) {
            self.expire(cart, now);
        }
    }

    fn expire(&mut self, cart: usize, now: Millis) {
        let model = &mut self.carts[cart];
        let standing = &mut model.standing;
        (standing.status, standing.finished, standing.idle_at) = (Status::Expired, true, None);
        (model.changed, model.would_be_left) = (now, None);
        self.end_runs(cart, EndReason::Expired, now);
    }

    pub(super) fn judge(&mut self, cart: usize, now: Millis) {
        let since = self.plan.since;
        let model = &mut self.carts[cart];
        if model.would_be_left.is_some_and(|at| at <= now) {
            model.would_be_left = None;
            if now >= since {
                self.played.refused.push(Refused { cart: model.id, at: now, why: "excluded" });
            }
            return;
        }
        if model.standing.idle_at.is_none_or(|at| at > now) {
            return;
        }
        if too_old(model.activity, now, self.plan.settings) {
            return self.expire(cart, now);
        }
        let standing = &mut model.standing;
        (standing.status, standing.abandoned_at, standing.idle_at) = (Status::Abandoned, Some(now), None);
        let before = model.entries;
        (model.entries, model.changed) = (before + 1, now);
        let id = model.id;
        self.watch(cart, now);
        if now >= since {
            self.played.left.push((id, now));
            if let Err(why) = self.begin(cart, before, now) {
                self.played.refused.push(Refused { cart: id, at: now, why });
            }
        }
    }

    /// Begins a run, or says why not.
    fn begin(&mut self, cart: usize, before: u32, now: Millis) -> Result<(), &'static str> {
        if self.erased(now) || !self.reachable(now) {
            return Err("unreachable");
        }
        let plan = self.plan;
        let id = self.carts[cart].id;
        let facts = self.facts_of(cart, None, now);
        let mut past = PastEntries::default();
        for run in self.runs.iter().filter(|r| r.cart == cart && r.number < before.min(LOOK_BACK)) {
            past.of_cart += 1;
            past.running |= run.ended.is_none();
            past.last_of_cart = past.last_of_cart.max(Some(run.state.entered_at));
        }
        past.last_of_contact = self.runs.iter().map(|r| r.state.entered_at).max();
        let entry = admit(plan.definition, id, &facts, past, now).map_err(|no| no.as_str())?;
        let run_id = keys::run_id(plan.journey, &entry.entry_key);
        let state = RunState {
            store_id: plan.store,
            journey_id: plan.journey,
            version_id: VersionId(Uuid::nil()),
            run_id,
            contact_id: self.person.contact,
            cart_id: id,
            entry_key: entry.entry_key,
            node: plan.definition.start.clone(),
            visit: 0,
            status: RunStatus::Leased,
            wake_at: now,
            waiting_for: None,
            entered_at: now,
            context: RunContext::default(),
        };
        let run = Run { state, cart, number: past.of_cart, ended: None, held_out: None, sent: Vec::new() };
        self.due.push(Reverse((now, Due::Step(self.runs.len()))));
        self.runs.push(run);
        Ok(())
    }

    pub(super) fn step(&mut self, place: usize, now: Millis) {
        let run = &self.runs[place];
        if run.ended.is_some() || run.state.wake_at > now {
            return;
        }
        let facts = self.facts_of(run.cart, Some(run), now);
        let outcome = step(self.plan.definition, &run.state, &facts, now);
        self.played.steps += 1;
        for entry in outcome.trail {
            let enters = entry.enters();
            self.played.decisions.push((place, entry.node, entry.decision, enters));
        }
        let run = &mut self.runs[place];
        run.held_out = outcome.context.group.map(|g| g == Group::HeldOut).or(run.held_out);
        run.state.context = outcome.context;
        for effect in outcome.effects {
            self.carry_out(place, effect, now);
        }
        let run = &mut self.runs[place];
        match outcome.transition {
            Transition::Wait { node, visit, wake_at, wait_for } => {
                (run.state.node, run.state.visit) = (node, visit);
                (run.state.wake_at, run.state.waiting_for) = (wake_at, wait_for);
                self.due.push(Reverse((wake_at.max(now), Due::Step(place))));
            }
            Transition::End { node, reason } => {
                run.state.node = node;
                (run.ended, run.state.waiting_for) = (Some((now, reason)), None);
                if !reason.lets_go() {
                    self.cancel(|message| message.run == place, reason, now);
                }
            }
        }
    }

    fn carry_out(&mut self, run: usize, effect: Effect, now: Millis) {
        match effect {
            Effect::SendMessage { node, channel, content_class, purpose, send_key, .. } => {
                let cart = self.carts[self.runs[run].cart].id;
                self.due.push(Reverse((now, Due::Look(self.queued.len()))));
                let words = (channel, purpose, content_class);
                self.queued.push(Queued { words, created_at: now, next_at: now });
                let fate = Fate::Waiting;
                self.played.messages.push(PlayedMessage {
                    run,
                    cart,
                    node,
                    channel,
                    send_key,
                    fate,
                    at: now,
                });
            }
            Effect::UpdateContact { change } => {
                if !self.erased(now) {
                    change.apply(&mut self.facts.tags, &mut self.facts.traits);
                }
            }
            // Where a run waits stands in its state; groups and goals are read from it. No webhook is called: what its node
            // decided is counted with all decisions.
            Effect::CallWebhook { .. }
            | Effect::RegisterWait { .. }
            | Effect::ClearWaits
            | Effect::GoalReached { .. }
            | Effect::Exposure { .. } => {}
        }
    }

    pub(super) fn look(&mut self, place: usize, now: Millis) {
        let (queued, message) = (&self.queued[place], &self.played.messages[place]);
        if message.fate != Fate::Waiting || queued.next_at > now {
            return;
        }
        let run = &self.runs[message.run];
        let cart = &self.carts[run.cart];
        let (channel, ..) = queued.words;
        let sent_to: Vec<Millis> = self.sent_before(now).map(|sent| sent.at).collect();
        let id = cart.id.to_string();
        let question = Question {
            created_at: queued.created_at,
            held: false,
            words: Some(queued.words),
            run: Some(Asker {
                held_out: run.held_out,
                ended: run.ended.map(|(_, reason)| reason),
                entered_at: run.state.entered_at,
            }),
            journey: Some(JourneyState::Active),
            definition: Some(self.plan.definition),
            to: Some(Addressee {
                erased: self.erased(now),
                has_address: self.has_address(channel, cart.id, now),
                last_order_at: self.last_order_at,
                time_zone: self.person.time_zone.as_deref(),
            }),
            about: Some(Some(self.about(cart, &id, channel, now))),
            sent_to: &sent_to,
            being_told: false,
            settings: self.plan.settings,
        };
        let verdict = look(&question, |channel| self.recipient(channel, cart, &id, now), now);
        let (cart, run) = (run.cart, message.run);
        let fate = match verdict {
            Verdict::Later(after, _) => {
                let at = now.saturating_add(after.max(1));
                self.queued[place].next_at = at;
                self.due.push(Reverse((at, Due::Look(place))));
                return;
            }
            Verdict::Go(_) => {
                let about = Some(self.carts[cart].id);
                self.sent.push(Sent { at: now, cart: about, channel: self.queued[place].words.0 });
                let node = self.played.messages[place].node.clone();
                self.runs[run].sent.push(node);
                Fate::Sent
            }
            Verdict::Cancel(reason) => Fate::Cancelled(reason),
            Verdict::Suppress(reason, _) => Fate::Suppressed(reason),
        };
        let message = &mut self.played.messages[place];
        (message.fate, message.at) = (fate, now);
    }
}
