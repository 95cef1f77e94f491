//! Variables made from variables: `separate`, `ipolate`, `range`, `cumul`, `mkspline`, `stack`, `xpose`, `split`.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable, is_valid_name};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind, numlist};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use std::sync::Arc;

const SEPARATE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::text("GENerate"),
    OptSpec::flag("SEQuential"),
    OptSpec::flag("Missing"),
    OptSpec::flag("SHORTlabel"),
]);
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
const SPLINE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("CUBic"),
    OptSpec::int("NKnots"),
    OptSpec::text("Knots"),
    OptSpec::flag("Marginal"),
    OptSpec::flag("DISPlayknots"),
    OptSpec::flag("PCTile"),
])
.exp();
const STACK: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Into"),
    OptSpec::int("Group"),
    OptSpec::flag("clear"),
    OptSpec::flag("Wide"),
]);
const XPOSE: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("clear"), OptSpec::flag("Varname"), OptSpec::flag("Promote")])
        .unsupported(&["Format"]);
const SPLIT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::text("Parse"),
    OptSpec::int("Limit"),
    OptSpec::flag("noTRIM"),
    OptSpec::flag("destring"),
    OptSpec::flag("force"),
])
.unsupported(&["IGnore", "float", "percent"]);

const fn spec(
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

pub(super) const SPEC_SEPARATE: CommandSpec = spec(
    "separate",
    8,
    &SEPARATE,
    separate,
    "separate varname [if] [in], by(varname | exp) [generate(stub) sequential missing]",
    "stores r(varlist); one variable for each level of by()",
    &[Example {
        run: "set obs 4\ngenerate g = ceil(_n/2)\ngenerate x = _n\nseparate x, by(g)",
        expect: &[("x1[2]", 2.0), ("missing(x1[3])", 1.0), ("x2[4]", 4.0)],
    }],
);
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
pub(super) const SPEC_STACK: CommandSpec = spec(
    "stack",
    5,
    &STACK,
    stack,
    "stack varlist [if] [in], {into(newvars) | group(#)} [clear wide]",
    "the data become the groups of variables one under the other, with _stack; wide keeps the variables, each with values in its own groups; no results",
    &[
        Example {
            run: "set obs 2\ngenerate a = _n\ngenerate b = 10*_n\nstack a b, into(x) clear wide",
            expect: &[
                ("x[3]", 10.0),
                ("a[2]", 2.0),
                ("missing(a[3])", 1.0),
                ("b[4]", 20.0),
                ("missing(b[1])", 1.0),
            ],
        },
        Example {
            run: "set obs 2\ngenerate a = _n\ngenerate b = 10*_n\ngenerate c = 5\ngenerate d = 6\nstack a b c d, into(x y) clear",
            expect: &[("_N", 4.0), ("x[3]", 5.0), ("y[2]", 20.0), ("_stack[4]", 2.0)],
        },
    ],
);
pub(super) const SPEC_XPOSE: CommandSpec = spec(
    "xpose",
    5,
    &XPOSE,
    xpose,
    "xpose, clear [varname promote]",
    "rows become variables v1, v2, ...; text is missing; no results",
    &[Example {
        run: "set obs 3\ngenerate a = _n\ngenerate b = 10*_n\nxpose, clear varname",
        expect: &[("_N", 2.0), ("v3[2]", 30.0), ("_varname[2] == \"b\"", 1.0)],
    }],
);
pub(super) const SPEC_SPLIT: CommandSpec = spec(
    "split",
    5,
    &SPLIT,
    split_text,
    "split strvar [if] [in] [, generate(stub) parse(strings) limit(#) notrim destring force]",
    "stores r(nvars) r(varlist)",
    &[Example {
        run: "set obs 2\ngenerate s = cond(_n == 1, \"a-1 x\", \"b-2\")\nsplit s, parse(- \" \") generate(p)\nscalar k = r(nvars)",
        expect: &[("k", 3.0), ("p2[2] == \"2\"", 1.0), ("p3[1] == \"x\"", 1.0), ("p3[2] == \"\"", 1.0)],
    }],
);

fn new_name(s: &Session, name: &str) -> Result<()> {
    if s.frame.find(name).is_some() {
        return Err(StataError::already_defined(name));
    }
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    Ok(())
}

fn target(s: &Session, cmd: &ParsedCommand) -> Result<String> {
    let name =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    new_name(s, name)?;
    Ok(name.to_string())
}

fn list_result(s: &mut Session, names: &[String]) {
    let mut r = crate::results::Results::default();
    r.text("varlist", names.join(" ")).scalar("nvars", names.len() as f64);
    s.r = r;
}

fn groups_of(s: &Session, cmd: &ParsedCommand, touse: &[bool]) -> Result<Vec<Vec<usize>>> {
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    let mut by = s.varlist(cmd.options.text("by").unwrap_or(""))?;
    if by.is_empty() {
        by = s.by_positions();
    }
    Ok(if by.is_empty() { vec![rows] } else { grouped(s, &by, rows) })
}

fn separate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let v = s.numeric_variable(&cmd.list)?;
    let by = cmd.options.text("by").ok_or_else(|| StataError::invalid("option by() required"))?.to_string();
    let stub = cmd.options.text("generate").map_or_else(|| s.frame.var(v).name.clone(), String::from);
    let mut touse = s.rows(cmd)?;
    let code: Vec<(Vec<usize>, String)> = match s.variable(&by) {
        Ok(b) => {
            if !cmd.has("missing") {
                s.markout(&[b], &mut touse, true)?;
            }
            let rows = (0..touse.len()).filter(|&r| touse[r]).collect();
            let shown = |r: usize| {
                let var = s.frame.var(b);
                if var.is_string() { None } else { Some(crate::format::macro_text(var.data.num(r))) }
            };
            let groups = grouped(s, &[b], rows);
            groups
                .into_iter()
                .enumerate()
                .map(|(k, g)| {
                    let suffix = shown(g[0])
                        .filter(|t| !cmd.has("sequential") && t.bytes().all(|c| c.is_ascii_digit()));
                    (g, suffix.unwrap_or_else(|| (k + 1).to_string()))
                })
                .collect()
        }
        Err(_) => {
            let c = s.compile(&by)?;
            let ctx = s.ctx();
            let (mut no, mut yes) = (Vec::new(), Vec::new());
            for r in (0..touse.len()).filter(|&r| touse[r]) {
                if c.holds(&ctx, r) { yes.push(r) } else { no.push(r) }
            }
            vec![(no, "0".to_string()), (yes, "1".to_string())]
        }
    };
    let names: Vec<String> = code.iter().map(|(_, suffix)| format!("{stub}{suffix}")).collect();
    names.iter().try_for_each(|n| new_name(s, n))?;
    let source = s.frame.var(v).clone();
    for ((rows, suffix), name) in code.iter().zip(&names) {
        let mut values = vec![MISSING; touse.len()];
        rows.iter().for_each(|&r| values[r] = source.data.num(r));
        let mut var = Variable::new(name, Column::from_f64(source.data.storage_type(), &values));
        var.format.clone_from(&source.format);
        let group = format!("{by} == {suffix}");
        var.label = if cmd.has("shortlabel") { group } else { format!("{}, {group}", source.name) };
        s.frame.add(var)?;
    }
    list_result(s, &names);
    Ok(())
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

fn stack(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = crate::syntax::varlist::resolve(&s.frame, &cmd.list, s.settings.varabbrev)?;
    let into: Vec<String> = match (cmd.options.text("into"), cmd.options.int("group")) {
        (Some(list), None) => crate::syntax::varlist::new_names(&Frame::new(), list)?,
        (None, Some(k)) if k >= 1 && vars.len().is_multiple_of(k as usize) => {
            vars.iter().take(vars.len() / k as usize).map(|&v| s.frame.var(v).name.clone()).collect()
        }
        _ => return Err(StataError::invalid("option into() or group() required")),
    };
    if into.is_empty() || vars.is_empty() || !vars.len().is_multiple_of(into.len()) {
        return Err(StataError::standard(if vars.is_empty() { 100 } else { 102 }));
    }
    if s.frame.changed && !cmd.has("clear") {
        return Err(StataError::new(4, "no; dataset in memory has changed since last saved"));
    }
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    let blocks = vars.len() / into.len();
    let mut frame = Frame::new();
    for (j, name) in into.iter().enumerate() {
        let parts: Vec<&Variable> = (0..blocks).map(|b| s.frame.var(vars[b * into.len() + j])).collect();
        let text = parts[0].is_string();
        if parts.iter().any(|p| p.is_string() != text) {
            return Err(StataError::type_mismatch());
        }
        let column = if text {
            Column::from_strings(
                parts.iter().flat_map(|p| rows.iter().map(|&r| p.data.str(r).into())).collect(),
            )
        } else {
            let ty = parts
                .iter()
                .map(|p| p.data.storage_type())
                .reduce(super::combine::common)
                .unwrap_or(StorageType::Double);
            let values: Vec<f64> = parts.iter().flat_map(|p| rows.iter().map(|&r| p.data.num(r))).collect();
            Column::from_f64(ty, &values)
        };
        frame.add(Variable::new(name, column))?;
    }
    let mark: Vec<f64> = (0..blocks).flat_map(|b| rows.iter().map(move |_| b as f64 + 1.0)).collect();
    frame.add(Variable::new("_stack", Column::from_f64(StorageType::Long, &mark)))?;
    if cmd.has("wide") {
        add_originals(s, &mut frame, &vars, &rows, blocks)?;
    }
    s.frame = frame;
    s.frame.changed = true;
    Ok(())
}

/// Adds the stacked variables under their own names: each has its values in its groups and is missing in the others.
fn add_originals(
    s: &Session,
    frame: &mut Frame,
    vars: &[usize],
    rows: &[usize],
    blocks: usize,
) -> Result<()> {
    let size = vars.len() / blocks;
    for (k, &v) in vars.iter().enumerate() {
        let var = s.frame.var(v);
        if vars[..k].contains(&v) || frame.find(&var.name).is_some() {
            continue;
        }
        let own = |b: usize| vars[b * size..(b + 1) * size].contains(&v);
        let source = (0..blocks).flat_map(|b| rows.iter().map(move |&r| own(b).then_some(r)));
        let mut copy = var.clone();
        copy.data = Arc::new(var.data.gather(source));
        frame.add(copy)?;
    }
    Ok(())
}

fn xpose(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("clear") {
        return Err(StataError::invalid("option clear required"));
    }
    let (n, k) = (s.frame.n_rows(), s.frame.n_vars());
    if n > 32_000 {
        return Err(StataError::new(900, "too many observations for variables"));
    }
    let mut frame = Frame::new();
    for r in 0..n {
        let values: Vec<f64> =
            (0..k).map(|v| if s.frame.var(v).is_string() { MISSING } else { s.frame.num_at(v, r) }).collect();
        let ty = if cmd.has("promote") { StorageType::Double } else { s.settings.default_type };
        frame.add(Variable::new(&format!("v{}", r + 1), Column::from_f64(ty, &values)))?;
    }
    if cmd.has("varname") {
        let names = s.frame.vars().iter().map(|v| v.name.as_str().into()).collect();
        frame.add(Variable::new("_varname", Column::from_strings(names)))?;
    }
    s.frame = frame;
    s.frame.changed = true;
    Ok(())
}

fn split_text(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let v = s.variable(&cmd.list)?;
    if !s.frame.var(v).is_string() {
        return Err(StataError::standard(108));
    }
    let stub = cmd.options.text("generate").map_or_else(|| s.frame.var(v).name.clone(), String::from);
    let parse = cmd.options.text("parse").unwrap_or("\" \"");
    let marks: Vec<String> = crate::syntax::split::words(parse)
        .into_iter()
        .map(|w| unquote(w).to_string())
        .filter(|m| !m.is_empty())
        .collect();
    let touse = s.rows(cmd)?;
    let limit = cmd.options.int("limit").map_or(usize::MAX, |k| k.max(1) as usize);
    let trim = !cmd.option_text.contains("notrim");
    let mut pieces: Vec<Vec<String>> = Vec::with_capacity(touse.len());
    for (r, &used) in touse.iter().enumerate() {
        let text = if used { s.frame.str_at(v, r) } else { "" };
        pieces.push(cut(text, &marks, trim, limit));
    }
    let count = pieces.iter().map(Vec::len).max().unwrap_or(0);
    let names: Vec<String> = (1..=count).map(|k| format!("{stub}{k}")).collect();
    names.iter().try_for_each(|n| new_name(s, n))?;
    for (k, name) in names.iter().enumerate() {
        let texts = pieces.iter().map(|p| p.get(k).map_or("", String::as_str).into()).collect();
        s.frame.add(Variable::new(name, Column::from_strings(texts)))?;
    }
    if count > 0 {
        s.print(format!(
            "variable{} created as string:\n{}",
            if count == 1 { "" } else { "s" },
            names.join("  ")
        ));
    }
    if cmd.has("destring") && count > 0 {
        let force = if cmd.has("force") { " force" } else { "" };
        s.run_expanded(&format!("destring {}, replace{force}", names.join(" ")))?;
    }
    list_result(s, &names);
    Ok(())
}

/// Pieces between separators; blanks around are cut off, and blanks as separators count once.
fn cut(text: &str, marks: &[String], trim: bool, limit: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = if trim { text.trim() } else { text };
    while !rest.is_empty() {
        let next =
            marks.iter().filter_map(|m| rest.find(m.as_str()).map(|at| (at, m.len()))).min_by_key(|p| p.0);
        let (piece, after) = match next {
            Some((at, len)) if out.len() + 1 < limit => (&rest[..at], &rest[at + len..]),
            _ => (rest, ""),
        };
        out.push(if trim { piece.trim() } else { piece }.to_string());
        rest = if trim { after.trim_start() } else { after };
    }
    out
}
