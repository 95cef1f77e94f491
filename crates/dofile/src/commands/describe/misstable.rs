//! `misstable`: counts and patterns of missing values.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::format::count_text;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::descriptive::Sample;

const MISSTABLE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ALL"),
    OptSpec::flag("SHOWZeros"),
    OptSpec::flag("FREQuency"),
    OptSpec::text("GENerate"),
    OptSpec::flag("ASIS"),
    OptSpec::flag("BYPATterns"),
])
.unsupported(&["EXMISSing", "EXOK", "REPLACE", "CLEAR"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "misstable",
    min: 7,
    form: Form::Standard(&MISSTABLE),
    by: ByRule::No,
    run,
    syntax: "misstable {summarize|patterns} [varlist] [if] [in] [, all showzeros frequency generate(stub)]",
    notes: "summarize stores r(N_eq_dot) r(N_gt_dot) r(N_lt_dot) r(K_uniq) r(min) r(max) of the last variable and r(vartype); patterns stores r(N_complete) r(N_incomplete) r(K)",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\nreplace x = . in 1\nreplace x = .a in 2\nmisstable summarize x",
        expect: &[("r(N_eq_dot)", 1.0), ("r(N_gt_dot)", 1.0), ("r(N_lt_dot)", 3.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (what, list) = cmd.list.split_once(char::is_whitespace).unwrap_or((cmd.list.as_str(), ""));
    let mut vars = if list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(list)? };
    vars.retain(|&v| !s.frame.var(v).is_string());
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|&r| keep[r]).collect();
    if what.len() >= 3 && "summarize".starts_with(what) {
        summarize(s, cmd, &vars, &rows)
    } else if what.len() >= 3 && "patterns".starts_with(what) {
        patterns(s, cmd, &vars, &rows);
        Ok(())
    } else {
        Err(StataError::unsupported_command(&format!("misstable {what}")))
    }
}

fn summarize(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], rows: &[usize]) -> Result<()> {
    let rule = |a: &str| format!("{}+{}", "-".repeat(14), a);
    let mut r = Results::default();
    let mut lines = Vec::new();
    let mut stubs = Vec::new();
    for &v in vars {
        let x: Vec<f64> = rows.iter().map(|&k| s.frame.num_at(v, k)).collect();
        let eq = x.iter().filter(|x| **x == crate::value::MISSING).count();
        let gt = x.iter().filter(|x| is_missing(**x) && **x != crate::value::MISSING).count();
        let sample = Sample::plain(x.iter().copied());
        let mut unique = sample.x.clone();
        unique.dedup();
        r.scalar("N_eq_dot", eq as f64)
            .scalar("N_gt_dot", gt as f64)
            .scalar("N_lt_dot", sample.rows() as f64);
        r.scalar("K_uniq", unique.len() as f64);
        if sample.rows() > 0 {
            r.scalar("min", sample.min()).scalar("max", sample.max());
        }
        r.text("vartype", "numeric");
        if eq + gt == 0 && !cmd.has("all") {
            continue;
        }
        let zero = |n: usize| if n == 0 && !cmd.has("showzeros") { String::new() } else { count_text(n) };
        let many = if unique.len() > 500 { ">500".to_string() } else { unique.len().to_string() };
        let g = |x: f64| format::right(&format::bare("%9.0g", x), 10);
        lines.push(format!(
            "{} |{:>10} {:>9} {:>9}  |{:>8} {} {}",
            format::right(&format::abbrev(&s.frame.var(v).name, 13), 13),
            zero(eq),
            zero(gt),
            count_text(sample.rows()),
            many,
            g(sample.min()),
            g(sample.max())
        ));
        stubs.push(v);
    }
    s.print("");
    if lines.is_empty() {
        s.print("(variables nonmissing or string)");
    } else {
        s.print(format!("{}Obs<.", " ".repeat(47)));
        s.print(format!("{}+{}", " ".repeat(47), "-".repeat(30)));
        s.print(format!("{} | {:>30} | Unique", " ".repeat(13), ""));
        s.print("     Variable |     Obs=.     Obs>.     Obs<.  |  values        Min        Max");
        s.print(rule(&format!("{}+{}", "-".repeat(32), "-".repeat(30))));
        lines.into_iter().for_each(|l| s.print(l));
        s.print("-".repeat(78));
    }
    if let Some(stub) = cmd.options.text("generate") {
        for v in stubs {
            let var = s.frame.var(v);
            let values: Vec<i8> =
                (0..s.frame.n_rows()).map(|k| i8::from(is_missing(var.data.num(k)))).collect();
            let name = format!("{stub}{}", var.name);
            s.frame.add(crate::frame::Variable::new(&name, crate::frame::Column::Byte(values)))?;
        }
    }
    s.r = r;
    Ok(())
}

fn patterns(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], rows: &[usize]) {
    let count = |v: usize| rows.iter().filter(|&&k| is_missing(s.frame.num_at(v, k))).count();
    let mut incomplete: Vec<(usize, usize)> =
        vars.iter().map(|&v| (v, count(v))).filter(|p| p.1 > 0).collect();
    if !cmd.has("asis") {
        incomplete.sort_by_key(|p| p.1);
    }
    let mut found: std::collections::BTreeMap<Vec<bool>, usize> = Default::default();
    for &k in rows {
        let pattern: Vec<bool> = incomplete.iter().map(|p| !is_missing(s.frame.num_at(p.0, k))).collect();
        *found.entry(pattern).or_insert(0) += 1;
    }
    let n = rows.len().max(1) as f64;
    let complete = found.iter().find(|(p, _)| p.iter().all(|x| *x)).map_or(0, |(_, c)| *c);
    let mut r = Results::default();
    r.scalar("N_complete", complete as f64)
        .scalar("N_incomplete", (rows.len() - complete) as f64)
        .scalar("K", incomplete.len() as f64);
    let names: Vec<&str> = incomplete.iter().map(|p| s.frame.var(p.0).name.as_str()).collect();
    r.text("vars", names.join(" "));
    s.print("");
    if incomplete.is_empty() {
        s.print("(no missing values)");
        s.r = r;
        return;
    }
    let frequency = cmd.has("frequency");
    s.print("          Missing-value patterns");
    s.print("            (1 means complete)");
    s.print("");
    s.print("              |   Pattern");
    let heads: Vec<String> = (1..=incomplete.len()).map(|k| format!("{k:>2}")).collect();
    s.print(format!("{:>13} | {}", if frequency { "Frequency" } else { "Percent" }, heads.join(" ")));
    s.print(format!("{}+{}", "-".repeat(14), "-".repeat(3 * heads.len() + 2)));
    let mut ordered: Vec<(&Vec<bool>, &usize)> = found.iter().collect();
    let absent = |pattern: &[bool]| pattern.iter().filter(|known| !**known).count();
    if cmd.has("bypatterns") {
        ordered.sort_by(|a, b| absent(a.0).cmp(&absent(b.0)).then(b.1.cmp(a.1)));
    } else {
        ordered.sort_by(|a, b| (absent(a.0) > 0).cmp(&(absent(b.0) > 0)).then(b.1.cmp(a.1)));
    }
    for (pattern, c) in ordered {
        let amount = if frequency { count_text(*c) } else { format!("{:.0}%", 100.0 * *c as f64 / n) };
        let marks: Vec<&str> = pattern.iter().map(|p| if *p { " 1" } else { " 0" }).collect();
        s.print(format!("{amount:>13} | {}", marks.join(" ")));
    }
    s.print(format!("{}+{}", "-".repeat(14), "-".repeat(3 * heads.len() + 2)));
    s.print(format!("{:>13} |", if frequency { count_text(rows.len()) } else { "100%".into() }));
    s.print("");
    let names: Vec<String> = incomplete
        .iter()
        .enumerate()
        .map(|(k, p)| format!("({}) {}", k + 1, s.frame.var(p.0).name))
        .collect();
    s.print(format!("  Variables are  {}", names.join("  ")));
    s.r = r;
}
