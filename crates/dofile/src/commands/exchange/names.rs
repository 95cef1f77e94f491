//! Variable names from column headings, and letters of spreadsheet columns.

use std::collections::HashSet;

use crate::frame::is_valid_name;

/// How headings become names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    Preserve,
}

impl Case {
    /// The argument of `case()`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "lower" | "l" => Some(Self::Lower),
            "upper" | "u" => Some(Self::Upper),
            "preserve" | "p" => Some(Self::Preserve),
            _ => None,
        }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Preserve => text.to_owned(),
        }
    }
}

/// Names for columns with these headings: characters that a name can not have are dropped, and those before the first
/// one that it can begin with; what is then no name or is taken becomes `fallback(column)`. The heading is the label where
/// it differs. A column `1960` is `v5` with the label 1960 and `1960 [YR1960]` is `yr1960`, as do-files on the World Bank's
/// files have them.
pub(super) fn names(
    headings: &[String],
    case: Case,
    fallback: impl Fn(usize) -> String,
) -> Vec<(String, String)> {
    let mut taken = HashSet::new();
    headings
        .iter()
        .enumerate()
        .map(|(at, heading)| {
            let allowed = heading.trim().chars().filter(|c| *c == '_' || c.is_alphanumeric());
            let kept: String = allowed.skip_while(|c| c.is_numeric()).take(32).collect();
            let mut name = case.apply(&kept);
            if !is_valid_name(&name) || !taken.insert(name.clone()) {
                name = fallback(at);
                taken.insert(name.clone());
            }
            let label = if *heading == name { "" } else { heading.trim() };
            (name, label.chars().take(80).collect())
        })
        .collect()
}

/// `A`, `B` … `Z`, `AA` … of a zero-based column.
pub(super) fn letters(column: usize) -> String {
    let (mut left, mut out) = (column, String::new());
    loop {
        out.insert(0, char::from(b'A' + (left % 26) as u8));
        if left < 26 {
            return out;
        }
        left = left / 26 - 1;
    }
}

/// The zero-based row and column of a cell such as `B12`.
pub(super) fn cell(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().replace('$', "");
    let split = text.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = text.split_at(split);
    if letters.is_empty() || letters.len() > 3 || !letters.chars().all(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let fold = |all: u32, c: char| all * 26 + (c.to_ascii_uppercase() as u32 - 'A' as u32 + 1);
    let column = letters.chars().fold(0, fold) - 1;
    let row: u32 = digits.parse().ok()?;
    ((1..=1_048_576).contains(&row) && column < 16_384).then(|| (row - 1, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_names_with_labels() {
        let headings =
            ["Hourly Wage", "2020", "id", "ID", "工资", "", "if", "1960 [YR1960]", "2nd"].map(String::from);
        let named = names(&headings, Case::Lower, |at| format!("v{}", at + 1));
        let only: Vec<&str> = named.iter().map(|n| n.0.as_str()).collect();
        assert_eq!(only, ["hourlywage", "v2", "id", "v4", "工资", "v6", "v7", "yr1960", "nd"]);
        assert_eq!(named[0].1, "Hourly Wage");
        assert_eq!(named[1].1, "2020");
        assert_eq!(named[2].1, "");
    }

    #[test]
    fn spreadsheet_columns_count_in_letters() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
        assert_eq!(cell("B12"), Some((11, 1)));
        assert_eq!(cell("AA1"), Some((0, 26)));
        assert_eq!(cell("12"), None);
        assert_eq!(cell("A0"), None);
    }
}
