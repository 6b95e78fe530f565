//! `cargo xtask schema`: the GraphQL schema as the server prints it, checked in as `schema.graphql`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::compile::Server;
use crate::exec;
use crate::house::House;

const FILE: &str = "schema.graphql";

/// `cargo xtask schema [--check]`
pub fn command(house: &House, arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("schema takes only --check".into()),
    };
    let server = Server::of(house)?;
    exec::step("building the server", || server.build(house, None))?;
    if check {
        return compare(house, &server.program);
    }
    let file = house.root.join(FILE);
    fs::write(&file, print(&server.program)?).map_err(|fault| format!("{}: {fault}", file.display()))?;
    println!("{FILE} is written");
    Ok(())
}

/// Compares the file with what the server prints.
///
/// # Errors
/// The first line that differs.
pub fn compare(house: &House, program: &Path) -> Outcome {
    let printed = print(program)?;
    let file = house.root.join(FILE);
    let kept = fs::read_to_string(&file).map_err(|fault| format!("{}: {fault}", file.display()))?;
    difference(&kept, &printed)
        .map_or(Ok(()), |what| Err(format!("{what}\n`cargo xtask schema` writes it anew")))
}

fn print(program: &Path) -> Outcome<String> {
    exec::capture(Command::new(program).arg("schema"))
}

fn difference(kept: &str, printed: &str) -> Option<String> {
    if kept == printed {
        return None;
    }
    let line = kept.lines().zip(printed.lines()).take_while(|(one, other)| one == other).count();
    let show = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").trim().to_owned();
    Some(format!("{FILE}:{} is stale\n  file:   {}\n  server: {}", line + 1, show(kept), show(printed)))
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let told = difference("a\nb\n", "a\nc\nd\n").unwrap();
        assert!(told.starts_with("schema.graphql:2 is stale") && told.contains("server: c"), "{told}");
        assert!(difference("a\n", "a\nb\n").unwrap().contains("file:   (nothing)"));
    }
}
