//! Tokens of Mata source. Macros are substituted before; comments are removed here.

use super::fault::{Fault, Run};
use crate::value::{MISSING, clean, missing};

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A real number or missing value.
    Num(f64),
    /// An imaginary number, `2i`.
    Imaginary(f64),
    /// A text without its quotes.
    Text(String),
    /// A name or keyword.
    Name(String),
    /// An operator or punctuation.
    Op(&'static str),
    /// The end of a line outside of parentheses and brackets.
    Line,
}

/// A token with its neighbourhood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexed {
    /// The token.
    pub token: Token,
    /// True when no blank is between it and the token before.
    pub attached: bool,
}

/// Operators, longer ones first.
const OPS: &[&str] = &[
    ":==", ":!=", ":<=", ":>=", ":<", ":>", ":+", ":-", ":*", ":/", ":^", ":&", ":|", "::", "..", "==", "!=",
    "<=", ">=", "++", "--", "->", "&&", "||", "[|", "|]", "=", "<", ">", "+", "-", "*", "/", "^", "&", "|",
    "!", "~", "?", ":", "\\", ",", "#", "'", "(", ")", "[", "]", "{", "}", ";", ".", "@",
];

/// What the source still needs at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing: all brackets are closed.
    Complete,
    /// A closing bracket, the end of a comment, or the line after `///`.
    Open,
}

/// Splits source into tokens and returns whether its brackets are closed.
///
/// # Errors
/// 3000 for a character or quote that has no meaning.
pub(super) fn tokenize(source: &str) -> Run<(Vec<Lexed>, End)> {
    let mut lexer = Lexer { source, at: 0, out: Vec::new(), brackets: Vec::new(), open: false };
    while lexer.at < source.len() {
        lexer.next()?;
    }
    let end = if lexer.open || !lexer.brackets.is_empty() { End::Open } else { End::Complete };
    Ok((lexer.out, end))
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    out: Vec<Lexed>,
    brackets: Vec<u8>,
    open: bool,
}

fn name_byte(c: u8) -> bool {
    c == b'_' || c.is_ascii_alphanumeric() || c >= 0x80
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn push(&mut self, token: Token, start: usize) {
        let before = self.source[..start].bytes().next_back();
        let attached = before.is_some_and(|c| !c.is_ascii_whitespace());
        self.out.push(Lexed { token, attached });
    }

    fn next(&mut self) -> Run<()> {
        let (start, rest) = (self.at, self.rest());
        let b = rest.as_bytes();
        match b[0] {
            b'\n' => {
                self.at += 1;
                if !self.brackets.last().is_some_and(|c| b"([".contains(c)) {
                    self.push(Token::Line, start);
                }
            }
            c if c.is_ascii_whitespace() => self.at += 1,
            b'/' if rest.starts_with("//") => self.line_comment(),
            b'/' if rest.starts_with("/*") => self.block_comment(),
            b'"' => self.quoted(1, "\"")?,
            b'`' if rest.starts_with("`\"") => self.compound()?,
            c if c.is_ascii_digit() => self.number()?,
            b'.' if b.get(1).is_some_and(u8::is_ascii_digit) && !self.after_member_base() => self.number()?,
            b'.' if !rest.starts_with("..") => self.dot(),
            c if name_byte(c) => {
                let end = b.iter().position(|c| !name_byte(*c)).unwrap_or(b.len());
                let name = rest[..end].to_string();
                self.push(Token::Name(name), start);
                self.at += end;
            }
            _ => self.operator()?,
        }
        Ok(())
    }

    /// `//` to the end of the line; `///` joins the next line.
    fn line_comment(&mut self) {
        let joins = self.rest().starts_with("///");
        let end = self.rest().find('\n');
        self.at = end.map_or(self.source.len(), |e| self.at + e + usize::from(joins));
        self.open |= joins && self.at >= self.source.len();
    }

    fn block_comment(&mut self) {
        let (mut depth, mut i) = (0, self.at);
        let b = self.source.as_bytes();
        while i < b.len() {
            if b[i..].starts_with(b"/*") {
                depth += 1;
                i += 2;
            } else if b[i..].starts_with(b"*/") {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    break;
                }
            } else {
                i += 1;
            }
        }
        self.open |= depth > 0;
        self.at = i;
    }

    fn quoted(&mut self, open: usize, close: &str) -> Run<()> {
        let start = self.at;
        let body = &self.source[start + open..];
        let end = body.find(close).filter(|e| !body[..*e].contains('\n'));
        let end = end.ok_or_else(|| Fault::syntax("mismatched quotes"))?;
        let text = body[..end].to_string();
        self.push(Token::Text(text), start);
        self.at = start + open + end + close.len();
        Ok(())
    }

    fn compound(&mut self) -> Run<()> {
        let start = self.at;
        let end = crate::syntax::split::skip_quote(self.source.as_bytes(), start);
        let whole = &self.source[start..end];
        let inner = whole.get(2..).and_then(|t| t.strip_suffix("\"'"));
        let text = inner.ok_or_else(|| Fault::syntax("mismatched quotes"))?.to_string();
        self.push(Token::Text(text), start);
        self.at = end;
        Ok(())
    }

    /// Whether a dot right here follows something that can have members.
    fn after_member_base(&self) -> bool {
        let attached = self.source[..self.at].bytes().next_back().is_some_and(|c| !c.is_ascii_whitespace());
        attached
            && matches!(self.out.last().map(|l| &l.token), Some(Token::Name(_) | Token::Op("]" | ")" | "|]")))
    }

    /// A missing value, or the dot before a member.
    fn dot(&mut self) {
        let (start, b) = (self.at, self.rest().as_bytes());
        let named = b.get(1).is_some_and(|c| c.is_ascii_alphabetic() || *c == b'_');
        if named && self.after_member_base() {
            self.push(Token::Op("."), start);
            self.at += 1;
            return;
        }
        let letter = b.get(1).copied().filter(u8::is_ascii_lowercase);
        let letter = letter.filter(|_| !b.get(2).is_some_and(|c| name_byte(*c)));
        let x = letter.map_or(MISSING, |c| missing(c - b'a' + 1));
        self.push(Token::Num(x), start);
        self.at += 1 + usize::from(letter.is_some());
    }

    fn number(&mut self) -> Run<()> {
        let start = self.at;
        let b = self.rest().as_bytes();
        let digits = |mut i: usize| {
            while b.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            i
        };
        let mut end = digits(0);
        // `1..5` is a range, `1.5` a number
        if b.get(end) == Some(&b'.') && b.get(end + 1) != Some(&b'.') {
            end = digits(end + 1);
        }
        let hex = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_hexdigit());
        let mut hex_end = end;
        while hex(b.get(hex_end)) {
            hex_end += 1;
        }
        if matches!(b.get(hex_end), Some(b'x' | b'X')) && matches!(b.get(hex_end + 1), Some(b'+' | b'-')) {
            return self.hexadecimal(hex_end);
        }
        if matches!(b.get(end), Some(b'e' | b'E' | b'd' | b'D')) {
            let sign = usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
            let last = digits(end + 1 + sign);
            if last > end + 1 + sign {
                end = last;
            }
        }
        let text = self.rest()[..end].replace(['d', 'D'], "e");
        let x = text.parse::<f64>().map_err(|_| Fault::syntax("invalid expression"))?;
        self.finish_number(start, start + end, clean(x))
    }

    fn hexadecimal(&mut self, marker: usize) -> Run<()> {
        let start = self.at;
        let digits = self.rest()[marker + 2..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let end = start + marker + 2 + digits;
        let tokens = crate::expr::tokenize(&self.source[start..end])?;
        match &tokens[..] {
            [(crate::expr::Token::Num(x), _)] => self.finish_number(start, end, *x),
            _ => Err(Fault::syntax("invalid expression")),
        }
    }

    /// A number may end with `i`; any other letter behind it is an error.
    fn finish_number(&mut self, start: usize, end: usize, x: f64) -> Run<()> {
        let b = self.source.as_bytes();
        let imaginary = b.get(end) == Some(&b'i') && !b.get(end + 1).is_some_and(|c| name_byte(*c));
        let end = end + usize::from(imaginary);
        if !imaginary && b.get(end).is_some_and(|c| name_byte(*c)) {
            return Err(Fault::syntax("invalid expression"));
        }
        self.push(if imaginary { Token::Imaginary(x) } else { Token::Num(x) }, start);
        self.at = end;
        Ok(())
    }

    fn operator(&mut self) -> Run<()> {
        let (start, rest) = (self.at, self.rest());
        let op = OPS.iter().find(|op| rest.starts_with(**op));
        let Some(op) = op else {
            let c = rest.chars().next().unwrap_or('?');
            return Err(Fault::syntax(format!("invalid expression: '{c}'")));
        };
        match *op {
            "(" | "[" | "{" | "[|" => self.brackets.push(op.as_bytes()[0]),
            ")" | "]" | "}" | "|]" => {
                let wanted = match *op {
                    ")" => b'(',
                    "}" => b'{',
                    _ => b'[',
                };
                if self.brackets.pop() != Some(wanted) {
                    return Err(Fault::syntax(format!("'{op}' found where something else expected")));
                }
            }
            _ => {}
        }
        self.push(Token::Op(op), start);
        self.at += op.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Vec<Token> {
        tokenize(source).expect("tokens").0.into_iter().map(|l| l.token).collect()
    }

    #[test]
    fn dots_are_missing_values_members_ranges_and_decimals() {
        use Token::{Name, Num, Op};
        let name = |n: &str| Name(n.into());
        assert_eq!(tokens("x[1,.]")[4], Num(MISSING));
        assert_eq!(tokens("1..5"), [Num(1.0), Op(".."), Num(5.0)]);
        assert_eq!(tokens("i..n"), [name("i"), Op(".."), name("n")]);
        assert_eq!(tokens("s.b.c"), [name("s"), Op("."), name("b"), Op("."), name("c")]);
        assert_eq!(tokens("t[1].x"), [name("t"), Op("["), Num(1.0), Op("]"), Op("."), name("x")]);
        assert_eq!(tokens("(.a,.5)")[1], Num(missing(1)));
        assert_eq!(tokens("(.a,.5)")[3], Num(0.5));
        assert_eq!(tokens("2.5e-3i"), [Token::Imaginary(0.0025)]);
        assert_eq!(tokens("1.921fb54442d18X+001"), [Num(std::f64::consts::PI)]);
    }

    #[test]
    fn comments_and_lines() {
        use Token::{Line, Name, Op};
        let name = |n: &str| Name(n.into());
        assert_eq!(tokens("a // b\nc"), [name("a"), Line, name("c")]);
        assert_eq!(tokens("a /* b\n */ c"), [name("a"), name("c")]);
        assert_eq!(tokens("f(a,\nb)").iter().filter(|t| **t == Line).count(), 0);
        assert_eq!(tokens("a ///\n b"), [name("a"), name("b")]);
        assert_eq!(tokens("X'X"), [name("X"), Op("'"), name("X")]);
        assert_eq!(tokenize("f(a,").expect("tokens").1, End::Open);
        assert_eq!(tokenize("a ///").expect("tokens").1, End::Open);
        assert!(tokenize("\"abc").is_err() && tokenize("a)").is_err());
    }
}
