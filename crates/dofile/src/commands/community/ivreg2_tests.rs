//! Tests that `ivreg2` reports besides the estimates: identification, the first stage, exogeneity.

use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::instruments::{IvState, with_request};
use crate::estimation::post::stata;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::value::MISSING;
use estimators::iv::IvRequest;
use estimators::iv_identification::{self as identification, Conditional};
use estimators::iv_tests::{self, Test};
use estimators::ols::FitError;

pub(super) fn identified(
    results: &mut Results,
    request: &IvRequest<'_>,
) -> std::result::Result<(), FitError> {
    let found = identification::identification(request)?;
    let under = found.underidentified;
    results.scalar("idstat", stata(under.statistic)).scalar("idp", stata(under.p)).scalar("iddf", under.df);
    results.scalar("cd", stata(found.cragg_donald)).scalar("cdf", stata(found.cragg_donald_f));
    results.scalar("widstat", stata(found.rank_f.unwrap_or(found.cragg_donald_f)));
    Ok(())
}

/// Names of the rows of `e(first)`.
const FIRST: [&str; 21] = [
    "rmse", "sheapr2", "pr2", "F", "df", "df_r", "pvalue", "SWF", "SWFdf1", "SWFdf2", "SWFp", "SWchi2",
    "SWchi2p", "SWr2", "APF", "APFdf1", "APFdf2", "APFp", "APchi2", "APchi2p", "APr2",
];

pub(super) fn first_stage(
    results: &mut Results,
    request: &IvRequest<'_>,
    columns: Vec<Stripe>,
) -> std::result::Result<(), FitError> {
    let stages = iv_tests::first_stage(request)?;
    let (f, chi2) = identification::anderson_rubin(request)?;
    results.scalar("arf", stata(f.statistic)).scalar("arfp", stata(f.p)).scalar("ardf", f.df);
    results.scalar("ardf_r", f.df_r.unwrap_or(MISSING));
    results.scalar("archi2", stata(chi2.statistic)).scalar("archi2p", stata(chi2.p));
    if let Some(test) = identification::stock_wright(request)? {
        results.scalar("sstat", stata(test.statistic)).scalar("sstatp", stata(test.p));
        results.scalar("sstatdf", test.df);
    }
    let mut table = Matrix::new(FIRST.len(), stages.len(), vec![MISSING; FIRST.len() * stages.len()]);
    for (j, stage) in stages.iter().enumerate() {
        let (windmeijer, pischke) = identification::conditional(request, j)?;
        let test = stage.test;
        let head = [stage.rmse, stage.shea, stage.partial_r2];
        let own = [test.statistic, test.df, test.df_r.unwrap_or(MISSING), test.p];
        let values = head.into_iter().chain(own).chain(listed(windmeijer)).chain(listed(pischke));
        values.enumerate().for_each(|(i, value)| table.set(i, j, stata(value)));
    }
    table.row_names = FIRST.map(Stripe::term).to_vec();
    table.col_names = columns;
    results.matrix("first", table);
    Ok(())
}

/// F, its degrees of freedom and p-value, chi-squared, its p-value and the partial R squared.
fn listed(found: Conditional) -> [f64; 7] {
    let (f, chi2) = (found.f, found.chi2);
    [f.statistic, f.df, f.df_r.unwrap_or(MISSING), f.p, chi2.statistic, chi2.p, found.r2]
}

/// The difference of J of `endogtest()` (regressors that are taken as endogenous) or `orthog()` (instruments).
pub(super) fn exogeneity(s: &Session, state: &IvState, text: &str, option: &str) -> Result<Option<Test>> {
    let asked = FvList::parse(&s.frame, text, s.settings.varabbrev)?.expand(&s.frame, &state.model.touse)?;
    let own: Vec<&String> = match option {
        "endogtest" => state.endogenous.iter().map(|c| &c.0).collect(),
        _ => state.exogenous.iter().chain(&state.instruments).map(|c| &c.0).collect(),
    };
    let mut positions = Vec::new();
    for name in asked.iter().map(crate::syntax::Term::name) {
        let at = own.iter().position(|o| **o == name);
        positions.push(at.ok_or_else(|| {
            StataError::invalid(format!("{name} in {option}() does not appear in the list of such variables"))
        })?);
    }
    let found = with_request(state, |request| match option {
        "endogtest" => {
            // As exogenous regressors the tested ones are instruments of their own.
            let (tested, rest): (Vec<usize>, Vec<usize>) =
                (0..request.endogenous.len()).partition(|i| positions.contains(i));
            let pick = |list: &[usize]| list.iter().map(|i| request.endogenous[*i]).collect::<Vec<_>>();
            let endogenous = pick(&rest);
            let exogenous: Vec<&[f64]> =
                pick(&tested).into_iter().chain(request.exogenous.iter().copied()).collect();
            let suspect: Vec<usize> = (0..tested.len()).collect();
            let wider = IvRequest { endogenous: &endogenous, exogenous: &exogenous, ..*request };
            identification::exclusion(&wider, &suspect)
        }
        _ => identification::exclusion(request, &positions),
    });
    found.map_err(fit_error)
}
