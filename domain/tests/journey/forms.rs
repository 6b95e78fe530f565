//! Names as they are stored, and what a run carries as JSON.

use crate::build::*;
use cartwheel_domain::journey::{
    Decision, EndReason, Group, RunContext, RunStatus, WaitingFor, default_recovery_journey,
};

#[test]
fn stored_names_are_the_serde_names() {
    for reason in EndReason::ALL {
        assert_eq!(serde_json::to_value(reason).expect("JSON"), reason.as_str());
        assert_eq!(EndReason::from_name(reason.as_str()), Some(reason));
    }
    for status in [RunStatus::Waiting, RunStatus::Leased, RunStatus::Ended] {
        assert_eq!(RunStatus::from_name(status.as_str()), Some(status));
    }
    for decision in [Decision::Entered, Decision::ShopperIsBack, Decision::GoalNotReached, Decision::Split] {
        assert_eq!(serde_json::to_value(decision).expect("JSON"), decision.as_str());
    }
    assert_eq!((EndReason::from_name("gone"), RunStatus::from_name("gone")), (None, None));
}

#[test]
fn context_and_waits_survive_json_and_stay_small() {
    let def = default_recovery_journey();
    let mut run = run(&def, contact_in_group(false));
    for _ in 0..4 {
        let at = run.wake_at;
        advance(&def, &mut run, &facts(), at);
    }
    let text = serde_json::to_string(&run.context).expect("JSON");
    assert_eq!(serde_json::from_str::<RunContext>(&text).expect("read"), run.context);
    assert_eq!(run.context.group, Some(Group::Treated));
    assert!(text.len() < 200, "{text}");
    assert_eq!(serde_json::from_str::<RunContext>("{}").expect("read"), RunContext::default());
    let waiting = r#"{"events":["clicked","order_placed"],"message":"mail_1","since":1,"until":5}"#;
    let read: WaitingFor = serde_json::from_str(waiting).expect("read");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), waiting);
}
