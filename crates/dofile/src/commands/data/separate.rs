//! `separate` and `split`: a variable becomes several, [D] separate, [D] split.

use super::transform::{list_result, new_name, spec};
use crate::commands::{CommandSpec, Example, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;

const SEPARATE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::text("GENerate"),
    OptSpec::flag("SEQuential"),
    OptSpec::flag("Missing"),
    OptSpec::flag("SHORTlabel"),
]);

const SPLIT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::text("Parse"),
    OptSpec::int("Limit"),
    OptSpec::flag("noTRIM"),
    OptSpec::flag("destring"),
    OptSpec::flag("force"),
])
.unsupported(&["IGnore", "float", "percent"]);

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
    let stored = std::mem::take(&mut s.r);
    let described = s.run_expanded(&format!("describe {}", names.join(" ")));
    s.r = stored;
    described.map(|_| ())
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
