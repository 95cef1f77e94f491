//! `signrank` and `signtest`: tests of matched pairs ([R] signrank).

use super::{sample, values};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::exact_ranks;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::descriptive::mean_ranks;
use estimators::distributions::{binomial_tail, normal_tail, normal_two_sided};
use estimators::exact_ranks::signed_rank;

const SIGNRANK: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("EXact")]).exp();
const SIGNTEST: StandardSyntax = StandardSyntax::new(&[]).exp();

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "signrank",
    min: 6,
    form: Form::Standard(&SIGNRANK),
    by: ByRule::EachGroup,
    run: signrank,
    syntax: "signrank varname = exp [if] [in] [, exact]",
    notes: "normal approximation, variance adjusted for ties and zeros, and the exact distribution up to 200 observations; stores r(p_exact) r(p_l_exact) r(p_u_exact) r(N) r(N_pos) r(N_neg) r(N_tie) r(sum_pos) r(sum_neg) r(Var_a) r(z) r(p) r(p_l) r(p_u); [R] signrank",
    examples: &[Example {
        run: "set obs 4\ngenerate d = cond(_n == 4, -1.5, _n)\nsignrank d = 0",
        // Ranks of 1, 2, 3 and -1.5 are 1, 3, 4 and 2.
        expect: &[("r(sum_pos)", 8.0), ("r(sum_neg)", 2.0), ("r(Var_a)", 7.5)],
    }],
};

pub(super) const SPEC_SIGNTEST: CommandSpec = CommandSpec {
    name: "signtest",
    min: 6,
    form: Form::Standard(&SIGNTEST),
    by: ByRule::EachGroup,
    run: signtest,
    syntax: "signtest varname = exp [if] [in]",
    notes: "exact binomial; stores r(N_pos) r(N_neg) r(N_tie) r(p_2) r(p_1) r(p_u); [R] signrank",
    examples: &[Example {
        run: "set obs 6\ngenerate d = cond(_n == 6, -1, 1)\nsigntest d = 0",
        expect: &[("r(p)", 0.218_75), ("r(N_pos)", 5.0)],
    }],
};

/// Differences of the variable and the expression, with their names.
fn differences(s: &Session, cmd: &ParsedCommand) -> Result<(Vec<f64>, String, String)> {
    let v = s.numeric_variable(&cmd.list)?;
    let text = cmd.exp.as_deref().ok_or_else(|| StataError::invalid("= exp required"))?;
    let text = text.trim().trim_start_matches('=').trim();
    let compiled = s.compile_numeric(text)?;
    let rows = sample(s, cmd, &[v])?;
    let ctx = s.ctx();
    let found: Vec<f64> = values(s, v, &rows)
        .iter()
        .zip(&rows)
        .map(|(x, r)| (x, compiled.num(&ctx, *r)))
        .filter(|(_, y)| !crate::value::is_missing(*y))
        .map(|(x, y)| x - y)
        .collect();
    if found.is_empty() {
        return Err(StataError::no_observations());
    }
    Ok((found, s.frame.var(v).name.clone(), text.to_string()))
}

fn signrank(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (d, name, other) = differences(s, cmd)?;
    let n = d.len() as f64;
    let size: Vec<f64> = d.iter().map(|x| x.abs()).collect();
    let (rank, _) = mean_ranks(&size);
    let part = |keep: &dyn Fn(f64) -> bool| -> (f64, f64) {
        let found = d.iter().zip(&rank).filter(|(x, _)| keep(**x));
        found.fold((0.0, 0.0), |(count, sum), (_, r)| (count + 1.0, sum + r))
    };
    let (positive, negative, zero) = (part(&|x| x > 0.0), part(&|x| x < 0.0), part(&|x| x == 0.0));
    let unadjusted = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0;
    let for_zeros = -zero.0 * (zero.0 + 1.0) * (2.0 * zero.0 + 1.0) / 24.0;
    // A quarter of the squared ranks of the pairs that differ.
    let variance = d.iter().zip(&rank).filter(|(x, _)| **x != 0.0).map(|(_, r)| r * r).sum::<f64>() / 4.0;
    let expected = (n * (n + 1.0) - zero.0 * (zero.0 + 1.0)) / 4.0;
    let z = (positive.1 - expected) / variance.sqrt();
    let count = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
    s.print("");
    s.print("Wilcoxon signed-rank test");
    s.print("");
    s.print("        Sign |      Obs   Sum ranks    Expected");
    s.print("-------------+---------------------------------");
    for (label, found, e) in
        [("Positive", positive, expected), ("Negative", negative, expected), ("Zero", zero, zero.1)]
    {
        s.print(format!("{label:>12} |{}{}{}", count(found.0, 9), count(found.1, 12), count(e, 12)));
    }
    s.print("-------------+---------------------------------");
    let all = n * (n + 1.0) / 2.0;
    s.print(format!("{:>12} |{}{}{}", "All", count(n, 9), count(all, 12), count(all, 12)));
    s.print("");
    let number = |x: f64| format::right(&format::bare("%10.2f", x), 12);
    s.print(format!("Unadjusted variance {}", number(unadjusted)));
    s.print(format!("Adjustment for ties {}", number(variance - unadjusted - for_zeros)));
    s.print(format!("Adjustment for zeros{}", number(for_zeros)));
    s.print("                     -----------");
    s.print(format!("Adjusted variance   {}", number(variance)));
    s.print("");
    s.print(format!("H0: {name} = {other}"));
    s.print(format!("         z = {}", format::number("%6.3f", stata(z))));
    s.print(format!("Prob > |z| = {}", format::number("%6.4f", stata(normal_two_sided(z)))));
    let mut r = Results::default();
    if exact_ranks::wanted(d.len(), cmd.has("exact"))? {
        let differ: Vec<f64> = d.iter().zip(&rank).filter(|(x, _)| **x != 0.0).map(|(_, r)| *r).collect();
        exact_ranks::report(s, &mut r, &signed_rank(&differ, positive.1));
    }
    r.scalar("N", n).scalar("N_pos", positive.0).scalar("N_neg", negative.0).scalar("N_tie", zero.0);
    r.scalar("sum_pos", positive.1).scalar("sum_neg", negative.1).scalar("Var_a", variance);
    r.scalar("z", stata(z)).scalar("p", stata(normal_two_sided(z)));
    r.scalar("p_l", stata(normal_tail(-z))).scalar("p_u", stata(normal_tail(z)));
    s.r = r;
    Ok(())
}

fn signtest(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (d, name, other) = differences(s, cmd)?;
    let count = |keep: &dyn Fn(f64) -> bool| d.iter().filter(|x| keep(**x)).count() as f64;
    let (positive, negative, zero) = (count(&|x| x > 0.0), count(&|x| x < 0.0), count(&|x| x == 0.0));
    let n = (positive + negative) as u64;
    let upper = binomial_tail(n, positive as u64, 0.5);
    let lower = binomial_tail(n, negative as u64, 0.5);
    let both = (2.0 * binomial_tail(n, positive.max(negative) as u64, 0.5)).min(1.0);
    let half = (positive + negative) / 2.0;
    let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
    s.print("");
    s.print("Sign test");
    s.print("");
    s.print("        Sign |   Observed    Expected");
    s.print("-------------+------------------------");
    for (label, o, e) in [("Positive", positive, half), ("Negative", negative, half), ("Zero", zero, zero)] {
        s.print(format!("{label:>12} |{}{}", cell(o, 11), cell(e, 12)));
    }
    s.print("-------------+------------------------");
    s.print(format!("{:>12} |{}{}", "All", cell(d.len() as f64, 11), cell(d.len() as f64, 12)));
    s.print("");
    let p = |x: f64| format::bare("%6.4f", stata(x));
    s.print("One-sided tests:");
    s.print(format!("  H0: median of {name} - {other} = 0 vs."));
    s.print(format!("  Ha: median of {name} - {other} > 0"));
    s.print(format!("      Pr(#positive >= {positive}) = {}", p(upper)));
    s.print(format!("  Ha: median of {name} - {other} < 0"));
    s.print(format!("      Pr(#negative >= {negative}) = {}", p(lower)));
    s.print("");
    s.print("Two-sided test:");
    s.print(format!("  Ha: median of {name} - {other} != 0"));
    s.print(format!("      Pr(#positive >= {0} or #negative >= {0}) = {1}", positive.max(negative), p(both)));
    let mut r = Results::default();
    r.scalar("N", d.len() as f64).scalar("N_pos", positive).scalar("N_neg", negative).scalar("N_tie", zero);
    r.scalar("p", both).scalar("p_2", both).scalar("p_u", upper).scalar("p_l", lower);
    s.r = r;
    Ok(())
}
