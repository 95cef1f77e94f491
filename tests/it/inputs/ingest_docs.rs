//! `docs/inputs.md` names every remark that ingest can make.

use std::path::Path;

#[test]
fn every_remark_of_ingest_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/inputs.md")).unwrap();
    let mut found = 0;
    for entry in walk(&root.join("src/adapters/tabular")) {
        let source = std::fs::read_to_string(&entry).unwrap();
        for call in ["warnings.warn(", "warnings.info("] {
            for part in source.split(call).skip(1) {
                let kind = part.trim_start().strip_prefix('"').and_then(|p| p.split('"').next());
                let kind = kind.unwrap_or_else(|| panic!("{}: a remark without a kind", entry.display()));
                assert!(text.contains(&format!("`{kind}`")), "{kind} is not in docs/inputs.md");
                found += 1;
            }
        }
    }
    assert!(found >= 15, "only {found} remarks were found in the sources");
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}
