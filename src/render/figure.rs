//! Figures as pictures: one png for each svg of the run, drawn with the embedded font.

use std::sync::OnceLock;

use ::figure::raster::{self, RasterError, Tree};

use super::report::Report;
use super::{Budget, Format, Made, RenderError};

/// A figure as the run drew it.
#[derive(Debug, Clone)]
pub struct Figure {
    pub file: String,
    /// The caption without its number.
    pub title: String,
    pub svg: String,
    /// The figure as it was read, and its picture; both are made when a format first needs them.
    drawing: OnceLock<Tree>,
    png: OnceLock<Vec<u8>>,
}

impl Figure {
    pub(super) fn new(file: String, title: String, svg: String) -> Self {
        Self { file, title, svg, drawing: OnceLock::new(), png: OnceLock::new() }
    }
}

/// Draws every figure.
///
/// # Errors
/// [`RenderError::Figure`], [`RenderError::TooLong`].
pub(super) fn pictures(report: &Report, tag: &str, budget: &Budget) -> Result<Vec<Made>, RenderError> {
    let mut made = Vec::new();
    for figure in &report.figures {
        budget.check()?;
        made.push(Made {
            format: Format::Png,
            file_name: picture_name(&figure.file, tag),
            bytes: png(figure)?.to_vec(),
            derived_from: vec![figure.file.clone()],
        });
    }
    Ok(made)
}

/// Returns the name of a figure's picture; `tag` is that of the request.
pub(super) fn picture_name(file: &str, tag: &str) -> String {
    format!("{}-{tag}.png", file.trim_end_matches(".svg").replace('/', "_"))
}

/// Longest side of a picture in pixels: bounds the memory that drawing takes.
const MOST_PIXELS: f64 = 4_000.0;

/// Draws a figure at twice its size, or smaller where it would have a side of more than 4,000 pixels. It is drawn once
/// for all files of a report.
///
/// # Errors
/// [`RenderError::Figure`].
pub(super) fn png(figure: &Figure) -> Result<&[u8], RenderError> {
    if let Some(png) = figure.png.get() {
        return Ok(png);
    }
    let (width, height) = size(figure)?;
    let scale = (MOST_PIXELS / width.max(height)).min(2.0);
    let pixels = |side: f64| Some((side * scale).round().max(1.0) as u32);
    let png = raster::png_of(drawing(figure)?, pixels(width), pixels(height));
    let png = png.map_err(|e| refused(&figure.file, &e))?;
    Ok(figure.png.get_or_init(|| png))
}

/// Returns the size of a figure in units of 1/96 inch.
///
/// # Errors
/// [`RenderError::Figure`].
pub(super) fn size(figure: &Figure) -> Result<(f64, f64), RenderError> {
    drawing(figure).map(raster::size_of)
}

/// Reads a figure, once for all files of a report.
///
/// # Errors
/// [`RenderError::Figure`].
pub(super) fn drawing(figure: &Figure) -> Result<&Tree, RenderError> {
    if let Some(tree) = figure.drawing.get() {
        return Ok(tree);
    }
    let tree = raster::tree(&figure.svg).map_err(|e| refused(&figure.file, &e))?;
    Ok(figure.drawing.get_or_init(|| tree))
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
            let svg = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='{w}' height='{h}'><rect width='9' height='9'/></svg>"
            );
            Figure::new("f".to_owned(), String::new(), svg)
        };
        assert_eq!(sides(png(&drawing(300, 200)).expect("a picture")), (600, 400));
        assert_eq!(sides(png(&drawing(50_000, 100)).expect("a picture")), (4000, 8));
        assert!(png(&Figure::new("f".to_owned(), String::new(), "<svg".to_owned())).is_err());
    }
}
