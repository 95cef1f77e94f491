//! Postestimation of components and factors: `predict` of scores, `estat kmo`, `screeplot`, `loadingplot`, `scoreplot`
//! ([MV] pca postestimation, [MV] factor postestimation).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::shared::{bordered, matrix_of, named, row_named, scalar};
use crate::error::{Result, StataError};
use crate::estimation::post::kernel;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::graphs::plain::{Plain, show as draw};
use crate::ops::predict::{Prediction, add, new_names};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::components::{correlation, sampling_adequacy};
use estimators::matrix::Mat;
use figure::{RefLine, Series, Shape, Style, TextMark, Ticks};

/// `screeplot`.
pub(super) const SPEC_SCREEPLOT: CommandSpec = CommandSpec {
    name: "screeplot",
    min: 9,
    form: Form::Raw,
    by: ByRule::No,
    run: screeplot,
    syntax: "screeplot [, mean twoway_options]",
    notes: "eigenvalues of the last pca or factor; [MV] screeplot",
    examples: &[Example {
        run: "set obs 12\ngenerate a = mod(_n*5, 12)\ngenerate b = a + mod(_n*7, 5)\ngenerate c = mod(_n*7, 11)\ngenerate d = c + mod(_n*3, 4)\npca a b c d\nscreeplot\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

/// `loadingplot`.
pub(super) const SPEC_LOADINGPLOT: CommandSpec = CommandSpec {
    name: "loadingplot",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: loadingplot,
    syntax: "loadingplot [, twoway_options]",
    notes: "loadings on the first two components or factors; [MV] scoreplot",
    examples: &[Example {
        run: "set obs 12\ngenerate a = mod(_n*5, 12)\ngenerate b = a + mod(_n*7, 5)\ngenerate c = mod(_n*7, 11)\ngenerate d = c + mod(_n*3, 4)\npca a b c d\nloadingplot\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

/// `scoreplot`.
pub(super) const SPEC_SCOREPLOT: CommandSpec = CommandSpec {
    name: "scoreplot",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: scoreplot,
    syntax: "scoreplot [if] [in] [, twoway_options]",
    notes: "scores on the first two components or factors, those of factors by regression; [MV] scoreplot",
    examples: &[Example {
        run: "set obs 12\ngenerate a = mod(_n*5, 12)\ngenerate b = a + mod(_n*7, 5)\ngenerate c = mod(_n*7, 11)\ngenerate d = c + mod(_n*3, 4)\npca a b c d\nscoreplot\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

/// Options of `predict` after `pca` and `factor`.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("SCore"),
    OptSpec::flag("REGression"),
    OptSpec::flag("BARtlett"),
    OptSpec::flag("NOROTated"),
    OptSpec::flag("noTABle"),
])
.unsupported(&["FIT", "RESidual", "Q", "CENter", "NORM"]);

/// How scores are made of variables.
#[derive(Clone, Copy, PartialEq)]
enum Scoring {
    Components,
    /// Thomson's regression scores of factors.
    Regression,
    Bartlett,
}

impl Scoring {
    fn of(session: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let is_factor = session.e.cmd() == "factor";
        match (is_factor, cmd.has("bartlett"), cmd.has("regression")) {
            (false, true, _) | (_, true, true) => Err(StataError::option_not_allowed("bartlett")),
            (false, false, _) => Ok(Self::Components),
            (true, true, false) => Ok(Self::Bartlett),
            (true, false, _) => Ok(Self::Regression),
        }
    }

    /// Scoring coefficients: variables by components or factors.
    fn weights(self, session: &Session, rotated: bool) -> Result<Mat> {
        let l = kernel(&matrix_of(session, if rotated { "r_L" } else { "L" })?);
        let oblique = session.e.results.matrices.get("r_Phi").filter(|_| rotated);
        match self {
            Self::Bartlett => bartlett_weights(session, &l),
            Self::Regression => {
                let inverse = kernel(&matrix_of(session, "C")?)
                    .inverse_definite()
                    .ok_or_else(|| StataError::new(506, "correlation matrix not positive definite"))?;
                Ok(match oblique {
                    Some(phi) => inverse.times(&l).times(&kernel(phi)),
                    None => inverse.times(&l),
                })
            }
            Self::Components if oblique.is_some() => Err(StataError::new(
                199,
                "scores of obliquely rotated components are not supported by the open engine",
            )),
            Self::Components => Ok(l),
        }
    }
}

/// Scores: standardised (or centred) variables times loadings, or regression scores of factors.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(session, cmd)?;
    let rotated = session.e.results.matrices.get("r_L").is_some() && !cmd.has("norotated");
    let scoring = Scoring::of(session, cmd)?;
    let weights = scoring.weights(session, rotated)?;
    let names: Vec<String> = match &names[..] {
        [(stub, true)] => (1..=weights.cols()).map(|j| format!("{stub}{j}")).collect(),
        all => all.iter().map(|n| n.0.clone()).collect(),
    };
    if names.len() > weights.cols() {
        return Err(StataError::standard(103));
    }
    let components = scoring == Scoring::Components;
    if !cmd.has("score") && !cmd.has("regression") && scoring != Scoring::Bartlett {
        session.print(if components { "(score assumed)" } else { "(regression scoring assumed)" });
    }
    let skipped = weights.cols() - names.len();
    if components && skipped > 0 {
        session.print(format!("({skipped} component{} skipped)", if skipped == 1 { "" } else { "s" }));
    }
    let variables = matrix_of(session, "means")?.col_names;
    let chosen = session.rows(cmd)?;
    let rows: Vec<usize> = (0..chosen.len()).filter(|i| chosen[*i]).collect();
    let scores = scores(session, &variables, &weights.transpose(), &rows)?;
    for (j, (name, values)) in names.iter().zip(scores).enumerate() {
        let what = if components { "component" } else { "factor" };
        let label = format!("Scores for {what} {}", j + 1);
        add(session, name, kind, &rows, Prediction { values, label })?;
    }
    if !cmd.has("notable") {
        let columns = matrix_of(session, if rotated { "r_L" } else { "L" })?.col_names;
        show(session, scoring, rotated, &named(&weights, variables.clone(), columns));
    }
    let mut results = Results::default();
    let columns = names.iter().map(Stripe::term).collect();
    let kept: Vec<usize> = (0..names.len()).collect();
    let all: Vec<usize> = (0..weights.rows()).collect();
    results.matrix("scoef", named(&weights.select(&all, &kept), variables, columns));
    session.r = results;
    Ok(())
}

/// Scores in some rows, one list for each row of `weights`; missing where a variable is.
fn scores(session: &Session, names: &[Stripe], weights: &Mat, rows: &[usize]) -> Result<Vec<Vec<f64>>> {
    let (means, sds) = (matrix_of(session, "means")?, matrix_of(session, "sds")?);
    let standard = session.e.results.get_text("Ctype") != Some("covariance");
    let variables: Vec<usize> =
        names.iter().map(|s| session.frame.position(&s.name)).collect::<Result<_>>()?;
    let mut known = vec![true; session.frame.n_rows()];
    session.markout(&variables, &mut known, false)?;
    let unit = |i: usize| if standard { sds.get(0, i) } else { 1.0 };
    let score = |j: usize, row: usize| {
        let part = |(i, v): (usize, &usize)| {
            weights[(j, i)] * (session.frame.num_at(*v, row) - means.get(0, i)) / unit(i)
        };
        if known[row] { variables.iter().enumerate().map(part).sum() } else { MISSING }
    };
    Ok((0..weights.rows()).map(|j| rows.iter().map(|row| score(j, *row)).collect()).collect())
}

/// Prints the table of the scoring coefficients.
fn show(session: &mut Session, scoring: Scoring, rotated: bool, weights: &Matrix) {
    session.print("");
    if scoring == Scoring::Components {
        session.print("Scoring coefficients");
        session.print("    sum of squares(column-loading) = 1");
    } else {
        let method = if scoring == Scoring::Bartlett { "Bartlett" } else { "regression" };
        let based = match session.e.results.get_text("r_criterion").filter(|_| rotated) {
            Some(rotation) => format!("; based on {rotation} rotated factors"),
            None => String::new(),
        };
        session.print(format!("Scoring coefficients (method = {method}{based})"));
    }
    bordered(session, weights, 10, if scoring == Scoring::Components { 4 } else { 5 });
    session.print("");
}

/// Bartlett's scoring coefficients, `Psi^-1 L (L' Psi^-1 L)^-1`: unbiased given the factors ([MV] factor postestimation).
fn bartlett_weights(session: &Session, l: &Mat) -> Result<Mat> {
    let psi = kernel(&matrix_of(session, "Psi")?);
    if (0..l.rows()).any(|i| psi[(0, i)] <= 0.0) {
        return Err(StataError::new(498, "Bartlett scores need uniquenesses above zero"));
    }
    let scaled = Mat::from_fn(l.rows(), l.cols(), |i, j| l[(i, j)] / psi[(0, i)]);
    let inner = scaled.transpose().times(l).inverse_definite();
    let inner = inner.ok_or_else(|| StataError::new(506, "the loadings are not independent"))?;
    Ok(scaled.times(&inner))
}

/// `estat kmo`.
pub(super) fn kmo(session: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    let c = matrix_of(session, "C")?;
    let r = correlation(&kernel(&c));
    let (overall, each) = sampling_adequacy(&r)
        .ok_or_else(|| StataError::new(506, "correlation matrix not positive definite"))?;
    list(session, "Kaiser–Meyer–Olkin measure of sampling adequacy", "kmo", &c, &each);
    session.print("    -------------+---------");
    session.print(format!("    {:>12} |{:>8} ", "Overall", format::bare("%6.4f", overall)));
    session.print("    -----------------------");
    let mut results = Results::default();
    results.scalar("kmo", overall).matrix("kmow", row_named(each, c.col_names.clone()));
    session.r = results;
    Ok(())
}

/// `estat smc`: squared multiple correlations of each variable with all others.
pub(super) fn smc(session: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    let c = matrix_of(session, "C")?;
    let inverse = correlation(&kernel(&c))
        .inverse_definite()
        .ok_or_else(|| StataError::new(506, "correlation matrix not positive definite"))?;
    let each: Vec<f64> = inverse.diagonal().iter().map(|d| 1.0 - 1.0 / d).collect();
    list(session, "Squared multiple correlations of variables with all other variables", "smc", &c, &each);
    session.print("    -----------------------");
    let mut results = Results::default();
    results.matrix("smc", row_named(each, c.col_names.clone()));
    session.r = results;
    Ok(())
}

/// Prints a value of each variable below a title.
fn list(session: &mut Session, title: &str, heading: &str, c: &Matrix, values: &[f64]) {
    session.print("");
    session.print(title);
    session.print("");
    session.print("    -----------------------");
    session.print(format!("        Variable |{heading:>8} "));
    session.print("    -------------+---------");
    for (stripe, value) in c.col_names.iter().zip(values) {
        session.print(format!(
            "    {:>12} |{:>8} ",
            format::abbrev(&stripe.name, 12),
            format::bare("%6.4f", *value)
        ));
    }
}

/// A figure of one series, without titles.
fn marks(shape: Shape) -> Plain {
    let series = Series { label: String::new(), number: 0, shape, style: Style::default() };
    Plain { series: vec![series], ..Plain::default() }
}

fn screeplot(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::whole("screeplot", &cmd.raw)?;
    let values = matrix_of(session, "Ev")?;
    let mut rest = split_options(&cmd.option_text)?;
    let before = rest.len();
    rest.retain(|o| !(o.0 == "mean" && o.1.is_none()));
    let mean = values.values().iter().sum::<f64>() / values.cols() as f64;
    let points = (0..values.cols()).map(|j| ((j + 1) as f64, values.get(0, j))).collect();
    let what = if session.e.cmd() == "pca" { "Component" } else { "Factor" };
    let figure = Plain {
        title: format!("Scree plot of eigenvalues after {}", session.e.cmd()),
        x_title: format!("{what} number"),
        y_title: "Eigenvalue".to_string(),
        // components are counted, halves of them are not
        x_ticks: (values.cols() <= 20).then(|| Ticks::At((1..=values.cols()).map(|j| j as f64).collect())),
        y_lines: if rest.len() < before {
            vec![RefLine { at: mean, style: Style::default() }]
        } else {
            Vec::new()
        },
        used: Some(scalar(session, "N") as usize),
        ..marks(Shape::Connected { points })
    };
    draw(session, figure, &rest)
}

/// The rotated loadings where there are some, and whether they are.
fn two_loadings(session: &Session, command: &str) -> Result<(Matrix, bool)> {
    let rotated = session.e.results.matrices.get("r_L").is_some();
    let l = matrix_of(session, if rotated { "r_L" } else { "L" })?;
    if l.cols() < 2 {
        return Err(StataError::new(498, format!("{command} needs two components or factors")));
    }
    Ok((l, rotated))
}

fn scoreplot(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("scoreplot", &cmd.raw, false)?;
    let (_, rotated) = two_loadings(session, "scoreplot")?;
    let is_pca = session.e.cmd() == "pca";
    let scoring = if is_pca { Scoring::Components } else { Scoring::Regression };
    let weights = scoring.weights(session, rotated)?;
    let chosen = session.rows(&cmd)?;
    let rows: Vec<usize> = (0..chosen.len()).filter(|i| chosen[*i]).collect();
    let names = matrix_of(session, "means")?.col_names;
    let found = scores(session, &names, &weights.transpose(), &rows)?;
    let pairs = found[0].iter().copied().zip(found[1].iter().copied());
    let points: Vec<(f64, f64)> = pairs.filter(|(x, y)| !is_missing(*x) && !is_missing(*y)).collect();
    if points.is_empty() {
        return Err(StataError::no_observations());
    }
    let what = if is_pca { "component" } else { "factor" };
    let used = points.len();
    let figure = Plain {
        title: format!("Score variables ({})", session.e.cmd()),
        x_title: format!("Scores for {what} 1"),
        y_title: format!("Scores for {what} 2"),
        used: Some(used),
        ..marks(Shape::Points { points })
    };
    draw(session, figure, &split_options(&cmd.option_text)?)
}

fn loadingplot(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::whole("loadingplot", &cmd.raw)?;
    let (l, _) = two_loadings(session, "loadingplot")?;
    let points: Vec<(f64, f64)> = (0..l.rows()).map(|i| (l.get(i, 0), l.get(i, 1))).collect();
    let texts = points
        .iter()
        .zip(&l.row_names)
        .map(|((x, y), name)| TextMark {
            x: *x,
            y: *y,
            text: name.name.clone(),
            clock: 12,
            color: None,
            size: None,
        })
        .collect();
    let what = if session.e.cmd() == "pca" { "Component" } else { "Factor" };
    let figure = Plain {
        title: format!("{what} loadings"),
        x_title: format!("{what} 1"),
        y_title: format!("{what} 2"),
        texts,
        used: Some(scalar(session, "N") as usize),
        ..marks(Shape::Points { points })
    };
    draw(session, figure, &split_options(&cmd.option_text)?)
}
