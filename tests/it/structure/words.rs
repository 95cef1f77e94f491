//! The words of the documents and of the generated texts: what `CONTRIBUTING.md` avoids does not come back.

use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::Value;
use stata_service::domain::gate::Rule;
use stata_service::http::v1::openapi::document;

/// Avoided wordings in lower case, with the wording to use. Code spans and quotations are not checked, so that names
/// of tests and settings may have them.
const AVOIDED: &[(&str, &str)] = &[
    (r"\b(told|tells)\b", "reported, reports, shows"),
    (r"\blook(s|ed|ing)? at\b", "checks, reads"),
    (r"\bmend(s|ed|ing)?\b", "fixed"),
    (r"\banew\b", "again"),
    (r"\b(go|goes|going|went) on\b", "continues"),
    (r"\bof (its|their|his|her|one's|your) own\b", "own, separate"),
    (r"\bin place of\b", "instead of"),
    (r"\bbeside\b", "next to, with, in addition to"),
    (r"\bwhoever\b", "anyone who"),
    (r"\bnot believed\b", "ignored, invalid"),
    (r"\banswers (a|an|the|it|[1-5]\d\d)\b", "returns"),
    (r"\bstates? (a|an|its) \w+", "sets, submits"),
    (r"\b(patience|leftovers|misfits?)\b", "timeout, orphans, violation"),
    (
        r"(^|[.;|:] |^#+ )what (is|are|was|a|an|the|of|it|they|has|no|only|this|every)\b[^?]*$",
        "the noun itself",
    ),
];

/// Texts with an avoided wording that cannot change: names of fields outside of code spans.
const ALLOWED: &[&str] = &["reason, misfits"];

/// Returns a line without its code spans and quotations.
fn prose(line: &str) -> String {
    let mut out = String::new();
    let mut closing = None;
    for c in line.chars() {
        match (closing, c) {
            (Some(end), c) if c == end => closing = None,
            (Some(_), _) => {}
            (None, '`' | '"') => closing = Some(c),
            (None, '“') => closing = Some('”'),
            (None, c) => out.push(c),
        }
    }
    out
}

/// Adds every avoided wording of a text to the findings. Blocks of code are left out.
fn check(name: &str, text: &str, findings: &mut Vec<String>) {
    let avoided: Vec<(Regex, &str)> = AVOIDED
        .iter()
        .map(|(pattern, instead)| (Regex::new(pattern).expect("a pattern"), *instead))
        .collect();
    let mut code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code || line.starts_with("    ") {
            continue;
        }
        let mut line = prose(line).to_lowercase();
        for term in ALLOWED {
            line = line.replace(term, "");
        }
        for (pattern, instead) in &avoided {
            if let Some(found) = pattern.find(&line) {
                findings.push(format!(
                    "{name}:{}: \"{}\": write {instead}",
                    number + 1,
                    found.as_str().trim()
                ));
            }
        }
    }
}

/// Adds the texts of an OpenAPI document that people read.
fn described<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" || name == "summary" => texts.push(text),
                    _ => described(member, texts),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| described(item, texts)),
        _ => {}
    }
}

/// The entries of the change log above the first release.
fn unreleased(text: &str) -> &str {
    let start = text.find("## Unreleased").expect("the entries of the next release");
    let rest = &text[start..];
    rest[3..].find("\n## ").map_or(rest, |end| &rest[..end + 3])
}

#[test]
fn documents_use_plain_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut findings = Vec::new();
    for folder in ["docs", "docs/adr", "docs/engine", "docs/runbooks"] {
        for entry in fs::read_dir(root.join(folder)).expect("a folder of documents").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "md") {
                let name = path.strip_prefix(root).expect("below the root").display().to_string();
                check(&name, &fs::read_to_string(&path).expect("a document"), &mut findings);
            }
        }
    }
    let clients =
        ["clients/README.md", "clients/python/README.md", "clients/r/README.md", "clients/stata/README.md"];
    for name in ["README.md", "SECURITY.md", "performance/README.md"].into_iter().chain(clients) {
        check(name, &fs::read_to_string(root.join(name)).expect("a document"), &mut findings);
    }
    let changes = fs::read_to_string(root.join("CHANGELOG.md")).expect("the change log");
    check("CHANGELOG.md", unreleased(&changes), &mut findings);
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn generated_texts_use_plain_words() {
    let mut findings = Vec::new();
    let settings = include_str!("../../../config/default.toml");
    let comments: Vec<&str> = settings.lines().filter_map(|line| line.strip_prefix('#')).collect();
    check("config/default.toml", &comments.join("\n"), &mut findings);
    for rule in Rule::ALL {
        let text = rule.text();
        check(text.id, text.sentence, &mut findings);
        check(text.id, text.remedy, &mut findings);
    }
    let mut texts = Vec::new();
    described(document(), &mut texts);
    assert!(texts.len() > 500, "the document has lost its descriptions");
    for text in texts {
        check(&format!("openapi, \"{text:.60}\""), text, &mut findings);
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_check_finds_avoided_words_and_passes_quotations() {
    let mut findings = Vec::new();
    check(
        "page",
        "It is told by `told`.\n\"goes on\" is fine\n```\nanew\n```\n# What is in it\nWhat is it?",
        &mut findings,
    );
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[0].starts_with("page:1:") && findings[1].starts_with("page:6:"), "{findings:?}");
}
