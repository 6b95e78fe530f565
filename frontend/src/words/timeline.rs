//! One line of a cart's timeline: what happened or was decided, and the values that decided it.

use serde_json::Value;

use super::journey::{awaited, checks, time_of_week};
use super::message::{channel, template};
use crate::graphql::types::TimelineKind;
use crate::i18n::{format, t};
use crate::ui::{Icon, Tone};

/// A line as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The picture.
    pub sign: Icon,
    /// What it means.
    pub tone: Tone,
    /// What happened.
    pub title: String,
    /// Why, or the details; may be empty.
    pub why: Vec<String>,
}

pub(super) fn new(sign: Icon, tone: Tone, title: String) -> Line {
    Line { sign, tone, title, why: Vec::new() }
}

impl Line {
    pub(super) fn why(mut self, why: impl IntoIterator<Item = String>) -> Self {
        self.why.extend(why.into_iter().filter(|why| !why.is_empty()));
        self
    }
}

/// Says a line. A code of a newer server is shown as it is.
pub fn line(kind: TimelineKind, code: &str, values: &Value) -> Line {
    // A decision comes with its node around the values that decided it.
    let values = values.get("values").filter(|inner| inner.is_object()).unwrap_or(values);
    let known = match kind {
        TimelineKind::Decision => decision(code, values),
        TimelineKind::Message => message(code, values),
        TimelineKind::Event => event(code, values),
        TimelineKind::Order => Some(order(code, values)),
    };
    known.unwrap_or_else(|| new(Icon::Info, Tone::Neutral, code.replace('_', " ")))
}

pub(super) fn text<'a>(values: &'a Value, name: &str) -> Option<&'a str> {
    values[name].as_str().filter(|text| !text.is_empty())
}

fn amount(values: &Value) -> Option<String> {
    let currency = text(values, "currency")?;
    let decimal = text(values, "total")
        .or_else(|| text(values, "value"))
        .or_else(|| text(values, "decimal"))
        .map(str::to_owned)
        .or_else(|| {
            let minor = values["value_minor"].as_i64()?;
            let currency = currency.parse().ok()?;
            Some(cartwheel_domain::money::Money { minor, currency }.to_decimal())
        })?;
    Some(format::money(&decimal, currency))
}

fn until(values: &Value) -> Option<String> {
    values["until"].as_i64().map(|until| t::why_until(&format::date_time(until)))
}

fn event(code: &str, values: &Value) -> Option<Line> {
    let product = text(values, "title").or_else(|| text(values, "product")).map(str::to_owned);
    let line = match code {
        "page_viewed" => new(Icon::Eye, Tone::Neutral, t::event_page()),
        "product_viewed" => new(Icon::Eye, Tone::Neutral, t::event_product()),
        "cart_item_added" => new(Icon::Plus, Tone::Neutral, t::event_item_added()),
        "cart_item_removed" => new(Icon::X, Tone::Neutral, t::event_item_removed()),
        "cart_updated" => new(Icon::ShoppingCart, Tone::Neutral, t::event_cart_updated()),
        "cart_viewed" => new(Icon::Eye, Tone::Neutral, t::event_cart_viewed()),
        "cart_deleted" => new(Icon::X, Tone::Neutral, t::event_cart_deleted()),
        "cart_created" | "created" => new(Icon::ShoppingCart, Tone::Neutral, t::event_cart_created()),
        "checkout_started" => new(Icon::ArrowRight, Tone::Information, t::event_checkout()),
        "checkout_step_viewed" => new(Icon::ArrowRight, Tone::Neutral, t::event_checkout_step()),
        "payment_info_entered" => new(Icon::ArrowRight, Tone::Neutral, t::event_payment()),
        "coupon_applied" => new(Icon::Check, Tone::Neutral, t::event_coupon()),
        "quote_requested" => new(Icon::List, Tone::Neutral, t::event_quote()),
        "exit_intent" => new(Icon::LogOut, Tone::Neutral, t::event_exit_intent()),
        "message_answered" => new(Icon::MessageSquare, Tone::Information, t::event_answered())
            .why(text(values, "text").map(str::to_owned)),
        "identified" => new(Icon::User, Tone::Neutral, t::event_identified()),
        "consent_changed" => new(Icon::ShieldCheck, Tone::Neutral, t::event_consent()),
        "cart_abandoned" | "cart.abandoned" | "abandoned" => {
            new(Icon::Clock, Tone::Caution, t::event_abandoned())
        }
        "cart_expired" | "expired" => new(Icon::Hourglass, Tone::Quiet, t::event_expired()),
        "cart_restored" | "restored" => new(Icon::Undo2, Tone::Information, t::event_restored()),
        "order_placed" => new(Icon::CircleCheck, Tone::Positive, t::event_order()),
        "order_updated" => new(Icon::Package, Tone::Neutral, t::event_order_updated()),
        "order_cancelled" => new(Icon::Ban, Tone::Negative, t::event_order_cancelled()),
        "order_refunded" => new(Icon::Undo2, Tone::Negative, t::event_order_refunded()),
        "custom" => new(Icon::Zap, Tone::Neutral, text(values, "name").unwrap_or("custom").to_owned()),
        _ => return None,
    };
    let step = text(values, "step").map(str::to_owned);
    let number = text(values, "order_number").or_else(|| text(values, "number")).map(t::order_number);
    Some(line.why(product.into_iter().chain(step).chain(number).chain(amount(values))))
}

fn order(state: &str, values: &Value) -> Line {
    let number = text(values, "number").map(t::order_number);
    let how = match text(values, "recoveredBy") {
        Some("click") => t::order_by_click(),
        Some(_) => t::order_after_message(),
        None => t::order_without_us(),
    };
    let line = match state {
        "cancelled" => new(Icon::Ban, Tone::Negative, t::event_order_cancelled()),
        _ => new(Icon::CircleCheck, Tone::Positive, t::event_order()),
    };
    line.why(number.into_iter().chain(amount(values)).chain([how]))
}

fn message(code: &str, values: &Value) -> Option<Line> {
    let line = match code {
        "queued" => new(Icon::Mail, Tone::Neutral, t::message_line_queued()),
        "sent" | "captured" => new(Icon::Send, Tone::Information, t::message_line_sent()),
        "delivered" => new(Icon::Check, Tone::Information, t::message_line_delivered()),
        "opened" => new(Icon::Eye, Tone::Information, t::message_line_opened()),
        "machine_opened" => new(Icon::Eye, Tone::Quiet, t::message_line_machine_opened()),
        "clicked" => new(Icon::MousePointerClick, Tone::Positive, t::message_line_clicked()),
        "machine_clicked" => new(Icon::MousePointerClick, Tone::Quiet, t::message_line_machine_clicked()),
        "refused" | "denied" | "suppressed" => new(Icon::Ban, Tone::Caution, t::message_line_refused()),
        "cancelled" => new(Icon::X, Tone::Quiet, t::message_line_cancelled()),
        "deferred" | "put_off" => new(Icon::Clock, Tone::Neutral, t::message_line_put_off()),
        "bounced" => new(Icon::CircleAlert, Tone::Negative, t::message_line_bounced()),
        "complained" => new(Icon::CircleAlert, Tone::Negative, t::message_line_complained()),
        "unsubscribed" => new(Icon::Ban, Tone::Caution, t::message_line_unsubscribed()),
        "failed" => new(Icon::CircleAlert, Tone::Negative, t::message_line_failed()),
        "uncertain" => new(Icon::TriangleAlert, Tone::Caution, t::message_line_uncertain()),
        _ => return None,
    };
    let subject = text(values, "subject").map(|subject| format!("“{subject}”"));
    let subject = subject.or_else(|| text(values, "template").map(template));
    let refused = text(&values["refusal"], "rule").or_else(|| text(values, "reason"));
    let rule = refused.map(|rule| super::message::refusal(rule, ""));
    Some(line.why(subject.into_iter().chain(rule).chain(until(values))))
}

/// How long, or until when by the clock of a zone.
fn wait(values: &Value) -> String {
    let Some(time) = text(values, "time") else {
        return t::decision_wait(&format::span(values["seconds"].as_i64().unwrap_or_default()));
    };
    let days = serde_json::from_value(values["weekdays"].clone()).unwrap_or_default();
    t::decision_wait_until(&time_of_week(time, days), text(values, "zone").unwrap_or("UTC"))
}

fn decision(code: &str, values: &Value) -> Option<Line> {
    let number = |name: &str| values[name].as_i64().unwrap_or_default();
    let events = || {
        let names = values["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        names.iter().filter_map(Value::as_str).map(awaited).collect::<Vec<_>>().join(", ")
    };
    let group = || t::why_group(&format::number(number("percent")));
    let line =
        match code {
            "entered" => new(Icon::Play, Tone::Information, t::decision_entered()).why(amount(values)),
            "not_admitted" => new(Icon::Ban, Tone::Caution, t::decision_not_admitted()).why(checks(values)),
            "contact_updated" => new(Icon::User, Tone::Neutral, t::decision_updated()),
            "wait_started" => new(Icon::Hourglass, Tone::Neutral, wait(values)).why(until(values)),
            "wait_over" => new(Icon::Clock, Tone::Neutral, t::decision_wait_over()),
            "await_started" => {
                new(Icon::Hourglass, Tone::Neutral, t::decision_await(&events())).why(until(values))
            }
            "event_happened" => new(
                Icon::Zap,
                Tone::Neutral,
                t::decision_happened(&awaited(text(values, "event").unwrap_or_default())),
            ),
            "event_timed_out" => new(Icon::Clock, Tone::Neutral, t::decision_timed_out(&events())),
            "condition_yes" => new(Icon::Check, Tone::Neutral, t::decision_yes()).why(checks(values)),
            "condition_no" => new(Icon::X, Tone::Neutral, t::decision_no()).why(checks(values)),
            "split" => {
                let fallback = format::number(number("branch") + 1);
                new(Icon::Split, Tone::Neutral, t::decision_split(text(values, "label").unwrap_or(&fallback)))
            }
            "channel_chosen" => {
                let asked = values["asked"].as_array().map(Vec::as_slice).unwrap_or_default();
                let closed = asked.iter().filter(|one| one["open"] != true).filter_map(|one| {
                    let rule = super::message::refusal(text(one, "rule")?, "");
                    Some(t::choice_closed(&channel(text(one, "channel")?), &rule))
                });
                let preferred = text(values, "preferred").map(|name| t::choice_preferred(&channel(name)));
                let title = match text(values, "channel") {
                    Some(name) => t::decision_chosen(&channel(name)),
                    None => t::decision_chosen_none(),
                };
                new(Icon::Split, Tone::Neutral, title).why(preferred.into_iter().chain(closed))
            }
            "held_out" => new(Icon::Ban, Tone::Caution, t::decision_held_out()).why([group()]),
            "treated" => new(Icon::Check, Tone::Neutral, t::decision_treated()).why([group()]),
            "message_queued" => new(Icon::Mail, Tone::Neutral, t::decision_queued())
                .why(text(values, "template").map(template)),
            "message_silenced" => new(Icon::Ban, Tone::Caution, t::decision_silenced())
                .why(text(values, "template").map(template)),
            "webhook_queued" => new(Icon::Send, Tone::Neutral, t::decision_webhook()),
            "webhook_silenced" => new(Icon::Ban, Tone::Caution, t::decision_webhook_silenced()),
            "shopper_is_back" => new(Icon::User, Tone::Neutral, t::decision_back()).why(until(values)),
            "goal_reached" => new(Icon::Target, Tone::Positive, t::decision_goal()),
            "goal_not_reached" => new(Icon::Target, Tone::Neutral, t::decision_no_goal()),
            "moved_in" => new(Icon::Play, Tone::Neutral, t::decision_moved(&format::number(number("to")))),
            "ended" => new(Icon::Flag, Tone::Quiet, t::decision_ended())
                .why([end_reason(text(values, "reason").unwrap_or_default())]),
            _ => return None,
        };
    Some(line)
}

/// Why a run is over.
pub fn end_reason(reason: &str) -> String {
    match reason {
        "completed" => t::end_completed(),
        "held_out" => t::end_held_out(),
        "converted" => t::end_converted(),
        "recovered" => t::end_recovered(),
        "ordered" => t::end_ordered(),
        "expired" => t::end_expired(),
        "erased" => t::end_erased(),
        "excluded" => t::end_excluded(),
        "not_admitted" => t::end_not_admitted(),
        "journey_off" => t::end_journey_off(),
        "unsubscribed" => t::end_unsubscribed(),
        "cancelled" => t::end_cancelled(),
        "came_back" => t::end_came_back(),
        "answered" => t::end_answered(),
        "loop_limit" => t::end_loop_limit(),
        "broken" => t::end_broken(),
        other => other.replace('_', " "),
    }
}

/// What comes next for a cart.
pub fn next_step(kind: &str) -> String {
    match kind {
        "abandonment" | "idle" => t::next_abandonment(),
        "message" => t::next_message(),
        "wait" | "wait_until" | "wait_for_event" => t::next_wait(),
        _ => t::next_step(),
    }
}
