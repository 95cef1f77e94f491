//! The legend: which entries it has, how they wrap, and the small key in front of each.

use super::draw::{self, Look};
use super::metrics::{width, wrap_to};
use super::model::{Body, Figure, Legend, LegendPlace, Shape};
use super::page::{Context, LINE, Rect, TEXT, face};
use super::style::{Style, palette};
use super::svg::{Anchor, Paint, Svg};

/// Symbol of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Marker,
    Line,
    LineAndMarker,
    Swatch,
    Interval,
}

/// One entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    text: String,
    look: Look,
    key: Key,
}

/// True where the figure has a legend.
pub(super) fn is_shown(figure: &Figure, entries: &[Entry]) -> bool {
    !entries.is_empty() && figure.legend.show.unwrap_or(entries.len() > 1)
}

/// The texts of the legend that a reader sees; none where there is no legend.
pub(super) fn texts(figure: &Figure) -> Vec<String> {
    let entries = entries(figure);
    let shown = is_shown(figure, &entries);
    entries.into_iter().filter(|_| shown).map(|entry| entry.text).collect()
}

/// The entries of a figure: those of its panels, each text once.
pub(super) fn entries(figure: &Figure) -> Vec<Entry> {
    if let Some(panel) = figure.legend.from.and_then(|at| figure.panels.get(at))
        && let Body::Figure(inner) = &panel.body
    {
        return self::entries(inner);
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |entry: Entry| {
        if !entry.text.is_empty() && entries.iter().all(|e| e.text != entry.text) {
            entries.push(entry);
        }
    };
    for panel in &figure.panels {
        match &panel.body {
            Body::Plane(plane) => match &figure.legend.order {
                Some(order) => {
                    for (at, text) in order {
                        if let Some(series) = plane.series.get(*at) {
                            add(entry(&series.shape, &series.style, series.number, text));
                        }
                    }
                }
                None => {
                    for s in &plane.series {
                        add(entry(&s.shape, &s.style, s.number, &s.label));
                    }
                }
            },
            Body::Pie(pie) => {
                for (number, (text, _, color)) in pie.slices.iter().enumerate() {
                    let style = Style { fill: Some(color.unwrap_or(palette(number))), ..Style::default() };
                    add(Entry { text: text.clone(), look: Look::of(&style, number), key: Key::Swatch });
                }
            }
            Body::Heat(_) | Body::Figure(_) => {}
        }
    }
    entries
}

fn entry(shape: &Shape, style: &Style, number: usize, text: &str) -> Entry {
    let key = match shape {
        Shape::Points { .. } => Key::Marker,
        Shape::Line { .. } => Key::Line,
        Shape::Connected { .. } => Key::LineAndMarker,
        Shape::Ranges { .. } => Key::Interval,
        Shape::Area { .. } | Shape::Band { .. } | Shape::Bars { .. } | Shape::Boxes { .. } => Key::Swatch,
    };
    Entry { text: text.to_owned(), look: Look::for_shape(shape, style, number), key }
}

struct Placed {
    entry: Entry,
    lines: Vec<String>,
    x: f64,
    y: f64,
}

/// A legend with the place of each entry relative to its corner.
pub(super) struct Block {
    items: Vec<Placed>,
    title: Vec<String>,
    size: f64,
    scale: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Block {
    /// Lays the entries out: in columns of equal width that fit the area.
    pub(super) fn new(entries: Vec<Entry>, legend: &Legend, area: Rect, context: &Context) -> Self {
        let scale = context.scale;
        let size = legend.size.unwrap_or(12.0) * scale;
        let side = matches!(legend.place, LegendPlace::Left | LegendPlace::Right);
        let room = if side { area.w * 0.32 } else { area.w };
        let (key, gap) = (34.0 * scale, 16.0 * scale);
        let widest = entries.iter().map(|e| width(&e.text, size)).fold(0.0, f64::max);
        let fitting = (((room + gap) / (widest + key + gap)) as usize).max(1);
        let count = entries.len();
        let columns = match (legend.columns, legend.rows) {
            (Some(columns), _) => columns.clamp(1, count),
            (None, Some(rows)) => count.div_ceil(rows.max(1)).clamp(1, count),
            (None, None) if side => 1,
            // rows of nearly equal length
            (None, None) => count.div_ceil(count.div_ceil(fitting.min(count))),
        };
        let text_room = ((room - gap * (columns - 1) as f64) / columns as f64 - key).max(size * 2.0);
        let text_width = widest.min(text_room);
        let title = if legend.title.is_empty() { Vec::new() } else { wrap_to(&legend.title, size, room, 2) };
        let mut y = title.len() as f64 * size * LINE;
        let mut items = Vec::with_capacity(count);
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let mut height = size * LINE;
            for column in 0..columns {
                let Some(entry) = entries.next() else { break };
                let lines = wrap_to(&entry.text, size, text_room, 3);
                height = height.max(lines.len() as f64 * size * LINE);
                items.push(Placed { entry, lines, x: column as f64 * (text_width + key + gap), y });
            }
            y += height + 2.0 * scale;
        }
        Self {
            items,
            title,
            size,
            scale,
            width: columns as f64 * (text_width + key) + gap * (columns - 1) as f64,
            height: y,
        }
    }

    /// Draws it with its upper left corner at a point.
    pub(super) fn draw(&self, svg: &mut Svg, x: f64, y: f64) {
        let (size, scale) = (self.size, self.scale);
        for (at, line) in self.title.iter().enumerate() {
            let baseline = y + (at as f64 + 1.0) * size * LINE - size * 0.35;
            svg.text(x, baseline, line, &face(size, TEXT, Anchor::Start, "legend-title"));
        }
        for item in &self.items {
            let middle = y + item.y + size * LINE / 2.0;
            item.entry.draw_key(svg, x + item.x, middle, scale);
            for (at, line) in item.lines.iter().enumerate() {
                let baseline = y + item.y + (at as f64 + 1.0) * size * LINE - size * 0.35;
                let text_x = x + item.x + 32.0 * scale;
                svg.text(text_x, baseline, line, &face(size, TEXT, Anchor::Start, "legend"));
            }
        }
    }
}

impl Entry {
    fn draw_key(&self, svg: &mut Svg, x: f64, y: f64, scale: f64) {
        let (left, right) = (x + 2.0 * scale, x + 26.0 * scale);
        let middle = ((left + right) / 2.0, y);
        let line = self.look.line();
        if matches!(self.key, Key::Line | Key::LineAndMarker) {
            svg.line((left, y), (right, y), &line);
        }
        match self.key {
            Key::Marker | Key::LineAndMarker => draw::marker(svg, middle, &self.look),
            Key::Swatch => {
                let paint: Paint = self.look.area();
                svg.rect(left + 4.0 * scale, y - 5.0 * scale, 16.0 * scale, 10.0 * scale, &paint);
            }
            Key::Interval => {
                let half = 4.0 * scale;
                svg.line((left, y), (right, y), &line);
                svg.line((left, y - half), (left, y + half), &line);
                svg.line((right, y - half), (right, y + half), &line);
            }
            Key::Line => {}
        }
    }
}
