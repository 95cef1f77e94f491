//! Whether a transcript comes from a real Stata: the text of the probe and the judgement of its log, as pure
//! functions. Starting an engine and caching the answer belong to the service.
//!
//! The probe asks for things that a script, a canned or replayed log and an interpreter without Mata's hash cannot
//! answer: an iterated hash of a fresh challenge, the first draws of a fresh seed, and a regression on them.
//! A whole clone of Stata could pass; `docs/security.md` says so.

mod evidence;
mod numbers;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use evidence::Evidence;
use numbers::{Conversion, chained_hash, expected};

/// Challenge of one attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// 64 hexadecimal characters from the operating system's generator.
    pub text: String,
    /// 0 to 2,147,483,647, the range of `set seed`.
    pub seed: u32,
}

/// Properties reported by an attested engine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Attested {
    /// `c(stata_version)`, such as `17`.
    pub version: String,
    /// `MP`, `SE`, `BE` or `IC`.
    pub edition: String,
    /// `c(born_date)`.
    pub born: String,
    /// `c(os)`, such as `Unix`, `MacOSX` or `Windows`.
    pub os: String,
    /// The line of `about` that names the kind of licence; never serial number or licensee.
    pub licence: Option<String>,
    /// The words after `expires`, where the licence has an end.
    pub licence_expires: Option<String>,
}

impl Attested {
    /// The beginning of the day on which the licence ends (Stata writes `31 Jan 2027`), where it has an end
    /// that can be read as a day.
    pub fn licence_expires_at(&self) -> Option<DateTime<Utc>> {
        let words = self.licence_expires.as_deref()?;
        let day =
            ["%d %b %Y", "%Y-%m-%d"].iter().find_map(|form| NaiveDate::parse_from_str(words, form).ok());
        day?.and_hms_opt(0, 0, 0).map(|midnight| midnight.and_utc())
    }
}

/// Why a transcript does not attest a Stata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No process could be started; carries the cause.
    #[error("the engine did not start: {0}")]
    NotStarted(String),
    /// The process was killed or ended with a status other than 0; carries how.
    #[error("the engine did not end in order: {0}")]
    NotEnded(String),
    /// The log is absent or blank.
    #[error("the engine left no log")]
    NoLog,
    /// The log has the text of a licence refusal and no answer.
    #[error("the engine refuses to work without a licence")]
    Licence,
    /// The first answer names the engine `open`.
    #[error("this is the open do-file engine, not Stata")]
    OpenEngine,
    /// The log echoes the text of another challenge.
    #[error("the log is for another challenge: it was recorded earlier")]
    Replayed,
    /// The log has no answer line, though the do-file may be echoed.
    #[error("the log has no output, only the do-file's text")]
    NoEvidence,
    /// The numbers of Mata are absent where the other answers are in order.
    #[error("the engine has no Mata: nothing answered the challenge")]
    NoMata,
    /// The answers are not in the order of the probe, or one of them occurs twice.
    #[error("the answers are not in the order of the probe, or one is repeated")]
    OutOfOrder,
    /// The answers end early; carries the return code of the log.
    #[error("the probe did not finish: {0}")]
    Incomplete(String),
    /// An answer is absent or not a number; carries its name and text.
    #[error("an answer cannot be read: {0}")]
    Unreadable(String),
    /// `c(stata_version)` is below 14; carries it.
    #[error("the answer has Stata version {0}, at least 14 is needed")]
    TooOld(String),
    /// `hash1("this")` differs from the example of the manual.
    #[error("hash1 of the published text is not 2385389520")]
    HashFunction,
    /// The iterated hash of the challenge is wrong.
    #[error("the challenge was not computed: its hash is wrong")]
    Hash,
    /// The first and last draw are not those of the seed, in either conversion.
    #[error("the draws do not match the seed: they were not computed")]
    Draws,
    /// An estimate or standard error differs from least squares by more than a relative 1e-9.
    #[error("the regression on the drawn data differs from least squares")]
    Regression,
}

impl Refusal {
    /// A stable word for logs and metrics.
    pub fn id(&self) -> &'static str {
        match self {
            Self::NotStarted(_) => "not_started",
            Self::NotEnded(_) => "not_ended",
            Self::NoLog => "no_log",
            Self::Licence => "licence",
            Self::OpenEngine => "open_engine",
            Self::Replayed => "replayed",
            Self::NoEvidence => "no_evidence",
            Self::NoMata => "no_mata",
            Self::OutOfOrder => "out_of_order",
            Self::Incomplete(_) => "incomplete",
            Self::Unreadable(_) => "unreadable",
            Self::TooOld(_) => "too_old",
            Self::HashFunction => "hash_function",
            Self::Hash => "hash",
            Self::Draws => "draws",
            Self::Regression => "regression",
        }
    }
}

/// Iterations of the hash.
const ROUNDS: u32 = 2000;
/// Rows of the probe's data.
const ROWS: usize = 64;
/// `hash1("this")` (Stata manual \[M-5\] hash1(), example).
const HASH_OF_THIS: u64 = 2_385_389_520;
/// Largest relative difference of an estimate from our own least squares.
const TOLERANCE: f64 = 1e-9;
/// Texts by which a Stata without a licence can be known, lower case.
const LICENCE_TEXTS: &[&str] =
    &["license has expired", "no license", "license not found", "invalid license", "cannot find license"];

/// Writes the probe's do-file.
pub fn probe(challenge: &Challenge) -> String {
    let Challenge { text, seed } = challenge;
    format!(
        r#"set linesize 255
version 14
clear all
set more off
set dp period
set rng default
set seed {seed}
display "SSP|engine=`c(engine)'|sv=`c(stata_version)'|ed=`c(edition)'|fl=`c(flavor)'|se=`c(SE)'|mp=`c(MP)'|os=`c(os)'|born=`c(born_date)'"
mata:
c = "{text}"
k = hash1("this")
h = hash1(c)
for (i=1; i<={ROUNDS}; i++) h = hash1(strtrim(strofreal(h,"%12.0f")) + c)
printf("SSP|k=%12.0f|h=%12.0f\n", k, h)
end
set obs {ROWS}
generate double x1 = runiform()
generate double x2 = runiform()
generate double y = x1 - 2*x2 + x1*x2
display "SSP|u=" %21x x1[1] "|v=" %21x x2[64]
quietly regress y x1 x2
display "SSP|b=" %21x _b[x1] "|c=" %21x _se[x2]
about
display "SSP|end"
exit, clear
"#
    )
}

/// Judges the log of a probe.
///
/// # Errors
/// The first thing that a real Stata would have answered otherwise.
pub fn verify(challenge: &Challenge, log: &str) -> Result<Attested, Refusal> {
    if log.trim().is_empty() {
        return Err(Refusal::NoLog);
    }
    let lower = log.to_lowercase();
    let evidence = Evidence::read(log);
    if evidence.engine().is_some_and(|engine| engine == "open") {
        return Err(Refusal::OpenEngine);
    }
    if evidence.is_empty() && LICENCE_TEXTS.iter().any(|text| lower.contains(text)) {
        return Err(Refusal::Licence);
    }
    if evidence.other_challenge(&challenge.text) {
        return Err(Refusal::Replayed);
    }
    if evidence.is_empty() {
        return Err(Refusal::NoEvidence);
    }
    let answers = evidence.answers()?;
    let version: f64 =
        answers.version.parse().map_err(|_| Refusal::Unreadable(format!("sv={}", answers.version)))?;
    if !answers.engine.is_empty() {
        return Err(Refusal::Unreadable(format!("engine={}", answers.engine)));
    }
    if version < 14.0 {
        return Err(Refusal::TooOld(answers.version.clone()));
    }
    if answers.hash_of_this != HASH_OF_THIS {
        return Err(Refusal::HashFunction);
    }
    if answers.hash != chained_hash(&challenge.text, ROUNDS) {
        return Err(Refusal::Hash);
    }
    // The manual's text and published draws disagree on how 64 bits become a number; either form takes the
    // generator's real state, so either is evidence.
    let drawn = [Conversion::TopBits53, Conversion::OpenInterval52]
        .map(|conversion| expected(challenge.seed, ROWS, conversion))
        .into_iter()
        .find(|e| e.first.to_bits() == answers.u.to_bits() && e.last.to_bits() == answers.v.to_bits())
        .ok_or(Refusal::Draws)?;
    let near = |a: f64, b: f64| (a - b).abs() <= TOLERANCE * b.abs();
    if !near(answers.b, drawn.slope) || !near(answers.c, drawn.std_error) {
        return Err(Refusal::Regression);
    }
    let (licence, licence_expires) = evidence.licence();
    Ok(Attested {
        version: answers.version,
        edition: answers.edition,
        born: answers.born,
        os: answers.os,
        licence,
        licence_expires,
    })
}

#[cfg(test)]
mod tests;
