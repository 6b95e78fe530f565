//! The step: from where a run rests to where it rests next, through everything that takes no time.

use super::{
    choice,
    definition::Definition,
    evaluate::{Check, evaluate},
    keys,
    node::{self, Awaited, Node},
    node_id::NodeId,
    outcome::{Effect, EndReason, Outcome, Transition},
    state::{CartStatus, Facts, Group, JourneyState, RunContext, RunState, WaitingFor},
    trail::{Decision, TrailEntry},
};
use crate::{
    event::CartKind,
    schedule::{next_local, next_weekday},
    time::{MINUTE, Millis, SECOND},
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// A run that comes to one node more often than this is ended: a loop through waits is allowed, for ever is not.
pub const EXIT_LIMIT_VISITS: u32 = 100;

/// How long a message is put off while the shopper is in the shop.
pub const PUT_OFF: Millis = 30 * MINUTE;

/// When a run of a paused journey is looked at again.
pub const PAUSE_RECHECK: Millis = 15 * MINUTE;

/// As far from 1970 as local times are reckoned with: some 250,000 years.
const FURTHEST: Millis = 8_000_000_000_000_000;

/// Lateness up to here is taken off the next wait, but never more than a twentieth of it.
const FORGIVEN: Millis = 15 * MINUTE;

/// Moves a run on. Pure: equal arguments, equal answer; bounded by the number of nodes; never panics, whatever the graph.
///
/// A run that is not due stays as it is, with nothing to do and nothing on the trail. Whether the run may be moved
/// at all (status, lease, epoch) is the claim's business.
pub fn step(def: &Definition, run: &RunState, facts: &Facts, now: Millis) -> Outcome {
    let mut walk = Walk {
        def,
        run,
        facts: Cow::Borrowed(facts),
        now,
        context: run.context.clone(),
        effects: Vec::new(),
        trail: Vec::new(),
        planned: None,
    };
    let transition = walk.go();
    let rests_as_before = matches!(&transition, Transition::Wait { wait_for: Some(w), .. } if Some(w) == run.waiting_for.as_ref());
    if run.waiting_for.is_some() && !rests_as_before {
        // Before a new registration, never after it.
        walk.effects.insert(0, Effect::ClearWaits);
    }
    Outcome { transition, context: walk.context, effects: walk.effects, trail: walk.trail }
}

struct Walk<'a> {
    def: &'a Definition,
    run: &'a RunState,
    /// As they were loaded, with what this very step has written down since.
    facts: Cow<'a, Facts>,
    now: Millis,
    context: RunContext,
    effects: Vec<Effect>,
    trail: Vec<TrailEntry>,
    /// When the run should have come here, if a clock decided that; lateness is taken off the next wait.
    planned: Option<Millis>,
}

/// What a node decided.
enum Way {
    On(NodeId),
    Stop(Transition),
}

impl Walk<'_> {
    fn go(&mut self) -> Transition {
        if let Some(reason) = self.over() {
            return self.end(&self.run.node.clone(), self.run.visit, reason);
        }
        if self.facts.journey == JourneyState::Paused {
            return self.stay(self.now.saturating_add(PAUSE_RECHECK));
        }
        let mut at = match self.resume() {
            Way::On(next) => next,
            Way::Stop(transition) => return transition,
        };
        // A valid graph has no loop without a rest, so no node is passed twice.
        for _ in 0..=self.def.nodes.len() {
            match self.arrive(&at) {
                Way::On(next) => at = next,
                Way::Stop(transition) => return transition,
            }
        }
        self.end(&at, 0, EndReason::LoopLimit)
    }

    /// Reasons that end a run wherever it is.
    fn over(&self) -> Option<EndReason> {
        let cart = &self.facts.cart;
        let purchase_ends = cart.kind != CartKind::Quote || self.def.settings.exit_on_purchase;
        if self.facts.contact.erased {
            Some(EndReason::Erased)
        } else if cart.excluded {
            Some(EndReason::Excluded)
        } else if cart.status == CartStatus::Expired {
            Some(EndReason::Expired)
        } else if purchase_ends && cart.status == CartStatus::Recovered {
            Some(EndReason::Recovered)
        } else if purchase_ends && cart.status == CartStatus::Converted {
            Some(EndReason::Converted)
        } else if purchase_ends && self.facts.ordered_since_entry {
            Some(EndReason::Ordered)
        } else if self.facts.journey == JourneyState::Off {
            Some(EndReason::JourneyOff)
        } else {
            None
        }
    }

    fn stay(&self, wake_at: Millis) -> Transition {
        let run = self.run;
        Transition::Wait {
            node: run.node.clone(),
            visit: run.visit,
            wake_at,
            wait_for: run.waiting_for.clone(),
        }
    }

    /// Leaves the node the run rests at, if it may.
    fn resume(&mut self) -> Way {
        let run = self.run;
        let def = self.def;
        match (def.node(&run.node), &run.waiting_for) {
            (Some(Node::WaitForEvent(n)), Some(w)) => self.resume_await(n, w),
            _ if self.now < run.wake_at => Way::Stop(self.stay(run.wake_at)),
            (
                Some(Node::Wait(node::Wait { next, .. }) | Node::WaitUntil(node::WaitUntil { next, .. })),
                _,
            ) if run.visit > 0 => {
                self.planned = Some(run.wake_at);
                let late = self.now.saturating_sub(run.wake_at);
                self.note(&run.node, run.visit, Decision::WaitOver, [("late_ms", json!(late))]);
                Way::On(next.clone())
            }
            (Some(Node::Message(n)), _) if run.visit > 0 => self.message(&run.node, run.visit, n, true),
            _ => {
                self.planned = (run.visit == 0).then_some(run.entered_at);
                Way::On(run.node.clone())
            }
        }
    }

    fn resume_await(&mut self, n: &node::WaitForEvent, w: &WaitingFor) -> Way {
        let run = self.run;
        let in_time = |at: Millis| at < w.until;
        match self.facts.arrived {
            Some(a) if w.events.contains(&a.event) && in_time(a.at) => {
                let values = [("event", json!(a.event)), ("event_at", json!(a.at))];
                self.note(&run.node, run.visit, Decision::EventHappened, values);
                Way::On(n.happened.clone())
            }
            _ if self.now >= w.until => {
                let values = [("events", json!(w.events)), ("until", json!(w.until))];
                self.note(&run.node, run.visit, Decision::EventTimedOut, values);
                self.planned = Some(w.until);
                Way::On(n.timed_out.clone())
            }
            _ => Way::Stop(self.stay(w.until)),
        }
    }

    fn arrive(&mut self, id: &NodeId) -> Way {
        let def = self.def;
        let Some(node) = def.node(id) else {
            return Way::Stop(self.end(id, 0, EndReason::Broken));
        };
        let visit = self.context.visits.get(id).copied().unwrap_or(0).saturating_add(1);
        if visit > EXIT_LIMIT_VISITS {
            return Way::Stop(self.end(id, visit, EndReason::LoopLimit));
        }
        self.context.visits.insert(id.clone(), visit);
        match node {
            Node::Trigger(n) => self.trigger(id, visit, n),
            Node::Wait(n) => self.wait(id, visit, n),
            Node::WaitUntil(n) => self.wait_until(id, visit, n),
            Node::WaitForEvent(n) => self.begin_await(id, visit, n),
            Node::Condition(n) => {
                let (holds, checks) = evaluate(&n.test, &self.facts);
                let decision = if holds { Decision::ConditionYes } else { Decision::ConditionNo };
                self.note(id, visit, decision, [("checks", json!(checks))]);
                Way::On(if holds { n.yes.clone() } else { n.no.clone() })
            }
            Node::Split(n) => self.split(id, visit, n),
            Node::ChannelChoice(n) => self.choose(id, visit, n),
            Node::Holdout(n) => self.holdout(id, visit, n),
            Node::UpdateContact(n) => {
                let contact = &mut self.facts.to_mut().contact;
                n.apply(&mut contact.tags, &mut contact.traits);
                self.effects.push(Effect::UpdateContact { change: n.clone() });
                let values = [
                    ("add_tags", json!(n.add_tags)),
                    ("remove_tags", json!(n.remove_tags)),
                    ("set_traits", json!(n.set_traits)),
                ];
                self.note(id, visit, Decision::ContactUpdated, values);
                Way::On(n.next.clone())
            }
            Node::Message(n) => self.message(id, visit, n, false),
            Node::Webhook(n) => self.webhook(id, visit, n),
            Node::Goal(n) => {
                let reached = self.facts.ordered_since_entry;
                let decision = if reached { Decision::GoalReached } else { Decision::GoalNotReached };
                self.note(id, visit, decision, [("on", json!(n.on))]);
                if reached {
                    self.reach_goal(id);
                }
                Way::On(n.next.clone())
            }
            Node::Exit(_) => {
                let held_out = self.context.group == Some(Group::HeldOut);
                let reason = if held_out { EndReason::HeldOut } else { EndReason::Completed };
                Way::Stop(self.end(id, visit, reason))
            }
        }
    }

    fn trigger(&mut self, id: &NodeId, visit: u32, n: &node::Trigger) -> Way {
        let cart = &self.facts.cart;
        let mut checks: Vec<Check> = Vec::new();
        let wanted = n.on.contains(&cart.kind)
            && n.filter.as_ref().is_none_or(|filter| {
                let (holds, asked) = evaluate(filter, &self.facts);
                checks = asked;
                holds
            });
        let values = [
            ("cart_kind", json!(cart.kind)),
            ("value_minor", json!(cart.value.minor)),
            ("currency", json!(cart.value.currency)),
            ("checks", json!(checks)),
        ];
        if wanted {
            self.note(id, visit, Decision::Entered, values);
            Way::On(n.next.clone())
        } else {
            self.note(id, visit, Decision::NotAdmitted, values);
            Way::Stop(self.end(id, visit, EndReason::NotAdmitted))
        }
    }

    /// When a wait of so many seconds that begins now is over.
    fn after(&self, seconds: i64) -> Millis {
        let length = seconds.saturating_mul(SECOND);
        let late = self.planned.map_or(0, |planned| self.now.saturating_sub(planned).max(0));
        self.now.saturating_add(length).saturating_sub(late.min(length / 20).min(FORGIVEN))
    }

    fn wait(&mut self, id: &NodeId, visit: u32, n: &node::Wait) -> Way {
        if n.seconds <= 0 {
            self.note(id, visit, Decision::WaitOver, [("seconds", json!(0))]);
            return Way::On(n.next.clone());
        }
        let wake_at = self.after(n.seconds);
        self.note(
            id,
            visit,
            Decision::WaitStarted,
            [("seconds", json!(n.seconds)), ("until", json!(wake_at))],
        );
        Way::Stop(Transition::Wait { node: id.clone(), visit, wake_at, wait_for: None })
    }

    fn wait_until(&mut self, id: &NodeId, visit: u32, n: &node::WaitUntil) -> Way {
        // No calendar reaches further.
        let (now, zone) = (self.now.clamp(-FURTHEST, FURTHEST), self.facts.zone);
        let days = n.weekdays.iter().map(|day| next_weekday(now, day.of_calendar(), n.time, zone));
        let wake_at = days.min().unwrap_or_else(|| next_local(now, n.time, zone));
        let values = [
            ("time", json!(n.time)),
            ("weekdays", json!(n.weekdays)),
            ("zone", json!(zone.name())),
            ("until", json!(wake_at)),
        ];
        self.note(id, visit, Decision::WaitStarted, values);
        Way::Stop(Transition::Wait { node: id.clone(), visit, wake_at, wait_for: None })
    }

    fn begin_await(&mut self, id: &NodeId, visit: u32, n: &node::WaitForEvent) -> Way {
        let until = self.after(n.timeout_seconds.max(0));
        let key =
            |e: &Awaited| (*e, keys::wait_key(*e, self.run.cart_id, self.run.contact_id, self.run.run_id));
        let waits = n.events.iter().map(key).collect();
        self.effects.push(Effect::RegisterWait { node: id.clone(), waits, until });
        self.note(id, visit, Decision::AwaitStarted, [("events", json!(n.events)), ("until", json!(until))]);
        let wait_for =
            Some(WaitingFor { events: n.events.clone(), message: n.message.clone(), since: self.now, until });
        Way::Stop(Transition::Wait { node: id.clone(), visit, wake_at: until, wait_for })
    }

    fn split(&mut self, id: &NodeId, visit: u32, n: &node::Split) -> Way {
        let weight = |b: &node::Branch| u64::try_from(b.weight).unwrap_or(0).min(u64::from(keys::BUCKETS));
        let total: u64 = n.branches.iter().map(weight).sum();
        let bucket = keys::split_bucket(self.run.journey_id, id, self.run.contact_id);
        let place = u64::from(bucket) * total / u64::from(keys::BUCKETS);
        let mut passed = 0;
        for (i, branch) in n.branches.iter().enumerate() {
            passed += weight(branch);
            if place < passed {
                let values = [
                    ("branch", json!(i)),
                    ("label", json!(branch.label)),
                    ("bucket", json!(bucket)),
                    ("weights", json!(n.branches.iter().map(|b| b.weight).collect::<Vec<_>>())),
                ];
                self.note(id, visit, Decision::Split, values);
                return Way::On(branch.next.clone());
            }
        }
        Way::Stop(self.end(id, visit, EndReason::Broken))
    }

    fn choose(&mut self, id: &NodeId, visit: u32, n: &node::ChannelChoice) -> Way {
        let tried = choice::choose(n, &self.facts);
        let values = [
            ("channel", json!(tried.way.map(|i| n.ways[i].channel))),
            ("branch", json!(tried.way)),
            ("preferred", json!(tried.preferred)),
            ("asked", json!(tried.asked)),
        ];
        self.note(id, visit, Decision::ChannelChosen, values);
        Way::On(tried.way.map_or(&n.none, |i| &n.ways[i].next).clone())
    }

    fn holdout(&mut self, id: &NodeId, visit: u32, n: &node::Holdout) -> Way {
        let bucket = keys::holdout_bucket(self.run.store_id, self.run.journey_id, self.run.contact_id);
        let group = *self.context.group.get_or_insert_with(|| {
            let out = i64::from(bucket) < n.percent.saturating_mul(100);
            let group = if out { Group::HeldOut } else { Group::Treated };
            self.effects.push(Effect::Exposure { node: id.clone(), group, bucket, percent: n.percent });
            group
        });
        let decision = match group {
            Group::HeldOut => Decision::HeldOut,
            Group::Treated => Decision::Treated,
        };
        self.note(id, visit, decision, [("bucket", json!(bucket)), ("percent", json!(n.percent))]);
        Way::On(n.next.clone())
    }

    fn message(&mut self, id: &NodeId, visit: u32, n: &node::Message, put_off_before: bool) -> Way {
        let named = [("channel", json!(n.channel)), ("template", json!(n.template))];
        if self.context.group == Some(Group::HeldOut) {
            self.note(id, visit, Decision::MessageSilenced, named);
            return Way::On(n.next.clone());
        }
        let status = self.facts.cart.status;
        if matches!(status, CartStatus::Active | CartStatus::Checkout) {
            let wake_at = self.now.saturating_add(PUT_OFF);
            if !put_off_before {
                let values = [("cart_status", json!(status.as_str())), ("until", json!(wake_at))];
                self.note(id, visit, Decision::ShopperIsBack, values);
            }
            return Way::Stop(Transition::Wait { node: id.clone(), visit, wake_at, wait_for: None });
        }
        let send_key = keys::send_key(self.run.store_id, self.run.run_id, id, visit);
        self.note(
            id,
            visit,
            Decision::MessageQueued,
            named.into_iter().chain([("send_key", json!(send_key))]),
        );
        self.effects.push(Effect::SendMessage {
            node: id.clone(),
            visit,
            channel: n.channel,
            template: n.template.clone(),
            subject: n.subject.clone(),
            content_class: n.content_class,
            purpose: n.purpose,
            send_key,
        });
        Way::On(n.next.clone())
    }

    fn webhook(&mut self, id: &NodeId, visit: u32, n: &node::Webhook) -> Way {
        let named = [("endpoint", json!(n.endpoint))];
        if self.context.group == Some(Group::HeldOut) {
            self.note(id, visit, Decision::WebhookSilenced, named);
            return Way::On(n.next.clone());
        }
        let send_key = keys::send_key(self.run.store_id, self.run.run_id, id, visit);
        let told = [("fields", json!(n.fields)), ("send_key", json!(send_key))];
        self.note(id, visit, Decision::WebhookQueued, named.into_iter().chain(told));
        self.effects.push(Effect::CallWebhook {
            node: id.clone(),
            visit,
            endpoint: n.endpoint,
            fields: n.fields.clone(),
            send_key,
        });
        Way::On(n.next.clone())
    }

    fn reach_goal(&mut self, id: &NodeId) {
        if !std::mem::replace(&mut self.context.goal, true) {
            self.effects.push(Effect::GoalReached { node: id.clone() });
        }
    }

    fn end(&mut self, node: &NodeId, visit: u32, reason: EndReason) -> Transition {
        if reason.is_purchase() {
            let goal =
                self.def.nodes.iter().find(|(_, n)| matches!(n, Node::Goal(_))).map(|(id, _)| id.clone());
            if let Some(id) = goal {
                self.reach_goal(&id);
            }
        }
        self.note(node, visit, Decision::Ended, [("reason", json!(reason))]);
        Transition::End { node: node.clone(), reason }
    }

    fn note<'v>(
        &mut self,
        node: &NodeId,
        visit: u32,
        decision: Decision,
        values: impl IntoIterator<Item = (&'v str, Value)>,
    ) {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.trail.push(TrailEntry { node: node.clone(), visit, at: self.now, decision, values });
    }
}
