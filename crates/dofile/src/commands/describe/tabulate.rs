//! `tabulate`: one- and two-way tables with tests.

use super::tabulate_statistics::statistics;
use super::tabulate_summary::title_of;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::Matrix;
use crate::ops::groups::grouped;
use crate::ops::two_way::{contributions, sums};
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

/// Breaks a title at blanks so that its lines fit.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(l) if l.chars().count() + 1 + word.chars().count() <= width => {
                l.push(' ');
                l.push_str(word);
            }
            // a word that is longer than a line goes on in the next one
            _ => lines.extend(word.chars().collect::<Vec<_>>().chunks(width.max(1)).map(String::from_iter)),
        }
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
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
        return Err(StataError::new(134, "too many values"));
    }
    table_two(s, cmd, a, b, (&la, &lb), &cells);
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

fn table_two(s: &mut Session, cmd: &ParsedCommand, a: usize, b: usize, l: (&Levels, &Levels), cells: &[f64]) {
    let (la, lb) = l;
    let (nr, nc) = (la.texts.len(), lb.texts.len());
    let (rows, cols, total) = sums(nr, nc, cells);
    let (title_a, title_b) = (title_of(s, a), title_of(s, b));
    let left = longest_text(s, a, la).clamp(10, 21);
    let column = 10;
    let per_page = ((s.settings.linesize.saturating_sub(left + 15)) / (column + 1)).max(1);
    let mut kinds: Vec<&str> = Vec::new();
    if !cmd.has("nofreq") {
        kinds.push("freq");
    }
    for k in ["expected", "cchi2", "clrchi2", "row", "column", "cell"] {
        if cmd.has(k) {
            kinds.push(k);
        }
    }
    if kinds.is_empty() {
        return;
    }
    if kinds.len() > 1 && !cmd.has("nokey") {
        key(s, &kinds);
    }
    // the contributions of a margin are those of its cells together
    let contribution = |kind: &str, i: Option<usize>, j: Option<usize>| -> f64 {
        let own = |at: Option<usize>, n: usize| at.map_or(0..n, |k| k..k + 1);
        let cell = |i: usize, j: usize| contributions(cells[i * nc + j], rows[i] * cols[j] / total);
        own(i, nr)
            .flat_map(|i| own(j, nc).map(move |j| (i, j)))
            .map(|(i, j)| if kind == "cchi2" { cell(i, j).0 } else { cell(i, j).1 })
            .sum()
    };
    let value = |kind: &str, i: Option<usize>, j: Option<usize>| -> String {
        let n = match (i, j) {
            (Some(i), Some(j)) => cells[i * nc + j],
            (Some(i), None) => rows[i],
            (None, Some(j)) => cols[j],
            (None, None) => total,
        };
        let ri = i.map_or(total, |i| rows[i]);
        let cj = j.map_or(total, |j| cols[j]);
        match kind {
            "freq" => format::bare("%11.0gc", n),
            "expected" => format!("{:.1}", ri * cj / total),
            "cchi2" | "clrchi2" => format!("{:.1}", contribution(kind, i, j)),
            "row" => format!("{:.2}", 100.0 * n / ri),
            "column" => format!("{:.2}", 100.0 * n / cj),
            _ => format!("{:.2}", 100.0 * n / total),
        }
    };
    let mut start = 0;
    while start < nc {
        let end = (start + per_page).min(nc);
        s.print("");
        let span = (column + 1) * (end - start);
        heads(s, &(&title_a, &title_b), left, span);
        let names: String = (start..end)
            .map(|j| {
                format!(
                    "{} ",
                    format::right(&lb.texts[j].chars().take(column - 1).collect::<String>(), column)
                )
            })
            .collect();
        let bottom = wrap(&title_a, left).pop().unwrap_or_default();
        s.print(format!("{} |{names}|     Total", format::right(&bottom, left)));
        let rule = format!("{}+{}+{}", "-".repeat(left + 1), "-".repeat(span), "-".repeat(10));
        s.print(rule.clone());
        for i in (0..nr).map(Some).chain([None]) {
            for (k, kind) in kinds.iter().enumerate() {
                let label = match (k, i) {
                    (0, Some(i)) => la.texts[i].chars().take(left).collect(),
                    (0, None) => "Total".to_string(),
                    _ => String::new(),
                };
                let body: String = (start..end)
                    .map(|j| format!("{} ", format::right(&value(kind, i, Some(j)), column)))
                    .collect();
                let total_cell = format!("|{} ", format::right(&value(kind, i, None), 10));
                s.print(format!("{} |{body}{total_cell}", format::right(&label, left)));
            }
            if i.is_none_or(|i| kinds.len() > 1 || i + 1 == nr) && i.is_some() {
                s.print(rule.clone());
            }
        }
        start = end;
    }
    s.print("");
}

/// The lines above the names of the columns: the title of the columns in the middle, the title of the rows on the left
/// with its last line left out. Both end at the bottom.
pub(super) fn heads(s: &mut Session, titles: &(&str, &str), left: usize, span: usize) {
    let mut rows = wrap(titles.0, left);
    rows.pop();
    let columns = wrap(titles.1, span.saturating_sub(1));
    let lines = rows.len().max(columns.len());
    let at =
        |list: &[String], i: usize| (i + list.len()).checked_sub(lines).map_or("", |i| &list[i]).to_string();
    for i in 0..lines {
        let title = at(&columns, i);
        let gap = if title.is_empty() { 0 } else { (span + 1).saturating_sub(title.chars().count()) / 2 };
        s.print(format!("{} |{}{title}", format::right(&at(&rows, i), left), " ".repeat(gap)).trim_end());
    }
}

fn key(s: &mut Session, kinds: &[&str]) {
    let names: Vec<&str> = kinds
        .iter()
        .map(|k| match *k {
            "freq" => "frequency",
            "expected" => "expected frequency",
            "cchi2" => "chi2 contribution",
            "clrchi2" => "LR chi2 contribution",
            "row" => "row percentage",
            "column" => "column percentage",
            _ => "cell percentage",
        })
        .collect();
    let w = names.iter().map(|n| n.len()).max().unwrap_or(0) + 2;
    s.print("");
    s.print(format!("+{}+", "-".repeat(w)));
    s.print(format!("| Key{}|", " ".repeat(w - 4)));
    s.print(format!("|{}|", "-".repeat(w)));
    for n in names {
        let gap = w - n.len();
        s.print(format!("|{}{n}{}|", " ".repeat(gap / 2), " ".repeat(gap - gap / 2)));
    }
    s.print(format!("+{}+", "-".repeat(w)));
}
