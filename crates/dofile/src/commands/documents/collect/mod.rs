//! `collect`: collections of results and their tables ([TABLES]). The collections are in `ops::collection`, the file formats in
//! `export`.

mod edit;
mod export;
mod get;
mod labels;
mod list;
mod manage;
mod styles;
mod styles_cell;
mod view;

pub(super) use export::{current_grids, export_option};

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::collection::{Collection, Collections};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{front_and_options, top_level_colon};

/// `collect`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "collect",
    min: 7,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "collect [results] [, tags(tags) name(c)]: command | get results [, tags()] | layout (rows) [(columns) [(tables)]] | preview | export filename [, as(docx|html|pdf|xlsx|tex|md|txt) replace tableonly sheet(name [, replace]) cell(cell) modify] | title \"text\" | notes \"text\" | dims | levelsof dim | label {list dim | dim d \"text\" | levels d level \"text\" ... | drop d} | recode d old = new ... | remap d[levels] = d2[levels] | addtags tags [, fortags(tags)] | composite {define r = r1 r2 ... [, delimiter() replace] | drop r} | stars r # \"*\" ... [, attach() result shownote] | style {cell [tags], nformat() sformat() cidelimiter() minimum() maximum() | header [d[levels]], title(hide|label|name) level(hide|label|value) | row {stack|split} [, nobinder binder() delimiter() noindent spacer] | column [, dups()] | autolevels d levels [, clear] | showbase off|factor|all | showomit | showempty | _cons last|asis | use name | clear} | create | set | dir | drop | rename | copy | combine new = c1 c2 | save | use | clear | query layout",
    notes: "items with tags in the dimensions cmdset colname coleq rowname roweq result result_type program_class and those of tags(), of by and of table; _r_b _r_se _r_z _r_z_abs _r_p _r_lb _r_ub _r_ci _r_df come from the coefficient table; a cell shows an item where it is the only one with the tags of the cell; appearance (font(), shading(), border(), halign(), margin(), style title|notes|html|putdocx|putpdf|tex) is read and changes nothing; save and use have files of this engine; stores s() of the manual for layout, dims, levelsof, dir; not there: unget, label save and use, style save, stars with dimension",
    examples: &[
        Example {
            run: "set obs 4\ngenerate g = ceil(_n/2)\ntempfile f\ntable g\ncollect export `f', as(md) replace\nscalar n = r(N)\nconfirm file `f'",
            expect: &[("n", 4.0)],
        },
        Example {
            run: "set obs 6\ngenerate x = _n\ngenerate y = cond(mod(_n,2), _n+1, _n-1)\ncollect clear\nquietly collect _r_b _r_se: regress y x\nquietly collect: regress y\ncollect layout (colname#result) (cmdset)\nscalar same = \"`s(rows)'\" == \"colname#result\" & \"`s(k_tables)'\" == \"1\"\ncollect levelsof cmdset\nscalar two = wordcount(\"`s(levels)'\")",
            expect: &[("same", 1.0), ("two", 2.0)],
        },
    ],
};

pub(super) use super::etable::SPEC as SPEC_ETABLE;

/// What a subcommand does with the text behind its name.
type Run = fn(&mut Session, &str) -> Result<()>;

const SUBCOMMANDS: &[(&str, Run)] = &[
    ("get", get::get),
    ("layout", view::layout),
    ("preview", view::preview),
    ("query", view::query),
    ("export", export::export_command),
    ("title", edit::title),
    ("notes", edit::notes),
    ("note", edit::notes),
    ("dims", list::dims),
    ("levelsof", list::levels_of),
    ("label", labels::label),
    ("recode", edit::recode),
    ("remap", edit::remap),
    ("addtags", edit::add_tags),
    ("composite", edit::composite),
    ("stars", edit::stars),
    ("style", styles::style),
    ("create", manage::create),
    ("set", manage::set),
    ("dir", list::dir),
    ("drop", manage::drop),
    ("rename", manage::rename),
    ("copy", manage::copy),
    ("combine", manage::combine),
    ("save", manage::save),
    ("use", manage::use_file),
    ("clear", manage::clear),
];

/// Subcommands of the manual that the engine does not have.
const REFUSED: &[&str] = &["unget"];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.trim();
    let end = text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let alone = rest.trim_start().is_empty() || rest.starts_with([' ', '\t', ',', '"']);
    // a result that a do-file names like a subcommand: collect set=r(N): command
    let names_result = rest.trim_start().starts_with('=');
    if let Some((name, run)) = SUBCOMMANDS.iter().find(|(name, _)| *name == word && alone && !names_result) {
        if s.by.is_some() && *name != "get" {
            return Err(StataError::new(190, format!("collect {name} may not be combined with by")));
        }
        return run(s, rest.trim());
    }
    if REFUSED.contains(&word) {
        return Err(StataError::unsupported_command(&format!("collect {word}")));
    }
    match top_level_colon(text) {
        Some(i) => get::prefix(s, text[..i].trim(), text[i + 1..].trim()),
        None if word.is_empty() => Err(StataError::syntax()),
        None => Err(StataError::invalid(format!("collect subcommand {word} is unrecognized"))),
    }
}

/// Options behind the comma of a subcommand.
struct Given {
    command: &'static str,
    main: String,
    options: Vec<(String, Option<String>)>,
}

impl Given {
    fn read(command: &'static str, text: &str) -> Result<Self> {
        let (main, options) = front_and_options(text);
        Ok(Self { command, main: main.to_string(), options: split_options(options)? })
    }

    /// Takes an option with an argument.
    fn text(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().position(|(o, value)| abbreviates(o, name) && value.is_some())?;
        self.options.remove(at).1
    }

    /// Takes an option without an argument.
    fn flag(&mut self, name: &str) -> bool {
        let at = self.options.iter().position(|(o, value)| abbreviates(o, name) && value.is_none());
        at.inspect(|at| _ = self.options.remove(*at)).is_some()
    }

    /// Takes options that change nothing here.
    fn ignore(&mut self, names: &[&str]) {
        self.options.retain(|(o, _)| !names.iter().any(|name| abbreviates(o, name)));
    }

    /// Refuses what was not taken: options of the manual by their names.
    fn finish(&self, unsupported: &[&str]) -> Result<()> {
        match self.options.first() {
            None => Ok(()),
            Some((o, _)) if unsupported.iter().any(|name| abbreviates(o, name)) => {
                Err(StataError::unsupported_option(&format!("collect {}", self.command), o))
            }
            Some((o, _)) => Err(StataError::option_not_allowed(o)),
        }
    }

    /// The collection of the option `name()`, or the current one.
    fn collection<'a>(&mut self, s: &'a mut Session) -> Result<&'a mut Collection> {
        let name = self.text("name");
        Collections::named(s, name.as_deref().map(str::trim))
    }
}

fn none_found(dim: &str) -> StataError {
    StataError::new(111, format!("dimension {dim} not found"))
}

fn plural(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}
