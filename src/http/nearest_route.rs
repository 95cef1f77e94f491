//! The documented route that an unknown path may have meant.

/// What a segment costs that is missing or too many.
const EXTRA: f64 = 0.9;
/// Least likeness of two segments that are taken for one another, from 0 to 1.
const ALIKE: f64 = 0.5;

/// Returns the route that differs from the path by one segment at most, or by misspelt ones; parameters fit every segment.
pub(super) fn nearest<'a>(routes: &'a [String], path: &str) -> Option<&'a str> {
    let asked: Vec<&str> = segments(path);
    let costs = routes.iter().map(|route| (cost(&asked, &segments(route)), route.as_str()));
    let best = costs.filter(|(cost, _)| *cost < 1.0).min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    best.map(|(_, route)| route)
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// The edit distance of two lists of segments.
fn cost(asked: &[&str], route: &[&str]) -> f64 {
    let mut row: Vec<f64> = (0..=route.len()).map(|j| j as f64 * EXTRA).collect();
    for (i, given) in asked.iter().enumerate() {
        let mut next = vec![(i + 1) as f64 * EXTRA];
        for (j, wanted) in route.iter().enumerate() {
            let replaced = row[j] + difference(given, wanted);
            next.push(replaced.min(row[j + 1] + EXTRA).min(next[j] + EXTRA));
        }
        row = next;
    }
    row[route.len()]
}

fn difference(given: &str, wanted: &str) -> f64 {
    if wanted.starts_with('{') {
        return 0.0;
    }
    let likeness = strsim::normalized_damerau_levenshtein(&given.to_lowercase(), wanted);
    if likeness < ALIKE { 2.0 * EXTRA } else { 1.0 - likeness }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_and_shortened_paths_find_their_route() {
        let routes: Vec<String> = [
            "/v1/jobs/{job_id}",
            "/v1/jobs/{job_id}/runs",
            "/v1/jobs/{job_id}/runs/{run_id}",
            "/v1/codes/redeem",
        ]
        .map(str::to_owned)
        .to_vec();
        for (path, route) in [
            ("/v1/job/j1/run", Some("/v1/jobs/{job_id}/runs")),
            ("/jobs/j1/runs", Some("/v1/jobs/{job_id}/runs")),
            ("/v1/jobs/j1/Runs/", Some("/v1/jobs/{job_id}/runs")),
            ("/v1/code/redeem", Some("/v1/codes/redeem")),
            ("/wp-login.php", None),
            ("/v1/nothing/of/the/kind", None),
        ] {
            assert_eq!(nearest(&routes, path), route, "{path}");
        }
    }
}
