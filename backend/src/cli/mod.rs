//! The operator's command: roles to run as, and what an operator does by hand.

mod billing;
mod keys;
mod member;
mod roles;
mod store;
mod tools;

use crate::config::Config;
use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

/// Brings back shoppers and business buyers who left a cart, a checkout or a quote unfinished.
#[derive(Parser)]
#[command(name = "cartwheel", version)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Settings {
    /// Settings file (TOML).
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Where the data lives: sqlite://PATH or postgres://… (CARTWHEEL_DATABASE_URL).
    #[arg(long, global = true)]
    database_url: Option<String>,
    /// Address to serve on (CARTWHEEL_LISTEN).
    #[arg(long, global = true)]
    listen: Option<SocketAddr>,
    /// How the outside reaches us (CARTWHEEL_PUBLIC_URL).
    #[arg(long, global = true)]
    public_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve and work in one process (the default).
    All,
    /// Answer HTTP only.
    Serve,
    /// Run journeys and send messages only.
    Work,
    /// Bring the schema up to date and stop.
    Migrate,
    /// Make data.
    #[command(subcommand)]
    Seed(Seed),
    /// Make and change stores.
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Help members who cannot sign in.
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Replace the keys that credentials are sealed by.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Plans and usage at Stripe.
    #[command(subcommand)]
    Billing(billing::BillingCommand),
    /// Publish journeys.
    #[command(subcommand)]
    Journey(store::JourneyCommand),
    /// Print the GraphQL schema.
    Schema,
    /// Print the OpenAPI document of the HTTP edge.
    Openapi,
    /// Check settings, database and the promises of the data; exits 1 when one does not hold.
    Doctor,
    /// Take in a mail that came back, from standard input, as a mail server's pipe hands it over. Exits with 75 when that is not possible
    /// at the moment, so that the mail server tries again.
    MailIn {
        /// The address it was delivered to; else it is read from the headers.
        #[arg(long)]
        to: Option<String>,
    },
    /// Copy an SQLite database to a file while it runs.
    Backup {
        /// The new file; must not exist.
        file: PathBuf,
    },
    /// Put a backup in the place of an SQLite database that is not running. What was queued in it is cancelled: it may
    /// have been sent since the backup was made.
    Restore {
        /// The backup.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum Seed {
    /// A demo store with three months of history; prints the address and the sign-in.
    Demo,
}

/// Reads the arguments and does what they say.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = configure(&cli.settings).and_then(|config| {
        logging(&config);
        runtime().block_on(execute(config, cli.command.unwrap_or(Command::All)))
    });
    match outcome {
        Ok(code) => code,
        Err(e) => {
            eprintln!("cartwheel: {e}");
            ExitCode::FAILURE
        }
    }
}

/// One runtime for serving and working, a thread a core, so that neither waits for the other.
fn runtime() -> actix_web::rt::SystemRunner {
    actix_web::rt::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("the operating system gives a process its threads")
    })
}

type Outcome<T = ExitCode> = Result<T, Box<dyn std::error::Error>>;

fn configure(settings: &Settings) -> Outcome<Config> {
    Ok(Config::load(settings.config.clone(), |name| match name {
        "CARTWHEEL_DATABASE_URL" if settings.database_url.is_some() => settings.database_url.clone(),
        "CARTWHEEL_LISTEN" if settings.listen.is_some() => settings.listen.map(|l| l.to_string()),
        "CARTWHEEL_PUBLIC_URL" if settings.public_url.is_some() => settings.public_url.clone(),
        _ => std::env::var(name).ok(),
    })?)
}

fn logging(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).unwrap_or_else(|_| "info".into());
    // Fails only when a subscriber is there already, as in a test; then that one is right.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

async fn execute(config: Config, command: Command) -> Outcome {
    match command {
        Command::All => roles::run(config, true, true).await,
        Command::Serve => roles::run(config, true, false).await,
        Command::Work => roles::run(config, false, true).await,
        Command::Migrate => tools::migrate(&config).await,
        Command::Seed(Seed::Demo) => tools::seed_demo(&config).await,
        Command::Store(command) => store::store(&config, command).await,
        Command::Member(command) => member::member(&config, command).await,
        Command::Keys(command) => keys::keys(&config, command).await,
        Command::Billing(command) => billing::billing(&config, command).await,
        Command::Journey(command) => store::journey(&config, command).await,
        Command::Schema => tools::print(&crate::api::sdl()),
        Command::Openapi => tools::print(include_str!("openapi.json")),
        Command::Doctor => tools::doctor(&config).await,
        Command::MailIn { to } => tools::mail_in(&config, to.as_deref()).await,
        Command::Backup { file } => tools::backup(&config, &file).await,
        Command::Restore { file } => tools::restore(&config, &file).await,
    }
}
