//! `estat` after `factor` and `pca`: correlations of the common factors, the structure matrix, residual correlations and
//! normalised loadings ([MV] factor postestimation, [MV] pca postestimation).

use super::shared::{bordered, matrix_of, named};
use crate::error::{Result, StataError};
use crate::estimation::post::kernel;
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::components::correlation;
use estimators::matrix::Mat;

/// The subcommands of this file; nothing for other words.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let factor = session.e.cmd() == "factor";
    if factor && is("common", 3) {
        return Some(common(session, &call("common")));
    }
    if factor && is("structure", 3) {
        return Some(structure(session, &call("structure")));
    }
    if is("residuals", 3) {
        return Some(residuals(session, &call("residuals")));
    }
    (!factor && is("loadings", 3)).then(|| loadings(session, &call("loadings")))
}

/// Whether rotated results are shown: they exist, and `norotated` is not asked for.
fn rotated(session: &Session, norotated: bool) -> bool {
    session.e.results.matrices.get("r_L").is_some() && !norotated
}

/// The correlations of the factors: those of an oblique rotation, otherwise none.
fn factor_correlations(session: &Session, rotated: bool) -> Result<Mat> {
    let size = matrix_of(session, "L")?.cols();
    let oblique = session.e.results.matrices.get("r_Phi").filter(|_| rotated);
    Ok(oblique.map_or_else(|| Mat::identity(size), kernel))
}

fn show(session: &mut Session, title: &str, m: &Matrix, width: usize) {
    session.print("");
    session.print(title);
    bordered(session, m, width, 4);
}

fn common(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("NOROTated")], &["Format"])?;
    let turned = rotated(session, options.has("norotated"));
    let names = matrix_of(session, if turned { "r_L" } else { "L" })?.col_names;
    let phi = named(&factor_correlations(session, turned)?, names.clone(), names);
    let title = match session.e.results.get_text("r_criterion").filter(|_| turned) {
        Some(rotation) => format!("Correlation matrix of the {rotation} rotated common factors"),
        None => "Correlation matrix of the common factors".to_string(),
    };
    show(session, &title, &phi, 9);
    let mut results = Results::default();
    results.matrix("Phi", phi);
    session.r = results;
    Ok(())
}

fn structure(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("NOROTated")], &["Format"])?;
    let turned = rotated(session, options.has("norotated"));
    let l = matrix_of(session, if turned { "r_L" } else { "L" })?;
    let st = kernel(&l).times(&factor_correlations(session, turned)?);
    let st = named(&st, l.row_names.clone(), l.col_names.clone());
    show(session, "Structure matrix: correlations between variables and common factors", &st, 10);
    let mut results = Results::default();
    results.matrix("st", st);
    session.r = results;
    Ok(())
}

/// Observed minus fitted correlations; what is fitted is `L L' + Psi` after `factor`, `L D L'` after `pca`.
fn residuals(session: &mut Session, call: &Call) -> Result<()> {
    let known = [OptSpec::flag("Observed"), OptSpec::flag("Fitted"), OptSpec::flag("sresiduals")];
    let options = call.options(&known, &["Format"])?;
    if options.has("sresiduals") {
        return Err(StataError::unsupported_option("estat residuals", "sresiduals"));
    }
    let factor = session.e.cmd() == "factor";
    let (l, c) = (kernel(&matrix_of(session, "L")?), matrix_of(session, "C")?);
    let observed = if factor { correlation(&kernel(&c)) } else { kernel(&c) };
    let fitted = if factor {
        let psi = kernel(&matrix_of(session, "Psi")?);
        let unique = Mat::from_fn(l.rows(), l.rows(), |i, j| if i == j { psi[(0, i)] } else { 0.0 });
        l.times(&l.transpose()).plus(&unique)
    } else {
        let ev = kernel(&matrix_of(session, "Ev")?);
        Mat::from_fn(l.rows(), l.cols(), |i, j| l[(i, j)] * ev[(0, j)]).times(&l.transpose())
    };
    let stripe = c.col_names.clone();
    let shown = |m: &Mat| named(m, stripe.clone(), stripe.clone());
    let what = match session.e.results.get_text("Ctype") {
        Some("covariance") => "covariances",
        _ => "correlations",
    };
    let (fit, res) = (shown(&fitted), shown(&observed.minus(&fitted)));
    if options.has("observed") {
        show(session, &format!("Observed {what}"), &shown(&observed), 10);
    }
    if options.has("fitted") {
        show(session, &format!("Fitted {what}"), &fit, 10);
    }
    show(session, &format!("Raw residuals of {what} (observed-fitted)"), &res, 10);
    let mut results = Results::default();
    results.matrix("fit", fit).matrix("res", res);
    session.r = results;
    Ok(())
}

fn loadings(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::text("CNorm")], &["Format"])?;
    let asked = options.text("cnorm").unwrap_or("unit").trim().to_string();
    let is = |full: &str, least: usize| asked.len() >= least && full.starts_with(&asked);
    let (power, text) = match () {
        () if is("unit", 1) => (0.0, "1"),
        () if is("eigen", 1) => (0.5, "eigenvalue"),
        () if is("inveigen", 1) => (-0.5, "1/eigenvalue"),
        () => return Err(StataError::invalid(format!("cnorm({asked}) invalid"))),
    };
    let (l, ev) = (matrix_of(session, "L")?, kernel(&matrix_of(session, "Ev")?));
    let raw = kernel(&l);
    let scaled = Mat::from_fn(raw.rows(), raw.cols(), |i, j| raw[(i, j)] * ev[(0, j)].powf(power));
    let shown = named(&scaled, l.row_names.clone(), l.col_names.clone());
    session.print("");
    session.print("Principal component loadings (unrotated)");
    session.print(format!("    component normalization: sum of squares(column) = {text}"));
    bordered(session, &shown, 10, 4);
    let mut results = Results::default();
    results.text(
        "cnorm",
        if power == 0.0 {
            "unit"
        } else if power > 0.0 {
            "eigen"
        } else {
            "inveigen"
        },
    );
    results.matrix("A", shown);
    session.r = results;
    Ok(())
}
