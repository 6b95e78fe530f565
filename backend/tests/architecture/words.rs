//! Rust sources as words with their lines, enough to see which module uses which.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

/// An identifier, a number, `::`, or a single sign.
#[derive(Clone, Debug)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Counted from 1.
    pub line: usize,
}

/// One file.
#[derive(Clone)]
pub struct Source {
    /// From the root of the workspace, with `/`.
    pub path: String,
    /// Without comments, strings and what is compiled for tests only.
    pub words: Vec<Word>,
    /// What stands in strings, with the line each begins in.
    pub strings: Vec<Word>,
}

impl Source {
    /// Cuts a text.
    pub fn new(path: String, text: &str) -> Self {
        let (words, strings) = cut(text);
        let (words, left_out) = without_tests(words);
        let strings =
            strings.into_iter().filter(|string| !left_out.iter().any(|lines| lines.contains(&string.line)));
        Self { path, words, strings: strings.collect() }
    }

    /// The module of `backend/src` it belongs to: `backend/src/carts/store.rs` → `carts`.
    pub fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("backend/src/")?;
        let first = inside.split('/').next()?.trim_end_matches(".rs");
        (first != "lib" && first != "main").then_some(first)
    }

    /// Whether it is only there for tests.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let folders = ["/tests/", "/testing/"].iter().any(|part| self.path.contains(part));
        folders || ["tests.rs", "testing.rs", "conformance.rs"].contains(&name) || name.ends_with("_tests.rs")
    }

    /// Paths into this crate, from its root, with their lines: groups of a `use` are taken apart, `super` is followed.
    pub fn uses(&self) -> Vec<(Vec<String>, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.words.len() {
            let starts = matches!(self.words[at].text.as_str(), "crate" | "super")
                && self.words.get(at + 1).is_some_and(|next| next.text == "::")
                && (at == 0 || self.words[at - 1].text != "::");
            if starts {
                at = self.path(at, &mut Vec::new(), &mut found);
            } else {
                at += 1;
            }
        }
        found.into_iter().filter_map(|(path, line)| Some((self.from_root(path)?, line))).collect()
    }

    /// Reads one path, or a tree of them, from `at` on, and returns where it ends.
    fn path(&self, mut at: usize, before: &mut Vec<String>, found: &mut Vec<(Vec<String>, usize)>) -> usize {
        let depth = before.len();
        let line = self.words[at].line;
        loop {
            match self.words.get(at).map(|word| word.text.as_str()) {
                Some("{") if before.len() > depth || depth > 0 => {
                    at += 1;
                    while self.words.get(at).is_some_and(|word| word.text != "}") {
                        at = if self.words[at].text == "," { at + 1 } else { self.path(at, before, found) };
                    }
                    before.truncate(depth);
                    return at + 1;
                }
                Some(text) if is_name(text) || text == "*" => {
                    before.push(text.to_owned());
                    at += 1;
                }
                _ => {
                    at += 1;
                    break;
                }
            }
            if self.words.get(at).is_some_and(|word| word.text == "::") {
                at += 1;
                continue;
            }
            // `as name` renames and is no part of the path.
            if self.words.get(at).is_some_and(|word| word.text == "as") {
                at += 2;
            }
            break;
        }
        found.push((before.clone(), line));
        before.truncate(depth);
        at
    }

    /// `crate::a::b` and `super::b` as `a::b`; none for a path that ends inside this very file's module.
    fn from_root(&self, path: Vec<String>) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        if first == "crate" {
            return Some(rest.to_vec());
        }
        let inside = self.path.strip_prefix("backend/src/")?.trim_end_matches(".rs").trim_end_matches("/mod");
        let mut here: Vec<String> = inside.split('/').map(str::to_owned).collect();
        let up = path.iter().take_while(|part| *part == "super").count();
        here.truncate(here.len().saturating_sub(up));
        here.extend(path.into_iter().skip(up));
        Some(here)
    }
}

/// All sources below a folder.
pub fn sources(root: &Path, folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))
        .unwrap_or_else(|fault| panic!("{folder}: {fault}"))
        .map(|entry| entry.expect("a folder that can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    entries.sort();
    for name in entries {
        let path = format!("{folder}/{name}");
        if root.join(&path).is_dir() {
            found.extend(sources(root, &path));
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(root.join(&path)).unwrap_or_else(|fault| panic!("{path}: {fault}"));
            found.push(Source::new(path, &text));
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Cuts a text into words and strings, leaving out comments and characters.
pub fn cut(text: &str) -> (Vec<Word>, Vec<Word>) {
    let signs: Vec<char> = text.chars().collect();
    let (mut words, mut strings, mut at, mut line) = (Vec::new(), Vec::new(), 0, 1);
    let run = |begin: usize, end: usize| signs[begin..end.min(signs.len())].iter().collect::<String>();
    let starts = |at: usize, what: &str| {
        what.chars().enumerate().all(|(index, sign)| signs.get(at + index) == Some(&sign))
    };
    while let Some(&sign) = signs.get(at) {
        let begin = at;
        if starts(at, "//") {
            while signs.get(at).is_some_and(|sign| *sign != '\n') {
                at += 1;
            }
        } else if starts(at, "/*") {
            at += 2;
            while at < signs.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if let Some(end) = raw_string(&signs, at) {
            at = end;
            strings.push(Word { text: run(begin, at), line });
        } else if sign == '"' {
            at += 1;
            while signs.get(at).is_some_and(|sign| *sign != '"') {
                at += if signs[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
            strings.push(Word { text: run(begin, at), line });
        } else if sign == '\'' && (signs.get(at + 1) == Some(&'\\') || signs.get(at + 2) == Some(&'\'')) {
            at += 2;
            while signs.get(at).is_some_and(|sign| *sign != '\'') {
                at += 1;
            }
            at += 1;
        } else if sign.is_alphanumeric() || sign == '_' {
            while signs.get(at).is_some_and(|sign| sign.is_alphanumeric() || *sign == '_') {
                at += 1;
            }
            words.push(Word { text: run(begin, at), line });
        } else if starts(at, "::") {
            at += 2;
            words.push(Word { text: "::".to_owned(), line });
        } else {
            at += 1;
            if !sign.is_whitespace() {
                words.push(Word { text: sign.to_string(), line });
            }
        }
        line += signs[begin..at.min(signs.len())].iter().filter(|sign| **sign == '\n').count();
    }
    (words, strings)
}

/// Where a raw string that begins here ends.
fn raw_string(signs: &[char], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).and_then(|before| signs.get(before));
    if signs.get(at) != Some(&'r') || before.is_some_and(|sign| sign.is_alphanumeric() && *sign != 'b') {
        return None;
    }
    let hashes = signs[at + 1..].iter().take_while(|sign| **sign == '#').count();
    if signs.get(at + 1 + hashes) != Some(&'"') {
        return None;
    }
    let mut end = at + 2 + hashes;
    while end < signs.len() {
        if signs[end] == '"'
            && signs[end + 1..].iter().take(hashes).filter(|sign| **sign == '#').count() == hashes
        {
            return Some(end + 1 + hashes);
        }
        end += 1;
    }
    Some(end)
}

/// Leaves out items under `#[cfg(test)]` and `#[cfg(any(test, …))]`; returns what is left, and the lines left out.
fn without_tests(words: Vec<Word>) -> (Vec<Word>, Vec<RangeInclusive<usize>>) {
    let (mut kept, mut left_out, mut at) = (Vec::with_capacity(words.len()), Vec::new(), 0);
    while at < words.len() {
        if is_test_attribute(&words[at..]) {
            let begin = at;
            at = after_item(&words, at);
            left_out.push(words[begin].line..=words[at - 1].line);
        } else {
            kept.push(words[at].clone());
            at += 1;
        }
    }
    (kept, left_out)
}

fn is_test_attribute(words: &[Word]) -> bool {
    let texts: Vec<&str> = words.iter().take(7).map(|word| word.text.as_str()).collect();
    matches!(
        texts.as_slice(),
        ["#", "[", "cfg", "(", "test", ")", ..] | ["#", "[", "cfg", "(", "any", "(", "test"]
    )
}

/// The place behind the item that begins with this attribute: behind its `;`, or behind its closing brace.
fn after_item(words: &[Word], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(word) = words.get(at) {
        at += 1;
        match word.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" if depth == 1 => return at,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => return at,
            _ => {}
        }
    }
    at
}
