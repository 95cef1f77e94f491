//! `estpost tabulate` and `estpost correlate`.

use super::estpost::{Posted, listwise, owned, parts};
use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::ops::run::quietly;
use crate::ops::survey_table::SurveyTable;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::front_and_options;
use crate::value::MISSING;
use estimators::wald;

/// `estpost tabulate varname [varname] [, missing nototal sort ...]`.
pub(super) fn tabulate(s: &mut Session, rest: &str) -> Result<Posted> {
    let (variables, condition, options) = parts(s, rest)?;
    let (mut passed, mut total) = (String::new(), true);
    for (name, argument) in split_options(&options)? {
        let own = |declared: &str| argument.is_none() && abbreviates(&name, declared);
        let tests = ["CHi2", "LRchi2", "Exact", "V", "GAmma", "TAub"];
        match () {
            () if own("noTOTal") => total = false,
            () if own("QUIetly") => {}
            () if own("Missing") || own("noLabel") => passed.push_str(&format!("{name} ")),
            () if own("SORT") && variables.len() == 1 => passed.push_str("sort "),
            () if variables.len() == 2 && tests.iter().any(|t| own(t)) => {
                passed.push_str(&format!("{name} "))
            }
            () => return Err(StataError::unsupported_option("estpost tabulate", &name)),
        }
    }
    let labelled = !passed.split_whitespace().any(|w| abbreviates(w, "noLabel"));
    let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    if !matches!(variables.len(), 1 | 2) {
        return Err(StataError::standard(103));
    }
    let column = if variables.len() == 2 { "matcol(__estpost_columns)" } else { "" };
    let option = format!("matrow(__estpost_rows) matcell(__estpost_cells) {column} {passed}");
    quietly(s, &format!("tabulate {} {condition}, {option}", names.join(" ")))?;
    let scalars: Vec<(String, f64)> =
        s.r.scalars.iter().filter(|(n, _)| *n != "N").map(|(n, x)| (n.to_string(), *x)).collect();
    let take = |s: &mut Session, name: &str| {
        let found = s.matrix(name).map(|m| m.values().to_vec()).unwrap_or_default();
        _ = s.run_expanded(&format!("matrix drop {name}"));
        found
    };
    let (cells, rows) = (take(s, "__estpost_cells"), take(s, "__estpost_rows"));
    let name_of = |s: &Session, k: usize, x: f64| {
        let text = s.frame.labels_of(variables[k]).filter(|_| labelled).and_then(|l| l.get(x));
        text.map_or_else(|| crate::format::bare("%9.0g", x).trim().to_string(), str::to_string)
    };
    let rows: Vec<String> = rows.iter().map(|x| name_of(s, 0, *x)).collect();
    let n = cells.iter().sum();
    let (stripe, columns) = if variables.len() == 1 {
        one_way(rows, cells, total)
    } else {
        let columns = take(s, "__estpost_columns");
        let columns: Vec<String> = columns.iter().map(|x| name_of(s, 1, *x)).collect();
        two_way(&rows, &columns, &cells, total)
    };
    Ok(Posted { subcommand: "tabulate", n, stripe, columns: owned(columns), scalars })
}

/// `estpost svy: tabulate varname [varname]`: estimates, standard errors, limits, design effects, shares and counts.
pub(super) fn survey(s: &mut Session, raw: &str) -> Result<Posted> {
    let (front, options) = match raw.rsplit_once(':') {
        Some((prefix, command)) => {
            let (front, options) = front_and_options(command);
            (format!("{prefix}: {front}"), options.to_string())
        }
        None => return Err(StataError::syntax()),
    };
    let command = front.rsplit_once(':').map_or("", |f| f.1).split_whitespace().next().unwrap_or("");
    if command.len() < 2 || !"tabulate".starts_with(command) {
        return Err(StataError::unsupported_option("estpost svy", command));
    }
    let (mut passed, mut with_total) = (String::new(), true);
    for (name, argument) in split_options(&options)? {
        match argument {
            None if abbreviates(&name, "noTOTal") => with_total = false,
            None => passed.push_str(&format!("{name} ")),
            Some(a) => passed.push_str(&format!("{name}({a}) ")),
        }
    }
    s.run_expanded(&format!("{front}, {passed}"))?;
    let scalars = ["N_strata", "N_psu", "N_pop", "df_r", "N_sub"];
    let scalars = scalars.iter().filter_map(|n| Some((n.to_string(), s.e.results.get_scalar(n)?))).collect();
    let n = s.e.results.get_scalar("N").unwrap_or(MISSING);
    let table = s.extensions.get::<SurveyTable>().ok_or_else(StataError::syntax)?;
    let height = table.rows.len() + usize::from(with_total);
    let name = |list: &[String], k: usize| list.get(k).map_or("Total", String::as_str).to_string();
    let width = match table.columns.len() {
        0 => 1,
        columns => columns + usize::from(with_total),
    };
    let places = (0..width).flat_map(|j| (0..height).map(move |i| (i, j)));
    let stripe = places
        .clone()
        .map(|(i, j)| match table.columns.is_empty() {
            true => Stripe::term(name(&table.rows, i)),
            false => Stripe::with_eq(name(&table.columns, j), name(&table.rows, i)),
        })
        .collect();
    let of =
        |cells: &[f64]| -> Vec<f64> { places.clone().map(|(i, j)| cells[i * table.width + j]).collect() };
    let columns = table.vectors.iter().map(|(name, cells)| (name.to_string(), of(cells))).collect();
    Ok(Posted { subcommand: "tabulate", n, stripe, columns, scalars })
}

type Vectors = (Vec<Stripe>, Vec<(&'static str, Vec<f64>)>);

fn one_way(rows: Vec<String>, counts: Vec<f64>, with_total: bool) -> Vectors {
    let total: f64 = counts.iter().sum();
    let share: Vec<f64> = counts.iter().map(|c| 100.0 * c / total).collect();
    let mut sum = 0.0;
    let cumulated: Vec<f64> = share
        .iter()
        .map(|x| {
            sum += x;
            sum
        })
        .collect();
    let mut stripe: Vec<Stripe> = rows.into_iter().map(Stripe::term).collect();
    let mut columns = vec![("b", counts), ("pct", share), ("cumpct", cumulated)];
    if with_total {
        stripe.push(Stripe::term("Total"));
        columns.iter_mut().zip([total, 100.0, MISSING]).for_each(|(column, last)| column.1.push(last));
    }
    (stripe, columns)
}

/// An equation for each column with its rows; the cells run row by row.
fn two_way(rows: &[String], columns: &[String], cells: &[f64], with_total: bool) -> Vectors {
    let (nr, nc) = (rows.len(), columns.len());
    let last = usize::from(with_total);
    let total: f64 = cells.iter().sum();
    let sum = |i: Option<usize>, j: Option<usize>| -> f64 {
        let row = |k: usize| i.is_none_or(|i| i == k);
        let column = |l: usize| j.is_none_or(|j| j == l);
        let inside = (0..nr * nc).filter(|at| row(at / nc) && column(at % nc));
        inside.map(|at| cells[at]).sum()
    };
    let mut stripe = Vec::new();
    let mut out =
        vec![("b", Vec::new()), ("pct", Vec::new()), ("colpct", Vec::new()), ("rowpct", Vec::new())];
    for l in 0..nc + last {
        let j = (l < nc).then_some(l);
        for k in 0..nr + last {
            let i = (k < nr).then_some(k);
            let name =
                |list: &[String], at: Option<usize>| at.map_or("Total".to_string(), |at| list[at].clone());
            stripe.push(Stripe::with_eq(name(columns, j), name(rows, i)));
            let count = sum(i, j);
            let shares = [total, sum(None, j), sum(i, None)].map(|of| 100.0 * count / of);
            out.iter_mut().zip([count].into_iter().chain(shares)).for_each(|(v, x)| v.1.push(x));
        }
    }
    (stripe, out)
}

/// `estpost correlate varlist [, matrix nohalf listwise bonferroni sidak]`.
pub(super) fn correlate(s: &mut Session, rest: &str) -> Result<Posted> {
    let (variables, mut condition, options) = parts(s, rest)?;
    let (mut matrix, mut half, mut adjusted) = (false, true, "");
    for (name, argument) in split_options(&options)? {
        let own = |declared: &str| argument.is_none() && abbreviates(&name, declared);
        match () {
            () if own("Matrix") => matrix = true,
            () if own("noHALF") => half = false,
            () if own("Listwise") || own("CASEwise") => condition = listwise(s, &variables, &condition)?,
            () if own("Bonferroni") => adjusted = "bonferroni",
            () if own("SIDak") => adjusted = "sidak",
            () if own("QUIetly") => {}
            () => return Err(StataError::unsupported_option("estpost correlate", &name)),
        }
    }
    if variables.len() < 2 {
        return Err(StataError::standard(102));
    }
    let k = variables.len() as f64;
    let tests = if matrix { k * (k - 1.0) / 2.0 } else { k - 1.0 };
    let adjust = |p: f64| match adjusted {
        "bonferroni" => (p * tests).min(1.0),
        "sidak" => (1.0 - (1.0 - p).powf(tests)).min(1.0),
        _ => p,
    };
    let mut columns = [("b", Vec::new()), ("rho", Vec::new()), ("p", Vec::new()), ("count", Vec::new())];
    let mut stripe = Vec::new();
    let name = |s: &Session, v: usize| s.frame.var(variables[v]).name.clone();
    for j in 0..if matrix { variables.len() } else { 1 } {
        let first = if !matrix {
            1
        } else if half {
            j
        } else {
            0
        };
        for i in first..variables.len() {
            let (left, right) = (name(s, j), name(s, i));
            let (rho, n) = pair(s, &left, &right, &condition)?;
            let t = rho * ((n - 2.0) / (1.0 - rho * rho)).sqrt();
            let p = if i == j { f64::NAN } else { adjust(wald::p_value(t, Some(n - 2.0))) };
            let p = crate::estimation::post::stata(p);
            columns.iter_mut().zip([rho, rho, p, n]).for_each(|(slot, value)| slot.1.push(value));
            stripe.push(if matrix { Stripe::with_eq(left, right) } else { Stripe::term(right) });
        }
    }
    let n = columns[3].1.iter().copied().fold(0.0, f64::max);
    Ok(Posted { subcommand: "correlate", n, stripe, columns: owned(columns.into()), scalars: Vec::new() })
}

/// The correlation of two variables and its number of observations.
fn pair(s: &mut Session, left: &str, right: &str, condition: &str) -> Result<(f64, f64)> {
    if left == right {
        let range = super::estpost::listwise(s, &[s.numeric_variable(left)?], condition)?;
        let unweighted = range.find('[').map_or(range.as_str(), |at| &range[..at]);
        quietly(s, &format!("count {unweighted}"))?;
        return Ok((1.0, s.r.get_scalar("N").unwrap_or(0.0)));
    }
    quietly(s, &format!("correlate {left} {right} {condition}"))?;
    Ok((s.r.get_scalar("rho").unwrap_or(MISSING), s.r.get_scalar("N").unwrap_or(0.0)))
}
