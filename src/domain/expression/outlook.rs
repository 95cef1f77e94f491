//! What the facts of the columns say of an expression before a row is read: values that no row has, and results that are the
//! same in every row. Says nothing where the facts do not decide.

use chrono::{Duration, NaiveDate};

use super::Derivation;
use super::operator::{Function, Operator};
use super::print::{days_since_1960, milliseconds_since_1960, plain_literal};
use super::term::Term;
use super::tree::{ColumnRef, Comparison, Condition, Literal, Operand, ValueClass};
use crate::domain::dataset::Column;
use crate::domain::encode::number_text;

/// Most values that a message lists.
const MOST_LISTED: usize = 6;
/// Least likeness of a value that is offered for another, from 0 to 1.
const ALIKE: f64 = 0.5;
/// Milliseconds of a day.
const DAY_MS: f64 = 86_400_000.0;
/// Everything, as the range of a column of which nothing is known.
const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// A value in a condition that no row of its column has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentValue {
    /// The column.
    pub column: String,
    /// The value, as a condition has it.
    pub written: String,
    /// The value of the column that is spelt nearly so, as a condition has it.
    pub near: Option<String>,
    /// The values of the column, for people: a list, or the range of numbers or dates.
    pub values: String,
    /// True where the condition asks for other values (`!=`): it leaves out no row.
    pub leaves_out_none: bool,
}

/// The result of an expression where it is the same in every row.
#[derive(Debug, Clone, PartialEq)]
pub enum Outlook {
    /// Missing in every row; the reason, for people.
    Missing(String),
    /// This number in every row that has one.
    Constant(f64),
}

/// The facts on columns by name. A column whose share of missing values is no number has unknown ones.
struct Facts<'a>(&'a [Column]);

impl Facts<'_> {
    fn of(&self, column: &ColumnRef) -> Option<&Column> {
        self.0.iter().find(|c| c.name == column.name.as_str())
    }

    fn range(&self, column: &ColumnRef) -> (f64, f64) {
        let facts = self.of(column);
        facts.and_then(|c| c.min).zip(facts.and_then(|c| c.max)).unwrap_or(ANY)
    }

    fn is_empty(&self, column: &ColumnRef) -> bool {
        self.of(column).is_some_and(|c| c.missing_share >= 1.0)
    }

    /// The values of a column of text, where all are known.
    fn texts(&self, column: &ColumnRef) -> Option<&[String]> {
        let column = self.of(column).filter(|c| c.is_text() && !c.distinct_is_lower_bound)?;
        let complete = !column.levels.is_empty() && column.levels.len() as u64 == column.distinct;
        complete.then_some(&column.levels)
    }

    /// True where no row of the column has the value; `None` where that is not known.
    fn lacks(&self, column: &ColumnRef, value: &Literal) -> Option<bool> {
        if let Literal::Text { value } = value {
            return Some(!self.texts(column)?.iter().any(|text| text == value.as_str()));
        }
        let facts = self.of(column)?;
        let (low, high) = (facts.min?, facts.max?);
        let number = number_of(value)?;
        let fraction = facts.integer_valued && number.fract() != 0.0;
        // a number of single precision is compared with the value rounded to it
        let slack =
            if column.class == ValueClass::Float { number.abs() * f64::from(f32::EPSILON) } else { 0.0 };
        Some(number < low - slack || number > high + slack || fraction)
    }
}

fn number_of(value: &Literal) -> Option<f64> {
    match value {
        Literal::Number { value } => Some(*value),
        Literal::Date { value } => Some(days_since_1960(*value) as f64),
        Literal::Datetime { value } => Some(milliseconds_since_1960(*value) as f64),
        Literal::Text { .. } => None,
    }
}

/// Returns the values of a condition that no row of their column has, as far as the columns' facts tell.
pub fn absent_values(condition: &Condition, columns: &[Column]) -> Vec<AbsentValue> {
    let mut found = Vec::new();
    collect(condition, false, &Facts(columns), &mut found);
    found.dedup();
    found
}

fn collect(condition: &Condition, negated: bool, facts: &Facts, found: &mut Vec<AbsentValue>) {
    match condition {
        Condition::And { args } | Condition::Or { args } => {
            args.iter().for_each(|arg| collect(arg, negated, facts, found));
        }
        Condition::Not { arg } => collect(arg, !negated, facts, found),
        Condition::Compare { comparison, left, right } => {
            let asks_for_others = match comparison {
                Comparison::Equal => negated,
                Comparison::NotEqual => !negated,
                _ => return,
            };
            let Some((column, value)) = column_and_value(left, right) else { return };
            // a code of missing values that these data do not have is excluded with reason
            if asks_for_others && !matches!(value, Literal::Text { .. }) {
                return;
            }
            found.extend(absent(column, value, asks_for_others, facts));
        }
        Condition::InList { column, items } => {
            found.extend(items.iter().filter_map(|item| absent(column, item, negated, facts)));
        }
        Condition::Strpos { .. } | Condition::Missing { .. } | Condition::InRange { .. } => {}
    }
}

/// The sides of a comparison of a column with a constant.
fn column_and_value<'a>(left: &'a Operand, right: &'a Operand) -> Option<(&'a ColumnRef, &'a Literal)> {
    match (left, right) {
        (Operand::Column(column), Operand::Literal(value))
        | (Operand::Literal(value), Operand::Column(column)) => Some((column, value)),
        _ => None,
    }
}

fn absent(column: &ColumnRef, value: &Literal, leaves_out_none: bool, facts: &Facts) -> Option<AbsentValue> {
    if !facts.lacks(column, value)? {
        return None;
    }
    let quoted = |text: &str| format!("\"{text}\"");
    let (near, values) = match value {
        Literal::Text { value } => {
            let texts = facts.texts(column)?;
            let listed: Vec<String> = texts.iter().take(MOST_LISTED).map(|t| quoted(t)).collect();
            let more = if texts.len() > MOST_LISTED { " …" } else { "" };
            (nearest_text(value.as_str(), texts).map(quoted), format!("{}{more}", listed.join(", ")))
        }
        Literal::Number { .. } => {
            let (low, high) = facts.range(column);
            (None, format!("{} to {}", number_text(low), number_text(high)))
        }
        Literal::Date { .. } | Literal::Datetime { .. } => {
            let (low, high) = facts.range(column);
            let is_date = column.class == ValueClass::Date;
            let day = |value: f64| day_of(if is_date { value } else { (value / DAY_MS).floor() });
            (None, format!("{} to {}", day(low)?, day(high)?))
        }
    };
    Some(AbsentValue {
        column: column.name.to_string(),
        written: plain_literal(value),
        near,
        values,
        leaves_out_none,
    })
}

/// The calendar date of a number of days since 1960-01-01.
fn day_of(days: f64) -> Option<String> {
    let day = NaiveDate::from_ymd_opt(1960, 1, 1)?.checked_add_signed(Duration::try_days(days as i64)?)?;
    Some(day.format("%Y-%m-%d").to_string())
}

/// The text that is spelt most nearly like another, if any is.
fn nearest_text<'a>(wanted: &str, texts: &'a [String]) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase();
    let likeness = |text: &str| strsim::normalized_damerau_levenshtein(&plain(wanted), &plain(text));
    let scored = texts.iter().map(|text| (likeness(text), text.as_str()));
    scored.filter(|(likeness, _)| *likeness >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, text)| text)
}

/// Returns the result of a derived variable where the facts of the columns make it the same in every row.
pub fn outlook(derivation: &Derivation, columns: &[Column]) -> Option<Outlook> {
    let facts = Facts(columns);
    let empty = |column: &ColumnRef| facts.is_empty(column).then(|| no_value(column));
    match derivation {
        Derivation::Number { term } => {
            if let Some(reason) = never(term, &facts) {
                return Some(Outlook::Missing(reason));
            }
            constant(term, &facts).map(Outlook::Constant)
        }
        Derivation::Flag { condition } => {
            if let Some(reason) = undecided(condition, &facts) {
                return Some(Outlook::Missing(reason));
            }
            truth(condition, &facts).map(|truth| Outlook::Constant(f64::from(u8::from(truth))))
        }
        Derivation::Group { column, by, .. } => {
            std::iter::once(column).chain(by).find_map(empty).map(Outlook::Missing)
        }
        Derivation::GroupId { by } => by.iter().find_map(empty).map(Outlook::Missing),
    }
}

fn no_value(column: &ColumnRef) -> String {
    format!("{} has no value", column.name)
}

/// Why a term has no value in any row.
fn never(term: &Term, facts: &Facts) -> Option<String> {
    let range = |term: &Term| term.range(&|column| facts.range(column));
    match term {
        Term::Column { column } | Term::Shift { column, .. } => {
            facts.is_empty(column).then(|| no_value(column))
        }
        Term::Number { .. } => None,
        Term::Negate { arg } => never(arg, facts),
        Term::Arithmetic { operator, left, right } => {
            never(left, facts).or_else(|| never(right, facts)).or_else(|| {
                (*operator == Operator::Divide && range(right) == (0.0, 0.0))
                    .then(|| format!("{} divides by zero", term.canonical()))
            })
        }
        Term::Call { function, args } => args.iter().find_map(|arg| never(arg, facts)).or_else(|| {
            let arg = args.first()?;
            let (_, high) = range(arg);
            let undefined = match function {
                Function::Ln | Function::Log10 => high <= 0.0,
                Function::Sqrt => high < 0.0,
                _ => false,
            };
            undefined.then(|| format!("{} is never above {}", arg.canonical(), number_text(high)))
        }),
    }
}

/// The number that a term is in every row that has one.
fn constant(term: &Term, facts: &Facts) -> Option<f64> {
    let (low, high) = term.range(&|column| facts.range(column));
    if low == high && low.is_finite() {
        return Some(low);
    }
    match term {
        Term::Arithmetic { operator: Operator::Subtract, left, right } if left == right => Some(0.0),
        Term::Arithmetic { operator: Operator::Divide, left, right } if left == right => Some(1.0),
        _ => None,
    }
}

/// Why a condition is neither true nor false in any row.
fn undecided(condition: &Condition, facts: &Facts) -> Option<String> {
    let empty = |operand: &Operand| match operand {
        Operand::Column(column) => facts.is_empty(column).then(|| no_value(column)),
        Operand::Term(term) => never(term, facts),
        Operand::Literal(_) => None,
    };
    match condition {
        Condition::Compare { left, right, .. } => empty(left).or_else(|| empty(right)),
        Condition::InRange { column, .. }
        | Condition::InList { column, .. }
        | Condition::Strpos { column, .. } => facts.is_empty(column).then(|| no_value(column)),
        Condition::Not { arg } => undecided(arg, facts),
        Condition::And { .. } | Condition::Or { .. } | Condition::Missing { .. } => None,
    }
}

/// The truth of a condition in every row in which it is true or false.
fn truth(condition: &Condition, facts: &Facts) -> Option<bool> {
    match condition {
        Condition::And { args } => all(args, true, facts),
        Condition::Or { args } => all(args, false, facts),
        Condition::Not { arg } => truth(arg, facts).map(|truth| !truth),
        Condition::Compare { comparison, left, right } => compared(*comparison, left, right, facts),
        Condition::InList { column, items } => {
            items.iter().all(|item| facts.lacks(column, item) == Some(true)).then_some(false)
        }
        Condition::Missing { column } => {
            let share = facts.of(column)?.missing_share;
            if share == 0.0 { Some(false) } else { (share >= 1.0).then_some(true) }
        }
        Condition::Strpos { column, text } => {
            let texts = facts.texts(column)?;
            let holds = |known: &&String| known.contains(text.as_str());
            match texts.iter().filter(holds).count() {
                0 => Some(false),
                n => (n == texts.len()).then_some(true),
            }
        }
        Condition::InRange { column, low, high } => {
            let parts = [(Comparison::GreaterOrEqual, low), (Comparison::LessOrEqual, high)];
            let column = Operand::Column(column.clone());
            let parts = parts.map(|(comparison, bound)| compared(comparison, &column, bound, facts));
            if parts.contains(&Some(false)) {
                Some(false)
            } else {
                (parts == [Some(true); 2]).then_some(true)
            }
        }
    }
}

/// A junction: `unit` where all parts are `unit`, the opposite where one is.
fn all(args: &[Condition], unit: bool, facts: &Facts) -> Option<bool> {
    let parts: Vec<Option<bool>> = args.iter().map(|arg| truth(arg, facts)).collect();
    if parts.contains(&Some(!unit)) {
        return Some(!unit);
    }
    parts.iter().all(|part| *part == Some(unit)).then_some(unit)
}

fn compared(comparison: Comparison, left: &Operand, right: &Operand, facts: &Facts) -> Option<bool> {
    if let Some((column, value)) = column_and_value(left, right)
        && facts.lacks(column, value) == Some(true)
    {
        match comparison {
            Comparison::Equal => return Some(false),
            Comparison::NotEqual => return Some(true),
            _ => {}
        }
    }
    let range = |operand: &Operand| match operand {
        // a rounded bound could be on the other side
        Operand::Column(column) if matches!(column.class, ValueClass::Float | ValueClass::Text) => ANY,
        Operand::Column(column) => facts.range(column),
        Operand::Literal(value) => number_of(value).map_or(ANY, |x| (x, x)),
        Operand::Term(term) => term.range(&|column| facts.range(column)),
    };
    let ((a, b), (c, d)) = (range(left), range(right));
    let (below, above) = (b < c, a > d);
    let (not_above, not_below) = (b <= c, a >= d);
    let known = |yes: bool, no: bool| if yes { Some(true) } else { no.then_some(false) };
    match comparison {
        Comparison::Equal => known(false, below || above),
        Comparison::NotEqual => known(below || above, false),
        Comparison::Less => known(below, not_below),
        Comparison::LessOrEqual => known(not_above, above),
        Comparison::Greater => known(above, not_above),
        Comparison::GreaterOrEqual => known(not_below, below),
    }
}
