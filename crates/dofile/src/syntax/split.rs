//! Splits the text after a command name into its standard parts. What the parts
//! mean (which variables, which rows) is decided elsewhere.

use super::options::Options;
use super::trailing::conditions_behind_options;
use crate::error::{Result, StataError};
pub use estimators::weights::WeightKind;

/// The kind that a word before `=` names; `Some(None)` for plain `weight`.
fn weight_kind(word: &str) -> Option<Option<WeightKind>> {
    let full = [
        ("aweight", 2, Some(WeightKind::Analytic)),
        ("fweight", 2, Some(WeightKind::Frequency)),
        ("frequency", 4, Some(WeightKind::Frequency)),
        ("pweight", 2, Some(WeightKind::Probability)),
        ("iweight", 2, Some(WeightKind::Importance)),
        ("weight", 1, None),
    ];
    full.iter().find(|(name, min, _)| word.len() >= *min && name.starts_with(word)).map(|(_, _, k)| *k)
}

/// `[kind=exp]`; the kind is `None` for plain `[w=exp]` (the command's default).
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// The stated kind.
    pub kind: Option<WeightKind>,
    /// Text of the expression.
    pub exp: String,
}

/// A command split into the parts of the standard syntax.
#[derive(Debug, Clone, Default)]
pub struct ParsedCommand {
    /// Full name of the command.
    pub name: String,
    /// Everything after the name as it was written (macros expanded).
    pub raw: String,
    /// Text before `= exp`, `if`, `in`, weight, `using` and options.
    pub list: String,
    /// Text after `=`.
    pub exp: Option<String>,
    /// Text after `if`.
    pub if_exp: Option<String>,
    /// Text after `in`.
    pub in_range: Option<String>,
    /// Weight expression.
    pub weight: Option<Weight>,
    /// File name after `using`, without quotes.
    pub using: Option<String>,
    /// Options, checked against the command's specs.
    pub options: Options,
    /// Text of the options as written.
    pub option_text: String,
}

/// Position of the matching close quote for the quote that starts at `i`
/// (`"…"` or `` `"…"' ``); the index after it, or the end of the text.
pub fn skip_quote(b: &[u8], i: usize) -> usize {
    if b[i] == b'`' && b.get(i + 1) == Some(&b'"') {
        let mut depth = 1;
        let mut j = i + 2;
        while j < b.len() {
            if b[j] == b'`' && b.get(j + 1) == Some(&b'"') {
                depth += 1;
                j += 2;
            } else if b[j] == b'"' && b.get(j + 1) == Some(&b'\'') {
                depth -= 1;
                j += 2;
                if depth == 0 {
                    return j;
                }
            } else {
                j += 1;
            }
        }
        return b.len();
    }
    if b[i] == b'"' {
        return b[i + 1..].iter().position(|&c| c == b'"').map_or(b.len(), |k| i + k + 2);
    }
    i + 1
}

/// True where a quoted text starts.
pub fn quote_at(b: &[u8], i: usize) -> bool {
    b.get(i) == Some(&b'"') || (b.get(i) == Some(&b'`') && b.get(i + 1) == Some(&b'"'))
}

/// Removes one pair of outer quotes, plain or compound; a list of several quoted texts keeps its quotes.
pub fn unquote(s: &str) -> &str {
    let s = s.trim();
    let b = s.as_bytes();
    if b.is_empty() || !quote_at(b, 0) || skip_quote(b, 0) < b.len() {
        return s;
    }
    if let Some(t) = s.strip_prefix("`\"") {
        return t.strip_suffix("\"'").unwrap_or(s);
    }
    s.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(s)
}

/// Index of the first colon outside quotes and parentheses.
pub fn top_level_colon(text: &str) -> Option<usize> {
    let b = text.as_bytes();
    let (mut i, mut depth) = (0, 0);
    while i < b.len() {
        if quote_at(b, i) {
            i = skip_quote(b, i);
            continue;
        }
        match b[i] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b':' if depth == 0 => return Some(i),
            _ => {}
        }
        i += 1;
    }
    None
}

/// Index of the first comma outside quotes, parentheses and brackets.
pub fn top_level_comma(s: &str) -> Option<usize> {
    let b = s.as_bytes();
    let (mut i, mut depth) = (0, 0i32);
    while i < b.len() {
        if quote_at(b, i) {
            i = skip_quote(b, i);
            continue;
        }
        match b[i] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b',' if depth <= 0 => return Some(i),
            _ => {}
        }
        i += 1;
    }
    None
}

/// The text before and after the comma that starts the options, without blanks at their ends.
pub fn front_and_options(text: &str) -> (&str, &str) {
    let (front, options) = top_level_comma(text).map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
    (front.trim(), options.trim())
}

/// Index of the parenthesis or bracket that closes the one at `open`.
pub fn matching_paren(s: &str, open: usize) -> Option<usize> {
    let b = s.as_bytes();
    let (mut i, mut depth) = (open, 0i32);
    while i < b.len() {
        if quote_at(b, i) {
            i = skip_quote(b, i);
            continue;
        }
        match b[i] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// Splits at blanks outside quotes, parentheses and brackets.
pub fn words(s: &str) -> Vec<&str> {
    let b = s.as_bytes();
    let (mut out, mut i, mut start, mut depth) = (Vec::new(), 0, None, 0i32);
    while i < b.len() {
        if b[i].is_ascii_whitespace() && depth <= 0 {
            if let Some(st) = start.take() {
                out.push(&s[st..i]);
            }
            i += 1;
            continue;
        }
        start.get_or_insert(i);
        if quote_at(b, i) {
            i = skip_quote(b, i);
            continue;
        }
        match b[i] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ => {}
        }
        i += 1;
    }
    if let Some(st) = start {
        out.push(&s[st..]);
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    List,
    Exp,
    If,
    In,
    Weight,
    Using,
}

impl ParsedCommand {
    /// Splits the text after the name; `exp` says that `=` starts an expression.
    pub fn split(name: &str, raw: &str, exp: bool) -> Result<Self> {
        let mut cmd =
            ParsedCommand { name: name.to_string(), raw: raw.trim().to_string(), ..Default::default() };
        let (front, options) = front_and_options(raw);
        let (front, options) = conditions_behind_options(front, options);
        let front = front.as_str();
        cmd.option_text = options;
        let mut part = Part::List;
        let mut start = 0;
        let b = front.as_bytes();
        let (mut i, mut depth) = (0, 0i32);
        while i < b.len() {
            if quote_at(b, i) {
                i = skip_quote(b, i);
                continue;
            }
            match b[i] {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'[' => {
                    if depth == 0
                        && let Some(end) = blank_weight_at(b, i)
                    {
                        cmd.put(part, &front[start..i])?;
                        part = Part::Weight;
                        (start, i) = (end, end);
                        continue;
                    }
                    if depth == 0
                        && let Some((weight, end)) = weight_at(front, i)
                    {
                        cmd.put(part, &front[start..i])?;
                        cmd.weight = Some(weight);
                        part = Part::Weight;
                        (start, i) = (end, end);
                        continue;
                    }
                    depth += 1;
                }
                b']' => depth -= 1,
                b'=' if exp && depth == 0 && part == Part::List => {
                    cmd.put(part, &front[start..i])?;
                    part = Part::Exp;
                    start = i + 1;
                }
                _ => {
                    if depth == 0
                        && (i == 0 || b[i - 1].is_ascii_whitespace() || b"])\"'".contains(&b[i - 1]))
                        && let Some((next, len)) = keyword_at(b, i)
                        && !(next == Part::Using && cmd.using.is_some())
                    {
                        cmd.put(part, &front[start..i])?;
                        part = next;
                        start = i + len;
                        i = start;
                        continue;
                    }
                }
            }
            i += 1;
        }
        cmd.put(part, &front[start..])?;
        Ok(cmd)
    }

    fn put(&mut self, part: Part, text: &str) -> Result<()> {
        let text = text.trim();
        let slot = match part {
            Part::List => {
                self.list = text.to_string();
                return Ok(());
            }
            Part::Weight if text.is_empty() => return Ok(()),
            Part::Weight => return Err(StataError::syntax()),
            Part::Exp => &mut self.exp,
            Part::If => &mut self.if_exp,
            Part::In => &mut self.in_range,
            Part::Using => {
                if text.is_empty() {
                    return Err(StataError::invalid("using required"));
                }
                self.using = Some(unquote(text).to_string());
                return Ok(());
            }
        };
        if text.is_empty() || slot.is_some() {
            return Err(StataError::syntax());
        }
        *slot = Some(text.to_string());
        Ok(())
    }

    /// True when a flag option was given or an option has an argument.
    pub fn has(&self, option: &str) -> bool {
        self.options.has(option)
    }
}

pub(super) fn keyword_at(b: &[u8], i: usize) -> Option<(Part, usize)> {
    for (word, part) in [("if", Part::If), ("in", Part::In), ("using", Part::Using)] {
        let end = i + word.len();
        if b[i..].starts_with(word.as_bytes()) {
            let next = b.get(end).copied();
            let boundary = match part {
                Part::If => {
                    next.is_none_or(|c| c.is_ascii_whitespace() || c == b'(' || c == b'!' || c == b'~')
                }
                Part::Using => next.is_none_or(|c| c.is_ascii_whitespace() || c == b'"' || c == b'`'),
                _ => next.is_none_or(|c| c.is_ascii_whitespace()),
            };
            if boundary {
                return Some((part, word.len()));
            }
        }
    }
    None
}

/// The end of `[]`, which programs write as [`weight'`exp'] and which means no weight.
fn blank_weight_at(b: &[u8], i: usize) -> Option<usize> {
    let apart = i == 0 || b[i - 1].is_ascii_whitespace();
    let end = (i + 1..b.len()).find(|j| !b[*j].is_ascii_whitespace())?;
    (apart && b[end] == b']').then_some(end + 1)
}

fn weight_at(s: &str, i: usize) -> Option<(Weight, usize)> {
    let b = s.as_bytes();
    let (mut j, mut depth) = (i, 0);
    let end = loop {
        match b.get(j)? {
            b'[' => depth += 1,
            b']' => {
                depth -= 1;
                if depth == 0 {
                    break j;
                }
            }
            _ => {}
        }
        j += 1;
    };
    let (word, exp) = s[i + 1..end].split_once('=')?;
    let kind = weight_kind(word.trim())?;
    Some((Weight { kind, exp: exp.trim().to_string() }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_parts_are_found() {
        let c = ParsedCommand::split(
            "regress",
            r#" y x1 x2 if z > 3 & s == "if, in" in 1/10 [aw = w*2], vce(cluster id) level(90)"#,
            false,
        )
        .expect("splits");
        assert_eq!(c.list, "y x1 x2");
        assert_eq!(c.if_exp.as_deref(), Some(r#"z > 3 & s == "if, in""#));
        assert_eq!(c.in_range.as_deref(), Some("1/10"));
        assert_eq!(c.weight, Some(Weight { kind: Some(WeightKind::Analytic), exp: "w*2".into() }));
        assert_eq!(c.option_text, "vce(cluster id) level(90)");
    }

    #[test]
    fn empty_brackets_are_no_weight() {
        let c = ParsedCommand::split("summarize", " x y [] if z > 3", false).expect("splits");
        assert_eq!((c.list.as_str(), c.weight, c.if_exp.as_deref()), ("x y", None, Some("z > 3")));
        let c = ParsedCommand::split("summarize", "x [ ], detail", false).expect("splits");
        assert_eq!((c.list.as_str(), c.option_text.as_str()), ("x", "detail"));
    }

    #[test]
    fn assignment_and_using() {
        let c = ParsedCommand::split("generate", " byte x = y[_n-1] == 2 if(a)", true).expect("splits");
        assert_eq!((c.list.as_str(), c.exp.as_deref()), ("byte x", Some("y[_n-1] == 2")));
        assert_eq!(c.if_exp.as_deref(), Some("(a)"));
        let c = ParsedCommand::split("use", r#" a b using "my file.dta", clear"#, false).expect("splits");
        assert_eq!((c.list.as_str(), c.using.as_deref()), ("a b", Some("my file.dta")));
    }
}
