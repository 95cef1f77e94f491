//! How far the replications of a bootstrap, simulation or permutation are, read off the dots of a growing log. Both forms
//! that Stata prints are known: `Bootstrap replications (50): .........10 …` and, with one dot for each of `dots(1)`, a
//! ruler `----+--- 1 …` above lines of 50 with their count. The open engine prints the first.

/// Longest beginning of a line that is kept to find a heading.
const HEADING: usize = 80;

/// Replications that are done, of all of one heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replications {
    /// Replications so far, failed ones included.
    pub done: u64,
    /// The number in the heading.
    pub of: u64,
}

/// Reads a log piece by piece. It never fails: a text that looks like a heading and is none ends with its line.
#[derive(Debug, Clone, Default)]
pub struct DotReader {
    line: String,
    /// The line is a ruler, or too long for a heading: the rest of it counts nothing.
    skip: bool,
    counting: Option<Counting>,
}

#[derive(Debug, Clone, Copy)]
struct Counting {
    at: Replications,
    /// Digits of a number that is being read.
    number: Option<u64>,
}

impl DotReader {
    /// Takes the next bytes of the log.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.take(*byte);
        }
    }

    /// Returns how far the replications of the last heading are; `None` before the first and after their end.
    pub fn at(&self) -> Option<Replications> {
        self.counting.map(|counting| counting.at)
    }

    fn take(&mut self, byte: u8) {
        if byte == b'\n' {
            self.end_number();
            self.line.clear();
            self.skip = false;
            return;
        }
        if self.line.len() < HEADING {
            self.line.push(char::from(byte));
        }
        if self.skip {
            return;
        }
        if byte == b')'
            && let Some(of) = heading(&self.line)
        {
            self.counting = Some(Counting { at: Replications { done: 0, of }, number: None });
            return;
        }
        let Some(counting) = &mut self.counting else { return };
        match byte {
            b'0'..=b'9' => {
                let digit = u64::from(byte - b'0');
                let before = counting.number.unwrap_or(0);
                counting.number = Some(before.saturating_mul(10).saturating_add(digit));
            }
            // a failed replication has another sign than a dot
            b'.' | b'x' | b'e' | b's' | b'I' => {
                self.end_number();
                self.more();
            }
            b' ' | b':' | b'>' | b'\r' => self.end_number(),
            // the ruler above the dots
            b'-' | b'+' => self.skip = true,
            // ` done`, or anything else: the end of the dots
            _ => self.counting = None,
        }
    }

    fn more(&mut self) {
        if let Some(counting) = &mut self.counting {
            counting.at.done = (counting.at.done + 1).min(counting.at.of);
        }
    }

    /// A number says how many replications there were up to here, itself included.
    fn end_number(&mut self) {
        if let Some(counting) = &mut self.counting
            && let Some(number) = counting.number.take()
            && (counting.at.done..=counting.at.of).contains(&number)
        {
            counting.at.done = number;
        }
    }
}

/// The number of a heading: `Bootstrap replications (1,000)`, `Permutations (200)`, `Simulations (20)`.
fn heading(line: &str) -> Option<u64> {
    let (words, number) = line.strip_suffix(')')?.rsplit_once(" (")?;
    let last = words.rsplit(' ').next()?;
    let known = matches!(
        last,
        "replications" | "Permutations" | "permutations" | "Simulations" | "simulations" | "groups"
    );
    let plain = words.starts_with(|c: char| c.is_ascii_uppercase())
        && words.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ' || b == b'-');
    let digits: String = number.chars().filter(|c| *c != ',').collect();
    (known && plain).then(|| digits.parse().ok()).flatten().filter(|of| *of > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> Option<(u64, u64)> {
        let mut reader = DotReader::default();
        for piece in text.as_bytes().chunks(7) {
            reader.push(piece);
        }
        reader.at().map(|at| (at.done, at.of))
    }

    #[test]
    fn dots_with_numbers_are_counted_as_they_come() {
        // the log of Stata 18, whose long line is wrapped
        let text = "(running cea on estimation sample)\n\nBootstrap replications (50): .........10.........20.....\n> ....30...";
        assert_eq!(after(text), Some((33, 50)));
        assert_eq!(after("Bootstrap replications (1,000): "), Some((0, 1000)));
        assert_eq!(after("Permutations (20): .........10..x......20 done\n"), None, "they have ended");
        assert_eq!(after("Simulations (20): ........."), Some((9, 20)));
        assert_eq!(after("Simulations (20): .........1"), Some((9, 20)), "half a number counts nothing");
    }

    #[test]
    fn lines_of_fifty_under_a_ruler_are_counted() {
        let ruler = "----+--- 1 ---+--- 2 ---+--- 3 ---+--- 4 ---+--- 5 \n";
        let line = ".".repeat(50);
        let text = format!("Bootstrap replications (1,000)\n{ruler}{line}    50\n{line}   100\n....");
        assert_eq!(after(&text), Some((104, 1000)));
        assert_eq!(after(&format!("{text}\nLinear regression")), None);
    }

    #[test]
    fn other_texts_are_no_headings() {
        for text in [
            "the bootstrap replications (50): ....",
            "Observations (50): ....",
            "Bootstrap replications (many): ....",
            "Bootstrap replications (0): ....",
            ". display \"Bootstrap replications (50)\"",
            "x Bootstrap replications (50): ...",
        ] {
            assert_eq!(after(text), None, "{text}");
        }
        assert_eq!(after(&"Bootstrap ".repeat(1000)), None);
    }
}
