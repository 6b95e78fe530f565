//! Lists of changes: short, in order, and always to the same end.

use cartwheel_domain::journey::{Change, Definition};

/// The changes with one more. Earlier ones about the same thing go, and so does the new one, where the journey comes out
/// the same without them: a step put in and taken out leaves nothing.
pub fn laid(published: &Definition, changes: &[Change], change: &Change) -> Vec<Change> {
    let others = || changes.iter().filter(|earlier| !is_overtaken(earlier, change)).cloned();
    let one = || std::iter::once(change.clone());
    let all: Vec<Change> = changes.iter().cloned().chain(one()).collect();
    let wanted = published.draft(&all);
    let shorter = [Vec::new(), others().collect(), others().chain(one()).collect()];
    shorter.into_iter().find(|list| published.draft(list) == wanted).unwrap_or(all)
}

/// The changes without those that change nothing, and without those that cannot be made unless these are wanted.
pub fn sifted(published: &Definition, mut changes: Vec<Change>, with_unfit: bool) -> Vec<Change> {
    let mut now = published.clone();
    changes.retain(|change| {
        let (next, problems) = now.draft(std::slice::from_ref(change));
        let counts = if problems.is_empty() { next != now } else { with_unfit };
        now = next;
        counts
    });
    changes
}

/// Whether a later change makes an earlier one needless, unless something between them needs it.
fn is_overtaken(earlier: &Change, later: &Change) -> bool {
    match later {
        Change::Remove { node, .. } => about(earlier) == Some(node.as_str()),
        later => target(earlier) == target(later),
    }
}

/// The node a change is about.
fn about(change: &Change) -> Option<&str> {
    match change {
        Change::SetWait { node, .. }
        | Change::SetTemplate { node, .. }
        | Change::SetSubject { node, .. }
        | Change::SetWeight { node, .. }
        | Change::Set { node, .. }
        | Change::Insert { id: node, .. }
        | Change::Remove { node, .. } => Some(node.as_str()),
        Change::SetName { .. }
        | Change::SetHoldout { .. }
        | Change::SetFrequencyCap { .. }
        | Change::SetQuietHours { .. }
        | Change::SetCoolDown { .. }
        | Change::Graft { .. }
        | Change::Place { .. }
        | Change::Arrange => None,
    }
}

/// What a change is about: the change without its value.
pub fn target(change: &Change) -> String {
    let node = about(change).unwrap_or_default();
    match change {
        Change::SetName { .. } => "name".to_owned(),
        Change::SetWait { .. } => format!("wait {node}"),
        Change::SetHoldout { .. } => "holdout".to_owned(),
        Change::SetTemplate { .. } => format!("template {node}"),
        Change::SetSubject { language, .. } => format!("subject {node} {language:?}"),
        Change::SetWeight { branch, .. } => format!("weight {node} {branch}"),
        Change::SetFrequencyCap { .. } => "cap".to_owned(),
        Change::SetQuietHours { .. } => "quiet".to_owned(),
        Change::SetCoolDown { .. } => "cool down".to_owned(),
        Change::Set { .. } => format!("set {node}"),
        Change::Insert { .. } => format!("insert {node}"),
        Change::Remove { .. } => format!("remove {node}"),
        Change::Graft { first, .. } => format!("graft {first}"),
        Change::Place { places } => format!("place {:?}", places.keys().collect::<Vec<_>>()),
        Change::Arrange => "arrange".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::{Blueprint, Node, NodeId};

    use super::*;

    fn id(name: &str) -> NodeId {
        name.parse().unwrap()
    }

    fn node(text: &str) -> Box<Node> {
        Box::new(serde_json::from_str(text).unwrap())
    }

    fn wait() -> Box<Node> {
        node(r#"{"type":"wait","seconds":60,"next":"x"}"#)
    }

    fn split(ways: usize) -> Box<Node> {
        let ways = vec![r#"{"weight":1,"next":"x"}"#; ways].join(",");
        node(&format!(r#"{{"type":"split","branches":[{ways}]}}"#))
    }

    fn insert(name: &str, after: &str, way: &str, node: Box<Node>) -> Change {
        Change::Insert { id: id(name), after: id(after), way: way.to_owned(), node }
    }

    fn remove(name: &str) -> Change {
        Change::Remove { node: id(name), keep: None }
    }

    fn all(changes: &[Change]) -> (Definition, Vec<Change>) {
        let empty = Blueprint::Empty.definition("Mine", 10);
        let list = changes.iter().fold(Vec::new(), |list, change| laid(&empty, &list, change));
        let (drawn, problems) = empty.draft(&list);
        assert_eq!((problems.as_slice(), &drawn), ([].as_slice(), &empty.draft(changes).0));
        (drawn, list)
    }

    #[test]
    fn a_step_put_in_changed_and_taken_out_leaves_nothing() {
        let longer = |seconds| Change::SetWait { node: id("wait_1"), seconds };
        let (_, list) = all(&[insert("wait_1", "left", "next", wait()), longer(120), longer(180)]);
        assert_eq!(list.len(), 2, "the later length takes the place of the earlier");
        let (_, list) = all(&[insert("wait_1", "left", "next", wait()), longer(120), remove("wait_1")]);
        assert!(list.is_empty(), "{list:?}");
    }

    #[test]
    fn what_others_stand_on_stays_in_its_place() {
        let (drawn, list) = all(&[
            insert("wait_1", "left", "next", wait()),
            insert("wait_2", "wait_1", "next", wait()),
            remove("wait_1"),
            insert("wait_1", "wait_2", "next", wait()),
        ]);
        assert_eq!((drawn.nodes.len(), list.len()), (4, 4));
        let (drawn, list) = all(&[
            insert("split_1", "left", "next", split(2)),
            Change::Set { node: id("split_1"), to: split(3) },
            insert("wait_1", "split_1", "branches.2.next", wait()),
            Change::Set { node: id("split_1"), to: split(2) },
        ]);
        assert_eq!((drawn.nodes.len(), list.len()), (3, 4), "the wait stood on the third way only");
    }

    #[test]
    fn of_kept_changes_those_stay_that_change_something_or_can_be_told() {
        let empty = Blueprint::Empty.definition("Mine", 10);
        let kept = vec![
            insert("wait_1", "left", "next", wait()),
            insert("wait_2", "gone", "next", wait()),
            Change::SetName { name: "Mine".to_owned() },
            Change::SetWait { node: id("wait_1"), seconds: 300 },
        ];
        let text = serde_json::to_string(&kept).unwrap();
        let read: Vec<Change> = serde_json::from_str(&text).unwrap();
        let strict = sifted(&empty, read.clone(), false);
        assert_eq!(strict, [kept[0].clone(), kept[3].clone()]);
        assert_eq!(sifted(&empty, read, true), [kept[0].clone(), kept[1].clone(), kept[3].clone()]);
    }
}
