//! Figures as pictures: one png for each svg of the run, drawn with the embedded font.

use std::sync::OnceLock;

use ::figure::raster::{self, RasterError, Tree};
use quick_xml::events::Event;

use super::report::Report;
use super::{Budget, Format, Made, RenderError};

/// A figure as the run drew it.
#[derive(Debug, Clone)]
pub struct Figure {
    pub file: String,
    /// The caption without its number.
    pub title: String,
    pub svg: String,
    /// Width on paper in millimetres; none as it is drawn.
    pub(super) width_mm: Option<u16>,
    /// The figure as it was read, and its picture; both are made when a format first needs them.
    drawing: OnceLock<Tree>,
    png: OnceLock<Vec<u8>>,
}

impl Figure {
    pub(super) fn new(file: String, title: String, svg: String) -> Self {
        Self { file, title, svg, width_mm: None, drawing: OnceLock::new(), png: OnceLock::new() }
    }

    pub(super) fn wide(self, width_mm: Option<u16>) -> Self {
        Self { width_mm, ..self }
    }

    /// Returns the words that stand for the figure where it cannot be seen: its caption, and its own description (titles
    /// of axes and series).
    pub(super) fn words(&self) -> String {
        let description = described(&self.svg).unwrap_or_default();
        match description.trim() {
            "" => self.title.clone(),
            words => format!("{}: {words}", self.title),
        }
    }
}

/// The first `desc` of an SVG document (SVG 1.1, 5.4).
fn described(svg: &str) -> Option<String> {
    let mut reader = quick_xml::Reader::from_str(svg);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.local_name().as_ref() == "desc" => {
                let text = reader.read_text(start.name()).ok()?;
                return quick_xml::escape::unescape(&text).ok().map(|text| text.into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
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

/// Dots per inch of a picture, as journals ask for.
const DPI: f64 = 300.0;
/// Units of a drawing in an inch.
const UNITS: f64 = 96.0;
/// Millimetres of an inch.
const MM_OF_INCH: f64 = 25.4;

/// Draws a figure at 300 dots per inch, or smaller where it would have a side of more than 4,000 pixels; the picture
/// states its density. It is drawn once for all files of a report.
///
/// # Errors
/// [`RenderError::Figure`].
pub(super) fn png(figure: &Figure) -> Result<&[u8], RenderError> {
    if let Some(png) = figure.png.get() {
        return Ok(png);
    }
    let (width, height) = size(figure)?;
    let scale = (MOST_PIXELS / width.max(height)).min(DPI / UNITS);
    let pixels = |side: f64| Some((side * scale).round().max(1.0) as u32);
    let png = raster::png_of(drawing(figure)?, pixels(width), pixels(height));
    let png = dense(png.map_err(|e| refused(&figure.file, &e))?, scale * UNITS);
    Ok(figure.png.get_or_init(|| png))
}

/// Length of what stands before the second chunk of a png: its signature and its header.
const HEAD: usize = 33;

/// Adds the density in dots per inch to a png, in dots per metre as `pHYs` has it (PNG specification, 11.3.5.3).
fn dense(mut png: Vec<u8>, dpi: f64) -> Vec<u8> {
    let dots = ((dpi / 0.0254).round() as u32).to_be_bytes();
    let mut chunk = b"pHYs".to_vec();
    chunk.extend(dots.iter().chain(&dots));
    // the unit is the metre
    chunk.push(1);
    let mut sum = flate2::Crc::new();
    sum.update(&chunk);
    let length = (chunk.len() as u32 - 4).to_be_bytes();
    let chunk = length.into_iter().chain(chunk).chain(sum.sum().to_be_bytes());
    png.splice(HEAD..HEAD, chunk);
    png
}

/// Returns the size of a figure on paper in units of 1/96 inch.
///
/// # Errors
/// [`RenderError::Figure`].
pub(super) fn size(figure: &Figure) -> Result<(f64, f64), RenderError> {
    let (width, height) = drawing(figure).map(raster::size_of)?;
    let wanted = figure.width_mm.map_or(width, |mm| f64::from(mm) / MM_OF_INCH * UNITS);
    Ok((wanted, height * wanted / width))
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
    fn figures_have_words() {
        let svg = |inner: &str| {
            format!("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{inner}</svg>")
        };
        let words = |svg: String| Figure::new("f".to_owned(), "Wages".to_owned(), svg).words();
        assert_eq!(words(svg("<title>T</title><desc>pay &amp; age; 年</desc>")), "Wages: pay & age; 年");
        assert_eq!(words(svg("<rect width='9' height='9'/>")), "Wages");
        assert_eq!(words("<svg><desc>".to_owned()), "Wages");
    }

    #[test]
    fn pictures_are_bounded() {
        let drawing = |w: u32, h: u32| {
            let svg = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='{w}' height='{h}'><rect width='9' height='9'/></svg>"
            );
            Figure::new("f".to_owned(), String::new(), svg)
        };
        let picture = drawing(300, 200);
        let bytes = png(&picture).expect("a picture");
        assert_eq!(sides(bytes), (938, 625));
        // 300 dots per inch are 11,811 per metre; the sum is that of zlib
        let density =
            [&[0, 0, 0, 9][..], b"pHYs", &[0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1, 0x78, 0xa5, 0x3f, 0x76]];
        assert_eq!(bytes[33..54], density.concat());
        // 85 mm at 300 dots per inch are 1,003.9 dots
        assert_eq!(sides(png(&drawing(720, 480).wide(Some(85))).expect("a picture")), (1004, 669));
        assert_eq!(sides(png(&drawing(50_000, 100)).expect("a picture")), (4000, 8));
        assert!(png(&Figure::new("f".to_owned(), String::new(), "<svg".to_owned())).is_err());
    }
}
