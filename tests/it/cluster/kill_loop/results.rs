//! What a job that succeeded must have, whatever happened to the servers meanwhile.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::clients::Client;
use crate::faults::Rng;

/// Coefficient and HC1 standard error of schooling, and the observations: numpy 2.4.6, (X'X)⁻¹X'y and the sandwich times n/(n-k), on
/// the rows of `pay.csv` without missing values.
const SCHOOLING: [(&str, f64); 2] =
    [("estimate", 0.088_173_101_451_027_9), ("std_error", 0.006_470_992_751_901_723)];

/// The names of the files of a job; every job has the same.
pub(super) type Files = OnceLock<BTreeSet<String>>;

/// Checks the numbers, and the files of a run by their hashes; `None` when the clients are to stop.
pub(super) async fn check_results(client: &Client<'_>, dice: &mut Rng, run: &Value) -> Option<()> {
    let terms = run["results"].as_array().expect("a list");
    let schooling = terms.iter().find(|term| term["term"] == "schooling").unwrap_or_else(|| panic!("{run}"));
    for (name, expected) in SCHOOLING {
        let value = schooling[name].as_f64().unwrap_or_else(|| panic!("{name} in {run}"));
        // results carry nine significant digits or more
        assert!((value - expected).abs() <= 1e-8 * expected.abs(), "{name}: {value} is not {expected}");
    }
    let listed = client.get(dice, "/artifacts").await?;
    let listed = listed["artifacts"].as_array().expect("a list");
    let run_id = run["run_id"].as_str().expect("an id");
    let of_run: Vec<&Value> = listed
        .iter()
        .filter(|one| one["rel_path"].as_str().is_some_and(|path| path.contains(run_id)))
        .collect();
    let path_of = |one: &Value| one["rel_path"].as_str().expect("a path").to_owned();
    let names = of_run.iter().map(|one| path_of(one).replace(run_id, "RUN")).collect::<BTreeSet<_>>();
    assert_eq!(client.journal.files.get_or_init(|| names.clone()), &names, "{run_id}");
    let one = dice.one(&of_run);
    let bytes = client.bytes(dice, &format!("/artifacts/{}", path_of(one))).await?;
    let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(one["sha256"], found.as_str(), "{one}");
    Some(())
}
