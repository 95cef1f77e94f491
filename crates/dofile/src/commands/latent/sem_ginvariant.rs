//! `estat ggof` and `estat ginvariant` after `sem` with `group()`. Formulas: [SEM] estat ggof, estat ginvariant.

use super::sem_gof::determination_of;
use super::sem_groups::{CLASSES, Groups, class};
use super::sem_model::stripe;
use super::sem_state::{SemState, state};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::sem::fit_statistics::srmr;
use estimators::sem::likelihood::Problem;
use estimators::sem::{Cell, Value};
use std::sync::Arc;

/// State of a model of groups.
fn grouped(s: &Session, what: &str) -> Result<Arc<SemState>> {
    let state = state(s)?;
    if state.specification.groups.is_none() {
        return Err(StataError::new(198, format!("{what} is available after sem with group() only")));
    }
    Ok(state)
}

/// `estat ggof`: residuals and determination of each group.
pub(super) fn ggof(s: &mut Session, call: &Call) -> Result<()> {
    call.options(&[], &["FORmat"])?;
    let state = grouped(s, "estat ggof")?;
    let Some(groups) = &state.specification.groups else { return Ok(()) };
    let implied = state.implied()?;
    s.print("");
    s.print("Group-level fit statistics");
    s.print("");
    s.print("-".repeat(46));
    s.print("             |         N       SRMR         CD");
    s.print(format!("-------------+{}", "-".repeat(32)));
    s.print(format!("{:<13}|", format::abbrev(&groups.variable, 12)));
    let (mut data, mut rows) = (Vec::new(), Vec::new());
    for (group, label) in groups.labels.iter().enumerate() {
        let seen = groups.block(group);
        let fitted = implied.sigma.select(&seen, &seen);
        let residual = state.sample.as_ref().map_or(MISSING, |(_, m)| srmr(&m.select(&seen, &seen), &fitted));
        let found =
            [state.group_weight(group), stata(residual), stata(determination_of(&state, &implied, group))];
        let three = |x: f64| format::right(&format::bare("%9.3f", x), 11);
        let n = format::right(&format::bare("%9.0f", found[0]), 10);
        s.print(format!("{:>12} |{n}{}{}", format::abbrev(label, 12), three(found[1]), three(found[2])));
        data.extend(found);
        rows.push(Stripe::term(format!("{}.{}", groups.values[group], groups.variable)));
    }
    s.print("-".repeat(46));
    let mut table = Matrix::new(rows.len(), 3, data);
    table.row_names = rows;
    table.col_names = ["N", "SRMR", "CD"].map(Stripe::term).to_vec();
    s.r.clear();
    s.r.matrix("gfit", table).scalar("N_groups", groups.values.len() as f64);
    Ok(())
}

/// The cells of a row of one group in all groups that have it.
fn across(groups: &Groups, cell: Cell) -> Vec<usize> {
    (0..groups.places.len()).filter(|at| groups.places[*at].1 == cell).collect()
}

/// Chi-squared statistic and degrees of freedom.
type Test = Option<(f64, f64)>;

/// `x' M^-1 x`.
fn quadratic(m: &Mat, x: &[f64]) -> Option<f64> {
    Some(m.inverse_definite()?.quadratic(x))
}

/// The Wald test that parameters which differ between groups are the same.
fn wald(state: &SemState, numbers: &[usize]) -> Test {
    let mut own = numbers.to_vec();
    own.sort_unstable();
    own.dedup();
    let df = own.len().checked_sub(1).filter(|df| *df > 0)?;
    let contrast = Mat::from_fn(df, own.len(), |i, j| match j {
        0 => 1.0,
        _ if j == i + 1 => -1.0,
        _ => 0.0,
    });
    let b: Vec<f64> = own.iter().map(|k| state.b[*k]).collect();
    let v = contrast.sandwich(&state.v.select(&own, &own));
    Some((quadratic(&v, &contrast.times_vector(&b))?, df as f64))
}

/// The score test that a parameter which groups share is the same: the groups' cells as parameters of their own, with the expected
/// information as in modification indices.
fn score(state: &SemState, cells: &[usize]) -> Test {
    let mut extended = state.specification.model.clone();
    let mut point = state.point.clone();
    let shared = match extended.cells[*cells.first()?].1 {
        Value::Free(k) if cells.iter().all(|at| extended.cells[*at].1 == Value::Free(k)) => k,
        _ => return None,
    };
    for at in &cells[1..] {
        extended.cells[*at].1 = Value::Free(extended.parameters);
        extended.parameters += 1;
        point.push(point[shared]);
    }
    let df = cells.len() - 1;
    // the larger model may turn to free means where all of them are: the parameters of the problem are those of the maximum
    let problem =
        Problem { means: state.specification.model.means(), ..Problem::new(&extended, &state.moments) };
    let gradient = problem.derivatives(&point)?.gradient;
    let information = problem.expected(&point)?;
    // the parts of the shared parameter have slopes that cancel, so that all slopes count
    Some((quadratic(&information, &gradient)?, df as f64)).filter(|_| df > 0)
}

/// Kinds of parameters that are tested.
fn wanted(call: &Call) -> Result<Vec<&'static str>> {
    let options = call.options(
        &[OptSpec::text("SHOWPclass"), OptSpec::flag("CLAss"), OptSpec::flag("LEGend")],
        &["CLAss", "LEGend"],
    )?;
    let mut out = Vec::new();
    for word in options.text("showpclass").unwrap_or("all").split_whitespace() {
        match CLASSES.iter().find(|c| **c == word) {
            Some(class) => out.push(*class),
            None if word == "all" => out.extend(CLASSES),
            None => return Err(StataError::invalid(format!("showpclass({word}) invalid"))),
        }
    }
    Ok(out)
}

/// `estat ginvariant`: tests of parameters being the same in all groups.
pub(super) fn ginvariant(s: &mut Session, call: &Call) -> Result<()> {
    let classes = wanted(call)?;
    let state = grouped(s, "estat ginvariant")?;
    let Some(groups) = &state.specification.groups else { return Ok(()) };
    let one = &groups.one;
    s.print("");
    s.print("Tests for group invariance of parameters");
    s.print("");
    s.print("-".repeat(78));
    s.print(format!("{:13}|          Wald test                         Score test", ""));
    s.print(format!("{:13}|      chi2         df    p>chi2          chi2         df    p>chi2", ""));
    let (mut equation, mut data, mut rows) = (String::new(), Vec::new(), Vec::new());
    let mut cells: Vec<Cell> = Vec::new();
    for (_, at) in &state.specification.rows {
        let cell = groups.places[*at].1;
        if !cells.contains(&cell) && classes.contains(&class(&one.names, &one.measurement, cell)) {
            cells.push(cell);
        }
    }
    for cell in cells {
        let all = across(groups, cell);
        let free = |at: &usize| match state.specification.model.cells[*at].1 {
            Value::Free(k) => Some(k),
            Value::Fixed(_) => None,
        };
        let numbers: Vec<usize> = all.iter().filter_map(free).collect();
        let tests = if numbers.len() < all.len() {
            [None, None]
        } else {
            [wald(&state, &numbers), score(&state, &all)]
        };
        if tests.iter().all(Option::is_none) {
            continue;
        }
        let name = stripe(&one.names, cell);
        if name.eq != equation || name.eq == "/" {
            s.print(format!("-------------+{}", "-".repeat(64)));
            if name.eq != "/" {
                s.print(format!("{:<13}|", format::abbrev(&name.eq, 12)));
            }
            equation.clone_from(&name.eq);
        }
        let mut line = String::new();
        for test in tests {
            let p = test.map_or(MISSING, |(chi2, df)| chi2_tail(df, chi2));
            let (chi2, df) = test.unwrap_or((MISSING, MISSING));
            let cell = |f: &str, x: f64, w: usize| format::right(&format::bare(f, stata(x)), w);
            line +=
                &format!("{}{}{}    ", cell("%9.3f", chi2, 10), cell("%9.0f", df, 11), cell("%6.4f", p, 10));
            data.extend([chi2, df, p].map(stata));
        }
        let shown = super::sem_show::label(s, &name.name);
        s.print(format!("{shown}|{}", line.trim_end()));
        rows.push(name);
    }
    s.print("-".repeat(78));
    let mut table = Matrix::new(rows.len(), 6, data);
    table.row_names = rows;
    table.col_names = ["W_chi2", "W_df", "W_p", "S_chi2", "S_df", "S_p"].map(Stripe::term).to_vec();
    s.r.clear();
    s.r.matrix("test", table).scalar("N_groups", groups.values.len() as f64);
    Ok(())
}
