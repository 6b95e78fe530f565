//! Starts and stops the release server.

use super::{place::Place, sql::Kind};
use crate::{
    Outcome,
    bench::Bench,
    harness::meter::Watched,
    load::http::{Answer, Client, Request},
};
use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const START_WITHIN: Duration = Duration::from_secs(120);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// A running server. Dropped, it is killed.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process until it said that it is ready.
    pub started_in: Duration,
    watched: Vec<Watched>,
}

impl Server {
    /// Starts one on a database; `smtp` is its mail route.
    ///
    /// # Errors
    /// It ends, or is not ready in time; with the end of its log.
    pub async fn start(bench: &Bench, place: &Place, smtp: Option<String>) -> Outcome<Self> {
        Self::start_with(bench, place, smtp, &[]).await
    }

    /// The same with further settings, by their variables.
    ///
    /// # Errors
    /// See [`Self::start`].
    pub async fn start_with(
        bench: &Bench,
        place: &Place,
        smtp: Option<String>,
        settings: &[(&str, &str)],
    ) -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let log = place.folder.join("server.log");
        let out = File::options().create(true).append(true).open(&log)?;
        let mut command = place.command(&bench.program);
        command
            .arg("all")
            .env("CARTWHEEL_LISTEN", address.to_string())
            .env("CARTWHEEL_PUBLIC_URL", format!("http://{address}"))
            // One key asks for many here; the workloads measure what answers cost and not how soon they are refused.
            .env("CARTWHEEL_API_RATE", "1000000")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        if let Some(smtp) = smtp {
            command.env("CARTWHEEL_SMTP_URL", smtp);
        }
        let start = Instant::now();
        let mut child = command.spawn()?;
        let mut client = Client::new(address);
        let ready = Request::get("/readyz", &[]);
        loop {
            if client.send(&ready).await.is_ok_and(|a| a.status == 200) {
                break;
            }
            if child.try_wait()?.is_some() || start.elapsed() > START_WITHIN {
                let _ = child.kill();
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let end: Vec<&str> = said.lines().rev().take(20).collect();
                return Err(format!("the server does not start:\n{}", end.join("\n")).into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let started_in = start.elapsed();
        let own = Watched { name: "cartwheel", pid: child.id(), tree: false, server: true };
        let mut watched = vec![own];
        if place.kind == Kind::Postgres {
            watched.extend(bench.postmaster().await?);
        }
        Ok(Self { child, address, started_in, watched })
    }

    /// Its processes, the database server's among them.
    pub fn watched(&self) -> Vec<Watched> {
        self.watched.clone()
    }

    /// Its own process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One request on a connection of its own.
    ///
    /// # Errors
    /// The connection breaks.
    pub async fn ask(&self, request: &Request) -> Outcome<Answer> {
        Ok(Client::new(self.address).send(request).await?)
    }

    /// Ends it as an operator does, and waits.
    ///
    /// # Errors
    /// It does not end in time; it is killed then.
    pub async fn stop(mut self) -> Outcome {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > STOP_WITHIN {
                return Err("the server did not stop when told to".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Kills it (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    /// What the system says.
    pub fn kill(mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
