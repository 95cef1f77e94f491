//! `cem`: coarsened exact matching.

use super::imbalance::{self, Sample};
use super::request::{cutpoints, groups, pieces, rule, values};
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::coarsening::{Cutpoints, Matched, intervals, matched, strata};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("TReatment"),
    OptSpec::flag("SHowbreaks"),
    OptSpec::text("AUTOcuts"),
    OptSpec::text("imbbreaks"),
    OptSpec::flag("noIMBal"),
])
.unsupported(&["k2k", "miname", "misets", "impvar"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "cem",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "cem varname [(cutpoints)] [varname [(cutpoints)] ...] [if] [in] [, treatment(varname) showbreaks autocuts(sturges|scott) imbbreaks(scott|sturges) noimbal]",
    notes: "cutpoints: numbers, #k (k at equal distances, the extremes included), #0 (no coarsening), or a rule; intervals are closed above, the first one below too; missing values are one more interval (then noimbal is needed); makes or replaces cem_strata, cem_matched and cem_weights; the higher value of treatment() is the treated group, other numbers of values are refused; stores r(n_strata n_mstrata n_matched n_groups L1), r(varlist treatment L1_breaks cem_call), r(match_table), r(imbal); k2k (random pairs), autocuts(fd), autocuts(ss) and imputed data are refused; Iacus, King and Porro (2012)",
    examples: &[Example {
        // Two intervals of x: (0,3] with one treated and two controls, (3,9] with two and one; 9.5 is beyond.
        run: "input t x\n1 1\n0 2\n0 3\n1 4\n1 5\n0 9\n0 9.5\nend\ncem x (0 3 9), treatment(t)\nscalar w = cem_weights[2]\nscalar v = cem_weights[6]\nscalar u = cem_weights[7]",
        expect: &[
            ("r(n_strata)", 3.0),
            ("r(n_mstrata)", 2.0),
            ("r(n_matched)", 6.0),
            ("w", 0.5),
            ("v", 2.0),
            ("u", 0.0),
            ("cem_matched[7]", 0.0),
        ],
    }],
};

/// Covariates of the sample.
struct Covariates {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    /// Intervals of the values.
    bins: Vec<Vec<usize>>,
    /// Cutpoints of each.
    points: Vec<Vec<f64>>,
}

fn read(s: &Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Covariates> {
    let auto = rule("cem", "autocuts", cmd.options.text("autocuts").unwrap_or("sturges"))?;
    let mut out = Covariates { names: vec![], columns: vec![], bins: vec![], points: vec![] };
    for (word, cuts) in pieces(&cmd.list)? {
        for v in s.varlist(&word)? {
            let name = s.frame.var(v).name.clone();
            s.numeric_variable(&name)?;
            let column = values(s, v, rows);
            let cuts: Cutpoints = match &cuts {
                Some(text) => cutpoints(&name, text)?,
                None => auto.clone(),
            };
            let present: Vec<f64> = column.iter().copied().filter(|x| !x.is_nan()).collect();
            let points = cuts.of(&present);
            out.bins.push(intervals(&column, &points));
            out.names.push(name);
            out.columns.push(column);
            out.points.push(points);
        }
    }
    Ok(out)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let x = read(s, cmd, &rows)?;
    let breaks = cmd.options.text("imbbreaks").unwrap_or("scott").trim().to_string();
    let imbbreaks = rule("cem", "imbbreaks", &breaks)?;
    let (numbers, count) = strata(&x.bins, rows.len());
    let mut r = Results::default();
    r.scalar("n_strata", count as f64).text("varlist", x.names.join(" ")).text("L1_breaks", breaks);
    r.text("cem_call", crate::estimation::post::command_line(cmd));
    let treatment = match cmd.options.text("treatment") {
        None => None,
        Some(name) => {
            let v = s.numeric_variable(name.trim())?;
            Some((v, groups(s, v, &rows)?))
        }
    };
    let mut found = None;
    if let Some((v, (treated, levels))) = &treatment {
        let m = matched(&numbers, count, treated);
        r.scalar("n_mstrata", m.strata as f64).scalar("n_groups", 2.0);
        r.scalar("n_matched", m.matched.iter().filter(|m| **m).count() as f64);
        r.text("treatment", s.frame.var(*v).name.clone());
        r.matrix("match_table", table(&m, treated, *levels));
        if !cmd.has("noimbal") && m.strata > 0 {
            imbalance_of(&mut r, &x, &m, treated, &imbbreaks)?;
        }
        found = Some(m);
    }
    if cmd.has("showbreaks") {
        show_breaks(s, &x);
    }
    make_variables(s, &rows, &numbers, found.as_ref())?;
    s.r = r;
    show(s, found.as_ref())
}

/// Units of each group: all, in matched strata, and others.
fn table(m: &Matched, treated: &[bool], levels: [f64; 2]) -> Matrix {
    let count = |group: bool, wanted: Option<bool>| {
        let of = |(t, m): &(&bool, &bool)| **t == group && wanted.is_none_or(|w| **m == w);
        treated.iter().zip(&m.matched).filter(of).count() as f64
    };
    let cells = [None, Some(true), Some(false)].iter().flat_map(|w| [count(false, *w), count(true, *w)]);
    let mut out = Matrix::new(3, 2, cells.collect());
    out.row_names = ["All", "Matched", "Unmatched"].map(Stripe::term).to_vec();
    out.col_names = levels.iter().map(|l| Stripe::term(format::bare("%9.0g", *l))).collect();
    out
}

/// Imbalance of the matched units, with their weights.
fn imbalance_of(
    r: &mut Results,
    x: &Covariates,
    m: &Matched,
    treated: &[bool],
    cutpoints: &Cutpoints,
) -> Result<()> {
    let kept: Vec<usize> = (0..treated.len()).filter(|i| m.matched[*i]).collect();
    let columns: Vec<Vec<f64>> = x.columns.iter().map(|c| kept.iter().map(|i| c[*i]).collect()).collect();
    let treated: Vec<bool> = kept.iter().map(|i| treated[*i]).collect();
    let weights: Vec<f64> = kept.iter().map(|i| m.weights[*i]).collect();
    let sample = Sample { names: &x.names, columns: &columns, treated: &treated, weights: &weights };
    imbalance::store(r, &sample, cutpoints)
}

fn make_variables(s: &mut Session, rows: &[usize], numbers: &[usize], found: Option<&Matched>) -> Result<()> {
    let old: Vec<usize> =
        ["cem_strata", "cem_matched", "cem_weights"].iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&old);
    let n = s.frame.n_rows();
    let mut add = |name: &str, kind: StorageType, of: &dyn Fn(usize) -> f64| {
        let mut values = vec![MISSING; n];
        rows.iter().enumerate().for_each(|(i, r)| values[*r] = of(i));
        s.frame.add(Variable::new(name, Column::from_f64(kind, &values))).map(|_| ())
    };
    add("cem_strata", StorageType::Double, &|i| numbers[i] as f64 + 1.0)?;
    if let Some(m) = found {
        add("cem_matched", StorageType::Double, &|i| f64::from(u8::from(m.matched[i])))?;
        add("cem_weights", StorageType::Double, &|i| m.weights[i])?;
    }
    Ok(())
}

fn show_breaks(s: &mut Session, x: &Covariates) {
    s.print("");
    s.print("Cutpoints:");
    for (name, points) in x.names.iter().zip(&x.points) {
        let text: Vec<String> = points.iter().map(|p| format::bare("%9.0g", *p)).collect();
        let text = if text.is_empty() { "(every value)".to_string() } else { text.join(" ") };
        s.print(format!("{name}: {text}"));
    }
}

fn show(s: &mut Session, found: Option<&Matched>) -> Result<()> {
    let scalar = |s: &Session, name: &str| format::bare("%9.0g", s.r.get_scalar(name).unwrap_or(MISSING));
    s.print("");
    s.print("Matching Summary:");
    s.print("-----------------");
    s.print(format!("Number of strata: {}", scalar(s, "n_strata")));
    let Some(found) = found else { return Ok(()) };
    s.print(format!("Number of matched strata: {}", scalar(s, "n_mstrata")));
    s.run_expanded("matrix list r(match_table), noheader")?;
    s.print("");
    if s.r.has("L1") {
        imbalance::show(s)?;
    } else if found.strata == 0 {
        s.print("no stratum holds units of both groups");
    }
    Ok(())
}
