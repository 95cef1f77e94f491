//! Reading a probe's log: the answer lines apart from the echoes of the do-file.

use super::Refusal;

/// Lines of a log, sorted by what they are.
pub(super) struct Evidence<'a> {
    /// Answer lines without their `SSP|`.
    answers: Vec<&'a str>,
    /// Everything that is not an echo.
    output: Vec<&'a str>,
    /// The challenge as the log echoes it, where it does.
    echoed_challenge: Option<&'a str>,
    /// The return code that ended the log, where one did.
    return_code: Option<&'a str>,
}

/// The numbers and names of a whole probe.
#[derive(Debug)]
pub(super) struct Answers {
    pub engine: String,
    pub version: String,
    pub edition: String,
    pub os: String,
    pub born: String,
    pub hash_of_this: u64,
    pub hash: u64,
    pub u: f64,
    pub v: f64,
    pub b: f64,
    pub c: f64,
}

const MARK: &str = "SSP|";

impl<'a> Evidence<'a> {
    /// Sorts the lines. An echo begins with the prompt: `. ` of do-files, `: ` of Mata, `> ` of a line that
    /// continues, or a number within a block.
    pub(super) fn read(log: &'a str) -> Self {
        let lines = || log.lines().map(|line| line.trim_end_matches('\r'));
        let output: Vec<&str> = lines().filter(|line| !is_echo(line)).collect();
        let answers = output.iter().filter_map(|line| line.strip_prefix(MARK)).collect();
        let echoed_challenge = lines().filter(|line| is_echo(line)).find_map(|line| {
            let (_, text) = line.split_once("c = \"")?;
            text.strip_suffix('"')
        });
        let return_code = output.iter().find(|l| l.starts_with("r(") && l.contains(");")).copied();
        Self { answers, output, echoed_challenge, return_code }
    }

    /// True if nothing answered.
    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Returns the engine named by the first answer.
    pub(super) fn engine(&self) -> Option<&'a str> {
        self.answers.iter().find_map(|line| field(line, "engine"))
    }

    /// True if the log echoes a challenge that is not this one.
    pub(super) fn other_challenge(&self, own: &str) -> bool {
        self.echoed_challenge.is_some_and(|echoed| echoed != own)
    }

    /// Takes the answers in the probe's order.
    ///
    /// # Errors
    /// The refusal that fits what is missing or misplaced.
    pub(super) fn answers(&self) -> Result<Answers, Refusal> {
        let kind = |line: &str| {
            let name = line.split(['=', '|']).next().unwrap_or_default().to_owned();
            name.trim().to_owned()
        };
        let order = ["engine", "k", "u", "b", "end"];
        let found: Vec<String> = self.answers.iter().map(|line| kind(line)).collect();
        let seen: Vec<&str> = found.iter().map(String::as_str).collect();
        if seen != order {
            return Err(self.misfit(&seen, &order));
        }
        let text = |line: usize, name: &str| {
            field(self.answers[line], name)
                .map(|value| value.trim().to_owned())
                .ok_or_else(|| Refusal::Unreadable(name.to_owned()))
        };
        let whole = |name: &str| {
            let value = text(1, name)?;
            value.parse::<u64>().map_err(|_| Refusal::Unreadable(format!("{name}={value}")))
        };
        let hex = |line: usize, name: &str| {
            let value = text(line, name)?;
            hexadecimal(&value).ok_or_else(|| Refusal::Unreadable(format!("{name}={value}")))
        };
        let edition = match (text(0, "ed")?, text(0, "mp")?, text(0, "se")?) {
            (named, _, _) if !named.is_empty() => named,
            (_, mp, _) if mp == "1" => "MP".to_owned(),
            (_, _, se) if se == "1" => "SE".to_owned(),
            _ => text(0, "fl")?,
        };
        Ok(Answers {
            engine: text(0, "engine")?,
            version: text(0, "sv")?,
            edition,
            os: text(0, "os")?,
            born: text(0, "born")?,
            hash_of_this: whole("k")?,
            hash: whole("h")?,
            u: hex(2, "u")?,
            v: hex(2, "v")?,
            b: hex(3, "b")?,
            c: hex(3, "c")?,
        })
    }

    fn misfit(&self, seen: &[&str], order: &[&str]) -> Refusal {
        let ended = self.return_code.unwrap_or("no error was reported").to_owned();
        let first_missing = order.iter().find(|name| !seen.contains(name));
        let is_prefix = seen.len() < order.len() && order.starts_with(seen);
        match first_missing {
            Some(&"k") if is_prefix || !seen.contains(&"k") && in_order(seen, order) => Refusal::NoMata,
            Some(_) if in_order(seen, order) => Refusal::Incomplete(ended),
            _ => Refusal::OutOfOrder,
        }
    }

    /// The kind of licence and its end, as `about` tells them. Serial number and licensee are left out.
    pub(super) fn licence(&self) -> (Option<String>, Option<String>) {
        let line = self.output.iter().map(|line| line.trim()).find(|line| {
            let lower = line.to_lowercase();
            lower.contains("license") && !lower.starts_with("licensed to") && !lower.contains("serial")
        });
        let expires = line.and_then(|line| {
            let lower = line.to_lowercase();
            let at = lower.find("expires")? + "expires".len();
            Some(line.get(at..)?.trim().trim_end_matches('.').to_owned())
        });
        (line.map(|line| line.chars().take(80).collect()), expires)
    }
}

/// True if each name is in the order, none twice.
fn in_order(seen: &[&str], order: &[&str]) -> bool {
    let places: Vec<_> = seen.iter().map(|name| order.iter().position(|o| o == name)).collect();
    places.iter().all(Option::is_some) && places.windows(2).all(|pair| pair[0] < pair[1])
}

fn is_echo(line: &str) -> bool {
    let numbered = line.trim_start().split_once(". ").is_some_and(|(number, _)| {
        line.starts_with("  ") && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    });
    [". ", ": ", "> "].iter().any(|prompt| line.starts_with(prompt)) || numbered
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split('|').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key == name).then_some(value)
    })
}

/// Reads Stata's `%21x`: sign, one digit, 13 hexadecimal digits, `X`, sign and hexadecimal exponent.
///
/// # Source
/// Stata manual \[D\] format, "hexadecimal and binary I/O format".
pub(super) fn hexadecimal(text: &str) -> Option<f64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let (mantissa, exponent) = rest.split_once(['X', 'x'])?;
    let (whole, fraction) = mantissa.split_once('.')?;
    let whole = u64::from_str_radix(whole, 16).ok().filter(|digit| *digit <= 1)?;
    if fraction.len() != 13 {
        return None;
    }
    let fraction = u64::from_str_radix(fraction, 16).ok()?;
    let exponent = match exponent.as_bytes().first()? {
        b'-' => -i32::from_str_radix(&exponent[1..], 16).ok()?,
        b'+' => i32::from_str_radix(&exponent[1..], 16).ok()?,
        _ => return None,
    };
    if !(-1022..=1023).contains(&exponent) {
        return None;
    }
    let value = (whole << 52 | fraction) as f64 / 4_503_599_627_370_496.0;
    Some(sign * value * 2_f64.powi(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_numbers_are_read_bit_for_bit() {
        // [D] format: the example of pi, and powers of two
        assert_eq!(hexadecimal("+1.921fb54442d18X+001"), Some(std::f64::consts::PI));
        assert_eq!(hexadecimal("+1.0000000000000X-001"), Some(0.5));
        assert_eq!(hexadecimal("-1.8000000000000X+003"), Some(-12.0));
        assert_eq!(hexadecimal("+1.0000000000000X-00a"), Some(1.0 / 1024.0));
        for bad in
            ["", "+", "1", "+1.0X+000", "+1.0000000000000", "+9.0000000000000X+000", "+1.0000000000000X+fff"]
        {
            assert_eq!(hexadecimal(bad), None, "{bad}");
        }
    }
}
