//! Options and values of document commands: looks, alignments, lengths, numbers as text.

use super::model::{Align, Look};
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::value::Value;

/// Options of texts, cells and paragraphs.
#[derive(Debug, Clone, Default)]
pub(super) struct TextOptions {
    pub look: Look,
    pub align: Option<Align>,
    pub format: Option<String>,
    pub breaks: usize,
    /// Options that are not about looks, for the caller.
    pub rest: Vec<(String, Option<String>)>,
}

/// Reads options; the caller refuses what is left in `rest`.
pub(super) fn text_options(text: &str) -> Result<TextOptions> {
    let mut out = TextOptions::default();
    for (name, argument) in split_options(text)? {
        match (name.as_str(), argument.as_deref()) {
            ("bold", None) => out.look.bold = true,
            ("nobold", None) => out.look.bold = false,
            ("italic", None) => out.look.italic = true,
            ("underline", _) => out.look.underline = true,
            ("strikeout", None) => out.look.strikeout = true,
            ("halign", Some(a)) => out.align = Some(align(a)?),
            ("nformat", Some(f)) => out.format = Some(f.trim().to_string()),
            ("font", Some(f)) => font(f, &mut out.look)?,
            ("linebreak", None) => out.breaks = 1,
            ("linebreak", Some(n)) => {
                out.breaks = n.trim().parse().ok().filter(|n| *n < 100).ok_or_else(StataError::syntax)?
            }
            _ => out.rest.push((name, argument)),
        }
    }
    Ok(out)
}

/// `left`, `center`, `right`, `both`.
pub(super) fn align(text: &str) -> Result<Align> {
    Ok(match text.trim() {
        "left" => Align::Left,
        "center" => Align::Center,
        "right" => Align::Right,
        "both" | "distribute" => Align::Both,
        other => return Err(StataError::invalid(format!("halign({other}) is not allowed"))),
    })
}

/// `font(name[, size[, color]])`: the name is not used, the embedded font is.
fn font(text: &str, look: &mut Look) -> Result<()> {
    let mut parts = text.split(',').map(|p| p.trim().trim_matches('"'));
    parts.next();
    if let Some(size) = parts.next().filter(|s| !s.is_empty()) {
        look.size = Some(
            size.parse::<f64>()
                .ok()
                .filter(|x| (1.0..=400.0).contains(x))
                .ok_or_else(|| StataError::invalid("font size must be between 1 and 400"))?,
        );
    }
    if let Some(color) = parts.next().filter(|s| !s.is_empty()) {
        look.color =
            Some(hex(color).ok_or_else(|| StataError::invalid(format!("color {color} is not known")))?);
    }
    Ok(())
}

/// RRGGBB of a colour name, `#rrggbb` or `r g b`.
pub(super) fn hex(color: &str) -> Option<String> {
    let named = [
        ("black", "000000"),
        ("white", "FFFFFF"),
        ("red", "FF0000"),
        ("green", "008000"),
        ("blue", "0000FF"),
        ("navy", "000080"),
        ("gray", "808080"),
        ("grey", "808080"),
        ("maroon", "800000"),
        ("orange", "FFA500"),
    ];
    if let Some((_, code)) = named.iter().find(|(n, _)| *n == color) {
        return Some((*code).to_string());
    }
    let code = color.trim_start_matches('#');
    if code.len() == 6 && code.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(code.to_uppercase());
    }
    let parts: Vec<u8> = color.split_whitespace().filter_map(|p| p.parse().ok()).collect();
    match parts[..] {
        [r, g, b] => Some(format!("{r:02X}{g:02X}{b:02X}")),
        _ => None,
    }
}

/// A value as text: `%9.0g` unless a format is given.
pub(super) fn shown(value: &Value, fmt: Option<&str>) -> Result<String> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        Value::Num(x) => {
            let fmt = fmt.unwrap_or("%9.0g");
            let parsed = format::Format::parse(fmt)
                .ok_or_else(|| StataError::new(120, format!("{fmt} invalid format")))?;
            Ok(parsed.bare(*x))
        }
    }
}

/// Splits a list of `(exp)` and `"text"` and evaluates it.
pub(super) fn values(s: &Session, text: &str) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let close = crate::syntax::split::matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            out.push(s.eval(&rest[1..close])?);
            rest = rest[close + 1..].trim_start();
        } else if crate::syntax::split::quote_at(rest.as_bytes(), 0) {
            let end = crate::syntax::split::skip_quote(rest.as_bytes(), 0);
            out.push(Value::Str(crate::syntax::split::unquote(&rest[..end]).to_string()));
            rest = rest[end..].trim_start();
        } else {
            return Err(StataError::invalid(format!("{rest}: expressions stand in parentheses")));
        }
    }
    Ok(out)
}

/// A length in inches: a number with `in`, `cm`, `pt`, `px`, `twip` or none (inches).
pub(super) fn inches(text: &str) -> Result<f64> {
    let t = text.trim();
    let (number, per) =
        [("in", 1.0), ("cm", 1.0 / 2.54), ("pt", 1.0 / 72.0), ("px", 1.0 / 96.0), ("twip", 1.0 / 1440.0)]
            .iter()
            .find_map(|(unit, per)| t.strip_suffix(unit).map(|n| (n.trim(), *per)))
            .unwrap_or((t, 1.0));
    let x = number.parse::<f64>().map_err(|_| StataError::invalid(format!("{t}: invalid length")))?;
    Some(x * per)
        .filter(|x| *x > 0.0 && *x <= 60.0)
        .ok_or_else(|| StataError::invalid(format!("{t}: invalid length")))
}
