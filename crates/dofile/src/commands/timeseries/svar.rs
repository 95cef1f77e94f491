//! `svar` with short-run restrictions. Formulas: [TS] var svar; numbers: `estimators::svar`.

use super::super::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use super::var::State;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::command_line;
use crate::estimation::table::{Table, row};
use crate::estimation::table_cells::{cells, columns_width};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::svar::{Failure, Pattern, Svar, fit};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("AEq"),
    OptSpec::text("BEq"),
    OptSpec::text("LAgs"),
    OptSpec::text("EXog"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("DFK"),
    OptSpec::flag("SMall"),
    OptSpec::flag("VAR"),
    OptSpec::flag("Full"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noCNSReport"),
    OptSpec::real("Level"),
])
.unsupported(&[
    "ACONstraints",
    "ACns",
    "BCONstraints",
    "BCns",
    "LRCONstraints",
    "LREq",
    "LRCns",
    "VARConstraints",
    "noISLOG",
    "ISITerate",
    "ISTOLerance",
    "noISUre",
    "noIDENcheck",
    "noBIGf",
    "LUTstats",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "svar",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "svar varlist [if] [in], {aeq(matrix) | beq(matrix)} [lags(numlist) exog(varlist) noconstant dfk small var full level(#)]",
    notes: "short-run restrictions; stores e(N N_cns k_eq k_dv k_aux neqs ll chi2_oid oid_df ic_ml rc_ml rank tmin tmax), results of var as e(..._var), e(b) with /A:#_# and /B:#_#, e(V), e(A), e(B), e(Sigma), e(aeq), e(beq); irf after it gives sirf and sfevd without standard errors; [TS] var svar",
    examples: &[
        Example {
            // A recursive model: B has the roots of the pivots of the error covariance.
            run: "set obs 40\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nmatrix A = (1, 0 \\ ., 1)\nmatrix B = (., 0 \\ 0, .)\nsvar y x, aeq(A) beq(B) lags(1)\nmatrix b = e(B)\nmatrix a = e(A)\nmatrix S = e(Sigma)\nscalar s1 = sqrt(S[1,1])\nscalar a21 = -S[2,1]/S[1,1]",
            expect: &[("b[1,1]/s1", 1.0), ("a[2,1]/a21", 1.0), ("e(oid_df)", 0.0)],
        },
        Example {
            // With B the identity and unit diagonals the one free element is a regression coefficient: -S21/S11.
            run: "set obs 30\ngenerate t = _n\ntsset t\ngenerate x = mod(7*_n, 11)\ngenerate z = mod(5*_n, 13)\nmatrix A = (1, 0 \\ ., 1)\nsvar x z, aeq(A)\nmatrix a = e(A)\nmatrix S = e(Sigma)\nscalar a21 = -S[2,1]/S[1,1]",
            expect: &[("a[2,1]/a21", 1.0), ("e(rc_ml)", 0.0), ("e(oid_df)", 2.0)],
        },
    ],
};

/// State of the last `svar` for `irf`.
pub(super) struct Structural {
    /// Names of the series.
    pub(super) names: Vec<String>,
    /// Lag matrices of the vector autoregression.
    pub(super) lags: Vec<Mat>,
    /// Its error covariance.
    pub(super) sigma: Mat,
    /// Effects of the structural shocks in their own period, `A^-1 B`.
    pub(super) impact: Mat,
}

/// The pattern of a matrix of restrictions; the identity where only the other matrix is restricted.
fn pattern(session: &Session, cmd: &ParsedCommand, option: &str, m: usize) -> Result<(Pattern, Matrix)> {
    let name = cmd.options.text(option).map(str::trim);
    let matrix = match name {
        Some(name) => session.matrix(name).ok_or_else(|| StataError::not_found(name))?.as_ref().clone(),
        None => {
            let one = |i: usize| f64::from(u8::from(i / m == i % m));
            Matrix::new(m, m, (0..m * m).map(one).collect())
        }
    };
    if matrix.rows() != m || matrix.cols() != m {
        return Err(StataError::new(503, format!("{option}() must be {m} by {m}")));
    }
    let fixed = matrix.values().iter().map(|v| (!is_missing(*v)).then_some(*v)).collect();
    Ok((fixed, matrix))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "svar" {
            return Err(StataError::no_estimates());
        }
        return show(session, cmd);
    }
    if !cmd.options.has("aeq") && !cmd.options.has("beq") {
        return Err(StataError::invalid("no constraints specified"));
    }
    level(session, cmd)?;
    let reduced = reduced_form(cmd);
    if cmd.has("var") {
        session.run_expanded(&reduced)?;
    } else {
        quietly(session, &reduced)?;
    }
    let held = super::var::held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    let m = state.names.len();
    let (a, aeq) = pattern(session, cmd, "aeq", m)?;
    let (b, beq) = pattern(session, cmd, "beq", m)?;
    let found = fit(&state.sigma, state.fit.n as f64, &a, &b).map_err(|failure| match failure {
        Failure::NotIdentified => StataError::new(498, "the model is not identified"),
        Failure::Singular => StataError::new(498, "the likelihood has no value at the starting values"),
    })?;
    let mut est = Estimation::default();
    let r = &mut est.results;
    underlying(session, r);
    post(r, cmd, state, &found);
    let eqs: Vec<Stripe> = state.names.iter().map(Stripe::term).collect();
    for (name, matrix) in [("aeq", &aeq), ("beq", &beq)] {
        r.matrix(name, Matrix::square(matrix.values().to_vec(), eqs.clone()));
    }
    let touse = session.required_estimation_sample()?.to_vec();
    if let Some(inverse) = found.a.inverse() {
        est.extra = Some(Arc::new(Structural {
            names: state.names.clone(),
            lags: state.fit.lag_matrices(&state.lags),
            sigma: state.sigma.clone(),
            impact: inverse.times(&found.b),
        }));
    }
    session.post_estimation(est, touse);
    show(session, cmd)?;
    if found.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

/// The vector autoregression behind the model.
fn reduced_form(cmd: &ParsedCommand) -> String {
    let mut out = format!("var {}", cmd.list.trim());
    if let Some(condition) = &cmd.if_exp {
        out.push_str(&format!(" if {condition}"));
    }
    if let Some(range) = &cmd.in_range {
        out.push_str(&format!(" in {range}"));
    }
    out.push(',');
    for name in ["lags", "exog"] {
        if let Some(text) = cmd.options.text(name) {
            out.push_str(&format!(" {name}({text})"));
        }
    }
    for name in ["noconstant", "dfk", "small"].iter().filter(|n| cmd.has(n)) {
        out.push_str(&format!(" {name}"));
    }
    out
}

/// Results of the vector autoregression under names that end with `_var`, and its span.
fn underlying(session: &Session, r: &mut Results) {
    let var = &session.e.results;
    for (name, value) in var.scalars.iter() {
        if matches!(name, "N" | "tmin" | "tmax") {
            r.scalar(name, *value);
        } else {
            r.scalar(&format!("{name}_var"), *value);
        }
    }
    for name in ["tmins", "tmaxs", "depvar", "eqnames", "endog"] {
        if let Some(text) = var.get_text(name) {
            r.text(
                if name.starts_with("tm") { name.to_string() } else { format!("{name}_var") }.as_str(),
                text,
            );
        }
    }
    for (name, own) in [("b", "b_var"), ("V", "V_var"), ("Sigma", "Sigma")] {
        if let Some(matrix) = var.matrices.get(name) {
            r.matrix(own, matrix.clone());
        }
    }
    r.text("depvar", var.get_text("depvar").unwrap_or(""));
}

fn post(r: &mut Results, cmd: &ParsedCommand, state: &State, found: &Svar) {
    let m = state.names.len();
    let mut stripe = Vec::new();
    let mut values = Vec::new();
    for (equation, matrix) in [("/A", &found.a), ("/B", &found.b)] {
        for (j, i) in (0..m).flat_map(|j| (0..m).map(move |i| (j, i))) {
            stripe.push(Stripe::with_eq(equation, format!("{}_{}", i + 1, j + 1)));
            values.push(matrix[(i, j)]);
        }
    }
    let eqs: Vec<Stripe> = state.names.iter().map(Stripe::term).collect();
    r.matrix("b", Matrix::row_vector(values, stripe.clone()));
    r.matrix("V", Matrix::square(found.v.data().to_vec(), stripe));
    r.matrix("A", Matrix::square(found.a.data().to_vec(), eqs.clone()));
    r.matrix("B", Matrix::square(found.b.data().to_vec(), eqs));
    let size = (2 * m * m) as f64;
    let n = state.fit.n as f64;
    r.scalar("N_cns", size - found.free as f64).scalar("k_eq", size).scalar("k_aux", size);
    r.scalar("k_dv", m as f64).scalar("neqs", m as f64).scalar("ll", found.ll);
    r.scalar("rank", found.free as f64).scalar("ic_ml", found.steps as f64);
    r.scalar("rc_ml", if found.converged { 0.0 } else { 430.0 });
    let over = (m * (m + 1) / 2 - found.free) as f64;
    r.scalar("oid_df", over);
    if over > 0.0 {
        let chi2 = 2.0 * (found.ll_free - found.ll);
        r.scalar("chi2_oid", chi2).scalar("p_oid", chi2_tail(over, chi2));
    }
    if cmd.has("small") {
        r.scalar("df_r", n - found.free as f64).text("small", "small");
    }
    r.text("cmd", "svar").text("cmdline", command_line(cmd)).text("predict", "svar_p");
    r.text("title", "Structural vector autoregression").text("vcetype", "EIM").text("properties", "b V");
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let results = &session.e.results;
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let over = scalar("oid_df");
    let mut lines = vec![String::new(), "Structural vector autoregression".to_string(), String::new()];
    lines.extend(restrictions(session));
    lines.push(String::new());
    let span = format!("Sample: {} thru {}", text("tmins"), text("tmaxs"));
    lines.push(format!("{span:<48}{:<17} = {:>10}", "Number of obs", format::bare("%9.0fc", scalar("N"))));
    let identified = if over > 0.0 { "Overidentified model" } else { "Exactly identified model" };
    lines.push(format!(
        "{identified:<48}{:<17} = {:>10}",
        "Log likelihood",
        format::bare("%9.0g", scalar("ll"))
    ));
    lines.push(String::new());
    let test = (over > 0.0).then(|| {
        format!(
            "LR test of identifying restrictions: chi2({over}) = {}     Prob > chi2 = {}",
            format::bare("%9.4g", scalar("chi2_oid")),
            format::bare("%5.3f", scalar("p_oid"))
        )
    });
    let (b, v) = session.e.b_and_v()?;
    lines.iter().for_each(|l| session.print(l));
    let error = |i: usize| if v.get(i, i) > 0.0 { v.get(i, i).sqrt() } else { MISSING };
    let se: Vec<f64> = (0..b.cols()).map(error).collect();
    let df_r = session.e.results.get_scalar("df_r");
    let table = Table::of_equations(&b.col_names, b.values(), &se, df_r, level);
    session.r.clear();
    print_elements(session, &table);
    table.store(session);
    if let Some(line) = test {
        session.print(line);
    }
    Ok(())
}

/// The elements that are not free, row by row: `( 1)  [/A]1_1 = 1`.
fn restrictions(session: &Session) -> Vec<String> {
    let (Some(b), Some(v)) = (session.e.b(), session.e.v()) else { return Vec::new() };
    let fixed = |i: &usize| v.get(*i, *i) <= 0.0;
    let mut places: Vec<usize> = (0..b.cols()).filter(fixed).collect();
    // names of rows come first in the names of elements
    places.sort_by(|i, j| {
        let key = |k: usize| (b.col_names[k].eq.as_str(), b.col_names[k].name.as_str());
        key(*i).cmp(&key(*j))
    });
    let line = |(number, i): (usize, &usize)| {
        let Stripe { eq, name, .. } = &b.col_names[*i];
        let number = format!("({:>2})", number + 1);
        format!(" {number}  [{eq}]{name} = {}", format::bare("%9.0g", b.get(0, *i)))
    };
    places.iter().enumerate().map(line).collect()
}

/// The elements of both matrices, column by column.
fn print_elements(session: &mut Session, table: &Table<'_>) {
    table.print_heading(session);
    let look = session.settings.table.clone();
    let width = columns_width(&look);
    for (i, stripe) in table.stripe.iter().enumerate() {
        if i > 0 && table.stripe[i - 1].eq != stripe.eq {
            session.print(format!("-------------+{}", "-".repeat(width)));
        }
        if i == 0 || table.stripe[i - 1].eq != stripe.eq {
            session.print(format!("{:<13}|", stripe.eq));
        }
        let row = row(table.b[i], table.se[i], table.df_r, table.level, false);
        let cells = if is_missing(table.se[i]) && !look.legend {
            format!("  {}  (constrained)", format::number("%9.0g", row.b))
        } else {
            cells(&row, None, stripe, &look)
        };
        session.print(format!("{:>12} |{cells}", stripe.name));
    }
    session.print("-".repeat(width + 14));
}
