//! `table` (the syntax of Stata 17 and later): statistics by variables in rows and columns, and results of commands. The items
//! are in a collection, which `collect` lays out anew. The options are in `table_options`.

use super::table_command::run_commands;
use super::table_layout::{Dim, known_name, sides};
use super::table_old;
use super::table_options::{Item, Options, options};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::collection::{
    Choice, Collection, Collections, Content, Entry, Grid, Layout, Outcome, Styles, Tags, Term,
};
use crate::ops::groups::{grouped, level_name};
use crate::results::Results;
use crate::session::{Session, Weights};
use crate::syntax::split::top_level_comma;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use std::collections::{BTreeMap, HashMap};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "table",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "table (rowvars) [(colvars)] [if] [in] [fweight aweight] [, statistic(frequency | percent [, across(varlist)] | fvfrequency varlist | fvpercent varlist | mean varlist | sd | min | max | median | total | count | p25 | p75 | iqr ...) command([results:] command) nototals missing zerocounts nformat(%fmt [results]) sformat(text [results]) name(collection) append replace] | before version 17, or with contents(): table rowvar [colvar [supercolvar]] [if] [in] [weight] [, contents(freq | mean v | sd v | semean v | sebinomial v | sepoisson v | sum v | rawsum v | count v | n v | max v | min v | median v | p1 v ... p99 v | iqr v ...) by(superrowvars) row column scolumn cw concise missing center left format(%fmt) cellwidth(#) csepwidth(#) scsepwidth(#) stubwidth(#) replace name(stub)]",
    notes: "the older syntax has up to five statistics and prints as releases 8 to 16 do (widths as for tabdisp), stores nothing, and takes by; format() leaves numbers of values as they are, and without it statistics have the format of their variable; up to four variables; result among the rows or columns places the statistics, var their variables (otherwise columns without column variables, else rows); the shown table is the current collection (collect export); the collection has the dimensions of the variables (total: .m), result, var, statcmd, cmdset and with command() command, colname, coleq; command() runs on the rows of every cell, _r_b of estimates without a list; stores r(N) and r(table) in the shown layout; tests and style() are not there",
    examples: &[
        Example {
            run: "set obs 8\ngenerate g = ceil(_n/4)\ngenerate b = mod(_n, 2)\ngenerate x = _n\ntable (g) (b), statistic(mean x) statistic(frequency)\nmatrix T = r(table)",
            expect: &[("T[1,1]", 3.0), ("T[2,1]", 2.0), ("T[5,3]", 4.5), ("T[6,3]", 8.0), ("r(N)", 8.0)],
        },
        Example {
            run: "set obs 8\ngenerate g = ceil(_n/4)\ngenerate b = mod(_n, 2)\ngenerate x = _n\ntable (g b) (result), statistic(mean x) statistic(count x) nototals\nmatrix T = r(table)",
            expect: &[("rowsof(T)", 4.0), ("T[1,1]", 3.0), ("T[4,1]", 6.0), ("T[4,2]", 2.0)],
        },
        Example {
            // Variables in rows, statistics in columns.
            run: "set obs 8\ngenerate x = _n\ngenerate z = 2*_n\ntable (var) (result), statistic(mean x z) statistic(max x z)\nmatrix T = r(table)",
            expect: &[("rowsof(T)", 2.0), ("T[1,1]", 4.5), ("T[2,1]", 9.0), ("T[2,2]", 16.0)],
        },
    ],
};

/// The rows of a table, and the level of each of its variables in each row.
pub(super) struct Cells<'a> {
    pub(super) s: &'a Session,
    pub(super) variables: &'a [usize],
    pub(super) rows: Vec<usize>,
    /// For each variable its levels with their rows.
    pub(super) levels: Vec<Vec<(String, Vec<usize>)>>,
    level_of: Vec<HashMap<usize, usize>>,
}

/// A level of each variable; nothing for all of its levels.
pub(super) type Key = Vec<Option<usize>>;

impl<'a> Cells<'a> {
    fn new(s: &'a Session, variables: &'a [usize], rows: Vec<usize>) -> Self {
        let of = |v: &usize| -> Vec<(String, Vec<usize>)> {
            grouped(s, &[*v], rows.clone()).into_iter().map(|g| (level_value(s, *v, g[0]), g)).collect()
        };
        let levels: Vec<_> = variables.iter().map(of).collect();
        let places = |groups: &Vec<(String, Vec<usize>)>| {
            groups.iter().enumerate().flat_map(|(k, g)| g.1.iter().map(move |r| (*r, k))).collect()
        };
        let level_of = levels.iter().map(places).collect();
        Self { s, variables, rows, levels, level_of }
    }

    /// Rows of each combination of levels that the data have, with the totals that are wanted.
    pub(super) fn groups(&self, totals: bool) -> BTreeMap<Key, Vec<usize>> {
        let mut cells: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for &r in &self.rows {
            for mask in 0..1usize << self.variables.len() {
                if mask != 0 && !totals {
                    break;
                }
                let level = |(k, of): (usize, &HashMap<usize, usize>)| {
                    if mask >> k & 1 == 1 { None } else { of.get(&r).copied() }
                };
                cells.entry(self.level_of.iter().enumerate().map(level).collect()).or_default().push(r);
            }
        }
        cells
    }

    /// All combinations of levels, those without rows too.
    fn every(&self, totals: bool) -> Vec<Key> {
        let mut out: Vec<Key> = vec![Vec::new()];
        for levels in &self.levels {
            let choices: Vec<Option<usize>> =
                (0..levels.len()).map(Some).chain(totals.then_some(None)).collect();
            out = out.iter().flat_map(|key| choices.iter().map(|c| [&key[..], &[*c]].concat())).collect();
        }
        out
    }

    pub(super) fn tags(&self, key: &Key) -> Tags {
        let one = |(k, level): (usize, &Option<usize>)| {
            let name = self.s.frame.var(self.variables[k]).name.clone();
            (name, level.map_or_else(|| ".m".to_string(), |l| self.levels[k][l].0.clone()))
        };
        key.iter().enumerate().map(one).collect()
    }

    /// Labels of the variables and of their levels, and the order of the levels.
    fn label(&self, c: &mut Collection, totals: bool) {
        for (v, levels) in self.variables.iter().zip(&self.levels) {
            let var = self.s.frame.var(*v);
            let label = if var.label.is_empty() { &var.name } else { &var.label };
            c.labels.dims.insert(var.name.clone(), label.clone());
            let mut order = Vec::new();
            for (level, rows) in levels {
                c.labels.set_level(&var.name, level, &level_name(self.s, *v, rows[0]));
                order.push(level.clone());
            }
            order.extend(totals.then(|| ".m".to_string()));
            c.auto.insert(var.name.clone(), order);
        }
    }
}

/// A value of a variable as a level of a dimension.
fn level_value(s: &Session, v: usize, row: usize) -> String {
    let var = s.frame.var(v);
    if var.is_string() {
        var.data.str(row).to_string()
    } else {
        format::bare("%18.0g", var.data.num(row)).trim().to_string()
    }
}

/// A level of the dimension `var`: a variable, or a level of one.
struct Part {
    level: String,
    label: String,
    value: Option<f64>,
}

/// What a statistic is of: its variable, or each level that its variable has in the rows; nothing for a statistic of rows.
fn parts(cells: &Cells<'_>, item: &Item) -> Vec<Part> {
    let Some(v) = item.variable else { return Vec::new() };
    let s = cells.s;
    let var = s.frame.var(v);
    let label = if var.label.is_empty() { var.name.clone() } else { var.label.clone() };
    if !item.of_levels() {
        return vec![Part { level: var.name.clone(), label, value: None }];
    }
    let known: Vec<usize> =
        cells.rows.iter().copied().filter(|r| !is_missing(s.frame.num_at(v, *r))).collect();
    let of = |rows: Vec<usize>| Part {
        level: format!("{}.{}", level_value(s, v, rows[0]), var.name),
        label: format!("{label}={}", level_name(s, v, rows[0]).trim()),
        value: Some(s.frame.num_at(v, rows[0])),
    };
    grouped(s, &[v], known).into_iter().map(of).collect()
}

/// Adds the statistics of every cell.
fn add_statistics(c: &mut Collection, cells: &Cells<'_>, options: &Options, weights: Option<&Weights>) {
    let s = cells.s;
    let weight = |r: usize| weights.map_or(1.0, |w| w.values[r]);
    let kind = weights.map(|w| w.kind);
    let all: f64 = cells.rows.iter().map(|&r| weight(r)).sum();
    let groups = cells.groups(options.totals);
    let several = options.several();
    let mut order: Vec<String> = vec!["_".to_string()];
    for (number, item) in options.items.iter().enumerate() {
        // the rows of all levels of the variables of across(), or all rows
        let whole = |key: &Key| -> f64 {
            let fixed = |k: usize| (!item.across.contains(&cells.variables[k])).then(|| key[k]).flatten();
            let within = |r: &&usize| {
                (0..key.len()).all(|k| fixed(k).is_none_or(|l| cells.level_of[k].get(*r) == Some(&l)))
            };
            cells.rows.iter().filter(within).map(|&r| weight(r)).sum()
        };
        let parts = parts(cells, item);
        for part in &parts {
            c.labels.set_level("var", &part.level, &part.label);
            order.push(part.level.clone());
        }
        let mut add = |key: &Key, part: Option<&Part>, x: f64| {
            let mut tags = cells.tags(key);
            tags.insert("result".into(), item.name.clone());
            tags.insert("statcmd".into(), (number + 1).to_string());
            tags.insert("cmdset".into(), "1".into());
            match part {
                Some(part) => _ = tags.insert("var".into(), part.level.clone()),
                // so that it has a place among statistics of several variables
                None if several => _ = tags.insert("var".into(), "_".into()),
                None => {}
            }
            c.add(tags, Content::Number(x), None);
        };
        for (key, own) in &groups {
            let total = if item.across.is_empty() { all } else { whole(key) };
            if parts.is_empty() {
                add(key, None, item.value(s, own, &weight, kind, total));
            }
            for part in &parts {
                let x = match part.value {
                    Some(level) => item.share(s, own, &weight, level),
                    None => item.value(s, own, &weight, kind, total),
                };
                add(key, Some(part), x);
            }
        }
        if options.zeros && item.variable.is_none() {
            cells
                .every(options.totals)
                .iter()
                .filter(|key| !groups.contains_key(*key))
                .for_each(|key| add(key, None, 0.0));
        }
    }
    if several {
        c.labels.set_level("var", "_", "");
        c.add_auto("var", &order);
    }
    for item in &options.items {
        c.labels.set_level("result", &item.name, known_name(&item.name));
        c.add_auto("result", std::slice::from_ref(&item.name));
    }
}

/// Dimensions of one side as a term.
fn term(s: &Session, dims: &[Dim]) -> Vec<Term> {
    let one = |dim: &Dim| match dim {
        Dim::Variable(v) => Choice::all(&s.frame.var(*v).name),
        Dim::Result => Choice::all("result"),
        Dim::Var => Choice::all("var"),
        Dim::Named(name) => Choice::all(name),
    };
    if dims.is_empty() { Vec::new() } else { vec![dims.iter().map(one).collect()] }
}

/// Terms of the rows. Results without covariates have rows of their own among those of coefficients.
fn rows_of(s: &Session, down: &[Dim], options: &Options) -> Vec<Term> {
    let mut out = term(s, down);
    let colname = Dim::Named("colname");
    let plain = !options.items.is_empty() || options.commands.iter().any(|c| !c.has_coefficients);
    if plain && down.contains(&colname) {
        let others: Vec<Dim> = down.iter().filter(|d| **d != colname).cloned().collect();
        out.extend(term(s, &others));
    }
    out
}

/// Puts dimensions that tell the items apart where the command does not name them.
fn complete(down: &mut Vec<Dim>, across: &mut Vec<Dim>, options: &Options) {
    let has = |dim: &Dim, down: &[Dim], across: &[Dim]| down.contains(dim) || across.contains(dim);
    let [command, colname] = [Dim::Named("command"), Dim::Named("colname")];
    if !options.commands.is_empty() {
        if options.commands.len() > 1 && !has(&command, down, across) {
            across.insert(0, command);
        }
        if !has(&colname, down, across) && options.commands.iter().any(|c| c.has_coefficients) {
            down.push(colname);
        }
    }
    if !has(&Dim::Result, down, across) {
        // without column variables the statistics stand side by side
        if across.is_empty() || !options.commands.is_empty() && across.iter().all(|d| d.variable().is_none())
        {
            across.push(Dim::Result);
        } else if options.items.len() > 1 || !options.commands.is_empty() {
            down.push(Dim::Result);
        }
    }
    if options.several() && !has(&Dim::Var, down, across) {
        let side = if down.contains(&Dim::Result) { down } else { across };
        let at = side.iter().position(|d| *d == Dim::Result).map_or(side.len(), |at| at + 1);
        side.insert(at, Dim::Var);
    }
}

/// `r(table)`: the numbers in the shown layout.
fn matrix(c: &Collection, grid: &Grid) -> Matrix {
    let values = grid.cells.iter().flatten().map(|cell| cell.number.unwrap_or(MISSING)).collect();
    let mut m = Matrix::new(grid.rows.len(), grid.columns.len(), values);
    let name = |t: &str| crate::expr::functions::valid_name(t);
    let texts = |terms: &[Term], entry: &Entry| -> Vec<String> {
        let dims = terms.get(entry.term).into_iter().flatten();
        dims.zip(&entry.levels)
            .map(|(choice, level)| c.level_text(&choice.dim, level))
            .filter(|t| !t.is_empty())
            .collect()
    };
    m.row_names = grid
        .rows
        .iter()
        .map(|row| {
            let labels = texts(&c.layout.rows, row);
            match &labels[..] {
                [] => Stripe::term("Total"),
                [one] => Stripe::term(name(one)),
                [.., above, last] => Stripe::with_eq(name(above), name(last)),
            }
        })
        .collect();
    m.col_names = grid
        .columns
        .iter()
        .map(|column| Stripe::term(name(&texts(&c.layout.columns, column).join("_"))))
        .collect();
    m
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = top_level_comma(&cmd.raw).map_or("", |i| cmd.raw[i + 1..].trim());
    let inner = ParsedCommand::split("table", &cmd.raw, false)?;
    if table_old::is_old(s, &inner.list, text)? {
        return table_old::run(s, &inner);
    }
    if s.by.is_some() {
        return Err(StataError::new(190, "table may not be combined with by"));
    }
    let mut options = options(s, text)?;
    let [mut down, mut across] = sides(s, &inner.list, !options.commands.is_empty())?;
    let mut touse = s.rows(&inner)?;
    let weights = s.weights(&inner, WeightKind::Frequency, &mut touse)?;
    let variables: Vec<usize> = down.iter().chain(&across).filter_map(Dim::variable).collect();
    if !options.missing {
        s.markout(&variables, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let name = options.name.clone().unwrap_or_else(|| "Table".to_string());
    let mut c = match Collections::named(s, Some(&name)) {
        Ok(old) if options.appends => old.clone(),
        _ => Collection::new(&name),
    };
    c.styles = Styles::predefined("table").unwrap_or_default();
    let cells = Cells::new(s, &variables, rows);
    cells.label(&mut c, options.totals);
    let all: f64 = cells.rows.iter().map(|&r| weights.as_ref().map_or(1.0, |w| w.values[r])).sum();
    add_statistics(&mut c, &cells, &options, weights.as_ref());
    let jobs: Vec<(Tags, Vec<usize>)> = if options.commands.is_empty() {
        Vec::new()
    } else {
        cells.groups(options.totals).iter().map(|(key, rows)| (cells.tags(key), rows.clone())).collect()
    };
    drop(cells);
    run_commands(s, &mut c, &mut options.commands, &jobs)?;
    complete(&mut down, &mut across, &options);
    c.layout = Layout { rows: rows_of(s, &down, &options), columns: term(s, &across), tables: Vec::new() };
    options.style(&mut c);
    let Outcome::Tables(grids) = c.lay_out() else {
        return Err(StataError::new(111, "the table has no results"));
    };
    let m = matrix(&c, &grids[0]);
    for sheet in c.sheets().into_iter().flatten() {
        sheet.print(s);
    }
    Collections::of(s).put(c);
    let mut r = Results::default();
    r.scalar("N", all).matrix("table", m);
    s.r = r;
    Ok(())
}
