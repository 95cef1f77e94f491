//! Splits the text of a condition into tokens, each with its place; knows nothing of columns.

use super::ExpressionError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(f64),
    Text(String),
    /// An operator, a parenthesis or a comma.
    Symbol(&'static str),
    End,
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Name(name) => format!("`{name}`"),
            Token::Number(value) => format!("number {}", crate::domain::encode::number_text(*value)),
            Token::Text(_) => "a text".to_owned(),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::End => "the end".to_owned(),
        }
    }
}

/// A token and where it begins, in characters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// Two-character symbols come first, so that `<=` is not read as `<` and `=`.
const SYMBOLS: [&str; 17] =
    ["==", "!=", "<=", ">=", "(", ")", ",", "<", ">", "&", "|", "!", "-", "+", "*", "/", "^"];

/// Returns the tokens of a text, `End` last.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, ExpressionError> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c == ' ' || c == '\t' {
            at += 1;
            continue;
        }
        let (token, next) = if c == '"' {
            text_literal(&chars, at)?
        } else if c.is_ascii_digit() || (c == '.' && chars.get(at + 1).is_some_and(char::is_ascii_digit)) {
            number(&chars, at)?
        } else if c == '_' || c.is_alphabetic() {
            let end = (at..chars.len()).find(|i| !is_name_char(chars[*i])).unwrap_or(chars.len());
            (Token::Name(chars[at..end].iter().collect()), end)
        } else {
            symbol(&chars, at)?
        };
        out.push(Placed { token, at });
        at = next;
    }
    out.push(Placed { token: Token::End, at: chars.len() });
    Ok(out)
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn symbol(chars: &[char], at: usize) -> Result<(Token, usize), ExpressionError> {
    let found = SYMBOLS.iter().find(|s| s.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c)));
    if let Some(symbol) = found {
        return Ok((Token::Symbol(symbol), at + symbol.len()));
    }
    let c = chars[at];
    let expected: &[&str] = match c {
        '=' => &["=="],
        '~' => &["!", "!="],
        '\'' | '“' | '”' | '‘' | '’' | '「' | '」' => &["\""],
        '.' => &["missing(column)"],
        _ => &["column", "number", "text in double quotes", "(", "!"],
    };
    Err(ExpressionError::new(at, format!("the character {c:?} has no meaning here"), expected))
}

fn text_literal(chars: &[char], at: usize) -> Result<(Token, usize), ExpressionError> {
    match (at + 1..chars.len()).find(|i| chars[*i] == '"') {
        Some(end) => Ok((Token::Text(chars[at + 1..end].iter().collect()), end + 1)),
        None => Err(ExpressionError::new(at, "the text has no closing quote", &["\""])),
    }
}

fn number(chars: &[char], at: usize) -> Result<(Token, usize), ExpressionError> {
    let digits =
        |from: usize| (from..chars.len()).find(|i| !chars[*i].is_ascii_digit()).unwrap_or(chars.len());
    let mut end = digits(at);
    if chars.get(end) == Some(&'.') {
        end = digits(end + 1);
    }
    if matches!(chars.get(end), Some('e' | 'E')) {
        let sign = usize::from(matches!(chars.get(end + 1), Some('+' | '-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    if let Some(date) = date_at(chars, at) {
        let expected = format!("date(\"{date}\")");
        let reason = format!("{date} would be a difference of numbers; a date is written {expected}");
        return Err(ExpressionError::new(at, reason, &[&expected]));
    }
    let text: String = chars[at..end].iter().collect();
    let value = text.parse::<f64>().ok().filter(|v| crate::domain::encode::is_storable(*v));
    let continues = |c: &char| (is_name_char(*c) && !super::habits::begins_a_word(*c)) || *c == '.';
    let followed_by_name = chars.get(end).is_some_and(continues);
    match value {
        Some(value) if !followed_by_name => Ok((Token::Number(value), end)),
        _ => Err(ExpressionError::new(at, "this is not a number", &["number"])),
    }
}

/// A date that is written as it is in a file, `2019-01-31`.
fn date_at(chars: &[char], at: usize) -> Option<String> {
    let form = "dddd-dd-dd";
    let fits = |(i, f): (usize, char)| match (f, chars.get(at + i)) {
        ('d', Some(c)) => c.is_ascii_digit(),
        (_, c) => c == Some(&'-'),
    };
    let ends = !chars.get(at + form.len()).is_some_and(|c| is_name_char(*c) || *c == '.');
    (ends && form.chars().enumerate().all(fits)).then(|| chars[at..at + form.len()].iter().collect())
}
