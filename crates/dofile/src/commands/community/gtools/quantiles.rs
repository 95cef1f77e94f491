//! `gquantiles`: percentiles and quantile groups of a whole sample or of groups. Written from the help file of gtools.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::ops::groups::{each_group, grouped};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind, numlist};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("PCTILE"),
    OptSpec::flag("XTILE"),
    OptSpec::flag("_pctile"),
    OptSpec::int("Nquantiles"),
    OptSpec::text("Quantiles"),
    OptSpec::text("Percentiles"),
    OptSpec::text("Cutpoints"),
    OptSpec::text("CUTOFFs"),
    OptSpec::text("by"),
    OptSpec::text("GENp"),
    OptSpec::flag("STRICT"),
    OptSpec::flag("replace"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability])
.exp()
.unsupported(&[
    "ALTdef",
    "BINFREQ",
    "CUTQuantiles",
    "CUTBY",
    "DEDUP",
    "CUTIFin",
    "RETURNlimit",
    "MINMAX",
    "METHOD",
    "BINPCT",
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "gquantiles",
    min: 10,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "gquantiles newvar = exp [if] [in] [weight], {pctile|xtile} [nquantiles(#) | percentiles(numlist) | cutpoints(varname) | cutoffs(numlist)] [by(varlist) genp(newvar) strict replace]; gquantiles exp, _pctile [nquantiles(#) | percentiles(numlist)]",
    notes: "the percentile rule of summarize; xtile category k holds (q_{k-1}, q_k]; quantiles() is percentiles(); _pctile stores r(r1) r(r2) ...; with strict, groups with fewer rows than nquantiles() are missing",
    examples: &[Example {
        run: "set obs 12\ngenerate g = ceil(_n/4)\ngenerate x = _n\ngquantiles q = x, xtile nquantiles(2) by(g)\ngquantiles p = x, pctile percentiles(25 75)\ngquantiles x, _pctile nquantiles(4)\nscalar r2 = r(r2)\nxtile o = x, nquantiles(4)\ngquantiles o2 = x, xtile nquantiles(4)\ncount if o != o2",
        expect: &[
            ("q[5]", 1.0),
            ("q[7]", 2.0),
            ("q[12]", 2.0),
            ("p[1]", 3.5),
            ("p[2]", 9.5),
            ("missing(p[3])", 1.0),
            ("r2", 6.5),
            ("r(N)", 0.0),
        ],
    }],
};

/// Where the cuts come from.
enum Cuts {
    Percents(Vec<f64>),
    Fixed(Vec<f64>),
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let kinds = ["pctile", "xtile", "_pctile"].map(|k| cmd.has(k));
    if kinds.iter().filter(|k| **k).count() != 1 {
        return Err(StataError::invalid("specify one of pctile, xtile and _pctile"));
    }
    let [pctile, _, store] = kinds;
    let cuts = cuts(s, cmd)?;
    let (exp, name) = match (&cmd.exp, store) {
        (None, true) => (cmd.list.clone(), String::new()),
        (Some(exp), false) => (exp.clone(), cmd.list.trim().to_string()),
        (None, false) => return Err(StataError::new(100, "=exp required")),
        (Some(_), true) => return Err(StataError::syntax()),
    };
    let by = cmd.options.text("by").map(|l| s.varlist(l)).transpose()?.unwrap_or_default();
    if !by.is_empty() && store {
        return Err(StataError::invalid("option by() not allowed with _pctile"));
    }
    let (x, weights, keep) = values(s, cmd, &exp)?;
    let rows: Vec<usize> = (0..x.len()).filter(|r| keep[*r] && !is_missing(x[*r])).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let sample = |group: &[usize]| {
        let pairs = group.iter().map(|r| (x[*r], weights.as_ref().map_or(1.0, |w| w.1[*r])));
        Sample::new(pairs, weights.as_ref().map(|w| w.0))
    };
    let of_group = |group: &[usize]| -> Vec<f64> {
        match &cuts {
            Cuts::Fixed(cuts) => cuts.clone(),
            Cuts::Percents(p) if cmd.has("strict") && p.len() >= group.len() => Vec::new(),
            Cuts::Percents(p) => {
                let sample = sample(group);
                p.iter().map(|p| sample.percentile(*p)).collect()
            }
        }
    };
    if store {
        let mut r = Results::default();
        r.scalar("N", rows.len() as f64);
        for (k, q) in of_group(&rows).iter().enumerate() {
            r.scalar(&format!("r{}", k + 1), *q);
        }
        s.r = r;
        return Ok(());
    }
    let groups = grouped(s, &by, rows);
    let found = each_group(&groups, of_group);
    let mut out = vec![MISSING; x.len()];
    for (group, cuts) in groups.iter().zip(&found) {
        let mut group = group.clone();
        group.sort_unstable();
        for (k, row) in group.iter().enumerate() {
            out[*row] = match pctile {
                true => cuts.get(k).copied().unwrap_or(MISSING),
                false if cuts.is_empty() => MISSING,
                false => 1.0 + cuts.partition_point(|c| *c < x[*row]) as f64,
            };
        }
    }
    let shape = match pctile {
        true => StorageType::Double,
        false => out.iter().fold(StorageType::Byte, |t, x| t.promoted_for(*x)),
    };
    put(s, cmd, &name, Column::from_f64(shape, &out))?;
    if let (Some(name), Cuts::Percents(p), true) = (cmd.options.text("genp"), &cuts, pctile) {
        let p: Vec<f64> = (0..x.len()).map(|r| p.get(r).copied().unwrap_or(MISSING)).collect();
        put(s, cmd, name.trim(), Column::from_f64(StorageType::Double, &p))?;
    }
    Ok(())
}

fn cuts(s: &Session, cmd: &ParsedCommand) -> Result<Cuts> {
    let sources = ["nquantiles", "quantiles", "percentiles", "cutpoints", "cutoffs"];
    let given = sources.iter().filter(|n| cmd.options.iter().any(|(name, _)| name == **n)).count();
    if given > 1 {
        return Err(StataError::invalid(
            "only one of nquantiles(), percentiles(), cutpoints() and cutoffs() is allowed",
        ));
    }
    if let Some(list) = cmd.options.text("percentiles").or(cmd.options.text("quantiles")) {
        let mut p = numlist::expand(list)?;
        p.sort_by(f64::total_cmp);
        if p.iter().any(|p| !(*p > 0.0 && *p < 100.0)) {
            return Err(StataError::invalid("percentiles must be between 0 and 100"));
        }
        return Ok(Cuts::Percents(p));
    }
    let mut fixed = match (cmd.options.text("cutpoints"), cmd.options.text("cutoffs")) {
        (Some(v), _) => s.frame.numeric(s.numeric_variable(v)?)?.to_vec(),
        (_, Some(list)) => numlist::expand(list)?,
        _ => {
            let n = cmd.options.int("nquantiles").unwrap_or(2);
            if !(2..=1_000_000).contains(&n) {
                return Err(StataError::invalid("nquantiles() must be 2 or more"));
            }
            return Ok(Cuts::Percents((1..n).map(|k| 100.0 * k as f64 / n as f64).collect()));
        }
    };
    fixed.retain(|x| !is_missing(*x));
    fixed.sort_by(f64::total_cmp);
    Ok(Cuts::Fixed(fixed))
}

type Weighted = Option<(WeightKind, Vec<f64>)>;

/// Values of the expression, weights and the sample.
fn values(s: &Session, cmd: &ParsedCommand, exp: &str) -> Result<(Vec<f64>, Weighted, Vec<bool>)> {
    let mut keep = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut keep)?;
    Ok((s.numbers(exp, &keep)?, weights.map(|w| (w.kind, w.values)), keep))
}

fn put(s: &mut Session, cmd: &ParsedCommand, name: &str, column: Column) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    match s.frame.find(name) {
        Some(old) if cmd.has("replace") => s.frame.set_column(old, column),
        Some(_) => return Err(StataError::already_defined(name)),
        None => {
            s.frame.add(Variable::new(name, column))?;
        }
    }
    Ok(())
}
