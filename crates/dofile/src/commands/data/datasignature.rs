//! `datasignature`: a short text that changes with the names, the order and the values of the data ([D] datasignature).
//! The manual describes its parts; its checksums are not public, so that these are others (FNV-1a, Fowler, Noll and Vo).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, Options};

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "observations, variables, and checksums of names and of values; the checksums are the engine's own, so that a signature made by Stata does not match one made here; set stores it in _dta[datasignature_si], confirm fails with r(9) when the data have changed; stores r(datasignature); using, report, nonames, fast and saving() are not supported; [D] datasignature",
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\ndatasignature set\ngenerate double y = 2*x\ncapture datasignature confirm\nscalar a = _rc\ndrop y\nrecast double x\ndatasignature confirm\nreplace x = 7 in 2\ncapture datasignature confirm\nscalar b = _rc",
        expect: &[("a", 9.0), ("b", 9.0)],
    }],
    ..CommandSpec::raw(
        "datasignature",
        9,
        run,
        "datasignature | datasignature set [, reset] | datasignature confirm [, strict] | datasignature clear",
    )
};

/// Characteristics that hold the signature and when it was set.
const SIGNATURE: &str = "datasignature_si";
const DATE: &str = "datasignature_dt";

/// The checksum of Fowler, Noll and Vo with 64 bits.
struct Checksum(u64);

impl Checksum {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The signature of the data in memory. Storage types have no part in it.
fn signature(s: &Session) -> String {
    let (mut names, mut values) = (Checksum::new(), Checksum::new());
    for (v, variable) in s.frame.vars().iter().enumerate() {
        names.add(variable.name.as_bytes());
        names.add(&[0]);
        for row in 0..s.frame.n_rows() {
            if variable.is_string() {
                values.add(s.frame.str_at(v, row).as_bytes());
                values.add(&[0]);
            } else {
                // adding zero makes -0 and 0 one value
                values.add(&(s.frame.num_at(v, row) + 0.0).to_bits().to_le_bytes());
            }
        }
    }
    let halves = (values.0 >> 32, values.0 & 0xffff_ffff);
    let (rows, vars) = (s.frame.n_rows(), s.frame.n_vars());
    format!("{rows}:{vars}({}):{}:{}", names.0 % 100_000, halves.0, halves.1)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, options) = cmd.raw.split_once(',').unwrap_or((&cmd.raw, ""));
    let specs = [OptSpec::flag("RESET"), OptSpec::flag("STRICT")];
    let refused = &["NONAMES", "FAST", "ESAVE", "SAVING"];
    let options = Options::parse("datasignature", options, &specs, refused)?;
    let words: Vec<&str> = body.split_whitespace().collect();
    let own = |only: &[&str]| {
        let extra = options.iter().map(|o| o.0.to_string()).find(|o| !only.contains(&o.as_str()));
        extra.map_or(Ok(()), |o| Err(StataError::option_not_allowed(&o)))
    };
    match words[..] {
        [] => {
            own(&[])?;
            let now = signature(s);
            s.print(format!("  {now}"));
            s.r = Results::default();
            s.r.text("datasignature", now);
            Ok(())
        }
        ["set"] => {
            own(&["reset"])?;
            set(s, options.has("reset"))
        }
        ["confirm"] => {
            own(&["strict"])?;
            confirm(s)
        }
        ["clear"] => {
            own(&[])?;
            for name in [SIGNATURE, DATE] {
                s.frame.chars.remove(&("_dta".to_string(), name.to_string()));
            }
            Ok(())
        }
        ["report", ..] => Err(StataError::unsupported_command("datasignature report")),
        [_, "using", ..] => Err(StataError::unsupported_command("datasignature with using")),
        _ => Err(StataError::syntax()),
    }
}

fn set(s: &mut Session, reset: bool) -> Result<()> {
    if !reset && !s.frame.char("_dta", SIGNATURE).is_empty() {
        return Err(StataError::new(110, "data signature already set -- specify option reset"));
    }
    let now = signature(s);
    let date = format!("{} {}", s.clock_text("%tdDDmonCCYY", 'd'), s.clock_text("%tcHH:MM", 'c'));
    s.frame.chars.insert(("_dta".to_string(), SIGNATURE.to_string()), now.clone());
    s.frame.chars.insert(("_dta".to_string(), DATE.to_string()), date);
    s.print(format!("  {now:<55} (data signature set)"));
    s.r = Results::default();
    s.r.text("datasignature", now);
    Ok(())
}

fn confirm(s: &mut Session) -> Result<()> {
    let before = s.frame.char("_dta", SIGNATURE).to_string();
    if before.is_empty() {
        return Err(StataError::new(459, "data signature not set"));
    }
    let date = s.frame.char("_dta", DATE).to_string();
    if signature(s) != before {
        return Err(StataError::new(9, format!("data have changed since {date}")));
    }
    s.print(format!("  (data unchanged since {date})"));
    s.r = Results::default();
    s.r.text("datasignature", before);
    Ok(())
}
