//! Tables of `asdoc` for models: one in detail, or several side by side (`nest`).

use super::super::esttab_sheet;
use super::Target;
use super::asdoc::Call;
use super::asdoc_tables::{STARS, stars};
use crate::error::Result;
use crate::estimation::linear::Parameters;
use crate::ops::collection::Sheet;
use crate::results::Estimation;
use crate::session::{Extension, Session};
use crate::syntax::varlist::wildcard;
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use estimators::distributions::{normal_quantile, t_inverse_tail};
use estimators::wald;

/// The models of the nested table that grows.
#[derive(Debug, Default)]
pub(super) struct Nested {
    file: String,
    /// The file in front of the table.
    base: Option<Vec<u8>>,
    models: Vec<(String, Estimation)>,
}

impl Extension for Nested {}

/// The estimates of a model, one in each line.
pub(super) fn single(s: &Session, call: &Call) -> Result<Sheet> {
    let e = &s.e.results;
    let parameters = Parameters::of(&s.e)?;
    let df = e.get_scalar("df_r");
    let level = s.settings.level;
    let tail = (1.0 - level / 100.0) / 2.0;
    let critical = df.map_or_else(|| -normal_quantile(tail), |df| t_inverse_tail(df, tail));
    let depvar = e.get_text("depvar").unwrap_or("").to_string();
    let ratio_name = if df.is_some() { "t-value" } else { "z-value" };
    let title = e.get_text("title").filter(|t| !t.is_empty()).map_or_else(
        || if s.e.cmd() == "regress" { "Linear regression".into() } else { s.e.cmd().to_string() },
        str::to_string,
    );
    let mut sheet = Sheet { title, ..Sheet::default() };
    sheet.head.push(
        [
            depvar.as_str(),
            "Coef.",
            "St.Err.",
            ratio_name,
            "p-value",
            &format!("[{level}% Conf"),
            "Interval]",
            "Sig",
        ]
        .map(str::to_string)
        .to_vec(),
    );
    let several = parameters.equations().len() > 1;
    for (i, stripe) in parameters.stripe.iter().enumerate() {
        let omitted = parameters.terms[i].as_ref().is_some_and(|t| t.is_omitted() && !t.is_base());
        if omitted || !wanted(call, &stripe.name) {
            continue;
        }
        let label = if several { stripe.full() } else { stripe.name.clone() };
        let label = if stripe.name == "_cons" { label.replace("_cons", "Constant") } else { label };
        let (b, se) = (parameters.b[i], parameters.v[(i, i)].sqrt());
        let mut row = vec![label, call.number(b)];
        if se > 0.0 {
            let p = wald::p_value(b / se, df);
            row.extend([se, b / se, p, b - critical * se, b + critical * se].map(|x| call.number(x)));
            row.push(stars(p).to_string());
        } else {
            row.extend([".", ".", ".", ".", ".", ""].map(str::to_string));
        }
        sheet.rows.push(row);
    }
    foot(s, call, &depvar, &mut sheet)?;
    sheet.notes.push(STARS.to_string());
    Ok(sheet)
}

fn wanted(call: &Call, name: &str) -> bool {
    let among =
        |option: &str| call.own.text(option).map(|list| list.split_whitespace().any(|p| wildcard(p, name)));
    !(name == "_cons" && call.own.has("nocons"))
        && among("drop") != Some(true)
        && among("keep") != Some(false)
}

/// Statistics of the model, two in each line.
fn foot(s: &Session, call: &Call, depvar: &str, sheet: &mut Sheet) -> Result<()> {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).filter(|x| !is_missing(*x));
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let (Some(v), Some(sample)) = (s.frame.find(depvar), s.estimation_sample()) {
        let values = Sample::plain((0..sample.len()).filter(|r| sample[*r]).map(|r| s.frame.num_at(v, r)));
        facts.push(("Mean dependent var", call.number(values.mean())));
        facts.push(("SD dependent var", call.number(values.sd())));
    }
    let r2 = [("r2", "R-squared"), ("r2_p", "Pseudo r-squared"), ("r2_o", "Overall r-squared")];
    if let Some((x, name)) = r2.iter().find_map(|(n, title)| scalar(n).map(|x| (x, *title))) {
        facts.push((name, call.number(x)));
    }
    facts.push(("Number of obs", format!("{}", scalar("N").unwrap_or(MISSING))));
    if let Some(f) = scalar("F") {
        facts.push(("F-test", call.number(f)));
        let p = scalar("p").unwrap_or_else(|| {
            estimators::distributions::f_tail(
                scalar("df_m").unwrap_or(MISSING),
                scalar("df_r").unwrap_or(MISSING),
                f,
            )
        });
        facts.push(("Prob > F", call.number(p)));
    } else if let Some(chi2) = scalar("chi2") {
        facts.push(("Chi-square", call.number(chi2)));
        facts.push(("Prob > chi2", call.number(scalar("p").unwrap_or(MISSING))));
    }
    if let Some(ll) = scalar("ll") {
        let k = scalar("rank").unwrap_or(MISSING);
        let n = scalar("N").unwrap_or(MISSING);
        facts.push(("Akaike crit. (AIC)", call.number(-2.0 * ll + 2.0 * k)));
        facts.push(("Bayesian crit. (BIC)", call.number(-2.0 * ll + k * n.ln())));
    }
    for pair in facts.chunks(2) {
        let mut row = vec![String::new(); 8];
        for (k, (name, value)) in pair.iter().enumerate() {
            (row[4 * k], row[4 * k + 2]) = ((*name).to_string(), value.clone());
        }
        sheet.rows.push(row);
    }
    Ok(())
}

/// The models of the nested table with the active one, side by side.
pub(super) fn nested(s: &mut Session, call: &Call, target: &mut Target) -> Result<Sheet> {
    let path = s.path(&target.file);
    let grows = !target.replace
        && path.exists()
        && s.extensions.get::<Nested>().is_some_and(|n| n.file == target.file && !n.models.is_empty());
    if !grows {
        let base = (!target.replace && path.exists()).then(|| std::fs::read(&path).ok()).flatten();
        s.extensions.set(Nested { file: target.file.clone(), base, models: Vec::new() });
    }
    let title = call
        .own
        .text("cnames")
        .map(str::to_string)
        .unwrap_or_else(|| s.e.results.get_text("depvar").unwrap_or("").to_string());
    let model = s.e.clone();
    let state = s.extensions.state::<Nested>();
    state.models.push((title, model));
    let (base, models) = (state.base.clone(), state.models.clone());
    match base {
        Some(bytes) => {
            let done = std::fs::write(&path, bytes);
            done.map_err(|e| {
                crate::error::StataError::new(603, format!("file {} could not be written: {e}", target.file))
            })?;
        }
        None => target.replace = true,
    }
    let names: Vec<String> = (1..=models.len()).map(|k| format!("__asdoc{k}")).collect();
    for (name, (_, e)) in names.iter().zip(&models) {
        s.stored.set(name.as_str(), e.clone());
    }
    let d = call.decimals();
    let second = if call.own.text("rep").is_some_and(|r| r.trim() == "t") { "t" } else { "se" };
    let titles: Vec<String> = models.iter().map(|(t, _)| format!("\"{t}\"")).collect();
    let mut options = format!(
        "b({d}) {second}({d}) star(* .1 ** .05 *** .01) stats(N r2, fmt(0 {d}) labels(\"Observations\" \"R-squared\")) nonotes mtitles({})",
        titles.join(" ")
    );
    for name in ["keep", "drop"] {
        if let Some(list) = call.own.text(name) {
            options.push_str(&format!(" {name}({list})"));
        }
    }
    let sheet = esttab_sheet::sheet(s, &names.join(" "), &options);
    for name in &names {
        s.stored.remove(name);
    }
    let mut sheet = sheet?;
    sheet.title = "Regression results".into();
    let below =
        if second == "t" { "T-values are in parentheses" } else { "Standard errors are in parentheses" };
    sheet.notes = vec![below.to_string(), STARS.to_string()];
    Ok(sheet)
}
