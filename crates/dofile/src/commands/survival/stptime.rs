//! `stptime`: person-time and incidence rates, overall, by groups and in intervals of analysis time ([ST] stptime).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, unquote};
use crate::syntax::{OptSpec, numlist};
use estimators::epidemiology::Interval;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("at"),
    OptSpec::flag("trim"),
    OptSpec::text("by"),
    OptSpec::real("per"),
    OptSpec::int("dd"),
    OptSpec::real("Level"),
    OptSpec::text("Title"),
    OptSpec::text("smr"),
    OptSpec::text("Using"),
    OptSpec::flag("noShow"),
])
.unsupported(&["Jackknife", "OUTput"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stptime",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: stptime,
    syntax: "stptime [if] [in] [, at(numlist) trim by(varname) smr(groupvar ratevar) using(filename) per(#) dd(#) level(#) title(text) noshow]",
    notes: "at() splits the time at risk into (0, a], (a, b] ... and the time after the last; trim leaves out what is before the first and after the last; limits by the quadratic approximation of the log rate; title() heads the column of person-time; stores r(ptime) r(failures) r(rate) r(lb) r(ub) of the whole sample and r(rates) with a row for each line; smr() takes the reference rates, for per() units of time, from the file of using(), where groupvar has the lower ends of the intervals or, without at(), the values of that variable, and stores r(expected) r(smr) too; [ST] stptime",
    examples: &[
        Example {
            run: "set obs 4\ngenerate t = _n\nstset t\nstptime, per(10)",
            expect: &[("r(ptime)", 10.0), ("r(failures)", 4.0), ("r(rate)", 4.0)],
        },
        Example {
            // (0, 2]: 7 units of time at .5, afterwards 3 at 1
            run: "set obs 2\ngenerate g = 2*(_n - 1)\ngenerate r = _n/2\ntempfile ref\nsave `ref'\nclear\nset obs 4\ngenerate t = _n\nstset t\nstptime, at(2) smr(g r) using(`ref')",
            expect: &[("r(expected)", 6.5), ("r(smr)", 4.0 / 6.5), ("r(ptime)", 10.0)],
        },
        Example {
            // (0, 2]: 1 + 2 + 2 + 2 with two failures; after it 1 + 2 with two
            run: "set obs 4\ngenerate t = _n\nstset t\nstptime, at(2)\nmatrix m = r(rates)",
            expect: &[("m[1,1]", 7.0), ("m[1,2]", 2.0), ("m[2,1]", 3.0), ("m[3,1]", 10.0)],
        },
    ],
};

/// Person-time, failures, rate and limits.
type Line = [f64; 5];

/// Time at risk and failures in `(low, high]`.
fn line(records: &Records, (low, high): (f64, f64), per: f64, level: f64) -> Line {
    let (mut time, mut failures) = (0.0, 0.0);
    for i in 0..records.rows.len() {
        let w = records.multiplicity(i);
        time += w * (records.t[i].min(high) - records.t0[i].max(low)).max(0.0);
        if records.d[i] && records.t[i] > low && records.t[i] <= high {
            failures += w;
        }
    }
    let rate = failures / time * per;
    let x = Interval::logarithmic(rate, 1.0 / f64::sqrt(failures), level);
    [time, failures, stata(rate), stata(x.low), stata(x.high)]
}

/// An interval of time and its text.
pub(super) type Span = ((f64, f64), String);

/// The intervals of `at()` with their texts.
pub(super) fn intervals(cmd: &ParsedCommand) -> Result<Vec<Span>> {
    let Some(text) = cmd.options.text("at") else {
        return if cmd.has("trim") { Err(StataError::invalid("trim requires at()")) } else { Ok(Vec::new()) };
    };
    let mut at = numlist::expand(text)?;
    if at.windows(2).any(|w| w[0] >= w[1]) {
        return Err(StataError::new(124, "at() must be in ascending order"));
    }
    let trim = cmd.has("trim");
    if trim && at.len() < 2 {
        return Err(StataError::invalid("trim requires two values in at()"));
    }
    if !trim && at.first().is_some_and(|a| *a > 0.0) {
        at.insert(0, 0.0);
    }
    let write = |x: f64| format::bare("%9.0g", x);
    let mut out: Vec<_> =
        at.windows(2).map(|w| ((w[0], w[1]), format!("({} - {}]", write(w[0]), write(w[1])))).collect();
    if let (false, Some(&last)) = (trim, at.last()) {
        out.push(((last, f64::INFINITY), format!("> {}", write(last))));
    }
    Ok(out)
}

fn stptime(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(StataError::standard(101));
    }
    let (per, level) = (cmd.options.real("per").unwrap_or(1.0), level(s, cmd)?);
    if per <= 0.0 {
        return Err(StataError::invalid("per() must be positive"));
    }
    if cmd.has("smr") {
        return super::stptime_smr::run(s, cmd, per);
    }
    if cmd.has("using") {
        return Err(StataError::invalid("using() requires smr()"));
    }
    let settings = Settings::of(&s.frame)?;
    let intervals = intervals(cmd)?;
    let mut touse = s.rows(cmd)?;
    let variables = Grouping::positions(s, cmd.options.text("by").unwrap_or(""), &mut touse)?;
    let records = Records::read(s, &settings, &mut touse)?;
    let groups = Grouping::of(s, &variables, &records);
    let whole = match (cmd.has("trim"), intervals.first(), intervals.last()) {
        (true, Some(a), Some(b)) => (a.0.0, b.0.1),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let mut rows: Vec<(String, Option<Line>)> = Vec::new();
    let named = !groups.variables.is_empty();
    for g in (0..groups.count()).filter(|_| named || !intervals.is_empty()) {
        let part = records.select(&groups.members(g));
        let label = groups.labels[g].join(" ");
        if intervals.is_empty() {
            rows.push((label, Some(line(&part, whole, per, level))));
            continue;
        }
        if named {
            rows.push((label, None));
        }
        for (interval, text) in &intervals {
            let found = line(&part, *interval, per, level);
            if found[0] > 0.0 {
                rows.push((text.clone(), Some(found)));
            }
        }
    }
    let total = line(&records, whole, per, level);
    let title = cmd.options.text("title").map_or("Person-time", |t| unquote(t.trim())).to_string();
    let name = if named { groups.variables.join(" ") } else { "Cohort".to_string() };
    let m = table(s, [&format::abbrev(&name, 10), &title], &rows, total, (level, cmd.options.int("dd")));
    let mut r = Results::default();
    r.scalar("ptime", total[0]).scalar("failures", total[1]).scalar("rate", total[2]);
    r.scalar("lb", total[3]).scalar("ub", total[4]).matrix("rates", m);
    s.r = r;
    Ok(())
}

/// Prints the lines and the total; the matrix has a row for each line with numbers.
fn table(
    s: &mut Session,
    [name, title]: [&str; 2],
    rows: &[(String, Option<Line>)],
    total: Line,
    (level, decimals): (f64, Option<i64>),
) -> Matrix {
    let rule = format!("-----------+{}", "-".repeat(59));
    let limits = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    s.print("");
    s.print(format!("{name:<11}|{title:>13}   Failures        Rate   {limits}"));
    s.print(&rule);
    let decimals = decimals.map(|d| format!("%12.{}f", d.clamp(0, 9)));
    let cell = |x: f64, shape: &str, width: usize| {
        format::right(&format::bare(decimals.as_deref().unwrap_or(shape), x), width)
    };
    let text = |label: &str, x: &Line| {
        let failures = format::right(&format::bare("%9.0g", x[1]), 11);
        let (time, rate) = (cell(x[0], "%9.0g", 13), cell(x[2], "%10.0g", 12));
        let (low, high) = (cell(x[3], "%9.0g", 11), cell(x[4], "%9.0g", 12));
        format!("{:>10} |{time}{failures}{rate}{low}{high}", format::abbrev(label, 10))
    };
    let (mut names, mut data) = (Vec::new(), Vec::new());
    for (label, numbers) in rows {
        match numbers {
            Some(x) => {
                s.print(text(label, x));
                names.push(Stripe::term(label.clone()));
                data.extend(x);
            }
            None => s.print(format!("{:<10} |", format::abbrev(label, 10))),
        }
    }
    if !rows.is_empty() {
        s.print(&rule);
    }
    s.print(text("Total", &total));
    names.push(Stripe::term("Total"));
    data.extend(total);
    let mut m = Matrix::new(names.len(), 5, data);
    m.row_names = names;
    m.col_names = ["ptime", "failures", "rate", "lb", "ub"].map(Stripe::term).to_vec();
    m
}
