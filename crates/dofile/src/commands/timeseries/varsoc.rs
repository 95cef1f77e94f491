//! `varsoc`: criteria for the number of lags of a vector autoregression. Formulas: [TS] varsoc; numbers: `estimators::var`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::var::{State, held};
use super::var_sample::{sample, span};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::var::{self as kernel, VarFit};

const SOC: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Maxlag"),
    OptSpec::text("EXog"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("LUTstats"),
])
.unsupported(&["CONSTraints", "SEParator", "ESTimates"]);

/// `varsoc`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "varsoc",
    min: 6,
    form: Form::Standard(&SOC),
    by: ByRule::No,
    run: varsoc,
    syntax: "varsoc varlist [if] [in] [, maxlag(#) exog(varlist) noconstant lutstats] | varsoc",
    notes: "without a list for the lags, series and sample of the last var; stores r(N tmin tmax mlag), r(stats): lag LL LR df p FPE AIC HQIC SBIC; [TS] varsoc",
    examples: &[Example {
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1/2)\nscalar a = e(aic)\nvarsoc y x, maxlag(2)\nmatrix m = r(stats)",
        expect: &[("m[3,7]/a", 1.0)],
    }],
};

/// Per-observation criteria of a system: FPE, AIC, HQIC, SBIC. With the number of `lags`, Luetkepohl's versions, which
/// leave constants out of the likelihood and count the coefficients of the lags alone ([TS] varsoc, Methods and formulas).
pub(super) fn criteria(fit: &VarFit, ll: f64, lags: Option<usize>) -> [f64; 4] {
    let (n, m) = (fit.n as f64, fit.sigma_ml.rows() as f64);
    let total = m * fit.k as f64;
    let log_determinant = kernel::log_determinant(&fit.sigma_ml).unwrap_or(f64::NAN);
    let per = fit.k as f64;
    let fpe = log_determinant.exp() * ((n + per) / (n - per)).powf(m);
    if let Some(lags) = lags {
        let of_lags = lags as f64 * m * m;
        let criterion = |weight: f64| log_determinant + weight * of_lags / n;
        return [fpe, criterion(2.0), criterion(2.0 * n.ln().ln()), criterion(n.ln())];
    }
    [
        fpe,
        (-2.0 * ll + 2.0 * total) / n,
        (-2.0 * ll + 2.0 * n.ln().ln() * total) / n,
        (-2.0 * ll + n.ln() * total) / n,
    ]
}

/// The request that describes the last `var`: its series, regressors, lags and sample.
fn of_last(session: &Session) -> Result<ParsedCommand> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    let most = state.lags.iter().max().copied().unwrap_or(1);
    let mut options = format!("maxlag({most})");
    if !state.exogenous.is_empty() {
        options.push_str(&format!(" exog({})", state.exogenous.join(" ")));
    }
    if !session.e.b().is_some_and(|b| b.col_names.iter().any(|n| n.name == "_cons")) {
        options.push_str(" noconstant");
    }
    if session.e.results.get_text("lutstats").is_some_and(|t| !t.is_empty()) {
        options.push_str(" lutstats");
    }
    let mut cmd =
        ParsedCommand::split("varsoc", &format!("{} if e(sample), {options}", state.names.join(" ")), false)?;
    cmd.options = Options::parse("varsoc", &cmd.option_text, SOC.options, SOC.unsupported)?;
    Ok(cmd)
}

fn varsoc(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return criteria_of(session, cmd);
    }
    if !cmd.option_text.trim().is_empty() {
        return Err(StataError::invalid("options are not allowed after var"));
    }
    // the lags of the fitted model are compared on its own sample
    cmd.refuse_selection()?;
    let cmd = of_last(session)?;
    criteria_of(session, &cmd)
}

fn criteria_of(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let most = match cmd.options.int("maxlag") {
        None => 4,
        Some(lag) if (1..=200).contains(&lag) => lag as usize,
        Some(_) => return Err(StataError::new(198, "maxlag() must be a positive integer")),
    };
    let data = sample(session, cmd, most)?;
    let exogenous: Vec<Vec<f64>> = data.exogenous.iter().map(|e| e.1.clone()).collect();
    let constant = !cmd.has("noconstant");
    let m = data.names.len();
    let mut rows: Vec<[f64; 9]> = Vec::new();
    let n = data.rows.len() - data.from;
    for lag in 0..=most {
        let lags: Vec<usize> = (1..=lag).collect();
        let fit = kernel::fit(&data.y, &lags, &exogenous, constant, data.from).map_err(fit_error)?;
        let ll = fit.ll().ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
        let [fpe, aic, hqic, sbic] = criteria(&fit, ll, cmd.has("lutstats").then_some(lag));
        let (lr, df, p) = match rows.last() {
            None => (MISSING, MISSING, MISSING),
            Some(before) => {
                let lr = 2.0 * (ll - before[1]);
                let df = (m * m) as f64;
                (lr, df, chi2_tail(df, lr))
            }
        };
        rows.push([lag as f64, ll, lr, df, p, fpe, aic, hqic, sbic]);
    }
    let best = |column: usize| {
        (0..rows.len()).min_by(|a, b| rows[*a][column].total_cmp(&rows[*b][column])).unwrap_or(0)
    };
    let chosen = [best(5), best(6), best(7), best(8)];
    let mut results = Results::default();
    span(session, &data.rows[data.from..], &mut results)?;
    let limit = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let left = format!("   Sample: {} thru {}", limit("tmins"), limit("tmaxs"));
    let right = format!("Number of obs = {}", format::bare("%10.0fc", n as f64));
    session.print("");
    session.print("Lag-order selection criteria");
    session.print("");
    session.print(format!("{left}{}", format::right(&right, 78 - left.chars().count())));
    print_table(session, &rows, chosen);
    session.print(format!("   Endogenous: {}", data.names.join(" ")));
    let further = data.exogenous.iter().map(|e| e.0.clone()).chain(constant.then(|| "_cons".to_string()));
    let further: Vec<String> = further.collect();
    if !further.is_empty() {
        session.print(format!("    Exogenous: {}", further.join(" ")));
        results.text("exog", further.join(" "));
    }
    let mut stats = Matrix::new(rows.len(), 9, rows.concat());
    stats.col_names = ["lag", "LL", "LR", "df", "p", "FPE", "AIC", "HQIC", "SBIC"].map(Stripe::term).to_vec();
    results.matrix("stats", stats).scalar("N", n as f64).scalar("mlag", most as f64);
    results.text("endog", data.names.join(" "));
    for (name, at) in ["fpe", "aic", "hqic", "sbic"].iter().zip(chosen) {
        results.scalar(&format!("lag_{name}"), rows[at][0]);
    }
    session.r = results;
    Ok(())
}

/// The lags with their statistics; the best of each criterion has a star, and so has the longest lag that is needed.
fn print_table(session: &mut Session, rows: &[[f64; 9]], chosen: [usize; 4]) {
    // the longest lag whose test rejects at 5%
    let last_rejected = (1..rows.len()).rev().find(|i| rows[*i][4] < 0.05);
    let cell = |fmt: &str, x: f64, width: usize| {
        let text = if is_missing(x) { String::new() } else { format::bare(fmt, x) };
        format::right(&text, width)
    };
    let star = |shown: bool| if shown { '*' } else { ' ' };
    session.print(format!("  +{}+", "-".repeat(75)));
    session.print("  | Lag |    LL      LR      df    p     FPE       AIC      HQIC      SBIC    |");
    session.print(format!("  |-----+{}|", "-".repeat(69)));
    for (i, row) in rows.iter().enumerate() {
        let mut line = format!(
            "  |{:>4} |{}{}{}{}{}",
            row[0],
            cell("%9.6g", row[1], 9),
            cell("%7.5g", row[2], 8),
            star(last_rejected == Some(i)),
            cell("%4.0f", row[3], 4),
            cell("%5.3f", row[4], 7)
        );
        for (c, best) in chosen.iter().enumerate() {
            // an exponent takes one character more
            let (shape, width) = match c {
                0 if row[5] < 1e-5 => ("%8.6g", 8),
                0 => ("%7.6g", 8),
                _ => ("%8.6g", 9),
            };
            line.push_str(&format::right(&format::bare(shape, row[5 + c]), width));
            line.push(star(*best == i));
        }
        session.print(format!("{line} |"));
    }
    session.print(format!("  +{}+", "-".repeat(75)));
    session.print("   * optimal lag");
}
