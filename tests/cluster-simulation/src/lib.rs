//! Histories of several servers on one store, with faults, in simulated time. The rules of leases, leader, amnesty and
//! seats are the functions of `stata_service::domain::cluster` themselves; database, servers, launchers, engines and the
//! network are models. Every history depends on its seed alone.

mod begin;
pub mod exhaustive;
pub mod faults;
pub mod invariants;
mod launcher;
mod machine;
mod process;
mod random;
pub mod rules;
mod server;
mod tables;
mod world;

pub use faults::Regime;
pub use invariants::{Invariant, Violation};
pub use rules::{Mutant, Rules};
pub use world::{Figures, World};

/// Runs the history of a seed.
///
/// # Errors
/// The first violation of an invariant.
pub fn history(regime: Regime, seed: u64, rules: &Rules) -> Result<Figures, Violation> {
    World::new(regime, seed, rules.clone()).run()
}
