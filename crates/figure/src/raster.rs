//! Conversion of the engine's SVG figures to PNG and PDF with the embedded font. The same code serves `graph
//! export`, `putpdf`, `putdocx` and any program that renders a figure. Fonts of the machine are never used, so
//! the same figure gives the same bytes everywhere.

use std::fmt;
use std::sync::{Arc, OnceLock};

use svg2pdf::usvg::{self, Options, fontdb};

pub use svg2pdf::usvg::Tree;

/// The font of figures: a subset of Noto Sans CJK SC (see `assets/fonts/README.md`).
pub(super) static FONT: &[u8] = include_bytes!("../../../assets/fonts/chart-sans.otf");

/// Family name of the embedded font.
pub const FAMILY: &str = "Noto Sans CJK SC";

/// Widest and highest picture in pixels.
const MOST_PIXELS: u32 = 20_000;

/// Why a picture could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RasterError(String);

impl fmt::Display for RasterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RasterError {}

pub(super) fn failed(text: impl fmt::Display) -> RasterError {
    RasterError(text.to_string())
}

fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = fontdb::Database::new();
            fonts.load_font_data(FONT.to_vec());
            fonts.set_sans_serif_family(FAMILY);
            fonts.set_serif_family(FAMILY);
            fonts.set_monospace_family(FAMILY);
            Arc::new(fonts)
        })
        .clone()
}

/// Reads an SVG text; files that it refers to are not loaded. Reading takes most of the time of a conversion, so a
/// figure that goes into several files is read once.
///
/// # Errors
/// [`RasterError`] where the text is no valid SVG.
pub fn tree(svg: &str) -> Result<Tree, RasterError> {
    let options = Options {
        fontdb: fonts(),
        font_family: FAMILY.to_owned(),
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: usvg::ImageHrefResolver::default_data_resolver(),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    Tree::from_str(svg, &options).map_err(failed)
}

/// Size of an SVG in its own units (points of 1/96 inch).
pub fn size(svg: &str) -> Result<(f64, f64), RasterError> {
    Ok(size_of(&tree(svg)?))
}

/// [`size`] of a figure that was read.
pub fn size_of(tree: &Tree) -> (f64, f64) {
    (f64::from(tree.size().width()), f64::from(tree.size().height()))
}

/// A PNG file of a figure. `width` and `height` are pixels; without both the figure is drawn at twice its own
/// size, with one of them the other follows the proportions. Fails where the SVG is not valid or the picture
/// would be larger than 20,000 pixels on a side.
pub fn to_png(svg: &str, width: Option<u32>, height: Option<u32>) -> Result<Vec<u8>, RasterError> {
    png_of(&tree(svg)?, width, height)
}

/// [`to_png`] of a figure that was read.
///
/// # Errors
/// [`RasterError`] where the picture would be larger than 20,000 pixels on a side.
pub fn png_of(tree: &Tree, width: Option<u32>, height: Option<u32>) -> Result<Vec<u8>, RasterError> {
    pixels_of(tree, width, height)?.encode_png().map_err(failed)
}

/// The pixels of a figure on white.
fn pixels_of(
    tree: &Tree,
    width: Option<u32>,
    height: Option<u32>,
) -> Result<resvg::tiny_skia::Pixmap, RasterError> {
    let (own_width, own_height) = (tree.size().width(), tree.size().height());
    let (x, y) = match (width, height) {
        (Some(w), Some(h)) => (w as f32 / own_width, h as f32 / own_height),
        (Some(w), None) => (w as f32 / own_width, w as f32 / own_width),
        (None, Some(h)) => (h as f32 / own_height, h as f32 / own_height),
        (None, None) => (2.0, 2.0),
    };
    let (w, h) = ((own_width * x).round() as u32, (own_height * y).round() as u32);
    if w == 0 || h == 0 || w > MOST_PIXELS || h > MOST_PIXELS {
        return Err(failed(format!("a picture of {w} by {h} pixels is not possible")));
    }
    let mut pixels = resvg::tiny_skia::Pixmap::new(w, h).ok_or_else(|| failed("the picture is too large"))?;
    pixels.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(tree, resvg::tiny_skia::Transform::from_scale(x, y), &mut pixels.as_mut());
    Ok(pixels)
}

/// A TIFF file of a figure: one strip of uncompressed red, green and blue bytes (Adobe Systems, "TIFF", revision 6.0,
/// section 6). Sizes are those of [`to_png`].
///
/// # Errors
/// Those of [`to_png`].
pub fn to_tiff(svg: &str, width: Option<u32>, height: Option<u32>) -> Result<Vec<u8>, RasterError> {
    let tree = tree(svg)?;
    let pixels = pixels_of(&tree, width, height)?;
    let per_inch = (pixels.width() as f32 / tree.size().width() * 96.0).round().max(1.0) as u32;
    let bytes: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let size = u32::try_from(bytes.len()).map_err(|_| failed("the picture is too large"))?;
    const ENTRIES: u16 = 12;
    let extra = 8 + 2 + u32::from(ENTRIES) * 12 + 4;
    let (bits, resolution, strip) = (extra, extra + 6, extra + 14);
    let (short, long, rational) = (3, 4, 5);
    let entries: [(u16, u16, u32, u32); ENTRIES as usize] = [
        (256, long, 1, pixels.width()),
        (257, long, 1, pixels.height()),
        (258, short, 3, bits),
        (259, short, 1, 1),
        (262, short, 1, 2),
        (273, long, 1, strip),
        (277, short, 1, 3),
        (278, long, 1, pixels.height()),
        (279, long, 1, size),
        (282, rational, 1, resolution),
        (283, rational, 1, resolution),
        (296, short, 1, 2),
    ];
    let mut out = b"II*\0".to_vec();
    out.extend(8u32.to_le_bytes());
    out.extend(ENTRIES.to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(0u32.to_le_bytes());
    for depth in [8u16; 3] {
        out.extend(depth.to_le_bytes());
    }
    out.extend(per_inch.to_le_bytes());
    out.extend(1u32.to_le_bytes());
    out.extend(bytes);
    Ok(out)
}

/// A PDF file of one page that holds the figure, its text selectable. Fails where the SVG is not valid.
pub fn to_pdf(svg: &str) -> Result<Vec<u8>, RasterError> {
    let tree = tree(svg)?;
    svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), svg2pdf::PageOptions { dpi: 96.0 })
        .map_err(failed)
}

/// A PDF file with one page for each SVG; page sizes are those of the SVGs at 96 units to the inch.
pub fn pages_to_pdf(pages: &[String]) -> Result<Vec<u8>, RasterError> {
    use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref};
    let mut next = Ref::new(1);
    let (catalog, list) = (next.bump(), next.bump());
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(list);
    let mut kids = Vec::new();
    for svg in pages {
        let tree = tree(svg)?;
        let (page, body) = (next.bump(), next.bump());
        let mut known = std::collections::HashMap::new();
        let (chunk, figure) =
            svg2pdf::to_chunk(&tree, svg2pdf::ConversionOptions::default()).map_err(failed)?;
        let chunk = chunk.renumber(|old| *known.entry(old).or_insert_with(|| next.bump()));
        let figure = *known.get(&figure).ok_or_else(|| failed("a page without content"))?;
        let (width, height) = (tree.size().width() * 0.75, tree.size().height() * 0.75);
        let name = Name(b"S1");
        let mut content = Content::new();
        content.transform([width, 0.0, 0.0, height, 0.0, 0.0]);
        content.x_object(name);
        let mut writer = pdf.page(page);
        writer.media_box(Rect::new(0.0, 0.0, width, height)).parent(list).contents(body);
        writer.resources().x_objects().pair(name, figure).finish();
        writer.finish();
        pdf.stream(body, &content.finish());
        pdf.extend(&chunk);
        kids.push(page);
    }
    pdf.pages(list).count(kids.len() as i32).kids(kids);
    Ok(pdf.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURE: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='100'>\
        <rect width='300' height='100' fill='white'/>\
        <text x='20' y='60' font-size='30' font-family='sans-serif' fill='black'>月收入 Pay</text></svg>";

    /// Dark pixels of a PNG.
    fn ink(png: &[u8]) -> usize {
        let map = resvg::tiny_skia::Pixmap::decode_png(png).expect("a picture");
        map.pixels().iter().filter(|p| p.red() < 100 && p.alpha() == 255).count()
    }

    #[test]
    fn text_is_drawn_also_in_chinese() {
        let whole = ink(&to_png(FIGURE, None, None).expect("a picture"));
        let hanzi = ink(&to_png(&FIGURE.replace(" Pay", ""), None, None).expect("a picture"));
        let none = ink(&to_png(&FIGURE.replace("月收入 Pay", ""), None, None).expect("a picture"));
        assert_eq!(none, 0);
        assert!(hanzi > 500 && whole > hanzi + 200, "{hanzi} {whole}");
    }

    #[test]
    fn sizes_follow_the_request() {
        let size = |w, h| {
            let png = to_png(FIGURE, w, h).expect("a picture");
            let map = resvg::tiny_skia::Pixmap::decode_png(&png).expect("a picture");
            (map.width(), map.height())
        };
        assert_eq!(size(None, None), (600, 200));
        assert_eq!(size(Some(900), None), (900, 300));
        assert_eq!(size(Some(100), Some(100)), (100, 100));
        assert!(to_png(FIGURE, Some(40_000), None).is_err());
        assert!(to_png("<svg", None, None).is_err());
    }

    #[test]
    fn a_pdf_has_its_pages_and_no_outside_file() {
        let one = to_pdf(FIGURE).expect("a document");
        assert!(one.starts_with(b"%PDF-") && one.len() > 2000);
        let two = pages_to_pdf(&[FIGURE.to_owned(), FIGURE.to_owned()]).expect("a document");
        let text = String::from_utf8_lossy(&two);
        assert!(text.contains("/Count 2"));
        let outside = FIGURE.replace("<rect", "<image href='/etc/hostname' width='9' height='9'/><rect");
        assert!(to_png(&outside, None, None).is_ok());
    }
}
