//! `stsplit`: splits records at analysis times ([ST] stsplit).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::survival::Settings;
use crate::format::count_text;
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::{MISSING, is_missing};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("AT"),
    OptSpec::real("EVery"),
    OptSpec::flag("TRIM"),
    OptSpec::flag("noPREserve"),
    OptSpec::text("STrata"),
    OptSpec::text("RIsksets"),
    OptSpec::text("AFter"),
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stsplit",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "stsplit newvar [if], {at(numlist) | every(#)} [trim after([time=|t=] {exp | min(exp) | asis(exp)})]; stsplit [if], at(failures) [strata(varlist) riskset(newvar)]",
    notes: "stset must have id(); the new variable is the lower end of the interval, before the first one 0, or one less than the first where that is not positive; after() counts the times of at() from the time that it gives, in the units of the time variable or, with t=, of analysis time; the failure variable of all records of a subject but the last is missing; no results; [ST] stsplit",
    examples: &[
        Example {
            run: "set obs 2\ngenerate id = _n\ngenerate t = cond(_n == 1, 12, 4)\ngenerate d = 1\nquietly stset t, failure(d) id(id)\nstsplit band, at(5 10)\nsort id _t",
            expect: &[
                ("_N", 4.0),
                ("_t[1]", 5.0),
                ("_t0[2]", 5.0),
                ("band[3]", 10.0),
                ("_d[2]", 0.0),
                ("missing(d[1])", 1.0),
                ("_d[3]", 1.0),
                ("band[4]", 0.0),
            ],
        },
        Example {
            // the waiting time for an organ: -1 before it, 0 after it ([ST] stsplit, the Stanford heart transplants)
            run: "set obs 2\ngenerate id = _n\ngenerate t = 12\ngenerate wait = 5 in 1\ngenerate d = 1\nquietly stset t, failure(d) id(id)\nstsplit post, after(time=wait) at(0)\nsort id _t",
            expect: &[("_N", 3.0), ("_t[1]", 5.0), ("post[1]", -1.0), ("post[2]", 0.0), ("post[3]", -1.0)],
        },
    ],
};

/// A piece of a record: its row, interval, whether it is the last one, and the lower end of its band.
struct Piece {
    row: usize,
    from: f64,
    to: f64,
    last: bool,
    band: f64,
    /// Outside the range of `at()` with `trim`: no longer at risk.
    trimmed: bool,
}

/// Most records that are made.
const MOST: usize = 20_000_000;

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let settings = Settings::of(&s.frame)?;
    if settings.id.is_empty() {
        return Err(StataError::new(198, "stsplit requires that id() was specified with stset"));
    }
    let at = cmd.options.text("at").map(str::trim);
    let failures = at == Some("failures");
    let name = new_variable(s, cmd.list.trim(), failures)?;
    let riskset = match cmd.options.text("risksets") {
        Some(text) if failures => new_variable(s, text.trim(), false)?,
        Some(_) => return Err(StataError::invalid("riskset() is allowed with at(failures) only")),
        None => None,
    };
    if failures && cmd.has("trim") || !failures && cmd.options.has("strata") {
        return Err(StataError::invalid("trim and strata() belong to different forms of the command"));
    }
    let touse = s.rows(cmd)?;
    let mut cuts = Cuts::read(s, cmd, at, &touse)?;
    if let Some(spec) = cmd.options.text("after") {
        if failures {
            return Err(StataError::invalid("after() is not allowed with at(failures)"));
        }
        cuts.since = Some(since(s, &settings, spec)?);
    }
    let pieces = pieces(s, cmd, &touse, &cuts)?;
    let before = s.frame.n_rows();
    apply(s, &settings, &pieces)?;
    let byte_or_double = |values: &[f64]| {
        let whole = values.iter().all(|v| is_missing(*v) || (v.fract() == 0.0 && v.abs() < 32_000.0));
        Column::from_f64(if whole { StorageType::Int } else { StorageType::Double }, values)
    };
    if let Some(name) = name {
        let bands: Vec<f64> = pieces.iter().map(|p| p.band).collect();
        s.frame.add(Variable::new(&name, byte_or_double(&bands)))?;
    }
    if let Some(name) = riskset {
        let ids: Vec<f64> = pieces.iter().map(|p| cuts.riskset(p)).collect();
        s.frame.add(Variable::new(&name, byte_or_double(&ids)))?;
    }
    let id = s.frame.position(&settings.id)?;
    let t = s.frame.position("_t")?;
    s.frame.sort_by(&[id, t]);
    s.frame.changed = true;
    if failures {
        let times: usize = cuts.times.iter().map(Vec::len).sum();
        s.print(format!("({} failure time{})", count_text(times), if times == 1 { "" } else { "s" }));
    }
    let made = pieces.len() - before;
    let plural = if made == 1 { "" } else { "s" };
    s.print(format!("({} observation{plural} (episode{plural}) created)", count_text(made)));
    Ok(())
}

/// A name for a new variable; nothing where none is needed.
fn new_variable(s: &Session, name: &str, optional: bool) -> Result<Option<String>> {
    match name {
        "" if optional => Ok(None),
        "" => Err(StataError::standard(100)),
        _ if !is_valid_name(name) => Err(StataError::new(198, format!("{name} invalid name"))),
        _ if s.frame.find(name).is_some() => Err(StataError::already_defined(name)),
        _ => Ok(Some(name.to_string())),
    }
}

/// The analysis time from which each row counts, for `after([time|t|_t =] {exp | min(exp) | asis(exp)})`; missing
/// where the expression is.
fn since(s: &Session, settings: &Settings, spec: &str) -> Result<Vec<f64>> {
    let spec = spec.trim();
    let (unit, exp) = match spec.split_once('=') {
        Some((unit, exp)) if ["time", "t", "_t"].contains(&unit.trim()) => (unit.trim(), exp.trim()),
        _ => ("time", spec),
    };
    let within = |name: &str| exp.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')');
    let least = within("min");
    let compiled = s.compile(least.or(within("asis")).unwrap_or(exp))?;
    let ctx = s.ctx();
    let n = s.frame.n_rows();
    let mut values: Vec<f64> = (0..n).map(|row| compiled.num(&ctx, row)).collect();
    let id = s.frame.position(&settings.id)?;
    if least.is_some() {
        for group in crate::ops::groups::grouped(s, &[id], (0..n).collect()) {
            let least =
                group.iter().map(|r| values[*r]).filter(|x| !is_missing(*x)).fold(f64::INFINITY, f64::min);
            group.iter().for_each(|r| values[*r] = if least.is_finite() { least } else { MISSING });
        }
    }
    if unit == "time" {
        let column =
            |name: &str| -> Result<Vec<f64>> { Ok(s.frame.numeric(s.frame.position(name)?)?.to_vec()) };
        let (time, t) = (column(&settings.time)?, column("_t")?);
        for (row, value) in values.iter_mut().enumerate() {
            // the record's own time zero
            let zero = time[row] - t[row] * settings.scale;
            *value = if is_missing(*value) || is_missing(t[row]) {
                MISSING
            } else {
                (*value - zero) / settings.scale
            };
        }
    }
    Ok(values)
}

/// Analysis times at which records are split, by stratum.
struct Cuts {
    /// Stratum of each row.
    stratum: Vec<usize>,
    /// Times of each stratum in ascending order.
    times: Vec<Vec<f64>>,
    /// Analysis time from which each row counts; none are split where it is missing.
    since: Option<Vec<f64>>,
}

impl Cuts {
    fn read(s: &Session, cmd: &ParsedCommand, at: Option<&str>, touse: &[bool]) -> Result<Self> {
        let n = s.frame.n_rows();
        let column =
            |name: &str| -> Result<Vec<f64>> { Ok(s.frame.numeric(s.frame.position(name)?)?.to_vec()) };
        let single = |times: Vec<f64>| Self { stratum: vec![0; n], times: vec![times], since: None };
        match (at, cmd.options.real("every")) {
            (Some(_), Some(_)) => Err(StataError::invalid("only one of at() and every() is allowed")),
            (None, None) => Err(StataError::invalid("option at() or every() required")),
            (None, Some(step)) if step <= 0.0 || is_missing(step) => {
                Err(StataError::invalid("option every() incorrectly specified"))
            }
            (None, Some(step)) => {
                let last = column("_t")?.into_iter().filter(|x| !is_missing(*x)).fold(0.0, f64::max);
                let count = (last / step).ceil();
                if count > MOST as f64 {
                    return Err(StataError::new(909, "too many records"));
                }
                Ok(single((1..=count as usize).map(|k| k as f64 * step).collect()))
            }
            (Some("failures"), None) => {
                let (t, d, st) = (column("_t")?, column("_d")?, column("_st")?);
                let strata = s.varlist(cmd.options.text("strata").unwrap_or(""))?;
                let mut first: Vec<usize> = Vec::new();
                let mut stratum = vec![0; n];
                for (row, own) in stratum.iter_mut().enumerate() {
                    let known = first.iter().position(|f| s.frame.rows_equal(&strata, *f, row));
                    *own = known.unwrap_or_else(|| {
                        first.push(row);
                        first.len() - 1
                    });
                }
                let mut times = vec![Vec::new(); first.len()];
                for row in (0..n).filter(|r| touse[*r] && st[*r] == 1.0 && d[*r] == 1.0) {
                    times[stratum[row]].push(t[row]);
                }
                for of in &mut times {
                    of.sort_unstable_by(f64::total_cmp);
                    of.dedup();
                }
                Ok(Self { stratum, times, since: None })
            }
            (Some(list), None) => {
                let mut times = numlist::expand(list)?;
                if times.iter().any(|x| is_missing(*x) || (*x < 0.0 && !cmd.options.has("after"))) {
                    return Err(StataError::standard(125));
                }
                times.sort_unstable_by(f64::total_cmp);
                times.dedup();
                Ok(single(times))
            }
        }
    }

    /// Number of the risk set of a piece, over all strata: the failure time at its end.
    fn riskset(&self, piece: &Piece) -> f64 {
        let stratum = self.stratum[piece.row];
        let before: usize = self.times[..stratum].iter().map(Vec::len).sum();
        let of = &self.times[stratum];
        of.iter().position(|t| *t == piece.to).map_or(MISSING, |k| (before + k + 1) as f64)
    }
}

fn pieces(s: &Session, cmd: &ParsedCommand, touse: &[bool], cuts: &Cuts) -> Result<Vec<Piece>> {
    let column = |name: &str| -> Result<Vec<f64>> { Ok(s.frame.numeric(s.frame.position(name)?)?.to_vec()) };
    let (t0, t, st) = (column("_t0")?, column("_t")?, column("_st")?);
    let mut out = Vec::new();
    for row in 0..touse.len() {
        let split = touse[row] && st[row] == 1.0;
        let bands = &cuts.times[cuts.stratum[row]];
        let times: Vec<f64> = match &cuts.since {
            Some(since) if is_missing(since[row]) => Vec::new(),
            Some(since) => bands.iter().map(|c| c + since[row]).collect(),
            None => bands.clone(),
        };
        let before_all = bands.first().map_or(0.0, |first| if *first > 0.0 { 0.0 } else { first - 1.0 });
        if !split {
            out.push(Piece { row, from: t0[row], to: t[row], last: true, band: MISSING, trimmed: false });
            continue;
        }
        let (low, high) = (times.partition_point(|c| *c <= t0[row]), times.partition_point(|c| *c < t[row]));
        if out.len() + high.saturating_sub(low) >= MOST {
            return Err(StataError::new(909, "too many records"));
        }
        let mut from = t0[row];
        for k in low..=high.max(low) {
            let to = if k < high { times[k] } else { t[row] };
            let below = k.checked_sub(1).map(|b| bands[b]);
            // with trim, time before the first and after the last cut is not at risk
            let trimmed = cmd.has("trim") && (below.is_none() || k == times.len());
            let band = if trimmed { MISSING } else { below.unwrap_or(before_all) };
            out.push(Piece { row, from, to, last: to == t[row], band, trimmed });
            from = to;
        }
    }
    Ok(out)
}

/// Puts the pieces into the data: rows, intervals, failures and the variables of `stset`.
fn apply(s: &mut Session, settings: &Settings, pieces: &[Piece]) -> Result<()> {
    s.room_for(pieces.len() as f64, 8.0 * s.frame.n_vars() as f64)?;
    let rows: Vec<usize> = pieces.iter().map(|p| p.row).collect();
    s.frame.take_rows(&rows);
    let column = |s: &Session, name: &str| -> Result<Vec<f64>> {
        Ok(s.frame.numeric(s.frame.position(name)?)?.to_vec())
    };
    let origin = match s.frame.find("_origin") {
        Some(v) => s.frame.numeric(v)?.to_vec(),
        None => vec![0.0; pieces.len()],
    };
    let (mut t0, mut t, mut d) = (column(s, "_t0")?, column(s, "_t")?, column(s, "_d")?);
    let mut st = column(s, "_st")?;
    let mut time = column(s, &settings.time)?;
    for (i, piece) in pieces.iter().enumerate() {
        (t0[i], t[i]) = (piece.from, piece.to);
        if !piece.last {
            d[i] = 0.0;
            time[i] = origin[i] + piece.to * settings.scale;
        }
        if piece.trimmed {
            (st[i], t0[i], t[i], d[i]) = (0.0, MISSING, MISSING, MISSING);
        }
    }
    let put = |s: &mut Session, name: &str, values: &[f64]| -> Result<()> {
        let v = s.frame.position(name)?;
        let ty = s.frame.var(v).data.storage_type();
        let fits = values.iter().all(|x| is_missing(*x) || ty.holds(*x) && ty.stored(*x) == *x);
        let ty = if fits { ty } else { StorageType::Double };
        s.frame.set_column(v, Column::from_f64(ty, values));
        Ok(())
    };
    put(s, "_t0", &t0)?;
    put(s, "_t", &t)?;
    put(s, "_d", &d)?;
    put(s, "_st", &st)?;
    put(s, &settings.time, &time)?;
    if !settings.failure.is_empty() {
        let mut failure = column(s, &settings.failure)?;
        pieces.iter().zip(&mut failure).filter(|(p, _)| !p.last).for_each(|(_, f)| *f = MISSING);
        put(s, &settings.failure, &failure)?;
    }
    if !settings.time0.is_empty() {
        let mut begin = column(s, &settings.time0)?;
        for (i, piece) in pieces.iter().enumerate() {
            let starts_inside = i > 0 && pieces[i - 1].row == piece.row;
            if starts_inside {
                begin[i] = origin[i] + piece.from * settings.scale;
            }
        }
        put(s, &settings.time0, &begin)?;
    }
    Ok(())
}
