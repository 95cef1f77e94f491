//! `xtfmb`, and `asreg` with option `fmb`: averages over periods of cross-sectional regressions. Fama and MacBeth (1973),
//! Journal of Political Economy 81. Written from the help files of Hoechle (2011) and Shah (2019).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::fama_macbeth::average;
use estimators::ols::{self, OlsFit};
use estimators::wald;
use estimators::weights::Weights;
use std::collections::{BTreeMap, BTreeSet};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("lag"), OptSpec::flag("VERBose"), OptSpec::real("Level")])
        .weights(&[WeightKind::Analytic]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtfmb",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtfmb depvar [indepvars] [if] [in] [aweight] [, lag(#) verbose level(#)]",
    notes: "one regression for each value of the time variable of xtset; their coefficients are averaged; periods with too few observations or a collinear regressor are left out and counted in a note; lag() is the number of lags of Newey and West, here with covariances between the coefficients; tests have T-1 degrees of freedom; stores e(N N_g df_m df_r F r2), e(title method vcetype depvar), e(b), e(V)",
    examples: &[Example {
        // slopes 1, 2 and 3 of three periods: mean 2, standard deviation 1
        run: "set obs 12\ngenerate t = ceil(_n/4)\ngenerate i = mod(_n, 4)\ngenerate y = t*i + 5\nxtset i t\nxtfmb y i",
        expect: &[
            ("_b[i]", 2.0),
            ("_se[i]^2", 1.0 / 3.0),
            ("_b[_cons]", 5.0),
            ("e(df_r)", 2.0),
            ("e(N_g)", 3.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "xtfmb" {
        return display(s, cmd);
    }
    let lags = match cmd.options.int("lag") {
        Some(lag) if lag < 0 => return Err(StataError::new(198, "lag() must not be negative")),
        lag => lag.map(|l| l as usize),
    };
    estimate(s, cmd, "xtfmb", lags)
}

/// Fits the regressions, averages and posts them. With `lags` the standard errors are those of Newey and West.
pub(super) fn estimate(s: &mut Session, cmd: &ParsedCommand, name: &str, lags: Option<usize>) -> Result<()> {
    let time = Panel::of(&s.frame)?.series()?;
    let reading = Reading {
        vce: Some(VceSpec::Default),
        weight_kinds: &[WeightKind::Analytic],
        further: vec![time],
        ..Reading::new(cmd)
    };
    let mut model = reading.model(s)?.enough()?;
    let periods = periods(s, &model, time);
    let mut fits = cross_sections(&model, &periods);
    let omitted = omitted_everywhere(&fits);
    if !omitted.is_empty() {
        let names = model.omit(&omitted);
        post::note_omitted(s, &names);
        fits = cross_sections(&model, &periods);
    }
    fits.retain(|(_, f)| f.basis.omitted.is_empty());
    note_left_out(s, &mut model, time, periods.len(), &fits)?;
    let estimates: Vec<Vec<f64>> = fits.iter().map(|(_, f)| f.b.clone()).collect();
    let Some(averages) = average(&estimates, lags.unwrap_or(0)) else {
        return Err(StataError::new(
            2001,
            "insufficient observations: fewer than two periods have a regression",
        ));
    };
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let test = wald::test_zero(&averages.b, &averages.v, &slopes);
    let f = if test.df == slopes.len() && test.df > 0 { test.f() } else { f64::NAN };
    let mean = |of: fn(&OlsFit) -> f64| {
        // a period with as many observations as parameters has no adjusted R squared
        let known: Vec<f64> = fits.iter().map(|(_, f)| of(f)).filter(|x| x.is_finite()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let parameters =
        Parameters::spread(plain_stripe(model.names()), &model.estimated(), &averages.b, &averages.v);
    let mut est = post::begin(name, &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    r.scalar("N", model.y.len() as f64).scalar("N_g", fits.len() as f64).scalar("df_m", slopes.len() as f64);
    r.scalar("df_r", fits.len() as f64 - 1.0).scalar("F", stata(f)).scalar("r2", stata(mean(|f| f.r2)));
    if name == "asreg" {
        r.scalar("adjr2", stata(mean(|f| f.r2_a)));
    }
    texts(r, lags, model.weights.is_some());
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    if cmd.has("verbose") {
        show_periods(s, &model, &fits);
    }
    display(s, cmd)
}

fn texts(r: &mut crate::results::Results, lags: Option<usize>, weighted: bool) {
    let title = match (lags, weighted) {
        (Some(lags), _) => format!("Fama-MacBeth procedure, Newey-West standard errors, lags {lags}"),
        (None, true) => "Weighted Fama-MacBeth (1973) procedure".to_string(),
        (None, false) => "Fama-MacBeth (1973) Two-Step procedure".to_string(),
    };
    let vcetype = if lags.is_some() { "Newey-FMB" } else { "Fama-MacBeth" };
    r.text("title", &title).text("vcetype", vcetype).text("method", "Fama-MacBeth Two-Step procedure");
}

/// Rows (positions in the sample) of each period, in the order of time.
fn periods(s: &Session, model: &Model, time: usize) -> Vec<(f64, Vec<usize>)> {
    let mut rows: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (position, row) in model.design.rows.iter().enumerate() {
        rows.entry(s.frame.num_at(time, *row) as i64).or_default().push(position);
    }
    rows.into_iter().map(|(t, rows)| (t as f64, rows)).collect()
}

/// The regression of each period that has enough observations.
fn cross_sections(model: &Model, periods: &[(f64, Vec<usize>)]) -> Vec<(f64, OlsFit)> {
    periods.iter().filter_map(|(time, rows)| Some((*time, cross_section(model, rows)?))).collect()
}

/// The regression of one period; `None` where it has too few observations.
fn cross_section(model: &Model, rows: &[usize]) -> Option<OlsFit> {
    let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|i| values[*i]).collect() };
    let y = pick(&model.y);
    let columns: Vec<Vec<f64>> = model.columns().into_iter().map(pick).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let weights = model.weights.as_ref().map(|w| Weights { kind: w.kind, values: pick(&w.values) });
    let request = ols::Request {
        constant: model.constant,
        weights: weights.as_ref(),
        ..ols::Request::new(&y, &columns)
    };
    ols::fit(&request).ok()
}

/// Regressors that no period's regression can tell from the others, such as one that is the same for all units.
fn omitted_everywhere(fits: &[(f64, OlsFit)]) -> Vec<usize> {
    let sets = fits.iter().map(|(_, f)| f.basis.omitted.iter().copied().collect::<BTreeSet<usize>>());
    sets.reduce(|a, b| a.intersection(&b).copied().collect()).unwrap_or_default().into_iter().collect()
}

/// Leaves the rows of periods without a regression out of the sample, and says how many periods these are.
fn note_left_out(
    s: &mut Session,
    model: &mut Model,
    time: usize,
    periods: usize,
    fits: &[(f64, OlsFit)],
) -> Result<()> {
    if fits.len() == periods {
        return Ok(());
    }
    let used: BTreeSet<i64> = fits.iter().map(|(t, _)| *t as i64).collect();
    let is_out = |row: &usize| !used.contains(&(s.frame.num_at(time, *row) as i64));
    let dropped: Vec<usize> =
        model.design.rows.iter().enumerate().filter(|(_, row)| is_out(row)).map(|(i, _)| i).collect();
    model.drop_rows(s, &dropped)?;
    let count = periods - fits.len();
    let s_of = if count == 1 { "" } else { "s" };
    s.print(format!(
        "note: {count} period{s_of} left out: too few observations or a collinear regressor there"
    ));
    Ok(())
}

/// Coefficients and R squared of each period.
fn show_periods(s: &mut Session, model: &Model, fits: &[(f64, OlsFit)]) {
    let estimated = model.estimated();
    let names = model.names();
    let cell = |x: f64| crate::format::bare("%9.0g", x);
    let mut head = format!("{:>9}", "period");
    estimated.iter().for_each(|p| head.push_str(&format!(" {:>12}", crate::format::abbrev(&names[*p], 12))));
    s.print("");
    s.print(format!("{head} {:>9}", "R-squared"));
    for (time, fit) in fits {
        let mut line = format!("{:>9}", cell(*time));
        fit.b.iter().for_each(|b| line.push_str(&format!(" {:>12}", cell(*b))));
        s.print(format!("{line} {:>9}", crate::format::bare("%6.4f", fit.r2)));
    }
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
    let p = if crate::value::is_missing(f) { MISSING } else { f_tail(df_m, df_r, f) };
    let mut facts = vec![
        Fact::observations(scalar("N")),
        Fact::new("Num. time periods", "%10.0fc", scalar("N_g")),
        Fact::statistic("F", &[df_m, df_r], f),
        Fact::probability("Prob > F", p),
        Fact::probability("avg. R-squared", scalar("r2")),
    ];
    if let Some(adjusted) = e.get_scalar("adjr2") {
        facts.push(Fact::probability("Adj. R-squared", adjusted));
    }
    let left = [e.get_text("title").unwrap_or("").to_string()];
    s.print("");
    show(s, &left, &facts, 17, 10);
    s.print("");
    show_active(s, level, None)
}
