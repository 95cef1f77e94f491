//! `orth_out`: means by group as a matrix (Over and others, SSC). Written from the help file.

use super::balance::{Estimate, Groups, apart, names, pairs};
use super::{Target, write};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::ops::collection::Sheet;
use crate::ops::files::with_extension;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;

const ORTH_OUT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("BY"),
    OptSpec::flag("se"),
    OptSpec::flag("COUnt"),
    OptSpec::flag("test"),
    OptSpec::flag("COMPare"),
    OptSpec::flag("PCOMPare"),
    OptSpec::flag("OVERAll"),
    OptSpec::text("vce"),
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::text("TItle"),
])
.using(Using::Optional)
.unsupported(&[
    "PROPortion",
    "sd",
    "RTest",
    "FTest",
    "NOLAbel",
    "COLNum",
    "COVARiates",
    "INTERacted",
    "SHEET",
    "BDec",
    "ARMLAbel",
    "VARLAbel",
    "NOtes",
    "STARs",
    "HAppend",
    "VAppend",
    "COUNTtitle",
]);

/// The command `orth_out`.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "orth_out",
    min: 8,
    form: Form::Standard(&ORTH_OUT),
    by: ByRule::No,
    run: orth_out,
    syntax: "orth_out varlist [using file] [if] [in], by(groupvar) [se count test compare pcompare overall vce(text) title(text) replace append]",
    notes: "means by group, with se their standard errors below, compare: differences of the pairs, pcompare: their p-values, test: the p-value of the equality of all groups; stores r(matrix)",
    examples: &[Example {
        run: "set obs 8\ngenerate g = _n > 4\ngenerate x = _n^2\north_out x, by(g) count pcompare\nmatrix b = r(matrix)\nttest x, by(g)\nscalar p = r(p)",
        expect: &[("b[1,1]", 7.5), ("b[1,2]", 43.5), ("b[2,1]", 4.0), ("reldif(b[1,3], p) < 1e-10", 1.0)],
    }],
};

fn orth_out(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let by = cmd.options.text("by").ok_or_else(|| StataError::invalid("option by() required"))?;
    let list = names(s, &cmd.list)?;
    let table = apart(s, |s| {
        let groups = Groups::begin(s, cmd, by, None, None)?;
        orth_table(s, cmd, &groups, &list)
    })?;
    let mut sheet = Sheet { title: cmd.options.text("title").unwrap_or("").to_string(), ..Sheet::default() };
    sheet
        .head
        .push([String::new()].into_iter().chain(table.col_names.iter().map(|c| c.name.clone())).collect());
    for i in 0..table.rows() {
        let cell = |j| match table.get(i, j) {
            x if crate::value::is_missing(x) => String::new(),
            x => crate::format::bare("%9.3f", x),
        };
        let name = table.row_names[i].name.clone();
        sheet.rows.push([name].into_iter().chain((0..table.cols()).map(cell)).collect());
    }
    sheet.print(s);
    if let Some(file) = &cmd.using {
        let file = with_extension(file, "xlsx");
        write::write(s, sheet, &Target { file, replace: cmd.has("replace"), append: cmd.has("append") })?;
    }
    let mut r = Results::default();
    r.matrix("matrix", table);
    s.r = r;
    Ok(())
}

fn orth_table(s: &mut Session, cmd: &ParsedCommand, groups: &Groups, list: &[String]) -> Result<Matrix> {
    let pairs = pairs(groups.names.len(), None);
    let valid = |text: &str| Stripe::term(text.replace([' ', '.', ':'], "_"));
    let mut columns: Vec<Stripe> = groups.names.iter().map(|n| valid(n)).collect();
    if cmd.has("overall") {
        columns.insert(0, valid("Overall"));
    }
    for (on, prefix) in [(cmd.has("compare"), "diff"), (cmd.has("pcompare"), "p")] {
        if on {
            columns.extend(pairs.iter().map(|(a, b)| valid(&format!("{prefix}_{}_{}", a + 1, b + 1))));
        }
    }
    if cmd.has("test") {
        columns.push(valid("p_value"));
    }
    let (mut data, mut rows, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for variable in list {
        let mut means: Vec<Estimate> = Vec::new();
        if cmd.has("overall") {
            means.push(groups.mean(s, variable, None)?);
        }
        for k in 0..groups.names.len() {
            means.push(groups.mean(s, variable, Some(k))?);
        }
        let differences: Vec<Estimate> = if cmd.has("compare") || cmd.has("pcompare") {
            pairs.iter().map(|p| groups.difference(s, variable, *p)).collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        let (mut first, mut second): (Vec<f64>, Vec<f64>) = means.iter().map(|m| (m.value, m.se)).unzip();
        if cmd.has("compare") {
            first.extend(differences.iter().map(|d| d.value));
            second.extend(differences.iter().map(|d| d.se));
        }
        if cmd.has("pcompare") {
            first.extend(differences.iter().map(|d| d.p));
        }
        if cmd.has("test") {
            first.push(groups.equal(s, variable)?.1);
        }
        second.resize(columns.len(), MISSING);
        data.extend(first);
        rows.push(Stripe::term(variable.as_str()));
        if cmd.has("se") {
            data.extend(second);
            rows.push(Stripe::term(format!("{}_se", variable.chars().take(29).collect::<String>())));
        }
        if counts.is_empty() {
            counts = means.iter().map(|m| m.n).collect();
        }
    }
    if cmd.has("count") {
        counts.resize(columns.len(), MISSING);
        data.extend(counts);
        rows.push(Stripe::term("N"));
    }
    let mut table = Matrix::new(rows.len(), columns.len(), data);
    (table.row_names, table.col_names) = (rows, columns);
    Ok(table)
}
