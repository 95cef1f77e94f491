#![allow(missing_docs, clippy::all, dead_code)]
use serde_json::{Value, json};
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::dataset::{Dataset, DatasetRole};
use stata_service::library::load::Library;
use stata_service::library::suggest::{SuggestInput, draft_of, suggest};
use stata_service::ports::tabular::{IngestOptions, Tabular};
use std::collections::BTreeMap;

type Read = (Dataset, BTreeMap<String, Vec<String>>);
fn read(name: &str) -> Read {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut found = None;
    for folder in ["tests/fixtures/suggest/data", "assets/stata_do_library/datasets"] {
        for end in ["csv", "dta"] {
            let p = std::path::PathBuf::from(format!("{root}/{folder}/{name}.{end}"));
            if p.exists() && found.is_none() {
                found = Some(p);
            }
        }
    }
    let path = found.expect("data");
    let dir = std::env::temp_dir().join(format!("zzdev{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let dest = dir.join("main.dta");
    let d = TabularFiles
        .ingest(&path, path.file_name().unwrap().to_str().unwrap(), &IngestOptions::default(), &dest)
        .unwrap();
    let values = TabularFiles.texts(&dest, 5000, 50).unwrap();
    std::fs::remove_dir_all(&dir).ok();
    (
        Dataset {
            dataset_key: "main".into(),
            role: DatasetRole::PrimaryDataset,
            original_name: String::new(),
            format: d.format,
            original_rel_path: String::new(),
            original_sha256: String::new(),
            original_size_bytes: 0,
            canonical_rel_path: String::new(),
            canonical_sha256: String::new(),
            canonical_size_bytes: 0,
            row_count: d.row_count,
            columns: d.columns,
            repairs: vec![],
            sheet_names: vec![],
            selected_sheet: None,
            header_row: None,
            encoding: None,
            delimiter: None,
        },
        values,
    )
}
fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
fn judged(question: &Value, suggested: &Value) -> [bool; 3] {
    let draft = &suggested["draft"];
    if question["open"] == true {
        let asks =
            suggested["open_questions"].as_array().into_iter().flatten().any(|q| q["blocking"] == true);
        return [asks; 3];
    }
    let of = |role: &str| texts(&draft["roles"][role]);
    let studied = [of("outcome_var"), of("item_vars"), of("duration_var")].concat();
    let outcome = match texts(&question["outcome"])[..] {
        [] => true,
        ref expected => {
            let crossed = [of("row_var"), of("col_var")].concat();
            studied.first().is_some_and(|found| expected.contains(found))
                || crossed.iter().any(|found| expected.contains(found))
        }
    };
    let roles = question["roles"].as_object().expect("roles").iter().all(|(names, columns)| {
        let mut held: Vec<&str> = names.split('|').flat_map(of).collect();
        let mut columns = texts(columns);
        held.sort_unstable();
        columns.sort_unstable();
        held == columns
    });
    let template = draft["template_id"].as_str().unwrap_or_default();
    [outcome, roles, texts(&question["methods"]).contains(&template)]
}
#[test]
fn ask() {
    let sets = std::env::var("SETS").unwrap_or("unseen8".into());
    let library = Library::embedded().unwrap();
    let mut data: BTreeMap<String, Read> = BTreeMap::new();
    let only = std::env::var("ONLY").ok();
    let mut out = vec![];
    for set in sets.split(',') {
        let root = env!("CARGO_MANIFEST_DIR");
        let text = std::fs::read_to_string(format!("{root}/tests/fixtures/suggest/{set}.jsonl")).unwrap();
        let mut right = [0.0; 4];
        let mut n = 0.0;
        let t = std::time::Instant::now();
        for line in text.lines() {
            let q: Value = serde_json::from_str(line).unwrap();
            if only.as_ref().is_some_and(|o| !o.split(',').any(|o| o == q["id"].to_string())) {
                continue;
            }
            let name = q["data"].as_str().unwrap();
            let (dataset, values) = data.entry(name.to_owned()).or_insert_with(|| read(name));
            let s = suggest(&SuggestInput {
                library: &library,
                question: q["question"].as_str().unwrap(),
                dataset,
                values,
            });
            let ask: Vec<Value> = s
                .open_questions
                .iter()
                .map(|q| json!({"field": q.field, "blocking": q.blocking, "candidates": q.candidates}))
                .collect();
            let got = json!({"draft": draft_of(&s), "open_questions": ask});
            let j = judged(&q, &got);
            n += 1.0;
            for k in 0..3 {
                right[k] += f64::from(u8::from(j[k]));
            }
            right[3] += f64::from(u8::from(j.iter().all(|x| *x)));
            let choices: Vec<Value> = s
                .choices
                .iter()
                .map(|c| json!([c.field, c.columns, c.words, c.basis, c.confidence, c.alternatives]))
                .collect();
            out.push(json!({"set": set, "q": q, "judged": j, "draft": got, "confidence": s.confidence, "choices": choices}));
        }
        eprintln!(
            "{set} n {n} outcome {:.1} roles {:.1} method {:.1} all {:.1}  ({:?})",
            100.0 * right[0] / n,
            100.0 * right[1] / n,
            100.0 * right[2] / n,
            100.0 * right[3] / n,
            t.elapsed()
        );
    }
    std::fs::write(
        std::env::var("OUT").unwrap_or("/tmp/zz.json".into()),
        serde_json::to_string(&out).unwrap(),
    )
    .unwrap();
}
