//! Output of `library run`: status, sample flow, checks and tables, for people or as JSON.

use std::fs;
use std::io::{Error, Result, Write};
use std::path::Path;

use serde_json::{Map, json};

use crate::domain::anchors::parse_number;
use crate::domain::plan::Plan;
use crate::domain::verdict::Verdict;
use crate::worker::dry_run::is_own_file;

/// Rows of a table that are printed.
const SHOWN_ROWS: usize = 20;

/// How the run is to be shown.
pub(super) struct Form {
    pub json: bool,
    /// True where the files stay.
    pub kept: bool,
}

/// Prints a run whose files lie in `work`.
///
/// # Errors
/// A table cannot be read, or nothing can be written.
pub(super) fn print(
    form: &Form,
    plan: &Plan,
    verdict: &Verdict,
    work: &Path,
    out: &mut impl Write,
) -> Result<()> {
    let cause = verdict.failure.as_ref().map(|f| f.cause.as_str());
    let evidence: Vec<&str> =
        verdict.failure.iter().flat_map(|f| &f.evidence).map(|line| line.text.as_str()).collect();
    let status = if cause.is_none() { "succeeded" } else { "failed" };
    let tables: Vec<&str> = plan
        .contract
        .outputs
        .iter()
        .filter(|o| o.format == "csv" && work.join(&o.file).is_file())
        .map(|o| o.file.as_str())
        .collect();
    if form.json {
        let mut read = Map::new();
        for table in &tables {
            read.insert((*table).to_owned(), json!(rows(&work.join(table))?));
        }
        let whole = json!({"template_id": plan.template.template_id, "status": status, "cause": cause,
            "evidence": evidence, "checks": verdict.checks, "sample_flow": verdict.sample_flow,
            "metrics": verdict.metrics, "outputs": verdict.outputs, "tables": read});
        writeln!(out, "{whole}")?;
        return Ok(());
    }
    writeln!(out, "{} {}: {status}", plan.template.template_id, plan.template.version)?;
    if let Some(cause) = cause {
        writeln!(out, "cause: {cause}")?;
        evidence.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    for step in &verdict.sample_flow {
        let reason = step.reason.as_deref().map(|r| format!("  ({r})")).unwrap_or_default();
        writeln!(out, "rows {:>8}  {}{reason}", step.rows, step.step)?;
    }
    for check in &verdict.checks {
        let value = check.value.as_deref().map(|v| format!("  value {v}")).unwrap_or_default();
        writeln!(out, "check {:<5} {}{value}", check.status, check.id)?;
    }
    for table in tables {
        writeln!(out, "\n{table}")?;
        let rows = rows(&work.join(table))?;
        aligned(&rows[..rows.len().min(SHOWN_ROWS + 1)])
            .iter()
            .try_for_each(|line| writeln!(out, "  {line}"))?;
        if rows.len() > SHOWN_ROWS + 1 {
            writeln!(out, "  … {} rows", rows.len() - 1)?;
        }
    }
    if form.kept {
        writeln!(out)?;
        for file in verdict.outputs.iter().filter(|o| !is_own_file(&o.rel_path)) {
            writeln!(out, "{} {}", file.status, work.join(&file.rel_path).display())?;
        }
    }
    Ok(())
}

/// The rows of a table, the header first.
fn rows(path: &Path) -> Result<Vec<Vec<String>>> {
    let text = fs::read(path)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_slice());
    let rows = reader.records().map(|r| r.map(|r| r.iter().map(str::to_owned).collect()));
    rows.collect::<std::result::Result<_, _>>().map_err(Error::other)
}

/// The rows as people read them: numbers with six digits, columns one below the other.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| six_digits(cell)).collect()).collect();
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |c: usize| cells.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}

/// A number with six significant digits; anything else as it is.
fn six_digits(cell: &str) -> String {
    let Some(number) = parse_number(cell) else { return cell.to_owned() };
    if number == 0.0 || (number.fract() == 0.0 && number.abs() < 1e15) {
        return format!("{number}");
    }
    let size = number.abs().log10().floor();
    if !(-5.0..9.0).contains(&size) {
        return format!("{number:.5e}");
    }
    let decimals = (5.0 - size).max(0.0) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_six_digits_and_texts_as_they_are() {
        for (cell, shown) in [
            ("3.7189049279060343e-01", "0.37189"),
            ("1.2345678e+03", "1234.57"),
            ("1.3733578936216009e-12", "1.37336e-12"),
            ("797", "797"),
            ("0", "0"),
            ("-2.5", "-2.5"),
            ("", ""),
            (".", "."),
            ("2013.year", "2013.year"),
        ] {
            assert_eq!(six_digits(cell), shown, "{cell}");
        }
        let rows = [["a", "1.5"], ["long", ""]].map(|r| r.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), ["a     1.5", "long"]);
    }
}
