//! The page: titles above, notes and footer below, legend at a side, panels in what is left.

use super::legend;
use super::metrics::{is_cjk, wrap_to};
use super::model::{Body, Figure, LegendPlace, Plane};
use super::panel::{self, Frame};
use super::special;
use super::style::Color;
use super::svg::{Anchor, FONTS, Face, Paint, Svg, escape, num};

pub(super) const TEXT: Color = Color::rgb(34, 34, 34);
pub(super) const MUTED: Color = Color::rgb(85, 85, 85);

/// A rectangle of the page in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

impl Rect {
    pub(super) fn right(&self) -> f64 {
        self.x + self.w
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.h
    }

    pub(super) fn inset(&self, by: f64) -> Self {
        Self {
            x: self.x + by,
            y: self.y + by,
            w: (self.w - 2.0 * by).max(1.0),
            h: (self.h - 2.0 * by).max(1.0),
        }
    }
}

/// State shared by all drawing of one figure.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Factor on all font sizes and distances.
    pub(super) scale: f64,
    /// Prefix of element ids.
    pub(super) prefix: String,
}

/// The height of a line of text by its font size.
pub(super) const LINE: f64 = 1.28;

/// The figure as a standalone SVG 1.1 document.
pub fn render(figure: &Figure) -> String {
    let mut svg = Svg::default();
    let texts = texts(figure);
    let language = figure.language.clone().unwrap_or_else(|| {
        let cjk = texts.iter().any(|text| is_cjk(text));
        if cjk { "zh" } else { "en" }.to_owned()
    });
    let (w, h) = (num(figure.width), num(figure.height));
    let language = escape(&language);
    svg.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    svg.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{w}\" height=\"{h}\" \
         viewBox=\"0 0 {w} {h}\" xml:lang=\"{language}\" lang=\"{language}\" role=\"img\" \
         aria-labelledby=\"figure-title figure-desc\" font-family=\"{FONTS}\">\n"
    ));
    let title = texts.first().map_or("", String::as_str);
    svg.raw(&format!(
        "<title id=\"figure-title\">{}</title>\n<desc id=\"figure-desc\">{}</desc>\n",
        escape(title),
        escape(&texts.join("; "))
    ));
    let page = Rect { x: 0.0, y: 0.0, w: figure.width, h: figure.height };
    svg.rect(0.0, 0.0, page.w, page.h, &Paint::fill(figure.background));
    let context = Context { scale: 1.0, prefix: String::new() };
    draw(&mut svg, figure, page, &context);
    svg.raw("</svg>\n");
    svg.finish()
}

/// The texts that describe the figure, the most telling first.
fn texts(figure: &Figure) -> Vec<String> {
    let mut texts = vec![figure.title.clone(), figure.subtitle.clone()];
    texts.extend([figure.y_title.clone(), figure.x_title.clone()]);
    for panel in &figure.panels {
        texts.push(panel.title.clone());
        match &panel.body {
            Body::Plane(plane) => {
                texts.extend([plane.y.title.clone(), plane.x.title.clone()]);
            }
            Body::Pie(pie) => texts.extend(pie.slices.iter().map(|s| s.0.clone())),
            Body::Heat(heat) => texts.extend(heat.columns.clone()),
            Body::Figure(inner) => texts.extend(self::texts(inner)),
        }
    }
    // a series without an entry has the name of a variable, which no reader sees
    texts.extend(legend::texts(figure));
    texts.extend([figure.note.clone(), figure.caption.clone(), figure.footer.clone()]);
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| !text.is_empty() && seen.insert(text.clone()));
    texts
}

/// Draws a figure into a part of the page.
pub(super) fn draw(svg: &mut Svg, figure: &Figure, page: Rect, context: &Context) {
    let mut area = page.inset(14.0 * context.scale);
    headings(svg, figure, &mut area, context);
    footings(svg, figure, &mut area, context);
    place_legend(svg, figure, &mut area, context);
    shared_titles(svg, figure, &mut area, context);
    panels(svg, figure, area, context);
}

fn headings(svg: &mut Svg, figure: &Figure, area: &mut Rect, context: &Context) {
    let parts = [
        (&figure.title, figure.sizes[0].unwrap_or(18.0), TEXT, "title"),
        (&figure.subtitle, figure.sizes[1].unwrap_or(14.0), MUTED, "subtitle"),
    ];
    let top = area.y;
    for (text, size, color, class) in parts {
        if text.is_empty() {
            continue;
        }
        let mut size = size * context.scale;
        // a long heading is set smaller before it takes a third line
        let mut lines = wrap_to(text, size, area.w, usize::MAX);
        if lines.len() > 2 {
            size *= 0.8;
            lines = wrap_to(text, size, area.w, 3);
        }
        for line in lines {
            area.y += size * LINE;
            let face = face(size, color, Anchor::Middle, class);
            svg.text(area.x + area.w / 2.0, area.y - size * 0.3, &line, &face);
        }
    }
    if area.y > top {
        area.y += 6.0 * context.scale;
    }
    area.h -= area.y - top;
}

fn footings(svg: &mut Svg, figure: &Figure, area: &mut Rect, context: &Context) {
    let parts = [
        (&figure.note, figure.sizes[2].unwrap_or(11.5), TEXT, "note"),
        (&figure.caption, figure.sizes[3].unwrap_or(11.5), TEXT, "caption"),
        (&figure.footer, 10.0, MUTED, "footer"),
    ];
    let mut lines = Vec::new();
    for (text, size, color, class) in parts {
        if !text.is_empty() {
            let size = size * context.scale;
            let wrapped = wrap_to(text, size, area.w, 4);
            lines.extend(wrapped.into_iter().map(|line| (line, size, color, class)));
        }
    }
    if lines.is_empty() {
        return;
    }
    let height: f64 = lines.iter().map(|(_, size, _, _)| size * LINE).sum();
    let mut y = area.bottom() - height;
    area.h -= height + 8.0 * context.scale;
    for (line, size, color, class) in lines {
        y += size * LINE;
        svg.text(area.x, y - size * 0.3, &line, &face(size, color, Anchor::Start, class));
    }
}

fn place_legend(svg: &mut Svg, figure: &Figure, area: &mut Rect, context: &Context) {
    let entries = legend::entries(figure);
    if !legend::is_shown(figure, &entries) {
        return;
    }
    let block = legend::Block::new(entries, &figure.legend, *area, context);
    let gap = 8.0 * context.scale;
    let center = |low: f64, room: f64, size: f64| low + (room - size).max(0.0) / 2.0;
    let (x, y) = match figure.legend.place {
        LegendPlace::Bottom => {
            area.h -= block.height + gap;
            (center(area.x, area.w, block.width), area.bottom() + gap)
        }
        LegendPlace::Top => {
            let y = area.y;
            area.y += block.height + gap;
            area.h -= block.height + gap;
            (center(area.x, area.w, block.width), y)
        }
        LegendPlace::Right => {
            area.w -= block.width + gap;
            (area.right() + gap, center(area.y, area.h, block.height))
        }
        LegendPlace::Left => {
            let x = area.x;
            area.x += block.width + gap;
            area.w -= block.width + gap;
            (x, center(area.y, area.h, block.height))
        }
    };
    block.draw(svg, x, y);
}

fn shared_titles(svg: &mut Svg, figure: &Figure, area: &mut Rect, context: &Context) {
    let size = 13.0 * context.scale;
    if !figure.x_title.is_empty() {
        let lines = wrap_to(&figure.x_title, size, area.w, 2);
        area.h -= lines.len() as f64 * size * LINE + 4.0 * context.scale;
        let mut y = area.bottom() + 4.0 * context.scale;
        for line in lines {
            y += size * LINE;
            let face = face(size, TEXT, Anchor::Middle, "axis-title");
            svg.text(area.x + area.w / 2.0, y - size * 0.3, &line, &face);
        }
    }
    if !figure.y_title.is_empty() {
        let lines = wrap_to(&figure.y_title, size, area.h, 2);
        let mut x = area.x;
        for line in &lines {
            x += size * LINE;
            let mut face = face(size, TEXT, Anchor::Middle, "axis-title");
            face.rotate = -90.0;
            svg.text(x - size * 0.3, area.y + area.h / 2.0, line, &face);
        }
        let taken = lines.len() as f64 * size * LINE + 4.0 * context.scale;
        area.x += taken;
        area.w -= taken;
    }
}

/// Draws the panels into a grid of equal cells.
fn panels(svg: &mut Svg, figure: &Figure, area: Rect, context: &Context) {
    let count = figure.panels.len();
    if count == 0 {
        return;
    }
    let columns = figure.columns.unwrap_or_else(|| (count as f64).sqrt().ceil() as usize).clamp(1, count);
    let rows = count.div_ceil(columns);
    let gap = if count > 1 { 10.0 * context.scale } else { 0.0 };
    let shared = figure.shared_axes.then(|| shared_frame(figure, area, columns, rows, context));
    let (left, bottom) = shared.unwrap_or((0.0, 0.0));
    let cell_w = (area.w - left - gap * (columns - 1) as f64) / columns as f64;
    let cell_h = (area.h - bottom - gap * (rows - 1) as f64) / rows as f64;
    let title_size = 12.0 * context.scale;
    let title_lines = figure
        .panels
        .iter()
        .filter(|panel| !panel.title.is_empty())
        .map(|panel| wrap_to(&panel.title, title_size, cell_w - 8.0 * context.scale, 2).len())
        .max()
        .unwrap_or(0);
    for (at, panel) in figure.panels.iter().enumerate() {
        let (row, column) = (at / columns, at % columns);
        let mut cell = Rect {
            x: area.x + left + column as f64 * (cell_w + gap),
            y: area.y + row as f64 * (cell_h + gap),
            w: cell_w,
            h: cell_h,
        };
        let context = Context { scale: context.scale, prefix: format!("{}p{at}", context.prefix) };
        panel_title(svg, &panel.title, title_lines, &mut cell, &context);
        match &panel.body {
            Body::Plane(plane) => {
                let frame = match shared {
                    None => Frame::Own,
                    Some(_) => Frame::Shared { y_labels: column == 0, x_labels: at + columns >= count },
                };
                panel::draw(svg, plane, cell, frame, &context);
            }
            Body::Pie(pie) => special::pie(svg, pie, cell, &context),
            Body::Heat(heat) => special::heat(svg, heat, cell, &context),
            Body::Figure(inner) => {
                let inner_context = Context {
                    scale: context.scale * (cell.w / inner.width).clamp(0.55, 1.0),
                    prefix: context.prefix.clone(),
                };
                draw(svg, inner, cell, &inner_context);
            }
        }
    }
}

/// Room for the tick labels at the left and the bottom of a grid with shared axes.
fn shared_frame(figure: &Figure, area: Rect, columns: usize, rows: usize, context: &Context) -> (f64, f64) {
    let planes: Vec<&Plane> = figure
        .panels
        .iter()
        .filter_map(|panel| match &panel.body {
            Body::Plane(plane) => Some(plane.as_ref()),
            _ => None,
        })
        .collect();
    let (w, h) = (area.w * 0.94 / columns as f64, area.h * 0.9 / rows as f64);
    planes.iter().fold((0.0f64, 0.0f64), |(left, bottom), plane| {
        let (l, b) = panel::label_room(plane, w, h, context);
        (left.max(l), bottom.max(b))
    })
}

/// The strip above a panel; all strips of a figure have room for the same number of lines.
fn panel_title(svg: &mut Svg, title: &str, room: usize, cell: &mut Rect, context: &Context) {
    if room == 0 {
        return;
    }
    let size = 12.0 * context.scale;
    let height = room as f64 * size * LINE + 4.0 * context.scale;
    if !title.is_empty() {
        let lines = wrap_to(title, size, cell.w - 8.0 * context.scale, room);
        let strip = Paint::fill(Color::rgb(240, 240, 240));
        svg.rect(cell.x, cell.y, cell.w, height, &strip);
        let mut y = cell.y + (height - lines.len() as f64 * size * LINE) / 2.0;
        for line in lines {
            y += size * LINE;
            let face = face(size, TEXT, Anchor::Middle, "panel-title");
            svg.text(cell.x + cell.w / 2.0, y - size * 0.32, &line, &face);
        }
    }
    cell.y += height + 3.0 * context.scale;
    cell.h -= height + 3.0 * context.scale;
}

/// An unrotated face.
pub(super) fn face(size: f64, color: Color, anchor: Anchor, class: &'static str) -> Face {
    Face { size, color, anchor, rotate: 0.0, class }
}
