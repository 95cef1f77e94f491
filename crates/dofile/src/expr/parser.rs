//! Pratt parser for expressions. Precedence from high to low: `! ~`, `^`, unary
//! `-`, `/ *`, `+ -`, comparisons, `&`, `|` (manual [U] 13.2.5).

use super::lexer::{Token, tokenize};
use crate::error::{Result, StataError};

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinOp {
    /// `+` (also joins strings).
    Add,
    /// `-`.
    Sub,
    /// `*` (also repeats strings).
    Mul,
    /// `/`.
    Div,
    /// `^`.
    Pow,
    /// `==`.
    Eq,
    /// `!=`, `~=`.
    Ne,
    /// `<`.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
    /// `&`.
    And,
    /// `|`.
    Or,
}

impl BinOp {
    /// As written in do-files.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "^",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::And => "&",
            Self::Or => "|",
        }
    }
}

/// Syntax tree of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Number or missing value.
    Num(f64),
    /// String literal.
    Str(String),
    /// Variable, scalar or system name.
    Name(String),
    /// `L.x`, `2.x`: operators and name.
    OpName(String, String),
    /// Subscripted name: `x[_n-1]`, `A[1,2]`.
    Index(String, Vec<Expr>),
    /// Unary minus.
    Neg(Box<Expr>),
    /// Logical not.
    Not(Box<Expr>),
    /// Binary operation.
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// Function call.
    Call(String, Vec<Expr>),
    /// Call whose argument is raw text: `r(mean)`, `td(1jan2000)`, `e(sample)`.
    RawCall(String, String),
    /// `"text":label`: the value that a value label gives a text.
    Labelled(String, String),
    /// `_b[term]`, `_se[eq:term]`, `[eq]_b[term]`: function, equation and term.
    Coef(String, Option<String>, String),
}

impl std::fmt::Display for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |args: &[Expr]| args.iter().map(|a| a.to_string()).collect::<Vec<_>>().join(",");
        match self {
            Self::Num(x) if crate::value::is_missing(*x) => f.write_str(&crate::value::missing_text(*x)),
            Self::Num(x) => write!(f, "{x}"),
            Self::Str(s) => write!(f, "`\"{s}\"'"),
            Self::Name(n) => f.write_str(n),
            Self::OpName(op, n) => write!(f, "{op}.{n}"),
            Self::Index(n, args) => write!(f, "{n}[{}]", list(args)),
            Self::Neg(a) => write!(f, "-({a})"),
            Self::Not(a) => write!(f, "!({a})"),
            Self::Binary(op, a, b) => write!(f, "({a}){}({b})", op.symbol()),
            Self::Call(n, args) => write!(f, "{n}({})", list(args)),
            Self::RawCall(n, text) => write!(f, "{n}({text})"),
            Self::Labelled(text, label) => write!(f, "`\"{text}\"':{label}"),
            Self::Coef(n, None, term) => write!(f, "{n}[{term}]"),
            Self::Coef(n, Some(eq), term) => write!(f, "[{eq}]{n}[{term}]"),
        }
    }
}

/// Functions whose argument is not an expression.
const RAW: &[&str] = &[
    "r", "e", "s", "return", "c", "td", "tc", "tC", "tm", "tq", "tw", "th", "ty", "tin", "twithin", "d", "q",
    "m", "w", "h", "y", "_result",
];

const MAX_DEPTH: usize = 150;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

/// Parses a whole text as one expression.
pub fn parse(text: &str) -> Result<Expr> {
    // raw calls can hold text that is no expression: they are cut out by the lexer's caller
    let prepared = protect_raw(text)?;
    let mut p = Parser { text: &prepared.0, tokens: tokenize(&prepared.0)?, at: 0, depth: 0 };
    if p.tokens.is_empty() {
        return Err(StataError::syntax());
    }
    let e = p.binary(0)?;
    if p.at < p.tokens.len() {
        let rest = &p.text[p.tokens[p.at].1..];
        let word = rest.split_whitespace().next().unwrap_or(rest);
        return Err(match p.tokens[p.at].0 {
            Token::Name(_) | Token::Num(_) => StataError::invalid(format!("invalid '{word}' ")),
            _ => StataError::syntax(),
        });
    }
    Ok(restore_raw(e, &prepared.1))
}

/// `[eq]term`, the short form of `[eq]_b[term]`, at a position of a text, and where it ends.
fn short_coefficient(text: &str, at: usize) -> Option<(Expr, usize)> {
    let close = text[at..].find(']')? + at;
    let eq = text[at + 1..close].trim();
    let rest = &text[close + 1..];
    let part = |c: char| c == '_' || c == '.' || c == '#' || c.is_alphanumeric();
    let length = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
    let named =
        eq == "/" || crate::frame::is_valid_name(eq.strip_prefix('/').unwrap_or(eq)) || eq.starts_with('#');
    if !named || length == 0 || rest[length..].starts_with(['(', '[']) {
        return None;
    }
    Some((Expr::Coef("_b".into(), Some(eq.to_string()), rest[..length].to_string()), close + 1 + length))
}

/// Replaces `r(…)`, `td(…)`, `_b[…]`, `[eq]_b[…]` by calls of `__raw#` so that the lexer sees only names.
fn protect_raw(text: &str) -> Result<(String, Vec<Expr>)> {
    let b = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut raws = Vec::new();
    let mut i = 0;
    let is_name = |c: u8| c == b'_' || c.is_ascii_alphanumeric() || c >= 0x80;
    while i < b.len() {
        if crate::syntax::split::quote_at(b, i) {
            let end = crate::syntax::split::skip_quote(b, i);
            out.push_str(&text[i..end]);
            i = end;
            continue;
        }
        let mut eq = None;
        let mut j = i;
        if b[i] == b'[' && (i == 0 || !is_name(b[i - 1])) {
            // [eq]_b[term]
            if let Some(close) = text[i..].find(']').map(|k| k + i)
                && ["_b[", "_se[", "_coef["].iter().any(|p| text[close + 1..].starts_with(p))
            {
                eq = Some(text[i + 1..close].trim().to_string());
                j = close + 1;
            } else if let Some((node, end)) = short_coefficient(text, i) {
                out.push_str(&format!("__raw{}", raws.len()));
                raws.push(node);
                i = end;
                continue;
            }
        }
        if is_name(b[j]) && (j == 0 || eq.is_some() || !(is_name(b[j - 1]) || b[j - 1] == b'.')) {
            let mut end = j;
            while end < b.len() && is_name(b[end]) {
                end += 1;
            }
            let name = &text[j..end];
            let open = b.get(end).copied();
            let raw = match open {
                Some(b'(') => RAW.contains(&name),
                Some(b'[') => ["_b", "_se", "_coef"].contains(&name),
                _ => false,
            };
            if raw && let Some(close) = crate::syntax::split::matching_paren(text, end) {
                let arg = text[end + 1..close].trim().to_string();
                let node = if open == Some(b'(') {
                    Expr::RawCall(name.to_string(), arg)
                } else {
                    // the name may stand in quotes: _b["1.x"]
                    let (eq, term) = super::lexer::equation_and_term(eq, &arg);
                    Expr::Coef(if name == "_se" { "_se".into() } else { "_b".into() }, eq, term)
                };
                // results with a subscript keep it: r(table)[1,2]
                out.push_str(&format!("__raw{}", raws.len()));
                raws.push(node);
                i = close + 1;
                continue;
            }
            out.push_str(&text[i..end]);
            i = end;
            continue;
        }
        let ch = text[i..].chars().next().unwrap_or(' ');
        out.push(ch);
        i += ch.len_utf8();
    }
    Ok((out, raws))
}

fn restore_raw(e: Expr, raws: &[Expr]) -> Expr {
    let raw =
        |n: &str| n.strip_prefix("__raw").and_then(|k| k.parse::<usize>().ok()).and_then(|k| raws.get(k));
    let all = |v: Vec<Expr>| v.into_iter().map(|a| restore_raw(a, raws)).collect();
    match e {
        Expr::Name(n) => match raw(&n) {
            Some(node) => node.clone(),
            None => Expr::Name(n),
        },
        Expr::Index(n, args) => {
            let name = match raw(&n) {
                Some(node) => node.to_string(),
                None => n,
            };
            Expr::Index(name, all(args))
        }
        Expr::Neg(a) => Expr::Neg(Box::new(restore_raw(*a, raws))),
        Expr::Not(a) => Expr::Not(Box::new(restore_raw(*a, raws))),
        Expr::Binary(op, a, b) => {
            Expr::Binary(op, Box::new(restore_raw(*a, raws)), Box::new(restore_raw(*b, raws)))
        }
        Expr::Call(n, args) => Expr::Call(n, all(args)),
        other => other,
    }
}

impl Parser<'_> {
    fn peek_op(&self) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some((Token::Op(op), _)) => Some(op),
            _ => None,
        }
    }

    fn eat(&mut self, op: &str) -> bool {
        let hit = self.peek_op() == Some(op);
        self.at += usize::from(hit);
        hit
    }

    fn binary(&mut self, min: u8) -> Result<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(StataError::standard(130));
        }
        let mut left = self.unary()?;
        while let Some((op, power)) = self.peek_op().and_then(binary_op) {
            if power < min {
                break;
            }
            self.at += 1;
            let right = self.binary(power + 1)?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr> {
        if self.eat("-") {
            // binds weaker than ^: -2^2 is -4
            let operand = self.nested_power()?;
            return Ok(Expr::Neg(Box::new(operand)));
        }
        if self.eat("+") {
            return self.nested_power();
        }
        self.power()
    }

    fn nested_power(&mut self) -> Result<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(StataError::standard(130));
        }
        let e = self.unary();
        self.depth -= 1;
        e
    }

    fn power(&mut self) -> Result<Expr> {
        let mut left = self.not()?;
        while self.eat("^") {
            let right = if self.eat("-") { Expr::Neg(Box::new(self.not()?)) } else { self.not()? };
            left = Expr::Binary(BinOp::Pow, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr> {
        if self.eat("!") || self.eat("~") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(StataError::standard(130));
            }
            let operand = if self.eat("-") { Expr::Neg(Box::new(self.not()?)) } else { self.not()? };
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(operand)));
        }
        self.primary()
    }

    fn list(&mut self, close: &str) -> Result<Vec<Expr>> {
        let mut args = Vec::new();
        if self.eat(close) {
            return Ok(args);
        }
        loop {
            args.push(self.binary(0)?);
            if self.eat(close) {
                return Ok(args);
            }
            if !self.eat(",") {
                return Err(StataError::syntax());
            }
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        let token = self.tokens.get(self.at).map(|t| t.0.clone()).ok_or_else(StataError::syntax)?;
        self.at += 1;
        match token {
            Token::Num(x) => Ok(Expr::Num(x)),
            Token::Str(s) => match (self.peek_op(), self.tokens.get(self.at + 1)) {
                (Some(":"), Some((Token::Name(label), _))) => {
                    let label = label.clone();
                    self.at += 2;
                    Ok(Expr::Labelled(s, label))
                }
                _ => Ok(Expr::Str(s)),
            },
            Token::OpName(op, name) => Ok(Expr::OpName(op, name)),
            Token::Name(name) => {
                if self.eat("(") {
                    return Ok(Expr::Call(name, self.list(")")?));
                }
                if self.eat("[") {
                    return Ok(Expr::Index(name, self.list("]")?));
                }
                Ok(Expr::Name(name))
            }
            // brackets group as parentheses do
            Token::Op(open @ ("(" | "[")) => {
                let e = self.binary(0)?;
                if !self.eat(if open == "(" { ")" } else { "]" }) {
                    return Err(StataError::standard(132));
                }
                Ok(e)
            }
            Token::Op("=") => Err(StataError::invalid("=exp not allowed")),
            Token::Op(_) => Err(StataError::syntax()),
        }
    }
}

fn binary_op(op: &str) -> Option<(BinOp, u8)> {
    Some(match op {
        "|" => (BinOp::Or, 1),
        "&" => (BinOp::And, 2),
        "==" => (BinOp::Eq, 3),
        "!=" | "~=" => (BinOp::Ne, 3),
        "<" => (BinOp::Lt, 3),
        "<=" => (BinOp::Le, 3),
        ">" => (BinOp::Gt, 3),
        ">=" => (BinOp::Ge, 3),
        "+" => (BinOp::Add, 4),
        "-" => (BinOp::Sub, 4),
        "*" => (BinOp::Mul, 5),
        "/" => (BinOp::Div, 5),
        _ => return None,
    })
}
