//! Levels that are terms of a model, `1.g` or `1.g#c.x`: their names without marks, and the parts of their labels.

use super::items::{Collection, Mark};
use crate::estimation::table::parse_term;
use crate::syntax::Atom;

/// The level of a dimension for a name of a stripe: `1b.g` is `1.g`, `o.x` is `x`.
pub(crate) fn level_of(name: &str) -> String {
    let part = |part: &str| match part.split_once('.') {
        Some((operator, variable)) => {
            let digits: String = operator.chars().take_while(char::is_ascii_digit).collect();
            let rest = &operator[digits.len()..];
            match (digits.is_empty(), rest) {
                (false, "" | "b" | "bn" | "o" | "bo" | "n") => format!("{digits}.{variable}"),
                (true, "o") => variable.to_string(),
                (true, "co") => format!("c.{variable}"),
                _ => part.to_string(),
            }
        }
        None => part.to_string(),
    };
    name.split('#').map(part).collect::<Vec<_>>().join("#")
}

/// Why the coefficient of a name of a stripe was not estimated.
pub(crate) fn mark_of(name: &str) -> Option<Mark> {
    let term = parse_term(name)?;
    // a cell of an interaction belongs to the base where one of its levels does ([U] 11.4.3, allbaselevels)
    let has_base = term.atoms.iter().any(|atom| matches!(atom, Atom::Level { base: true, .. }));
    match () {
        () if term.empty => Some(Mark::Empty),
        () if has_base => Some(Mark::Base),
        () if term.is_omitted() => Some(Mark::Omitted),
        () => None,
    }
}

/// A label in two parts: what groups the levels (`Sex # Age`), and the level (`Male`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FactorLabel {
    pub(crate) group: String,
    pub(crate) level: String,
    /// In one text: `Sex=Male # Age`.
    pub(crate) bound: String,
}

/// Parts of the label of a level that is a factor-variable term; nothing for other levels.
pub(crate) fn factor_label(c: &Collection, dim: &str, level: &str) -> Option<FactorLabel> {
    let rows = &c.styles.rows;
    let mut parts: Vec<(String, Option<String>)> = Vec::new();
    for part in level.split('#') {
        let (operator, variable) = part.split_once('.').unwrap_or(("", part));
        let label = c.labels.dims.get(variable).map(String::as_str);
        let label = label.or_else(|| c.labels.level(dim, variable)).unwrap_or(variable).to_string();
        if !operator.is_empty() && operator.bytes().all(|b| b.is_ascii_digit()) {
            let value = c.labels.level(variable, operator).unwrap_or(operator);
            parts.push((label, Some(value.to_string())));
        } else if operator.is_empty() || operator == "c" {
            parts.push((label, None));
        } else {
            return None;
        }
    }
    let is_factor = parts.len() > 1 || parts.iter().any(|p| p.1.is_some());
    let between = &rows.delimiter;
    is_factor.then(|| FactorLabel {
        group: parts.iter().map(|p| p.0.clone()).collect::<Vec<_>>().join(between),
        level: parts.iter().filter_map(|p| p.1.clone()).collect::<Vec<_>>().join(between),
        bound: parts
            .iter()
            .map(|(label, value)| {
                value.as_ref().map_or_else(|| label.clone(), |v| format!("{label}{}{v}", rows.binder))
            })
            .collect::<Vec<_>>()
            .join(between),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_no_part_of_a_level() {
        for (name, level) in [
            ("1b.g", "1.g"),
            ("o.x", "x"),
            ("2o.g#1bn.h", "2.g#1.h"),
            ("1.g#co.x", "1.g#c.x"),
            ("L2.x", "L2.x"),
        ] {
            assert_eq!(level_of(name), level);
        }
        assert_eq!(mark_of("1b.g"), Some(Mark::Base));
        assert_eq!(mark_of("1b.g#2o.h"), Some(Mark::Base));
        assert_eq!(mark_of("o.x"), Some(Mark::Omitted));
        assert_eq!(mark_of("x"), None);
    }
}
