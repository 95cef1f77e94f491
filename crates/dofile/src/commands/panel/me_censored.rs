//! `metobit` and `meintreg`: linear regressions with normal random effects of one grouping level, of an outcome that is censored
//! or known as an interval. Store in `e()` what `melogit` stores, and N_unc N_lc N_rc, `meintreg` N_int. Formulas: [ME] metobit,
//! [ME] meintreg.

use super::me::post_results;
use super::me_line::{self, Grouping, Line};
use super::me_specs::{Family, Kind};
use super::random::to_variances;
use super::random_censored::{Linear, fit_linear};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::model::Model;
use crate::estimation::{interval_outcome, likelihood, ml_command};
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::ml::MlFit;
use estimators::ml_censored::Seen;
use estimators::ml_random_outcomes::Curve;

const OPTIONS: &[OptSpec] = ml_options![
    OptSpec::text("COVariance"),
    OptSpec::int("INTPoints"),
    OptSpec::text("INTMethod"),
    OptSpec::text("OFFset"),
    OptSpec::flag_or_text("ll"),
    OptSpec::flag_or_text("ul"),
    OptSpec::flag("noLRtest"),
];
const UNSUPPORTED: &[&str] = &["STARTValues", "STARTGrid", "PWEIGHT"];

const TOBIT: Kind = Kind {
    name: "metobit",
    family: Family::Censored,
    curve: Curve::Probit,
    title: "Mixed-effects tobit regression",
    without: "tobit model",
    words: ("gaussian", "identity"),
};
const INTERVAL: Kind =
    Kind { name: "meintreg", title: "Mixed-effects interval regression", without: "interval model", ..TOBIT };

/// The command `metobit`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "metobit",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: |session, cmd| run(session, cmd, &TOBIT),
    syntax: "metobit depvar [indepvars] [if] [in] || levelvar: [varlist] [, ll[(varname | #)] ul[(varname | #)] noconstant covariance(independent|unstructured) intpoints(#) offset(v) nolrtest vce(oim|robust|cluster v) level(#) nolog]",
    notes: "one level of random effects; mean-variance adaptive Gauss-Hermite quadrature, 7 points in each dimension; stores e(N N_unc N_lc N_rc N_g df_m ll ll_c chi2 chi2_c df_c p p_c n_quad), e(b) with /var(effect[group]) and /var(e.depvar), e(V), r(table); predict: xb, stdp; formulas: [ME] metobit",
    examples: &[Example {
        // the same model and quadrature as xttobit
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = max(0, x + 3*mod(id, 3) + mod(_n*5, 9))\nxtset id\nxttobit y x, ll(0) intpoints(9)\nscalar ll = e(ll)\nscalar b = _b[x]\nscalar s = e(sigma_u)^2\nmetobit y x || id:, ll(0) intpoints(9)",
        expect: &[
            ("abs(e(ll) - ll) < 1e-6", 1.0),
            ("abs(_b[x] - b) < 1e-5", 1.0),
            ("abs(_b[/var(_cons[id])]/s - 1) < 1e-4", 1.0),
        ],
    }],
};

/// The command `meintreg`.
pub(super) const SPEC_INTERVAL: CommandSpec = CommandSpec {
    name: "meintreg",
    min: 8,
    run: |session, cmd| run(session, cmd, &INTERVAL),
    syntax: "meintreg depvar_lower depvar_upper [indepvars] [if] [in] || levelvar: [varlist] [, noconstant covariance(independent|unstructured) intpoints(#) offset(v) nolrtest vce(oim|robust|cluster v) level(#) nolog]",
    notes: "as metobit, and e(N_int); missing lower or upper end: censored there; formulas: [ME] meintreg",
    examples: &[Example {
        // points alone: the linear model
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) + mod(_n*5, 9)\ngen y2 = y\nmixed y x || id:\nscalar ll = e(ll)\nmeintreg y y2 x || id:",
        expect: &[("abs(e(ll) - ll) < 1e-6", 1.0), ("e(N_unc)", 120.0), ("e(N_int)", 0.0)],
    }],
    ..SPEC
};

fn run(session: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    let raw = cmd.raw.trim();
    let refused: Vec<&str> = if kind.name == "meintreg" {
        UNSUPPORTED.iter().copied().chain(["INTREG"]).collect()
    } else {
        UNSUPPORTED.to_vec()
    };
    me_line::run(session, kind, raw, (OPTIONS, &refused), |session, line| {
        if kind.name == "meintreg"
            && let Some(limit) = ["ll", "ul"].into_iter().find(|o| line.cmd.has(o))
        {
            return Err(StataError::option_not_allowed(limit));
        }
        estimate(session, line, kind, raw)
    })
}

/// A censoring limit of each row: a number, a variable, or the extreme of the outcome where neither is named.
fn limits(
    session: &Session,
    cmd: &ParsedCommand,
    option: &str,
    model: &Model,
    extreme: fn(f64, f64) -> f64,
) -> Result<Option<Vec<f64>>> {
    if !cmd.has(option) {
        return Ok(None);
    }
    let n = model.y.len();
    let text = cmd.options.text(option).map(str::trim).filter(|t| !t.is_empty() && *t != ".");
    let Some(text) = text else {
        let most = model.y.iter().copied().reduce(extreme).unwrap_or(f64::NAN);
        return Ok(Some(vec![most; n]));
    };
    if let Some(number) = parse_number(text) {
        return Ok(Some(vec![number; n]));
    }
    let v = session.numeric_variable(text)?;
    Ok(Some(model.design.rows.iter().map(|r| session.frame.num_at(v, *r)).collect()))
}

/// The sample with what is seen of each row.
fn read(session: &mut Session, line: &Line, kind: &Kind, grouping: &Grouping) -> Result<(Model, Vec<Seen>)> {
    let cmd = &line.cmd;
    let reading = grouping.reading(session, line, kind)?;
    if kind.name == "meintreg" {
        let (mut model, seen) = interval_outcome::read(session, &reading, &[])?;
        // noconstant belongs to the random effects here
        model.constant = true;
        return Ok((model, seen));
    }
    let mut model = reading.model(session)?;
    model.constant = true;
    drop_collinear(session, &mut model);
    let lower = limits(session, cmd, "ll", &model, f64::min)?;
    let upper = limits(session, cmd, "ul", &model, f64::max)?;
    // a missing limit does not censor
    let at = |limit: &Option<Vec<f64>>, i: usize| limit.as_ref().map(|l| l[i]).filter(|l| !is_missing(*l));
    let see = |(i, y): (usize, &f64)| match (at(&lower, i), at(&upper, i)) {
        (Some(l), _) if *y <= l => Seen::AtMost(l),
        (_, Some(u)) if *y >= u => Seen::AtLeast(u),
        _ => Seen::Value(*y),
    };
    let seen = model.y.iter().enumerate().map(see).collect();
    Ok((model, seen))
}

/// Puts the residual variance last: the log of its root stands before the variances of the effects.
fn with_residual_last(best: &mut MlFit, spread: usize) {
    let size = best.b.len();
    let residual = size - spread - 1;
    let variance = (2.0 * best.b[residual]).exp();
    ml_command::rescale(&mut best.b, &mut best.v, residual, variance, 2.0 * variance);
    let order: Vec<usize> = (0..residual).chain(residual + 1..size).chain([residual]).collect();
    best.b = order.iter().map(|i| best.b[*i]).collect();
    best.v = best.v.select(&order, &order);
}

fn estimate(session: &mut Session, line: &Line, kind: &Kind, raw: &str) -> Result<()> {
    let cmd = &line.cmd;
    let grouping = Grouping::of(session, line, kind)?;
    let (model, seen) = read(session, line, kind, &grouping)?;
    if !seen.iter().any(|s| !matches!(s, Seen::AtMost(_) | Seen::AtLeast(_))) {
        return Err(StataError::new(2000, "no uncensored observations"));
    }
    let sample = grouping.sample(session, line, &model)?;
    let q = sample.names.len();
    let linear = Linear {
        model: &model,
        seen: &seen,
        effects: sample.effects(),
        correlated: sample.correlated,
        points: sample.points,
        rows: &sample.rows,
        offset: sample.offset(),
    };
    let found = fit_linear(session, cmd, linear)?;
    let mut best = found.fit;
    to_variances(&mut best, q, sample.correlated);
    with_residual_last(&mut best, sample.spread());
    post_results(session, line, kind, raw, (&model, &sample), &best, found.ll_c);
    let results = &mut session.e.results;
    interval_outcome::store_counts(results, &seen);
    if kind.name == "metobit" {
        results.scalars.remove("N_int");
        for (option, stored) in [("ll", "llopt"), ("ul", "ulopt")] {
            if cmd.has(option) {
                let text = cmd.options.text(option).map(str::trim).unwrap_or("").to_string();
                results.text(stored, if text.is_empty() { ".".to_string() } else { text });
            }
        }
    }
    Ok(())
}

/// The lines above the table: sample, limits, groups, integration and test.
pub(super) fn header(session: &mut Session, kind: &Kind) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let count = |name: &str| format::bare("%10.0fc", scalar(name));
    let left = |side: &str, name: &str, value: String| format!("{side:<48}{name:<17} = {value:>10}");
    let right = |side: &str, name: &str, value: String| {
        format!("{side}{name:>width$} = {value:>10}", width = 65 - side.chars().count())
    };
    let limit = |name: &str, none: &str| match text(name) {
        t if t.is_empty() => none.to_string(),
        t => t,
    };
    let mut lines = vec![String::new(), left(kind.title, "Number of obs", count("N"))];
    lines.push(right("", "Uncensored", count("N_unc")));
    if kind.name == "metobit" {
        let (lower, upper) = (limit("llopt", "-inf"), limit("ulopt", "+inf"));
        let width = lower.len().max(upper.len());
        lines.push(right(&format!("Limits: Lower = {lower:>width$}"), "Left-censored", count("N_lc")));
        lines.push(right(&format!("        Upper = {upper:>width$}"), "Right-censored", count("N_rc")));
    } else {
        for (name, stored) in
            [("Left-censored", "N_lc"), ("Right-censored", "N_rc"), ("Interval-cens.", "N_int")]
        {
            lines.push(right("", name, count(stored)));
        }
    }
    lines.push(String::new());
    lines.push(left(&format!("Group variable: {}", text("ivar")), "Number of groups", count("N_g")));
    lines.push(String::new());
    lines.push(format!("{:48}Obs per group:", ""));
    lines.push(right("", "min", count("g_min")));
    lines.push(right("", "avg", format::bare("%10.1fc", scalar("g_avg"))));
    lines.push(right("", "max", count("g_max")));
    lines.push(String::new());
    let points = format::bare("%10.0g", scalar("n_quad"));
    lines.push(left("Integration method: mvaghermite", "Integration pts.", points));
    lines.push(String::new());
    let test = format!("Wald chi2({})", format::bare("%9.0g", scalar("df_m")).trim());
    lines.push(left("", &test, format::bare("%10.2f", scalar("chi2"))));
    let robust = e.get_text("vcetype").is_some();
    let ll = format!("{} = {}", likelihood::label(robust), format::bare("%10.0g", scalar("ll")));
    lines.push(left(&ll, "Prob > chi2", format::bare("%6.4f", scalar("p"))));
    lines.into_iter().for_each(|line| session.print(line.trim_end()));
}
