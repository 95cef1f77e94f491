//! `README.md` of a capsule: what was asked and found, where it lies, what the numbers mean, how to repeat it.

mod results;

use std::fmt::Write;

use super::metadata::{Description, Facts};
use crate::domain::canonical::canonical_json;
use crate::domain::capsule as form;
use crate::domain::data_step::StepKind;
use crate::domain::job::JobRecord;
use crate::domain::plan::{Plan, PlanOutput};

/// Meanings of columns of tables whose names are the same in every template.
const COLUMNS: [(&str, &str); 14] = [
    (
        "estimate",
        "the estimated value, such as a coefficient, in the units of the outcome per unit of the term",
    ),
    ("std_error", "its standard error; empty for base levels and omitted terms"),
    ("statistic", "the test statistic (t or z) of the estimate being zero"),
    (
        "p_value",
        "the probability of a statistic at least as extreme if the true value were zero, between 0 and 1",
    ),
    ("ci_low", "lower end of the 95 % confidence interval"),
    ("ci_high", "upper end of the 95 % confidence interval"),
    ("equation", "the dependent variable, or the equation of a model with several"),
    ("term", "variable, level of a category (`3.sector`) or interaction"),
    ("n", "number of rows"),
    ("mean", "arithmetic mean"),
    ("sd", "standard deviation (divisor n - 1)"),
    ("metric", "name of the figure in the column `value`"),
    ("value", "the figure that the row names"),
    ("note", "remark: base level, omitted, or how a figure was made"),
];

/// Writes the text.
pub(super) fn write(description: &Description<'_>) -> String {
    let mut out = String::new();
    let parts = [
        question(description),
        results::write(description),
        tables(description),
        numbers(description),
        repeat(description),
        checks(description),
        contents(description),
        cite(description),
    ];
    for part in parts {
        out.push_str(&part);
    }
    out
}

/// Text of users in one line of Markdown: nothing in it begins a heading, a table or a tag.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if "\\`*_[]<>|#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn question(description: &Description<'_>) -> String {
    let Facts { job, plan, run, template, time, .. } = description.facts;
    let (engine, version) = description.engine();
    let asked = if job.requirement.is_empty() { "not stated".to_owned() } else { inline(&job.requirement) };
    let mut out = format!("# {}\n\nQuestion: {asked}\n\n", inline(&description.title()));
    if let Some(meta) = template {
        let _ = writeln!(out, "Method: {}\n", meta.description);
    }
    let _ = writeln!(
        out,
        "| | |\n|---|---|\n| template | `{}` {} |\n| plan | `{}`, revision {} |\n| run | `{}` (attempt {}), ended {} |\n\
         | engine | {engine}, version {version} |\n| seed | {} |",
        plan.template.template_id,
        plan.template.version,
        plan.plan_id,
        plan.revision,
        run.run_id,
        run.attempt,
        time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        plan.seed,
    );
    if run.engine.kind != "stata" {
        out.push_str("\nThe numbers were computed by the open do-file engine, not by Stata.\n");
    }
    if job.trial.is_some() {
        out.push_str("\nThis is a trial of the service: its data and run are kept there for hours only.\n");
    }
    out.push_str(&analysis(job, plan));
    out
}

/// Why a level is the base.
fn reason(code: &str) -> &str {
    match code {
        "control" => "the level without or as control",
        "scale" => "the lowest of the scale",
        "first" => "the first in the alphabet",
        "lowest" => "the lowest number",
        other => other,
    }
}

/// The bindings of the plan in words.
fn analysis(job: &JobRecord, plan: &Plan) -> String {
    let mut out = String::from("\n## The analysis\n\n| parameter | value |\n|---|---|\n");
    for (name, value) in &plan.contract.bound {
        let shown = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Object(members) if members.contains_key("canonical") => {
                members["canonical"].as_str().unwrap_or_default().to_owned()
            }
            other => canonical_json(other),
        };
        let _ = writeln!(out, "| {} | {} |", inline(name), inline(&shown));
    }
    for variable in &plan.derived_variables {
        let _ = writeln!(out, "| derived: {} | {} |", inline(&variable.name), inline(&variable.canonical));
    }
    if let Some(condition) = &plan.sample_if {
        let _ = writeln!(out, "| rows used | {} |", inline(&condition.canonical));
    }
    for columns in &plan.interaction_terms {
        let _ = writeln!(out, "| interaction | {} |", inline(&columns.join(" × ")));
    }
    for mark in &plan.categorical_vars {
        let base =
            mark.base.as_ref().map(|base| format!(" (base level {}, {})", base.level, reason(&base.reason)));
        let _ =
            writeln!(out, "| categories | {}{} |", inline(&mark.column), inline(&base.unwrap_or_default()));
    }
    for planned in &plan.data_steps {
        let step = &planned.step;
        let file = job.inputs.as_ref().and_then(|inputs| inputs.dataset(&step.dataset_key));
        let file = file.map(|data| format!("; the file is {}", data.original_name)).unwrap_or_default();
        let kind = match (step.kind, step.merge_type) {
            (StepKind::Merge, Some(kind)) => {
                format!(" ({}), rows kept: {}", kind.as_str(), planned.keep().as_str())
            }
            _ => String::new(),
        };
        let _ = writeln!(out, "| data step | {} |", inline(&format!("{}{kind}{file}", step.words())));
    }
    out
}

fn tables(description: &Description<'_>) -> String {
    let mut out = String::from("\n## Which file holds what\n\n| file | what it is |\n|---|---|\n");
    for entry in
        description.files_below(form::RESULTS).into_iter().chain(description.files_below(form::RENDERINGS))
    {
        let file = entry.path.rsplit('/').next().unwrap_or_default();
        let figure = file.strip_suffix(".csv").map(|stem| format!("{stem}.svg"));
        // a title that repeats the name says nothing
        let title = match figure.filter(|_| entry.title == file) {
            Some(figure) => format!("the numbers behind {figure}"),
            None => entry.title.clone(),
        };
        let _ = writeln!(out, "| `{}` | {} |", entry.path, inline(&title));
    }
    for absent in description.absent.iter().filter(|a| a.path.starts_with(form::RESULTS)) {
        let _ = writeln!(out, "| `{}` (not here) | {} |", absent.path, inline(&absent.title));
    }
    out
}

/// Columns of the declared tables that the run wrote.
fn numbers(description: &Description<'_>) -> String {
    let mut out = String::from(
        "\n## What the numbers mean\n\nNumbers are written in full, with a decimal point; an empty cell or `.` is a missing \
         value.\n",
    );
    for output in written(description) {
        let _ = writeln!(out, "\n`{}{}`: {}\n", form::RESULTS, output.file, inline(&output.description));
        for column in &output.columns {
            let known = COLUMNS.iter().find(|(name, _)| *name == column.name).map(|(_, meaning)| *meaning);
            let unit = column.unit.as_ref().map(|unit| format!(" ({})", inline(unit))).unwrap_or_default();
            let meaning = known.map(|m| format!(": {m}")).unwrap_or_default();
            let _ = writeln!(out, "- `{}`, {}{unit}{meaning}", column.name, column.kind);
        }
    }
    if let Some(meta) = description.facts.template.filter(|meta| !meta.limitations.is_empty()) {
        out.push_str("\nWhat they do not say:\n\n");
        for limit in &meta.limitations {
            let _ = writeln!(out, "- {}", inline(limit));
        }
    }
    out
}

fn written<'a>(description: &'a Description<'_>) -> Vec<&'a PlanOutput> {
    let there = |o: &&PlanOutput| description.entries.contains_key(&format!("{}{}", form::RESULTS, o.file));
    let tables = description.facts.plan.contract.outputs.iter().filter(|o| o.format == "csv");
    tables.filter(there).collect()
}

fn repeat(description: &Description<'_>) -> String {
    let Facts { template, options, inputs, ado_kept, .. } = description.facts;
    let mut out = String::from("\n## How to repeat it\n\n");
    let missing: Vec<&str> = inputs.read.iter().filter(|f| !f.included).map(|f| f.path.as_str()).collect();
    if !missing.is_empty() {
        let why = if options.data { "are no longer kept" } else { "were left out" };
        let _ = writeln!(
            out,
            "The data {why}. Put the same files there first: `{}`; `sha256sum -c {}` verifies them.\n",
            missing.join("`, `"),
            form::ABSENT_DATA
        );
    }
    let needed = template.map_or(14, |meta| meta.stata.min_version);
    let _ = writeln!(
        out,
        "With Stata {needed} or later: unpack the archive, make its folder the working directory and run `main.do`\n\n\
         ```\ncd capsule\nstata-mp -b do main.do        (or, in Stata: cd capsule, then do main.do)\n```\n\n\
         Start a fresh Stata for it: the do-file sets the folders that Stata searches for programs. The tables and figures appear in that folder, the log in `main.log` (batch) and `repeat.log`; compare them with \
         `{}`. The same engine, edition and number of processors give the same numbers; another one differs in \
         the last digits.\n\n\
         With stata-service, which checks the archive, repeats the run in a sandbox and compares every number:\n\n\
         ```\nstata-service capsule verify FILE.zip\nstata-service capsule rerun FILE.zip{}\n```",
        form::RESULTS,
        if missing.is_empty() { "" } else { " --data FOLDER-WITH-THE-DATA" }
    );
    let packages: Vec<&str> = description
        .facts
        .plan
        .contract
        .dependencies
        .iter()
        .filter(|d| d.source != "built-in")
        .map(|d| d.pkg.as_str())
        .collect();
    if !packages.is_empty() {
        let _ = writeln!(
            out,
            "\nThe do-file needs packages that are not in the archive: {}. Put their ado files into `ado/`.",
            packages.join(", ")
        );
    }
    if !ado_kept {
        out.push_str("\nThe helper programs of the template library with which this plan was frozen are no longer kept.\n");
    }
    out
}

fn checks(description: &Description<'_>) -> String {
    let run = description.facts.run;
    let mut out = String::from("\n## Checks\n\n");
    if !run.sample_flow.is_empty() {
        out.push_str("| step | rows | left out | reason |\n|---|---|---|---|\n");
        for step in &run.sample_flow {
            let reason = step.reason.as_deref().map(inline).unwrap_or_default();
            let _ = writeln!(out, "| {} | {} | {} | {reason} |", inline(&step.step), step.rows, step.dropped);
        }
        out.push('\n');
    }
    for check in run.checks.iter().filter(|check| check.status != "ok") {
        let message = check.message.as_deref().map(inline).unwrap_or_default();
        let _ = writeln!(out, "- {} `{}`: {message}", check.status, check.id);
    }
    let passed = run.checks.iter().filter(|check| check.status == "ok").count();
    let _ = writeln!(out, "- {passed} checks passed; all are in `{}`", form::RUN_RECORD);
    let _ = writeln!(
        out,
        "- files: `sha256sum -c {}`\n- `plan_id` is the SHA-256 of everything in `{}` that determines the result; `{}` holds the \
         template's body byte for byte",
        form::MANIFEST,
        form::PLAN,
        form::RUN_DO
    );
    out
}

fn contents(description: &Description<'_>) -> String {
    let mut out = String::from("\n## Other files\n\n");
    let mut line = |path: &str, text: &str| {
        if description.entries.keys().any(|p| p.starts_with(path)) {
            let _ = writeln!(out, "- `{path}`: {text}");
        }
    };
    line(form::MAIN_DO, "the do-file that repeats the run");
    line(form::DATA, "the main data as the engine reads them");
    line(form::INPUTS, "further data");
    line(form::ORIGINALS, "the files as uploaded");
    line(form::ADO, "helper programs of the template library");
    line(form::PLAN, "the frozen plan");
    line(form::PLANS, "other revisions of the plan");
    line(
        form::EVIDENCE,
        "the do-file as run, template, parameters, selection, verdict, hashes of the data, audit events",
    );
    line(form::LLM, "prompts and answers of a language model");
    for remark in &description.facts.inputs.remarks {
        let _ = writeln!(out, "\n{remark}");
    }
    if !description.facts.options.llm {
        out.push_str("\nThe exchange with a language model, if there was one, was left out on request.\n");
    }
    out.push_str(
        "\nIn the audit events the addresses of clients are left out; an operator of the service can confirm the hashes with \
         `stata-service audit verify --anchor evidence/audit.jsonl`.\n",
    );
    out
}

fn cite(description: &Description<'_>) -> String {
    let Facts { plan, template, service_version, .. } = description.facts;
    let mut out = format!(
        "\n## How to cite\n\n{}. Template `{}` version {} of the do-template library of stata-service {} (SHA-256 of the body {}).\n",
        inline(&plan.template.title),
        plan.template.template_id,
        plan.template.version,
        service_version,
        plan.template.sha256
    );
    for reference in template.iter().flat_map(|meta| &meta.references) {
        let doi = reference.doi.as_ref().map(|doi| format!(" https://doi.org/{doi}")).unwrap_or_default();
        let _ = writeln!(out, "\n{}{doi}", inline(&reference.text));
    }
    out
}
