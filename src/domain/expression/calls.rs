//! What has parentheses: functions, tests of a column, lags and leads, statistics of groups, and moments of time.

use chrono::{NaiveDate, NaiveDateTime};

use super::derivation::{Derivation, Statistic};
use super::kinds::{in_calendar, safe_text, same_kind};
use super::lexer::{Placed, Token};
use super::operator::{Function, Shift};
use super::parse::{COMPARE, Node, OPERANDS, Parser};
use super::term::Term;
use super::tree::{ColumnRef, Condition, Literal, Operand, ValueClass};
use super::{ExpressionError, MAX_ITEMS};

const TESTS: [&str; 4] = ["missing", "inrange", "inlist", "strpos"];
const GROUPS: [&str; 4] = ["group", "group_mean", "group_sum", "group_count"];
/// Most periods of a lag.
const MAX_PERIODS: f64 = 100.0;
/// Most keys of a group.
const MAX_KEYS: usize = 10;

impl Parser<'_> {
    pub(super) fn call(&mut self, name: &str, at: usize) -> Result<Node, ExpressionError> {
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
                let column = Operand::Column(column.clone());
                let value = self.by_label(&column, value, at)?;
                same_kind(&column, &value, at)?;
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
}
