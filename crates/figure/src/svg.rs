//! Writes SVG elements: escaping, short numbers, text with its anchor. It decides no positions.

use std::fmt::Write;

use super::style::Color;

/// The font families, the embedded font first, then CJK and Latin fonts of the common systems.
pub(super) const FONTS: &str = "'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','PingFang SC',\
'Microsoft YaHei','Helvetica Neue',Arial,sans-serif";

/// Horizontal anchor of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The elements written so far.
#[derive(Debug, Default)]
pub(super) struct Svg {
    out: String,
    clips: usize,
}

/// A number with at most two decimals.
pub(super) fn num(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{:.2}", value.clamp(-1e6, 1e6));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text for element contents and attributes; characters that XML 1.0 forbids become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

/// A shape's paint.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paint {
    pub(super) fill: Option<Color>,
    pub(super) stroke: Option<Color>,
    pub(super) width: f64,
    pub(super) dash: &'static str,
}

impl Paint {
    pub(super) fn stroke(color: Color, width: f64) -> Self {
        Self { stroke: Some(color), width, ..Self::default() }
    }

    pub(super) fn fill(color: Color) -> Self {
        Self { fill: Some(color), ..Self::default() }
    }

    /// The attributes, with a leading space.
    fn attributes(&self) -> String {
        let mut out = String::new();
        match self.fill.filter(|c| c.opacity > 0.0) {
            Some(color) => {
                let _ = write!(out, " fill=\"{color}\"");
                if color.opacity < 1.0 {
                    let _ = write!(out, " fill-opacity=\"{}\"", num(color.opacity));
                }
            }
            None => out.push_str(" fill=\"none\""),
        }
        if let Some(color) = self.stroke.filter(|c| c.opacity > 0.0 && self.width > 0.0) {
            let _ = write!(out, " stroke=\"{color}\" stroke-width=\"{}\"", num(self.width));
            if color.opacity < 1.0 {
                let _ = write!(out, " stroke-opacity=\"{}\"", num(color.opacity));
            }
            if !self.dash.is_empty() {
                let _ = write!(out, " stroke-dasharray=\"{}\"", self.dash);
            }
        }
        out
    }
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face {
    pub(super) size: f64,
    pub(super) color: Color,
    pub(super) anchor: Anchor,
    /// Degrees, clockwise.
    pub(super) rotate: f64,
    pub(super) class: &'static str,
}

impl Svg {
    /// Appends raw markup made by this module's callers from escaped parts.
    pub(super) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), paint: &Paint) {
        let (x1, y1, x2, y2) = (num(from.0), num(from.1), num(to.0), num(to.1));
        let paint = paint.attributes();
        let _ = writeln!(self.out, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"{paint}/>");
    }

    pub(super) fn rect(&mut self, x: f64, y: f64, w: f64, h: f64, paint: &Paint) {
        let (x, y, w, h) = (num(x), num(y), num(w.max(0.0)), num(h.max(0.0)));
        let paint = paint.attributes();
        let _ = writeln!(self.out, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"{paint}/>");
    }

    pub(super) fn circle(&mut self, center: (f64, f64), radius: f64, paint: &Paint) {
        let (x, y, r) = (num(center.0), num(center.1), num(radius));
        let paint = paint.attributes();
        let _ = writeln!(self.out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"{paint}/>");
    }

    pub(super) fn path(&mut self, d: &str, paint: &Paint) {
        if !d.is_empty() {
            let paint = paint.attributes();
            let _ = writeln!(self.out, "<path d=\"{d}\" stroke-linejoin=\"round\"{paint}/>");
        }
    }

    /// A path of dots: its strokes get round ends.
    pub(super) fn dots(&mut self, d: &str, paint: &Paint) {
        if !d.is_empty() {
            let paint = paint.attributes();
            let _ = writeln!(self.out, "<path d=\"{d}\" stroke-linecap=\"round\"{paint}/>");
        }
    }

    /// One line of text with its baseline at `y`.
    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, face: &Face) {
        if text.is_empty() {
            return;
        }
        let anchor = match face.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y) = (num(x), num(y));
        let _ = write!(self.out, "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"", num(face.size));
        let _ = write!(self.out, " fill=\"{}\" text-anchor=\"{anchor}\"", face.color);
        if face.rotate != 0.0 {
            let _ = write!(self.out, " transform=\"rotate({} {x} {y})\"", num(face.rotate));
        }
        if !face.class.is_empty() {
            let _ = write!(self.out, " class=\"{}\"", face.class);
        }
        let _ = writeln!(self.out, ">{}</text>", escape(text));
    }

    /// Opens a group whose contents are clipped to a rectangle; `prefix` keeps ids unique.
    pub(super) fn open_clip(&mut self, prefix: &str, x: f64, y: f64, w: f64, h: f64) {
        self.clips += 1;
        let id = format!("{prefix}clip{}", self.clips);
        let (x, y, w, h) = (num(x), num(y), num(w.max(0.0)), num(h.max(0.0)));
        let _ = writeln!(
            self.out,
            "<clipPath id=\"{id}\"><rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"/></clipPath>\n\
             <g clip-path=\"url(#{id})\">"
        );
    }

    pub(super) fn close(&mut self) {
        self.out.push_str("</g>\n");
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_texts_are_escaped() {
        assert_eq!(num(1.0), "1");
        assert_eq!(num(-0.001), "0");
        assert_eq!(num(2.456), "2.46");
        assert_eq!(num(f64::NAN), "0");
        assert_eq!(escape("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot;\u{fffd}");
    }
}
