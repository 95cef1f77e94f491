//! Every rule of the template contract, all broken ones at once. Whether an index fits its files is asked
//! in `index`.

mod outputs;
mod parameters;
mod selection;

use std::collections::BTreeSet;

use super::lint::{Context, lint_body};
use super::load::{Library, LibraryProblem, Template};
use super::{duplicates, terms};

/// The contract that this release reads.
pub const CONTRACT: &str = "2.0";

/// Marks a place that the author of a new template has to fill.
pub const PLACEHOLDER: &str = "FILL:";

/// Collects the problems of one file.
pub(super) struct Report<'a> {
    file: String,
    problems: &'a mut Vec<LibraryProblem>,
}

impl Report<'_> {
    pub(super) fn add(&mut self, reason: impl Into<String>) {
        self.problems.push(LibraryProblem::new(self.file.clone(), reason));
    }

    /// Adds a problem unless the rule is kept.
    pub(super) fn rule(&mut self, kept: bool, reason: impl FnOnce() -> String) {
        if !kept {
            self.add(reason());
        }
    }

    /// Adds a problem unless the value is one of a list.
    pub(super) fn one_of(&mut self, field: &str, value: &str, list: &[&str]) {
        self.rule(list.contains(&value), || {
            format!("{field} is {value:?}, it must be one of {}", list.join(", "))
        });
    }
}

/// Returns every broken rule of a library, sorted by file.
pub fn check(library: &Library) -> Vec<LibraryProblem> {
    let mut problems = Vec::new();
    if library.is_empty() {
        problems.push(LibraryProblem::new("meta", "the library has no template"));
    }
    for template in library.templates() {
        check_template(library, template, &mut problems);
    }
    for problem in duplicates::near_duplicates(library) {
        problems.push(problem);
    }
    problems.sort();
    problems
}

fn check_template(library: &Library, template: &Template, problems: &mut Vec<LibraryProblem>) {
    let mut report = Report { file: template.meta_path(), problems };
    identity(template, &mut report);
    parameters::check(&template.meta, &mut report);
    outputs::check(&template.meta, &mut report);
    selection::check(&template.meta, &mut report);
    evidence(library, template, &mut report);
    body(library, template, problems);
}

fn identity(template: &Template, report: &mut Report) {
    let meta = &template.meta;
    report.rule(meta.contract == CONTRACT, || format!("contract must be {CONTRACT:?}"));
    let version: Vec<&str> = meta.version.split('.').collect();
    let semantic = version.len() == 3 && version.iter().all(|p| p.parse::<u32>().is_ok());
    report.rule(semantic, || format!("version {:?} is not of the form 1.2.3", meta.version));
    bilingual(report, "title", &meta.title.en, meta.title.zh.as_deref());
    bilingual(report, "description", &meta.description, meta.description_zh.as_deref());
    let length = meta.description.chars().count();
    report.rule(length <= 400, || format!("description has {length} characters, at most 400 are taken"));
    report.one_of("family", &meta.family, terms::FAMILIES);
    let prefix = meta.id.as_str().split('.').next().unwrap_or_default();
    report.rule(prefix == meta.family, || {
        format!("the id begins with {prefix}, the family is {}", meta.family)
    });
    report.one_of("level", &meta.level, terms::LEVELS);
    report.rule(meta.body.sha256 == template.body_sha256, || {
        format!(
            "body.sha256 differs from the body; run `stata-service library index`: {}",
            template.body_sha256
        )
    });
    let version = meta.stata.min_version;
    report.rule((14..=19).contains(&version), || format!("stata.min_version {version} is not 14 to 19"));
    report.one_of("stata.engine", &meta.stata.engine, &["supported", "partial", "none"]);
    if let Some(edition) = &meta.stata.edition {
        report.one_of("stata.edition", edition, &["any", "se", "mp"]);
    }
    for dependency in &meta.dependencies {
        let field = format!("dependencies.{}.source", dependency.pkg);
        report.one_of(&field, &dependency.source, &["built-in", "ssc", "net"]);
        let complete =
            dependency.source != "net" || (dependency.url.is_some() && dependency.sha256.is_some());
        report.rule(complete, || format!("dependency {} from the net needs url and sha256", dependency.pkg));
        report
            .rule(dependency.version.is_some(), || format!("dependency {} needs a version", dependency.pkg));
    }
    for (file, bytes) in [("the meta", &template.meta_bytes), ("the body", &template.body)] {
        let places = String::from_utf8_lossy(bytes).matches(PLACEHOLDER).count();
        report.rule(places == 0, || format!("{places} places of {file} still say {PLACEHOLDER}"));
    }
    report.one_of("resources.cost", &meta.resources.cost, &["low", "medium", "high"]);
    report.rule(meta.resources.timeout_s > 0 && meta.resources.memory_mb > 0, || {
        "resources.timeout_s and memory_mb must be above 0".to_owned()
    });
}

/// Both languages are required everywhere that a user reads.
pub(super) fn bilingual(report: &mut Report, field: &str, en: &str, zh: Option<&str>) {
    report.rule(!en.trim().is_empty(), || format!("{field} has no English text"));
    let chinese = zh.is_some_and(|text| text.chars().any(super::tokens::is_han));
    report.rule(chinese, || format!("{field} has no Chinese text"));
}

/// Sample data, expected numbers, limits, sources.
fn evidence(library: &Library, template: &Template, report: &mut Report) {
    let meta = &template.meta;
    let further = meta.sample_data.inputs.values().map(|f| ("sample_data.inputs", f));
    let own = [("sample_data.file", &meta.sample_data.file), ("oracle.expected", &meta.oracle.expected)];
    for (field, file) in own.into_iter().chain(further) {
        let found = file.starts_with("datasets/") && library.file(file).is_some();
        report.rule(found, || format!("{field} {file} does not exist below datasets/"));
    }
    for input in meta.inputs.iter().filter(|i| i.role != "main" && i.required) {
        let given = meta.sample_data.inputs.contains_key(&input.name);
        report.rule(given, || format!("sample_data.inputs lacks {}", input.name));
    }
    report.rule(!meta.oracle.tool.trim().is_empty(), || "oracle.tool is empty".to_owned());
    report.rule(!meta.oracle.tolerance.is_empty(), || "oracle.tolerance is empty".to_owned());
    report.rule(!meta.limitations.is_empty(), || "limitations say nothing".to_owned());
    report.rule(meta.limitations.len() == meta.limitations_zh.len(), || {
        "limitations and limitations_zh differ in number".to_owned()
    });
    for reference in &meta.references {
        report.one_of("references.kind", &reference.kind, &["book", "article", "manual"]);
    }
    for verified in &meta.verified {
        report.one_of("verified.engine", &verified.engine, &["stata", "open"]);
        let date = chrono::NaiveDate::parse_from_str(&verified.date, "%Y-%m-%d");
        report.rule(date.is_ok(), || format!("verified.date {:?} is not a date", verified.date));
    }
}

/// The body: lint, and the steps that the meta promises, in their order.
fn body(library: &Library, template: &Template, problems: &mut Vec<LibraryProblem>) {
    let meta = &template.meta;
    let context = Context {
        idioms: library
            .ado_files()
            .keys()
            .filter_map(|n| n.strip_suffix(".ado"))
            .map(str::to_owned)
            .collect(),
        outputs: meta.outputs.iter().map(|o| o.file.clone()).collect(),
        inputs: meta.inputs.iter().map(|i| i.name.clone()).collect(),
    };
    for finding in lint_body(&template.body, &context) {
        problems.push(LibraryProblem {
            file: meta.body.file.clone(),
            line: finding.line,
            reason: finding.reason,
        });
    }
    let text = String::from_utf8_lossy(&template.body);
    let mut begun: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("ss_event step name=")?.strip_suffix(" status=begin"))
        .collect();
    let mut seen = BTreeSet::new();
    begun.retain(|step| seen.insert(*step));
    if meta.anchors.steps.is_empty() || begun != meta.anchors.steps {
        let reason =
            format!("the steps are {}, the meta says {}", begun.join(", "), meta.anchors.steps.join(", "));
        problems.push(LibraryProblem::new(meta.body.file.clone(), reason));
    }
}
