//! Contrasts and pairwise comparisons of margins: `margins r.a`, `margins a, pwcompare`, `contrast(atcontrast(r))`.
//! Formulas: [R] margins, contrast and [R] margins, pwcompare (linear combinations of the margins).

use super::compare_blocks::{Block, Line, by_name, in_turn, level_names, placed};
use super::formula::Target;
use super::show::{heading, title};
use super::{Cell, Comparing, Found, Request, variance};
use crate::error::{Result, StataError};
use crate::estimation::comparisons::{
    Columns, Compared, Look, apply, group_codes, show_estimates, show_groups, show_tests, store_estimates,
    tests_of,
};
use crate::estimation::contrast_terms::TermSpec;
use crate::estimation::factors::{Factor, factors};
use crate::estimation::linear::Parameters;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::{Session, TableLook};
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::contrasts::{Adjustment, Operator, comparisons, pairs};
use estimators::matrix::Mat;

/// Returns the comparison requested by the options and the margin list.
pub(super) fn comparing(cmd: &ParsedCommand, table: &TableLook) -> Result<Comparing> {
    let list = cmd.list.trim();
    let marked = list.contains('@')
        || list
            .split([' ', '#'])
            .filter_map(|w| w.split_once('.'))
            .any(|(p, _)| Operator::parse(p.split('(').next().unwrap_or(p)).is_some());
    let prefixes = list.split([' ', '#', '@']).filter_map(|w| w.split_once('.')).map(|(p, _)| p);
    if let Some(prefix) = prefixes.into_iter().find(|p| matches!(*p, "pw" | "qw")) {
        return Err(StataError::unsupported_option("margins", &format!("operator {prefix}.")));
    }
    let asked = cmd.options.has("contrast") || cmd.options.has("pwcompare");
    if cmd.options.has("contrast") && cmd.options.has("pwcompare") {
        return Err(StataError::invalid("options contrast and pwcompare may not be combined"));
    }
    if !marked && !asked {
        return Ok(Comparing::Nothing);
    }
    if table.no_tests || table.no_limits {
        let text = "noci and nopvalues with contrast or pwcompare";
        return Err(StataError::unsupported_option("margins", text));
    }
    if cmd.options.has("post") {
        return Err(StataError::unsupported_option("margins", "post with contrast or pwcompare"));
    }
    if marked && cmd.options.has("pwcompare") {
        return Err(StataError::new(198, "contrast operators are not allowed with option pwcompare"));
    }
    if list.is_empty() {
        return Ok(Comparing::Scenarios(at_operator(cmd)?));
    }
    let terms: Result<Vec<TermSpec>> = list.split_whitespace().map(TermSpec::parse).collect();
    Ok(Comparing::Terms(terms?))
}

/// The operator of `contrast(atcontrast(r))`; scenarios are compared with the first one otherwise.
fn at_operator(cmd: &ParsedCommand) -> Result<Operator> {
    let mut operator = Operator::Reference;
    for (name, argument) in split_options(cmd.options.text("contrast").unwrap_or(""))? {
        match argument {
            Some(text) if abbreviates(&name, "ATcontrast") => {
                let prefix = text.trim().trim_end_matches("._at").trim_end_matches('.');
                operator = Operator::parse(prefix)
                    .filter(|o| !o.is_weighted() && !matches!(o, Operator::Level(_)))
                    .ok_or_else(|| StataError::new(198, format!("{text} invalid contrast operator")))?;
            }
            _ => suboption(&name, argument.as_deref())?,
        }
    }
    Ok(operator)
}

/// Suboptions that are known and have their effect elsewhere.
fn suboption(name: &str, argument: Option<&str>) -> Result<()> {
    let known = ["effects", "nowald", "noeffects", "cieffects", "pveffects"];
    if argument.is_none() && known.contains(&name) {
        return Ok(());
    }
    Err(StataError::unsupported_option("margins", &format!("contrast({name})")))
}

/// Which numbers stand beside the standard errors.
pub(super) fn columns(cmd: &ParsedCommand) -> Result<Columns> {
    let mut found = Vec::new();
    for option in ["contrast", "pwcompare"] {
        for (name, argument) in split_options(cmd.options.text(option).unwrap_or(""))? {
            let own = option == "pwcompare" && (abbreviates(&name, "GROUPs") || name == "sort");
            if !abbreviates(&name, "ATcontrast") && !own {
                suboption(&name, argument.as_deref())?;
            }
            found.push(name);
        }
    }
    let has = |wanted: &str| found.iter().any(|name| name == wanted);
    Ok(Columns::of(has("effects"), has("cieffects"), has("pveffects")))
}

/// Whether options ask for the table of differences, `Some(false)` for none.
pub(super) fn differences(cmd: &ParsedCommand) -> Result<Option<bool>> {
    let options = split_options(cmd.options.text("contrast").unwrap_or(""))?;
    let has = |wanted: &str| options.iter().any(|(name, _)| name == wanted);
    if has("noeffects") {
        return Ok(Some(false));
    }
    let asked = has("effects") || has("cieffects") || has("pveffects") || cmd.options.has("mcompare");
    Ok(asked.then_some(true))
}

/// Whether `pwcompare()` has an option: `GROUPs` asks for group codes, `SORT` for tables in ascending order.
pub(super) fn asks_for(cmd: &ParsedCommand, declared: &str) -> Result<bool> {
    let options = split_options(cmd.options.text("pwcompare").unwrap_or(""))?;
    Ok(options.iter().any(|(name, argument)| argument.is_none() && abbreviates(name, declared)))
}

/// `mcompare()`.
pub(super) fn adjustment(cmd: &ParsedCommand) -> Result<Adjustment> {
    match cmd.options.text("mcompare") {
        None => Ok(Adjustment::None),
        Some(text) => Adjustment::parse(text)
            .ok_or_else(|| StataError::unsupported_option("margins", &format!("mcompare({text})"))),
    }
}

impl Comparing {
    /// Whether every comparison is asked for by an operator.
    fn has_operators(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Terms(terms) => terms.iter().any(TermSpec::has_operators),
            Self::Scenarios(_) => true,
        }
    }
}

pub(super) fn show(
    session: &mut Session,
    cmd: &ParsedCommand,
    request: &Request,
    targets: &[Target],
    margins: &Found,
    parameters: &Parameters,
) -> Result<()> {
    let Found { cells, legends, v, n, .. } = margins;
    let known = factors(parameters);
    let b: Vec<f64> = cells.iter().map(|c| c.margin.value).collect();
    let df_r = request.degrees(session);
    let blocks = blocks(request, cells, legends.len().max(1), &known, session)?;
    let mut found = Compared::empty(String::new());
    let (mut rows, mut tests) = (Vec::new(), Vec::new());
    for (name, mine) in by_name(&blocks) {
        let mut parts = Vec::new();
        for block in &mine {
            parts.push(lines(request, block, cells, &known, session)?.into_iter());
        }
        let lines = in_turn(parts);
        let own: Vec<Option<Vec<f64>>> = lines.iter().map(|l| Some(l.weights.clone())).collect();
        let (own_b, own_v) = apply(&b, v, &own);
        let labels: Vec<&str> = lines.iter().map(|l| l.tested.as_str()).collect();
        tests.extend(tests_of(name, &labels, &own_b, &own_v));
        for line in lines {
            found.blocks.push(name.to_string());
            found.labels.push(line.label);
            found.names.push(line.name);
            rows.push(Some(line.weights));
        }
    }
    (found.b, found.v) = apply(&b, v, &rows);
    let kind = if request.pairwise { "Pairwise comparisons" } else { "Contrasts" };
    let text = format!("{kind} of {}", title(cmd, request, parameters).to_lowercase());
    heading(session, cmd, request, targets, margins, &text);
    let mut results = Results::default();
    results.scalar("N", *n as f64);
    if !request.pairwise && !request.no_wald {
        session.print("");
        show_tests(session, "", &tests, df_r, true, &mut results);
    }
    let look = Look {
        heading: if request.derivative.is_some() { "dy/dx" } else { "Contrast" },
        outcome: "",
        vce_title: variance::heading(request),
        columns: request.columns,
        versus: request.pairwise,
        adjustment: request.adjustment,
        level: request.level,
        df_r,
        eform: false,
        sorted: request.sorted,
    };
    let names = if request.pairwise { ["b_vs", "V_vs", "table_vs"] } else { ["b", "V", "table"] };
    if request.groups {
        let own = margins_of(session, &blocks, cells, &b, v);
        let codes = group_codes(&own, &found, &look);
        let heading = if request.derivative.is_some() { "dy/dx" } else { "Margin" };
        show_groups(session, &own, &codes, &Look { heading, ..look }, &mut results);
        store_estimates(&found, &look, names, &mut results);
    } else if request.pairwise || request.differences.unwrap_or(request.comparing.has_operators()) {
        show_estimates(session, &found, &look, names, &mut results);
    } else {
        store_estimates(&found, &look, names, &mut results);
    }
    if request.pairwise {
        let stripe: Vec<Stripe> = cells.iter().map(|c| c.stripe.clone()).collect();
        results.matrix("b", Matrix::row_vector(b, stripe.clone()));
        results.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    }
    results.text("cmd", if request.pairwise { "margins, pwcompare" } else { "margins, contrast" });
    session.r = results;
    Ok(())
}

/// Pairwise comparisons need margins or scenarios: without them Stata prints a note and leaves the comparisons out.
pub(super) fn without_margins(session: &mut Session, request: &mut Request) {
    let nothing = matches!(request.comparing, Comparing::Scenarios(_)) && request.settings.len() < 2;
    if request.pairwise && nothing && request.over.is_empty() {
        session.print(
            "note: ignoring pwcompare options because there are no margins for making pairwise comparisons.",
        );
        request.comparing = Comparing::Nothing;
        request.pairwise = false;
    }
}

/// Which margins are compared with each other. The order of the margins is: effect, response, scenario, subgroup,
/// listed cell.
fn blocks<'a>(
    request: &'a Request,
    cells: &[Cell],
    scenarios: usize,
    known: &[Factor],
    session: &Session,
) -> Result<Vec<Block<'a>>> {
    let name_of = |cell: &Cell, drop: &dyn Fn(&str) -> bool| -> String {
        let kept: Vec<&str> = cell.stripe.name.split('#').filter(|p| !drop(p) && *p != "_cons").collect();
        [cell.stripe.eq.clone(), kept.join("#")]
            .into_iter()
            .filter(|p| !p.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    match &request.comparing {
        Comparing::Nothing => Ok(Vec::new()),
        Comparing::Scenarios(_) => {
            if scenarios < 2 {
                return Err(StataError::new(
                    198,
                    "contrast and pwcompare need a margin list or several at() scenarios",
                ));
            }
            let is_at = |part: &str| part.ends_with("._at");
            let mut out: Vec<Block<'_>> = Vec::new();
            for (i, cell) in cells.iter().enumerate().filter(|(_, c)| !c.base) {
                let name = match name_of(cell, &is_at) {
                    name if name.is_empty() => "_at".to_string(),
                    name => name,
                };
                match out.iter_mut().find(|b| b.name == name) {
                    Some(block) => block.positions.push(i),
                    None => {
                        let at = (String::new(), String::new());
                        out.push(Block { name, at, positions: vec![i], term: None });
                    }
                }
            }
            Ok(out)
        }
        Comparing::Terms(terms) => {
            let mut sizes = Vec::new();
            for term in terms {
                let chosen = super::compute::term_factors(session, term, known)?;
                sizes.push(chosen.iter().map(|f| f.levels.len()).product::<usize>());
            }
            let stride: usize = sizes.iter().sum();
            let mut out = Vec::new();
            for start in (0..cells.len()).step_by(stride) {
                let mut at = start;
                for (term, size) in terms.iter().zip(&sizes) {
                    let first = &cells[at];
                    let variables: Vec<&str> = term.parts.iter().map(|p| p.name.as_str()).collect();
                    let own = |part: &str| part.split_once('.').is_some_and(|(_, v)| variables.contains(&v));
                    let (name, place) = if request.pairwise {
                        let extra = name_of(first, &own);
                        (format!("{} {extra}", term.title()).trim_end().to_string(), Default::default())
                    } else {
                        placed(session, term, first, &own)
                    };
                    if !first.base {
                        let positions = (at..at + size).collect();
                        out.push(Block { name, at: place, positions, term: Some(term) });
                    }
                    at += size;
                }
            }
            Ok(out)
        }
    }
}

/// The comparisons inside a block.
fn lines(
    request: &Request,
    block: &Block<'_>,
    cells: &[Cell],
    known: &[Factor],
    session: &Session,
) -> Result<Vec<Line>> {
    let spread = |weights: &[f64]| {
        let mut out = vec![0.0; cells.len()];
        block.positions.iter().zip(weights).for_each(|(p, w)| out[*p] = *w);
        out
    };
    let count = block.positions.len();
    if request.pairwise {
        let names = level_names(block, cells, None);
        let shown = level_names(block, cells, Some(session));
        return Ok(pairs(count)
            .into_iter()
            .map(|(a, b)| {
                let mut weights = vec![0.0; count];
                (weights[a], weights[b]) = (1.0, -1.0);
                Line {
                    label: format!("{} vs {}", shown[a], shown[b]),
                    tested: String::new(),
                    name: match block.term.map(|t| t.parts.as_slice()) {
                        Some([part]) => format!("{}vs{}.{}", names[a], names[b], part.name),
                        None => format!("{}vs{}._at", names[a], names[b]),
                        _ => format!("{}vs{}", names[a], names[b]),
                    },
                    weights: spread(&weights),
                }
            })
            .collect());
    }
    if let Some(term) = block.term {
        let chosen = super::compute::term_factors(session, term, known)?;
        let rows = term.rows(session, &chosen)?;
        return Ok(rows
            .into_iter()
            .map(|r| Line {
                label: r.label + &block.at.0,
                tested: (r.tested + &block.at.0).trim_start().to_string(),
                name: r.name + &block.at.1,
                weights: spread(&r.weights),
            })
            .collect());
    }
    let Comparing::Scenarios(operator) = &request.comparing else { return Ok(Vec::new()) };
    let levels: Vec<i64> = (1..=count as i64).collect();
    Ok(comparisons(*operator, &levels, 0, &[])
        .into_iter()
        .map(|c| Line {
            label: format!("({})", c.label),
            tested: format!("({})", c.label),
            name: format!("{}._at", c.code),
            weights: spread(&c.weights),
        })
        .collect())
}

/// The margins in the order of their blocks.
fn margins_of(session: &Session, blocks: &[Block<'_>], cells: &[Cell], b: &[f64], v: &Mat) -> Compared {
    let all: Vec<usize> = blocks.iter().flat_map(|block| block.positions.iter().copied()).collect();
    Compared {
        equation: String::new(),
        blocks: blocks.iter().flat_map(|k| k.positions.iter().map(|_| k.name.clone())).collect(),
        labels: blocks.iter().flat_map(|k| level_names(k, cells, Some(session))).collect(),
        names: all.iter().map(|i| cells[*i].stripe.name.clone()).collect(),
        b: all.iter().map(|i| b[*i]).collect(),
        v: v.select(&all, &all),
    }
}
