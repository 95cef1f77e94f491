//! `runtest`: runs of values above and below a threshold in the order of the data ([R] runtest; Swed and Eisenhart
//! 1943, Annals of Mathematical Statistics 14).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::distributions::normal_two_sided;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Continuity"),
    OptSpec::flag("Drop"),
    OptSpec::flag("Split"),
    OptSpec::flag("Mean"),
    OptSpec::real("Threshold"),
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "runtest",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "runtest varname [in] [, continuity drop split mean threshold(#)]",
    notes: "threshold: the median, the mean or threshold(); values at it count as below; drop leaves them out, split counts them at random; stores r(N) r(N_below) r(N_above) r(n_runs) r(mean) r(Var) r(z) r(p); [R] runtest",
    examples: &[Example {
        // Alternating values: four runs of 2 and 2, where 3 are expected with variance 2/3.
        run: "input x\n1\n2\n1\n2\nend\nruntest x",
        expect: &[("r(n_runs)", 4.0), ("r(mean)", 3.0), ("r(Var)", 2.0 / 3.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.if_exp.is_some() {
        // the order of the rows is tested: Stata takes a range only
        return Err(StataError::new(101, "if not allowed"));
    }
    let variable = s.numeric_variable(cmd.list.trim())?;
    if cmd.has("drop") && cmd.has("split") {
        return Err(StataError::invalid("options drop and split may not be combined"));
    }
    if cmd.has("mean") && cmd.has("threshold") {
        return Err(StataError::invalid("options mean and threshold() may not be combined"));
    }
    let touse = s.rows(cmd)?;
    let values: Vec<f64> = (0..touse.len())
        .filter(|i| touse[*i])
        .map(|i| s.frame.num_at(variable, i))
        .filter(|x| !is_missing(*x))
        .collect();
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    let threshold = match cmd.options.real("threshold") {
        Some(t) => t,
        None if cmd.has("mean") => values.iter().sum::<f64>() / values.len() as f64,
        None => median(&values),
    };
    let mut above = Vec::with_capacity(values.len());
    for x in values {
        if x != threshold {
            above.push(x > threshold);
        } else if cmd.has("split") {
            above.push(s.rng.borrow_mut().uniform_int(0.0, 1.0) > 0.5);
        } else if !cmd.has("drop") {
            above.push(false);
        }
    }
    let name = s.frame.var(variable).name.clone();
    show(s, &name, threshold, &above, cmd.has("continuity"));
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

fn show(s: &mut Session, name: &str, threshold: f64, above: &[bool], continuity: bool) {
    let n = above.len() as f64;
    let high = above.iter().filter(|a| **a).count() as f64;
    let runs = above.windows(2).filter(|w| w[0] != w[1]).count() as f64 + f64::from(u8::from(n > 0.0));
    let mean = 2.0 * high * (n - high) / n + 1.0;
    let variance = (mean - 1.0) * (mean - 2.0) / (n - 1.0);
    let distance = runs - mean;
    let shift = if !continuity || distance == 0.0 { 0.0 } else { -0.5 * distance.signum() };
    let z = (distance + shift) / variance.sqrt();
    let p = normal_two_sided(z);
    let limit = format::bare("%9.0g", threshold);
    s.print("");
    for (label, fmt, x) in [
        (format!("N({name} <= {limit})"), "%9.0g", n - high),
        (format!("N({name} >  {limit})"), "%9.0g", high),
        ("obs".into(), "%9.0g", n),
        ("N(runs)".into(), "%9.0g", runs),
        ("z".into(), "%9.2f", z),
        ("Prob>|z|".into(), "%9.2f", p),
    ] {
        s.print(format!("{label:>24} = {}", format::bare(fmt, stata(x))));
    }
    let mut r = Results::default();
    r.scalar("N", n).scalar("N_below", n - high).scalar("N_above", high).scalar("n_runs", runs);
    r.scalar("mean", stata(mean)).scalar("Var", stata(variance)).scalar("z", stata(z)).scalar("p", stata(p));
    s.r = r;
}
