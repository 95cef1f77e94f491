//! Formats of outputs: csv, svg, log and do always; others are renderings, which this release does not make.

use serde::Deserialize;

use crate::domain::error::Problem;
use crate::library::freeze::FORMATS_ALWAYS;

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

/// Checks that every format can be made.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` naming each that cannot.
pub fn checked_formats(formats: &[String]) -> Result<(), Problem> {
    let errors: Vec<(String, String)> = formats
        .iter()
        .enumerate()
        .filter(|(_, format)| !FORMATS_ALWAYS.contains(&format.as_str()))
        .map(|(i, format)| {
            let shown: String = format.chars().take(20).collect();
            (format!("output_formats[{i}]"), format!("{shown} is not one of {}", FORMATS_ALWAYS.join(", ")))
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation_all(errors)) }
}
