//! The words of the console: both languages have the same keys with the same blanks to fill in, and every key
//! that a script uses exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use crate::http::console::walkdir;

pub(crate) type Words = BTreeMap<String, BTreeMap<String, String>>;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/console"))
}

/// Reads the JSON of each `i18n/<name>.js`.
pub(crate) fn files() -> BTreeMap<String, Words> {
    let mut files = BTreeMap::new();
    for path in walkdir(&folder().join("i18n")) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text file");
        let json = text.trim().strip_prefix("export default").and_then(|rest| rest.strip_suffix(';'));
        let json = json.unwrap_or_else(|| panic!("{name}.js is not `export default {{…}};`"));
        let words = serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}.js: {error}"));
        files.insert(name, words);
    }
    files
}

fn blanks(text: &str) -> BTreeSet<String> {
    let blank = Regex::new(r"\{(\w+)").expect("a pattern");
    blank.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn both_languages_have_the_same_keys_and_blanks() {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (name, words) in files() {
        assert_eq!(words.keys().collect::<Vec<_>>(), ["en", "zh"], "{name}");
        let (en, zh) = (&words["en"], &words["zh"]);
        let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
            a.keys().filter(|key| !b.contains_key(*key)).cloned().collect::<Vec<_>>()
        };
        assert_eq!((only(en, zh), only(zh, en)), (vec![], vec![]), "{name}: keys of one language only");
        for (key, text) in en {
            assert!(!text.is_empty() && !zh[key].is_empty(), "{key} is empty");
            assert_eq!(blanks(text), blanks(&zh[key]), "{key}: blanks differ");
            if let Some(other) = owners.insert(key.clone(), name.clone()) {
                panic!("{key} stands in {other} and in {name}");
            }
        }
    }
    assert!(owners.len() > 100);
}

#[test]
fn every_key_that_a_script_uses_exists() {
    let known: BTreeSet<String> =
        files().into_values().flat_map(|words| words["en"].keys().cloned().collect::<Vec<_>>()).collect();
    let plain = Regex::new(r#"\bt\(\s*['"]([\w.\-]+)['"]"#).expect("a pattern");
    let put_together = Regex::new(r"\bt\(\s*`([\w.\-]*)\$\{").expect("a pattern");
    let chosen =
        Regex::new(r#"\bt\([^()'"`]*\? ['"]([\w.\-]+)['"] : ['"]([\w.\-]+)['"]"#).expect("a pattern");
    let mut used = 0;
    for path in walkdir(folder()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "js")) {
        let text = std::fs::read_to_string(&path).expect("a text file");
        let place = path.display();
        let whole = plain.captures_iter(&text).map(|found| found[1].to_owned());
        let either = chosen.captures_iter(&text).flat_map(|found| [found[1].to_owned(), found[2].to_owned()]);
        for key in whole.chain(either) {
            assert!(known.contains(&key), "{place}: there is no text for {key}");
            used += 1;
        }
        for found in put_together.captures_iter(&text) {
            let start = &found[1];
            assert!(start.contains('.'), "{place}: a key that is put together needs a fixed beginning");
            assert!(known.iter().any(|key| key.starts_with(start)), "{place}: no text begins with {start}");
            used += 1;
        }
    }
    assert!(used > 30, "{used} uses");
}

/// The list of all analyses names the kind of each.
#[test]
fn every_family_of_the_library_has_words() {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/stata_do_library/meta");
    let draft = &files()["draft"]["en"];
    let families: BTreeSet<String> = std::fs::read_dir(library)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter_map(|name| Some(name.split_once('.')?.0.to_owned()))
        .collect();
    let unnamed: Vec<&String> =
        families.iter().filter(|family| !draft.contains_key(&format!("draft.family.{family}"))).collect();
    assert!(families.len() > 20 && unnamed.is_empty(), "{unnamed:?}");
}
