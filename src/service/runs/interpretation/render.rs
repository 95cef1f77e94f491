//! The interpretation as a Markdown document: the checked statements, what the service itself adds on checks
//! and limits, and the cell behind every number.

use super::Language;
use super::check::{Reading, Statement};
use crate::domain::run::Run;

/// Input of the document.
pub(super) struct Report<'a> {
    pub language: Language,
    pub title: &'a str,
    pub run: &'a Run,
    pub reading: &'a Reading,
    /// Limits of the template, in the language.
    pub limits: &'a [String],
}

/// Returns the document.
pub(super) fn render(report: &Report<'_>) -> String {
    let text = Texts::of(report.language);
    let mut out = String::new();
    let mut line = |content: &str| {
        out.push_str(content);
        out.push('\n');
    };
    line(&format!("# {}: {}\n", text.title, plain(report.title)));
    let engine = match report.run.engine.kind.as_str() {
        "stata" => "Stata",
        _ => text.open_engine,
    };
    line(&format!(
        "{}\n",
        text.origin.replace("{run}", report.run.run_id.as_str()).replace("{engine}", engine)
    ));
    line(&format!("## {}\n", text.findings));
    for statement in &report.reading.findings {
        line(&format!("- {}", plain(&statement.text)));
    }
    if !report.reading.cautions.is_empty() {
        line(&format!("\n## {}\n", text.cautions));
        for statement in &report.reading.cautions {
            line(&format!("- {}", plain(&statement.text)));
        }
    }
    line(&format!("\n## {}\n", text.checks));
    let mut noted = 0;
    for check in report.run.checks.iter().filter(|check| check.status != "ok") {
        noted += 1;
        let message = check.message.as_deref().unwrap_or_default();
        let value = check.value.as_deref().map(|v| format!(" ({})", plain(v))).unwrap_or_default();
        let word = if check.status == "fail" { text.failed } else { text.warned };
        line(format!("- {word}: `{}`{value} {}", check.id, plain(message)).trim_end());
    }
    if noted == 0 {
        line(&format!("- {}", text.all_passed.replace("{n}", &report.run.checks.len().to_string())));
    }
    for limit in report.limits {
        line(&format!("- {}", plain(limit)));
    }
    line(&format!("\n## {}\n", text.sources));
    line(&format!("| {} |\n|---|---|---|---|---|", text.source_columns.join(" | ")));
    let statements = report.reading.findings.iter().chain(&report.reading.cautions);
    for source in statements.flat_map(|statement: &Statement| &statement.sources) {
        line(&format!(
            "| {} | {} | {} | {} | {} |",
            plain(&source.shown),
            plain(&source.table),
            source.row,
            plain(&source.column),
            plain(&source.cell)
        ));
    }
    out
}

/// A text in which nothing is markup but code in backquotes.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '[' | ']' | '|' | '!' | '#' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The fixed texts of a language.
struct Texts {
    title: &'static str,
    open_engine: &'static str,
    origin: &'static str,
    findings: &'static str,
    cautions: &'static str,
    checks: &'static str,
    failed: &'static str,
    warned: &'static str,
    all_passed: &'static str,
    sources: &'static str,
    source_columns: [&'static str; 5],
}

impl Texts {
    fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &EN,
            Language::Zh => &ZH,
        }
    }
}

const EN: Texts = Texts {
    title: "Interpretation of the results",
    open_engine: "the open engine",
    origin: "Written by a language model from the tables of run {run}, computed by {engine}. Each number was compared with its source cell; the words between the numbers were not.",
    findings: "Findings",
    cautions: "Cautions",
    checks: "Checks and limits",
    failed: "Failed check",
    warned: "Warning",
    all_passed: "All {n} checks of the run passed.",
    sources: "Sources of the numbers",
    source_columns: ["number", "table", "row", "column", "cell"],
};

const ZH: Texts = Texts {
    title: "结果解读",
    open_engine: "开放引擎",
    origin: "由语言模型根据运行 {run} 的结果表撰写，计算引擎：{engine}。每个数字都已与其来源单元格核对；数字之间的文字未经核对。",
    findings: "主要结果",
    cautions: "注意事项",
    checks: "检查与局限",
    failed: "未通过的检查",
    warned: "警告",
    all_passed: "本次运行的 {n} 项检查全部通过。",
    sources: "数字来源",
    source_columns: ["数字", "表", "行", "列", "单元格"],
};
