//! Names that are spelt like another one, for the refusal of a name that does not exist.

/// Most names that are offered.
const MOST_OFFERED: usize = 3;
/// Least likeness of a name that is offered, from 0 to 1.
const ALIKE: f64 = 0.5;

/// `; did you mean a or b?`; nothing where no name is alike.
pub fn did_you_mean(name: &str, known: &[&str]) -> String {
    let near = alike(name, known);
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

/// Returns the known names that are spelt like a name, the most similar one first.
fn alike<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let likeness = |other: &str| {
        let begins = wanted.len() >= 3 && (other.starts_with(&wanted) || wanted.starts_with(other));
        let spelt = strsim::normalized_damerau_levenshtein(&wanted, other);
        if begins { spelt.max(ALIKE) } else { spelt }
    };
    let mut near: Vec<(f64, &str)> = known.iter().map(|other| (likeness(other), *other)).collect();
    near.retain(|(likeness, _)| *likeness >= ALIKE);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(MOST_OFFERED).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_names_are_offered_and_others_are_not() {
        let known = ["outcome", "regressors", "controls", "cluster_vars", "level"];
        assert_eq!(alike("regresors", &known), ["regressors"]);
        assert_eq!(alike("clusters", &known), ["cluster_vars"]);
        assert_eq!(alike("cluster", &known), ["cluster_vars"]);
        assert!(alike("zzz", &known).is_empty());
    }
}
