//! Variables made over the observations: `ipolate`, `range`, `cumul`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};

const IPOLATE: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Generate"), OptSpec::flag("Epolate"), OptSpec::text("by")]);
const RANGE: StandardSyntax = StandardSyntax::whole(&[]);
const CUMUL: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::flag("Freq"),
    OptSpec::flag("EQual"),
    OptSpec::text("by"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic]);

pub(super) const fn spec(
    name: &'static str,
    min: usize,
    syntax: &'static StandardSyntax,
    run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    text: &'static str,
    notes: &'static str,
    examples: &'static [Example],
) -> CommandSpec {
    CommandSpec {
        name,
        min,
        form: Form::Standard(syntax),
        by: ByRule::No,
        run,
        syntax: text,
        notes,
        examples,
    }
}

pub(super) const SPEC_IPOLATE: CommandSpec = CommandSpec {
    by: ByRule::Whole,
    ..spec(
        "ipolate",
        7,
        &IPOLATE,
        ipolate,
        "ipolate yvar xvar [if] [in], generate(newvar) [epolate by(varlist)]",
        "linear in x between the neighbours, means of y at equal x; no results",
        &[
            Example {
                run: "set obs 5\ngenerate x = _n^2\ngenerate y = 2*x\nreplace y = . if inlist(_n, 1, 3)\nipolate y x, generate(z)\nipolate y x, generate(w) epolate",
                expect: &[("z[3]", 18.0), ("missing(z[1])", 1.0), ("w[1]", 2.0)],
            },
            Example {
                run: "set obs 6\ngenerate g = _n > 3\ngenerate t = _n\ngenerate y = t*(1 + g)\nreplace y = . if inlist(_n, 2, 4, 5)\nbysort g (t): ipolate y t, generate(z)\nby g: ipolate y t, generate(w) epolate",
                expect: &[("z[2]", 2.0), ("missing(z[4])", 1.0), ("missing(w[4])", 1.0)],
            },
        ],
    )
};
pub(super) const SPEC_RANGE: CommandSpec = spec(
    "range",
    5,
    &RANGE,
    range,
    "range newvar #first #last [#obs]",
    "equally spaced values; no results",
    &[Example { run: "range x 0 1 5", expect: &[("_N", 5.0), ("x[2]", 0.25), ("x[5]", 1.0)] }],
);
pub(super) const SPEC_CUMUL: CommandSpec = spec(
    "cumul",
    5,
    &CUMUL,
    cumul,
    "cumul varname [if] [in] [fweight aweight], generate(newvar) [freq equal by(varlist)]",
    "share (or number, freq) of rows, or of their weights, up to each value; no results",
    &[Example {
        run: "set obs 4\ngenerate x = cond(_n == 2, 1, _n)\ncumul x, generate(c) equal\ncumul x, generate(f) freq equal",
        expect: &[("c[1]", 0.5), ("c[4]", 1.0), ("f[3]", 3.0)],
    }],
);

pub(super) fn new_name(s: &Session, name: &str) -> Result<()> {
    if s.frame.find(name).is_some() {
        return Err(StataError::already_defined(name));
    }
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    Ok(())
}

pub(super) fn target(s: &Session, cmd: &ParsedCommand) -> Result<String> {
    let name =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    new_name(s, name)?;
    Ok(name.to_string())
}

pub(super) fn list_result(s: &mut Session, names: &[String]) {
    let mut r = crate::results::Results::default();
    r.text("varlist", names.join(" ")).scalar("nvars", names.len() as f64);
    s.r = r;
}

pub(super) fn groups_of(s: &Session, cmd: &ParsedCommand, touse: &[bool]) -> Result<Vec<Vec<usize>>> {
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    let mut by = s.varlist(cmd.options.text("by").unwrap_or(""))?;
    if by.is_empty() {
        by = s.by_positions();
    }
    Ok(if by.is_empty() { vec![rows] } else { grouped(s, &by, rows) })
}

/// Linear interpolation at `x`; `ends` extends the first and last segment.
fn interpolate(known: &[(f64, f64)], x: f64, ends: bool) -> f64 {
    let k = known.partition_point(|p| p.0 < x);
    if let Some(p) = known.get(k).filter(|p| p.0 == x) {
        return p.1;
    }
    let inside = k > 0 && k < known.len();
    if known.len() < 2 || !(inside || ends) {
        return MISSING;
    }
    let at = k.clamp(1, known.len() - 1);
    let ((x0, y0), (x1, y1)) = (known[at - 1], known[at]);
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

fn ipolate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let [y, x] = vars[..] else { return Err(StataError::standard(if vars.len() < 2 { 102 } else { 103 })) };
    let name = target(s, cmd)?;
    let touse = s.rows(cmd)?;
    let (yv, xv) = (s.frame.numeric(y)?.into_owned(), s.frame.numeric(x)?.into_owned());
    let mut out = vec![MISSING; touse.len()];
    for g in groups_of(s, cmd, &touse)? {
        let mut known: Vec<(f64, f64)> = g
            .iter()
            .filter(|&&r| !is_missing(yv[r]) && !is_missing(xv[r]))
            .map(|&r| (xv[r], yv[r]))
            .collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut unique: Vec<(f64, f64, f64)> = Vec::new();
        for (a, b) in known {
            match unique.last_mut() {
                Some(last) if last.0 == a => {
                    last.1 += b;
                    last.2 += 1.0;
                }
                _ => unique.push((a, b, 1.0)),
            }
        }
        let known: Vec<(f64, f64)> = unique.into_iter().map(|(a, b, n)| (a, b / n)).collect();
        for &r in g.iter().filter(|&&r| !is_missing(xv[r])) {
            out[r] = interpolate(&known, xv[r], cmd.has("epolate"));
        }
    }
    let ty = s.settings.default_type;
    s.frame.add(Variable::new(&name, Column::from_f64(ty, &out)))?;
    Ok(())
}

fn range(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let (name, a, b, n) = match words[..] {
        [name, a, b] => (name, a, b, s.frame.n_rows() as f64),
        [name, a, b, n] => (name, a, b, s.eval_num(n)?),
        _ => return Err(StataError::syntax()),
    };
    new_name(s, name)?;
    let (a, b) = (s.eval_num(a)?, s.eval_num(b)?);
    if !(2.0..=1e8).contains(&n) || is_missing(a) || is_missing(b) {
        return Err(StataError::standard(if n < 2.0 { 2001 } else { 198 }));
    }
    s.room_for(n, 8.0)?;
    let n = n.floor() as usize;
    if n > s.frame.n_rows() {
        s.frame.set_n_rows(n);
    }
    let step = (b - a) / (n as f64 - 1.0);
    let values: Vec<f64> =
        (0..s.frame.n_rows()).map(|i| if i < n { a + step * i as f64 } else { MISSING }).collect();
    let ty = s.settings.default_type;
    s.frame.add(Variable::new(name, Column::from_f64(ty, &values)))?;
    Ok(())
}

fn cumul(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let v = s.numeric_variable(&cmd.list)?;
    let name = target(s, cmd)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[v], &mut touse, false)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let x = s.frame.numeric(v)?.into_owned();
    let mut out = vec![MISSING; touse.len()];
    for mut g in groups_of(s, cmd, &touse)? {
        g.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
        let mut sum = 0.0;
        let up_to: Vec<f64> = g
            .iter()
            .map(|r| {
                sum += weight(*r);
                sum
            })
            .collect();
        for (k, &r) in g.iter().enumerate() {
            let last = if cmd.has("equal") { g.partition_point(|&o| x[o] <= x[r]) - 1 } else { k };
            out[r] = if cmd.has("freq") { up_to[last] } else { up_to[last] / sum };
        }
    }
    let ty = s.settings.default_type;
    s.frame.add(Variable::new(&name, Column::from_f64(ty, &out)))?;
    Ok(())
}
