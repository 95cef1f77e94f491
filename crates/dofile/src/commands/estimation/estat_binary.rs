//! `estat classification` and `estat gof` after logit models and Poisson regression, and `lroc`.
//! Formulas: [R] estat classification, [R] estat gof, [R] lroc, [R] poisson postestimation.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::predictions::compute;
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::ops::graphs::curves::{self, CurveOptions, Picture};
use crate::ops::predict::outcome;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::classify;
use estimators::distributions::chi2_tail;
use figure::{Color, Series, Shape, Style};

const LROC: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("noGraph"), OptSpec::flag("all")]).unsupported(&["beta"]);

/// The command `lroc`.
pub(crate) const SPEC_LROC: CommandSpec = CommandSpec {
    name: "lroc",
    min: 4,
    form: Form::Standard(&LROC),
    by: ByRule::No,
    run: lroc,
    syntax: "lroc [if] [in] [, nograph all]",
    notes: "stores r(N) r(area); draws the curve; formulas: [R] lroc",
    examples: &[Example {
        // Of nine pairs four are in order and four are ties.
        run: "input y x\n1 1\n1 1\n1 0\n0 0\n0 0\n0 1\nend\nlogit y x\nlroc, nograph",
        expect: &[("r(area)", 2.0 / 3.0), ("r(N)", 6.0)],
    }],
};

/// Predicted probabilities and outcomes on rows, with frequency weights.
pub(super) struct Predicted {
    pub(super) p: Vec<f64>,
    pub(super) y: Vec<bool>,
    pub(super) weights: Option<Vec<f64>>,
}

impl Predicted {
    pub(super) fn read(session: &mut Session, touse: &[bool], all: bool) -> Result<Self> {
        if !matches!(session.e.cmd(), "logit" | "logistic" | "probit") {
            return Err(StataError::no_estimates());
        }
        let sample = session.required_estimation_sample()?;
        let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i] && (all || sample[*i])).collect();
        let y = outcome(session, &rows)?;
        let p = compute(session, Some("pr"), None, &rows)?.values;
        let weights = match session.e.results.get_text("wexp") {
            None => None,
            Some(text) => {
                let compiled = session.compile(text.trim_start_matches('=').trim())?;
                let ctx = session.ctx();
                Some(rows.iter().map(|r| compiled.num(&ctx, *r)).collect::<Vec<f64>>())
            }
        };
        let keep: Vec<usize> = (0..rows.len()).filter(|i| !is_missing(p[*i]) && !is_missing(y[*i])).collect();
        if keep.is_empty() {
            return Err(StataError::no_observations());
        }
        Ok(Self {
            p: keep.iter().map(|i| p[*i]).collect(),
            y: keep.iter().map(|i| y[*i] != 0.0).collect(),
            weights: weights.map(|w| keep.iter().map(|i| w[*i]).collect()),
        })
    }

    pub(super) fn count(&self) -> f64 {
        self.weights.as_ref().map_or(self.p.len() as f64, |w| w.iter().sum())
    }
}

fn lroc(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let touse = session.rows(cmd)?;
    let data = Predicted::read(session, &touse, cmd.has("all"))?;
    let (points, area) = classify::roc(&data.p, &data.y, data.weights.as_deref());
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let title = if session.e.cmd() == "probit" { "Probit model" } else { "Logistic model" };
    session.print("");
    session.print(format!("{title} for {depvar}"));
    session.print("");
    session.print(format!("Number of observations = {}", format::number("%8.0f", data.count())));
    session.print(format!("Area under ROC curve   = {}", format::number("%8.4f", area)));
    let mut results = Results::default();
    results.scalar("N", data.count()).scalar("area", stata(area));
    session.r = results;
    if cmd.has("nograph") { Ok(()) } else { draw_roc(session, &points, area, data.p.len()) }
}

/// The ROC curve over the diagonal of a model without information.
fn draw_roc(session: &mut Session, points: &[classify::RocPoint], area: f64, used: usize) -> Result<()> {
    let curve = points.iter().map(|p| (1.0 - p.specificity, p.sensitivity)).collect();
    let line = |number, points, style| Series {
        label: String::new(),
        number,
        shape: Shape::Line { points, step: false },
        style,
    };
    let grey = Style { color: Some(Color::rgb(120, 120, 120)), dash: Some("8 4"), ..Style::default() };
    let picture = Picture {
        title: "ROC curve".into(),
        note: format!("Area under ROC curve = {}", format::bare("%6.4f", area)),
        x_title: "1 - Specificity".into(),
        y_title: "Sensitivity".into(),
        series: vec![line(0, curve, Style::default()), line(1, vec![(0.0, 0.0), (1.0, 1.0)], grey)],
        x_range: Some((0.0, 1.0)),
        y_range: Some((0.0, 1.0)),
        used,
        ..Picture::default()
    };
    curves::show(session, picture, CurveOptions::default())
}

/// `estat classification [if] [in] [, cutoff(#) all]`.
pub(crate) fn classification(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options_after_list(&[OptSpec::real("CUToff"), OptSpec::flag("all")], &[])?;
    let cut = options.real("cutoff").unwrap_or(0.5);
    if !(0.0..=1.0).contains(&cut) {
        return Err(StataError::new(198, "cutoff() must be between 0 and 1"));
    }
    let touse = session.rows(&call.restriction()?)?;
    let data = Predicted::read(session, &touse, options.has("all"))?;
    let c = classify::classification(&data.p, &data.y, data.weights.as_deref(), cut);
    let (ones, zeros) = (c.true_positive + c.false_negative, c.false_positive + c.true_negative);
    let (positive, negative) = (c.true_positive + c.false_positive, c.false_negative + c.true_negative);
    let share = |a: f64, b: f64| stata(100.0 * a / b);
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let title = if session.e.cmd() == "probit" { "Probit model" } else { "Logistic model" };
    session.print("");
    session.print(format!("{title} for {depvar}"));
    session.print("");
    session.print("              -------- True --------");
    session.print("Classified |         D            ~D  |      Total");
    session.print("-----------+--------------------------+-----------");
    let line = |name: &str, a: f64, b: f64| {
        let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
        format!("{name:^11}|{}{}  |{}", cell(a, 10), cell(b, 14), cell(a + b, 11))
    };
    session.print(line("+", c.true_positive, c.false_positive));
    session.print(line("-", c.false_negative, c.true_negative));
    session.print("-----------+--------------------------+-----------");
    session.print(line("Total", ones, zeros));
    session.print("");
    session.print(format!("Classified + if predicted Pr(D) >= {}", format::bare("%9.0g", cut)));
    session.print(format!("True D defined as {depvar} != 0"));
    let rule = "--------------------------------------------------";
    session.print(rule);
    let rates = [
        ("Sensitivity", "Pr( +| D)", "P_p1", share(c.true_positive, ones)),
        ("Specificity", "Pr( -|~D)", "P_n0", share(c.true_negative, zeros)),
        ("Positive predictive value", "Pr( D| +)", "P_1p", share(c.true_positive, positive)),
        ("Negative predictive value", "Pr(~D| -)", "P_0n", share(c.true_negative, negative)),
        ("False + rate for true ~D", "Pr( +|~D)", "P_p0", share(c.false_positive, zeros)),
        ("False - rate for true D", "Pr( -| D)", "P_n1", share(c.false_negative, ones)),
        ("False + rate for classified +", "Pr(~D| +)", "P_0p", share(c.false_positive, positive)),
        ("False - rate for classified -", "Pr( D| -)", "P_1n", share(c.false_negative, negative)),
    ];
    let mut results = Results::default();
    for (i, (name, what, stored, value)) in rates.iter().enumerate() {
        if i == 4 {
            session.print(rule);
        }
        session.print(format!("{name:<31}{what:>10}{}%", format::right(&format::bare("%6.2f", *value), 8)));
        results.scalar(stored, *value);
    }
    let correct = share(c.true_positive + c.true_negative, ones + zeros);
    session.print(rule);
    session.print(format!(
        "{:<41}{}%",
        "Correctly classified",
        format::right(&format::bare("%6.2f", correct), 8)
    ));
    session.print(rule);
    let table = Matrix::new(2, 2, vec![c.true_positive, c.false_positive, c.false_negative, c.true_negative]);
    results.scalar("P_corr", correct).matrix("ctable", table);
    session.r = results;
    Ok(())
}

fn show_gof(session: &mut Session, lines: &[(&str, String)]) {
    session.print("");
    for (label, value) in lines {
        session.print(format!("{label:>28} = {value}"));
    }
}

/// Observed and expected numbers in the groups of the Hosmer–Lemeshow test, with the highest probability of each.
fn show_groups(session: &mut Session, cells: &[(f64, f64, f64)], highest: &[f64]) {
    let rule = |ends: &str, cross: &str| {
        let widths = [7, 8, 7, 7, 7, 7, 7].map(|w| "-".repeat(w)).join(cross);
        format!("  {ends}{widths}{ends}")
    };
    session.print("");
    session.print(rule("+", "-"));
    session.print("  | Group |   Prob | Obs_1 | Exp_1 | Obs_0 | Exp_0 | Total |");
    session.print(rule("|", "+"));
    for (g, ((total, ones, expected), p)) in
        cells.iter().zip(highest).enumerate().filter(|(_, (c, _))| c.0 > 0.0)
    {
        let whole = |x: f64| format::number("%5.0f", x);
        let share = |x: f64| format::number("%5.1f", x);
        session.print(format!(
            "  | {:>5} | {} | {} | {} | {} | {} | {} |",
            g + 1,
            format::number("%6.4f", *p),
            whole(*ones),
            share(*expected),
            whole(total - ones),
            share(total - expected),
            whole(*total)
        ));
    }
    session.print(rule("+", "-"));
}

/// `estat gof [if] [in] [, group(#) table]`: Pearson's test over covariate patterns, or Hosmer and Lemeshow (1980) groups.
pub(crate) fn gof(session: &mut Session, call: &Call) -> Result<()> {
    let options =
        call.options_after_list(&[OptSpec::int("Group"), OptSpec::flag("table")], &["OUTsample", "all"])?;
    let touse = session.rows(&call.restriction()?)?;
    let data = Predicted::read(session, &touse, false)?;
    let weight = |i: usize| data.weights.as_ref().map_or(1.0, |w| w[i]);
    let mut order: Vec<usize> = (0..data.p.len()).collect();
    order.sort_by(|a, b| data.p[*a].total_cmp(&data.p[*b]));
    // Rows with one predicted probability form one pattern; groups never split a pattern.
    let patterns: Vec<(f64, f64, f64)> = order
        .chunk_by(|a, b| data.p[*a] == data.p[*b])
        .map(|run| {
            let total: f64 = run.iter().map(|i| weight(*i)).sum();
            let ones: f64 = run.iter().filter(|i| data.y[**i]).map(|i| weight(*i)).sum();
            (total, ones, total * data.p[run[0]])
        })
        .collect();
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let n = data.count();
    let mut results = Results::default();
    let (cells, df, name) = match options.int("group") {
        None => {
            let rank = session.e.results.get_scalar("rank").unwrap_or(0.0);
            let df = patterns.len() as f64 - rank;
            (patterns, df, "Pearson")
        }
        Some(groups) if groups > 2 => {
            let mut cells = vec![(0.0, 0.0, 0.0); groups as usize];
            let mut highest = vec![0.0; groups as usize];
            let mut reached = 0.0;
            for (total, ones, expected) in patterns {
                // Groups as xtile makes them: a pattern lies at or below a quantile when the rows before it are fewer
                // than those the quantile asks for.
                let group = ((reached * groups as f64 / n).floor() as usize).min(groups as usize - 1);
                reached += total;
                highest[group] = expected / total;
                cells[group].0 += total;
                cells[group].1 += ones;
                cells[group].2 += expected;
            }
            if options.has("table") {
                show_groups(session, &cells, &highest);
            }
            cells.retain(|c| c.0 > 0.0);
            let df = cells.len() as f64 - 2.0;
            (cells, df, "Hosmer–Lemeshow")
        }
        Some(_) => return Err(StataError::new(198, "group() must be greater than 2")),
    };
    let chi2: f64 = cells
        .iter()
        .map(|(total, ones, expected)| (ones - expected).powi(2) / (expected * (1.0 - expected / total)))
        .sum();
    let p = stata(chi2_tail(df, chi2));
    session.print("");
    session.print(format!(
        "Goodness-of-fit test after {} model",
        if session.e.cmd() == "probit" { "probit" } else { "logistic" }
    ));
    session.print(format!("Variable: {depvar}"));
    let what = if name == "Pearson" { "Number of covariate patterns" } else { "Number of groups" };
    show_gof(
        session,
        &[
            ("Number of observations", format::number("%8.0fc", n)),
            (what, format::number("%8.0fc", cells.len() as f64)),
            (&format!("{name} chi2({})", format::bare("%9.0g", df)), format::number("%8.2f", chi2)),
            ("Prob > chi2", format::number("%8.4f", p)),
        ],
    );
    results
        .scalar("N", n)
        .scalar("m", cells.len() as f64)
        .scalar("df", df)
        .scalar("chi2", stata(chi2))
        .scalar("p", p);
    session.r = results;
    Ok(())
}

/// `estat gof` after `poisson`: deviance and Pearson statistics.
pub(crate) fn poisson_gof(session: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    if session.e.results.get_text("wtype").is_some() {
        return Err(StataError::new(
            322,
            "estat gof is not supported after a weighted poisson by the open engine",
        ));
    }
    let sample = session.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let y = outcome(session, &rows)?;
    let mean = compute(session, Some("n"), None, &rows)?.values;
    let rank = session.e.results.get_scalar("rank").unwrap_or(0.0);
    let df = rows.len() as f64 - rank;
    let deviance: f64 = y
        .iter()
        .zip(&mean)
        .map(|(y, m)| 2.0 * (if *y > 0.0 { y * (y / m).ln() } else { 0.0 } - (y - m)))
        .sum();
    let pearson: f64 = y.iter().zip(&mean).map(|(y, m)| (y - m).powi(2) / m).sum();
    let (p_d, p_p) = (stata(chi2_tail(df, deviance)), stata(chi2_tail(df, pearson)));
    let tail = format!("Prob > chi2({df})");
    for (label, statistic, p) in
        [("Deviance goodness-of-fit", deviance, p_d), ("Pearson goodness-of-fit", pearson, p_p)]
    {
        session.print("");
        session.print(format!("{:9}{label:<24} = {}", "", format::number("%9.0g", statistic)));
        session.print(format!("{:9}{tail:<24} = {}", "", format::number("%9.4f", p)));
    }
    let mut results = Results::default();
    results.scalar("chi2_d", stata(deviance)).scalar("p_d", p_d).scalar("df", df);
    results.scalar("chi2_p", stata(pearson)).scalar("p_p", p_p);
    session.r = results;
    Ok(())
}
