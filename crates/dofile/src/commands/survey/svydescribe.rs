//! `svydescribe`: sampling units and observations of each stratum of the declared design ([SVY] svydescribe).

use super::{design, svyset};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::ops::record_groups::value_text;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("single"), OptSpec::int("STAge"), OptSpec::text("GENerate")])
        .unsupported(&["FINALstage"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "svydescribe",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "svydescribe [varlist] [if] [in] [, single stage(1) generate(newvar)]",
    notes: "first stage only; with variables, observations with a missing value of one of them are counted apart; generate() marks strata with one unit; stores r(N) r(N_strata) r(N_units); [SVY] svydescribe",
    examples: &[Example {
        // Two strata, the first with two units, the second with one.
        run: "input h u\n1 1\n1 1\n1 2\n2 3\nend\nsvyset u, strata(h)\nsvydescribe, generate(alone)",
        expect: &[
            ("r(N)", 4.0),
            ("r(N_strata)", 2.0),
            ("r(N_units)", 3.0),
            ("alone[1]", 0.0),
            ("alone[4]", 1.0),
        ],
    }],
};

/// What is shown of a stratum.
struct Stratum {
    label: String,
    /// Observations of each unit.
    units: Vec<f64>,
    missing: f64,
    rows: Vec<usize>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.options.int("stage").is_some_and(|stage| stage != 1) {
        return Err(StataError::unsupported_option("svydescribe", "stage() after the first"));
    }
    let declared = design::Declaration::of(&s.frame)?;
    let open = design::open(s, cmd, None)?;
    let variables = s.varlist(&cmd.list)?;
    let mut complete = open.touse.clone();
    s.markout(&variables, &mut complete, true)?;
    let mut strata = strata(s, &declared, &open.touse, &complete)?;
    let mut r = Results::default();
    let all: f64 = strata.iter().map(|h| h.units.iter().sum::<f64>()).sum();
    let units: usize = strata.iter().map(|h| h.units.len()).sum();
    r.scalar("N", all).scalar("N_strata", strata.len() as f64).scalar("N_units", units as f64);
    if let Some(name) = cmd.options.text("generate") {
        let mut alone = vec![MISSING; s.frame.n_rows()];
        for h in &strata {
            h.rows.iter().for_each(|row| alone[*row] = f64::from(u8::from(h.units.len() == 1)));
        }
        s.frame.add(Variable::new(name.trim(), Column::from_f64(StorageType::Byte, &alone)))?;
    }
    if cmd.has("single") {
        strata.retain(|h| h.units.len() == 1);
    }
    s.print("");
    s.print(format!(
        "Survey: Describing {}stage 1 sampling units",
        if cmd.has("single") { "strata with a single sampling unit in " } else { "" }
    ));
    svyset::show(s, &declared);
    table(s, &strata, !variables.is_empty());
    s.r = r;
    Ok(())
}

fn strata(
    s: &Session,
    declared: &design::Declaration,
    touse: &[bool],
    complete: &[bool],
) -> Result<Vec<Stratum>> {
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let group = |name: &str| -> Result<Vec<u32>> { Ok(number_groups(&s.frame, s.variable(name)?, &rows).0) };
    let of = if declared.strata.is_empty() { vec![0; rows.len()] } else { group(&declared.strata)? };
    let unit: Vec<u32> = match declared.unit.as_str() {
        "_n" => (0u32..).take(rows.len()).collect(),
        name => group(name)?,
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    if let Some(v) = s.frame.find(&declared.strata) {
        order.sort_by(|a, b| s.frame.compare(v, rows[*a], rows[*b]));
    }
    let mut out: Vec<(u32, Stratum)> = Vec::new();
    let mut place: std::collections::HashMap<(u32, u32), usize> = std::collections::HashMap::new();
    for i in order {
        if out.last().is_none_or(|(h, _)| *h != of[i]) {
            let label = s.frame.find(&declared.strata).map_or("1".into(), |v| value_text(s, v, rows[i]));
            out.push((of[i], Stratum { label, units: Vec::new(), missing: 0.0, rows: Vec::new() }));
        }
        let Some((_, stratum)) = out.last_mut() else { continue };
        let at = *place.entry((of[i], unit[i])).or_insert_with(|| {
            stratum.units.push(0.0);
            stratum.units.len() - 1
        });
        stratum.units[at] += 1.0;
        stratum.missing += f64::from(u8::from(!complete[rows[i]]));
        stratum.rows.push(rows[i]);
    }
    Ok(out.into_iter().map(|(_, stratum)| stratum).collect())
}

fn table(s: &mut Session, strata: &[Stratum], incomplete: bool) {
    let count = |x: f64| format::right(&format::bare("%9.0fc", x), 10);
    let line = |label: &str, units: &[f64], missing: f64| {
        let (total, n) = (units.iter().sum::<f64>(), units.len() as f64);
        let least = units.iter().copied().fold(f64::INFINITY, f64::min);
        let most = units.iter().copied().fold(0.0, f64::max);
        let mut text = format!("{:>8}{}", format::abbrev(label, 8), count(n));
        text.push_str(&if incomplete { count(total - missing) + &count(missing) } else { count(total) });
        let mean = format::right(&format::bare("%9.1f", total / n), 10);
        format!("{text}{}{mean}{}", count(least), count(most))
    };
    let width = if incomplete { 68 } else { 58 };
    let head = if incomplete { "  complete   missing" } else { "     # obs" };
    s.print("");
    s.print(format!("{:>width$}", "Number of obs per unit"));
    s.print(format!("{:>8}{:>10}{head}{:>10}{:>10}{:>10}", "Stratum", "# units", "Min", "Mean", "Max"));
    s.print("-".repeat(width));
    for h in strata {
        s.print(line(&h.label, &h.units, h.missing));
    }
    s.print("-".repeat(width));
    let all: Vec<f64> = strata.iter().flat_map(|h| h.units.iter().copied()).collect();
    if !all.is_empty() {
        let missing = strata.iter().map(|h| h.missing).sum();
        s.print(line(&strata.len().to_string(), &all, missing));
    }
}
