//! `simulate`: the data become the results of a program that is run many times.

use super::{parts, replicate};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "simulate",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "simulate [exp_list], reps(#) [seed(#) saving(file [, replace double]) nodots nolegend double] : command",
    notes: "the data become one row for each replication; a failed one has missing values; [R] simulate",
    examples: &[Example {
        run: "program define draw, rclass\n    drop _all\n    set obs 50\n    generate double u = runiform()\n    summarize u\n    return scalar m = r(mean)\nend\nsimulate m=r(m), reps(20) seed(4) nodots double: draw\nscalar first = m[1]\nsummarize m\nscalar between = r(min) > 0.3 & r(max) < 0.7\nset seed 4\ndraw\nscalar same = r(m) == first",
        expect: &[("between", 1.0), ("same", 1.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("Reps"),
    OptSpec::text("SEed"),
    OptSpec::text("SAving"),
    OptSpec::flag("noDots"),
    OptSpec::flag("noLegend"),
    OptSpec::flag("Double"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("simulate", &cmd.raw)?;
    head.check_options(OPTIONS, &["NOIsily", "TRace", "DOTS"])?;
    let reps = replicate::count(head.options.int("reps"), 0)?;
    replicate::seed(s, head.options.text("seed"))?;
    // the names come from a run that is not counted: its draws are given back
    let state = s.rng.borrow().clone();
    let full = s.frame.clone();
    let first = replicate::first_run(s, &command, &head.list, "sim");
    s.frame = full;
    *s.rng.borrow_mut() = state;
    let (statistics, ..) = first?;
    if !head.has("nolegend") {
        replicate::legend(s, &command, &statistics, &[]);
    }
    let dots = if head.has("nodots") { None } else { Some("Simulations") };
    let rows = replicate::on_copies(s, &command, &statistics, reps, dots, |_, _| Ok(()))?;
    if let Some(saving) = head.options.text("saving") {
        replicate::save(s, saving, &statistics, &rows)?;
    }
    s.frame = replicate::as_frame(&statistics, &rows, head.has("double"))?;
    s.frame.changed = true;
    Ok(())
}
