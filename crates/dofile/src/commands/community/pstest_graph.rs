//! Figures of `psmatch2`: `pstest, graph` and `psgraph` (Leuven and Sianesi, SSC). They follow the help files.

use super::pstest::Row;
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::value::is_missing;
use figure::{Bar, Series, Shape, Style};

/// `psgraph`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "psgraph",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "psgraph [if] [in] [, treated(varname) support(varname) pscore(varname) bin(#) twoway_options]",
    notes: "shares of the treated (above) and of the untreated (below) over 20 intervals of the propensity score, or bin() of them; the variables are those of psmatch2 unless named; see psmatch2 (SSC)",
    examples: &[Example {
        run: "set obs 60\nset seed 4\ngenerate x = rnormal()\ngenerate t = x + rnormal() > 0\npsmatch2 t x\npsgraph, bin(10)\ntempfile f\ngraph export `f'.svg\nscalar there = fileexists(\"`f'.svg\")\nerase `f'.svg",
        expect: &[("there", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("psgraph", &cmd.raw, false)?;
    cmd.refuse_weight()?;
    if !cmd.list.trim().is_empty() {
        return Err(StataError::standard(101));
    }
    let mut names = ["_treated", "_support", "_pscore"].map(str::to_string);
    let (mut bins, mut rest): (usize, Vec<RawOption>) = (20, Vec::new());
    for (name, argument) in split_options(&cmd.option_text)? {
        match argument.as_deref() {
            Some(text) if abbreviates(&name, "Treated") => names[0] = text.trim().to_string(),
            Some(text) if abbreviates(&name, "SUPport") => names[1] = text.trim().to_string(),
            Some(text) if abbreviates(&name, "Pscore") => names[2] = text.trim().to_string(),
            Some(text) if name == "bin" => {
                let number = parse_number(text).filter(|n| (1.0..=1e4).contains(n) && n.fract() == 0.0);
                bins = number.ok_or_else(|| StataError::invalid("bin() must be a whole number"))? as usize;
            }
            _ => rest.push((name, argument)),
        }
    }
    let rows = s.rows(&cmd)?;
    let [treated, score] = [&names[0], &names[2]].map(|name| s.numeric_variable(name));
    let (treated, score) = (treated?, score?);
    // without option common all rows are on the support
    let support = s.numeric_variable(&names[1]).ok();
    let mut groups: [Vec<f64>; 3] = Default::default();
    for row in (0..rows.len()).filter(|&row| rows[row]) {
        let (t, p) = (s.frame.num_at(treated, row), s.frame.num_at(score, row));
        if is_missing(t) || is_missing(p) {
            continue;
        }
        let outside = t != 0.0 && support.is_some_and(|v| s.frame.num_at(v, row) == 0.0);
        groups[if outside { 2 } else { usize::from(t != 0.0) }].push(p);
    }
    if groups.iter().all(Vec::is_empty) {
        return Err(StataError::no_observations());
    }
    show(s, scores(&groups, bins), &rest)
}

/// Bars of the untreated, of the treated, and of the treated off the support.
fn scores(groups: &[Vec<f64>; 3], bins: usize) -> Plain {
    let all = || groups.iter().flatten().copied();
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let width = if high > low { (high - low) / bins as f64 } else { 1.0 };
    let treated = (groups[1].len() + groups[2].len()) as f64;
    let mut floor = vec![0.0; bins];
    let mut series = Vec::new();
    let labels = match groups[2].is_empty() {
        true => ["Untreated", "Treated", ""],
        false => ["Untreated", "Treated: On support", "Treated: Off support"],
    };
    for (number, group) in groups.iter().enumerate().filter(|(_, group)| !group.is_empty()) {
        let mut shares = vec![0.0; bins];
        let whole = if number == 0 { -(group.len() as f64) } else { treated };
        for p in group {
            shares[(((p - low) / width) as usize).min(bins - 1)] += 1.0 / whole;
        }
        let bar = |(k, share): (usize, &f64)| {
            let from = if number == 0 { 0.0 } else { floor[k] };
            Bar { at: low + (k as f64 + 0.5) * width, from, to: from + share, width }
        };
        let bars: Vec<Bar> = shares.iter().enumerate().map(bar).filter(|b| b.from != b.to).collect();
        if number == 1 {
            floor.clone_from(&shares);
        }
        let shape = Shape::Bars { bars, horizontal: false };
        series.push(Series { label: labels[number].to_string(), number, shape, style: Style::default() });
    }
    Plain {
        series,
        x_title: "Propensity Score".to_string(),
        y_title: "Fraction".to_string(),
        used: Some(all().count()),
        ..Plain::default()
    }
}

/// `pstest, graph`: the standardised differences of the covariates, the largest one before matching at the top.
pub(super) fn balance(s: &mut Session, table: &[Row], both: bool) -> Result<()> {
    let mut order: Vec<&Row> = table.iter().filter(|row| !is_missing(row.before.bias)).collect();
    order.sort_by(|a, b| a.before.bias.total_cmp(&b.before.bias));
    let points = |bias: &dyn Fn(&Row) -> Option<f64>| -> String {
        let known = order.iter().enumerate().filter_map(|(k, row)| Some((k, bias(row)?)));
        known.filter(|(_, x)| !is_missing(*x)).map(|(k, x)| format!("{} {x} ", k + 1)).collect()
    };
    let after = points(&|row| row.after.map(|side| side.bias));
    let before = points(&|row| (both || row.after.is_none()).then_some(row.before.bias));
    let named = [(before, "Unmatched", "O"), (after, "Matched", "X")];
    let shown: Vec<&(String, &str, &str)> = named.iter().filter(|(list, ..)| !list.is_empty()).collect();
    if shown.is_empty() {
        return Err(StataError::no_observations());
    }
    let plots: String =
        shown.iter().map(|(list, _, sign)| format!("(scatteri {list}, msymbol({sign})) ")).collect();
    let keys: String =
        shown.iter().enumerate().map(|(k, (_, text, _))| format!("{} \"{text}\" ", k + 1)).collect();
    let labels: String =
        order.iter().enumerate().map(|(k, row)| format!("{} `\"{}\"' ", k + 1, row.name)).collect();
    s.run_expanded(&format!(
        "quietly twoway {plots}, ylabel({labels}, angle(0)) ytitle(\"\") xline(0) \
         xtitle(\"Standardized % bias across covariates\") legend(order({keys}))"
    ))
    .map(|_| ())
}
