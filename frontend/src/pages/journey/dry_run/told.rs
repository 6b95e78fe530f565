//! Words of a dry run.

use crate::i18n::t;
use crate::words;

/// Why a cart that was left did not enter.
pub fn not_entered(word: &str) -> String {
    match word {
        "other_kind" => t::dry_run_not_kind(),
        "excluded" => words::end_reason("excluded"),
        "filtered" => t::dry_run_not_filtered(),
        "still_in" => t::dry_run_not_still_in(),
        "already_in" => t::dry_run_not_already(),
        "too_soon" => t::dry_run_not_soon(),
        "cool_down" => t::dry_run_not_cool(),
        "unreachable" => t::dry_run_not_reachable(),
        "nobodys" => t::dry_run_not_known(),
        "too_many_events" => t::dry_run_not_played(),
        other => other.replace('_', " "),
    }
}

/// What it takes for granted.
pub fn assumption(word: &str) -> String {
    match word {
        "no_engagement" => t::dry_run_assume_engagement(),
        "same_behaviour" => t::dry_run_assume_behaviour(),
        "as_today" => t::dry_run_assume_today(),
        "nobody_in" => t::dry_run_assume_nobody(),
        "always_in_time" => t::dry_run_assume_time(),
        "no_plan_limits" => t::dry_run_assume_plan(),
        other => other.replace('_', " "),
    }
}

/// What became of messages.
pub fn fate(kind: &str, reason: Option<&str>) -> String {
    match kind {
        "sent" => t::dry_run_sent(),
        "waiting" => t::dry_run_waiting(),
        _ => words::refusal(reason.unwrap_or_default(), ""),
    }
}
