//! `stset`: declares survival-time data and makes `_st`, `_d`, `_t` and `_t0`.

use super::stset_choices::{By, Choices, NAMES};
use super::stset_report::{Counts, report};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::survival::{Records, Settings};
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::split::WeightKind;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

/// Options of `stset` and `streset`.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::text("Failure"),
    OptSpec::text("id"),
    OptSpec::text("if"),
    OptSpec::text("Origin"),
    OptSpec::text("ENter"),
    OptSpec::text("EXit"),
    OptSpec::real("SCale"),
    OptSpec::text("TIME0"),
    OptSpec::flag("noShow"),
    OptSpec::text("EVer"),
    OptSpec::text("NEver"),
    OptSpec::text("AFter"),
    OptSpec::text("BEfore"),
    OptSpec::flag("clear"),
];

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS).weights(&[
    WeightKind::Frequency,
    WeightKind::Probability,
    WeightKind::Importance,
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stset",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "stset timevar [if] [weight] [, failure(v[==numlist]) id(v) origin(time exp | v==numlist) enter(...) exit(failure | time exp | v==numlist) scale(#) time0(v) if(exp) ever(exp) never(exp) after(exp) before(exp) noshow] | stset | stset, clear",
    notes: "makes _st _d _t _t0 (and _origin with origin()); if() and its siblings act when the times of all records are known; settings are characteristics of the data; [ST] stset",
    examples: &[
        Example {
            run: "set obs 4\ngenerate t = _n * 10\ngenerate f = mod(_n, 2)\nstset t, failure(f) scale(10)",
            expect: &[("_t[3]", 3.0), ("_d[3]", 1.0), ("_t0[2]", 0.0), ("_st[4]", 1.0)],
        },
        Example {
            // two records of one subject, the second begins where the first ends
            run: "set obs 2\ngenerate id = 1\ngenerate t = cond(_n == 1, 5, 9)\ngenerate f = _n == 2\nstset t, failure(f == 1) id(id) enter(time 2)",
            expect: &[("_t0[1]", 2.0), ("_t0[2]", 5.0), ("_d[1]", 0.0), ("_d[2]", 1.0)],
        },
    ],
};

/// A moment per row, from `time exp` or `varname==numlist`.
enum Moment {
    None,
    Failure,
    Time(Vec<f64>),
    /// True on the records at whose end the event happens.
    Event(Vec<bool>),
}

pub(super) fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("clear") {
        Settings::clear(&mut s.frame);
        drop_made(s);
        return Ok(());
    }
    if cmd.list.is_empty() {
        let settings = Settings::of(&s.frame)?;
        let mut all = vec![true; s.frame.n_rows()];
        let counts = Counts { condition: String::new(), total: s.frame.n_rows(), lines: Vec::new() };
        let records = Records::read(s, &settings, &mut all)?;
        return report(s, &settings, &counts, &records);
    }
    let settings = read(s, cmd)?;
    if let Some(id) = s.frame.find(&settings.id) {
        let time = s.frame.position(&settings.time)?;
        s.frame.sort_by(&[id, time]);
    }
    let touse = s.rows(cmd)?;
    let made = intervals(s, &settings, &touse)?;
    drop_made(s);
    Settings::clear(&mut s.frame);
    let n = s.frame.n_rows();
    let byte = |v: Vec<f64>| Column::from_f64(StorageType::Byte, &v);
    s.frame.add(Variable::new("_st", byte(made.st.iter().map(|b| f64::from(u8::from(*b))).collect())))?;
    s.frame.add(Variable::new("_d", byte(made.d)))?;
    if !settings.origin.is_empty() {
        s.frame.add(Variable::new("_origin", Column::from_f64(StorageType::Double, &made.origin)))?;
    }
    s.frame.add(Variable::new("_t", tight(&made.t)))?;
    s.frame.add(Variable::new("_t0", tight(&made.t0)))?;
    settings.store(&mut s.frame);
    let condition = cmd.if_exp.as_deref().unwrap_or("").trim().to_string();
    let counts = Counts { condition, total: n, lines: made.lines };
    match Records::read(s, &settings, &mut vec![true; n]) {
        Ok(records) => report(s, &settings, &counts, &records),
        Err(error) if error.code == 2000 => report(s, &settings, &counts, &Records::default()),
        Err(error) => Err(error),
    }
}

/// Whole numbers that fit are stored as such.
fn tight(values: &[f64]) -> Column {
    let whole = values.iter().all(|v| is_missing(*v) || (v.fract() == 0.0 && v.abs() < 32_000.0));
    Column::from_f64(if whole { StorageType::Int } else { StorageType::Double }, values)
}

fn drop_made(s: &mut Session) {
    let made: Vec<usize> =
        ["_st", "_d", "_t", "_t0", "_origin"].iter().filter_map(|v| s.frame.find(v)).collect();
    s.frame.drop_vars(&made);
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Settings> {
    let full = |name: &str| -> Result<String> { Ok(s.frame.var(s.numeric_variable(name)?).name.clone()) };
    let text = |option: &str| cmd.options.text(option).unwrap_or("").trim().to_string();
    let (mut failure, mut events) = (text("failure"), String::new());
    if let Some((variable, values)) = event_codes(&failure.clone()) {
        (failure, events) = (variable.trim().to_string(), values.trim().to_string());
        numlist::expand(&events)?;
    }
    let scale = cmd.options.real("scale").unwrap_or(1.0);
    if scale <= 0.0 || is_missing(scale) {
        return Err(StataError::invalid("scale() must be positive"));
    }
    let id = match text("id") {
        id if id.is_empty() => id,
        id => s.frame.var(s.variable(&id)?).name.clone(),
    };
    Ok(Settings {
        time: full(cmd.list.trim())?,
        time0: if text("time0").is_empty() { String::new() } else { full(&text("time0"))? },
        id,
        failure: if failure.is_empty() { failure } else { full(&failure)? },
        events,
        origin: text("origin"),
        enter: text("enter"),
        exit: text("exit"),
        scale,
        condition: text("if"),
        choices: NAMES.map(text),
        weight: cmd
            .weight
            .as_ref()
            .map(|w| (w.kind.unwrap_or(WeightKind::Frequency), format!("={}", w.exp.trim()))),
        show: !cmd.has("noshow"),
    })
}

/// The variable and the codes of `failvar==numlist`; Stata takes one equal sign too.
pub(super) fn event_codes(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').map(|(variable, codes)| (variable, codes.strip_prefix('=').unwrap_or(codes)))
}

fn moment(s: &Session, option: &str, text: &str) -> Result<Moment> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Moment::None);
    }
    let n = s.frame.n_rows();
    if option == "exit" && "failure".starts_with(text) {
        return Ok(Moment::Failure);
    }
    let expression = ["time ", "t "].iter().find_map(|p| text.strip_prefix(p));
    if expression.is_none()
        && let Some((variable, values)) = text.split_once("==")
    {
        let variable = s.numeric_variable(variable.trim())?;
        if values.contains("time") {
            return Err(StataError::unsupported_option("stset", &format!("{option}() with two conditions")));
        }
        let values = numlist::expand(values)?;
        let column = s.frame.numeric(variable)?;
        return Ok(Moment::Event(column.iter().map(|x| values.contains(x)).collect()));
    }
    Ok(Moment::Time(s.numbers(expression.unwrap_or(text), &vec![true; n])?))
}

/// Variables created by `stset`, row by row.
struct Made {
    st: Vec<bool>,
    d: Vec<f64>,
    t: Vec<f64>,
    t0: Vec<f64>,
    origin: Vec<f64>,
    lines: Vec<(usize, String)>,
}

/// Reasons for leaving records out, in the order of their report.
const REASONS: [&str; 11] = [
    "event time missing (PROBABLE ERROR)",
    "ignored because of if()",
    "observations end on or before enter()",
    "observations end on or before origin()",
    "observations begin on or after (first) failure",
    "observations begin on or after exit",
    "multiple records at same instant (PROBABLE ERROR)",
    "ignored because of ever()",
    "ignored because of never()",
    "ignored because of after()",
    "ignored because of before()",
];

impl By {
    /// Index of [`REASONS`].
    fn reason(self) -> usize {
        match self {
            Self::Record => 1,
            Self::History(option) => 7 + option,
        }
    }
}

/// When a subject is at risk.
struct Risk {
    /// Time zero.
    origin: f64,
    from: f64,
    until: f64,
    /// The first failure ends the risk.
    once: bool,
}

impl Risk {
    /// Why a record from `start` to `time` is left out, as an index of [`REASONS`]; `failed` is the time of the first failure.
    fn reason(&self, (start, time): (f64, f64), repeated: bool, failed: f64) -> Option<usize> {
        match () {
            () if repeated => Some(6),
            () if is_missing(self.origin) || time <= self.origin => Some(3),
            () if time <= self.from => Some(2),
            () if self.once && start >= failed => Some(4),
            () if start >= self.until => Some(5),
            () if start >= time.min(self.until) || is_missing(start) => Some(2),
            () => None,
        }
    }
}

/// Intervals at risk ([ST] stset, "Remarks").
fn intervals(s: &Session, settings: &Settings, touse: &[bool]) -> Result<Made> {
    let n = s.frame.n_rows();
    let time = s.frame.numeric(s.frame.position(&settings.time)?)?.to_vec();
    let failed = failures(s, settings)?;
    let begin = match settings.time0.as_str() {
        "" => None,
        name => Some(s.frame.numeric(s.frame.position(name)?)?.to_vec()),
    };
    let (origin, enter) = (moment(s, "origin", &settings.origin)?, moment(s, "enter", &settings.enter)?);
    let exit = moment(s, "exit", if settings.exit.is_empty() { "failure" } else { &settings.exit })?;
    let choices = Choices::of(s, settings)?;
    let mut made = Made {
        st: vec![false; n],
        d: vec![MISSING; n],
        t: vec![MISSING; n],
        t0: vec![MISSING; n],
        origin: vec![MISSING; n],
        lines: Vec::new(),
    };
    let mut left_out = [0usize; REASONS.len()];
    let ctx = s.ctx();
    for subject in subjects(s, settings, touse) {
        // Records with a time, in order; the others are left out first.
        let records: Vec<usize> = subject.iter().copied().filter(|i| !is_missing(time[*i])).collect();
        left_out[0] += subject.len() - records.len();
        let chosen = choices.of_subject(&ctx, &records);
        let at = |m: &Moment, none: f64| subject_moment(m, &records, &time, none);
        let risk = Risk {
            origin: at(&origin, 0.0),
            from: at(&enter, f64::NEG_INFINITY),
            until: at(&exit, f64::INFINITY),
            once: matches!(exit, Moment::Failure),
        };
        let mut previous = if settings.id.is_empty() { risk.origin } else { f64::NEG_INFINITY };
        let (mut last, mut first_failure) = (None, f64::INFINITY);
        for (&i, why) in records.iter().zip(chosen) {
            let start = begin.as_ref().map_or(previous, |b| b[i]).max(risk.origin).max(risk.from);
            let repeated = last == Some(time[i]);
            (last, previous) = (Some(time[i]), time[i]);
            let reason = risk.reason((start, time[i]), repeated, first_failure);
            let fails = reason.is_none() && failed[i] && time[i] <= risk.until;
            if fails {
                first_failure = first_failure.min(time[i]);
            }
            if let Some(reason) = why.map(By::reason).or(reason) {
                left_out[reason] += 1;
                continue;
            }
            made.st[i] = true;
            made.d[i] = f64::from(u8::from(fails));
            made.t[i] = (time[i].min(risk.until) - risk.origin) / settings.scale;
            made.t0[i] = (start - risk.origin) / settings.scale;
            made.origin[i] = risk.origin;
        }
    }
    let ignored = touse.iter().filter(|t| !**t).count();
    if ignored > 0 {
        made.lines.push((ignored, "ignored at outset because of if exp".to_string()));
    }
    made.lines.extend(
        (0..REASONS.len()).filter(|&k| left_out[k] > 0).map(|k| (left_out[k], REASONS[k].to_string())),
    );
    Ok(made)
}

/// Rows by subject: one row each without an identifier.
fn subjects(s: &Session, settings: &Settings, touse: &[bool]) -> Vec<Vec<usize>> {
    let rows = (0..touse.len()).filter(|&i| touse[i]);
    let Some(id) = s.frame.find(&settings.id) else {
        return rows.map(|i| vec![i]).collect();
    };
    let mut out: Vec<Vec<usize>> = Vec::new();
    for i in rows {
        match out.last_mut() {
            Some(last) if s.frame.rows_equal(&[id], last[0], i) => last.push(i),
            _ => out.push(vec![i]),
        }
    }
    out
}

/// The moment of a subject: the first value over its records, or the time of the first event.
fn subject_moment(m: &Moment, records: &[usize], time: &[f64], none: f64) -> f64 {
    match m {
        Moment::None | Moment::Failure => none,
        Moment::Time(values) => {
            let first = records.first().map_or(none, |&i| values[i]);
            if is_missing(first) && none.is_infinite() { none } else { first }
        }
        Moment::Event(flags) => {
            let first = records.iter().find(|&&i| flags[i]).map(|&i| time[i]);
            first.unwrap_or(if none.is_infinite() { none } else { MISSING })
        }
    }
}

fn failures(s: &Session, settings: &Settings) -> Result<Vec<bool>> {
    if settings.failure.is_empty() {
        return Ok(vec![true; s.frame.n_rows()]);
    }
    let column = s.frame.numeric(s.frame.position(&settings.failure)?)?;
    if settings.events.is_empty() {
        return Ok(column.iter().map(|x| *x != 0.0 && !is_missing(*x)).collect());
    }
    let values = numlist::expand(&settings.events)?;
    Ok(column.iter().map(|x| values.contains(x)).collect())
}
