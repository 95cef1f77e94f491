//! `tabulate`: one- and two-way tables with tests.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::groups::grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::distributions;
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
    OptSpec::flag("MEans"),
    OptSpec::flag("noMEans"),
    OptSpec::flag("STandard"),
    OptSpec::flag("noSTandard"),
    OptSpec::flag("FREQ"),
    OptSpec::flag("Obs"),
    OptSpec::flag("noObs"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
.unsupported(&[
    "CCHi2", "CLRchi2", "SUBPop", "PLot", "WRAP", "FIRST", "LAST", "ROWSort", "COLSort", "CMHrow",
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tabulate",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tabulate varname1 [varname2] [if] [in] [weight] [, chi2 exact V lrchi2 gamma taub row column cell expected all nofreq missing nolabel sort matcell(name) matrow(name) matcol(name) generate(stub)] | tabulate varname, summarize(varname) [[no]means [no]standard [no]freq missing nolabel]",
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
    Levels { of_row, texts, values }
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
    let w = |r: usize| weights.as_ref().map_or(1.0, |w| scale * w.values[r]);
    match vars[..] {
        [v] => one_way(s, cmd, v, &touse, w),
        [a, b] => two_way(s, cmd, a, b, &touse, w),
        [] => Err(StataError::standard(100)),
        _ => Err(StataError::standard(103)),
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
    table_one(s, v, &l, &counts, &order, total);
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

fn table_one(s: &mut Session, v: usize, l: &Levels, counts: &[f64], order: &[usize], total: f64) {
    let var = s.frame.var(v);
    let name = if var.label.is_empty() { var.name.clone() } else { var.label.clone() };
    let longest = l.texts.iter().map(|t| t.chars().count()).max().unwrap_or(0);
    let width = longest.clamp(11, s.settings.linesize.saturating_sub(38).max(11));
    let shown = |t: &str| {
        let t: String = t.chars().take(width).collect();
        format::right(&t, width)
    };
    let mut title = wrap(&name, width);
    s.print("");
    let last = title.pop().unwrap_or_default();
    for t in title {
        s.print(format!("{} |", format::right(&t, width)));
    }
    s.print(format!("{} |      Freq.     Percent        Cum.", format::right(&last, width)));
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
fn wrap(text: &str, width: usize) -> Vec<String> {
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

fn sums(nr: usize, nc: usize, cells: &[f64]) -> (Vec<f64>, Vec<f64>, f64) {
    let rows: Vec<f64> = (0..nr).map(|i| cells[i * nc..(i + 1) * nc].iter().sum()).collect();
    let cols: Vec<f64> = (0..nc).map(|j| (0..nr).map(|i| cells[i * nc + j]).sum()).collect();
    let total = rows.iter().sum();
    (rows, cols, total)
}

fn table_two(s: &mut Session, cmd: &ParsedCommand, a: usize, b: usize, l: (&Levels, &Levels), cells: &[f64]) {
    let (la, lb) = l;
    let (nr, nc) = (la.texts.len(), lb.texts.len());
    let (rows, cols, total) = sums(nr, nc, cells);
    let name = |v: usize| {
        let var = s.frame.var(v);
        if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
    };
    let (title_a, title_b) = (name(a), name(b));
    let left = la.texts.iter().map(|t| t.chars().count()).max().unwrap_or(0).clamp(10, 20);
    let column = 10;
    let per_page = ((s.settings.linesize.saturating_sub(left + 15)) / (column + 1)).max(1);
    let mut kinds: Vec<&str> = Vec::new();
    if !cmd.has("nofreq") {
        kinds.push("freq");
    }
    for k in ["expected", "row", "column", "cell"] {
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
fn heads(s: &mut Session, titles: &(&str, &str), left: usize, span: usize) {
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

/// A cell of a table whose rows and columns have an order.
struct OrderedCell {
    count: f64,
    /// Observations above on the left and below on the right.
    concordant: f64,
    /// Observations above on the right and below on the left.
    discordant: f64,
    /// Row and column total.
    totals: (f64, f64),
}

/// Association of ordered rows and columns with asymptotic standard errors ([R] tabulate twoway; Brown and Benedetti
/// 1977).
struct Order {
    cells: Vec<OrderedCell>,
    n: f64,
    /// `n^2` less the squared row totals, and less the squared column totals.
    spread: (f64, f64),
}

impl Order {
    fn of(nc: usize, cells: &[f64], rows: &[f64], cols: &[f64]) -> Self {
        use std::cmp::Ordering::{Greater, Less};
        let ordered = (0..cells.len())
            .map(|k| {
                let (mut concordant, mut discordant) = (0.0, 0.0);
                for (l, count) in cells.iter().enumerate() {
                    match ((l / nc).cmp(&(k / nc)), (l % nc).cmp(&(k % nc))) {
                        (Less, Less) | (Greater, Greater) => concordant += count,
                        (Less, Greater) | (Greater, Less) => discordant += count,
                        _ => {}
                    }
                }
                OrderedCell { count: cells[k], concordant, discordant, totals: (rows[k / nc], cols[k % nc]) }
            })
            .collect();
        let n: f64 = rows.iter().sum();
        let left = |totals: &[f64]| n * n - totals.iter().map(|t| t * t).sum::<f64>();
        Self { cells: ordered, n, spread: (left(rows), left(cols)) }
    }

    /// Twice the number of concordant and of discordant pairs.
    fn pairs(&self) -> (f64, f64) {
        let sum = |f: fn(&OrderedCell) -> f64| self.cells.iter().map(|c| c.count * f(c)).sum();
        (sum(|c| c.concordant), sum(|c| c.discordant))
    }

    /// Goodman and Kruskal's gamma and its standard error.
    fn gamma(&self) -> (f64, f64) {
        let (p, q) = self.pairs();
        let squares: f64 =
            self.cells.iter().map(|c| c.count * (q * c.concordant - p * c.discordant).powi(2)).sum();
        ((p - q) / (p + q), 4.0 * squares.sqrt() / (p + q).powi(2))
    }

    /// Kendall's tau-b and its standard error.
    fn tau_b(&self) -> (f64, f64) {
        let (p, q) = self.pairs();
        let (wr, wc) = self.spread;
        let w = (wr * wc).sqrt();
        let tau = (p - q) / w;
        let squares: f64 = self
            .cells
            .iter()
            .map(|c| {
                let v = c.totals.0 * wc + c.totals.1 * wr;
                c.count * (2.0 * w * (c.concordant - c.discordant) + tau * v).powi(2)
            })
            .sum();
        let inner = squares - self.n.powi(3) * tau * tau * (wr + wc).powi(2);
        (tau, inner.max(0.0).sqrt() / (w * w))
    }
}

/// Pearson and likelihood-ratio chi-squared, Cramér's V, gamma, tau-b, Fisher's exact test.
fn statistics(
    s: &mut Session,
    cmd: &ParsedCommand,
    nr: usize,
    nc: usize,
    cells: &[f64],
    r: &mut Results,
) -> Result<()> {
    let (rows, cols, n) = sums(nr, nc, cells);
    let df = ((nr - 1) * (nc - 1)) as f64;
    let mut chi2 = 0.0;
    let mut lr = 0.0;
    for i in 0..nr {
        for j in 0..nc {
            let e = rows[i] * cols[j] / n;
            let o = cells[i * nc + j];
            chi2 += (o - e) * (o - e) / e;
            if o > 0.0 {
                lr += 2.0 * o * (o / e).ln();
            }
        }
    }
    let tail = |x: f64| if df > 0.0 { distributions::chi2_tail(df, x) } else { MISSING };
    let line = |name: &str, x: f64, p: f64| {
        format!("{:>25} = {:>8}   Pr = {p:.3}", format!("{name}({})", df as i64), format::bare("%8.4f", x))
    };
    let asked = |option: &str| cmd.has("all") || cmd.has(option);
    if asked("chi2") && df > 0.0 {
        r.scalar("chi2", chi2).scalar("p", tail(chi2));
        s.print(line("Pearson chi2", chi2, tail(chi2)));
    }
    if asked("lrchi2") && df > 0.0 {
        r.scalar("chi2_lr", lr).scalar("p_lr", tail(lr));
        s.print(line("Likelihood-ratio chi2", lr, tail(lr)));
    }
    if asked("v") && df > 0.0 {
        let mut v = (chi2 / n / (nr.min(nc) as f64 - 1.0)).sqrt();
        if nr == 2 && nc == 2 {
            // for 2 x 2 tables the sign is that of the cross product
            v *= (cells[0] * cells[3] - cells[1] * cells[2]).signum();
        }
        r.scalar("CramersV", v);
        s.print(format!("{:>25} = {:>8}", "Cramér's V", format::bare("%8.4f", v)));
    }
    if asked("gamma") || asked("taub") {
        let order = Order::of(nc, cells, &rows, &cols);
        let mut show = |option: &str, name: &str, (value, error): (f64, f64), stored: (&str, &str)| {
            if asked(option) {
                let (value, error) = (stata(value), stata(error));
                r.scalar(stored.0, value).scalar(stored.1, error);
                let value = format::bare("%8.4f", value);
                s.print(format!("{name:>25} = {value:>8}  ASE = {}", format::bare("%5.3f", error).trim()));
            }
        };
        show("gamma", "gamma", order.gamma(), ("gamma", "ase_gam"));
        show("taub", "Kendall's tau-b", order.tau_b(), ("taub", "ase_taub"));
    }
    if cmd.has("exact") {
        let (p, one_sided) = crate::ops::fisher::exact(nr, nc, cells)?;
        r.scalar("p_exact", p);
        s.print(format!("{:>25} = {p:>20.3}", "Fisher's exact"));
        if let Some(p1) = one_sided {
            r.scalar("p1_exact", p1);
            s.print(format!("{:>25} = {p1:>20.3}", "1-sided Fisher's exact"));
        }
    }
    Ok(())
}
