//! Possible uses of a column (continuous, binary, categorical …), derived from its facts, and the
//! columns that need a numeric companion before a model can use them as categories.

use super::dataset::{Column, InferredType};

/// The kinds of the template contract.
pub const KINDS: [&str; 10] =
    ["continuous", "binary", "ordered", "categorical", "count", "share", "positive", "date", "id", "text"];

/// Most levels of a column that still counts as categories.
pub const MAX_LEVELS: u64 = 1000;

/// True if the values of the column are few enough to be categories.
pub fn has_few_levels(column: &Column) -> bool {
    column.distinct <= MAX_LEVELS && !column.distinct_is_lower_bound
}

/// True if the column can serve as this kind. A column has several: 0/1 values are binary, and a count,
/// and categories as well.
pub fn serves_as(column: &Column, kind: &str) -> bool {
    let few = has_few_levels(column);
    if column.inferred_type == InferredType::Empty {
        return false;
    }
    if column.is_text() {
        return match kind {
            "text" => true,
            "id" => column.storage != "strL",
            "categorical" => few && column.storage != "strL",
            _ => false,
        };
    }
    if matches!(column.inferred_type, InferredType::Date | InferredType::Datetime) {
        return matches!(kind, "date" | "id");
    }
    let least = column.min.unwrap_or(f64::NEG_INFINITY);
    let most = column.max.unwrap_or(f64::INFINITY);
    match kind {
        "continuous" => true,
        "binary" => is_binary(column),
        "ordered" | "id" => column.integer_valued,
        "categorical" => few,
        "count" => column.integer_valued && !column.has_negative,
        "share" => least >= 0.0 && most <= 1.0,
        "positive" => least > 0.0,
        _ => false,
    }
}

/// True for columns with exactly the values 0 and 1.
pub fn is_binary(column: &Column) -> bool {
    column.inferred_type == InferredType::Binary
        || (column.integer_valued
            && column.distinct == 2
            && column.min == Some(0.0)
            && column.max == Some(1.0))
}

/// True for whole numbers without holes between the smallest and the largest one.
pub fn counts_on(column: &Column) -> bool {
    let span = column.min.zip(column.max).map(|(least, most)| most - least + 1.0);
    column.integer_valued && span == Some(column.distinct as f64)
}

/// Returns the kind that describes the column best.
pub fn primary_kind(column: &Column) -> &'static str {
    match column.inferred_type {
        InferredType::Date | InferredType::Datetime => "date",
        _ if column.is_text() => {
            if serves_as(column, "categorical") && column.distinct <= 50 {
                "categorical"
            } else {
                "text"
            }
        }
        _ if is_binary(column) => "binary",
        _ if column.value_labels && serves_as(column, "categorical") => "categorical",
        _ if serves_as(column, "count") && column.distinct <= 20 => "ordered",
        _ if serves_as(column, "count") => "count",
        _ if serves_as(column, "share") => "share",
        _ if serves_as(column, "positive") => "positive",
        _ => "continuous",
    }
}

/// How the numeric companion of a column is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionMethod {
    /// `encode`: text to 1, 2, … with value labels.
    Encode,
    /// `egen group(), label`: numbers that factor variables refuse to 1, 2, … with value labels.
    GroupLabel,
}

impl CompanionMethod {
    /// Returns the text that plans store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::GroupLabel => "group_label",
        }
    }

    /// Returns the method with this text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Encode, Self::GroupLabel].into_iter().find(|m| m.as_str() == text)
    }
}

/// Returns how a column marked categorical gets its companion; `None` where `i.column` works as it is:
/// factor variables take whole numbers that are not negative (`help fvvarlist`).
pub fn companion_method(column: &Column) -> Option<CompanionMethod> {
    if column.is_text() {
        Some(CompanionMethod::Encode)
    } else if column.has_negative || !column.integer_valued {
        Some(CompanionMethod::GroupLabel)
    } else {
        None
    }
}

/// Returns the name of a column's companion: `ss_c_` and the name, cut to what a name can hold, unique
/// among `taken` ignoring case.
pub fn companion_name(column: &str, taken: &[String]) -> String {
    let is_taken = |name: &str| taken.iter().any(|t| t.to_lowercase() == name.to_lowercase());
    let cut = |length: usize| column.chars().take(length).collect::<String>();
    let first = format!("ss_c_{}", cut(27));
    if !is_taken(&first) {
        return first;
    }
    (2..)
        .map(|n| format!("ss_c{n}_{}", cut(20)))
        .find(|name| !is_taken(name))
        .expect("there are more numbers than columns")
}
