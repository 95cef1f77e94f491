//! `prtest` and `prtesti`: z tests of proportions ([R] prtest).

use super::mean_tests::Claim;
use super::{numbers, sample, values};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal_quantile, normal_tail, normal_two_sided};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("by"), OptSpec::real("Level")]).unsupported(&["CLuster", "RHO"]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("Count"), OptSpec::real("Level")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "prtest",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "prtest varname == # | prtest v1 == v2 | prtest varname, by(groupvar) [if] [in] [, level(#)]",
    notes: "stores r(N1) r(N2) r(P1) r(P2) (also r(N) r(P)), r(P_diff) r(se) r(se0) r(z) r(p) r(p_l) r(p_u) r(lb) r(ub); [R] prtest",
    examples: &[Example {
        // (.6 - .5)/sqrt(.25/100).
        run: "set obs 100\ngenerate a = _n <= 60\nprtest a == .5",
        expect: &[("r(z)", 2.0), ("r(P)", 0.6)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "prtesti",
    min: 7,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "prtesti #obs1 #p1 #p2 | prtesti #obs1 #p1 #obs2 #p2 [, count level(#)]",
    notes: "as prtest; with count numbers of successes instead of proportions",
    examples: &[Example {
        run: "prtesti 30 .4 45 .67",
        // pooled share 42.15 / 75
        expect: &[("r(z)", -2.308_845_134_650_387)],
    }],
};

/// A sample: name, size, share.
struct Group {
    name: String,
    n: f64,
    p: f64,
}

fn binary(name: &str, x: &[f64]) -> Result<Group> {
    if x.iter().any(|v| *v != 0.0 && *v != 1.0) {
        return Err(StataError::new(450, format!("variable {name} is not a 0/1 variable")));
    }
    Ok(Group { name: name.to_string(), n: x.len() as f64, p: x.iter().sum::<f64>() / x.len() as f64 })
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (left, right) = match cmd.list.split_once("==").or_else(|| cmd.list.split_once('=')) {
        Some((left, right)) => (left.trim(), Some(right.trim())),
        None => (cmd.list.trim(), None),
    };
    match (right, cmd.options.text("by")) {
        (None, Some(by)) => {
            let grouped = Grouped::read(s, cmd, left, by)?.two()?;
            let mut both = Vec::new();
            for g in 0..2 {
                both.push(Group { name: grouped.names[g].clone(), ..binary(left, &grouped.of(g))? });
            }
            two(s, cmd, &both[0], &both[1])
        }
        (Some(right), None) => {
            let v = s.numeric_variable(left)?;
            let name = s.frame.var(v).name.clone();
            if s.frame.find_abbrev(right, s.settings.varabbrev).is_ok() {
                let other = s.numeric_variable(right)?;
                let first = binary(&name, &values(s, v, &sample(s, cmd, &[v])?))?;
                let label = s.frame.var(other).name.clone();
                let second = binary(&label, &values(s, other, &sample(s, cmd, &[other])?))?;
                return two(s, cmd, &first, &second);
            }
            let target = s.eval_num(right)?;
            let group = binary(&name, &values(s, v, &sample(s, cmd, &[v])?))?;
            one(s, cmd, "Variable", &group, target)
        }
        (Some(_), Some(_)) => Err(StataError::invalid("option by() not allowed here")),
        (None, None) => Err(StataError::invalid("option by() or == required")),
    }
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let given = numbers(&cmd.list)?;
    let share = |x: f64, n: f64| if cmd.has("count") { x / n } else { x };
    let valid = |g: &Group| g.n >= 1.0 && g.n.fract() == 0.0 && (0.0..=1.0).contains(&g.p);
    let wrong = || StataError::invalid("invalid arguments of prtesti");
    match given[..] {
        [n, p, target] => {
            let group = Group { name: "x".into(), n, p: share(p, n) };
            if !valid(&group) { Err(wrong()) } else { one(s, cmd, "", &group, target) }
        }
        [n, p, m, q] => {
            let a = Group { name: "x".into(), n, p: share(p, n) };
            let b = Group { name: "y".into(), n: m, p: share(q, m) };
            if !valid(&a) || !valid(&b) { Err(wrong()) } else { two(s, cmd, &a, &b) }
        }
        _ => Err(wrong()),
    }
}

fn head(s: &mut Session, title: &str, left: &str, level: f64, groups: &[&Group]) {
    s.print("");
    for (i, g) in groups.iter().enumerate() {
        let text = format!("{}: Number of obs = {:>8}", g.name, format::bare("%9.0g", g.n));
        s.print(format!("{:<40}{text:>38}", if i == 0 { title } else { "" }));
    }
    s.print("-".repeat(78));
    // one group has no row that is tested
    let tested = if groups.len() == 1 { "             " } else { "  z    P>|z| " };
    s.print(format!(
        "{left:>12} |       Mean   Std. err.    {tested}    [{}% conf. interval]",
        format::bare("%5.0g", level)
    ));
    s.print(format!("-------------+{}", "-".repeat(64)));
}

fn row(s: &mut Session, name: &str, value: f64, se: f64, z: f64, tested: Option<(f64, f64)>) {
    let wide = |x: f64| format::number("%9.0g", stata(x));
    let middle = match tested {
        Some((ratio, p)) => {
            format!(" {:>8}   {:>5}", format::bare("%8.2f", stata(ratio)), format::bare("%5.3f", stata(p)))
        }
        None => " ".repeat(17),
    };
    s.print(format!(
        "{:>12} |  {}  {}{middle}    {}   {}",
        format::abbrev(name, 12),
        wide(value),
        wide(se),
        wide(value - z * se),
        wide(value + z * se)
    ));
}

/// Prints what is tested, the null hypothesis and the alternatives with their probabilities.
fn end(s: &mut Session, meaning: String, (name, target): (&str, String), z: f64) {
    s.print("-".repeat(78));
    let claim = Claim {
        meaning,
        null: (name, target),
        statistic: ("z", stata(z)),
        freedom: String::new(),
        events: ["Pr(Z < z)", "Pr(|Z| > |z|)", "Pr(Z > z)"],
        p: [normal_tail(-z), normal_two_sided(z), normal_tail(z)],
        shift: 0,
    };
    claim.show(s);
}

/// A fraction with its zero before the point, as the hypotheses show it.
fn with_zero(text: &str) -> String {
    if text.starts_with('.') { format!("0{text}") } else { text.to_string() }
}

fn store(s: &mut Session, fill: impl Fn(&mut Results), z: f64, level: f64) {
    let mut r = Results::default();
    fill(&mut r);
    r.scalar("z", stata(z)).scalar("p", stata(normal_two_sided(z))).scalar("level", level);
    r.scalar("p_l", stata(normal_tail(-z))).scalar("p_u", stata(normal_tail(z)));
    s.r = r;
}

fn one(s: &mut Session, cmd: &ParsedCommand, left: &str, g: &Group, target: f64) -> Result<()> {
    if !(target > 0.0 && target < 1.0) {
        return Err(StataError::invalid("the hypothesised proportion must be between 0 and 1"));
    }
    let level = level(s, cmd)?;
    let critical = normal_quantile(0.5 + level / 200.0);
    let se = (g.p * (1.0 - g.p) / g.n).sqrt();
    let null = (target * (1.0 - target) / g.n).sqrt();
    let z = (g.p - target) / null;
    head(s, "One-sample test of proportion", left, level, &[g]);
    row(s, &g.name, g.p, se, critical, None);
    end(s, format!("p = proportion({})", g.name), ("p", with_zero(&format::bare("%9.0g", target))), z);
    store(
        s,
        |r| {
            r.scalar("N", g.n).scalar("P", g.p).scalar("se", se);
            r.scalar("lb", g.p - critical * se).scalar("ub", g.p + critical * se);
        },
        z,
        level,
    );
    Ok(())
}

fn two(s: &mut Session, cmd: &ParsedCommand, a: &Group, b: &Group) -> Result<()> {
    let level = level(s, cmd)?;
    let critical = normal_quantile(0.5 + level / 200.0);
    let pooled = (a.n * a.p + b.n * b.p) / (a.n + b.n);
    let null = (pooled * (1.0 - pooled) * (1.0 / a.n + 1.0 / b.n)).sqrt();
    let own = |g: &Group| (g.p * (1.0 - g.p) / g.n).sqrt();
    let se = own(a).hypot(own(b));
    let difference = a.p - b.p;
    let z = difference / null;
    head(s, "Two-sample test of proportions", "Group", level, &[a, b]);
    row(s, &a.name, a.p, own(a), critical, None);
    row(s, &b.name, b.p, own(b), critical, None);
    s.print(format!("-------------+{}", "-".repeat(64)));
    row(s, "diff", difference, se, critical, None);
    s.print(format!(
        "             |  under H0: {}  {:>7}   {:>5}",
        format::number("%9.0g", stata(null)),
        format::bare("%8.2f", stata(z)),
        format::bare("%5.3f", stata(normal_two_sided(z)))
    ));
    end(s, format!("diff = prop({}) - prop({})", a.name, b.name), ("diff", "0".into()), z);
    store(
        s,
        |r| {
            r.scalar("N1", a.n).scalar("N2", b.n).scalar("P1", a.p).scalar("P2", b.p);
            r.scalar("P_diff", difference).scalar("se_diff", se).scalar("se_diff0", null);
            r.scalar("lb_diff", difference - critical * se).scalar("ub_diff", difference + critical * se);
            for (g, [se, lb, ub]) in [(a, ["se1", "lb1", "ub1"]), (b, ["se2", "lb2", "ub2"])] {
                let half = critical * own(g);
                r.scalar(se, own(g)).scalar(lb, g.p - half).scalar(ub, g.p + half);
            }
        },
        z,
        level,
    );
    Ok(())
}
