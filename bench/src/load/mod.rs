//! The load generator. It runs in the harness's own process, never in the server's, and its CPU is told apart.

pub mod generator;
pub mod http;
