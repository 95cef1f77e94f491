//! Names of columns and files, and text that may stand in labels: what ingest accepts, renames or
//! neutralises. Pure rules; nothing here reads data.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

/// Most characters of a variable name (`help varname`).
pub const NAME_CHARS: usize = 32;

/// Names that the language keeps for itself (`help reswords`); `str#` is handled separately.
const RESERVED: &[&str] = &[
    "_all", "_b", "byte", "_coef", "_cons", "double", "float", "if", "in", "int", "long", "_n", "_N", "_pi",
    "_pred", "_rc", "_skip", "strL", "using", "with",
];

/// True for a word that cannot name a variable.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
        || name
            .strip_prefix("str")
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_ascii_digit() || (c.is_alphabetic() && !c.is_ascii_punctuation())
}

/// True if a column may be named so: NFC, letters, digits and `_`, first not a digit or `_`, at most 32
/// characters, not reserved, not beginning with `ss_` (names of the service) in any case.
pub fn is_column_name(name: &str) -> bool {
    let Some(first) = name.chars().next() else { return false };
    first != '_'
        && !first.is_ascii_digit()
        && name.chars().all(is_name_char)
        && name.chars().count() <= NAME_CHARS
        && !is_reserved(name)
        && !begins_with_ss(name)
        && name.nfc().eq(name.chars())
}

fn begins_with_ss(name: &str) -> bool {
    name.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("ss_"))
}

/// Gives every column a valid name, unique ignoring case. A column whose original name is valid keeps it
/// (the first one where several differ only in case); the others are changed as little as possible.
/// `originals` and the answer have the same order and length.
pub fn column_names(originals: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::with_capacity(originals.len());
    let mut names: Vec<Option<String>> = originals
        .iter()
        .map(|original| {
            let keeps = is_column_name(original) && taken.insert(original.to_lowercase());
            keeps.then(|| original.clone())
        })
        .collect();
    // the next free number per stem, so that many equal headers stay linear
    let mut next: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    for (at, name) in names.iter_mut().enumerate() {
        if name.is_none() {
            let stem = stem(&originals[at], at);
            *name = Some(unique(&stem, &mut taken, &mut next));
        }
    }
    names.into_iter().map(|name| name.expect("every column was given a name")).collect()
}

/// The valid name nearest to an original one, before uniqueness.
fn stem(original: &str, at: usize) -> String {
    let mut name = String::new();
    // a bound on the work for hostile headers; 32 characters are kept at most
    for c in original.trim().chars().take(1024).nfc() {
        let c = if is_name_char(c) { c } else { '_' };
        if !(c == '_' && (name.is_empty() || name.ends_with('_'))) {
            name.push(c);
        }
    }
    let name = name.trim_end_matches('_');
    let name = match name.chars().next() {
        None => format!("v{}", at + 1),
        Some(first) if first.is_ascii_digit() => format!("v{name}"),
        Some(_) if begins_with_ss(name) => format!("v_{name}"),
        Some(_) if is_reserved(name) => format!("{name}_1"),
        Some(_) => name.to_owned(),
    };
    let cut: String = name.chars().take(NAME_CHARS).collect();
    cut.trim_end_matches('_').to_owned()
}

fn unique(
    stem: &str,
    taken: &mut HashSet<String>,
    next: &mut std::collections::HashMap<String, u64>,
) -> String {
    if taken.insert(stem.to_lowercase()) {
        return stem.to_owned();
    }
    let number = next.entry(stem.to_lowercase()).or_insert(2);
    loop {
        let suffix = format!("_{number}");
        *number += 1;
        let keep = NAME_CHARS - suffix.chars().count();
        let head: String = stem.chars().take(keep).collect();
        let name = format!("{}{suffix}", head.trim_end_matches('_'));
        if taken.insert(name.to_lowercase()) {
            return name;
        }
    }
}

/// Text for a label or value label: macro and SMCL characters become look-alikes that the language does
/// not interpret, control characters become spaces, and the result has at most `chars` characters and
/// `bytes` bytes.
pub fn neutral_text(text: &str, chars: usize, bytes: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.trim().chars().enumerate() {
        let c = match c {
            '`' => '\u{2018}',
            '\'' => '\u{2019}',
            '"' => '\u{201d}',
            '$' => '\u{ff04}',
            '{' => '\u{ff5b}',
            '}' => '\u{ff5d}',
            '\\' => '\u{ff3c}',
            c if c.is_control() => ' ',
            c => c,
        };
        if count >= chars || out.len() + c.len_utf8() > bytes {
            break;
        }
        out.push(c);
    }
    out
}

/// Most bytes of the name of an uploaded file.
const FILE_NAME_BYTES: usize = 255;

/// The name under which an uploaded file is kept: what stands behind the last `/` or `\` without control characters,
/// without the marks that turn the direction of text, and with at most 255 bytes; `data` where nothing is left.
pub fn file_name(name: &str) -> String {
    let visible = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let name: String = name.chars().filter(visible).collect();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if last.chars().all(|c| c == '.') {
        return "data".to_owned();
    }
    if last.len() <= FILE_NAME_BYTES {
        return last.to_owned();
    }
    // the end of a name says what kind of file it is
    let (stem, extension) = match last.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 16 => (stem, format!(".{extension}")),
        _ => (last, String::new()),
    };
    let kept = stem.floor_char_boundary(FILE_NAME_BYTES - extension.len());
    format!("{}{extension}", &stem[..kept])
}

/// Why an uploaded file must not have this name, or `None`. Only the part behind the last `/` or `\`
/// counts, as does what the engine would find on a file system that ignores case.
pub fn forbidden_file_name(name: &str) -> Option<&'static str> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let base = base.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_lowercase();
    match base.as_str() {
        "profile.do" | "sysprofile.do" => return Some("the engine would run this file at its start"),
        "stata.lic" => return Some("licence files are not data"),
        _ => {}
    }
    match base.rsplit_once('.').map(|(_, extension)| extension) {
        Some("ado" | "mlib" | "plugin") => Some("program files are not data"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(originals: &[&str]) -> Vec<String> {
        column_names(&originals.iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn valid_names_are_kept_and_others_changed_as_little_as_possible() {
        assert_eq!(names(&["wage", "工资", "Año", "x_1"]), ["wage", "工资", "Año", "x_1"]);
        assert_eq!(
            names(&["GDP (current US$)", "2020", "_merge", "", "if", "str20", "ss_use", "a\u{301}"]),
            ["GDP_current_US", "v2020", "merge", "v4", "if_1", "str20_1", "v_ss_use", "á"]
        );
    }

    #[test]
    fn names_are_unique_ignoring_case_and_valid_originals_win() {
        assert_eq!(names(&["a b", "a_b", "A_B", "a b"]), ["a_b_2", "a_b", "A_B_3", "a_b_4"]);
        let long = "x".repeat(5000);
        let got = names(&[&long, &long]);
        assert_eq!(got[0], "x".repeat(32));
        assert_eq!(got[1], format!("{}_2", "x".repeat(30)));
    }

    #[test]
    fn labels_cannot_carry_macros_or_smcl() {
        let hostile = "a`b'c\"d$e{bf:f}\\g\u{0}\n";
        let safe = neutral_text(hostile, 80, 320);
        assert!(!safe.contains(['`', '\'', '"', '$', '{', '}', '\\', '\0', '\n']), "{safe}");
        assert_eq!(neutral_text("工资水平", 2, 320), "工资");
        assert_eq!(neutral_text("工资水平", 80, 7), "工资");
    }

    #[test]
    fn files_that_the_engine_would_load_are_refused_by_name() {
        for name in ["profile.do", "x/SysProfile.DO", "..\\stata.lic", "a.ado", "b.MLIB ", "c.plugin"] {
            assert!(forbidden_file_name(name).is_some(), "{name}");
        }
        for name in ["profile.csv", "ado.csv", "data.dta", "", "ado"] {
            assert!(forbidden_file_name(name).is_none(), "{name}");
        }
    }

    #[test]
    fn names_of_files_are_one_visible_component() {
        for (sent, kept) in [
            ("../../../etc/passwd", "passwd"),
            ("C:\\data\\pay.csv", "pay.csv"),
            ("a\0b\n.csv", "ab.csv"),
            ("pay\u{202e}vsc.exe", "payvsc.exe"),
            ("工资 2024.csv", "工资 2024.csv"),
            ("", "data"),
            ("data/", "data"),
            ("..", "data"),
            (" \u{200f}\t", "data"),
        ] {
            assert_eq!(file_name(sent), kept, "{sent:?}");
        }
        let long = file_name(&format!("{}.csv", "资".repeat(1000)));
        assert_eq!(long, format!("{}.csv", "资".repeat(83)));
        assert_eq!(file_name(&"x".repeat(3000)).len(), 255);
    }

    proptest! {
        #[test]
        fn any_headers_become_valid_unique_names(originals in prop::collection::vec("\\PC{0,40}", 0..20)) {
            let got = column_names(&originals);
            prop_assert_eq!(got.len(), originals.len());
            let unique: HashSet<String> = got.iter().map(|n| n.to_lowercase()).collect();
            prop_assert_eq!(unique.len(), got.len());
            for name in &got {
                prop_assert!(is_column_name(name), "{:?}", name);
            }
        }
    }
}
