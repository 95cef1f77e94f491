//! `manova`: multivariate analysis of variance and covariance of crossed factors. Formulas: [MV] manova; Rencher and
//! Christensen (2012), chapter 6; F approximations of Rao and Pillai.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::anova::{factor_terms, group_terms, refuse_empty_cells, term_columns, term_name};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::{Parameters, equation_stripe, stata};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use estimators::multivariate_tests::{Hypothesis, Tests};
use estimators::ols::{self, Request};
use estimators::real::stable_sum;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[]).exp().unsupported(&["noCONstant", "DROPEmptycells"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "manova",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "manova depvars = termlist [if] [in]; a term is a variable (a factor unless written c.x), a#b or a##b",
    notes: "partial sums of squares and products; stores e(N k df_m df_r k_terms), e(E), e(H_m), e(H_#), e(stat_m), e(stat_#) with rows W P L R (statistic, F, df1, df2, p), e(term_# depvar), e(b) and e(V) of the regressions of all outcomes (equations are the outcomes); no weights, no nested or error terms; [MV] manova",
    examples: &[Example {
        // one outcome: every statistic has the F of anova
        run: "set obs 24\ngen g = 1 + mod(_n, 3)\ngen y = g + mod(_n*7, 5)\nanova y g\nscalar f = e(F)\nmanova y = g\nmatrix m = e(stat_1)",
        expect: &[("abs(m[1,2] - f) < 1e-9", 1.0), ("abs(m[4,2] - f) < 1e-9", 1.0), ("m[2,4]", 21.0)],
    }],
};

/// A source of variation with its tests.
struct Line {
    name: String,
    df: f64,
    h: Mat,
    tests: Tests,
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "manova" {
        return Err(StataError::unsupported_option("manova", "replay"));
    }
    let terms = cmd.exp.as_deref().ok_or_else(StataError::syntax)?;
    let outcomes = session.varlist(&cmd.list)?;
    let [first, ..] = outcomes[..] else { return Err(StataError::standard(100)) };
    let names: Vec<String> = outcomes.iter().map(|v| session.frame.var(*v).name.clone()).collect();
    if let Some(text) = outcomes.iter().find(|v| session.frame.var(**v).is_string()) {
        let name = &session.frame.var(*text).name;
        return Err(StataError::new(109, format!("{name} is a text variable")));
    }
    let list = format!("{} {}", session.frame.var(first).name, factor_terms(terms)?);
    let reading = Reading { list: &list, further: outcomes.clone(), ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    refuse_empty_cells(&model.design.terms)?;
    let y: Vec<Vec<f64>> = outcomes
        .iter()
        .map(|v| model.design.rows.iter().map(|r| session.frame.num_at(*v, *r)).collect())
        .collect();
    let groups = group_terms(&model.design.terms);
    let columns: Vec<Vec<Vec<f64>>> =
        groups.iter().map(|g| term_columns(session, &model, g)).collect::<Result<_>>()?;
    let pick = |left_out: Option<usize>| -> Vec<&[f64]> {
        let kept = columns.iter().enumerate().filter(|(i, _)| Some(*i) != left_out);
        kept.flat_map(|(_, c)| c.iter().map(Vec::as_slice)).collect()
    };
    let (e, df_r) = products(&y, &pick(None))?;
    if df_r < outcomes.len() as f64 || e.cholesky().is_none() {
        return Err(StataError::new(506, "the matrix of residual products is singular"));
    }
    let line = |name: String, reduced: &[&[f64]]| -> Result<Line> {
        let (whole, df) = products(&y, reduced)?;
        let h = whole.minus(&e);
        let df = df - df_r;
        let hypothesis = Hypothesis { h: &h, e: &e, df, df_r };
        let tests = hypothesis.tests().ok_or_else(|| StataError::standard(506))?;
        Ok(Line { name, df, h, tests })
    };
    let mut lines = vec![line("Model".to_string(), &[])?];
    for (i, group) in groups.iter().enumerate() {
        lines.push(line(term_name(group), &pick(Some(i)))?);
    }
    let parameters = coefficients(&mut model, &names, &y, &e.clone().scaled(df_r.recip()))?;
    show(session, &model, &lines, df_r);
    post(session, cmd, &model, &names, &lines, (&e, df_r));
    let results = &mut session.e.results;
    results.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    results.scalar("k_eq", names.len() as f64).text("properties", "b V");
    Ok(())
}

/// Coefficients of the regression of every outcome, and their covariance: that of the errors times the inverse of the
/// regressors' cross products ([MV] manova, Methods and formulas).
fn coefficients(model: &mut Model, names: &[String], y: &[Vec<f64>], sigma: &Mat) -> Result<Parameters> {
    let mut fits = Vec::new();
    for y in y {
        let columns = model.columns();
        fits.push(
            ols::fit(&Request { constant: model.constant, ..Request::new(y, &columns) })
                .map_err(fit_error)?,
        );
    }
    let Some(first) = fits.first() else { return Err(StataError::standard(100)) };
    model.omit(&first.basis.omitted);
    let (estimated, width) = (model.estimated(), model.names().len());
    let own = estimated.len();
    let b: Vec<f64> = fits.iter().flat_map(|f| f.b.iter().copied()).collect();
    let v =
        Mat::from_fn(b.len(), b.len(), |i, j| sigma[(i / own, j / own)] * first.unscaled[(i % own, j % own)]);
    let stripe = names.iter().flat_map(|n| equation_stripe(n, model.names())).collect();
    let places: Vec<usize> =
        (0..names.len()).flat_map(|e| estimated.iter().map(move |p| e * width + p)).collect();
    Ok(Parameters::spread(stripe, &places, &b, &v))
}

/// Sums of squares and products of residuals, and their degrees of freedom.
fn products(y: &[Vec<f64>], columns: &[&[f64]]) -> Result<(Mat, f64)> {
    let mut residuals = Vec::new();
    let mut df = 0.0;
    for y in y {
        let fit = ols::fit(&Request { constant: true, ..Request::new(y, columns) }).map_err(fit_error)?;
        df = fit.df_residual;
        residuals.push(fit.residuals);
    }
    let product = |i: usize, j: usize| stable_sum(residuals[i].iter().zip(&residuals[j]).map(|(a, b)| a * b));
    Ok((Mat::from_fn(y.len(), y.len(), product), df))
}

fn show(session: &mut Session, model: &Model, lines: &[Line], df_r: f64) {
    let count = format::bare("%10.0fc", model.y.len() as f64);
    session.print("");
    session.print(format!("{:>46} = {:>10}", "Number of obs", count.trim_start()));
    session.print("");
    session.print(format!("{:>27}W = Wilks' lambda      L = Lawley-Hotelling trace", ""));
    session.print(format!("{:>27}P = Pillai's trace     R = Roy's largest root", ""));
    session.print("");
    session.print(format!("{:>23} |  Statistic     df   F(df1,    df2) =   F   Prob>F", "Source"));
    let rule = format!("{}+{}", "-".repeat(24), "-".repeat(50));
    session.print(&rule);
    let number = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, x), width);
    for (i, line) in lines.iter().enumerate() {
        for (k, (letter, test)) in ["W", "P", "L", "R"].iter().zip(line.tests.all()).enumerate() {
            let name = if k == 0 { format::abbrev(&line.name, 23) } else { String::new() };
            let df = if k == 0 { number("%6.0f", line.df, 7) } else { " ".repeat(7) };
            let p = f_tail(test.df1, test.df2, test.f);
            session.print(format!(
                "{name:>23} |{letter} {}{df}{}{}{} {} {}",
                number("%8.4f", test.statistic, 9),
                number("%7.1f", test.df1, 8),
                number("%7.1f", test.df2, 8),
                number("%8.2f", test.f, 9),
                number("%6.4f", stata(p), 6),
                test.kind.letter()
            ));
        }
        if i + 1 < lines.len() {
            session.print(format!("{}|{}", " ".repeat(24), "-".repeat(50)));
        }
    }
    session.print(&rule);
    session.print(format!("{:>23} |{:>18}", "Residual", number("%6.0f", df_r, 7)));
    session.print(&rule);
    session.print(format!("{:>23} |{:>18}", "Total", number("%6.0f", df_r + lines[0].df, 7)));
    session.print(format!("{:>27}e = exact, a = approximate, u = upper bound on F", ""));
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    names: &[String],
    lines: &[Line],
    (e, df_r): (&Mat, f64),
) {
    let stripe: Vec<Stripe> = names.iter().map(|n| Stripe::term(n.clone())).collect();
    let square = |m: &Mat| Matrix::square(m.data().to_vec(), stripe.clone());
    let mut est = Estimation::default();
    let results = &mut est.results;
    results.text("cmd", "manova").text("cmdline", crate::estimation::post::command_line(cmd));
    results.text("depvar", names.join(" ")).scalar("N", model.y.len() as f64).scalar("k", names.len() as f64);
    results.scalar("df_m", lines[0].df).scalar("df_r", df_r).scalar("k_terms", lines.len() as f64 - 1.0);
    results.matrix("E", square(e));
    for (i, line) in lines.iter().enumerate() {
        let suffix = if i == 0 { "m".to_string() } else { i.to_string() };
        let rows = line.tests.all();
        let cells = rows
            .iter()
            .flat_map(|t| [t.statistic, t.f, t.df1, t.df2, f_tail(t.df1, t.df2, t.f)])
            .map(stata)
            .collect();
        let mut m = Matrix::new(4, 5, cells);
        m.row_names = ["W", "P", "L", "R"].map(Stripe::term).to_vec();
        m.col_names = ["statistic", "F", "df1", "df2", "p"].map(Stripe::term).to_vec();
        results.matrix(&format!("stat_{suffix}"), m).matrix(&format!("H_{suffix}"), square(&line.h));
        if i > 0 {
            results.text(&format!("term_{i}"), &line.name).scalar(&format!("df_{i}"), line.df);
        }
    }
    session.post_estimation(est, model.touse.clone());
}
