//! `robvar`: tests of equal variances that hold without normality. Formulas: [R] sdtest, Methods and formulas; Levene
//! (1960); Brown and Forsythe (1974), JASA 69.

use super::tabulate_summary::{Shown, print_all, title_of};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, clean};
use estimators::descriptive::Sample;
use estimators::distributions::f_tail;
use estimators::means::{Moments, one_way};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("by")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "robvar",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "robvar varname [if] [in], by(groupvar)",
    notes: "stores r(N) r(w0) r(p_w0) r(w50) r(p_w50) r(w10) r(p_w10) r(df_1) r(df_2); the trimmed mean of W10 is over the values from the 10th to the 90th percentile of the group; [R] sdtest",
    examples: &[Example {
        // Absolute deviations 1 0 1 and 2 0 2 around mean and median: 2/3 between, 10/3 within over 4 degrees of freedom.
        run: "input x g\n1 1\n2 1\n3 1\n2 2\n4 2\n6 2\nend\nrobvar x, by(g)",
        expect: &[("r(w0)", 0.8), ("r(w50)", 0.8), ("r(df_2)", 4.0)],
    }],
};

/// Levene's statistic around a centre of each group.
fn statistic(groups: &[Vec<f64>], centre: impl Fn(&[f64]) -> f64) -> f64 {
    let deviations: Vec<Moments> = groups
        .iter()
        .map(|values| {
            let c = centre(values);
            let distances: Vec<f64> = values.iter().map(|v| (v - c).abs()).collect();
            Moments::of(&distances)
        })
        .collect();
    one_way(&deviations).f()
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let Some(by) = cmd.options.text("by") else {
        return Err(StataError::invalid("option by() required"));
    };
    let name = cmd.list.trim();
    let data = Grouped::read(s, cmd, name, by.trim())?;
    let groups: Vec<Vec<f64>> = (0..data.names.len()).map(|g| data.of(g)).collect();
    if groups.len() < 2 {
        return Err(StataError::new(420, "1 group found, 2 required"));
    }
    let percentile = |values: &[f64], p: f64| Sample::plain(values.iter().copied()).percentile(p);
    let trimmed = |values: &[f64]| {
        let (low, high) = (percentile(values, 10.0), percentile(values, 90.0));
        Sample::plain(values.iter().copied().filter(|v| (low..=high).contains(v))).mean()
    };
    let w0 = statistic(&groups, |v| Sample::plain(v.iter().copied()).mean());
    let w50 = statistic(&groups, |v| percentile(v, 50.0));
    let w10 = statistic(&groups, trimmed);
    let (df1, df2) = ((groups.len() - 1) as f64, (data.values.len() - groups.len()) as f64);
    show_groups(s, by.trim(), name, &data, &groups);
    let mut r = Results::default();
    r.scalar("N", data.values.len() as f64).scalar("df_1", df1).scalar("df_2", df2);
    for (stem, value) in [("w0", w0), ("w50", w50), ("w10", w10)] {
        let value = if value.is_finite() { value } else { MISSING };
        let p = if value == MISSING { MISSING } else { clean(f_tail(df1, df2, value)) };
        s.print(format!(
            "{:<4}= {}   df({df1}, {df2})     Pr > F = {}",
            stem.to_uppercase(),
            format::right(&format::bare("%10.0g", value), 11),
            format::bare("%10.0g", p)
        ));
        s.print("");
        r.scalar(stem, value).scalar(&format!("p_{stem}"), p);
    }
    s.r = r;
    Ok(())
}

/// Mean, standard deviation and number of observations of each group and of all.
fn show_groups(s: &mut Session, by: &str, name: &str, data: &Grouped, groups: &[Vec<f64>]) {
    let label = |name: &str| s.variable(name).map_or_else(|_| name.to_string(), |v| title_of(s, v));
    let (title, by) = (label(name), label(by));
    let total = [data.values.clone()];
    let names = data.names.iter().map(String::as_str).chain(["Total"]);
    let line = |(name, values): (&str, &Vec<f64>)| {
        let m = Moments::of(values);
        (name.to_string(), (clean(m.mean), clean(m.sd), m.n))
    };
    let lines: Vec<_> = names.zip(groups.iter().chain(&total)).map(line).collect();
    print_all(s, (&by, &title), &Shown::ALL, &lines);
    s.print("");
}
