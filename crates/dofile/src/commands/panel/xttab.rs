//! `xttab` and `xttrans`: frequencies of a variable over and between units, and transitions from one period to the next.
//! Formulas: [XT] xttab. The within share of a value is the mean, over the units that ever have it, of the share of
//! its rows with the value; the total of the manual's example follows from that alone: 4711 / (3113 + 3643) = 69.73 %.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::unit_variable;
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::format;
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::is_missing;

const TAB_SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("I")]);
const TRANS_SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("I"), OptSpec::text("T"), OptSpec::flag("FREQ")]);

/// `xttab`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xttab",
    min: 5,
    form: Form::Standard(&TAB_SYNTAX),
    by: ByRule::EachGroup,
    run: tab,
    syntax: "xttab varname [if] [in] [, i(v)]",
    notes: "stores r(n) (units) and r(results): value, overall, between and within frequencies in rows; formulas: [XT] xttab",
    examples: &[Example {
        // Unit 1: 0 0 1, unit 2: 1 1, unit 3: 0; the units with 0 have it in 2/3 and in all of their rows.
        run: "input id x\n1 0\n1 0\n1 1\n2 1\n2 1\n3 0\nend\nxtset id\nxttab x\nmatrix R = r(results)",
        expect: &[
            ("r(n)", 3.0),
            ("R[1,2]", 3.0),
            ("R[1,3]", 2.0),
            ("R[1,4]", 250.0 / 3.0),
            ("R[2,4]", 200.0 / 3.0),
        ],
    }],
};

/// `xttrans`.
pub(super) const SPEC_TRANSITIONS: CommandSpec = CommandSpec {
    name: "xttrans",
    min: 7,
    form: Form::Standard(&TRANS_SYNTAX),
    by: ByRule::EachGroup,
    run: transitions,
    syntax: "xttrans varname [if] [in] [, i(v) t(v) freq]",
    notes: "from one observation of a unit to its next one, whatever the time between; no results; formulas: [XT] xttab",
    examples: &[Example {
        run: "input id t x\n1 1 0\n1 2 0\n1 3 1\n2 1 1\n2 2 1\nend\nxtset id t\nxttrans x, freq",
        expect: &[("_N", 5.0)],
    }],
};

/// The variable, and the rows in which the listed variables are known.
fn rows_of(s: &Session, cmd: &ParsedCommand, known: &[usize], own: bool) -> Result<(usize, Vec<usize>)> {
    let list = s.varlist(&cmd.list)?;
    let [variable] = list[..] else {
        return Err(StataError::standard(if list.is_empty() { 100 } else { 103 }));
    };
    if s.frame.var(variable).is_string() {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(known, &mut touse, true)?;
    if own {
        s.markout(&[variable], &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    Ok((variable, rows))
}

/// Values in order, the place of each row's value (none where it is missing), and how they are shown.
fn levels(s: &Session, variable: usize, rows: &[usize]) -> (Vec<f64>, Vec<Option<usize>>, Vec<String>) {
    let x: Vec<f64> = rows.iter().map(|r| s.frame.num_at(variable, *r)).collect();
    let mut values: Vec<f64> = x.iter().copied().filter(|v| !is_missing(*v)).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let place: Vec<Option<usize>> =
        x.iter().map(|v| (!is_missing(*v)).then(|| values.partition_point(|k| k < v))).collect();
    let mut texts = vec![String::new(); values.len()];
    for (row, k) in rows.iter().zip(&place) {
        if let Some(k) = k {
            texts[*k] = s.cell_text(variable, *row, false);
        }
    }
    (values, place, texts)
}

fn tab(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let unit = unit_variable(s, cmd.options.text("i"))?;
    let (variable, rows) = rows_of(s, cmd, &[unit], true)?;
    let (values, place, texts) = levels(s, variable, &rows);
    let units = number_groups(&s.frame, unit, &rows).0;
    let sizes = units.iter().fold(Vec::new(), |mut n: Vec<f64>, u| {
        n.resize(n.len().max(*u as usize + 1), 0.0);
        n[*u as usize] += 1.0;
        n
    });
    let (total, count) = (rows.len() as f64, sizes.len() as f64);
    let name = format::right(&format::abbrev(&s.frame.var(variable).name, 8), 9);
    s.print("");
    s.print("                  Overall             Between            Within");
    s.print(format!("{name} |    Freq.  Percent      Freq.  Percent        Percent"));
    let rule = "----------+-----------------------------------------------------";
    s.print(rule);
    let mut table = Vec::new();
    let (mut between_all, mut within_all) = (0.0, 0.0);
    for (k, value) in values.iter().enumerate() {
        let overall = place.iter().filter(|p| **p == Some(k)).count() as f64;
        let mut have = vec![0.0; sizes.len()];
        place.iter().zip(&units).filter(|(p, _)| **p == Some(k)).for_each(|(_, u)| have[*u as usize] += 1.0);
        let between = have.iter().filter(|n| **n > 0.0).count() as f64;
        let within = 100.0 * have.iter().zip(&sizes).map(|(h, n)| h / n).sum::<f64>() / between;
        between_all += between;
        within_all += between * within;
        let left = format::right(&texts[k].chars().take(9).collect::<String>(), 9);
        s.print(line(&left, (overall, total), (between, count), within));
        table.extend([*value, overall, between, within]);
    }
    s.print(rule);
    s.print(line("    Total", (total, total), (between_all, count), within_all / between_all));
    let units = format!("(n = {count})");
    s.print(format!("{units:>36}"));
    let mut results = Results::default();
    results.scalar("n", count);
    results.matrix("results", Matrix::new(values.len(), 4, table));
    s.r = results;
    Ok(())
}

fn line(left: &str, overall: (f64, f64), between: (f64, f64), within: f64) -> String {
    format!(
        "{left} | {:>8} {:>8.2}   {:>8} {:>8.2}        {:>7.2}",
        format::bare("%8.0g", overall.0),
        100.0 * overall.0 / overall.1,
        format::bare("%8.0g", between.0),
        100.0 * between.0 / between.1,
        within
    )
}

fn transitions(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let unit = unit_variable(s, cmd.options.text("i"))?;
    let time = match cmd.options.text("t") {
        Some(name) => s.numeric_variable(name)?,
        None => Panel::of(&s.frame)?.series()?,
    };
    // rows with a missing value stay in the order: nothing leads to them or away from them
    let (variable, rows) = rows_of(s, cmd, &[unit, time], false)?;
    let (values, place, texts) = levels(s, variable, &rows);
    let k = values.len();
    if k == 0 {
        return Err(StataError::no_observations());
    }
    let units = number_groups(&s.frame, unit, &rows).0;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let at = |i: usize| s.frame.num_at(time, rows[i]);
    order.sort_by(|a, b| units[*a].cmp(&units[*b]).then(at(*a).total_cmp(&at(*b))));
    let mut cells = vec![0.0; k * k];
    for pair in order.windows(2).filter(|p| units[p[0]] == units[p[1]]) {
        if let (Some(from), Some(to)) = (place[pair[0]], place[pair[1]]) {
            cells[from * k + to] += 1.0;
        }
    }
    show_transitions(s, variable, &texts, &cells, cmd.has("freq"));
    Ok(())
}

/// The table: rows are where a unit comes from, columns where it goes; shares of rows in percent.
fn show_transitions(s: &mut Session, variable: usize, texts: &[String], cells: &[f64], counts: bool) {
    let k = texts.len();
    let label = s.frame.var(variable).label.clone();
    let title = if label.is_empty() { s.frame.var(variable).name.clone() } else { label };
    let cut = |t: &str, n: usize| format::right(&t.chars().take(n).collect::<String>(), n);
    let rule = format!("-----------+{}+-----------", "-".repeat(11 * k));
    s.print("");
    s.print(format!("{} | {}", cut(&title, 10), title));
    let heads: String = texts.iter().map(|t| cut(t, 11)).collect();
    s.print(format!("{} |{heads} |     Total", cut("", 10)));
    s.print(rule.clone());
    let columns: Vec<f64> = (0..k).map(|j| (0..k).map(|i| cells[i * k + j]).sum()).collect();
    let mut rows: Vec<(&str, &[f64])> =
        texts.iter().zip(cells.chunks(k)).map(|(t, c)| (t.as_str(), c)).collect();
    rows.push(("Total", &columns));
    for (i, (name, values)) in rows.iter().enumerate() {
        let total: f64 = values.iter().sum();
        if i == k {
            s.print(rule.clone());
        }
        let mut left = cut(name, 10);
        if counts {
            let shown: String =
                values.iter().map(|v| format!("{:>11}", format::bare("%9.0gc", *v))).collect();
            s.print(format!("{left} |{shown} |{:>10}", format::bare("%9.0gc", total)));
            left = cut("", 10);
        }
        let share = |v: f64| if total > 0.0 { format!("{:.2}", 100.0 * v / total) } else { ".".to_string() };
        let shown: String = values.iter().map(|v| format!("{:>11}", share(*v))).collect();
        s.print(format!("{left} |{shown} |{:>10}", share(total)));
    }
}
