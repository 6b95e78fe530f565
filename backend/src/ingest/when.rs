//! When something happened, by a clock that may be wrong.

use super::read::{self, Object, Problem};
use cartwheel_domain::time::{DAY, MINUTE, Millis, PLAUSIBLE, parse_rfc3339};

/// What is known of the clocks when a call arrives.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Our clock at the arrival.
    pub received: Millis,
    /// The sender's clock when it sent, if it says so.
    pub sent_at: Option<Millis>,
}

/// A difference of the two clocks below this is the network, not a clock.
const NETWORK: Millis = MINUTE;
/// The most a clock is set right by; a sender that claims more is not keeping time at all.
const MOST_SKEW: Millis = 366 * DAY;

/// When a call happened by our clock, and whether the call said a time at all.
///
/// As Segment does, the time is set right by the difference of `sentAt` and our clock, so that a browser whose clock
/// is a day off still tells how long ago something was. A time that is still in the future, or before the year 2000,
/// or unreadable, becomes the time of arrival, and a note says so.
pub fn occurred(call: &Object, arrival: &Arrival, notes: &mut Vec<Problem>) -> (Millis, bool) {
    let Some((name, value)) = read::first(call, &["originalTimestamp", "timestamp"]) else {
        return (arrival.received, false);
    };
    let place = format!("/{name}");
    let Some(said) = value.as_str().and_then(parse_rfc3339) else {
        notes.push(Problem::new(
            place,
            "not a time such as 2026-11-22T10:00:00.000Z; the time of arrival is used",
        ));
        return (arrival.received, false);
    };
    let sent =
        read::first(call, &["sentAt"]).and_then(|(_, v)| parse_rfc3339(v.as_str()?)).or(arrival.sent_at);
    let skew = sent.map_or(0, |sent| arrival.received - sent);
    let at = if (NETWORK..MOST_SKEW).contains(&skew.abs()) { said + skew } else { said };
    if at > arrival.received + NETWORK || !PLAUSIBLE.contains(&at) {
        notes.push(Problem::new(place, "lies in the future; the time of arrival is used"));
        return (arrival.received, true);
    }
    (at.min(arrival.received), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_795_341_600_000; // 2026-11-22T10:00:00Z

    fn at(json: serde_json::Value, sent: Option<&str>) -> (Millis, usize) {
        let mut notes = Vec::new();
        let arrival = Arrival { received: NOW, sent_at: sent.and_then(parse_rfc3339) };
        let (at, _) = occurred(json.as_object().expect("an object"), &arrival, &mut notes);
        (at - NOW, notes.len())
    }

    #[test]
    fn a_wrong_clock_is_set_right() {
        let said = serde_json::json!({"timestamp": "2026-11-22T09:59:00Z"});
        assert_eq!(at(said.clone(), None), (-MINUTE, 0));
        assert_eq!(
            at(said.clone(), Some("2026-11-22T09:59:50Z")),
            (-MINUTE, 0),
            "ten seconds are the network"
        );
        assert_eq!(
            at(said, Some("2026-11-22T09:30:00Z")),
            (29 * MINUTE - 29 * MINUTE, 1),
            "29 minutes ahead is the future"
        );
        let ahead = serde_json::json!({"timestamp": "2026-11-23T09:00:00Z"});
        assert_eq!(at(ahead.clone(), Some("2026-11-23T10:00:00Z")), (-60 * MINUTE, 0));
        assert_eq!(at(ahead, None), (0, 1));
    }

    #[test]
    fn what_is_no_time_is_the_time_of_arrival() {
        for bad in [
            serde_json::json!({"timestamp": "yesterday"}),
            serde_json::json!({"timestamp": 5}),
            serde_json::json!({"timestamp": "1969-01-01T00:00:00Z"}),
        ] {
            assert_eq!(at(bad, None), (0, 1));
        }
        assert_eq!(at(serde_json::json!({}), None), (0, 0));
    }
}
