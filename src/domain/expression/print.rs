//! Prints a condition: in the user's grammar (canonical), and as an expression of Stata that is 1 exactly
//! where the condition is true. Every printed name and text is of a checked type.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::tree::{ColumnRef, Condition, Literal, Operand, ValueClass};
use crate::domain::encode::number_text;

/// `inlist()` takes at most 10 arguments for text (`help inlist`).
const TEXT_ITEMS: usize = 9;
/// Far below the 250 arguments that `inlist()` takes for numbers.
const NUMBER_ITEMS: usize = 100;

impl Condition {
    /// Returns the condition in the grammar of `docs/expressions.md` with one spelling for each tree;
    /// parsing it gives the same tree.
    pub fn canonical(&self) -> String {
        match self {
            Self::And { args } => join(args, " & ", |a| matches!(a, Self::Or { .. } | Self::And { .. })),
            Self::Or { args } => join(args, " | ", |a| matches!(a, Self::Or { .. })),
            Self::Not { arg } => match **arg {
                Self::Missing { .. } | Self::InRange { .. } | Self::InList { .. } | Self::Strpos { .. } => {
                    format!("!{}", arg.canonical())
                }
                _ => format!("!({})", arg.canonical()),
            },
            Self::Compare { comparison, left, right } => {
                format!("{} {} {}", plain_operand(left), comparison.as_str(), plain_operand(right))
            }
            Self::Missing { column } => format!("missing({})", column.name),
            Self::InRange { column, low, high } => {
                format!("inrange({}, {}, {})", column.name, plain_operand(low), plain_operand(high))
            }
            Self::InList { column, items } => {
                let items: Vec<String> = items.iter().map(plain_literal).collect();
                format!("inlist({}, {})", column.name, items.join(", "))
            }
            Self::Strpos { column, text } => format!("strpos({}, {})", column.name, text.quoted()),
        }
    }

    /// Returns a Stata expression that is 1 where the condition is true and 0 where it is false or
    /// missing. Negation is pushed to the leaves (De Morgan holds in Kleene's logic), and every leaf asks
    /// for its operands: in Stata `x > 5` and `x != 5` are 1 where `x` is missing.
    pub fn stata_true(&self) -> String {
        self.stata(true)
    }

    /// Returns a Stata expression that is 1 where the condition is false and 0 where it is true or
    /// missing.
    pub fn stata_false(&self) -> String {
        self.stata(false)
    }

    fn stata(&self, truth: bool) -> String {
        let all = |args: &[Condition], joint: &str| {
            let parts: Vec<String> = args.iter().map(|a| a.stata(truth)).collect();
            format!("({})", parts.join(joint))
        };
        match self {
            Self::And { args } => all(args, if truth { " & " } else { " | " }),
            Self::Or { args } => all(args, if truth { " | " } else { " & " }),
            Self::Not { arg } => arg.stata(!truth),
            Self::Compare { comparison, left, right } => {
                let op = if truth { *comparison } else { comparison.negated() }.as_str();
                let float = is_float(left) || is_float(right);
                let test = format!("{} {op} {}", stata_operand(left, float), stata_operand(right, float));
                leaf(&test, &[left, right])
            }
            Self::Missing { column } if truth => format!("missing({})", column.name),
            Self::Missing { column } => format!("!missing({})", column.name),
            Self::InRange { column, low, high } => {
                let float = column.class == ValueClass::Float;
                let (low_text, high_text) = (stata_operand(low, float), stata_operand(high, float));
                let test = format!("{}inrange({}, {low_text}, {high_text})", not(truth), column.name);
                let value = Operand::Column(column.clone());
                leaf(&test, &[&value, low, high])
            }
            Self::InList { column, items } => in_list(column, items, truth),
            Self::Strpos { column, text } => {
                let op = if truth { ">" } else { "==" };
                format!("(strpos({0}, {1}) {op} 0 & !missing({0}))", column.name, text.quoted())
            }
        }
    }
}

fn join(args: &[Condition], joint: &str, needs_parentheses: fn(&Condition) -> bool) -> String {
    let parts: Vec<String> = args
        .iter()
        .map(|a| if needs_parentheses(a) { format!("({})", a.canonical()) } else { a.canonical() })
        .collect();
    parts.join(joint)
}

fn not(truth: bool) -> &'static str {
    if truth { "" } else { "!" }
}

fn is_float(operand: &Operand) -> bool {
    matches!(operand, Operand::Column(ColumnRef { class: ValueClass::Float, .. }))
}

fn leaf(test: &str, operands: &[&Operand]) -> String {
    let mut names: Vec<String> = Vec::new();
    for operand in operands {
        let asked = match operand {
            Operand::Column(column) => column.name.to_string(),
            Operand::Term(term) => term.stata(),
            Operand::Literal(_) => continue,
        };
        if !names.contains(&asked) {
            names.push(asked);
        }
    }
    format!("({test} & !missing({}))", names.join(", "))
}

fn in_list(column: &ColumnRef, items: &[Literal], truth: bool) -> String {
    let float = column.class == ValueClass::Float;
    let size = if column.class == ValueClass::Text { TEXT_ITEMS } else { NUMBER_ITEMS };
    let parts: Vec<String> = items
        .chunks(size)
        .map(|chunk| {
            let items: Vec<String> = chunk.iter().map(|i| stata_literal(i, float)).collect();
            format!("{}inlist({}, {})", not(truth), column.name, items.join(", "))
        })
        .collect();
    let joint = if truth { " | " } else { " & " };
    let test = if parts.len() == 1 { parts[0].clone() } else { format!("({})", parts.join(joint)) };
    format!("({test} & !missing({}))", column.name)
}

fn plain_operand(operand: &Operand) -> String {
    match operand {
        Operand::Column(column) => column.name.to_string(),
        Operand::Literal(literal) => plain_literal(literal),
        Operand::Term(term) => term.canonical(),
    }
}

/// Returns a constant in the grammar of `docs/expressions.md`.
pub(super) fn plain_literal(literal: &Literal) -> String {
    match literal {
        Literal::Number { value } => number_text(*value),
        Literal::Text { value } => value.quoted(),
        Literal::Date { value } => format!("date(\"{}\")", value.format("%Y-%m-%d")),
        Literal::Datetime { value } => format!("datetime(\"{}\")", value.format("%Y-%m-%d %H:%M:%S")),
    }
}

fn stata_operand(operand: &Operand, float: bool) -> String {
    match operand {
        Operand::Column(column) => column.name.to_string(),
        Operand::Literal(literal) => stata_literal(literal, float),
        Operand::Term(term) => term.stata(),
    }
}

fn stata_literal(literal: &Literal, float: bool) -> String {
    let text = match literal {
        Literal::Number { value } => number_text(*value),
        Literal::Text { value } => return value.quoted(),
        Literal::Date { value } => days_since_1960(*value).to_string(),
        Literal::Datetime { value } => milliseconds_since_1960(*value).to_string(),
    };
    if float { format!("float({text})") } else { text }
}

fn epoch() -> NaiveDate {
    NaiveDate::from_ymd_opt(1960, 1, 1).expect("a date of the calendar")
}

/// Returns the %td value of a date: days since 1960-01-01.
pub(crate) fn days_since_1960(date: NaiveDate) -> i64 {
    (date - epoch()).num_days()
}

/// Returns the milliseconds from 1960-01-01 00:00 to a time.
pub(crate) fn milliseconds_since_1960(time: NaiveDateTime) -> i64 {
    (time - epoch().and_time(NaiveTime::MIN)).num_milliseconds()
}
