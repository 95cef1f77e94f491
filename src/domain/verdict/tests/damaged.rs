//! Logs and streams of any bytes never prove a success.

use super::*;

proptest::proptest! {
    #[test]
    fn no_damaged_log_succeeds(drop in 0_usize..40, insert in 0_usize..40, what in 0_usize..4) {
        let whole = good().log.expect("a log");
        let mut lines: Vec<&str> = whole.lines().collect();
        let inserted = ["r(111);\n\nend of do-file", "request ignored because of batch mode", "n2n2n2n2", "Text"][what];
        lines.insert(insert % lines.len(), inserted);
        let dropped = lines.remove(drop % lines.len());
        let mut case = good();
        case.log = Some(lines.join("\n") + "\n");
        let verdict = judge(&case);
        if verdict.status == RunStatus::Succeeded {
            // Only what is not part of the proof may be lost or added.
            let proof = dropped.starts_with("SS_EVENT|begin|") || dropped.contains("|end|");
            let kept = dropped == inserted || (what == 3 && !proof);
            let harmless = dropped.is_empty() || dropped == ". exit, clear" || dropped == "end of do-file";
            proptest::prop_assert!(kept || (what == 3 && harmless), "lost {dropped:?}, added {inserted:?}");
        }
    }

    #[test]
    fn any_bytes_as_log_and_streams_are_judged_and_never_succeed(log in ".{0,200}", out in ".{0,80}") {
        let mut case = good();
        case.log = Some(log);
        case.stdout = out;
        proptest::prop_assert_ne!(judge(&case).status, RunStatus::Succeeded);
    }
}
