//! `tabdisp`: shows values of variables in a table, one row of the data for each cell ([P] tabdisp).

use super::tabdisp_layout::{Align, Axis, Display, Look, Place};
use super::table_old::title;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::{grouped, level_name};
use crate::session::Session;
use crate::syntax::options::Options;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{is_missing, missing};
use std::collections::HashMap;

/// Options that `tabdisp` and the older `table` share.
pub(super) const LAYOUT_OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::text("Format"),
    OptSpec::flag("CENter"),
    OptSpec::flag("Left"),
    OptSpec::flag("CONcise"),
    OptSpec::flag("Missing"),
    OptSpec::int("CELLwidth"),
    OptSpec::int("CSEPwidth"),
    OptSpec::int("SCSEPwidth"),
    OptSpec::int("STUBWidth"),
];

// cell() is cellvar(), so that it stands in front of cellwidth()
const SYNTAX: StandardSyntax = StandardSyntax::new(concat_lists!(
    OptSpec; &[OptSpec::text("Cellvar"), OptSpec::flag("Totals"), OptSpec::flag("DOTZ")], LAYOUT_OPTIONS
));

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tabdisp",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tabdisp rowvar [colvar [supercolvar]] [if] [in], cellvar(varnames) [by(superrowvars) format(%fmt) center left concise missing totals dotz cellwidth(#) csepwidth(#) scsepwidth(#) stubwidth(#)]",
    notes: "up to five variables in the cells and four superrow variables; a cell that several rows of the data share shows the first of them; without format() numbers have the formats of their variables; widths that are not given follow published logs; columns that do not fit in the line are in further tables; stores nothing; [P] tabdisp",
    examples: &[Example {
        run: "set obs 4\ngenerate a = ceil(_n/2)\ngenerate b = mod(_n, 2)\ngenerate c = _n\ntabdisp a b, cellvar(c)",
        expect: &[("_N", 4.0)],
    }],
};

/// The layout that the options ask for.
pub(super) fn look(options: &Options) -> Look {
    let width = |name: &str, least: i64| options.int(name).map(|w| w.max(least).min(80) as usize);
    Look {
        align: match (options.has("center"), options.has("left")) {
            (true, _) => Align::Center,
            (false, true) => Align::Left,
            (false, false) => Align::Right,
        },
        concise: options.has("concise"),
        cell: width("cellwidth", 1),
        gap: width("csepwidth", 0),
        wide_gap: width("scsepwidth", 0),
        stub: width("stubwidth", 1),
    }
}

/// `format()`, checked.
pub(super) fn number_format(options: &Options) -> Result<Option<String>> {
    let Some(text) = options.text("format") else { return Ok(None) };
    match format::Format::parse(text.trim()) {
        Some(f) if !f.is_string() => Ok(Some(text.trim().to_string())),
        _ => Err(StataError::standard(120)),
    }
}

/// A level of a variable: a text, or a number or its label in the width of the variable's format.
pub(super) fn level_text(s: &Session, v: usize, row: usize) -> String {
    let name = level_name(s, v, row);
    let var = s.frame.var(v);
    if var.is_string() {
        return name;
    }
    let width = format::Format::parse(&var.format).map_or(9, |f| f.width());
    name.trim().chars().take(width).collect::<String>().trim_end().to_string()
}

/// A variable along a side with the rows of each of its levels.
struct Side {
    axis: Axis,
    level_of: HashMap<usize, usize>,
}

/// The missing value that stands last, and for a total under `totals`: `.`, or `.z` under `dotz`.
struct Last {
    totals: bool,
    value: f64,
}

impl Last {
    fn is(&self, s: &Session, v: usize, row: usize) -> bool {
        let var = s.frame.var(v);
        !var.is_string() && var.data.num(row) == self.value
    }

    /// The groups of the levels of variables, the last missing value behind all others.
    fn levels(&self, s: &Session, variables: &[usize], rows: &[usize]) -> Vec<Vec<usize>> {
        let mut groups = grouped(s, variables, rows.to_vec());
        // the sort is stable: other levels keep their order
        if let [v] = variables {
            groups.sort_by_key(|g| self.is(s, *v, g[0]));
        }
        groups
    }

    fn text(&self, s: &Session, v: usize, row: usize) -> String {
        if self.totals && self.is(s, v, row) { "Total".to_string() } else { level_text(s, v, row) }
    }

    fn side(&self, s: &Session, v: usize, rows: &[usize]) -> Side {
        let groups = self.levels(s, &[v], rows);
        let total = self.totals && groups.last().is_some_and(|g| self.is(s, v, g[0]));
        let levels = groups.iter().map(|g| self.text(s, v, g[0])).collect();
        Side { axis: Axis { title: title(s, v), levels, total }, level_of: numbers(&groups) }
    }
}

fn numbers(groups: &[Vec<usize>]) -> HashMap<usize, usize> {
    groups.iter().enumerate().flat_map(|(k, g)| g.iter().map(move |r| (*r, k))).collect()
}

/// A value as its cell shows it.
fn cell_text(s: &Session, v: usize, row: usize, fmt: Option<&str>, missing: bool) -> String {
    let var = s.frame.var(v);
    if var.is_string() {
        return var.data.str(row).to_string();
    }
    let x = var.data.num(row);
    if is_missing(x) && !missing { String::new() } else { format::number(fmt.unwrap_or(&var.format), x) }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    let Some(in_cells) = cmd.options.text("cellvar") else {
        return Err(StataError::new(198, "option cellvar() required"));
    };
    let in_cells = s.varlist(in_cells)?;
    let over = cmd.options.text("by").map_or(Ok(Vec::new()), |by| s.varlist(by))?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    if variables.len() > 3 || in_cells.len() > 5 || over.len() > 4 {
        return Err(StataError::standard(103));
    }
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let last = Last { totals: cmd.has("totals"), value: missing(if cmd.has("dotz") { 26 } else { 0 }) };
    let over_groups = if over.is_empty() { vec![rows.clone()] } else { last.levels(s, &over, &rows) };
    let labels = |g: &Vec<usize>| over.iter().map(|v| last.text(s, *v, g[0])).collect();
    let mut sides = variables.iter().map(|v| last.side(s, *v, &rows));
    let (row, column, sup) = (sides.next(), sides.next(), sides.next());
    let over_of = numbers(&over_groups);
    let fmt = number_format(&cmd.options)?;
    let at = |side: &Option<Side>, r: usize| side.as_ref().map_or(0, |side| side.level_of[&r]);
    let mut cells: HashMap<Place, Vec<String>> = HashMap::new();
    for &r in &rows {
        cells.entry([over_of[&r], at(&row, r), at(&sup, r), at(&column, r)]).or_insert_with(|| {
            in_cells.iter().map(|v| cell_text(s, *v, r, fmt.as_deref(), cmd.has("missing"))).collect()
        });
    }
    let head = |v: &usize| [title(s, *v), s.frame.var(*v).name.clone()];
    let display = Display {
        over: (over.iter().map(|v| title(s, *v)).collect(), over_groups.iter().map(labels).collect()),
        rows: row.ok_or_else(|| StataError::standard(100))?.axis,
        columns: column.map(|side| side.axis),
        supers: sup.map(|side| side.axis),
        heads: in_cells.iter().map(head).collect(),
        cells,
        look: look(&cmd.options),
    };
    display.print(s);
    Ok(())
}
