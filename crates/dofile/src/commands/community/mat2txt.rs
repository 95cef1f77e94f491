//! `mat2txt`: a matrix as a text file with tabs (Blanchette, SSC).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::Stripe;
use crate::ops::files::{check_replace, with_extension};
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Matrix"),
    OptSpec::text("SAVing"),
    OptSpec::flag("REPlace"),
    OptSpec::flag("APPend"),
    OptSpec::text("Title"),
    OptSpec::text("Note"),
    OptSpec::text("Format"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mat2txt",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mat2txt, matrix(name) saving(filename) [replace append title(text) note(text) format(%fmt ...)]",
    notes: "a line with the names of the columns, then one for each row; one format for all columns or one for each; the file has the extension txt without another",
    examples: &[Example {
        run: "matrix A = (1, 2.5 \\ 3, 4)\nmatrix rownames A = a b\nmat2txt, matrix(A) saving(m.txt) replace\nimport delimited using m.txt, clear delimiters(tab) varnames(1)\nerase m.txt\nscalar n = _N\nscalar x = c2[1]",
        expect: &[("n", 2.0), ("x", 2.5)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let needed = |name: &str| {
        let text = cmd.options.text(name).map(|t| unquote(t.trim()).to_string());
        text.ok_or_else(|| StataError::new(198, format!("option {name}() required")))
    };
    let (name, file) = (needed("matrix")?, with_extension(&needed("saving")?, "txt"));
    let matrix = s.matrix(&name).ok_or_else(|| StataError::not_found(&name))?;
    let formats: Vec<&str> = cmd.options.text("format").unwrap_or("%9.0g").split_whitespace().collect();
    if formats.iter().any(|f| format::Format::parse(f).is_none_or(|f| f.is_string())) {
        return Err(StataError::standard(120));
    }
    let append = cmd.has("append");
    let path = s.path(&file);
    if !append {
        check_replace(&path, &file, cmd.has("replace"))?;
    }
    let mut text = if append { std::fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
    let own = |name: &str| cmd.options.text(name).map(|t| unquote(t.trim()).to_string() + "\n");
    text.extend(own("title"));
    let names: Vec<String> = matrix.col_names.iter().map(Stripe::full).collect();
    // every line ends with a tab: do-files drop the empty variable that comes of it
    text.push_str(&format!("\t{}\t\n", names.join("\t")));
    for (i, row) in matrix.row_names.iter().enumerate() {
        text.push_str(&row.full());
        for j in 0..matrix.cols() {
            let fmt = formats.get(j).or(formats.last()).copied().unwrap_or("%9.0g");
            text.push_str(&format!("\t{}", format::bare(fmt, matrix.get(i, j)).trim()));
        }
        text.push_str("\t\n");
    }
    text.extend(own("note"));
    std::fs::write(&path, text).map_err(|e| StataError::unwritten(file, &e))
}
