//! The JSON schema of a definition, for editors and for developers who publish journeys by the API.

/// JSON Schema 2020-12. What it cannot say is [`super::Definition::validate`]'s.
pub const JSON_SCHEMA: &str = include_str!("journey.schema.json");

/// Complete examples by name; each is valid and can be published as it is.
pub const EXAMPLES: [(&str, &str); 3] = [
    ("default_recovery", super::default::DEFAULT_JSON),
    ("quote_follow_up", include_str!("examples/quote_follow_up.json")),
    ("value_and_words", include_str!("examples/value_and_words.json")),
];
