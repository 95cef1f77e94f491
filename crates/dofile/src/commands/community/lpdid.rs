//! `lpdid`: local projections for differences in differences, as the help of Busch and Girardi's command (SSC) and its list
//! of changes (version 1.1.0) document it.
//!
//! Formulas: Dube, Girardi, Jorda and Taylor (2025), Journal of Applied Econometrics: at each horizon the change of the
//! outcome since the period before treatment on the switch into treatment with effects of periods, among rows that
//! switch and clean controls. Every regression is `reghdfe` on helper variables.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::lpdid_rows::{Rows, Window};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::{command_line, stata};
use crate::format;
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Unit"),
    OptSpec::text("Time"),
    OptSpec::text("TREAT"),
    OptSpec::int("PRE_window"),
    OptSpec::int("POST_window"),
    OptSpec::text("CLuster"),
    OptSpec::text("CONTROLs"),
    OptSpec::flag("NOCOmp"),
    OptSpec::flag("RW"),
    OptSpec::flag("NEVERtreated"),
    OptSpec::flag("POOLED"),
    OptSpec::flag("ONLY_pooled"),
    OptSpec::flag("ONLY_event"),
    OptSpec::text("POST_Pooled"),
    OptSpec::text("PRE_Pooled"),
    OptSpec::real("Level"),
    OptSpec::flag("NOGRAPH"),
])
.unsupported(&[
    "NONABSorbing",
    "PMD",
    "BOOTstrap",
    "SEED",
    "ABSORB",
    "YLags",
    "DYLags",
    "WEIGHTs",
    "AGGREGATE_average",
    "PRETREND_test",
    "UNTREATED_before",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lpdid",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "lpdid depvar [if] [in], unit(varname) time(varname) treat(varname) pre_window(#) post_window(#) [cluster(varname) controls(varlist) nocomp rw nevertreated pooled only_pooled only_event post_pooled(# [#]) pre_pooled(# [#]) level(#) nograph]",
    notes: "absorbing treatment of 0 and 1, whole numbers of periods; as version 1.1.0: pooled estimates with option pooled, nocomp keeps the same rows at all horizons; rw without controls weights the regression; no graph is drawn; stores e(results) and e(pooled_results) (coefficient, standard error, t, p, limits, rows; t and p rounded as the command shows them), e(pre_window post_window depvar control_group treated_group); no weights; Dube, Girardi, Jorda and Taylor (2025)",
    examples: &[Example {
        // Unit 1 gains 2 at once, the others nothing beyond the common trend.
        run: "set obs 16\ngenerate i = ceil(_n/4)\nbysort i: generate t = _n\ngenerate d = i == 1 & t >= 3\ngenerate y = i + t + 2*d + (i > 1)*mod(_n*7, 5)/1000\nlpdid y, unit(i) time(t) treat(d) pre_window(2) post_window(1) nograph\nmatrix r = e(results)",
        expect: &[("abs(r[3,1] - 2) < .01", 1.0), ("r[2,1]", 0.0), ("rowsof(r)", 4.0)],
    }],
};

/// What one regression gives: coefficient, standard error, degrees of freedom, rows.
type Found = Option<[f64; 4]>;

fn required<'a>(cmd: &'a ParsedCommand, option: &str) -> Result<&'a str> {
    let text = cmd.options.text(option).map(str::trim).filter(|t| !t.is_empty());
    text.ok_or_else(|| StataError::new(198, format!("option {option}() required")))
}

/// Periods before and after that the event study has.
fn windows(cmd: &ParsedCommand) -> Result<(Option<i64>, Option<i64>)> {
    let (pre, post) = (cmd.options.int("pre_window"), cmd.options.int("post_window"));
    if pre.is_none() && post.is_none() {
        return Err(StataError::invalid("either pre_window() or post_window() must be specified"));
    }
    if pre.is_some_and(|p| !(2..=10_000).contains(&p)) || post.is_some_and(|p| !(0..=10_000).contains(&p)) {
        return Err(StataError::invalid("pre_window() must be 2 or more, post_window() 0 or more"));
    }
    Ok((pre, post))
}

/// The first and last period of a pooled window; nothing without one.
fn pooled(cmd: &ParsedCommand, option: &str, usual: Option<(i64, i64)>) -> Result<Option<(i64, i64)>> {
    let Some(text) = cmd.options.text(option) else { return Ok(usual) };
    let bad = || StataError::new(198, format!("option {option}() incorrectly specified"));
    let numbers = text.split_whitespace().map(|w| w.parse::<i64>().map_err(|_| bad()));
    let least = if option == "pre_pooled" { 2 } else { 0 };
    match numbers.collect::<Result<Vec<i64>>>()?[..] {
        [last] if last >= least => Ok(Some((least, last))),
        [first, last] if first >= least && last >= first => Ok(Some((first, last))),
        _ => Err(bad()),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let (pre, post) = windows(cmd)?;
    let (pooled_pre, pooled_post) =
        (pooled(cmd, "pre_pooled", pre.map(|p| (2, p)))?, pooled(cmd, "post_pooled", post.map(|p| (0, p)))?);
    if cmd.has("rw") && cmd.has("controls") {
        return Err(StataError::unsupported_option("lpdid", "rw with controls()"));
    }
    let rows = Rows::read(s, cmd, [required(cmd, "unit")?, required(cmd, "time")?, required(cmd, "treat")?])?;
    let (pre, post) = (pre.unwrap_or(0), post.unwrap_or(-1));
    let common = cmd.has("nocomp").then_some((pre, post.max(0)));
    let mut named: Vec<(String, Window)> =
        (2..=pre).rev().map(|h| (format!("pre{h}"), Window { from: -h, to: -h, clean: 0 })).collect();
    named.extend((0..=post).map(|h| (format!("tau{h}"), Window { from: h, to: h, clean: h })));
    let mut est = Estimation::default();
    if !cmd.has("only_pooled") {
        let mut found = Vec::new();
        for (name, window) in &named {
            found.push((name.clone(), estimate(s, cmd, &rows, *window, common)?));
        }
        let place = found.iter().position(|(n, _)| n.starts_with("tau")).unwrap_or(found.len());
        let mut table = table(&found, level);
        table
            .insert(place, ("pre1".to_string(), [0.0, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING]));
        est.results.matrix("results", matrix(&table, level));
        show(s, "LP-DiD Event Study Estimates", "E-time", &table, level);
    }
    let asked = ["pooled", "only_pooled", "pre_pooled", "post_pooled"].iter().any(|o| cmd.has(o));
    if asked && !cmd.has("only_event") {
        let mut found = Vec::new();
        if let Some((first, last)) = pooled_pre {
            let window = Window { from: -last, to: -first, clean: 0 };
            found.push(("Pre".to_string(), estimate(s, cmd, &rows, window, common)?));
        }
        if let Some((first, last)) = pooled_post {
            let window = Window { from: first, to: last, clean: last };
            found.push(("Post".to_string(), estimate(s, cmd, &rows, window, common)?));
        }
        let table = table(&found, level);
        est.results.matrix("pooled_results", matrix(&table, level));
        show(s, "LP-DiD Pooled Estimates", "", &table, level);
    }
    let r = &mut est.results;
    r.text("cmd", "lpdid").text("cmdline", command_line(cmd)).text("depvar", cmd.list.trim());
    r.text("controls", cmd.options.text("controls").unwrap_or("").trim());
    r.scalar("pre_window", pre as f64).scalar("post_window", post as f64);
    let never = cmd.has("nevertreated");
    r.text("control_group", if never { "Never treated" } else { "Controls are clean" });
    r.text("treated_group", "Treated units entering treatment");
    s.e = est;
    Ok(())
}

/// Names of the helper variables; no user's variable begins like these.
const HELPERS: [&str; 3] = ["__lpdid_y", "__lpdid_d", "__lpdid_w"];

/// The regression of one window; nothing where it cannot be estimated.
fn estimate(
    s: &mut Session,
    cmd: &ParsedCommand,
    rows: &Rows,
    window: Window,
    common: Option<(i64, i64)>,
) -> Result<Found> {
    let never = cmd.has("nevertreated");
    let (y, d) = rows.changes(window, common, never);
    let weights = if cmd.has("rw") { rows.weights(&y, &d) } else { vec![1.0; y.len()] };
    for (name, values) in HELPERS.into_iter().zip([y, d, weights]) {
        s.frame.add(Variable::new(name, Column::Double(values)))?;
    }
    let weight = if cmd.has("rw") { "[pweight=__lpdid_w]" } else { "" };
    let cluster = cmd.options.text("cluster").map_or(rows.unit.as_str(), str::trim).to_string();
    let controls = cmd.options.text("controls").unwrap_or("");
    let held = s.e.clone();
    let done = quietly(
        s,
        &format!(
            "reghdfe __lpdid_y __lpdid_d {controls} {weight}, absorb({}) vce(cluster {cluster})",
            rows.time
        ),
    );
    let found = done.is_ok().then(|| {
        let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
        let (b, v) = (s.e.b()?.get(0, 0), s.e.v()?.get(0, 0));
        (v > 0.0).then(|| [b, v.sqrt(), scalar("df_r"), scalar("N")])
    });
    s.e = held;
    let positions: Vec<usize> = HELPERS.iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&positions);
    match done {
        // a horizon without rows, clean controls or switches is missing, as version 1.1.0 has it
        Err(error) if !matches!(error.code, 2000 | 2001 | 498 | 459) => Err(error),
        _ => Ok(found.flatten()),
    }
}

/// A row of results with its name.
type Line = (String, [f64; 7]);

fn table(found: &[(String, Found)], level: f64) -> Vec<Line> {
    let round = |x: f64, unit: f64| stata((x / unit).round() * unit);
    found
        .iter()
        .map(|(name, one)| {
            let Some([b, se, df, n]) = *one else { return (name.clone(), [MISSING; 7]) };
            let half = wald::critical(level, Some(df)) * se;
            let p = wald::p_value(b / se, Some(df));
            (name.clone(), [b, se, round(b / se, 0.01), round(p, 0.0001), b - half, b + half, n])
        })
        .collect()
}

fn headings(level: f64) -> [String; 7] {
    let limits = format!("[{}% conf.", format::bare("%9.0g", level).trim());
    ["Coefficient", "SE", "t", "P>|t|", limits.as_str(), "interval]", "obs"].map(str::to_string)
}

fn matrix(table: &[Line], level: f64) -> Matrix {
    let mut out = Matrix::new(table.len(), 7, table.iter().flat_map(|l| l.1).collect());
    out.row_names = table.iter().map(|l| Stripe::term(l.0.clone())).collect();
    out.col_names = headings(level).map(Stripe::term).to_vec();
    out
}

fn show(s: &mut Session, title: &str, corner: &str, table: &[Line], level: f64) {
    s.print("");
    s.print(title);
    s.print("");
    let line = |cells: Vec<String>| {
        let widths = [10, 11, 11, 11, 11, 11, 11];
        let own = cells.iter().zip(widths).map(|(c, w)| format::right(&format::abbrev(c, 9), w));
        format!("{} ", own.collect::<String>())
    };
    s.print(format!("{corner:>12} |{}", line(headings(level).to_vec())));
    s.print(format!("-------------+{}", "-".repeat(76)));
    for (name, cells) in table {
        let cells = cells.iter().map(|x| format::bare("%9.0g", *x).trim().to_string()).collect();
        s.print(format!("{name:>12} |{}", line(cells)));
    }
}
