//! `stptime, smr()`: observed and expected failures against the rates of a file, and their ratio ([ST] stptime).

use super::stptime::{Span, intervals};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::data_files::read_dta;
use crate::ops::record_groups::Grouping;
use crate::ops::sources::source;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::is_missing;
use estimators::epidemiology::Interval;

/// Reference rates: value of the group and rate.
struct Reference(Vec<(f64, f64)>);

impl Reference {
    /// Reads two variables of a file.
    ///
    /// # Errors
    /// r(459) where a group has two rates, r(411) for a negative or missing rate.
    fn read(s: &mut Session, file: &str, [group, rate]: [&str; 2]) -> Result<Self> {
        let (path, shown) = source(s, file, "dta")?;
        let frame = read_dta(&path, &shown, None, false)?;
        let own = std::mem::replace(&mut s.frame, frame);
        let found = (|| {
            let (g, r) = (s.numeric_variable(group)?, s.numeric_variable(rate)?);
            let rows = 0..s.frame.n_rows();
            Ok(rows.map(|row| (s.frame.num_at(g, row), s.frame.num_at(r, row))).collect())
        })();
        s.frame = own;
        let mut pairs: Vec<(f64, f64)> = found?;
        pairs.retain(|(g, _)| !is_missing(*g));
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        if pairs.windows(2).any(|w| w[0].0 == w[1].0) {
            return Err(StataError::new(459, format!("a value of {group} has several rates in the file")));
        }
        if pairs.iter().any(|(_, r)| is_missing(*r) || *r < 0.0) {
            return Err(StataError::new(411, format!("{rate} has missing or negative values in the file")));
        }
        Ok(Self(pairs))
    }

    /// The rate of a group.
    fn of(&self, group: f64) -> Result<f64> {
        let found = self.0.iter().find(|(g, _)| *g == group).map(|(_, rate)| *rate);
        found.ok_or_else(|| {
            let text = format::bare("%9.0g", group);
            StataError::new(459, format!("the file has no rate for group {}", text.trim()))
        })
    }
}

/// Time at risk, observed and expected failures.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    time: f64,
    observed: f64,
    expected: f64,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            time: self.time + other.time,
            observed: self.observed + other.observed,
            expected: self.expected + other.expected,
        }
    }

    /// Time, observed, expected, ratio and limits: normal on the log scale, the observed number is Poisson.
    fn numbers(self, level: f64) -> [f64; 6] {
        let ratio = self.observed / self.expected;
        let x = Interval::logarithmic(ratio, 1.0 / self.observed.sqrt(), level);
        [self.time, self.observed, self.expected, stata(ratio), stata(x.low), stata(x.high)]
    }
}

/// The sums of some records in an interval; `rates` has the reference rate of each record, for `per` units of time.
fn sums(records: &Records, members: &[usize], (low, high): (f64, f64), rates: &dyn Fn(usize) -> f64) -> Sums {
    let mut out = Sums::default();
    for &i in members {
        let w = records.multiplicity(i);
        let time = w * (records.t[i].min(high) - records.t0[i].max(low)).max(0.0);
        out.time += time;
        out.expected += time * rates(i);
        if records.d[i] && records.t[i] > low && records.t[i] <= high {
            out.observed += w;
        }
    }
    out
}

/// `stptime` with `smr(groupvar ratevar)` and `using(filename)`.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand, per: f64) -> Result<()> {
    let level = level(s, cmd)?;
    let text = cmd.options.text("smr").unwrap_or_default().to_string();
    let [group, rate] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(StataError::invalid("smr() requires a group variable and a rate variable"));
    };
    let file = cmd.options.text("using").map(str::trim).filter(|f| !f.is_empty());
    let file = file.ok_or_else(|| StataError::invalid("smr() requires using()"))?.to_string();
    let reference = Reference::read(s, &file, [group, rate])?;
    let settings = Settings::of(&s.frame)?;
    let intervals = intervals(cmd)?;
    let mut touse = s.rows(cmd)?;
    // without at() the records have the group of their rate
    let own = if intervals.is_empty() { Some(s.numeric_variable(group)?) } else { None };
    s.markout(&own.into_iter().collect::<Vec<_>>(), &mut touse, false)?;
    let variables = Grouping::positions(s, cmd.options.text("by").unwrap_or(""), &mut touse)?;
    let records = Records::read(s, &settings, &mut touse)?;
    let groups = Grouping::of(s, &variables, &records);
    let mut spans: Vec<Span> = intervals;
    let mut by_record = Vec::new();
    if let Some(v) = own {
        let of = |row: &usize| reference.of(s.frame.num_at(v, *row));
        by_record = records.rows.iter().map(of).collect::<Result<Vec<f64>>>()?;
        spans.push(((f64::NEG_INFINITY, f64::INFINITY), String::new()));
    }
    let named = !groups.variables.is_empty();
    let mut lines: Vec<(String, Option<Sums>)> = Vec::new();
    let mut total = Sums::default();
    for g in 0..groups.count() {
        let members = groups.members(g);
        let label = groups.labels[g].join(" ");
        if named && own.is_none() {
            lines.push((label.clone(), None));
        }
        for (span, text) in &spans {
            let mut found = sums(&records, &members, *span, &|i| by_record.get(i).copied().unwrap_or(1.0));
            if found.time <= 0.0 {
                continue;
            }
            if own.is_none() {
                // the rate belongs to the interval, which the file names by its lower end
                found.expected *= reference.of(span.0)?;
            }
            found.expected /= per;
            total = total.plus(found);
            match own {
                None => lines.push((text.clone(), Some(found))),
                Some(_) if named => lines.push((label.clone(), Some(found))),
                Some(_) => {}
            }
        }
    }
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let name = if named { groups.variables.join(" ") } else { "Cohort".to_string() };
    let title = cmd.options.text("title").map_or("Person-time", |t| unquote(t.trim())).to_string();
    let m = table(s, [&name, &title], &lines, total, (level, cmd.options.int("dd")));
    let numbers = total.numbers(level);
    let mut r = Results::default();
    r.scalar("ptime", total.time).scalar("failures", total.observed).scalar("expected", total.expected);
    r.scalar("rate", stata(total.observed / total.time * per)).scalar("smr", numbers[3]);
    r.scalar("lb", numbers[4]).scalar("ub", numbers[5]).matrix("rates", m);
    s.r = r;
    Ok(())
}

/// Prints the lines and the total; the matrix has a row for each line with numbers.
fn table(
    s: &mut Session,
    [name, title]: [&str; 2],
    lines: &[(String, Option<Sums>)],
    total: Sums,
    (level, decimals): (f64, Option<i64>),
) -> Matrix {
    let rule = format!("-----------+{}", "-".repeat(67));
    let limits = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    s.print("");
    s.print(format!("{:<11}|{:>13}{:>11}{:>11}", "", "", "Observed", "Expected"));
    let name = format::abbrev(name, 10);
    s.print(format!("{name:<11}|{title:>13}{:>11}{:>11}{:>9}  {limits}", "failures", "failures", "SMR"));
    s.print(&rule);
    let shape = decimals.map(|d| format!("%12.{}f", d.clamp(0, 9)));
    let cell = |x: f64, usual: &str, width: usize| {
        format::right(&format::bare(shape.as_deref().unwrap_or(usual), x), width)
    };
    let text = |label: &str, x: &[f64; 6]| {
        let observed = format::right(&format::bare("%9.0g", x[1]), 11);
        let (time, expected) = (cell(x[0], "%9.0g", 13), cell(x[2], "%9.0g", 11));
        let (ratio, low, high) = (cell(x[3], "%6.4g", 9), cell(x[4], "%9.0g", 11), cell(x[5], "%9.0g", 12));
        format!("{:>10} |{time}{observed}{expected}{ratio}{low}{high}", format::abbrev(label, 10))
    };
    let (mut names, mut data) = (Vec::new(), Vec::new());
    for (label, sums) in lines {
        match sums {
            Some(sums) => {
                let numbers = sums.numbers(level);
                s.print(text(label, &numbers));
                names.push(Stripe::term(label.clone()));
                data.extend(numbers);
            }
            None => s.print(format!("{:<10} |", format::abbrev(label, 10))),
        }
    }
    if !lines.is_empty() {
        s.print(&rule);
    }
    let numbers = total.numbers(level);
    s.print(text("Total", &numbers));
    names.push(Stripe::term("Total"));
    data.extend(numbers);
    let mut m = Matrix::new(names.len(), 6, data);
    m.row_names = names;
    m.col_names = ["ptime", "failures", "expected", "smr", "lb", "ub"].map(Stripe::term).to_vec();
    m
}
