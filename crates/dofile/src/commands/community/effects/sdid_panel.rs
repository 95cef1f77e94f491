//! The panel of `sdid`: units by period, adoption of the treatment, covariates taken out.

use crate::error::{Result, StataError};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::synthetic_did::Block;

/// Outcomes by unit and period.
pub(super) struct PanelData {
    pub(super) y: Mat,
    /// Rows of the data: unit by period.
    pub(super) rows: Vec<usize>,
    pub(super) times: Vec<f64>,
    /// Period of adoption of each unit, as a position among the times; none for controls.
    pub(super) adoption: Vec<Option<usize>>,
    /// A row of each unit.
    pub(super) units: Vec<usize>,
}

const RESIDUAL: &str = "__sdid";

/// Reads a balanced panel of outcome, unit, time and treatment.
pub(super) fn read(s: &mut Session, cmd: &ParsedCommand) -> Result<PanelData> {
    let vars = s.varlist(&cmd.list)?;
    let [y, unit, time, d] = vars[..] else {
        return Err(StataError::invalid("outcome, unit, time and treatment variables are required"));
    };
    if [y, time, d].iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut keep = s.rows(cmd)?;
    let covariates = cmd.options.text("covariates").map(str::to_string);
    s.markout(&[unit, time], &mut keep, true)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut need = keep.clone();
    s.markout(&[y, d], &mut need, false)?;
    if need != keep {
        return Err(StataError::new(
            416,
            "Missing values found in the outcome or the treatment: a balanced panel is required",
        ));
    }
    if rows.iter().any(|r| ![0.0, 1.0].contains(&s.frame.num_at(d, *r))) {
        return Err(StataError::new(450, "treatment takes values distinct from 0 and 1"));
    }
    let groups = crate::ops::groups::grouped(s, &[unit], rows);
    let mut times: Vec<f64> = groups.iter().flatten().map(|r| s.frame.num_at(time, *r)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let (mut order, mut adoption) = (Vec::new(), Vec::new());
    for group in &groups {
        let mut group = group.clone();
        group.sort_by(|a, b| s.frame.num_at(time, *a).total_cmp(&s.frame.num_at(time, *b)));
        let own: Vec<f64> = group.iter().map(|r| s.frame.num_at(time, *r)).collect();
        if own != times {
            return Err(StataError::new(451, "Panel is unbalanced"));
        }
        let treated: Vec<bool> = group.iter().map(|r| s.frame.num_at(d, *r) == 1.0).collect();
        let start = treated.iter().position(|t| *t);
        if start.is_some_and(|k| treated[k..].iter().any(|t| !t)) {
            return Err(StataError::new(459, "Units are observed to change from treated to untreated"));
        }
        if start.is_some_and(|k| k < 2) {
            return Err(StataError::new(
                459,
                "At least two pre-treatment periods are required for each treated unit",
            ));
        }
        adoption.push(start);
        order.push(group);
    }
    if adoption.iter().all(Option::is_none) || adoption.iter().all(Option::is_some) {
        return Err(StataError::new(2000, "treated units and units that are never treated are required"));
    }
    let values: Vec<f64> = match covariates {
        Some(list) => residuals(s, &list, (y, unit, time, d), &order)?,
        None => s.frame.numeric(y)?.to_vec(),
    };
    let matrix = Mat::from_fn(order.len(), times.len(), |i, t| values[order[i][t]]);
    let units = order.iter().map(|g| g[0]).collect();
    Ok(PanelData { y: matrix, rows: order.into_iter().flatten().collect(), times, adoption, units })
}

/// The outcome less its covariates, with coefficients from the units that are never treated, after effects of units and
/// periods (Kranz 2022).
fn residuals(
    s: &mut Session,
    list: &str,
    (y, unit, time, d): (usize, usize, usize, usize),
    order: &[Vec<usize>],
) -> Result<Vec<f64>> {
    let (list, kind) = list.split_once(',').map_or((list, "optimized"), |(l, k)| (l, k.trim()));
    if kind != "projected" {
        return Err(StataError::unsupported_option("sdid", &format!("covariates(, {kind}); projected is")));
    }
    let name = |s: &Session, v: usize| s.frame.var(v).name.clone();
    let covariates: Vec<String> = s.varlist(list)?.iter().map(|v| name(s, *v)).collect();
    let (y_name, unit, time) = (name(s, y), name(s, unit), name(s, time));
    let mut mark = vec![MISSING; s.frame.n_rows()];
    for group in order {
        let never = group.iter().all(|r| s.frame.num_at(d, *r) == 0.0);
        group.iter().for_each(|r| mark[*r] = f64::from(u8::from(never)));
    }
    s.frame.add(crate::frame::Variable::new(RESIDUAL, crate::frame::Column::Double(mark)))?;
    let held = s.hold_estimates();
    let done = quietly(
        s,
        &format!("reghdfe {y_name} {} if {RESIDUAL} == 1, absorb({unit} {time})", covariates.join(" ")),
    );
    let slopes: Result<Vec<f64>> =
        done.and_then(|()| covariates.iter().map(|c| s.eval_num(&format!("_b[{c}]"))).collect());
    s.restore_estimates(held);
    if let Some(v) = s.frame.find(RESIDUAL) {
        s.frame.drop_vars(&[v]);
    }
    let slopes = slopes?;
    let mut values = s.frame.numeric(s.frame.position(&y_name)?)?.to_vec();
    for (c, slope) in covariates.iter().zip(slopes) {
        let x = s.frame.numeric(s.frame.position(c)?)?.to_vec();
        values.iter_mut().zip(&x).for_each(|(v, x)| *v -= slope * x);
    }
    Ok(values)
}

impl PanelData {
    /// Periods of adoption.
    pub(super) fn cohorts(adoption: &[Option<usize>]) -> Vec<usize> {
        let mut found: Vec<usize> = adoption.iter().flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The outcomes of a cohort and the controls, which stand first, among some units (a unit may appear several times).
    pub(super) fn block(
        &self,
        units: &[usize],
        adoption: &[Option<usize>],
        cohort: usize,
    ) -> (Block, Vec<usize>) {
        let of = |wanted: Option<usize>| {
            units.iter().enumerate().filter(move |(k, _)| adoption[*k] == wanted).map(|(_, u)| *u)
        };
        let controls: Vec<usize> = of(None).collect();
        let rows: Vec<usize> = controls.iter().copied().chain(of(Some(cohort))).collect();
        let y = Mat::from_fn(rows.len(), self.y.cols(), |i, t| self.y[(rows[i], t)]);
        (Block { y, controls: controls.len(), before: cohort }, controls)
    }
}
