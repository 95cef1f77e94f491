//! `codebook, compact`: one line per variable. The long form is not part of the engine.

use super::moments::Sample;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("Compact")]).unsupported(&[
    "All",
    "Header",
    "Notes",
    "Mv",
    "Tabulate",
    "PROblems",
    "Detail",
    "DOTs",
    "LANguages",
]);

pub const SPEC: CommandSpec = CommandSpec {
    name: "codebook",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "codebook [varlist] [if] [in], compact",
    notes: "no results; [D] codebook",
    examples: &[Example { run: "set obs 3\ngenerate x = _n\ncodebook x, compact", expect: &[("_N", 3.0)] }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("compact") {
        return Err(StataError::new(
            199,
            "command codebook without option compact is not supported by the open engine",
        ));
    }
    let vars =
        if cmd.list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let touse = s.rows(cmd)?;
    let mut lines = Vec::new();
    for v in vars {
        let var = s.frame.var(v);
        let rows = (0..touse.len()).filter(|&i| touse[i]);
        let (observed, unique, numbers) = if var.is_string() {
            let mut values: Vec<&str> = rows.map(|i| var.data.str(i)).filter(|t| !t.is_empty()).collect();
            let n = values.len();
            values.sort_unstable();
            values.dedup();
            (n, values.len(), [crate::value::MISSING; 3])
        } else {
            let sample = Sample::new(rows.map(|i| (var.data.num(i), 1.0)));
            let mut values: Vec<f64> = sample.sorted.iter().map(|x| x.0).collect();
            let n = values.len();
            values.dedup();
            let pick = |name| sample.statistic(name).unwrap_or(crate::value::MISSING);
            (n, values.len(), [pick("mean"), pick("min"), pick("max")])
        };
        let cells: String = numbers
            .iter()
            .map(|&x| {
                format::right(&if is_missing(x) { ".".to_string() } else { format::bare("%8.0g", x) }, 10)
            })
            .collect();
        let name = format::left(&format::abbrev(&var.name, 12), 12);
        let counts =
            format!("{}{}", format::right(&observed.to_string(), 8), format::right(&unique.to_string(), 8));
        lines.push(format!("{name} {counts}{cells}  {}", var.label));
    }
    s.print("");
    s.print(format!(
        "{} {}{}{}{}{}  Label",
        format::left("Variable", 12),
        format::right("Obs", 8),
        format::right("Unique", 8),
        format::right("Mean", 10),
        format::right("Min", 10),
        format::right("Max", 10)
    ));
    s.print("-".repeat(67));
    for line in lines {
        s.print(line.trim_end());
    }
    s.print("-".repeat(67));
    Ok(())
}
