//! Output of `discrim` and `candisc`: canonical functions and tables of true and assigned groups.

use super::discrim::{State, state};
use super::discrim_priors::{group_stripes, priors_of, ties_of};
use super::shared::matrix_of;
use crate::error::Result;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::matrix_tables::{Look, draw};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;

/// Prints the active results.
pub(super) fn results(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if s.e.cmd() == "candisc" {
        if !cmd.has("nostats") {
            statistics(s)?;
        }
        let parts = [
            ("nocoef", "L_std", "Standardized canonical discriminant function coefficients"),
            ("nostruct", "canstruct", "Canonical structure"),
        ];
        for (flag, name, title) in parts {
            if !cmd.has(flag) {
                table(s, name, title, false)?;
            }
        }
        if !cmd.has("nomeans") {
            table(s, "cmeans", "Group means on canonical variables", true)?;
        }
    } else {
        let title = s.e.results.get_text("title").unwrap_or("").to_string();
        s.print("");
        s.print(title);
    }
    let priors = cmd.options.text("priors").map(str::to_string);
    let ties = cmd.options.text("ties").map(str::to_string);
    let wanted = [(!cmd.has("notable"), false), (cmd.has("lootable"), true)];
    let mut first = s.e.cmd() == "discrim";
    for (_, left_out) in wanted.into_iter().filter(|w| w.0) {
        if !first {
            s.print("");
        }
        first = false;
        let counted = classified(s, left_out, priors.as_deref(), ties.as_deref())?;
        let kind = if left_out { "Leave-one-out" } else { "Resubstitution" };
        class_table(s, &format!("{kind} classification summary"), &counted, true)?;
    }
    Ok(())
}

/// A stored matrix as a table; with the group variable above its rows.
pub(super) fn table(s: &mut Session, name: &str, title: &str, by_group: bool) -> Result<()> {
    let m = matrix_of(s, name)?;
    let group = s.e.results.get_text("groupvar").unwrap_or("").to_string();
    s.print("");
    s.print(title);
    s.print("");
    let row_title = if by_group { group } else { String::new() };
    draw(s, &m, &Look { left: 4, row_title, underscore: true, half: false, ..Look::default() });
    Ok(())
}

/// The tests of the canonical functions.
pub(super) fn statistics(s: &mut Session) -> Result<()> {
    let m = matrix_of(s, "candisc_stat")?;
    s.print("");
    s.print("Canonical linear discriminant analysis");
    s.print("");
    s.print("      |                                 |  Like-");
    s.print("      | Canon.   Eigen-     Variance    | lihood");
    s.print("  Fcn |  Corr.    value   Prop.  Cumul. |  Ratio     F      df1    df2 Prob>F");
    s.print(format!("  ----+{}+{}", "-".repeat(33), "-".repeat(36)));
    let mut kinds = [false; 2];
    for i in 0..m.rows() {
        let cell = |j: usize, fmt: &str, w: usize| format::right(&format::bare(fmt, m.get(i, j)), w);
        let exact = m.get(i, 9) != 0.0;
        kinds[usize::from(!exact)] = true;
        s.print(format!(
            "  {:>3} |{} {} {} {} |{} {}{}{}{} {}",
            i + 1,
            cell(0, "%6.4f", 7),
            cell(1, "%7.0g", 8),
            cell(2, "%6.4f", 7),
            cell(3, "%6.4f", 7),
            cell(4, "%6.4f", 7),
            cell(5, "%6.0g", 8),
            cell(6, "%6.0g", 6),
            cell(7, "%6.4g", 7),
            cell(8, "%6.4f", 7),
            if exact { "e" } else { "a" }
        ));
    }
    s.print(format!("  {}", "-".repeat(75)));
    let legend = match kinds {
        [true, true] => "e = exact F, a = approximate F",
        [false, true] => "a = approximate F",
        _ => "e = exact F",
    };
    s.print(format!("  Ho: this and smaller canon. corr. are zero;{legend:>32}"));
    Ok(())
}

/// Observations by their true group and the one that a rule gives them; the last column counts those without.
pub(super) struct Classified {
    pub(super) counts: Mat,
    pub(super) priors: Vec<f64>,
}

/// The group of the largest posterior probability; nothing for a tie that is not broken.
pub(super) fn assigned(posterior: &[f64], ties: &str) -> Option<usize> {
    let top = posterior.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut best = (0..posterior.len()).filter(|g| posterior[*g] >= top * (1.0 - 1e-12));
    let first = best.next()?;
    if best.next().is_some() && ties != "first" { None } else { Some(first) }
}

/// Priors and ties of a call, those of the estimation where it has none.
pub(super) fn chosen(
    s: &mut Session,
    state: &State,
    priors: Option<&str>,
    ties: Option<&str>,
) -> Result<(Vec<f64>, String)> {
    let priors = match priors {
        Some(text) => priors_of(s, text, &state.groups)?,
        None => matrix_of(s, "grouppriors")?.values().to_vec(),
    };
    let ties = match ties {
        Some(text) => ties_of(text)?.to_string(),
        None => s.e.results.get_text("ties").unwrap_or("missing").to_string(),
    };
    Ok((priors, ties))
}

/// Counts the sample by true and assigned group.
pub(super) fn classified(
    s: &mut Session,
    left_out: bool,
    priors: Option<&str>,
    ties: Option<&str>,
) -> Result<Classified> {
    let state = state(s)?;
    let (priors, ties) = chosen(s, &state, priors, ties)?;
    let count = state.labels.len();
    let mut counts = Mat::zeros(count, count + 1);
    for i in 0..state.own.len() {
        let verdict = if left_out { state.without[i].as_ref() } else { Some(&state.verdicts[i]) };
        let group = verdict.and_then(|v| assigned(&v.posterior(&priors), &ties));
        counts[(state.own[i], group.unwrap_or(count))] += state.weights[i];
    }
    Ok(Classified { counts, priors })
}

/// The table of true and assigned groups.
pub(super) fn class_table(s: &mut Session, title: &str, x: &Classified, show_priors: bool) -> Result<()> {
    let state = state(s)?;
    let count = state.labels.len();
    let group = s.e.results.get_text("groupvar").unwrap_or("").to_string();
    let unclassified = (0..count).any(|g| x.counts[(g, count)] > 0.0);
    let mut heads: Vec<String> = state.labels.iter().map(|l| format::abbrev(l, 12)).collect();
    if unclassified {
        heads.push("Unclassified".to_string());
    }
    let width = heads.iter().map(|h| h.chars().count()).max().unwrap_or(0).max(6) + 1;
    s.print(title);
    s.print("");
    for line in ["+---------+", "| Key     |", "|---------|", "| Number  |", "| Percent |", "+---------+"] {
        s.print(format!("  {line}"));
    }
    s.print("");
    let cells = |texts: &[String]| -> String {
        texts.iter().map(|t| format!("{} ", format::right(t, width))).collect()
    };
    let line = |label: &str, texts: &[String], total: &str| {
        format!("{:<12} |{}|{}", format::abbrev(label, 12), cells(texts), format::right(total, 7))
    };
    let own = format!("True {group}");
    if own.chars().count() <= 12 {
        s.print(format!("{:<12} | Classified", ""));
        s.print(line(&own, &heads, "Total"));
    } else {
        s.print(format!("{:<12} | Classified", "True"));
        s.print(line(&group, &heads, "Total"));
    }
    let columns = heads.len();
    let rule = format!("{}+{}+{}", "-".repeat(13), "-".repeat((width + 1) * columns), "-".repeat(7));
    s.print(&rule);
    let number = |v: f64| format::bare("%9.0g", v);
    let percent =
        |v: f64, of: f64| if of > 0.0 { format::bare("%6.2f", 100.0 * v / of) } else { ".".to_string() };
    let blank = vec![String::new(); columns];
    let mut rows: Vec<(String, Vec<f64>)> = (0..count)
        .map(|g| (state.labels[g].clone(), (0..columns).map(|j| x.counts[(g, j)]).collect()))
        .collect();
    let sums = (0..columns).map(|j| (0..count).map(|g| x.counts[(g, j)]).sum()).collect();
    rows.push(("Total".to_string(), sums));
    for (i, (label, values)) in rows.iter().enumerate() {
        if i == count {
            s.print(&rule);
        }
        let total: f64 = values.iter().sum();
        let numbers: Vec<String> = values.iter().map(|v| number(*v)).collect();
        let percents: Vec<String> = values.iter().map(|v| percent(*v, total)).collect();
        s.print(line(label, &numbers, &number(total)));
        s.print(line("", &percents, &percent(total, total)));
        if i + 1 < count || i == count && show_priors {
            s.print(line("", &blank, ""));
        }
    }
    if show_priors {
        let mut priors: Vec<String> = x.priors.iter().map(|p| format::bare("%6.4f", *p)).collect();
        priors.resize(columns, String::new());
        s.print(line("Priors", &priors, ""));
    }
    Ok(())
}

/// Counts as a stored matrix.
pub(super) fn stored(s: &Session, x: &Mat) -> Result<Matrix> {
    let state = state(s)?;
    let count = state.labels.len();
    let columns = if (0..count).any(|g| x[(g, count)] > 0.0) { count + 1 } else { count };
    let mut out = Matrix::new(
        count,
        columns,
        (0..count).flat_map(|g| (0..columns).map(move |j| (g, j))).map(|at| x[at]).collect(),
    );
    out.row_names = group_stripes(&state.labels);
    out.col_names = out.row_names.clone();
    if columns > count {
        out.col_names.push(crate::matrix::Stripe::term("unclassified"));
    }
    Ok(out)
}
