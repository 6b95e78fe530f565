//! Python packages with which tests check our work by programs that we did not write, in a folder of their own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::apt;
use crate::Outcome;
use crate::exec;
use crate::house::{Hash, House, stamped};

/// The interpreter that has the packages of `e2e/requirements.txt`; none when there is no such list.
pub fn interpreter(house: &House) -> Outcome<Option<PathBuf>> {
    Ok(place(house)?.map(|(folder, _)| folder.join("bin/python")))
}

/// Says that the packages are in place.
pub fn find(house: &House) -> Result<String, String> {
    match place(house)? {
        None => Ok("none asked for".to_owned()),
        Some((folder, list)) if stamped(&folder.join("installed"), &list) => Ok(folder.display().to_string()),
        Some(_) => Err("e2e/requirements.txt has changed".to_owned()),
    }
}

/// Makes the folder and installs the packages into it.
pub fn install(house: &House) -> Outcome {
    let Some((folder, list)) = place(house)? else { return Ok(()) };
    let environment = |python: &str| {
        let mut command = Command::new(python);
        command.args(["-m", "venv", "--clear"]).arg(&folder).stdout(Stdio::null());
        exec::run(&mut command)
    };
    if let Err(fault) = environment("python3") {
        eprintln!("    {fault}");
        apt::install(&["python3", "python3-venv"], "Python 3 with its module venv")?;
        environment("/usr/bin/python3")?;
    }
    exec::run(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(house.root.join("e2e/requirements.txt")),
    )?;
    let stamp = folder.join("installed");
    fs::write(&stamp, list).map_err(|fault| format!("{}: {fault}", stamp.display()))
}

/// The folder for this list of packages, named after it: two clones with two lists do not disturb each other.
fn place(house: &House) -> Outcome<Option<(PathBuf, String)>> {
    let Ok(list) = fs::read_to_string(house.root.join("e2e/requirements.txt")) else { return Ok(None) };
    let mut hash = Hash::default();
    hash.add(list.as_bytes());
    Ok(Some((house.cache.join("python").join(hash.text()), list)))
}
