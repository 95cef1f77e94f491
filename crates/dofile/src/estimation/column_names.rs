//! Names of the columns that `margins` and `contrast` store.

use crate::matrix::Stripe;

/// Names of columns in results: the first level of each factor that is listed level by level is marked `bn`
/// (`4bn.cyl`, `1bn._at`, `r6vs4.cyl@0bn.vs`). Factors with a marked base (`4b.cyl`) stay as they are.
pub fn column_names(stripes: &[Stripe]) -> Vec<Stripe> {
    let parts =
        |name: &str| -> Vec<String> { name.split_inclusive(['#', '@']).map(str::to_string).collect() };
    let level = |part: &str| -> Option<(i64, String)> {
        let (digits, variable) = part.trim_end_matches(['#', '@']).split_once('.')?;
        Some((digits.parse().ok()?, variable.to_string()))
    };
    let marked = |variable: &str| {
        stripes.iter().any(|s| {
            s.name.split(['#', '@']).any(|p| {
                p.split_once('.').is_some_and(|(l, v)| {
                    v == variable && l.strip_suffix('b').is_some_and(|l| l.parse::<i64>().is_ok())
                })
            })
        })
    };
    let mut least: std::collections::HashMap<String, i64> = std::collections::HashMap::new();
    for (number, variable) in stripes.iter().flat_map(|s| parts(&s.name)).filter_map(|p| level(&p)) {
        let entry = least.entry(variable).or_insert(number);
        *entry = (*entry).min(number);
    }
    least.retain(|variable, _| !marked(variable));
    stripes
        .iter()
        .map(|stripe| {
            let name: String = parts(&stripe.name)
                .into_iter()
                .map(|part| match level(&part) {
                    Some((number, variable)) if least.get(&variable) == Some(&number) => {
                        part.replacen('.', "bn.", 1)
                    }
                    _ => part,
                })
                .collect();
            Stripe::with_eq(stripe.eq.clone(), name)
        })
        .collect()
}
