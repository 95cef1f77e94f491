//! `stdescribe`: records, entry, exit, gaps, time at risk and failures of the subjects of survival-time data
//! ([ST] stdescribe).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::estimation::model::number_groups;
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::descriptive::Sample;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("noShow")]).unsupported(&["Weighted"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stdescribe",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "stdescribe [if] [in] [, noshow]",
    notes: "without weights; stores r(N_sub) r(N_total) r(N_gap) r(gap) r(tr) r(N_fail), and r(x_min) r(x_mean) r(x_med) r(x_max) for x = N (records), t0 (first entry), t1 (final exit), gap, tr (time at risk), f (failures); [ST] stdescribe",
    examples: &[Example {
        // Two subjects, the first with two records and a gap of one.
        run: "input id t0 t d\n1 0 2 0\n1 3 5 1\n2 0 4 0\nend\nstset t, id(id) failure(d) time0(t0)\nstdescribe",
        expect: &[
            ("r(N_sub)", 2.0),
            ("r(N_total)", 3.0),
            ("r(N_gap)", 1.0),
            ("r(gap)", 1.0),
            ("r(tr)", 8.0),
            ("r(N_fail)", 1.0),
            ("r(t1_mean)", 4.5),
        ],
    }],
};

/// What is known of one subject.
#[derive(Debug, Clone, Copy, Default)]
struct Subject {
    records: f64,
    entry: f64,
    exit: f64,
    gap: f64,
    at_risk: f64,
    failures: f64,
}

/// The subjects of the records; each record is one without an identifier.
fn subjects(s: &Session, settings: &Settings, records: &Records) -> Vec<Subject> {
    let of: Vec<usize> = match s.frame.find(&settings.id) {
        Some(id) => number_groups(&s.frame, id, &records.rows).0.into_iter().map(|g| g as usize).collect(),
        None => (0..records.rows.len()).collect(),
    };
    let mut order: Vec<usize> = (0..of.len()).collect();
    order.sort_by(|&a, &b| records.t0[a].total_cmp(&records.t0[b]));
    let mut found: Vec<Option<Subject>> = vec![None; of.iter().max().map_or(0, |last| last + 1)];
    for i in order {
        let (begin, end) = (records.t0[i], records.t[i]);
        let first = Subject { entry: begin, exit: begin, ..Subject::default() };
        let subject = found[of[i]].get_or_insert(first);
        subject.gap += (begin - subject.exit).max(0.0);
        subject.records += 1.0;
        subject.exit = end;
        subject.at_risk += end - begin;
        subject.failures += f64::from(u8::from(records.d[i]));
    }
    found.into_iter().flatten().collect()
}

/// Mean, least, median and largest value.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 4] {
    let sample = Sample::plain(values);
    if sample.rows() == 0 {
        return [MISSING; 4];
    }
    [sample.mean(), sample.min(), sample.percentile(50.0), sample.max()]
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let settings = Settings::of(&s.frame)?;
    let records = Records::of(s, cmd, &settings)?;
    let all = subjects(s, &settings, &records);
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let sum = |pick: fn(&Subject) -> f64| all.iter().map(pick).sum::<f64>();
    let gapped: Vec<f64> = all.iter().map(|x| x.gap).filter(|gap| *gap > 0.0).collect();
    let count = |n: usize| n as f64;
    let of = |pick: fn(&Subject) -> f64| spread(all.iter().map(pick));
    s.print("");
    s.print(format!("{:>78}", "|-------------- Per subject --------------|"));
    s.print(format!(
        "{:<22}{:>10}{:>12}{:>12}{:>11}{:>11}",
        "Category", "Total", "Mean", "Min", "Median", "Max"
    ));
    s.print("-".repeat(78));
    let mut r = Results::default();
    r.scalar("N_sub", count(all.len()));
    let mut line = |s: &mut Session, label: &str, total: Option<f64>, values: Option<(&str, [f64; 4])>| {
        let cell = |x: f64, width: usize| {
            format::right(&format::bare(if width == 10 { "%10.0g" } else { "%9.0g" }, x), width)
        };
        let mut text = format!("{label:<22}{}", total.map_or(" ".repeat(10), |x| cell(x, 10)));
        if let Some((name, [mean, min, median, max])) = values {
            text += &format!("{}{}{}{}", cell(mean, 12), cell(min, 12), cell(median, 11), cell(max, 11));
            for (part, x) in ["mean", "min", "med", "max"].iter().zip([mean, min, median, max]) {
                r.scalar(&format!("{name}_{part}"), x);
            }
        }
        s.print(text.trim_end());
    };
    line(s, "Number of subjects", Some(count(all.len())), None);
    line(s, "Number of records", Some(sum(|x| x.records)), Some(("N", of(|x| x.records))));
    line(s, "", None, None);
    line(s, "Entry time (first)", None, Some(("t0", of(|x| x.entry))));
    line(s, "Exit time (final)", None, Some(("t1", of(|x| x.exit))));
    line(s, "", None, None);
    line(s, "Subjects with gap", Some(count(gapped.len())), None);
    let gap: f64 = gapped.iter().sum();
    line(s, "Time on gap", Some(gap), Some(("gap", spread(gapped.iter().copied()))));
    line(s, "Time at risk", Some(sum(|x| x.at_risk)), Some(("tr", of(|x| x.at_risk))));
    line(s, "", None, None);
    line(s, "Failures", Some(sum(|x| x.failures)), Some(("f", of(|x| x.failures))));
    s.print("-".repeat(78));
    r.scalar("N_total", sum(|x| x.records)).scalar("N_gap", count(gapped.len())).scalar("gap", gap);
    r.scalar("tr", sum(|x| x.at_risk)).scalar("N_fail", sum(|x| x.failures));
    s.r = r;
    Ok(())
}
