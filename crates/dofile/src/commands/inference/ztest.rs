//! `ztest` and `ztesti`: tests of means with known standard deviations ([R] ztest).

use super::mean_tests::{Claim, Line, table};
use super::{nonmissing, numbers, sides};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal_quantile, normal_tail, normal_two_sided};
use estimators::means::Moments;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::flag("UNPaired"),
    OptSpec::real("sd"),
    OptSpec::real("sd1"),
    OptSpec::real("sd2"),
    OptSpec::real("SDDiff"),
    OptSpec::real("corr"),
    OptSpec::flag("REVerse"),
    OptSpec::real("Level"),
])
.unsupported(&["CLuster", "rho", "rho1", "rho2"]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[OptSpec::real("Level")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ztest",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ztest v == # [, sd(#)] | ztest v, by(g) [sd(#) sd1(#) sd2(#) reverse] | ztest v1 == v2, unpaired [sd(#) sd1(#) sd2(#)] | ztest v1 == v2, {sddiff(#) | corr(#) [sd(#) sd1(#) sd2(#)]} [level(#)]",
    notes: "stores r(N_1 N_2 mu_1 mu_2 sd_1 sd_2 se z p p_l p_u level), paired r(sd_d corr); [R] ztest",
    examples: &[Example {
        // mean 2.5 of four values: (2.5 - 1)/(3/2)
        run: "set obs 4\ngenerate x = _n\nztest x == 1, sd(3)",
        expect: &[("r(z)", 1.0), ("r(se)", 1.5), ("r(mu_1)", 2.5)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "ztesti",
    min: 6,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "ztesti #obs #mean #sd #val | ztesti #obs1 #mean1 #sd1 #obs2 #mean2 #sd2 [, level(#)]",
    notes: "as ztest; [R] ztest",
    examples: &[Example {
        // -.2 / sqrt(.1^2/120 + .15^2/120)
        run: "ztesti 120 3.2 .1 120 3.4 .15",
        expect: &[("r(se)", 0.016_457_014_715_109_58), ("r(z)", -12.152_872_405_004)],
    }],
};

/// A difference with its standard error.
struct Test<'a> {
    /// Its meaning, name and value under the null hypothesis.
    meaning: String,
    null: (&'a str, f64),
    estimate: f64,
    se: f64,
}

impl Test<'_> {
    fn z(&self) -> f64 {
        (self.estimate - self.null.1) / self.se
    }

    /// Shows the claim; returns the results that all forms store.
    fn conclude(&self, s: &mut Session, level: f64) -> Results {
        let z = self.z();
        let (below, both, above) = (normal_tail(-z), normal_two_sided(z), normal_tail(z));
        Claim {
            meaning: self.meaning.clone(),
            null: (self.null.0, format::bare("%9.0g", self.null.1)),
            statistic: ("z", z),
            freedom: String::new(),
            events: ["Pr(Z < z)", "Pr(|Z| > |z|)", "Pr(Z > z)"],
            p: [below, both, above],
            shift: 0,
        }
        .show(s);
        let mut r = Results::default();
        r.scalar("level", level).scalar("se", self.se).scalar("z", z);
        r.scalar("p_l", below).scalar("p", both).scalar("p_u", above);
        r
    }
}

/// Half-width of an interval around an estimate with a known standard error.
fn half(se: f64, level: f64) -> f64 {
    normal_quantile(0.5 + level / 200.0) * se
}

fn line(name: &str, m: &Moments, level: f64) -> Line {
    Line::known(name, m, m.se(), half(m.se(), level))
}

fn one(s: &mut Session, head: &str, name: &str, m: Moments, target: f64, level: f64) {
    s.print("");
    s.print("One-sample z test");
    table(s, head, level, &[&[line(name, &m, level)]]);
    let meaning = format!("mean = mean({})", format::abbrev(name, 16));
    let mut r = Test { meaning, null: ("mean", target), estimate: m.mean, se: m.se() }.conclude(s, level);
    r.scalar("N_1", m.n).scalar("mu_1", m.mean).scalar("sd_1", m.sd);
    s.r = r;
}

fn two(s: &mut Session, head: &str, [(name_1, a), (name_2, b)]: [(&str, Moments); 2], level: f64) {
    let (estimate, se) = (a.mean - b.mean, a.se().hypot(b.se()));
    s.print("");
    s.print("Two-sample z test");
    let groups = [line(name_1, &a, level), line(name_2, &b, level)];
    let blocks: [&[Line]; 2] = [&groups, &[Line::difference(estimate, se, half(se, level))]];
    table(s, head, level, &blocks);
    let meaning =
        format!("diff = mean({}) - mean({})", format::abbrev(name_1, 16), format::abbrev(name_2, 16));
    let mut r = Test { meaning, null: ("diff", 0.0), estimate, se }.conclude(s, level);
    store_both(&mut r, &a, &b);
    s.r = r;
}

fn store_both(r: &mut Results, a: &Moments, b: &Moments) {
    r.scalar("N_1", a.n).scalar("mu_1", a.mean).scalar("sd_1", a.sd);
    r.scalar("N_2", b.n).scalar("mu_2", b.mean).scalar("sd_2", b.sd);
}

/// Standard deviations of the populations: `sd()` for both, or `sd1()` and `sd2()`; 1 without any.
fn deviations(cmd: &ParsedCommand) -> Result<[f64; 2]> {
    let given = ["sd", "sd1", "sd2"].map(|o| cmd.options.real(o));
    if given.iter().flatten().any(|sd| *sd <= 0.0) {
        return Err(StataError::new(411, "standard deviations must be positive"));
    }
    match given {
        [common, None, None] => Ok([common.unwrap_or(1.0); 2]),
        [None, Some(first), Some(second)] => Ok([first, second]),
        [Some(_), ..] => Err(StataError::invalid("sd() may not be combined with sd1() and sd2()")),
        _ => Err(StataError::invalid("sd1() and sd2() must be specified together")),
    }
}

/// A sample whose population's standard deviation is known.
fn known(values: &[f64], sd: f64) -> Result<Moments> {
    if values.is_empty() {
        Err(StataError::no_observations())
    } else {
        Ok(Moments { sd, ..Moments::of(values) })
    }
}

fn paired(s: &mut Session, cmd: &ParsedCommand, variables: [usize; 2], level: f64) -> Result<()> {
    let mut touse = s.rows(cmd)?;
    s.markout(&variables, &mut touse, false)?;
    let values = variables.map(|v| nonmissing(s, v, &touse));
    let names = variables.map(|v| s.frame.var(v).name.clone());
    let deviations = deviations(cmd)?;
    let (sd, shown, corr) = match (cmd.options.real("sddiff"), cmd.options.real("corr")) {
        (Some(_), Some(_)) => return Err(StataError::invalid("only one of sddiff() and corr() is allowed")),
        (Some(sd), None) if sd <= 0.0 => {
            return Err(StataError::new(411, "sddiff() must be positive"));
        }
        (Some(sd), None) => (sd, [f64::NAN; 2], None),
        (None, Some(corr)) if corr.abs() >= 1.0 => {
            return Err(StataError::invalid("corr() must be between -1 and 1"));
        }
        (None, Some(corr)) => {
            let [a, b] = deviations;
            ((a * a + b * b - 2.0 * corr * a * b).sqrt(), deviations, Some(corr))
        }
        (None, None) => {
            return Err(StataError::invalid(
                "paired z test requires sddiff() or corr(); unpaired one unpaired",
            ));
        }
    };
    let (a, b) = (known(&values[0], shown[0])?, known(&values[1], shown[1])?);
    let gap = Moments { n: a.n, mean: a.mean - b.mean, sd };
    s.print("");
    s.print("Paired z test");
    let both = [line(&names[0], &a, level), line(&names[1], &b, level)];
    table(s, "Variable", level, &[&both, &[line("diff", &gap, level)]]);
    let meaning =
        format!(" mean(diff) = mean({} - {})", format::abbrev(&names[0], 12), format::abbrev(&names[1], 12));
    let test = Test { meaning, null: ("mean(diff)", 0.0), estimate: gap.mean, se: gap.se() };
    let mut r = test.conclude(s, level);
    r.scalar("N_1", a.n).scalar("mu_1", a.mean).scalar("N_2", b.n).scalar("mu_2", b.mean);
    if let Some(corr) = corr {
        r.scalar("sd_1", a.sd).scalar("sd_2", b.sd).scalar("corr", corr);
    }
    r.scalar("sd_d", sd);
    s.r = r;
    Ok(())
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let (left, right) = sides(&cmd.list);
    match (right, cmd.options.text("by")) {
        (None, Some(by)) => {
            let data = Grouped::read(s, cmd, left, by)?.two()?;
            let sds = deviations(cmd)?;
            let of =
                |g: usize| -> Result<(&str, Moments)> { Ok((&data.names[g], known(&data.of(g), sds[g])?)) };
            let groups = if cmd.has("reverse") { [of(1)?, of(0)?] } else { [of(0)?, of(1)?] };
            two(s, "Group", groups, level);
            Ok(())
        }
        (Some(right), None) => {
            let first = s.numeric_variable(left)?;
            if s.variable(right).is_err() {
                let target = s.eval_num(right)?;
                let values = nonmissing(s, first, &s.rows(cmd)?);
                let name = s.frame.var(first).name.clone();
                one(s, "Variable", &name, known(&values, deviations(cmd)?[0])?, target, level);
                return Ok(());
            }
            let second = s.numeric_variable(right)?;
            if !cmd.has("unpaired") {
                return paired(s, cmd, [first, second], level);
            }
            let touse = s.rows(cmd)?;
            let sds = deviations(cmd)?;
            let names = [first, second].map(|v| s.frame.var(v).name.clone());
            let a = known(&nonmissing(s, first, &touse), sds[0])?;
            let b = known(&nonmissing(s, second, &touse), sds[1])?;
            two(s, "Variable", [(&names[0], a), (&names[1], b)], level);
            Ok(())
        }
        (None, None) => Err(StataError::new(100, "by() option required")),
        (Some(_), Some(_)) => Err(StataError::option_not_allowed("by()")),
    }
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let given = numbers(&cmd.list)?;
    let moments = |x: &[f64]| -> Result<Moments> {
        if x[0] < 1.0 || x[0].fract() != 0.0 || x[2] <= 0.0 {
            return Err(StataError::invalid("invalid number of observations or standard deviation"));
        }
        Ok(Moments { n: x[0], mean: x[1], sd: x[2] })
    };
    match given.len() {
        4 => one(s, "", "x", moments(&given)?, given[3], level),
        6 => two(s, "", [("x", moments(&given[..3])?), ("y", moments(&given[3..])?)], level),
        _ => return Err(StataError::invalid("wrong number of arguments")),
    }
    Ok(())
}
