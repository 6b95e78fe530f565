//! The words of `message.status` and `message.reason`.

/// Waits for `next_at`.
pub const QUEUED: i32 = 0;
/// Leased, nothing decided yet.
pub const LEASED: i32 = 1;
/// Handed over; the answer is awaited.
pub const ATTEMPTING: i32 = 2;
/// The provider took it.
pub const SENT: i32 = 3;
/// Overtaken by events: a purchase, the end of its run.
pub const CANCELLED: i32 = 4;
/// Not allowed, or not wanted: consent, caps, holdout.
pub const SUPPRESSED: i32 = 5;
/// The provider refused it for good, or it took too long.
pub const FAILED: i32 = 6;
/// Handed over, and nobody knows whether it was taken. Never repeated by itself.
pub const UNCERTAIN: i32 = 7;

/// `reason`: the worker that had it in hand is gone.
pub const WORKER_LOST: &str = "worker_lost";
/// `reason`: the provider did not say whether it took it.
pub const NO_ANSWER: &str = "no_answer";
