//! The journey engine's pure heart: tables, properties and the simulation.

mod build;
mod choices;
mod clips;
mod compare;
mod conditions;
mod edits;
mod entries;
mod forms;
mod generate;
mod hostile;
mod keys;
mod pictures;
mod places;
mod properties;
mod rng;
mod schema;
mod steps;
mod validation;
mod webhooks;
