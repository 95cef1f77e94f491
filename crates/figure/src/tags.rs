//! The logical structure of a document (ISO 32000-1, 14.7 and 14.8): what a screen reader speaks, in which order, and
//! which cells head a table. Where the content stands on a page is the matter of `paper`.

use pdf_writer::types::{StructRole, TableHeaderScope};
use pdf_writer::writers::{StructElement, StructTreeRoot};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, TextStr};

/// Meaning of a part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// The whole document.
    Document,
    /// A heading; 1 is the highest level, 3 the lowest.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// Parts that belong together.
    Group,
    /// The caption of the table or figure beside it.
    Caption,
    /// A table; its parts are a caption, [`Role::Head`] and [`Role::Body`].
    Table,
    /// The rows of headings of a table.
    Head,
    /// The other rows of a table.
    Body,
    /// A row of a table.
    Row,
    /// A heading over this many columns.
    ColumnHeader(i32),
    /// A heading of a row, over this many columns.
    RowHeader(i32),
    /// A cell with data, or an empty one.
    Cell,
    /// A drawing, with the words that stand for it.
    Figure(String),
}

/// A part by its number in its [`Structure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartId(usize);

struct Part {
    role: Role,
    parent: usize,
}

/// The parts of a document in reading order.
pub struct Structure {
    parts: Vec<Part>,
}

impl Default for Structure {
    fn default() -> Self {
        Self { parts: vec![Part { role: Role::Document, parent: 0 }] }
    }
}

impl Structure {
    /// The whole document.
    pub const ROOT: PartId = PartId(0);

    /// Adds a part behind those that its parent has.
    pub fn add(&mut self, parent: PartId, role: Role) -> PartId {
        self.parts.push(Part { role, parent: parent.0 });
        PartId(self.parts.len() - 1)
    }
}

/// Content of a part: the sequence of this number on a page, and the rectangle of a drawing.
struct Mark {
    page: Ref,
    number: i32,
    around: Option<Rect>,
}

/// The marked content of the pages that are written.
pub(super) struct Marks {
    of_parts: Vec<Vec<Mark>>,
    /// Page by page, the part of each sequence.
    pages: Vec<Vec<usize>>,
    open: Option<Option<PartId>>,
}

impl Marks {
    pub(super) fn new(structure: &Structure) -> Self {
        Self { of_parts: structure.parts.iter().map(|_| Vec::new()).collect(), pages: Vec::new(), open: None }
    }

    /// Begins a page; returns the key by which its sequences lead to their parts.
    pub(super) fn page(&mut self) -> i32 {
        self.pages.push(Vec::new());
        self.pages.len() as i32 - 1
    }

    /// Begins content of a part, or content that is not read aloud. Content that follows on the same part
    /// is the same sequence.
    pub(super) fn begin(
        &mut self,
        content: &mut Content,
        structure: &Structure,
        part: Option<PartId>,
        page: Ref,
        around: Option<Rect>,
    ) {
        if self.open == Some(part) {
            return;
        }
        self.end(content);
        self.open = Some(part);
        let Some(PartId(part)) = part else {
            content.begin_marked_content(Name(b"Artifact"));
            return;
        };
        let Some(sequences) = self.pages.last_mut() else { return };
        let number = sequences.len() as i32;
        sequences.push(part);
        self.of_parts[part].push(Mark { page, number, around });
        let name = name_of(&structure.parts[part].role);
        content.begin_marked_content_with_properties(Name(name)).properties().identify(number);
    }

    /// Ends the sequence that is open.
    pub(super) fn end(&mut self, content: &mut Content) {
        if self.open.take().is_some() {
            content.end_marked_content();
        }
    }

    /// Writes the tree of the structure, and the way back from sequences to parts.
    pub(super) fn write(&self, pdf: &mut Pdf, structure: &Structure, root: Ref, next: &mut Ref) {
        let refs: Vec<Ref> = structure.parts.iter().map(|_| next.bump()).collect();
        let mut kids: Vec<Vec<Ref>> = refs.iter().map(|_| Vec::new()).collect();
        for (k, part) in structure.parts.iter().enumerate().skip(1) {
            kids[part.parent].push(refs[k]);
        }
        let lists: Vec<Ref> = self.pages.iter().map(|_| next.bump()).collect();
        let mut tree = pdf.indirect(root).start::<StructTreeRoot<'_>>();
        tree.child(refs[0]);
        let mut back = tree.parent_tree();
        let mut numbers = back.nums();
        for (key, list) in lists.iter().enumerate() {
            numbers.insert(key as i32, *list);
        }
        numbers.finish();
        back.finish();
        tree.parent_tree_next_key(lists.len() as i32);
        tree.finish();
        for (list, parts) in lists.iter().zip(&self.pages) {
            pdf.indirect(*list).array().items(parts.iter().map(|part| refs[*part]));
        }
        for (k, part) in structure.parts.iter().enumerate() {
            let mut element = pdf.indirect(refs[k]).start::<StructElement<'_>>();
            let parent = if k == 0 { root } else { refs[part.parent] };
            element.kind(kind_of(&part.role)).parent(parent);
            describe(&mut element, &part.role, &self.of_parts[k]);
            let mut children = element.children();
            for mark in &self.of_parts[k] {
                children.marked_content_ref().page(mark.page).marked_content_id(mark.number);
            }
            for kid in &kids[k] {
                children.struct_element(*kid);
            }
        }
    }
}

/// The attributes of a part: spans and scope of headings, words and rectangle of a drawing.
fn describe(element: &mut StructElement<'_>, role: &Role, marks: &[Mark]) {
    let (scope, span) = match role {
        Role::ColumnHeader(span) => (TableHeaderScope::Column, *span),
        Role::RowHeader(span) => (TableHeaderScope::Row, *span),
        Role::Figure(words) => {
            element.alt(TextStr(words));
            if let Some(mark) = marks.first() {
                element.page(mark.page);
                if let Some(around) = mark.around {
                    element.attributes().push().layout().bbox(around);
                }
            }
            return;
        }
        _ => return,
    };
    let mut attributes = element.attributes();
    let mut table = attributes.push().table();
    table.scope(scope);
    if span > 1 {
        table.col_span(span);
    }
}

fn kind_of(role: &Role) -> StructRole {
    match role {
        Role::Document => StructRole::Document,
        Role::Heading(1) => StructRole::H1,
        Role::Heading(2) => StructRole::H2,
        Role::Heading(_) => StructRole::H3,
        Role::Paragraph => StructRole::P,
        Role::Group => StructRole::Div,
        Role::Caption => StructRole::Caption,
        Role::Table => StructRole::Table,
        Role::Head => StructRole::THead,
        Role::Body => StructRole::TBody,
        Role::Row => StructRole::TR,
        Role::ColumnHeader(_) | Role::RowHeader(_) => StructRole::TH,
        Role::Cell => StructRole::TD,
        Role::Figure(_) => StructRole::Figure,
    }
}

/// The tag of marked content, which readers take from the structure.
fn name_of(role: &Role) -> &'static [u8] {
    match role {
        Role::Heading(1) => b"H1",
        Role::Heading(2) => b"H2",
        Role::Heading(_) => b"H3",
        Role::Caption => b"Caption",
        Role::ColumnHeader(_) | Role::RowHeader(_) => b"TH",
        Role::Cell => b"TD",
        Role::Figure(_) => b"Figure",
        _ => b"P",
    }
}

/// The metadata of a tagged document: its title, its language, and that it is made by the rules of PDF/UA-1
/// (ISO 14289-1, 5 and 7.1).
pub(super) fn metadata(title: &str, language: &str) -> String {
    let title = super::svg::escape(title);
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
xmlns:pdfuaid=\"http://www.aiim.org/pdfua/ns/id/\">\
<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>\
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>\
<pdfuaid:part>1</pdfuaid:part></rdf:Description></rdf:RDF></x:xmpmeta>\n\
<?xpacket end=\"r\"?>"
    )
}
