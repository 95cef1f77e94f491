//! `mkspline`: linear and restricted cubic splines, [R] mkspline.

use super::transform::{new_name, spec};
use crate::commands::{CommandSpec, Example, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::MISSING;
use estimators::descriptive::Sample;

const SPLINE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("CUBic"),
    OptSpec::int("NKnots"),
    OptSpec::text("Knots"),
    OptSpec::flag("Marginal"),
    OptSpec::flag("DISPlayknots"),
    OptSpec::flag("PCTile"),
])
.exp();

pub(super) const SPEC_MKSPLINE: CommandSpec = spec(
    "mkspline",
    8,
    &SPLINE,
    mkspline,
    "mkspline newvar1 #1 [newvar2 #2 [...]] newvark = oldvar [if] [in] [, marginal]; mkspline stub = oldvar [if] [in], {cubic [nknots(#) knots(numlist)] | knots(numlist) | nknots(#)} [displayknots]",
    "stores r(knots) with cubic; restricted cubic spline of Harrell (2001, 2.4.4), knots at his percentiles; [R] mkspline",
    &[
        Example {
            run: "set obs 10\ngenerate x = _n\nmkspline a 3 b 7 c = x",
            expect: &[("a[5]", 3.0), ("b[5]", 2.0), ("c[10]", 3.0), ("c[7]", 0.0)],
        },
        Example {
            // Harrell's basis at x = 6 with knots 2 5 9: ((4)^3 - 1^3*7/4 + 0)/7^2
            run: "set obs 10\ngenerate double x = _n\nmkspline s = x, cubic knots(2 5 9)",
            expect: &[("s1[6]", 6.0), ("s2[6]", 1.270408163265306), ("s2[2]", 0.0)],
        },
    ],
);

/// Harrell's default percentiles for 3 to 7 knots (Regression Modeling Strategies, 2001, table 2.3).
fn percentiles(k: usize) -> Option<&'static [f64]> {
    Some(match k {
        3 => &[10.0, 50.0, 90.0],
        4 => &[5.0, 35.0, 65.0, 95.0],
        5 => &[5.0, 27.5, 50.0, 72.5, 95.0],
        6 => &[5.0, 23.0, 41.0, 59.0, 77.0, 95.0],
        7 => &[2.5, 18.33, 34.17, 50.0, 65.83, 81.67, 97.5],
        _ => return None,
    })
}

fn mkspline(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let old = s.numeric_variable(cmd.exp.as_deref().ok_or_else(StataError::syntax)?)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[old], &mut touse, false)?;
    let x = s.frame.numeric(old)?.into_owned();
    let sample = Sample::plain((0..x.len()).filter(|&r| touse[r]).map(|r| x[r]));
    if sample.rows() == 0 {
        return Err(StataError::no_observations());
    }
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let count = cmd.options.int("nknots").map(|k| k.max(0) as usize);
    let given = cmd.options.text("knots").map(numlist::expand).transpose()?;
    let cubic = cmd.has("cubic");
    let (names, knots): (Vec<String>, Vec<f64>) = match words[..] {
        [stub] => {
            let knots = match (given, count) {
                (Some(k), _) => k,
                (None, k) if cubic => {
                    let at = percentiles(k.unwrap_or(5))
                        .ok_or_else(|| StataError::invalid("nknots() must be 3 to 7 with cubic"))?;
                    at.iter().map(|p| sample.percentile(*p)).collect()
                }
                (None, Some(k)) if k >= 1 && cmd.has("pctile") => {
                    (1..=k).map(|j| sample.percentile(100.0 * j as f64 / (k as f64 + 1.0))).collect()
                }
                (None, Some(k)) if k >= 1 => {
                    let width = (sample.max() - sample.min()) / (k as f64 + 1.0);
                    (1..=k).map(|j| sample.min() + width * j as f64).collect()
                }
                _ => return Err(StataError::invalid("option knots() or nknots() required")),
            };
            let many = if cubic { knots.len().saturating_sub(1) } else { knots.len() + 1 };
            ((1..=many).map(|k| format!("{stub}{k}")).collect(), knots)
        }
        _ => {
            if cubic || words.len().is_multiple_of(2) {
                return Err(StataError::syntax());
            }
            let knots: Result<Vec<f64>> = words.iter().skip(1).step_by(2).map(|w| s.eval_num(w)).collect();
            (words.iter().step_by(2).map(|w| w.to_string()).collect(), knots?)
        }
    };
    if knots.windows(2).any(|w| w[0] >= w[1]) {
        return Err(StataError::standard(124));
    }
    if cubic && knots.len() < 3 {
        return Err(StataError::invalid("cubic splines need three knots or more"));
    }
    names.iter().try_for_each(|n| new_name(s, n))?;
    let basis = |j: usize, x: f64| {
        if cubic { cubic_term(&knots, j, x) } else { linear_term(&knots, j, x, cmd.has("marginal")) }
    };
    let ty = s.settings.default_type;
    for (j, name) in names.iter().enumerate() {
        let values: Vec<f64> =
            (0..x.len()).map(|r| if touse[r] { basis(j, x[r]) } else { MISSING }).collect();
        s.frame.add(Variable::new(name, Column::from_f64(ty, &values)))?;
    }
    let mut r = crate::results::Results::default();
    r.scalar("N_knots", knots.len() as f64);
    r.matrix("knots", crate::matrix::Matrix::new(1, knots.len(), knots.clone()));
    if cmd.has("displayknots") {
        for (k, x) in knots.iter().enumerate() {
            s.print(format!("knot{} {:>12}", k + 1, crate::format::bare("%9.0g", *x)));
        }
    }
    s.r = r;
    Ok(())
}

fn linear_term(knots: &[f64], j: usize, x: f64, marginal: bool) -> f64 {
    if marginal {
        return if j == 0 { x } else { (x - knots[j - 1]).max(0.0) };
    }
    let low = if j == 0 { 0.0 } else { knots[j - 1] };
    let top = knots.get(j).map_or(x, |k| x.min(*k));
    if j == 0 { top } else { (top - low).max(0.0) }
}

fn cubic_term(knots: &[f64], j: usize, x: f64) -> f64 {
    if j == 0 {
        return x;
    }
    let k = knots.len();
    let (last, before, own) = (knots[k - 1], knots[k - 2], knots[j - 1]);
    let cube = |t: f64| (x - t).max(0.0).powi(3);
    let part = cube(own) - cube(before) * (last - own) / (last - before)
        + cube(last) * (before - own) / (last - before);
    part / (last - knots[0]).powi(2)
}
