//! `cluster stop` and `cluster dendrogram`: how many groups, and the picture of a tree ([MV] cluster stop,
//! [MV] cluster dendrogram).

use super::cluster_object::{Object, find, groups, tree, values};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::graphs::plain::{Plain, show as draw};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::{OptSpec, abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::clusters::{Tree, calinski, cut, duda};
use figure::{Color, Series, Shape, Style, Ticks};

/// Most leaves of a dendrogram.
const MOST_LEAVES: usize = 100;

/// `cluster stop`.
pub(super) fn stop(s: &mut Session, text: &str) -> Result<()> {
    let mut cmd = ParsedCommand::whole("cluster stop", text)?;
    cmd.check_options(&[OptSpec::text("rule"), OptSpec::text("groups")], &["matrix", "variables"])?;
    let name = cmd.list.trim();
    let object = find(&s.frame, (!name.is_empty()).then_some(name))?;
    let rule = match cmd.options.text("rule").map(str::trim) {
        None => "calinski",
        Some(r) if r.len() >= 3 && "calinski".starts_with(r) => "calinski",
        Some("duda") => "duda",
        Some(other) => return Err(StataError::invalid(format!("rule({other}) is unrecognized"))),
    };
    let mut results = Results::default();
    results.text("rule", rule);
    if !object.is_tree() {
        if rule == "duda" || cmd.options.text("groups").is_some() {
            return Err(StataError::invalid(format!("cluster analysis {} is not hierarchical", object.name)));
        }
        let (rows, group) = groups(s, &object)?;
        let k = group.iter().max().map_or(0, |g| g + 1);
        if k < 2 || rows.len() <= k {
            return Err(StataError::insufficient_observations());
        }
        let value = calinski(&values(s, &object, &rows)?, &group);
        show_calinski(s, &[(k, value)]);
        results.scalar(&format!("calinski_{k}"), stata(value));
        s.r = results;
        return Ok(());
    }
    let tree = tree(s, &object)?;
    let x = values(s, &object, &tree.order)?;
    let least = if rule == "duda" { 1 } else { 2 };
    let wanted: Vec<usize> = match cmd.options.text("groups") {
        None => (least..=15).filter(|k| *k + 1 < x.len()).collect(),
        Some(list) => {
            let list = numlist::expand(list)?;
            if list.iter().any(|k| *k < least as f64 || k.fract() != 0.0 || *k + 1.0 >= x.len() as f64) {
                return Err(StataError::invalid("groups() holds numbers of groups that are not possible"));
            }
            list.iter().map(|k| *k as usize).collect()
        }
    };
    let tied = |k: usize| StataError::invalid(format!("cannot create {k} groups because of ties"));
    if rule == "calinski" {
        let mut found = Vec::new();
        for k in wanted {
            let value = calinski(&x, &cut(&tree.heights, k).ok_or_else(|| tied(k))?);
            results.scalar(&format!("calinski_{k}"), stata(value));
            found.push((k, value));
        }
        show_calinski(s, &found);
    } else {
        let mut found = Vec::new();
        for k in wanted {
            let before = cut(&tree.heights, k).ok_or_else(|| tied(k))?;
            let after = cut(&tree.heights, k + 1).ok_or_else(|| tied(k + 1))?;
            let (ratio, t2) = duda(&x, &before, &after).unwrap_or((f64::NAN, f64::NAN));
            results.scalar(&format!("duda_{k}"), stata(ratio)).scalar(&format!("dudat2_{k}"), stata(t2));
            found.push((k, ratio, t2));
        }
        show_duda(s, &found);
    }
    s.r = results;
    Ok(())
}

fn show_calinski(s: &mut Session, found: &[(usize, f64)]) {
    s.print("");
    for line in [
        "+---------------------------+",
        "|             |  Calinski/  |",
        "|  Number of  |  Harabasz   |",
        "|  clusters   |  pseudo-F   |",
        "|-------------+-------------|",
    ] {
        s.print(line);
    }
    for (k, value) in found {
        let value = format::right(&format::bare("%9.2f", stata(*value)), 10);
        s.print(format!("|{k:^13}| {value}  |"));
    }
    s.print("+---------------------------+");
}

fn show_duda(s: &mut Session, found: &[(usize, f64, f64)]) {
    s.print("");
    for line in [
        "+-----------------------------------------+",
        "|             |         Duda/Hart         |",
        "|  Number of  |             |  pseudo     |",
        "|  clusters   | Je(2)/Je(1) |  T-squared  |",
        "|-------------+-------------+-------------|",
    ] {
        s.print(line);
    }
    for (k, ratio, t2) in found {
        let cell = |fmt: &str, x: f64| format::right(&format::bare(fmt, stata(x)), 10);
        s.print(format!("|{k:^13}| {}  | {}  |", cell("%9.4f", *ratio), cell("%9.2f", *t2)));
    }
    s.print("+-----------------------------------------+");
}

/// `cluster dendrogram`.
pub(super) fn dendrogram(s: &mut Session, text: &str) -> Result<()> {
    let cmd = ParsedCommand::split("cluster dendrogram", text, false)?;
    if cmd.if_exp.is_some() || cmd.in_range.is_some() {
        return Err(StataError::unsupported_option("cluster dendrogram", "if and in"));
    }
    let name = cmd.list.trim();
    let object = find(&s.frame, (!name.is_empty()).then_some(name))?;
    if !object.is_tree() {
        return Err(StataError::new(198, format!("cluster analysis {} is not hierarchical", object.name)));
    }
    let mut rest = Vec::new();
    let (mut labels, mut number) = (None, None);
    for option in split_options(&cmd.option_text)? {
        match &option {
            (name, Some(text)) if abbreviates(name, "LABels") => labels = Some(s.variable(text)?),
            (name, Some(text)) if abbreviates(name, "CUTNumber") => {
                let k =
                    parse_number(text).filter(|k| *k >= 2.0 && k.fract() == 0.0 && *k <= MOST_LEAVES as f64);
                let wrong =
                    || StataError::invalid(format!("cutnumber() must be an integer from 2 to {MOST_LEAVES}"));
                number = Some(k.ok_or_else(wrong)? as usize);
            }
            (name, _)
                if [
                    "CUTValue",
                    "HORizontal",
                    "SHOWcount",
                    "COUNTPrefix",
                    "VERTlabels",
                    "quick",
                    "COUNTSuffix",
                ]
                .iter()
                .any(|known| abbreviates(name, known)) =>
            {
                return Err(StataError::unsupported_option("cluster dendrogram", name));
            }
            _ => rest.push(option),
        }
    }
    let tree = tree(s, &object)?;
    let leaf = |s: &Session, row: usize| match labels {
        None => format!("{}", row + 1),
        Some(v) if s.frame.var(v).is_string() => s.frame.str_at(v, row).to_string(),
        Some(v) => {
            let x = s.frame.num_at(v, row);
            let named = s.frame.labels_of(v).and_then(|l| l.get(x));
            named.map_or_else(|| format::bare(&s.frame.var(v).format, x), str::to_string)
        }
    };
    let (heights, names) = match number {
        Some(k) => {
            let groups = cut(&tree.heights, k)
                .ok_or_else(|| StataError::invalid(format!("cannot create {k} groups because of ties")))?;
            let between = (0..tree.heights.len()).filter(|i| groups[*i] != groups[i + 1]);
            (between.map(|i| tree.heights[i]).collect(), (1..=k).map(|g| format!("G{g}")).collect())
        }
        None if tree.order.len() > MOST_LEAVES => {
            return Err(StataError::invalid("too many leaves; consider using the cutnumber() option"));
        }
        None => (tree.heights.clone(), tree.order.iter().map(|r| leaf(s, *r)).collect::<Vec<String>>()),
    };
    picture(s, &object, &tree, &heights, names, &rest)
}

fn picture(
    s: &mut Session,
    object: &Object,
    tree: &Tree,
    heights: &[f64],
    names: Vec<String>,
    rest: &[(String, Option<String>)],
) -> Result<()> {
    let points = joints(heights);
    let style = Style { color: Color::parse("navy"), ..Style::default() };
    let figure = Plain {
        series: vec![Series {
            label: String::new(),
            number: 0,
            shape: Shape::Line { points, step: false },
            style,
        }],
        title: format!("Dendrogram for {} cluster analysis", object.name),
        y_title: format!("{} dissimilarity measure", object.measure),
        x_ticks: Some(Ticks::Categories(names)),
        used: Some(tree.order.len()),
        ..Plain::default()
    };
    draw(s, figure, rest)
}

/// The lines of a tree: for each join up from the left part, across and down to the right part.
fn joints(heights: &[f64]) -> Vec<(f64, f64)> {
    // place and top of the cluster that each leaf is in
    let n = heights.len() + 1;
    let mut home: Vec<usize> = (0..n).collect();
    let mut tops: Vec<(f64, f64)> = (0..n).map(|i| ((i + 1) as f64, 0.0)).collect();
    let mut gaps: Vec<usize> = (0..heights.len()).collect();
    gaps.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let find = |home: &[usize], mut i: usize| {
        while home[i] != i {
            i = home[i];
        }
        i
    };
    let mut out = Vec::new();
    for g in gaps {
        let (a, b) = (find(&home, g), find(&home, g + 1));
        let (left, right) = (tops[a], tops[b]);
        let height = heights[g];
        out.extend([left, (left.0, height), (right.0, height), right, (f64::NAN, f64::NAN)]);
        home[b] = a;
        tops[a] = ((left.0 + right.0) / 2.0, height);
    }
    out
}
