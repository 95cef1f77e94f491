//! Content of a document: paragraphs of runs, tables of cells, pictures, page breaks.

use super::border::Border;

/// Horizontal alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Align {
    #[default]
    Left,
    Center,
    Right,
    Both,
}

/// Look of a piece of text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Look {
    pub bold: bool,
    pub italic: bool,
    pub underline: bool,
    pub strikeout: bool,
    /// Size in points.
    pub size: Option<f64>,
    /// RRGGBB.
    pub color: Option<String>,
}

/// A piece of text with one look; `breaks` line ends follow it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Run {
    pub text: String,
    pub look: Look,
    pub breaks: usize,
}

/// A paragraph.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Paragraph {
    /// `Normal`, `Title`, `Subtitle`, `Heading1` …
    pub style: String,
    pub align: Align,
    pub runs: Vec<Run>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Cell {
    pub text: String,
    pub look: Look,
    pub align: Align,
    /// Lines around it, where they differ from those of the table.
    pub borders: Vec<Border>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Grid {
    pub name: String,
    pub title: String,
    pub notes: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    /// Rows at the top that are headings.
    pub headings: usize,
    /// Lines around it and between its cells; none for thin lines everywhere.
    pub borders: Vec<Border>,
}

/// A picture: PNG bytes and, where it came from a vector figure, the SVG; size in inches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub png: Vec<u8>,
    pub svg: Option<String>,
    pub width: f64,
    pub height: f64,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    Paragraph(Paragraph),
    Table(Grid),
    Picture(Picture),
    PageBreak,
}

/// A document that is being written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// Page width and height in inches.
    pub page: (f64, f64),
    /// Size of plain text in points.
    pub size: f64,
    pub blocks: Vec<Block>,
}

impl Document {
    /// The table of a name.
    pub(super) fn table(&mut self, name: &str) -> Option<&mut Grid> {
        self.blocks.iter_mut().rev().find_map(|b| match b {
            Block::Table(grid) if grid.name == name => Some(grid),
            _ => None,
        })
    }

    /// The paragraph that text is added to.
    pub(super) fn open_paragraph(&mut self) -> Option<&mut Paragraph> {
        match self.blocks.last_mut() {
            Some(Block::Paragraph(p)) => Some(p),
            _ => None,
        }
    }
}

/// Size of a style in points, over the plain size.
pub(super) fn style_size(style: &str, plain: f64) -> f64 {
    match style {
        "Title" => plain + 14.0,
        "Subtitle" => plain + 5.0,
        "Heading1" => plain + 6.0,
        "Heading2" => plain + 3.0,
        "Heading3" => plain + 1.0,
        _ => plain,
    }
}

/// True for styles that are shown bold.
pub(super) fn style_bold(style: &str) -> bool {
    style == "Title" || style.starts_with("Heading")
}
