//! Anchors: the one-line messages that a do-file prints into its log, as text and as typed events.
//! Where they count and what they mean for a run is decided in `log_grammar` and `verdict`.

/// Prefix of every anchor line, at the first column.
pub const PREFIX: &str = "SS_EVENT|";

/// Longest anchor line that is read; the library prints at most 200 characters.
pub const MAX_LINE: usize = 512;

/// The two random texts of one attempt. They prove that a line was printed by this attempt's own
/// do-file and that the log reached its end; they do not defend against a hostile body.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Nonces {
    /// Printed by the begin anchor and carried as `k` by every event.
    pub begin: String,
    /// Printed by the end anchor only.
    pub end: String,
}

/// A parsed anchor line: its kind and its fields, in order, values decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// 1-based line of the log.
    pub line: u64,
    /// First field of the line, in lower case: `begin`, `step`, `metric`, `check`, `result`, `note`, `end` …
    pub kind: String,
    /// Key and decoded value of each further field; a key can occur more than once.
    pub fields: Vec<(String, String)>,
}

impl Event {
    /// Returns the value of the first field with this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Returns a field as a finite number; Stata's missing values give `None`.
    pub fn number(&self, key: &str) -> Option<f64> {
        parse_number(self.get(key)?)
    }
}

/// Reads a number as an anchor or a table prints it; empty, `.`, `.a` and non-finite values are missing.
pub fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    text.parse::<f64>().ok().filter(|x| x.is_finite())
}

/// Parses a line that starts with [`PREFIX`]. Unknown kinds and keys are kept; a field without `=` or
/// with a key outside `^[a-z_]+$` is left out. Returns `None` where the line is no anchor at all.
pub fn parse(line_number: u64, line: &str) -> Option<Event> {
    let rest = line.strip_prefix(PREFIX)?;
    if line.len() > MAX_LINE {
        return None;
    }
    let mut parts = rest.trim_end().split('|');
    let kind = parts.next().filter(|k| is_key(k))?.to_owned();
    let fields = parts
        .filter_map(|part| part.split_once('='))
        .filter(|(key, _)| is_key(key))
        .map(|(key, value)| (key.to_owned(), decode(value)))
        .collect();
    Some(Event { line: line_number, kind, fields })
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Decodes `%XX`; anything else, including a lone `%`, stands for itself. Bytes that are not UTF-8
/// after decoding become U+FFFD.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let pair = (bytes[i] == b'%').then(|| bytes.get(i + 1..i + 3)).flatten();
        match pair.and_then(|p| Some(hex_digit(p[0])? << 4 | hex_digit(p[1])?)) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_event_is_read_with_its_fields_in_order() {
        let event = parse(7, "SS_EVENT|check|k=abc|id=few_df|status=warn|value=9").expect("an anchor");
        assert_eq!((event.line, event.kind.as_str()), (7, "check"));
        assert_eq!(event.get("id"), Some("few_df"));
        assert_eq!(event.number("value"), Some(9.0));
        assert_eq!(event.get("absent"), None);
    }

    #[test]
    fn escapes_are_decoded_and_unknown_kinds_kept() {
        let event =
            parse(1, "SS_EVENT|later_kind|k=n|text=%E5%B7%A5%E8%B5%84%7c%7B|odd|BAD=1|p=50%").expect("kept");
        assert_eq!(event.kind, "later_kind");
        assert_eq!(event.get("text"), Some("工资|{"));
        assert_eq!(event.get("p"), Some("50%"));
        assert_eq!(event.fields.len(), 3);
    }

    #[test]
    fn a_line_that_is_no_anchor_is_refused() {
        for line in
            ["", "SS_EVENT", " SS_EVENT|step|k=1", ". SS_EVENT|step", "SS_EVENT||k=1", "SS_EVENT|Step|k=1"]
        {
            assert_eq!(parse(1, line), None, "{line:?}");
        }
        assert_eq!(parse(1, &format!("SS_EVENT|note|k={}", "x".repeat(600))), None);
    }

    #[test]
    fn missing_numbers_are_not_zero() {
        for text in ["", ".", ".a", "inf", "nan", "1e999", "abc", "0x10"] {
            assert_eq!(parse_number(text), None, "{text:?}");
        }
        assert_eq!(parse_number(" -1.5000000000000000e+00 "), Some(-1.5));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,80}") {
            let _ = parse(1, &format!("{PREFIX}{text}"));
            let _ = decode(&text);
        }

        #[test]
        fn encoding_every_byte_is_undone(text in ".{0,40}") {
            let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
            prop_assert_eq!(decode(&encoded), text);
        }
    }
}
