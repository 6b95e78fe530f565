//! The roles a process runs as.

use super::Outcome;
use crate::{app::App, config::Config};
use std::{process::ExitCode, time::Duration};

/// How long what is in hand may take once we are told to stop; longer than a mail's hand-over, shorter than the patience of
/// whoever supervises us (systemd: 90 s; a container: 10 s unless told otherwise).
const LAST_WORDS: Duration = Duration::from_secs(40);

/// Serves, works, or both, until it is told to stop; then finishes what it has in hand.
pub(super) async fn run(config: Config, serve: bool, work: bool) -> Outcome {
    let app = App::open(config).await?;
    app.measure()?;
    let workers = work.then(|| app.work());
    if serve {
        let server = app.serve()?;
        tracing::info!(address = %app.config().listen, url = app.config().public_url, "serving");
        server.await?;
    } else {
        told_to_stop().await?;
    }
    let finish = async {
        if let Some(workers) = workers {
            workers.stop().await;
        }
        app.close().await;
    };
    // A database that is gone answers nobody; whoever stops us need not kill us for it.
    if tokio::time::timeout(LAST_WORDS, finish).await.is_err() {
        tracing::error!("work in hand could not be finished in time; it will be taken up at the next start");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for what stops a process: the keyboard, or a supervisor's SIGTERM. The HTTP server listens for both by itself.
async fn told_to_stop() -> std::io::Result<()> {
    let mut supervisor = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = supervisor.recv() => Ok(()),
    }
}
