//! `estat phtest`: the test of proportional hazards after `stcox` ([ST] stcox PH-assumption tests).

use super::cox_post::{CoxSample, residuals};
use super::phtest_plot;
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::means::ranks;
use estimators::survivor::{Spans, at_time, life_table};

/// `estat phtest [, km log rank time(varname) detail]`: Schoenfeld residuals against time
/// (Grambsch and Therneau 1994, with the average covariance of the residuals).
pub(crate) fn phtest(s: &mut Session, call: &Call) -> Result<()> {
    let (own, plot) = phtest_plot::read(&call.option_text)?;
    let call = Call { list: call.list.clone(), option_text: own, name: call.name.clone() };
    let options = call.options(
        &[
            OptSpec::flag("km"),
            OptSpec::flag("log"),
            OptSpec::flag("rank"),
            OptSpec::text("time"),
            OptSpec::flag("Detail"),
        ],
        &["BWidth", "RECAST"],
    )?;
    let sample = CoxSample::read(s)?;
    if sample.b.is_empty() {
        return Err(StataError::new(321, "model has no regressors"));
    }
    let (residuals, d) = residuals(&sample);
    let times: Vec<f64> = residuals.iter().map(|(i, _)| sample.records.t[*i]).collect();
    let chosen: Vec<&str> = ["km", "log", "rank", "time"].into_iter().filter(|o| options.has(o)).collect();
    let (title, g): (String, Vec<f64>) = match chosen[..] {
        [] => ("Analysis time".into(), times),
        ["log"] => ("Log of analysis time".into(), times.iter().map(|t| t.ln()).collect()),
        ["rank"] => ("Rank of analysis time".into(), ranks(&times)),
        ["km"] => {
            let r = &sample.records;
            let w: Vec<f64> = (0..r.rows.len()).map(|i| r.weight(i)).collect();
            let table = life_table(Spans { t0: &r.t0, t: &r.t, d: &r.d, w: Some(&w) }, None);
            let one_minus = |t: &f64| at_time(&table, *t).map_or(0.0, |p| 1.0 - p.survivor);
            ("1 - Kaplan–Meier estimate of survivor function".into(), times.iter().map(one_minus).collect())
        }
        ["time"] => {
            let name = options.text("time").unwrap_or("");
            let v = s.numeric_variable(name)?;
            let at = |i: &usize| s.frame.num_at(v, sample.records.rows[*i]);
            (name.to_string(), residuals.iter().map(|(i, _)| at(i)).collect())
        }
        _ => return Err(StataError::invalid("only one function of time is allowed")),
    };
    let k = sample.b.len();
    let mean = g.iter().sum::<f64>() / d;
    let spread: f64 = g.iter().map(|x| (x - mean).powi(2)).sum();
    let mut sums = vec![0.0; k];
    for ((_, r), g) in residuals.iter().zip(&g) {
        sums.iter_mut().zip(r).for_each(|(t, r)| *t += (g - mean) * r);
    }
    let scaled: Vec<Vec<f64>> = residuals.iter().map(|(_, r)| sample.v.times_vector(r)).collect();
    if let Some(plot) = &plot {
        let j = phtest_plot::position(&sample.names, &plot.name)?;
        let mut points = Vec::new();
        for (((i, _), time), residual) in residuals.iter().zip(&g).zip(&scaled) {
            points.push((sample.records.rows[*i], *time, sample.b[j] + d * residual[j]));
        }
        phtest_plot::draw(s, plot, &points)?;
    }
    let mut rows = Vec::new();
    for j in 0..k {
        let along: f64 = scaled.iter().zip(&g).map(|(r, g)| (g - mean) * r[j]).sum();
        let average = scaled.iter().map(|r| r[j]).sum::<f64>() / d;
        let own: f64 = scaled.iter().map(|r| (r[j] - average).powi(2)).sum();
        let chi2 = d * along * along / (sample.v[(j, j)] * spread);
        rows.push([along / (own * spread).sqrt(), chi2, 1.0, chi2_tail(1.0, chi2)].map(stata));
    }
    let global = stata(d / spread * sample.v.quadratic(&sums));
    let p = stata(chi2_tail(k as f64, global));
    let detail = options.has("detail").then(|| with_omitted(s, &sample.names, rows));
    ph_table(s, &title, detail.as_ref(), (global, k as f64, p));
    let mut r = Results::default();
    r.scalar("df", k as f64).scalar("chi2", global).scalar("p", p);
    if let Some((names, rows)) = detail {
        let mut m = Matrix::new(rows.len(), 4, rows.concat());
        m.row_names = names.into_iter().map(Stripe::term).collect();
        m.col_names = ["rho", "chi2", "df", "p"].map(Stripe::term).to_vec();
        r.matrix("phtest", m);
    }
    s.r = r;
    Ok(())
}

/// The table of single regressors: names and rows.
type Detail = (Vec<String>, Vec<[f64; 4]>);

/// The rows of all coefficients: those of base levels and omitted regressors are empty.
fn with_omitted(s: &Session, estimated: &[String], rows: Vec<[f64; 4]>) -> Detail {
    let all = s.e.b().map(|b| b.col_names.as_slice()).unwrap_or_default();
    let names: Vec<String> = all.iter().map(|stripe| stripe.name.clone()).collect();
    let row = |name: &String| match estimated.iter().position(|n| n == name) {
        Some(at) => rows[at],
        None => [MISSING, MISSING, 1.0, MISSING],
    };
    let listed = names.iter().map(row).collect();
    (names, listed)
}

fn ph_table(s: &mut Session, title: &str, detail: Option<&Detail>, (chi2, df, p): (f64, f64, f64)) {
    let number = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, x), width);
    s.print("");
    s.print("Test of proportional-hazards assumption");
    s.print("");
    s.print(format!("Time function: {title}"));
    let last = if detail.is_some() { 13 } else { 16 };
    let lead = if detail.is_some() { 11 } else { 0 };
    let body = lead + 18 + last;
    s.print("-".repeat(14 + body));
    let rho = if detail.is_some() { format!("{:>11}", "rho") } else { String::new() };
    s.print(format!("{:13}|{rho}{:>9}{:>9}{:>last$}", "", "chi2", "df", "Prob>chi2"));
    s.print(format!("-------------+{}", "-".repeat(body)));
    if let Some((names, rows)) = detail {
        for (name, row) in names.iter().zip(rows) {
            // published logs have the mark of a missing p-value one column to the left
            let last = if is_missing(row[3]) { last - 1 } else { last };
            s.print(format!(
                "{:>12} |{}{}{}{}",
                format::abbrev(name, 12),
                number("%8.5f", row[0], 11),
                number("%8.2f", row[1], 9),
                number("%5.0f", row[2], 9),
                number("%6.4f", row[3], last)
            ));
        }
        s.print(format!("-------------+{}", "-".repeat(body)));
    }
    s.print(format!(
        "{:>12} |{}{}{}{}",
        "Global test",
        " ".repeat(lead),
        number("%8.2f", chi2, 9),
        number("%5.0f", df, 9),
        number("%6.4f", p, last)
    ));
    s.print("-".repeat(14 + body));
    if s.e.results.get_text("vcetype").is_some_and(|vce| vce == "Robust") {
        s.print("Note: Robust variance–covariance matrix used.");
    }
    if detail.is_none() {
        s.print("");
    }
}
