//! `xtoverid` after `xtreg, re`: whether the effects of units are uncorrelated with the regressors, robust where the model is. Community
//! command by Schaffer and Stillman; Arellano (1993), Journal of Econometrics 59; Wooldridge (2010), section 10.7.3.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::linear::Parameters;
use crate::estimation::model::number_groups;
use crate::format;
use crate::ops::predict::{design, outcome};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::ols::{self, Request};
use estimators::panel::Units;
use estimators::vce::{Clusters, Vce};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[]).unsupported(&["NOIsily", "Robust", "CLuster"]);

/// `xtoverid`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtoverid",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtoverid",
    notes: "after xtreg, re, with its vce(); the Wald test of the deviations from the means of units next to the transformed regressors; stores r(j) r(jdf) r(jp); after xtivreg it is refused; community command by Schaffer and Stillman",
    examples: &[Example {
        // Without robust errors: the Hausman test with the variance of the fixed effects.
        run: "set obs 24\ngenerate id = ceil(_n/4)\ngenerate t = mod(_n - 1, 4)\nxtset id t\ngenerate x = mod(7*_n, 11) + id\ngenerate y = x + mod(5*_n, 13) + 2*id\nxtreg y x, fe\nestimates store f\nxtreg y x, re\nestimates store r\nxtoverid\nscalar j = r(j)\nhausman f r, sigmaless",
        expect: &[("j/r(chi2)", 1.0)],
    }],
};

/// The transformed regression.
struct Augmented {
    y: Vec<f64>,
    columns: Vec<Vec<f64>>,
    /// Position of the first deviation from a mean.
    from: usize,
}

/// Share of a unit's mean that the random-effects model takes off.
fn share(size: usize, sigma_u: f64, sigma_e: f64) -> f64 {
    1.0 - (sigma_e.powi(2) / (size as f64 * sigma_u.powi(2) + sigma_e.powi(2))).sqrt()
}

fn augmented(session: &Session, rows: &[usize], units: &Units) -> Result<Augmented> {
    let parameters = Parameters::of(&session.e)?;
    let slopes: Vec<usize> = (0..parameters.b.len())
        .filter(|p| parameters.v[(*p, *p)] > 0.0 && parameters.terms[*p].is_some())
        .collect();
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(0.0);
    let (sigma_u, sigma_e) = (scalar("sigma_u"), scalar("sigma_e"));
    let taken: Vec<f64> = units.sizes.iter().map(|n| share(*n, sigma_u, sigma_e)).collect();
    let less = |x: &[f64], part: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let means = units.means(x, None);
        let of = |i: usize| units.of_row[i] as usize;
        (0..x.len()).map(|i| x[i] - part(of(i)) * means[of(i)]).collect()
    };
    let x = design(&session.frame, &parameters, &slopes, rows)?;
    let mut columns: Vec<Vec<f64>> = x.iter().map(|c| less(c, &|u| taken[u])).collect();
    columns.push(units.of_row.iter().map(|u| 1.0 - taken[*u as usize]).collect());
    let from = columns.len();
    for column in &x {
        let within = less(column, &|_| 1.0);
        let size = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
        // a regressor that does not vary within units has no deviations
        if size(&within) > 1e-12 * size(column) {
            columns.push(within);
        }
    }
    Ok(Augmented { y: less(&outcome(session, rows)?, &|u| taken[u]), columns, from })
}

fn run(session: &mut Session, _cmd: &ParsedCommand) -> Result<()> {
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    if session.e.cmd() != "xtreg" || text("model") != "re" {
        return Err(StataError::new(301, "last estimates are not xtreg, re"));
    }
    let sample = session.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let groups = |name: &str| -> Result<(Vec<u32>, usize)> {
        Ok(number_groups(&session.frame, session.frame.position(name)?, &rows))
    };
    let units = Units::new(groups(&text("ivar"))?.0);
    let (kind, clusters) = (text("vce"), text("clustvar"));
    let clusters = match kind.as_str() {
        "conventional" | "" => None,
        "robust" | "cluster" => Some(groups(&clusters)?),
        other => return Err(StataError::new(322, format!("xtoverid is not available after vce({other})"))),
    };
    let data = augmented(session, &rows, &units)?;
    let columns: Vec<&[f64]> = data.columns.iter().map(Vec::as_slice).collect();
    let vce = match &clusters {
        Some((of_row, count)) => Vce::Cluster(Clusters::new(of_row, *count)),
        None => Vce::Classical,
    };
    let request = Request { constant: false, vce, ..Request::new(&data.y, &columns) };
    let fit = ols::fit(&request).map_err(fit_error)?;
    let tested: Vec<usize> = (0..fit.basis.kept.len()).filter(|p| fit.basis.kept[*p] >= data.from).collect();
    if tested.is_empty() {
        return Err(StataError::new(498, "no regressor varies within units"));
    }
    let test = wald::test_zero(&fit.b, &fit.v, &tested);
    let (df, p) = (test.df as f64, chi2_tail(test.df as f64, test.chi2));
    let robust = match &clusters {
        Some(_) => format!(" robust cluster({})", text("clustvar")),
        None => "  ".to_string(),
    };
    session.print("");
    session.print("Test of overidentifying restrictions: fixed vs random effects");
    session.print(format!("Cross-section time-series model: xtreg re {robust}"));
    session.print(format!(
        "Sargan-Hansen statistic {:>7}  Chi-sq({df})    P-value = {:>6}",
        format::bare("%7.3f", test.chi2),
        format::bare("%6.4f", if p.is_nan() { MISSING } else { p })
    ));
    let mut results = Results::default();
    results.scalar("j", test.chi2).scalar("jdf", df).scalar("jp", p);
    session.r = results;
    Ok(())
}
