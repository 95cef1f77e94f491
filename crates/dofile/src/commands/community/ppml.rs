//! `ppml`: Poisson pseudo maximum likelihood with checks for the existence of the estimates (Santos Silva and Tenreyro 2006,
//! Review of Economics and Statistics 88; 2010, Economics Letters 107; 2011, Stata Journal 11). Written from the papers and
//! the help file; the fit is that of `glm, family(poisson) irls`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::likelihood::effective_weights;
use crate::estimation::ml_command::{Look, offset, offset_variables, replay, table};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{command_line, note_omitted};
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::ops::run::quietly;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::distributions::ln_gamma;
use estimators::qr::{Design, choose_columns};
use estimators::real::stable_sum;
use estimators::weights::WeightKind;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("STrict"),
    OptSpec::flag("Keep"),
    OptSpec::flag("CHECKonly"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("OFFset"),
    OptSpec::text("CLuster"),
    OptSpec::text("TECHnique"),
    OptSpec::int("ITERate"),
    OptSpec::real("TOLerance"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance, WeightKind::Probability])
.coefficient_table()
.unsupported(&["MU", "TRace", "FROM", "DIFficult", "SEARCH", "GRADient", "HESSian", "SHOWTOLerance"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ppml",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ppml depvar indepvars [if] [in] [weight] [, strict keep checkonly noconstant offset(v) cluster(v) technique(irls) iterate(#) tolerance(#) level(#)]",
    notes: "regressors that are collinear where depvar is positive are excluded, unless their mean there lies between their extremes where it is zero (with strict: all of them); without keep the zeros with the rarer value of an excluded indicator are dropped; standard errors are robust, with the factor N/(N-1) or G/(G-1); stores what glm stores, e(ll r2 k k_omitted k_excluded), e(included excluded); predict and margins as after glm; formulas: Santos Silva and Tenreyro (2010), [R] glm",
    examples: &[Example {
        // z is one only where y is zero: it is excluded with its rows, and the mean of the others is 3
        run: "input y z\n2 0\n4 0\n3 0\n0 1\n0 1\nend\ngenerate x = _n == 2\nppml y x z",
        expect: &[("e(N)", 3.0), ("e(k_excluded)", 1.0), ("exp(_b[_cons])", 2.5), ("exp(_b[x])", 1.6)],
    }],
};

/// Variable that marks the sample of the fit.
const MARK: &str = "__ppml_sample";

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(named) = cmd.options.text("technique").map(str::trim)
        && named != "irls"
    {
        return Err(StataError::unsupported_option("ppml", &format!("technique({named})")));
    }
    if replay(s, cmd, "ppml")? {
        return show(s, cmd);
    }
    if cmd.list.contains('#') || cmd.list.split_whitespace().any(|w| w.starts_with("i.")) {
        return Err(StataError::new(101, "factor-variable operators not allowed"));
    }
    let reading = Reading {
        further: offset_variables(s, &cmd.options)?,
        vce: Some(cmd.options.text("cluster").map_or(VceSpec::Robust, |v| VceSpec::Cluster(v.trim().into()))),
        ..Reading::likelihood(cmd, SYNTAX.weights)
    };
    let mut model = reading.model(s)?.enough()?;
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} has negative values", model.depvar)));
    }
    s.print("");
    s.print("note: checking the existence of the estimates");
    let full = model.y.len();
    let excluded = exclude(s, &mut model, cmd)?;
    s.print("");
    s.print(format!("Number of regressors excluded to ensure that the estimates exist: {}", excluded.len()));
    if !excluded.is_empty() {
        s.print(format!("Excluded regressors: {}", excluded.join(" ")));
    }
    s.print(format!("Number of observations excluded: {}", full - model.y.len()));
    s.print("");
    let lost = collinear(&model, None);
    let omitted = model.omit(&lost);
    note_omitted(s, &omitted);
    let included = names(&model);
    let checked = Checked { excluded, included, omitted: omitted.len() };
    if cmd.has("checkonly") {
        return post_check(s, cmd, &model, &checked);
    }
    s.print("note: starting ppml estimation");
    if model.y.iter().any(|y| y.fract() != 0.0) {
        s.print(format!("note: {} has noninteger values", model.depvar));
    }
    s.print("");
    fit(s, cmd, &model, &checked)?;
    show(s, cmd)
}

/// What the check found.
struct Checked {
    excluded: Vec<String>,
    included: Vec<String>,
    omitted: usize,
}

/// Names of the regressors that are left.
fn names(model: &Model) -> Vec<String> {
    model.design.active().into_iter().map(|i| model.design.terms[i].name()).collect()
}

/// Positions of the regressors that are collinear, in some rows only where they are given.
fn collinear(model: &Model, rows: Option<&[usize]>) -> Vec<usize> {
    let all: Vec<usize> = (0..model.y.len()).collect();
    let rows = rows.unwrap_or(&all);
    let columns: Vec<Vec<f64>> =
        model.columns().iter().map(|c| rows.iter().map(|i| c[*i]).collect()).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    choose_columns(Design { columns: &columns, weights: None, constant: model.constant }).1
}

/// Takes regressors out of the model that may keep the estimates from existing, and without `keep` the zeros that they
/// would predict; returns their names.
fn exclude(s: &Session, model: &mut Model, cmd: &ParsedCommand) -> Result<Vec<String>> {
    let (positive, zero): (Vec<usize>, Vec<usize>) = (0..model.y.len()).partition(|i| model.y[*i] > 0.0);
    if positive.is_empty() {
        return Err(StataError::new(2000, format!("{} is never positive", model.depvar)));
    }
    let mut suspects = collinear(model, Some(&positive));
    let columns = model.columns();
    if !cmd.has("strict") {
        suspects.retain(|k| {
            let c = columns[*k];
            let mean = positive.iter().map(|i| c[*i]).sum::<f64>() / positive.len() as f64;
            let low = zero.iter().map(|i| c[*i]).fold(f64::INFINITY, f64::min);
            let high = zero.iter().map(|i| c[*i]).fold(f64::NEG_INFINITY, f64::max);
            // on both sides of it: no value of the coefficient predicts the zeros better and better
            !(low < mean && mean < high)
        });
    }
    // without zeros only a regressor that is collinear in the whole sample is left, and it is a matter of collinearity
    if zero.is_empty() {
        suspects.clear();
    }
    let whole = collinear(model, None);
    suspects.retain(|k| !whole.contains(k));
    let mut dropped = vec![false; model.y.len()];
    for c in suspects.iter().map(|k| columns[*k]).filter(|_| !cmd.has("keep")) {
        let mut values = c.to_vec();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if let [low, high] = values[..] {
            let lows = c.iter().filter(|x| **x == low).count();
            let rarer = if 2 * lows < c.len() { low } else { high };
            zero.iter().filter(|i| c[**i] == rarer).for_each(|i| dropped[*i] = true);
        }
    }
    let rows: Vec<usize> = (0..dropped.len()).filter(|i| dropped[*i]).collect();
    let excluded = model.omit(&suspects);
    model.drop_rows(s, &rows)?;
    Ok(excluded)
}

/// Posts the check alone.
fn post_check(s: &mut Session, cmd: &ParsedCommand, model: &Model, checked: &Checked) -> Result<()> {
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.scalar("N", model.y.len() as f64);
    r.scalar("k", (checked.included.len() + usize::from(model.constant)) as f64);
    store(r, checked);
    r.text("cmd", "ppml").text("cmdline", command_line(cmd)).text("depvar", model.depvar.as_str());
    s.post_estimation(est, model.touse.clone());
    Ok(())
}

fn store(r: &mut crate::results::Results, checked: &Checked) {
    r.scalar("k_omitted", checked.omitted as f64).scalar("k_excluded", checked.excluded.len() as f64);
    r.text("included", checked.included.join(" ")).text("excluded", checked.excluded.join(" "));
}

/// Runs the fit on the marked sample, and adds what the command stores beyond it.
fn fit(s: &mut Session, cmd: &ParsedCommand, model: &Model, checked: &Checked) -> Result<()> {
    let before = s.frame.changed;
    let mark: Vec<f64> = model.touse.iter().map(|t| f64::from(u8::from(*t))).collect();
    s.frame.add(Variable::new(MARK, Column::from_f64(StorageType::Byte, &mark)))?;
    let weight = model.weight_text.as_ref().map(|(kind, exp)| format!(" [{kind}{exp}]")).unwrap_or_default();
    let vce = cmd.options.text("cluster").map_or("vce(robust)".to_string(), |v| format!("vce(cluster {v})"));
    let mut options = format!("family(poisson) link(log) irls {vce}");
    for name in ["offset", "iterate", "tolerance"] {
        let value = match name {
            "offset" => cmd.options.text(name).map(str::to_string),
            "iterate" => cmd.options.int(name).map(|x| x.to_string()),
            _ => cmd.options.real(name).map(|x| x.to_string()),
        };
        options += &value.map(|v| format!(" {name}({v})")).unwrap_or_default();
    }
    if cmd.has("noconstant") {
        options += " noconstant";
    }
    let list = format!("{} {}", model.depvar, checked.included.join(" "));
    let result = quietly(s, &format!("glm {list} if {MARK}{weight}, {options}"));
    if let Some(v) = s.frame.find(MARK) {
        s.frame.drop_vars(&[v]);
    }
    s.frame.changed = before;
    result?;
    let (ll, r2, k) = summaries(s, cmd, model)?;
    let r = &mut s.e.results;
    store(r, checked);
    r.scalar("ll", ll).scalar("r2", r2).scalar("k", k);
    r.text("cmd", "ppml")
        .text("cmdline", command_line(cmd))
        .text("title", "Poisson pseudo maximum likelihood");
    r.text("vcetype", "Robust");
    Ok(())
}

/// Log likelihood, squared correlation of outcome and mean, number of parameters of the active fit.
fn summaries(s: &Session, cmd: &ParsedCommand, model: &Model) -> Result<(f64, f64, f64)> {
    let b = s.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let shift = offset(s, &cmd.options, &model.design.rows)?;
    let columns = model.columns();
    let eta = |i: usize| {
        let slopes: f64 = columns.iter().zip(&b).map(|(c, b)| c[i] * b).sum();
        let constant = if model.constant { b[columns.len()] } else { 0.0 };
        slopes + constant + shift.as_ref().map_or(0.0, |o| o.0[i])
    };
    let (weights, _) = effective_weights(model);
    let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.0[i]);
    let rows = 0..model.y.len();
    let index: Vec<f64> = rows.clone().map(eta).collect();
    let y = &model.y;
    let ll = stable_sum(
        rows.clone().map(|i| weight(i) * (y[i] * index[i] - index[i].exp() - ln_gamma(y[i] + 1.0))),
    );
    let total: f64 = rows.clone().map(weight).sum();
    let mean = |f: &dyn Fn(usize) -> f64| rows.clone().map(|i| weight(i) * f(i)).sum::<f64>() / total;
    let (my, mm) = (mean(&|i| y[i]), mean(&|i| index[i].exp()));
    let (dy, dm) = (|i: usize| y[i] - my, |i: usize| index[i].exp() - mm);
    let cross = mean(&|i| dy(i) * dm(i));
    let r2 = cross * cross / (mean(&|i| dy(i).powi(2)) * mean(&|i| dm(i).powi(2)));
    Ok((ll, if r2.is_finite() { r2 } else { MISSING }, b.len() as f64))
}

fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if s.e.b().is_none() {
        return Ok(());
    }
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let lines = [
        format!("Number of parameters: {}", scalar("k")),
        format!("Number of observations: {}", scalar("N")),
        format!("Pseudo log-likelihood: {}", format::bare("%10.0g", scalar("ll")).trim()),
        format!("R-squared: {}", format::bare("%9.0g", scalar("r2")).trim()),
    ];
    lines.iter().for_each(|l| s.print(l));
    let strict = s.e.results.get_text("cmdline").is_some_and(|c| {
        c.split_once(',')
            .is_some_and(|(_, o)| o.split_whitespace().any(|w| w.len() >= 2 && "strict".starts_with(w)))
    });
    s.print(format!("Option strict is: {}", if strict { "on" } else { "off" }));
    table(s, cmd, &Look::default())
}
