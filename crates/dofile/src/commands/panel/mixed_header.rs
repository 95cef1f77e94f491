//! The lines above the tables of `mixed`: sample, groups, and the test of the model ([ME] mixed).

use crate::estimation::header::{Fact, show};
use crate::format;
use crate::session::Session;
use crate::value::MISSING;

/// Sample, groups and the test of the model.
pub(super) fn print(session: &mut Session) {
    let text = |s: &Session, n: &str| s.e.results.get_text(n).unwrap_or("").to_string();
    let scalar = |s: &Session, n: &str| s.e.results.get_scalar(n).unwrap_or(MISSING);
    let group = format!("Group variable: {}", text(session, "ivars"));
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::new("Number of groups", "%10.0fc", scalar(session, "N_g")),
    ];
    let sizes = [
        Fact::new("              min", "%10.0fc", scalar(session, "g_min")),
        Fact::new("              avg", "%10.1fc", scalar(session, "g_avg")),
        Fact::new("              max", "%10.0fc", scalar(session, "g_max")),
    ];
    // without regressors there is nothing to test
    let chi2 = if scalar(session, "df_m") > 0.0 { scalar(session, "chi2") } else { MISSING };
    let test = [
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], chi2),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let label = match (text(session, "method") == "REML", text(session, "vcetype").is_empty()) {
        (true, _) => "Log restricted-likelihood",
        (false, true) => "Log likelihood",
        _ => "Log pseudolikelihood",
    };
    let ll = format!("{label} = {}", format::bare("%10.0g", scalar(session, "ll")));
    session.print("");
    if text(session, "ivars").contains(' ') {
        show(session, &[text(session, "title")], &facts[..1], 17, 10);
        print_levels(session);
    } else {
        show(session, &[text(session, "title"), group], &facts, 17, 10);
        session.print(format!("{:48}Obs per group:", ""));
        show(session, &[], &sizes, 17, 10);
    }
    show(session, &[String::new(), ll], &test, 17, 10);
    session.print("");
}

/// The groups of two nested levels.
fn print_levels(session: &mut Session) {
    let groups: Vec<String> =
        session.e.results.get_text("ivars").unwrap_or("").split_whitespace().map(String::from).collect();
    let column = |name: &str| -> Vec<f64> {
        session.e.results.matrices.get(name).map(|m| m.values().to_vec()).unwrap_or_default()
    };
    let sizes = ["N_g", "g_min", "g_avg", "g_max"].map(column);
    session.print("");
    let mut print = |line: String| session.print(format!("{:8}{line}", ""));
    print("Grouping information".to_string());
    print("-".repeat(61));
    print(format!("{:16}|     No. of       Observations per group", ""));
    print(" Group variable |     groups    Minimum    Average    Maximum".to_string());
    print(format!("----------------+{}", "-".repeat(44)));
    for (at, group) in groups.iter().enumerate() {
        let cell = |which: usize, format: &str| {
            format::right(&format::bare(format, sizes[which].get(at).copied().unwrap_or(MISSING)), 11)
        };
        print(format!(
            "{:>15} |{}{}{}{}",
            format::abbrev(group, 12),
            cell(0, "%9.0fc"),
            cell(1, "%9.0fc"),
            cell(2, "%9.1fc"),
            cell(3, "%9.0fc")
        ));
    }
    print("-".repeat(61));
    session.print("");
}
