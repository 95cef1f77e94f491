//! Operating the service: health, the production gate, migration, retention, reload.

pub mod attest_engine;
pub mod check_gate;
pub mod check_health;
pub mod gate;
pub mod gate_served;
pub mod migrate;
pub mod read_audit;
pub mod reload;
pub mod retention;
pub mod servers;
pub mod steady_clock;
