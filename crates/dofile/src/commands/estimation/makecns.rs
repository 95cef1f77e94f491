//! `makecns` and `matcproc`: constraints for programs that estimate under them ([P] makecns).
//!
//! `makecns` stores in `e()`: Cns, one row for each constraint with its target in the last column; in `r()`: clist
//! k_autoCns, with the option r k and cns#.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::constraints::{self, constraints};
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form::LinearForm;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;
use std::sync::Arc;

/// A row within this distance of the span of those before it depends on them.
const DEPENDENT: f64 = 1e-10;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "makecns",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "makecns [clist|matname] [, nocnsnotes displaycns r]",
    notes: "clist: numbers of constraints, joined by blanks, commas or dashes; needs e(b); a constraint that repeats others is left out with a note, one that contradicts them ends with r(412); base and omitted coefficients have separate rows behind the others, which are not shown; without a list the constraints of e(Cns) stay; stores e(Cns), r(clist) r(k_autoCns), with the option r: r(k) r(cns1) ...; [P] makecns",
    examples: &[Example {
        run: "matrix b = (0, 0, 0)\nmatrix colnames b = x z _cons\nmatrix V = b'*b\nereturn post b V\nconstraint 1 x = 2*z + 3\nmakecns 1, displaycns\nmatrix C = e(Cns)\nmatcproc T a D\nmatrix R = D[1,1..3]*T\nmatrix h = D[1,1..3]*a'",
        expect: &[
            ("C[1,1]", 1.0),
            ("C[1,2]", -2.0),
            ("C[1,4]", 3.0),
            ("abs(R[1,1]) + abs(R[1,2]) < 1e-14", 1.0),
            ("reldif(h[1,1], 3) < 1e-14", 1.0),
        ],
    }],
};

pub(super) const SPEC_MATCPROC: CommandSpec = CommandSpec {
    name: "matcproc",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run: matcproc,
    syntax: "matcproc T a C",
    notes: "from e(Cns) = (R, r): C is e(Cns), a = r'(RR')^-1 R, and T has orthonormal columns with RT = 0, so that b = b_c T' + a satisfies the constraints for every b_c; the basis T is one of many, and may differ from Stata's by a rotation; [P] makecns",
    examples: &[Example {
        run: "matrix b = (0, 0)\nmatrix colnames b = x z\nmatrix V = b'*b\nereturn post b V\nconstraint 1 x + z = 2\nmakecns 1\nmatcproc T a C",
        // the part along (1, 1) is fixed, the part along (1, -1) is free
        expect: &[
            ("a[1,1]", 1.0),
            ("a[1,2]", 1.0),
            ("abs(T[1,1] + T[2,1]) < 1e-14", 1.0),
            ("colsof(T)", 1.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let end = options_at(&cmd.raw);
    let options = Options::parse(
        "makecns",
        cmd.raw[end..].trim_start_matches(','),
        &[OptSpec::flag("noCNSNotes"), OptSpec::flag("DIsplaycns"), OptSpec::flag("r")],
        &[],
    )?;
    let list = cmd.raw[..end].trim().to_string();
    let b = s.e.b().cloned().ok_or_else(StataError::no_estimates)?;
    let mut r = Results::default();
    if !list.is_empty() || s.e.results.matrices.get("Cns").is_none() {
        let auto = make(s, &b.col_names, &list, !options.has("nocnsnotes"))?;
        r.scalar("k_autoCns", auto as f64);
        r.text("clist", list);
    }
    if options.has("r") {
        let texts = constraints::texts(s);
        r.scalar("k", texts.len() as f64);
        texts.iter().enumerate().for_each(|(i, text)| {
            r.text(&format!("cns{}", i + 1), text);
        });
    } else if options.has("displaycns") {
        constraints::show(s);
    }
    s.r = r;
    Ok(())
}

/// Where the options begin: at the first comma that a word follows, as numbers may be joined by commas.
fn options_at(raw: &str) -> usize {
    let starts = |rest: &str| rest.trim_start().chars().next().is_none_or(char::is_alphabetic);
    raw.char_indices().find(|(i, c)| *c == ',' && starts(&raw[i + 1..])).map_or(raw.len(), |(i, _)| i)
}

/// Stores `e(Cns)`; returns the number of rows for base and omitted coefficients.
fn make(s: &mut Session, stripe: &[Stripe], list: &str, notes: bool) -> Result<usize> {
    let parameters = constraints::named(stripe.to_vec());
    let (mut kept, mut told): (Vec<LinearForm>, Vec<String>) = (Vec::new(), Vec::new());
    let mut take = |number: i64, form: LinearForm, told: &mut Vec<String>| match place(&kept, &form) {
        Place::Free => {
            kept.push(form);
            Ok(())
        }
        Place::Repeated => {
            told.push(format!("(note: constraint number {number} caused error r(412))"));
            Ok(())
        }
        Place::Contradiction => {
            Err(StataError::new(412, format!("constraint {number} is redundant or inconsistent")))
        }
    };
    match s.matrix(list).filter(|_| !list.is_empty()) {
        Some(m) => {
            for (number, form) in of_matrix(&m, stripe.len())? {
                take(number, form, &mut told)?;
            }
        }
        None if list.is_empty() => {}
        None => {
            for (number, text) in constraints(s, list)? {
                let (found, notes) = constraints::accepted(&parameters, &[(number, text)])?;
                told.extend(notes);
                for form in found {
                    take(number, form, &mut told)?;
                }
            }
        }
    }
    let auto = omitted(&parameters);
    if notes {
        told.iter().for_each(|note| s.print(note));
    }
    let own = kept.len();
    for form in auto {
        if matches!(place(&kept, &form), Place::Free) {
            kept.push(form);
        }
    }
    let added = kept.len() - own;
    if kept.is_empty() {
        s.e.results.matrices.remove("Cns");
    } else {
        s.e.results.matrix("Cns", constraints::matrix(&kept, stripe.to_vec()));
    }
    Ok(added)
}

/// Rows of a matrix with one column more than there are coefficients.
fn of_matrix(m: &Matrix, size: usize) -> Result<Vec<(i64, LinearForm)>> {
    if m.cols() != size + 1 {
        return Err(StataError::standard(503));
    }
    let row = |i: usize| LinearForm {
        weights: (0..size).map(|j| m.get(i, j)).collect(),
        constant: -m.get(i, size),
    };
    Ok((0..m.rows()).map(|i| (i as i64 + 1, row(i))).collect())
}

/// A constraint for each base or omitted coefficient.
fn omitted(parameters: &Parameters) -> Vec<LinearForm> {
    let size = parameters.stripe.len();
    (0..size)
        .filter(|j| parameters.terms[*j].as_ref().is_some_and(|t| t.is_omitted()))
        .map(|j| {
            let mut weights = vec![0.0; size];
            weights[j] = 1.0;
            LinearForm { weights, constant: 0.0 }
        })
        .collect()
}

enum Place {
    Free,
    Repeated,
    Contradiction,
}

/// Whether a constraint says something new next to independent ones.
fn place(kept: &[LinearForm], form: &LinearForm) -> Place {
    let size: f64 = form.weights.iter().map(|w| w * w).sum::<f64>().sqrt();
    let (mut rest, mut target) = (form.weights.clone(), form.constant);
    if !kept.is_empty() {
        let rows = stacked(kept);
        let Some(inverse) = rows.outer().inverse_definite() else { return Place::Free };
        let shares = inverse.times_vector(&rows.times_vector(&form.weights));
        for (share, other) in shares.iter().zip(kept) {
            rest.iter_mut().zip(&other.weights).for_each(|(r, w)| *r -= share * w);
            target -= share * other.constant;
        }
    }
    let left: f64 = rest.iter().map(|w| w * w).sum::<f64>().sqrt();
    match (left > DEPENDENT * size, target.abs() > DEPENDENT * size.max(form.constant.abs())) {
        (true, _) => Place::Free,
        (false, true) => Place::Contradiction,
        (false, false) => Place::Repeated,
    }
}

fn stacked(forms: &[LinearForm]) -> Mat {
    let width = forms.first().map_or(0, |f| f.weights.len());
    Mat::from_fn(forms.len(), width, |i, j| forms[i].weights[j])
}

fn matcproc(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let names: Vec<&str> = cmd.raw.split_whitespace().collect();
    let [t, a, c] = names[..] else { return Err(StataError::syntax()) };
    let cns = s.e.results.matrices.get("Cns").cloned();
    let cns = cns.ok_or_else(|| StataError::new(111, "matrix e(Cns) not found"))?;
    let size = cns.cols() - 1;
    let stripe = cns.col_names[..size].to_vec();
    let rows = Mat::from_fn(cns.rows(), size, |i, j| cns.get(i, j));
    let inverse = rows
        .outer()
        .inverse_definite()
        .ok_or_else(|| StataError::new(412, "constraints are redundant or inconsistent"))?;
    let back = rows.transpose().times(&inverse);
    let targets: Vec<f64> = (0..cns.rows()).map(|i| cns.get(i, size)).collect();
    let fixed = back.times_vector(&targets);
    let free = Mat::identity(size).minus(&back.times(&rows)).symmetrised();
    // a projection has the eigenvalues one and zero; those of one span what the constraints leave free
    let (values, vectors) = free.symmetric_eigen();
    let columns: Vec<usize> = (0..size).filter(|j| values[*j] > 0.5).collect();
    let cells = (0..size).flat_map(|i| columns.iter().map(move |j| (i, *j))).map(|at| vectors[at]).collect();
    let mut basis = Matrix::new(size, columns.len(), cells);
    basis.row_names = stripe.clone();
    s.matrices.insert(t.to_string(), Arc::new(basis));
    s.matrices.insert(a.to_string(), Arc::new(Matrix::row_vector(fixed, stripe)));
    s.matrices.insert(c.to_string(), Arc::new(cns));
    Ok(())
}
