//! `statsby`: collects statistics of a command for each group into a data set.

use super::{exp_list, parts, replicate};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::ops::data_files::write_dta;
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, split};
use crate::value::MISSING;
use std::sync::Arc;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "statsby",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "statsby [exp_list], by(varlist) [clear saving(file [, replace double]) total double nodots nolegend missing] : command",
    notes: "the data become one row for each group; a group in which the command fails has missing values; [D] statsby",
    examples: &[Example {
        run: "set obs 6\ngenerate g = ceil(_n/3)\ngenerate x = _n\ngenerate double y = 2*x + (g == 2)*x\nstatsby slope=_b[x] n=e(N), by(g) clear double nodots: regress y x",
        expect: &[("_N", 2.0), ("slope[1]", 2.0), ("slope[2]", 3.0), ("n[2]", 3.0), ("g[2]", 2.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::flag("clear"),
    OptSpec::text("SAving"),
    OptSpec::flag("Total"),
    OptSpec::flag("Double"),
    OptSpec::flag("noDots"),
    OptSpec::flag("noLegend"),
    OptSpec::flag("Missing"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("statsby", &cmd.raw)?;
    head.check_options(
        OPTIONS,
        &["Subsets", "noHeader", "BASEpop", "FORCEdrop", "FORCE", "NOIsily", "TRace"],
    )?;
    let by = s.varlist(head.options.text("by").unwrap_or(""))?;
    let saving = head.options.text("saving").map(String::from);
    if saving.is_none() && !head.has("clear") && s.frame.changed {
        return Err(StataError::standard(4));
    }
    let mut keep = vec![true; s.frame.n_rows()];
    if !head.has("missing") {
        s.markout(&by, &mut keep, true)?;
    }
    let rows: Vec<usize> = (0..keep.len()).filter(|&i| keep[i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut groups = if by.is_empty() { vec![rows.clone()] } else { grouped(s, &by, rows.clone()) };
    let n_groups = groups.len();
    if head.has("total") && !by.is_empty() {
        groups.push(rows);
    }
    let full = s.frame.clone();
    // the names come from all rows; where that run fails, from the first group that does not
    let mut bound = replicate::first_run(s, &command, &head.list, "stat").map(|r| r.0);
    for g in &groups {
        if bound.is_ok() {
            break;
        }
        s.frame = full.clone();
        s.frame.take_rows(g);
        if let Ok((statistics, ..)) = replicate::first_run(s, &command, &head.list, "stat") {
            bound = Ok(statistics);
        }
    }
    s.frame = full.clone();
    let statistics: Vec<exp_list::Statistic> = bound?;
    let dots = if head.has("nodots") { None } else { Some("Statsby groups") };
    if !head.has("nolegend") {
        replicate::legend(s, &command, &statistics, &[("By", names(&full, &by))]);
    }
    let values = replicate::on_copies(s, &command, &statistics, groups.len(), dots, |s, k| {
        s.frame.take_rows(&groups[k]);
        Ok(())
    })?;
    let mut frame = Frame::new();
    frame.value_labels = full.value_labels.clone();
    for &v in &by {
        let source = full.var(v);
        let mut var = source.clone();
        let pick = (0..groups.len()).map(|k| (k < n_groups).then(|| groups[k][0]));
        var.data = Arc::new(source.data.gather(pick));
        frame.add(var)?;
    }
    for var in replicate::as_frame(&statistics, &values, head.has("double"))?.vars() {
        frame.add(var.clone())?;
    }
    frame.sorted_by = by.iter().map(|&v| full.var(v).name.clone()).collect();
    match saving {
        Some(text) => {
            let (name, options) = text.split_once(',').unwrap_or((&text, ""));
            let file = crate::ops::files::with_extension(split::unquote(name.trim()), "dta");
            let path = s.path(&file);
            let replace = options.split_whitespace().any(|o| o == "replace");
            crate::ops::files::check_replace(&path, &file, replace)?;
            write_dta(&frame, &path)
        }
        None => {
            let failed = values.iter().filter(|r| r.contains(&MISSING)).count();
            if failed > 0 {
                s.print(format!("({failed} group(s) with missing results)"));
            }
            s.frame = frame;
            s.frame.changed = true;
            Ok(())
        }
    }
}

/// Names of the variables of groups.
fn names(frame: &Frame, by: &[usize]) -> String {
    if by.is_empty() {
        return "<none>".into();
    }
    by.iter().map(|&v| frame.var(v).name.as_str()).collect::<Vec<_>>().join(" ")
}
