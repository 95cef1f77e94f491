//! Diagnostics after `regress`: `estat hettest`, `ovtest`, `vif`; and `estat ic`
//! after any estimation. Formulas: [R] regress postestimation, [R] estat ic.

use super::vif_table;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::linear::LinearState;
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::predict::{design, map, outcome};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::{Design, FvList};
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::ols::{self, OlsFit, Request};

/// The sample of a regression with its fitted values and residuals.
pub(super) struct Fitted {
    pub(super) rows: Vec<usize>,
    pub(super) parameters: Parameters,
    y: Vec<f64>,
    fitted: Vec<f64>,
    pub(super) residuals: Vec<f64>,
    /// Estimated slopes: position among the parameters and values.
    pub(super) columns: Vec<(usize, Vec<f64>)>,
    pub(super) constant: bool,
}

impl Fitted {
    /// Reads them; r(322) without a sample or after weights.
    pub(super) fn read(session: &Session, what: &str) -> Result<Self> {
        if session.e.results.get_text("wtype").is_some() {
            return Err(StataError::new(
                322,
                format!("estat {what} is not supported after a weighted regression by the open engine"),
            ));
        }
        Self::weighted(session)
    }

    /// The same after any weights; what is read does not depend on them.
    fn weighted(session: &Session) -> Result<Self> {
        let parameters = Parameters::of(&session.e)?;
        let sample = session.required_estimation_sample()?;
        let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
        let y = outcome(session, &rows)?;
        let fitted = linear_prediction(&session.frame, &parameters, "", &rows)?;
        let residuals = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
        let slopes: Vec<usize> = (0..parameters.b.len())
            .filter(|p| parameters.v[(*p, *p)] > 0.0 && parameters.terms[*p].is_some())
            .collect();
        let values = design(&session.frame, &parameters, &slopes, &rows)?;
        let constant = parameters.stripe.iter().any(|s| s.name == "_cons");
        Ok(Self {
            rows,
            y,
            fitted,
            residuals,
            columns: slopes.into_iter().zip(values).collect(),
            constant,
            parameters,
        })
    }

    pub(super) fn classical(session: &Session, what: &str) -> Result<Self> {
        if session.e.results.get_text("vcetype").is_some() {
            return Err(StataError::new(498, format!("estat {what} not possible after a robust covariance")));
        }
        Self::read(session, what)
    }

    /// Columns of the estimated slopes.
    pub(super) fn columns(&self) -> Vec<&[f64]> {
        self.columns.iter().map(|c| c.1.as_slice()).collect()
    }
}

/// Least squares.
pub(super) fn regression(y: &[f64], columns: &[&[f64]], constant: bool) -> Result<OlsFit> {
    ols::fit(&Request { constant, ..Request::new(y, columns) }).map_err(fit_error)
}

/// Shows a statistic with its p-value.
pub(super) fn show_test(session: &mut Session, label: &str, statistic: f64, p_label: &str, p: f64) {
    let width = label.len().max(p_label.len()) + 4;
    session.print(format!("{label:>width$} = {}", format::number("%6.2f", statistic)));
    session.print(format!("{p_label:>width$} = {}", format::number("%6.4f", p)));
}

/// `estat hettest [varlist] [, rhs normal iid fstat]`: Breusch and Pagan (1979), Cook and Weisberg (1983), Koenker (1981).
pub(crate) fn hettest(session: &mut Session, call: &Call) -> Result<()> {
    let specs = [
        OptSpec::flag("rhs"),
        OptSpec::flag("Normal"),
        OptSpec::flag("iid"),
        OptSpec::flag("FStat"),
        OptSpec::flag_or_text("MTest"),
    ];
    let options = call.options_after_list(&specs, &[])?;
    let data = Fitted::classical(session, "hettest")?;
    let n = data.rows.len() as f64;
    let rss: f64 = data.residuals.iter().map(|e| e * e).sum();
    let scaled: Vec<f64> = data.residuals.iter().map(|e| e * e / (rss / n)).collect();
    let mut names: Vec<String> = Vec::new();
    let extra: Vec<Vec<f64>> = if call.list.is_empty() {
        Vec::new()
    } else {
        let list = FvList::parse(&session.frame, &call.list, session.settings.varabbrev)?;
        let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
        let listed = Design::build(&session.frame, &list, &sample)?;
        names.extend(listed.active().iter().map(|i| listed.terms[*i].name()));
        listed.active().into_iter().filter_map(|i| listed.column(i).map(<[f64]>::to_vec)).collect()
    };
    let mut columns: Vec<&[f64]> = extra.iter().map(Vec::as_slice).collect();
    if options.has("rhs") {
        columns.extend(data.columns());
        names.extend(data.columns.iter().map(|(p, _)| data.parameters.stripe[*p].name.clone()));
    }
    let fitted_only = columns.is_empty();
    if fitted_only {
        columns.push(&data.fitted);
    }
    let fit = regression(&scaled, &columns, true)?;
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    session.print("");
    session.print("Breusch–Pagan/Cook–Weisberg test for heteroskedasticity");
    let iid = options.has("iid") || options.has("fstat");
    session.print(format!("Assumption: {} error terms", if iid { "i.i.d." } else { "Normal" }));
    session.print(match (fitted_only, options.has("rhs")) {
        (true, _) => format!("Variable: Fitted values of {depvar}"),
        (_, true) => "Variables: All right-hand-side variables".to_string(),
        _ => format!("Variables: {}", call.list),
    });
    session.print("");
    session.print("H0: Constant variance");
    session.print("");
    let mut results = Results::default();
    let several = options.has("mtest") && !fitted_only;
    if options.has("fstat") {
        if several {
            return Err(StataError::unsupported_option("estat hettest", "mtest() with fstat"));
        }
        let f = fit.f.unwrap_or(f64::NAN);
        let p = stata(f_tail(fit.df_m, fit.df_r, f));
        show_test(session, &format!("F({}, {})", fit.df_m, fit.df_r), f, "Prob > F", p);
        results.scalar("F", stata(f)).scalar("df_m", fit.df_m).scalar("df_r", fit.df_r).scalar("p", p);
    } else {
        let statistic = |fit: &OlsFit| if iid { n * fit.r2 } else { fit.mss / 2.0 };
        let chi2 = statistic(&fit);
        let p = stata(chi2_tail(fit.df_m, chi2));
        if several {
            let alone = columns.iter().map(|x| regression(&scaled, &[*x], true).map(|f| statistic(&f)));
            let each = alone.collect::<Result<Vec<f64>>>()?;
            let method = options.text("mtest").unwrap_or("noadjust").trim().to_string();
            several_tests(session, &names, &each, (chi2, fit.df_m), &method, &mut results)?;
        } else {
            show_test(session, &format!("chi2({})", fit.df_m), chi2, "Prob > chi2", p);
        }
        results.scalar("chi2", stata(chi2)).scalar("df", fit.df_m).scalar("p", p);
    }
    session.r = results;
    Ok(())
}

/// The tests of each variable alone, `mtest()`, and of all together; stores r(mtest).
fn several_tests(
    session: &mut Session,
    names: &[String],
    chi2: &[f64],
    all: (f64, f64),
    method: &str,
    results: &mut Results,
) -> Result<()> {
    let p: Vec<f64> = chi2.iter().map(|x| chi2_tail(1.0, *x)).collect();
    let adjusted = super::estat_effects::adjust(method, &p)?;
    let line = |name: &str, chi2: f64, df: f64, p: f64, mark: &str| {
        let (chi2, p) = (format::bare("%9.2f", chi2), format::bare("%6.4f", p));
        format!("{:>12} |{chi2:>10}{df:>5}{p:>9}{mark}", format::abbrev(name, 12))
    };
    let rule = format!("-------------+{}", "-".repeat(26));
    session.print("-".repeat(40));
    session.print("    Variable |      chi2   df        p");
    session.print(&rule);
    for (i, name) in names.iter().enumerate() {
        session.print(line(name, chi2[i], 1.0, adjusted[i], " #"));
    }
    session.print(&rule);
    session.print(line("Simultaneous", all.0, all.1, chi2_tail(all.1, all.0), ""));
    session.print("-".repeat(40));
    session.print(super::estat_effects::title_of_adjustment(method).1);
    let cells = (0..chi2.len()).flat_map(|i| [chi2[i], 1.0, p[i], adjusted[i]]).map(stata).collect();
    let mut matrix = Matrix::new(chi2.len(), 4, cells);
    matrix.row_names = names.iter().map(|n| Stripe::term(n.clone())).collect();
    matrix.col_names = ["chi2", "df", "p", "adj-p"].iter().map(|n| Stripe::term(*n)).collect();
    results.matrix("mtest", matrix);
    Ok(())
}

/// `estat ovtest`: Ramsey's (1969) RESET with the second to fourth powers of the fitted values, or of the regressors (`rhs`).
pub(crate) fn ovtest(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("rhs")], &[])?;
    let data = Fitted::read(session, "ovtest")?;
    // Powers of standardised values span the same space as those of the values and keep their digits.
    let powers_of = |values: &[f64]| -> Vec<Vec<f64>> {
        let moments = estimators::means::Moments::of(values);
        let z = map(values.to_vec(), |f| (f - moments.mean) / moments.sd);
        (2..=4).map(|k| z.iter().map(|v| v.powi(k)).collect()).collect()
    };
    let powers: Vec<Vec<f64>> = if options.has("rhs") {
        data.columns().into_iter().flat_map(powers_of).collect()
    } else {
        powers_of(&data.fitted)
    };
    let mut columns = data.columns();
    let restricted = regression(&data.y, &columns, data.constant)?;
    columns.extend(powers.iter().map(Vec::as_slice));
    let full = regression(&data.y, &columns, data.constant)?;
    let df = full.df_m - restricted.df_m;
    let f = (restricted.rss - full.rss) / df / (full.rss / full.df_residual);
    let p = stata(f_tail(df, full.df_residual, f));
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    session.print("");
    session.print("Ramsey RESET test for omitted variables");
    session.print(if options.has("rhs") {
        "Omitted: Powers of independent variables".to_string()
    } else {
        format!("Omitted: Powers of fitted values of {depvar}")
    });
    session.print("");
    session.print("H0: Model has no omitted variables");
    session.print("");
    show_test(session, &format!("F({df}, {})", full.df_residual), f, "Prob > F", p);
    let mut results = Results::default();
    results.scalar("F", stata(f)).scalar("df", df).scalar("df_r", full.df_residual).scalar("p", p);
    session.r = results;
    Ok(())
}

/// Weights of the last regression on its sample.
fn weights(session: &Session, rows: &[usize]) -> Result<Option<Vec<f64>>> {
    let Some(text) = session.e.results.get_text("wexp") else { return Ok(None) };
    let compiled = session.compile(text.trim_start_matches('=').trim())?;
    let ctx = session.ctx();
    Ok(Some(rows.iter().map(|r| compiled.num(&ctx, *r)).collect()))
}

/// `estat vif`: variance inflation factors, largest first: `1/(1 - R2)` of each regressor on the others, which is an element
/// of the inverse of their cross products times its own sum of squares; both with the weights of the regression.
pub(crate) fn vif(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("UNCentered")], &[])?;
    let data = Fitted::weighted(session)?;
    let weights = weights(session, &data.rows)?;
    let extra = session.e.extra.clone();
    let Some(state) = extra.as_ref().and_then(|e| e.downcast_ref::<LinearState>()) else {
        return Err(StataError::no_estimates());
    };
    let centred = !options.has("uncentered");
    if centred && !data.constant {
        return Err(StataError::new(
            498,
            "not appropriate after regress, nocons; use option uncentered to get uncentered VIFs",
        ));
    }
    let spread = |values: &[f64]| ols::total_squares(values, weights.as_deref(), centred);
    // the scale of the weights in the fit: analytic weights add up to the number of observations there
    let scale = match session.e.results.get_text("wtype") {
        Some("aweight" | "pweight") => {
            weights.as_ref().map_or(1.0, |w| w.len() as f64 / w.iter().sum::<f64>())
        }
        _ => 1.0,
    };
    let factors = data.columns.iter().map(|(position, values)| vif_table::Row {
        name: data.parameters.stripe[*position].name.clone(),
        term: data.parameters.terms[*position].clone(),
        value: state.unscaled[(*position, *position)] * spread(values) * scale,
    });
    session.r = vif_table::show(session, factors.collect());
    Ok(())
}

/// `estat ic`: information criteria with `e(rank)` parameters and `e(N)` observations.
pub(crate) fn ic(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::real("n"), OptSpec::real("df")], &[])?;
    let scalar = |name: &str| session.e.results.get_scalar(name);
    let ll = scalar("ll").ok_or_else(|| StataError::new(321, "log likelihood not found in e()"))?;
    let n = options.real("n").or(scalar("N")).unwrap_or(MISSING);
    let df = options.real("df").or(scalar("rank")).unwrap_or(MISSING);
    let null = scalar("ll_0").unwrap_or(MISSING);
    let (aic, bic) = (-2.0 * ll + 2.0 * df, -2.0 * ll + n.ln() * df);
    session.print("");
    session.print("Akaike's information criterion and Bayesian information criterion");
    session.print("");
    session.print("-".repeat(77));
    session.print("       Model |          N   ll(null)  ll(model)      df        AIC        BIC");
    session.print(format!("-------------+{}", "-".repeat(63)));
    let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", x), width);
    session.print(format!(
        "           . |{}{}{}{}{}{}",
        format::right(&format::bare("%10.0fc", n), 11),
        cell(null, 11),
        cell(ll, 11),
        cell(df, 8),
        cell(aic, 11),
        cell(bic, 11)
    ));
    session.print("-".repeat(77));
    session.print("Note: BIC uses N = number of observations. See [R] IC note.");
    let mut matrix = Matrix::new(1, 6, vec![n, null, ll, df, aic, bic]);
    matrix.row_names = vec![Stripe::term(".")];
    matrix.col_names = ["N", "ll0", "ll", "df", "AIC", "BIC"].map(Stripe::term).to_vec();
    let mut results = Results::default();
    results.matrix("S", matrix);
    session.r = results;
    Ok(())
}
