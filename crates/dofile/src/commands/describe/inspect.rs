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
/// Bars and lines of the histogram.
const BARS: usize = 5;

/// Counts of one variable.
struct Facts {
    missing: usize,
    negative: [usize; 2],
    zero: usize,
    positive: [usize; 2],
    unique: Option<usize>,
    undocumented: Option<usize>,
    bars: [usize; BARS],
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
    let mut bars = [0; BARS];
    if let Some((low, high)) = range.filter(|(a, b)| a < b) {
        for x in &seen {
            bars[(((x - low) / (high - low) * BARS as f64) as usize).min(BARS - 1)] += 1;
        }
    } else {
        bars[0] = seen.len();
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

/// A line of the histogram; line 0 is the lowest.
fn histogram_line(bars: &[usize; BARS], line: usize) -> String {
    let most = bars.iter().copied().max().unwrap_or(0).max(1) as f64;
    let cell = |n: &usize| {
        let height = (*n as f64 / most * BARS as f64).round() as usize;
        match (*n, height > line) {
            (0, _) => "    ",
            (_, true) => "#   ",
            _ if line == 0 => ".   ",
            _ => "    ",
        }
    };
    format!("|  {}", bars.iter().map(cell).collect::<String>())
}

fn show(s: &mut Session, v: usize, facts: &Facts) {
    let variable = s.frame.var(v);
    let head = match variable.label.as_str() {
        "" => format!("{}:", variable.name),
        label => format!("{}:  {label}", variable.name),
    };
    let cell = |n: usize| match n {
        0 => format!("{:>14}", "-"),
        n => format!("{:>14}", format::bare("%12.0fc", n as f64)),
    };
    let row = |name: &str, [whole, other]: [usize; 2]| {
        format!("{name:<8}{}{}{}", cell(whole + other), cell(whole), cell(other))
    };
    let total = [facts.negative[0] + facts.zero + facts.positive[0], facts.negative[1] + facts.positive[1]];
    let rule = format!("{:>14}", "-----------");
    let table = [
        row("Negative", facts.negative),
        row("Zero", [facts.zero, 0]),
        row("Positive", facts.positive),
        format!("{:<8}{rule}{rule}{rule}", ""),
        row("Total", total),
        format!("{:<8}{}", "Missing", cell(facts.missing)),
        format!("{:<8}{rule}", ""),
        format!("{:<8}{}", "", cell(total[0] + total[1] + facts.missing)),
    ];
    let g = |x: f64| format::bare("%9.0g", x);
    let axis = facts.range.map_or(String::new(), |(low, high)| format!("{:<15}{:>9}", g(low), g(high)));
    s.print("");
    s.print(format!("{head:<48}Number of observations"));
    s.print(format!("{:<28}{}", "-".repeat(head.chars().count().min(26)), "-".repeat(50)));
    s.print(format!("{:<28}{:<8}{:>14}{:>14}{:>14}", "", "", "Total", "Integers", "Nonintegers"));
    for (i, line) in table.iter().enumerate() {
        let left = match i {
            0..BARS => histogram_line(&facts.bars, BARS - 1 - i),
            5 => format!("+{}", "-".repeat(22)),
            6 => axis.clone(),
            _ => match facts.unique {
                Some(1) => "(1 unique value)".to_string(),
                Some(n) => format!("({n} unique values)"),
                None => format!("(More than {MOST_UNIQUE} unique values)"),
            },
        };
        s.print(format!("{left:<28}{line}").trim_end());
    }
    if let Some(n) = facts.undocumented.filter(|n| *n > 0) {
        let are = if n == 1 { "value is" } else { "values are" };
        s.print(format!("({n} {are} not labeled)"));
    }
}
