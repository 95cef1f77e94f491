//! `stjoin`: joins records that `stsplit` has split, and others that differ in nothing but their intervals ([ST] stsplit).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::survival::Settings;
use crate::format::count_text;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[OptSpec::text("CENSored")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stjoin",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "stjoin [, censored(numlist)]",
    notes: "stset must have id(); records are joined where the first ends without failure as the second begins and all other variables agree; its value of the failure variable must be one of censored(), 0 without it, or missing; no results; [ST] stsplit",
    examples: &[Example {
        run: "set obs 2\ngenerate id = _n\ngenerate t = cond(_n == 1, 12, 4)\ngenerate d = 1\nquietly stset t, failure(d) id(id)\nquietly stsplit band, at(5 10)\ndrop band\nstjoin\nsort id",
        expect: &[("_N", 2.0), ("_t[1]", 12.0), ("_t0[1]", 0.0), ("d[1]", 1.0), ("_d[2]", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(StataError::standard(101));
    }
    let settings = Settings::of(&s.frame)?;
    if settings.id.is_empty() {
        return Err(StataError::invalid("stjoin requires that id() was specified with stset"));
    }
    let censored = match cmd.options.text("censored") {
        Some(list) => numlist::expand(list)?,
        None => {
            if !settings.failure.is_empty() {
                s.print("(option censored(0) assumed)");
            }
            vec![0.0]
        }
    };
    let (id, t) = (s.frame.position(&settings.id)?, s.frame.position("_t")?);
    s.frame.sort_by(&[id, t]);
    let mut own = vec!["_t", "_t0", "_d", settings.time.as_str()];
    own.extend([settings.failure.as_str(), settings.time0.as_str()].into_iter().filter(|n| !n.is_empty()));
    let others: Vec<usize> =
        (0..s.frame.n_vars()).filter(|v| !own.contains(&s.frame.var(*v).name.as_str())).collect();
    let column = |name: &str| -> Result<Vec<f64>> { Ok(s.frame.numeric(s.frame.position(name)?)?.to_vec()) };
    let (t, mut t0, d, st) = (column("_t")?, column("_t0")?, column("_d")?, column("_st")?);
    let failure = if settings.failure.is_empty() { None } else { Some(column(&settings.failure)?) };
    let mut begin = if settings.time0.is_empty() { None } else { Some(column(&settings.time0)?) };
    let mut keep = vec![true; t.len()];
    for row in 1..t.len() {
        let before = row - 1;
        let open = failure.as_ref().is_none_or(|f| is_missing(f[before]) || censored.contains(&f[before]));
        let adjacent = st[before] == 1.0 && st[row] == 1.0 && t[before] == t0[row] && d[before] == 0.0;
        if adjacent && open && s.frame.rows_equal(&others, before, row) {
            keep[before] = false;
            t0[row] = t0[before];
            if let Some(begin) = &mut begin {
                begin[row] = begin[before];
            }
        }
    }
    let put = |s: &mut Session, name: &str, values: &[f64]| -> Result<()> {
        let v = s.frame.position(name)?;
        let kind = s.frame.var(v).data.storage_type();
        s.frame.set_column(v, crate::frame::Column::from_f64(kind, values));
        Ok(())
    };
    put(s, "_t0", &t0)?;
    if let Some(begin) = begin {
        put(s, &settings.time0, &begin)?;
    }
    let gone = keep.iter().filter(|k| !**k).count();
    s.frame.keep_rows(&keep);
    s.frame.changed = true;
    let plural = if gone == 1 { "" } else { "s" };
    s.print(format!("({} observation{plural} eliminated)", count_text(gone)));
    Ok(())
}
