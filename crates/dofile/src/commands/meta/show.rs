//! Tables of meta-analyses.

use super::settings::{Declared, Model};
use crate::format;
use crate::session::Session;

/// The declaration.
pub(super) fn declaration(s: &mut Session) {
    let text = |s: &Session, key: &str| s.frame.char("_dta", key).to_string();
    s.print("");
    s.print("Meta-analysis setting information");
    s.print("");
    s.print(format!("    No. of studies: {}", text(s, "_meta_K")));
    s.print(format!("       Study label: {}", text(s, "_meta_studylabel")));
    for line in text(s, "_meta_query").lines() {
        let (key, value) = line.split_once(": ").unwrap_or((line, ""));
        s.print(format!("{:>18}: {value}", key.trim()));
    }
    s.print(format!("              Type: {}", text(s, "_meta_estype")));
    s.print(format!("             Label: {}", text(s, "_meta_eslabel")));
    s.print(format!("             Model: {}", text(s, "_meta_modelopt")));
    s.print(format!("         CI level : {}%", text(s, "_meta_level")));
}

/// Effect size, its standard error and label before the output of a command.
pub(super) fn before(s: &mut Session) {
    let text = |s: &Session, key: &str| s.frame.char("_dta", key).to_string();
    s.print("");
    s.print(format!("  Effect-size label: {}", text(s, "_meta_eslabel")));
    s.print("        Effect size: _meta_es");
    s.print("          Std. err.: _meta_se");
    s.print("        Study label: _meta_studylabel");
}

/// Title, model and method, with facts on the right.
pub(super) fn header(s: &mut Session, title: &str, model: &Model, studies: usize, facts: &[String]) {
    s.print("");
    let mut lines = vec![
        (title.to_string(), format!("Number of studies = {studies:>6}")),
        (format!("{} model", model.title()), String::new()),
        (format!("Method: {}", model.method_title()), String::new()),
    ];
    for (i, fact) in facts.iter().enumerate() {
        match lines.get_mut(i + 1) {
            Some(line) => line.1 = fact.clone(),
            None => lines.push((String::new(), fact.clone())),
        }
    }
    for (left, right) in lines {
        let room = 68usize.saturating_sub(left.chars().count());
        s.print(format!("{left}{right:>room$}").trim_end());
    }
}

/// A line of a table of effects.
pub(super) struct Row {
    /// Its name.
    pub name: String,
    /// Effect and limits.
    pub values: [f64; 3],
    /// Weight in percent.
    pub weight: Option<f64>,
}

impl Row {
    /// A study of the data.
    pub(super) fn study(data: &Declared, i: usize, z: f64, share: Option<f64>, eform: bool) -> Self {
        let (y, half) = (data.y[i], z * data.v[i].sqrt());
        Self { name: data.labels[i].clone(), values: shown([y, y - half, y + half], eform), weight: share }
    }
}

/// Values as they are shown.
pub(super) fn shown(values: [f64; 3], eform: bool) -> [f64; 3] {
    if eform { values.map(f64::exp) } else { values }
}

/// Prints a table of effects in parts, with a rule between them.
pub(super) fn table(s: &mut Session, heading: (&str, &str), level: f64, parts: &[Vec<Row>]) {
    let weights = parts.iter().flatten().any(|r| r.weight.is_some());
    let names = parts.iter().flatten().map(|r| r.name.chars().count());
    let width = names.max().unwrap_or(0).clamp(12, 22).max(heading.0.chars().count());
    let rule = |cross: &str| {
        format!("{}{cross}{}", "-".repeat(width + 1), "-".repeat(if weights { 49 } else { 39 }))
    };
    s.print("");
    s.print(rule("-"));
    let interval = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    s.print(format!(
        "{} | {:>11}    {interval:>20}{}",
        format::right(heading.0, width),
        heading.1,
        if weights { "  % weight" } else { "" }
    ));
    for part in parts {
        s.print(rule("+"));
        for row in part {
            let [y, low, high] = row.values.map(|x| format::number("%9.3f", x));
            let weight = row.weight.map_or(String::new(), |w| format!("{:>10}", format::bare("%9.2f", w)));
            s.print(format!(
                "{} | {y:>11}   {low:>9}   {high:>9}{weight}",
                format::right(&format::abbrev(&row.name, width), width)
            ));
        }
    }
    s.print(rule("-"));
}
