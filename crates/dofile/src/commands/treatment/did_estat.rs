//! `estat ptrends` and `estat granger` after `didregress` and `xtdidregress`: tests of parallel trends and of no
//! anticipation before treatment. Formulas: [CAUSAL] didregress postestimation, Methods and formulas.

use super::didregress::Again;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::format;
use crate::frame::{Column, Variable};
use crate::ops::estat::Call;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::wald;

const MARK: &str = "__did_sample";

/// The subcommand, when the active estimates are differences in differences.
pub(in crate::commands) fn estat(
    s: &mut Session,
    word: &str,
    call: &dyn Fn(&str) -> Call,
) -> Option<Result<()>> {
    if !matches!(s.e.cmd(), "didregress" | "xtdidregress") {
        return None;
    }
    match word {
        _ if word.len() >= 2 && "ptrends".starts_with(word) => {
            Some(call("ptrends").bare().and_then(|()| trends(s)))
        }
        _ if word.len() >= 4 && "granger".starts_with(word) => {
            Some(call("granger").bare().and_then(|()| granger(s)))
        }
        _ if word.len() >= 4 && "trendplots".starts_with(word) => {
            Some(Err(StataError::unsupported_command("estat trendplots")))
        }
        "bdecomp" => Some(Err(StataError::unsupported_command("estat bdecomp"))),
        _ => None,
    }
}

/// Adds helper variables, runs the regression with them, tests those named in `tested`, and puts everything back.
fn augmented(
    s: &mut Session,
    again: &Again,
    helpers: Vec<(String, Vec<f64>)>,
    tested: &[String],
) -> Result<()> {
    let held = s.e.clone();
    let sample = s.required_estimation_sample()?;
    let mark = sample.iter().map(|t| f64::from(u8::from(*t))).collect();
    let names: Vec<String> = helpers.iter().map(|h| h.0.clone()).collect();
    s.frame.add(Variable::new(MARK, Column::Double(mark)))?;
    for (name, values) in helpers {
        s.frame.add(Variable::new(&name, Column::Double(values)))?;
    }
    let outcome = quietly(s, &again.regression(MARK, &names.join(" ")));
    let result = outcome.and_then(|()| {
        let parameters = Parameters::of(&s.e)?;
        let positions: Vec<usize> = (0..parameters.b.len())
            .filter(|p| tested.contains(&parameters.stripe[*p].name) && parameters.v[(*p, *p)] > 0.0)
            .collect();
        let test = wald::test_zero(&parameters.b, &parameters.v, &positions);
        Ok((test, s.e.results.get_scalar("df_r")))
    });
    let gone: Vec<usize> =
        names.iter().map(String::as_str).chain([MARK]).filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&gone);
    s.post_estimation(held, sample.as_ref().clone());
    let (test, df_r) = result?;
    if test.df == 0 {
        return Err(StataError::new(459, "too few periods before treatment for this test"));
    }
    let df_r = df_r.unwrap_or(MISSING);
    let p = stata(f_tail(test.df as f64, df_r, test.f()));
    s.print(format!(
        "F({}, {}) = {}",
        test.df,
        format::bare("%9.0g", df_r),
        format::bare("%9.2f", test.f()).trim()
    ));
    s.print(format!("Prob > F = {}", format::bare("%6.4f", p)));
    let mut r = Results::default();
    r.scalar("F", stata(test.f())).scalar("df", test.df as f64).scalar("df_r", df_r).scalar("p", p);
    s.r = r;
    Ok(())
}

/// Different linear trends of treated groups before and after treatment; the test is of the first.
fn trends(s: &mut Session) -> Result<()> {
    let again = Again::of(s)?;
    if !again.is_binary() {
        return Err(StataError::new(321, "estat ptrends needs a 0/1 treatment"));
    }
    let timing = again.timing(s)?;
    let part = |before: bool| -> Vec<f64> {
        timing
            .iter()
            .map(|row| match row {
                Some((Some(start), t)) if (t < start) == before => *t,
                _ => 0.0,
            })
            .collect()
    };
    let helpers = vec![("__did_before".to_string(), part(true)), ("__did_after".to_string(), part(false))];
    s.print("");
    s.print("Parallel-trends test (pretreatment time period)");
    s.print("H0: Linear trends are parallel");
    s.print("");
    augmented(s, &again, helpers, &["__did_before".to_string()])
}

/// Indicators of treated groups in the periods before treatment, all but the first: no effect is anticipated.
fn granger(s: &mut Session) -> Result<()> {
    let again = Again::of(s)?;
    if !again.is_binary() {
        return Err(StataError::new(321, "estat granger needs a 0/1 treatment"));
    }
    let timing = again.timing(s)?;
    let mut starts: Vec<f64> = timing.iter().flatten().filter_map(|row| row.0).collect();
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    let [start] = starts[..] else {
        return Err(StataError::unsupported_command("estat granger with several times of treatment"));
    };
    let mut times: Vec<f64> =
        timing.iter().flatten().filter(|row| row.0.is_some() && row.1 < start).map(|row| row.1).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let helpers: Vec<(String, Vec<f64>)> = times
        .iter()
        .skip(1)
        .enumerate()
        .map(|(k, time)| {
            let values = timing
                .iter()
                .map(|row| f64::from(u8::from(matches!(row, Some((Some(_), t)) if t == time))))
                .collect();
            (format!("__did_lead{k}"), values)
        })
        .collect();
    let tested: Vec<String> = helpers.iter().map(|h| h.0.clone()).collect();
    s.print("");
    s.print("Granger causality test");
    s.print("H0: No effect in anticipation of treatment");
    s.print("");
    augmented(s, &again, helpers, &tested)
}
