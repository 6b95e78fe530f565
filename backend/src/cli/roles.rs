//! The roles a process runs as.

use super::Outcome;
use crate::{app::App, config::Config};
use std::process::ExitCode;

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
        tokio::signal::ctrl_c().await?;
    }
    if let Some(workers) = workers {
        workers.stop().await;
    }
    app.close().await;
    Ok(ExitCode::SUCCESS)
}
