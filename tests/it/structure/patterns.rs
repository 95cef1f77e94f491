//! Patterns of the service are regular expressions that its released program can read.

use std::fs;
use std::path::Path;

use regex::Regex;

use super::sources;

/// Classes of scripts (`\p{Han}`) need a feature of `regex` that the service does not ask for. A build with the tests has it
/// through other packages, so that only the released program would end at such a pattern.
#[test]
fn patterns_name_no_class_that_the_released_program_lacks() {
    let class = Regex::new(r"\\[pP]\{(\w{3,})\}").expect("a pattern");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in sources(&root.join("src")) {
        let text = fs::read_to_string(&path).expect("a source");
        for (at, line) in text.lines().enumerate() {
            if let Some(name) = class.captures(line) {
                found.push(format!(
                    "{}:{}: {}: write the characters as ranges",
                    path.display(),
                    at + 1,
                    &name[1]
                ));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
