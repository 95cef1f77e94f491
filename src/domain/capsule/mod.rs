//! The capsule of a run: one archive from which anyone can check and repeat an analysis without the service.
//! Names and forms that its writer and its readers share; who writes and who reads it is elsewhere.

pub mod chain;
pub mod inputs;
pub mod main_do;
pub mod manifest;
pub mod names;

/// The form that this release writes. Raise it with every change of paths or forms.
pub const FORMAT_VERSION: u32 = 1;
/// The text for people.
pub const README: &str = "README.md";
/// The RO-Crate's description of every file.
pub const METADATA: &str = "ro-crate-metadata.json";
/// Hashes of every other file, as `sha256sum -c` reads them.
pub const MANIFEST: &str = "manifest-sha256.txt";
/// Hashes of data that are not in the archive, in the same form.
pub const ABSENT_DATA: &str = "data-sha256.txt";
/// The do-file that repeats the run.
pub const MAIN_DO: &str = "main.do";
/// The plan of the run.
pub const PLAN: &str = "plan.json";
/// Other revisions of the plan.
pub const PLANS: &str = "plans/";
/// The idioms that the do-file calls.
pub const ADO: &str = "ado/";
/// The folder that stands for PLUS and PERSONAL.
pub const EMPTY: &str = "empty/";
/// The main data as the engine reads them.
pub const DATA: &str = "data.dta";
/// Further data as the engine reads them.
pub const INPUTS: &str = "inputs/";
/// The files as they were uploaded, a folder for each data set.
pub const ORIGINALS: &str = "originals/";
/// Results of the run: tables, figures, data and the log.
pub const RESULTS: &str = "results/";
/// Documents for people derived from the results.
pub const RENDERINGS: &str = "renderings/";
/// Evidence for the verdict.
pub const EVIDENCE: &str = "evidence/";
/// Prompts and answers of a language model.
pub const LLM: &str = "llm/";
/// The do-file as it was run.
pub const RUN_DO: &str = "evidence/main.do";
/// Engine, limits, verdict and times of the run.
pub const RUN_META: &str = "evidence/run.meta.json";
/// The attempt as the service's record has it.
pub const RUN_RECORD: &str = "evidence/run.json";
/// The data sets of the job with their hashes.
pub const INPUT_FACTS: &str = "evidence/inputs.json";
/// The job's events of the audit chain, a line each.
pub const AUDIT: &str = "evidence/audit.jsonl";
/// The body of the template.
pub const TEMPLATE_BODY: &str = "evidence/template/source.do";
/// The declaration of the template.
pub const TEMPLATE_META: &str = "evidence/template/meta.json";
/// The bound parameters.
pub const TEMPLATE_PARAMS: &str = "evidence/template/params.json";
