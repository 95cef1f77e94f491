//! Items of a collection: a value and tags, a level for each dimension ([TABLES] Intro 2, "Tags, dimensions, and levels").

use super::labels::Labels;
use super::layout::Layout;
use super::stars::Stars;
use super::styles::Styles;
use super::terms::Term;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Tags of an item: the level of each of its dimensions.
pub(crate) type Tags = BTreeMap<String, String>;

/// Value of an item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Number(f64),
    Text(String),
    /// Limits of a confidence interval.
    Interval(f64, f64),
}

/// Why a coefficient was not estimated ([TABLES] collect style showbase, showomit, showempty).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Base,
    Omitted,
    Empty,
}

/// A value with its tags.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) tags: Tags,
    pub(crate) content: Content,
    pub(crate) mark: Option<Mark>,
}

/// Levels of a dimension in the order in which they came.
#[derive(Clone, Debug, Default)]
struct Levels {
    order: Vec<String>,
    known: HashSet<String>,
}

/// A collection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collection {
    pub(crate) name: String,
    items: Vec<Item>,
    /// Place of the item of some tags: the same tags again replace its value.
    places: HashMap<Tags, usize>,
    levels: Vec<(String, Levels)>,
    pub(crate) labels: Labels,
    /// Automatic levels of dimensions.
    pub(crate) auto: BTreeMap<String, Vec<String>>,
    pub(crate) layout: Layout,
    pub(crate) styles: Styles,
    /// Composite results: name, elements and the text between them.
    pub(crate) composites: Vec<(String, Vec<String>, String)>,
    pub(crate) stars: Option<Stars>,
    pub(crate) title: String,
    pub(crate) notes: Vec<String>,
    /// Number of the commands whose results were collected.
    pub(crate) sets: usize,
}

impl Collection {
    /// An empty collection with the default style.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_string(),
            styles: Styles::predefined("default").unwrap_or_default(),
            ..Self::default()
        }
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item of some tags.
    pub(crate) fn at(&self, tags: &Tags) -> Option<&Item> {
        self.places.get(tags).map(|place| &self.items[*place])
    }

    /// Adds an item; the value of an item with the same tags is replaced.
    pub(crate) fn add(&mut self, tags: Tags, content: Content, mark: Option<Mark>) {
        if let Some(place) = self.places.get(&tags) {
            self.items[*place] = Item { tags, content, mark };
            return;
        }
        for (dim, level) in &tags {
            self.note_level(dim, level);
        }
        self.places.insert(tags.clone(), self.items.len());
        self.items.push(Item { tags, content, mark });
    }

    fn note_level(&mut self, dim: &str, level: &str) {
        let at = match self.levels.iter().position(|(name, _)| name == dim) {
            Some(at) => at,
            None => {
                self.levels.push((dim.to_string(), Levels::default()));
                self.levels.len() - 1
            }
        };
        let levels = &mut self.levels[at].1;
        if levels.known.insert(level.to_string()) {
            levels.order.push(level.to_string());
        }
    }

    /// Gives every item the tags that `change` makes of it, and returns how many were changed. Items without an answer stay.
    pub(crate) fn retag(&mut self, change: impl Fn(&Item) -> Option<Tags>) -> usize {
        let items = std::mem::take(&mut self.items);
        self.places.clear();
        self.levels.clear();
        let mut count = 0;
        for item in items {
            let tags = match change(&item) {
                Some(tags) => {
                    count += usize::from(tags != item.tags);
                    tags
                }
                None => item.tags,
            };
            self.add(tags, item.content, item.mark);
        }
        count
    }

    /// Adds the items of another collection, and the labels that are not set here.
    pub(crate) fn merge(&mut self, other: Self) {
        for (dim, text) in other.labels.dims {
            self.labels.dims.entry(dim).or_insert(text);
        }
        for (dim, levels) in &other.labels.levels {
            levels.iter().for_each(|(level, text)| self.labels.offer_level(dim, level, text));
        }
        for item in other.items {
            self.add(item.tags, item.content, item.mark);
        }
    }

    /// Names of the dimensions of the items, in alphabetical order.
    pub(crate) fn dims(&self) -> Vec<&str> {
        let mut out: Vec<&str> = self.levels.iter().map(|(name, _)| name.as_str()).collect();
        out.sort_unstable();
        out
    }

    pub(crate) fn has_dim(&self, dim: &str) -> bool {
        self.levels.iter().any(|(name, _)| name == dim)
    }

    pub(crate) fn has_level(&self, dim: &str, level: &str) -> bool {
        self.levels.iter().any(|(name, levels)| name == dim && levels.known.contains(level))
    }

    /// Levels of a dimension in the order of tables: numbers by size with the total behind them, results by name, others as
    /// they came with the intercept last.
    pub(crate) fn levels(&self, dim: &str) -> Vec<String> {
        let Some((_, levels)) = self.levels.iter().find(|(name, _)| name == dim) else { return Vec::new() };
        let mut out = levels.order.clone();
        let number = |l: &String| l.parse::<f64>().ok().filter(|x| x.is_finite());
        let total = |l: &String| l.starts_with('.');
        if dim == "result" {
            out.sort();
        } else if out.iter().all(|l| number(l).is_some() || total(l)) {
            let key = |l: &String| (total(l), number(l).unwrap_or(f64::MAX), l.clone());
            out.sort_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal));
        } else if self.styles.intercept_last {
            out.sort_by_key(|l| l == "_cons");
        }
        out
    }

    /// Elements of a composite result, those of composites in it too.
    pub(crate) fn elements(&self, name: &str) -> Option<(Vec<&str>, &str)> {
        let (_, elements, delimiter) = self.composites.iter().find(|c| c.0 == name)?;
        let mut out = Vec::new();
        for element in elements {
            match self.elements(element).filter(|_| element != name) {
                Some((inner, _)) => out.extend(inner),
                None => out.push(element.as_str()),
            }
        }
        Some((out, delimiter))
    }

    /// Adds automatic levels of a dimension.
    pub(crate) fn add_auto(&mut self, dim: &str, levels: &[String]) {
        let own = self.auto.entry(dim.to_string()).or_default();
        for level in levels {
            if !own.contains(level) {
                own.push(level.clone());
            }
        }
    }
}

/// True where the tags of an item match one of the terms.
pub(crate) fn matches_any(terms: &[Term], tags: &Tags) -> bool {
    terms.iter().any(|term| {
        term.iter().all(|choice| {
            tags.get(&choice.dim).is_some_and(|l| choice.levels.as_ref().is_none_or(|all| all.contains(l)))
        })
    })
}
