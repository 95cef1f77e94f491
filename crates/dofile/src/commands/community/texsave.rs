//! Data as tables in text: `listtab` and `listtex` (Newson, SSC) and `texsave` (Reif, SSC). Written from the help files.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::files::{check_replace, with_extension};
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};

const LISTTAB: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Type"),
    OptSpec::flag("replace"),
    OptSpec::text("APPendto"),
    OptSpec::text("Begin"),
    OptSpec::text("Delimiter"),
    OptSpec::text("End"),
    OptSpec::text("Missnum"),
    OptSpec::text("RStyle"),
    OptSpec::text("HEadlines"),
    OptSpec::text("FOotlines"),
    OptSpec::text("HEADChars"),
    OptSpec::text("FOOTChars"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("Vars"),
])
.using(Using::Optional)
.unsupported(&["HANdle", "LStrips", "HEADRow"]);

macro_rules! listtab {
    ($name:literal) => {
        CommandSpec {
            name: $name,
            min: $name.len(),
            form: Form::Standard(&LISTTAB),
            by: ByRule::No,
            run: listtab,
            syntax: concat!(
                $name,
                " [varlist] [using file] [if] [in] [, type replace appendto(file) rstyle(tabdelim|tabular|halign|settabs|html|htmlhead|bbcode|markdown) begin(text) delimiter(text) end(text) missnum(text) headlines(texts) footlines(texts) headchars(charname) footchars(charname) nolabel]"
            ),
            notes: "rows as text: begin, the values with the delimiter between them, end; without begin, delimiter and rstyle the delimiter is &; no results; Newson",
            examples: &[Example {
                run: concat!(
                    "set obs 2\ngenerate x = _n\ngenerate str s = \"a\"\ntempfile f\n",
                    $name,
                    " x s using `f', rstyle(tabular) headlines(\"top\" \"rule\") footlines(\"end\") replace\nfile open h using `f', read text\nfile read h a\nfile read h b\nfile read h c\nfile close h\nscalar first = \"`a'\" == \"top\"\nscalar row = `\"`c'\"' == \"1&a\\\\\""
                ),
                expect: &[("first", 1.0), ("row", 1.0)],
            }],
        }
    };
}

/// The command `listtab`.
pub(super) const SPEC_LISTTAB: CommandSpec = listtab!("listtab");
/// The command `listtex`.
pub(super) const SPEC_LISTTEX: CommandSpec = listtab!("listtex");

const TEXSAVE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("TITLE"),
    OptSpec::text("SIZE"),
    OptSpec::text("WIDTH"),
    OptSpec::text("ALIGN"),
    OptSpec::text("LOCATION"),
    OptSpec::text("FOOTnote"),
    OptSpec::text("HEADERLines"),
    OptSpec::text("PREAMBLE"),
    OptSpec::text("MARKER"),
    OptSpec::flag("replace"),
    OptSpec::flag("VARLABels"),
    OptSpec::flag("FRAG"),
    OptSpec::flag("NONAMES"),
    OptSpec::flag("NOFIX"),
    OptSpec::text("HLINES"),
    OptSpec::flag("LANDscape"),
    OptSpec::flag("VALUELabels"),
])
.using(Using::Required)
.unsupported(&[
    "DECIMALalign",
    "AUTOnumber",
    "BOLD",
    "ITALics",
    "UNDERline",
    "SLANTed",
    "SMCAPS",
    "SANSserif",
    "MONOspace",
    "EMPHasize",
    "GEOMETRY",
    "LABEL",
    "TABULARX",
    "BEGINDOC",
    "ENDDOC",
    "RELATIVEWIDTH",
]);

/// The command `texsave`.
pub(super) const SPEC_TEXSAVE: CommandSpec = CommandSpec {
    name: "texsave",
    min: 7,
    form: Form::Standard(&TEXSAVE),
    by: ByRule::No,
    run: texsave,
    syntax: "texsave [varlist] using file [if] [in] [, title(text) size(#) width(text) align(text) location(text) footnote(text) headerlines(texts) hlines(numlist) preamble(texts) marker(text) varlabels valuelabels frag nonames nofix landscape replace]",
    notes: "a LaTeX document (frag: the table only) with a tabularx of the data; characters that LaTeX reads are escaped unless nofix is given; no results; Reif",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\ngenerate str s = \"a_b\"\ntempfile f\ntexsave x s using `f'.tex, title(T) frag replace\nscalar there = fileexists(\"`f'.tex\")\nscalar fixed = strpos(fileread(\"`f'.tex\"), \"1&a\\_b \\tabularnewline\") > 0\nerase `f'.tex",
        expect: &[("there", 1.0), ("fixed", 1.0)],
    }],
};

/// Texts in quotes, or words.
fn texts(text: &str) -> Vec<String> {
    crate::syntax::split::words(text).into_iter().map(|w| unquote(w).to_string()).collect()
}

fn chosen(s: &Session, cmd: &ParsedCommand) -> Result<(Vec<usize>, Vec<usize>)> {
    let vars = match cmd.list.trim() {
        "" => (0..s.frame.n_vars()).collect(),
        list => s.varlist(list)?,
    };
    let keep = s.rows(cmd)?;
    Ok((vars, (0..keep.len()).filter(|r| keep[*r]).collect()))
}

/// What stands before, between and after the values of a style.
fn style(name: &str) -> Result<(&'static str, &'static str, &'static str)> {
    Ok(match name {
        "" => ("", "&", ""),
        "tabdelim" => ("", "\t", ""),
        "tabular" => ("", "&", "\\\\"),
        "halign" => ("", "&", "\\cr"),
        "settabs" => ("\\+", "&", "\\cr"),
        "html" => ("<tr><td>", "</td><td>", "</td></tr>"),
        "htmlhead" => ("<tr><th>", "</th><th>", "</th></tr>"),
        "bbcode" => ("[tr][td]", "[/td][td]", "[/td][/tr]"),
        "markdown" => ("|", "|", "|"),
        _ => return Err(StataError::unsupported_option("listtab", &format!("rstyle({name})"))),
    })
}

fn listtab(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let (vars, rows) = chosen(s, cmd)?;
    let (begin, delimiter, end) = style(o.text("rstyle").unwrap_or("").trim())?;
    let begin = o.text("begin").unwrap_or(begin);
    let delimiter = o.text("delimiter").unwrap_or(delimiter);
    let end = o.text("end").unwrap_or(end);
    let line = |cells: Vec<String>| format!("{begin}{}{end}", cells.join(delimiter));
    let mut lines = texts(o.text("headlines").unwrap_or(""));
    let from_chars = |name: &str| -> Vec<String> {
        vars.iter().map(|v| s.frame.char(&s.frame.var(*v).name, name).to_string()).collect()
    };
    if let Some(name) = o.text("headchars") {
        lines.push(line(from_chars(name.trim())));
    }
    for row in rows {
        let cells = vars.iter().map(|v| {
            let var = s.frame.var(*v);
            match o.text("missnum") {
                Some(text) if !var.is_string() && crate::value::is_missing(var.data.num(row)) => {
                    text.to_string()
                }
                _ => s.cell_text(*v, row, cmd.has("nolabel")).trim().to_string(),
            }
        });
        lines.push(line(cells.collect()));
    }
    if let Some(name) = o.text("footchars") {
        lines.push(line(from_chars(name.trim())));
    }
    lines.extend(texts(o.text("footlines").unwrap_or("")));
    let append = o.text("appendto").map(|f| unquote(f.trim()).to_string());
    if cmd.has("type") {
        lines.iter().for_each(|line| s.print(line));
    } else if cmd.using.is_none() && append.is_none() {
        return Err(StataError::invalid("using, appendto() or type required"));
    }
    let text = lines.join("\n") + "\n";
    if let Some(file) = &cmd.using {
        write(s, file, &text, cmd.has("replace"))?;
    }
    if let Some(file) = append {
        let old = std::fs::read_to_string(s.path(&file))
            .map_err(|_| StataError::new(601, format!("file {file} not found")))?;
        write(s, &file, &(old + &text), true)?;
    }
    Ok(())
}

fn write(s: &Session, file: &str, text: &str, replace: bool) -> Result<()> {
    let path = s.path(file);
    check_replace(&path, file, replace)?;
    std::fs::write(&path, text).map_err(|e| StataError::unwritten(file, &e))
}

/// Text whose characters LaTeX does not read.
fn fixed(text: &str, cmd: &ParsedCommand) -> String {
    if cmd.has("nofix") {
        return text.to_string();
    }
    text.chars().fold(String::new(), |mut out, c| {
        if "_%#&".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

fn texsave(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let file = with_extension(cmd.using.as_deref().unwrap_or_default(), "tex");
    let (vars, rows) = chosen(s, cmd)?;
    let mut out: Vec<String> = Vec::new();
    if !cmd.has("frag") {
        let wide = if cmd.has("landscape") { "[landscape]" } else { "" };
        out.extend(
            ["\\documentclass{article}", "\\usepackage{booktabs}", "\\usepackage{tabularx}"]
                .map(str::to_string),
        );
        out.push(format!("\\usepackage{wide}{{geometry}}"));
        out.extend(texts(o.text("preamble").unwrap_or("")));
        out.push("\\begin{document}".to_string());
        out.push(String::new());
    }
    let mut table =
        vec![format!("\\begin{{table}}[{}]", o.text("location").unwrap_or("tbp")), "\\centering".into()];
    if let Some(size) = o.text("size") {
        table.push(font_size(size.trim())?);
    }
    if let Some(title) = o.text("title") {
        table.push(format!("\\caption{{{}}}", fixed(title, cmd)));
    }
    if let Some(marker) = o.text("marker") {
        table.push(format!("\\label{{{}}}", marker.trim()));
    }
    let align = o
        .text("align")
        .map_or_else(|| format!("l{}", "C".repeat(vars.len().saturating_sub(1))), str::to_string);
    table.push("\\newcolumntype{C}{>{\\centering\\arraybackslash}X}".into());
    table.push(format!("\\begin{{tabularx}}{{{}}}{{{align}}}", o.text("width").unwrap_or("\\linewidth")));
    table.push(String::new());
    table.push("\\toprule".into());
    table.extend(texts(o.text("headerlines").unwrap_or("")).into_iter().map(|l| l + " \\tabularnewline"));
    let name = |v: &usize| {
        let var = s.frame.var(*v);
        let text = if cmd.has("varlabels") && !var.label.is_empty() { &var.label } else { &var.name };
        format!("{{{}}}", fixed(text, cmd))
    };
    if !cmd.has("nonames") {
        table.push(format!("{} \\tabularnewline", vars.iter().map(name).collect::<Vec<_>>().join("&")));
        table.push("\\midrule\\addlinespace[1.5ex]".into());
    }
    let rules = o.text("hlines").map(crate::syntax::numlist::expand).transpose()?.unwrap_or_default();
    for (k, row) in rows.iter().enumerate() {
        let cells = vars.iter().map(|v| {
            let var = s.frame.var(*v);
            let text = match var.is_string() || cmd.has("valuelabels") {
                true => s.cell_text(*v, *row, false).trim().to_string(),
                false => format::bare(&var.format, var.data.num(*row)),
            };
            fixed(&text, cmd)
        });
        table.push(format!("{} \\tabularnewline", cells.collect::<Vec<_>>().join("&")));
        if rules.contains(&((k + 1) as f64)) {
            table.push("\\midrule".into());
        }
    }
    table.push("\\bottomrule \\addlinespace[1.5ex]".into());
    table.push(String::new());
    table.push("\\end{tabularx}".into());
    if let Some(note) = o.text("footnote") {
        let note = note.split(", size(").next().unwrap_or(note);
        table.push(format!("\\parbox{{\\linewidth}}{{{}}}", fixed(note.trim().trim_matches('"'), cmd)));
    }
    table.push("\\end{table}".into());
    out.extend(table);
    if !cmd.has("frag") {
        out.push("\\end{document}".to_string());
    }
    write(s, &file, &(out.join("\n") + "\n"), cmd.has("replace"))
}

/// The size of the font by its name or its number from 1 to 10.
fn font_size(size: &str) -> Result<String> {
    const SIZES: [&str; 10] = [
        "tiny",
        "scriptsize",
        "footnotesize",
        "small",
        "normalsize",
        "large",
        "Large",
        "LARGE",
        "huge",
        "Huge",
    ];
    let known = match size.parse::<usize>() {
        Ok(k) => SIZES.get(k.wrapping_sub(1)).copied(),
        Err(_) => SIZES.into_iter().find(|s| *s == size),
    };
    known.map(|s| format!("\\{s}")).ok_or_else(|| StataError::invalid("option size() incorrectly specified"))
}
