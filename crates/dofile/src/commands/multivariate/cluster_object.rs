//! Traces of a cluster analysis in the data: its name, method, measure and variables as characteristics, and the
//! variables with groups or with the tree. Reading and writing of these; the commands are in `cluster`.

use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::session::Session;
use crate::value::is_missing;
use estimators::clusters::{Measure, Tree};

/// A stored analysis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    /// Its name.
    pub name: String,
    /// `kmeans`, `kmedians`, `single`, `average` ...
    pub method: String,
    /// Name of the dissimilarity.
    pub measure: String,
    /// Variables that were clustered.
    pub variables: Vec<String>,
    /// The group variable of a partition; the stub of `_id`, `_ord`, `_hgt` of a tree.
    pub made: String,
}

const LIST: &str = "_cluster_objects";

impl Object {
    /// True for a tree.
    pub(super) fn is_tree(&self) -> bool {
        !self.method.starts_with('k')
    }

    /// Names of the variables that it made.
    pub(super) fn made_variables(&self) -> Vec<String> {
        if self.is_tree() {
            ["_id", "_ord", "_hgt"].iter().map(|e| format!("{}{e}", self.made)).collect()
        } else {
            vec![self.made.clone()]
        }
    }

    /// Writes the characteristics; the newest analysis comes first.
    pub(super) fn store(&self, frame: &mut Frame) {
        let mut names = names(frame);
        names.retain(|n| *n != self.name);
        names.insert(0, self.name.clone());
        frame.chars.insert(("_dta".into(), LIST.into()), names.join(" "));
        let text = [&self.method, &self.measure, &self.made, &self.variables.join(" ")]
            .map(String::as_str)
            .join("|");
        frame.chars.insert(("_dta".into(), format!("_cluster_{}", self.name)), text);
    }

    /// Removes the characteristics.
    pub(super) fn forget(&self, frame: &mut Frame) {
        let mut names = names(frame);
        names.retain(|n| *n != self.name);
        frame.chars.remove(&("_dta".to_string(), format!("_cluster_{}", self.name)));
        if names.is_empty() {
            frame.chars.remove(&("_dta".to_string(), LIST.to_string()));
        } else {
            frame.chars.insert(("_dta".into(), LIST.into()), names.join(" "));
        }
    }
}

/// Names of the stored analyses, the newest first.
pub(super) fn names(frame: &Frame) -> Vec<String> {
    frame.char("_dta", LIST).split_whitespace().map(str::to_string).collect()
}

/// The analysis of a name, or the newest one; r(111) without.
pub(super) fn find(frame: &Frame, name: Option<&str>) -> Result<Object> {
    let name = match name {
        Some(name) => name.to_string(),
        None => names(frame)
            .first()
            .cloned()
            .ok_or_else(|| StataError::new(111, "there are no cluster analyses defined"))?,
    };
    let missing = || StataError::new(111, format!("cluster analysis {name} not found"));
    let text = frame.char("_dta", &format!("_cluster_{name}"));
    let parts: Vec<&str> = text.split('|').collect();
    let [method, measure, made, variables] = parts[..] else { return Err(missing()) };
    Ok(Object {
        name: name.clone(),
        method: method.to_string(),
        measure: measure.to_string(),
        variables: variables.split_whitespace().map(str::to_string).collect(),
        made: made.to_string(),
    })
}

/// The measure of a name in `measure()`.
pub(super) fn measure(text: &str) -> Result<Measure> {
    let lower = text.trim().to_lowercase();
    Ok(match lower.as_str() {
        "l2" | "euclidean" => Measure::L2,
        "l2squared" => Measure::L2Squared,
        "l1" | "absolute" | "cityblock" | "manhattan" => Measure::L1,
        "linfinity" | "maximum" => Measure::LInfinity,
        "canberra" => Measure::Canberra,
        _ if [
            "minkowski",
            "corr",
            "angular",
            "angle",
            "match",
            "jaccard",
            "gower",
            "l(",
            "lpower",
            "russell",
            "hamann",
            "dice",
            "antidice",
            "sneath",
            "rogers",
            "ochiai",
            "yule",
            "anderberg",
            "kulczynski",
            "pearson",
        ]
        .iter()
        .any(|known| lower.starts_with(known)) =>
        {
            return Err(StataError::unsupported_option("cluster", &format!("measure({text})")));
        }
        _ => return Err(StataError::invalid(format!("measure({text}) is unrecognized"))),
    })
}

/// The tree of an analysis as it is in the data: rows of the leaves and heights; r(459) where the variables were
/// changed.
pub(super) fn tree(s: &Session, object: &Object) -> Result<Tree> {
    let broken =
        || StataError::new(459, format!("the variables of cluster analysis {} were changed", object.name));
    let columns: Vec<usize> =
        object.made_variables().iter().map(|v| s.frame.position(v)).collect::<Result<_>>()?;
    if columns.iter().any(|c| s.frame.var(*c).is_string()) {
        return Err(broken());
    }
    let value = |c: usize, r: usize| s.frame.num_at(columns[c], r);
    let mut rows: Vec<usize> = (0..s.frame.n_rows()).filter(|r| !is_missing(value(0, *r))).collect();
    rows.sort_by(|a, b| value(0, *a).total_cmp(&value(0, *b)));
    let order = rows
        .iter()
        .map(|r| {
            let place = rows.partition_point(|q| value(0, *q) < value(1, *r));
            rows.get(place).copied().filter(|q| value(0, *q) == value(1, *r)).ok_or_else(broken)
        })
        .collect::<Result<Vec<usize>>>()?;
    let mut heights: Vec<f64> = rows.iter().map(|r| value(2, *r)).collect();
    heights.pop();
    if order.is_empty() || heights.iter().any(|h| is_missing(*h)) {
        return Err(broken());
    }
    let mut seen = order.clone();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() != order.len() { Err(broken()) } else { Ok(Tree { order, heights }) }
}

/// Values of the clustered variables on rows.
pub(super) fn values(s: &Session, object: &Object, rows: &[usize]) -> Result<Vec<Vec<f64>>> {
    let columns: Vec<usize> =
        object.variables.iter().map(|v| s.numeric_variable(v)).collect::<Result<_>>()?;
    if rows.iter().any(|r| columns.iter().any(|c| is_missing(s.frame.num_at(*c, *r)))) {
        return Err(StataError::new(459, "the clustered variables were changed"));
    }
    Ok(rows.iter().map(|r| columns.iter().map(|c| s.frame.num_at(*c, *r)).collect()).collect())
}

/// Groups of the rows of an analysis: of a partition as stored, of a tree by a cut.
pub(super) fn groups(s: &Session, object: &Object) -> Result<(Vec<usize>, Vec<usize>)> {
    let by = s.numeric_variable(&object.made)?;
    let rows: Vec<usize> = (0..s.frame.n_rows()).filter(|r| !is_missing(s.frame.num_at(by, *r))).collect();
    let given: Vec<f64> = rows.iter().map(|r| s.frame.num_at(by, *r)).collect();
    let mut levels = given.clone();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    Ok((rows, given.iter().map(|x| levels.partition_point(|l| l < x)).collect()))
}
