//! `ttesti`: t tests of one or two means from their summary numbers ([R] ttest).

use super::numbers;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::t_inverse_tail;
use estimators::means::{Moments, Spread, one_sample, two_sample};

const SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("UNEqual"), OptSpec::flag("Welch"), OptSpec::real("Level")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ttesti",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "ttesti #obs #mean #sd #val | ttesti #obs1 #mean1 #sd1 #obs2 #mean2 #sd2 [, unequal welch level(#)]",
    notes: "stores r(N_1 N_2 mu_1 mu_2 sd_1 sd_2 se t df_t p p_l p_u level); [R] ttest",
    examples: &[Example {
        run: "ttesti 24 62.6 15.8 75",
        expect: &[("r(df_t)", 23.0), ("r(t)^2 * 15.8^2", 3690.24)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let given = numbers(&cmd.list)?;
    let level = level(s, cmd)?;
    let moments = |x: &[f64]| -> Result<Moments> {
        if x[0] < 2.0 || x[0].fract() != 0.0 || x[2] < 0.0 {
            return Err(StataError::invalid("invalid number of observations or standard deviation"));
        }
        Ok(Moments { n: x[0], mean: x[1], sd: x[2] })
    };
    let spread = match (cmd.has("welch"), cmd.has("unequal")) {
        (true, _) => Spread::Welch,
        (false, true) => Spread::Satterthwaite,
        _ => Spread::Equal,
    };
    let (groups, target, test) = match given.len() {
        4 => {
            let m = moments(&given)?;
            (vec![m], given[3], one_sample(m, given[3]))
        }
        6 => {
            let (a, b) = (moments(&given[..3])?, moments(&given[3..])?);
            (vec![a, b], 0.0, two_sample(a, b, spread))
        }
        _ => return Err(StataError::invalid("wrong number of arguments")),
    };
    let two = groups.len() == 2;
    s.print("");
    s.print(match (two, spread) {
        (false, _) => "One-sample t test",
        (true, Spread::Equal) => "Two-sample t test with equal variances",
        (true, _) => "Two-sample t test with unequal variances",
    });
    s.print("-".repeat(78));
    s.print(format!(
        "{:>9}|     Obs        Mean    Std. err.   Std. dev.   [{}% conf. interval]",
        "",
        format::bare("%5.0g", level)
    ));
    s.print(format!("---------+{}", "-".repeat(68)));
    let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", stata(x)), w);
    for (g, name) in groups.iter().zip(["x", "y"]) {
        let half = t_inverse_tail(g.n - 1.0, 0.5 - level / 200.0) * g.se();
        s.print(format!(
            "{name:>8} |{}{}{}{}{}{}",
            cell(g.n, 8),
            cell(g.mean, 12),
            cell(g.se(), 12),
            cell(g.sd, 12),
            cell(g.mean - half, 12),
            cell(g.mean + half, 12)
        ));
    }
    s.print("-".repeat(78));
    let (p_l, p, p_u) = test.p();
    let what = if two { "diff = mean(x) - mean(y)" } else { "mean = mean(x)" };
    s.print(format!("    {what:<58}t = {}", format::number("%8.4f", stata(test.t))));
    let hypothesis =
        if two { "diff = 0".to_string() } else { format!("mean = {}", format::bare("%9.0g", target)) };
    s.print(format!("H0: {hypothesis:<40}Degrees of freedom = {}", cell(test.df, 12)));
    s.print("");
    let shown = |x: f64| format::bare("%6.4f", stata(x));
    s.print(format!(
        " Pr(T < t) = {}         Pr(|T| > |t|) = {}          Pr(T > t) = {}",
        shown(p_l),
        shown(p),
        shown(p_u)
    ));
    let mut r = Results::default();
    r.scalar("level", level);
    for (i, g) in groups.iter().enumerate() {
        let i = i + 1;
        r.scalar(&format!("N_{i}"), g.n).scalar(&format!("mu_{i}"), g.mean).scalar(&format!("sd_{i}"), g.sd);
    }
    r.scalar("se", stata(test.se)).scalar("t", stata(test.t)).scalar("df_t", stata(test.df));
    r.scalar("p", stata(p)).scalar("p_l", stata(p_l)).scalar("p_u", stata(p_u));
    s.r = r;
    Ok(())
}
