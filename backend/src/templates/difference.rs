//! Two texts side by side, line by line.

use similar::{ChangeTag, TextDiff};

/// Most lines that are told of one difference.
pub const MOST_LINES: usize = 200;
/// Texts are compared line by line while the product of their lines is at most this: beyond it one is told as removed, the other as added.
const MOST_PAIRS: usize = 1_000_000;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It stands in both.
    Same,
    /// It stands in the first alone.
    Removed,
    /// It stands in the second alone.
    Added,
    /// Here lines are left out.
    Gap,
}

/// One line of a difference, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub kind: Kind,
    /// The line; nothing for a gap.
    pub text: String,
}

impl Line {
    fn of(kind: Kind, text: &str) -> Self {
        Self { kind, text: text.trim_end_matches(['\r', '\n']).to_owned() }
    }

    fn gap() -> Self {
        Self { kind: Kind::Gap, text: String::new() }
    }
}

/// The lines that differ, each group with one line of its neighbourhood, and gaps between the groups; none where the texts are the same.
pub fn difference(before: &str, after: &str) -> Vec<Line> {
    if before == after {
        return Vec::new();
    }
    let (first, second): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let mut lines = Vec::new();
    if first.len().saturating_mul(second.len()) > MOST_PAIRS {
        lines.extend(first.iter().take(MOST_LINES / 2).map(|line| Line::of(Kind::Removed, line)));
        lines.extend((first.len() > MOST_LINES / 2).then(Line::gap));
        lines.extend(second.iter().take(MOST_LINES / 2 - 2).map(|line| Line::of(Kind::Added, line)));
        lines.extend((second.len() > MOST_LINES / 2 - 2).then(Line::gap));
        return lines;
    }
    let compared = TextDiff::from_slices(&first, &second);
    for group in compared.grouped_ops(1) {
        if !lines.is_empty() {
            lines.push(Line::gap());
        }
        for op in group {
            lines.extend(compared.iter_changes(&op).map(|change| {
                let kind = match change.tag() {
                    ChangeTag::Equal => Kind::Same,
                    ChangeTag::Delete => Kind::Removed,
                    ChangeTag::Insert => Kind::Added,
                };
                Line::of(kind, change.value())
            }));
        }
    }
    if lines.is_empty() {
        // They differ in how their lines end, and in nothing that can be seen.
        lines.push(Line::gap());
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES - 1);
        lines.push(Line::gap());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> String {
        let sign = |kind| match kind {
            Kind::Same => ' ',
            Kind::Removed => '-',
            Kind::Added => '+',
            Kind::Gap => '…',
        };
        difference(before, after).iter().map(|line| format!("{}{}\n", sign(line.kind), line.text)).collect()
    }

    #[test]
    fn a_difference_is_told_with_its_neighbours() {
        assert_eq!(told("a\nb\nc", "a\nb\nc"), "");
        assert_eq!(told("one", "two"), "-one\n+two\n");
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9";
        let after = "1\nzwei\n3\n4\n5\n6\n7\n8\n9\n10";
        assert_eq!(told(before, after), " 1\n-2\n+zwei\n 3\n…\n 9\n+10\n");
        assert_eq!(told("a\n", "a\r\n"), "…\n", "something is told wherever something differs");
    }

    #[test]
    fn however_long_the_texts_what_is_told_is_bounded() {
        let (many, other): (String, String) =
            ((0..3_000).map(|n| format!("{n}\n")).collect(), (0..3_000).map(|n| format!("x{n}\n")).collect());
        let lines = difference(&many, &other);
        assert_eq!(lines.len(), MOST_LINES);
        assert!(
            lines.iter().any(|line| line.kind == Kind::Removed)
                && lines.iter().any(|line| line.kind == Kind::Added)
        );
        let (some, others): (String, String) =
            ((0..500).map(|n| format!("{n}\n")).collect(), (0..500).map(|n| format!("x{n}\n")).collect());
        assert_eq!(difference(&some, &others).len(), MOST_LINES);
    }
}
