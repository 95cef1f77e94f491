//! The output of `xtpmg`, laid out as in Blackburne and Frank (2007).

use crate::error::Result;
use crate::estimation::ml_command::{self, Look};
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Shows the active results.
pub(super) fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (model, unit, time) = (text("model"), text("ivar"), text("tvar"));
    let whole = |x: f64| format::bare("%9.0f", x);
    let mut facts = Vec::new();
    if model == "pmg" {
        let line = |left: String, label: &str, value: String| format!("{left:<48}{label:<19}= {value:>9}");
        facts.extend([
            String::new(),
            line(
                format!("Panel Variable (i): {}", format::abbrev(&unit, 12)),
                "Number of obs",
                whole(scalar("N")),
            ),
            line(
                format!("Time Variable (t): {}", format::abbrev(&time, 12)),
                "Number of groups",
                whole(scalar("n_g")),
            ),
            line(String::new(), "Obs per group: min", whole(scalar("g_min"))),
            line(String::new(), "               avg", format::bare("%9.1f", scalar("g_avg"))),
            line(String::new(), "               max", whole(scalar("g_max"))),
            String::new(),
            line(String::new(), "Log Likelihood", format::bare("%9.0g", scalar("ll"))),
        ]);
    }
    let title = match model.as_str() {
        "pmg" => "Pooled Mean Group Regression",
        "mg" => "Mean Group Estimation: Error Correction Form",
        _ => "Dynamic Fixed Effects Regression: Estimated Error Correction Form",
    };
    s.print("");
    s.print(title);
    s.print(format!("(Estimate results saved as {model})"));
    facts.iter().for_each(|line| s.print(line));
    s.print("");
    ml_command::table(s, cmd, &Look { equations: true, ..Look::default() })
}
