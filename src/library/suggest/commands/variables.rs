//! Names of variables in commands: whole, cut off as Stata allows ([U] 11.4 varname and varlists), with wildcards and as ranges.

use super::super::columns::Named;
use super::syntax::{Command, Part, Term};

/// Shortest beginning of a name that stands for it.
const LEAST: usize = 3;

/// The column of a name; of a name that is cut off, the only one that begins so.
pub(super) fn column_of<'a>(columns: &[Named<'a>], name: &str) -> Option<&'a str> {
    let by = |fits: &dyn Fn(&str) -> bool| -> Vec<&'a str> {
        columns.iter().map(|c| c.column.name.as_str()).filter(|own| fits(own)).collect()
    };
    let exact = by(&|own| own == name);
    let alike = by(&|own| own.eq_ignore_ascii_case(name));
    let written: Vec<&'a str> = columns
        .iter()
        .filter(|c| c.column.original_name.eq_ignore_ascii_case(name))
        .map(|c| c.column.name.as_str())
        .collect();
    let begins = || if name.chars().count() >= LEAST { by(&|own| own.starts_with(name)) } else { Vec::new() };
    [exact, alike, written, begins()].into_iter().find(|found| !found.is_empty()).and_then(
        |found| match found[..] {
            [only] => Some(only),
            _ => None,
        },
    )
}

/// The columns of `anx*` and of `anx1-anx6`; none for any other text.
pub(super) fn several_of<'a>(columns: &[Named<'a>], text: &str) -> Option<Vec<&'a str>> {
    let names = || columns.iter().map(|c| c.column.name.as_str());
    if text == "_all" {
        return Some(names().collect());
    }
    if let Some((before, after)) = text.split_once(['*', '?']) {
        let fits =
            |name: &&str| name.len() >= text.len() - 1 && name.starts_with(before) && name.ends_with(after);
        return Some(names().filter(fits).collect()).filter(|found: &Vec<&str>| !found.is_empty());
    }
    let (first, last) = text.split_once('-')?;
    let place = |name: &str| names().position(|own| Some(own) == column_of(columns, name));
    let (from, to) = (place(first)?, place(last)?);
    (from <= to).then(|| names().skip(from).take(to - from + 1).collect())
}

/// Words that are names of commands and everyday words too: each of their variables must be a column.
const ORDINARY: [&str; 38] = [
    "mean",
    "factor",
    "alpha",
    "anova",
    "arch",
    "var",
    "vec",
    "cor",
    "roc",
    "ac",
    "frontier",
    "histogram",
    "hist",
    "mixed",
    "poisson",
    "probit",
    "logit",
    "logistic",
    "tobit",
    "arima",
    "garch",
    "scatter",
    "summarize",
    "tabulate",
    "tab",
    "correlate",
    "spearman",
    "describe",
    "codebook",
    "step",
    "stepwise",
    "kappa",
    "lasso",
    "bacon",
    "oneway",
    "friedman",
    "oaxaca",
    "newey",
];

/// Words that no list of variables has.
const JOINING: [&str; 22] = [
    "on",
    "of",
    "and",
    "for",
    "by",
    "with",
    "test",
    "between",
    "the",
    "to",
    "in",
    "from",
    "vs",
    "against",
    "using",
    "model",
    "regression",
    "a",
    "an",
    "or",
    "is",
    "are",
];

/// True where a line is the command that its first word names, and no sentence that begins with this word.
pub(super) fn is_command(command: &Command, columns: &[Named<'_>]) -> bool {
    let names = |term: &Term| term.factors.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    let of_part = |part: &Part| match part {
        Part::Term(term) => names(term),
        Part::Group(left, right) => left.iter().chain(right).flat_map(names).collect(),
    };
    let mut typed: Vec<String> = command.parts.iter().flat_map(of_part).collect();
    typed.extend(command.follow_up.iter().flat_map(|(time, died)| [time.clone(), died.clone()]));
    // `reg y on x` and `Hausman test for y` are sentences
    let sentence =
        |name: &String| JOINING.contains(&name.to_lowercase().as_str()) && column_of(columns, name).is_none();
    if !command.is_call && typed.iter().any(sentence) {
        return false;
    }
    let is_known = |name: &String| column_of(columns, name).is_some() || several_of(columns, name).is_some();
    let known = typed.iter().filter(|name| is_known(name)).count();
    let first = command.name.split(' ').next().unwrap_or_default();
    let ordinary = !command.is_call && ORDINARY.contains(&first);
    let by_option = command.options.iter().any(|(_, value)| column_of(columns, value).is_some());
    if ordinary { known > 0 && known == typed.len() } else { known > 0 || by_option }
}
