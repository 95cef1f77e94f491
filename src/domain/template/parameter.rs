//! Declarations of parameters and of the rules between them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bilingual;

/// The type of a parameter; its grammar is in `docs/library.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    /// One column.
    Varname,
    /// Distinct columns, whose order is kept.
    Varlist,
    /// A whole number from -2147483647 to 2147483620.
    Int,
    /// A finite number.
    Number,
    /// One of the listed values.
    Enum,
    /// Pairs of columns whose effects depend on each other.
    Terms,
    /// A condition on rows, in the grammar of `docs/expressions.md`.
    Condition,
    /// A day as `YYYY-MM-DD`.
    Date,
    /// At most 80 safe characters that match the pattern.
    Text,
    /// True or false; 1 or 0 in the do-file.
    Boolean,
}

impl ParameterType {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Varname => "varname",
            Self::Varlist => "varlist",
            Self::Terms => "terms",
            Self::Int => "int",
            Self::Number => "number",
            Self::Enum => "enum",
            Self::Condition => "condition",
            Self::Date => "date",
            Self::Text => "text",
            Self::Boolean => "boolean",
        }
    }
}

/// One declared parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Name of the parameter; the do-file has it as the local `p_<name>`.
    pub name: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// True if a plan cannot be frozen without a value.
    pub required: bool,
    /// Value used by default; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    pub default: Option<Value>,
    /// Short name of the parameter, for people.
    pub label: Bilingual,
    /// Explanation of the value to enter, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Bilingual>,
    /// The role that fills it, or `option`, `sample`, `seed`.
    pub bind: String,
    /// Requirements on each column; absent for parameters that take no column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnNeeds>,
    /// Smallest value of a number; absent for no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value of a number; absent for no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Allowed values of an enum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// Regular expression that the whole text must match; absent for any safe text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Fewest columns of a list; without it 1 if the parameter is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<usize>,
    /// Most columns of a list; absent for no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
    /// Most characters of a text; 80 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Names of parameters that may not share a column with this one.
    #[serde(default)]
    pub distinct_from: Vec<String>,
}

/// Requirements on a column of this parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnNeeds {
    /// `continuous`, `binary`, `ordered`, `categorical`, `count`, `share`, `positive`, `date`, `id`, `text`.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Fewest different values, missing ones not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_distinct: Option<u64>,
    /// Most different values, missing ones not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_distinct: Option<u64>,
    /// Largest share of missing values, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_missing_share: Option<f64>,
}

/// A condition between parameters. `if` is `name` (given) or `name=value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterRule {
    /// Test of a parameter, `name`, `name=value` or `name!=value`; absent for a rule that always applies.
    #[serde(rename = "if", default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Parameters that must have a value if the test holds.
    #[serde(default)]
    pub then_required: Vec<String>,
    /// Parameters that must have no value if the test holds.
    #[serde(default)]
    pub then_forbidden: Vec<String>,
    /// Parameters that must not share a column.
    #[serde(default)]
    pub disjoint: Vec<String>,
    /// The violated rule, for people.
    pub message: String,
}
