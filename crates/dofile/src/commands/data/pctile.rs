//! `pctile` and `xtile`: percentiles and quantile groups as variables.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::varlist::check_new;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, interpolated};

const WEIGHTS: &[WeightKind] = &[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability];
const MANY: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Nquantiles"),
    OptSpec::text("Cutpoints"),
    OptSpec::text("GENp"),
    OptSpec::flag("ALTdef"),
])
.weights(WEIGHTS)
.exp();

pub(super) const SPEC_XTILE: CommandSpec = CommandSpec {
    name: "xtile",
    min: 5,
    form: Form::Standard(&MANY),
    by: ByRule::No,
    run: |s, c| new_variable(s, c, true),
    syntax: "xtile newvar = exp [if] [in] [weight] [, nquantiles(#) cutpoints(varname) altdef]",
    notes: "no results; category k holds (q_{k-1}, q_k]",
    examples: &[Example {
        run: "set obs 8\ngenerate x = _n\nxtile q = x, nquantiles(4)",
        expect: &[("q[2]", 1.0), ("q[3]", 2.0), ("q[8]", 4.0)],
    }],
};
pub(super) const SPEC_PCTILE: CommandSpec = CommandSpec {
    name: "pctile",
    min: 6,
    form: Form::Standard(&MANY),
    by: ByRule::No,
    run: |s, c| new_variable(s, c, false),
    syntax: "pctile [type] newvar = exp [if] [in] [weight] [, nquantiles(#) genp(newvar) altdef]",
    notes: "no results",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\npctile p = x, nquantiles(4)",
        expect: &[("p[1]", 1.5), ("p[2]", 2.5), ("p[3]", 3.5)],
    }],
};

fn quantiles(cmd: &ParsedCommand) -> Result<usize> {
    let n = cmd.options.int("nquantiles").unwrap_or(2);
    if (2..=1_000_000).contains(&n) {
        Ok(n as usize)
    } else {
        Err(StataError::new(198, "nquantiles() must be 2 or more"))
    }
}

fn new_variable(s: &mut Session, cmd: &ParsedCommand, categories: bool) -> Result<()> {
    let list = cmd.list.trim();
    // `pctile [type] newvar`
    let typed = list.split_once(char::is_whitespace).filter(|_| !categories);
    let typed = typed.and_then(|(t, name)| Some((StorageType::parse(t).filter(|t| !t.is_string())?, name)));
    let name = typed.map_or(list, |t| t.1.trim()).to_string();
    let default_type = typed.map_or(s.settings.default_type, |t| t.0);
    check_new(&s.frame, &name)?;
    let exp = cmd.exp.as_deref().ok_or_else(|| StataError::new(100, "=exp required"))?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let x = s.numbers(exp, &touse)?;
    let kind = weights.as_ref().map(|w| w.kind);
    let sample = Sample::new(
        x.iter().enumerate().map(|(r, &x)| (x, weights.as_ref().map_or(1.0, |w| w.values[r]))),
        kind,
    );
    let cuts: Vec<f64> = match cmd.options.text("cutpoints") {
        Some(v) => {
            let v = s.numeric_variable(v)?;
            let mut cuts: Vec<f64> =
                s.frame.numeric(v)?.iter().copied().filter(|x| !is_missing(*x)).collect();
            cuts.sort_by(f64::total_cmp);
            cuts
        }
        None => {
            let n = quantiles(cmd)?;
            let rows = x.iter().filter(|x| !is_missing(**x)).count();
            if rows == 0 {
                return Err(StataError::no_observations());
            }
            if n > rows + 1 {
                let text = "nquantiles() must be less than or equal to number of observations";
                return Err(StataError::new(198, format!("{text} ({rows}) plus one")));
            }
            if cmd.has("altdef") && weights.is_some() {
                return Err(StataError::new(101, "weights not allowed with altdef"));
            }
            let mut known: Vec<f64> = x.iter().copied().filter(|x| !is_missing(*x)).collect();
            known.sort_by(f64::total_cmp);
            let cut = |p: f64| if cmd.has("altdef") { interpolated(&known, p) } else { sample.percentile(p) };
            (1..n).map(|k| cut(100.0 * k as f64 / n as f64)).collect()
        }
    };
    let n = x.len();
    let values: Vec<f64> =
        if categories {
            x.iter()
                .map(|&x| {
                    if is_missing(x) { MISSING } else { 1.0 + cuts.iter().filter(|c| x > **c).count() as f64 }
                })
                .collect()
        } else {
            (0..n).map(|r| cuts.get(r).copied().unwrap_or(MISSING)).collect()
        };
    let ty = if categories {
        values.iter().fold(crate::frame::StorageType::Byte, |t, &x| t.promoted_for(x))
    } else {
        default_type
    };
    s.frame.add(Variable::new(&name, Column::from_f64(ty, &values)))?;
    if let Some(g) = cmd.options.text("genp").filter(|_| !categories) {
        let k = cuts.len() as f64 + 1.0;
        let ps: Vec<f64> =
            (0..n).map(|r| if r < cuts.len() { 100.0 * (r as f64 + 1.0) / k } else { MISSING }).collect();
        s.frame.add(Variable::new(g, Column::from_f64(default_type, &ps)))?;
    }
    Ok(())
}
