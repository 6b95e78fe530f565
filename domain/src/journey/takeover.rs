//! People who are under way going on with another version of the journey.
//!
//! They can where they wait: a wait of the same kind under the same id stands in the other version. When what they wait for comes,
//! the other version says where they go from there; until when they wait was settled when they came.

use super::{definition::Definition, node_id::NodeId};

impl Definition {
    /// Whether somebody who stands at a node of `before` can go on with this version.
    pub fn takes_over(&self, before: &Self, node: &NodeId) -> bool {
        let (Some(was), Some(is)) = (before.node(node), self.node(node)) else { return false };
        was.rests() && was.kind() == is.kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(nodes: &str) -> Definition {
        let text = format!(
            r#"{{"schema":1,"name":"x","start":"t","nodes":{{"t":{{"type":"trigger","on":["cart"],"next":"a"}},{nodes},"end":{{"type":"exit"}}}}}}"#
        );
        Definition::from_json(&text).expect("a journey")
    }

    #[test]
    fn who_waits_goes_on_where_the_same_wait_stands() {
        let id = |name: &str| name.parse::<NodeId>().expect("an id");
        let before = version(r#""a":{"type":"wait","seconds":60,"next":"end"}"#);
        let longer = version(
            r#""a":{"type":"wait","seconds":90,"next":"b"},"b":{"type":"wait","seconds":5,"next":"end"}"#,
        );
        assert!(longer.takes_over(&before, &id("a")), "however long it is");
        assert!(!before.takes_over(&longer, &id("b")), "it is not there");
        assert!(!longer.takes_over(&before, &id("t")), "nobody stays there");
        let other = version(r#""a":{"type":"wait_until","time":"09:00","next":"end"}"#);
        assert!(!other.takes_over(&before, &id("a")), "another kind of wait");
    }
}
