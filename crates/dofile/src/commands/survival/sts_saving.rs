//! `sts list, saving()`: the listed functions as a data set, a row for each time of each group ([ST] sts list).

use super::sts::{Curves, Function};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::ops::data_files::write_dta;
use crate::ops::files;
use crate::session::Session;
use crate::syntax::split::{front_and_options, unquote};
use crate::value::MISSING;
use estimators::survivor::{Point, at_time};

/// The numbers of one row in the order of [`Rows::names`].
type Row = Vec<f64>;

/// What is saved.
pub(super) struct Rows<'a> {
    pub(super) curves: &'a Curves,
    pub(super) function: Function,
    /// Times of `at()`; without it every time of the data.
    pub(super) at: Option<&'a [f64]>,
    /// Entries have a column of their own.
    pub(super) enter: bool,
    pub(super) level: f64,
}

impl Rows<'_> {
    /// Names and labels of the variables.
    fn names(&self) -> Vec<(&'static str, String)> {
        let shown = match self.function {
            Function::Survivor => ("survivor", "Survivor function"),
            Function::Failure => ("failure", "Failure function"),
            Function::Hazard => ("cumhaz", "Cumulative hazard"),
        };
        let mut out = vec![("time", "Time"), ("begin", "Number at risk"), ("fail", "Number of failures")];
        match (self.at.is_some(), self.enter) {
            (true, _) => {}
            (false, true) => out.extend([("lost", "Number lost"), ("enter", "Number entered")]),
            (false, false) => out.push(("net_lost", "Net lost")),
        }
        out.extend([shown, ("std_err", "Std. error")]);
        let mut out: Vec<(&str, String)> = out.into_iter().map(|(n, l)| (n, l.to_string())).collect();
        let percent = crate::format::bare("%5.0g", self.level);
        for (name, side) in [("lb", "Lower"), ("ub", "Upper")] {
            out.push((name, format!("{side} {}% confidence limit", percent.trim())));
        }
        out
    }

    /// The function, its standard error and its limits at a point.
    fn estimates(&self, p: &Point) -> [f64; 4] {
        let (value, se, limits) = self.function.at(p, self.level);
        let (low, high) = limits.unwrap_or((f64::NAN, f64::NAN));
        [value, se, low, high]
    }

    /// The rows of one group.
    fn of(&self, table: &[Point]) -> Vec<Row> {
        let Some(times) = self.at else {
            let row = |p: &Point| {
                let lost =
                    if self.enter { vec![p.censored, p.entered] } else { vec![p.censored - p.entered] };
                [vec![p.time, p.at_risk, p.failures], lost, self.estimates(p).to_vec()].concat()
            };
            return table.iter().map(row).collect();
        };
        let mut last = f64::NEG_INFINITY;
        let mut out = Vec::new();
        for &time in times {
            let since = |p: &&Point| p.time > last && p.time <= time;
            let failures: f64 = table.iter().filter(since).map(|p| p.failures).sum();
            let over = table.last().is_none_or(|p| time > p.time);
            let known = table.iter().rev().find(|p| p.time <= time).or(table.first());
            let at_risk = known.filter(|_| !over).map_or(0.0, |p| p.at_risk);
            let beyond = table.last().is_none_or(|p| time > p.time && p.survivor > 0.0);
            let start = Point { survivor: 1.0, ..Point::default() };
            let p = at_time(table, time).copied().unwrap_or(start);
            let estimates = if beyond { [f64::NAN; 4] } else { self.estimates(&p) };
            out.push([vec![time, at_risk, failures], estimates.to_vec()].concat());
            last = time;
        }
        out
    }

    /// The variables that form the groups, with their values in the rows.
    fn group_variables(&self, s: &Session, frame: &mut Frame, counts: &[usize]) -> Result<()> {
        let groups = &self.curves.groups;
        for (k, name) in groups.variables.iter().enumerate() {
            let source = s.frame.var(s.variable(name)?).clone();
            let data = if source.is_string() {
                let texts = counts
                    .iter()
                    .enumerate()
                    .flat_map(|(g, n)| std::iter::repeat_n(Box::from(groups.labels[g][k].as_str()), *n));
                let texts: Vec<Box<str>> = texts.collect();
                let width = texts.iter().map(|t| t.len()).max().unwrap_or(1).max(1);
                Column::Str(u16::try_from(width).unwrap_or(2045), texts)
            } else {
                let values =
                    counts.iter().enumerate().flat_map(|(g, n)| std::iter::repeat_n(groups.levels[g][k], *n));
                Column::from_f64(source.data.storage_type(), &values.collect::<Vec<_>>())
            };
            let mut variable = Variable::new(name, data);
            variable.label.clone_from(&source.label);
            variable.value_label.clone_from(&source.value_label);
            if let Some(labels) = s.frame.value_labels.get(&source.value_label) {
                frame.value_labels.insert(source.value_label.clone(), labels.clone());
            }
            frame.add(variable)?;
        }
        Ok(())
    }

    /// Writes `filename [, replace]`.
    ///
    /// # Errors
    /// r(602) where the file exists and `replace` is not given; r(603) where it cannot be written.
    pub(super) fn write(&self, s: &Session, text: &str) -> Result<()> {
        let (front, options) = front_and_options(text);
        if !matches!(options, "" | "replace") {
            return Err(StataError::unsupported_option("sts list, saving()", options));
        }
        let file = files::with_extension(unquote(front), "dta");
        let path = s.path(&file);
        files::check_replace(&path, &file, options == "replace")?;
        let groups: Vec<Vec<Row>> = self.curves.tables.iter().map(|t| self.of(t)).collect();
        let counts: Vec<usize> = groups.iter().map(Vec::len).collect();
        let mut frame = Frame::new();
        self.group_variables(s, &mut frame, &counts)?;
        for (k, (name, label)) in self.names().into_iter().enumerate() {
            let finite = |row: &Row| if row[k].is_finite() { row[k] } else { MISSING };
            let values: Vec<f64> = groups.iter().flatten().map(finite).collect();
            let mut variable = Variable::new(name, Column::from_f64(StorageType::Double, &values));
            variable.label = label;
            frame.add(variable)?;
        }
        write_dta(&frame, &path)
    }
}
