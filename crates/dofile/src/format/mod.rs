//! Display formats: `%9.0g`, `%12.2fc`, `%e`, `%21x`, `%td…`, `%-10s`
//! (manual [D] format).

mod date;
mod number;

pub use date::format_date;

use crate::value::{is_missing, missing_text};
use unicode_width::UnicodeWidthStr;

/// Kinds of formats.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    General,
    Fixed,
    Exponent,
    Hex,
    Date(char, String),
    Text,
}

/// A parsed display format.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    kind: Kind,
    width: usize,
    digits: usize,
    left: bool,
    centre: bool,
    zero: bool,
    commas: bool,
}

impl Format {
    /// Parses a format; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.trim().strip_prefix('%')?;
        let (left, body) = body.strip_prefix('-').map_or((false, body), |b| (true, b));
        let (centre, body) = body.strip_prefix('~').map_or((false, body), |b| (true, b));
        let mut f = Self { kind: Kind::Text, width: 0, digits: 0, left, centre, zero: false, commas: false };
        let dated = body.strip_prefix('t').or(body.strip_prefix('d').map(|_| body));
        if let Some(rest) = dated
            && let Some(c) = rest.chars().next()
            && "dcCmqwhyg".contains(c)
        {
            f.kind = if c == 'g' { Kind::General } else { Kind::Date(c, rest[1..].to_string()) };
            f.width = match c {
                'c' | 'C' if rest.len() == 1 => 18,
                'd' if rest.len() == 1 => 9,
                'm' | 'q' | 'w' | 'h' if rest.len() == 1 => 7,
                'y' if rest.len() == 1 => 4,
                _ => 9,
            };
            return Some(f);
        }
        f.zero = body.starts_with('0') && body.len() > 1;
        let digits_end = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
        f.width = if digits_end == 0 { 0 } else { body[..digits_end].parse().ok()? };
        let mut rest = &body[digits_end..];
        let mut has_digits = false;
        if let Some(r) = rest.strip_prefix(['.', ',']) {
            let end = r.find(|c: char| !c.is_ascii_digit()).unwrap_or(r.len());
            f.digits = r[..end].parse().ok()?;
            rest = &r[end..];
            has_digits = true;
        }
        f.kind = match rest {
            "g" | "gc" => Kind::General,
            "f" | "fc" => Kind::Fixed,
            "e" => Kind::Exponent,
            "x" => Kind::Hex,
            "s" if !has_digits => Kind::Text,
            _ => return None,
        };
        f.commas = rest.ends_with('c');
        if f.width == 0 {
            f.width = match f.kind {
                Kind::General | Kind::Fixed => 9,
                Kind::Exponent => 10,
                Kind::Hex => 21,
                _ => 9,
            };
            if f.kind == Kind::Text && digits_end == 0 {
                f.width = 0;
            }
        }
        let limit = if f.kind == Kind::Text { 2045 } else { 244 };
        (f.width <= limit && f.digits <= 200).then_some(f)
    }

    /// True for `%…s`.
    pub fn is_string(&self) -> bool {
        self.kind == Kind::Text
    }

    /// True for `%t…`.
    pub fn is_date(&self) -> bool {
        matches!(self.kind, Kind::Date(..))
    }

    /// The letter of a date format.
    pub fn date_kind(&self) -> Option<char> {
        match self.kind {
            Kind::Date(c, _) => Some(c),
            _ => None,
        }
    }

    /// Width of the field.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A number without padding.
    pub fn bare(&self, x: f64) -> String {
        if is_missing(x) {
            return missing_text(x);
        }
        match &self.kind {
            Kind::General => number::general(x, self.width, self.digits, self.commas),
            Kind::Fixed => number::fixed(x, self.width, self.digits, self.commas),
            Kind::Exponent => number::exponent(x, self.digits),
            Kind::Hex => number::hex(x),
            Kind::Date(c, detail) => format_date(*c, detail, x),
            Kind::Text => number::general(x, 9, 0, false),
        }
    }

    /// A number padded to the width of the field.
    pub fn number(&self, x: f64) -> String {
        let s = self.bare(x);
        if self.zero && !is_missing(x) && s.len() < self.width && !self.left {
            let (sign, digits) = s.strip_prefix('-').map_or(("", s.as_str()), |d| ("-", d));
            return format!("{sign}{}{digits}", "0".repeat(self.width - s.len()));
        }
        self.pad(&s, self.left)
    }

    /// A text padded to the width of the field (right-aligned unless `-`).
    pub fn text(&self, s: &str) -> String {
        self.pad(s, self.left)
    }

    fn pad(&self, s: &str, left: bool) -> String {
        let w = s.width();
        let gap = self.width.saturating_sub(w);
        if self.centre {
            return format!("{}{s}{}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2));
        }
        if left { format!("{s}{}", " ".repeat(gap)) } else { format!("{}{s}", " ".repeat(gap)) }
    }
}

/// A number in a format given as text (`%9.0g` when it does not parse), padded.
pub fn number(fmt: &str, x: f64) -> String {
    match Format::parse(fmt) {
        Some(f) => f.number(x),
        None => number::general(x, 9, 0, false),
    }
}

/// A number in a format given as text, without padding.
pub fn bare(fmt: &str, x: f64) -> String {
    number(fmt, x).trim().to_string()
}

/// A number as a macro holds it (`%18.0g`).
pub fn macro_text(x: f64) -> String {
    if is_missing(x) {
        return missing_text(x);
    }
    if x.fract() == 0.0 && x.abs() < 1e17 {
        return format!("{x}");
    }
    number::general(x, 18, 0, false)
}

/// Pads on the left to a display width.
pub fn right(s: &str, width: usize) -> String {
    format!("{}{s}", " ".repeat(width.saturating_sub(s.width())))
}

/// Pads on the right to a display width.
pub fn left(s: &str, width: usize) -> String {
    format!("{s}{}", " ".repeat(width.saturating_sub(s.width())))
}

/// Shortens a name to a number of characters with `~` before its last character, or before the digits that end it:
/// published logs have `displa~t` and `solvency_rat~2010`.
pub fn abbrev(s: &str, width: usize) -> String {
    let chars: Vec<char> = s.chars().collect();
    if chars.len() <= width || width < 3 {
        return s.to_string();
    }
    let digits = chars.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    // at least one character stands in front of the mark
    let kept = if digits + 2 <= width { digits.max(1) } else { 1 };
    let front = chars[..width - kept - 1].iter();
    front.chain(['~'].iter()).chain(&chars[chars.len() - kept..]).collect()
}

/// A value label, shortened to `width` characters with two dots at its end; one that opens with a parenthesis keeps one
/// at the end.
pub fn short_label(label: &str, width: usize) -> String {
    let mark = if label.starts_with('(') { "..)" } else { ".." };
    if label.chars().count() <= width || width <= mark.len() {
        return label.to_string();
    }
    label.chars().take(width - mark.len()).chain(mark.chars()).collect()
}

/// A count with thousands separators, as notes print it.
pub fn count_text(n: usize) -> String {
    bare("%15.0gc", n as f64)
}
