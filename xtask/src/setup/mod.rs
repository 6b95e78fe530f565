//! What the commands need on a machine: looked for, and installed when missing.
//!
//! Each part has a `find` that only looks and takes milliseconds, and an `install`. A part that is there costs nothing.

mod apt;
pub mod browser;
pub mod database;
pub mod node;
pub mod python;
pub mod wasm;

use crate::Outcome;
use crate::exec;
use crate::house::House;

/// What a command needs.
#[derive(Clone, Copy, PartialEq)]
pub enum Need {
    /// A compiler for WebAssembly.
    Wasm,
    /// The programs of a PostgreSQL server.
    Database,
    /// Node.js, and the packages of `e2e/` and `storefront/`.
    Node,
    /// Chromium and fonts for comparable pictures.
    Browser,
    /// Python packages that check our work independently.
    Python,
}

const ALL: &[Need] = &[Need::Wasm, Need::Database, Need::Node, Need::Browser, Need::Python];

impl Need {
    fn name(self) -> &'static str {
        match self {
            Self::Wasm => "a compiler for WebAssembly",
            Self::Database => "PostgreSQL's server programs",
            Self::Node => "Node.js and the packages of e2e/ and storefront/",
            Self::Browser => "Chromium and fonts",
            Self::Python => "Python packages for independent checks",
        }
    }

    /// What is missing, or how it was found.
    fn look(self, house: &House) -> Result<String, String> {
        match self {
            Self::Wasm => wasm::find().map(|route| route.to_string()),
            Self::Database => database::find().map(|folder| folder.display().to_string()),
            Self::Node => node::find(house),
            Self::Browser => browser::find().map(|program| program.display().to_string()),
            Self::Python => python::find(house),
        }
    }

    fn install(self, house: &House) -> Outcome {
        match self {
            Self::Wasm => wasm::install(),
            Self::Database => apt::install(&["postgresql"], "PostgreSQL"),
            Self::Node => node::install(house),
            Self::Browser => browser::install(),
            Self::Python => python::install(house),
        }
    }
}

/// Installs what is missing of these.
///
/// # Errors
/// What could not be installed, and what a person can do about it.
pub fn ensure(house: &House, needs: &[Need]) -> Outcome {
    for need in needs {
        if let Err(missing) = need.look(house) {
            exec::step(&format!("set-up: {} ({missing})", need.name()), || need.install(house))?;
            need.look(house).map_err(|missing| format!("{} is still missing: {missing}", need.name()))?;
        }
    }
    Ok(())
}

/// `cargo xtask setup [--check]`
pub fn command(house: &House, arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("setup takes only --check".into()),
    };
    if !check {
        ensure(house, ALL)?;
    }
    let mut missing = 0;
    for need in ALL {
        match need.look(house) {
            Ok(found) => println!("  ready    {:<50} {found}", need.name()),
            Err(fault) => {
                missing += 1;
                println!("  missing  {:<50} {fault}", need.name());
            }
        }
    }
    if missing == 0 { Ok(()) } else { Err("`cargo xtask setup` installs what is missing".into()) }
}
