//! `estat gof` and `estat eqgof` after `sem`. Formulas: [SEM] estat gof, estat eqgof; `estimators::sem::fit_statistics`.

use super::sem_numbers::joint;
use super::sem_state::{SemState, state, ungrouped};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::lu::Lu;
use estimators::sem::fit_statistics::{Test, cfi, rmsea, srmr, tli};
use estimators::sem::implied::Implied;

/// Width of the left column.
const LEFT: usize = 21;

fn rule(s: &mut Session) {
    s.print(format!("{}+{}", "-".repeat(LEFT), "-".repeat(54)));
}

fn block(s: &mut Session, title: &str) {
    rule(s);
    s.print(format!("{title:<LEFT$}|"));
}

/// Prints a statistic and keeps it in `r()`.
fn line(s: &mut Session, label: &str, name: &str, value: f64, description: &str) {
    let shown = format::bare("%11.3f", stata(value));
    s.print(format!("{label:>20} |{:>11}   {description}", shown.trim()).trim_end());
    s.r.scalar(name, stata(value));
}

fn test(s: &mut Session, name: &str, test: Test, description: &str) {
    let p = if test.df > 0.0 { chi2_tail(test.df, test.chi2) } else { MISSING };
    let (chi2, df) = (format!("chi2_{name}"), format!("df_{name}"));
    line(s, &format!("{chi2}({})", test.df), &chi2, test.chi2, description);
    line(s, "p > chi2", &format!("p_{name}"), p, "");
    s.r.scalar(&df, test.df);
}

/// Which blocks `stats()` asks for.
fn wanted(text: Option<&str>) -> Result<Vec<&'static str>> {
    let all = ["chi2", "rmsea", "ic", "indices", "residuals"];
    let mut out = Vec::new();
    for word in text.unwrap_or("chi2").split_whitespace() {
        match all.iter().find(|a| **a == word) {
            Some(known) => out.push(*known),
            None if word == "all" => out.extend(all),
            None => return Err(StataError::invalid(format!("stats({word}) invalid"))),
        }
    }
    Ok(out)
}

/// `estat gof`.
pub(super) fn gof(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::text("stats"), OptSpec::flag("NODEScribe")], &[])?;
    let wanted = wanted(options.text("stats"))?;
    let state = state(s)?;
    let has = |what: &str| wanted.contains(&what);
    if state.tests.is_none() && (has("chi2") || has("rmsea") || has("indices")) {
        s.print("note: statistics based on chi2 are not available after robust estimation or without a saturated model.");
    }
    s.r.clear();
    s.print("");
    s.print("-".repeat(76));
    s.print(format!("{:<LEFT$}|      Value   Description", "Fit statistic"));
    if let Some((model, baseline)) = state.tests {
        if has("chi2") {
            block(s, "Likelihood ratio");
            test(s, "ms", model, "model vs. saturated");
            test(s, "bs", baseline, "baseline vs. saturated");
        }
        if has("rmsea") {
            population(s, model, state.specification.group_count());
        }
    }
    if has("ic") {
        criteria(s);
    }
    if let Some((model, baseline)) = state.tests.filter(|_| has("indices")) {
        block(s, "Baseline comparison");
        line(s, "CFI", "cfi", cfi(model, baseline), "Comparative fit index");
        line(s, "TLI", "tli", tli(model, baseline), "Tucker–Lewis index");
    }
    let several = state.specification.groups.is_some();
    if has("residuals") && !several {
        residuals(s, &state)?;
    }
    s.print("-".repeat(76));
    if has("residuals") && several {
        s.print("Note: SRMR and CD are statistics of a group; estat ggof reports them.");
    }
    Ok(())
}

/// The error of a group is the mean over groups: the statistic is their sum.
fn population(s: &mut Session, model: Test, groups: usize) {
    let n = s.e.results.get_scalar("N").unwrap_or(MISSING) / groups as f64;
    let found = rmsea(model, n);
    let value = |f: &dyn Fn(&estimators::sem::fit_statistics::Rmsea) -> f64| found.as_ref().map_or(0.0, f);
    block(s, "Population error");
    line(s, "RMSEA", "rmsea", value(&|r| r.value), "Root mean squared error of approximation");
    line(s, "90% CI, lower bound", "lb90_rmsea", value(&|r| r.low), "");
    line(s, "upper bound", "ub90_rmsea", value(&|r| r.high), "");
    line(s, "pclose", "pclose", found.as_ref().map_or(1.0, |r| r.close), "Probability RMSEA <= 0.05");
}

fn criteria(s: &mut Session) {
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (n, ll, rank) = (scalar("N"), scalar("ll"), scalar("rank"));
    block(s, "Information criteria");
    line(s, "AIC", "aic", 2.0 * rank - 2.0 * ll, "Akaike's information criterion");
    line(s, "BIC", "bic", rank * n.ln() - 2.0 * ll, "Bayesian information criterion");
}

/// `1 - |Psi| / |Sigma|` of the endogenous variables.
fn determination(state: &SemState, implied: &Implied) -> f64 {
    determination_of(state, implied, 0)
}

/// The same of a group.
pub(super) fn determination_of(state: &SemState, implied: &Implied, group: usize) -> f64 {
    let (names, groups) = (&state.specification.one().names, state.specification.group_count());
    let endogenous: Vec<usize> = (0..names.all.len())
        .filter(|v| names.endogenous[*v])
        .map(|v| joint(v, group, groups, names))
        .collect();
    let size = |m: &estimators::matrix::Mat| Lu::new(&m.select(&endogenous, &endogenous)).determinant();
    1.0 - size(&implied.psi) / size(&implied.sigma)
}

fn residuals(s: &mut Session, state: &SemState) -> Result<()> {
    let implied = state.implied()?;
    let seen: Vec<usize> = (0..state.specification.model.observed).collect();
    block(s, "Size of residuals");
    let size = state.sample.as_ref().map_or(MISSING, |(_, m)| srmr(m, &implied.sigma.select(&seen, &seen)));
    line(s, "SRMR", "srmr", size, "Standardized root mean squared residual");
    line(s, "CD", "cd", determination(state, &implied), "Coefficient of determination");
    Ok(())
}

/// `estat eqgof`.
pub(super) fn eqgof(s: &mut Session, call: &Call) -> Result<()> {
    call.options(&[OptSpec::text("FORmat"), OptSpec::flag("NODEScribe")], &["FORmat"])?;
    let state = ungrouped(s, "estat eqgof")?;
    let implied = state.implied()?;
    let names = &state.specification.names;
    let n = names.all.len();
    s.print("");
    s.print("Equation-level goodness of fit");
    s.print("");
    s.print("-".repeat(78));
    s.print(format!("{:<13}|{:^33}|", "Dependent", "Variance"));
    s.print("   variables |    Fitted  Predicted   Residual | R-squared        mc       mc2");
    let mut data = Vec::new();
    let mut stripe = Vec::new();
    for (title, latent) in [("Observed", false), ("Latent", true)] {
        let rows: Vec<usize> =
            (0..n).filter(|v| names.endogenous[*v] && names.is_latent(*v) == latent).collect();
        if rows.is_empty() {
            continue;
        }
        s.print(format!("-------------+{}+{}", "-".repeat(33), "-".repeat(30)));
        s.print(format!("{title:<13}|{:33}|", ""));
        for v in rows {
            let effects = implied.b.row(v);
            let fitted = implied.sigma[(v, v)];
            let predicted = implied.sigma.quadratic(effects);
            let with: f64 = implied.sigma.times_vector(effects)[v];
            let residual = implied.psi[(v, v)];
            let mc = with / (fitted * predicted).sqrt();
            let numbers = [fitted, predicted, residual, 1.0 - residual / fitted, mc, mc * mc].map(stata);
            let cell = |x: f64| format::number("%9.0g", x);
            s.print(format!(
                "{:>12} | {}  {}  {}  | {} {} {}",
                format::abbrev(&names.all[v], 12),
                cell(numbers[0]),
                cell(numbers[1]),
                cell(numbers[2]),
                cell(numbers[3]),
                cell(numbers[4]),
                cell(numbers[5])
            ));
            data.extend(numbers);
            stripe.push(Stripe::term(names.all[v].clone()));
        }
    }
    let cd = stata(determination(&state, &implied));
    s.print(format!("-------------+{}+{}", "-".repeat(33), "-".repeat(30)));
    s.print(format!("{:>12} |{:33}| {}", "Overall", "", format::number("%9.0g", cd)));
    s.print("-".repeat(78));
    s.print("mc  = Correlation between dependent variable and its prediction.");
    s.print("mc2 = mc^2 is the Bentler–Raykov squared multiple correlation coefficient.");
    let mut table = Matrix::new(stripe.len(), 6, data);
    table.row_names = stripe;
    table.col_names =
        ["Fitted", "Predicted", "Residual", "R-squared", "mc", "mc2"].map(Stripe::term).to_vec();
    s.r.clear();
    s.r.matrix("eqfit", table).scalar("CD", cd);
    Ok(())
}
