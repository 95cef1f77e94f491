//! `univar`: means, deviations and quartiles of variables in one table. Written from the help of Gleason and printed output.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::descriptive::Sample;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("DEC")]).unsupported(&["BYvar", "BOXplot", "VLAbel", "ONEhdr"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "univar",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "univar varlist [if] [in] [, dec(#)]",
    notes: "two decimals without dec(); quartiles as summarize, detail has them; no results; a community command (Gleason)",
    examples: &[Example {
        run: "set obs 8\ngenerate x = _n\nunivar x\nsummarize x, detail",
        expect: &[("r(p25)", 2.5), ("r(p50)", 4.5), ("r(N)", 8.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    for v in &vars {
        s.numeric_variable(&s.frame.var(*v).name)?;
    }
    let keep = s.rows(cmd)?;
    let decimals = cmd.options.int("dec").unwrap_or(2).clamp(0, 8);
    let rule = "-".repeat(79);
    s.print(format!("{:>79}", "-------------- Quantiles --------------"));
    s.print("Variable       n     Mean     S.D.      Min      .25      Mdn      .75      Max");
    s.print(&rule);
    for v in vars {
        let column = &s.frame.var(v).data;
        let values = (0..keep.len()).filter(|r| keep[*r]).map(|r| column.num(r)).filter(|x| !is_missing(*x));
        let sample = Sample::plain(values);
        let (name, n) = (format::abbrev(&s.frame.var(v).name, 12), sample.n());
        let shown = |x: f64| {
            format::right(&format::bare(&format!("%9.{decimals}f"), crate::estimation::post::stata(x)), 9)
        };
        let numbers: String = [
            sample.mean(),
            sample.sd(),
            sample.min(),
            sample.percentile(25.0),
            sample.percentile(50.0),
            sample.percentile(75.0),
            sample.max(),
        ]
        .into_iter()
        .map(|x| if n > 0.0 { shown(x) } else { shown(f64::NAN) })
        .collect();
        s.print(format!("{}{:>8}{numbers}", format::right(&name, 8), format::bare("%8.0f", n)));
    }
    s.print(rule);
    s.r = Results::default();
    Ok(())
}
