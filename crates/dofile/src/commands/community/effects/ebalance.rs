//! `ebalance`: entropy balancing (Hainmueller 2012; Hainmueller and Xu 2013, Journal of Statistical Software 54). Written from
//! the article; numbers: `estimators::entropy_balance`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Variable, is_valid_name};
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::{FvList, OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use estimators::entropy_balance::balance;
use estimators::weights::WeightKind;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("TARgets"),
    OptSpec::text("GENerate"),
    OptSpec::text("Basewt"),
    OptSpec::real("NORMconst"),
    OptSpec::int("MAXIter"),
    OptSpec::real("TOLerance"),
    OptSpec::flag("replace"),
])
.unsupported(&["MANualtargets", "Keep", "Wttreat"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "ebalance",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "ebalance treat covariates [if] [in] [, targets(numlist) generate(newvar) basewt(varname) normconst(#) maxiter(#) tolerance(#) replace]",
    notes: "targets 1, 2, 3: means, variances, skewness, one number for all or one for each covariate; the dual problem is solved to rounding, tolerance() only decides whether the balance is reached; weights of the treated are 1, those of the controls sum to normconst() times the treated; without generate() the variable is _webal; stores e(preBal) e(postBal), e(N N_tr N_co convg maxdiff); manualtargets() is refused",
    examples: &[Example {
        run: "set obs 40\ngenerate t = _n > 28\ngenerate x = mod(_n, 7) + t\ngenerate z = mod(_n, 5)\nebalance t x z, targets(2 1) generate(w)\nsummarize x [aw=w] if !t\nscalar m0 = r(mean)\nscalar v0 = r(Var) * (r(N) - 1) / r(N)\nsummarize z [aw=w] if !t\nscalar z0 = r(mean)\nsummarize w if !t\nscalar total = r(sum)\nsummarize z if t\nscalar z1 = r(mean)\nsummarize x if t",
        expect: &[
            ("abs(m0 - r(mean)) < 1e-9", 1.0),
            ("abs(v0 - r(Var) * (r(N) - 1) / r(N)) < 1e-8", 1.0),
            ("abs(z0 - z1) < 1e-9", 1.0),
            ("reldif(total, 12) < 1e-12", 1.0),
        ],
    }],
};

/// The data of the problem.
struct Problem {
    names: Vec<String>,
    /// Covariates over all rows of the sample.
    columns: Vec<Vec<f64>>,
    treated: Vec<bool>,
    rows: Vec<usize>,
    base: Vec<f64>,
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Problem> {
    let list = cmd.list.trim();
    let (treat, rest) = list.split_once(char::is_whitespace).ok_or_else(|| StataError::standard(102))?;
    let treat = s.numeric_variable(treat)?;
    let terms = FvList::parse(&s.frame, rest, s.settings.varabbrev)?;
    let mut keep = s.rows(cmd)?;
    s.markout(&[treat], &mut keep, false)?;
    terms.markout(&s.frame, &mut keep)?;
    let base = match cmd.options.text("basewt") {
        None => None,
        Some(name) => {
            let v = s.numeric_variable(name.trim())?;
            s.markout(&[v], &mut keep, false)?;
            Some(s.frame.numeric(v)?.to_vec())
        }
    };
    let design = crate::syntax::Design::build(&s.frame, &terms, &keep)?;
    let rows = design.rows.clone();
    if rows.iter().any(|r| ![0.0, 1.0].contains(&s.frame.num_at(treat, *r))) {
        return Err(StataError::new(450, "treatment variable must be 0 or 1"));
    }
    let active = design.active();
    let names = active.iter().map(|i| design.terms[*i].name()).collect();
    let columns = active.iter().filter_map(|i| design.column(*i)).map(<[f64]>::to_vec).collect();
    let treated: Vec<bool> = rows.iter().map(|r| s.frame.num_at(treat, *r) == 1.0).collect();
    let count = treated.iter().filter(|t| **t).count();
    if count == 0 || count == treated.len() {
        return Err(StataError::new(2000, "treated and control units are needed"));
    }
    let base = rows.iter().map(|r| base.as_ref().map_or(1.0, |b| b[*r])).collect();
    Ok(Problem { names, columns, treated, rows, base })
}

fn targets(cmd: &ParsedCommand, count: usize) -> Result<Vec<i32>> {
    let found = crate::syntax::numlist::expand(cmd.options.text("targets").unwrap_or("1"))?;
    if found.iter().any(|t| ![1.0, 2.0, 3.0].contains(t)) || (found.len() != 1 && found.len() != count) {
        return Err(StataError::invalid("targets() must have 1, 2 or 3, once or for each covariate"));
    }
    Ok((0..count).map(|k| *found.get(k).unwrap_or(&found[0]) as i32).collect())
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let problem = read(s, cmd)?;
    let orders = targets(cmd, problem.columns.len())?;
    let name = cmd.options.text("generate").unwrap_or("_webal").to_string();
    if !is_valid_name(&name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if s.frame.find(&name).is_some() && name != "_webal" && !cmd.has("replace") {
        return Err(StataError::already_defined(&name));
    }
    let controls: Vec<usize> = (0..problem.rows.len()).filter(|i| !problem.treated[*i]).collect();
    let treated: Vec<usize> = (0..problem.rows.len()).filter(|i| problem.treated[*i]).collect();
    let (mut moments, mut aims) = (Vec::new(), Vec::new());
    for (column, order) in problem.columns.iter().zip(&orders) {
        // powers about the mean of the treated: the constraints are those of the raw moments
        let mean = treated.iter().map(|i| column[*i]).sum::<f64>() / treated.len() as f64;
        for power in 1..=*order {
            let of = |i: &usize| (column[*i] - mean).powi(power);
            moments.push(controls.iter().map(of).collect::<Vec<f64>>());
            aims.push(treated.iter().map(of).sum::<f64>() / treated.len() as f64);
        }
    }
    let base: Vec<f64> = controls.iter().map(|i| problem.base[*i]).collect();
    let total = cmd.options.real("normconst").unwrap_or(1.0) * treated.len() as f64;
    let tolerance = cmd.options.real("tolerance").unwrap_or(0.015);
    let most = cmd.options.int("maxiter").unwrap_or(20).max(1) as usize;
    let found = balance(&moments, &aims, &base, total, tolerance, most.max(200));
    let mut weights = vec![1.0; problem.rows.len()];
    controls.iter().zip(&found.weights).for_each(|(i, w)| weights[*i] = *w);
    report(s, cmd, &problem, &found, total);
    let before = table(&problem, &vec![1.0; problem.rows.len()]);
    let after = table(&problem, &weights);
    show(s, "Before: without weighting", &problem, &before);
    show(s, &format!("After:  {name} as the weighting variable"), &problem, &after);
    store(s, cmd, &problem, &weights, &name, (before, after), (found.distance, found.converged))?;
    if !found.converged {
        s.print("maximum difference larger than the tolerance level; convergence not achieved");
    }
    Ok(())
}

fn report(
    s: &mut Session,
    cmd: &ParsedCommand,
    problem: &Problem,
    found: &estimators::entropy_balance::Balanced,
    total: f64,
) {
    let treat = cmd.list.split_whitespace().next().unwrap_or("");
    s.print("");
    s.print("Data Setup");
    s.print(format!("Treatment variable:   {treat}"));
    s.print(format!("Covariate adjustment: {}", problem.names.join(" ")));
    s.print("");
    s.print("Optimizing...");
    s.print(format!(
        "Iteration {}: Max Difference = {}",
        found.iterations,
        format::bare("%9.0g", found.distance)
    ));
    if found.converged {
        s.print("maximum difference smaller than the tolerance level; convergence achieved");
    }
    let count = problem.treated.iter().filter(|t| **t).count();
    s.print("");
    s.print(format!("Treated units: {count}     total of weights: {count}"));
    s.print(format!("Control units: {}     total of weights: {total}", problem.rows.len() - count));
}

/// Mean, variance and skewness of the treated and the controls for each covariate.
fn table(problem: &Problem, weights: &[f64]) -> Vec<[f64; 6]> {
    let of = |column: &[f64], treated: bool| -> [f64; 3] {
        let pairs =
            (0..column.len()).filter(|i| problem.treated[*i] == treated).map(|i| (column[i], weights[i]));
        let sample = Sample::new(pairs, Some(WeightKind::Analytic));
        [sample.mean(), sample.variance(), sample.skewness()]
    };
    problem
        .columns
        .iter()
        .map(|c| {
            let ([a, b, d], [e, f, g]) = (of(c, true), of(c, false));
            [a, b, d, e, f, g]
        })
        .collect()
}

fn show(s: &mut Session, title: &str, problem: &Problem, table: &[[f64; 6]]) {
    s.print("");
    s.print(title);
    s.print("");
    s.print(format!("{:>12} |{:^33}|{:^33}", "", "Treat", "Control"));
    let heads = "      mean   variance   skewness ";
    s.print(format!("{:>12} |{heads}|{heads}", ""));
    s.print(format!("{}+{}+{}", "-".repeat(13), "-".repeat(33), "-".repeat(33)));
    for (name, row) in problem.names.iter().zip(table) {
        let half = |x: &[f64]| {
            x.iter().map(|x| format::right(&format::bare("%9.4g", *x), 10)).collect::<Vec<_>>().join(" ")
        };
        let name = format::right(&format::abbrev(name, 12), 12);
        s.print(format!("{name} |{} |{} ", half(&row[..3]), half(&row[3..])));
    }
}

fn store(
    s: &mut Session,
    cmd: &ParsedCommand,
    problem: &Problem,
    weights: &[f64],
    name: &str,
    (before, after): (Vec<[f64; 6]>, Vec<[f64; 6]>),
    (distance, converged): (f64, bool),
) -> Result<()> {
    let mut values = vec![MISSING; s.frame.n_rows()];
    problem.rows.iter().zip(weights).for_each(|(r, w)| values[*r] = *w);
    if let Some(old) = s.frame.find(name) {
        s.frame.drop_vars(&[old]);
    }
    let mut variable = Variable::new(name, Column::Double(values.clone()));
    variable.label = "entropy balancing weights".to_string();
    s.frame.add(variable)?;
    let matrix = |rows: Vec<[f64; 6]>| {
        let mut m = Matrix::new(rows.len(), 6, rows.into_iter().flatten().collect());
        m.row_names = problem.names.iter().map(|n| Stripe::term(n.as_str())).collect();
        m.col_names = ["T_mean", "T_var", "T_skew", "C_mean", "C_var", "C_skew"].map(Stripe::term).to_vec();
        m
    };
    let mut est = Estimation::default();
    let treated = problem.treated.iter().filter(|t| **t).count() as f64;
    let n = problem.rows.len() as f64;
    est.results.scalar("N", n).scalar("N_tr", treated).scalar("N_co", n - treated);
    est.results.scalar("maxdiff", distance).scalar("convg", f64::from(u8::from(converged)));
    est.results.matrix("preBal", matrix(before)).matrix("postBal", matrix(after));
    est.results.text("cmd", "ebalance").text("cmdline", crate::estimation::post::command_line(cmd));
    let touse = values.iter().map(|x| !is_missing(*x)).collect();
    s.post_estimation(est, touse);
    Ok(())
}
