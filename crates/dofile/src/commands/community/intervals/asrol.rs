//! `asrol`: statistics over rolling windows and groups. Written from the help file of Shah (2024).

use super::window::Window;
use super::{add, free_name, rangestat};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::ops::groups::{each_group, grouped};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Stat"),
    OptSpec::text("Window"),
    OptSpec::text("Generate"),
    OptSpec::text("by"),
    OptSpec::int("MINimum"),
    OptSpec::real("add"),
])
.unsupported(&["IGnorezero", "Perc", "XF", "Type"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "asrol",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::Whole,
    run,
    syntax: "[bysort varlist:] asrol varname [if] [in], stat(stat) generate(newvar) [window([rangevar] #) by(varlist) minimum(#) add(#)]",
    notes: "stat: count missing mean sum sd min median max first last product gmean; a window of # ends at the row's value of rangevar (the time variable by default) and goes back # of its units; without window() the statistic is of the group; minimum() counts values; add() is added to each value before product and gmean; several variables or statistics, a window of two numbers and names made by the command are refused; no results",
    examples: &[Example {
        run: "set obs 6\ngenerate id = ceil(_n/3)\ngenerate t = _n\ngenerate x = _n\nxtset id t\nasrol x, stat(sum) window(t 2) generate(s)\nasrol x, stat(product) window(2) minimum(2) gen(p)\nbysort id: asrol x, stat(mean) gen(m)",
        expect: &[
            ("s[1]", 1.0),
            ("s[3]", 5.0),
            ("s[4]", 4.0),
            ("missing(p[4])", 1.0),
            ("p[6]", 30.0),
            ("m[2]", 2.0),
            ("m[6]", 5.0),
        ],
    }],
};

const STATISTICS: &[&str] =
    &["count", "missing", "mean", "sum", "sd", "min", "median", "max", "first", "last", "product", "gmean"];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variable = match s.varlist(&cmd.list)?[..] {
        [] => return Err(StataError::standard(100)),
        [v] => v,
        _ => {
            return Err(StataError::invalid(
                "several variables in one asrol are not supported by the open engine",
            ));
        }
    };
    if s.frame.var(variable).is_string() {
        return Err(StataError::type_mismatch());
    }
    let stat = cmd.options.text("stat").ok_or_else(|| StataError::invalid("option stat() required"))?.trim();
    if !STATISTICS.contains(&stat) {
        return Err(StataError::unsupported_option("asrol", &format!("stat({stat})")));
    }
    let Some(name) = cmd.options.text("generate").map(str::trim) else {
        return Err(StataError::invalid("option generate() is required by the open engine"));
    };
    free_name(s, name)?;
    let mut by = s.by_positions();
    if let Some(list) = cmd.options.text("by") {
        by.extend(s.varlist(list)?);
    }
    let window = cmd.options.text("window").map(|text| Window::parse(s, "asrol", text)).transpose()?;
    if window.is_some()
        && by.is_empty()
        && let Ok(panel) = Panel::of(&s.frame)
    {
        by.extend(panel.panel);
    }
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len())
        .filter(|r| keep[*r] && window.as_ref().is_none_or(|w| !is_missing(w.keys[*r])))
        .collect();
    let groups = grouped(s, &by, rows);
    let values = s.frame.numeric(variable)?.to_vec();
    let least = cmd.options.int("minimum").unwrap_or(0).max(0) as usize;
    let added = cmd.options.real("add").unwrap_or(0.0);
    let of = |sample: &[usize]| statistic(stat, &values, sample, least, added);
    let found = each_group(&groups, |group| match &window {
        None => {
            let x = of(group);
            group.iter().map(|row| (*row, x)).collect::<Vec<_>>()
        }
        Some(w) => w.samples(group, false).map(|(row, sample)| (row, of(&sample))).collect(),
    });
    let mut out = vec![MISSING; keep.len()];
    found.into_iter().flatten().for_each(|(row, x)| out[row] = x);
    add(s, name, "", &out)
}

/// A statistic of the rows of a sample; missing with fewer than `least` values.
fn statistic(stat: &str, values: &[f64], sample: &[usize], least: usize, added: f64) -> f64 {
    let present: Vec<f64> = sample.iter().map(|r| values[*r]).filter(|x| !is_missing(*x)).collect();
    if present.len() < least {
        return MISSING;
    }
    let x = match stat {
        "product" | "gmean" if present.is_empty() => MISSING,
        "product" => present.iter().map(|x| x + added).product(),
        // the geometric mean is of positive values
        "gmean" if present.iter().any(|x| x + added <= 0.0) => MISSING,
        "gmean" => (present.iter().map(|x| (x + added).ln()).sum::<f64>() / present.len() as f64).exp(),
        _ => rangestat::statistic(stat, values, sample),
    };
    if x.is_finite() { x } else { MISSING }
}
