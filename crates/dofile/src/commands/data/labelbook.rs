//! `labelbook`: the value labels and what may be wrong with them ([D] labelbook).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::ValueLabel;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{is_missing, missing_text};
use std::collections::BTreeSet;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "stores r(names) and, with the labels that have them, r(gaps) r(blanks) r(null) r(nuniq) r(nuniq_sh) r(ntruniq) r(notused) r(notdefined) r(missings); only the current language is read; [D] labelbook",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\nlabel define one 1 \"yes\" 3 \" no\" .a \"none\"\nlabel define two 1 \"a\" 2 \"a\"\nlabel values x two\nlabelbook\nscalar names = \"`r(names)'\" == \"one two\"\nscalar gaps = \"`r(gaps)'\" == \"one\"\nscalar blanks = \"`r(blanks)'\" == \"one\"\nscalar nuniq = \"`r(nuniq)'\" == \"two\"\nscalar notused = \"`r(notused)'\" == \"one\"\nlabelbook one, problems",
        expect: &[
            ("names", 1.0),
            ("gaps", 1.0),
            ("blanks", 1.0),
            ("nuniq", 1.0),
            ("notused", 1.0),
            ("r(names) == \"one\"", 1.0),
        ],
    }],
    ..CommandSpec::raw(
        "labelbook",
        9,
        run,
        "labelbook [lblname-list] [, alpha length(#) list(#) problems detail]",
    )
};

/// What is found in a set of labels.
struct Facts {
    range: (f64, f64),
    count: usize,
    missing: usize,
    lengths: (usize, usize),
    gaps: bool,
    unique: bool,
    unique_short: bool,
    null: bool,
    blanks: bool,
    numeric: bool,
}

fn facts(set: &ValueLabel, short: usize) -> Facts {
    let numbers: Vec<f64> = set.iter().map(|(x, _)| x).filter(|x| !is_missing(*x)).collect();
    let texts: Vec<&str> = set.iter().map(|(_, t)| t).collect();
    let lengths = texts.iter().map(|t| t.chars().count());
    let different = |length: usize| {
        let cut: BTreeSet<String> = texts.iter().map(|t| t.chars().take(length).collect()).collect();
        cut.len() == texts.len()
    };
    let span = (numbers.first().copied().unwrap_or(0.0), numbers.last().copied().unwrap_or(0.0));
    Facts {
        range: span,
        count: numbers.len(),
        missing: texts.len() - numbers.len(),
        lengths: (lengths.clone().min().unwrap_or(0), lengths.max().unwrap_or(0)),
        gaps: !numbers.is_empty() && span.1 - span.0 + 1.0 > numbers.len() as f64,
        unique: different(usize::MAX),
        unique_short: different(short),
        null: texts.iter().any(|t| t.is_empty()),
        blanks: texts.iter().any(|t| t.trim() != *t),
        numeric: texts.iter().any(|t| t.trim().parse::<f64>().is_ok()),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut inner = ParsedCommand::whole("labelbook", &cmd.raw)?;
    inner.check_options(
        &[
            OptSpec::flag("Alpha"),
            OptSpec::int("LEngth"),
            OptSpec::int("List"),
            OptSpec::flag("Problems"),
            OptSpec::flag("Detail"),
        ],
        &[],
    )?;
    let names: Vec<String> = match inner.list.trim() {
        "" => s.frame.value_labels.keys().cloned().collect(),
        list => list.split_whitespace().map(str::to_string).collect(),
    };
    if let Some(name) = names.iter().find(|n| !s.frame.value_labels.contains_key(*n)) {
        return Err(StataError::new(111, format!("value label {name} not found")));
    }
    let short = inner.options.int("length").unwrap_or(12).max(1) as usize;
    let all: Vec<(String, Facts)> =
        names.iter().map(|n| (n.clone(), facts(&s.frame.value_labels[n], short))).collect();
    if !inner.has("problems") || inner.has("detail") {
        for (name, facts) in &all {
            show(s, &inner, name, facts, short);
        }
    }
    let mut r = Results::default();
    r.text("names", names.join(" "));
    let mut problems = Vec::new();
    let mut keep = |name: &str, text: String, list: Vec<String>| {
        if !list.is_empty() {
            let list = list.join(" ");
            r.text(name, list.as_str());
            problems.push((text, list));
        }
    };
    let that = |test: &dyn Fn(&Facts) -> bool| -> Vec<String> {
        all.iter().filter(|(_, f)| test(f)).map(|(n, _)| n.clone()).collect()
    };
    let used: BTreeSet<&String> = s.frame.vars().iter().map(|v| &v.value_label).collect();
    keep("gaps", "gaps in mapped values".into(), that(&|f| f.gaps));
    keep("nuniq", "duplicate labels".into(), that(&|f| !f.unique));
    keep("ntruniq", "duplicate labels at the length that is shown".into(), that(&|f| !f.unique_short));
    keep("nuniq_sh", format!("duplicate labels at length {short}"), that(&|f| f.unique && !f.unique_short));
    keep("null", "value label mapped to null string".into(), that(&|f| f.null));
    keep("blanks", "leading or trailing blanks".into(), that(&|f| f.blanks));
    keep("numlabels", "numeric -> numeric".into(), that(&|f| f.numeric));
    keep("missings", "missing values mapped to labels".into(), that(&|f| f.missing > 0));
    keep(
        "notused",
        "not used by variables".into(),
        names.iter().filter(|n| !used.contains(n)).cloned().collect(),
    );
    if inner.has("problems") {
        report(s, &problems);
    }
    s.r = r;
    Ok(())
}

fn report(s: &mut Session, problems: &[(String, String)]) {
    s.print("");
    if problems.is_empty() {
        s.print("no potential problems in dataset");
        return;
    }
    s.print("   Potential problems in dataset");
    s.print("");
    s.print(format!("{:>40}   value labels", "potential problem"));
    s.print(format!("{:>40}   {}", "-".repeat(37), "-".repeat(30)));
    for (what, list) in problems {
        s.print(format!("{what:>40}   {list}"));
    }
}

fn show(s: &mut Session, cmd: &ParsedCommand, name: &str, f: &Facts, short: usize) {
    let width = s.settings.linesize;
    let yes = |b: bool| if b { "yes" } else { "no" };
    let rule = "-".repeat(width);
    s.print("");
    s.print(&rule);
    s.print(format!("value label {name} "));
    s.print(&rule);
    s.print("");
    s.print("      values                                    labels");
    let pair = |left: &str, a: String, right: &str, b: String| {
        format!("{left:>13}  {}{right:>23}  {b}", format::left(&a, 14))
    };
    s.print(pair(
        "range:",
        format!("[{},{}]", f.range.0, f.range.1),
        "string length:",
        format!("[{},{}]", f.lengths.0, f.lengths.1),
    ));
    s.print(pair("N:", f.count.to_string(), "unique at full length:", yes(f.unique).into()));
    s.print(pair(
        "gaps:",
        yes(f.gaps).into(),
        &format!("unique at length {short}:"),
        yes(f.unique_short).into(),
    ));
    s.print(pair("missing .*:", f.missing.to_string(), "null string:", yes(f.null).into()));
    s.print(format!("{:>52}  {}", "leading/trailing blanks:", yes(f.blanks)));
    s.print(format!("{:>52}  {}", "numeric -> numeric:", yes(f.numeric)));
    s.print("  definition");
    let mut rows: Vec<(f64, String)> =
        s.frame.value_labels[name].iter().map(|(x, t)| (x, t.to_string())).collect();
    if cmd.has("alpha") {
        rows.sort_by(|a, b| a.1.cmp(&b.1));
    }
    let most = cmd.options.int("list").map_or(usize::MAX, |n| n.max(0) as usize);
    for (x, text) in rows.iter().take(most) {
        let value = if is_missing(*x) { missing_text(*x) } else { format::macro_text(*x) };
        s.print(format!("{value:>12}   {text}"));
    }
    if rows.len() > most {
        s.print(format!("{:>12}   (output omitted)", ""));
    }
    let vars: Vec<&str> =
        s.frame.vars().iter().filter(|v| v.value_label == name).map(|v| v.name.as_str()).collect();
    let vars = vars.join(" ");
    s.print("");
    s.print(format!("   variables:  {vars}"));
}
