//! `collapse` and `contract`: data sets of statistics by group.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable, is_valid_name};
use crate::ops::group_statistic::statistic;
use crate::ops::groups::{each_group, grouped, numbered};
use crate::session::Session;
use crate::syntax::blanks::tight_equals;
use crate::syntax::split::matching_paren;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::group_moments::GroupMoments;
use std::borrow::Cow;

const COLLAPSE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::flag("CW"),
    OptSpec::flag("FAST"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability, WeightKind::Importance]);
const CONTRACT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Freq"),
    OptSpec::text("CFreq"),
    OptSpec::text("Percent"),
    OptSpec::flag("noMISS"),
    OptSpec::flag("Zero"),
    OptSpec::text("CPercent"),
])
.weights(&[WeightKind::Frequency])
.unsupported(&["FLoat", "FORMat"]);

pub(super) const SPEC_COLLAPSE: CommandSpec = CommandSpec {
    name: "collapse",
    min: 7,
    form: Form::Standard(&COLLAPSE),
    by: ByRule::No,
    run: collapse,
    syntax: "collapse clist [if] [in] [weight] [, by(varlist) cw fast]; clist: [(stat)] [target=]varname ...; stat: mean median p1 ... p99 sd semean sebinomial sepoisson sum rawsum count percent max min iqr first last firstnm lastnm",
    notes: "no results; formulas: those of summarize",
    examples: &[Example {
        run: "set obs 6\ngenerate g = _n > 2\ngenerate double x = _n\ncollapse (mean) m = x (sum) x (count) n = x (p50) md = x, by(g)",
        expect: &[("_N", 2.0), ("m[2]", 4.5), ("x[1]", 3.0), ("n[2]", 4.0), ("md[2]", 4.5)],
    }],
};

pub(super) const SPEC_CONTRACT: CommandSpec = CommandSpec {
    name: "contract",
    min: 8,
    form: Form::Standard(&CONTRACT),
    by: ByRule::No,
    run: contract,
    syntax: "contract varlist [if] [in] [fweight] [, freq(newvar) cfreq(newvar) percent(newvar) cpercent(newvar) nomiss zero]",
    notes: "no results",
    examples: &[Example {
        run: "set obs 5\ngenerate g = _n > 2\ncontract g",
        expect: &[("_N", 2.0), ("_freq[2]", 3.0)],
    }],
};

struct Item {
    stat: String,
    target: String,
    source: usize,
}

fn parse_list(s: &Session, text: &str) -> Result<Vec<Item>> {
    let mut stat = "mean".to_string();
    let mut items: Vec<Item> = Vec::new();
    let spaced = tight_equals(text);
    let mut rest = spaced.trim();
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            stat = rest[1..close].trim().to_string();
            rest = rest[close + 1..].trim_start();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
        let word = &rest[..end];
        rest = rest[end..].trim_start();
        match word.split_once('=') {
            Some((target, source)) => {
                if !is_valid_name(target) {
                    return Err(StataError::new(198, format!("{target} invalid name")));
                }
                items.push(Item {
                    stat: stat.clone(),
                    target: target.to_string(),
                    source: s.variable(source)?,
                });
            }
            None => {
                for i in s.varlist(word)? {
                    items.push(Item { stat: stat.clone(), target: s.frame.var(i).name.clone(), source: i });
                }
            }
        }
    }
    Ok(items)
}

fn collapse(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let items = parse_list(s, &cmd.list)?;
    if items.is_empty() {
        return Err(StataError::standard(100));
    }
    let by = match cmd.options.text("by") {
        Some(list) => s.varlist(list)?,
        None => Vec::new(),
    };
    for (k, item) in items.iter().enumerate() {
        let twice = items[..k].iter().any(|o| o.target == item.target);
        let is_by = by.iter().any(|&b| s.frame.var(b).name == item.target);
        if twice || is_by {
            return Err(StataError::new(198, format!("name conflict for {}", item.target)));
        }
    }
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    if cmd.has("cw") {
        let sources: Vec<usize> = items.iter().map(|i| i.source).collect();
        s.markout(&sources, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let groups = if by.is_empty() { vec![rows] } else { grouped(s, &by, rows) };
    let group_of_row = numbered(&groups, touse.len());
    let mut out = Frame::new();
    out.value_labels = s.frame.value_labels.clone();
    out.label.clone_from(&s.frame.label);
    for &b in &by {
        let v = s.frame.var(b);
        let mut var = v.clone();
        var.data = std::sync::Arc::new(v.data.gather(groups.iter().map(|g| Some(g[0]))));
        out.add(var)?;
    }
    for item in &items {
        let v = s.frame.var(item.source);
        let positional = ["first", "last", "firstnm", "lastnm"].contains(&item.stat.as_str());
        if v.is_string() && !positional && !matches!(item.stat.as_str(), "count" | "percent") {
            return Err(StataError::type_mismatch());
        }
        let mut var = if positional {
            let pick = |g: &Vec<usize>| pick_row(&v.data, g, &item.stat);
            let mut var = v.clone();
            var.data = std::sync::Arc::new(v.data.gather(groups.iter().map(pick)));
            var
        } else {
            let mut values =
                statistics(&numbers(&v.data), &groups, &group_of_row, &item.stat, weights.as_ref())?;
            if item.stat == "percent" {
                let total: f64 = values.iter().sum();
                values.iter_mut().for_each(|x| *x *= 100.0 / total);
            }
            let ty = match item.stat.as_str() {
                // Weights may make counts fractional.
                "count" if values.iter().any(|x| x.fract() != 0.0) => StorageType::Double,
                "count" => StorageType::Long,
                "min" | "max" => v.data.storage_type(),
                _ => StorageType::Double,
            };
            let ty = if ty.is_string() { StorageType::Long } else { ty };
            let mut var = Variable::new("", Column::from_f64(ty, &values));
            if !matches!(item.stat.as_str(), "count" | "percent") {
                var.format.clone_from(&v.format);
            }
            var
        };
        var.name.clone_from(&item.target);
        var.label = format!("({}) {}", item.stat, v.name);
        out.add(var)?;
    }
    out.sorted_by = by.iter().map(|&b| s.frame.var(b).name.clone()).collect();
    out.changed = true;
    s.frame = out;
    Ok(())
}

fn pick_row(column: &Column, g: &[usize], stat: &str) -> Option<usize> {
    let present = |r: &&usize| {
        if column.is_string() { !column.str(**r).is_empty() } else { !is_missing(column.num(**r)) }
    };
    match stat {
        "first" => g.first().copied(),
        "last" => g.last().copied(),
        "firstnm" => g.iter().find(present).copied(),
        _ => g.iter().rev().find(present).copied(),
    }
}

/// Numbers of a column; a text counts as one, an empty one as missing.
fn numbers(column: &Column) -> Cow<'_, [f64]> {
    let text = |r: usize| if column.str(r).is_empty() { MISSING } else { 1.0 };
    column.as_f64().unwrap_or_else(|| Cow::Owned((0..column.len()).map(text).collect()))
}

/// A statistic of each group. Those that need no order of the values are found in passes over the rows as they lie.
fn statistics(
    values: &[f64],
    groups: &[Vec<usize>],
    group_of_row: &[u32],
    stat: &str,
    weights: Option<&crate::session::Weights>,
) -> Result<Vec<f64>> {
    let plain = match weights {
        None => GroupMoments::by_name(stat, values, group_of_row, groups.len()),
        Some(_) => None,
    };
    match plain {
        Some(found) => Ok(found),
        None => each_group(groups, |g| statistic(values, g, stat, weights)).into_iter().collect(),
    }
}

fn contract(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    if cmd.has("nomiss") {
        s.markout(&vars, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    let mut groups: Vec<(Vec<usize>, Vec<usize>)> =
        grouped(s, &vars, rows.clone()).into_iter().map(|g| (vec![g[0]; vars.len()], g)).collect();
    if cmd.has("zero") {
        add_empty(s, &vars, rows, &mut groups)?;
    }
    let size =
        |g: &Vec<usize>| weights.as_ref().map_or(g.len() as f64, |w| g.iter().map(|&r| w.values[r]).sum());
    let counts: Vec<f64> = groups.iter().map(|g| size(&g.1)).collect();
    let mut out = Frame::new();
    out.value_labels = s.frame.value_labels.clone();
    for (at, &i) in vars.iter().enumerate() {
        let v = s.frame.var(i);
        let mut var = v.clone();
        var.data = std::sync::Arc::new(v.data.gather(groups.iter().map(|g| Some(g.0[at]))));
        out.add(var)?;
    }
    let ty = counts.iter().fold(StorageType::Byte, |t, &x| t.promoted_for(x));
    let mut var = Variable::new(cmd.options.text("freq").unwrap_or("_freq"), Column::from_f64(ty, &counts));
    var.label = "Frequency".into();
    out.add(var)?;
    let total: f64 = counts.iter().sum();
    if let Some(name) = cmd.options.text("cfreq") {
        let mut sum = 0.0;
        let cumulative: Vec<f64> = counts
            .iter()
            .map(|c| {
                sum += c;
                sum
            })
            .collect();
        out.add(Variable::new(name, Column::from_f64(StorageType::Long, &cumulative)))?;
    }
    if let Some(name) = cmd.options.text("percent") {
        let percent: Vec<f64> = counts.iter().map(|c| 100.0 * c / total).collect();
        out.add(Variable::new(name, Column::from_f64(StorageType::Double, &percent)))?;
    }
    if let Some(name) = cmd.options.text("cpercent") {
        let mut sum = 0.0;
        let mut share = |c: &f64| {
            sum += c;
            100.0 * sum / total
        };
        let cumulative: Vec<f64> = counts.iter().map(&mut share).collect();
        out.add(Variable::new(name, Column::from_f64(StorageType::Double, &cumulative)))?;
    }
    out.sorted_by = vars.iter().map(|&i| s.frame.var(i).name.clone()).collect();
    out.changed = true;
    s.frame = out;
    Ok(())
}

/// `contract, zero`: the combinations of values that occur in no row, in the order of the others. A group is a row with the
/// value of each variable, and its rows.
fn add_empty(
    s: &Session,
    vars: &[usize],
    rows: Vec<usize>,
    groups: &mut Vec<(Vec<usize>, Vec<usize>)>,
) -> Result<()> {
    let levels: Vec<Vec<usize>> =
        vars.iter().map(|&v| grouped(s, &[v], rows.clone()).iter().map(|g| g[0]).collect()).collect();
    let count = levels.iter().map(|l| l.len() as f64).product::<f64>();
    s.room_for(count, 8.0 * vars.len() as f64)?;
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for level in &levels {
        all = all.iter().flat_map(|front| level.iter().map(|&r| [front.as_slice(), &[r]].concat())).collect();
    }
    let same = |a: &[usize], b: &[usize]| {
        vars.iter().zip(a.iter().zip(b)).all(|(&v, (&a, &b))| s.frame.compare(v, a, b).is_eq())
    };
    let mut found = std::mem::take(groups).into_iter().peekable();
    for one in all {
        match found.next_if(|g| same(&g.0, &one)) {
            Some(group) => groups.push(group),
            None => groups.push((one, Vec::new())),
        }
    }
    Ok(())
}
