//! A message as a mail server received it. Its structure is read by mail-parser; what it means is ours.

use super::{Recipient, Told, What};
use crate::mail::{reference, reference::of_path};
use cartwheel_domain::mail::readable;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::panic::catch_unwind;

/// Most bytes that are read of a message. The report stands before the mail it is about.
pub const MOST: usize = 1024 * 1024;
/// Most recipients that are read of a report; ours has one.
const RECIPIENTS: usize = 50;
/// Headers that name whom a message was delivered to.
const DELIVERED_TO: [&str; 6] =
    ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "To"];

/// What a message tells, if anything. `to` is the address it was delivered to, where the mail server says so.
pub fn read(bytes: &[u8], to: Option<&str>) -> Option<Told> {
    let bytes = bytes.get(..MOST.min(bytes.len()))?;
    // In builds with debug assertions mail-parser 0.11.9 stops at some mails whose parts are bent (message.rs, "Invalid part ID"):
    // whoever sends one says nothing.
    let message = catch_unwind(|| MessageParser::default().parse(bytes)).ok().flatten()?;
    if !is(message.root_part(), "multipart", "report") {
        // Answers of people and of their absence notes, and what only looks like a report.
        return None;
    }
    let part = |subtype: &str| message.parts.iter().find(|part| is(part, "message", subtype));
    if let Some(report) = part("feedback-report") {
        return complaint(&message, report);
    }
    let report = part("delivery-status").or_else(|| part("global-delivery-status"))?;
    let reference = returned_to(&message, to)?;
    let recipients = recipients(&text_of(report));
    (!recipients.is_empty()).then_some(Told { reference, what: What::Returned(recipients) })
}

fn is(part: &MessagePart<'_>, ctype: &str, subtype: &str) -> bool {
    part.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case(ctype)
            && kind.subtype().is_some_and(|one| one.eq_ignore_ascii_case(subtype))
    })
}

fn text_of(part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.to_string(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        PartType::Message(message) => String::from_utf8_lossy(message.raw_message()).into_owned(),
        PartType::Multipart(_) => String::new(),
    }
}

/// The reference in the return path that the report was sent to.
fn returned_to(message: &Message<'_>, to: Option<&str>) -> Option<String> {
    if let Some(to) = to {
        return of_path(to).map(str::to_owned);
    }
    let named = message
        .headers_raw()
        .filter(|(name, _)| DELIVERED_TO.iter().any(|one| one.eq_ignore_ascii_case(name)));
    named.flat_map(|(_, value)| addresses(value)).find_map(|address| of_path(address).map(str::to_owned))
}

fn addresses(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ' ', '\t', '\r', '\n', '<', '>', ';']).filter(|word| word.contains('@'))
}

/// Fields of a report: groups with an empty line between them, long lines folded (RFC 5322 2.2.3).
fn groups(text: &str) -> Vec<Vec<(String, String)>> {
    let mut groups: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() {
            groups.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            let last = groups.last_mut().and_then(|group| group.last_mut());
            if let Some((_, value)) = last {
                value.push(' ');
                value.push_str(line.trim_start());
            }
        } else if let (Some((name, value)), Some(group)) = (line.split_once(':'), groups.last_mut()) {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn field<'a>(group: &'a [(String, String)], name: &str) -> Option<&'a str> {
    group.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
}

/// What stands behind the type of a field such as `rfc822; ann@example.com`.
fn typed(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_, rest)| rest).trim()
}

/// What a delivery report says of each recipient.
pub fn recipients(text: &str) -> Vec<Recipient> {
    let all = groups(text);
    let about = all.iter().filter(|group| field(group, "action").is_some()).take(RECIPIENTS);
    let one = |group: &Vec<(String, String)>| {
        let names = ["final-recipient", "original-recipient", "x-actual-recipient"];
        let plain =
            |value: &str| typed(value).trim_start_matches('<').trim_end_matches('>').to_ascii_lowercase();
        Recipient {
            names: names.iter().filter_map(|name| field(group, name)).map(plain).collect(),
            action: field(group, "action").unwrap_or_default().to_ascii_lowercase(),
            status: status(field(group, "status").unwrap_or_default()),
            said: field(group, "diagnostic-code")
                .map(typed)
                .unwrap_or_default()
                .chars()
                .take(2_000)
                .collect(),
        }
    };
    about.map(one).collect()
}

/// The code, without the comment that some servers put behind it.
fn status(value: &str) -> String {
    value.split([' ', '(']).next().unwrap_or_default().trim().chars().take(20).collect()
}

/// A report of spam: what counts is the reference in the mail it brings back.
fn complaint(message: &Message<'_>, report: &MessagePart<'_>) -> Option<Told> {
    let fields = groups(&text_of(report)).concat();
    let kind = field(&fields, "feedback-type").unwrap_or_default().to_ascii_lowercase();
    if !matches!(kind.as_str(), "abuse" | "fraud") {
        // "not-spam" takes one back; "virus", "auth-failure" and "other" are no complaint of a person.
        return None;
    }
    let path = field(&fields, "original-mail-from").and_then(of_path).map(str::to_owned);
    let reference = path.or_else(|| message.parts.iter().find_map(brought_back))?;
    Some(Told { reference, what: What::Complained })
}

/// The reference in a mail that was brought back, whole or its headers alone.
fn brought_back(part: &MessagePart<'_>) -> Option<String> {
    let whole = is(part, "message", "rfc822") || is(part, "message", "global");
    if !whole && !is(part, "text", "rfc822-headers") && !is(part, "message", "rfc822-headers") {
        return None;
    }
    let text = text_of(part);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let head = head.split("\n\n").next().unwrap_or_default();
    let fields = groups(head).concat();
    let own = field(&fields, "x-cartwheel-ref").map(str::trim);
    let own = own.filter(|text| text.len() == reference::LENGTH).map(str::to_owned);
    own.or_else(|| field(&fields, "return-path").and_then(of_path).map(str::to_owned))
}

/// What was said, fit to be kept.
pub fn detail(recipient: &Recipient) -> String {
    readable(&format!("{} {}", recipient.status, recipient.said))
}
