//! Nodes of a journey, its conditions, and what is wrong with one.

use cartwheel_domain::journey::{Channel, Code, Condition, Node, Problem, Weekday};
use serde_json::Value;

use super::cart_kind;
use super::message::{channel, template};
use crate::graphql::types::CartKind;
use crate::i18n::{format, t};
use crate::ui::Icon;

/// What kind of node it is.
pub fn node_name(node: &Node) -> String {
    match node {
        Node::Trigger(_) => t::node_trigger(),
        Node::Wait(_) => t::node_wait(),
        Node::WaitUntil(_) => t::node_wait_until(),
        Node::WaitForEvent(_) => t::node_await(),
        Node::Condition(_) => t::node_condition(),
        Node::Split(_) => t::node_split(),
        Node::ChannelChoice(_) => t::node_choice(),
        Node::Holdout(_) => t::node_holdout(),
        Node::UpdateContact(_) => t::node_update(),
        Node::Message(message) if message.channel == Channel::Sms => t::node_text(),
        Node::Message(message) if message.channel == Channel::Push => t::node_push(),
        Node::Message(_) => t::node_message(),
        Node::Webhook(_) => t::node_webhook(),
        Node::Goal(_) => t::node_goal(),
        Node::Exit(_) => t::node_exit(),
    }
}

/// Its picture.
pub fn node_sign(node: &Node) -> Icon {
    match node {
        Node::Trigger(_) => Icon::Zap,
        Node::Wait(_) => Icon::Clock,
        Node::WaitUntil(_) => Icon::Calendar,
        Node::WaitForEvent(_) => Icon::Hourglass,
        Node::Condition(_) | Node::Split(_) | Node::ChannelChoice(_) => Icon::Split,
        Node::Holdout(_) => Icon::ShieldCheck,
        Node::UpdateContact(_) => Icon::User,
        Node::Message(message) if message.channel == Channel::Sms => Icon::MessageSquare,
        Node::Message(message) if message.channel == Channel::Push => Icon::Bell,
        Node::Message(_) => Icon::Mail,
        Node::Webhook(_) => Icon::Send,
        Node::Goal(_) => Icon::Target,
        Node::Exit(_) => Icon::Flag,
    }
}

/// What this one does, in a line.
pub fn node_about(node: &Node) -> String {
    match node {
        Node::Trigger(trigger) => {
            let kinds =
                trigger.on.iter().filter_map(|kind| CartKind::from_word(kind.as_str())).map(cart_kind);
            t::node_trigger_about(&kinds.collect::<Vec<_>>().join(", "))
        }
        Node::Wait(wait) => format::span(wait.seconds),
        Node::WaitUntil(wait) => time_of_week(&wait.time.to_string(), wait.weekdays.clone()),
        Node::WaitForEvent(wait) => {
            let events: Vec<String> = wait.events.iter().map(|event| awaited(event.as_str())).collect();
            t::node_await_about(&events.join(", "), &format::span(wait.timeout_seconds))
        }
        Node::Condition(condition) => asked(&condition.test),
        Node::Split(split) => t::node_split_about(split.branches.len() as i64),
        Node::ChannelChoice(choice) => {
            let names: Vec<String> = choice.ways.iter().map(|way| channel(way.channel.as_str())).collect();
            let ways = names.join(", ");
            if choice.by_preference { t::node_choice_preferred(&ways) } else { ways }
        }
        Node::Holdout(holdout) => t::node_holdout_about(&format::percent(holdout.percent as f64 / 100.0)),
        Node::UpdateContact(update) => {
            let names: Vec<&str> = update.set_traits.keys().map(String::as_str).collect();
            let told = [
                (!update.add_tags.is_empty()).then(|| t::node_update_add(&update.add_tags.join(", "))),
                (!update.remove_tags.is_empty())
                    .then(|| t::node_update_remove(&update.remove_tags.join(", "))),
                (!names.is_empty()).then(|| t::node_update_set(&names.join(", "))),
            ];
            told.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
        Node::Message(message) => template(&message.template),
        Node::Webhook(webhook) => match webhook.endpoint {
            Some(_) => t::node_webhook_one(),
            None => t::node_webhook_all(),
        },
        Node::Goal(goal) => awaited(goal.on.as_str()),
        Node::Exit(_) => t::node_exit_about(),
    }
}

/// The word on a way, where a node has several.
pub fn way(node: &Node, way: &str) -> Option<String> {
    match (way, node) {
        ("yes", _) => Some(t::yes()),
        ("no", _) => Some(t::no()),
        ("happened", _) => Some(t::edge_happened()),
        ("timed_out", _) => Some(t::edge_timed_out()),
        ("none", Node::ChannelChoice(_)) => Some(t::choice_none()),
        (way, Node::ChannelChoice(choice)) => {
            let index: usize = way.split('.').nth(1)?.parse().ok()?;
            Some(channel(choice.ways.get(index)?.channel.as_str()))
        }
        (way, Node::Split(split)) => {
            let index: usize = way.split('.').nth(1)?.parse().ok()?;
            let branch = split.branches.get(index)?;
            let all = split.branches.iter().fold(0_i64, |all, branch| all.saturating_add(branch.weight));
            let share = format::percent(branch.weight as f64 / all.max(1) as f64);
            Some(if branch.label.is_empty() { share } else { format!("{} · {share}", branch.label) })
        }
        _ => None,
    }
}

/// A time of day, and on which days if not on all.
pub fn time_of_week(time: &str, mut days: Vec<Weekday>) -> String {
    days.sort();
    let days = days.into_iter().map(|day| format::weekday(day, "short"));
    std::iter::once(time.to_owned()).chain(days).collect::<Vec<_>>().join(", ")
}

/// A condition in words.
pub fn asked(test: &Condition) -> String {
    serde_json::to_value(test).map(|asked| question(&asked)).unwrap_or_default()
}

/// Something that can be waited for.
pub fn awaited(event: &str) -> String {
    match event {
        "opened" => t::awaited_opened(),
        "clicked" => t::awaited_clicked(),
        "order_placed" => t::awaited_order(),
        "checkout_started" => t::awaited_checkout(),
        "cart_updated" | "cart_item_added" | "cart_item_removed" => t::awaited_cart(),
        "product_viewed" | "page_viewed" => t::awaited_visit(),
        other => other.replace('_', " "),
    }
}

/// The tests of a decision: what was asked and what was seen.
pub fn checks(values: &Value) -> Vec<String> {
    let checks = values["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    checks.iter().map(|check| t::check_seen(&question(&check["asked"]), &seen(&check["seen"]))).collect()
}

fn seen(value: &Value) -> String {
    match value {
        Value::Bool(true) => t::yes(),
        Value::Bool(false) => t::no(),
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_i64().map_or_else(|| number.to_string(), format::number),
        Value::Object(object) => match (
            object.get("minor").and_then(Value::as_i64),
            object.get("currency").and_then(Value::as_str),
        ) {
            (Some(minor), Some(currency)) => money(minor, currency),
            _ => value.to_string(),
        },
        Value::Array(list) => list.iter().map(seen).collect::<Vec<_>>().join(", "),
    }
}

fn money(minor: i64, currency: &str) -> String {
    let parsed =
        currency.parse().ok().map(|currency| cartwheel_domain::money::Money { minor, currency }.to_decimal());
    parsed.map_or_else(String::new, |decimal| format::money(&decimal, currency))
}

/// The same from its JSON.
fn question(asked: &Value) -> String {
    let list = |separator: &str| {
        let parts = asked["of"].as_array().map(Vec::as_slice).unwrap_or_default();
        parts.iter().map(question).collect::<Vec<_>>().join(separator)
    };
    let range = || {
        let currency = asked["currency"].as_str();
        let value = |name: &str| {
            let number = asked[name].as_i64()?;
            Some(currency.map_or_else(|| format::number(number), |currency| money(number, currency)))
        };
        match (value("at_least"), value("at_most")) {
            (Some(low), Some(high)) => t::range_between(&high, &low),
            (Some(low), None) => t::range_at_least(&low),
            (None, Some(high)) => t::range_at_most(&high),
            (None, None) => String::new(),
        }
    };
    let word = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    match asked["test"].as_str().unwrap_or_default() {
        "all" => list(&format!(" {} ", t::and())),
        "any" => list(&format!(" {} ", t::or())),
        "not" => t::question_not(&question(&asked["of"])),
        "cart_value" => t::question_value(&range()),
        "cart_lines" => t::question_lines(&range()),
        "item_quantity" => t::question_quantity(&range()),
        "has_product" => t::question_product(&word("id")),
        "has_sku" => t::question_product(&word("sku")),
        "has_category" => t::question_category(&word("category")),
        "has_email" => t::question_email(),
        "has_phone" => t::question_phone(),
        "language" => t::question_language(&seen(&asked["is"])),
        "country" => t::question_country(&seen(&asked["is"])),
        "has_tag" => t::question_tag(&word("tag")),
        "trait_equals" => format!("{} = {}", word("name"), seen(&asked["value"])),
        "orders_count" => t::question_orders(&range()),
        "first_time_buyer" => t::question_first(),
        "repeat_buyer" => t::question_repeat(),
        "sent" => t::question_sent(),
        "opened" => t::question_opened(),
        "clicked" => t::question_clicked(),
        other => other.replace('_', " "),
    }
}

/// What is wrong with a journey, for the field or the node it names.
pub fn problem(problem: &Problem) -> String {
    let value = problem.value.as_str();
    match problem.code {
        Code::Missing => t::problem_missing(),
        Code::TooLong => t::problem_too_long(value),
        Code::TooSmall => t::problem_too_small(&bound(problem)),
        Code::TooLarge => t::problem_too_large(&bound(problem)),
        Code::ControlCharacter => t::problem_one_line(),
        Code::EmptyRange => t::problem_number(),
        Code::MessageBeforeHoldout => t::problem_before_holdout(),
        Code::NotAMessage => t::problem_message_gone(),
        Code::LoopWithoutWait => t::problem_loop(),
        Code::NoExit => t::problem_no_exit(),
        // The rest cannot be reached by the form; the code says it in English with the place.
        _ => problem.to_string(),
    }
}

/// The limit of a field: spans in words, the rest as a number.
fn bound(problem: &Problem) -> String {
    let number = problem.value.parse::<i64>();
    match number {
        Ok(seconds) if problem.field.contains("seconds") && seconds > 60 => format::span(seconds),
        Ok(number) => format::number(number),
        Err(_) => problem.value.clone(),
    }
}
