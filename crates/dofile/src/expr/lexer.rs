//! Tokens of expressions. Macro substitution has happened before.

use crate::error::{Result, StataError};
use crate::syntax::split::{skip_quote, unquote};
use crate::value::{MISSING, missing};

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// Number or missing value.
    Num(f64),
    /// Text without its quotes.
    Str(String),
    /// Name.
    Name(String),
    /// Name with operators before it: `L.x`, `2.x`; the operators without the last dot.
    OpName(String, String),
    /// Operator or punctuation.
    Op(&'static str),
}

const OPS: &[&str] = &[
    "==", "!=", "~=", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "^", "&", "|", "!", "~", "(", ")", "[",
    "]", ",", "\\", "#", "'", ":", "@",
];

/// Equation and term in the brackets of a coefficient: `term`, `"term"`, or `eq:term` where no equation stands before them.
pub(super) fn equation_and_term(eq: Option<String>, text: &str) -> (Option<String>, String) {
    let text = unquote(text).trim();
    match (eq, text.split_once(':')) {
        (None, Some((eq, term))) => (Some(eq.trim().to_string()), term.trim().to_string()),
        (eq, _) => (eq, text.to_string()),
    }
}

/// Splits an expression into tokens with their start in the text.
pub fn tokenize(text: &str) -> Result<Vec<(Token, usize)>> {
    let b = text.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < b.len() {
        let c = b[i];
        if c.is_ascii_whitespace() {
            i += 1;
            continue;
        }
        let start = i;
        if c == b'"' || (c == b'`' && b.get(i + 1) == Some(&b'"')) {
            let end = skip_quote(b, i);
            let compound = c == b'`';
            let (open, close) = if compound { (2, 2) } else { (1, 1) };
            let closed = if compound {
                text[start..end].ends_with("\"'")
            } else {
                end > start + 1 && b[end - 1] == b'"'
            };
            if !closed || end < start + open + close {
                return Err(StataError::new(132, "too few quotes"));
            }
            out.push((Token::Str(text[start + open..end - close].to_string()), start));
            i = end;
            continue;
        }
        if c.is_ascii_digit() || (c == b'.' && b.get(i + 1).is_some_and(|d| d.is_ascii_digit())) {
            let (token, end) = number(text, i)?;
            out.push((token, start));
            i = end;
            continue;
        }
        if c == b'.' {
            let (x, end) = match b.get(i + 1) {
                Some(l) if l.is_ascii_lowercase() && !name_byte(b.get(i + 2).copied()) => {
                    (missing(l - b'a' + 1), i + 2)
                }
                _ => (MISSING, i + 1),
            };
            out.push((Token::Num(x), start));
            i = end;
            continue;
        }
        if name_byte(Some(c)) {
            let end = name_end(text, i);
            if let Some((op, var, end)) = operator_name(text, i, end) {
                out.push((Token::OpName(op, var), start));
                i = end;
            } else {
                out.push((Token::Name(text[i..end].to_string()), start));
                i = end;
            }
            continue;
        }
        match OPS.iter().find(|op| text[i..].starts_with(**op)) {
            Some(op) => {
                out.push((Token::Op(op), start));
                i += op.len();
            }
            None => {
                let ch = text[i..].chars().next().unwrap_or('?');
                return Err(StataError::invalid(format!("{ch} invalid name")));
            }
        }
    }
    Ok(out)
}

fn name_byte(c: Option<u8>) -> bool {
    c.is_some_and(|c| c == b'_' || c.is_ascii_alphanumeric() || c >= 0x80)
}

fn name_end(text: &str, start: usize) -> usize {
    let b = text.as_bytes();
    let mut i = start;
    while name_byte(b.get(i).copied()) {
        i += 1;
    }
    i
}

/// `L2D.x`, `i.x`, `1bn.x`: operators, a dot and a name without blanks.
fn operator_name(text: &str, start: usize, end: usize) -> Option<(String, String, usize)> {
    let b = text.as_bytes();
    let word = &text[start..end];
    let is_op = word.bytes().all(|c| c.is_ascii_digit() || b"LlFfDdSsicbon".contains(&c));
    if b.get(end) != Some(&b'.') || !is_op {
        return None;
    }
    let next = b.get(end + 1).copied();
    if !name_byte(next) || next.is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let var_end = name_end(text, end + 1);
    // a chain of operators: L.D.x
    if let Some((more, var, e)) = operator_name(text, end + 1, var_end) {
        return Some((format!("{word}.{more}"), var, e));
    }
    Some((word.to_string(), text[end + 1..var_end].to_string(), var_end))
}

fn number(text: &str, start: usize) -> Result<(Token, usize)> {
    let b = text.as_bytes();
    let digits = |mut i: usize| {
        while b.get(i).is_some_and(|c| c.is_ascii_digit()) {
            i += 1;
        }
        i
    };
    let int_end = digits(start);
    // 2.x, 1b.x: a level indicator, not a number
    let word_end = name_end(text, start);
    if let Some((op, var, end)) = operator_name(text, start, word_end) {
        return Ok((Token::OpName(op, var), end));
    }
    let mut end = int_end;
    if b.get(start) == Some(&b'0') && matches!(b.get(start + 1), Some(b'x' | b'X')) {
        return Err(StataError::syntax());
    }
    if b.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    // the digits of a hexadecimal mantissa can be letters: 1.921fb54442d18X+001
    let hex_end = end + b[end..].iter().take_while(|c| c.is_ascii_hexdigit()).count();
    if matches!(b.get(hex_end), Some(b'x' | b'X')) && matches!(b.get(hex_end + 1), Some(b'+' | b'-')) {
        return hex_number(text, start);
    }
    let mantissa = end;
    if matches!(b.get(end), Some(b'e' | b'E' | b'd' | b'D')) {
        let sign = usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
        let exp_end = digits(end + 1 + sign);
        if exp_end > end + 1 + sign {
            end = exp_end;
        }
    }
    if name_byte(b.get(end).copied()) {
        let bad_end = name_end(text, end);
        // 1.5x+2 is hexadecimal; anything else is no number
        if text[mantissa..].starts_with('x') || text[mantissa..].starts_with('X') {
            return hex_number(text, start);
        }
        return Err(StataError::invalid(format!("{} invalid name", &text[start..bad_end])));
    }
    let x: f64 = text[start..end].replace(['d', 'D'], "e").parse().map_err(|_| StataError::syntax())?;
    Ok((Token::Num(crate::value::clean(x)), end))
}

/// `1.921fb54442d18X+001` (display format %21x).
fn hex_number(text: &str, start: usize) -> Result<(Token, usize)> {
    let rest = &text[start..];
    let bad = StataError::syntax;
    let x_at = rest.find(['x', 'X']).ok_or_else(bad)?;
    let b = rest.as_bytes();
    let mut end = x_at + 2;
    while b.get(end).is_some_and(|c| c.is_ascii_hexdigit()) {
        end += 1;
    }
    let digits = rest.get(x_at + 1..end).ok_or_else(bad)?;
    let exponent = i32::from_str_radix(digits, 16).map_err(|_| bad())?;
    let mantissa = &rest[..x_at];
    let mut x = 0.0f64;
    let mut scale = 1.0f64;
    let mut fraction = false;
    for c in mantissa.chars() {
        if c == '.' {
            fraction = true;
            continue;
        }
        let d = f64::from(c.to_digit(16).ok_or_else(bad)?);
        if fraction {
            scale /= 16.0;
            x += d * scale;
        } else {
            x = x * 16.0 + d;
        }
    }
    Ok((Token::Num(crate::value::clean(x * 2f64.powi(exponent))), start + end))
}

#[cfg(test)]
mod tests {
    use super::{Token, tokenize};

    #[test]
    fn hexadecimal_numbers_are_read_with_letters_in_the_mantissa() {
        for (text, want) in
            [("1.921fb54442d18X+001", std::f64::consts::PI), ("1.8x-1", 0.75), ("1.0x+3ff", 2f64.powi(1023))]
        {
            let tokens = tokenize(text).expect("a number");
            assert!(matches!(tokens[..], [(Token::Num(x), _)] if x == want), "{text}");
        }
        assert!(tokenize("1.921fb").is_err());
    }
}
