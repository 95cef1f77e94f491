//! `tabout`: one-way and two-way tables and tables of statistics in a file (Watson, SSC). Written from the user guide.

use super::tabout_cells::{Formats, Statistic, one_way, summary, two_way};
use super::{Target, write};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("REPlace"),
    OptSpec::flag("APPend"),
    OptSpec::text("Cells"),
    OptSpec::text("Format"),
    OptSpec::text("CLab"),
    OptSpec::text("LAYout"),
    OptSpec::flag("ONEway"),
    OptSpec::flag("SUM"),
    OptSpec::text("STYle"),
    OptSpec::text("STats"),
    OptSpec::text("PTotal"),
    OptSpec::text("TOTal"),
    OptSpec::text("NPOS"),
    OptSpec::text("NLAB"),
    OptSpec::text("TItle"),
    OptSpec::flag("MI"),
    OptSpec::text("FONT"),
    OptSpec::text("LINes"),
    OptSpec::text("CL1"),
    OptSpec::text("CL2"),
    OptSpec::flag("BT"),
    OptSpec::text("ROTate"),
    OptSpec::text("SHow"),
    OptSpec::flag("noHLines"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
.using(Using::Required)
.unsupported(&[
    "SVY",
    "H1",
    "H2",
    "H3",
    "H1C",
    "H2C",
    "H3C",
    "TOPF",
    "BOTF",
    "TOPSTR",
    "BOTSTR",
    "PSYMBOL",
    "DROPC",
    "DROPR",
    "LEVEL",
    "NWT",
    "CI2",
    "CISEP",
    "CHkwtnone",
    "DEBUG",
    "WIDE",
    "DPCOMMA",
    "MONEY",
    "LANDSCAPE",
    "SEBnone",
    "CIBnone",
    "PLUGC",
    "PLUGR",
    "DOCTYPE",
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "tabout",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "tabout varlist [if] [in] [weight] using file [, replace append cells(freq row col cell cum | statistic variable ...) format(#[c][p] ...) clab(texts) layout(col|row|cb) oneway sum style(tab|tex|htm|csv|semi) stats(chi2) total(text) ptotal(none|all) npos(col) nlab(text) mi title(text)]",
    notes: "the last variable gives the columns, each other one the rows of a panel; oneway: a panel for each variable; sum: mean median sd var sum count min max p1 ... p99 iqr of variables; formats are decimals, with c for commas and p for a percent sign, the last one for the rest; underscores in clab() are blanks; svy and confidence intervals are refused; stores r(N)",
    examples: &[Example {
        run: "set obs 10\ngenerate g = mod(_n, 2)\ngenerate h = _n > 6\ngenerate x = _n\ntempfile f\ntabout h g using `f'.csv, cells(freq col) format(0 1) style(csv) replace\nscalar two = fileread(\"`f'.csv\")\ntabout h using `f'.csv, oneway cells(freq col cum) format(0 1 1) style(csv) replace\nscalar one = fileread(\"`f'.csv\")\ntabout h using `f'.csv, sum oneway cells(mean x count x) format(2 0) style(csv) replace\nscalar sum = fileread(\"`f'.csv\")\nerase `f'.csv",
        expect: &[
            ("strpos(two, \"0,3,60.0,3,60.0,6,60.0\") > 0", 1.0),
            ("strpos(one, \"1,4,40.0,100.0\") > 0", 1.0),
            ("strpos(sum, \"0,3.50,6\") > 0", 1.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut keep = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut keep)?.map(|w| w.values);
    let one = cmd.has("oneway") || vars.len() == 1;
    let formats = Formats::parse(o.text("format").unwrap_or("0"))?;
    let labels: Vec<String> = words(o.text("clab").unwrap_or(""))
        .into_iter()
        .map(|w| w.trim_matches('"').replace('_', " "))
        .collect();
    let text = o.text("cells").unwrap_or(if cmd.has("sum") { "" } else { "freq" });
    let statistics = Statistic::list(s, text, cmd.has("sum"))?;
    if let Some(other) = o.text("stats").filter(|t| t.trim() != "chi2") {
        return Err(StataError::unsupported_option("tabout", &format!("stats({other})")));
    }
    if let Some(other) = o.text("layout").filter(|t| !["col", "row", "cb"].contains(&t.trim())) {
        return Err(StataError::unsupported_option("tabout", &format!("layout({other})")));
    }
    let data = super::tabout_cells::Data {
        keep: &keep,
        weights: weights.as_deref(),
        statistics: &statistics,
        formats: &formats,
        labels: &labels,
        missing: cmd.has("mi"),
        total: o.text("total").unwrap_or("Total").trim_matches('"').to_string(),
        totals: o.text("ptotal").is_none_or(|t| t.trim() != "none"),
        by_statistic: o.text("layout").is_some_and(|t| t.trim() == "cb"),
        stacked: o.text("layout").is_some_and(|t| t.trim() == "row"),
        counts: o.text("npos").is_some(),
        chi2: o.text("stats").is_some(),
    };
    let mut sheet = Sheet { title: o.text("title").unwrap_or("").to_string(), ..Sheet::default() };
    let mut n = 0.0;
    let panels: Vec<usize> = if one { vars.clone() } else { vars[..vars.len() - 1].to_vec() };
    for (k, v) in panels.iter().enumerate() {
        let part = match (one, cmd.has("sum")) {
            (true, false) => one_way(s, &data, *v)?,
            (false, false) => two_way(s, &data, *v, vars[vars.len() - 1])?,
            (true, true) => summary(s, &data, *v, None)?,
            (false, true) => summary(s, &data, *v, Some(vars[vars.len() - 1]))?,
        };
        n = part.n;
        if k == 0 {
            sheet.head = part.head;
        }
        sheet.rows.extend(part.rows);
        sheet.notes.extend(part.notes);
    }
    sheet.print(s);
    finish(s, cmd, sheet)?;
    let mut r = crate::results::Results::default();
    r.scalar("N", n);
    s.r = r;
    Ok(())
}

fn finish(s: &mut Session, cmd: &ParsedCommand, sheet: Sheet) -> Result<()> {
    let name = cmd.using.clone().unwrap_or_default();
    let style = cmd.options.text("style").unwrap_or("tab").trim();
    let ending = match style {
        "tab" => "txt",
        "tex" => "tex",
        "htm" | "html" => "html",
        "csv" => "csv",
        "docx" => "docx",
        "xlsx" | "xls" => "xlsx",
        _ => return Err(StataError::unsupported_option("tabout", &format!("style({style})"))),
    };
    let has = name.rsplit('/').next().unwrap_or("").contains('.');
    let file = if has { name.clone() } else { format!("{name}.{ending}") };
    // the style decides what is written, the name may end as it likes
    let written = match file.rsplit('.').next() {
        Some(e) if e == ending || (ending == "html" && e == "htm") => file.clone(),
        _ if ending == "txt" => file.clone(),
        _ => format!("{file}.{ending}"),
    };
    write::write(
        s,
        sheet,
        &Target { file: written.clone(), replace: cmd.has("replace"), append: cmd.has("append") },
    )?;
    if written != file {
        std::fs::rename(s.path(&written), s.path(&file))
            .map_err(|e| StataError::new(603, format!("file {file} could not be written: {e}")))?;
    }
    s.print(format!("Table output written to: {file}"));
    Ok(())
}
