//! Runs: queue, launcher, verdict, recovery, event streams, findings, renderings, capsules.

mod base_levels;
mod capsule;
mod capsule_archive;
mod declared_groups;
mod event_stream;
mod findings;
mod interactions;
mod journey;
mod queue;
mod renderings;
mod renderings_designs;
mod renderings_form;
mod replications;
mod runner_faults;
mod runner_limits;
mod spare_work;
mod verdict_docs;
mod verdict_runs;
mod worker_recovery;
mod worker_runs;
