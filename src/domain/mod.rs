//! Pure types and rules of the service: no runtime, no I/O, no clock.

pub mod anchors;
pub mod artifact;
pub mod audit;
pub mod canonical;
pub mod credential;
pub mod dataset;
pub mod draft;
pub mod encode;
pub mod error;
pub mod expression;
pub mod ids;
pub mod job;
pub mod layout;
pub mod log_grammar;
pub mod migration;
pub mod naming;
pub mod parameter_test;
pub mod params;
pub mod plan;
pub mod profile;
pub mod run;
pub mod run_outcome;
pub mod sealed;
pub mod template;
pub mod tenant;
pub mod verdict;
