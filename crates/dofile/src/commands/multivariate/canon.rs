//! `canon`: canonical correlations of two sets of variables.
//!
//! Stores in `e()`: N df df1 df2 n_lc n_cc, b, V, ccorr rawcoef_var1 rawcoef_var2 stdcoef_var1 stdcoef_var2 canload11
//! canload22 canload12 canload21 corr_var1 corr_var2 corr_mixed stat_m stat_#, cmd. Formulas: [MV] canon; standard errors
//! are those given the other combination.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::canon_show::show;
use crate::error::{Result, StataError};
use crate::estimation::post;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::canonical::{Canonical, analyse};
use estimators::matrix::Mat;
use estimators::multivariate_tests::Hypothesis;
use estimators::weights::Weights;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("LC"),
    OptSpec::flag("First"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("STDCoef"),
    OptSpec::flag("STDErr"),
    OptSpec::flag("COEFMatrix"),
    OptSpec::text("TEst"),
    OptSpec::flag("NOTESTs"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency])
.unsupported(&["FORMAT"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "canon",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "canon (varlist1) (varlist2) [if] [in] [aweight fweight] [, lc(#) first noconstant stdcoef stderr test(numlist) notests level(#)]",
    notes: "stores e(N df n_lc n_cc), e(ccorr rawcoef_var1 rawcoef_var2 stdcoef_var1 stdcoef_var2 canload11 canload22 canload12 canload21 corr_var1 corr_var2 corr_mixed stat_m), e(b), e(V); the largest standardised coefficient of the first set is positive; formulas: [MV] canon",
    examples: &[Example {
        // one variable on each side: the absolute correlation
        run: "set obs 8\ngen x = _n\ngen y = -2*x + mod(_n*3, 4)\ncorrelate x y\nscalar r = r(rho)\ncanon (x) (y)\nmatrix c = e(ccorr)",
        expect: &[("c[1,1]/abs(r)", 1.0), ("e(n_cc)", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "canon" {
        return show(session, cmd);
    }
    let sets = sets(session, &cmd.list)?;
    let all: Vec<usize> = sets.iter().flatten().copied().collect();
    let mut touse = session.rows(cmd)?;
    session.markout(&all, &mut touse, false)?;
    let found = session.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let (weights, n) = match &found {
        Some(w) => {
            let values = rows.iter().map(|r| w.values[*r]).collect();
            Weights { kind: w.kind, values }.effective()
        }
        None => (vec![1.0; rows.len()], rows.len() as f64),
    };
    let constant = !cmd.has("noconstant");
    let columns = |set: &[usize]| -> Vec<Vec<f64>> {
        set.iter().map(|v| rows.iter().map(|r| session.frame.num_at(*v, *r)).collect()).collect()
    };
    let names = sets
        .clone()
        .map(|set| -> Vec<String> { set.iter().map(|v| session.frame.var(*v).name.clone()).collect() });
    let most = sets[0].len() + sets[1].len();
    if n - if constant { 1.0 } else { 0.0 } <= most as f64 {
        return Err(StataError::insufficient_observations());
    }
    let analysis = analyse(&columns(&sets[0]), &columns(&sets[1]), &weights, n, constant)
        .ok_or_else(|| StataError::new(506, "variables within a set are collinear"))?;
    let count = analysis.correlations.len();
    if let Some(c) = cmd.options.int("lc")
        && !(1..=count as i64).contains(&c)
    {
        return Err(StataError::invalid(format!("lc() must be between 1 and {count}")));
    }
    let mut est = Estimation::default();
    store(&mut est.results, &analysis, &names, constant)?;
    let r = &mut est.results;
    r.text("cmd", "canon").text("cmdline", post::command_line(cmd)).text("predict", "canon_p");
    r.text("estat_cmd", "canon_estat")
        .text("properties", "b V")
        .text("title", "Canonical correlation analysis");
    if let Some(w) = &found {
        r.text("wtype", w.kind.name()).text("wexp", &w.exp);
    }
    session.post_estimation(est, touse);
    show(session, cmd)
}

/// The two lists in parentheses.
pub(super) fn sets(session: &Session, list: &str) -> Result<[Vec<usize>; 2]> {
    let text = list.trim();
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or_else(StataError::syntax)?;
    let (first, second) = inner.split_once(')').ok_or_else(StataError::syntax)?;
    let second = second.trim_start().strip_prefix('(').ok_or_else(StataError::syntax)?;
    if second.contains(['(', ')']) {
        return Err(StataError::syntax());
    }
    let read = |text: &str| -> Result<Vec<usize>> {
        let found = session.varlist(text)?;
        if found.is_empty() {
            return Err(StataError::standard(100));
        }
        if found.iter().any(|v| session.frame.var(*v).is_string()) {
            return Err(StataError::type_mismatch());
        }
        Ok(found)
    };
    Ok([read(first)?, read(second)?])
}

/// A matrix with named rows and columns.
fn named(m: &Mat, rows: &[String], columns: Vec<String>) -> Matrix {
    let mut out = Matrix::new(m.rows(), m.cols(), m.data().to_vec());
    out.row_names = rows.iter().map(Stripe::term).collect();
    out.col_names = columns.into_iter().map(Stripe::term).collect();
    out
}

fn store(r: &mut Results, x: &Canonical, names: &[Vec<String>; 2], constant: bool) -> Result<()> {
    let count = x.correlations.len();
    let numbers = || (1..=count).map(|i| i.to_string()).collect::<Vec<_>>();
    for (set, own) in names.iter().enumerate() {
        r.matrix(&format!("rawcoef_var{}", set + 1), named(&x.raw[set], own, numbers()));
        r.matrix(&format!("stdcoef_var{}", set + 1), named(&x.standardised(set), own, numbers()));
        r.matrix(&format!("corr_var{}", set + 1), named(&x.correlation(set), own, own.clone()));
        for of in 0..2 {
            r.matrix(&format!("canload{}{}", set + 1, of + 1), named(&x.loadings(set, of), own, numbers()));
        }
    }
    r.matrix("corr_mixed", named(&x.between(), &names[0], names[1].clone()));
    r.matrix("ccorr", Matrix::new(1, count, x.correlations.clone()));
    let total = x.n - if constant { 1.0 } else { 0.0 };
    let mut values = Vec::new();
    let mut stripe = Vec::new();
    let mut blocks = Vec::new();
    for c in 0..count {
        let v = x.conditional(c, constant).ok_or_else(|| StataError::standard(506))?;
        for (set, block) in v.into_iter().enumerate() {
            let letter = if set == 0 { "u" } else { "v" };
            stripe.extend(post::equation_stripe(&format!("{letter}{}", c + 1), names[set].clone()));
            values.extend((0..names[set].len()).map(|i| x.raw[set][(i, c)]));
            blocks.push(block);
        }
    }
    let size = values.len();
    let mut v = Matrix::square(vec![0.0; size * size], stripe.clone());
    let mut from = 0;
    for block in &blocks {
        for i in 0..block.rows() {
            (0..block.rows()).for_each(|j| v.set(from + i, from + j, block[(i, j)]));
        }
        from += block.rows();
    }
    r.matrix("b", Matrix::row_vector(values, stripe)).matrix("V", v);
    r.scalar("N", x.n).scalar("df", total).scalar("df_r", total).scalar("rank", size as f64);
    r.scalar("n_cc", count as f64).scalar("n_lc", count as f64);
    r.scalar("df1", names[0].len() as f64).scalar("df2", names[1].len() as f64);
    r.matrix("stat_m", all_tests(x, total)?);
    for from in 1..=count {
        let w = x.wilks(from - 1, constant);
        let mut one = Matrix::new(1, 5, vec![w.lambda, w.df.0, w.df.1, w.f, w.p()]);
        one.row_names = vec![Stripe::term("wilks")];
        one.col_names = ["stat", "df1", "df2", "F", "pvalue"].map(Stripe::term).to_vec();
        r.matrix(&format!("stat_{from}"), one);
    }
    Ok(())
}

/// The four tests that all correlations vanish.
fn all_tests(x: &Canonical, total: f64) -> Result<Matrix> {
    let (p, q) = (x.raw[0].rows(), x.raw[1].rows());
    let (size, df) = (p.min(q), p.max(q) as f64);
    let square = |i: usize| x.correlations[i].powi(2);
    let diagonal =
        |f: &dyn Fn(usize) -> f64| Mat::from_fn(size, size, |i, j| if i == j { f(i) } else { 0.0 });
    let (h, e) = (diagonal(&square), diagonal(&|i| 1.0 - square(i)));
    let tests = Hypothesis { h: &h, e: &e, df, df_r: total - df }
        .tests()
        .ok_or_else(|| StataError::new(506, "a canonical correlation is one"))?;
    let cells = tests
        .all()
        .iter()
        .flat_map(|t| [t.statistic, t.df1, t.df2, t.f, estimators::distributions::f_tail(t.df1, t.df2, t.f)])
        .collect();
    let mut out = Matrix::new(4, 5, cells);
    out.row_names = ["wilks", "pillai", "lawley", "roy"].map(Stripe::term).to_vec();
    out.col_names = ["stat", "df1", "df2", "F", "pvalue"].map(Stripe::term).to_vec();
    Ok(out)
}
