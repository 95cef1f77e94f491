//! Tables of meta-analyses.

use super::settings::{Declared, Model};
use crate::format;
use crate::session::Session;

/// The declaration: study information, effect size, precision, model and method.
pub(super) fn declaration(s: &mut Session) {
    let text = |key: &str| s.frame.char("_dta", key).to_string();
    let size = if s.frame.find("_meta_studysize").is_some() { "_meta_studysize" } else { "N/A" };
    let mut lines = vec![
        String::new(),
        "Meta-analysis setting information".to_string(),
        String::new(),
        " Study information".to_string(),
        fact("No. of studies", &text("_meta_K")),
        fact("Study label", &text("_meta_studylabel")),
        fact("Study size", size),
    ];
    if text("_meta_estype") != "Generic" {
        lines.push(fact("Summary data", &text("_meta_datavars")));
    }
    lines.extend([String::new(), format!("{:>18}", "Effect size")]);
    lines.push(fact("Type", &text("_meta_estype")));
    lines.push(fact("Label", &text("_meta_eslabel")));
    lines.push(fact("Variable", &text("_meta_esvar")));
    lines.extend(text("_meta_query").lines().map(String::from));
    lines.extend([String::new(), format!("{:>18}", "Precision")]);
    lines.push(fact("Std. err.", &text("_meta_sevar")));
    if matches!(text("_meta_estype").as_str(), "hedgesg" | "cohend" | "mdiff") {
        lines.push(fact("Std. err. adj.", "None"));
    }
    lines.push(fact("CI", "[_meta_cil, _meta_ciu]"));
    lines.push(fact("CI level", &format!("{}%", text("_meta_level"))));
    lines.extend([String::new(), "  Model and method".to_string()]);
    lines.push(fact("Model", &text("_meta_model")));
    lines.push(fact("Method", &text("_meta_method")));
    lines.iter().for_each(|line| s.print(line));
}

/// A named value of the declaration.
pub(super) fn fact(name: &str, value: &str) -> String {
    format!("{name:>18}: {value}")
}

/// Effect size and its standard error before the output of a command, with the label of tables of studies.
pub(super) fn before(s: &mut Session, studies: bool) {
    let text = |s: &Session, key: &str| s.frame.char("_dta", key).to_string();
    s.print("");
    for (name, key) in
        [("Effect-size label", "_meta_eslabel"), ("Effect size", "_meta_esvar"), ("Std. err.", "_meta_sevar")]
    {
        s.print(format!("{name:>19}: {}", text(s, key)));
    }
    let label = text(s, "_meta_studylabel");
    if studies && label != "Generic" {
        s.print(format!("{:>19}: {label}", "Study label"));
    }
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
    let width = names.max().unwrap_or(0).clamp(17, 32);
    let column = heading.1.chars().count().max(14);
    let rule = |cross: &str| {
        format!("{}{cross}{}", "-".repeat(width + 1), "-".repeat(column + if weights { 35 } else { 25 }))
    };
    s.print("");
    s.print(rule("-"));
    let interval = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    s.print(format!(
        "{} | {}    {interval:>20}{}",
        format::right(heading.0, width),
        format::right(heading.1, column),
        if weights { "  % weight" } else { "" }
    ));
    for part in parts {
        s.print(rule("+"));
        for row in part {
            let [y, low, high] = row.values.map(|x| format::number("%9.3f", x));
            let weight = row.weight.map_or(String::new(), |w| format!("{:>10}", format::bare("%9.2f", w)));
            s.print(format!(
                "{} | {y:>column$}   {low:>9}   {high:>9}{weight}",
                format::right(&format::abbrev(&row.name, width), width)
            ));
        }
    }
    s.print(rule("-"));
}
