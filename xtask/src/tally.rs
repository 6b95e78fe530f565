//! Adds up what the test runners say about themselves in their closing lines.

/// Tests that passed, failed or were left out.
#[derive(Debug, Default, PartialEq)]
pub struct Tally {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
}

impl Tally {
    /// A line of `cargo test`: `test result: ok. 12 passed; 0 failed; 1 ignored; …`
    pub fn cargo(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            let counts = counts.split_once(". ").map_or("", |(_, counts)| counts);
            for part in counts.split("; ") {
                self.add(part, "passed", "failed", "ignored");
            }
        }
    }

    /// A line of `node --test`: `ℹ pass 12` or, when it does not write to a terminal, `# pass 12`.
    pub fn node(&mut self, line: &str) {
        if let Some((word, count)) = line.trim_start_matches(['ℹ', '#', ' ']).split_once(' ') {
            self.add(&format!("{count} {word}"), "pass", "fail", "skipped");
        }
    }

    /// A line of Playwright: `  12 passed (1.2m)`.
    pub fn playwright(&mut self, line: &str) {
        let line = line.trim();
        let line = line.split_once(" (").map_or(line, |(counts, _)| counts);
        self.add(line, "passed", "failed", "skipped");
    }

    fn add(&mut self, text: &str, passed: &str, failed: &str, skipped: &str) {
        let Some((count, word)) = text.split_once(' ') else { return };
        let Ok(count) = count.parse::<usize>() else { return };
        match word.trim() {
            word if word == passed => self.passed += count,
            word if word == failed => self.failed += count,
            word if word == skipped => self.skipped += count,
            _ => {}
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} passed; {} failed; {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_closing_lines_of_cargo_add_up() {
        let mut tally = Tally::default();
        tally.cargo(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        tally.cargo("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        tally.cargo("test a::b ... ok");
        assert_eq!(tally, Tally { passed: 15, failed: 2, skipped: 1 });
    }

    #[test]
    fn the_closing_lines_of_node_are_read() {
        let mut tally = Tally::default();
        for line in ["# tests 14", "# pass 12", "# fail 1", "# skipped 1", "ℹ pass 5", "# Subtest: pass 9"]
        {
            tally.node(line);
        }
        assert_eq!(tally, Tally { passed: 17, failed: 1, skipped: 1 });
    }

    #[test]
    fn the_closing_lines_of_playwright_are_read() {
        let mut tally = Tally::default();
        for line in ["  1 failed", "  2 skipped", "  12 passed (1.2m)", "  ✓ 3 a.spec.ts passed"] {
            tally.playwright(line);
        }
        assert_eq!(tally, Tally { passed: 12, failed: 1, skipped: 2 });
    }
}
