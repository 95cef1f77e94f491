//! Headers of two rows: names of groups of columns, each over several of them, above the names of the columns.

/// True if a row may name groups of the columns that the row below it names: that one has several names where the upper row is
/// empty, or the upper row repeats its names over columns next to each other.
pub(super) fn may_be_groups(upper: &[String], is_named: impl Fn(usize) -> bool, width: usize) -> bool {
    let text = |at: usize| upper.get(at).map(String::as_str).filter(|name| !name.is_empty());
    let named: Vec<usize> = (0..width).filter(|at| is_named(*at)).collect();
    let groups = upper.iter().filter(|name| !name.is_empty()).count();
    let gaps = named.iter().filter(|at| text(**at).is_none()).count();
    let repeats = (1..width).filter(|at| text(*at).is_some() && text(*at) == text(at - 1)).count();
    groups >= 2 && (gaps >= 2 && gaps * 3 >= named.len() || repeats >= 2 && repeats * 3 >= named.len())
}

/// The names of the columns: those of the lower row, behind the name of their group where several groups have them; the upper
/// row's own where the lower one has none.
pub(super) fn joined(upper: &[String], lower: &[String]) -> Vec<String> {
    let width = upper.len().max(lower.len());
    let text = |row: &[String], at: usize| row.get(at).cloned().unwrap_or_default();
    let mut group = String::new();
    let mut names = Vec::with_capacity(width);
    for at in 0..width {
        let own = text(upper, at);
        if !own.is_empty() {
            group = own.clone();
        }
        let name = text(lower, at);
        let shared = !name.is_empty() && lower.iter().filter(|other| **other == name).count() > 1;
        names.push(match (name.is_empty(), shared) {
            (true, _) => own,
            (false, true) => format!("{group} {name}"),
            (false, false) => name,
        });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn groups_leave_gaps_or_repeat_their_names() {
        let is = |upper: &[&str], lower: &[&str]| {
            let lower = owned(lower);
            may_be_groups(&owned(upper), |at| !lower[at].is_empty(), lower.len())
        };
        assert!(is(&["", "2021", "", "2022", ""], &["Shop", "Sales", "Staff", "Sales", "Staff"]));
        assert!(is(&["", "2021", "2021", "2022", "2022"], &["Shop", "Sales", "Staff", "Sales", "Staff"]));
        assert!(!is(&["id", "x", "y"], &["", "kg", "cm"]), "units");
        assert!(!is(&["Sales of all shops", "", "", "", ""], &["Shop", "a", "b", "c", "d"]), "a title");
        let upper = owned(&["", "2021", "", "2022", ""]);
        let lower = owned(&["Shop", "Sales", "Staff", "Sales", "Staff"]);
        assert_eq!(joined(&upper, &lower), ["Shop", "2021 Sales", "2021 Staff", "2022 Sales", "2022 Staff"]);
    }
}
