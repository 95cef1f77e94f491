//! `rifhdreg` (Rios-Avila 2020, Stata Journal 20) and `rifreg` (Firpo, Fortin and Lemieux 2009): regressions of recentered
//! influence functions. Written from the articles and help files.

use super::condition;
use super::rif_functions::{Kernel, Statistic, Wish, kernel, values};
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::{FvList, OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};

const RIFHDREG: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("rif"),
    OptSpec::text("ABS"),
    OptSpec::text("RETain"),
    OptSpec::flag("replace"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::flag("noConstant"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Probability, WeightKind::Analytic, WeightKind::Frequency])
.unsupported(&[
    "OVER",
    "RWLOGIT",
    "RWPROBIT",
    "RWMLOGIT",
    "RWMPROBIT",
    "ATE",
    "ATT",
    "ATU",
    "SCALE",
    "ISEED",
    "SVY",
    "KEEPsingletons",
]);
const RIFREG: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("Quantile"),
    OptSpec::flag("VARiance"),
    OptSpec::flag("GINI"),
    OptSpec::real("WIDTH"),
    OptSpec::text("KERNop"),
    OptSpec::text("GENerate"),
    OptSpec::text("RETain"),
    OptSpec::flag("Robust"),
    OptSpec::flag("noRobust"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Probability, WeightKind::Analytic, WeightKind::Frequency])
.unsupported(&["BOOTstrap", "REPs", "BSOPts"]);

/// The command `rifhdreg`.
pub(crate) const SPEC_RIFHDREG: CommandSpec = CommandSpec {
    name: "rifhdreg",
    min: 8,
    form: Form::Standard(&RIFHDREG),
    by: ByRule::No,
    run: rifhdreg,
    syntax: "rifhdreg depvar [indepvars] [if] [in] [pweight aweight fweight], rif(q(#) | iqr(# #) | var | std | cvar | gini | mean [kernel(gaussian|epan2) bw(#)]) [abs(varlist) retain(newvar) replace vce(text) level(#)]",
    notes: "density at a quantile by a Gaussian kernel with the bandwidth of kdensity; results of regress, with abs() of reghdfe, with e(cmd) rifhdreg, e(rif) and e(rifmean); over() and reweighting are refused; Firpo, Fortin and Lemieux (2009, 2018), Rios-Avila (2020)",
    examples: &[Example {
        run: "set obs 30\ngenerate x = _n\ngenerate y = x + mod(_n * 7, 5)\nsummarize y\nscalar m = r(mean)\ngenerate v = (y - m)^2\nregress v x\nscalar b = _b[x]\nrifhdreg y x, rif(var) retain(r)\nscalar same = reldif(b, _b[x]) < 1e-10\nrifhdreg y x, rif(mean)\nscalar plain = _b[x]\nregress y x",
        expect: &[("same", 1.0), ("plain - _b[x]", 0.0), ("reldif(r[1], v[1]) < 1e-7", 1.0)],
    }],
};

/// The command `rifreg`.
pub(crate) const SPEC_RIFREG: CommandSpec = CommandSpec {
    name: "rifreg",
    min: 6,
    form: Form::Standard(&RIFREG),
    by: ByRule::No,
    run: rifreg,
    syntax: "rifreg depvar [indepvars] [if] [in] [weight] [, quantile(#) | variance | gini width(#) kernop(gaussian|epan2) generate(newvar) norobust level(#)]",
    notes: "quantile() is between 0 and 1, .5 by default; robust standard errors; bootstrap is refused; results of regress with e(cmd) rifreg; Firpo, Fortin and Lemieux (2009)",
    examples: &[Example {
        run: "set obs 30\ngenerate x = _n\ngenerate y = x + mod(_n * 7, 5)\nrifreg y x, quantile(.25)\nscalar a = _b[x]\nscalar sa = _se[x]\nrifhdreg y x, rif(q(25)) vce(robust)",
        expect: &[("a - _b[x]", 0.0), ("sa - _se[x]", 0.0)],
    }],
};

fn rifhdreg(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let wish = Wish::parse(o.text("rif").ok_or_else(|| StataError::invalid("option rif() required"))?)?;
    let mut options = String::new();
    for name in ["vce", "cluster"] {
        if let Some(text) = o.text(name) {
            options.push_str(&format!(" {name}({text})"));
        }
    }
    if cmd.has("robust") {
        options.push_str(" vce(robust)");
    }
    if cmd.has("noconstant") {
        options.push_str(" noconstant");
    }
    if let Some(level) = o.real("level") {
        options.push_str(&format!(" level({level})"));
    }
    let name = o.text("retain").map(str::to_string);
    estimate(s, cmd, &wish, &options, o.text("abs"), name, (o.text("rif").unwrap_or(""), "rifhdreg"))
}

fn rifreg(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let statistic = match (o.real("quantile"), cmd.has("variance"), cmd.has("gini")) {
        (q, false, false) => {
            let q = q.unwrap_or(0.5);
            if !(q > 0.0 && q < 1.0) {
                return Err(StataError::invalid("quantile() must be between 0 and 1"));
            }
            Statistic::Quantile(100.0 * q)
        }
        (None, true, false) => Statistic::Variance,
        (None, false, true) => Statistic::Gini,
        _ => return Err(StataError::invalid("only one of quantile(), variance and gini is allowed")),
    };
    let kernel = o.text("kernop").map_or(Ok(Kernel::Gaussian), |k| kernel(k.trim()))?;
    let wish = Wish { statistic, kernel, width: o.real("width").unwrap_or(0.0) };
    let mut options = if cmd.has("norobust") { String::new() } else { " vce(robust)".to_string() };
    if let Some(level) = o.real("level") {
        options.push_str(&format!(" level({level})"));
    }
    let name = o.text("generate").or(o.text("retain")).map(str::to_string);
    let text = o.real("quantile").map_or_else(String::new, |q| format!("q({})", 100.0 * q));
    estimate(s, cmd, &wish, &options, None, name, (&text, "rifreg"))
}

const HIDDEN: &str = "__rif";

fn estimate(
    s: &mut Session,
    cmd: &ParsedCommand,
    wish: &Wish,
    options: &str,
    absorb: Option<&str>,
    name: Option<String>,
    (text, command): (&str, &str),
) -> Result<()> {
    let list = cmd.list.trim();
    let (y, x) = list.split_once(char::is_whitespace).unwrap_or((list, ""));
    let v = s.numeric_variable(y)?;
    let y = s.frame.var(v).name.clone();
    if let Some(name) = &name {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(name).is_some() && !cmd.has("replace") {
            return Err(StataError::already_defined(name));
        }
    }
    let terms = FvList::parse(&s.frame, x, s.settings.varabbrev)?;
    let mut keep = s.rows(cmd)?;
    s.markout(&[v], &mut keep, false)?;
    terms.markout(&s.frame, &mut keep)?;
    let weights = s.weights(cmd, WeightKind::Probability, &mut keep)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let sample: Vec<f64> = rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    let w: Vec<f64> = rows.iter().map(|r| weights.as_ref().map_or(1.0, |w| w.values[*r])).collect();
    let found = values(&sample, &w, wish);
    if found.iter().any(|x| !x.is_finite()) {
        return Err(StataError::new(
            498,
            "the influence function is not finite: the density at the quantile is zero",
        ));
    }
    let mean = found.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>() / w.iter().sum::<f64>();
    let mut out = vec![MISSING; keep.len()];
    rows.iter().zip(&found).for_each(|(r, x)| out[*r] = *x);
    let column = name.clone().unwrap_or_else(|| HIDDEN.to_string());
    if let Some(old) = s.frame.find(&column) {
        s.frame.drop_vars(&[old]);
    }
    let mut variable = Variable::new(&column, Column::Double(out));
    variable.label = format!("RIF of {y}");
    s.frame.add(variable)?;
    let weight = cmd.weight.as_ref().map_or_else(String::new, |w| {
        format!(" [{}={}]", w.kind.unwrap_or(WeightKind::Probability).name(), w.exp)
    });
    let model = match absorb {
        Some(list) => format!("reghdfe {column} {x}{}{weight}, absorb({list}){options}", condition(cmd)),
        None => format!("regress {column} {x}{}{weight},{options}", condition(cmd)),
    };
    let done = quietly(s, &model);
    if name.is_none()
        && let Some(hidden) = s.frame.find(HIDDEN)
    {
        s.frame.drop_vars(&[hidden]);
    }
    done?;
    // the table is headed by the variable, not by its influence function
    s.e.results.text("depvar", y.as_str());
    let level = cmd.options.real("level").map(|l| format!(", level({l})")).unwrap_or_default();
    s.run_expanded(&format!("{}{level}", if absorb.is_some() { "reghdfe" } else { "regress" }))?;
    let results = &mut s.e.results;
    results.text("cmd", command).text("cmdline", crate::estimation::post::command_line(cmd));
    results.text("rif", text);
    results.scalar("rifmean", if is_missing(mean) { MISSING } else { mean });
    if let Statistic::Quantile(_) = wish.statistic {
        s.print(format!("Distributional Statistic: {text}"));
    }
    s.print(format!("Sample Mean RIF {text} : {}", crate::format::bare("%9.5g", mean)));
    Ok(())
}
