//! Formats of outputs: csv, svg, log and do always; the others are renderings on request.

use serde::Deserialize;

use crate::domain::error::Problem;
use crate::library::freeze::{FORMATS_ALWAYS, FORMATS_ON_REQUEST};

/// `?output_formats=csv,svg`
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Formats {
    /// Comma-separated.
    output_formats: Option<String>,
}

impl Formats {
    /// Returns the formats of the query.
    pub fn list(&self) -> Vec<String> {
        let text = self.output_formats.as_deref().unwrap_or_default();
        text.split(',').map(str::trim).filter(|f| !f.is_empty()).map(str::to_owned).collect()
    }
}

/// Returns every format: made always, then on request.
pub fn all_formats() -> Vec<&'static str> {
    FORMATS_ALWAYS.into_iter().chain(FORMATS_ON_REQUEST).collect()
}

/// Checks that every format can be made.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` naming each that cannot.
pub fn checked_formats(formats: &[String]) -> Result<(), Problem> {
    checked_formats_at("output_formats", formats)
}

/// Names of programs and of other endings, with the format that is meant.
const PROGRAMS: [(&[&str], &str); 6] = [
    (&["word", "doc", ".docx"], "docx"),
    (&["excel", "xls", ".xlsx"], "xlsx"),
    (&["latex", ".tex"], "tex"),
    (&["stata", ".dta"], "dta"),
    (&["acrobat", ".pdf"], "pdf"),
    (&["image", "jpg", "jpeg", "picture", ".png"], "png"),
];

/// As [`checked_formats`], for a field of another name.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` naming each that cannot.
pub fn checked_formats_at(field: &str, formats: &[String]) -> Result<(), Problem> {
    let known = all_formats();
    let errors: Vec<(String, String)> = formats
        .iter()
        .enumerate()
        .filter(|(_, format)| !known.contains(&format.as_str()))
        .map(|(i, format)| {
            let shown: String = format.chars().take(20).collect();
            let lower = shown.to_lowercase();
            let meant = PROGRAMS.iter().find(|(names, _)| names.contains(&lower.as_str()));
            let meant = meant.map(|(_, format)| format!("; did you mean {format}?")).unwrap_or_default();
            (format!("{field}[{i}]"), format!("{shown} is not one of {}{meant}", known.join(", ")))
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation_all(errors)) }
}
