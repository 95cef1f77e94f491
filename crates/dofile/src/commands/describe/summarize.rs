//! `summarize`: moments and percentiles of variables.

use super::moments::{Sample, percentile};
use super::summarize_factor;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::format;
use crate::results::Results;
use crate::session::{Session, Weights};
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Detail"),
    OptSpec::flag("MEANonly"),
    OptSpec::flag("Format"),
    OptSpec::int("SEParator"),
    OptSpec::flag("VSQUISH"),
    OptSpec::flag("noFVLABel"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Importance]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "summarize",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "summarize [varlist] [if] [in] [weight] [, detail meanonly format separator(#) vsquish nofvlabel]",
    notes: "factor variables (i.x, ibn.x, 2.x, c.x) have a line for each level that is not the base; stores r(N) r(sum_w) r(mean) r(Var) r(sd) r(min) r(max) r(sum), with detail r(skewness) r(kurtosis) r(p1) ... r(p99); [R] summarize",
    examples: &[
        Example {
            // scipy: skew and kurtosis of 1, 2, 3, 4, 10
            run: "input x\n1\n2\n3\n4\n10\nend\nsummarize x, detail",
            expect: &[
                ("r(mean)", 4.0),
                ("r(sd)", 3.5355339059327378),
                ("r(skewness)", 1.1384199576606164),
                ("r(kurtosis)", 2.788),
                ("r(p25)", 2.0),
                ("r(p50)", 3.0),
            ],
        },
        Example {
            run: "input x w\n1 2\n4 1\nend\nsummarize x [fw=w]",
            expect: &[("r(N)", 3.0), ("r(mean)", 2.0), ("r(Var)", 3.0), ("r(sum)", 6.0)],
        },
    ],
};

const POINTS: [f64; 9] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(terms) = summarize_factor::terms(s, &cmd.list)? {
        return summarize_factor::run(s, cmd, &terms);
    }
    let vars =
        if cmd.list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let (detail, only_mean) = (cmd.has("detail"), cmd.has("meanonly"));
    let every = cmd.options.int("separator").unwrap_or(5).max(0) as usize;
    if !only_mean && !detail {
        s.print("");
        s.print("    Variable |        Obs        Mean    Std. dev.       Min        Max");
        s.print("-------------+---------------------------------------------------------");
    }
    let mut last = Results::default();
    for (k, v) in vars.into_iter().enumerate() {
        let sample = sample(s, v, &touse, weights.as_ref());
        if detail {
            print_detail(s, v, &sample);
        } else if !only_mean {
            if k > 0 && every > 0 && k % every == 0 {
                s.print("-------------+---------------------------------------------------------");
            }
            print_line(s, v, &sample, cmd.has("format"));
        }
        last = results(&sample, detail, only_mean);
    }
    s.r = last;
    Ok(())
}

pub(super) fn sample(s: &Session, v: usize, touse: &[bool], weights: Option<&Weights>) -> Sample {
    let column = &s.frame.var(v).data;
    if column.is_string() {
        return Sample::default();
    }
    let weight = |i: usize| weights.map_or(1.0, |w| w.values[i]);
    let mut out = Sample::new((0..touse.len()).filter(|&i| touse[i]).map(|i| (column.num(i), weight(i))));
    out.frequency = weights.is_some_and(|w| matches!(w.kind, WeightKind::Frequency | WeightKind::Importance));
    out
}

pub(super) fn results(sample: &Sample, detail: bool, only_mean: bool) -> Results {
    let mut r = Results::default();
    r.scalar("N", sample.count()).scalar("sum_w", sample.weight());
    let sum = sample.ordered.iter().map(|v| v.0 * v.1).sum();
    if sample.sorted.is_empty() {
        r.scalar("sum", sum);
        return r;
    }
    // the order in which `return list` of Stata shows them
    let pick = |name: &str| sample.statistic(name).unwrap_or(MISSING);
    if only_mean {
        r.scalar("sum", sum)
            .scalar("mean", pick("mean"))
            .scalar("min", pick("min"))
            .scalar("max", pick("max"));
        return r;
    }
    r.scalar("mean", pick("mean")).scalar("Var", pick("variance")).scalar("sd", pick("sd"));
    if !detail {
        r.scalar("min", pick("min")).scalar("max", pick("max")).scalar("sum", sum);
        return r;
    }
    r.scalar("skewness", pick("skewness")).scalar("kurtosis", pick("kurtosis")).scalar("sum", sum);
    r.scalar("min", pick("min")).scalar("max", pick("max"));
    for p in POINTS {
        r.scalar(&format!("p{p}"), percentile(&sample.sorted, p));
    }
    r
}

pub(super) fn print_line(s: &mut Session, v: usize, sample: &Sample, own_format: bool) {
    let name = format::right(&format::abbrev(&s.frame.var(v).name, 12), 12);
    print_cells(s, &format!("{name} |"), v, sample, own_format);
}

/// The line of a sample behind its name; `v` gives the format.
pub(super) fn print_cells(s: &mut Session, name: &str, v: usize, sample: &Sample, own_format: bool) {
    let var = s.frame.var(v);
    let shape = if own_format { var.format.clone() } else { "%9.0g".to_string() };
    let count = format::right(&format::bare("%11.0gc", sample.count()), 11);
    if sample.sorted.is_empty() {
        s.print(format!("{name}{count}"));
        return;
    }
    let cell = |name: &str, width: usize| {
        let x = sample.statistic(name).unwrap_or(MISSING);
        format::right(&if is_missing(x) { ".".to_string() } else { format::bare(&shape, x) }, width)
    };
    let line =
        format!("{name}{count}{}{}{}{}", cell("mean", 12), cell("sd", 12), cell("min", 11), cell("max", 11));
    s.print(line);
}

fn print_detail(s: &mut Session, v: usize, sample: &Sample) {
    let var = s.frame.var(v);
    let title = if var.label.is_empty() { var.name.clone() } else { var.label.clone() };
    let pad = 61usize.saturating_sub(title.chars().count()) / 2;
    s.print("");
    s.print(format!("{}{title}", " ".repeat(pad)));
    s.print("-".repeat(61));
    if sample.sorted.is_empty() {
        s.print("no observations");
        return;
    }
    let text = |x: f64| if is_missing(x) { ".".to_string() } else { format::bare("%9.0g", x) };
    let n = sample.sorted.len();
    let small = |i: usize| sample.sorted.get(i).map_or(String::new(), |x| text(x.0));
    let large = |i: usize| if n >= 4 - i { text(sample.sorted[n + i - 4].0) } else { String::new() };
    let value = |name: &str| text(sample.statistic(name).unwrap_or(MISSING));
    let right = [
        String::new(),
        String::new(),
        format!("       Obs         {}", format::right(&text(sample.count()), 11)),
        format!("       Sum of wgt. {}", format::right(&text(sample.weight()), 11)),
        format!("       Mean        {}", format::right(&value("mean"), 11)),
        String::new(),
        format!("       Variance    {}", format::right(&value("variance"), 11)),
        format!("       Skewness    {}", format::right(&value("skewness"), 11)),
        format!("       Kurtosis    {}", format::right(&value("kurtosis"), 11)),
    ];
    let middle =
        [small(0), small(1), small(2), small(3), String::new(), large(0), large(1), large(2), large(3)];
    s.print("      Percentiles      Smallest");
    for (i, p) in POINTS.iter().enumerate() {
        if i == 5 {
            s.print(format!(
                "                        Largest       Std. dev.   {}",
                format::right(&value("sd"), 11)
            ));
        }
        let left = format::right(&text(percentile(&sample.sorted, *p)), 13);
        s.print(
            format!(
                "{}%{left}{}{}",
                format::right(&format!("{p}"), 2),
                format::right(&middle[i], 15),
                right[i]
            )
            .trim_end(),
        );
        if i == 3 {
            s.print("");
        }
    }
}
