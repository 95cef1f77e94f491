//! `outreg2`: estimation results as the columns of a table in a file (Wada, SSC). The layout follows its help file.

use super::outreg2_table::{CONSTANT, Row, Table, number};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::format;
use crate::ops::files::check_replace;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, top_level_comma, unquote};
use crate::syntax::varlist::wildcard;
use crate::value::{MISSING, is_missing};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::flag("word"),
    OptSpec::flag("excel"),
    OptSpec::flag_or_text("tex"),
    OptSpec::flag("text"),
    OptSpec::text("CTitle"),
    OptSpec::text("TItle"),
    OptSpec::int("dec"),
    OptSpec::int("BDec"),
    OptSpec::int("SDec"),
    OptSpec::int("TDec"),
    OptSpec::int("PDec"),
    OptSpec::int("RDec"),
    OptSpec::int("ADec"),
    OptSpec::flag("se"),
    OptSpec::flag("TStat"),
    OptSpec::flag("PValue"),
    OptSpec::flag("noSE"),
    OptSpec::flag("noASter"),
    OptSpec::flag("noPARen"),
    OptSpec::flag("BRacket"),
    OptSpec::text("ALpha"),
    OptSpec::text("SYMbol"),
    OptSpec::flag("LABel"),
    OptSpec::text("keep"),
    OptSpec::text("drop"),
    OptSpec::text("ADDText"),
    OptSpec::text("ADDStat"),
    OptSpec::flag("noCONs"),
    OptSpec::flag("noOBs"),
    OptSpec::flag("noR2"),
    OptSpec::flag("noNOTes"),
    OptSpec::text("ADDNote"),
    OptSpec::flag("EForm"),
])
.using(Using::Required)
.unsupported(&[
    "dta",
    "see",
    "seeout",
    "SIDEway",
    "stats",
    "statsum",
    "sum",
    "onecol",
    "2aster",
    "auto",
    "less",
    "fmt",
    "e",
    "sortvar",
    "groupvar",
    "slow",
    "comma",
    "quote",
    "cblock",
    "STNum",
    "STStr",
    "level",
    "ci",
    "beta",
    "ESt_noadd",
    "landscape",
    "ONEcol",
    "LONG",
    "NODEpvar",
    "NOR2",
    "ASterisk",
    "10pct",
    "EQDrop",
    "EQKeep",
    "NOTItle",
    "NOTNOTES",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "outreg2",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "outreg2 [names] using filename [, replace append word excel tex[(frag)] ctitle() title() dec() bdec() sdec() tdec() pdec() rdec() adec() tstat pvalue nose noaster noparen bracket alpha() symbol() label keep() drop() addtext(name, text, ...) addstat(name, exp, ...) nocons noobs nor2 nonotes addnote() eform]",
    notes: "the columns are models with one equation; a text file with tabs is always written, from which append reads; word is RTF (.rtf, .doc), excel is XML (.xml, .xls), tex LaTeX; the extension of the file chooses too; numbers have three significant digits unless dec(); no results; see outreg2 (SSC)",
    examples: &[Example {
        run: "set obs 6\ngenerate x = _n\ngenerate y = cond(mod(_n,2), _n+1, _n-1)\nquietly regress y x\noutreg2 using o.tex, replace\nquietly regress y\noutreg2 using o.tex, append ctitle(Mean)\nscalar t = strpos(fileread(\"o.txt\"), \"0.829**\") > 0 & strpos(fileread(\"o.tex\"), \"Mean\") > 0\nerase o.txt\nerase o.tex",
        expect: &[("t", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("replace") && cmd.has("append") {
        return Err(StataError::invalid("only one of replace and append is allowed"));
    }
    let file = cmd.using.clone().unwrap_or_default();
    let (stem, kind) = output(cmd, &file)?;
    let text_file = format!("{stem}.txt");
    let path = s.path(&text_file);
    if !cmd.has("append") {
        check_replace(&path, &text_file, cmd.has("replace"))?;
    }
    let mut table = match std::fs::read_to_string(&path) {
        Ok(text) if cmd.has("append") => Table::parse(&text)
            .ok_or_else(|| StataError::new(610, format!("file {text_file} is not a table of outreg2")))?,
        _ => Table::default(),
    };
    for model in models(s, cmd.list.trim())? {
        let column = column(s, cmd, &model)?;
        table.append(column);
    }
    let write = |name: &str, text: String| {
        std::fs::write(s.path(name), text)
            .map_err(|e| StataError::new(603, format!("file {name} could not be opened: {e}")))
    };
    write(&text_file, table.text())?;
    let shown = match kind {
        Kind::Text => text_file,
        Kind::Document(extension) => {
            let name = format!("{stem}.{extension}");
            let fragment = cmd.options.text("tex").is_some_and(|t| t.contains("frag"));
            let text = match extension {
                "tex" => table.latex(fragment),
                "rtf" | "doc" => table.rtf(),
                _ => table.workbook(),
            };
            write(&name, text)?;
            name
        }
    };
    s.print(shown);
    Ok(())
}

/// What is written besides the text.
enum Kind {
    Text,
    Document(&'static str),
}

/// The name without its extension, and the kind of file.
fn output(cmd: &ParsedCommand, file: &str) -> Result<(String, Kind)> {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let (stem, extension) = match base.rfind('.') {
        Some(i) if i > 0 => (&file[..file.len() - base.len() + i], &base[i + 1..]),
        _ => (file, ""),
    };
    let named = ["tex", "rtf", "doc", "xml", "xls"].into_iter().find(|k| *k == extension);
    let asked = [("word", "rtf"), ("excel", "xml"), ("tex", "tex")].iter().find(|(o, _)| cmd.has(o));
    match (named, asked, extension) {
        (Some(kind), _, _) => Ok((stem.to_string(), Kind::Document(kind))),
        (None, Some((_, kind)), "txt" | "") => Ok((stem.to_string(), Kind::Document(kind))),
        (None, None, "txt" | "") => Ok((stem.to_string(), Kind::Text)),
        (None, _, other) => Err(StataError::unsupported_option("outreg2", &format!("a file .{other}"))),
    }
}

fn models(s: &Session, list: &str) -> Result<Vec<Estimation>> {
    let names = list.trim_start_matches('[').trim_end_matches(']');
    if names.is_empty() {
        return Ok(vec![s.e.clone()]);
    }
    let mut out = Vec::new();
    for name in names.split_whitespace() {
        let before = out.len();
        let matching = s.stored.iter().filter(|(n, _)| *n == name || wildcard(name, n));
        out.extend(matching.map(|(_, e)| e.clone()));
        if out.len() == before {
            return Err(StataError::new(111, format!("estimation result {name} not found")));
        }
    }
    Ok(out)
}

/// The column of one model.
fn column(s: &mut Session, cmd: &ParsedCommand, model: &Estimation) -> Result<Table> {
    let before = std::mem::replace(&mut s.e, model.clone());
    let built = build(s, cmd);
    s.e = before;
    built
}

fn build(s: &mut Session, cmd: &ParsedCommand) -> Result<Table> {
    if s.e.b().is_none() {
        return Err(StataError::new(301, "last estimates not found"));
    }
    let parameters = Parameters::of(&s.e)?;
    if parameters.equations().len() > 1 {
        return Err(StataError::unsupported_command("outreg2 after a model with several equations"));
    }
    let e = &s.e.results;
    let depvar = e.get_text("depvar").unwrap_or("").to_string();
    let heading = match cmd.options.text("ctitle") {
        Some(text) => unquote(text).to_string(),
        None => shown(s, cmd, &depvar),
    };
    let mut table = Table { columns: vec![heading], ..Table::default() };
    table.title = cmd.options.text("title").map_or(String::new(), |t| unquote(t).to_string());
    table.rows = coefficients(s, cmd, &parameters)?;
    table.statistics = statistics(s, cmd)?;
    if !cmd.has("nonotes") {
        table.notes = notes(s, cmd)?;
    }
    if let Some(text) = cmd.options.text("addnote") {
        table.notes.extend(list(text).iter().map(|t| unquote(t).to_string()));
    }
    Ok(table)
}

/// A variable's label with `label`, or its name.
fn shown(s: &Session, cmd: &ParsedCommand, name: &str) -> String {
    if name == "_cons" {
        return CONSTANT.to_string();
    }
    let label = s.frame.find(name).map(|v| s.frame.var(v).label.clone()).unwrap_or_default();
    if cmd.has("label") && !label.is_empty() { label } else { name.to_string() }
}

/// Levels of `alpha()` with their symbols, from the strictest on.
fn stars(cmd: &ParsedCommand) -> Result<Vec<(f64, String)>> {
    if cmd.has("noaster") {
        return Ok(Vec::new());
    }
    let levels = match cmd.options.text("alpha") {
        None => vec![0.01, 0.05, 0.1],
        Some(text) => list(text)
            .iter()
            .map(|t| t.parse().map_err(|_| StataError::invalid("option alpha() incorrectly specified")))
            .collect::<Result<Vec<f64>>>()?,
    };
    let symbols: Vec<String> = match cmd.options.text("symbol") {
        None => (0..levels.len()).map(|k| "*".repeat(levels.len() - k)).collect(),
        Some(text) => list(text).iter().map(|t| unquote(t).to_string()).collect(),
    };
    if symbols.len() != levels.len() {
        return Err(StataError::invalid("symbol() and alpha() must have as many entries"));
    }
    Ok(levels.into_iter().zip(symbols).collect())
}

fn coefficients(s: &Session, cmd: &ParsedCommand, parameters: &Parameters) -> Result<Vec<Row>> {
    let digits = |own: &str| cmd.options.int(own).or(cmd.options.int("dec"));
    let stars = stars(cmd)?;
    let df = s.e.results.get_scalar("df_r");
    let patterns = |option: &str| -> Vec<String> {
        cmd.options.text(option).map_or(Vec::new(), |t| t.split_whitespace().map(str::to_string).collect())
    };
    let (keep, drop) = (patterns("keep"), patterns("drop"));
    let among = |list: &[String], name: &str| {
        let plain = name.rsplit('.').next().unwrap_or(name);
        list.iter().any(|p| {
            let p = p.trim_start_matches("i.").trim_start_matches("c.");
            wildcard(p, name) || wildcard(p, plain)
        })
    };
    let mut out = Vec::new();
    for (i, stripe) in parameters.stripe.iter().enumerate() {
        let name = stripe.name.as_str();
        let omitted = parameters.terms[i].as_ref().is_some_and(|t| t.is_omitted());
        let constant = name == "_cons";
        if omitted || (constant && cmd.has("nocons")) || among(&drop, name) {
            continue;
        }
        if !keep.is_empty() && !constant && !among(&keep, name) {
            continue;
        }
        let (b, se) = (parameters.b[i], parameters.v[(i, i)].sqrt());
        let ratio = b / se;
        let p = if se > 0.0 { wald::p_value(ratio, df) } else { f64::NAN };
        let mark = stars.iter().find(|(level, _)| p < *level).map_or("", |m| m.1.as_str());
        let (estimate, error) = if cmd.has("eform") { (b.exp(), b.exp() * se) } else { (b, se) };
        let below = if cmd.has("tstat") {
            number(ratio, digits("tdec"))
        } else if cmd.has("pvalue") {
            number(p, digits("pdec"))
        } else {
            number(error, digits("sdec"))
        };
        let below = match (cmd.has("noparen"), cmd.has("bracket")) {
            (true, _) => below,
            (_, true) => format!("[{below}]"),
            _ => format!("({below})"),
        };
        out.push(Row {
            name: shown(s, cmd, name),
            cells: vec![format!("{}{mark}", number(estimate, digits("bdec")))],
            below: if cmd.has("nose") { Vec::new() } else { vec![below] },
        });
    }
    // the constant is the last row
    out.sort_by_key(|r| r.name == CONSTANT);
    Ok(out)
}

/// Items of a list with commas.
fn list(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(i) = top_level_comma(rest) {
        out.push(rest[..i].trim().to_string());
        rest = &rest[i + 1..];
    }
    out.push(rest.trim().to_string());
    out
}

fn pairs(text: &str, option: &str) -> Result<Vec<(String, String)>> {
    let items = list(text);
    if !items.len().is_multiple_of(2) {
        return Err(StataError::invalid(format!("option {option}() needs pairs of a name and a value")));
    }
    Ok(items.chunks(2).map(|c| (unquote(&c[0]).to_string(), c[1].clone())).collect())
}

fn statistics(s: &mut Session, cmd: &ParsedCommand) -> Result<Vec<Row>> {
    let row = |name: String, cell: String| Row { name, cells: vec![cell], below: Vec::new() };
    let e = &s.e.results;
    let mut out = Vec::new();
    if !cmd.has("noobs") {
        let n = e.get_scalar("N").unwrap_or(MISSING);
        out.push(row("Observations".into(), format::bare("%20.0fc", n).trim().to_string()));
    }
    if let Some(r2) = e.get_scalar("r2").filter(|r| !is_missing(*r) && !cmd.has("nor2")) {
        let digits = cmd.options.int("rdec").or(cmd.options.int("dec")).unwrap_or(3);
        out.push(row("R-squared".into(), number(r2, Some(digits))));
    }
    if let (Some(groups), Some(unit)) = (e.get_scalar("N_g"), e.get_text("ivar")) {
        out.push(row(format!("Number of {unit}"), format::bare("%20.0fc", groups).trim().to_string()));
    }
    if let Some(text) = cmd.options.text("addtext") {
        out.extend(pairs(text, "addtext")?.into_iter().map(|(n, v)| row(n, unquote(&v).to_string())));
    }
    if let Some(text) = cmd.options.text("addstat") {
        let digits = cmd.options.int("adec").or(cmd.options.int("dec"));
        for (name, expression) in pairs(text, "addstat")? {
            let value = s.eval_num(&expression)?;
            out.push(row(name, number(value, digits)));
        }
    }
    Ok(out)
}

fn notes(s: &Session, cmd: &ParsedCommand) -> Result<Vec<String>> {
    let robust = s.e.results.get_text("vcetype").is_some_and(|v| v.starts_with("Robust"));
    let what = match (cmd.has("tstat"), cmd.has("pvalue"), robust) {
        (true, _, true) => "Robust t-statistics",
        (true, _, false) => "t-statistics",
        (_, true, true) => "Robust pval",
        (_, true, false) => "pval",
        (_, _, true) => "Robust standard errors",
        _ => "Standard errors",
    };
    let place = if cmd.has("bracket") { "in brackets" } else { "in parentheses" };
    let mut out = Vec::new();
    if !cmd.has("nose") && !cmd.has("noparen") {
        out.push(format!("{what} {place}"));
    }
    let stars = stars(cmd)?;
    if !stars.is_empty() {
        let parts: Vec<String> = stars.iter().map(|(level, mark)| format!("{mark} p<{level}")).collect();
        out.push(parts.join(", "));
    }
    Ok(out)
}
