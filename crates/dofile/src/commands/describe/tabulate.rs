//! `tabulate`: one- and two-way tables of frequencies with tests of independence.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimators::distributions::{chi2_tail, ln_gamma};
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("CHi2"),
    OptSpec::flag("LRchi2"),
    OptSpec::flag("V"),
    OptSpec::flag("Exact"),
    OptSpec::flag("Row"),
    OptSpec::flag("COlumn"),
    OptSpec::flag("CEll"),
    OptSpec::flag("EXPected"),
    OptSpec::flag("Missing"),
    OptSpec::flag("noFreq"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noKEY"),
    OptSpec::flag("SORT"),
    OptSpec::text("Generate"),
    OptSpec::text("matcell"),
    OptSpec::text("matrow"),
    OptSpec::text("matcol"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
.unsupported(&["Gamma", "Taub", "All", "CCHi2", "CLRchi2", "Summarize", "Plot", "SUBpop", "noLOG", "Wrap"]);

pub const SPEC: CommandSpec = CommandSpec {
    name: "tabulate",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tabulate varname1 [varname2] [if] [in] [weight] [, chi2 lrchi2 V exact row column cell expected missing nofreq nolabel sort generate(stub) matcell(M) matrow(M) matcol(M)]",
    notes: "stores r(N) r(r) r(c) r(chi2) r(p) r(chi2_lr) r(p_lr) r(CramersV) r(p_exact); exact for two-by-two tables; [R] tabulate oneway, tabulate twoway",
    examples: &[Example {
        // scipy.stats.chi2_contingency([[10, 20], [30, 15]], correction=False), fisher_exact
        run: "input a b w\n1 1 10\n1 2 20\n2 1 30\n2 2 15\nend\ntabulate a b [fw=w], chi2 lrchi2 V exact",
        expect: &[
            ("r(chi2)", 8.035714285714286),
            ("r(p)", 0.0045863920802535025),
            ("r(chi2_lr)", 8.161371152850784),
            ("r(p_exact)", 0.008824760272675987),
            ("r(CramersV)", -0.32732683535398854),
        ],
    }],
};

/// The levels of a variable in the sample, with the level of each row.
struct Levels {
    name: String,
    title: String,
    labels: Vec<String>,
    values: Vec<f64>,
    of_row: Vec<usize>,
}

fn levels(s: &Session, v: usize, touse: &[bool], plain: bool) -> Levels {
    let var = s.frame.var(v);
    let mut out = Levels {
        name: var.name.clone(),
        title: if var.label.is_empty() { var.name.clone() } else { var.label.clone() },
        labels: Vec::new(),
        values: Vec::new(),
        of_row: vec![usize::MAX; touse.len()],
    };
    let mut last: Option<usize> = None;
    for i in s.frame.sorted_order(&[(v, false)]).into_iter().filter(|&i| touse[i]) {
        if last.is_none_or(|l| !s.frame.rows_equal(&[v], l, i)) {
            let text = if var.is_string() {
                var.data.str(i).to_string()
            } else {
                let x = var.data.num(i);
                let label = if plain { None } else { s.frame.labels_of(v).and_then(|l| l.get(x)) };
                label.map_or_else(|| format::bare(&var.format, x), str::to_string)
            };
            out.values.push(if var.is_string() { crate::value::MISSING } else { var.data.num(i) });
            out.labels.push(text);
        }
        out.of_row[i] = out.labels.len() - 1;
        last = Some(i);
    }
    out
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    if !cmd.has("missing") {
        s.markout(&vars, &mut touse, true)?;
    }
    let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.values[i]);
    match vars[..] {
        [v] => {
            let rows = levels(s, v, &touse, cmd.has("nolabel"));
            let mut counts = vec![0.0; rows.labels.len()];
            for (i, &k) in rows.of_row.iter().enumerate().filter(|(_, k)| **k != usize::MAX) {
                counts[k] += weight(i);
            }
            one_way(s, cmd, rows, counts)
        }
        [a, b] => {
            let rows = levels(s, a, &touse, cmd.has("nolabel"));
            let columns = levels(s, b, &touse, cmd.has("nolabel"));
            let mut counts = vec![0.0; rows.labels.len() * columns.labels.len()];
            for i in (0..touse.len()).filter(|&i| touse[i]) {
                counts[rows.of_row[i] * columns.labels.len() + columns.of_row[i]] += weight(i);
            }
            two_way(s, cmd, &rows, &columns, counts)
        }
        [] => Err(StataError::standard(100)),
        _ => Err(StataError::standard(103)),
    }
}

fn one_way(s: &mut Session, cmd: &ParsedCommand, rows: Levels, counts: Vec<f64>) -> Result<()> {
    let total: f64 = counts.iter().sum();
    if counts.is_empty() {
        s.print("no observations");
        s.r = Results::default();
        return Ok(());
    }
    let mut order: Vec<usize> = (0..counts.len()).collect();
    if cmd.has("sort") {
        order.sort_by(|&a, &b| counts[b].total_cmp(&counts[a]));
    }
    let stub = rows.labels.iter().map(|l| l.chars().count()).max().unwrap_or(0).clamp(11, 40);
    let rule = format!("{}+-----------------------------------", "-".repeat(stub + 1));
    if !cmd.has("nofreq") {
        s.print("");
        s.print(format!(
            "{} |      Freq.     Percent        Cum.",
            format::right(&format::abbrev(&rows.title, stub), stub)
        ));
        s.print(&rule);
        let mut running = 0.0;
        for &k in &order {
            running += counts[k];
            s.print(format!(
                "{} |{}{}{}",
                format::right(&format::abbrev(&rows.labels[k], stub), stub),
                format::right(&format::bare("%11.0gc", counts[k]), 11),
                format::right(&format::bare("%8.2f", 100.0 * counts[k] / total), 12),
                format::right(&format::bare("%8.2f", 100.0 * running / total), 12)
            ));
        }
        s.print(&rule);
        s.print(format!(
            "{} |{}{}",
            format::right("Total", stub),
            format::right(&format::bare("%11.0gc", total), 11),
            format::right("100.00", 12)
        ));
    }
    if let Some(stub) = cmd.options.text("generate") {
        for (k, text) in rows.labels.iter().enumerate() {
            let values: Vec<f64> = rows
                .of_row
                .iter()
                .map(|&l| if l == usize::MAX { crate::value::MISSING } else { f64::from(u8::from(l == k)) })
                .collect();
            let mut var =
                Variable::new(&format!("{stub}{}", k + 1), Column::from_f64(StorageType::Byte, &values));
            var.label = format!("{}=={text}", rows.name);
            s.frame.add(var)?;
        }
    }
    let ordered: Vec<f64> = order.iter().map(|&k| counts[k]).collect();
    store_matrix(s, cmd.options.text("matcell"), counts.len(), 1, ordered);
    store_matrix(
        s,
        cmd.options.text("matrow"),
        counts.len(),
        1,
        order.iter().map(|&k| rows.values[k]).collect(),
    );
    let mut r = Results::default();
    r.scalar("N", total).scalar("r", counts.len() as f64);
    s.r = r;
    Ok(())
}

fn store_matrix(s: &mut Session, name: Option<&str>, rows: usize, cols: usize, values: Vec<f64>) {
    if let Some(name) = name {
        s.matrices.insert(name.trim().to_string(), std::sync::Arc::new(Matrix::new(rows, cols, values)));
    }
}

/// Row totals, column totals and the total of a table.
fn margins(counts: &[f64], width: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let across: Vec<f64> = counts.chunks(width).map(|r| r.iter().sum()).collect();
    let down: Vec<f64> = (0..width).map(|j| counts.iter().skip(j).step_by(width).sum()).collect();
    let total = across.iter().sum();
    (across, down, total)
}

fn two_way(
    s: &mut Session,
    cmd: &ParsedCommand,
    rows: &Levels,
    columns: &Levels,
    counts: Vec<f64>,
) -> Result<()> {
    if counts.is_empty() {
        s.print("no observations");
        s.r = Results::default();
        return Ok(());
    }
    let width = columns.labels.len();
    let (across, down, total) = margins(&counts, width);
    print_table(s, cmd, rows, columns, &counts);
    let df = ((across.len() - 1) * (width - 1)) as f64;
    let expected = |k: usize| across[k / width] * down[k % width] / total;
    let pearson: f64 = counts.iter().enumerate().map(|(k, o)| (o - expected(k)).powi(2) / expected(k)).sum();
    let ratio: f64 = 2.0
        * counts
            .iter()
            .enumerate()
            .filter(|(_, o)| **o > 0.0)
            .map(|(k, o)| o * (o / expected(k)).ln())
            .sum::<f64>();
    let mut r = Results::default();
    r.scalar("N", total).scalar("r", across.len() as f64).scalar("c", width as f64);
    let any = ["chi2", "lrchi2", "v", "exact"].iter().any(|o| cmd.has(o));
    if any {
        s.print("");
    }
    if cmd.has("chi2") {
        let p = chi2_tail(df, pearson);
        s.print(format!(
            "          Pearson chi2({df}) = {}   Pr = {}",
            format::number("%8.4f", pearson),
            format::bare("%5.3f", p)
        ));
        r.scalar("chi2", pearson).scalar("p", p);
    }
    if cmd.has("lrchi2") {
        let p = chi2_tail(df, ratio);
        s.print(format!(
            " Likelihood-ratio chi2({df}) = {}   Pr = {}",
            format::number("%8.4f", ratio),
            format::bare("%5.3f", p)
        ));
        r.scalar("chi2_lr", ratio).scalar("p_lr", p);
    }
    if cmd.has("v") {
        // for two-by-two tables V keeps the sign of the association
        let v = if across.len() == 2 && width == 2 {
            (counts[0] * counts[3] - counts[1] * counts[2])
                / (across[0] * across[1] * down[0] * down[1]).sqrt()
        } else {
            (pearson / total / ((across.len().min(width) - 1) as f64)).sqrt()
        };
        s.print(format!("               Cramér's V = {}", format::number("%8.4f", v)));
        r.scalar("CramersV", v);
    }
    if cmd.has("exact") {
        if across.len() != 2 || width != 2 {
            return Err(StataError::new(
                199,
                "option exact of command tabulate is supported by the open engine for two-by-two tables only",
            ));
        }
        let p = fisher(&counts);
        s.print(format!("           Fisher's exact =                 {}", format::bare("%5.3f", p)));
        r.scalar("p_exact", p);
    }
    store_matrix(s, cmd.options.text("matrow"), rows.values.len(), 1, rows.values.clone());
    store_matrix(s, cmd.options.text("matcol"), 1, width, columns.values.clone());
    store_matrix(s, cmd.options.text("matcell"), across.len(), width, counts);
    s.r = r;
    Ok(())
}

/// Two-sided probability of Fisher's exact test: tables no more probable than the observed one.
fn fisher(counts: &[f64]) -> f64 {
    let (across, down, total) = margins(counts, 2);
    let ln_choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let ln_p =
        |a: f64| ln_choose(across[0], a) + ln_choose(across[1], down[0] - a) - ln_choose(total, down[0]);
    let observed = ln_p(counts[0]);
    let low = (down[0] - across[1]).max(0.0) as u64;
    let high = across[0].min(down[0]) as u64;
    let sum: f64 = (low..=high).map(|a| ln_p(a as f64)).filter(|&p| p <= observed + 1e-7).map(f64::exp).sum();
    sum.min(1.0)
}

fn print_table(s: &mut Session, cmd: &ParsedCommand, rows: &Levels, columns: &Levels, counts: &[f64]) {
    let width = columns.labels.len();
    let (across, down, total) = margins(counts, width);
    let stub = rows.labels.iter().map(|l| l.chars().count()).max().unwrap_or(0).clamp(10, 20);
    let cell = |x: f64| format::right(&format::bare("%10.0gc", x), 10);
    let share = |x: f64| format::right(&format::bare("%8.2f", x), 10);
    let rule = format!("{}+{}+----------", "-".repeat(stub + 1), "-".repeat(11 * width));
    let line = |s: &mut Session, name: &str, cells: Vec<String>, last: String| {
        let joined: String = cells.iter().map(|c| format!("{c} ")).collect();
        s.print(format!("{} |{joined}|{last}", format::right(&format::abbrev(name, stub), stub)));
    };
    s.print("");
    s.print(format!(
        "{} |{:^w$}|",
        " ".repeat(stub),
        format::abbrev(&columns.title, 11 * width),
        w = 11 * width
    ));
    let heads: Vec<String> =
        columns.labels.iter().map(|l| format::right(&format::abbrev(l, 10), 10)).collect();
    line(s, &rows.title, heads, "     Total".to_string());
    s.print(&rule);
    let mut blocks: Vec<(String, Vec<f64>, f64)> = rows
        .labels
        .iter()
        .enumerate()
        .map(|(i, l)| (l.clone(), counts[i * width..(i + 1) * width].to_vec(), across[i]))
        .collect();
    blocks.push(("Total".to_string(), down.clone(), total));
    let shown = blocks.len();
    for (i, (name, cells, sum)) in blocks.into_iter().enumerate() {
        if i + 1 == shown {
            s.print(&rule);
        }
        let mut name = name.as_str();
        if !cmd.has("nofreq") {
            line(s, name, cells.iter().map(|&x| cell(x)).collect(), cell(sum));
            name = "";
        }
        if cmd.has("expected") {
            let e: Vec<String> =
                down.iter().map(|d| format::right(&format::bare("%9.1f", sum * d / total), 10)).collect();
            line(s, name, e, format::right(&format::bare("%9.1f", sum), 10));
            name = "";
        }
        if cmd.has("row") {
            line(s, name, cells.iter().map(|x| share(100.0 * x / sum)).collect(), share(100.0));
            name = "";
        }
        if cmd.has("column") {
            line(
                s,
                name,
                cells.iter().zip(&down).map(|(x, d)| share(100.0 * x / d)).collect(),
                share(100.0 * sum / total),
            );
            name = "";
        }
        if cmd.has("cell") {
            line(
                s,
                name,
                cells.iter().map(|x| share(100.0 * x / total)).collect(),
                share(100.0 * sum / total),
            );
        }
    }
}
