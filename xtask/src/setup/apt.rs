//! Packages of the distribution.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::exec;

/// Installs packages with apt, as root or by sudo.
///
/// # Errors
/// Another kind of system, or no right to install: the message names what is needed, so that a person can do it.
pub fn install(packages: &[&str], what: &str) -> Outcome {
    let list = packages.join(" ");
    let by_hand =
        format!("{what} is needed; install it (on Debian: apt-get install {list}) and run the command again");
    let Some(apt) = exec::which(&["apt-get"]) else {
        return Err(by_hand);
    };
    let prefix = if exec::is_root() { None } else { Some(sudo().ok_or(by_hand)?) };
    let apt = |arguments: &[&str]| {
        let mut command = match &prefix {
            Some(sudo) => {
                let mut command = Command::new(sudo);
                command.args(["env", "DEBIAN_FRONTEND=noninteractive"]).arg(&apt);
                command
            }
            None => Command::new(&apt),
        };
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments).stdout(Stdio::null());
        command
    };
    eprintln!("    apt-get install {list}");
    exec::run(&mut apt(&["update", "-q"]))?;
    exec::run(apt(&["install", "-y", "-q", "--no-install-recommends"]).args(packages))
}

/// Sudo, where it works without a password or a person is there to type one.
fn sudo() -> Option<PathBuf> {
    use std::io::IsTerminal as _;
    let sudo = exec::which(&["sudo"])?;
    let free =
        Command::new(&sudo).args(["-n", "true"]).stderr(Stdio::null()).status().is_ok_and(|it| it.success());
    let person = std::io::stdin().is_terminal() && env::var_os("CI").is_none();
    (free || person).then_some(sudo)
}
