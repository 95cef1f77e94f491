//! Rules on the declared outputs, inputs, archive, checks and metrics.

use std::collections::BTreeSet;

use super::{Report, bilingual};
use crate::domain::artifact::safe_rel_path;
use crate::domain::parameter_test::ParameterTest;
use crate::domain::template::{Output, TemplateMeta};
use crate::library::terms;

/// Type of an output → format. Other formats (docx, xlsx, pdf …) are renderings by the service.
const FORMATS: [(&str, &str); 4] = [("table", "csv"), ("figure", "svg"), ("data", "dta"), ("log", "log")];
/// Files of the run itself.
const RESERVED: [&str; 2] = ["main.do", "data.dta"];

pub(super) fn check(meta: &TemplateMeta, report: &mut Report) {
    let files: BTreeSet<&str> = meta.outputs.iter().map(|o| o.file.as_str()).collect();
    report.rule(files.len() == meta.outputs.len(), || "two outputs have one name".to_owned());
    for output in &meta.outputs {
        one(output, meta, report);
    }
    let log = meta.outputs.iter().any(|o| o.file == "main.log" && o.kind == "log" && o.required);
    report.rule(log, || "the required output main.log of type log is absent".to_owned());
    let tables = meta.outputs.iter().any(|o| o.kind != "log" && o.required);
    report.rule(tables, || "no required output except the log".to_owned());
    inputs(meta, report);
    if let Some(archive) = &meta.archive {
        let declared: BTreeSet<&str> = meta.outputs.iter().map(|o| o.format.as_str()).collect();
        for format in archive.allowed_formats.iter().flatten() {
            report.rule(declared.contains(format.as_str()), || {
                format!("archive.allowed_formats: {format} is the format of no output")
            });
        }
    }
    for check in &meta.checks {
        let Some(usual) = terms::check_severity(&check.id) else {
            report.add(format!("checks: {} is not a check of the contract", check.id));
            continue;
        };
        if let Some(severity) = &check.severity {
            report.one_of(&format!("checks.{}.severity", check.id), severity, &["warn", "fail"]);
            let lowered = usual == "fail" && severity == "warn";
            report
                .rule(!lowered, || format!("checks.{}: a failure cannot be lowered to a warning", check.id));
        }
    }
    let metrics: BTreeSet<&String> = meta.metrics.iter().collect();
    report.rule(metrics.len() == meta.metrics.len(), || "two metrics have one name".to_owned());
    let names = meta.metrics.iter().all(|m| m.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    report.rule(names, || "a metric's name has other characters than letters, digits and _".to_owned());
}

fn one(output: &Output, meta: &TemplateMeta, report: &mut Report) {
    let file = output.file.as_str();
    let plain = safe_rel_path(file).is_some_and(|parts| parts.len() == 1)
        && file.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    report.rule(plain && !RESERVED.contains(&file), || format!("outputs: {file:?} is not a plain file name"));
    match FORMATS.iter().find(|(kind, _)| *kind == output.kind) {
        None => report.add(format!("outputs.{file}.type {:?} is not a type of the contract", output.kind)),
        Some((kind, format)) => {
            report.rule(output.format == *format, || {
                format!("outputs.{file}: a body writes a {kind} as {format}, not {}", output.format)
            });
            report.rule(file.ends_with(&format!(".{format}")), || {
                format!("outputs.{file}: the name does not end with .{format}")
            });
        }
    }
    let prefix = match output.kind.as_str() {
        "table" => "table_",
        "figure" => "fig_",
        "data" => "data_",
        _ => "main",
    };
    report.rule(file.starts_with(prefix), || format!("outputs.{file}: the name must begin with {prefix}"));
    bilingual(
        report,
        &format!("outputs.{file}.description"),
        &output.description,
        output.description_zh.as_deref(),
    );
    report.rule(output.max_bytes > 0, || format!("outputs.{file}.max_bytes is 0"));
    report.rule((output.kind == "table") != output.columns.is_empty(), || {
        format!("outputs.{file}: tables declare columns, other outputs none")
    });
    for column in &output.columns {
        report.one_of(
            &format!("outputs.{file}.{}.type", column.name),
            &column.kind,
            &["text", "number", "integer"],
        );
    }
    if let Some(when) = &output.when {
        let name = ParameterTest::parse(when).name;
        let known = meta.parameters.iter().any(|p| p.name == name);
        report.rule(known, || format!("outputs.{file}.when names {name:?}, which is no parameter"));
    }
}

fn inputs(meta: &TemplateMeta, report: &mut Report) {
    let main: Vec<_> = meta.inputs.iter().filter(|i| i.role == "main").collect();
    let one = main.len() == 1 && main[0].name == "data.dta" && main[0].required;
    report.rule(one, || "inputs: exactly one required main input named data.dta".to_owned());
    for input in &meta.inputs {
        report.one_of("inputs.role", &input.role, &["main", "merge", "append"]);
        let plain = input.name.ends_with(".dta")
            && input.name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
        report.rule(plain, || format!("inputs: {:?} is not a plain name ending with .dta", input.name));
        report.rule(input.formats == ["dta"], || format!("inputs.{}.formats must be dta", input.name));
    }
}
