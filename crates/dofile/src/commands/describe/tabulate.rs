//! `tabulate`: one- and two-way tables with tests.

use super::tabulate_statistics::statistics;
use super::tabulate_summary::title_of;
use super::tabulate_two_way::{Counts, Crosstab, kinds, wrap};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::Matrix;
use crate::ops::groups::grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ALL"),
    OptSpec::flag("CHi2"),
    OptSpec::flag_or_text("EXact"),
    OptSpec::flag("V"),
    OptSpec::flag("LRchi2"),
    OptSpec::flag("GAmma"),
    OptSpec::flag("TAUB"),
    OptSpec::flag("Row"),
    OptSpec::flag("COlumn"),
    OptSpec::flag("CEll"),
    OptSpec::flag("EXPected"),
    OptSpec::flag("CCHi2"),
    OptSpec::flag("CLRchi2"),
    OptSpec::flag("PLot"),
    OptSpec::flag("noFreq"),
    OptSpec::flag("Missing"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noKEY"),
    OptSpec::flag("SORT"),
    OptSpec::text("MATCELL"),
    OptSpec::text("MATROW"),
    OptSpec::text("MATCOL"),
    OptSpec::text("Generate"),
    OptSpec::text("SUmmarize"),
    OptSpec::text("SUBPop"),
    OptSpec::flag("MEans"),
    OptSpec::flag("noMEans"),
    OptSpec::flag("STandard"),
    OptSpec::flag("noSTandard"),
    OptSpec::flag("FREQ"),
    OptSpec::flag("Obs"),
    OptSpec::flag("noObs"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
.unsupported(&["WRAP", "FIRST", "LAST", "ROWSort", "COLSort", "CMHrow"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tabulate",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tabulate varname1 [varname2] [if] [in] [weight] [, chi2 exact V lrchi2 gamma taub row column cell expected cchi2 clrchi2 plot all nofreq missing nolabel sort matcell(name) matrow(name) matcol(name) generate(stub) subpop(varname)] | tabulate varname1 [varname2], summarize(varname) [[no]means [no]standard [no]freq missing nolabel]",
    notes: "stores r(N) r(r) r(c) r(chi2) r(p) r(p_exact) r(p1_exact) r(CramersV) r(chi2_lr) r(p_lr) r(gamma) r(ase_gam) r(taub) r(ase_taub); formulas: [R] tabulate twoway",
    examples: &[
        Example {
            // scipy.stats.chi2_contingency([[10, 20], [30, 15]], correction=False), fisher_exact
            run: "input a b w\n1 1 10\n1 2 20\n2 1 30\n2 2 15\nend\ntabulate a b [fw=w], chi2 lrchi2 V exact",
            expect: &[
                ("r(chi2)", 8.035714285714286),
                ("r(p)", 0.0045863920802535025),
                ("r(chi2_lr)", 8.161371152850784),
                ("r(p_exact)", 0.008824760272675987),
                ("r(CramersV)", -0.32732683535398854),
            ],
        },
        Example {
            // scipy.stats.chi2_contingency([[10, 20], [30, 5]], correction=False)
            run: "input a b n\n1 1 10\n1 2 20\n2 1 30\n2 2 5\nend\ntabulate a b [fw=n], chi2 V matcell(M)",
            expect: &[
                ("r(N)", 65.0),
                ("r(chi2)", 18.726_190_476_190_478),
                ("r(CramersV)", -0.536_745_040_121_693_2),
                ("M[2,1]", 30.0),
            ],
        },
        Example {
            run: "set obs 5\ngenerate g = _n > 2\ntabulate g, matcell(F) generate(d)",
            expect: &[("r(N)", 5.0), ("r(r)", 2.0), ("F[2,1]", 3.0), ("d2[5]", 1.0)],
        },
    ],
};

/// Levels of a variable: row of a representative and the shown text.
struct Levels {
    of_row: Vec<Option<usize>>,
    texts: Vec<String>,
    values: Vec<f64>,
    /// Whether labels are shown.
    labelled: bool,
}

fn levels(s: &Session, v: usize, touse: &[bool], missing: bool, nolabel: bool) -> Levels {
    let column = &s.frame.var(v).data;
    let gone =
        |r: usize| if column.is_string() { column.str(r).is_empty() } else { is_missing(column.num(r)) };
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r] && (missing || !gone(r))).collect();
    let mut of_row = vec![None; touse.len()];
    let (mut texts, mut values) = (Vec::new(), Vec::new());
    for g in grouped(s, &[v], rows) {
        let k = texts.len();
        texts.push(s.cell_text(v, g[0], nolabel));
        values.push(if column.is_string() { MISSING } else { column.num(g[0]) });
        g.iter().for_each(|&r| of_row[r] = Some(k));
    }
    Levels { of_row, texts, values, labelled: !nolabel }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(variable) = cmd.options.text("summarize") {
        return super::tabulate_summary::run(s, cmd, variable);
    }
    let of_summaries = ["means", "nomeans", "standard", "nostandard", "freq", "obs", "noobs"];
    if let Some(option) = of_summaries.iter().find(|o| cmd.has(o)) {
        return Err(StataError::new(198, format!("option {option} requires option summarize()")));
    }
    let vars = s.varlist(&cmd.list)?;
    let mut touse = s.rows(cmd)?;
    if let Some(name) = cmd.options.text("subpop") {
        let v = s.numeric_variable(name.trim())?;
        if cmd.options.has("generate") {
            return Err(StataError::unsupported_option("tabulate", "subpop() with generate()"));
        }
        touse.iter_mut().enumerate().for_each(|(r, used)| *used &= s.frame.num_at(v, r) != 0.0);
    }
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let scale = match &weights {
        Some(w) if w.kind == WeightKind::Analytic => {
            // Analytic weights are shares of the rows in the table.
            let mut counted = touse.clone();
            if !cmd.has("missing") {
                s.markout(&vars, &mut counted, true)?;
            }
            let used = || w.values.iter().zip(&counted).filter(|(_, c)| **c);
            used().count() as f64 / used().map(|(w, _)| w).sum::<f64>()
        }
        _ => 1.0,
    };
    refuse_tests(cmd, weights.as_ref().map(|w| w.kind))?;
    let w = |r: usize| weights.as_ref().map_or(1.0, |w| scale * w.values[r]);
    let misplaced: &[&str] = if vars.len() == 1 { &["cchi2", "clrchi2"] } else { &["plot"] };
    if let Some(option) = misplaced.iter().find(|o| cmd.has(o)) {
        let tables = if vars.len() == 1 { "one-way" } else { "two-way" };
        return Err(StataError::invalid(format!("option {option} does not belong to {tables} tables")));
    }
    match vars[..] {
        [v] => one_way(s, cmd, v, &touse, w),
        [a, b] => two_way(s, cmd, a, b, &touse, w),
        [] => Err(StataError::standard(100)),
        _ => Err(StataError::standard(103)),
    }
}

/// Tests take counts: the manual rules out weights that are none ([R] tabulate twoway, Options).
fn refuse_tests(cmd: &ParsedCommand, kind: Option<WeightKind>) -> Result<()> {
    let Some(kind) = kind.filter(|k| matches!(k, WeightKind::Analytic | WeightKind::Importance)) else {
        return Ok(());
    };
    let tests = ["all", "chi2", "exact", "lrchi2", "v", "gamma", "taub", "cchi2", "clrchi2"];
    match tests.into_iter().find(|o| cmd.has(o)) {
        Some(option) => Err(StataError::new(198, format!("{option} not allowed with {}s", kind.name()))),
        None => Ok(()),
    }
}

fn one_way(
    s: &mut Session,
    cmd: &ParsedCommand,
    v: usize,
    touse: &[bool],
    w: impl Fn(usize) -> f64,
) -> Result<()> {
    let l = levels(s, v, touse, cmd.has("missing"), cmd.has("nolabel"));
    let mut counts = vec![0.0; l.texts.len()];
    for (r, k) in l.of_row.iter().enumerate() {
        if let Some(k) = k {
            counts[*k] += w(r);
        }
    }
    let total: f64 = counts.iter().sum();
    let mut r = Results::default();
    r.scalar("N", total).scalar("r", counts.len() as f64);
    if counts.is_empty() {
        s.print("no observations");
        s.r = r;
        return Ok(());
    }
    let mut order: Vec<usize> = (0..counts.len()).collect();
    if cmd.has("sort") {
        order.sort_by(|&a, &b| counts[b].total_cmp(&counts[a]));
    }
    if cmd.has("plot") {
        table_plot(s, v, &l, &counts, &order, total);
    } else {
        table_one(s, v, &l, &counts, &order, total);
    }
    if let Some(name) = cmd.options.text("matcell") {
        let m = Matrix::new(counts.len(), 1, order.iter().map(|&k| counts[k]).collect());
        s.matrices.insert(name.to_string(), Arc::new(m));
    }
    if let Some(name) = cmd.options.text("matrow") {
        let m = Matrix::new(counts.len(), 1, order.iter().map(|&k| l.values[k]).collect());
        s.matrices.insert(name.to_string(), Arc::new(m));
    }
    if let Some(stub) = cmd.options.text("generate") {
        let name = s.frame.var(v).name.clone();
        for (k, text) in l.texts.iter().enumerate() {
            let values: Vec<f64> =
                l.of_row.iter().map(|x| x.map_or(MISSING, |x| f64::from(u8::from(x == k)))).collect();
            let column = crate::frame::Column::from_f64(crate::frame::StorageType::Byte, &values);
            let mut var = crate::frame::Variable::new(&format!("{stub}{}", k + 1), column);
            var.label = format!("{name}=={text}").chars().take(80).collect();
            s.frame.add(var)?;
        }
    }
    s.r = r;
    Ok(())
}

/// Width of the stub of a one-way table that leaves room for `others` characters: the longest text, or the longest
/// label of the variable's value label, whether the value occurs or not.
fn stub_width(s: &Session, v: usize, l: &Levels, others: usize) -> usize {
    longest_text(s, v, l).clamp(11, s.settings.linesize.saturating_sub(others).max(11))
}

/// Characters of the longest text or label of a variable.
fn longest_text(s: &Session, v: usize, l: &Levels) -> usize {
    let labels = s.frame.labels_of(v).filter(|_| l.labelled);
    let labels = labels.into_iter().flat_map(|labels| labels.iter().map(|(_, text)| text));
    l.texts.iter().map(String::as_str).chain(labels).map(|t| t.chars().count()).max().unwrap_or(0)
}

/// The title of a one-way table over its stub, and `heads` on its last line.
fn one_way_heads(s: &mut Session, v: usize, width: usize, heads: &str) {
    let mut title = wrap(&title_of(s, v), width);
    s.print("");
    let last = title.pop().unwrap_or_default();
    for t in title {
        s.print(format!("{} |", format::right(&t, width)));
    }
    s.print(format!("{} |{heads}", format::right(&last, width)));
}

/// Frequencies with a bar of stars; more than the line holds are scaled down.
fn table_plot(s: &mut Session, v: usize, l: &Levels, counts: &[f64], order: &[usize], total: f64) {
    let width = stub_width(s, v, l, 38);
    let room = s.settings.linesize.saturating_sub(width + 16).max(10);
    one_way_heads(s, v, width, "      Freq.");
    let rule = format!("{}+{}+{}", "-".repeat(width + 1), "-".repeat(12), "-".repeat(room));
    s.print(rule.clone());
    let most = counts.iter().copied().fold(0.0, f64::max);
    let scale = if most > room as f64 { room as f64 / most } else { 1.0 };
    for &k in order {
        let text: String = l.texts[k].chars().take(width).collect();
        let stars = "*".repeat((counts[k] * scale).round() as usize);
        let count = format::bare("%11.0gc", counts[k]);
        s.print(format!("{} | {count:>10} |{stars}", format::right(&text, width)));
    }
    s.print(rule);
    s.print(format!("{} | {:>10}", format::right("Total", width), format::bare("%11.0gc", total)));
}

fn table_one(s: &mut Session, v: usize, l: &Levels, counts: &[f64], order: &[usize], total: f64) {
    let width = stub_width(s, v, l, 38);
    let shown = |t: &str| {
        let t: String = t.chars().take(width).collect();
        format::right(&t, width)
    };
    one_way_heads(s, v, width, "      Freq.     Percent        Cum.");
    let rule = format!("{}+{}", "-".repeat(width + 1), "-".repeat(35));
    s.print(rule.clone());
    let mut cum = 0.0;
    for &k in order {
        cum += counts[k];
        s.print(format!(
            "{} | {:>10} {:>11.2} {:>11.2}",
            shown(&l.texts[k]),
            format::bare("%11.0gc", counts[k]),
            100.0 * counts[k] / total,
            100.0 * cum / total
        ));
    }
    s.print(rule);
    s.print(format!(
        "{} | {:>10} {:>11.2}",
        format::right("Total", width),
        format::bare("%11.0gc", total),
        100.0
    ));
}

fn two_way(
    s: &mut Session,
    cmd: &ParsedCommand,
    a: usize,
    b: usize,
    touse: &[bool],
    w: impl Fn(usize) -> f64,
) -> Result<()> {
    let missing = cmd.has("missing");
    // rows with a missing value in either variable leave the table
    let mut rows = touse.to_vec();
    if !missing {
        s.markout(&[a, b], &mut rows, true)?;
    }
    let (la, lb) =
        (levels(s, a, &rows, missing, cmd.has("nolabel")), levels(s, b, &rows, missing, cmd.has("nolabel")));
    let (nr, nc) = (la.texts.len(), lb.texts.len());
    let mut cells = vec![0.0; nr * nc];
    for r in 0..rows.len() {
        if let (Some(i), Some(j)) = (la.of_row[r], lb.of_row[r]) {
            cells[i * nc + j] += w(r);
        }
    }
    let total: f64 = cells.iter().sum();
    let mut results = Results::default();
    results.scalar("N", total).scalar("r", nr as f64).scalar("c", nc as f64);
    if nr == 0 || nc == 0 {
        s.print("no observations");
        s.r = results;
        return Ok(());
    }
    if nc > 200 {
        return Err(StataError::standard(134));
    }
    let crosstab = Crosstab {
        titles: (title_of(s, a), title_of(s, b)),
        levels: (&la.texts, &lb.texts),
        left: longest_text(s, a, &la).clamp(10, 21),
        counts: Counts::of(&cells, nc),
        kinds: kinds(cmd),
    };
    crosstab.show(s, !cmd.has("nokey"));
    statistics(s, cmd, nr, nc, &cells, &mut results)?;
    for (option, values, shape) in [
        ("matcell", cells.clone(), (nr, nc)),
        ("matrow", la.values.clone(), (nr, 1)),
        ("matcol", lb.values.clone(), (1, nc)),
    ] {
        if let Some(name) = cmd.options.text(option) {
            s.matrices.insert(name.to_string(), Arc::new(Matrix::new(shape.0, shape.1, values)));
        }
    }
    s.r = results;
    Ok(())
}
