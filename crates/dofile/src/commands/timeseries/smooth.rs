//! `tssmooth`: moving averages and exponential smoothers of series, with forecasts. Numbers: `estimators::smoothing`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::series::{self, Grid};
use super::smooth_grids::{append, source, store, trimmed};
use super::smooth_seasonal;
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::StorageType;
use crate::ops::predict::new_names;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::smoothing::{
    Smoothed, double, holt, least_on_square, least_on_unit, line, moving_average, single,
};

/// `tssmooth`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tssmooth",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "tssmooth ma [type] newvar = exp [if] [in], {window(#l [#c [#f]]) | weights([numlist] <#> [numlist])} [replace] | tssmooth {exponential|dexponential|hwinters} [type] newvar = exp [if] [in] [, parms(# [#]) samp0(#) s0(# [#]) forecast(#) replace] | tssmooth shwinters [type] newvar = exp [if] [in] [, period(#) additive parms(# # #) samp0(#) s0_0(# #) sn0_0(varname) normalize forecast(#) replace]",
    notes: "exponential and hwinters give one-step-ahead predictions, dexponential the series smoothed twice (without forecast()); starting values from the first int(N/2) values unless samp0() or s0(); parameters that are not given minimise the squared prediction errors; shwinters is multiplicative unless additive; its starting values are from the first half of the values, at least two years; stores r(N), r(alpha) r(beta) r(gamma) r(rss) r(rmse) r(N_pre) r(period); [TS] tssmooth",
    examples: &[
        Example {
            run: "set obs 5\ngenerate t = _n\ngenerate x = _n^2\ntsset t\ntssmooth ma m = x, window(1 1 1)\ntssmooth ma w = x, weights(1 <2> 1)",
            expect: &[("m[1]", 2.5), ("m[3]", 29.0 / 3.0), ("m[5]", 20.5), ("w[3]", 9.5)],
        },
        Example {
            // S0 = 1.5 (mean of the first two), then 1.25, 1.625
            run: "set obs 4\ngenerate t = _n\ngenerate x = _n\ntsset t\ntssmooth exponential e = x, parms(.5) forecast(1)",
            expect: &[("e[1]", 1.5), ("e[2]", 1.25), ("e[3]", 1.625), ("_N", 5.0), ("e[5]", 3.15625)],
        },
        Example {
            // A line with two seasons is forecast without error.
            run: "set obs 8\ngenerate t = _n\ngenerate x = 10 + 2*t + cond(mod(t, 2), 3, -3)\ntsset t\ntssmooth shwinters double w = x, period(2) additive parms(.4 .3 .2) forecast(1)",
            expect: &[("w[1] - x[1]", 0.0), ("w[9] - 31", 0.0), ("1 + r(rss)", 1.0)],
        },
    ],
};

const MA: &[OptSpec] = &[OptSpec::text("Window"), OptSpec::text("Weights"), OptSpec::flag("replace")];
const EXPONENTIAL: &[OptSpec] = &[
    OptSpec::text("Parms"),
    OptSpec::int("SAMp0"),
    OptSpec::text("S0"),
    OptSpec::int("Forecast"),
    OptSpec::flag("replace"),
];

/// The smoothers besides the moving average.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Single,
    Double,
    Holt,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (word, rest) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let mut own = ParsedCommand::split("tssmooth", rest, true)?;
    own.refuse_weight()?;
    let kind = match () {
        () if is("ma", 2) => {
            own.check_options(MA, &[])?;
            return moving(s, &own);
        }
        () if is("exponential", 1) => Kind::Single,
        () if is("dexponential", 1) => Kind::Double,
        () if is("hwinters", 1) => Kind::Holt,
        () if is("shwinters", 1) => return smooth_seasonal::run(s, own),
        () if is("nl", 2) => return Err(StataError::unsupported_command("tssmooth nl")),
        () => return Err(StataError::invalid(format!("tssmooth {word} is unrecognized"))),
    };
    let refused: &[&str] = match kind {
        Kind::Double => &["Forecast"],
        Kind::Holt => &["Diff"],
        Kind::Single => &[],
    };
    let allowed: Vec<OptSpec> =
        EXPONENTIAL.iter().filter(|o| kind != Kind::Double || o.full_name() != "forecast").copied().collect();
    own.check_options(&allowed, refused)?;
    exponential(s, &own, kind)
}

/// Storage type and name of the new variable; an old one is dropped with `replace`.
pub(super) fn target(s: &mut Session, cmd: &ParsedCommand) -> Result<(StorageType, String)> {
    let name = cmd.list.split_whitespace().last().ok_or_else(|| StataError::standard(100))?;
    if cmd.has("replace")
        && let Some(old) = s.frame.find(name)
    {
        if cmd.exp.as_deref().is_some_and(|e| e.trim() == name) {
            return Err(StataError::invalid("the variable to be replaced may not be smoothed itself"));
        }
        s.frame.drop_vars(&[old]);
    }
    let (kind, names) = new_names(s, cmd)?;
    match &names[..] {
        [(name, false)] => Ok((kind, name.clone())),
        [_] => Err(StataError::syntax()),
        _ => Err(StataError::standard(103)),
    }
}

/// The numbers of an option.
pub(super) fn numbers(text: &str) -> Result<Vec<f64>> {
    text.split_whitespace()
        .map(|w| parse_number(w).filter(|x| x.is_finite()).ok_or_else(StataError::syntax))
        .collect()
}

/// Weights of a moving average and the number of values before the present one.
fn ma_weights(cmd: &ParsedCommand) -> Result<(Vec<f64>, usize)> {
    match (cmd.options.text("window"), cmd.options.text("weights")) {
        (Some(text), None) => {
            let given = crate::syntax::numlist::expand(text)?;
            if given.is_empty() || given.len() > 3 {
                return Err(StataError::invalid("window() must hold one to three numbers"));
            }
            if given.iter().any(|x| *x < 0.0 || x.fract() != 0.0 || *x > 10_000.0) {
                return Err(StataError::invalid("window() must hold nonnegative integers"));
            }
            let part = |k: usize| given.get(k).copied().unwrap_or(0.0) as usize;
            if part(1) > 1 {
                return Err(StataError::invalid("the middle number of window() must be 0 or 1"));
            }
            let mut weights = vec![1.0; part(0)];
            weights.push(part(1) as f64);
            weights.extend(vec![1.0; part(2)]);
            Ok((weights, part(0)))
        }
        (None, Some(text)) => {
            let wrong = || StataError::invalid("weights() must be [numlist] <#> [numlist]");
            let (before, rest) = text.split_once('<').ok_or_else(wrong)?;
            let (centre, after) = rest.split_once('>').ok_or_else(wrong)?;
            let list =
                |t: &str| if t.trim().is_empty() { Ok(vec![]) } else { crate::syntax::numlist::expand(t) };
            let mut weights = list(before)?;
            let back = weights.len();
            match numbers(centre)?[..] {
                [c] => weights.push(c),
                _ => return Err(wrong()),
            }
            weights.extend(list(after)?);
            Ok((weights, back))
        }
        _ => Err(StataError::invalid("one of window() and weights() must be specified")),
    }
}

fn moving(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (weights, back) = ma_weights(cmd)?;
    if weights.iter().sum::<f64>() == 0.0 {
        return Err(StataError::invalid("the weights add up to zero"));
    }
    let grids = source(s, cmd)?;
    let target = target(s, cmd)?;
    let found: Vec<(Grid, Vec<f64>)> = grids
        .into_iter()
        .map(|g| {
            let values = moving_average(&g.values, &weights, back);
            (g, values)
        })
        .collect();
    let text = |w: &[f64]| w.iter().map(|x| format::bare("%9.0g", *x)).collect::<Vec<_>>().join(" ");
    let uniform = cmd.options.text("window").is_some();
    let ahead = weights.len() - back - 1;
    let mut r = Results::default();
    let used: usize = found.iter().map(|f| f.0.values.iter().filter(|v| !is_missing(**v)).count()).sum();
    r.scalar("N", used as f64).scalar("w0", weights[back]).text("method", "ma smoother");
    s.print("The smoother applied was");
    if uniform {
        let parts = [(back, "x(t-#)"), (ahead, "x(t+#)")].map(|(k, what)| format!("{k} {what}"));
        s.print(format!("     uniform weights over {}, {} x(t), {}", parts[0], weights[back], parts[1]));
    } else {
        s.print(format!(
            "     weights {} <{}> {}",
            text(&weights[..back]),
            weights[back],
            text(&weights[back + 1..])
        ));
    }
    let label = format!("ma: x(t)= {}", cmd.exp.as_deref().unwrap_or("").trim());
    store(s, (target.0, &target.1), label, &found)?;
    s.r = r;
    Ok(())
}

/// Parameters and starting values that the options give.
struct Settings {
    parms: Option<(f64, f64)>,
    start: Option<(f64, f64)>,
    first: Option<usize>,
    ahead: usize,
}

fn settings(cmd: &ParsedCommand, kind: Kind) -> Result<Settings> {
    let pair = |name: &str, count: usize| -> Result<Option<(f64, f64)>> {
        let Some(text) = cmd.options.text(name) else { return Ok(None) };
        let given = numbers(text)?;
        if given.len() != count {
            return Err(StataError::invalid(format!("{name}() must hold {count} number(s)")));
        }
        Ok(Some((given[0], given.get(1).copied().unwrap_or(0.0))))
    };
    let parms = pair("parms", if kind == Kind::Holt { 2 } else { 1 })?;
    if let Some((a, b)) = parms
        && !((0.0..1.0).contains(&a) && a > 0.0 && (kind != Kind::Holt || (b > 0.0 && b < 1.0)))
    {
        return Err(StataError::invalid("parms() must lie between 0 and 1"));
    }
    let start = pair("s0", if kind == Kind::Single { 1 } else { 2 })?;
    let first = match cmd.options.int("samp0") {
        Some(_) if start.is_some() => {
            return Err(StataError::invalid("only one of samp0() and s0() may be specified"));
        }
        Some(n) if n < 1 => return Err(StataError::invalid("samp0() must be positive")),
        n => n.map(|n| n as usize),
    };
    let ahead = cmd.options.int("forecast").unwrap_or(0);
    if !(0..=1_000_000).contains(&ahead) {
        return Err(StataError::invalid("forecast() must be a nonnegative integer"));
    }
    Ok(Settings { parms, start, first, ahead: ahead as usize })
}

/// Smooths one series; returns also the parameters and the number of values behind the start.
fn smooth(x: &[f64], kind: Kind, given: &Settings) -> Result<(Smoothed, (f64, f64), usize)> {
    let half = given.first.unwrap_or(x.len() / 2);
    if given.start.is_none() && (half == 0 || half > x.len() || (kind != Kind::Single && half < 2)) {
        return Err(StataError::insufficient_observations());
    }
    let trend = line(x, half);
    let start = |alpha: f64| match (given.start, kind) {
        (Some(s0), _) => s0,
        (None, Kind::Single) => (x[..half].iter().sum::<f64>() / half as f64, 0.0),
        (None, Kind::Double) => {
            let lag = (1.0 - alpha) / alpha * trend.1;
            (trend.0 - lag, trend.0 - 2.0 * lag)
        }
        (None, Kind::Holt) => trend,
    };
    let run = |alpha: f64, beta: f64| match kind {
        Kind::Single => single(x, alpha, start(alpha).0),
        Kind::Double => double(x, alpha, start(alpha)),
        Kind::Holt => holt(x, alpha, beta, start(alpha)),
    };
    let parms = given.parms.unwrap_or_else(|| match kind {
        Kind::Holt => least_on_square(|a, b| run(a, b).rss(x)),
        _ => (least_on_unit(|a| run(a, 0.0).rss(x)), 0.0),
    });
    Ok((run(parms.0, parms.1), parms, half))
}

fn exponential(s: &mut Session, cmd: &ParsedCommand, kind: Kind) -> Result<()> {
    let given = settings(cmd, kind)?;
    let panel = series::declared(s)?.0;
    if given.ahead > 0 && panel.panel.is_some() {
        return Err(StataError::unsupported_option("tssmooth", "forecast() of panels"));
    }
    let grids = trimmed(source(s, cmd)?)?;
    let target = target(s, cmd)?;
    let mut r = Results::default();
    let mut found = Vec::new();
    let mut last = (0.0, 0.0);
    for grid in grids {
        let (fit, parms, first) = smooth(&grid.values, kind, &given)?;
        report(s, &mut r, kind, &given, (&fit, parms, first), &grid.values);
        last = fit.last;
        let values = if kind == Kind::Double { fit.level } else { fit.predicted };
        found.push((grid, values));
    }
    let name = match kind {
        Kind::Single => "exp",
        Kind::Double => "dexpc",
        Kind::Holt => "hw",
    };
    let parms = format::bare("%9.4f", r.get_scalar("alpha").unwrap_or(0.0));
    let label = format!("{name} parms({parms}) = {}", cmd.exp.as_deref().unwrap_or("").trim());
    if given.ahead > 0
        && let Some((grid, values)) = found.last_mut()
    {
        append(s, grid, given.ahead)?;
        values.extend((1..=given.ahead).map(|k| last.0 + k as f64 * last.1));
    }
    store(s, (target.0, &target.1), label, &found)?;
    s.r = r;
    Ok(())
}

fn report(
    s: &mut Session,
    r: &mut Results,
    kind: Kind,
    given: &Settings,
    (fit, parms, first): (&Smoothed, (f64, f64), usize),
    x: &[f64],
) {
    let rss = fit.rss(x);
    let rmse = (rss / x.len() as f64).sqrt();
    let shown = |v: f64| format::bare("%9.4f", v);
    let wide = |v: f64| format::bare("%9.0g", v);
    let how = if given.parms.is_some() { "" } else { "optimal " };
    let title = match kind {
        Kind::Single => "exponential",
        Kind::Double => "double-exponential",
        Kind::Holt => "Holt–Winters",
    };
    let mut line = |label: String, value: String| s.print(format!("{label:<36}= {value:>12}"));
    line(format!("{how}{title} coefficient"), shown(parms.0));
    if kind == Kind::Holt {
        line(format!("{how}trend coefficient"), shown(parms.1));
    }
    line("sum-of-squared residuals".into(), wide(rss));
    line("root mean squared error".into(), wide(rmse));
    r.scalar("N", x.len() as f64).scalar("alpha", parms.0);
    if kind == Kind::Holt {
        r.scalar("beta", parms.1);
    }
    r.scalar("rss", rss).scalar("rmse", rmse);
    if given.start.is_none() {
        r.scalar("N_pre", first as f64);
    }
}
