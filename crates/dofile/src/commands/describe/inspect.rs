//! `inspect`: signs, integers and missing values of variables with a small histogram ([D] inspect).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "inspect",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "inspect [varlist] [if] [in]",
    notes: "of the last variable: r(N) r(N_neg) r(N_0) r(N_pos) r(N_negint) r(N_posint) r(N_unique) r(N_undoc); r(N_unique) is missing above 99; [D] inspect",
    examples: &[Example {
        run: "set obs 7\ngenerate x = _n - 3\nreplace x = .5 in 7\nreplace x = . in 6\ninspect x",
        expect: &[
            ("r(N)", 6.0),
            ("r(N_neg)", 2.0),
            ("r(N_negint)", 2.0),
            ("r(N_0)", 1.0),
            ("r(N_pos)", 3.0),
            ("r(N_posint)", 2.0),
            ("r(N_unique)", 6.0),
        ],
    }],
};

/// Most different values that are counted.
const MOST_UNIQUE: usize = 99;
/// Most bars of the histogram.
const BARS: usize = 5;
/// Lines of the histogram.
const LINES: usize = 6;

/// Counts of one variable.
struct Facts {
    missing: usize,
    negative: [usize; 2],
    zero: usize,
    positive: [usize; 2],
    unique: Option<usize>,
    undocumented: Option<usize>,
    bars: Vec<usize>,
    range: Option<(f64, f64)>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    let mut results = Results::default();
    for v in vars {
        if s.frame.var(v).is_string() {
            s.print("");
            s.print(format!("{}: string variable", s.frame.var(v).name));
            continue;
        }
        let facts = facts(s, v, &rows);
        show(s, v, &facts);
        let sum = |a: [usize; 2]| (a[0] + a[1]) as f64;
        let n = sum(facts.negative) + sum(facts.positive) + facts.zero as f64;
        results = Results::default();
        results.scalar("N", n).scalar("N_neg", sum(facts.negative)).scalar("N_0", facts.zero as f64);
        results.scalar("N_pos", sum(facts.positive)).scalar("N_negint", facts.negative[0] as f64);
        results.scalar("N_posint", facts.positive[0] as f64);
        let or_missing = |n: Option<usize>| n.map_or(crate::value::MISSING, |n| n as f64);
        results
            .scalar("N_unique", or_missing(facts.unique))
            .scalar("N_undoc", or_missing(facts.undocumented));
    }
    s.r = results;
    Ok(())
}

fn facts(s: &Session, v: usize, rows: &[usize]) -> Facts {
    let all: Vec<f64> = rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    let mut seen: Vec<f64> = all.iter().copied().filter(|x| !is_missing(*x)).collect();
    seen.sort_unstable_by(f64::total_cmp);
    let count = |f: &dyn Fn(f64) -> bool| seen.iter().filter(|x| f(**x)).count();
    let by_kind = |sign: f64| {
        let of = |whole: bool| count(&|x: f64| x * sign > 0.0 && (x.fract() == 0.0) == whole);
        [of(true), of(false)]
    };
    let mut unique = seen.clone();
    unique.dedup();
    let labels = s.frame.labels_of(v);
    let range = seen.first().copied().zip(seen.last().copied());
    // few values have a bar each
    let mut bars = vec![0; unique.len().min(BARS)];
    if let Some((low, high)) = range.filter(|_| unique.len() > BARS) {
        for x in &seen {
            bars[(((x - low) / (high - low) * BARS as f64) as usize).min(BARS - 1)] += 1;
        }
    } else {
        for x in &seen {
            bars[unique.partition_point(|u| u < x)] += 1;
        }
    }
    Facts {
        missing: all.len() - seen.len(),
        negative: by_kind(-1.0),
        zero: count(&|x| x == 0.0),
        positive: by_kind(1.0),
        undocumented: labels.map(|l| unique.iter().filter(|x| l.get(**x).is_none()).count()),
        unique: (unique.len() <= MOST_UNIQUE).then_some(unique.len()),
        bars,
        range,
    }
}

/// A line of the histogram; line 0 is the lowest. Heights are rounded down; a bar without height is a period.
fn histogram_line(bars: &[usize], line: usize) -> String {
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    let cell = |n: &usize| match (*n, n * LINES / most > line) {
        (0, _) => "    ",
        (_, true) => "#   ",
        _ if line == 0 => ".   ",
        _ => "    ",
    };
    format!("|  {}", bars.iter().map(cell).collect::<String>())
}

fn show(s: &mut Session, v: usize, facts: &Facts) {
    let variable = s.frame.var(v);
    let name = variable.name.clone();
    let head = format!("{name}:  {}", variable.label);
    let labelled = facts.undocumented.filter(|_| !variable.value_label.is_empty());
    let cell = |n: usize| match n {
        0 => "-".to_string(),
        n => format::bare("%11.0fc", n as f64),
    };
    let row = |name: &str, [whole, other]: [usize; 2]| {
        let cells = [whole + other, whole, other].map(cell);
        format!("{name:<8}{:>13}{:>14}{:>14}", cells[0], cells[1], cells[2])
    };
    let total = [facts.negative[0] + facts.zero + facts.positive[0], facts.negative[1] + facts.positive[1]];
    let rule = "-----------";
    let table = [
        row("Negative", facts.negative),
        row("Zero", [facts.zero, 0]),
        row("Positive", facts.positive),
        format!("{rule:>21}{rule:>14}{rule:>14}"),
        row("Total", total),
        format!("{:<8}{:>13}", "Missing", cell(facts.missing)),
    ];
    let g = |x: f64| format::bare("%9.0g", x);
    // without values the range is a missing value and minus the largest number
    let (low, high) =
        facts.range.map_or((".".to_string(), "-9.0e+307".to_string()), |(low, high)| (g(low), g(high)));
    let axis = format!("{low:<12}{high:>11}");
    s.print("");
    s.print(format!("{head:<48}Number of observations"));
    s.print(format!("{:<39}{}", "-".repeat(head.chars().count().min(36)), "-".repeat(39)));
    s.print(format!("{:39}{:>11}{:>14}{:>14}", "", "Total", "Integers", "Nonintegers"));
    for (i, line) in table.iter().enumerate() {
        let left = histogram_line(&facts.bars, LINES - 1 - i);
        s.print(format!("{left:<29}{line}").trim_end());
    }
    s.print(format!("+{:<38}{rule}", "-".repeat(22)));
    s.print(format!("{axis:<37}{:>13}", cell(total[0] + total[1] + facts.missing)));
    s.print(match facts.unique {
        Some(n) => {
            let text = format!("({n} unique value{}", if n < 2 { ")" } else { "s)" });
            format!("{}{text}", " ".repeat(if n < 10 { 3 } else { 2 }))
        }
        None => format!("(More than {MOST_UNIQUE} unique values)"),
    });
    if let Some(n) = labelled {
        let which = match n {
            0 => "all values are documented in the label.".to_string(),
            1 => "1 value is NOT documented in the label.".to_string(),
            n => format!("{n} values are NOT documented in the label."),
        };
        s.print("");
        let joint = if n == 0 { "and" } else { "but" };
        s.print(format!("      {name} is labeled {joint} {which}"));
    }
}
