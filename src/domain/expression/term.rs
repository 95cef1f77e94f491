//! Numbers computed from columns: the typed tree of arithmetic, its two printers, and the range of values it
//! can take. Anything undefined (division by zero, the logarithm of a negative number) is missing.

use chrono::{Datelike, Duration, NaiveDate};
use serde::{Deserialize, Serialize};

use super::operator::{Function, Operator, Shift};
use super::tree::{ColumnRef, ValueClass};
use crate::domain::encode::{is_storable, number_text};

/// A number for each row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Term {
    /// The value of a column or of a variable derived before.
    Column {
        /// A column of numbers, or of dates as the argument of a date function.
        column: ColumnRef,
    },
    /// A constant.
    Number {
        /// Finite, and storable as a Stata double.
        value: f64,
    },
    /// The value with the opposite sign.
    Negate {
        /// The term whose sign is changed.
        arg: Box<Term>,
    },
    /// Two terms and an operator between them.
    Arithmetic {
        /// The operator.
        operator: Operator,
        /// The term before the operator.
        left: Box<Term>,
        /// The term after the operator.
        right: Box<Term>,
    },
    /// A function of one or more terms.
    Call {
        /// The function.
        function: Function,
        /// The arguments, as many as the function takes; missing if one of them is.
        args: Vec<Term>,
    },
    /// The value of another period; needs a declared time.
    Shift {
        /// The direction, or the difference.
        shift: Shift,
        /// The column whose value of another period is read.
        column: ColumnRef,
        /// Distance in periods of the declared time, 1 or more.
        periods: u32,
    },
}

impl Term {
    /// Visits every column of the term.
    pub(super) fn each_column<'a>(&'a self, visit: &mut impl FnMut(&'a ColumnRef)) {
        match self {
            Self::Column { column } | Self::Shift { column, .. } => visit(column),
            Self::Number { .. } => {}
            Self::Negate { arg } => arg.each_column(visit),
            Self::Arithmetic { left, right, .. } => {
                left.each_column(visit);
                right.each_column(visit);
            }
            Self::Call { args, .. } => args.iter().for_each(|arg| arg.each_column(visit)),
        }
    }

    /// True if a value of another period is read.
    pub fn needs_time(&self) -> bool {
        match self {
            Self::Shift { .. } => true,
            Self::Column { .. } | Self::Number { .. } => false,
            Self::Negate { arg } => arg.needs_time(),
            Self::Arithmetic { left, right, .. } => left.needs_time() || right.needs_time(),
            Self::Call { args, .. } => args.iter().any(Term::needs_time),
        }
    }

    /// Returns the term in the grammar of `docs/expressions.md`, one spelling for each tree.
    pub fn canonical(&self) -> String {
        match self {
            Self::Column { column } => column.name.to_string(),
            Self::Number { value } => number_text(*value),
            Self::Negate { arg } => format!("-{}", arg.canonical_part()),
            Self::Arithmetic { operator, left, right } => {
                format!("{} {} {}", left.canonical_part(), operator.as_str(), right.canonical_part())
            }
            Self::Call { function, args } => {
                let args: Vec<String> = args.iter().map(Term::canonical).collect();
                format!("{}({})", function.as_str(), args.join(", "))
            }
            Self::Shift { shift, column, periods: 1 } => format!("{}({})", shift.as_str(), column.name),
            Self::Shift { shift, column, periods } => {
                format!("{}({}, {periods})", shift.as_str(), column.name)
            }
        }
    }

    fn canonical_part(&self) -> String {
        let alone = match self {
            Self::Number { value } => *value >= 0.0,
            Self::Column { .. } | Self::Call { .. } | Self::Shift { .. } => true,
            Self::Negate { .. } | Self::Arithmetic { .. } => false,
        };
        if alone { self.canonical() } else { format!("({})", self.canonical()) }
    }

    /// Returns the term as an expression of Stata: every operation in parentheses. Stata's `min()` and
    /// `max()` pass over missing arguments; here they are missing.
    pub fn stata(&self) -> String {
        match self {
            Self::Column { column } => column.name.to_string(),
            Self::Number { value } if *value < 0.0 => format!("({})", number_text(*value)),
            Self::Number { value } => number_text(*value),
            Self::Negate { arg } => format!("(-{})", arg.stata()),
            Self::Arithmetic { operator, left, right } => {
                format!("({} {} {})", left.stata(), operator.as_str(), right.stata())
            }
            Self::Call { function: function @ (Function::Min | Function::Max), args } => {
                let args: Vec<String> = args.iter().map(Term::stata).collect();
                let list = args.join(", ");
                format!("cond(missing({list}), ., {}({list}))", function.as_str())
            }
            Self::Call { function, args } if function.takes_date() => {
                let is_datetime = matches!(
                    args.first(),
                    Some(Self::Column { column: ColumnRef { class: ValueClass::Datetime, .. } })
                );
                let arg = args.first().map(Term::stata).unwrap_or_default();
                let arg = if is_datetime { format!("dofc({arg})") } else { arg };
                format!("{}({arg})", function.as_str())
            }
            Self::Call { function, args } => {
                let args: Vec<String> = args.iter().map(Term::stata).collect();
                format!("{}({})", function.as_str(), args.join(", "))
            }
            Self::Shift { shift, column, periods } => match shift {
                Shift::Lag => format!("L{periods}.{}", column.name),
                Shift::Lead => format!("F{periods}.{}", column.name),
                Shift::Diff => format!("({0} - L{periods}.{0})", column.name),
            },
        }
    }

    /// Computes the value on one row; `None` is missing. Values of other periods cannot be distinguished from a row and
    /// are missing: ask [`Term::needs_time`] first.
    pub fn value(&self, of: &impl Fn(&ColumnRef) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Column { column } => of(column)?,
            Self::Number { value } => *value,
            Self::Shift { .. } => return None,
            Self::Negate { arg } => -arg.value(of)?,
            Self::Arithmetic { operator, left, right } => {
                let (left, right) = (left.value(of)?, right.value(of)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                    Operator::Power => left.powf(right),
                }
            }
            Self::Call { function, args } => {
                let args: Vec<f64> = args.iter().map(|arg| arg.value(of)).collect::<Option<_>>()?;
                let is_datetime = matches!(self, Self::Call { args, .. } if matches!(args.first(),
                    Some(Self::Column { column: ColumnRef { class: ValueClass::Datetime, .. } })));
                apply(*function, &args, is_datetime)?
            }
        };
        is_storable(value).then_some(value)
    }

    /// Returns bounds of the values that are not missing, from the bounds of the columns.
    pub fn range(&self, of: &impl Fn(&ColumnRef) -> (f64, f64)) -> (f64, f64) {
        const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
        let known = |(low, high): (f64, f64)| if low.is_nan() || high.is_nan() { ANY } else { (low, high) };
        match self {
            Self::Column { column } => of(column),
            Self::Number { value } => (*value, *value),
            Self::Negate { arg } => {
                let (low, high) = arg.range(of);
                (-high, -low)
            }
            Self::Arithmetic { operator, left, right } => {
                known(arithmetic_range(*operator, left.range(of), right.range(of)))
            }
            Self::Call { function, args } => {
                let ranges: Vec<(f64, f64)> = args.iter().map(|arg| arg.range(of)).collect();
                known(call_range(*function, &ranges))
            }
            Self::Shift { shift: Shift::Diff, .. } => ANY,
            Self::Shift { column, .. } => of(column),
        }
    }

    /// True if every value is whole, from what is known of the columns.
    pub fn is_whole(&self, of: &impl Fn(&ColumnRef) -> bool) -> bool {
        match self {
            Self::Column { column } | Self::Shift { column, .. } => of(column),
            Self::Number { value } => value.fract() == 0.0,
            Self::Negate { arg } => arg.is_whole(of),
            Self::Arithmetic { operator: Operator::Divide | Operator::Power, .. } => false,
            Self::Arithmetic { left, right, .. } => left.is_whole(of) && right.is_whole(of),
            Self::Call { function, args } => match function {
                Function::Floor | Function::Ceil | Function::Year | Function::Month | Function::Quarter => {
                    true
                }
                Function::Round => args.len() == 1,
                Function::Abs | Function::Min | Function::Max => args.iter().all(|arg| arg.is_whole(of)),
                _ => false,
            },
        }
    }
}

fn apply(function: Function, args: &[f64], is_datetime: bool) -> Option<f64> {
    const DAY: f64 = 86_400_000.0;
    let x = *args.first()?;
    let date = || {
        let days = if is_datetime { (x / DAY).floor() } else { x.floor() };
        NaiveDate::from_ymd_opt(1960, 1, 1)?.checked_add_signed(Duration::try_days(days as i64)?)
    };
    Some(match function {
        Function::Ln if x <= 0.0 => return None,
        Function::Log10 if x <= 0.0 => return None,
        Function::Ln => x.ln(),
        Function::Log10 => x.log10(),
        Function::Exp => x.exp(),
        Function::Sqrt => x.sqrt(),
        Function::Abs => x.abs(),
        Function::Floor => x.floor(),
        Function::Ceil => x.ceil(),
        Function::Round => {
            let unit = args.get(1).copied().unwrap_or(1.0);
            // halves go up, as in the engine
            if unit == 0.0 { x } else { (x / unit + 0.5).floor() * unit }
        }
        Function::Min => args.iter().copied().fold(x, f64::min),
        Function::Max => args.iter().copied().fold(x, f64::max),
        Function::Year => f64::from(date()?.year()),
        Function::Month => f64::from(date()?.month()),
        Function::Quarter => f64::from(date()?.month0() / 3 + 1),
    })
}

fn arithmetic_range(operator: Operator, (a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    let hull = |values: [f64; 4]| {
        let fold = |start: f64, pick: fn(f64, f64) -> f64| values.iter().fold(start, |x, v| pick(x, *v));
        if values.iter().any(|v| v.is_nan()) {
            (f64::NAN, f64::NAN)
        } else {
            (fold(f64::INFINITY, f64::min), fold(f64::NEG_INFINITY, f64::max))
        }
    };
    match operator {
        Operator::Add => (a + c, b + d),
        Operator::Subtract => (a - d, b - c),
        Operator::Multiply => hull([a * c, a * d, b * c, b * d]),
        Operator::Divide if c > 0.0 || d < 0.0 => hull([a / c, a / d, b / c, b / d]),
        Operator::Power if c == d && c.fract() == 0.0 && c % 2.0 == 0.0 => (0.0, f64::INFINITY),
        Operator::Power if a >= 0.0 => (0.0, f64::INFINITY),
        Operator::Divide | Operator::Power => (f64::NAN, f64::NAN),
    }
}

fn call_range(function: Function, args: &[(f64, f64)]) -> (f64, f64) {
    let (low, high) = args.first().copied().unwrap_or((f64::NAN, f64::NAN));
    let all = |pick: fn(f64, f64) -> f64| {
        let fold = |side: fn(&(f64, f64)) -> f64| args.iter().map(side).reduce(pick).unwrap_or(f64::NAN);
        (fold(|r| r.0), fold(|r| r.1))
    };
    match function {
        // ln(0) is missing, so a column from 0 on has no lowest logarithm
        Function::Ln | Function::Log10 => {
            let of = |x: f64| if function == Function::Ln { x.ln() } else { x.log10() };
            (
                if low > 0.0 { of(low) } else { f64::NEG_INFINITY },
                if high > 0.0 { of(high) } else { f64::INFINITY },
            )
        }
        Function::Exp => (low.exp(), high.exp()),
        Function::Sqrt => (0.0, f64::INFINITY),
        Function::Abs if low >= 0.0 => (low, high),
        Function::Abs => (0.0, high.abs().max(low.abs())),
        Function::Floor | Function::Ceil => (low.floor(), high.ceil()),
        Function::Round => (f64::NEG_INFINITY, f64::INFINITY),
        Function::Min => all(f64::min),
        Function::Max => all(f64::max),
        Function::Year => (100.0, 9999.0),
        Function::Month => (1.0, 12.0),
        Function::Quarter => (1.0, 4.0),
    }
}
