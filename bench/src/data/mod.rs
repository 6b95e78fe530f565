//! What is measured with: events as shops send them, and rows that stand in the database before anything begins.

pub mod events;
pub mod rows;
pub mod shop;
