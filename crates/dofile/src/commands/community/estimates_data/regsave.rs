//! `regsave`: coefficients and statistics of a model as a data set.

use super::{Data, save};
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::ops::files::with_extension;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::varlist::wildcard;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::distributions::{normal_quantile, t_inverse_tail};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("TSTAT"),
    OptSpec::flag("PVAL"),
    OptSpec::flag("CI"),
    OptSpec::real("LEVEL"),
    OptSpec::flag("replace"),
    OptSpec::flag("APPEND"),
    OptSpec::text("ADDLABel"),
    OptSpec::text("ADDVAR"),
    OptSpec::flag("CMDLINE"),
    OptSpec::flag("NOOBS"),
    OptSpec::flag("NORSquared"),
    OptSpec::text("DETAIL"),
    OptSpec::real("DF"),
])
.using(Using::Optional)
.unsupported(&["TABLE", "AUTOID", "COEFMAT", "VARMAT", "RTABLE", "SAVEOLD", "SIGFIG", "DOUBLE", "COVAR"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "regsave",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "regsave [coefficients] [using file] [, tstat pval ci level(#) replace append addlabel(name, value, ...) addvar(name, b, se, ...) cmdline noobs norsquared detail(all|scalars|macros) df(#)]",
    notes: "without using the data in memory become the data set: var coef stderr [tstat pval ci_lower ci_upper] N r2 and the labels; table() is refused; no results; Reif (2010)",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = x + mod(_n, 2)\nregress y x\nscalar b = _b[x]\nscalar p = 2*ttail(e(df_r), abs(_b[x]/_se[x]))\nscalar r2 = e(r2)\ntempfile f\nregsave using `f'.dta, tstat pval ci addlabel(model, one, size, 5)\nregsave x using `f'.dta, append addlabel(model, two)\nuse `f'.dta, clear\nerase `f'.dta",
        expect: &[
            ("_N", 3.0),
            ("abs(coef[1] - b) < 1e-12", 1.0),
            ("abs(pval[1] - p) < 1e-12", 1.0),
            ("abs(r2[3] - scalar(r2)) < 1e-12", 1.0),
            ("model[3] == \"two\"", 1.0),
            ("size[1] == \"5\"", 1.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (data, rows) = data(s, cmd)?;
    let mut frame = data.frame(rows)?;
    frame.changed = true;
    let Some(file) = &cmd.using else {
        if cmd.has("append") {
            return Err(StataError::invalid("append needs using"));
        }
        s.frame = frame;
        return Ok(());
    };
    let file = with_extension(file, "dta");
    if !cmd.has("append") || !s.path(&file).exists() {
        return save(s, frame, &file, cmd.has("replace"));
    }
    let before = std::mem::replace(&mut s.frame, frame);
    let done = joined(s, &file);
    s.frame = before;
    done
}

/// Writes the rows of the file and then those in memory to the file.
fn joined(s: &mut Session, file: &str) -> Result<()> {
    quietly(s, "tempfile __regsave")?;
    let temporary = s.local("__regsave").to_string();
    quietly(s, &format!("save \"{temporary}\", replace"))?;
    quietly(s, &format!("use \"{file}\", clear"))?;
    quietly(s, &format!("append using \"{temporary}\""))?;
    s.run_expanded(&format!("save \"{file}\", replace")).map(|_| ())
}

fn data(s: &Session, cmd: &ParsedCommand) -> Result<(Data, usize)> {
    if s.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let parameters = Parameters::of(&s.e)?;
    let several = parameters.equations().len() > 1;
    let patterns: Vec<&str> = cmd.list.split_whitespace().collect();
    let name = |i: usize| {
        let stripe = &parameters.stripe[i];
        if several { stripe.full() } else { stripe.name.clone() }
    };
    let wanted: Vec<usize> = (0..parameters.b.len())
        .filter(|i| {
            patterns.is_empty()
                || patterns.iter().any(|p| wildcard(p, &name(*i)) || wildcard(p, &parameters.stripe[*i].name))
        })
        .collect();
    if wanted.is_empty() {
        return Err(StataError::new(111, format!("{} not found", cmd.list.trim())));
    }
    let df = cmd.options.real("df").or(s.e.results.get_scalar("df_r"));
    let mut rows: Vec<(String, f64, f64)> =
        wanted.iter().map(|i| (name(*i), parameters.b[*i], parameters.v[(*i, *i)].sqrt())).collect();
    let added = items(cmd.options.text("addvar"));
    if !added.len().is_multiple_of(3) {
        return Err(StataError::invalid("addvar() must have names, coefficients and standard errors"));
    }
    for part in added.chunks(3) {
        rows.push((part[0].clone(), s.eval_num(&part[1])?, s.eval_num(&part[2])?));
    }
    let mut data = Data::default();
    let n = rows.len();
    columns(s, cmd, &rows, df, &mut data);
    further(s, cmd, n, &mut data)?;
    Ok((data, n))
}

fn columns(s: &Session, cmd: &ParsedCommand, rows: &[(String, f64, f64)], df: Option<f64>, data: &mut Data) {
    data.text("var", "", rows.iter().map(|r| r.0.clone()));
    let column = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        rows.iter().map(|r| f(r.1, r.2)).map(|x| if x.is_finite() { x } else { MISSING }).collect()
    };
    data.number("coef", "", "%9.0g", &column(&|b, _| b));
    data.number("stderr", "", "%9.0g", &column(&|_, se| se));
    if cmd.has("tstat") {
        data.number("tstat", "", "%9.0g", &column(&|b, se| b / se));
    }
    if cmd.has("pval") {
        data.number(
            "pval",
            "",
            "%9.0g",
            &column(&|b, se| if se > 0.0 { wald::p_value(b / se, df) } else { f64::NAN }),
        );
    }
    if cmd.has("ci") {
        let tail = (1.0 - cmd.options.real("level").unwrap_or(s.settings.level) / 100.0) / 2.0;
        let critical = df.map_or_else(|| -normal_quantile(tail), |df| t_inverse_tail(df, tail));
        data.number("ci_lower", "", "%9.0g", &column(&|b, se| b - critical * se));
        data.number("ci_upper", "", "%9.0g", &column(&|b, se| b + critical * se));
    }
}

fn further(s: &Session, cmd: &ParsedCommand, n: usize, data: &mut Data) -> Result<()> {
    let e = &s.e.results;
    let mut have: Vec<String> = Vec::new();
    let detail = cmd.options.text("detail").unwrap_or("");
    if !["", "all", "scalars", "macros"].contains(&detail) {
        return Err(StataError::invalid("option detail() incorrectly specified"));
    }
    for (name, off) in [("N", "noobs"), ("r2", "norsquared")] {
        if let Some(x) = e.get_scalar(name).filter(|x| !is_missing(*x) && !cmd.has(off)) {
            data.number(name, "", "%9.0g", &vec![x; n]);
            have.push(name.to_string());
        }
    }
    if ["all", "scalars"].contains(&detail) {
        for (name, x) in e.scalars.iter().filter(|(name, _)| !have.iter().any(|h| h == name)) {
            data.number(name, "", "%9.0g", &vec![*x; n]);
        }
    }
    if ["all", "macros"].contains(&detail) {
        for (name, text) in e.macros.iter() {
            data.text(name, "", (0..n).map(|_| text.clone()));
        }
    } else if cmd.has("cmdline") {
        let line = e.get_text("cmdline").unwrap_or("").to_string();
        data.text("cmdline", "", (0..n).map(|_| line.clone()));
    }
    let labels = items(cmd.options.text("addlabel"));
    if !labels.len().is_multiple_of(2) {
        return Err(StataError::invalid("addlabel() must have names and values"));
    }
    for pair in labels.chunks(2) {
        data.text(&pair[0], "", (0..n).map(|_| pair[1].clone()));
    }
    Ok(())
}

/// Items with commas between them.
fn items(text: Option<&str>) -> Vec<String> {
    let clean = |t: &str| t.trim().trim_matches('"').to_string();
    text.map(|t| t.split(',').map(clean).collect()).unwrap_or_default()
}
