//! The production gate: every rule and a set-up that violates it, engines that only pose as Stata, the
//! routes while it is closed, and the program in production mode.

mod engines;
mod probes;
mod program;
mod routes;
mod settings;
