//! The `table` of releases before Stata 17 ([R] table of Stata 16): up to five statistics by a row, a column, a supercolumn and
//! superrow variables. What is given with `contents()`, or under `version` 16 or older, is read and printed so.

use super::tabdisp::{LAYOUT_OPTIONS, level_text, look, number_format};
use super::tabdisp_layout::{Axis, Display, Place};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::ops::group_statistic::statistic;
use crate::ops::groups::grouped;
use crate::session::{Session, Weights};
use crate::syntax::options::{Options, abbreviates, split_options};
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const OPTIONS: &[OptSpec] = concat_lists!(
    OptSpec; LAYOUT_OPTIONS,
    &[
        OptSpec::text("Contents"),
        OptSpec::flag("cw"),
        OptSpec::flag("row"),
        OptSpec::flag("COLumn"),
        OptSpec::flag("SColumn"),
        OptSpec::flag("REPLACE"),
        OptSpec::text("Name"),
    ]
);

/// Options that only the syntax of Stata 17 has.
const OF_TODAY: &[&str] = &["STATistic", "COMmand", "NFORMat", "SFORMat", "noTOTals", "ZEROcounts"];

/// Statistics with what the table calls them.
const WORDS: &[(&str, &str)] = &[
    ("Mean", "mean"),
    ("sd", "sd"),
    ("SEMean", "sem"),
    ("SEBinomial", "seb"),
    ("SEPoisson", "sep"),
    ("sum", "sum"),
    ("rawsum", "rawsum"),
    ("count", "N"),
    ("n", "N"),
    ("max", "max"),
    ("min", "min"),
    ("MEDian", "med"),
    ("p50", "med"),
    ("iqr", "iqr"),
];

/// True for a command in the older syntax. Parentheses and options that only today's `table` has are never read so.
pub(super) fn is_old(s: &Session, list: &str, options: &str) -> Result<bool> {
    let given = split_options(options)?;
    let contents =
        |(name, text): &(String, Option<String>)| text.is_some() && "contents".starts_with(name.as_str());
    if given.iter().any(contents) {
        return Ok(true);
    }
    let todays = given.iter().any(|(name, _)| OF_TODAY.iter().any(|o| abbreviates(name, o)));
    let reserved = |w: &str| matches!(w, "result" | "var") && s.frame.find(w).is_none();
    Ok(s.settings.version < 1700 && !todays && !list.contains('(') && !list.split_whitespace().any(reserved))
}

/// One statistic: its name for the computation, its variable, what the table calls it in full and shortened.
struct Item {
    name: String,
    variable: Option<usize>,
    heads: [String; 2],
    label: String,
}

fn items(s: &Session, text: &str) -> Result<Vec<Item>> {
    let mut out = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word == "freq" {
            let head = "Freq.".to_string();
            out.push(Item {
                name: "freq".into(),
                variable: None,
                heads: [head.clone(), head.clone()],
                label: head,
            });
            continue;
        }
        let percentile =
            word.strip_prefix('p').and_then(|k| k.parse::<u32>().ok()).filter(|k| (1..=99).contains(k));
        let (name, shown) = match WORDS.iter().find(|(full, _)| abbreviates(word, full)) {
            Some((full, shown)) => (full.to_lowercase(), (*shown).to_string()),
            None if percentile.is_some() => (word.to_string(), word.to_string()),
            None => return Err(StataError::new(198, format!("contents({word}) invalid: unknown statistic"))),
        };
        let name = if name == "n" { "count".to_string() } else { name };
        let variable = s.variable(words.next().ok_or_else(StataError::syntax)?)?;
        let var = s.frame.var(variable);
        if var.is_string() && name != "count" {
            return Err(StataError::type_mismatch());
        }
        let head = |letters: usize| format!("{shown}({})", format::abbrev(&var.name, letters));
        out.push(Item { name, variable: Some(variable), heads: [head(8), head(6)], label: head(32) });
    }
    if out.len() > 5 {
        return Err(StataError::new(198, "contents() may have at most five statistics"));
    }
    Ok(out)
}

/// Rows of the data in each cell; the place is the number of the level of each side.
struct Cells {
    over: Vec<Vec<usize>>,
    sides: [Vec<Vec<usize>>; 3],
    rows: BTreeMap<Place, Vec<usize>>,
}

impl Cells {
    /// `totals` of rows, columns and supercolumns have the number behind the last level.
    fn new(
        s: &Session,
        over: &[usize],
        sides: [Option<usize>; 3],
        rows: &[usize],
        totals: [bool; 3],
    ) -> Self {
        let groups = |variables: &[usize]| grouped(s, variables, rows.to_vec());
        let over = if over.is_empty() { vec![rows.to_vec()] } else { groups(over) };
        let sides = sides.map(|side| side.map_or_else(|| vec![rows.to_vec()], |v| groups(&[v])));
        let number = |groups: &[Vec<usize>]| -> HashMap<usize, usize> {
            groups.iter().enumerate().flat_map(|(k, g)| g.iter().map(move |r| (*r, k))).collect()
        };
        let (over_of, side_of) = (number(&over), [number(&sides[0]), number(&sides[1]), number(&sides[2])]);
        let mut cells: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for r in rows {
            for mask in 0..8_usize {
                let wanted = |k: usize| mask >> k & 1 == 0 || totals[k];
                if !(0..3).all(wanted) {
                    continue;
                }
                let level = |k: usize| if mask >> k & 1 == 1 { sides[k].len() } else { side_of[k][r] };
                cells.entry([over_of[r], level(0), level(2), level(1)]).or_default().push(*r);
            }
        }
        Self { over, sides, rows: cells }
    }
}

/// What is asked for.
struct Request {
    items: Vec<Item>,
    over: Vec<usize>,
    /// Row, column and supercolumn.
    sides: [Option<usize>; 3],
    totals: [bool; 3],
}

impl Request {
    fn read(s: &Session, list: &str, options: &Options) -> Result<Self> {
        let variables = s.varlist(list)?;
        if variables.is_empty() {
            return Err(StataError::standard(100));
        }
        if variables.len() > 3 {
            return Err(StataError::standard(103));
        }
        let over = options.text("by").map_or(Ok(Vec::new()), |by| s.varlist(by))?;
        if over.len() > 4 {
            return Err(StataError::standard(103));
        }
        let items = items(s, options.text("contents").unwrap_or("freq"))?;
        let sides = [0, 1, 2].map(|k| variables.get(k).copied());
        let given = ["row", "column", "scolumn"].map(|name| options.has(name));
        for (k, name) in ["row", "column", "scolumn"].iter().enumerate() {
            if given[k] && sides[k].is_none() {
                return Err(StataError::option_not_allowed(name));
            }
        }
        Ok(Self { items, over, sides, totals: given })
    }

    fn axis(&self, s: &Session, cells: &Cells, side: usize) -> Option<Axis> {
        let v = self.sides[side]?;
        let mut levels: Vec<String> = cells.sides[side].iter().map(|g| level_text(s, v, g[0])).collect();
        levels.extend(self.totals[side].then(|| "Total".to_string()));
        Some(Axis { title: title(s, v), levels, total: self.totals[side] })
    }
}

/// What a table calls a variable.
pub(super) fn title(s: &Session, v: usize) -> String {
    let var = s.frame.var(v);
    if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
}

/// The values of an item's variable; a text counts as one, an empty one as missing.
fn numbers(s: &Session, item: &Item) -> Vec<f64> {
    let Some(v) = item.variable else { return Vec::new() };
    let data = &s.frame.var(v).data;
    let of_text = |r: usize| if data.str(r).is_empty() { MISSING } else { 1.0 };
    data.as_f64().map_or_else(|| (0..data.len()).map(of_text).collect(), std::borrow::Cow::into_owned)
}

/// Analytic weights leave a frequency the number of rows.
fn weight_of_frequency(weights: &Weights, row: usize) -> f64 {
    if weights.kind == WeightKind::Analytic { 1.0 } else { weights.values[row] }
}

/// Runs the older syntax.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let options = Options::parse("table", &cmd.option_text, OPTIONS, &[])?;
    let request = Request::read(s, &cmd.list, &options)?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let mut marked: Vec<usize> = request.over.clone();
    marked.extend(request.sides.iter().flatten());
    s.markout(&marked, &mut touse, true)?;
    if options.has("cw") {
        let of: Vec<usize> = request.items.iter().filter_map(|i| i.variable).collect();
        s.markout(&of, &mut touse, false)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let cells = Cells::new(s, &request.over, request.sides, &rows, request.totals);
    let mut found: BTreeMap<Place, Vec<f64>> = BTreeMap::new();
    let columns: Vec<Vec<f64>> = request.items.iter().map(|item| numbers(s, item)).collect();
    let weight = |r: &usize| weights.as_ref().map_or(1.0, |w| weight_of_frequency(w, *r));
    for (place, own) in &cells.rows {
        let one = |(item, values): (&Item, &Vec<f64>)| match item.variable {
            None => Ok(own.iter().map(weight).sum()),
            Some(_) => statistic(values, own, &item.name, weights.as_ref()),
        };
        found.insert(*place, request.items.iter().zip(&columns).map(one).collect::<Result<_>>()?);
    }
    let display = display(s, &request, &cells, &found, &options)?;
    display.print(s);
    if options.has("replace") {
        s.frame = replacement(s, &request, &cells, &found, options.text("name").unwrap_or("table"))?;
    }
    Ok(())
}

fn display(
    s: &Session,
    request: &Request,
    cells: &Cells,
    found: &BTreeMap<Place, Vec<f64>>,
    options: &Options,
) -> Result<Display> {
    let own = number_format(options)?;
    let missing = options.has("missing");
    let text = |item: &Item, x: f64| {
        // in published tables format() leaves numbers of values as they are, and other statistics have the format of their variable
        let fmt = match (item.name.as_str(), &own) {
            ("count", _) => "%8.0gc",
            (_, Some(fmt)) => fmt.as_str(),
            (_, None) => item.variable.map_or("%9.0gc", |v| s.frame.var(v).format.as_str()),
        };
        if is_missing(x) && !missing { String::new() } else { format::number(fmt, x) }
    };
    let cell = |values: &Vec<f64>| request.items.iter().zip(values).map(|(item, x)| text(item, *x)).collect();
    let labels = |g: &Vec<usize>| request.over.iter().map(|v| level_text(s, *v, g[0])).collect();
    let over = (
        request.over.iter().map(|v| title(s, *v)).collect(),
        cells.over.iter().map(labels).collect::<Vec<Vec<String>>>(),
    );
    Ok(Display {
        over,
        rows: request.axis(s, cells, 0).ok_or_else(|| StataError::standard(100))?,
        columns: request.axis(s, cells, 1),
        supers: request.axis(s, cells, 2),
        heads: request.items.iter().map(|item| item.heads.clone()).collect(),
        cells: found.iter().map(|(place, values)| (*place, cell(values))).collect(),
        look: look(options),
    })
}

/// The data set of `replace`: a row for each cell, missing values of a variable for its total.
fn replacement(
    s: &Session,
    request: &Request,
    cells: &Cells,
    found: &BTreeMap<Place, Vec<f64>>,
    stub: &str,
) -> Result<Frame> {
    let mut out = Frame::new();
    out.value_labels = s.frame.value_labels.clone();
    let mut gathered = |v: usize, row_of: &dyn Fn(&Place) -> Option<usize>| -> Result<()> {
        let mut var = s.frame.var(v).clone();
        var.data = Arc::new(var.data.gather(found.keys().map(row_of)));
        out.add(var).map(|_| ())
    };
    // a place has its supercolumn in front of its column
    for (side, at) in [(0, 1), (1, 3), (2, 2)] {
        if let Some(v) = request.sides[side] {
            gathered(v, &|place| cells.sides[side].get(place[at]).map(|g| g[0]))?;
        }
    }
    for v in &request.over {
        gathered(*v, &|place| Some(cells.over[place[0]][0]))?;
    }
    for (k, item) in request.items.iter().enumerate() {
        let values: Vec<f64> = found.values().map(|x| x[k]).collect();
        let mut var =
            Variable::new(&format!("{stub}{}", k + 1), Column::from_f64(StorageType::Double, &values));
        var.label.clone_from(&item.label);
        var.format =
            if matches!(item.name.as_str(), "freq" | "count") { "%9.0gc" } else { "%9.0g" }.to_string();
        out.add(var)?;
    }
    out.changed = true;
    Ok(out)
}
