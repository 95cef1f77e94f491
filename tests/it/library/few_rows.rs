//! Samples that are too small, and columns that leave nothing to estimate: the verdict names a check, also where the
//! estimation command refuses the data before the template has counted its rows. Every fifth template by default where all are
//! tried, each with `SS_TEST_FULL=1`.

use stata_service::library::{Library, Template};

use super::adversarial_data::{Case, Must, Table, case, chosen, every_role, run};

/// Templates that count their rows after the estimation.
const COUNT_LATE: [&str; 17] = [
    "causal.doubly_robust",
    "causal.ipw",
    "causal.psm",
    "limited.clogit",
    "limited.heckman",
    "limited.interval",
    "limited.logit_margins",
    "limited.mlogit",
    "limited.ologit",
    "limited.probit_margins",
    "panel.diff_gmm",
    "panel.first_difference",
    "panel.logit",
    "panel.poisson_fe",
    "rd.fuzzy",
    "rd.robust",
    "rd.sharp",
];

/// Templates of an outcome of 0 and 1 whose likelihood has no maximum where a regressor tells the outcome.
const TELL_TALE: [&str; 5] = [
    "limited.clogit",
    "limited.cloglog",
    "limited.logit_margins",
    "limited.probit_margins",
    "limited.two_part",
];

fn column_of(template: &Template, role: &str) -> String {
    let roles = every_role(template);
    roles.iter().find(|(name, ..)| name == role).map(|(_, _, _, columns)| columns[0].clone()).expect(role)
}

/// The sample data with the first regressor equal to the outcome, or to whether the outcome is above zero.
fn telling(template: &Template, table: &Table) -> Case {
    let (outcome, regressor) = (column_of(template, "outcome"), column_of(template, "regressors"));
    let at = table.names.iter().position(|n| *n == outcome).expect("the outcome");
    let is_above = |i: usize| table.rows[i][at].parse::<f64>().is_ok_and(|y| y > 0.0);
    let told = table.with(&regressor, |i, _| if is_above(i) { "1" } else { "0" }.to_owned());
    case("the first regressor tells the outcome", told, Must::NotSucceed)
}

fn wrong(library: &Library, template: &Template, cases: &[Case]) -> Vec<String> {
    let failed = |case: &Case| {
        let reason = run(library, template, case).err()?;
        Some(format!("{}: {}: {reason}", template.meta.id, case.name()))
    };
    cases.iter().filter_map(failed).collect()
}

fn chosen_templates<'a>(library: &'a Library, ids: &'a [&str]) -> Vec<(&'a Template, Table)> {
    let found: Vec<(&Template, Table)> = library
        .templates()
        .filter(|t| ids.contains(&t.meta.id.as_str()))
        .map(|t| (t, Table::read(library.file(&t.meta.sample_data.file).expect("sample data"))))
        .collect();
    assert_eq!(found.len(), ids.len());
    found
}

#[test]
fn too_few_rows_fail_by_a_check() {
    let library = Library::embedded().expect("the library");
    let mut all = Vec::new();
    for (template, table) in chosen_templates(&library, &COUNT_LATE) {
        let cases: Vec<Case> = [0, 1, 2, 5, 10]
            .into_iter()
            .map(|n| chosen(format!("{n} rows"), table.clone(), move |i| i < n, Must::NotSucceed))
            .collect();
        all.extend(wrong(&library, template, &cases));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_regressor_that_tells_the_outcome_fails_by_a_check() {
    let library = Library::embedded().expect("the library");
    let mut all = Vec::new();
    for (template, table) in chosen_templates(&library, &TELL_TALE) {
        all.extend(wrong(&library, template, &[telling(template, &table)]));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// The sample data with the first column of the second role equal to that of the first.
fn repeated(template: &Template, table: &Table) -> Option<Case> {
    let roles = every_role(template);
    let [(_, _, _, first), (_, _, _, second), ..] = roles.as_slice() else { return None };
    let at = table.names.iter().position(|n| *n == first[0])?;
    table.names.iter().position(|n| *n == second[0])?;
    let same = table.with(&second[0], |i, _| table.rows[i][at].clone());
    Some(case("the second role repeats the first", same, Must::BePrecise))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the long form is asked for by the environment")]
fn a_column_that_repeats_the_outcome_is_answered_or_refused_by_a_check() {
    let library = Library::embedded().expect("the library");
    let full = std::env::var_os("SS_TEST_FULL").is_some_and(|v| v == "1");
    let (mut all, mut count) = (Vec::new(), 0);
    let supported = library.templates().filter(|t| t.meta.stata.engine == "supported");
    for template in supported.step_by(if full { 1 } else { 5 }) {
        let table = Table::read(library.file(&template.meta.sample_data.file).expect("sample data"));
        let Some(case) = repeated(template, &table) else { continue };
        count += 1;
        all.extend(wrong(&library, template, &[case]));
    }
    assert!(count >= 20, "{count} cases");
    assert!(all.is_empty(), "{} of {count}\n{}", all.len(), all.join("\n"));
}
