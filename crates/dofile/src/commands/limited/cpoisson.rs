//! `cpoisson`: Poisson regression of counts that are censored at limits.
//!
//! Stores in `e()`: N N_unc N_lc N_rc llopt ulopt df_m ll ll_0 r2_p chi2 p rank converged, b, V, cmd depvar offset.
//! Formulas: [R] cpoisson, Methods and formulas; Terza (1985), Economics Letters 18.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::scalar;
use super::tobit::limit;
use super::zero::{log_mean, main_equation, read};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{self, label};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::jet::{Formula, Jet};
use estimators::ml_censored::{Seen, within};
use estimators::ml_zero::{ln_at_least, ln_at_most, poisson};

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag_or_text("ll"),
    OptSpec::flag_or_text("ul"),
    OptSpec::flag("IRr"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cpoisson",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "cpoisson depvar [indepvars] [if] [in] [weight], {ll[(#)] ul[(#)]} [irr exposure(v) offset(v) noconstant vce(oim|robust|cluster v|opg) level(#) nolog]",
    notes: "a count at or below ll() is at most this one, a count at or above ul() at least this one; stores e(N N_unc N_lc N_rc llopt ulopt df_m ll ll_0 r2_p chi2 p), e(b), e(V), r(table); formulas: [R] cpoisson",
    examples: &[Example {
        // Limits that censor nothing give poisson.
        run: "set obs 12\ngen x = mod(_n, 4)\ngen y = x + mod(_n*5, 3)\npoisson y x, nolog\nscalar b = _b[x]\ncpoisson y x, ul(100) nolog",
        expect: &[("abs(_b[x] - b) < 1e-9", 1.0), ("e(N_unc)", 12.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "cpoisson",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { eform: cmd.has("irr").then_some("IRR"), ..Look::default() },
            footer: &|_| {},
        },
    )
}

/// `ln P` of what is seen of a count, at its log mean.
fn contribution(seen: Seen, eta: Jet<1>) -> Jet<1> {
    match seen {
        Seen::AtMost(y) => ln_at_most(y, eta),
        Seen::AtLeast(y) => ln_at_least(y, eta),
        Seen::Value(y) | Seen::Between(y, _) => poisson(y, eta),
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let model = read(session, cmd, further)?;
    let extreme = |f: fn(f64, f64) -> f64, from: f64| model.y.iter().copied().fold(from, f);
    let lower = limit(cmd, "ll", extreme(f64::min, f64::INFINITY))?;
    let upper = limit(cmd, "ul", extreme(f64::max, f64::NEG_INFINITY))?;
    if lower.is_none() && upper.is_none() {
        return Err(StataError::new(198, "must specify ll[()] or ul[()] or both"));
    }
    if [lower, upper].iter().flatten().any(|l| *l < 0.0) {
        return Err(StataError::new(198, "censoring limits must be nonnegative"));
    }
    if lower.zip(upper).is_some_and(|(l, u)| l >= u) {
        return Err(StataError::invalid("ll() must be less than ul()"));
    }
    let seen: Vec<Seen> = model.y.iter().map(|y| within(*y, lower, upper)).collect();
    if !seen.iter().any(|s| matches!(s, Seen::Value(_))) {
        return Err(StataError::new(2000, "no uncensored observations"));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let formula = Formula::<1, _>(|row: usize, [eta]: [Jet<1>; 1]| contribution(seen[row], eta));
    let slopes = model.columns().len();
    let constant: Vec<f64> = model.constant.then(|| log_mean(&model, shift)).into_iter().collect();
    let null = match model.constant {
        true => {
            let alone = vec![main_equation(&model, false, shift)];
            Some(ml_command::quiet(&model, &formula, alone, &constant)?)
        }
        false => None,
    };
    let mut from = vec![0.0; slopes];
    from.extend(null.as_ref().map_or(constant, |n| n.b.clone()));
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let whole = vec![main_equation(&model, true, shift)];
    let fit = likelihood::maximise(session, &cmd.options, &model, &formula, whole, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..slopes).collect();
    let posted = Posted {
        cmd: "cpoisson",
        title: "Censored Poisson regression",
        predict: "cpoisson_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: null.map(|n| n.ll),
        tested: &tested,
        equations: 1.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let frequency = model.weight_text.as_ref().is_some_and(|t| t.0 == "fweight");
    let weights = model.weights.as_ref().filter(|_| frequency);
    let count = |test: fn(&Seen) -> bool| -> f64 {
        (0..seen.len()).filter(|i| test(&seen[*i])).map(|i| weights.map_or(1.0, |w| w.values[i])).sum()
    };
    let results = &mut est.results;
    results.scalar("N_unc", count(|s| matches!(s, Seen::Value(_))));
    results.scalar("N_lc", count(|s| matches!(s, Seen::AtMost(_))));
    results.scalar("N_rc", count(|s| matches!(s, Seen::AtLeast(_))));
    for (name, value) in [("llopt", lower), ("ulopt", upper)] {
        if let Some(value) = value {
            results.scalar(name, value);
        }
    }
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

fn header(session: &mut Session) {
    let e = &session.e.results;
    let robust = e.get_text("vcetype") == Some("Robust");
    let kind = e.get_text("chi2type").unwrap_or("LR").to_string();
    let limit = |name: &str, open: &str| {
        e.get_scalar(name).map_or(open.to_string(), |v| format::bare("%9.0g", v).trim().to_string())
    };
    let (lower, upper) = (limit("llopt", "0"), limit("ulopt", "+inf"));
    let counts = [("Uncensored", "N_unc"), ("Left-censored", "N_lc"), ("Right-censored", "N_rc")];
    let mut facts = vec![Fact::observations(scalar(session, "N"))];
    facts.extend(
        counts.map(|(name, stored)| Fact::new(format!("{name:>17}"), "%10.0fc", scalar(session, stored))),
    );
    facts.push(Fact::statistic(&format!("{kind} chi2"), &[scalar(session, "df_m")], scalar(session, "chi2")));
    facts.push(Fact::probability("Prob > chi2", scalar(session, "p")));
    if session.e.results.get_scalar("r2_p").is_some() {
        facts.push(Fact::probability("Pseudo R2", scalar(session, "r2_p")));
    }
    let ll = format!("{} = {}", label(robust), format::bare("%10.0g", scalar(session, "ll")));
    let mut left = vec![
        "Censored Poisson regression".to_string(),
        String::new(),
        format!("Limits: Lower = {lower:>10}"),
        format!("        Upper = {upper:>10}"),
    ];
    left.resize(facts.len() - 1, String::new());
    left.push(ll);
    session.print("");
    show(session, &left, &facts, 17, 10);
    session.print("");
}
