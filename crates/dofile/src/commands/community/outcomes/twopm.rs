//! `twopm`: a binary model of any outcome above zero and a model of the outcome above zero (Belotti, Deb, Manning and Norton
//! 2015, Stata Journal 15). Written from its help files.

use super::twopm_parts::{Fitted, Part, fit, lists, part};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{self, Fact};
use crate::estimation::linear::{Parameters as Linear, predict as linear_prediction};
use crate::estimation::ml_command::replay;
use crate::estimation::response_models;
use crate::estimation::table::Table;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Own, Prediction, add, new_names};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Firstpart"),
    OptSpec::text("Secondpart"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Probability, WeightKind::Analytic, WeightKind::Importance])
.coefficient_table()
.unsupported(&["suest", "nocnsreport"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "twopm",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "twopm depvar [indepvars] [if] [in] [weight], firstpart(logit|probit [, options]) secondpart(glm|regress [, log options]) [vce(conventional|robust|cluster v) robust cluster(v) level(#)] | twopm (depvar = indepvars) (depvar = indepvars) ...",
    notes: "the parts are those of logit, probit, glm and regress; e(b) and e(V) have their equations, uncorrelated; stores e(N), and results of the parts with their names, e(N_logit) e(ll_glm) ...; predict gives Pr(y > 0) E(y | y > 0), after a regression of the log with normal or duan; margins takes the same",
    examples: &[Example {
        // half of the rows are above zero with a mean of 4
        run: "set obs 8\ngenerate y = cond(_n > 4, _n - 2.5, 0)\ntwopm y, firstpart(logit) secondpart(regress)\npredict double m",
        expect: &[("abs(_b[logit:_cons]) < 1e-8", 1.0), ("_b[regress:_cons]", 4.0), ("m", 2.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !replay(s, cmd, "twopm")? {
        estimate(s, cmd)?;
    }
    show(s, cmd)
}

fn estimate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let parts = [
        part(o.text("firstpart"), "firstpart", &["logit", "probit"])?,
        part(o.text("secondpart"), "secondpart", &["glm", "regress"])?,
    ];
    let vce = match (o.text("vce").map(str::trim), o.text("cluster"), cmd.has("robust")) {
        (Some("conventional"), None, false) | (None, None, false) => String::new(),
        (Some(text), None, false) if text.starts_with("boot") || text.starts_with("jack") => {
            return Err(StataError::unsupported_option("twopm", &format!("vce({text})")));
        }
        (Some(text), None, false) => format!("vce({text})"),
        (None, Some(v), _) => format!("vce(cluster {})", v.trim()),
        (None, None, true) => "vce(robust)".to_string(),
        _ => return Err(StataError::invalid("only one of vce(), cluster() and robust is allowed")),
    };
    let listed = lists(&cmd.list)?;
    let fitted = fit(s, cmd, &listed, &parts, &vce)?;
    let y = s.frame.var(s.numeric_variable(&listed.0)?).name.clone();
    post(s, cmd, &parts, fitted, &y);
    Ok(())
}

/// Both parts as one set of results.
fn post(s: &mut Session, cmd: &ParsedCommand, parts: &[Part; 2], fitted: Fitted, y: &str) {
    let Fitted { first, second, touse, smear } = fitted;
    let mut est = Estimation::default();
    let (mut b, mut stripe, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
    for (e, part) in [(&first, &parts[0]), (&second, &parts[1])] {
        let (Some(own), Some(v)) = (e.b(), e.v()) else { continue };
        b.extend_from_slice(own.values());
        stripe.extend(own.col_names.iter().map(|n| Stripe::with_eq(part.command, n.name.as_str())));
        blocks.push(v.clone());
        for (name, x) in e.results.scalars.iter() {
            est.results.scalar(&format!("{name}_{}", part.command), *x);
        }
        for name in ["link", "linkt", "linkf", "varfunct", "varfuncf", "family", "chi2type", "offset"] {
            if let Some(text) = e.results.get_text(name) {
                est.results.text(&format!("{name}_{}", part.command), text);
            }
        }
    }
    let size = b.len();
    let mut v = Matrix::square(vec![0.0; size * size], stripe.clone());
    let mut from = 0;
    for block in blocks {
        for i in 0..block.rows() {
            for j in 0..block.cols() {
                v.set(from + i, from + j, block.get(i, j));
            }
        }
        from += block.rows();
    }
    est.results.matrix("b", Matrix::row_vector(b, stripe)).matrix("V", v);
    est.results.text("cmd", "twopm").text("cmdline", format!("twopm {}", cmd.raw)).text("depvar", y);
    est.results.text("title", "Two-part model").text("predict", "twopm_p");
    est.results.text("firstpart", parts[0].command).text("secondpart", parts[1].command);
    for name in ["vce", "vcetype", "clustvar", "wtype", "wexp"] {
        if let Some(text) = first.results.get_text(name) {
            est.results.text(name, text);
        }
    }
    let n = first.results.get_scalar("N").unwrap_or(MISSING);
    est.results.scalar("N", n).scalar("k_eq", 2.0);
    if let Some(clusters) = first.results.get_scalar("N_clust") {
        est.results.scalar("N_clust", clusters);
    }
    if let Some(smear) = smear {
        est.results.scalar("smear", smear);
    }
    if let (Some(a), Some(b)) = (first.results.get_scalar("ll"), second.results.get_scalar("ll")) {
        est.results.scalar("ll", a + b);
    }
    s.post_estimation(est, touse);
}

fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let e = &s.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let robust = text("vcetype") == "Robust";
    let ll = if robust { "Log pseudolikelihood" } else { "Log likelihood" };
    let parts = [text("firstpart"), text("secondpart")];
    let facts: Vec<(String, Vec<Fact>)> = parts
        .iter()
        .map(|part| {
            let n = Fact::observations(scalar(&format!("N_{part}")));
            let value = crate::format::bare("%10.0g", scalar(&format!("ll_{part}")));
            (format!("{ll} = {value}"), vec![n])
        })
        .collect();
    let (vcetype, clustvar) = (text("vcetype"), text("clustvar"));
    let clusters = e.get_scalar("N_clust");
    let (b, v) = s.e.b_and_v()?;
    s.print("");
    s.print("Two-part model");
    for (k, (part, (ll, n))) in parts.iter().zip(facts).enumerate() {
        s.print("-".repeat(78));
        header::show(s, &[format!("Part {}: {part}", k + 1), ll], &n, 13, 6);
    }
    s.print("");
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        vce_title: &vcetype,
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    }
    .show(s);
    Ok(())
}

const PREDICT: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("normal"), OptSpec::flag("duan")])
    .unsupported(&["SCores", "NOOFFset"]);

/// `predict` after `twopm`.
pub(super) fn predict(after: &str) -> Option<Own> {
    (after == "twopm").then_some((&PREDICT, predict_mean))
}

fn predict_mean(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    if s.e.results.macros.iter().any(|(n, _)| n.starts_with("offset_")) {
        return Err(StataError::unsupported_option("predict", "an offset of one part"));
    }
    let asked = match (cmd.has("normal"), cmd.has("duan")) {
        (true, true) => return Err(StataError::invalid("only one of normal and duan is allowed")),
        (true, _) => "normal",
        (_, true) => "duan",
        _ => "",
    };
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let parameters = Linear::of(&s.e)?;
    let response = response_models::of(s, &parameters, asked).ok_or_else(StataError::syntax)??;
    let parts = ["firstpart", "secondpart"].map(|n| s.e.results.get_text(n).unwrap_or("").to_string());
    let [a, b] = parts.map(|part| linear_prediction(&s.frame, &parameters, &part, &rows));
    let (a, b) = (a?, b?);
    let values = a
        .iter()
        .zip(&b)
        .map(|(a, b)| if is_missing(*a) || is_missing(*b) { MISSING } else { response.at(&[*a, *b]).value })
        .collect();
    add(s, name, kind, &rows, Prediction { values, label: response.label })
}
