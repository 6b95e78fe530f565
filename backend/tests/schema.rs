//! The checked-in `schema.graphql` is what the backend serves.

#[test]
fn the_checked_in_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql");
    let printed = cartwheel_backend::api::sdl();
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept.trim_end() == printed.trim_end(), "schema.graphql is stale: run `cargo xtask schema`");
}
