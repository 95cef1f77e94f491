//! Panels without a pair of numeric axes: pies and matrices of coloured cells.

use std::f64::consts::TAU;

use super::metrics::{shorten, width, wrap_to};
use super::model::{Heat, Pie};
use super::page::{Context, LINE, Rect, TEXT, face};
use super::style::{Color, palette};
use super::svg::{Anchor, Paint, Svg, num};
use super::ticks;

const WHITE: Color = Color::rgb(255, 255, 255);

/// Dark or white text, whichever reads better on a colour.
fn text_on(background: Color) -> Color {
    if background.luminance() > 0.3 { TEXT } else { WHITE }
}

/// Draws a pie: slices clockwise from the top, texts on slices that are wide enough.
pub(super) fn pie(svg: &mut Svg, pie: &Pie, cell: Rect, context: &Context) {
    let total: f64 = pie.slices.iter().map(|s| s.1.max(0.0)).filter(|v| v.is_finite()).sum();
    if total <= 0.0 {
        return;
    }
    let radius = cell.w.min(cell.h) / 2.0 * 0.94;
    let (cx, cy) = (cell.x + cell.w / 2.0, cell.y + cell.h / 2.0);
    let point = |angle: f64, r: f64| (cx + r * angle.sin(), cy - r * angle.cos());
    let mut start = 0.0;
    for (number, (_, value, color)) in pie.slices.iter().enumerate() {
        let share = value.max(0.0) / total;
        if !share.is_finite() || share == 0.0 {
            continue;
        }
        let fill = color.unwrap_or(palette(number));
        let paint = Paint { fill: Some(fill), ..Paint::stroke(WHITE, 1.2 * context.scale) };
        let end = start + share * TAU;
        if share > 0.999_999 {
            svg.circle((cx, cy), radius, &paint);
        } else {
            let (a, b) = (point(start, radius), point(end, radius));
            let large = u8::from(share > 0.5);
            let d = format!(
                "M{} {}L{} {}A{r} {r} 0 {large} 1 {} {}Z",
                num(cx),
                num(cy),
                num(a.0),
                num(a.1),
                num(b.0),
                num(b.1),
                r = num(radius)
            );
            svg.path(&d, &paint);
        }
        if let Some(text) = pie.texts.get(number).filter(|t| !t.is_empty()) {
            let size = 12.0 * context.scale;
            let middle = point((start + end) / 2.0, radius * 0.68);
            // the chord at the text must hold it
            let room = if share > 0.5 { radius } else { radius * 1.36 * (share * TAU / 2.0).sin() };
            if width(text, size).max(size * 1.3) <= room {
                let face = face(size, text_on(fill), Anchor::Middle, "slice");
                svg.text(middle.0, middle.1 + size * 0.36, text, &face);
            }
        }
        start = end;
    }
}

/// The colour of a value: white to blue, or orange to white to blue when the range has both signs.
fn heat_color(value: f64, (low, high): (f64, f64)) -> Color {
    let share = |v: f64| v.clamp(0.0, 1.0);
    if low < 0.0 && high > 0.0 {
        let reach = high.max(-low);
        if value >= 0.0 {
            palette(0).tint(share(value / reach))
        } else {
            palette(1).tint(share(-value / reach))
        }
    } else {
        let span = if high > low { high - low } else { 1.0 };
        palette(0).tint(0.05 + 0.95 * share((value - low) / span))
    }
}

/// Draws a matrix of coloured cells with its colour scale.
pub(super) fn heat(svg: &mut Svg, heat: &Heat, cell: Rect, context: &Context) {
    let (rows, columns) = (heat.rows.len().max(1), heat.columns.len().max(1));
    let size = 12.0 * context.scale;
    let gap = 6.0 * context.scale;
    let left = heat.rows.iter().map(|t| width(t, size)).fold(0.0, f64::max).min(cell.w * 0.3) + gap;
    let legend = 58.0 * context.scale;
    let w = (cell.w - left - legend).max(10.0) / columns as f64;
    let widest = heat.columns.iter().map(|t| width(t, size)).fold(0.0, f64::max);
    let slanted = widest > w - gap;
    let room = cell.h * 0.3;
    let bottom = if slanted { (widest * 0.71).min(room) + size } else { size * LINE } + gap;
    let h = (cell.h - bottom).max(10.0) / rows as f64;
    for (row, label) in heat.rows.iter().enumerate() {
        let y = cell.y + row as f64 * h;
        let lines = wrap_to(label, size, left - gap, ((h / (size * LINE)) as usize).clamp(1, 3));
        let height = lines.len() as f64 * size * LINE;
        for (at, line) in lines.iter().enumerate() {
            let middle = y + h / 2.0 - height / 2.0 + (at as f64 + 0.5) * size * LINE;
            let face = face(size, TEXT, Anchor::End, "tick");
            svg.text(cell.x + left - gap, middle + size * 0.36, line, &face);
        }
        for (column, &value) in heat.values.get(row).into_iter().flatten().take(columns).enumerate() {
            if !value.is_finite() {
                continue;
            }
            let x = cell.x + left + column as f64 * w;
            let fill = heat_color(value, heat.range);
            let paint = Paint { fill: Some(fill), ..Paint::stroke(WHITE, 1.0) };
            svg.rect(x, y, w, h, &paint);
            if let Some(decimals) = heat.decimals {
                let text = format!("{value:.decimals$}").replace('-', "−");
                let size = size.min(w / width(&text, 1.0) * 0.9).min(h * 0.8);
                if size >= 6.0 * context.scale {
                    let face = face(size, text_on(fill), Anchor::Middle, "cell");
                    svg.text(x + w / 2.0, y + h / 2.0 + size * 0.36, &text, &face);
                }
            }
        }
    }
    for (column, label) in heat.columns.iter().enumerate() {
        let x = cell.x + left + (column as f64 + 0.5) * w;
        let y = cell.y + rows as f64 * h + gap;
        let mut face = face(size, TEXT, Anchor::Middle, "tick");
        if slanted {
            face.rotate = -45.0;
            face.anchor = Anchor::End;
            let text = shorten(label, size, room / 0.71);
            svg.text(x + size * 0.4, y + size * 0.7, &text, &face);
        } else {
            svg.text(x, y + size * 0.9, label, &face);
        }
    }
    let bar =
        Rect { x: cell.right() - legend + 2.0 * gap, y: cell.y, w: 14.0 * context.scale, h: rows as f64 * h };
    color_bar(svg, heat, bar, context);
}

fn color_bar(svg: &mut Svg, heat: &Heat, bar: Rect, context: &Context) {
    const STEPS: usize = 60;
    let (low, high) = heat.range;
    for step in 0..STEPS {
        let share = (step as f64 + 0.5) / STEPS as f64;
        let fill = Paint::fill(heat_color(high - share * (high - low), heat.range));
        let y = bar.y + bar.h * step as f64 / STEPS as f64;
        svg.rect(bar.x, y, bar.w, bar.h / STEPS as f64 + 0.4, &fill);
    }
    let at = ticks::nice(low, high, 4);
    let size = 10.5 * context.scale;
    for (value, text) in at.iter().zip(ticks::texts(&at)) {
        let y = bar.bottom() - (value - low) / (high - low) * bar.h;
        let y = y.clamp(bar.y + size * 0.4, bar.bottom() - size * 0.4);
        let face = face(size, TEXT, Anchor::Start, "tick");
        svg.text(bar.right() + 4.0 * context.scale, y + size * 0.36, &text, &face);
    }
}
