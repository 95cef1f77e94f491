//! Linear combinations of parameters written as in `test` and `lincom`: `2*x1 - _b[x2] + 3`.
//! Nonlinear expressions belong to `nlcom`.

use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;

/// `sum(weights * b) + constant`.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearForm {
    /// Weight of each parameter.
    pub weights: Vec<f64>,
    /// Constant term.
    pub constant: f64,
}

impl LinearForm {
    fn number(size: usize, value: f64) -> Self {
        Self { weights: vec![0.0; size], constant: value }
    }

    fn combine(mut self, other: &Self, factor: f64) -> Self {
        self.weights.iter_mut().zip(&other.weights).for_each(|(a, b)| *a += factor * b);
        self.constant += factor * other.constant;
        self
    }

    fn scale(mut self, factor: f64) -> Self {
        self.weights.iter_mut().for_each(|w| *w *= factor);
        self.constant *= factor;
        self
    }

    /// Whether no parameter takes part.
    pub fn is_number(&self) -> bool {
        self.weights.iter().all(|w| *w == 0.0)
    }

    /// The difference from another form.
    pub fn minus(self, other: &Self) -> Self {
        self.combine(other, -1.0)
    }

    /// The form as it is shown, `x1 - 2*x2`.
    pub fn text(&self, parameters: &Parameters) -> String {
        let mut out = String::new();
        for (weight, stripe) in self.weights.iter().zip(&parameters.stripe).filter(|(w, _)| **w != 0.0) {
            let name = if stripe.eq.is_empty() {
                stripe.name.clone()
            } else {
                format!("[{}]{}", stripe.eq, stripe.name)
            };
            let size = weight.abs();
            let factor =
                if size == 1.0 { String::new() } else { format!("{}*", crate::format::bare("%9.0g", size)) };
            match (out.is_empty(), *weight < 0.0) {
                (true, true) => out.push_str("- "),
                (true, false) => {}
                (false, true) => out.push_str(" - "),
                (false, false) => out.push_str(" + "),
            }
            out.push_str(&factor);
            out.push_str(&name);
        }
        out
    }
}

/// The text with `/name` for every `[/name]` that no name follows: both are the ancillary parameter.
pub(crate) fn ancillary_names(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("[/") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some(end) = from.find(']') else { return out + from };
        let (name, behind) = (&from[2..end], &from[end + 1..]);
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        // `_b[/name]` stays
        let alone = !name.is_empty() && !behind.starts_with(letter) && !before.ends_with(letter);
        if alone {
            out.push_str(&format!("/{name}"))
        } else {
            out.push_str(&from[..=end])
        }
        rest = behind;
    }
    out + rest
}

/// Parses a linear form.
pub fn parse(text: &str, parameters: &Parameters) -> Result<LinearForm> {
    let named = ancillary_names(text);
    let text = named.as_str();
    let mut reader = Reader { text, at: 0, parameters };
    let form = reader.sum()?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(StataError::new(198, format!("invalid expression near '{}'", &text[reader.at..])));
    }
    Ok(form)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    parameters: &'a Parameters,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.text[self.at..].starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn sum(&mut self) -> Result<LinearForm> {
        let mut form = self.product()?;
        loop {
            if self.take('+') {
                form = form.combine(&self.product()?, 1.0);
            } else if self.take('-') {
                form = form.combine(&self.product()?, -1.0);
            } else {
                return Ok(form);
            }
        }
    }

    fn product(&mut self) -> Result<LinearForm> {
        let mut form = self.factor()?;
        loop {
            if self.take('*') {
                let other = self.factor()?;
                form = match (form.is_number(), other.is_number()) {
                    (true, _) => other.scale(form.constant),
                    (_, true) => form.scale(other.constant),
                    _ => return Err(not_linear()),
                };
            } else if self.take('/') {
                let other = self.factor()?;
                if !other.is_number() || other.constant == 0.0 {
                    return Err(not_linear());
                }
                form = form.scale(1.0 / other.constant);
            } else {
                return Ok(form);
            }
        }
    }

    fn factor(&mut self) -> Result<LinearForm> {
        let size = self.parameters.b.len();
        if self.take('-') {
            return Ok(self.factor()?.scale(-1.0));
        }
        if self.take('+') {
            return self.factor();
        }
        if self.take('(') {
            let form = self.sum()?;
            return if self.take(')') {
                Ok(form)
            } else {
                Err(StataError::new(198, "unbalanced parentheses"))
            };
        }
        // At the place of a factor a slash begins the name of an ancillary parameter.
        let ancillary = self.take('/');
        self.skip_space();
        let rest = &self.text[self.at..];
        let word = word_length(rest, ancillary || rest.starts_with("[/]"));
        if word == 0 {
            return Err(StataError::new(198, "invalid expression"));
        }
        self.at += word;
        let word = &rest[..word];
        if let Some(value) = crate::syntax::options::parse_number(word).filter(|_| !ancillary) {
            return Ok(LinearForm::number(size, value));
        }
        let name = if ancillary { format!("/{word}") } else { coefficient_name(word) };
        let position = self.parameters.find(&name).ok_or_else(|| StataError::not_found(&name))?;
        let mut form = LinearForm::number(size, 0.0);
        form.weights[position] = 1.0;
        Ok(form)
    }
}

fn not_linear() -> StataError {
    StataError::new(131, "not possible with test: the expression is not linear in the coefficients")
}

/// `_b[x]`, `[eq]_b[x]`, `[eq]x` or `x` as `find` takes it.
fn coefficient_name(word: &str) -> String {
    let inner = |text: &str| -> Option<String> {
        let rest = text.strip_prefix("_b[").or_else(|| text.strip_prefix("_coef["))?;
        Some(rest.strip_suffix(']')?.trim().to_string())
    };
    if let Some(name) = inner(word) {
        return name;
    }
    if let Some((equation, rest)) = word.strip_prefix('[').and_then(|w| w.split_once(']')) {
        let name = inner(rest).unwrap_or_else(|| rest.to_string());
        return format!("{equation}:{name}");
    }
    word.to_string()
}

/// Length of a number or coefficient name at the start of a text; the name of an ancillary parameter may be `var(e.y)`.
fn word_length(text: &str, ancillary: bool) -> usize {
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'[' => match text[at..].find(']') {
                Some(end) => at += end + 1,
                None => return at,
            },
            b'(' if ancillary && at > 0 => match text[at..].find(')') {
                Some(end) => return at + end + 1,
                None => return at,
            },
            c if c.is_ascii_alphanumeric() || c >= 128 || matches!(c, b'_' | b'.' | b'#' | b':' | b'@') => {
                at += 1
            }
            b'+' | b'-'
                if ends_in_exponent(&text[..at]) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) =>
            {
                at += 1;
            }
            _ => break,
        }
    }
    at
}

/// Whether a text is a number up to the letter of its power of ten, as `9.8e` of `9.8e-12`.
fn ends_in_exponent(text: &str) -> bool {
    text.strip_suffix(['e', 'E']).is_some_and(|mantissa| mantissa.parse::<f64>().is_ok_and(f64::is_finite))
}
