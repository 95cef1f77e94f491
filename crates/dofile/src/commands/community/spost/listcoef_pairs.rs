//! `listcoef` after `mlogit`: the coefficients of all pairs of outcomes, Long and Freese (2014), chapter 8.

use super::listcoef::{Shown, count, forms, help, when};
use super::model::Model;
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use estimators::matrix::Mat;

/// A pair of outcomes.
struct Pair {
    over: usize,
    under: usize,
    cells: Vec<f64>,
}

/// `listcoef` after `mlogit`.
pub(super) fn run(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    shown: Shown,
    cut: f64,
    chosen: &[String],
) -> Result<()> {
    if cmd.has("reverse") {
        return Err(StataError::option_not_allowed("reverse"));
    }
    let names: Vec<String> = model.values.iter().map(|v| name(s, cmd, model, *v)).collect();
    let what = match shown {
        Shown::Factor => "Factor change in the odds of",
        Shown::Percent => "Percentage change in the odds of",
        Shown::Standardized => {
            return Err(StataError::unsupported_option("listcoef", "std after mlogit"));
        }
    };
    s.print("");
    s.print(format!("mlogit (N={}): {what} {} {}", count(s), model.outcome, when(cut, model)));
    let (mut rows, mut data) = (Vec::new(), Vec::new());
    for term in terms(model, chosen) {
        let positions = positions(s, model, &term)?;
        let column = crate::estimation::table::parse_term(&term)
            .ok_or_else(|| StataError::no_variable(&term))?
            .values(&s.frame, &model.rows)?;
        let sd = model.sample(&column).sd();
        let mut pairs = Vec::new();
        for over in 0..names.len() {
            for under in (0..names.len()).filter(|u| *u != over && wanted(cmd, over, *u)) {
                let (b, se) = difference(model, positions[over], positions[under]);
                let mut cells = vec![b, b / se, model.p_value(b, se)];
                cells.extend(forms(shown, b, sd));
                if cells[2] <= cut && !(cmd.has("positive") && b < 0.0) {
                    pairs.push(Pair { over, under, cells });
                }
            }
        }
        show(s, &term, sd, shown, &names, &pairs);
        for pair in pairs {
            rows.push(Stripe::with_eq(
                term.as_str(),
                format!("{}_vs_{}", names[pair.over], names[pair.under]),
            ));
            data.extend(pair.cells);
        }
    }
    if cmd.has("help") {
        help(s, model, shown);
    }
    let mut r = Results::default();
    r.text("cmd", "mlogit").scalar("pvalue", cut);
    if !rows.is_empty() {
        let mut table = Matrix::new(rows.len(), 5, data);
        table.row_names = rows;
        table.col_names = headings(shown).map(Stripe::term).to_vec();
        r.matrix("table", table);
    }
    s.r = r;
    Ok(())
}

fn name(s: &Session, cmd: &ParsedCommand, model: &Model, value: f64) -> String {
    if cmd.has("nolabel") {
        return format::bare("%9.0g", value).trim().to_string();
    }
    model.value_name(s, value)
}

fn wanted(cmd: &ParsedCommand, over: usize, under: usize) -> bool {
    !(cmd.has("gt") && over < under
        || cmd.has("lt") && over > under
        || cmd.has("adjacent") && over.abs_diff(under) != 1)
}

/// Names of the terms of a model that have a coefficient in some equation.
fn terms(model: &Model, chosen: &[String]) -> Vec<String> {
    let p = &model.parameters;
    let mut out: Vec<String> = Vec::new();
    for (i, stripe) in p.stripe.iter().enumerate() {
        let Some(term) = &p.terms[i] else { continue };
        let used = term.variables().iter().any(|v| chosen.iter().any(|c| c == v));
        if stripe.name != "_cons" && used && p.v[(i, i)] > 0.0 && !out.contains(&stripe.name) {
            out.push(stripe.name.clone());
        }
    }
    out
}

/// Position of the coefficient of a term for each outcome; nothing for the base.
fn positions(s: &Session, model: &Model, term: &str) -> Result<Vec<Option<usize>>> {
    let p = &model.parameters;
    let equations = p.equations();
    if equations.len() != model.values.len() {
        return Err(StataError::new(498, "the equations of the model are not those of its outcomes"));
    }
    let base = s.e.results.get_scalar("ibaseout").map_or(0, |b| b as usize - 1);
    let find = |k: usize| p.positions(&equations[k]).into_iter().find(|i| p.stripe[*i].name == term);
    Ok((0..equations.len()).map(|k| if k == base { None } else { find(k) }).collect())
}

/// The difference of two coefficients with its standard error; the coefficient of the base is zero.
fn difference(model: &Model, over: Option<usize>, under: Option<usize>) -> (f64, f64) {
    let p = &model.parameters;
    let mut weights = vec![0.0; p.b.len()];
    for (position, sign) in [(over, 1.0), (under, -1.0)] {
        if let Some(i) = position {
            weights[i] += sign;
        }
    }
    let v: &Mat = &p.v;
    (weights.iter().zip(&p.b).map(|(w, b)| w * b).sum(), v.quadratic(&weights).max(0.0).sqrt())
}

fn headings(shown: Shown) -> [&'static str; 5] {
    match shown {
        Shown::Percent => ["b", "z", "P>|z|", "%", "%StdX"],
        _ => ["b", "z", "P>|z|", "e^b", "e^bStdX"],
    }
}

fn show(s: &mut Session, term: &str, sd: f64, shown: Shown, names: &[String], pairs: &[Pair]) {
    let widths = [10, 9, 9, 10, 10];
    let decimals = if shown == Shown::Percent { [4, 3, 3, 1, 1] } else { [4, 3, 3, 3, 3] };
    let rule = |c: char| format!("{}{c}{}", "-".repeat(29), "-".repeat(48));
    s.print("");
    s.print(format!("Variable: {term} (sd={})", format::bare("%9.3f", sd).trim()));
    s.print(rule('-'));
    let heads: String = headings(shown).iter().zip(widths).map(|(h, w)| format!("{h:>w$}")).collect();
    s.print(format!("{:29}|{heads}", ""));
    s.print(rule('+'));
    for pair in pairs {
        let label = format!(
            "{:<12} vs {:<12}",
            format::abbrev(&names[pair.over], 12),
            format::abbrev(&names[pair.under], 12)
        );
        let cells: String = (0..5)
            .map(|k| {
                format::right(format::bare(&format!("%12.{}f", decimals[k]), pair.cells[k]).trim(), widths[k])
            })
            .collect();
        s.print(format!("{label:<29}|{cells}"));
    }
    s.print(rule('-'));
}
