//! `estat` after `discrim` and `candisc` ([MV] discrim estat, [MV] discrim lda postestimation).

use super::discrim::{State, state};
use super::discrim_priors::group_stripes;
use super::discrim_show::{chosen, class_table, classified, statistics, stored, table};
use super::shared::{matrix_of, named, row_named};
use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::matrix_tables::{Look, draw};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use estimators::discriminant::Rule;
use estimators::distributions::f_tail;
use estimators::matrix::Mat;

/// The subcommands with their shortest abbreviations; the linear ones need the linear rule.
const NAMES: &[(&str, usize, bool)] = &[
    ("classtable", 6, false),
    ("errorrate", 3, false),
    ("canontest", 3, true),
    ("classfunctions", 6, true),
    ("covariance", 3, true),
    ("grdistances", 3, true),
    ("grmeans", 3, true),
    ("loadings", 3, true),
    ("structure", 3, true),
];

/// `estat` of this file; nothing when the word is not one of its subcommands.
pub(super) fn estat(s: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let (name, _, linear) = NAMES.iter().find(|n| word.len() >= n.1 && n.0.starts_with(word))?;
    Some(run(s, name, *linear, &call(name)))
}

fn run(s: &mut Session, name: &str, linear: bool, call: &Call) -> Result<()> {
    let of = state(s)?;
    if linear && !matches!(of.rule, Rule::Linear(_)) {
        let kind = s.e.results.get_text("subcmd").unwrap_or_default();
        return Err(StataError::new(321, format!("estat {name} is not valid after discrim {kind}")));
    }
    if !call.list.is_empty() {
        return Err(StataError::unsupported_option(&format!("estat {name}"), &call.list));
    }
    match name {
        "classtable" => class(s, call),
        "errorrate" => errors(s, call),
        "canontest" => {
            call.bare()?;
            statistics(s)?;
            keep(s, &[("stat", "candisc_stat")])
        }
        "classfunctions" => functions(s, call),
        "covariance" => covariance(s, call, &of),
        "grdistances" => distances(s, call, &of),
        "grmeans" => means(s, call, &of),
        "loadings" => loadings(s, call),
        _ => {
            call.options(&[], &["FORmat"])?;
            table(s, "canstruct", "Canonical structure", false)?;
            keep(s, &[("canstruct", "canstruct")])
        }
    }
}

/// Stores matrices of `e()` in `r()`.
fn keep(s: &mut Session, pairs: &[(&str, &str)]) -> Result<()> {
    let mut r = Results::default();
    for (to, from) in pairs {
        r.matrix(to, matrix_of(s, from)?);
    }
    s.r = r;
    Ok(())
}

/// Options of the tables of assigned groups: whether each observation is left out, priors and ties.
fn assignment(options: &Options, rule: &Rule) -> Result<(bool, Option<String>, Option<String>)> {
    if options.has("looclass") && matches!(rule, Rule::Logistic(_)) {
        return Err(StataError::option_not_allowed("looclass"));
    }
    if options.has("class") && options.has("looclass") {
        return Err(StataError::invalid("options class and looclass may not be combined"));
    }
    let text = |name: &str| options.text(name).map(str::to_string);
    Ok((options.has("looclass"), text("priors"), text("ties")))
}

const ASSIGNMENT: [OptSpec; 6] = [
    OptSpec::flag("CLass"),
    OptSpec::flag("LOOclass"),
    OptSpec::text("PRIors"),
    OptSpec::flag("noPRIors"),
    OptSpec::text("TIEs"),
    OptSpec::text("TITle"),
];

fn class(s: &mut Session, call: &Call) -> Result<()> {
    let refused = ["PROBabilities", "noPERcents", "noTOTals", "noROWtotals", "noCOLtotals"];
    let options = call.options(&ASSIGNMENT, &refused)?;
    let (left_out, priors, ties) = assignment(&options, &state(s)?.rule)?;
    let counted = classified(s, left_out, priors.as_deref(), ties.as_deref())?;
    let kind = if left_out { "Leave-one-out" } else { "Resubstitution" };
    let title = options.text("title").map_or(format!("{kind} classification table"), str::to_string);
    s.print("");
    class_table(s, &title, &counted, !options.has("nopriors"))?;
    let counts = stored(s, &counted.counts)?;
    let mut percents = counts.clone();
    for i in 0..counts.rows() {
        let sum: f64 = (0..counts.cols()).map(|j| counts.get(i, j)).sum();
        (0..counts.cols()).for_each(|j| percents.set(i, j, 100.0 * counts.get(i, j) / sum));
    }
    let mut r = Results::default();
    r.matrix("counts", counts).matrix("percents", percents);
    s.r = r;
    Ok(())
}

fn errors(s: &mut Session, call: &Call) -> Result<()> {
    let mut specs = ASSIGNMENT.to_vec();
    specs.extend([OptSpec::flag("COUnt"), OptSpec::flag("noTOTal")]);
    let options = call.options(&specs, &["pp"])?;
    let (left_out, priors, ties) = assignment(&options, &state(s)?.rule)?;
    let counted = classified(s, left_out, priors.as_deref(), ties.as_deref())?;
    let state = state(s)?;
    let count = state.labels.len();
    let mut rates: Vec<f64> = (0..count)
        .map(|g| {
            let all: f64 = (0..=count).map(|j| counted.counts[(g, j)]).sum();
            1.0 - counted.counts[(g, g)] / all
        })
        .collect();
    let total: f64 = rates.iter().zip(&counted.priors).map(|(e, q)| e * q).sum();
    let mut names = group_stripes(&state.labels);
    let priors = row_named(counted.priors.clone(), names.clone());
    let mut shown_priors = counted.priors.clone();
    if !options.has("nototal") {
        rates.push(total);
        shown_priors.push(crate::value::MISSING);
        names.push(Stripe::term("Total"));
    }
    let kind = if left_out { "Leave-one-out error" } else { "Error" };
    let title = options.text("title").map_or(format!("{kind} rate estimated by error count"), str::to_string);
    let mut shown = row_named(rates.clone(), names.clone());
    shown.row_names = vec![Stripe::term("Error rate")];
    if !options.has("nopriors") {
        let cells = rates.iter().chain(&shown_priors).copied().collect();
        shown = Matrix::new(2, names.len(), cells);
        shown.col_names = names.clone();
        shown.row_names = ["Error rate", "Priors"].map(Stripe::term).to_vec();
    }
    s.print("");
    s.print(title);
    s.print("");
    draw(s, &shown, &Look { row_title: group(s), underscore: true, ..Look::default() });
    let mut r = Results::default();
    r.matrix("grouppriors", priors).matrix("erate_count", row_named(rates, names));
    s.r = r;
    Ok(())
}

fn group(s: &Session) -> String {
    s.e.results.get_text("groupvar").unwrap_or("").to_string()
}

/// Classification functions; their constants take the logs of priors that are not equal.
fn functions(s: &mut Session, call: &Call) -> Result<()> {
    let specs = [OptSpec::flag("ADJUSTEQual"), OptSpec::text("PRIors"), OptSpec::flag("noPRIors")];
    let options = call.options(&specs, &["FORmat"])?;
    let state = state(s)?;
    let (priors, _) = chosen(s, &state, options.text("priors"), None)?;
    let mut c = matrix_of(s, "C")?;
    let last = c.rows() - 1;
    let equal = priors.iter().all(|p| (p - priors[0]).abs() < 1e-12);
    if !equal || options.has("adjustequal") {
        priors.iter().enumerate().for_each(|(g, p)| c.set(last, g, c.get(last, g) + p.ln()));
    }
    let row = row_named(priors.clone(), c.col_names.clone());
    let mut shown = c.clone();
    if !options.has("nopriors") {
        let cells = c.values().iter().chain(&priors).copied().collect();
        shown = Matrix::new(c.rows() + 1, c.cols(), cells);
        shown.col_names = c.col_names.clone();
        shown.row_names = c.row_names.iter().cloned().chain([Stripe::term("Priors")]).collect();
    }
    s.print("");
    s.print("Classification functions");
    s.print("");
    draw(s, &shown, &Look { left: 4, half: false, ..Look::default() });
    let mut r = Results::default();
    r.matrix("C", c).matrix("priors", row);
    s.r = r;
    Ok(())
}

fn loadings(s: &mut Session, call: &Call) -> Result<()> {
    let specs = [
        OptSpec::flag("STandardized"),
        OptSpec::flag("TOTalstandardized"),
        OptSpec::flag("UNSTandardized"),
        OptSpec::flag("all"),
    ];
    let options = call.options(&specs, &["FORmat"])?;
    let parts = [
        ("unstandardized", "L_unstd", "Canonical discriminant function coefficients"),
        ("standardized", "L_std", "Standardized canonical discriminant function coefficients"),
        (
            "totalstandardized",
            "L_totalstd",
            "Total-sample standardized canonical discriminant function coefficients",
        ),
    ];
    let none = !parts.iter().any(|p| options.has(p.0));
    let mut stored = Vec::new();
    for (flag, name, title) in parts {
        if options.has("all") || options.has(flag) || none && flag == "standardized" {
            table(s, name, title, false)?;
            stored.push((name, name));
        }
    }
    keep(s, &stored)
}

/// Means of the groups, raw or standardised, and on the canonical functions.
fn means(s: &mut Session, call: &Call, of: &State) -> Result<()> {
    let specs = [
        OptSpec::flag("Raw"),
        OptSpec::flag("Totalstd"),
        OptSpec::flag("Withinstd"),
        OptSpec::flag("Canonical"),
        OptSpec::flag("all"),
    ];
    let options = call.options(&specs, &[])?;
    let none = !["raw", "totalstd", "withinstd", "canonical", "all"].iter().any(|o| options.has(o));
    let wanted = |flag: &str| options.has("all") || options.has(flag) || none && flag == "raw";
    let raw = matrix_of(s, "means")?;
    let mean = of.groups.mean();
    let total = of.groups.pooled().plus(&of.groups.between()).scaled(1.0 / (of.groups.n() - 1.0));
    let within = of.groups.covariance();
    let mut r = Results::default();
    let parts: [(&str, &str, &str, Option<&Mat>); 3] = [
        ("raw", "means", "Group means", None),
        ("totalstd", "stdmeans", "Total-sample standardized group means", Some(&total)),
        ("withinstd", "wstdmeans", "Pooled within-group standardized group means", Some(&within)),
    ];
    for (_, name, title, spread) in parts.into_iter().filter(|p| wanted(p.0)) {
        let mut m = raw.clone();
        if let Some(v) = spread {
            for i in 0..m.rows() {
                (0..m.cols()).for_each(|j| m.set(i, j, (raw.get(i, j) - mean[i]) / v[(i, i)].sqrt()));
            }
        }
        s.print("");
        s.print(title);
        s.print("");
        draw(s, &m, &Look { left: 4, underscore: true, half: false, ..Look::default() });
        r.matrix(name, m);
    }
    if wanted("canonical") {
        table(s, "cmeans", "Group means on canonical variables", true)?;
        r.matrix("cmeans", matrix_of(s, "cmeans")?);
    }
    s.r = r;
    Ok(())
}

/// Squared Mahalanobis distances between the means of groups, with their F tests (Rencher and Christensen 2012, 5.4.2).
fn distances(s: &mut Session, call: &Call, of: &State) -> Result<()> {
    let specs = [OptSpec::flag_or_text("MAHalanobis")];
    let options = call.options(&specs, &["GENeralized", "all", "FORmat", "PRIors"])?;
    let words: Vec<String> =
        options.text("mahalanobis").unwrap_or("").split_whitespace().map(str::to_lowercase).collect();
    if words.iter().any(|w| w != "f" && w != "p") {
        return Err(StataError::invalid("invalid mahalanobis()"));
    }
    let groups = &of.groups;
    let (count, k, n) = (groups.counts.len(), groups.variables() as f64, groups.n());
    let (df1, df2) = (k, n - count as f64 - k + 1.0);
    let Rule::Linear(inverse) = &of.rule else { return Ok(()) };
    let apart = |i: usize, j: usize| {
        let d: Vec<f64> = groups.means[i].iter().zip(&groups.means[j]).map(|(a, b)| a - b).collect();
        inverse.quadratic(&d)
    };
    let f = |i: usize, j: usize| {
        let (a, b) = (groups.counts[i], groups.counts[j]);
        apart(i, j) * df2 * a * b / ((n - count as f64) * k * (a + b))
    };
    let names = group_stripes(&of.labels);
    let table = |cell: &dyn Fn(usize, usize) -> f64| {
        named(&Mat::from_fn(count, count, cell), names.clone(), names.clone())
    };
    let all = [
        ("", "sqdist", "Mahalanobis squared distances between groups", table(&apart)),
        ("f", "F_sqdist", "F statistics of the squared distances", table(&f)),
        ("p", "P_sqdist", "P-values of the squared distances", table(&|i, j| f_tail(df1, df2, f(i, j)))),
    ];
    let mut r = Results::default();
    r.scalar("df1", df1).scalar("df2", df2);
    for (word, name, title, m) in all {
        if word.is_empty() || words.iter().any(|w| w == word) {
            s.print("");
            s.print(title);
            s.print("");
            draw(s, &m, &Look { left: 4, row_title: group(s), underscore: true, ..Look::default() });
        }
        r.matrix(name, m);
    }
    s.r = r;
    Ok(())
}

fn covariance(s: &mut Session, call: &Call, of: &State) -> Result<()> {
    let specs =
        [OptSpec::flag("Within"), OptSpec::flag("Total"), OptSpec::flag("Groups"), OptSpec::flag("noHAlf")];
    let options = call.options(&specs, &["Between", "all", "FORmat"])?;
    let none = !["within", "total", "groups"].iter().any(|o| options.has(o));
    let variables = matrix_of(s, "means")?.row_names;
    let mut parts: Vec<(String, String, Mat)> = Vec::new();
    if options.has("within") || none {
        parts.push(("S".into(), "Pooled within-group covariance matrix".into(), of.groups.covariance()));
    }
    if options.has("total") {
        let total = of.groups.pooled().plus(&of.groups.between()).scaled(1.0 / (of.groups.n() - 1.0));
        parts.push(("S_total".into(), "Total-sample covariance matrix".into(), total));
    }
    if options.has("groups") {
        for (g, own) in of.groups.within.iter().enumerate() {
            let title = format!("Group covariance matrix: {} {}", group(s), of.labels[g]);
            parts.push((
                format!("S_{}", g + 1),
                title,
                own.clone().scaled(1.0 / (of.groups.counts[g] - 1.0)),
            ));
        }
    }
    let mut r = Results::default();
    for (name, title, m) in parts {
        let m = named(&m, variables.clone(), variables.clone());
        s.print("");
        s.print(title);
        s.print("");
        draw(s, &m, &Look { left: 4, half: !options.has("nohalf"), ..Look::default() });
        r.matrix(&name, m);
    }
    s.r = r;
    Ok(())
}
