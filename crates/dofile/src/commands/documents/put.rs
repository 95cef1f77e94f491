//! `putdocx` and `putpdf`: one set of statements, two file formats.

use super::collect::current_grids;
use super::content::{inches, shown, text_options, values};
use super::model::{Block, Document, Paragraph, Picture, Run};
use super::{docx, pdf, put_append, put_table};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::files::{check_replace, with_extension};
use crate::session::{Extension, Session};
use crate::syntax::ParsedCommand;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, unquote};
use figure::raster;

const SYNTAX: &str = "begin [, pagesize(letter|A4|A5|legal) landscape font(name[, size])] | paragraph [, style(Title|Subtitle|Heading1|Heading2|Heading3) halign() font()] | text (exp) [...] [, nformat(%fmt) bold italic underline strikeout font() linebreak[(#)]] | textblock {begin [, paragraph_options paramode newline] | append} (lines of text) textblock end (putdocx) | table name = {(#,#) | data(varlist) [if] [in] | matrix(name) | etable} [, varnames obsno rownames colnames nformat(%fmt) title(text) note(text)] | table name(#,#) = (exp) [, nformat() bold italic halign()] | collect | image file [, width(#) height(#)] | pagebreak | describe | save file [, replace | append[(pagebreak)]] | append file1 file2 [...] [, saving(file [, replace]) pagebreak] (putdocx) | clear";

pub(super) const SPEC_DOCX: CommandSpec = CommandSpec {
    name: "putdocx",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, c| run(s, c, Format::Docx),
    syntax: SYNTAX,
    notes: "writes Office Open XML; describe stores r(nparagraphs) r(ntables) r(nimages); pictures: .svg and .png (putpdf: .svg); the font name is not used",
    examples: &[Example {
        run: "set obs 6\ngenerate x = _n\ngenerate y = 2*x + mod(_n, 2)\nregress y x\nputdocx begin\nputdocx paragraph, style(Heading1)\nputdocx text (\"收入 & <results>\")\nputdocx paragraph\nputdocx text (\"slope \") (_b[x]), nformat(%5.2f) bold\nputdocx table t = etable\nputdocx table d = data(x y) in 1/3, varnames\nputdocx table d(2,1) = (99), bold\nputdocx describe\nscalar p = r(nparagraphs)\nscalar t = r(ntables)\ntempfile f\nputdocx save \"`f'.docx\", replace\nscalar there = fileexists(\"`f'.docx\")\nerase \"`f'.docx\"",
        expect: &[("p", 2.0), ("t", 2.0), ("there", 1.0)],
    }],
};
pub(super) const SPEC_PDF: CommandSpec = CommandSpec {
    name: "putpdf",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, c| run(s, c, Format::Pdf),
    syntax: SYNTAX,
    notes: "as putdocx, with the embedded font; describe stores r(nparagraphs) r(ntables) r(nimages)",
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\nscatter x x, title(\"图\")\nputpdf begin, pagesize(A4)\nputpdf paragraph, halign(center)\nputpdf text (\"Mean of x\"), bold\nmatrix M = (1, 2 \\ 3, 4)\nputpdf table m = matrix(M), rownames colnames\ntempfile f\ngraph export \"`f'.svg\"\nputpdf image \"`f'.svg\", width(4)\nputpdf pagebreak\nputpdf paragraph\nputpdf text (\"last page\")\nputpdf save \"`f'.pdf\"\nscalar there = fileexists(\"`f'.pdf\")\nerase \"`f'.pdf\"\nerase \"`f'.svg\"",
        expect: &[("there", 1.0)],
    }],
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Docx,
    Pdf,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        if self == Self::Docx { "putdocx" } else { "putpdf" }
    }

    fn extension(self) -> &'static str {
        if self == Self::Docx { "docx" } else { "pdf" }
    }
}

/// The open documents.
#[derive(Debug, Default)]
struct Open {
    docx: Option<Document>,
    pdf: Option<Document>,
}

impl Extension for Open {}

/// The place of the open document of a format.
fn slot(s: &mut Session, f: Format) -> &mut Option<Document> {
    let open = s.extensions.state::<Open>();
    if f == Format::Docx { &mut open.docx } else { &mut open.pdf }
}

pub(super) fn document(s: &mut Session, f: Format) -> Result<&mut Document> {
    slot(s, f)
        .as_mut()
        .ok_or_else(|| StataError::new(119, format!("no document is open; {} begin first", f.name())))
}

pub(super) fn refuse(f: Format, options: &[(String, Option<String>)], known: &[&str]) -> Result<()> {
    match options.first() {
        None => Ok(()),
        Some((o, _)) if known.contains(&o.as_str()) => Err(StataError::unsupported_option(f.name(), o)),
        Some((o, _)) => Err(StataError::option_not_allowed(o)),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand, f: Format) -> Result<()> {
    let (main, options) = front_and_options(&cmd.raw);
    let (word, rest) = main.split_once(char::is_whitespace).unwrap_or((main, ""));
    let rest = rest.trim();
    match word {
        "begin" => begin(s, f, options),
        "clear" => {
            *slot(s, f) = None;
            Ok(())
        }
        "describe" => describe(s, f),
        "paragraph" => paragraph(s, f, options),
        "text" => text(s, f, rest, options),
        "pagebreak" => {
            document(s, f)?.blocks.push(Block::PageBreak);
            Ok(())
        }
        "image" => image(s, f, rest, options),
        "table" => put_table::run(s, f, rest, options),
        "collect" => {
            refuse(f, &split_options(options)?, &["name"])?;
            let blocks: Vec<Block> = current_grids(s)?.into_iter().map(Block::Table).collect();
            document(s, f)?.blocks.extend(blocks);
            Ok(())
        }
        "save" => save(s, f, rest, options),
        "append" if f == Format::Docx => put_append::run(s, rest, options),
        "" => Err(StataError::syntax()),
        other => Err(StataError::unsupported_command(&format!("{} {other}", f.name()))),
    }
}

fn begin(s: &mut Session, f: Format, options: &str) -> Result<()> {
    if slot(s, f).is_some() {
        return Err(StataError::new(110, "a document is open already; save or clear it first"));
    }
    let mut d = Document { page: (8.5, 11.0), size: 11.0, blocks: Vec::new() };
    let own = text_options(options)?;
    d.size = own.look.size.unwrap_or(11.0);
    for (name, argument) in &own.rest {
        match (name.as_str(), argument.as_deref()) {
            ("pagesize", Some(size)) => {
                d.page = match size.trim() {
                    "letter" => (8.5, 11.0),
                    "legal" => (8.5, 14.0),
                    "A4" => (8.27, 11.69),
                    "A5" => (5.83, 8.27),
                    _ => return Err(StataError::unsupported_option(f.name(), &format!("pagesize({size})"))),
                }
            }
            ("landscape", None) => {}
            _ => {
                return refuse(
                    f,
                    &own.rest[..],
                    &["header", "footer", "pagenum", "margin", "bgcolor", "border"],
                );
            }
        }
    }
    if own.rest.iter().any(|o| o.0 == "landscape") {
        d.page = (d.page.1, d.page.0);
    }
    *slot(s, f) = Some(d);
    Ok(())
}

fn describe(s: &mut Session, f: Format) -> Result<()> {
    let d = document(s, f)?;
    let count = |is: fn(&Block) -> bool| d.blocks.iter().filter(|b| is(b)).count() as f64;
    let paragraphs = count(|b| matches!(b, Block::Paragraph(_)));
    let tables = count(|b| matches!(b, Block::Table(_)));
    let images = count(|b| matches!(b, Block::Picture(_)));
    for (name, n) in [("paragraphs", paragraphs), ("tables", tables), ("images", images)] {
        s.print(format!("  Number of {name:<12} = {n:>6}"));
    }
    let mut r = crate::results::Results::default();
    r.scalar("nparagraphs", paragraphs).scalar("ntables", tables).scalar("nimages", images);
    s.r = r;
    Ok(())
}

pub(super) fn paragraph(s: &mut Session, f: Format, options: &str) -> Result<()> {
    let own = text_options(options)?;
    let mut p = Paragraph { align: own.align.unwrap_or_default(), ..Paragraph::default() };
    for (name, argument) in &own.rest {
        match (name.as_str(), argument.as_deref()) {
            ("style", Some(style)) => {
                let known = ["Normal", "Title", "Subtitle", "Heading1", "Heading2", "Heading3"];
                let style = unquote(style.trim());
                if !known.contains(&style) {
                    return Err(StataError::unsupported_option(f.name(), &format!("style({style})")));
                }
                p.style = if style == "Normal" { String::new() } else { style.to_string() };
            }
            _ => {
                return refuse(
                    f,
                    &own.rest,
                    &["indent", "spacing", "shading", "toheader", "tofooter", "wordwrap"],
                );
            }
        }
    }
    document(s, f)?.blocks.push(Block::Paragraph(p));
    Ok(())
}

fn text(s: &mut Session, f: Format, rest: &str, options: &str) -> Result<()> {
    let own = text_options(options)?;
    refuse(f, &own.rest, &["shading", "script", "trim", "allcaps", "hyperlink"])?;
    let values = values(s, rest)?;
    if values.is_empty() {
        return Err(StataError::syntax());
    }
    let mut runs = Vec::new();
    for value in &values {
        runs.push(Run { text: shown(value, own.format.as_deref())?, look: own.look.clone(), breaks: 0 });
    }
    if let Some(last) = runs.last_mut() {
        last.breaks = own.breaks;
    }
    let d = document(s, f)?;
    let p = d.open_paragraph().ok_or_else(|| StataError::new(119, "no paragraph is open; add one first"))?;
    p.runs.extend(runs);
    Ok(())
}

fn image(s: &mut Session, f: Format, rest: &str, options: &str) -> Result<()> {
    document(s, f)?;
    let name = unquote(rest).to_string();
    let (mut width, mut height) = (None, None);
    for (option, argument) in split_options(options)? {
        match (option.as_str(), argument.as_deref()) {
            ("width", Some(a)) => width = Some(inches(a)?),
            ("height", Some(a)) => height = Some(inches(a)?),
            ("linebreak", _) => {}
            (o, a) => return refuse(f, &[(o.to_string(), a.map(String::from))], &["link"]),
        }
    }
    let bytes =
        std::fs::read(s.path(&name)).map_err(|_| StataError::new(601, format!("file {name} not found")))?;
    let bad = |e: String| StataError::new(610, format!("file {name} is not a picture that can be used: {e}"));
    let (png, svg, size) = if name.to_lowercase().ends_with(".svg") {
        let svg = String::from_utf8_lossy(&bytes).into_owned();
        let size = raster::size(&svg).map_err(|e| bad(e.to_string()))?;
        (raster::to_png(&svg, None, None).map_err(|e| bad(e.to_string()))?, Some(svg), size)
    } else if f == Format::Docx && bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() > 24 {
        let at =
            |i: usize| f64::from(u32::from_be_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]));
        let size = (at(16), at(20));
        if size.0 < 1.0 || size.1 < 1.0 {
            return Err(bad("it has no size".into()));
        }
        (bytes, None, size)
    } else {
        return Err(StataError::new(
            199,
            "pictures other than .svg, and .png in putdocx, are not supported by the open engine",
        ));
    };
    let ratio = size.1 / size.0;
    let (width, height) = match (width, height) {
        (Some(w), Some(h)) => (w, h),
        (Some(w), None) => (w, w * ratio),
        (None, Some(h)) => (h / ratio, h),
        (None, None) => {
            let w = (size.0 / 96.0).min(6.5);
            (w, w * ratio)
        }
    };
    document(s, f)?.blocks.push(Block::Picture(Picture { png, svg, width, height }));
    Ok(())
}

fn save(s: &mut Session, f: Format, rest: &str, options: &str) -> Result<()> {
    let (mut replace, mut behind) = (false, None);
    for (option, argument) in split_options(options)? {
        match (option.as_str(), argument) {
            ("replace", None) => replace = true,
            ("append", argument) if f == Format::Docx => {
                behind = Some(put_append::on_new_page(argument.as_deref().unwrap_or(""))?);
            }
            (o, a) => return refuse(f, &[(o.to_string(), a)], &["append", "nomsg"]),
        }
    }
    let file = with_extension(unquote(rest), f.extension());
    let path = s.path(&file);
    // without a file `append` is as good as `replace`
    check_replace(&path, &file, replace || behind.is_some())?;
    let d = document(s, f)?;
    let bytes = match f {
        Format::Docx => docx::write(d).map_err(|e| e.to_string()),
        Format::Pdf => pdf::write(d).map_err(|e| e.to_string()),
    };
    let mut bytes =
        bytes.map_err(|e| StataError::new(603, format!("file {file} could not be written: {e}")))?;
    let old = behind.filter(|_| !replace && path.exists());
    if let Some(new_page) = old {
        bytes = put_append::behind(s, &file, &bytes, new_page)?;
    }
    std::fs::write(&path, bytes).map_err(|e| StataError::unwritten(&file, &e))?;
    *slot(s, f) = None;
    let what = if old.is_some() { "appended to" } else { "created" };
    s.print(format!("successfully {what} {file}"));
    Ok(())
}
