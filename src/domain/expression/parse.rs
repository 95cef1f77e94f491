//! A Pratt parser from text to the typed tree: names are resolved and types are checked while parsing, so
//! that every refusal has its place.

use chrono::{NaiveDate, NaiveDateTime};

use super::derivation::{Derivation, Statistic};
use super::habits::advised;
use super::lexer::{Placed, Token, tokens};
use super::names::nearest;
use super::operator::{Function, Operator, Shift};
use super::term::Term;
use super::tree::{ColumnRef, Comparison, Condition, Literal, Operand, ValueClass};
use super::{ExpressionError, MAX_CHARS, MAX_DEPTH, MAX_ITEMS, MAX_LEAVES};
use crate::domain::dataset::Column;
use crate::domain::encode::{SafeText, VariableName};

const OPERANDS: &[&str] = &["column", "number", "text in double quotes", "date(\"YYYY-MM-DD\")"];
const TESTS: [&str; 4] = ["missing", "inrange", "inlist", "strpos"];
const GROUPS: [&str; 4] = ["group", "group_mean", "group_sum", "group_count"];
/// Binding powers: `|` < `&` < comparisons < `+ -` < `* /` < a sign < `^`; `!` is followed by a parenthesis or
/// a function.
const OR: u8 = 1;
const AND: u8 = 2;
const COMPARE: u8 = 3;
const SUM: u8 = 4;
const PRODUCT: u8 = 5;
const SIGN: u8 = 6;
const POWER: u8 = 7;
/// Most periods of a lag.
const MAX_PERIODS: f64 = 100.0;
/// Most keys of a group.
const MAX_KEYS: usize = 10;

/// Parses the text of a condition on these columns.
///
/// # Errors
/// [`ExpressionError`] with the place and what could stand there: unknown column or function, operands of
/// different types, a value where a condition is needed, a text that is not allowed in literals, limits.
pub fn parse_condition(text: &str, columns: &[Column]) -> Result<Condition, ExpressionError> {
    match parse_node(text, columns)? {
        Node::Truth(condition) => Ok(condition),
        Node::Value(_) => Err(no_condition(text.chars().take_while(|c| matches!(c, ' ' | '\t')).count())),
        Node::Derived(_) => {
            let reason = "a variable of a group is derived first, by itself";
            Err(ExpressionError::new(0, reason, &["a derived variable"]))
        }
    }
}

/// Parses a text whatever it stands for; a refusal at a spelling of another language says how it is written here.
pub(super) fn parse_node(text: &str, columns: &[Column]) -> Result<Node, ExpressionError> {
    parse_all(text, columns).map_err(|refusal| advised(text, columns, refusal))
}

fn parse_all(text: &str, columns: &[Column]) -> Result<Node, ExpressionError> {
    if text.chars().count() > MAX_CHARS {
        let reason = format!("an expression may have at most {MAX_CHARS} characters");
        return Err(ExpressionError::new(MAX_CHARS, reason, &["a shorter expression"]));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, columns, depth: 0, leaves: 0 };
    let node = parser.expression(0)?;
    match parser.peek() {
        Placed { token: Token::End, .. } => Ok(node),
        Placed { token, at } => {
            let reason = format!("{} does not continue the expression", token.describe());
            Err(ExpressionError::new(*at, reason, &["&", "|", "the end"]))
        }
    }
}

fn no_condition(at: usize) -> ExpressionError {
    let expected = &["==", "!=", "<", "<=", ">", ">=", "missing(column)"];
    ExpressionError::new(at, "a value is no condition", expected)
}

/// Meaning of a part of the text.
pub(super) enum Node {
    Value(Operand),
    Truth(Condition),
    /// Only a whole expression can be one.
    Derived(Derivation),
}

struct Parser<'a> {
    tokens: Vec<Placed>,
    next: usize,
    columns: &'a [Column],
    depth: usize,
    leaves: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Placed {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Placed {
        let placed = self.peek().clone();
        self.next += 1;
        placed
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), ExpressionError> {
        let found = self.take();
        if found.token == Token::Symbol(symbol) {
            return Ok(());
        }
        Err(ExpressionError::new(found.at, format!("found {}", found.token.describe()), &[symbol]))
    }

    fn expression(&mut self, power: u8) -> Result<Node, ExpressionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let reason = format!("the expression is nested more than {MAX_DEPTH} deep");
            return Err(ExpressionError::new(self.peek().at, reason, &["a flatter expression"]));
        }
        let start = self.peek().at;
        let mut left = self.prefix()?;
        while let Some((symbol, binding)) = self.infix().filter(|(_, binding)| *binding > power) {
            let at = self.take().at;
            let right_start = self.peek().at;
            let right = self.expression(binding)?;
            left = match symbol {
                "&" | "|" => {
                    let args = [self.condition(left, start)?, self.condition(right, right_start)?];
                    Node::Truth(junction(symbol == "&", args))
                }
                "+" | "-" | "*" | "/" | "^" => {
                    self.arithmetic(symbol, (left, start), (right, right_start))?
                }
                _ => self.compare(symbol, at, (left, start), (right, right_start))?,
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn infix(&self) -> Option<(&'static str, u8)> {
        match self.peek().token {
            Token::Symbol("|") => Some(("|", OR)),
            Token::Symbol("&") => Some(("&", AND)),
            Token::Symbol(s @ ("==" | "!=" | "<" | "<=" | ">" | ">=")) => Some((s, COMPARE)),
            Token::Symbol(s @ ("+" | "-")) => Some((s, SUM)),
            Token::Symbol(s @ ("*" | "/")) => Some((s, PRODUCT)),
            Token::Symbol("^") => Some(("^", POWER)),
            _ => None,
        }
    }

    fn prefix(&mut self) -> Result<Node, ExpressionError> {
        let Placed { token, at } = self.take();
        match token {
            Token::Symbol("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Symbol("!") => {
                let start = self.peek().at;
                // only what is a condition by itself may follow: `!a == b` would be read in two ways
                let inner = self.expression(COMPARE)?;
                let arg = self.condition(inner, start)?;
                Ok(Node::Truth(Condition::Not { arg: Box::new(arg) }))
            }
            Token::Symbol(sign @ ("-" | "+")) => self.signed(sign),
            Token::Number(value) => Ok(Node::Value(Operand::Literal(Literal::Number { value }))),
            Token::Text(text) => {
                Ok(Node::Value(Operand::Literal(Literal::Text { value: safe_text(text, at)? })))
            }
            Token::Name(name) if self.peek().token == Token::Symbol("(") => self.call(&name, at),
            Token::Name(name) => Ok(Node::Value(Operand::Column(self.column(&name, at)?))),
            other => Err(ExpressionError::new(at, format!("found {}", other.describe()), OPERANDS)),
        }
    }

    /// A sign before a number belongs to it, unless a power follows: `-2 ^ 2` is -4.
    fn signed(&mut self, sign: &str) -> Result<Node, ExpressionError> {
        let at = self.peek().at;
        if let Token::Number(value) = self.peek().token {
            let power_follows = self.tokens.get(self.next + 1).is_some_and(|t| t.token == Token::Symbol("^"));
            if !power_follows {
                self.next += 1;
                let value = if sign == "-" { -value } else { value };
                return Ok(Node::Value(Operand::Literal(Literal::Number { value })));
            }
        }
        if sign == "+" {
            return Err(ExpressionError::new(at, "a plus sign stands before a number", &["number"]));
        }
        let inner = self.expression(SIGN)?;
        let arg = Box::new(self.number(inner, at)?);
        Ok(Node::Value(Operand::Term(Box::new(Term::Negate { arg }))))
    }

    fn call(&mut self, name: &str, at: usize) -> Result<Node, ExpressionError> {
        self.expect("(")?;
        let node = match name {
            "date" | "datetime" => Node::Value(Operand::Literal(self.moment(name)?)),
            _ if TESTS.contains(&name) => {
                let column = self.first_column(name)?;
                self.leaf(at)?;
                Node::Truth(self.test(name, column)?)
            }
            _ if GROUPS.contains(&name) => Node::Derived(self.group(name, at)?),
            _ => Node::Value(Operand::Term(Box::new(self.function(name, at)?))),
        };
        self.expect(")")?;
        Ok(node)
    }

    fn first_column(&mut self, name: &str) -> Result<ColumnRef, ExpressionError> {
        let at = self.peek().at;
        match self.take().token {
            Token::Name(column) => self.column(&column, at),
            other => {
                let reason = format!("`{name}` takes a column first, found {}", other.describe());
                Err(ExpressionError::new(at, reason, &["column"]))
            }
        }
    }

    fn function(&mut self, name: &str, at: usize) -> Result<Term, ExpressionError> {
        self.leaf(at)?;
        if let Some(shift) = Shift::parse(name) {
            return self.shifted(shift, at);
        }
        let Some((function, least, most)) = Function::parse(name) else {
            let known: Vec<&str> = TESTS
                .into_iter()
                .chain(["date", "datetime", "lag", "lead", "diff"])
                .chain(Function::names())
                .chain(GROUPS)
                .collect();
            return Err(ExpressionError::new(at, format!("`{name}` is not a function here"), &known));
        };
        if function.takes_date() {
            let place = self.peek().at;
            let column = self.first_column(name)?;
            if !matches!(column.class, ValueClass::Date | ValueClass::Datetime) {
                let reason = format!("`{}` does not hold dates", column.name);
                return Err(ExpressionError::new(place, reason, &["column of dates"]));
            }
            return Ok(Term::Call { function, args: vec![Term::Column { column }] });
        }
        let mut args = Vec::new();
        loop {
            let place = self.peek().at;
            let node = self.expression(COMPARE)?;
            args.push(self.number(node, place)?);
            if self.peek().token != Token::Symbol(",") {
                break;
            }
            self.next += 1;
        }
        if (least..=most).contains(&args.len()) {
            return Ok(Term::Call { function, args });
        }
        let reason = format!("`{name}` takes {least} to {most} arguments, not {}", args.len());
        Err(ExpressionError::new(at, reason, &[if args.len() < least { "," } else { ")" }]))
    }

    fn shifted(&mut self, shift: Shift, at: usize) -> Result<Term, ExpressionError> {
        let column = self.first_column(shift.as_str())?;
        if column.class.kind() != "number" {
            let reason = format!("`{}` does not hold numbers", column.name);
            return Err(ExpressionError::new(at, reason, &["column of numbers"]));
        }
        let mut periods = 1;
        if self.peek().token == Token::Symbol(",") {
            self.next += 1;
            let Placed { token, at } = self.take();
            periods = match token {
                Token::Number(n) if n.fract() == 0.0 && (1.0..=MAX_PERIODS).contains(&n) => n as u32,
                _ => {
                    let reason = format!("a whole number of periods, 1 to {MAX_PERIODS}, is needed");
                    return Err(ExpressionError::new(at, reason, &["number"]));
                }
            };
        }
        Ok(Term::Shift { shift, column, periods })
    }

    fn group(&mut self, name: &str, at: usize) -> Result<Derivation, ExpressionError> {
        if self.depth > 1 || at > 0 && self.tokens[0].at != at {
            let reason = format!("`{name}` defines a variable and cannot be part of another expression");
            return Err(ExpressionError::new(at, reason, &["a derived variable"]));
        }
        let mut columns = vec![self.first_column(name)?];
        while self.peek().token == Token::Symbol(",") {
            self.next += 1;
            columns.push(self.first_column(name)?);
        }
        if columns.len() > MAX_KEYS {
            return Err(ExpressionError::new(at, format!("at most {MAX_KEYS} keys"), &["fewer keys"]));
        }
        let Some(statistic) = Statistic::parse(name) else { return Ok(Derivation::GroupId { by: columns }) };
        let column = columns.remove(0);
        if columns.is_empty() {
            let reason = format!("`{name}` takes a column and the keys of its groups");
            return Err(ExpressionError::new(self.peek().at, reason, &[","]));
        }
        if column.class.kind() != "number" {
            let reason = format!("`{}` does not hold numbers", column.name);
            return Err(ExpressionError::new(at, reason, &["column of numbers"]));
        }
        Ok(Derivation::Group { statistic, column, by: columns })
    }

    fn arithmetic(
        &mut self,
        symbol: &str,
        left: (Node, usize),
        right: (Node, usize),
    ) -> Result<Node, ExpressionError> {
        self.leaf(left.1)?;
        let operator = match symbol {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            _ => Operator::Power,
        };
        // the time between two dates is a number of days (or milliseconds)
        if let (Operator::Subtract, Node::Value(Operand::Column(a)), Node::Value(Operand::Column(b))) =
            (operator, &left.0, &right.0)
            && a.class == b.class
            && matches!(a.class, ValueClass::Date | ValueClass::Datetime)
        {
            let side = |column: &ColumnRef| Box::new(Term::Column { column: column.clone() });
            let term = Term::Arithmetic { operator, left: side(a), right: side(b) };
            return Ok(Node::Value(Operand::Term(Box::new(term))));
        }
        let (left, right) = (self.number(left.0, left.1)?, self.number(right.0, right.1)?);
        let term = Term::Arithmetic { operator, left: Box::new(left), right: Box::new(right) };
        Ok(Node::Value(Operand::Term(Box::new(term))))
    }

    /// The node as a number.
    fn number(&self, node: Node, at: usize) -> Result<Term, ExpressionError> {
        let (kind, term) = match node {
            Node::Value(operand) => (operand.kind(), operand.into_term()),
            Node::Truth(_) => ("condition", None),
            Node::Derived(_) => ("variable of a group", None),
        };
        term.ok_or_else(|| {
            ExpressionError::new(at, format!("a {kind} is no number"), &["number", "column of numbers"])
        })
    }

    fn test(&mut self, name: &str, column: ColumnRef) -> Result<Condition, ExpressionError> {
        match name {
            "missing" => Ok(Condition::Missing { column }),
            "strpos" => {
                if column.class != ValueClass::Text {
                    let reason = format!("`{}` does not hold text", column.name);
                    return Err(ExpressionError::new(self.peek().at, reason, &["column of text"]));
                }
                self.expect(",")?;
                let Placed { token, at } = self.take();
                match token {
                    Token::Text(text) if !text.is_empty() => {
                        Ok(Condition::Strpos { column, text: safe_text(text, at)? })
                    }
                    _ => Err(ExpressionError::new(
                        at,
                        "`strpos` searches for a text",
                        &["text in double quotes"],
                    )),
                }
            }
            "inrange" => {
                self.expect(",")?;
                let low = self.bound(&column)?;
                self.expect(",")?;
                let high = self.bound(&column)?;
                Ok(Condition::InRange { column, low, high })
            }
            _ => self.items(column),
        }
    }

    fn items(&mut self, column: ColumnRef) -> Result<Condition, ExpressionError> {
        let mut items = Vec::new();
        self.expect(",")?;
        loop {
            let at = self.peek().at;
            match self.bound(&column)? {
                Operand::Literal(literal) => items.push(literal),
                Operand::Column(_) | Operand::Term(_) => {
                    return Err(ExpressionError::new(at, "`inlist` takes constants", &["number", "text"]));
                }
            }
            if items.len() > MAX_ITEMS {
                let reason = format!("`inlist` takes at most {MAX_ITEMS} values");
                return Err(ExpressionError::new(at, reason, &["fewer values"]));
            }
            if self.peek().token != Token::Symbol(",") {
                return Ok(Condition::InList { column, items });
            }
            self.next += 1;
        }
    }

    fn bound(&mut self, column: &ColumnRef) -> Result<Operand, ExpressionError> {
        let at = self.peek().at;
        match self.expression(COMPARE)? {
            Node::Value(value) => {
                same_kind(&Operand::Column(column.clone()), &value, at)?;
                Ok(value)
            }
            Node::Truth(_) | Node::Derived(_) => {
                Err(ExpressionError::new(at, "a condition is no value", OPERANDS))
            }
        }
    }

    fn moment(&mut self, name: &str) -> Result<Literal, ExpressionError> {
        let Placed { token, at } = self.take();
        let text = if let Token::Text(text) = token { text } else { String::new() };
        let literal = if name == "date" {
            NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().map(|value| Literal::Date { value })
        } else {
            ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
                .iter()
                .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
                .map(|value| Literal::Datetime { value })
        };
        let expected = if name == "date" { "\"YYYY-MM-DD\"" } else { "\"YYYY-MM-DD HH:MM:SS\"" };
        literal
            .filter(in_calendar)
            .ok_or_else(|| ExpressionError::new(at, format!("`{name}` takes one text"), &[expected]))
    }

    fn column(&self, name: &str, at: usize) -> Result<ColumnRef, ExpressionError> {
        let found = self.columns.iter().find(|c| c.name == name).and_then(|column| {
            let name = VariableName::parse(name).ok()?;
            Some(ColumnRef { name, class: ValueClass::of(column) })
        });
        found.ok_or_else(|| {
            let near = nearest(name, self.columns);
            let near: Vec<&str> = near.iter().map(String::as_str).collect();
            ExpressionError::new(at, format!("there is no column `{name}`"), &near)
        })
    }

    fn compare(
        &mut self,
        symbol: &str,
        at: usize,
        left: (Node, usize),
        right: (Node, usize),
    ) -> Result<Node, ExpressionError> {
        let (left, right) = match (left.0, right.0) {
            (Node::Value(left), Node::Value(right)) => (left, right),
            (Node::Truth(_), _) => {
                let expected = &["&", "|", "inrange(column, low, high)"];
                let reason = "two comparisons in a row are joined by &: 1 < x & x < 5";
                return Err(ExpressionError::new(at, reason, expected));
            }
            (Node::Derived(_), _) | (_, Node::Derived(_)) => {
                let reason = "a variable of a group is derived first, by itself";
                return Err(ExpressionError::new(at, reason, &["a derived variable"]));
            }
            (_, Node::Truth(_)) => {
                return Err(ExpressionError::new(right.1, "a condition is no value", OPERANDS));
            }
        };
        if let (Operand::Literal(_), Operand::Literal(_)) = (&left, &right) {
            return Err(ExpressionError::new(at, "two constants are compared", &["column"]));
        }
        same_kind(&left, &right, at)?;
        self.leaf(at)?;
        let comparison = match symbol {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            _ => Comparison::GreaterOrEqual,
        };
        Ok(Node::Truth(Condition::Compare { comparison, left, right }))
    }

    fn condition(&self, node: Node, at: usize) -> Result<Condition, ExpressionError> {
        match node {
            Node::Truth(condition) => Ok(condition),
            Node::Value(_) | Node::Derived(_) => Err(no_condition(at)),
        }
    }

    fn leaf(&mut self, at: usize) -> Result<(), ExpressionError> {
        self.leaves += 1;
        if self.leaves > MAX_LEAVES {
            let reason = format!("an expression may have at most {MAX_LEAVES} operations");
            return Err(ExpressionError::new(at, reason, &["fewer operations"]));
        }
        Ok(())
    }
}

/// Joins two conditions; a junction of the same kind is taken up, so that each tree has one spelling.
fn junction(and: bool, args: [Condition; 2]) -> Condition {
    let mut flat = Vec::new();
    for arg in args {
        match arg {
            Condition::And { args } if and => flat.extend(args),
            Condition::Or { args } if !and => flat.extend(args),
            other => flat.push(other),
        }
    }
    if and { Condition::And { args: flat } } else { Condition::Or { args: flat } }
}

fn same_kind(left: &Operand, value: &Operand, at: usize) -> Result<(), ExpressionError> {
    let kind = left.kind();
    if kind == value.kind() {
        return Ok(());
    }
    let expected = match kind {
        "date" => "date(\"YYYY-MM-DD\")",
        "datetime" => "datetime(\"YYYY-MM-DD HH:MM:SS\")",
        "text" => "text in double quotes",
        _ => "number",
    };
    let named = |operand: &Operand| match operand {
        Operand::Column(column) => format!("`{}`, a {},", column.name, operand.kind()),
        _ => format!("a {}", operand.kind()),
    };
    let reason = format!("{} is compared with {}", named(left), named(value).trim_end_matches(','));
    let meant = as_date(kind, value);
    Err(ExpressionError::new(at, reason, &[meant.as_deref().unwrap_or(expected)]))
}

/// A date that stands as a text or as a year beside dates, as it is written here.
fn as_date(kind: &str, value: &Operand) -> Option<String> {
    if kind != "date" {
        return None;
    }
    match value {
        Operand::Literal(Literal::Text { value }) => {
            let day = chrono::NaiveDate::parse_from_str(value.as_str(), "%Y-%m-%d").ok()?;
            Some(format!("date(\"{}\")", day.format("%Y-%m-%d")))
        }
        Operand::Literal(Literal::Number { value }) if (1000.0..3000.0).contains(value) => {
            Some(format!("date(\"{value:.0}-01-01\")"))
        }
        _ => None,
    }
}

fn safe_text(text: String, at: usize) -> Result<SafeText, ExpressionError> {
    if text.is_empty() {
        // an empty text is Stata's missing text, which no comparison finds
        return Err(ExpressionError::new(at, "an empty text is missing", &["missing(column)"]));
    }
    SafeText::parse(text).map_err(|e| ExpressionError::new(at, e.to_string(), &["another text"]))
}

/// Stata's calendar ends with the year 9999 (`help datetime`).
fn in_calendar(literal: &Literal) -> bool {
    use chrono::Datelike;
    let year = match literal {
        Literal::Date { value } => value.year(),
        Literal::Datetime { value } => value.year(),
        _ => return true,
    };
    (100..=9999).contains(&year)
}
