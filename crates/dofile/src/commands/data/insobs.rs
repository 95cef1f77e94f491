//! `insobs`: new rows at a place of the data; `expandcl`: copies of whole clusters ([D] insobs, [D] expandcl).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::count_text;
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

const INSERT: StandardSyntax = StandardSyntax::whole(&[OptSpec::text("Before"), OptSpec::text("After")]);
const CLUSTERS: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("CLuster"), OptSpec::text("Generate")]).exp();

pub(super) const INSOBS: CommandSpec = CommandSpec {
    name: "insobs",
    min: 6,
    form: Form::Standard(&INSERT),
    by: ByRule::No,
    run: insert,
    syntax: "insobs # [, before(#)|after(#)]",
    notes: "new rows are missing in all variables and come last without an option; # may be an expression; no results; [D] insobs",
    examples: &[
        Example {
            run: "set obs 3\ngenerate x = _n\ninsobs 2, before(2)",
            expect: &[("_N", 5.0), ("x[1]", 1.0), ("missing(x[2])", 1.0), ("x[4]", 2.0)],
        },
        Example {
            run: "set obs 3\ngenerate x = _n\ninsobs 1",
            expect: &[("_N", 4.0), ("missing(x[4])", 1.0)],
        },
    ],
};

pub(super) const EXPANDCL: CommandSpec = CommandSpec {
    name: "expandcl",
    min: 8,
    form: Form::Standard(&CLUSTERS),
    by: ByRule::No,
    run: expand_clusters,
    syntax: "expandcl [=]exp [if] [in], cluster(varlist) generate(newvar)",
    notes: "the expression is constant in each cluster; the new variable numbers the clusters: the old ones first, in the order of cluster(), then the copies of each; new rows come last; no results; [D] expandcl",
    examples: &[Example {
        // Cluster 7 is there three times, cluster 9 once.
        run: "input c x\n7 1\n7 2\n9 3\nend\nexpandcl cond(c == 7, 3, 1), cluster(c) generate(id)\nsummarize id\nscalar most = r(max)\ncount if c == 7",
        expect: &[("_N", 7.0), ("most", 4.0), ("r(N)", 6.0), ("id[3]", 2.0), ("id[4]", 3.0)],
    }],
};

/// A whole number from an expression, in a range.
fn whole(s: &Session, text: &str, low: f64, high: f64) -> Result<usize> {
    let value = s.eval_num(text)?;
    if value.fract() == 0.0 && (low..=high).contains(&value) {
        return Ok(value as usize);
    }
    Err(StataError::invalid(format!("'{text}' found where a whole number from {low} to {high} expected")))
}

fn insert(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        return Err(StataError::standard(100));
    }
    let added = whole(s, &cmd.list, 1.0, 2e9)?;
    let n = s.frame.n_rows();
    let at = match (cmd.options.text("before"), cmd.options.text("after")) {
        (Some(_), Some(_)) => return Err(StataError::standard(184)),
        (Some(text), None) => whole(s, text, 1.0, n as f64)? - 1,
        (None, Some(text)) => whole(s, text, 1.0, n as f64)?,
        (None, None) => n,
    };
    if (n + added) as f64 * s.frame.n_vars().max(1) as f64 > 4e9 {
        return Err(StataError::standard(901));
    }
    s.room_for((n + added) as f64, 8.0)?;
    if s.frame.n_vars() == 0 {
        s.frame.set_n_rows(n + added);
    } else {
        let rows = (0..at).map(Some).chain(std::iter::repeat_n(None, added)).chain((at..n).map(Some));
        s.frame.gather_rows(rows);
    }
    s.print(format!("({} observation{} added)", count_text(added), if added == 1 { "" } else { "s" }));
    Ok(())
}

/// Rows of each cluster, in the order of the cluster variables.
fn clusters_of(s: &Session, keys: &[usize]) -> Vec<Vec<usize>> {
    let order = s.frame.ordered(keys, (0..s.frame.n_rows()).collect());
    let mut out: Vec<Vec<usize>> = Vec::new();
    for row in order {
        match out.last_mut() {
            Some(last) if s.frame.rows_equal(keys, last[0], row) => last.push(row),
            _ => out.push(vec![row]),
        }
    }
    out
}

/// How many further copies a cluster gets, by the value that its rows in the sample share.
fn further(values: &[f64]) -> Result<usize> {
    let Some(first) = values.first().copied() else { return Ok(0) };
    if values.iter().any(|v| *v != first && !(is_missing(*v) && is_missing(first))) {
        return Err(StataError::new(198, "expression is not constant within clusters"));
    }
    Ok(if is_missing(first) || first < 2.0 { 0 } else { first.min(1e9) as usize - 1 })
}

fn expand_clusters(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let option = |name: &str| {
        cmd.options.text(name).ok_or_else(|| StataError::new(198, format!("option {name}() required")))
    };
    let (list, new) = (option("cluster")?, option("generate")?.trim().to_string());
    let keys = s.varlist(list)?;
    let exp = cmd.exp.clone().unwrap_or_else(|| cmd.list.clone());
    let keep = s.rows(cmd)?;
    let values = s.compile_numeric(&exp)?;
    let n = s.frame.n_rows();
    let clusters = clusters_of(s, &keys);
    let (mut rows, mut number): (Vec<usize>, Vec<f64>) = ((0..n).collect(), vec![0.0; n]);
    let (mut next, mut copies) = (clusters.len(), Vec::new());
    let ctx = s.ctx();
    for (own, members) in clusters.iter().enumerate() {
        members.iter().for_each(|r| number[*r] = (own + 1) as f64);
        let inside: Vec<usize> = members.iter().copied().filter(|r| keep[*r]).collect();
        let times: Vec<f64> = inside.iter().map(|r| values.num(&ctx, *r)).collect();
        copies.push((further(&times)?, inside));
    }
    let added: usize = copies.iter().map(|(k, inside)| k * inside.len()).sum();
    if (n + added) as f64 * s.frame.n_vars().max(1) as f64 > 4e9 {
        return Err(StataError::standard(901));
    }
    s.room_for((n + added) as f64, 8.0)?;
    for (count, inside) in copies {
        for _ in 0..count {
            next += 1;
            rows.extend(&inside);
            number.extend(std::iter::repeat_n(next as f64, inside.len()));
        }
    }
    if s.frame.find(&new).is_some() {
        return Err(StataError::new(110, format!("variable {new} already defined")));
    }
    s.frame.take_rows(&rows);
    s.frame.add(Variable::new(&new, Column::from_f64(StorageType::Long, &number)))?;
    s.print(format!("({} observation{} created)", count_text(added), if added == 1 { "" } else { "s" }));
    Ok(())
}
