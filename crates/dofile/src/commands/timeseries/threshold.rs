//! `threshold` and `predict` after it: regressions whose coefficients change where a variable passes a value. [TS] threshold; numbers:
//! `estimators::threshold`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::post::command_line;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, chosen, column, new_names, outcome};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::ols::{self, Request};
use estimators::threshold::Problem;
use estimators::vce::Vce;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("THRESHVar"),
    OptSpec::text("REGIONVars"),
    OptSpec::flag("CONSINVariant"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("OPTTHResh"),
    OptSpec::int("NTHResholds"),
    OptSpec::real("trim"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("NODOTS"),
    OptSpec::text("dots"),
])
.unsupported(&["SSRS"]);

/// `threshold`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "threshold",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "threshold depvar [indepvars] [if] [in], threshvar(varname) [regionvars(varlist) consinvariant noconstant nthresholds(#) optthresh(# [, aic|bic|hqic]) trim(#) vce(oim|robust) level(#)]",
    notes: "coefficients of regionvars() and of the constant differ between regions of threshvar(); each threshold is found given those before it and leaves trim() percent of the rows in each region; optthresh() chooses their number by a criterion; stores e(N ssr aic bic hqic nthresholds), e(thresholds) (order, threshold, ssr), e(b), e(V); predict [, xb residuals]; [TS] threshold",
    examples: &[Example {
        // The mean is 1 up to x = 5 and 3 above.
        run: "set obs 10\ngenerate t = _n\ntsset t\ngenerate x = _n\ngenerate y = cond(x <= 5, 1, 3) + cond(mod(_n, 2), .1, -.1)*(_n < 10)*(_n != 5)\nthreshold y, threshvar(x) trim(20)\nmatrix T = e(thresholds)\npredict f",
        expect: &[("T[1,2]", 5.0), ("[Region1]_b[_cons]", 1.0), ("f[10]", 3.0)],
    }],
};

/// The sample and the names of its columns.
struct Sample {
    problem: Problem,
    fixed: Vec<String>,
    regional: Vec<String>,
    rows: Vec<usize>,
    depvar: String,
    threshvar: String,
}

fn sample(session: &Session, cmd: &ParsedCommand) -> Result<Sample> {
    let abbrev = session.settings.varabbrev;
    let frame = &session.frame;
    let read = |text: &str| FvList::parse(frame, text, abbrev);
    let wanted =
        cmd.options.text("threshvar").ok_or_else(|| StataError::new(198, "option threshvar() required"))?;
    let lists = [read(&cmd.list)?, read(cmd.options.text("regionvars").unwrap_or(""))?, read(wanted)?];
    if lists[0].is_empty() {
        return Err(StataError::standard(100));
    }
    series::declared(session)?;
    let mut touse = series::timed_rows(session, cmd)?;
    for list in &lists {
        list.markout(frame, &mut touse)?;
    }
    let rows = series::order(session, &touse, true)?;
    let values = |list: &FvList| -> Result<Vec<(String, Vec<f64>)>> {
        let terms = list.expand(frame, &touse)?;
        let kept = terms.iter().filter(|t| !t.is_omitted());
        kept.map(|t| Ok((t.name(), t.values(frame, &rows)?))).collect()
    };
    let (mut own, regional, q) = (values(&lists[0])?, values(&lists[1])?, values(&lists[2])?);
    let [(threshvar, q)] = &q[..] else {
        return Err(StataError::new(198, "threshvar() must name one variable"));
    };
    let (depvar, y) = own.remove(0);
    let (fixed, mut fixed_columns): (Vec<_>, Vec<_>) = own.into_iter().unzip();
    let (regional, mut regional_columns): (Vec<_>, Vec<_>) = regional.into_iter().unzip();
    let (mut fixed, mut regional): (Vec<String>, Vec<String>) = (fixed, regional);
    if !cmd.has("noconstant") {
        let ones = vec![1.0; rows.len()];
        let (names, columns) = if cmd.has("consinvariant") {
            (&mut fixed, &mut fixed_columns)
        } else {
            (&mut regional, &mut regional_columns)
        };
        names.push("_cons".to_string());
        columns.push(ones);
    }
    if regional.is_empty() {
        return Err(StataError::new(198, "no coefficient differs between the regions"));
    }
    let trim = cmd.options.real("trim").unwrap_or(10.0);
    if !(1.0..=49.0).contains(&trim) {
        return Err(StataError::new(198, "trim() must be between 1 and 49"));
    }
    let problem =
        Problem { y, fixed: fixed_columns, regional: regional_columns, q: q.clone(), trim: trim / 100.0 };
    Ok(Sample { problem, fixed, regional, rows, depvar, threshvar: threshvar.clone() })
}

/// AIC, BIC and HQIC of a sum of squares with so many coefficients.
fn criteria(n: f64, ssr: f64, k: f64) -> [f64; 3] {
    let fit = n * (ssr / n).ln();
    [fit + 2.0 * k, fit + k * n.ln(), fit + 2.0 * k * n.ln().ln()]
}

/// How many thresholds at most, and the criterion that chooses among them.
fn wanted(cmd: &ParsedCommand) -> Result<(usize, Option<usize>)> {
    let count = |text: &str| {
        let number = text.trim().parse::<usize>().ok().filter(|n| (1..=20).contains(n));
        number.ok_or_else(|| StataError::new(198, "the number of thresholds must be from 1 to 20"))
    };
    match (cmd.options.text("optthresh"), cmd.options.int("nthresholds")) {
        (Some(_), Some(_)) => {
            Err(StataError::invalid("only one of optthresh() and nthresholds() is allowed"))
        }
        (Some(text), None) => {
            let (number, name) = text.split_once(',').unwrap_or((text, "bic"));
            let which = ["aic", "bic", "hqic"].iter().position(|c| *c == name.trim());
            let which = which.ok_or_else(|| StataError::new(198, format!("{name} is no criterion")))?;
            Ok((count(number)?, Some(which)))
        }
        (None, number) => Ok((count(&number.unwrap_or(1).to_string())?, None)),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "threshold" {
        return show(session, cmd);
    }
    let robust = match cmd.options.text("vce").map_or("oim", str::trim) {
        "oim" => false,
        "robust" | "r" => true,
        vce => return Err(StataError::unsupported_option("threshold", &format!("vce({vce})"))),
    };
    let (most, criterion) = wanted(cmd)?;
    let data = sample(session, cmd)?;
    let n = data.rows.len() as f64;
    let count = |regions: usize| (data.fixed.len() + regions * data.regional.len()) as f64;
    let mut found: Vec<(f64, f64)> = Vec::new();
    for _ in 0..most {
        let mut known: Vec<f64> = found.iter().map(|f| f.0).collect();
        known.sort_by(f64::total_cmp);
        let Some(next) = data.problem.next(&known) else { break };
        found.push(next);
    }
    if found.is_empty() {
        return Err(StataError::insufficient_observations());
    }
    if let Some(which) = criterion {
        let value = |at: usize| criteria(n, found[at].1, count(at + 2))[which];
        let best = (0..found.len()).min_by(|a, b| value(*a).total_cmp(&value(*b))).unwrap_or(0);
        found.truncate(best + 1);
    }
    let est = fitted(session, cmd, &data, &found, robust)?;
    let mut mark = vec![false; session.frame.n_rows()];
    data.rows.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    show(session, cmd)
}

/// The regression with the thresholds, as results.
fn fitted(
    session: &Session,
    cmd: &ParsedCommand,
    data: &Sample,
    found: &[(f64, f64)],
    robust: bool,
) -> Result<Estimation> {
    let mut thresholds: Vec<f64> = found.iter().map(|f| f.0).collect();
    thresholds.sort_by(f64::total_cmp);
    let columns = data.problem.columns(&thresholds);
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let vce = if robust { Vce::Robust } else { Vce::Classical };
    let request = Request { constant: false, vce, ..Request::new(&data.problem.y, &views) };
    let fit = ols::fit(&request).map_err(fit_error)?;
    let (n, k) = (data.rows.len() as f64, columns.len() as f64);
    // the robust covariance has no factor for small samples
    let factor = if robust { (n - k) / n } else { 1.0 };
    let mut stripe: Vec<Stripe> =
        data.fixed.iter().map(|x| Stripe::with_eq(data.depvar.clone(), x.clone())).collect();
    for region in 1..=thresholds.len() + 1 {
        stripe.extend(data.regional.iter().map(|x| Stripe::with_eq(format!("Region{region}"), x.clone())));
    }
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.clone(), stripe.clone()));
    r.matrix("V", Matrix::square(fit.v.clone().scaled(factor).data().to_vec(), stripe));
    let table = found.iter().enumerate().flat_map(|(i, f)| [(i + 1) as f64, f.0, f.1]).collect();
    let mut matrix = Matrix::new(found.len(), 3, table);
    matrix.col_names = ["order", "threshold", "ssr"].map(Stripe::term).to_vec();
    r.matrix("thresholds", matrix);
    let [aic, bic, hqic] = criteria(n, fit.rss, k);
    r.scalar("N", n).scalar("ssr", fit.rss).scalar("aic", aic).scalar("bic", bic).scalar("hqic", hqic);
    r.scalar("nthresholds", thresholds.len() as f64).scalar("k", k).scalar("rank", k);
    r.scalar("k_eq", (thresholds.len() + 1 + usize::from(!data.fixed.is_empty())) as f64);
    r.text("cmd", "threshold").text("cmdline", command_line(cmd)).text("predict", "threshold_p");
    r.text("title", "Threshold regression").text("depvar", data.depvar.clone());
    r.text("indepvars", data.fixed.iter().filter(|n| *n != "_cons").cloned().collect::<Vec<_>>().join(" "));
    r.text(
        "regionvars",
        data.regional.iter().filter(|n| *n != "_cons").cloned().collect::<Vec<_>>().join(" "),
    );
    r.text("threshvar", data.threshvar.clone());
    if robust {
        r.text("vce", "robust").text("vcetype", "Robust");
    } else {
        r.text("vce", "oim");
    }
    super::var_sample::span(session, &data.rows, r)?;
    Ok(est)
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let results: &Results = &session.e.results;
    let (Some(b), Some(v), Some(thresholds)) = (
        results.matrices.get("b").cloned(),
        results.matrices.get("V").cloned(),
        results.matrices.get("thresholds").cloned(),
    ) else {
        return Err(StataError::no_estimates());
    };
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let pairs = [
        (String::new(), "Number of obs", format::bare("%9.0fc", scalar("N"))),
        (
            format!("Full sample: {} thru {}", text("tmins"), text("tmaxs")),
            "AIC",
            format::bare("%9.4f", scalar("aic")),
        ),
        (
            format!("Number of thresholds = {}", scalar("nthresholds")),
            "BIC",
            format::bare("%9.4f", scalar("bic")),
        ),
        (format!("Threshold variable: {}", text("threshvar")), "HQIC", format::bare("%9.4f", scalar("hqic"))),
    ];
    let mut lines = vec![String::new(), "Threshold regression".to_string()];
    lines
        .extend(pairs.into_iter().map(|(left, label, value)| format!("{left:<48}{label:<17} = {value:>10}")));
    lines.extend([
        String::new(),
        "-".repeat(33),
        "Order     Threshold           SSR".to_string(),
        "-".repeat(33),
    ]);
    for i in 0..thresholds.rows() {
        let cell = |j: usize| format::bare("%9.4f", thresholds.get(i, j));
        lines.push(format!("{:>5}{:>14}{:>14}", i + 1, cell(1), cell(2)));
    }
    lines.extend(["-".repeat(33), String::new()]);
    let robust = text("vcetype") == "Robust";
    lines.iter().for_each(|l| session.print(l));
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let mut table = Table::of_equations(&b.col_names, b.values(), &se, None, level);
    if robust {
        table.vce_title = "Robust";
    }
    table.show(session);
    Ok(())
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("Residuals")]).unsupported(&["stdp", "DYNamic"]);

/// Linear prediction with the coefficients of the region, or residuals.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let residuals = chosen(cmd)? == Some("residuals");
    let (kind, new) = new_names(session, cmd)?;
    let [(name, false)] = &new[..] else { return Err(StataError::standard(103)) };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let results = &session.e.results;
    let (Some(found), Some(variable)) = (results.matrices.get("thresholds"), results.get_text("threshvar"))
    else {
        return Err(StataError::no_estimates());
    };
    let mut thresholds: Vec<f64> = (0..found.rows()).map(|i| found.get(i, 1)).collect();
    thresholds.sort_by(f64::total_cmp);
    let q = column(&session.frame, variable, &rows)?;
    let parameters = Parameters::of(&session.e)?;
    let depvar = results.get_text("depvar").unwrap_or("").to_string();
    let mut values = if parameters.stripe.iter().any(|s| s.eq == depvar) {
        linear_prediction(&session.frame, &parameters, &depvar, &rows)?
    } else {
        vec![0.0; rows.len()]
    };
    for region in 0..=thresholds.len() {
        let own = linear_prediction(&session.frame, &parameters, &format!("Region{}", region + 1), &rows)?;
        for (i, value) in values.iter_mut().enumerate() {
            if is_missing(q[i]) || is_missing(*value) {
                *value = MISSING;
            } else if Problem::region(&thresholds, q[i]) == region {
                *value = if is_missing(own[i]) { MISSING } else { *value + own[i] };
            }
        }
    }
    let label = if residuals { "Residuals" } else { "Linear prediction" };
    if residuals {
        let y = outcome(session, &rows)?;
        let gap = |(y, f): (&f64, &f64)| if is_missing(*y) || is_missing(*f) { MISSING } else { y - f };
        values = y.iter().zip(&values).map(gap).collect();
    }
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}
