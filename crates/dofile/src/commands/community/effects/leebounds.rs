//! `leebounds`: bounds of a treatment effect under selection (Lee 2009; Tauchmann 2014, Stata Journal 14). Written from the
//! papers and the help file; numbers: `estimators::lee_bounds`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::ml_command::{Look, replay, table};
use crate::estimation::post::command_line;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::dots::Dots;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::Options;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::lee_bounds::{Bounds, Unit, bounds, effect_interval};
use estimators::weights::WeightKind;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("SELect"),
    OptSpec::flag("CIEffect"),
    OptSpec::text("vce"),
    OptSpec::real("LEVel"),
])
.weights(&[WeightKind::Frequency])
.coefficient_table()
.unsupported(&["TIGht"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "leebounds",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "leebounds depvar treatvar [if] [in] [fweight] [, select(varname) cieffect vce(analytic | bootstrap [, reps(#) nodots]) level(#)]",
    notes: "the group with the higher share of observed outcomes is trimmed; an outcome at the cut, and all outcomes equal to it, count in part; without select() a missing outcome is not selected; the analytic covariance of both bounds is zero, as in Stata; cieffect is the interval of Imbens and Manski (2004); draws are not Stata's stream; stores e(N Nsel trim cilower ciupper level N_reps), e(b) (treatvar:lower treatvar:upper), e(V), e(trimmed); tight() and weights other than frequencies are refused; Lee (2009)",
    examples: &[Example {
        // all 4 treated and 3 of 4 controls are observed: one of the treated is trimmed, 1 or 9
        run: "input d y\n1 1\n1 3\n1 5\n1 9\n0 2\n0 3\n0 4\n0 .\nend\nleebounds y d",
        expect: &[
            ("[d]_b[lower]", 0.0),
            ("[d]_b[upper]", 17.0 / 3.0 - 3.0),
            ("e(trim)", 0.25),
            ("e(Nsel)", 7.0),
        ],
    }],
};

/// The sample.
struct Sample {
    depvar: String,
    treatment: String,
    units: Vec<Unit>,
    touse: Vec<bool>,
}

/// Replications of `vce(bootstrap)`, and whether dots are shown; nothing for analytic standard errors.
fn replications(text: Option<&str>) -> Result<Option<(usize, bool)>> {
    let Some(text) = text else { return Ok(None) };
    let (kind, tail) = text.split_once(',').unwrap_or((text, ""));
    let kind = kind.trim();
    let is = |full: &str, least: usize| kind.len() >= least && full.starts_with(kind);
    if is("analytic", 3) && tail.trim().is_empty() {
        return Ok(None);
    }
    if !is("bootstrap", 4) {
        return Err(StataError::invalid(format!("vcetype '{}' not allowed", text.trim())));
    }
    let options = Options::parse("leebounds", tail, &[OptSpec::int("Reps"), OptSpec::flag("noDots")], &[])?;
    match options.int("reps").unwrap_or(50) {
        reps if (2..=1_000_000).contains(&reps) => Ok(Some((reps as usize, !options.has("nodots")))),
        _ => Err(StataError::invalid("reps() must be between 2 and 1000000")),
    }
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Sample> {
    let variables = s.varlist(&cmd.list)?;
    let [y, d] = match variables[..] {
        [y, d] => [y, d],
        [] | [_] => return Err(StataError::standard(102)),
        _ => return Err(StataError::standard(103)),
    };
    let mut touse = s.rows(cmd)?;
    s.markout(&[d], &mut touse, false)?;
    let chooser = cmd.options.text("select").map(|name| s.numeric_variable(name.trim())).transpose()?;
    s.markout(chooser.as_slice(), &mut touse, false)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut values: Vec<f64> = rows.iter().map(|r| s.frame.num_at(d, *r)).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let [_, treated] = values[..] else {
        return Err(StataError::new(450, format!("{} must take two values", s.frame.var(d).name)));
    };
    let outcome = s.frame.numeric(y)?;
    let mut units = Vec::with_capacity(rows.len());
    for r in rows {
        let known = !is_missing(outcome[r]);
        let selected = match chooser.map(|v| s.frame.num_at(v, r)) {
            None => known,
            Some(0.0) => false,
            Some(1.0) if known => true,
            Some(1.0) => {
                return Err(StataError::new(459, "select() is 1 where the outcome is missing"));
            }
            Some(_) => return Err(StataError::new(450, "select() must be 0 or 1")),
        };
        units.push(Unit {
            treated: s.frame.num_at(d, r) == treated,
            y: selected.then(|| outcome[r]),
            weight: weights.as_ref().map_or(1.0, |w| w.values[r]),
        });
    }
    let name = |v: usize| s.frame.var(v).name.clone();
    Ok(Sample { depvar: name(y), treatment: name(d), units, touse })
}

/// Covariance of the bounds over samples that are drawn with replacement, and the number of them that had bounds.
fn bootstrap(s: &mut Session, units: &[Unit], reps: usize, dots: bool) -> Result<([f64; 4], usize)> {
    let each: Vec<Unit> = units
        .iter()
        .flat_map(|u| std::iter::repeat_n(Unit { weight: 1.0, ..*u }, u.weight as usize))
        .collect();
    let mut drawn: Vec<[f64; 2]> = Vec::with_capacity(reps);
    let mut dots = dots.then(|| Dots::begin(s, "Bootstrap replications", reps));
    for _ in 0..reps {
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
        let last = each.len() as f64 - 1.0;
        let sample: Vec<Unit> =
            (0..each.len()).map(|_| each[s.rng.borrow_mut().uniform_int(0.0, last) as usize]).collect();
        let found = bounds(&sample);
        if let Some(dots) = &mut dots {
            dots.dot(s, found.is_none());
        }
        drawn.extend(found.map(|b| [b.lower, b.upper]));
    }
    if let Some(dots) = dots {
        dots.end(s);
    }
    if drawn.len() < 2 {
        return Err(StataError::new(2001, "insufficient observations to compute bootstrap standard errors"));
    }
    let count = drawn.len() as f64;
    let mean = |k: usize| drawn.iter().map(|d| d[k]).sum::<f64>() / count;
    let means = [mean(0), mean(1)];
    let covariance = |i: usize, j: usize| {
        drawn.iter().map(|d| (d[i] - means[i]) * (d[j] - means[j])).sum::<f64>() / (count - 1.0)
    };
    Ok(([covariance(0, 0), covariance(0, 1), covariance(1, 0), covariance(1, 1)], drawn.len()))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if !replay(s, cmd, "leebounds")? {
        let resampled = replications(cmd.options.text("vce"))?;
        let sample = read(s, cmd)?;
        let found = bounds(&sample.units)
            .ok_or_else(|| StataError::new(2001, "both groups need at least two observed outcomes"))?;
        let (v, done) = match resampled {
            Some((reps, dots)) => {
                let (v, done) = bootstrap(s, &sample.units, reps, dots)?;
                (v, Some(done))
            }
            None => ([found.se_lower.powi(2), 0.0, 0.0, found.se_upper.powi(2)], None),
        };
        post(s, cmd, &sample, found, v, done, level);
    }
    show(s, cmd)
}

fn post(
    s: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    found: Bounds,
    v: [f64; 4],
    done: Option<usize>,
    level: f64,
) {
    let stripe = ["lower", "upper"].map(|n| Stripe::with_eq(&sample.treatment, n)).to_vec();
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(vec![found.lower, found.upper], stripe.clone()));
    r.matrix("V", Matrix::square(v.to_vec(), stripe));
    let total = |units: &mut dyn Iterator<Item = &Unit>| units.map(|u| u.weight).sum::<f64>();
    r.scalar("N", total(&mut sample.units.iter()));
    r.scalar("Nsel", total(&mut sample.units.iter().filter(|u| u.y.is_some())));
    r.scalar("trim", found.trim).scalar("level", level);
    if cmd.has("cieffect") {
        let se = (v[0].sqrt(), v[3].sqrt());
        let interval = effect_interval((found.lower, found.upper), se, level / 100.0);
        let (low, high) = interval.unwrap_or((MISSING, MISSING));
        r.scalar("cilower", low).scalar("ciupper", high);
    }
    r.text("cmd", "leebounds").text("cmdline", command_line(cmd));
    r.text("title", "Lee (2009) treatment effect bounds").text("depvar", sample.depvar.as_str());
    r.text("treatment", sample.treatment.as_str()).text("properties", "b V");
    r.text("trimmed", if found.treated_trimmed { "treatment" } else { "control" });
    match done {
        Some(done) => {
            r.text("vce", "bootstrap").text("vcetype", "Bootstrap").scalar("N_reps", done as f64);
        }
        None => {
            r.text("vce", "analytic");
        }
    }
    if let Some(select) = cmd.options.text("select") {
        r.text("select", select.trim());
    }
    if let Some(weight) = &cmd.weight {
        r.text("wtype", "fweight").text("wexp", format!("= {}", weight.exp));
    }
    s.post_estimation(est, sample.touse.clone());
}

fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    s.print("");
    s.print("Lee (2009) treatment effect bounds");
    s.print("");
    for (label, name, fmt) in [
        ("Number of obs.", "N", "%9.0g"),
        ("Number of selected obs.", "Nsel", "%9.0g"),
        // spelled as the command prints it
        ("Trimming porportion", "trim", "%6.4f"),
    ] {
        let value = format::bare(fmt, scalar(s, name));
        s.print(format!("{label:<34} =   {}", value.trim()));
    }
    if scalar(s, "cilower") != MISSING {
        let own = scalar(s, "level");
        let [low, high] =
            ["cilower", "ciupper"].map(|n| format::bare("%9.4f", scalar(s, n)).trim().to_string());
        let label = format!("Effect {}% conf. interval", format::bare("%5.0g", own).trim());
        s.print(format!("{label:<34} : [{low}  {high}]"));
    }
    s.print("");
    table(s, cmd, &Look { equations: true, ..Look::default() })
}
