//! Figures as pictures: one png for each svg of the run, drawn with the embedded font.

use ::figure::raster::{self, RasterError};
use ::figure::to_png;

use super::report::Report;
use super::{Budget, Format, Made, RenderError};

/// Draws every figure.
///
/// # Errors
/// [`RenderError::Figure`], [`RenderError::TooLong`].
pub(super) fn pictures(report: &Report, tag: &str, budget: &Budget) -> Result<Vec<Made>, RenderError> {
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

/// Longest side of a picture in pixels: bounds the memory that drawing takes.
const MOST_PIXELS: f64 = 4_000.0;

/// Draws a figure at twice its size, or smaller where it would have a side of more than 4,000 pixels.
///
/// # Errors
/// [`RenderError::Figure`].
pub(super) fn png(file: &str, svg: &str) -> Result<Vec<u8>, RenderError> {
    let (width, height) = size(file, svg)?;
    let scale = (MOST_PIXELS / width.max(height)).min(2.0);
    let pixels = |side: f64| (side * scale).round().max(1.0) as u32;
    to_png(svg, Some(pixels(width)), Some(pixels(height))).map_err(|e| refused(file, &e))
}

/// Returns the size of a figure in units of 1/96 inch.
///
/// # Errors
/// [`RenderError::Figure`].
pub(super) fn size(file: &str, svg: &str) -> Result<(f64, f64), RenderError> {
    raster::size(svg).map_err(|e| refused(file, &e))
}

fn refused(file: &str, error: &RasterError) -> RenderError {
    RenderError::Figure { file: file.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Width and height of a png: the first fields of its header chunk (PNG specification, 11.2.2).
    fn sides(png: &[u8]) -> (u32, u32) {
        let field = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
        (field(16), field(20))
    }

    #[test]
    fn pictures_are_bounded() {
        let drawing = |w: u32, h: u32| {
            format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='{w}' height='{h}'><rect width='9' height='9'/></svg>"
            )
        };
        assert_eq!(sides(&png("f", &drawing(300, 200)).expect("a picture")), (600, 400));
        assert_eq!(sides(&png("f", &drawing(50_000, 100)).expect("a picture")), (4000, 8));
        assert!(png("f", "<svg").is_err());
    }
}
