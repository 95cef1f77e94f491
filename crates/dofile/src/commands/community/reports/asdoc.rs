//! `asdoc`: a prefix that writes the results of a command into a Word document (Shah 2018, SSC). Written from the help file.

use super::asdoc_models::{self, Nested};
use super::asdoc_tables as tables;
use super::screen::{printed, rows};
use super::{Target, write};
use crate::commands::{ByRule, CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::options::{Options, split_options};
use crate::syntax::split::{front_and_options, unquote};
use crate::syntax::{OptSpec, ParsedCommand};

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    by: ByRule::EachGroup,
    notes: "summarize, correlate, pwcorr, two-sample ttest and models have own tables, other commands what they print; the file is Myfile.doc (rich text) without save(), .docx and .csv are possible, new tables go behind those of the file unless replace is given; nest puts models side by side; the results of the command stay; Shah (2018)",
    examples: &[
        Example {
            run: "set obs 4\ngenerate x = _n\ngenerate y = x^2\ntempfile f\nasdoc sum x y, save(`f'.csv) replace dec(2)\nscalar n = r(N)\nscalar got = fileread(\"`f'.csv\")\nasdoc sum x, stat(N p50) save(`f'.csv) replace\nscalar more = fileread(\"`f'.csv\")\nasdoc cor x y, save(`f'.doc) replace\nasdoc tabulate x, save(`f'.doc)\nscalar there = fileexists(\"`f'.doc\")\nerase `f'.csv\nerase `f'.doc",
            expect: &[
                ("n", 4.0),
                ("strpos(got, \"x,4,2.50,1.29,1.00,4.00\") > 0", 1.0),
                ("strpos(more, \"x,4,2.500\") > 0", 1.0),
                ("there", 1.0),
            ],
        },
        Example {
            run: "set obs 6\ngenerate x = _n\ngenerate y = cond(mod(_n, 2), _n + 1, _n - 1)\ntempfile f\nasdoc regress y x, save(`f'.csv) replace\nscalar got = fileread(\"`f'.csv\")\nlocal b = trim(string(_b[x], \"%9.3f\"))\nscalar hit = strpos(got, \"x,`b',\") > 0\nasdoc regress y x, save(`f'.csv) replace nest\nasdoc regress y, save(`f'.csv) append nest cnames(second)\nscalar nested = fileread(\"`f'.csv\")\nerase `f'.csv",
            expect: &[
                ("hit", 1.0),
                ("strpos(nested, \"second\") > 0", 1.0),
                ("strpos(nested, \"Observations,6,6\") > 0", 1.0),
            ],
        },
    ],
    ..CommandSpec::raw(
        "asdoc",
        5,
        run,
        "asdoc command [, options of the command; save(file) replace append title(text) dec(#) label abb(#) stat(list) nest cnames(text) rep(se|t) stars keep() drop() nocons notes(text) fs(#) font(name)]",
    )
};

/// Options of the prefix.
const OPTIONS: &[OptSpec] = &[
    OptSpec::text("save"),
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::text("title"),
    OptSpec::int("dec"),
    OptSpec::text("fs"),
    OptSpec::text("font"),
    OptSpec::text("abb"),
    OptSpec::flag("nest"),
    OptSpec::text("cnames"),
    OptSpec::text("rep"),
    OptSpec::text("notes"),
    OptSpec::text("stat"),
    OptSpec::flag("label"),
    OptSpec::flag("nocons"),
    OptSpec::text("keep"),
    OptSpec::text("drop"),
    OptSpec::flag("hide"),
];
const REFUSED: &[&str] = &["wide", "setstars", "accum", "add", "tzok", "nocf", "btable"];

/// A command with the prefix's options taken out.
pub(super) struct Call {
    /// Full name of the command.
    pub(super) name: String,
    /// The command as it runs.
    pub(super) text: String,
    /// Its text in front of the options, behind its name.
    pub(super) front: String,
    /// Options that the command gets.
    pub(super) rest: Vec<(String, Option<String>)>,
    /// Options of the prefix.
    pub(super) own: Options,
}

impl Call {
    fn parse(s: &Session, raw: &str) -> Result<Self> {
        let (front, options) = front_and_options(raw);
        let end = front.find(char::is_whitespace).unwrap_or(front.len());
        let (word, behind) = front.split_at(end);
        let spec = s.command(word).ok_or_else(|| StataError::unsupported_command(word))?;
        if s.by.is_some() && spec.by != ByRule::EachGroup {
            return Err(StataError::new(190, format!("{word} may not be combined with by")));
        }
        let (mut own, mut rest) = (String::new(), Vec::new());
        for (name, value) in split_options(options)? {
            // other commands have a stat() or label of their own
            let theirs = ["label", "stat"].contains(&name.as_str()) && spec.name != "summarize";
            let text = value.as_ref().map_or_else(|| name.clone(), |v| format!("{name}({v})"));
            if REFUSED.contains(&name.as_str()) {
                return Err(StataError::unsupported_option("asdoc", &name));
            }
            if OPTIONS.iter().any(|o| o.name == name) && !theirs {
                own.push(' ');
                own.push_str(&text);
            } else {
                rest.push((name, value));
            }
        }
        // star(all) has three levels in the document; pwcorr itself has one
        let one = |v: &String| {
            if v.trim() == "all" && spec.name == "pwcorr" { ".05".to_string() } else { v.clone() }
        };
        let text = |(n, v): &(String, Option<String>)| {
            v.as_ref().map_or_else(|| n.clone(), |v| format!("{n}({})", one(v)))
        };
        let shown: Vec<String> = rest.iter().map(text).collect();
        let tail = if shown.is_empty() { String::new() } else { format!(", {}", shown.join(" ")) };
        Ok(Self {
            name: spec.name.to_string(),
            text: format!("{front}{tail}"),
            front: behind.trim().to_string(),
            rest,
            own: Options::parse("asdoc", &own, OPTIONS, &[])?,
        })
    }

    /// Whether the command has an option.
    pub(super) fn has(&self, name: &str) -> bool {
        self.rest.iter().any(|(n, _)| n == name)
    }

    /// Decimals of the numbers.
    pub(super) fn decimals(&self) -> usize {
        self.own.int("dec").unwrap_or(3).clamp(0, 12) as usize
    }

    /// A number with the decimals.
    pub(super) fn number(&self, x: f64) -> String {
        if crate::value::is_missing(x) || !x.is_finite() {
            return ".".to_string();
        }
        format!("{x:.*}", self.decimals())
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if raw.is_empty() {
        return Err(StataError::syntax());
    }
    let call = Call::parse(s, raw)?;
    let file = call.own.text("save").map_or("Myfile.doc", |f| unquote(f.trim())).to_string();
    let file = if file.rsplit('/').next().unwrap_or("").contains('.') { file } else { format!("{file}.doc") };
    // the tables of the groups of by follow each other
    let replace = call.own.has("replace") && s.by.is_none_or(|(first, _)| first == 0);
    let before = s.e.results.get_text("cmdline").map(str::to_string);
    let text = if call.name == "summarize" && call.own.text("stat").is_some() {
        String::new()
    } else {
        printed(s, &call.text)?
    };
    if !call.own.has("hide") {
        s.out.text(&text);
    }
    let model = s.e.b().is_some()
        && s.e.results.get_text("cmdline").map(str::to_string) != before
        && s.e.results.get_text("depvar").is_some();
    let mut target = Target { file: file.clone(), replace, append: !replace };
    let sheet = match call.name.as_str() {
        "summarize" => Some(tables::summary(s, &call)?),
        "correlate" | "pwcorr" => tables::correlations(s, &call)?,
        "ttest" => tables::ttest(s, &call),
        _ if call.own.has("nest") && (model || s.e.b().is_some()) => {
            let sheet = asdoc_models::nested(s, &call, &mut target)?;
            Some(sheet)
        }
        _ if model || (s.e.b().is_some() && tables::is_estimation(s, &call)) => {
            Some(asdoc_models::single(s, &call)?)
        }
        _ => None,
    };
    if !call.own.has("nest") {
        s.extensions.remove::<Nested>();
    }
    let mut sheet =
        sheet.unwrap_or_else(|| Sheet { title: call.name.clone(), rows: rows(&text), ..Sheet::default() });
    if sheet.rows.is_empty() {
        return Err(StataError::new(198, "the command printed no table"));
    }
    if let Some(title) = call.own.text("title") {
        sheet.title = title.to_string();
    }
    if s.by.is_some() {
        sheet.title = format!("{}: {} = {}", sheet.title, s.by_names.join(" "), s.by_label);
    }
    if let Some(note) = call.own.text("notes") {
        sheet.notes.push(note.to_string());
    }
    write::write(s, sheet, &target)?;
    s.print(format!("Click to Open File:  {file}"));
    Ok(())
}
