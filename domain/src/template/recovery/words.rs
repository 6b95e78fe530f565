//! Files of words: `key: text`, further lines of a text indented by two spaces.

/// The words of one file, in its order.
pub(super) struct Words(Vec<(&'static str, String)>);

impl Words {
    pub fn parse(file: &'static str) -> Self {
        let mut words: Vec<(&str, String)> = Vec::new();
        for line in file.lines() {
            match (line.strip_prefix("  "), line.split_once(": "), words.last_mut()) {
                (Some(more), _, Some((_, text))) => {
                    text.push('\n');
                    text.push_str(more);
                }
                (_, Some((key, text)), _) => words.push((key, text.to_owned())),
                _ => {}
            }
        }
        Self(words)
    }

    pub fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub fn get(&self, key: &str) -> &str {
        self.0.iter().find(|(k, _)| *k == key).map_or("", |(_, text)| text)
    }

    /// Puts each text where the layout says `[[key]]`.
    pub fn fill(&self, layout: &str) -> String {
        self.0
            .iter()
            .fold(layout.to_owned(), |source, (key, text)| source.replace(&format!("[[{key}]]"), text))
    }
}
