//! `sample`, `splitsample`, `bsample`: random subsets of the rows. Draws are not Stata's stream.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::count_text;
use crate::frame::{Column, Variable};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::MISSING;

const SAMPLE: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("count"), OptSpec::text("by")]);
const SPLIT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::int("Nsplit"),
    OptSpec::text("Split"),
    OptSpec::flag("ROUnd"),
    OptSpec::text("RSEED"),
])
.unsupported(&["CLuster", "BALance", "STRok", "VALues", "show", "PERCent"]);
const BSAMPLE: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("STRata"), OptSpec::text("CLuster"), OptSpec::text("IDcluster")])
        .unsupported(&["WEIght"]);

pub(super) const SPEC_SAMPLE: CommandSpec = CommandSpec {
    name: "sample",
    min: 6,
    form: Form::Standard(&SAMPLE),
    by: ByRule::No,
    run: sample,
    syntax: "sample # [if] [in] [, count by(varlist)]",
    notes: "# percent (rounded) or, with count, # rows of the selected ones stay, all others stay too; no results",
    examples: &[Example {
        run: "set obs 200\nset seed 1\ngenerate g = _n > 100\nsample 10, by(g)\ncount if g\nscalar a = r(N)\nsample 5, count",
        expect: &[("a", 10.0), ("_N", 5.0)],
    }],
};
pub(super) const SPEC_SPLITSAMPLE: CommandSpec = CommandSpec {
    name: "splitsample",
    min: 11,
    form: Form::Standard(&SPLIT),
    by: ByRule::No,
    run: splitsample,
    syntax: "splitsample [varlist] [if] [in], generate(newvar[, replace]) [nsplit(#) split(numlist) rseed(#)]",
    notes: "parts of (nearly) equal size, or in the ratios of split(); rows with a missing value in the varlist are left out; no results",
    examples: &[Example {
        run: "set obs 90\nsplitsample, generate(part) split(0.6 0.4) rseed(2)\ncount if part == 1",
        expect: &[("r(N)", 54.0)],
    }],
};
pub(super) const SPEC_BSAMPLE: CommandSpec = CommandSpec {
    name: "bsample",
    min: 7,
    form: Form::Standard(&BSAMPLE),
    by: ByRule::No,
    run: bsample,
    syntax: "bsample [exp] [if] [in] [, strata(varlist) cluster(varlist) idcluster(newvar)]",
    notes: "the data become a sample of rows or clusters drawn with replacement; no results",
    examples: &[Example {
        run: "set obs 40\nset seed 5\ngenerate x = _n\nbsample\nduplicates report x\nscalar fewer = r(unique_value) < 40",
        expect: &[("_N", 40.0), ("fewer", 1.0)],
    }],
};

/// Puts rows into a random order.
fn shuffle(s: &Session, rows: &mut [usize]) {
    for i in (1..rows.len()).rev() {
        let j = s.rng.borrow_mut().uniform_int(0.0, i as f64) as usize;
        rows.swap(i, j);
    }
}

fn sample(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    let amount = s.eval_num(&cmd.list)?;
    let count = cmd.has("count");
    if amount < 0.0 || crate::value::is_missing(amount) || (!count && amount > 100.0) {
        return Err(StataError::new(
            198,
            "# must be between 0 and 100 percent, or a count with option count",
        ));
    }
    let touse = s.rows(cmd)?;
    let selected: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    let by = s.varlist(cmd.options.text("by").unwrap_or(""))?;
    let groups = if by.is_empty() { vec![selected] } else { grouped(s, &by, selected) };
    let mut keep: Vec<bool> = touse.iter().map(|t| !t).collect();
    for mut g in groups {
        let wanted = if count { amount.floor() } else { (g.len() as f64 * amount / 100.0 + 0.5).floor() };
        shuffle(s, &mut g);
        g.iter().take(wanted as usize).for_each(|&r| keep[r] = true);
    }
    let dropped = keep.iter().filter(|k| !**k).count();
    s.frame.keep_rows(&keep);
    s.print(format!("({} observation{} deleted)", count_text(dropped), if dropped == 1 { "" } else { "s" }));
    Ok(())
}

fn splitsample(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let target =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    let (name, replace) =
        target.split_once(',').map_or((target.trim(), false), |(n, o)| (n.trim(), o.trim() == "replace"));
    let old = s.frame.find(name);
    if old.is_some() && !replace {
        return Err(StataError::already_defined(name));
    }
    let ratios = match cmd.options.text("split") {
        Some(list) => numlist::expand(list)?,
        None => vec![1.0; cmd.options.int("nsplit").unwrap_or(2).clamp(1, 1_000_000) as usize],
    };
    let total: f64 = ratios.iter().sum();
    if ratios.iter().any(|r| *r <= 0.0 || crate::value::is_missing(*r)) {
        return Err(StataError::invalid("split() must hold positive numbers"));
    }
    if let Some(seed) = cmd.options.text("rseed") {
        let x = s.eval_num(seed)?;
        *s.rng.borrow_mut() = crate::rng::Mt64::new(x.max(0.0) as u64);
    }
    let mut touse = s.rows(cmd)?;
    s.markout(&s.varlist(&cmd.list)?, &mut touse, true)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    shuffle(s, &mut rows);
    let mut values = vec![MISSING; touse.len()];
    let n = rows.len() as f64;
    let (mut sum, mut start) = (0.0, 0);
    for (k, ratio) in ratios.iter().enumerate() {
        sum += ratio;
        let end = (n * sum / total + 0.5).floor() as usize;
        rows[start..end.min(rows.len())].iter().for_each(|&r| values[r] = k as f64 + 1.0);
        start = end.min(rows.len());
    }
    if let Some(i) = old {
        s.frame.drop_vars(&[i]);
    }
    s.frame.add(Variable::new(name, Column::from_f64(crate::frame::StorageType::Long, &values)))?;
    Ok(())
}

fn bsample(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let list = |o: &str| s.varlist(cmd.options.text(o).unwrap_or(""));
    let (strata, cluster) = (list("strata")?, list("cluster")?);
    let wanted = if cmd.list.trim().is_empty() { None } else { Some(s.eval_num(&cmd.list)?) };
    let blocks = if strata.is_empty() { vec![rows] } else { grouped(s, &strata, rows) };
    let (mut drawn, mut ids, mut id) = (Vec::new(), Vec::new(), 0.0);
    for block in blocks {
        let units: Vec<Vec<usize>> = if cluster.is_empty() {
            block.into_iter().map(|r| vec![r]).collect()
        } else {
            grouped(s, &cluster, block)
        };
        let size = wanted.unwrap_or(units.len() as f64);
        if size < 1.0 || size > units.len() as f64 {
            return Err(StataError::new(498, "resample size must not be greater than the number of units"));
        }
        for _ in 0..size as usize {
            let k = s.rng.borrow_mut().uniform_int(0.0, units.len() as f64 - 1.0) as usize;
            id += 1.0;
            drawn.extend(&units[k]);
            ids.extend(std::iter::repeat_n(id, units[k].len()));
        }
    }
    s.frame.take_rows(&drawn);
    if let Some(name) = cmd.options.text("idcluster") {
        s.frame.add(Variable::new(name, Column::Double(ids)))?;
    }
    Ok(())
}
