//! `ritest`: randomization inference, with the assignment permuted among clusters and within strata, or drawn by a program
//! (Heß 2017, Stata Journal 17). Written from the article and the help file.

use super::permute::{Tally, event, extreme};
use super::{parts, replicate};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::grouped;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::{OptSpec, ParsedCommand};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ritest",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "ritest resampvar exp_list [, reps(#) left right strata(varlist) cluster(varlist) fixlevels(numlist) samplingprogram(name) samplingprogramoptions(text) strict seed(#) eps(#) level(#) saving(file [, replace double]) force nodots verbose] : command",
    notes: "only observations of the command's if and in with a value of resampvar are permuted; with cluster() resampvar must be constant within clusters; the program of samplingprogram() is called with the options run(#) and resampvar(); weights of the command need force; strict counts only larger values, with eps(0); shuffles are not Stata's stream; stores r(N) r(N_reps) r(N_strata) r(N_clust) r(reps) r(c) r(b) r(p) r(se) r(ci); null(), reject(), files of samplings and density plots are refused",
    examples: &[Example {
        // 2 of 4 clusters are treated: the observed difference of means is the largest of 6, and -12 the smallest
        run: "set obs 8\ngenerate c = ceil(_n/2)\ngenerate t = c > 2\ngenerate y = c + 10*t\nritest t diff=_b[t], reps(300) cluster(c) seed(1) nodots: regress y t\nmatrix P = r(p)\nscalar near = abs(P[1,1] - 1/3) < 0.1\nmatrix B = r(b)",
        expect: &[("near", 1.0), ("B[1,1]", 12.0), ("r(N_clust)", 4.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("Reps"),
    OptSpec::flag("LEft"),
    OptSpec::flag("RIght"),
    OptSpec::text("STRAta"),
    OptSpec::text("CLUster"),
    OptSpec::text("FIXlevels"),
    OptSpec::text("SAMPLINGProgram"),
    OptSpec::text("SAMPLINGPROGRAMOptions"),
    OptSpec::flag("STRICT"),
    OptSpec::text("SEed"),
    OptSpec::real("EPS"),
    OptSpec::real("Level"),
    OptSpec::text("SAVing"),
    OptSpec::flag("FORCE"),
    OptSpec::flag("Verbose"),
    OptSpec::flag("noDots"),
];

const REFUSED: &[&str] = &[
    "SAMPLINGSourcefile",
    "SAMPLINGMatchvar",
    "NULL",
    "KDENSityplot",
    "KDENSTYOptions",
    "SAVERESampling",
    "REJECT",
    "NOIsily",
];

/// How values are assigned anew.
enum Assignment {
    /// Sets of clusters among which values are exchanged; a cluster is a list of rows.
    Permuted(Vec<Vec<Vec<usize>>>),
    /// A program with its options.
    Program(String, String),
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("ritest", &cmd.raw)?;
    head.check_options(OPTIONS, REFUSED)?;
    let (name, list) = head.list.split_once(char::is_whitespace).unwrap_or((head.list.as_str(), ""));
    let target = s.variable(name)?;
    let reps = replicate::count(head.options.int("reps"), 100)?;
    replicate::seed(s, head.options.text("seed"))?;
    let level = head.options.real("level").unwrap_or(s.settings.level);
    let eps = head.options.real("eps").unwrap_or(if head.has("strict") { 0.0 } else { 1e-7 });
    if head.has("strict") && eps != 0.0 {
        return Err(StataError::invalid("option strict requires eps(0)"));
    }
    let rows = command_rows(s, &command, head.has("force"))?;
    let (assignment, strata, clusters) = assignment(s, &head, target, &rows)?;
    let full = s.frame.clone();
    let first = replicate::first_run(s, &command, list, "pm");
    s.frame = full;
    let (statistics, observed, _) = first?;
    let dots = if head.has("nodots") { None } else { Some("Resampling replications") };
    let variable = s.frame.var(target).name.clone();
    let drawn = replicate::on_copies(s, &command, &statistics, reps, dots, |s, k| match &assignment {
        Assignment::Permuted(strata) => {
            exchange(s, target, strata);
            Ok(())
        }
        Assignment::Program(program, options) => {
            quietly(s, &format!("{program}, run({}) resampvar({variable}) {options}", k + 1))
        }
    })?;
    if let Some(saving) = head.options.text("saving") {
        replicate::save(s, saving, &statistics, &drawn)?;
    }
    let tally = Tally::new(&observed, &drawn, level, extreme(&head, eps, head.has("strict")))?;
    legend(s, &head, &command, &variable, (strata, clusters));
    let rule = format!("{}+{}", "-".repeat(13), "-".repeat(64));
    s.print(&rule);
    s.print("           T |     T(obs)       c       n   p=c/n       SE(p)   [conf. interval]");
    s.print(&rule);
    tally.show(s, &statistics, &observed);
    s.print(&rule);
    let event = event(&head, head.has("strict"));
    s.print("Note: Confidence interval is with respect to p=c/n.");
    s.print(format!("Note: {event}"));
    let mut r = tally.results(&statistics, &observed, drawn.len(), level);
    r.scalar("N", rows.len() as f64).scalar("N_strata", strata as f64).scalar("N_clust", clusters as f64);
    r.text("cmd", "ritest").text("event", event).text("permvar", variable).text("command", command);
    s.r = r;
    Ok(())
}

/// Rows that the command's `if` and `in` select; all rows of a command with a prefix of its own.
fn command_rows(s: &Session, command: &str, force: bool) -> Result<Vec<usize>> {
    let (name, raw) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let all = || (0..s.frame.n_rows()).collect();
    if crate::syntax::split::top_level_colon(command).is_some() {
        return Ok(all());
    }
    let Ok(cmd) = ParsedCommand::split(name, raw, false) else { return Ok(all()) };
    if cmd.weight.is_some() && !force {
        return Err(StataError::new(101, "weights not allowed; option force makes ritest accept them"));
    }
    Ok(s.rows(&cmd)?.iter().enumerate().filter(|(_, used)| **used).map(|(r, _)| r).collect())
}

/// The assignment, the number of strata and that of clusters.
fn assignment(
    s: &Session,
    head: &ParsedCommand,
    target: usize,
    rows: &[usize],
) -> Result<(Assignment, usize, usize)> {
    let strata = s.varlist(head.options.text("strata").unwrap_or(""))?;
    let clusters = s.varlist(head.options.text("cluster").unwrap_or(""))?;
    if let Some(program) = head.options.text("samplingprogram") {
        if !strata.is_empty() || !clusters.is_empty() || head.has("fixlevels") {
            return Err(StataError::invalid(
                "samplingprogram() may not be combined with strata(), cluster() and fixlevels()",
            ));
        }
        let options = head.options.text("samplingprogramoptions").unwrap_or("").trim().trim_matches('"');
        return Ok((Assignment::Program(program.trim().to_string(), options.to_string()), 1, rows.len()));
    }
    let fixed = numlist::expand(head.options.text("fixlevels").unwrap_or(""))?;
    let data = &s.frame.var(target).data;
    let free = |r: &usize| {
        data.is_string() || !(crate::value::is_missing(data.num(*r)) || fixed.contains(&data.num(*r)))
    };
    let free: Vec<usize> = rows.iter().copied().filter(free).collect();
    if free.is_empty() {
        return Err(StataError::no_observations());
    }
    let sets = if strata.is_empty() { vec![free] } else { grouped(s, &strata, free) };
    let mut out = Vec::with_capacity(sets.len());
    for set in sets {
        let units: Vec<Vec<usize>> = if clusters.is_empty() {
            set.into_iter().map(|r| vec![r]).collect()
        } else {
            grouped(s, &clusters, set)
        };
        for unit in &units {
            if unit.iter().any(|r| s.frame.compare(target, *r, unit[0]).is_ne()) {
                let name = &s.frame.var(target).name;
                return Err(StataError::new(459, format!("{name} is not constant within clusters")));
            }
        }
        out.push(units);
    }
    let count = out.iter().map(Vec::len).sum();
    Ok((Assignment::Permuted(out.clone()), out.len(), count))
}

/// Exchanges the values of the clusters within each stratum (Fisher and Yates, unbiased draws).
fn exchange(s: &mut Session, target: usize, strata: &[Vec<Vec<usize>>]) {
    let mut source: Vec<usize> = (0..s.frame.n_rows()).collect();
    for units in strata {
        let mut order: Vec<usize> = (0..units.len()).collect();
        for i in (1..order.len()).rev() {
            let j = s.rng.borrow_mut().uniform_int(0.0, i as f64) as usize;
            order.swap(i, j);
        }
        for (unit, from) in units.iter().zip(order) {
            unit.iter().for_each(|r| source[*r] = units[from][0]);
        }
    }
    let shuffled = s.frame.var(target).data.gather(source.iter().map(|&r| Some(r)));
    s.frame.set_column(target, shuffled);
}

fn legend(
    s: &mut Session,
    head: &ParsedCommand,
    command: &str,
    variable: &str,
    (strata, clusters): (usize, usize),
) {
    let option = |name: &str| head.options.text(name).map_or("none", str::trim).to_string();
    let program = head.options.text("samplingprogram");
    let how = program.map_or(format!("Permuting {variable}"), |p| format!("Using program {}", p.trim()));
    s.print("");
    s.print(format!("{:>15}  {command}", "Command:"));
    s.print(format!("{:>15}  {variable}", "Res. var(s):"));
    s.print(format!("{:>15}  {how}", "Resampling:"));
    if program.is_none() {
        let count = |n: usize| format::bare("%12.0fc", n as f64).trim().to_string();
        s.print(format!("{:>15}  {}", "Clust. var(s):", option("cluster")));
        s.print(format!("{:>15}  {}", "Clusters:", count(clusters)));
        s.print(format!("{:>15}  {}", "Strata var(s):", option("strata")));
        s.print(format!("{:>15}  {}", "Strata:", count(strata)));
    }
    s.print("");
}
