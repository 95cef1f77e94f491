//! `mvreg`: several outcomes on the same regressors, with the covariances between the equations.
//!
//! Stores in `e()`: N k k_eq df_r rank, by equation the texts r2 rmse F p_F, b, V, Sigma, with corr chi2 df_chi2.
//! Formulas: [R] mvreg: least squares of each outcome, covariance of the errors with divisor N - k.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::system::{self, Equation};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::ml_command::{self, Layout, Look};
use crate::estimation::post;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::matrix::Mat;
use estimators::ols::{self, Request};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("noCONstant"),
    OptSpec::real("Level"),
    OptSpec::flag("CORR"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noTABle"),
])
.exp()
.weights(system::WEIGHTS)
.coefficient_table();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mvreg",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "mvreg depvars = indepvars [if] [in] [weight] [, noconstant corr level(#) noheader notable]",
    notes: "stores e(N k k_eq df_r rank), texts e(r2 rmse F p_F eqnames), e(b), e(V), e(Sigma), r(table), with corr e(chi2 df_chi2); [R] mvreg",
    examples: &[Example {
        // Each equation is the regression of its outcome.
        run: "set obs 8\ngen x = _n\ngen a = x + mod(_n*3, 5)\ngen b = 2 - x + mod(_n*5, 7)\nregress b x\nscalar s = _se[x]\nmvreg a b = x",
        expect: &[("reldif([b]_se[x], s) < 1e-12", 1.0), ("e(df_r)", 6.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && cmd.exp.is_none() {
        if session.e.cmd() != "mvreg" {
            return Err(StataError::no_estimates());
        }
        return display(session, cmd);
    }
    let Some(right) = cmd.exp.as_deref() else {
        return Err(StataError::invalid("equal sign required between dependent and independent variables"));
    };
    let abbrev = session.settings.varabbrev;
    let outcomes = FvList::parse(&session.frame, &cmd.list, abbrev)?;
    let terms = outcomes.expand(&session.frame, &session.rows(cmd)?)?;
    let texts: Vec<String> = terms.iter().map(|t| format!("{} {right}", t.name())).collect();
    let (equations, open) = system::read(session, &texts, cmd, &[])?;
    let fit = Fit::of(&equations)?;
    let mut layout = Layout::default();
    for equation in &equations {
        layout.equation(&equation.name, equation.side.names(), &equation.side.estimated());
    }
    let parameters = layout.parameters(&fit.b, &fit.v);
    let names: Vec<&str> = equations.iter().map(|e| e.name.as_str()).collect();
    let depvars: Vec<&str> = equations.iter().map(|e| e.depvar.as_str()).collect();
    let touse = open.touse.clone();
    let full = vec![0.0; session.frame.n_rows()];
    let design = equations[0].side.design.clone();
    let model = open.close(session, depvars.join(" "), &full, design, true);
    let mut est = post::begin("mvreg", &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    r.scalar("N", fit.n).scalar("k", fit.k as f64).scalar("k_eq", equations.len() as f64);
    r.scalar("df_r", fit.n - fit.k as f64).scalar("rank", fit.b.len() as f64);
    let stripe: Vec<Stripe> = names.iter().map(|n| Stripe::term(*n)).collect();
    r.matrix("Sigma", Matrix::square(fit.sigma.data().to_vec(), stripe));
    r.text("eqnames", names.join(" ")).text("title", "Multivariate regression").text("predict", "mvreg_p");
    for (name, values) in fit.by_equation(&equations) {
        let texts: Vec<String> =
            values.iter().map(|v| format::bare("%18.0g", *v).trim().to_string()).collect();
        r.text(name, texts.join(" "));
    }
    if cmd.has("corr") {
        let m = equations.len();
        r.scalar("chi2", fit.independence()).scalar("df_chi2", (m * (m - 1) / 2) as f64);
    }
    session.post_estimation(est, touse);
    display(session, cmd)
}

/// Least squares of all outcomes.
struct Fit {
    b: Vec<f64>,
    v: Mat,
    sigma: Mat,
    n: f64,
    k: usize,
    rss: Vec<f64>,
}

impl Fit {
    fn of(equations: &[Equation]) -> Result<Self> {
        let columns = equations[0].columns();
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let (mut b, mut residuals, mut unscaled) = (Vec::new(), Vec::new(), Mat::zeros(0, 0));
        for equation in equations {
            let request = Request { constant: false, chosen: true, ..Request::new(&equation.y, &views) };
            let fit = ols::fit(&request).map_err(fit_error)?;
            b.extend(fit.b);
            residuals.push(fit.residuals);
            unscaled = fit.unscaled;
        }
        let (n, k) = (equations[0].n, columns.len());
        if n <= k as f64 {
            return Err(StataError::insufficient_observations());
        }
        let product = |i: usize, j: usize| -> f64 {
            residuals[i].iter().zip(&residuals[j]).map(|(a, b): (&f64, &f64)| a * b).sum()
        };
        let sigma = Mat::from_fn(equations.len(), equations.len(), |i, j| product(i, j) / (n - k as f64));
        let v = Mat::from_fn(b.len(), b.len(), |i, j| sigma[(i / k, j / k)] * unscaled[(i % k, j % k)]);
        let rss = (0..equations.len()).map(|i| product(i, i)).collect();
        Ok(Self { b, v, sigma, n, k, rss })
    }

    /// R-squared, root mean squared error, F and its p-value of the equations.
    fn by_equation(&self, equations: &[Equation]) -> [(&'static str, Vec<f64>); 4] {
        let df_r = self.n - self.k as f64;
        let mut out = [("r2", Vec::new()), ("rmse", Vec::new()), ("F", Vec::new()), ("p_F", Vec::new())];
        for (i, equation) in equations.iter().enumerate() {
            let tss = equation.tss;
            let slopes: Vec<usize> = (0..equation.side.columns().len()).map(|s| i * self.k + s).collect();
            let test = wald::test_zero(&self.b, &self.v, &slopes);
            let known = |x: f64| if test.df > 0 && x.is_finite() { x } else { MISSING };
            out[0].1.push(1.0 - self.rss[i] / tss);
            out[1].1.push(self.sigma[(i, i)].sqrt());
            out[2].1.push(known(test.f()));
            out[3].1.push(known(f_tail(test.df as f64, df_r, test.f())));
        }
        out
    }

    /// Breusch and Pagan's statistic: N times the sum of squared correlations below the diagonal.
    fn independence(&self) -> f64 {
        let squared =
            |i: usize, j: usize| self.sigma[(i, j)].powi(2) / (self.sigma[(i, i)] * self.sigma[(j, j)]);
        self.n
            * (0..self.sigma.rows())
                .flat_map(|i| (0..i).map(move |j| (i, j)))
                .map(|(i, j)| squared(i, j))
                .sum::<f64>()
    }
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    level(session, cmd)?;
    if !cmd.has("noheader") {
        header(session);
    }
    if !cmd.has("notable") {
        session.print("");
        ml_command::table(session, cmd, &Look { equations: true, ..Look::default() })?;
    }
    if cmd.has("corr") {
        correlations(session)?;
    }
    Ok(())
}

fn header(session: &mut Session) {
    let results = &session.e.results;
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let words = |name: &str| -> Vec<String> { text(name).split_whitespace().map(String::from).collect() };
    let number = |words: &[String], i: usize| words.get(i).and_then(|w| w.parse().ok()).unwrap_or(MISSING);
    let (n, k) = (results.get_scalar("N").unwrap_or(MISSING), results.get_scalar("k").unwrap_or(MISSING));
    let (names, r2, rmse, f, p) = (words("eqnames"), words("r2"), words("rmse"), words("F"), words("p_F"));
    let mut lines = vec![
        String::new(),
        "Equation             Obs   Parms        RMSE    \"R-sq\"          F       P>F".to_string(),
        "-".repeat(74),
    ];
    for (i, name) in names.iter().enumerate() {
        lines.push(format!(
            "{:<16}{:>8}{:>8}{:>12}{:>10}{:>11}{:>9}",
            format::abbrev(name, 16),
            format::bare("%8.0fc", n),
            format::bare("%7.0f", k),
            format::bare("%9.0g", number(&rmse, i)),
            format::bare("%7.4f", number(&r2, i)),
            format::bare("%9.0g", number(&f, i)),
            format::bare("%6.4f", number(&p, i)),
        ));
    }
    lines.iter().for_each(|l| session.print(l));
}

/// Correlations of the residuals and the Lagrange multiplier test that they are zero: N times the sum of the squared
/// correlations below the diagonal; Breusch and Pagan (1980), Review of Economic Studies 47. Returns the statistic and its degrees of freedom.
pub(super) fn correlations(session: &mut Session) -> Result<(f64, f64)> {
    let sigma = session.e.results.matrices.get("Sigma").cloned().ok_or_else(StataError::no_estimates)?;
    let n = session.e.results.get_scalar("N").unwrap_or(MISSING);
    let m = sigma.rows();
    let correlation = |i: usize, j: usize| sigma.get(i, j) / (sigma.get(i, i) * sigma.get(j, j)).sqrt();
    session.print("");
    session.print("Correlation matrix of residuals:");
    session.print("");
    let name = |i: usize| format::abbrev(&sigma.row_names[i].name, 8);
    let heads: String = (0..m).map(|i| format!("{:>10}", name(i))).collect();
    session.print(format!("{:>10}{heads}", ""));
    let mut squares = 0.0;
    for i in 0..m {
        let cells: String =
            (0..=i).map(|j| format::right(&format::bare("%7.4f", correlation(i, j)), 10)).collect();
        session.print(format!("{:>10}{cells}", name(i)));
        squares += (0..i).map(|j| correlation(i, j).powi(2)).sum::<f64>();
    }
    let (chi2, df) = (n * squares, (m * (m - 1) / 2) as f64);
    session.print("");
    session.print(format!(
        "Breusch-Pagan test of independence: chi2({df}) = {}, Pr = {}",
        format::right(&format::bare("%9.3f", chi2), 9),
        format::bare("%6.4f", chi2_tail(df, chi2))
    ));
    Ok((chi2, df))
}
