//! Derived variables: reads what a draft states, in its order, and tells the rest of the library what columns
//! the run will have besides those of the data.

use super::data_steps::{Stepped, with_steps};
use crate::domain::dataset::{Column, InferredType, Inputs};
use crate::domain::draft::{StatedVariable, Statement};
use crate::domain::encode::{SafeText, VariableName};
use crate::domain::expression::{ColumnRef, Derivation, ExpressionError, parse_derivation};
use crate::domain::naming::is_column_name;
use crate::domain::plan::DerivedVariable;

/// Most derived variables of a draft.
pub const MAX_DERIVED: usize = 100;
/// Stands for the number of distinct values where it is not known; enough for every declaration.
const UNKNOWN_DISTINCT: u64 = 100;

/// A draft's derived variables on some columns.
#[derive(Debug, Clone, Default)]
pub struct Derived {
    /// Derived variables that could be read, in the order of the draft.
    pub variables: Vec<DerivedVariable>,
    /// The columns of the data after the data steps, then the derived ones.
    pub columns: Vec<Column>,
    /// The data steps that come before.
    pub stepped: Stepped,
    /// Unreadable expressions, with their paths.
    pub refused: Vec<(String, ExpressionError)>,
}

/// Reads the derived variables of a statement. A refused one makes no column.
pub fn derive(statement: &Statement, columns: &[Column]) -> Derived {
    let mut derived = Derived { columns: columns.to_vec(), ..Derived::default() };
    for (i, stated) in statement.derived_variables.iter().enumerate() {
        match read(stated, &derived.columns) {
            Ok(variable) => {
                derived.columns.push(column_of(&variable, &derived.columns));
                derived.variables.push(variable);
            }
            Err((field, error)) => {
                derived.refused.push((format!("derived_variables.{i}.{field}"), error));
            }
        }
    }
    if statement.derived_variables.len() > MAX_DERIVED {
        let reason = format!("at most {MAX_DERIVED} variables can be derived");
        let error =
            ExpressionError { position: 0, expected: vec!["fewer variables".to_owned()], message: reason };
        derived.refused.push(("derived_variables".to_owned(), error));
    }
    derived
}

/// The inputs as the run has them: the primary data set after the data steps of a statement, with its derived
/// variables among the columns.
pub fn with_derived(inputs: &Inputs, statement: &Statement) -> (Inputs, Derived) {
    let (mut inputs, stepped) = with_steps(inputs, &statement.data_steps);
    let columns = inputs.primary().map_or(&[][..], |dataset| dataset.columns.as_slice());
    let derived = Derived { stepped, ..derive(statement, columns) };
    let primary = inputs.primary().map(|dataset| dataset.dataset_key.clone());
    for dataset in inputs.datasets.iter_mut().filter(|d| Some(&d.dataset_key) == primary.as_ref()) {
        dataset.columns.clone_from(&derived.columns);
    }
    (inputs, derived)
}

type Refused = (&'static str, ExpressionError);

fn read(stated: &StatedVariable, columns: &[Column]) -> Result<DerivedVariable, Refused> {
    let refuse = |field, message: String, expected: &str| {
        (field, ExpressionError { position: 0, expected: vec![expected.to_owned()], message })
    };
    if !is_column_name(&stated.name) || VariableName::parse(stated.name.as_str()).is_err() {
        let shown: String = stated.name.chars().take(40).collect();
        return Err(refuse(
            "name",
            format!("{shown:?} cannot name a variable"),
            "letters, digits and _, first a letter, at most 32 characters, no reserved word",
        ));
    }
    if columns.iter().any(|c| c.name.to_lowercase() == stated.name.to_lowercase()) {
        return Err(refuse("name", format!("there is a column `{}` already", stated.name), "another name"));
    }
    let label = stated.label.as_deref().map(str::trim).filter(|label| !label.is_empty());
    if let Some(Err(error)) = label.map(SafeText::parse) {
        return Err(refuse("label", error.to_string(), "another label"));
    }
    let tree = parse_derivation(&stated.expression, columns).map_err(|error| ("expression", error))?;
    Ok(DerivedVariable {
        name: stated.name.clone(),
        expression: stated.expression.clone(),
        canonical: tree.canonical(),
        label: label.map(str::to_owned),
        kind: tree.storage().to_owned(),
        tree,
    })
}

/// Facts of a derived variable known before it is computed; others are left open, so that only
/// certain errors are refused before the run.
fn column_of(variable: &DerivedVariable, columns: &[Column]) -> Column {
    let known = |column: &ColumnRef| columns.iter().find(|c| c.name == column.name.as_str());
    let range = |column: &ColumnRef| {
        let facts = known(column);
        let low = facts.and_then(|c| c.min).unwrap_or(f64::NEG_INFINITY);
        (low, facts.and_then(|c| c.max).unwrap_or(f64::INFINITY))
    };
    let whole = |column: &ColumnRef| known(column).is_some_and(|c| c.integer_valued);
    let ((low, high), is_whole) = match &variable.tree {
        Derivation::Number { term } => (term.range(&range), term.is_whole(&whole)),
        Derivation::Flag { .. } => ((0.0, 1.0), true),
        Derivation::Group { .. } => ((f64::NEG_INFINITY, f64::INFINITY), false),
        Derivation::GroupId { .. } => ((1.0, f64::INFINITY), true),
    };
    let is_flag = matches!(variable.tree, Derivation::Flag { .. });
    // whole numbers of a known range are no more than it holds: a rank of three levels
    let distinct = match high - low + 1.0 {
        values if is_whole && (1.0..UNKNOWN_DISTINCT as f64).contains(&values) => values as u64,
        _ => UNKNOWN_DISTINCT,
    };
    Column {
        name: variable.name.clone(),
        original_name: variable.name.clone(),
        inferred_type: match (is_flag, is_whole) {
            (true, _) => InferredType::Binary,
            (_, true) => InferredType::Integer,
            _ => InferredType::Number,
        },
        storage: variable.kind.clone(),
        format: "%9.0g".to_owned(),
        label: variable.label.clone(),
        value_labels: false,
        missing: 0,
        missing_share: 0.0,
        distinct,
        distinct_is_lower_bound: distinct == UNKNOWN_DISTINCT,
        min: Some(low).filter(|x| x.is_finite()),
        max: Some(high).filter(|x| x.is_finite()),
        integer_valued: is_whole,
        // a number of unknown sign is not held against it: the run's own checks see the values
        has_negative: low < 0.0 && high <= 0.0,
        max_bytes: None,
        levels: Vec::new(),
        names: Vec::new(),
    }
}
