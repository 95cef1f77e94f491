//! Code shared by the epidemiological tables: reading counts, strata and their printed forms.

use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::estimation::survival::Records;
use crate::format;
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::epidemiology::{Interval, Rates, Table, fraction};

/// Rows of a command that have values of some variables, with their frequency weights.
pub(crate) struct Sample {
    /// Rows of the data.
    pub(crate) rows: Vec<usize>,
    /// Weight of each row.
    pub(crate) weights: Vec<f64>,
}

impl Sample {
    /// Selected rows without missing values in `variables`; r(2000) without any.
    pub(crate) fn read(s: &Session, cmd: &ParsedCommand, variables: &[usize]) -> Result<Self> {
        let mut touse = s.rows(cmd)?;
        s.markout(variables, &mut touse, true)?;
        let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
        let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let weights = rows.iter().map(|&r| weights.as_ref().map_or(1.0, |w| w.values[r])).collect();
        Ok(Self { rows, weights })
    }

    /// Groups of the rows by variables.
    pub(crate) fn groups(&self, s: &Session, variables: &[usize]) -> Grouping {
        let records = Records { rows: self.rows.clone(), ..Records::default() };
        Grouping::of(s, variables, &records)
    }
}

/// The variables of a command's list: exactly `count` numeric ones.
pub(crate) fn numeric(s: &Session, list: &str, count: usize) -> Result<Vec<usize>> {
    let variables = s.varlist(list)?;
    if variables.len() != count {
        return Err(StataError::standard(if variables.len() < count { 102 } else { 103 }));
    }
    match variables.iter().find(|v| s.frame.var(**v).is_string()) {
        Some(_) => Err(StataError::type_mismatch()),
        None => Ok(variables),
    }
}

/// Requires that a variable is 0 or 1 in the rows: r(450) otherwise.
pub(crate) fn zero_one(s: &Session, variable: usize, rows: &[usize]) -> Result<()> {
    let outside = |row: &usize| {
        let x = s.frame.num_at(variable, *row);
        x != 0.0 && x != 1.0
    };
    if rows.iter().any(outside) {
        let name = &s.frame.var(variable).name;
        return Err(StataError::new(450, format!("{name} is not a 0/1 variable")));
    }
    Ok(())
}

/// Tables of case and exposure by stratum, with the strata.
pub(crate) struct Strata {
    /// One table per stratum.
    pub(crate) tables: Vec<Table>,
    /// Their names; empty without `by()`.
    pub(crate) labels: Vec<String>,
    /// Name of the stratifying variables.
    pub(crate) by: String,
    /// Values of `standard()`, one per stratum; empty without the option.
    pub(crate) standard: Vec<f64>,
}

impl Strata {
    /// Reads `case exposed [if] [in] [fweight] [, by(varlist)]`; nonzero means case and exposed.
    pub(crate) fn read(s: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let pair = numeric(s, &cmd.list, 2)?;
        let by = match cmd.options.text("by") {
            Some(list) => s.varlist(list)?,
            None => Vec::new(),
        };
        let all: Vec<usize> = pair.iter().chain(&by).copied().collect();
        let sample = Sample::read(s, cmd, &all)?;
        let groups = sample.groups(s, &by);
        let standard = sample.standard(s, cmd, &groups)?;
        let mut tables = vec![Table::default(); groups.count()];
        for (i, &row) in sample.rows.iter().enumerate() {
            let t = &mut tables[groups.of[i]];
            let (case, exposed) = (s.frame.num_at(pair[0], row) != 0.0, s.frame.num_at(pair[1], row) != 0.0);
            let cell = match (case, exposed) {
                (true, true) => &mut t.a,
                (true, false) => &mut t.b,
                (false, true) => &mut t.c,
                (false, false) => &mut t.d,
            };
            *cell += sample.weights[i];
        }
        Ok(Self::named(tables, &groups, standard))
    }

    fn named(tables: Vec<Table>, groups: &Grouping, standard: Vec<f64>) -> Self {
        let labels = if groups.variables.is_empty() {
            Vec::new()
        } else {
            groups.labels.iter().map(|l| l.join(" ")).collect()
        };
        Self { tables, labels, by: groups.variables.join(" "), standard }
    }

    /// The sum of all strata.
    pub(crate) fn crude(&self) -> Table {
        self.tables.iter().fold(Table::default(), |s, t| Table {
            a: s.a + t.a,
            b: s.b + t.b,
            c: s.c + t.c,
            d: s.d + t.d,
        })
    }
}

/// The nonnegative whole numbers of an immediate command.
pub(crate) fn immediate(cmd: &ParsedCommand, count: usize, whole: usize) -> Result<Vec<f64>> {
    let text = cmd.list.replace('\\', " ");
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(|w| crate::syntax::options::parse_number(w).ok_or_else(StataError::syntax))
        .collect::<Result<_>>()?;
    if numbers.len() != count {
        return Err(StataError::standard(if numbers.len() < count { 122 } else { 123 }));
    }
    if numbers.iter().any(|x| *x < 0.0 || !x.is_finite() || *x >= MISSING)
        || numbers[..whole].iter().any(|x| x.fract() != 0.0)
    {
        return Err(StataError::invalid("invalid number: counts must be nonnegative integers"));
    }
    if numbers.iter().sum::<f64>() == 0.0 {
        return Err(StataError::no_observations());
    }
    Ok(numbers)
}

/// The level of intervals of a command.
pub(crate) fn interval_level(s: &Session, cmd: &ParsedCommand) -> Result<f64> {
    level(s, cmd)
}

const BLANK: &str = "                 |                        |";

/// Prints rows `label | exposed unexposed | total` between rules, below the name of the exposure if it has one.
pub(crate) fn head(
    s: &mut Session,
    exposure: &str,
    rows: &[(&str, f64, f64, f64)],
    further: &[(&str, f64, f64, f64)],
) {
    let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", stata(x)), w);
    let line = |(label, a, b, total): &(&str, f64, f64, f64)| {
        let label: String = label.chars().take(16).collect();
        format!("{label:>16} |{}{}  |{}", cell(*a, 10), cell(*b, 12), cell(*total, 11))
    };
    let rule = "-----------------+------------------------+------------";
    s.print("");
    if !exposure.is_empty() {
        let name: String = exposure.chars().take(22).collect();
        s.print(format!("                 | {name:<23}|"));
    }
    s.print("                 |   Exposed   Unexposed  |      Total");
    s.print(rule);
    let count = rows.len();
    for (i, row) in rows.iter().enumerate() {
        if i + 1 == count && count > 2 {
            s.print(rule);
        }
        s.print(line(row));
    }
    if count == 2 {
        s.print(rule);
    }
    for row in further {
        s.print(BLANK);
        s.print(line(row));
    }
    s.print(BLANK);
}

/// [`head`] for case-control data: the last column is the share of each row that is exposed.
pub(crate) fn head_with_shares(s: &mut Session, rows: &[(&str, f64, f64, f64); 3]) {
    let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", stata(x)), w);
    let rule = "-----------------+------------------------+------------------------";
    s.print("                                                         Proportion");
    s.print("                 |   Exposed   Unexposed  |      Total     exposed");
    s.print(rule);
    for (i, (label, a, b, total)) in rows.iter().enumerate() {
        if i == 2 {
            s.print(rule);
        }
        let share = format::bare("%6.4f", stata(a / total));
        s.print(format!("{label:>16} |{}{}  |{}{share:>12}", cell(*a, 10), cell(*b, 12), cell(*total, 11)));
    }
    s.print(BLANK);
}

/// Prints `label | point estimate | limits` rows; a note such as `(exact)` stands behind.
pub(crate) fn estimates(s: &mut Session, level: f64, rows: &[(String, Interval, &str)]) {
    let level = format::bare("%5.0g", level);
    s.print(format!("                 |      Point estimate    |    [{level}% conf. interval]"));
    s.print("                 |------------------------+------------------------");
    for (label, x, note) in rows {
        let value = format::right(&format::bare("%9.0g", stata(x.value)), 17);
        let limits = if x.low.is_nan() && x.high.is_nan() {
            String::new()
        } else {
            let cell = |x: f64| format::right(&format::bare("%9.0g", stata(x)), 12);
            format!("{}{} {note}", cell(x.low), cell(x.high))
        };
        s.print(format!("{label:>16} |{value}       |{limits}").trim_end());
    }
    s.print("                 +-------------------------------------------------");
}

/// A test under a table.
pub(crate) fn test_line(s: &mut Session, name: &str, value: f64, p: f64) {
    let text = format!(
        "{name} = {}  Pr>chi2 = {}",
        format::right(&format::bare("%8.2f", stata(value)), 8),
        format::bare("%6.4f", stata(p))
    );
    s.print(format!("{text:>67}"));
}

/// Labels of attributable or preventive fractions.
pub(crate) fn fraction_labels(preventive: bool) -> (&'static str, &'static str) {
    if preventive { ("Prev. frac. ex.", "Prev. frac. pop") } else { ("Attr. frac. ex.", "Attr. frac. pop") }
}

/// Stores an interval as `name`, `lb_name`, `ub_name`.
pub(crate) fn store(r: &mut Results, name: &str, x: Interval) {
    r.scalar(name, stata(x.value));
    r.scalar(&format!("lb_{name}"), stata(x.low));
    r.scalar(&format!("ub_{name}"), stata(x.high));
}

/// Prints and stores the comparison of two incidence rates.
pub(crate) fn incidence_rates(
    s: &mut Session,
    cmd: &ParsedCommand,
    rates: Rates,
    [exposure, events, time]: [&str; 3],
) -> Result<()> {
    if rates.t1 <= 0.0 || rates.t0 <= 0.0 {
        return Err(StataError::new(2000, "no exposed or no unexposed person-time"));
    }
    let level = interval_level(s, cmd)?;
    head(
        s,
        exposure,
        &[(events, rates.a, rates.b, rates.a + rates.b), (time, rates.t1, rates.t0, rates.t1 + rates.t0)],
        &[(
            "Incidence rate",
            rates.a / rates.t1,
            rates.b / rates.t0,
            (rates.a + rates.b) / (rates.t1 + rates.t0),
        )],
    );
    let (difference, ratio) = (rates.difference(level), rates.exact(level));
    let (exposed, preventive) = fraction(ratio);
    let share = if preventive { rates.t1 / (rates.t1 + rates.t0) } else { rates.a / (rates.a + rates.b) };
    let population = Interval { value: exposed.value * share, low: f64::NAN, high: f64::NAN };
    let labels = fraction_labels(preventive);
    estimates(
        s,
        level,
        &[
            ("Inc. rate diff.".to_string(), difference, ""),
            ("Inc. rate ratio".to_string(), ratio, "(exact)"),
            (labels.0.to_string(), exposed, "(exact)"),
            (labels.1.to_string(), population, ""),
        ],
    );
    let (one, upper) = rates.mid_p();
    let two = (2.0 * one).min(1.0);
    let sign = if upper { ">=" } else { "<=" };
    let line = |text: String| format!("{text:>60}");
    s.print("Mid p-values for tests of incidence-rate difference:");
    s.print(line(format!(
        "Adj Pr(Exposed cases {sign} {}) = {} (one-sided)",
        rates.a,
        format::bare("%6.4f", stata(one))
    )));
    s.print(line(format!("Two-sided p-value = {}            ", format::bare("%6.4f", stata(two)))));
    let mut r = Results::default();
    store(&mut r, "ird", difference);
    store(&mut r, "irr", ratio);
    store(&mut r, "afe", exposed);
    r.scalar("afp", stata(population.value)).scalar("p", stata(two)).scalar("p1", stata(one));
    s.r = r;
    Ok(())
}
