//! The settings of trials.

use super::reader::Reader;
use super::sections::meaning;

/// Trials without a task code.
#[derive(Debug, Clone)]
pub struct Trial {
    #[doc = meaning!("trial.enabled")]
    pub enabled: bool,
    #[doc = meaning!("trial.uploads")]
    pub uploads: bool,
    #[doc = meaning!("trial.max_bytes")]
    pub max_bytes: u64,
    #[doc = meaning!("trial.runs")]
    pub runs: u32,
    #[doc = meaning!("trial.run_seconds")]
    pub run_seconds: u64,
    #[doc = meaning!("trial.keep_hours")]
    pub keep_hours: u32,
    #[doc = meaning!("trial.per_address_per_hour")]
    pub per_address_per_hour: u32,
    #[doc = meaning!("trial.jobs_per_day")]
    pub jobs_per_day: u64,
    #[doc = meaning!("trial.running")]
    pub running: u64,
}

/// Reads the settings of trials.
pub(super) fn trial(r: &mut Reader<'_>) -> Trial {
    Trial {
        enabled: r.flag("trial.enabled"),
        uploads: r.flag("trial.uploads"),
        max_bytes: r.count("trial.max_bytes", 1 << 10, 1 << 30),
        runs: r.count("trial.runs", 1, 100) as u32,
        run_seconds: r.count("trial.run_seconds", 1, 3600),
        keep_hours: r.count("trial.keep_hours", 1, 24 * 30) as u32,
        per_address_per_hour: r.count("trial.per_address_per_hour", 1, 1_000) as u32,
        jobs_per_day: r.count("trial.jobs_per_day", 1, 100_000),
        running: r.count("trial.running", 1, 1_000),
    }
}
