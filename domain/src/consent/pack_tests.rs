use super::*;

#[test]
fn the_packs_of_this_build_are_sound() {
    let book = check_builtin().expect("sound");
    let ids: Vec<&str> = book.packs().iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["any", "strictest", "de", "at", "ch", "fr", "it", "gb", "us"]);
}
