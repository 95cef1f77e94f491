//! Output of `synth`: fit, weights of the units, balance of the predictors.

use crate::error::Result;
use crate::format;
use crate::session::Session;

/// Prints the active results.
///
/// # Errors
/// None; the signature is that of the other displays.
pub(super) fn display(session: &mut Session) -> Result<()> {
    let e = &session.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let rule = "-".repeat(78);
    let cell = |x: f64| format::bare("%9.0g", x);
    let mut lines = vec![
        rule.clone(),
        "Synthetic Control Method for Comparative Case Studies".to_string(),
        rule.clone(),
        String::new(),
        format!(
            "Outcome: {}. Treated unit: {} from {} on.",
            text("depvar"),
            text("trunit"),
            text("trperiod")
        ),
    ];
    lines.push(match text("vmethod").as_str() {
        "nested" => "Importance of predictors: least error of the outcomes before the treatment.".to_string(),
        "custom" => "Importance of predictors: as given.".to_string(),
        _ => "Importance of predictors: regressions of the outcomes before the treatment.".to_string(),
    });
    if let Some(error) = e.matrices.get("RMSPE") {
        lines.push(String::new());
        lines.push("Root mean squared prediction error".to_string());
        lines.push(format!("   RMSPE | {:>10}", cell(error.get(0, 0))));
    }
    if let Some(weights) = e.matrices.get("W_weights") {
        lines.extend([String::new(), "Unit weights".to_string(), "-".repeat(42)]);
        lines.push(format!("{:>24} | {:>12}", "Co_No", "Unit_Weight"));
        lines.push(format!("{}+{}", "-".repeat(25), "-".repeat(16)));
        for i in 0..weights.rows() {
            let weight = format::bare("%9.3f", weights.get(i, 1));
            let name: String = weights.row_names[i].name.chars().take(24).collect();
            lines.push(format!("{name:>24} | {:>12}", weight.trim()));
        }
        lines.push("-".repeat(42));
    }
    if let Some(balance) = e.matrices.get("X_balance") {
        lines.extend([String::new(), "Predictor balance".to_string(), "-".repeat(56)]);
        lines.push(format!("{:>30} | {:>10} {:>10}", "", "Treated", "Synthetic"));
        lines.push(format!("{}+{}", "-".repeat(31), "-".repeat(24)));
        for i in 0..balance.rows() {
            let name: String = balance.row_names[i].name.chars().take(30).collect();
            let (own, other) = (cell(balance.get(i, 0)), cell(balance.get(i, 1)));
            lines.push(format!("{name:>30} | {:>10} {:>10}", own.trim(), other.trim()));
        }
        lines.push("-".repeat(56));
    }
    lines.into_iter().for_each(|l| session.print(l));
    Ok(())
}
