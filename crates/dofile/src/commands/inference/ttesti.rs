//! `ttesti`: t tests of one or two means from their summary numbers ([R] ttest).

use super::numbers;
use super::ttest::{one, spread, two_samples};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::means::Moments;

const SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("UNEqual"), OptSpec::flag("Welch"), OptSpec::real("Level")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ttesti",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "ttesti #obs #mean #sd #val | ttesti #obs1 #mean1 #sd1 #obs2 #mean2 #sd2 [, unequal welch level(#)]",
    notes: "stores r(N_1 N_2 mu_1 mu_2 sd_1 sd_2 sd se t df_t p p_l p_u level); [R] ttest",
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
    match given.len() {
        4 => one(s, "", "x", moments(&given)?, given[3], level),
        6 => {
            let groups = [("x", moments(&given[..3])?), ("y", moments(&given[3..])?)];
            two_samples(s, "", groups, spread(cmd), level);
        }
        _ => return Err(StataError::invalid("wrong number of arguments")),
    }
    Ok(())
}
