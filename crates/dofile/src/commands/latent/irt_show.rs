//! Output of item response models: the header, the table of discriminations and difficulties, and what is stored of it.

use super::irt_model::IrtState;
use super::irt_report::{Part, Reported, covariance};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::post::Parameters;
use crate::estimation::table::{Table, row};
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::value::MISSING;

/// Order of the rows.
#[derive(Default)]
pub(super) struct Order {
    /// Parameter that the items are sorted by, and whether from the highest.
    pub sort: Option<(Part, bool)>,
    /// Parameters are shown together over the items.
    pub by_part: bool,
}

/// Rows in the order in which they are shown.
pub(super) fn ordered(state: &IrtState, rows: Vec<Reported>, order: &Order) -> Vec<Reported> {
    let mut out = rows;
    if let Some((part, descending)) = order.sort {
        // an item without the parameter keeps its place after the others
        let mut value = vec![f64::INFINITY; state.items.len()];
        for r in out.iter().rev().filter(|r| r.part == part) {
            if let Some(item) = r.item {
                value[item] = if descending { -r.value } else { r.value };
            }
        }
        let first = |r: &Reported| r.item.map_or(if r.part == Part::Guess { 2 } else { 0 }, |_| 1);
        out.sort_by(|x, y| {
            let by_value = match (x.item, y.item) {
                (Some(a), Some(b)) => value[a].total_cmp(&value[b]).then(a.cmp(&b)),
                _ => std::cmp::Ordering::Equal,
            };
            x.group.cmp(&y.group).then(first(x).cmp(&first(y))).then(by_value)
        });
    }
    if order.by_part {
        out.sort_by_key(|r| (r.group, r.part));
    }
    out
}

/// Title, number of observations and log likelihood.
pub(super) fn header(s: &mut Session) {
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (n, ll) = (scalar("N"), scalar("ll"));
    let title = s.e.results.get_text("title").unwrap_or("").to_string();
    let robust = s.e.results.get_text("vcetype").is_some();
    let line = format!("{} = {}", likelihood::label(robust), format::bare("%10.0g", ll));
    s.print("");
    show(s, &[title, line], &[Fact::observations(n)], 13, 6);
}

/// Name of a row's item.
fn item_name<'a>(state: &'a IrtState, r: &Reported) -> &'a str {
    r.item.map_or("", |i| state.responses[i].name.as_str())
}

/// Name of a reported parameter: `q1:Diff`, `q1:Diff>=2`, `Discrim`.
fn stripe(state: &IrtState, r: &Reported) -> Stripe {
    let name = format!("{}{}", r.part.name(), r.category.replace(' ', "_"));
    match r.item {
        Some(i) => Stripe::with_eq(state.responses[i].name.clone(), name),
        None if state.groups.len() > 1 => Stripe::with_eq(state.groups[r.group].kind.name(), name),
        None => Stripe::term(name),
    }
}

fn errors(state: &IrtState, rows: &[Reported]) -> Vec<f64> {
    let v = covariance(rows, &state.v);
    (0..rows.len()).map(|i| v[(i, i)].max(0.0).sqrt()).collect()
}

/// Prints the table.
pub(super) fn table(s: &mut Session, state: &IrtState, rows: &[Reported], order: &Order, level: f64) {
    let se = errors(state, rows);
    let vce = s.e.results.get_text("vcetype").unwrap_or("").to_string();
    let clustvar = s.e.results.get_text("clustvar").unwrap_or("").to_string();
    let clusters = s.e.results.get_scalar("N_clust").map(|n| (n, clustvar.as_str()));
    Table { vce_title: &vce, clusters, ..Table::of_equations(&[], &[], &[], None, level) }.print_heading(s);
    let several = state.groups.len() > 1;
    let mut block: Option<(usize, Option<usize>, Option<Part>)> = None;
    let mut heading = (None, None);
    for (r, se) in rows.iter().zip(&se) {
        let own = (r.group, if order.by_part { None } else { r.item }, order.by_part.then_some(r.part));
        let new_group = block.is_none_or(|b| b.0 != r.group);
        if block != Some(own) {
            if block.is_some() {
                s.print(format!("-------------+{}", "-".repeat(64)));
            }
            if several && new_group {
                s.print(format!("{:<13}|", state.groups[r.group].kind.name()));
            }
            if order.by_part {
                s.print(format!("{:<13}|", r.part.name()));
            } else if let Some(item) = r.item {
                s.print(format!("{:<13}|", format::abbrev(&state.responses[item].name, 12)));
            }
            block = Some(own);
            heading = (None, None);
        }
        let numbers = row(r.value, *se, None, level, false);
        let cells = crate::estimation::table_cells::number_cells(&numbers, None);
        let name = label(s, state, r, order, &mut heading);
        s.print(format!("{:>12} |{cells}", format::abbrev(&name, 12)));
    }
    s.print("-".repeat(78));
}

/// Label of a row; prints the line above the rows of several categories.
fn label(
    s: &mut Session,
    state: &IrtState,
    r: &Reported,
    order: &Order,
    heading: &mut (Option<Part>, Option<usize>),
) -> String {
    let own = match (order.by_part, r.item) {
        (true, Some(_)) => item_name(state, r).to_string(),
        (true, None) => "_cons".to_string(),
        _ => r.part.name().to_string(),
    };
    if r.category.is_empty() {
        return own;
    }
    if *heading != (Some(r.part), r.item) {
        s.print(format!("{:>12} |", format::abbrev(&own, 12)));
        *heading = (Some(r.part), r.item);
    }
    r.category.clone()
}

/// Stores `r(table)`, `r(b)` and `r(V)` of the rows.
pub(super) fn store(s: &mut Session, state: &IrtState, rows: &[Reported], level: f64) {
    let (stripes, b, se) = named(state, rows);
    s.r.clear();
    Table::of_equations(&stripes, &b, &se, None, level).store(s);
    let parameters = Parameters { stripe: stripes, b, v: covariance(rows, &state.v) };
    s.r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
}

fn named(state: &IrtState, rows: &[Reported]) -> (Vec<Stripe>, Vec<f64>, Vec<f64>) {
    let stripes = rows.iter().map(|r| stripe(state, r)).collect();
    (stripes, rows.iter().map(|r| r.value).collect(), errors(state, rows))
}

/// Makes the reported parameters the active `e(b)` and `e(V)`: `post`.
pub(super) fn post(s: &mut Session, state: &IrtState, rows: &[Reported]) {
    let (stripe, b, _) = named(state, rows);
    let parameters = Parameters { stripe, b, v: covariance(rows, &state.v) };
    let mut est = crate::results::Estimation::default();
    for name in ["N", "ll", "N_clust"] {
        if let Some(x) = s.e.results.get_scalar(name) {
            est.results.scalar(name, x);
        }
    }
    est.results.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    est.results.text("cmd", "estat report").text("properties", "b V").text("title", "IRT parameters");
    let touse = s.estimation_sample().map(|t| t.to_vec()).unwrap_or_default();
    s.post_estimation(est, touse);
}
