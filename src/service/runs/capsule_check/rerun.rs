//! The recorded run of a capsule, and the comparison of its outputs with those of a repeated run.

use serde_json::Value;

use super::compare::Comparison;
use crate::domain::anchors::Nonces;
use crate::domain::capsule::inputs::InputFacts;
use crate::domain::capsule::{self as form, main_do};
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::domain::template::TemplateMeta;
use crate::domain::verdict::{Verdict, output_applies};
use crate::ports::capsule_archive::{CapsuleArchive, read_json};

/// The run as the capsule records it.
pub struct RecordedRun {
    /// The frozen plan.
    pub plan: Plan,
    /// Declaration of the template, as it was.
    pub meta: TemplateMeta,
    /// Record of the attempt, with its verdict and engine.
    pub run: Run,
    /// Data sets of the job, with their hashes.
    pub inputs: InputFacts,
    /// As the do-file prints them.
    pub nonces: Nonces,
}

impl RecordedRun {
    /// Reads the records of the run.
    ///
    /// # Errors
    /// A document is missing or does not parse; the do-file prints no anchors.
    pub fn read(archive: &mut dyn CapsuleArchive) -> Result<Self, String> {
        let named = |file: &str, reason: String| format!("{file}: {reason}");
        let run_do = archive.read(form::RUN_DO).map_err(|e| named(form::RUN_DO, e))?;
        Ok(Self {
            plan: read_json(archive, form::PLAN).map_err(|e| named(form::PLAN, e))?,
            meta: read_json(archive, form::TEMPLATE_META).map_err(|e| named(form::TEMPLATE_META, e))?,
            run: read_json(archive, form::RUN_RECORD).map_err(|e| named(form::RUN_RECORD, e))?,
            inputs: read_json(archive, form::INPUT_FACTS).map_err(|e| named(form::INPUT_FACTS, e))?,
            nonces: main_do::nonces(&run_do)
                .ok_or_else(|| named(form::RUN_DO, "prints no anchors".to_owned()))?,
        })
    }

    /// Compares every declared output with its repetition: tables by their cells, other files by whether they
    /// exist; then the metrics. Returns the comparison and the number of compared tables.
    ///
    /// `repeated` reads an output of the repetition by its name; `tolerance` is the relative difference up to which
    /// two numbers are equal.
    pub fn compare(
        &self,
        archive: &mut dyn CapsuleArchive,
        repeated: impl Fn(&str) -> Option<Vec<u8>>,
        verdict: &Verdict,
        tolerance: f64,
    ) -> (Comparison, usize) {
        let mut comparison = Comparison::default();
        let mut tables = 0;
        for output in &self.plan.contract.outputs {
            let path = format!("{}{}", form::RESULTS, output.file);
            let applies = output_applies(output.when.as_deref(), &self.plan.contract.bound);
            match (archive.read(&path).ok(), repeated(&output.file)) {
                (Some(then), Some(now)) if output.format == "csv" => {
                    tables += 1;
                    comparison.table(&path, &then, &now, tolerance);
                }
                (Some(_), None) => comparison.whole(&path, "there", "not there"),
                (None, Some(_)) if output.format != "dta" => comparison.whole(&path, "not there", "there"),
                (None, None) if applies && output.required && output.format != "dta" => {
                    comparison.whole(&path, "not there", "not there");
                }
                _ => {}
            }
        }
        for (name, then) in &self.run.metrics {
            let now = verdict.metrics.get(name).unwrap_or(&Value::Null);
            comparison.cell("metrics", 0, name, "value", &then.to_string(), &now.to_string(), tolerance);
        }
        (comparison, tables)
    }
}
