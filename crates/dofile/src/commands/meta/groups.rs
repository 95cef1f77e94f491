//! Groups of studies in `meta summarize, subgroup()`: their effects, heterogeneity and differences.

use super::settings::Declared;
use super::show::{self, Row, shown};
use super::summarize::{Summary, heading, studies};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::meta_analysis::pool;

/// Positions of the studies of each group, in the order of its values.
pub(super) fn members(s: &Session, data: &Declared, v: usize) -> Result<Vec<Vec<usize>>> {
    let mut touse = vec![false; s.frame.n_rows()];
    data.rows.iter().for_each(|i| touse[*i] = true);
    s.markout(&[v], &mut touse, true)?;
    if data.rows.iter().any(|i| !touse[*i]) {
        let text = "missing values of subgroup() among the studies";
        return Err(StataError::unsupported_option("meta summarize", text));
    }
    let mut order: Vec<usize> = (0..data.rows.len()).collect();
    order.sort_by(|a, b| s.frame.compare(v, data.rows[*a], data.rows[*b]).then(a.cmp(b)));
    let sorted: Vec<usize> = order.iter().map(|&i| data.rows[i]).collect();
    let (group, count) = number_groups(&s.frame, v, &sorted);
    let mut members = vec![Vec::new(); count];
    order.iter().zip(&group).for_each(|(i, g)| members[*g as usize].push(*i));
    Ok(members)
}

/// The value of a variable as output names it.
pub(super) fn name_of(s: &Session, v: usize, row: usize) -> String {
    let var = s.frame.var(v);
    if var.is_string() {
        return var.data.str(row).to_string();
    }
    let value = var.data.num(row);
    let label = s.frame.labels_of(v).and_then(|l| l.get(value)).map(str::to_string);
    label.unwrap_or_else(|| format::bare(&var.format, value))
}

/// Pools each group and all studies, shows them and stores their matrices.
pub(super) fn by_group(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Declared,
    whole: &Summary,
    variable: &str,
    eform: bool,
    r: &mut Results,
) -> Result<()> {
    let [v] = s.varlist(variable)?[..] else {
        return Err(StataError::unsupported_option("meta summarize", "subgroup() of several variables"));
    };
    let members = members(s, data, v)?;
    let summaries: Vec<Summary> = members.iter().map(|m| Summary::of(cmd, data, m)).collect::<Result<_>>()?;
    let names: Vec<String> = members.iter().map(|m| name_of(s, v, data.rows[m[0]])).collect();
    let total: f64 = whole.pooled.weights.iter().sum();
    let mut parts = Vec::new();
    for ((name, m), summary) in names.iter().zip(&members).zip(&summaries) {
        let mut rows = Vec::new();
        if !cmd.has("nostudies") {
            let weights: Vec<f64> = m.iter().map(|&i| whole.pooled.weights[i]).collect();
            rows = studies(data, m, &weights, total, eform);
        }
        let values = shown(summary.interval(data.level), eform);
        rows.push(Row { name: format!("Group: {name}"), values, weight: None });
        parts.push(rows);
    }
    let theta = shown(whole.interval(data.level), eform);
    parts.push(vec![Row { name: "Overall".into(), values: theta, weight: None }]);
    if !cmd.has("noheader") {
        show::header(s, "Subgroup meta-analysis summary", &data.model, whole.k, &[]);
    }
    let label = heading(s, eform);
    show::table(s, ("Study", &label), data.level, &parts);
    heterogeneity(s, data, &names, &summaries);
    differences(s, &summaries, r);
    r.text("subgroupvars", &s.frame.var(v).name);
    store_groups(r, data, &names, &summaries);
    Ok(())
}

/// The test of equal effects of the groups: their effects with their variances, as one more meta-analysis.
fn differences(s: &mut Session, groups: &[Summary], r: &mut Results) {
    let effects: Vec<f64> = groups.iter().map(|g| g.pooled.theta).collect();
    let variances: Vec<f64> = groups.iter().map(|g| g.pooled.se.powi(2)).collect();
    let between = pool(&effects, &variances, None).map_or(f64::NAN, |p| p.q);
    let df = groups.len() as f64 - 1.0;
    let p = if df > 0.0 { chi2_tail(df, between) } else { f64::NAN };
    let (q, p_text) = (format::bare("%9.2f", stata(between)), format::bare("%6.4f", stata(p)));
    s.print(format!("Test of group differences: Q_b = chi2({df}) = {q}    Prob > Q_b = {p_text}"));
    r.scalar("Q_b", stata(between)).scalar("df_Q_b", df).scalar("p_Q_b", stata(p));
}

fn store_groups(r: &mut Results, data: &Declared, names: &[String], groups: &[Summary]) {
    let rows = |columns: &[&str], value: &dyn Fn(&Summary) -> Vec<f64>| {
        let data = groups.iter().flat_map(value).map(stata).collect();
        let mut m = Matrix::new(groups.len(), columns.len(), data);
        m.row_names = names.iter().map(Stripe::term).collect();
        m.col_names = columns.iter().map(|c| Stripe::term(*c)).collect();
        m
    };
    let es = |g: &Summary| {
        let [theta, low, high] = g.interval(data.level);
        vec![theta, g.pooled.se, low, high]
    };
    let het = |g: &Summary| {
        let (df, p) = g.homogeneity();
        vec![df, g.pooled.q, p, g.pooled.tau2, g.pooled.i2, g.pooled.h2]
    };
    r.matrix("esgroup", rows(&["theta", "se", "ci_lb", "ci_ub"], &es));
    r.matrix("hetgroup", rows(&["df", "Q", "p", "tau2", "I2", "H2"], &het));
}

fn heterogeneity(s: &mut Session, data: &Declared, names: &[String], groups: &[Summary]) {
    s.print("");
    s.print("Heterogeneity summary");
    s.print("-".repeat(70));
    s.print(format!(
        "{:>14} |{:>6}{:>9}{:>8}{:>10}{:>10}{:>9}",
        "Group", "df", "Q", "P > Q", "tau2", "% I2", "H2"
    ));
    s.print(format!("---------------+{}", "-".repeat(54)));
    for (name, g) in names.iter().zip(groups) {
        let (df, p) = g.homogeneity();
        let cell = |f: &str, x: f64| format::bare(f, stata(x));
        let tau2 = data.model.between().map_or(String::new(), |_| cell("%9.3f", g.pooled.tau2));
        s.print(format!(
            "{:>14} |{df:>6}{:>9}{:>8}{tau2:>10}{:>10}{:>9}",
            format::abbrev(name, 14),
            cell("%9.2f", g.pooled.q),
            cell("%6.3f", p),
            cell("%9.2f", g.pooled.i2),
            cell("%9.2f", g.pooled.h2)
        ));
    }
    s.print("-".repeat(70));
}
