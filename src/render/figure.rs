//! Figures as pictures: one png for each svg of the run, drawn with the embedded font.

use dofile::graph;

use super::report::Report;
use super::{Budget, Format, Made, RenderError};

/// Draws every figure.
///
/// # Errors
/// [`RenderError::Figure`], [`RenderError::TooLong`].
pub fn pictures(report: &Report, tag: &str, budget: &Budget) -> Result<Vec<Made>, RenderError> {
    let mut made = Vec::new();
    for figure in &report.figures {
        budget.check()?;
        let stem = figure.file.trim_end_matches(".svg").replace('/', "_");
        made.push(Made {
            format: Format::Png,
            file_name: format!("{stem}-{tag}.png"),
            bytes: png(&figure.file, &figure.svg)?,
            derived_from: vec![figure.file.clone()],
        });
    }
    Ok(made)
}

/// Draws a figure at twice its size.
///
/// # Errors
/// [`RenderError::Figure`].
pub fn png(file: &str, svg: &str) -> Result<Vec<u8>, RenderError> {
    graph::to_png(svg, None, None).map_err(|e| refused(file, &e))
}

/// Returns the size of a figure in units of 1/96 inch.
///
/// # Errors
/// [`RenderError::Figure`].
pub fn size(file: &str, svg: &str) -> Result<(f64, f64), RenderError> {
    graph::raster::size(svg).map_err(|e| refused(file, &e))
}

fn refused(file: &str, error: &graph::raster::RasterError) -> RenderError {
    RenderError::Figure { file: file.to_owned(), reason: error.to_string() }
}
