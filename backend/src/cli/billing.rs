//! What an operator does about plans.

use super::Outcome;
use crate::{
    billing::{plans::Book, setup, stripe_of},
    config::Config,
};
use clap::Subcommand;
use std::{io::Write, process::ExitCode};

#[derive(Subcommand)]
pub(super) enum BillingCommand {
    /// Make the products, meters and prices of the built-in plans at Stripe; what is there already is left alone.
    Sync,
}

pub(super) async fn billing(config: &Config, command: BillingCommand) -> Outcome {
    let BillingCommand::Sync = command;
    let Some(stripe) = stripe_of(config)? else {
        return Err(
            "billing is off: set CARTWHEEL_STRIPE_KEY to the secret key of your Stripe account".into()
        );
    };
    let made = setup::sync(&stripe, Book::builtin()?).await?;
    let mut out = std::io::stdout().lock();
    for (what, names) in [("product", &made.products), ("meter", &made.meters), ("price", &made.prices)] {
        for name in names {
            writeln!(out, "{what}  {name}")?;
        }
    }
    writeln!(
        out,
        "made {} products, {} meters, {} prices",
        made.products.len(),
        made.meters.len(),
        made.prices.len()
    )?;
    Ok(ExitCode::SUCCESS)
}
