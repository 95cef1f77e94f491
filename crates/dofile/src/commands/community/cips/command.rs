//! `xtcips` and `pescadf`: Pesaran's (2007) test for unit roots in panels with common factors. Numbers:
//! `estimators::panel_unit_root::cips`; syntax: Burdisso and Sangiacomo (2016, Stata Journal 16), help pescadf
//! (Lewandowski 2006).

use super::show;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::matrix::{Matrix, Stripe};
use crate::ops::panel_series::{Data, read};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::panel_unit_root::cips::{self as kernel, Cadf};
use estimators::timeseries::Deterministic;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("MAXLags"),
    OptSpec::text("BGLags"),
    OptSpec::flag("TREND"),
    OptSpec::flag("NOC"),
])
.unsupported(&["Q"]);

const SYNTAX_CADF: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Lags"),
    OptSpec::flag("TREND"),
    OptSpec::flag("NODEMEAN"),
    OptSpec::flag("TRUNOFF"),
]);

/// `xtcips`.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "xtcips",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtcips varname [if] [in], maxlags(#) bglags(numlist) [trend noc]",
    notes: "after xtset; CIPS is the mean of the t of the units' regressions with averages over units, each t within Pesaran's limits; lags of a unit: from maxlags() downwards the last lag of both differences goes as long as its F test is not significant at 5 % (maxlags(0): none); critical values of Pesaran's tables II for the truncated mean, linear between their rows and columns; bglags() are the orders of Breusch and Godfrey's F test of each unit; with noc the series enter as they are; q is refused; stores r(cips) r(N_g) r(T) r(cv), a column of 10, 5 and 1 %, and r(W), for each unit its id, t, truncated t, p-value of the last lag (of the lag that went last where none is left), lags, p-value of Breusch and Godfrey; Pesaran (2007)",
    examples: &[Example {
        // Without lags: the t of each unit's regression on its lagged level and the averages, and their mean.
        run: "set obs 80\ngenerate id = 1 + (_n > 40)\nbysort id: generate t = _n\ngenerate double y = sin(7*t*id) + mod(5*t, 11)/9\nxtset id t\negen double m = mean(y), by(t)\nquietly regress D.y L.y L.m D.m if id == 1\nscalar a = _b[L.y]/_se[L.y]\nquietly regress D.y L.y L.m D.m if id == 2\nscalar b = _b[L.y]/_se[L.y]\nscalar mean = (max(a, -6.19) + max(b, -6.19))/2\nxtcips y, maxlags(0) bglags(1)\nmatrix W = r(W)",
        expect: &[("reldif(r(cips), mean) < 1e-9", 1.0), ("reldif(W[1,2], a) < 1e-9", 1.0), ("W[2,5]", 0.0)],
    }],
};

/// `pescadf`.
pub(in super::super) const SPEC_CADF: CommandSpec = CommandSpec {
    name: "pescadf",
    min: 7,
    form: Form::Standard(&SYNTAX_CADF),
    by: ByRule::No,
    run: run_cadf,
    syntax: "pescadf varname [if] [in], lags(numlist) [trend nodemean trunoff]",
    notes: "after xtset; the mean of the t of the units' regressions with averages over units, each within Pesaran's limits unless trunoff; lags() is one number or one for each unit; critical values of Pesaran's tables II, linear between their rows and columns; nodemean keeps the average of the first period, which changes nothing where there is a constant; Z[t-bar] and its p-value, whose moments are those of an unpublished table, are not computed, and unbalanced panels, which have no other statistic, are refused; stores r(tbar cv1 cv5 cv10 N_g T N lags); Pesaran (2007)",
    examples: &[Example {
        run: "set obs 80\ngenerate id = 1 + (_n > 40)\nbysort id: generate t = _n\ngenerate double y = sin(7*t*id) + mod(5*t, 11)/9\nxtset id t\negen double m = mean(y), by(t)\nquietly regress D.y L.y L.m D.m L.D.y L.D.m if id == 1\nscalar a = _b[L.y]/_se[L.y]\nquietly regress D.y L.y L.m D.m L.D.y L.D.m if id == 2\nscalar b = _b[L.y]/_se[L.y]\npescadf y, lags(1) trunoff",
        expect: &[("reldif(r(tbar), (a + b)/2) < 1e-9", 1.0), ("r(N)", 76.0), ("r(T)", 40.0)],
    }],
};

fn parts(cmd: &ParsedCommand) -> Result<Deterministic> {
    match (cmd.has("trend"), cmd.has("noc")) {
        (true, true) => Err(StataError::invalid("options trend and noc may not be combined")),
        (true, _) => Ok(Deterministic::Trend),
        (_, true) => Ok(Deterministic::None),
        _ => Ok(Deterministic::Constant),
    }
}

/// Averages over the units in the periods of each unit.
fn averages(data: &Data) -> Vec<Vec<f64>> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    let key = |t: &f64| (t + 0.0).to_bits();
    for (times, values) in data.times.iter().zip(&data.panels) {
        for (t, x) in times.iter().zip(values) {
            let sum = sums.entry(key(t)).or_insert((0.0, 0.0));
            *sum = (sum.0 + x, sum.1 + 1.0);
        }
    }
    let mean = |t: &f64| sums.get(&key(t)).map_or(MISSING, |s| s.0 / s.1);
    data.times.iter().map(|times| times.iter().map(mean).collect()).collect()
}

/// Whole numbers of an option, one for all units or one for each.
fn orders(option: &str, text: &str, units: usize, least: f64) -> Result<Vec<usize>> {
    let numbers = numlist::expand(text)?;
    if numbers.is_empty() || numbers.iter().any(|x| *x < least || x.fract() != 0.0 || *x > 1000.0) {
        return Err(StataError::new(198, format!("option {option}() incorrectly specified")));
    }
    match numbers.as_slice() {
        [one] => Ok(vec![*one as usize; units]),
        all if all.len() == units => Ok(all.iter().map(|x| *x as usize).collect()),
        _ => Err(StataError::new(
            198,
            format!("{units} panel units, either 1 or {units} numbers must be specified in {option}()"),
        )),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let required = |option: &str| StataError::invalid(format!("option {option}() required"));
    let most = cmd.options.int("maxlags").ok_or_else(|| required("maxlags"))?;
    let most = usize::try_from(most).ok().filter(|m| *m <= 1000);
    let most = most.ok_or_else(|| StataError::new(198, "maxlags() must be a nonnegative integer"))?;
    let orders_text = cmd.options.text("bglags").ok_or_else(|| required("bglags"))?;
    let parts = parts(cmd)?;
    let data = read(s, cmd)?;
    let units = data.panels.len();
    let orders = orders("bglags", orders_text, units, 1.0)?;
    let means = averages(&data);
    let (mut sum, mut rows, mut any) = (0.0, Vec::new(), false);
    for (i, (x, mean)) in data.panels.iter().zip(&means).enumerate() {
        let found = kernel::general_to_particular(x, mean, most, parts).map_err(fit_error)?;
        let t = kernel::truncated(found.t, parts);
        sum += t;
        any |= t != found.t;
        let tested = match found.last_lag {
            None if most > 0 => kernel::regression(x, mean, 1, parts).map_err(fit_error)?.last_lag,
            p => p,
        };
        let serial = found.breusch_godfrey(orders[i]).unwrap_or(MISSING);
        rows.extend([data.ids[i], found.t, t, tested.unwrap_or(MISSING), found.lags as f64, serial]);
    }
    let cips = sum / units as f64;
    let periods = data.panels.iter().map(Vec::len).sum::<usize>() as f64 / units as f64;
    let limits = kernel::critical(units as f64, periods, parts, true);
    let mut r = Results::default();
    r.scalar("cips", cips).scalar("N_g", units as f64).scalar("T", periods);
    let [one, five, ten] = limits.unwrap_or([MISSING; 3]);
    let mut values = Matrix::new(3, 1, vec![ten, five, one]);
    values.row_names = ["10%", "5%", "1%"].map(Stripe::term).to_vec();
    values.col_names = vec![Stripe::term("cv")];
    let mut each = Matrix::new(units, 6, rows);
    each.col_names = ["id", "t", "t*", "pv F test", "# lags", "pv BG LMtest"].map(Stripe::term).to_vec();
    r.matrix("cv", values).matrix("W", each);
    show::cips(s, &data, parts, any, (cips, periods), limits);
    s.r = r;
    Ok(())
}

fn run_cadf(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.options.text("lags").ok_or_else(|| StataError::invalid("option lags() required"))?;
    let parts = parts(cmd)?;
    let data = read(s, cmd)?;
    if !data.balanced {
        return Err(StataError::new(
            199,
            "pescadf with an unbalanced panel, for which only Z[t-bar] exists, is not supported by the open engine",
        ));
    }
    let units = data.panels.len();
    let lags = orders("lags", text, units, 0.0)?;
    let means = averages(&data);
    let each: std::result::Result<Vec<Cadf>, _> = data
        .panels
        .iter()
        .zip(&means)
        .zip(&lags)
        .map(|((x, mean), lags)| kernel::regression(x, mean, *lags, parts))
        .collect();
    let each = each.map_err(fit_error)?;
    let whole = cmd.has("trunoff");
    let t = |unit: &Cadf| if whole { unit.t } else { kernel::truncated(unit.t, parts) };
    let tbar = each.iter().map(t).sum::<f64>() / units as f64;
    let n: f64 = each.iter().map(|unit| unit.fit.n).sum();
    let periods = data.panels[0].len() as f64;
    let average = lags.iter().sum::<usize>() as f64 / units as f64;
    let limits = kernel::critical(units as f64, periods, parts, !whole);
    let mut r = Results::default();
    r.scalar("tbar", tbar);
    for (name, value) in ["cv1", "cv5", "cv10"].iter().zip(limits.unwrap_or([MISSING; 3])) {
        r.scalar(name, value);
    }
    r.scalar("N_g", units as f64).scalar("T", periods).scalar("N", n).scalar("lags", average);
    let shown = show::Cadf { keeps_mean: cmd.has("nodemean"), whole, tbar, n, lags: average, periods };
    show::cadf(s, &data, parts, &shown, limits);
    s.r = r;
    Ok(())
}
