//! Formats that were requested and files that are derived from a finished run. What a format shows is decided
//! elsewhere.

use chrono::{DateTime, Utc};

use super::record::JobRecord;
use crate::domain::artifact::Artifact;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::plan::Plan;
use crate::domain::run::Run;

impl JobRecord {
    /// Adds files that were derived from a finished run; the status stays.
    ///
    /// # Errors
    /// `JOB_GONE` where the content was removed meanwhile.
    pub fn add_renderings(&self, artifacts: Vec<Artifact>, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let mut next = self.next(now);
        next.put_artifacts(artifacts);
        Ok(next)
    }

    /// Notes formats that the next success shall be rendered in, in addition to those of the plan; true if one is new.
    pub fn ask_formats(&mut self, formats: &[String]) -> bool {
        let known = self.asked_formats();
        let new: Vec<String> = formats.iter().filter(|f| !known.contains(f)).cloned().collect();
        let any = !new.is_empty();
        self.output_formats.extend(new);
        any
    }

    /// Returns the formats of the plan and those of the requests for a run.
    pub fn asked_formats(&self) -> Vec<String> {
        let plan = self.plan.iter().flat_map(|plan| plan.output_formats.iter());
        let mut formats: Vec<String> = Vec::new();
        for format in plan.chain(&self.output_formats) {
            if !formats.contains(format) {
                formats.push(format.clone());
            }
        }
        formats
    }

    /// As [`JobRecord::ask_formats`], as its own version; `None` where nothing is new.
    pub fn with_formats(&self, formats: &[String], now: DateTime<Utc>) -> Option<JobRecord> {
        let mut next = self.next(now);
        next.ask_formats(formats).then_some(next)
    }

    /// Returns the plan that a run was made with.
    ///
    /// # Errors
    /// `PLAN_MISSING` where it is not kept any more.
    pub fn kept_plan_of(&self, run: &Run) -> Result<&Plan, Problem> {
        let gone = || Problem::new(ErrorCode::PlanMissing, "the plan of this run is not kept any more");
        self.plan_of(run).ok_or_else(gone)
    }

    /// Returns the plan that a run was made with, where it is kept.
    pub fn plan_of(&self, run: &Run) -> Option<&Plan> {
        self.plan.iter().chain(self.earlier_plans.iter().rev()).find(|plan| plan.plan_id == run.plan_id)
    }
}
