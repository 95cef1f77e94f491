//! Comparisons at the command line: models of counts, and the warnings of the runs.

use serde_json::json;

use super::{PAY, QUESTION};
use crate::support::client::Client;
use crate::support::program::Start;

const VISITS: &str = include_str!("../../../assets/stata_do_library/datasets/visits.csv");

#[test]
fn models_of_counts_are_compared_and_warnings_are_printed() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.login();
    client.file("visits.csv", VISITS.as_bytes());
    client.run(&["ask", "effect of age on visits", "visits.csv", "--yes"]).ok();
    let parameters = json!({"outcome": "visits", "regressors": ["age", "chronic"], "controls": ["copay"],
                            "exposure_var": "months"});
    let request = json!({
        "base": {"template_id": "limited.count", "parameters": parameters},
        "axes": {"variance": [{"vce": "robust"}, {"vce": "oim"}]},
    });
    client.file("batch.json", request.to_string().as_bytes());
    // statsmodels Poisson: the golden numbers of the template
    let text = client.run(&["batch", "--file", "batch.json"]).ok();
    assert!(text.contains("age [poisson]") && text.contains("0.00736"), "{text}");
    assert!(text.contains("age [nbreg]") && text.contains("standard errors oim"), "{text}");

    client.file("pay.csv", PAY.as_bytes());
    client.run(&["ask", QUESTION, "pay.csv", "--yes"]).ok();
    let text = client.run(&["batch", "--vce", "robust", "--vce", "cluster=region"]).ok();
    assert!(text.contains("1 of 2 specifications has a warning, (2): "), "{text}");
    assert!(text.contains("warning few_clusters"), "{text}");
}
