//! The do-file that repeats a run outside the service: the run's own, byte for byte, but for its own log
//! and what fitted only the machine that ran it.

use crate::domain::anchors::Nonces;

/// Lines before the run's own. Comments and logs change no number; a Stata that logs already
/// (batch mode) writes both.
const HEAD: &str = "\
* Repeats the analysis of this folder. Make this folder the working directory, then type: do main.do
* This is evidence/main.do, as it was run, with the log repeat.log and without the limits of that machine.
capture log close ss_repeat
capture log using \"repeat.log\", text replace name(ss_repeat)
";
/// Lines before the closing ones.
const TAIL: &str = "\ncapture log close ss_repeat";
/// The lines of the preamble that fit one machine.
const PROCESSORS: &str = "if c(MP) set processors ";
const MEMORY: &str = "set max_memory ";

/// Makes the do-file of a capsule from the one that was run, in which the template's body lies at an offset.
/// `None` where the offsets do not lie in the file or the preamble is no text.
pub fn portable(run: &[u8], body_offset: u64, body_bytes: u64) -> Option<Vec<u8>> {
    let start = usize::try_from(body_offset).ok()?;
    let end = start.checked_add(usize::try_from(body_bytes).ok()?)?;
    let (preamble, body, tail) = (run.get(..start)?, run.get(start..end)?, run.get(end..)?);
    let mut out = HEAD.as_bytes().to_vec();
    for line in std::str::from_utf8(preamble).ok()?.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix(PROCESSORS) {
            out.extend_from_slice(format!("if c(MP) capture set processors {rest}").as_bytes());
        } else if line.starts_with(MEMORY) {
            out.extend_from_slice(format!("* {line}").as_bytes());
        } else {
            out.extend_from_slice(line.as_bytes());
        }
    }
    out.extend_from_slice(body);
    out.extend_from_slice(TAIL.as_bytes());
    out.extend_from_slice(tail);
    Some(out)
}

/// Returns the nonces that a run's do-file prints.
pub fn nonces(run: &[u8]) -> Option<Nonces> {
    let text = String::from_utf8_lossy(run);
    let value = |kind: &str, last: bool| {
        let marker = format!("display \"SS_EVENT|{kind}|");
        let mut lines = text.lines().filter(|line| line.starts_with(&marker));
        let line = if last { lines.next_back() } else { lines.next() }?;
        let (_, nonce) = line.split_once("nonce=")?;
        let nonce = nonce.trim_end().trim_end_matches('"');
        nonce.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| nonce.to_owned())
    };
    Some(Nonces { begin: value("begin", false)?, end: value("end", true)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREAMBLE: &str = "display \"SS_EVENT|begin|run=r1|nonce=aa11\"\nif c(MP) set processors 8\nset max_memory 900m\nset seed 7\n";
    const BODY: &str = "set max_memory 1m\nregress y x\n";
    const CLOSING: &str = "\ndisplay \"SS_EVENT|end|nonce=bb22\"\nexit, clear\n";

    #[test]
    fn only_the_preamble_and_the_end_differ_from_the_run() {
        let run = format!("{PREAMBLE}{BODY}{CLOSING}");
        let (at, len) = (PREAMBLE.len() as u64, BODY.len() as u64);
        let text = String::from_utf8(portable(run.as_bytes(), at, len).expect("a do-file")).expect("text");
        assert!(text.contains("if c(MP) capture set processors 8\n* set max_memory 900m\nset seed 7\n"));
        assert!(text.contains(BODY), "the body stays as it is");
        assert!(text.ends_with(&format!("{TAIL}{CLOSING}")), "{text}");
        assert!(portable(run.as_bytes(), at, 10_000).is_none());
        assert!(portable(run.as_bytes(), u64::MAX, u64::MAX).is_none());
    }

    #[test]
    fn nonces_are_read_from_the_do_file() {
        let run = format!("{PREAMBLE}{BODY}{CLOSING}");
        let found = nonces(run.as_bytes()).expect("nonces");
        assert_eq!((found.begin.as_str(), found.end.as_str()), ("aa11", "bb22"));
        assert!(nonces(b"display 1\n").is_none());
    }
}
