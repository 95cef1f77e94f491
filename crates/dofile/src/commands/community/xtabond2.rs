//! `xtabond2`: difference and system GMM for panels (Roodman 2009, Stata Journal 9(1)), with instruments that the user
//! states. Numbers: `estimators::panel_gmm`; equations: `xtabond2_equations`.

use super::xtabond2_equations::{Errors, Model, gmmstyle, ivstyle};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{level, moments_error, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::linear::same_term;
use crate::estimation::model::{Reading, VceSpec, first_word};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::ops::by_period::{ByUnit, Place, Places, columns, places, sample_rows, sizes};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::Term;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail, normal_two_sided};
use estimators::matrix::Mat;
use estimators::panel_gmm::{GmmFit, Steps, Unit, fit};
use estimators::qr::{Design as Columns, choose_columns};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::texts("GMMstyle"),
    OptSpec::texts("IVstyle"),
    OptSpec::flag("TWOstep"),
    OptSpec::flag("Robust"),
    OptSpec::flag("SMall"),
    OptSpec::flag("ORthogonal"),
    OptSpec::flag("noLeveleq"),
    OptSpec::flag("noCONstant"),
    OptSpec::int("H"),
    OptSpec::int("ARTests"),
    OptSpec::flag("noDiffsargan"),
    OptSpec::flag("noMata"),
    OptSpec::real("Level"),
])
.unsupported(&["CLuster", "PCA", "COMPonents", "ARLevels", "SVMat", "SVVar", "DEPname"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtabond2",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtabond2 depvar indepvars [if] [in] [, gmmstyle(varlist [, laglimits(# #) collapse equation(diff|both)]) ... ivstyle(varlist [, equation(diff|level|both) mz]) ... twostep robust small noleveleq orthogonal noconstant h(#) artests(#) level(#)]",
    notes: "stores e(N N_g g_min g_avg g_max j df_m chi2 chi2p F F_p df_r sargan sar_df sarganp hansen hansen_df hansenp sig2 ar1 ar1p ar2 ar2p ...), e(b), e(V), e(esttype steps vcetype ivar tvar); instruments of lags for equation(both) are one difference in the equations in levels; differences of Hansen's statistic are not computed; small multiplies robust covariances by G/(G-1) (N-1)/(N-K); predict gives xb residuals; see xtabond2 (SSC), Roodman (2009)",
    examples: &[Example {
        // Three periods: one equation per unit and one instrument, sum(y1 dy3) / sum(y1 dy2).
        run: "input id t y\n1 1 1\n1 2 3\n1 3 4\n2 1 2\n2 2 3\n2 3 5\n3 1 1\n3 2 2\n3 3 3\nend\nxtset id t\nxtabond2 y L.y, gmmstyle(L.y) noleveleq robust",
        expect: &[("_b[L.y]", 6.0 / 5.0), ("e(N)", 3.0), ("e(j)", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() || session.e.cmd() != "xtabond2" {
        estimate(session, cmd)?;
    }
    display(session, cmd)
}

/// What is asked for besides the equations.
struct Asked {
    levels: bool,
    constant: bool,
    orthogonal: bool,
    robust: bool,
    steps: Steps,
    small: bool,
    errors: Errors,
    orders: i64,
}

impl Asked {
    fn read(cmd: &ParsedCommand) -> Result<Self> {
        let levels = !cmd.has("noleveleq");
        let errors = match cmd.options.int("h").unwrap_or(3) {
            1 => Errors::Identity,
            2 => Errors::Separate,
            3 => Errors::Full,
            _ => return Err(StataError::invalid("h() must be 1, 2 or 3")),
        };
        Ok(Self {
            levels,
            constant: levels && !cmd.has("noconstant"),
            orthogonal: cmd.has("orthogonal"),
            robust: cmd.has("robust"),
            steps: if cmd.has("twostep") { Steps::Two } else { Steps::One },
            small: cmd.has("small"),
            errors,
            orders: cmd.options.int("artests").unwrap_or(2).max(1),
        })
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let asked = Asked::read(cmd)?;
    let panel = Panel::of(&session.frame)?;
    let touse = session.rows(cmd)?;
    // Instruments are lags of all rows, also of those outside the sample.
    let place = places(session, &panel, &vec![true; touse.len()])?;
    let (first, rest) = first_word(&cmd.list);
    if first.is_empty() {
        return Err(StataError::standard(100));
    }
    let outcome = listed(session, first, &place)?;
    let [(_, y)] = outcome.as_slice() else {
        return Err(StataError::new(198, "depvar may not be a factor variable"));
    };
    let regressors = listed(session, rest, &place)?;
    for (i, a) in regressors.iter().enumerate() {
        if regressors[..i].iter().any(|b| same_term(&a.0, &b.0)) {
            return Err(StataError::new(198, format!("{} is listed twice", a.0.name())));
        }
    }
    let mut model = Model {
        y,
        x: regressors.iter().map(|r| &r.1).collect(),
        gmm: Vec::new(),
        iv: Vec::new(),
        levels: asked.levels,
        constant: asked.constant,
        orthogonal: asked.orthogonal,
        errors: asked.errors,
        sample: place.sample(&touse),
        means: (Vec::new(), Vec::new()),
    };
    for text in cmd.options.texts("gmmstyle") {
        model.gmm.extend(gmmstyle(session, text, &place)?);
    }
    for text in cmd.options.texts("ivstyle") {
        model.iv.extend(ivstyle(session, text, &place)?);
    }
    model.centre();
    let means = model.means.0.clone();
    let (units, differences, levels) = model.equations();
    if units.is_empty() {
        return Err(StataError::no_observations());
    }
    let used = if asked.levels { levels } else { differences };
    let sample = sample_rows(&touse, &place, &used);
    let mut names: Vec<String> = regressors.iter().map(|r| r.0.name()).collect();
    names.extend(asked.constant.then(|| "_cons".to_string()));
    finish(session, cmd, &asked, Found { units, names, used, sample, panel, means })
}

fn listed(session: &Session, text: &str, place: &Place) -> Result<Vec<(Term, ByUnit)>> {
    columns(session, text, &vec![true; session.frame.n_rows()], place)
}

/// The equations and what the results are named after.
struct Found {
    units: Vec<Unit>,
    names: Vec<String>,
    used: Places,
    sample: Vec<bool>,
    panel: Panel,
    /// What was subtracted from the regressors in levels.
    means: Vec<f64>,
}

/// Leaves out regressors that are collinear over all equations; the constant goes before the others.
fn without_collinear(mut units: Vec<Unit>, constant: bool) -> (Vec<Unit>, Vec<usize>) {
    let width = units[0].x.cols();
    let mut order: Vec<usize> = (0..width).collect();
    if constant {
        order.rotate_right(1);
    }
    let column = |j: &usize| -> Vec<f64> {
        units.iter().flat_map(|u| (0..u.y.len()).map(move |r| u.x[(r, *j)])).collect()
    };
    let all: Vec<Vec<f64>> = order.iter().map(column).collect();
    let views: Vec<&[f64]> = all.iter().map(Vec::as_slice).collect();
    let (kept, omitted) = choose_columns(Columns { columns: &views, weights: None, constant: false });
    let mut kept: Vec<usize> = kept.iter().map(|k| order[*k]).collect();
    kept.sort_unstable();
    if !omitted.is_empty() {
        for unit in &mut units {
            let rows: Vec<usize> = (0..unit.y.len()).collect();
            unit.x = unit.x.select(&rows, &kept);
            if let Some(tested) = &mut unit.tested {
                let rows: Vec<usize> = (0..tested.y.len()).collect();
                tested.x = tested.x.select(&rows, &kept);
            }
        }
    }
    (units, kept)
}

fn finish(session: &mut Session, cmd: &ParsedCommand, asked: &Asked, found: Found) -> Result<()> {
    let Found { units, names, used, sample, panel, means } = found;
    let (units, kept) = without_collinear(units, asked.constant);
    let omitted: Vec<String> =
        (0..names.len()).filter(|j| !kept.contains(j)).map(|j| names[j].clone()).collect();
    post::note_omitted(session, &omitted);
    let failed = || moments_error(&units, asked.steps);
    let mut fitted = fit(&units, asked.steps, asked.robust).ok_or_else(failed)?;
    let (n, k) = (used.len() as f64, kept.len() as f64);
    let groups = used.iter().map(|place| place.0).collect::<std::collections::BTreeSet<_>>().len() as f64;
    let clustered = asked.robust || asked.steps == Steps::Two;
    let tests = Tests::of(&units, &fitted, asked, n).ok_or_else(failed)?;
    let factor = match (asked.small, clustered) {
        (false, false) => tests.sigma2 / fitted.sigma2,
        (true, false) => tests.sigma2 / fitted.sigma2 * n / (n - k),
        (true, true) => groups / (groups - 1.0) * (n - 1.0) / (n - k),
        (false, true) => 1.0,
    };
    fitted.v = fitted.v.clone().scaled(factor);
    if asked.constant {
        // the constant takes up what was subtracted
        let last = kept.len() - 1;
        let mut map = Mat::identity(kept.len());
        (0..last).for_each(|j| map[(last, j)] = -means[kept[j]]);
        (fitted.b, fitted.v) = (map.times_vector(&fitted.b), map.sandwich(&fitted.v));
    }
    let reading = Reading { vce: Some(VceSpec::Default), list: first_word(&cmd.list).0, ..Reading::new(cmd) };
    let reading = reading.model(session)?;
    let labels = names.iter().map(|n| if omitted.contains(n) { format!("o.{n}") } else { n.clone() });
    let parameters = Parameters::spread(plain_stripe(labels.collect()), &kept, &fitted.b, &fitted.v);
    let mut est = post::begin("xtabond2", &post::command_line(cmd), &parameters, &reading);
    let results = &mut est.results;
    let slopes: Vec<usize> = (0..fitted.b.len() - usize::from(asked.constant)).collect();
    let test = wald::test_zero(&fitted.b, &fitted.v, &slopes);
    results.scalar("df_m", test.df as f64).scalar("rank", k).scalar("j", fitted.rank as f64);
    if asked.small {
        let df_r = if clustered { groups - 1.0 } else { n - k };
        results.scalar("F", stata(test.f())).scalar("df_r", df_r).text("small", "small");
        results.scalar("F_p", f_tail(test.df as f64, df_r, test.f()));
    } else {
        results.scalar("chi2", stata(test.chi2)).scalar("chi2p", chi2_tail(test.df as f64, test.chi2));
    }
    sizes(results, &used);
    tests.store(results, fitted.rank as f64 - k);
    texts(results, asked);
    let name = |v: Option<usize>| v.map_or(String::new(), |v| session.frame.var(v).name.clone());
    results.text("ivar", name(panel.panel)).text("tvar", name(panel.time)).text("predict", "xtabond2_p");
    session.post_estimation(est, sample);
    Ok(())
}

/// Tests of the instruments and of serial correlation.
struct Tests {
    sargan: f64,
    hansen: Option<f64>,
    /// Variance of the errors in levels.
    sigma2: f64,
    serial: Vec<f64>,
}

impl Tests {
    /// Sargan's statistic is that of the first step, Hansen's that of the second.
    fn of(units: &[Unit], fitted: &GmmFit, asked: &Asked, n: f64) -> Option<Self> {
        // The statistics do not depend on whether the covariance is robust.
        let other = |steps| fit(units, steps, false);
        let (first, hansen) = match (asked.steps, asked.robust) {
            (Steps::Two, _) => (&other(Steps::One)?, Some(fitted.sargan)),
            (Steps::One, true) => (fitted, other(Steps::Two).map(|second| second.sargan)),
            (Steps::One, false) => (fitted, None),
        };
        let sigma2 = first.level_variance(asked.orthogonal, n);
        let serial = (1..=asked.orders)
            .map(|order| fitted.serial_correlation(units, order).unwrap_or(MISSING))
            .collect();
        Some(Self { sargan: first.sargan * first.sigma2 / sigma2, hansen, sigma2, serial })
    }

    fn store(&self, results: &mut Results, df: f64) {
        results.scalar("sig2", self.sigma2).scalar("sigma", self.sigma2.sqrt());
        let tail = |value: f64| if df > 0.0 { stata(chi2_tail(df, value)) } else { MISSING };
        results.scalar("sargan", self.sargan).scalar("sar_df", df).scalar("sarganp", tail(self.sargan));
        if let Some(hansen) = self.hansen {
            results.scalar("hansen", hansen).scalar("hansen_df", df).scalar("hansenp", tail(hansen));
        }
        for (order, z) in (1..).zip(&self.serial) {
            let p = if crate::value::is_missing(*z) { MISSING } else { normal_two_sided(*z) };
            results.scalar(&format!("ar{order}"), *z).scalar(&format!("ar{order}p"), p);
        }
        results.scalar("artests", self.serial.len() as f64).text("artype", "first differences");
    }
}

fn texts(results: &mut Results, asked: &Asked) {
    results.text("esttype", if asked.levels { "system" } else { "difference" });
    results.text("transform", if asked.orthogonal { "orthogonal deviations" } else { "first differences" });
    let two = asked.steps == Steps::Two;
    results.text("steps", if two { "twostep" } else { "onestep" });
    if two {
        results.text("twostep", "twostep");
    }
    if asked.robust {
        results.text("vce", "robust").text("vcetype", if two { "Corrected" } else { "Robust" });
    }
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let steps = if text("steps") == "twostep" { "two-step" } else { "one-step" };
    let title = format!("Dynamic panel-data estimation, {steps} {} GMM", text("esttype"));
    let (test, tail) = if text("small").is_empty() {
        (
            Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
            Fact::probability("Prob > chi2", scalar("chi2p")),
        )
    } else {
        let df = [scalar("df_m"), scalar("df_r")];
        (Fact::statistic("F", &df, scalar("F")), Fact::probability("Prob > F", scalar("F_p")))
    };
    let left = [
        format!("Group variable: {}", text("ivar")),
        format!("Time variable : {}", text("tvar")),
        format!("Number of instruments = {}", scalar("j")),
    ];
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("Number of groups", "%10.0fc", scalar("N_g")),
        Fact::new("Obs per group: min", "%10.0fc", scalar("g_min")),
        Fact::new("               avg", "%10.2f", scalar("g_avg")),
        Fact::new("               max", "%10.0fc", scalar("g_max")),
        test,
        tail,
    ];
    session.print("");
    session.print(title);
    session.print("-".repeat(78));
    show(session, &left, &facts, 18, 10);
    show_active(session, level, None)?;
    footer(session);
    Ok(())
}

fn footer(session: &mut Session) {
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    for order in 1..=scalar(session, "artests") as i64 {
        let (z, p) = (scalar(session, &format!("ar{order}")), scalar(session, &format!("ar{order}p")));
        session.print(format!(
            "Arellano-Bond test for AR({order}) in first differences: z = {:>6}  Pr > z = {:>6}",
            format::bare("%6.2f", z),
            format::bare("%6.3f", p)
        ));
    }
    session.print("-".repeat(78));
    let tests = [
        ("Sargan", "sargan", "sar_df", "sarganp", "(Not robust, but not weakened by many instruments.)"),
        ("Hansen", "hansen", "hansen_df", "hansenp", "(Robust, but weakened by many instruments.)"),
    ];
    for (name, value, df, p, note) in tests {
        if session.e.results.get_scalar(value).is_some() {
            session.print(format!(
                "{name} test of overid. restrictions: {:<9} = {:>7}  Prob > chi2 = {:>6}",
                format!("chi2({})", scalar(session, df)),
                format::bare("%7.2f", scalar(session, value)),
                format::bare("%6.3f", scalar(session, p))
            ));
            session.print(format!("  {note}"));
        }
    }
    session.print("");
}
