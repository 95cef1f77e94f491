//! What `stset` prints: the settings, records left out, failures and time at risk.

use crate::error::Result;
use crate::estimation::survival::{Records, Settings};
use crate::format;
use crate::session::Session;
use crate::value::MISSING;

/// Numbers of records left out.
pub(super) struct Counts {
    /// The expression that chose observations at the outset.
    pub condition: String,
    pub total: usize,
    pub lines: Vec<(usize, String)>,
}

/// Prints the settings and what they make of the records.
pub(super) fn report(s: &mut Session, settings: &Settings, counts: &Counts, records: &Records) -> Result<()> {
    let condition = &counts.condition;
    let rule = "-".repeat(74);
    s.print("");
    s.print("Survival-time data settings");
    s.print("");
    let mut fact = |label: &str, text: String| s.print(format!("{label:>23} {text}"));
    if !settings.id.is_empty() {
        fact("ID variable:", settings.id.clone());
    }
    fact("Failure event:", settings.event_text());
    let begin = match (settings.time0.as_str(), settings.id.as_str()) {
        ("", "") if settings.origin.is_empty() => "0".to_string(),
        ("", "") => "origin".to_string(),
        ("", _) => format!("{}[_n-1]", settings.time),
        (time0, _) => time0.to_string(),
    };
    fact("Observed time interval:", format!("({begin}, {}]", settings.time));
    if !settings.enter.is_empty() {
        fact("Enter on or after:", settings.enter.clone());
    }
    fact(
        "Exit on or before:",
        if settings.exit.is_empty() { "failure".into() } else { settings.exit.clone() },
    );
    if settings.scale != 1.0 || !settings.origin.is_empty() {
        let analysis =
            if settings.origin.is_empty() { "time".to_string() } else { "(time-origin)".to_string() };
        fact("Time for analysis:", format!("{analysis}/{}", settings.scale));
    }
    if !settings.origin.is_empty() {
        fact("Origin:", settings.origin.clone());
    }
    if let Some((kind, expression)) = &settings.weight {
        fact("Weight:", format!("[{}{}]", kind.name(), expression));
    }
    if !condition.is_empty() {
        s.print("      Keep observations");
        s.print(format!("{:>23} {condition}", "if exp:"));
    }
    s.print("");
    s.print(&rule);
    let line = |n: f64, text: &str| format!("{} {text}", format::right(&format::bare("%11.0gc", n), 11));
    s.print(line(counts.total as f64, " total observations"));
    if counts.lines.is_empty() {
        s.print(line(0.0, " exclusions"));
    }
    for (n, text) in &counts.lines {
        s.print(line(*n as f64, &format!(" {text}")));
    }
    s.print(&rule);
    s.print(line(records.rows.len() as f64, " observations remaining, representing"));
    let many = !settings.id.is_empty();
    if many {
        s.print(line(records.subjects(&s.frame, settings), " subjects"));
    }
    let once = "failure".starts_with(settings.exit.trim());
    let kind = match (many, once) {
        (true, true) => "single-failure-per-subject data",
        (true, false) => "multiple-failure-per-subject data",
        (false, _) => "single-record/single-failure data",
    };
    s.print(line(records.failures(), &format!(" failures in {kind}")));
    // published logs show three decimals of the time at most
    let time = (records.time_at_risk() * 1e3).round() / 1e3;
    s.print(line(time, " total analysis time at risk and under observation"));
    let least = records.t0.iter().copied().fold(MISSING, f64::min);
    let most = records.t.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let most = if most.is_finite() { most } else { MISSING };
    for (text, x) in
        [("At risk from t =", 0.0), ("Earliest observed entry t =", least), ("Last observed exit t =", most)]
    {
        s.print(format!("{text:>64} {}", format::number("%9.0g", x)));
    }
    if records.rows.is_empty() {
        s.print("(no observations are under observation)");
    }
    Ok(())
}
