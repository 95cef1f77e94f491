//! `ttest`: t tests of one mean, of paired values and of two groups.
//!
//! Stores in `r()`: N_1 N_2 mu_1 mu_2 sd_1 sd_2 sd se t df_t p p_l p_u level. Formulas: [R] ttest.

use super::mean_tests::{Claim, Line, table};
use super::{nonmissing, sides};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::clean;
use estimators::distributions::t_inverse_tail;
use estimators::means::{Moments, Spread, TTest, one_sample, two_sample};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("BY"),
    OptSpec::flag("UNEqual"),
    OptSpec::flag("Welch"),
    OptSpec::flag("UNPaired"),
    OptSpec::flag("REVerse"),
    OptSpec::real("Level"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ttest",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ttest v, by(g) [unequal welch reverse] | ttest v == # | ttest v1 == v2 [, unpaired unequal welch] [level(#)]",
    notes: "stores r(N_1 N_2 mu_1 mu_2 sd_1 sd_2 sd se t df_t p p_l p_u level); formulas: [R] ttest",
    examples: &[Example {
        run: "set obs 6\ngen g = _n > 3\ngen x = cond(g, _n + 1, _n)\nttest x, by(g)",
        // Means 2 and 6, both variances 1: t = -4 / sqrt(2/3).
        expect: &[("r(t)", -4.898_979_485_566_356), ("r(df_t)", 4.0), ("r(mu_2)", 6.0)],
    }],
};

/// How `welch` and `unequal` treat the variances.
pub(super) fn spread(cmd: &ParsedCommand) -> Spread {
    match (cmd.has("welch"), cmd.has("unequal")) {
        (true, _) => Spread::Welch,
        (false, true) => Spread::Satterthwaite,
        _ => Spread::Equal,
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = crate::estimation::display::level(session, cmd)?;
    let spread = spread(cmd);
    let (left, right) = sides(&cmd.list);
    if left.is_empty() {
        return Err(StataError::standard(100));
    }
    match (right, cmd.options.text("by")) {
        (None, Some(by)) => {
            let data = Grouped::read(session, cmd, left, by)?.two()?;
            let order = if cmd.has("reverse") { [1, 0] } else { [0, 1] };
            let groups = order.map(|g| (data.names[g].as_str(), data.of(g)));
            two_groups(session, "Group", groups, spread, level)
        }
        (None, None) => Err(StataError::new(100, "by() option required")),
        (Some(_), Some(_)) => Err(StataError::option_not_allowed("by()")),
        (Some(_), None) if cmd.has("reverse") => Err(StataError::invalid("reverse requires by()")),
        (Some(right), None) => {
            let first = session.numeric_variable(left)?;
            let mut touse = session.rows(cmd)?;
            let is_variable = session.variable(right).is_ok();
            if !is_variable {
                let target = session.eval_num(right)?;
                let values = nonmissing(session, first, &touse);
                let name = session.frame.var(first).name.clone();
                one(session, "Variable", &name, Moments::of(&enough(values)?), target, level);
                return Ok(());
            }
            let second = session.numeric_variable(right)?;
            let names = [session.frame.var(first).name.clone(), session.frame.var(second).name.clone()];
            if cmd.has("unpaired") || spread != Spread::Equal {
                if !cmd.has("unpaired") {
                    return Err(StataError::invalid("option unequal requires option unpaired"));
                }
                let groups = [
                    (names[0].as_str(), nonmissing(session, first, &touse)),
                    (names[1].as_str(), nonmissing(session, second, &touse)),
                ];
                return two_groups(session, "Variable", groups, spread, level);
            }
            session.markout(&[first, second], &mut touse, false)?;
            let x = enough(nonmissing(session, first, &touse))?;
            paired(session, &x, &nonmissing(session, second, &touse), &names, level);
            Ok(())
        }
    }
}

fn enough(values: Vec<f64>) -> Result<Vec<f64>> {
    if values.len() < 2 {
        Err(StataError::standard(if values.is_empty() { 2000 } else { 2001 }))
    } else {
        Ok(values)
    }
}

/// The claim of a t test; `freedom` names the kind of the degrees of freedom up to their first letter.
fn claim<'a>(meaning: String, null: (&'a str, String), test: &TTest, freedom: &str) -> Claim<'a> {
    let (below, both, above) = test.p();
    let df = format::right(&format::bare("%8.0g", test.df), 9);
    Claim {
        meaning,
        null,
        statistic: ("t", test.t),
        freedom: format!("{freedom}egrees of freedom ={df}"),
        events: ["Pr(T < t)", "Pr(|T| > |t|)", "Pr(T > t)"],
        p: [below, both, above],
        shift: 0,
    }
}

fn store(session: &mut Session, test: &TTest, level: f64, fill: impl Fn(&mut Results)) {
    let (below, both, above) = test.p();
    let mut results = Results::default();
    results.scalar("level", level);
    fill(&mut results);
    results.scalar("p_l", clean(below)).scalar("p_u", clean(above)).scalar("p", clean(both));
    results.scalar("se", clean(test.se)).scalar("t", clean(test.t)).scalar("df_t", clean(test.df));
    session.r = results;
}

/// Two independent samples with their names.
fn two_groups(
    session: &mut Session,
    head: &str,
    [first, second]: [(&str, Vec<f64>); 2],
    spread: Spread,
    level: f64,
) -> Result<()> {
    let moments = |values: &[f64]| {
        if values.is_empty() { Err(StataError::no_observations()) } else { Ok(Moments::of(values)) }
    };
    let groups = [(first.0, moments(&first.1)?), (second.0, moments(&second.1)?)];
    two_samples(session, head, groups, spread, level);
    Ok(())
}

/// Shows and stores the test of two independent samples.
pub(super) fn two_samples(
    session: &mut Session,
    head: &str,
    [(name_1, first), (name_2, second)]: [(&str, Moments); 2],
    spread: Spread,
    level: f64,
) {
    let combined = Moments::pooled(first, second);
    let test = two_sample(first, second, spread);
    let half = t_inverse_tail(test.df, 0.5 - level / 200.0) * test.se;
    session.print("");
    let kind = if spread == Spread::Equal { "equal" } else { "unequal" };
    session.print(format!("Two-sample t test with {kind} variances"));
    let groups = [Line::sample(name_1, &first, level), Line::sample(name_2, &second, level)];
    let blocks: [&[Line]; 3] = [
        &groups,
        &[Line::sample("Combined", &combined, level)],
        &[Line::difference(test.difference, test.se, half)],
    ];
    table(session, head, level, &blocks);
    let meaning =
        format!("diff = mean({}) - mean({})", format::abbrev(name_1, 16), format::abbrev(name_2, 16));
    let freedom = match spread {
        Spread::Equal => "D",
        Spread::Satterthwaite => "Satterthwaite's d",
        Spread::Welch => "Welch's d",
    };
    claim(meaning, ("diff", "0".to_string()), &test, freedom).show(session);
    store(session, &test, level, |r| {
        r.scalar("N_1", first.n).scalar("mu_1", first.mean).scalar("sd_1", clean(first.sd));
        r.scalar("N_2", second.n).scalar("mu_2", second.mean).scalar("sd_2", clean(second.sd));
        r.scalar("sd", clean(combined.sd));
    });
}

/// Shows and stores the test of one mean; `head` heads the names of the table.
pub(super) fn one(session: &mut Session, head: &str, name: &str, m: Moments, target: f64, level: f64) {
    let test = one_sample(m, target);
    session.print("");
    session.print("One-sample t test");
    table(session, head, level, &[&[Line::sample(name, &m, level)]]);
    let null = ("mean", format::bare("%9.0g", target));
    claim(format!("mean = mean({})", format::abbrev(name, 16)), null, &test, "D").show(session);
    store(session, &test, level, |r| {
        r.scalar("N_1", m.n).scalar("mu_1", m.mean).scalar("sd_1", clean(m.sd));
    });
}

fn paired(session: &mut Session, first: &[f64], second: &[f64], names: &[String; 2], level: f64) {
    let gaps: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let (a, b, gap) = (Moments::of(first), Moments::of(second), Moments::of(&gaps));
    let test = one_sample(gap, 0.0);
    session.print("");
    session.print("Paired t test");
    let both = [Line::sample(&names[0], &a, level), Line::sample(&names[1], &b, level)];
    table(session, "Variable", level, &[&both, &[Line::sample("diff", &gap, level)]]);
    let meaning =
        format!("mean(diff) = mean({} - {})", format::abbrev(&names[0], 12), format::abbrev(&names[1], 12));
    // one column further to the right than the other tests
    let null = ("mean(diff)", "0".to_string());
    claim(format!(" {meaning}"), null, &test, "D").show(session);
    store(session, &test, level, |r| {
        r.scalar("N_1", a.n).scalar("mu_1", a.mean).scalar("sd_1", clean(a.sd));
        r.scalar("N_2", b.n).scalar("mu_2", b.mean).scalar("sd_2", clean(b.sd));
    });
}
