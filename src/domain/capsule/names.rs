//! File names in a capsule: safe on every system, readable in every language.

use unicode_normalization::UnicodeNormalization;

/// Longest name in bytes; leaves room for a folder below the 255 bytes of common file systems.
const MOST_BYTES: usize = 150;
/// Names that Windows takes for devices, whatever follows the dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Returns a name that can stand in a folder: the last part of a path, NFC, without control characters and
/// those that shells, archives or Windows give a meaning; never empty.
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mapped: String = last
        .nfc()
        .map(|c| match c {
            c if c.is_control() || is_invisible(c) => '_',
            ':' | '*' | '?' | '"' | '<' | '>' | '|' | '`' | '$' => '_',
            c => c,
        })
        .collect();
    let trimmed = mapped.trim().trim_start_matches(['.', '-']).trim_end_matches(['.', ' ']);
    let short = shortened(trimmed);
    let stem = short.split('.').next().unwrap_or_default().trim().to_lowercase();
    match short.as_str() {
        "" => "file".to_owned(),
        _ if DEVICES.contains(&stem.as_str()) => format!("_{short}"),
        _ => short,
    }
}

/// Returns a path below a folder with each of its parts safe.
pub fn safe_path(path: &str) -> String {
    path.split('/').map(safe_name).collect::<Vec<_>>().join("/")
}

/// Marks that change the direction or the look of a name without being seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Cuts the stem, not the ending.
fn shortened(name: &str) -> String {
    if name.len() <= MOST_BYTES {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 10 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut end = (MOST_BYTES - ending.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", stem[..end].trim_end())
}

/// Returns the reference of a path in an RO-Crate: everything that an IRI reference cannot hold as `%XX`.
pub fn iri(path: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"-._~/!$&'()*+,;=@".contains(c) {
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_everywhere_and_stay_readable() {
        for (name, safe) in [
            ("pay.csv", "pay.csv"),
            ("工资 调查.xlsx", "工资 调查.xlsx"),
            ("../../etc/passwd", "passwd"),
            ("C:\\data\\pay.csv", "pay.csv"),
            ("a:b*c?.csv", "a_b_c_.csv"),
            ("..hidden", "hidden"),
            ("-rf.csv", "rf.csv"),
            ("con.csv", "_con.csv"),
            ("line\nbreak.csv", "line_break.csv"),
            ("pay\u{202E}vsc.exe", "pay_vsc.exe"),
            ("e\u{301}t\u{e9}.csv", "\u{e9}t\u{e9}.csv"),
            ("name. ", "name"),
            ("..", "file"),
            ("", "file"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        let long = format!("{}.csv", "数".repeat(200));
        assert!(safe_name(&long).len() <= MOST_BYTES && safe_name(&long).ends_with("数.csv"));
        assert_eq!(safe_path("sub/../x"), "sub/file/x");
    }

    #[test]
    fn references_are_encoded_where_they_must_be() {
        assert_eq!(iri("originals/main/a b#1%.csv"), "originals/main/a%20b%231%25.csv");
        assert_eq!(iri("originals/main/工资.csv"), "originals/main/工资.csv");
    }
}
