//! `reg2docx`: stored results in a Word document (Li and Xue, SSC). Written from the help file.

use super::super::esttab_sheet;
use super::docx_tables::{COMMON, finish, formatted};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const REG: StandardSyntax = StandardSyntax::whole(crate::concat_lists!(
    OptSpec; COMMON,
    &[
        OptSpec::flag_or_text("b"),
        OptSpec::flag_or_text("se"),
        OptSpec::flag_or_text("t"),
        OptSpec::flag_or_text("z"),
        OptSpec::flag_or_text("p"),
        OptSpec::flag_or_text("star"),
        OptSpec::flag("nostar"),
        OptSpec::text("scalars"),
        OptSpec::flag_or_text("r2"),
        OptSpec::flag_or_text("ar2"),
        OptSpec::flag_or_text("pr2"),
        OptSpec::flag_or_text("aic"),
        OptSpec::flag_or_text("bic"),
        OptSpec::text("mtitles"),
        OptSpec::flag("nomtitles"),
        OptSpec::flag("depvar"),
        OptSpec::flag("nodepvar"),
        OptSpec::text("drop"),
        OptSpec::text("keep"),
        OptSpec::text("order"),
        OptSpec::text("indicate"),
        OptSpec::flag("noconstant"),
        OptSpec::flag("noparentheses"),
        OptSpec::flag("label"),
        OptSpec::flag("noobs"),
    ]
))
.using(Using::Required)
.unsupported(&["eform", "addfe", "rename"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "reg2docx",
    min: 8,
    form: Form::Standard(&REG),
    by: ByRule::No,
    run: reg,
    syntax: "reg2docx names using file [, replace append b(%fmt) se|t|z|p[(%fmt)] star(* # ** # *** #) nostar scalars(name[(%fmt)] ...) r2|ar2|pr2|aic|bic[(%fmt)] mtitles(texts) keep() drop() order() indicate(\"label = list\" ...) noconstant noparentheses title(text) note(text) label]",
    notes: "stored results in columns, t statistics under the coefficients by default, stars at .1 .05 .01; the table is that of esttab; no results",
    examples: &[Example {
        run: "set obs 6\ngenerate x = _n\ngenerate y = cond(mod(_n, 2), _n + 1, _n - 1)\nregress y x\nestimates store m1\ntempfile f\nreg2docx m1 using `f'.csv, replace scalars(N r2(%9.4f)) nostar b(%9.3f)\nscalar got = fileread(\"`f'.csv\")\nlocal b = trim(string(_b[x], \"%9.3f\"))\nlocal r = trim(string(e(r2), \"%9.4f\"))\nscalar hit = strpos(got, \"x,`b'\") > 0 & strpos(got, \"`r'\") > 0\nerase `f'.csv",
        expect: &[("hit", 1.0)],
    }],
};

fn reg(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let fmt = |name: &str| o.text(name).filter(|t| !t.is_empty()).unwrap_or("%9.3f").to_string();
    let mut options = format!("b({})", fmt("b"));
    let second = ["se", "t", "z", "p"].into_iter().find(|n| cmd.has(n)).unwrap_or("t");
    options.push_str(&format!(" {second}({})", fmt(second)));
    match (cmd.has("nostar"), o.text("star").filter(|t| !t.is_empty())) {
        (true, _) => options.push_str(" nostar"),
        (_, Some(text)) => options.push_str(&format!(" star({text})")),
        _ => options.push_str(" star(* 0.1 ** 0.05 *** 0.01)"),
    }
    let mut drop = o.text("drop").unwrap_or("").to_string();
    if cmd.has("noconstant") {
        drop.push_str(" _cons");
    }
    if !drop.trim().is_empty() {
        options.push_str(&format!(" drop({})", drop.trim()));
    }
    for name in ["keep", "order", "indicate", "mtitles"] {
        if let Some(text) = o.text(name) {
            options.push_str(&format!(" {name}({text})"));
        }
    }
    for (own, that) in [
        ("nomtitles", "nomtitles"),
        ("nodepvar", "nodepvars"),
        ("depvar", "depvars"),
        ("noparentheses", "noparentheses"),
        ("label", "label"),
    ] {
        if cmd.has(own) {
            options.push_str(&format!(" {that}"));
        }
    }
    let mut scalars =
        formatted(o.text("scalars").unwrap_or(if cmd.has("noobs") { "" } else { "N" }), "%9.3f");
    let single = [("r2", "r2"), ("ar2", "r2_a"), ("pr2", "r2_p"), ("aic", "aic"), ("bic", "bic")];
    let given = single.into_iter().filter(|(option, _)| cmd.has(option));
    scalars.extend(given.map(|(option, scalar)| (scalar.to_string(), fmt(option))));
    if scalars.is_empty() {
        options.push_str(" noobs");
    } else {
        let names: Vec<&str> = scalars.iter().map(|s| s.0.as_str()).collect();
        let fmts: Vec<&str> = scalars.iter().map(|s| s.1.as_str()).collect();
        options.push_str(&format!(" stats({}, fmt({}))", names.join(" "), fmts.join(" ")));
    }
    let sheet = esttab_sheet::sheet(s, &cmd.list, &options)?;
    finish(s, cmd, sheet)
}
