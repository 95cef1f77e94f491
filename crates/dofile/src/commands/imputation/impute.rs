//! `mi impute`: univariate methods, monotone patterns and chained equations ([MI] mi impute, mi impute monotone, mi impute
//! chained; Rubin 1987, van Buuren 2007).

use super::data::{Settings, put_together, take_apart};
use super::methods::{Method, draw};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Frame, StorageType};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{front_and_options, matching_paren, words};
use crate::syntax::{OptSpec, Options, ParsedCommand};
use crate::value::{MISSING, is_missing};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("add"),
    OptSpec::flag("replace"),
    OptSpec::int("KNN"),
    OptSpec::real("ll"),
    OptSpec::real("ul"),
    OptSpec::text("RSEED"),
    OptSpec::int("BURNIN"),
    OptSpec::flag("NOIsily"),
    OptSpec::flag("DOTS"),
    OptSpec::flag("noLEGend"),
];

/// Options of one method in a list of several.
const OWN: &[OptSpec] = &[OptSpec::int("KNN"), OptSpec::real("ll"), OptSpec::real("ul")];

const UNSUPPORTED: &[&str] = &[
    "DOUBLE",
    "by",
    "noUPDATE",
    "BOOTstrap",
    "AUGment",
    "CONDitional",
    "force",
    "SAVETrace",
    "CHAINonly",
    "CHAINDots",
    "SHOWEVERY",
    "SHOWITER",
    "ORDERasis",
    "noMONOTONE",
    "noIMPuted",
    "INCLude",
    "OMIT",
    "DRYrun",
    "nocons",
    "OFFset",
    "REPORT",
    "VERBose",
    "noMONOTONECHK",
    "noDOTS",
];

/// A variable to impute.
struct Target {
    name: String,
    method: Method,
}

/// How several variables follow each other.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// One variable.
    Univariate,
    /// Each given those with fewer gaps, once.
    Monotone,
    /// Each given all others, again and again.
    Chained,
}

impl Kind {
    fn of(method: &str) -> Self {
        match method {
            "monotone" => Self::Monotone,
            "chained" => Self::Chained,
            _ => Self::Univariate,
        }
    }
}

/// A request of `mi impute`.
struct Request {
    kind: Kind,
    targets: Vec<Target>,
    predictors: String,
    condition: ParsedCommand,
}

/// Rows of one target.
pub(super) struct Rows {
    /// Whether each row of the data is in the sample with a value.
    pub observed: Vec<bool>,
    /// Rows of the sample without one.
    pub missing: Vec<usize>,
}

pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let (method, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if method == "mvn" {
        return super::mvn::run(s, rest);
    }
    let (settings, mut all) = take_apart(&s.frame)?;
    let mut cmd = ParsedCommand::split("mi impute", rest, Kind::of(method) != Kind::Univariate)?;
    cmd.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    if cmd.weight.is_some() || cmd.using.is_some() {
        return Err(StataError::syntax());
    }
    let request = request(method, &cmd, &settings)?;
    seed(s, &cmd.options)?;
    let burnin = cmd.options.int("burnin").unwrap_or(10);
    if burnin < 0 || (cmd.options.has("burnin") && request.kind != Kind::Chained) {
        return Err(StataError::invalid("option burnin() incorrectly specified"));
    }
    let (first, last) = numbers(&cmd.options, settings.m)?;
    s.room_for((last * all[0].n_rows()) as f64, 8.0 * all[0].n_vars() as f64)?;
    for m in settings.m + 1..=last {
        debug_assert_eq!(all.len(), m);
        all.push(all[0].clone());
    }
    let rows = rows(s, &request, &all[0])?;
    if request.kind == Kind::Monotone {
        check_monotone(&rows)?;
    }
    let before = std::mem::take(&mut s.frame);
    for one in &mut all[first..=last] {
        s.frame = one.clone();
        let done = impute(s, &request, &rows, burnin as usize);
        *one = std::mem::take(&mut s.frame);
        if let Err(error) = done {
            s.frame = before;
            return Err(error);
        }
    }
    s.frame = put_together(&settings, &all)?;
    report(s, &request, &rows, (first, last), settings.m, burnin);
    Ok(())
}

/// Sets the seed of `rseed()`.
pub(super) fn seed(s: &mut Session, options: &Options) -> Result<()> {
    if let Some(seed) = options.text("rseed") {
        let x = s.eval_num(seed)?;
        *s.rng.borrow_mut() = crate::rng::Mt64::new(x.max(0.0) as u64);
    }
    Ok(())
}

/// Numbers of the first and the last imputation that are made.
pub(super) fn numbers(options: &Options, existing: usize) -> Result<(usize, usize)> {
    match (options.int("add"), options.has("replace")) {
        (Some(n), false) if (1..=1000).contains(&n) => Ok((existing + 1, existing + n as usize)),
        (Some(_), false) => Err(StataError::invalid("option add() incorrectly specified")),
        (None, true) if existing > 0 => Ok((1, existing)),
        (None, true) => Err(StataError::invalid("there are no imputations to replace; use add()")),
        (Some(_), true) => Err(StataError::invalid("only one of add() and replace is allowed")),
        (None, false) => Err(StataError::invalid("option add() or replace required")),
    }
}

fn request(method: &str, cmd: &ParsedCommand, settings: &Settings) -> Result<Request> {
    let kind = Kind::of(method);
    let (targets, predictors) = if kind != Kind::Univariate {
        if let Some(option) = ["knn", "ll", "ul"].into_iter().find(|o| cmd.options.has(o)) {
            return Err(StataError::option_not_allowed(&format!("{option}()")));
        }
        (several_targets(&cmd.list)?, cmd.exp.clone().unwrap_or_default())
    } else {
        let method = Method::parse(method, &cmd.options)?;
        let (name, rest) = cmd.list.split_once(char::is_whitespace).unwrap_or((cmd.list.as_str(), ""));
        if name.is_empty() {
            return Err(StataError::standard(100));
        }
        (vec![Target { name: name.to_string(), method }], rest.trim().to_string())
    };
    for target in &targets {
        if !settings.imputed.contains(&target.name) {
            return Err(StataError::new(
                459,
                format!("variable {} must be registered as imputed; see mi register", target.name),
            ));
        }
    }
    Ok(Request { kind, targets, predictors, condition: cmd.clone() })
}

/// `(method[, knn(#)]) ivars (method) ivars ...`
fn several_targets(list: &str) -> Result<Vec<Target>> {
    let mut out: Vec<Target> = Vec::new();
    let mut rest = list.trim();
    while let Some(inner) = rest.strip_prefix('(') {
        let end = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
        let body = &inner[..end - 1];
        let (name, options) = front_and_options(body);
        let options = Options::parse("mi impute", options, OWN, UNSUPPORTED)?;
        let method = Method::parse(name, &options)?;
        rest = rest[end + 1..].trim_start();
        let stop = rest.find('(').unwrap_or(rest.len());
        for name in words(&rest[..stop]) {
            out.push(Target { name: name.to_string(), method });
        }
        rest = rest[stop..].trim_start();
    }
    if out.is_empty() || !rest.is_empty() {
        return Err(StataError::syntax());
    }
    Ok(out)
}

/// The rows of each target in the original data, which decide for all imputations.
fn rows(s: &mut Session, request: &Request, original: &Frame) -> Result<Vec<Rows>> {
    let before = std::mem::replace(&mut s.frame, original.clone());
    let selected = s.rows(&request.condition);
    s.frame = before;
    let selected = selected?;
    request
        .targets
        .iter()
        .map(|target| {
            let v = original.position(&target.name)?;
            let x = |r: usize| original.num_at(v, r);
            let observed: Vec<bool> = (0..selected.len()).map(|r| selected[r] && !is_missing(x(r))).collect();
            let missing = (0..selected.len()).filter(|r| selected[*r] && x(*r) == MISSING).collect();
            let is_binary = |r: usize| x(r) == 0.0 || x(r) == 1.0;
            if target.method == Method::Logit && (0..observed.len()).any(|r| observed[r] && !is_binary(r)) {
                return Err(StataError::new(459, format!("{} must be coded as 0 and 1", target.name)));
            }
            Ok(Rows { observed, missing })
        })
        .collect()
}

/// Requires that every gap of a variable is one of each variable with more gaps: r(459).
fn check_monotone(rows: &[Rows]) -> Result<()> {
    let mut gaps: Vec<&Vec<usize>> = rows.iter().map(|r| &r.missing).collect();
    gaps.sort_by_key(|missing| missing.len());
    // both are in ascending order
    let within = |pair: &[&Vec<usize>]| pair[0].iter().all(|row| pair[1].binary_search(row).is_ok());
    if gaps.windows(2).all(within) {
        return Ok(());
    }
    Err(StataError::new(459, "the missing values of the imputation variables are not in a monotone pattern"))
}

/// Imputes all targets in the data in memory.
fn impute(s: &mut Session, request: &Request, rows: &[Rows], burnin: usize) -> Result<()> {
    // variables with fewer missing values come first
    let mut order: Vec<usize> = (0..request.targets.len()).collect();
    order.sort_by_key(|k| rows[*k].missing.len());
    for (k, target) in request.targets.iter().enumerate() {
        put(s, &target.name, &rows[k].missing, &vec![MISSING; rows[k].missing.len()])?;
    }
    let one = |s: &mut Session, k: usize, others: &[usize]| -> Result<()> {
        let names: Vec<&str> = others.iter().map(|o| request.targets[*o].name.as_str()).collect();
        let predictors = format!("{} {}", request.predictors, names.join(" "));
        let target = &request.targets[k];
        let values = draw(s, target.method, &target.name, &predictors, &rows[k].observed, &rows[k].missing)?;
        put(s, &target.name, &rows[k].missing, &values)
    };
    // the start: each variable given those before it
    for (at, k) in order.iter().enumerate() {
        if !rows[*k].missing.is_empty() {
            one(s, *k, &order[..at])?;
        }
    }
    let again = if request.kind == Kind::Chained && order.len() > 1 { burnin } else { 0 };
    for _ in 0..again {
        for k in &order {
            let others: Vec<usize> = order.iter().copied().filter(|o| o != k).collect();
            if !rows[*k].missing.is_empty() {
                one(s, *k, &others)?;
            }
        }
    }
    Ok(())
}

/// Writes values into rows of a variable; its type grows where it must.
pub(super) fn put(s: &mut Session, name: &str, rows: &[usize], values: &[f64]) -> Result<()> {
    let v = s.frame.position(name)?;
    let ty = s.frame.var(v).data.storage_type();
    let fits = values
        .iter()
        .all(|x| is_missing(*x) || (ty.holds(*x) && (ty == StorageType::Float || ty.stored(*x) == *x)));
    if !fits {
        let all = s.frame.numeric(v)?.to_vec();
        let wider = if matches!(ty, StorageType::Double | StorageType::Long) {
            StorageType::Double
        } else {
            StorageType::Float
        };
        s.frame.set_column(v, Column::from_f64(wider, &all));
    }
    let column = s.frame.column_mut(v);
    rows.iter().zip(values).for_each(|(r, x)| column.set_num(*r, *x));
    Ok(())
}

fn report(
    s: &mut Session,
    request: &Request,
    rows: &[Rows],
    (first, last): (usize, usize),
    existing: usize,
    burnin: i64,
) {
    let (added, updated) = if first > existing { (last - existing, 0) } else { (0, existing) };
    let line = |left: String, what: &str, n: usize| format!("{left:<48}{what:>12} = {n:>8}");
    let (title, method, name) = match request.kind {
        Kind::Chained => ("Multivariate imputation", "Chained equations", "chained"),
        Kind::Monotone => ("Multivariate imputation", "Monotone method", "monotone"),
        Kind::Univariate => {
            let method = request.targets[0].method;
            ("Univariate imputation", method.title(), method.name())
        }
    };
    s.print("");
    s.print(line(title.to_string(), "Imputations", last.max(existing)));
    s.print(line(method.to_string(), "added", added));
    s.print(line(format!("Imputed: m={first} through m={last}"), "updated", updated));
    if request.kind != Kind::Univariate {
        if request.kind == Kind::Chained {
            s.print(line(String::new(), "burn-in", burnin as usize));
        }
        s.print("");
        for target in &request.targets {
            s.print(format!("{:>12}: {}", target.name, target.method.title().to_lowercase()));
        }
    }
    let names: Vec<String> = request.targets.iter().map(|t| t.name.clone()).collect();
    counts(s, &names, rows, name, (last.max(existing), added, updated));
}

/// Prints the numbers of complete and incomplete rows, and stores what `mi impute` stores: the numbers of imputations (all,
/// added, updated) and those of rows.
pub(super) fn counts(
    s: &mut Session,
    targets: &[String],
    rows: &[Rows],
    method: &str,
    (all, added, updated): (usize, usize, usize),
) {
    let rule = format!("{}+{}+{}", "-".repeat(19), "-".repeat(35), "-".repeat(11));
    s.print("");
    s.print(&rule);
    s.print("          Variable |   Complete   Incomplete   Imputed |     Total");
    s.print(&rule);
    let count = |of: &dyn Fn(&Rows) -> usize| -> Vec<f64> { rows.iter().map(|r| of(r) as f64).collect() };
    let complete = count(&|r| r.observed.iter().filter(|o| **o).count());
    let incomplete = count(&|r| r.missing.len());
    for (k, name) in targets.iter().enumerate() {
        s.print(format!(
            "{:>18} |{:>11}{:>13}{:>10} |{:>10}",
            format::abbrev(name, 18),
            complete[k],
            incomplete[k],
            incomplete[k],
            complete[k] + incomplete[k]
        ));
    }
    s.print(&rule);
    let names: Vec<Stripe> = targets.iter().map(|t| Stripe::term(t.clone())).collect();
    let total: Vec<f64> = complete.iter().zip(&incomplete).map(|(a, b)| a + b).collect();
    let mut r = Results::default();
    r.scalar("M", all as f64).scalar("M_add", added as f64).scalar("M_update", updated as f64);
    r.scalar("k_ivars", targets.len() as f64);
    r.text("method", method);
    for (name, values) in [
        ("N", total),
        ("N_complete", complete),
        ("N_incomplete", incomplete.clone()),
        ("N_imputed", incomplete),
    ] {
        r.matrix(name, Matrix::row_vector(values, names.clone()));
    }
    s.r = r;
}
