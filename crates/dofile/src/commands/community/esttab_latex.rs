//! The LaTeX format of `esttab`.

use super::esttab_rows::{Cell, Part};
use super::esttab_text::{Format, Frame, headings};

/// The lines of the table.
pub(super) fn lines(frame: &Frame, body: &[Part], format: Format, booktabs: bool) -> Vec<String> {
    let rule = |own: &str, plain: &str| if booktabs { own.to_string() } else { plain.to_string() };
    let columns = frame.models * frame.starred.len();
    let mut out = Vec::new();
    let sym = "\\def\\sym#1{\\ifmmode^{#1}\\else\\(^{#1}\\)\\fi}".to_string();
    if let Some(lines) = &frame.around.pre_head {
        out.extend(lines.clone());
    } else if !frame.fragment {
        match &frame.title {
            Some(title) => {
                out.push("\\begin{table}[htbp]\\centering".to_string());
                out.push(sym);
                out.push(format!("\\caption{{{title}}}"));
            }
            None => out.extend(["{".to_string(), sym]),
        }
        let alignment = frame.alignment.as_deref().unwrap_or("c");
        out.push(format!("\\begin{{tabular}}{{l*{{{columns}}}{{{alignment}}}}}"));
        out.push(rule("\\toprule", "\\hline\\hline"));
    }
    let label_of = |text: &str| format!("{:<12}", format.escaped(text));
    let groups = frame.groups.latex(frame.models, frame.starred.len(), |t| format.escaped(t));
    let mut heads = headings(frame);
    if let Some(line) = &groups {
        heads.remove(0);
        out.push(format!("{}{line}", label_of("")));
    }
    for texts in &heads {
        let cells: String =
            texts.iter().map(|t| format!("&\\multicolumn{{1}}{{c}}{{{}}}", format.escaped(t))).collect();
        out.push(format!("{}{cells}\\\\", label_of("")));
    }
    if let Some(lines) = &frame.around.post_head {
        out.extend(lines.clone());
    } else if (!heads.is_empty() || groups.is_some()) && (!frame.fragment || frame.rules) {
        out.push(rule("\\midrule", "\\hline"));
    }
    let mut pre_foot = frame.around.pre_foot.clone();
    for part in body {
        match part {
            Part::Line(label, cells) => out.push(row(frame, label, cells, format)),
            Part::Heading(text) => {
                out.push(format!("{}{}\\\\", label_of(text), "&".repeat(columns)));
            }
            Part::Gap => out.push(rule("\\addlinespace", "[1em]")),
            Part::Rule => match pre_foot.take() {
                Some(lines) => out.extend(lines),
                None => out.push(rule("\\midrule", "\\hline")),
            },
        }
    }
    out.extend(pre_foot.into_iter().flatten());
    if let Some(lines) = &frame.around.post_foot {
        out.extend(lines.clone());
        return out;
    }
    if frame.fragment {
        return out;
    }
    out.push(rule("\\bottomrule", "\\hline\\hline"));
    for note in &frame.notes {
        let note = if note.contains('\\') { note.clone() } else { format.escaped(note) };
        out.push(format!("\\multicolumn{{{}}}{{l}}{{\\footnotesize {note}}}\\\\", columns + 1));
    }
    out.push("\\end{tabular}".to_string());
    out.push(if frame.title.is_some() { "\\end{table}" } else { "}" }.to_string());
    out
}

/// A line with its label and its cells.
fn row(frame: &Frame, label: &str, cells: &[Cell], format: Format) -> String {
    let cells: String = cells
        .iter()
        .enumerate()
        .map(|(k, c)| {
            let mark = if c.stars.is_empty() { String::new() } else { format!("\\sym{{{}}}", c.stars) };
            let room = if frame.starred[k % frame.starred.len()] { frame.star_width + 6 } else { 0 };
            format!("&{:>width$}{mark:<room$}", format.escaped(&c.text), width = frame.column)
        })
        .collect();
    let statistic = label.starts_with("\\(") || label.contains("\\textit") || label.contains("R^{2}");
    let label = if statistic { format!("{label:<12}") } else { format!("{:<12}", format.escaped(label)) };
    format!("{label}{cells}\\\\")
}
