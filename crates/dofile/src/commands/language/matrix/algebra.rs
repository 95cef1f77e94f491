//! Matrix expressions: operators, functions and subscripts (manual [P] matrix define).

use crate::error::{Result, StataError};
use crate::expr::{Token, tokenize};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::split::matching_paren;
use crate::value::{MISSING, clean, is_missing};

/// Evaluates a matrix expression; scalars are 1 × 1.
pub(crate) fn evaluate(s: &Session, text: &str) -> Result<Matrix> {
    let text = text.trim();
    let mut p = Parser { s, text, at: 0, depth: 0, named: false };
    let mut m = p.join()?;
    p.blank();
    if p.at < text.len() {
        return Err(StataError::syntax());
    }
    // A matrix of numbers alone has rows r1, r2, ... and columns c1, c2, ...
    if !p.named {
        m = Matrix::new(m.rows(), m.cols(), m.values().to_vec());
    }
    Ok(m)
}

struct Parser<'a> {
    s: &'a Session,
    text: &'a str,
    at: usize,
    depth: usize,
    /// Whether a matrix or a function of matrices takes part, whose names go on.
    named: bool,
}

const MAX_DEPTH: usize = 100;

fn scalar(x: f64) -> Matrix {
    Matrix::new(1, 1, vec![x])
}

fn as_scalar(m: &Matrix) -> Result<f64> {
    if m.rows() == 1 && m.cols() == 1 { Ok(m.get(0, 0)) } else { Err(StataError::standard(503)) }
}

impl Parser<'_> {
    fn blank(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, c: char) -> bool {
        self.blank();
        let hit = self.text[self.at..].starts_with(c);
        if hit {
            self.at += c.len_utf8();
        }
        hit
    }

    /// `\` binds weaker than `,`, both weaker than `+`.
    fn join(&mut self) -> Result<Matrix> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(StataError::standard(130));
        }
        let mut m = self.row()?;
        while self.eat('\\') {
            let start = self.at;
            let below = self.row()?;
            m = if m.rows() == 0 { below } else { self.stacked(&m, &below, start)? };
        }
        self.depth -= 1;
        Ok(m)
    }

    fn row(&mut self) -> Result<Matrix> {
        let mut m = self.sum()?;
        while self.eat(',') {
            let start = self.at;
            let right = self.sum()?;
            m = if m.cols() == 0 {
                right
            } else {
                self.stacked(&m.transpose(), &right.transpose(), start)?.transpose()
            };
        }
        Ok(m)
    }

    /// One matrix above another whose text begins at `start`: a matrix that the text only names keeps its names.
    fn stacked(&self, above: &Matrix, below: &Matrix, start: usize) -> Result<Matrix> {
        let text = self.text[start..self.at].trim();
        let is_name = text.starts_with(|c: char| c == '_' || c.is_alphabetic())
            && text.chars().all(|c| c == '_' || c.is_alphanumeric());
        if is_name { above.stack(below) } else { above.stack_numbered(below) }
    }

    fn sum(&mut self) -> Result<Matrix> {
        let mut m = self.product()?;
        loop {
            if self.eat('+') {
                m = add(&m, &self.product()?, 1.0)?;
            } else if self.eat('-') {
                m = add(&m, &self.product()?, -1.0)?;
            } else {
                return Ok(m);
            }
        }
    }

    fn product(&mut self) -> Result<Matrix> {
        let mut m = self.unary()?;
        loop {
            if self.eat('*') {
                m = times(&m, &self.unary()?)?;
            } else if self.eat('/') {
                let d = as_scalar(&self.unary()?)?;
                m = m
                    .map(|x| if d == 0.0 || is_missing(x) || is_missing(d) { MISSING } else { clean(x / d) });
            } else if self.eat('#') {
                m = kronecker(&m, &self.unary()?);
            } else {
                return Ok(m);
            }
        }
    }

    fn unary(&mut self) -> Result<Matrix> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(StataError::standard(130));
        }
        let m = if self.eat('-') {
            self.unary()?.map(|x| if is_missing(x) { x } else { -x })
        } else {
            self.postfix()?
        };
        self.depth -= 1;
        Ok(m)
    }

    fn postfix(&mut self) -> Result<Matrix> {
        let mut m = self.primary()?;
        loop {
            if self.text[self.at..].starts_with('\'') {
                self.at += 1;
                m = m.transpose();
            } else if self.text[self.at..].starts_with('[') {
                let close = matching_paren(self.text, self.at).ok_or_else(StataError::syntax)?;
                let inner = self.text[self.at + 1..close].to_string();
                self.at = close + 1;
                m = subscript(self.s, &m, &inner)?;
            } else if self.eat('^') {
                let k = as_scalar(&self.primary()?)?;
                m = scalar(clean(as_scalar(&m)?.powf(k)));
            } else {
                return Ok(m);
            }
        }
    }

    fn primary(&mut self) -> Result<Matrix> {
        self.blank();
        let rest = &self.text[self.at..];
        let first = rest.chars().next().ok_or_else(StataError::syntax)?;
        // brackets group as parentheses do: [1, 2] is (1, 2)
        if first == '(' || first == '[' {
            let close = matching_paren(self.text, self.at).ok_or_else(StataError::syntax)?;
            self.at += 1;
            let m = self.join()?;
            self.blank();
            if self.at != close {
                return Err(StataError::syntax());
            }
            self.at = close + 1;
            return Ok(m);
        }
        if first.is_ascii_digit() || first == '.' {
            return self.number();
        }
        let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        if end == 0 {
            return Err(StataError::syntax());
        }
        let name = rest[..end].to_string();
        if rest[end..].starts_with('(') {
            let close = matching_paren(self.text, self.at + end).ok_or_else(StataError::syntax)?;
            let inner = self.text[self.at + end + 1..close].to_string();
            self.at = close + 1;
            let value = function(self.s, &name, &inner)?;
            // a number has no names, a stored matrix of one element has
            let plain = Matrix::new(value.rows(), value.cols(), value.values().to_vec());
            let one = value.rows() == 1 && value.cols() == 1;
            self.named |= !one || value.row_names != plain.row_names || value.col_names != plain.col_names;
            return Ok(value);
        }
        if ["_b", "_se"].contains(&name.as_str()) && rest[end..].starts_with('[') {
            let close = matching_paren(self.text, self.at + end).ok_or_else(StataError::syntax)?;
            let exp = self.text[self.at..=close].to_string();
            self.at = close + 1;
            return Ok(scalar(self.s.eval_num(&exp)?));
        }
        self.at += end;
        if let Some(m) = self.s.matrix(&name) {
            self.named = true;
            return Ok((*m).clone());
        }
        Ok(scalar(self.s.eval_num(&name).map_err(|_| StataError::not_found(&name))?))
    }

    fn number(&mut self) -> Result<Matrix> {
        let rest = &self.text[self.at..];
        let b = rest.as_bytes();
        let mut end = 0;
        while end < b.len() && (b[end].is_ascii_digit() || b[end] == b'.') {
            end += 1;
        }
        if matches!(b.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
            if b.get(end + 1 + sign).is_some_and(|c| c.is_ascii_digit()) {
                end += 1 + sign;
                while b.get(end).is_some_and(|c| c.is_ascii_digit()) {
                    end += 1;
                }
            }
        }
        if rest.starts_with('.') && end == 1 && b.get(1).is_some_and(|c| c.is_ascii_lowercase()) {
            end = 2;
        }
        let tokens = tokenize(&rest[..end])?;
        self.at += end;
        match &tokens[..] {
            [(Token::Num(x), _)] => Ok(scalar(*x)),
            _ => Err(StataError::syntax()),
        }
    }
}

fn add(a: &Matrix, b: &Matrix, sign: f64) -> Result<Matrix> {
    let f = |x: f64, y: f64| if is_missing(x) || is_missing(y) { MISSING } else { clean(x + sign * y) };
    a.zip(b, f)
}

fn times(a: &Matrix, b: &Matrix) -> Result<Matrix> {
    let one = |m: &Matrix| m.rows() == 1 && m.cols() == 1;
    let scale =
        |m: &Matrix, k: f64| m.map(|x| if is_missing(x) || is_missing(k) { MISSING } else { clean(x * k) });
    if one(a) {
        return Ok(scale(b, a.get(0, 0)));
    }
    if one(b) {
        return Ok(scale(a, b.get(0, 0)));
    }
    a.times(b)
}

fn kronecker(a: &Matrix, b: &Matrix) -> Matrix {
    let mut out = Matrix::filled(a.rows() * b.rows(), a.cols() * b.cols(), 0.0);
    for i in 0..out.rows() {
        for j in 0..out.cols() {
            let x = a.get(i / b.rows(), j / b.cols()) * b.get(i % b.rows(), j % b.cols());
            out.set(i, j, clean(x));
        }
    }
    out
}

/// `A[i,j]`, `A[i1..i2, "name"]`, `A[1...,2]`.
fn subscript(s: &Session, m: &Matrix, inner: &str) -> Result<Matrix> {
    let comma = crate::syntax::split::top_level_comma(inner);
    let (rows, cols) = match comma {
        Some(i) => (inner[..i].trim(), inner[i + 1..].trim()),
        None if m.rows() == 1 => ("1", inner.trim()),
        None => (inner.trim(), "1"),
    };
    let (r0, r1) = range(s, rows, m.rows(), &m.row_names)?;
    let (c0, c1) = range(s, cols, m.cols(), &m.col_names)?;
    Ok(m.slice(r0, r1, c0, c1))
}

/// Half-open range of a subscript.
pub(super) fn range(s: &Session, text: &str, n: usize, names: &[Stripe]) -> Result<(usize, usize)> {
    let one = |t: &str| -> Result<usize> {
        let t = t.trim();
        if t.starts_with('"') || t.starts_with('`') {
            let label = crate::syntax::split::unquote(t);
            let at = names.iter().position(|x| x.name == label || x.full() == label);
            return at.map(|k| k + 1).ok_or_else(|| StataError::new(111, format!("{label} not found")));
        }
        let x = s.eval_num(t)?;
        if x >= 1.0 && x < n as f64 + 1.0 { Ok(x as usize) } else { Err(StataError::standard(503)) }
    };
    if let Some(a) = text.strip_suffix("...") {
        return Ok((one(a)? - 1, n));
    }
    if text.starts_with('"') && text.ends_with(":\"") {
        // all columns of an equation
        let eq = text.trim_matches('"').trim_end_matches(':');
        let hits: Vec<usize> = (0..n).filter(|&k| names[k].eq == eq).collect();
        return match (hits.first(), hits.last()) {
            (Some(a), Some(b)) => Ok((*a, b + 1)),
            _ => Err(StataError::not_found(eq)),
        };
    }
    match text.split_once("..") {
        Some((a, b)) => {
            let (a, b) = (one(a)?, one(b)?);
            if a > b { Err(StataError::standard(503)) } else { Ok((a - 1, b)) }
        }
        None => one(text).map(|k| (k - 1, k)),
    }
}

/// The inverse, symmetric to the last digit of a symmetric matrix; missing values of a singular one.
fn inverse(a: &Matrix) -> Result<Matrix> {
    match a.inverse()? {
        Some(inverse) if a.is_symmetric() => inverse.zip(&inverse.transpose(), |x, y| 0.5 * (x + y)),
        Some(inverse) => Ok(inverse),
        None => Ok(Matrix::filled(a.rows(), a.cols(), MISSING)),
    }
}

fn function(s: &Session, name: &str, inner: &str) -> Result<Matrix> {
    let mut args: Vec<&str> = Vec::new();
    let mut rest = inner;
    while let Some(i) = crate::syntax::split::top_level_comma(rest) {
        args.push(rest[..i].trim());
        rest = rest[i + 1..].trim();
    }
    args.push(rest.trim());
    let m = |k: usize| -> Result<Matrix> { evaluate(s, args.get(k).copied().unwrap_or("")) };
    let dimension = |k: usize| -> Result<usize> {
        let x = as_scalar(&m(k)?)?;
        if (0.0..=11_000.0).contains(&x) { Ok(x as usize) } else { Err(StataError::standard(915)) }
    };
    Ok(match name {
        "inv" => inverse(&m(0)?)?,
        "invsym" | "syminv" => {
            let a = m(0)?;
            // tiny asymmetries of computed products are not an error
            let symmetric = a.zip(&a.transpose(), |x, y| {
                if (x - y).abs() <= 1e-8 * x.abs().max(y.abs()) { 0.5 * (x + y) } else { f64::NAN }
            })?;
            if symmetric.values().iter().any(|x| x.is_nan()) {
                return Err(StataError::standard(505));
            }
            symmetric.inverse_symmetric()?
        }
        "cholesky" => super::forms::cholesky(&m(0)?)?,
        "I" => Matrix::identity(dimension(0)?),
        "J" => Matrix::filled(dimension(0)?, dimension(1)?, as_scalar(&m(2)?)?),
        "diag" => super::forms::diag(&m(0)?)?,
        "vecdiag" => super::forms::vecdiag(&m(0)?)?,
        "hadamard" => m(0)?.zip(&m(1)?, |x, y| clean(x * y))?,
        "vec" => {
            let a = m(0)?.transpose();
            Matrix::new(a.rows() * a.cols(), 1, a.values().to_vec())
        }
        "corr" => super::forms::corr(&m(0)?)?,
        "nullmat" => match s.matrix(inner) {
            Some(a) => (*a).clone(),
            None => Matrix::new(0, 0, Vec::new()),
        },
        "sweep" => {
            return Err(StataError::new(133, "matrix function sweep() is not supported by the open engine"));
        }
        "r" | "e" => {
            let full = format!("{name}({inner})");
            match s.matrix(&full) {
                Some(a) => (*a).clone(),
                None => {
                    let x = s.eval_num(&full)?;
                    let results = if name == "r" { &s.r } else { &s.e.results };
                    // a stored result may itself be missing, as r(sd) of one observation
                    if is_missing(x) && !results.has(inner.trim()) {
                        return Err(StataError::new(111, format!("{full} not found")));
                    }
                    scalar(x)
                }
            }
        }
        "get" => match inner.trim() {
            "_b" => s.matrix("e(b)").map(|m| (*m).clone()).ok_or_else(StataError::no_estimates)?,
            "Cns" => s.matrix("e(Cns)").map(|m| (*m).clone()).ok_or_else(|| StataError::not_found("Cns"))?,
            "VCE" => s.matrix("e(V)").map(|m| (*m).clone()).ok_or_else(StataError::no_estimates)?,
            other => return Err(StataError::not_found(other)),
        },
        _ => {
            // a scalar function such as sqrt() or el()
            scalar(s.eval_num(&format!("{name}({inner})"))?)
        }
    })
}
