//! Which items stand in which cell ([TABLES] collect layout). A cell shows an item where it is the only one with all tags of
//! the row, the column and the table.

use super::cells::{Shown, shown};
use super::items::{Collection, Item, Mark};
use super::styles::ShowBase;
use super::terms::{Choice, Term, text_of};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Rows, columns and tables of a layout.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layout {
    pub(crate) rows: Vec<Term>,
    pub(crate) columns: Vec<Term>,
    pub(crate) tables: Vec<Term>,
}

impl Layout {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.columns.is_empty() && self.tables.is_empty()
    }

    /// Rows, columns and tables as they are written.
    pub(crate) fn texts(&self) -> [String; 3] {
        [text_of(&self.rows), text_of(&self.columns), text_of(&self.tables)]
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.rows.iter().chain(&self.columns).chain(&self.tables)
    }
}

/// A row, a column or a table: a term with a level for each of its dimensions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entry {
    pub(crate) term: usize,
    /// Places of the levels in the order of the dimension.
    ranks: Vec<usize>,
    pub(crate) levels: Vec<String>,
}

/// The cells of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grid {
    pub(crate) table: Entry,
    pub(crate) rows: Vec<Entry>,
    pub(crate) columns: Vec<Entry>,
    pub(crate) cells: Vec<Vec<Shown>>,
}

/// What a layout gives.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Tables(Vec<Grid>),
    /// Items match, but none alone: dimensions that might tell them apart.
    Ambiguous(Vec<String>),
    Nothing,
}

/// Items of a cell: the element of a composite result, and the item; nothing where several have the same tags.
type Found = Vec<(usize, Option<usize>)>;

/// Levels of a dimension that a term shows, with their places.
struct Wanted<'a> {
    dim: &'a str,
    ranks: HashMap<String, usize>,
}

impl<'a> Wanted<'a> {
    fn new(c: &Collection, choice: &'a Choice) -> Self {
        let auto = || c.auto.get(&choice.dim).filter(|l| !l.is_empty()).cloned();
        let all = || {
            let mut levels = c.levels(&choice.dim);
            if choice.dim == "result" {
                levels.extend(c.composites.iter().map(|composite| composite.0.clone()));
            }
            levels
        };
        let levels = choice.levels.clone().or_else(auto).unwrap_or_else(all);
        let mut ranks = HashMap::new();
        for level in levels {
            let next = ranks.len();
            ranks.entry(level).or_insert(next);
        }
        Self { dim: &choice.dim, ranks }
    }

    /// Levels that an item stands for here, with the place of the item in them: its own, and the composite results that it
    /// belongs to.
    fn levels_of(&self, c: &Collection, item: &Item) -> Vec<(String, usize)> {
        let Some(own) = item.tags.get(self.dim) else { return Vec::new() };
        let mut out = Vec::new();
        if self.ranks.contains_key(own) {
            out.push((own.clone(), 0));
        }
        if self.dim == "result" {
            for (name, _, _) in c.composites.iter().filter(|c| self.ranks.contains_key(&c.0)) {
                let elements = c.elements(name).map(|e| e.0).unwrap_or_default();
                out.extend(elements.iter().position(|e| e == own).map(|at| (name.clone(), at)));
            }
        }
        out
    }
}

/// True for items that the styles hide.
fn is_hidden(c: &Collection, item: &Item) -> bool {
    let interaction = || item.tags.get("colname").is_some_and(|l| l.contains('#'));
    match item.mark {
        Some(Mark::Base) => match c.styles.base {
            ShowBase::Off => true,
            ShowBase::Factor => interaction(),
            ShowBase::All => false,
        },
        Some(Mark::Omitted) => !c.styles.omitted,
        Some(Mark::Empty) => !c.styles.empty,
        None => false,
    }
}

/// Terms of a side; one without dimensions where there are none.
fn side(terms: &[Term]) -> Vec<Term> {
    if terms.is_empty() { vec![Vec::new()] } else { terms.to_vec() }
}

impl Collection {
    /// The tables of the layout.
    pub(crate) fn lay_out(&self) -> Outcome {
        let with_stars = self.stars.as_ref().map(|stars| stars.items(self)).filter(|items| !items.is_empty());
        if let Some(items) = with_stars {
            let mut c = self.clone();
            items.into_iter().for_each(|(tags, content)| c.add(tags, content, None));
            return c.tables();
        }
        self.tables()
    }

    fn tables(&self) -> Outcome {
        let sides = [&self.layout.tables, &self.layout.rows, &self.layout.columns].map(|terms| side(terms));
        let mut cells: HashMap<[Entry; 3], Found> = HashMap::new();
        for (t, table) in sides[0].iter().enumerate() {
            for (r, row) in sides[1].iter().enumerate() {
                for (k, column) in sides[2].iter().enumerate() {
                    self.fill([(t, table), (r, row), (k, column)], &mut cells);
                }
            }
        }
        if cells.is_empty() {
            return Outcome::Nothing;
        }
        cells.retain(|_, found| found.iter().any(|f| f.1.is_some()));
        if cells.is_empty() {
            return Outcome::Ambiguous(self.telling());
        }
        let tables: BTreeSet<&Entry> = cells.keys().map(|key| &key[0]).collect();
        Outcome::Tables(tables.into_iter().map(|table| self.grid(table, &cells)).collect())
    }

    /// Puts every item into the cells of one combination of terms.
    fn fill(&self, terms: [(usize, &Term); 3], cells: &mut HashMap<[Entry; 3], Found>) {
        let wanted =
            terms.map(|(_, term)| term.iter().map(|choice| Wanted::new(self, choice)).collect::<Vec<_>>());
        for (place, item) in self.items().iter().enumerate().filter(|(_, item)| !is_hidden(self, item)) {
            // every combination of the levels that the item stands for
            let mut keys: Vec<([Entry; 3], usize)> =
                vec![(terms.map(|(term, _)| Entry { term, ..Entry::default() }), 0)];
            for (side, dims) in wanted.iter().enumerate() {
                for dim in dims {
                    let levels = dim.levels_of(self, item);
                    let extended = |(key, element): &([Entry; 3], usize)| {
                        let one = |(level, at): &(String, usize)| {
                            let mut key = key.clone();
                            key[side].ranks.push(dim.ranks[level]);
                            key[side].levels.push(level.clone());
                            (key, element.max(at).to_owned())
                        };
                        levels.iter().map(one).collect::<Vec<_>>()
                    };
                    keys = keys.iter().flat_map(extended).collect();
                }
            }
            for (key, element) in keys {
                let found = cells.entry(key).or_default();
                match found.iter_mut().find(|f| f.0 == element) {
                    Some(other) => other.1 = None,
                    None => found.push((element, Some(place))),
                }
            }
        }
    }

    fn grid(&self, table: &Entry, cells: &HashMap<[Entry; 3], Found>) -> Grid {
        let keys = || cells.keys().filter(|key| key[0] == *table);
        let rows: Vec<Entry> =
            keys().map(|key| key[1].clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let columns: Vec<Entry> =
            keys().map(|key| key[2].clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let cell = |row: &Entry, column: &Entry| {
            let Some(found) = cells.get(&[table.clone(), row.clone(), column.clone()]) else {
                return Shown::default();
            };
            let mut places: Vec<(usize, usize)> =
                found.iter().filter_map(|f| f.1.map(|p| (f.0, p))).collect();
            places.sort_unstable();
            let places: Vec<usize> = places.into_iter().map(|p| p.1).collect();
            let result = self.result_of([table, row, column]);
            shown(self, &places, result.as_deref())
        };
        let line = |row: &Entry| columns.iter().map(|column| cell(row, column)).collect();
        let cells = rows.iter().map(line).collect();
        Grid { table: table.clone(), rows, columns, cells }
    }

    /// The level of `result` of a cell.
    fn result_of(&self, [table, row, column]: [&Entry; 3]) -> Option<String> {
        let sides = [(&self.layout.tables, table), (&self.layout.rows, row), (&self.layout.columns, column)];
        sides.iter().find_map(|(terms, entry)| {
            let at = terms.get(entry.term)?.iter().position(|choice| choice.dim == "result")?;
            Some(entry.levels[at].clone())
        })
    }

    /// Dimensions that are not in the layout and have several levels among the items that match it.
    fn telling(&self) -> Vec<String> {
        let sides = [&self.layout.tables, &self.layout.rows, &self.layout.columns];
        let wanted: Vec<Vec<Vec<Wanted<'_>>>> = sides
            .iter()
            .map(|terms| {
                terms.iter().map(|t| t.iter().map(|choice| Wanted::new(self, choice)).collect()).collect()
            })
            .collect();
        let on_side = |item: &Item, terms: &[Vec<Wanted<'_>>]| {
            terms.is_empty() || terms.iter().any(|t| t.iter().all(|w| !w.levels_of(self, item).is_empty()))
        };
        let matching =
            |item: &&Item| !is_hidden(self, item) && wanted.iter().all(|terms| on_side(item, terms));
        let mut levels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for item in self.items().iter().filter(matching) {
            for (dim, level) in &item.tags {
                levels.entry(dim).or_default().insert(level);
            }
        }
        let used: BTreeSet<&str> = self.layout.terms().flatten().map(|choice| choice.dim.as_str()).collect();
        let several = |(dim, of): &(&str, BTreeSet<&str>)| of.len() > 1 && !used.contains(dim);
        levels.into_iter().filter(several).map(|(dim, _)| dim.to_string()).collect()
    }
}
