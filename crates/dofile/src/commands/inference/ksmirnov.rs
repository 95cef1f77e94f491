//! `ksmirnov`: Kolmogorov–Smirnov test of two distributions ([R] ksmirnov).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::kolmogorov_tail;
use estimators::smirnov::exact_smirnov;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("by"), OptSpec::flag("EXact")]).exp();

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ksmirnov",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ksmirnov varname [if] [in], by(groupvar) [exact] | ksmirnov varname = exp [if] [in]",
    notes: "asymptotic p-values, with exact also the exact one of two samples, which counts paths and takes no account of ties; one sample: exp is the theoretical distribution function; stores r(D_1) r(p_1) r(D_2) r(p_2) r(D) r(p), with two samples r(group1) r(group2), with exact r(p_exact); [R] ksmirnov",
    examples: &[Example {
        run: "set obs 8\ngenerate g = _n > 4\ngenerate x = cond(_n == 8, 2.5, _n)\nksmirnov x, by(g)",
        // At 4 all of the first group and one of four of the second lie below.
        expect: &[("r(D)", 0.75), ("r(D_2) + 1", 1.0)],
    }],
};

/// A line of the table.
fn line(name: &str, d: f64, p: f64) -> String {
    format!(
        "{:<18}{}{}",
        format!("{}:", format::abbrev(name, 17)),
        format::right(&format::bare("%7.4f", stata(d)), 12),
        format::right(&format::bare("%5.3f", stata(p)), 9)
    )
}

/// The test of one sample against the distribution function that an expression gives in each row.
fn one_sample(s: &mut Session, cmd: &ParsedCommand, exp: &str) -> Result<()> {
    if cmd.options.has("by") {
        return Err(StataError::invalid("by() is for two samples"));
    }
    if cmd.has("exact") {
        return Err(StataError::invalid("exact is for two samples"));
    }
    let variable = s.numeric_variable(cmd.list.trim())?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[variable], &mut touse, true)?;
    let compiled = s.compile(exp)?;
    let ctx = s.ctx();
    let mut pairs: Vec<(f64, f64)> = (0..touse.len())
        .filter(|i| touse[*i])
        .map(|i| (s.frame.num_at(variable, i), compiled.num(&ctx, i)))
        .filter(|p| !crate::value::is_missing(p.1))
        .collect();
    if pairs.is_empty() {
        return Err(StataError::no_observations());
    }
    if pairs.iter().any(|p| !(0.0..=1.0).contains(&p.1)) {
        return Err(StataError::new(
            498,
            format!("{exp} is not a distribution function: values outside 0 to 1"),
        ));
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = pairs.len() as f64;
    // Tied values share the steps of the sample's function before and after them.
    let share =
        |x: f64, below: bool| pairs.partition_point(|p| if below { p.0 < x } else { p.0 <= x }) as f64 / n;
    let above = pairs.iter().map(|p| share(p.0, false) - p.1).fold(0.0, f64::max);
    let below = pairs.iter().map(|p| share(p.0, true) - p.1).fold(0.0, f64::min);
    let d = above.max(-below);
    let one_sided = |d: f64| (-2.0 * n * d * d).exp();
    let p = kolmogorov_tail(d * n.sqrt());
    s.print("");
    s.print("One-sample Kolmogorov–Smirnov test against theoretical distribution");
    s.print(format!("           {exp}"));
    s.print("");
    s.print("Smaller group             D     p-value  ");
    s.print("---------------------------------------");
    let name = s.frame.var(variable).name.clone();
    s.print(line(&name, above, one_sided(above)));
    s.print(line("Cumulative", below, one_sided(below)));
    s.print(line("Combined K-S", d, p));
    let mut r = Results::default();
    r.scalar("D_1", above).scalar("p_1", one_sided(above));
    r.scalar("D_2", below).scalar("p_2", one_sided(below)).scalar("D", d).scalar("p", p);
    s.r = r;
    Ok(())
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(exp) = cmd.exp.clone() {
        return one_sample(s, cmd, &exp);
    }
    let Some(by) = cmd.options.text("by") else {
        return Err(StataError::invalid("option by() required"));
    };
    let grouped = Grouped::read(s, cmd, cmd.list.trim(), by)?.two()?;
    let sorted = |g: usize| {
        let mut x = grouped.of(g);
        x.sort_by(f64::total_cmp);
        x
    };
    let (a, b) = (sorted(0), sorted(1));
    let (n, m) = (a.len() as f64, b.len() as f64);
    let share = |x: &[f64], at: f64| x.partition_point(|v| *v <= at) as f64 / x.len() as f64;
    let gaps: Vec<f64> = a.iter().chain(&b).map(|&x| share(&a, x) - share(&b, x)).collect();
    // As Stata: the first line tests whether the first group holds smaller values.
    let above = gaps.iter().copied().fold(0.0, f64::max);
    let below = gaps.iter().copied().fold(0.0, f64::min);
    let d = above.max(-below);
    let scale = n * m / (n + m);
    let one_sided = |d: f64| (-2.0 * scale * d * d).exp();
    let p = kolmogorov_tail(d * scale.sqrt());
    s.print("");
    let exact = cmd.has("exact").then(|| exact_smirnov(a.len(), b.len(), d));
    let (heading, rule) = if exact.is_some() { ("    Exact", "------------") } else { ("", "") };
    s.print("Two-sample Kolmogorov–Smirnov test for equality of distribution functions");
    s.print("");
    s.print(format!("Smaller group             D     p-value  {heading}"));
    s.print(format!("---------------------------------------{rule}"));
    s.print(line(&grouped.names[0], above, one_sided(above)));
    s.print(line(&grouped.names[1], below, one_sided(below)));
    let last = exact.map_or_else(String::new, |p| format::right(&format::bare("%5.3f", stata(p)), 11));
    s.print(format!("{}{last}", line("Combined K-S", d, p)));
    let mut all: Vec<f64> = a.iter().chain(&b).copied().collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    if all.len() < a.len() + b.len() {
        s.print("");
        s.print("Note: Ties exist in combined dataset;");
        let (unique, count) = (all.len(), a.len() + b.len());
        s.print(format!("      there are {unique} unique values out of {count} observations."));
    }
    let mut r = Results::default();
    if let Some(exact) = exact {
        r.scalar("p_exact", stata(exact));
    }
    r.scalar("D_1", above)
        .scalar("p_1", one_sided(above))
        .scalar("D_2", below)
        .scalar("p_2", one_sided(below));
    r.scalar("D", d).scalar("p", p);
    r.text("group1", &grouped.names[0]).text("group2", &grouped.names[1]);
    s.r = r;
    Ok(())
}
