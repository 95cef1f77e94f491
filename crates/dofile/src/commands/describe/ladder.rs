//! `ladder`: tests of normality of the powers of a variable ([R] ladder; Tukey 1977, Exploratory Data Analysis).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::frame::{Column, Variable, is_valid_name};
use crate::ops::powers::LADDER;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("Generate"), OptSpec::flag("noADJust")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ladder",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ladder varname [if] [in] [, generate(newvar) noadjust]",
    notes: "missing for a power that is not defined for all values; stores r(N) and r(cube) r(P_cube) r(square) r(ident) r(sqrt) r(log) r(invsqrt) r(inv) r(invsq) r(invcube) with their r(P_*); tests as sktest; [R] ladder",
    examples: &[Example {
        // Values symmetric around zero: the test of the identity is that of sktest, logarithms are not defined.
        run: "set obs 9\ngenerate x = _n - 5\nsktest x\nscalar chi2 = r(chi2)\nladder x\nscalar same = r(ident) == chi2\nscalar none = missing(r(log))",
        expect: &[("same", 1.0), ("none", 1.0), ("r(N)", 9.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variable = s.numeric_variable(cmd.list.trim())?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> =
        (0..touse.len()).filter(|i| touse[*i] && !is_missing(s.frame.num_at(variable, *i))).collect();
    let values: Vec<f64> = rows.iter().map(|i| s.frame.num_at(variable, *i)).collect();
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    if values.len() < 8 {
        return Err(StataError::insufficient_observations());
    }
    let name = s.frame.var(variable).name.clone();
    let new = cmd.options.text("generate").map(str::trim);
    if let Some(new) = new {
        if !is_valid_name(new) {
            return Err(StataError::new(198, format!("{new} invalid name")));
        }
        if s.frame.position(new).is_ok() {
            return Err(StataError::new(110, format!("variable {new} already defined")));
        }
    }
    let mut results = Results::default();
    results.scalar("N", values.len() as f64);
    s.print("");
    s.print(format!("{:<23}{:<20}{:>9}{:>13}", "Transformation", "Formula", "chi2(2)", "Prob > chi2"));
    s.print("-".repeat(65));
    let mut best: Option<(f64, usize)> = None;
    for (at, power) in LADDER.iter().enumerate() {
        let test = power.test(&values, !cmd.has("noadjust"));
        let (chi2, p) = test.map_or((MISSING, MISSING), |t| (t.chi2, t.p));
        if test.is_some() && best.is_none_or(|b| chi2 < b.0) {
            best = Some((chi2, at));
        }
        s.print(format!(
            "{:<23}{:<20}{:>9}{:>13}",
            power.name,
            power.written(&name),
            format::bare("%9.2f", chi2),
            format::bare("%5.3f", p)
        ));
        results.scalar(power.stored, stata(chi2)).scalar(&format!("P_{}", power.stored), stata(p));
    }
    if let (Some(new), Some((_, at))) = (new, best) {
        let power = &LADDER[at];
        let mut column = vec![MISSING; touse.len()];
        for (row, x) in rows.iter().zip(&values) {
            column[*row] = (power.of)(*x);
        }
        s.frame.add(Variable::new(new, Column::Double(column)))?;
        s.print(format!("({new} = {} generated)", power.written(&name)));
    }
    s.r = results;
    Ok(())
}
