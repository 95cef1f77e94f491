//! `glcurve`: generalised Lorenz and concentration curves as variables (Jenkins and Van Kerm 1999, Stata Technical Bulletin 48).
//! Written from its published description.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::ops::groups::{grouped, level_name};
use crate::ops::run::shown;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::MISSING;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Pvar"),
    OptSpec::text("GLvar"),
    OptSpec::text("SOrtvar"),
    OptSpec::text("by"),
    OptSpec::flag("Lorenz"),
    OptSpec::flag("REPLACE"),
    OptSpec::flag("NOGraph"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic])
.unsupported(&["SPlit", "RTip", "ATip", "PLot"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "glcurve",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "glcurve varname [if] [in] [fweight|aweight] [, pvar(newvar) glvar(newvar) sortvar(varname) by(groupvar) lorenz replace nograph]",
    notes: "pvar() is the cumulative share of the population and glvar() the cumulative sum of the variable divided by the population, both in the order of the variable or of sortvar(); lorenz divides by the mean; by() makes the curves of each group; equal values are summed in the order of the rows; no results",
    examples: &[Example {
        // cumulative means of 1, 2, 3: 1/3, 1, 2
        run: "set obs 3\ngenerate x = 4 - _n\nglcurve x, pvar(p) glvar(gl) nograph\nglcurve x, pvar(q) glvar(l) lorenz nograph",
        expect: &[("gl[3]", 1.0 / 3.0), ("gl[1]", 2.0), ("p[2]", 2.0 / 3.0), ("l[2]", 0.5)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variable = s.numeric_variable(cmd.list.trim())?;
    let numeric = |o: &str| cmd.options.text(o).map(|v| s.numeric_variable(v.trim())).transpose();
    let sort = numeric("sortvar")?;
    let by = cmd.options.text("by").map(|v| s.variable(v.trim())).transpose()?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let mut used = vec![variable];
    used.extend(sort);
    s.markout(&used, &mut touse, false)?;
    s.markout(by.as_slice(), &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let groups = by.map_or_else(|| vec![rows.clone()], |by| grouped(s, &[by], rows.clone()));
    let (mut p, mut gl) = (vec![MISSING; touse.len()], vec![MISSING; touse.len()]);
    for group in &groups {
        let order = s.frame.ordered(&[sort.unwrap_or(variable)], group.clone());
        let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
        let total: f64 = group.iter().map(|r| weight(*r)).sum();
        let mean = group.iter().map(|r| weight(*r) * s.frame.num_at(variable, *r)).sum::<f64>() / total;
        let (mut people, mut sum) = (0.0, 0.0);
        for r in order {
            people += weight(r);
            sum += weight(r) * s.frame.num_at(variable, r);
            p[r] = people / total;
            gl[r] = sum / total / if cmd.has("lorenz") { mean } else { 1.0 };
        }
    }
    keep(s, cmd, "pvar", &p)?;
    keep(s, cmd, "glvar", &gl)?;
    if cmd.has("nograph") {
        return Ok(());
    }
    let names: Vec<String> =
        groups.iter().map(|g| by.map_or(String::new(), |by| level_name(s, by, g[0]))).collect();
    draw(s, &groups, &names, (&p, &gl), cmd.has("lorenz"))
}

/// Adds a variable under the name of an option, if it is given.
fn keep(s: &mut Session, cmd: &ParsedCommand, option: &str, values: &[f64]) -> Result<()> {
    let Some(name) = cmd.options.text(option).map(|n| n.trim().to_string()) else { return Ok(()) };
    if !is_valid_name(&name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if let Some(old) = s.frame.find(&name) {
        if !cmd.has("replace") {
            return Err(StataError::already_defined(&name));
        }
        s.frame.drop_vars(&[old]);
    }
    s.frame.add(Variable::new(&name, Column::from_f64(StorageType::Double, values))).map(|_| ())
}

/// Draws the curves from the origin.
fn draw(
    s: &mut Session,
    groups: &[Vec<usize>],
    names: &[String],
    (p, gl): (&[f64], &[f64]),
    lorenz: bool,
) -> Result<()> {
    let longest = groups.iter().map(Vec::len).max().unwrap_or(0) + 1;
    let mut frame = crate::frame::Frame::new();
    let mut plots = Vec::new();
    for (k, (group, name)) in groups.iter().zip(names).enumerate() {
        let mut points: Vec<(f64, f64)> = group.iter().map(|r| (p[*r], gl[*r])).collect();
        points.push((0.0, 0.0));
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.resize(longest, (MISSING, MISSING));
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        for (stub, values) in [("p", &x), ("curve", &y)] {
            let mut v = Variable::new(&format!("{stub}{k}"), Column::from_f64(StorageType::Double, values));
            v.label = if stub == "p" { "Cumulative population proportion".to_string() } else { name.clone() };
            frame.add(v)?;
        }
        plots.push(format!("(line curve{k} p{k})"));
    }
    if lorenz {
        plots.push("(function y = x, range(0 1))".to_string());
    }
    let own = std::mem::replace(&mut s.frame, frame);
    let done = shown(s, &format!("twoway {}", plots.join(" ")));
    s.frame = own;
    done
}
