//! `collapse`: replaces the data by statistics of groups.

use crate::commands::describe::Sample;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::is_missing;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("by"), OptSpec::flag("cw"), OptSpec::flag("fast")])
        .weights(&[WeightKind::Analytic, WeightKind::Frequency]);

pub const SPEC: CommandSpec = CommandSpec {
    name: "collapse",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "collapse [(stat)] [newvar=]varname ... [(stat) ...] [if] [in] [weight] [, by(varlist) cw fast]",
    notes: "no results; statistics as [D] collapse; with aweights sums are weighted by weights normalised to n",
    examples: &[Example {
        run: "set obs 6\ngenerate g = mod(_n, 2)\ngenerate x = _n\ncollapse (mean) m = x (sum) x (count) n = x, by(g)",
        expect: &[("m[1]", 4.0), ("x[2]", 9.0), ("n[1]", 3.0), ("_N", 2.0)],
    }],
};

/// One result column: statistic, new name, source.
struct Target {
    statistic: String,
    name: String,
    source: usize,
}

/// Reads `(stat) new=old old2 (stat2) ...`.
fn targets(s: &Session, text: &str) -> Result<Vec<Target>> {
    let spaced = text.replace('=', " = ").replace('(', " (");
    let mut out: Vec<Target> = Vec::new();
    let mut statistic = "mean".to_string();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut i = 0;
    while i < words.len() {
        let word = words[i];
        if let Some(open) = word.strip_prefix('(') {
            let mut inner = open.to_string();
            while !inner.ends_with(')') {
                i += 1;
                let Some(next) = words.get(i) else { return Err(StataError::syntax()) };
                inner.push_str(next);
            }
            statistic = known(inner.trim_end_matches(')').trim())?;
        } else if words.get(i + 1) == Some(&"=") {
            let source = s.variable(words.get(i + 2).ok_or_else(StataError::syntax)?)?;
            out.push(Target { statistic: statistic.clone(), name: word.to_string(), source });
            i += 2;
        } else {
            for source in s.varlist(word)? {
                out.push(Target {
                    statistic: statistic.clone(),
                    name: s.frame.var(source).name.clone(),
                    source,
                });
            }
        }
        i += 1;
    }
    for (i, t) in out.iter().enumerate() {
        if out[..i].iter().any(|o| o.name == t.name) {
            return Err(StataError::invalid(format!("name conflict: {}", t.name)));
        }
        if s.frame.var(t.source).is_string() && t.statistic != "count" {
            return Err(StataError::type_mismatch());
        }
    }
    if out.is_empty() {
        return Err(StataError::standard(100));
    }
    Ok(out)
}

fn known(name: &str) -> Result<String> {
    let plain = match name {
        "med" => "median",
        "semean" | "sebinomial" | "sepoisson" if name != "semean" => {
            return Err(StataError::new(
                199,
                format!("statistic {name} of command collapse is not supported by the open engine"),
            ));
        }
        other => other,
    };
    let percentile = plain
        .strip_prefix('p')
        .and_then(|t| t.parse::<f64>().ok())
        .is_some_and(|p| (1.0..=99.0).contains(&p));
    let listed = [
        "mean", "median", "sd", "semean", "sum", "rawsum", "count", "max", "min", "iqr", "first", "last",
        "firstnm", "lastnm",
    ];
    if percentile || listed.contains(&plain) {
        return Ok(plain.trim_end_matches("nm").to_string());
    }
    Err(StataError::invalid(format!("unknown statistic: {name}")))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let wanted = targets(s, &cmd.list)?;
    let by = cmd.options.text("by").map(|t| s.varlist(t)).transpose()?.unwrap_or_default();
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    if cmd.has("cw") {
        let sources: Vec<usize> = wanted.iter().map(|t| t.source).collect();
        s.markout(&sources, &mut touse, true)?;
    }
    let keys: Vec<(usize, bool)> = by.iter().map(|&v| (v, false)).collect();
    let order: Vec<usize> = s.frame.sorted_order(&keys).into_iter().filter(|&i| touse[i]).collect();
    if order.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match groups.last_mut() {
            Some(g) if by.is_empty() || s.frame.rows_equal(&by, g[0], i) => g.push(i),
            _ => groups.push(vec![i]),
        }
    }
    let mut frame = Frame::new();
    frame.value_labels = s.frame.value_labels.clone();
    frame.label = s.frame.label.clone();
    for &v in &by {
        let old = s.frame.var(v);
        let mut var = Variable::new(&old.name, old.data.gather(groups.iter().map(|g| Some(g[0]))));
        var.label = old.label.clone();
        var.format = old.format.clone();
        var.value_label = old.value_label.clone();
        frame.add(var)?;
    }
    for t in &wanted {
        let old = s.frame.var(t.source);
        let values: Vec<f64> = groups
            .iter()
            .map(|g| statistic(old, g, weights.as_ref().map(|w| (&w.values[..], w.kind)), &t.statistic))
            .collect();
        let keeps_type = ["max", "min", "first", "last"].contains(&t.statistic.as_str());
        let ty = match t.statistic.as_str() {
            "count" => StorageType::Long,
            _ if keeps_type && !old.is_string() => old.data.storage_type(),
            _ => StorageType::Double,
        };
        let mut var = Variable::new(&t.name, Column::from_f64(ty, &values));
        var.label = if old.label.is_empty() {
            format!("({}) {}", t.statistic, old.name)
        } else {
            format!("({}) {}", t.statistic, old.label)
        };
        if t.statistic != "count" && !old.is_string() {
            var.format = old.format.clone();
        }
        frame.add(var)?;
    }
    frame.sorted_by = by.iter().map(|&v| s.frame.var(v).name.clone()).collect();
    frame.changed = true;
    s.frame = frame;
    Ok(())
}

fn statistic(var: &Variable, rows: &[usize], weights: Option<(&[f64], WeightKind)>, name: &str) -> f64 {
    if var.is_string() {
        return rows.iter().filter(|&&i| !var.data.str(i).is_empty()).count() as f64;
    }
    let raw = |i: usize| weights.map_or(1.0, |w| w.0[i]);
    // analytic weights are normalised so that they sum to the number of values
    let scale = match weights {
        Some((_, WeightKind::Analytic)) => {
            let used: Vec<usize> = rows.iter().copied().filter(|&i| !is_missing(var.data.num(i))).collect();
            used.len() as f64 / used.iter().map(|&i| raw(i)).sum::<f64>()
        }
        _ => 1.0,
    };
    let sample = Sample::new(rows.iter().map(|&i| (var.data.num(i), raw(i) * scale)));
    if name == "count" && matches!(weights, Some((_, WeightKind::Frequency))) {
        return sample.weight();
    }
    sample.statistic(name).unwrap_or(crate::value::MISSING)
}
