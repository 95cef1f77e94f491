//! Coefficients of the active estimates by the names that users write.

use crate::matrix::Matrix;
use crate::syntax::{Atom, Term};

/// Column of `e(b)` for a term as a user writes it: `2.a` finds `2.a`, `1.a` finds `1b.a`, `o.x` finds `o.x`; factors of an
/// interaction in any order; `[sigma]_b[_cons]`, the older name, the free parameter `/sigma`. A function gives the full
/// names of abbreviated variables.
pub(super) fn find_coefficient(
    b: &Matrix,
    name: &str,
    full: impl Fn(&str) -> Option<String>,
) -> Option<usize> {
    if let Some(k) = b.find_col(name) {
        return Some(k);
    }
    if let Some(ancillary) = name.strip_prefix('/').filter(|n| !n.contains(':')) {
        return b.find_ancillary(ancillary.trim());
    }
    let (eq, term) = name.split_once(':').map_or((None, name), |(e, t)| (Some(e), t));
    let eq = eq.map(|e| {
        e.strip_prefix('#').and_then(|k| k.parse::<usize>().ok()).map_or(e.to_string(), |k| {
            let mut eqs: Vec<&str> = b.col_names.iter().map(|s| s.eq.as_str()).collect();
            eqs.dedup();
            eqs.get(k.wrapping_sub(1)).map_or(String::new(), |e| e.to_string())
        })
    });
    let want = plain_name(term, full)?;
    let found = b.col_names.iter().position(|s| {
        eq.as_ref().is_none_or(|e| s.eq.strip_prefix('/').unwrap_or(&s.eq) == e.trim_start_matches('/'))
            && plain_name(&s.name, |_| None).is_some_and(|n| n == want)
    });
    found.or_else(|| b.find_ancillary(eq.as_deref().filter(|_| term == "_cons")?))
}

/// Factors of a term, each without the marks of bases; parts of `c.x@1.g` one after the other.
fn plain_name(name: &str, full: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for (k, part) in name.split('@').enumerate() {
        let term = Term::parse(part).ok()?.renamed(&full);
        let at = if k > 0 { "@" } else { "" };
        let mut names: Vec<String> = term
            .atoms
            .iter()
            .map(|a| match a {
                Atom::Level { var, ts, level, .. } => format!("{at}{level}{}.{var}", ts.prefix()),
                Atom::Cont { var, ts, .. } => format!("{at}c{}.{var}", ts.prefix()),
            })
            .collect();
        names.sort();
        all.extend(names);
    }
    Some(all)
}
