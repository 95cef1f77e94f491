//! A second reading of printed conditions: a small evaluator of Stata's expressions with Stata's own
//! two-valued meaning (`help exp`, `help missing`), written from the manual and used by tests only.

use std::collections::BTreeMap;

/// A value; a missing number is larger than every number, a missing text is empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(Option<f64>),
    Text(String),
}

impl Value {
    fn number(&self) -> f64 {
        match self {
            Value::Number(value) => value.unwrap_or(f64::INFINITY),
            Value::Text(text) => panic!("type mismatch: {text:?} is no number"),
        }
    }

    fn is_missing(&self) -> bool {
        matches!(self, Value::Number(None)) || *self == Value::Text(String::new())
    }
}

/// One row by column name.
pub(crate) type Row = BTreeMap<String, Value>;

struct Reader<'a> {
    chars: Vec<char>,
    at: usize,
    row: &'a Row,
}

/// Evaluates an expression on a row: 1 or 0.
pub(crate) fn evaluate(expression: &str, row: &Row) -> bool {
    let mut reader = Reader { chars: expression.chars().collect(), at: 0, row };
    let value = reader.or();
    reader.blanks();
    assert_eq!(reader.at, reader.chars.len(), "unread: {expression}");
    value.number() != 0.0
}

fn truth(value: bool) -> Value {
    Value::Number(Some(if value { 1.0 } else { 0.0 }))
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.chars.get(self.at) == Some(&' ') {
            self.at += 1;
        }
    }

    fn take(&mut self, symbol: &str) -> bool {
        self.blanks();
        let found = symbol.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c));
        if found {
            self.at += symbol.chars().count();
        }
        found
    }

    fn or(&mut self) -> Value {
        let mut left = self.and();
        while self.take("|") {
            let right = self.and();
            left = truth(left.number() != 0.0 || right.number() != 0.0);
        }
        left
    }

    fn and(&mut self) -> Value {
        let mut left = self.comparison();
        while self.take("&") {
            let right = self.comparison();
            left = truth(left.number() != 0.0 && right.number() != 0.0);
        }
        left
    }

    fn comparison(&mut self) -> Value {
        let left = self.unary();
        for op in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.take(op) {
                let right = self.unary();
                let order = match (&left, &right) {
                    (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
                    _ => left.number().total_cmp(&right.number()),
                };
                return truth(match op {
                    "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<=" => order.is_le(),
                    ">=" => order.is_ge(),
                    "<" => order.is_lt(),
                    _ => order.is_gt(),
                });
            }
        }
        left
    }

    fn unary(&mut self) -> Value {
        self.blanks();
        if self.take("!") {
            return truth(self.unary().number() == 0.0);
        }
        if self.take("-") {
            return Value::Number(Some(-self.unary().number()));
        }
        if self.take("(") {
            let value = self.or();
            assert!(self.take(")"));
            return value;
        }
        if self.take("\"") {
            let end = (self.at..).find(|i| self.chars[*i] == '"').expect("a closing quote");
            let text = self.chars[self.at..end].iter().collect();
            self.at = end + 1;
            return Value::Text(text);
        }
        let is_word = |c: &char| c.is_alphanumeric() || *c == '_' || *c == '.';
        let mut end = self.at;
        while self.chars.get(end).is_some_and(is_word) {
            end += 1;
            // the sign of an exponent
            let exponent = self.chars[self.at].is_ascii_digit() && self.chars[end - 1] == 'e';
            if exponent && matches!(self.chars.get(end), Some('-' | '+')) {
                end += 1;
            }
        }
        let word: String = self.chars[self.at..end].iter().collect();
        self.at = end;
        if let Ok(number) = word.parse::<f64>() {
            return Value::Number(Some(number));
        }
        if self.take("(") {
            return self.call(&word);
        }
        self.row.get(&word).unwrap_or_else(|| panic!("{word} not found")).clone()
    }

    fn call(&mut self, name: &str) -> Value {
        let mut args = vec![self.or()];
        while self.take(",") {
            args.push(self.or());
        }
        assert!(self.take(")"));
        match name {
            "missing" => truth(args.iter().any(Value::is_missing)),
            "float" => Value::Number(Some(f64::from(args[0].number() as f32))),
            "inlist" => {
                let limit = if matches!(args[0], Value::Text(_)) { 10 } else { 250 };
                assert!(args.len() <= limit, "too many arguments");
                truth(args[1..].iter().any(|a| *a == args[0]))
            }
            // a missing bound is no bound; a missing value is outside
            "inrange" => {
                let x = &args[0];
                let inside = match (x, &args[1], &args[2]) {
                    (Value::Text(x), Value::Text(a), Value::Text(b)) => a <= x && (x <= b || b.is_empty()),
                    (x, a, b) => (a.is_missing() || x.number() >= a.number()) && x.number() <= b.number(),
                };
                truth(inside && !x.is_missing())
            }
            "strpos" => match (&args[0], &args[1]) {
                (Value::Text(text), Value::Text(part)) => {
                    Value::Number(Some(text.find(part.as_str()).map_or(0.0, |i| i as f64 + 1.0)))
                }
                _ => panic!("type mismatch"),
            },
            _ => panic!("unknown function {name}()"),
        }
    }
}
