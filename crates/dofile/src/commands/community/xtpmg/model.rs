//! The sample of `xtpmg` and its estimators.

use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::likelihood;
use crate::estimation::model::{Model, Reading, first_word, number_groups};
use crate::format;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use estimators::matrix::Mat;
use estimators::ols::Request;
use estimators::panel::{self, Units};
use estimators::pooled_mean_group::{self as kernel, Group};

/// The rows of all groups with the variables of the long and the short run.
pub(super) struct Data {
    /// Outcome, short run and long run in one.
    pub(super) model: Model,
    /// Names of the long run, without the level of the outcome.
    pub(super) long: Vec<String>,
    /// Names of the short run.
    pub(super) short: Vec<String>,
    /// Name of the panel variable.
    pub(super) unit: String,
    /// Name of the time variable.
    pub(super) time: String,
    /// Rows of each group, among those of the sample.
    pub(super) members: Vec<Vec<usize>>,
    groups: Vec<Group>,
}

/// Estimates.
pub(super) struct Fitted {
    /// Long run, adjustment, short run, constant.
    pub(super) b: Vec<f64>,
    /// Their covariance.
    pub(super) v: Mat,
    /// Error correction term in the rows of the sample.
    pub(super) correction: Vec<f64>,
    /// Log likelihood.
    pub(super) ll: Option<f64>,
    /// Standard deviation of the errors.
    pub(super) sigma: Option<f64>,
    /// Whether the search converged.
    pub(super) converged: bool,
}

impl Data {
    /// Reads the line: r(459) without panel and time, r(198) without a long run.
    pub(super) fn read(s: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let declared = Panel::of(&s.frame)?;
        let (unit, time) = declared.unit_and_time()?;
        let long = cmd.options.text("lr").unwrap_or("").trim();
        if long.is_empty() {
            return Err(StataError::invalid("option lr() required"));
        }
        let list = format!("{} {long}", cmd.list.trim());
        let reading =
            Reading { list: &list, further: vec![unit, time], weight_kinds: &[], ..Reading::new(cmd) };
        let model = reading.model(s)?.enough()?;
        let abbrev = s.settings.varabbrev;
        let long_terms = FvList::parse(&s.frame, long, abbrev)?.expand(&s.frame, &model.touse)?.len();
        let terms = &model.design.terms;
        let (_, short_list) = first_word(&cmd.list);
        let short = FvList::parse(&s.frame, short_list, abbrev)?.expand(&s.frame, &model.touse)?.len();
        if terms.len() != short + long_terms || terms.iter().any(|t| t.is_omitted()) {
            return Err(StataError::unsupported_option(
                "xtpmg",
                "lr() with factor variables or variables of the short run",
            ));
        }
        if long_terms < 2 {
            return Err(StataError::new(
                102,
                "lr() needs the lagged level and at least one further variable",
            ));
        }
        let (of_row, count) = number_groups(&s.frame, unit, &model.design.rows);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
        of_row.iter().enumerate().for_each(|(i, g)| members[*g as usize].push(i));
        let columns = model.columns();
        let pick = |column: &[f64], rows: &[usize]| rows.iter().map(|i| column[*i]).collect::<Vec<f64>>();
        let group = |rows: &Vec<usize>| Group {
            change: pick(&model.y, rows),
            level: pick(columns[short], rows),
            long: columns[short + 1..].iter().map(|c| pick(c, rows)).collect(),
            short: columns[..short].iter().map(|c| pick(c, rows)).collect(),
        };
        let groups = members.iter().map(group).collect();
        let names: Vec<String> = terms.iter().map(|t| t.name()).collect();
        Ok(Self {
            long: names[short + 1..].to_vec(),
            short: names[..short].to_vec(),
            unit: s.frame.var(unit).name.clone(),
            time: s.frame.var(time).name.clone(),
            members,
            groups,
            model,
        })
    }

    /// r(459) that names a group whose coefficients are not identified.
    fn unidentified(&self, s: &Session, group: usize) -> StataError {
        let row = self.model.design.rows[self.members[group][0]];
        let value = s.frame.find(&self.unit).map_or_else(String::new, |unit| s.cell_text(unit, row, true));
        let name = &self.unit;
        let why = "too few observations or collinear regressors";
        StataError::new(459, format!("the coefficients of group {name} = {value} are not identified: {why}"))
    }

    /// The error correction term with coefficients of each group.
    fn correction(&self, theta: impl Fn(usize) -> Vec<f64>) -> Vec<f64> {
        let mut out = vec![0.0; self.model.y.len()];
        for (g, rows) in self.members.iter().enumerate() {
            let own = self.groups[g].correction(&theta(g));
            rows.iter().zip(own).for_each(|(row, x)| out[*row] = x);
        }
        out
    }

    fn several(&self) -> Result<()> {
        if self.groups.len() < 2 {
            return Err(StataError::new(2001, "at least two groups are needed"));
        }
        Ok(())
    }
}

/// The pooled mean group estimator.
pub(super) fn pooled(s: &mut Session, cmd: &ParsedCommand, data: &Data) -> Result<Fitted> {
    data.several()?;
    let (k, constant) = (data.long.len(), data.model.constant);
    let start = dynamic_effects(data)?.b[..k].to_vec();
    let found = kernel::long_run(&data.groups, constant, &start).map_err(fit_error)?;
    let found = found.ok_or_else(StataError::not_converged)?;
    if s.shows_log(|o| cmd.has(o)) {
        s.print("");
        for (i, (ll, remark)) in found.log.iter().enumerate() {
            let remark = if remark.is_empty() { String::new() } else { format!("  ({remark})") };
            let ll = format::bare("%10.0g", *ll);
            s.print(format!("{} log likelihood = {ll:>10}{remark}", likelihood::iteration(i)));
        }
    }
    let mut own = Vec::new();
    for (g, group) in data.groups.iter().enumerate() {
        own.push(group.short_run(&found.theta, constant).ok_or_else(|| data.unidentified(s, g))?);
    }
    let (short, spread) = kernel::mean_group(&own);
    let size = k + short.len();
    let v = Mat::from_fn(size, size, |i, j| match (i < k, j < k) {
        (true, true) => found.v[(i, j)],
        (false, false) => spread[(i - k, j - k)],
        _ => 0.0,
    });
    Ok(Fitted {
        correction: data.correction(|_| found.theta.clone()),
        b: [found.theta.clone(), short].concat(),
        v,
        ll: Some(found.ll),
        sigma: None,
        converged: found.converged,
    })
}

/// The mean group estimator.
pub(super) fn mean_group(s: &Session, data: &Data) -> Result<Fitted> {
    data.several()?;
    let k = data.long.len();
    let mut own = Vec::new();
    for (g, group) in data.groups.iter().enumerate() {
        own.push(group.alone(data.model.constant).ok_or_else(|| data.unidentified(s, g))?);
    }
    let (b, v) = kernel::mean_group(&own);
    let correction = data.correction(|g| own[g][..k].to_vec());
    Ok(Fitted { b, v, correction, ll: None, sigma: None, converged: true })
}

/// Dynamic fixed effects: one regression with intercepts of the groups, the long run by the delta method.
pub(super) fn dynamic_effects(data: &Data) -> Result<Fitted> {
    let (k, short) = (data.long.len(), data.short.len());
    let columns = data.model.columns();
    let ordered: Vec<&[f64]> = columns[short..].iter().chain(&columns[..short]).copied().collect();
    let mut of_row = vec![0; data.model.y.len()];
    data.members.iter().enumerate().for_each(|(g, rows)| rows.iter().for_each(|i| of_row[*i] = g as u32));
    let request = Request { vce: data.model.kernel_vce(), ..Request::new(&data.model.y, &ordered) };
    let fit = panel::within(&request, &Units::new(of_row), false).map_err(fit_error)?;
    if !fit.ols.basis.omitted.is_empty() {
        return Err(StataError::new(459, "regressors of the long and the short run are collinear"));
    }
    let b = &fit.ols.b;
    let phi = b[0];
    let theta: Vec<f64> = b[1..=k].iter().map(|x| -x / phi).collect();
    let size = b.len();
    // derivatives of (theta, phi, short run, constant) in (phi, long run, short run, constant)
    let derivative = Mat::from_fn(size, size, |row, col| match row {
        _ if row < k && col == 0 => b[row + 1] / (phi * phi),
        _ if row < k && col == row + 1 => -1.0 / phi,
        _ if row == k && col == 0 => 1.0,
        _ if row > k && col == row => 1.0,
        _ => 0.0,
    });
    let v = derivative.times(&fit.ols.v).times(&derivative.transpose()).symmetrised();
    let all: Vec<f64> = theta.iter().copied().chain([phi]).chain(b[k + 1..].iter().copied()).collect();
    Ok(Fitted {
        correction: data.correction(|_| theta.clone()),
        b: all,
        v,
        ll: None,
        sigma: Some(fit.sigma_e),
        converged: true,
    })
}
