//! `mfx`: marginal effects and elasticities at one point ([R] mfx of release 10), by way of `margins`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::linear::Parameters;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use estimators::distributions::{normal_quantile, normal_two_sided};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("DYDX"),
    OptSpec::flag("EYEX"),
    OptSpec::flag("DYEX"),
    OptSpec::flag("EYDX"),
    OptSpec::text("at"),
    OptSpec::text("PREDict"),
    OptSpec::text("VARlist"),
    OptSpec::real("Level"),
    OptSpec::flag("noDiscrete"),
    OptSpec::flag("NOSE"),
])
.unsupported(&["EQlist", "NONLinear", "FORCE", "NOEsample", "noWght", "TRacelvl", "DIAGnostics"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mfx",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mfx [compute] [if] [in] [, dydx|eyex|dyex|eydx at(mean|median|zero [varname = # ...]) predict(options) varlist(varlist) nodiscrete nose level(#)]",
    notes: "effects of the variables of the model at their means over the estimation sample, of 0/1 variables as the discrete change with dydx; adds e(Xmfx_y) e(Xmfx_type) e(Xmfx_predict) and the matrices e(Xmfx_dydx) e(Xmfx_se_dydx) (eyex ...) e(Xmfx_X) to the estimates; factor variables are refused; [R] mfx",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate d = mod(_n, 3) == 1\ngenerate y = mod(_n * 7, 11) + x + 2*d > 8\nlogit y x d\nsummarize x\nscalar mx = r(mean)\nsummarize d\nscalar md = r(mean)\nscalar p = invlogit(_b[_cons] + _b[x]*mx + _b[d]*md)\nscalar ex = _b[x]*p*(1 - p)\nscalar ed = invlogit(_b[_cons] + _b[x]*mx + _b[d]) - invlogit(_b[_cons] + _b[x]*mx)\nmargins, dydx(x) atmeans\nmatrix v = r(V)\nmfx\nmatrix f = e(Xmfx_dydx)\nmatrix s = e(Xmfx_se_dydx)",
        expect: &[
            ("reldif(f[1,1], ex) < 1e-9", 1.0),
            ("reldif(f[1,2], ed) < 1e-9", 1.0),
            ("reldif(s[1,1], sqrt(v[1,1])) < 1e-8", 1.0),
            ("reldif(e(Xmfx_y), p) < 1e-9", 1.0),
        ],
    }],
};

/// A line of the table.
struct Line {
    name: String,
    effect: f64,
    se: f64,
    at: f64,
    discrete: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !["", "compute", "c"].contains(&cmd.list.trim()) {
        return Err(StataError::syntax());
    }
    if cmd.if_exp.is_some() || cmd.in_range.is_some() {
        return Err(StataError::unsupported_option("mfx", "if and in"));
    }
    let level = level(s, cmd)?;
    let kinds: Vec<&str> = ["dydx", "eyex", "dyex", "eydx"].into_iter().filter(|k| cmd.has(k)).collect();
    let kind = match kinds[..] {
        [] => "dydx",
        [one] => one,
        _ => return Err(StataError::invalid("only one of dydx, eyex, dyex and eydx is allowed")),
    };
    if s.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let names = regressors(s)?;
    let point = point(s, cmd, &names)?;
    let wanted = match cmd.options.text("varlist") {
        None => names.clone(),
        Some(list) => s.varlist(list)?.iter().map(|v| s.frame.var(*v).name.clone()).collect(),
    };
    let predict = cmd.options.text("predict").map(|p| format!(" predict({p})")).unwrap_or_default();
    let at = |change: Option<(&str, f64)>| -> String {
        let set = names.iter().zip(&point).map(|(name, x)| match change {
            Some((other, value)) if other == name => format!("{name} = {value}"),
            _ => format!("{name} = {x}"),
        });
        format!("at({})", set.collect::<Vec<_>>().join(" "))
    };
    quietly(s, &format!("margins, {}{predict}", at(None)))?;
    let y = matrix(s, "b")?.get(0, 0);
    let label = s.r.get_text("predict_label").or(s.r.get_text("expression")).unwrap_or("").to_string();
    let mut lines = Vec::new();
    for (name, x) in names.iter().zip(&point).filter(|(n, _)| wanted.contains(n)) {
        let discrete = kind == "dydx" && !cmd.has("nodiscrete") && is_binary(s, name)?;
        let (effect, se) = if discrete {
            quietly(s, &format!("margins, {} {}{predict}", at(Some((name, 0.0))), at(Some((name, 1.0)))))?;
            let (b, v) = (matrix(s, "b")?, matrix(s, "V")?);
            let variance = v.get(0, 0) + v.get(1, 1) - 2.0 * v.get(0, 1);
            (b.get(0, 1) - b.get(0, 0), variance.max(0.0).sqrt())
        } else {
            quietly(s, &format!("margins, {kind}({name}) {}{predict}", at(None)))?;
            (matrix(s, "b")?.get(0, 0), matrix(s, "V")?.get(0, 0).sqrt())
        };
        let se = if cmd.has("nose") { MISSING } else { se };
        lines.push(Line { name: name.clone(), effect, se, at: *x, discrete });
    }
    show(s, cmd, kind, (y, &label), &lines, level);
    store(s, cmd, kind, y, &lines);
    Ok(())
}

fn matrix(s: &Session, name: &str) -> Result<Matrix> {
    s.r.matrices.get(name).cloned().ok_or_else(|| StataError::new(498, "margins gave no results"))
}

/// Names of the variables of the model.
fn regressors(s: &Session) -> Result<Vec<String>> {
    let parameters = Parameters::of(&s.e)?;
    let mut names: Vec<String> = Vec::new();
    for (stripe, term) in parameters.stripe.iter().zip(&parameters.terms) {
        if stripe.name == "_cons" || term.as_ref().is_some_and(|t| t.is_omitted()) {
            continue;
        }
        if stripe.name.contains('.') || stripe.name.contains('#') {
            return Err(StataError::unsupported_option(
                "mfx",
                "factor variables and operators: margins has them",
            ));
        }
        if s.frame.find(&stripe.name).is_some() && !names.contains(&stripe.name) {
            names.push(stripe.name.clone());
        }
    }
    Ok(names)
}

/// Values of a variable in the estimation sample with the weights of the model.
pub(super) fn in_sample(s: &Session, name: &str) -> Result<Vec<(f64, f64)>> {
    let v = s.numeric_variable(name)?;
    let sample = s.required_estimation_sample()?;
    let weights = match s.e.results.get_text("wexp").map(|w| w.trim_start_matches('=').trim().to_string()) {
        Some(text) if !text.is_empty() => Some(s.compile(&text)?),
        _ => None,
    };
    let ctx = s.ctx();
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.num(&ctx, r));
    Ok((0..sample.len()).filter(|r| sample[*r]).map(|r| (s.frame.num_at(v, r), weight(r))).collect())
}

fn is_binary(s: &Session, name: &str) -> Result<bool> {
    Ok(in_sample(s, name)?.iter().all(|(x, _)| *x == 0.0 || *x == 1.0))
}

/// The point of `at()`.
fn point(s: &Session, cmd: &ParsedCommand, names: &[String]) -> Result<Vec<f64>> {
    let text = cmd.options.text("at").unwrap_or("mean").replace('=', " = ");
    let parts = words(&text);
    let (mut base, mut set) = ("mean", Vec::new());
    let mut k = 0;
    while k < parts.len() {
        match parts[k] {
            word @ ("mean" | "median" | "zero") if parts.get(k + 1) != Some(&"=") => base = word,
            name if parts.get(k + 1) == Some(&"=") => {
                let value = parts.get(k + 2).and_then(|x| x.trim_end_matches(',').parse::<f64>().ok());
                let value = value.ok_or_else(|| StataError::invalid("option at() incorrectly specified"))?;
                let v = s.variable(name)?;
                let name = s.frame.var(v).name.clone();
                if !names.contains(&name) {
                    return Err(StataError::invalid(format!("{name} is no variable of the model")));
                }
                set.push((name, value));
                k += 2;
            }
            "," => {}
            other => return Err(StataError::unsupported_option("mfx", &format!("at({other})"))),
        }
        k += 1;
    }
    names
        .iter()
        .map(|name| {
            if let Some((_, x)) = set.iter().find(|(n, _)| n == name) {
                return Ok(*x);
            }
            let pairs = in_sample(s, name)?;
            let sample = Sample::new(pairs.into_iter(), Some(estimators::weights::WeightKind::Analytic));
            Ok(match base {
                "mean" => sample.mean(),
                "median" => sample.percentile(50.0),
                _ => 0.0,
            })
        })
        .collect()
}

fn show(
    s: &mut Session,
    cmd: &ParsedCommand,
    kind: &str,
    (y, label): (f64, &str),
    lines: &[Line],
    level: f64,
) {
    let titles = [
        ("dydx", "Marginal effects", "dy/dx"),
        ("eyex", "Elasticities", "ey/ex"),
        ("dyex", "Semi-elasticities dy/ex", "dy/ex"),
        ("eydx", "Semi-elasticities ey/dx", "ey/dx"),
    ];
    let (_, title, head) = titles.into_iter().find(|t| t.0 == kind).unwrap_or(titles[0]);
    let how = cmd.options.text("predict").map_or("predict".to_string(), |p| format!("predict, {p}"));
    let rule = "-".repeat(78);
    s.print("");
    s.print(format!("{title} after {}", s.e.cmd()));
    s.print(format!("      y  = {label} ({how})"));
    s.print(format!("         = {}", format::number("%10.0g", y).trim()));
    s.print(&rule);
    let percent = format::bare("%4.0g", level);
    s.print(format!("variable |      {head}    Std. Err.     z    P>|z|  [    {percent}% C.I.   ]      X"));
    s.print(format!("{}+{}", "-".repeat(9), "-".repeat(68)));
    let critical = -normal_quantile((1.0 - level / 100.0) / 2.0);
    for line in lines {
        let name = format::right(&format::abbrev(&line.name, 8), 8);
        let mark = if line.discrete { '*' } else { ' ' };
        let effect = format::number("%9.0g", line.effect);
        if is_missing(line.se) {
            s.print(format!(
                "{name}{mark}|  {effect}          .       .      .        .        .   {}",
                format::number("%9.0g", line.at)
            ));
            continue;
        }
        let z = line.effect / line.se;
        let short = |x: f64| format::right(format::number("%8.0g", x).trim(), 9);
        s.print(format!(
            "{name}{mark}|  {effect}   {}  {}   {} {}{}{}",
            format::right(format::number("%7.0g", line.se).trim(), 10),
            format::number("%6.2f", z),
            format::number("%5.3f", normal_two_sided(z)),
            short(line.effect - critical * line.se),
            short(line.effect + critical * line.se),
            format::right(format::number("%8.0g", line.at).trim(), 10)
        ));
    }
    s.print(&rule);
    if lines.iter().any(|l| l.discrete) {
        s.print("(*) dy/dx is for discrete change of dummy variable from 0 to 1");
    }
}

fn store(s: &mut Session, cmd: &ParsedCommand, kind: &str, y: f64, lines: &[Line]) {
    let stripe: Vec<Stripe> = lines.iter().map(|l| Stripe::term(l.name.as_str())).collect();
    let row = |f: &dyn Fn(&Line) -> f64| Matrix::row_vector(lines.iter().map(f).collect(), stripe.clone());
    let discrete: Vec<&str> = lines.iter().map(|l| if l.discrete { "1" } else { "0" }).collect();
    let e = &mut s.e.results;
    e.scalar("Xmfx_y", y).text("Xmfx_cmd", "mfx").text("Xmfx_type", kind);
    e.text("Xmfx_predict", cmd.options.text("predict").unwrap_or("predict"));
    e.text("Xmfx_variables", lines.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(" "));
    e.text("Xmfx_discrete", discrete.join(" "));
    e.matrix(&format!("Xmfx_{kind}"), row(&|l| l.effect));
    e.matrix(&format!("Xmfx_se_{kind}"), row(&|l| l.se));
    e.matrix("Xmfx_X", row(&|l| l.at));
}
