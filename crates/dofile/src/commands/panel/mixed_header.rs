//! The lines above the tables of `mixed`: sample, groups, and the test of the model ([ME] mixed).

use super::mixed_small;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{label, print_iterations};
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::mixed::MixedFit;
use estimators::ml::MlFit;

/// The iterations, unless they are not wanted.
pub(super) fn print_log(session: &mut Session, cmd: &ParsedCommand, fit: &MixedFit, robust: bool) {
    if !session.shows_log(|o| cmd.has(o)) {
        return;
    }
    let shown = MlFit {
        b: Vec::new(),
        v: Mat::zeros(0, 0),
        v_model: Mat::zeros(0, 0),
        ll: fit.profile.ll,
        log: fit.log.clone(),
        converged: fit.converged,
        constrained: None,
        scores: None,
    };
    session.print("");
    session.print("Performing EM optimization ...");
    session.print("");
    session.print("Performing gradient-based optimization: ");
    let criterion = if cmd.has("reml") { "Log restricted-likelihood" } else { label(robust) };
    print_iterations(session, &shown, criterion, cmd.options.int("iterate"));
    session.print("");
    session.print("Computing standard errors ...");
}

/// Characters of the names of the numbers.
const LABEL: usize = 16;

/// Sample, groups (unless they are not wanted) and the test of the model.
pub(super) fn print(session: &mut Session, with_groups: bool) {
    let text = |s: &Session, n: &str| s.e.results.get_text(n).unwrap_or("").to_string();
    let scalar = |s: &Session, n: &str| s.e.results.get_scalar(n).unwrap_or(MISSING);
    let levels = level_names(session);
    let group = format!("Group variable: {}", levels.join(" "));
    let sample = [
        Fact::observations(scalar(session, "N")),
        Fact::new("Number of groups", "%10.0fc", scalar(session, "N_g")),
    ];
    let sizes = [
        Fact::new("             min", "%10.0fc", scalar(session, "g_min")),
        Fact::new("             avg", "%10.1fc", scalar(session, "g_avg")),
        Fact::new("             max", "%10.0fc", scalar(session, "g_max")),
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
    let several = levels.len() > 1;
    let one = with_groups && !several;
    let groups: &[Fact] = if one { &sizes } else { &[] };
    let sample = &sample[..if one { 2 } else { 1 }];
    // Values take the room of the longest one.
    let width = sample.iter().chain(groups).chain(&test).map(Fact::width).max().unwrap_or(0);
    session.print("");
    show(session, &[text(session, "title"), group][..sample.len()], sample, LABEL, width);
    if !with_groups {
        session.print("");
    } else if several {
        print_levels(session);
    } else {
        session.print(format!("{:1$}Obs per group:", "", 75 - LABEL - width));
        show(session, &[], groups, LABEL, width);
    }
    let test = match mixed_small::stored(session) {
        Some(_) => mixed_small::test_lines(session, LABEL, width),
        None => test,
    };
    show(session, &[String::new(), ll], &test, LABEL, width);
    session.print("");
}

/// `estat group`: the groups of each level ([ME] estat group).
pub(crate) fn groups(session: &mut Session) {
    print_levels(session);
    session.r.clear();
}

/// Group variables of the levels: blocks of one level follow each other in e(ivars).
fn level_names(session: &Session) -> Vec<String> {
    let text = session.e.results.get_text("ivars").unwrap_or("");
    let mut out: Vec<String> = text.split_whitespace().map(String::from).collect();
    out.dedup();
    out
}

/// The groups of nested levels.
fn print_levels(session: &mut Session) {
    let groups = level_names(session);
    let column = |name: &str| -> Vec<f64> {
        let e = &session.e.results;
        let one = || e.get_scalar(name).into_iter().collect();
        e.matrices.get(name).map_or_else(one, |m| m.values().to_vec())
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
