//! The interpreter ends every input with a result or a return code: a few thousand generated inputs always,
//! more with `SS_FUZZ_RUNS`. The program `examples/fuzz.rs` runs as many as one likes.

mod inputs;

use std::time::Duration;

#[test]
#[expect(clippy::disallowed_methods, reason = "the number of runs is the tester's choice")]
fn generated_inputs_never_panic() {
    let runs = std::env::var("SS_FUZZ_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(1500u64);
    let (commands, corpus) = inputs::material();
    assert!(commands.len() > 100 && corpus.len() > 100);
    let watchdog = inputs::Watchdog::new(Duration::from_secs(5));
    let folder = tempfile::tempdir().expect("a folder");
    let mut failed = Vec::new();
    for seed in 0..runs {
        let text = inputs::input(seed, &commands, &corpus);
        let ended = std::panic::catch_unwind(|| {
            let mut s = inputs::session(folder.path());
            watchdog.watch(&s);
            let (_, rc) = s.run_captured(&text);
            s.end();
            rc
        });
        watchdog.done();
        if ended.is_err() {
            failed.push((seed, text));
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn inputs_that_once_panicked_end_with_a_code() {
    let texts = [
        "set obs 5x",
        "_ms_parse_parts 1\u{1bd1}.a#c.x",
        "clear\ninput id y\n1 1\n1 2\n2 4\n2 5\nend\nxtset id\nxtreg y, re",
        "permute x m=r(mean), reps(2): stack x y, into(q) clear",
        "permute x m=r(mean), reps(2): clear",
        "permute x m=r(mean), reps(2): sample 50",
        "matrix V = (4, 0 \\ \u{202f}, 9)",
        "matrix b = (2\u{2003} 3)",
        // read the same empty word for ever
        "set obs 9\ngenerate x = _n\ngenerate y = x^2\nregress y x\nestimates store a\ncoefplot (a (a))",
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for text in texts {
        let (log, rc) = inputs::session(folder.path()).run_captured(text);
        let wrong = ["set obs 5x", "permute", "matrix"].iter().any(|w| text.starts_with(w))
            || text.contains("coefplot");
        assert!(rc != 0 || !wrong, "{text}: {log}");
    }
}
