//! Parses an SVG as XML and rasterises it with the embedded font; answers questions about both.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, Node, Options, Tree, fontdb, roxmltree};

/// A box around a text in pixels.
#[derive(Debug, Clone)]
pub(super) struct TextBox {
    #[expect(dead_code, reason = "shown by assertions")]
    pub text: String,
    rect: usvg::Rect,
    rotated: bool,
}

impl TextBox {
    /// True when the two share more than a touch; slanted labels have loose boxes and do not count.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        if self.rotated || other.rotated {
            return false;
        }
        let (a, b) = (self.rect, other.rect);
        let w = a.right().min(b.right()) - a.left().max(b.left());
        let h = a.bottom().min(b.bottom()) - a.top().max(b.top());
        w > 1.0 && h > 2.0
    }

    /// True when it lies on the page.
    pub(super) fn inside(&self, width: f64, height: f64) -> bool {
        let r = self.rect;
        r.left() >= -1.0
            && r.top() >= -1.0
            && f64::from(r.right()) <= width + 1.0
            && f64::from(r.bottom()) <= height + 1.0
    }
}

/// A rendered figure.
pub(super) struct Picture {
    name: String,
    svg: String,
    tree: Tree,
    pixels: Pixmap,
}

fn options() -> Options<'static> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/chart-sans.otf");
    let font = std::fs::read(path).expect("the font is part of the repository");
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(font);
    fonts.set_sans_serif_family("Noto Sans CJK SC");
    Options { fontdb: Arc::new(fonts), ..Options::default() }
}

impl Picture {
    /// Renders; panics when the SVG is not valid.
    pub(super) fn new(name: &str, svg: &str) -> Self {
        let tree = Tree::from_str(svg, &options()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let size = tree.size().to_int_size();
        let mut pixels = Pixmap::new(size.width(), size.height()).expect("a page has a size");
        resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
        Self { name: name.to_owned(), svg: svg.to_owned(), tree, pixels }
    }

    /// Leaves a PNG in the test's temporary folder.
    pub(super) fn save(&self) {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures");
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let path = folder.join(format!("{}.png", self.name));
        self.pixels.save_png(path).expect("the raster can be written");
    }

    /// The texts of elements of a class, in drawing order.
    pub(super) fn texts_of_class(&self, class: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.svg).expect("well-formed XML");
        document
            .descendants()
            .filter(|n| n.has_tag_name("text") && n.attribute("class") == Some(class))
            .filter_map(|n| n.text().map(str::to_owned))
            .collect()
    }

    /// Number of elements with this tag.
    pub(super) fn count(&self, tag: &str) -> usize {
        let document = roxmltree::Document::parse(&self.svg).expect("well-formed XML");
        document.descendants().filter(|n| n.has_tag_name(tag)).count()
    }

    /// The root element says its language and has a title and a description.
    pub(super) fn root_has_language_title_and_description(&self) -> bool {
        let document = roxmltree::Document::parse(&self.svg).expect("well-formed XML");
        let root = document.root_element();
        let text = |tag: &str| {
            root.children()
                .find(|n| n.has_tag_name(tag))
                .and_then(|n| n.text())
                .is_some_and(|t| !t.is_empty())
        };
        let xml = "http://www.w3.org/XML/1998/namespace";
        root.attribute((xml, "lang")).is_some() && text("title") && text("desc")
    }

    /// Dark pixels inside the boxes of the texts of a class.
    pub(super) fn ink_of_class(&self, class: &str) -> usize {
        let texts = self.texts_of_class(class);
        self.text_nodes().iter().filter(|t| texts.contains(&t.0)).map(|(_, rect, _)| self.ink(*rect)).sum()
    }

    fn ink(&self, rect: usvg::Rect) -> usize {
        let clamp = |v: f32, most: u32| (v.max(0.0) as u32).min(most);
        let (w, h) = (self.pixels.width(), self.pixels.height());
        let mut dark = 0;
        for y in clamp(rect.top(), h)..clamp(rect.bottom().ceil(), h) {
            for x in clamp(rect.left(), w)..clamp(rect.right().ceil(), w) {
                let p = self.pixels.pixel(x, y).expect("inside");
                dark += usize::from(p.red() < 128 && p.green() < 128 && p.blue() < 128);
            }
        }
        dark
    }

    fn text_nodes(&self) -> Vec<(String, usvg::Rect, bool)> {
        fn walk(group: &usvg::Group, out: &mut Vec<(String, usvg::Rect, bool)>) {
            for node in group.children() {
                match node {
                    Node::Group(inner) => walk(inner, out),
                    Node::Text(text) => {
                        let content = text.chunks().iter().map(|c| c.text()).collect();
                        let t = text.abs_transform();
                        let own = text.flattened().bounding_box();
                        let rect = own.transform(t).unwrap_or(own);
                        out.push((content, rect, t.kx != 0.0 || t.ky != 0.0));
                    }
                    _ => {}
                }
            }
        }
        let mut out = Vec::new();
        walk(self.tree.root(), &mut out);
        out
    }

    /// The boxes of all texts.
    pub(super) fn text_boxes(&self) -> Vec<TextBox> {
        self.text_nodes().into_iter().map(|(text, rect, rotated)| TextBox { text, rect, rotated }).collect()
    }
}
