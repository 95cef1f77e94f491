//! `gtop` and `gtoplevelsof`: the most frequent levels. Written from the help file of gtools.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::{grouped, level_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use unicode_width::UnicodeWidthStr;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("ntop"),
    OptSpec::int("freqabove"),
    OptSpec::text("pctfmt"),
    OptSpec::flag_or_text("missrow"),
    OptSpec::flag("nomiss"),
    OptSpec::flag("noOTHer"),
    OptSpec::text("LOCal"),
    OptSpec::text("MATrix"),
    OptSpec::flag("noVALUELABels"),
    OptSpec::flag("SILENT"),
])
.unsupported(&[
    "colsep",
    "numfmt",
    "colmax",
    "colstrmax",
    "cols",
    "groupmiss",
    "outer",
    "mata",
    "alpha",
    "pctabove",
    "numlist",
]);

macro_rules! declared {
    ($name:literal) => {
        CommandSpec {
            name: $name,
            min: $name.len(),
            form: Form::Standard(&SYNTAX),
            by: ByRule::No,
            run,
            syntax: concat!(
                $name,
                " varlist [if] [in] [, ntop(# | .) freqabove(#) missrow nomiss noother pctfmt(fmt) local(name) matrix(name) novaluelabels silent]"
            ),
            notes: "a minus before # of ntop() shows the rarest; ties keep the order of the levels; stores r(N) r(J) r(ntop) r(levels) and the matrix r(toplevels) with ID N Cum Pct PctCum, where ID is 1 for levels, 2 for missing values (missrow) and 3 for the others",
            examples: &[Example {
                run: concat!(
                    "set obs 10\ngenerate x = cond(_n <= 5, 3, cond(_n <= 8, 1, cond(_n == 9, 2, .)))\n",
                    $name,
                    " x, ntop(2)\nscalar other = el(r(toplevels), 3, 2)\nscalar n = r(N)\n",
                    $name,
                    " x, ntop(1) missrow noother local(l)\nmatrix t = r(toplevels)\nscalar top = `l'"
                ),
                expect: &[
                    ("other", 2.0),
                    ("n", 10.0),
                    ("t[1,2]", 5.0),
                    ("t[1,4]", 50.0),
                    ("t[2,2]", 1.0),
                    ("top", 3.0),
                ],
            }],
        }
    };
}

/// The command `gtop`.
pub(crate) const SPEC: CommandSpec = declared!("gtop");
/// Its long name.
pub(crate) const SPEC_LONG: CommandSpec = declared!("gtoplevelsof");

/// A line of the table.
struct Line {
    cells: Vec<String>,
    id: f64,
    count: usize,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    let absent = |row: usize| {
        let mut one = vec![false; keep.len()];
        one[row] = true;
        s.markout(&vars, &mut one, true).map(|()| !one[row])
    };
    let mut groups = grouped(s, &vars, rows);
    let apart = cmd.has("missrow") || cmd.has("nomiss");
    let mut missing = 0;
    if apart {
        let mut present = Vec::new();
        for group in groups {
            match absent(group[0])? {
                true => missing += group.len(),
                false => present.push(group),
            }
        }
        groups = present;
    }
    if groups.is_empty() && missing == 0 {
        return Err(StataError::no_observations());
    }
    let total: usize =
        groups.iter().map(Vec::len).sum::<usize>() + if cmd.has("nomiss") { 0 } else { missing };
    let levels = groups.len();
    let wanted = ntop(cmd)?;
    if wanted < 0 {
        groups.sort_by_key(Vec::len);
    } else {
        groups.sort_by_key(|g| std::cmp::Reverse(g.len()));
    }
    let least = cmd.options.int("freqabove").unwrap_or(0).max(0) as usize;
    groups.retain(|g| g.len() >= least);
    groups.truncate(wanted.unsigned_abs() as usize);
    let name = |v: usize, row: usize| {
        let var = s.frame.var(v);
        match cmd.has("novaluelabels") && !var.is_string() {
            true => format::bare(&var.format, var.data.num(row)),
            false => level_name(s, v, row),
        }
    };
    let mut lines: Vec<Line> = groups
        .iter()
        .map(|g| Line { cells: vars.iter().map(|v| name(*v, g[0])).collect(), id: 1.0, count: g.len() })
        .collect();
    let names: Vec<String> = lines.iter().map(|l| l.cells.join(" ")).collect();
    let blank = |text: &str, id, count| {
        let mut cells = vec![String::new(); vars.len()];
        cells[0] = text.to_string();
        Line { cells, id, count }
    };
    if cmd.has("missrow") && missing > 0 && !cmd.has("nomiss") {
        let text = cmd.options.text("missrow").map_or("Missing", str::trim).to_string();
        lines.push(blank(&text, 2.0, missing));
    }
    let rest = total - lines.iter().map(|l| l.count).sum::<usize>();
    if rest > 0 && !cmd.has("noother") {
        let others = levels - names.len();
        lines.push(blank(&format!("Other ({others})"), 3.0, rest));
    }
    finish(s, cmd, &vars, &lines, &names, total, levels)
}

fn ntop(cmd: &ParsedCommand) -> Result<i64> {
    match cmd.options.text("ntop").map(str::trim) {
        None => Ok(10),
        Some(".") => Ok(i64::MAX),
        Some("-.") => Ok(-i64::MAX),
        Some(text) => text.parse().map_err(|_| StataError::invalid("option ntop() incorrectly specified")),
    }
}

fn finish(
    s: &mut Session,
    cmd: &ParsedCommand,
    vars: &[usize],
    lines: &[Line],
    names: &[String],
    total: usize,
    levels: usize,
) -> Result<()> {
    let mut table = Vec::new();
    let mut sum = 0;
    for line in lines {
        sum += line.count;
        let percent = |n: usize| 100.0 * n as f64 / total as f64;
        table.extend([line.id, line.count as f64, sum as f64, percent(line.count), percent(sum)]);
    }
    if !cmd.has("silent") {
        show(s, vars, lines, &table, cmd.options.text("pctfmt").unwrap_or("%5.1f"));
    }
    let mut matrix = Matrix::new(lines.len(), 5, table);
    matrix.col_names = ["ID", "N", "Cum", "Pct", "PctCum"].map(Stripe::term).to_vec();
    let quoted = |name: &String| if name.contains(' ') { format!("`\"{name}\"'") } else { name.clone() };
    let all = names.iter().map(quoted).collect::<Vec<_>>().join(" ");
    if let Some(name) = cmd.options.text("local") {
        s.set_local(name.trim(), all.as_str());
    }
    if let Some(name) = cmd.options.text("matrix") {
        s.matrices.insert(name.trim().to_string(), std::sync::Arc::new(matrix.clone()));
    }
    let mut r = Results::default();
    r.scalar("N", total as f64).scalar("J", levels as f64).scalar("ntop", names.len() as f64);
    r.text("levels", all).matrix("toplevels", matrix);
    s.r = r;
    Ok(())
}

fn show(s: &mut Session, vars: &[usize], lines: &[Line], table: &[f64], percents: &str) {
    let heads: Vec<String> = vars.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let widths: Vec<usize> = (0..vars.len())
        .map(|k| {
            let levels = lines.iter().filter(|l| l.id == 1.0).map(|l| l.cells[k].width());
            levels.max().unwrap_or(0).max(heads[k].width())
        })
        .collect();
    let join = |cells: &[String]| {
        cells.iter().zip(&widths).map(|(c, w)| format::right(c, *w)).collect::<Vec<_>>().join("   ")
    };
    // what is no level stands right across all columns of names
    let names: Vec<String> =
        lines.iter().map(|l| if l.id == 1.0 { join(&l.cells) } else { l.cells[0].clone() }).collect();
    let head = join(&heads);
    let stub = names.iter().map(|n| n.width()).max().unwrap_or(0).max(head.width()).max(6) + 2;
    let digits =
        |column: usize| table.chunks(5).map(|c| c[column].to_string().len()).max().unwrap_or(3).max(3) + 2;
    let (counts, sums) = (digits(1), digits(2));
    let line = |name: &str, cells: [String; 4]| {
        let [n, sum, percent, percents] = cells;
        let name = format::right(name, stub);
        format!("{name} |{n:>counts$}{sum:>sums$}{percent:>10}{percents:>14}")
    };
    s.print("");
    let head = line(&head, ["N", "Cum", "Pct (%)", "Cum Pct (%)"].map(str::to_string));
    s.print(&head);
    let rule = format!(" {}", "-".repeat(head.width()));
    s.print(&rule);
    let mut others = false;
    for ((row, name), cells) in lines.iter().zip(&names).zip(table.chunks(5)) {
        if row.id != 1.0 && !others {
            s.print(&rule);
            others = true;
        }
        let percent = |x: f64| format::bare(percents, x).trim().to_string();
        s.print(line(
            name,
            [cells[1].to_string(), cells[2].to_string(), percent(cells[3]), percent(cells[4])],
        ));
    }
}
