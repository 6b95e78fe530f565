//! Running other programs, with a line about each that takes its time.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::Outcome;

/// Runs a step under a heading and says how long it took.
pub fn step<T>(heading: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    eprintln!("==> {heading}");
    let start = Instant::now();
    let result = work();
    let word = if result.is_ok() { "done" } else { "failed" };
    eprintln!("    {word} after {}", clock(start.elapsed()));
    result
}

/// A duration as people read it: `0.4 s`, `3 min 12 s`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// Runs a command with our terminal and demands success.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|fault| cannot_start(command, &fault))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

/// Runs a command and returns what it printed.
pub fn capture(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|fault| cannot_start(command, &fault))?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", shown(command), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command, passes its standard output on line by line, and shows each line to `look` as well.
pub fn watch(command: &mut Command, mut look: impl FnMut(&str)) -> Outcome {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|fault| cannot_start(command, &fault))?;
    let output = child.stdout.take().ok_or("a piped output is missing")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(|fault| format!("reading the output of {}: {fault}", shown(command)))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        look(&line);
    }
    let status = child.wait().map_err(|fault| format!("{}: {fault}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

/// Runs a command that may hang, and ends it when its time is up.
pub fn run_within(command: &mut Command, limit: Duration) -> Outcome {
    let mut child = command.spawn().map_err(|fault| cannot_start(command, &fault))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{} ended with {status}", shown(command))),
            Ok(None) if start.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} was stopped after {}", shown(command), clock(limit)));
            }
            Ok(None) => thread::sleep(Duration::from_millis(50)),
            Err(fault) => return Err(format!("{}: {fault}", shown(command))),
        }
    }
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let mut text =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// The first of these programs that is on the path.
pub fn which(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// A command that dies with us where the system can do that, so that a killed test run leaves no server behind.
pub fn tied(program: impl AsRef<OsStr>) -> Command {
    match which(&["setpriv"]) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "INT", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Asks a process to end as Ctrl-C would.
pub fn interrupt(process: u32) {
    let _ = Command::new("kill").args(["-INT", &process.to_string()]).stderr(Stdio::null()).status();
}

fn cannot_start(command: &Command, fault: &std::io::Error) -> String {
    format!("{} cannot be started: {fault}", shown(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hanging_command_is_stopped() {
        let fault = run_within(Command::new("sleep").arg("60"), Duration::from_millis(100)).unwrap_err();
        assert!(fault.contains("sleep 60 was stopped"), "{fault}");
    }

    #[test]
    fn a_failing_command_is_named() {
        assert_eq!(run(&mut Command::new("false")).unwrap_err(), "false ended with exit status: 1");
        assert!(
            run(&mut Command::new("no-such-program"))
                .unwrap_err()
                .contains("no-such-program cannot be started")
        );
    }

    #[test]
    fn output_is_seen_line_by_line() {
        let mut lines = Vec::new();
        watch(Command::new("printf").arg("a\\nb\\n"), |line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["a", "b"]);
    }
}
