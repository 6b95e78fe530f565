//! A PostgreSQL server of our own for the time of a test run: its own data, its own port, durable like a real one.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use crate::Outcome;
use crate::exec;
use crate::setup::database;

/// The variable that tests read; the role in it may create databases and roles.
pub const URL_VARIABLE: &str = "CARTWHEEL_TEST_POSTGRES_URL";

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const PREFIX: &str = "cartwheel-postgres-";

/// A running server; stopped and removed when dropped, and by the system should we be killed.
pub struct Cluster {
    folder: PathBuf,
    child: Child,
    url: String,
}

impl Cluster {
    /// Makes a cluster in the temporary folder and starts it.
    ///
    /// # Errors
    /// What `initdb` or the server said.
    pub fn start() -> Outcome<Self> {
        remove_leftovers();
        let bin = database::find()?;
        let user = if exec::is_root() { Some(unprivileged()?) } else { None };
        let folder = env::temp_dir().join(format!("{PREFIX}{}", process::id()));
        fs::create_dir_all(&folder).map_err(|fault| format!("{}: {fault}", folder.display()))?;
        let (data, log) = (folder.join("data"), folder.join("log"));
        let password = password()?;
        let secret = folder.join("password");
        fs::write(&secret, &password).map_err(|fault| format!("{}: {fault}", secret.display()))?;
        if let Some(user) = &user {
            exec::run(Command::new("chown").args(["-R", user]).arg(&folder))?;
        }
        exec::run(Command::new("chmod").args(["-R", "go="]).arg(&folder))?;

        let mut initdb = as_user(user.as_deref(), &bin.join("initdb"));
        initdb
            .args(["--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(sign_in(&bin)?);
        initdb.arg("--pwfile").arg(&secret).arg("-D").arg(&data).current_dir(&folder);
        exec::capture(&mut initdb)?;
        let port = free_port()?;
        let output = fs::File::create(&log).map_err(|fault| format!("{}: {fault}", log.display()))?;
        let errors = output.try_clone().map_err(|fault| format!("{}: {fault}", log.display()))?;
        let mut server = as_user(user.as_deref(), &bin.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        server.args(["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=400"]);
        server.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
        let child = server
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|fault| format!("{} cannot be started: {fault}", exec::shown(&server)))?;
        let mut cluster =
            Self { folder, child, url: format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres") };
        cluster.await_ready(&bin, port, &log)?;
        Ok(cluster)
    }

    /// The address with the superuser's name and password.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn await_ready(&mut self, bin: &Path, port: u16, log: &Path) -> Outcome {
        let start = Instant::now();
        let mut ask = Command::new(bin.join("pg_isready"));
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        while !ask.status().is_ok_and(|status| status.success()) {
            let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            if ended || start.elapsed() > START_LIMIT {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("the private PostgreSQL server does not start:\n{said}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown.
        exec::interrupt(self.child.id());
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < STOP_LIMIT {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A port nobody listens on at this moment.
pub fn free_port() -> Outcome<u16> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|fault| format!("no free port on 127.0.0.1: {fault}"))
}

/// A user without rights who may own the cluster.
fn unprivileged() -> Outcome<String> {
    ["postgres", "nobody"]
        .into_iter()
        .find(|user| {
            Command::new("id").args(["-u", user]).output().is_ok_and(|output| output.status.success())
        })
        .map(str::to_owned)
        .ok_or_else(|| {
            "running as root, and there is neither a user postgres nor nobody to run a database as".to_owned()
        })
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return exec::tied(program) };
    match exec::which(&["setpriv"]) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command
                .args(["--reuid", user, "--regid", user, "--init-groups", "--pdeathsig", "INT", "--"])
                .arg(program);
            command
        }
        None => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(program);
            command
        }
    }
}

/// How the password is checked. Each test opens connections of its own, and the usual 4,096 rounds of hashing for each
/// are a minute of a whole run in an unoptimised build.
fn sign_in(bin: &Path) -> Outcome<&'static [&'static str]> {
    let version = exec::capture(Command::new(bin.join("initdb")).arg("--version"))?;
    let digits = version.split_whitespace().last().and_then(|number| number.split('.').next());
    match digits.and_then(|digits| digits.parse::<u32>().ok()) {
        Some(16..) => Ok(&["--auth=scram-sha-256", "--set=scram_iterations=1"]),
        _ => Ok(&["--auth=md5"]),
    }
}

fn password() -> Outcome<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|fault| format!("/dev/urandom: {fault}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Removes the folders of runs that were killed; their servers died with them.
fn remove_leftovers() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if process.is_some_and(|process| {
            Path::new("/proc/self").exists() && !Path::new("/proc").join(process).exists()
        }) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(url: &str, question: &str) -> Outcome<String> {
        let psql = database::find()?.join("psql");
        exec::capture(Command::new(psql).args(["--no-psqlrc", "-Atc", question, url]))
    }

    #[test]
    fn a_cluster_is_durable_asks_for_the_password_and_leaves_nothing_behind() {
        let cluster = Cluster::start().unwrap();
        let (folder, url) = (cluster.folder.clone(), cluster.url().to_owned());
        assert_eq!(ask(&url, "SHOW fsync").unwrap().trim(), "on");
        assert_eq!(
            ask(&url, "SELECT usesuper FROM pg_user WHERE usename = current_user").unwrap().trim(),
            "t"
        );
        let (before, rest) = url.split_once("://postgres:").unwrap();
        let (_, place) = rest.split_once('@').unwrap();
        assert!(ask(&format!("{before}://postgres:wrong@{place}"), "SELECT 1").is_err());
        drop(cluster);
        assert!(!folder.exists());
        assert!(ask(&url, "SELECT 1").is_err());
    }
}
