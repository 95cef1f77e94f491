//! The report of `codebook, problems`: names of the variables that may have a problem ([D] codebook). Columns stand as in
//! a printed log of Stata 16.

use super::codebook::Content;
use crate::session::Session;

/// Width of the names of problems.
const NAMES: usize = 32;

/// Names of variables by problem, in the order of the report.
fn found(s: &Session, contents: &[Content]) -> Vec<(&'static str, Vec<String>)> {
    let texts = |c: &Content, f: &dyn Fn(&str) -> bool| {
        c.var.is_string() && c.groups.iter().any(|g| f(c.var.data.str(g[0])))
    };
    let numbers = |c: &Content, f: &dyn Fn(f64) -> bool| {
        !c.var.is_string() && c.groups.iter().any(|g| f(c.var.data.num(g[0])))
    };
    let labels = |c: &Content| s.frame.labels_of(c.v);
    let unlabelled = |c: &Content| {
        let Some(set) = labels(c) else { return false };
        numbers(c, &|x| set.get(x).is_none())
    };
    let wide = |c: &Content| {
        let longest = c.groups.iter().map(|g| c.var.data.str(g[0]).len()).max().unwrap_or(0);
        let limit =
            c.var.data.storage_type().name().strip_prefix("str").and_then(|n| n.parse::<usize>().ok());
        limit.is_some_and(|limit| longest.max(1) < limit)
    };
    let dated = |c: &Content| c.var.format.trim_start_matches(['%', '-']).starts_with(['t', 'd']);
    type Check<'a> = (&'static str, Box<dyn Fn(&Content) -> bool + 'a>);
    let checks: [Check<'_>; 9] = [
        ("constant (or all missing) vars", Box::new(|c| c.groups.len() <= 1)),
        ("vars with nonexisting label", Box::new(|c| !c.var.value_label.is_empty() && labels(c).is_none())),
        ("incompletely labeled vars", Box::new(unlabelled)),
        ("str# vars that may be compressed", Box::new(|c| c.var.is_string() && wide(c))),
        ("string vars with leading blanks", Box::new(|c| texts(c, &|t| t.starts_with(' ')))),
        ("string vars with trailing blanks", Box::new(|c| texts(c, &|t| t.ends_with(' ')))),
        ("string vars with embedded blanks", Box::new(|c| texts(c, &|t| t.trim().contains(' ')))),
        ("string vars with embedded \\0", Box::new(|c| texts(c, &|t| t.contains('\0')))),
        ("noninteger-valued date vars", Box::new(|c| dated(c) && numbers(c, &|x| x.fract() != 0.0))),
    ];
    let named = checks.into_iter().map(|(name, check)| {
        let own = contents.iter().filter(|c| check(c)).map(|c| c.var.name.clone()).collect::<Vec<_>>();
        (name, own)
    });
    named.filter(|(_, own)| !own.is_empty()).collect()
}

/// Prints the report.
pub(super) fn report(s: &mut Session, contents: &[Content]) {
    let found = found(s, contents);
    let dataset = if s.frame.filename.is_empty() { "[unnamed]".into() } else { s.frame.filename.clone() };
    s.print("");
    if found.is_empty() {
        s.print(format!("no potential problems in dataset {dataset}"));
        return;
    }
    s.print(format!("   Potential problems in dataset   {dataset}"));
    s.print("");
    s.print(format!("{:>NAMES$}   variables", "potential problem"));
    let longest = found.iter().map(|(_, own)| own.join(" ").len()).max().unwrap_or(0);
    let rule = "-".repeat((NAMES + 3 + longest).max(50).min(s.settings.linesize));
    s.print(&rule);
    for (name, own) in &found {
        let mut line = format!("{name:>NAMES$}  ");
        for variable in own {
            if line.len() + 1 + variable.len() > s.settings.linesize && line.len() > NAMES + 2 {
                s.print(&line);
                line = " ".repeat(NAMES + 2);
            }
            line.push(' ');
            line.push_str(variable);
        }
        s.print(line);
    }
    s.print(rule);
}
