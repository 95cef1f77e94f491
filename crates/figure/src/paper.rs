//! Pages of text, rules and drawings as PDF. Text is shown with one subset of the embedded font for the whole document;
//! it needs no conversion from SVG, which is most of the time of a page of text. Drawings are forms of their own. The
//! document is tagged: `tags` has its structure.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, TabOrder, TextRenderingMode, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;
use svg2pdf::usvg::Tree;
use ttf_parser::{Face, GlyphId, RawFace, Tag};

use super::raster::{FONT, RasterError, failed};
use super::tags::{Marks, PartId, Structure, metadata};

const FONT_NAME: &str = "SSPAGE+NotoSansCJKsc-Regular";
const SYSTEM_INFO: SystemInfo =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
/// Points in a unit of a page, which is 1/96 inch.
const POINT: f64 = 0.75;

/// Something on a page; places are in units of 1/96 inch from the upper left corner.
pub enum Item<'a> {
    /// A line of text that begins at `x` on the base line `y`.
    Text {
        /// Left end.
        x: f64,
        /// Base line.
        y: f64,
        /// Size of the font.
        size: f64,
        /// True for heavier strokes.
        bold: bool,
        /// The text; characters that the font does not have are left out.
        text: String,
    },
    /// A horizontal rule.
    Rule {
        /// Left end.
        x: f64,
        /// Middle of the stroke.
        y: f64,
        /// Length.
        width: f64,
        /// Thickness of the stroke.
        thick: f64,
    },
    /// A drawing, scaled to a rectangle.
    Drawing {
        /// Left edge.
        x: f64,
        /// Upper edge.
        y: f64,
        /// Width on the page.
        width: f64,
        /// Height on the page.
        height: f64,
        /// The parsed drawing.
        tree: &'a Tree,
    },
}

/// Something on a page with the part of the document that it belongs to; none for what is not read aloud, such as
/// rules and page numbers.
pub struct Placed<'a> {
    /// The part.
    pub part: Option<PartId>,
    /// The content.
    pub item: Item<'a>,
}

/// A page.
pub struct Sheet<'a> {
    /// Width in units of 1/96 inch.
    pub width: f64,
    /// Height in the same unit.
    pub height: f64,
    /// What is on it.
    pub items: Vec<Placed<'a>>,
}

/// The font with the glyphs that the document uses.
struct Used {
    face: Face<'static>,
    glyphs: GlyphRemapper,
    /// Glyph of the whole font → its character.
    characters: BTreeMap<u16, char>,
}

impl Used {
    fn new() -> Result<Self, RasterError> {
        let face = Face::parse(FONT, 0).map_err(failed)?;
        Ok(Self { face, glyphs: GlyphRemapper::new(), characters: BTreeMap::new() })
    }

    /// The bytes by which the document names the glyphs of a text.
    fn encoded(&mut self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 * text.len());
        for c in text.chars() {
            let Some(glyph) = self.face.glyph_index(c) else { continue };
            self.characters.entry(glyph.0).or_insert(c);
            out.extend(self.glyphs.remap(glyph.0).to_be_bytes());
        }
        out
    }

    /// Writes the subset with widths and the way back to characters (ISO 32000-1, 9.7 and 9.10.3).
    fn write(&self, pdf: &mut Pdf, font: Ref, next: &mut Ref) -> Result<(), RasterError> {
        let (cid, descriptor, map, data) = (next.bump(), next.bump(), next.bump(), next.bump());
        let name = Name(FONT_NAME.as_bytes());
        let whole = format!("{FONT_NAME}-Identity-H");
        pdf.type0_font(font)
            .base_font(Name(whole.as_bytes()))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(map);
        let em = f32::from(self.face.units_per_em());
        let scaled = |x: i16| f32::from(x) / em * 1000.0;
        let advance = |glyph: u16| f32::from(self.face.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0));
        let widths: Vec<f32> = self.glyphs.remapped_gids().map(|g| advance(g) / em * 1000.0).collect();
        let mut writer = pdf.cid_font(cid);
        writer.subtype(CidFontType::Type0).base_font(name).system_info(SYSTEM_INFO);
        writer.font_descriptor(descriptor).default_width(0.0);
        writer.widths().consecutive(0, widths).finish();
        writer.finish();
        let around = self.face.global_bounding_box();
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(
                scaled(around.x_min),
                scaled(around.y_min),
                scaled(around.x_max),
                scaled(around.y_max),
            ))
            .italic_angle(0.0)
            .ascent(scaled(self.face.ascender()))
            .descent(scaled(self.face.descender()))
            .cap_height(scaled(self.face.capital_height().unwrap_or(self.face.ascender())))
            .stem_v(80.0)
            .font_file3(data);
        let mut to_unicode = UnicodeCmap::new(Name(b"Custom"), SYSTEM_INFO);
        for (glyph, c) in &self.characters {
            if let Some(id) = self.glyphs.get(*glyph) {
                to_unicode.pair(id, *c);
            }
        }
        pdf.stream(map, &deflated(&to_unicode.finish())?).filter(Filter::FlateDecode);
        let subset = subsetter::subset(FONT, 0, &self.glyphs).map_err(failed)?;
        let raw = RawFace::parse(&subset, 0).map_err(failed)?;
        let program = raw.table(Tag::from_bytes(b"CFF ")).ok_or_else(|| failed("a font without outlines"))?;
        let program = deflated(program)?;
        pdf.stream(data, &program).filter(Filter::FlateDecode).pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        Ok(())
    }
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>, RasterError> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).and_then(|()| out.finish()).map_err(failed)
}

/// A document.
pub struct Document<'a> {
    /// The title, which viewers show.
    pub title: &'a str,
    /// The language: `en`, `zh`.
    pub language: &'a str,
    /// The pages.
    pub sheets: Vec<Sheet<'a>>,
    /// The parts that the content of the pages belongs to.
    pub structure: Structure,
}

/// A file that is being written.
struct Output<'a> {
    pdf: Pdf,
    next: Ref,
    used: Used,
    marks: Marks,
    structure: &'a Structure,
}

/// Writes the document as tagged PDF by the rules of PDF/UA-1 (ISO 14289-1). The same document gives the same bytes.
///
/// # Errors
/// [`RasterError`] where a drawing cannot be converted.
pub fn write(document: &Document<'_>) -> Result<Vec<u8>, RasterError> {
    let Document { title, language, sheets, structure } = document;
    let mut next = Ref::new(1);
    let (catalog, list, info, font) = (next.bump(), next.bump(), next.bump(), next.bump());
    let (tree, about) = (next.bump(), next.bump());
    let mut pdf = Pdf::new();
    let mut entry = pdf.catalog(catalog);
    entry.pages(list).lang(TextStr(language)).metadata(about);
    entry.viewer_preferences().display_doc_title(true);
    entry.mark_info().marked(true);
    entry.pair(Name(b"StructTreeRoot"), tree);
    entry.finish();
    pdf.document_info(info).title(TextStr(title));
    pdf.metadata(about, metadata(title, language).as_bytes());
    let mut out = Output { pdf, next, used: Used::new()?, marks: Marks::new(structure), structure };
    let kids = sheets.iter().map(|sheet| out.page(sheet, list, font)).collect::<Result<Vec<Ref>, _>>()?;
    let Output { mut pdf, mut next, used, marks, .. } = out;
    used.write(&mut pdf, font, &mut next)?;
    marks.write(&mut pdf, structure, tree, &mut next);
    pdf.pages(list).count(kids.len() as i32).kids(kids);
    Ok(pdf.finish())
}

impl Output<'_> {
    /// Writes a page of a list of pages.
    fn page(&mut self, sheet: &Sheet<'_>, list: Ref, font: Ref) -> Result<Ref, RasterError> {
        let (page, body) = (self.next.bump(), self.next.bump());
        let key = self.marks.page();
        let mut content = Content::new();
        let mut drawings = Vec::new();
        for Placed { part, item } in &sheet.items {
            if let Item::Drawing { tree, .. } = item {
                drawings.push(drawing(&mut self.pdf, tree, &mut self.next)?);
            }
            let around = around(item, sheet.height);
            self.marks.begin(&mut content, self.structure, *part, page, around);
            draw(&mut content, item, sheet.height, &mut self.used, drawings.len());
        }
        self.marks.end(&mut content);
        let mut writer = self.pdf.page(page);
        let (width, height) = ((sheet.width * POINT) as f32, (sheet.height * POINT) as f32);
        writer.media_box(Rect::new(0.0, 0.0, width, height)).parent(list).contents(body);
        writer.struct_parents(key).tab_order(TabOrder::StructureOrder);
        let mut resources = writer.resources();
        resources.fonts().pair(Name(b"fo0"), font);
        let mut forms = resources.x_objects();
        for (k, reference) in drawings.iter().enumerate() {
            forms.pair(Name(format!("D{}", k + 1).as_bytes()), *reference);
        }
        forms.finish();
        resources.finish();
        writer.finish();
        self.pdf.stream(body, &deflated(&content.finish())?).filter(Filter::FlateDecode);
        Ok(page)
    }
}

/// The rectangle of a drawing on its page, in points from the lower left corner.
fn around(item: &Item<'_>, page: f64) -> Option<Rect> {
    let Item::Drawing { x, y, width, height, .. } = item else { return None };
    let at = |x: f64| (x * POINT) as f32;
    Some(Rect::new(at(*x), at(page - y - height), at(x + width), at(page - y)))
}

/// Adds a drawing as a form of one unit of width and height.
fn drawing(pdf: &mut Pdf, tree: &Tree, next: &mut Ref) -> Result<Ref, RasterError> {
    let (chunk, figure) = svg2pdf::to_chunk(tree, svg2pdf::ConversionOptions::default()).map_err(failed)?;
    let mut known = HashMap::new();
    let chunk = chunk.renumber(|old| *known.entry(old).or_insert_with(|| next.bump()));
    pdf.extend(&chunk);
    known.get(&figure).copied().ok_or_else(|| failed("a drawing without content"))
}

fn draw(content: &mut Content, item: &Item<'_>, height: f64, used: &mut Used, drawings: usize) {
    let at = |x: f64| (x * POINT) as f32;
    match item {
        Item::Text { x, y, size, bold, text } => {
            content.begin_text();
            content.set_font(Name(b"fo0"), at(*size));
            if *bold {
                // The font has one weight: the outline is drawn as well.
                content.set_text_rendering_mode(TextRenderingMode::FillStroke);
                content.set_line_width(at(size * 0.03));
            } else {
                content.set_text_rendering_mode(TextRenderingMode::Fill);
            }
            content.set_text_matrix([1.0, 0.0, 0.0, 1.0, at(*x), at(height - y)]);
            content.show(Str(&used.encoded(text)));
            content.end_text();
        }
        Item::Rule { x, y, width, thick } => {
            content.set_line_width(at(*thick));
            content.move_to(at(*x), at(height - y));
            content.line_to(at(x + width), at(height - y));
            content.stroke();
        }
        Item::Drawing { x, y, width, height: h, .. } => {
            content.save_state();
            content.transform([at(*width), 0.0, 0.0, at(*h), at(*x), at(height - y - h)]);
            content.x_object(Name(format!("D{drawings}").as_bytes()));
            content.restore_state();
        }
    }
}
