//! A Pratt parser from text to the typed tree: names are resolved and types are checked while parsing, so
//! that every refusal has its place.

use super::derivation::Derivation;
use super::habits::advised;
use super::kinds::{safe_text, same_kind};
use super::lexer::{Placed, Token, tokens};
use super::names::nearest;
use super::operator::Operator;
use super::term::Term;
use super::tree::{ColumnRef, Comparison, Condition, Literal, Operand, ValueClass};
use super::{ExpressionError, MAX_CHARS, MAX_DEPTH, MAX_LEAVES};
use crate::domain::dataset::Column;
use crate::domain::encode::VariableName;

pub(super) const OPERANDS: &[&str] = &["column", "number", "text in double quotes", "date(\"YYYY-MM-DD\")"];
/// Binding powers: `|` < `&` < comparisons < `+ -` < `* /` < a sign < `^`; `!` is followed by a parenthesis or
/// a function.
const OR: u8 = 1;
const AND: u8 = 2;
pub(super) const COMPARE: u8 = 3;
const SUM: u8 = 4;
const PRODUCT: u8 = 5;
const SIGN: u8 = 6;
const POWER: u8 = 7;

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

pub(super) struct Parser<'a> {
    pub tokens: Vec<Placed>,
    pub next: usize,
    columns: &'a [Column],
    pub depth: usize,
    leaves: usize,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> &Placed {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    pub(super) fn take(&mut self) -> Placed {
        let placed = self.peek().clone();
        self.next += 1;
        placed
    }

    pub(super) fn expect(&mut self, symbol: &'static str) -> Result<(), ExpressionError> {
        let found = self.take();
        if found.token == Token::Symbol(symbol) {
            return Ok(());
        }
        Err(ExpressionError::new(found.at, format!("found {}", found.token.describe()), &[symbol]))
    }

    pub(super) fn expression(&mut self, power: u8) -> Result<Node, ExpressionError> {
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
    pub(super) fn number(&self, node: Node, at: usize) -> Result<Term, ExpressionError> {
        let (kind, term) = match node {
            Node::Value(operand) => (operand.kind(), operand.into_term()),
            Node::Truth(_) => ("condition", None),
            Node::Derived(_) => ("variable of a group", None),
        };
        term.ok_or_else(|| {
            ExpressionError::new(at, format!("a {kind} is no number"), &["number", "column of numbers"])
        })
    }

    pub(super) fn column(&self, name: &str, at: usize) -> Result<ColumnRef, ExpressionError> {
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
        let right = self.by_label(&left, right, at)?;
        let left = self.by_label(&right, left, at)?;
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

    /// The number that has a text as its label, where the text is compared with a column of numbers with labels.
    pub(super) fn by_label(
        &self,
        other: &Operand,
        value: Operand,
        at: usize,
    ) -> Result<Operand, ExpressionError> {
        let (Operand::Column(column), Operand::Literal(Literal::Text { value: text })) = (other, &value)
        else {
            return Ok(value);
        };
        let described = self.columns.iter().find(|c| c.name == column.name.as_str());
        let Some(column) = described.filter(|c| !c.is_text() && !c.names.is_empty()) else {
            return Ok(value);
        };
        if let Some(number) = column.value_named(text.as_str()) {
            return Ok(Operand::Literal(Literal::Number { value: f64::from(number) }));
        }
        let reason = format!(
            "`{}` holds numbers with labels, and \"{}\" is the label of no one of them ({})",
            column.name,
            text.as_str(),
            column.legend()
        );
        let numbers: Vec<String> = column.names.iter().map(|named| named.value.to_string()).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).take(5).collect();
        Err(ExpressionError::new(at, reason, &numbers))
    }

    fn condition(&self, node: Node, at: usize) -> Result<Condition, ExpressionError> {
        match node {
            Node::Truth(condition) => Ok(condition),
            Node::Value(_) | Node::Derived(_) => Err(no_condition(at)),
        }
    }

    pub(super) fn leaf(&mut self, at: usize) -> Result<(), ExpressionError> {
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
