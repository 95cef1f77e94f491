//! `outreg2`: estimation results as the columns of a table in a file (Wada, SSC). The layout follows its help file.

mod columns;
mod sum;
mod table;

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, Variable};
use crate::ops::data_files::write_dta;
use crate::ops::files::check_replace;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, top_level_colon, top_level_comma, unquote};
use crate::syntax::varlist::wildcard;
use table::Table;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::flag("word"),
    OptSpec::flag("excel"),
    OptSpec::flag_or_text("tex"),
    OptSpec::flag("text"),
    OptSpec::text("CTitle"),
    OptSpec::text("CTTop"),
    OptSpec::text("DECMark"),
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
    OptSpec::flag("2aster"),
    OptSpec::flag("10pct"),
    OptSpec::text("ASterisk"),
    OptSpec::text("STats"),
    OptSpec::flag("ci"),
    OptSpec::real("Level"),
    OptSpec::text("e"),
    OptSpec::flag_or_text("sum"),
    OptSpec::text("EQKeep"),
    OptSpec::text("EQDrop"),
    OptSpec::text("SORTvar"),
    OptSpec::flag("onecol"),
    OptSpec::flag("LONG"),
    OptSpec::flag("noDEPvar"),
    OptSpec::flag("noNI"),
    OptSpec::flag("dta"),
    OptSpec::flag("comma"),
    OptSpec::flag("see"),
    OptSpec::flag("seeout"),
    OptSpec::int("SLOW"),
    OptSpec::int("auto"),
])
.using(Using::Required)
.unsupported(&[
    "SIDEway",
    "statsum",
    "less",
    "fmt",
    "groupvar",
    "quote",
    "cblock",
    "STNum",
    "STStr",
    "beta",
    "ESt_noadd",
    "landscape",
    "NOTItle",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "outreg2",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "outreg2 [varlist] [names] using filename [, replace append word excel tex[(frag)] dta comma ctitle() cttop() title() decmark() dec() bdec() sdec() tdec() pdec() rdec() adec() auto(#) tstat pvalue ci level(#) stats(coef se tstat pval ci ci_low ci_high) nose noaster noparen bracket alpha() symbol() 2aster 10pct asterisk(coef|se) label keep() drop() eqkeep() eqdrop() sortvar() onecol addtext(name, text, ...) addstat(name, exp, ...) e(names|all) sum[(log|detail)] nocons noobs nor2 noni nodepvar nonotes addnote() eform see] [: command]",
    notes: "a model with several equations has a column for each, with onecol one column with their names over the coefficients; sum is over the sample and variables of the model, sum(log) over the data, with eqkeep() for its statistics; a text file with tabs is always written, from which append reads; word is RTF (.rtf, .doc), excel is XML (.xml, .xls), tex LaTeX, dta a data set of strings v1, v2, ...; the extension of the file chooses too; numbers have three significant digits, or those of auto(), unless dec(); no results; see outreg2 (SSC)",
    examples: &[Example {
        run: "set obs 6\ngenerate x = _n\ngenerate y = cond(mod(_n,2), _n+1, _n-1)\nquietly regress y x\noutreg2 using o.tex, replace\nquietly regress y\noutreg2 using o.tex, append ctitle(Mean)\nscalar t = strpos(fileread(\"o.txt\"), \"0.829**\") > 0 & strpos(fileread(\"o.tex\"), \"Mean\") > 0\nerase o.txt\nerase o.tex",
        expect: &[("t", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (own, command) = match top_level_colon(&cmd.raw) {
        Some(i) if !is_drive(&cmd.raw, i) => (&cmd.raw[..i], Some(cmd.raw[i + 1..].trim().to_string())),
        _ => (cmd.raw.as_str(), None),
    };
    let mut cmd = ParsedCommand::split("outreg2", own, false)?;
    let kept = variables(s, &mut cmd.list);
    if !kept.is_empty() {
        cmd.option_text.push_str(&format!(" keep({})", kept.join(" ")));
    }
    SYNTAX.check(&cmd)?;
    cmd.check_options(SYNTAX.options, SYNTAX.unsupported)?;
    if let Some(command) = command {
        s.run_expanded(&command)?;
    }
    if cmd.has("replace") && cmd.has("append") {
        return Err(StataError::invalid("only one of replace and append is allowed"));
    }
    let file = cmd.using.clone().unwrap_or_default();
    let (stem, kind) = output(&cmd, &file)?;
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
    if cmd.has("sum") {
        let columns = sum::columns(s, &cmd)?;
        columns.into_iter().for_each(|column| table.append(column));
    } else {
        for model in models(s, cmd.list.trim())? {
            let columns = columns::of_model(s, &cmd, &model)?;
            columns.into_iter().for_each(|column| table.append(column));
        }
    }
    let shown = write(s, &cmd, &table, &stem, &kind)?;
    if cmd.has("see") || cmd.has("seeout") {
        table.text().lines().for_each(|line| s.print(line));
    }
    s.print(shown);
    Ok(())
}

/// The colon of `C:\\...`, which no prefix has.
fn is_drive(raw: &str, colon: usize) -> bool {
    let before = raw[..colon].chars().rev().take(2).collect::<Vec<_>>();
    before.first().is_some_and(char::is_ascii_alphabetic)
        && before.get(1).is_none_or(|c| matches!(c, ' ' | '"'))
        && raw[colon + 1..].starts_with(['/', '\\'])
}

/// Writes the text and the document; returns the name of the document.
fn write(s: &Session, cmd: &ParsedCommand, table: &Table, stem: &str, kind: &Kind) -> Result<String> {
    let text_file = format!("{stem}.txt");
    let write = |name: &str, text: String| {
        std::fs::write(s.path(name), text).map_err(|e| StataError::unwritten(name, &e))
    };
    write(&text_file, table.text())?;
    if cmd.has("dta") {
        write_dta(&data(table)?, &s.path(&format!("{stem}_dta.dta")))?;
    }
    let Kind::Document(extension) = kind else { return Ok(text_file) };
    let name = format!("{stem}.{extension}");
    let fragment = cmd.options.text("tex").is_some_and(|t| t.contains("frag"));
    match *extension {
        "dta" => write_dta(&data(table)?, &s.path(&name))?,
        "tex" => write(&name, table.latex(fragment))?,
        "rtf" | "doc" => write(&name, table.rtf())?,
        "csv" => write(&name, table.commas())?,
        _ => write(&name, table.workbook())?,
    }
    Ok(name)
}

/// The cells as strings `v1`, `v2`, ...
fn data(table: &Table) -> Result<Frame> {
    let lines = table.cells();
    let width = lines.iter().map(Vec::len).max().unwrap_or(0);
    let mut frame = Frame::new();
    for k in 0..width {
        let cells = lines.iter().map(|l| l.get(k).cloned().unwrap_or_default().into_boxed_str()).collect();
        frame.add(Variable::new(&format!("v{}", k + 1), Column::StrL(cells)))?;
    }
    Ok(frame)
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
    let named = ["tex", "rtf", "doc", "xml", "xls", "csv", "dta"].into_iter().find(|k| *k == extension);
    let asked = [("word", "rtf"), ("excel", "xml"), ("tex", "tex"), ("comma", "csv")]
        .iter()
        .find(|(o, _)| cmd.has(o));
    match (named, asked, extension) {
        (Some(kind), _, _) => Ok((stem.to_string(), Kind::Document(kind))),
        (None, Some((_, kind)), "txt" | "") => Ok((stem.to_string(), Kind::Document(kind))),
        (None, None, "txt" | "") => Ok((stem.to_string(), Kind::Text)),
        (None, _, other) => Err(StataError::unsupported_option("outreg2", &format!("a file .{other}"))),
    }
}

/// Takes the names of coefficients out of a list of stored results: `outreg2 x1 x2 using` shows these only.
fn variables(s: &Session, list: &mut String) -> Vec<String> {
    let stored = |word: &str| s.stored.iter().any(|(n, _)| n == word || wildcard(word, n));
    let known = |word: &str| s.frame.find(word).is_some() && !stored(word) && !list.trim().starts_with('[');
    let (kept, models): (Vec<&str>, Vec<&str>) = list.split_whitespace().partition(|word| known(word));
    let kept: Vec<String> = kept.into_iter().map(str::to_string).collect();
    if !kept.is_empty() {
        *list = models.join(" ");
    }
    kept
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
