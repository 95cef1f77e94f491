//! `svmat` and `mkmat`: variables from matrices and matrices from variables ([P] matrix mkmat).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use std::sync::Arc;

const SVMAT: StandardSyntax = StandardSyntax::whole(&[OptSpec::text("Names")]);
const MKMAT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("MATrix"), OptSpec::flag("noMISsing"), OptSpec::text("ROWNames")])
        .unsupported(&["ROWEq", "ROWPREfix", "OBs", "NCHar"]);

/// Most cells of a matrix that is made.
const MOST_CELLS: usize = 20_000_000;

pub(super) const SPEC_SVMAT: CommandSpec = CommandSpec {
    name: "svmat",
    min: 5,
    form: Form::Standard(&SVMAT),
    by: ByRule::No,
    run: svmat,
    syntax: "svmat [type] matname [, names(col | eqcol | matcol | string)]",
    notes: "a variable for each column, named matname1, matname2, ... unless names(); rows are added where the matrix has more; no results",
    examples: &[Example {
        run: "matrix A = (1,2\\3,4\\5,6)\nmatrix colnames A = u v\nsvmat A, names(col)\nsvmat double A",
        expect: &[("_N", 3.0), ("v[3]", 6.0), ("A1[2]", 3.0)],
    }],
};

pub(super) const SPEC_MKMAT: CommandSpec = CommandSpec {
    name: "mkmat",
    min: 5,
    form: Form::Standard(&MKMAT),
    by: ByRule::No,
    run: mkmat,
    syntax: "mkmat varlist [if] [in] [, matrix(name) nomissing rownames(varname)]",
    notes: "a column vector for each variable, or with matrix() one matrix; no results",
    examples: &[Example {
        run: "set obs 3\ngenerate a = _n\ngenerate b = 10*_n\nreplace b = . in 2\nmkmat a b, matrix(M) nomissing\nmkmat a",
        expect: &[("M[2,2]", 30.0), ("rowsof(M)", 2.0), ("a[3,1]", 3.0)],
    }],
};

fn svmat(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let (kind, name) = match words[..] {
        [name] => (StorageType::Float, name),
        [kind, name] => {
            let kind = StorageType::parse(kind).filter(|k| !k.is_string());
            (kind.ok_or_else(StataError::syntax)?, name)
        }
        _ => return Err(StataError::syntax()),
    };
    let m = s.matrix(name).ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
    let joined = |j: usize| {
        let stripe = &m.col_names[j];
        crate::expr::functions::valid_name(&format!("{}{}", stripe.eq, stripe.name))
    };
    let names: Vec<String> = (0..m.cols())
        .map(|j| match cmd.options.text("names").map(str::trim) {
            None => format!("{name}{}", j + 1),
            Some("col") => crate::expr::functions::valid_name(&m.col_names[j].name),
            Some("eqcol") => joined(j),
            Some("matcol") => crate::expr::functions::valid_name(&format!("{name}{}", m.col_names[j].name)),
            Some(stub) => format!("{}{}", stub.trim_end_matches('*'), j + 1),
        })
        .collect();
    for (j, new) in names.iter().enumerate() {
        if s.frame.find(new).is_some() || names[..j].contains(new) {
            return Err(StataError::already_defined(new));
        }
        if !is_valid_name(new) {
            return Err(StataError::new(198, format!("{new} invalid name")));
        }
    }
    let n = s.frame.n_rows().max(m.rows());
    s.room_for(n as f64, 8.0 * m.cols() as f64)?;
    s.frame.set_n_rows(n);
    for (j, new) in names.iter().enumerate() {
        let column: Vec<f64> = (0..n).map(|i| if i < m.rows() { m.get(i, j) } else { MISSING }).collect();
        s.frame.add(Variable::new(new, Column::from_f64(kind, &column)))?;
    }
    Ok(())
}

fn mkmat(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let touse = s.rows(cmd)?;
    let whole = |r: &usize| variables.iter().all(|v| !is_missing(s.frame.num_at(*v, *r)));
    let rows: Vec<usize> =
        (0..touse.len()).filter(|r| touse[*r] && (!cmd.has("nomissing") || whole(r))).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    if rows.len().saturating_mul(variables.len()) > MOST_CELLS {
        return Err(StataError::new(915, "matrix too large"));
    }
    let labels: Vec<Stripe> = match cmd.options.text("rownames") {
        None => (1..=rows.len()).map(|i| Stripe::term(format!("r{i}"))).collect(),
        Some(name) => {
            let v = s.variable(name)?;
            let text = |r: &usize| {
                let var = s.frame.var(v);
                if var.is_string() {
                    s.frame.str_at(v, *r).to_string()
                } else {
                    crate::format::macro_text(s.frame.num_at(v, *r))
                }
            };
            rows.iter().map(|r| Stripe::term(text(r))).collect()
        }
    };
    let column = |v: usize| Stripe::term(s.frame.var(v).name.clone());
    let make = |own: &[usize]| {
        let data = rows.iter().flat_map(|r| own.iter().map(|v| s.frame.num_at(*v, *r))).collect();
        let mut m = Matrix::new(rows.len(), own.len(), data);
        m.row_names.clone_from(&labels);
        m.col_names = own.iter().map(|v| column(*v)).collect();
        Arc::new(m)
    };
    let made: Vec<(String, Arc<Matrix>)> = match cmd.options.text("matrix") {
        Some(name) if is_valid_name(name.trim()) => vec![(name.trim().to_string(), make(&variables))],
        Some(name) => return Err(StataError::new(198, format!("{name} invalid name"))),
        None => variables.iter().map(|v| (s.frame.var(*v).name.clone(), make(&[*v]))).collect(),
    };
    s.matrices.extend(made);
    Ok(())
}
