//! Tests of the log grammar on logs in the layout of batch Stata.

use proptest::prelude::*;

use super::*;

fn run() -> RunId {
    RunId::parse("run_1").expect("valid")
}

fn nonces() -> Nonces {
    Nonces { begin: "b0b1b2b3b4b5b6b7".into(), end: "e0e1e2e3e4e5e6e7".into() }
}

fn good(middle: &str) -> String {
    format!(
        ". set linesize 255\n\n. display \"SS_EVENT|begin|run=run_1|nonce=b0b1b2b3b4b5b6b7\"\n\
         SS_EVENT|begin|run=run_1|nonce=b0b1b2b3b4b5b6b7\n\n{middle}\n\
         . display \"SS_EVENT|end|nonce=e0e1e2e3e4e5e6e7\"\nSS_EVENT|end|nonce=e0e1e2e3e4e5e6e7\n\n. exit, clear\n"
    )
}

fn read(text: &str) -> ParsedLog {
    parse_log(&run(), &nonces(), text.as_bytes())
}

#[test]
fn a_whole_log_is_complete() {
    let log = read(&good(". regress y x"));
    assert_eq!((log.begin, log.end, log.error), (Some(4), EndOfLog::Complete, None));
    assert_eq!(read(&format!("{}\nend of do-file\n", good("x"))).end, EndOfLog::Complete);
    assert_eq!(read(&good("x").replace('\n', "\r\n")).end, EndOfLog::Complete);
}

#[test]
fn an_end_counts_only_once_and_after_its_echo() {
    let log = good("x");
    let cut = &log[..log.len() - 5];
    assert_eq!(read(cut).end, EndOfLog::TextAfterEnd, "the line after the end is torn");
    assert_eq!(read(&log.replace("e0e1e2e3", "ffffffff")).end, EndOfLog::Missing);
    let without_echo = log.replace(". display \"SS_EVENT|end|nonce=e0e1e2e3e4e5e6e7\"\n", "");
    assert_eq!(read(&without_echo).end, EndOfLog::Missing);
    assert_eq!(read(&good("noise e0e1e2e3e4e5e6e7")).end, EndOfLog::NonceElsewhere);
    assert_eq!(read(&format!("{log}more\n")).end, EndOfLog::TextAfterEnd);
    let gap = log.replace("e4e5e6e7\"\nSS_EVENT", "e4e5e6e7\"\n\nSS_EVENT");
    assert_eq!(read(&gap).end, EndOfLog::Missing);
    assert_eq!(read("").end, EndOfLog::Missing);
}

#[test]
fn a_nonce_inside_an_overlong_line_is_seen() {
    for pad in [MAX_LINE - 5, 2 * MAX_LINE - 3, 5 * MAX_LINE + 17] {
        let line = format!("{}e0e1e2e3e4e5e6e7{}", "a".repeat(pad), "b".repeat(3 * MAX_LINE));
        assert_eq!(read(&good(&line)).end, EndOfLog::NonceElsewhere, "{pad}");
    }
}

#[test]
fn an_error_ends_the_do_file() {
    let log = read(". summarize foo\nvariable foo not found\nr(111);\n\nend of do-file\nr(111);\n");
    let error = log.error.expect("an error");
    assert_eq!((error.code, error.line), (111, 3));
    assert_eq!(error.message, [EvidenceLine { line: 2, text: "variable foo not found".into() }]);
    assert_eq!(log.stray_return_codes, 0);
    let at_end = read(". x\nbad\nr(198); t=0.00 12:00:00\n\n");
    assert_eq!(at_end.error.map(|e| e.code), Some(198));
}

#[test]
fn a_return_code_in_the_data_is_no_error() {
    let log = read(&good(". list\nr(111);\nnext row\n. display 1"));
    assert_eq!((log.error, log.stray_return_codes, log.end), (None, 1, EndOfLog::Complete));
    for text in ["r(1)", "r();", "r(a);", " r(1);", "r(1);x", "r(99999999999999);"] {
        assert_eq!(return_code(text), None, "{text}");
    }
}

#[test]
fn only_anchors_of_this_attempt_at_the_first_column_count() {
    let log = read(&good(
        "SS_EVENT|metric|k=b0b1b2b3b4b5b6b7|name=n_used|value=10\n\
         SS_EVENT|metric|k=other|name=n_used|value=99\n\
         . ss_event metric SS_EVENT|metric|k=b0b1b2b3b4b5b6b7|name=x|value=1\n \
         SS_EVENT|metric|k=b0b1b2b3b4b5b6b7|name=y|value=1\n\
         SS_EVENT|metric|name=z|value=1",
    ));
    assert_eq!(log.events.len(), 1);
    assert_eq!(log.events[0].number("value"), Some(10.0));
    let early = read("SS_EVENT|begin|run=run_2|nonce=b0b1b2b3b4b5b6b7\n");
    assert_eq!(early.begin, None, "the anchor of another run");
}

#[test]
fn ignored_requests_are_found_outside_echoes_only() {
    assert_eq!(read("request ignored because of batch mode\n").ignored_requests.len(), 1);
    assert!(read(". * request ignored because of batch mode\n").ignored_requests.is_empty());
}

#[test]
fn echoes_are_recognised() {
    for echo in [".", ". regress y x", "  2. gen x = 1", "> more", " 12. }"] {
        assert!(is_echo(echo), "{echo}");
    }
    for text in ["", ".5", "variable x not found", "1. text", "  a. x"] {
        assert!(!is_echo(text), "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_the_cuts_do_not_matter(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), cuts in proptest::collection::vec(0_usize..400, 0..6)
    ) {
        let whole = parse_log(&run(), &nonces(), &bytes);
        let mut reader = LogReader::new(&run(), nonces());
        let mut at = 0;
        let mut cuts = cuts;
        cuts.sort_unstable();
        for cut in cuts {
            let cut = cut.clamp(at, bytes.len());
            reader.push(&bytes[at..cut]);
            at = cut;
        }
        reader.push(&bytes[at..]);
        prop_assert_eq!(reader.finish(), whole);
    }

    #[test]
    fn a_log_of_plausible_lines_never_panics_and_prefixes_are_never_complete(
        picks in proptest::collection::vec(0_usize..8, 0..12), keep in 0.0_f64..1.0
    ) {
        let lines = [
            "r(111);", "end of do-file", "", ". exit, clear", "SS_EVENT|end|nonce=0",
            "SS_EVENT|step|k=b0b1b2b3b4b5b6b7|name=a", ". display 1", "text é",
        ];
        let middle: Vec<&str> = picks.iter().map(|i| lines[*i]).collect();
        let log = good(&middle.join("\n"));
        let end = log.rfind("SS_EVENT|end|nonce=e0").expect("the end anchor");
        let prefix = &log.as_bytes()[..(end as f64 * keep) as usize];
        prop_assert_ne!(parse_log(&run(), &nonces(), prefix).end, EndOfLog::Complete);
    }
}
