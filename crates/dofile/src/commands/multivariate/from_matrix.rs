//! `factormat` and `pcamat`: factors and components of a correlation or covariance matrix ([MV] factor, [MV] pca).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::shared::Sample;
use super::{factor, pca};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;

/// What says how the matrix is given.
const INPUT: &[OptSpec] =
    &[OptSpec::int("n"), OptSpec::text("names"), OptSpec::text("shape"), OptSpec::text("sds")];

const FACTOR_SYNTAX: StandardSyntax =
    StandardSyntax::whole(concat_lists!(OptSpec; INPUT, &[OptSpec::text("MEANs")], factor::OPTIONS))
        .unsupported(&["FORCEPSD", "ALTdivisor", "PROtect"]);

const PCA_SYNTAX: StandardSyntax = StandardSyntax::whole(concat_lists!(OptSpec; INPUT, pca::OPTIONS))
    .unsupported(&["FORCEPSD", "vce", "LEVel"]);

/// `factormat`.
pub(super) const SPEC_FACTORMAT: CommandSpec = CommandSpec {
    name: "factormat",
    min: 9,
    form: Form::Standard(&FACTOR_SYNTAX),
    by: ByRule::No,
    run: factor::run,
    syntax: "factormat matname, n(#) [names(namelist) shape(full|lower|upper) sds(matname) means(matname) options of factor]",
    notes: "factor of a correlation or covariance matrix; lower and upper triangles are vectors row by row; e(sample) is empty; e(means) and e(sds) are stored where they are given; results as those of factor; [MV] factor",
    examples: &[Example {
        run: "matrix C = (1, .8 \\ .8, 1)\nfactormat C, n(100) names(x y) pcf\nmatrix m = e(Ev)",
        expect: &[("m[1,1]", 1.8), ("m[1,2]", 0.2), ("e(N)", 100.0)],
    }],
};

/// `pcamat`.
pub(super) const SPEC_PCAMAT: CommandSpec = CommandSpec {
    name: "pcamat",
    min: 6,
    form: Form::Standard(&PCA_SYNTAX),
    by: ByRule::No,
    run: pca::run,
    syntax: "pcamat matname, n(#) [names(namelist) shape(full|lower|upper) sds(matname) options of pca]",
    notes: "pca of a correlation or covariance matrix, of its correlations unless covariance is given; lower and upper triangles are vectors row by row; e(sample) is empty; results as those of pca; [MV] pca",
    examples: &[Example {
        run: "matrix C = (1, .8, 1)\npcamat C, n(50) names(x y) shape(lower)\nmatrix v = e(Ev)",
        expect: &[("el(v,1,1)", 1.8), ("el(v,1,2)", 0.2), ("e(N)", 50.0)],
    }],
};

/// Whether a command takes a matrix.
pub(super) fn takes_matrix(cmd: &ParsedCommand) -> bool {
    cmd.name.ends_with("mat")
}

/// What the command would have computed from data.
///
/// # Errors
/// r(198) without `n()` or for names that do not fit, r(503) for a matrix of another shape, r(505) for one that is not
/// symmetric.
pub(super) fn sample(session: &Session, cmd: &ParsedCommand) -> Result<Sample> {
    let name = cmd.list.trim();
    let given =
        session.matrix(name).ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
    let n = cmd
        .options
        .int("n")
        .filter(|n| *n > 1)
        .ok_or_else(|| StataError::invalid("option n() is required"))?;
    let values = given.values();
    let size = |cells: usize| (1..=cells).find(|k| k * (k + 1) / 2 == cells);
    let conformability = || StataError::new(503, "conformability error");
    let at = |k: usize, i: usize, j: usize, lower: bool| {
        let (i, j) = (i.max(j), i.min(j));
        if lower { i * (i + 1) / 2 + j } else { j * k - j * (j + 1) / 2 + i }
    };
    let asked = cmd.options.text("shape").map_or("full", str::trim);
    let is = |full: &str| full.starts_with(asked) && !asked.is_empty();
    let covariance = if is("full") {
        let k = given.rows();
        if k != given.cols() {
            return Err(conformability());
        }
        if (0..k).any(|i| (0..i).any(|j| (given.get(i, j) - given.get(j, i)).abs() > 1e-8)) {
            return Err(StataError::new(505, "matrix not symmetric"));
        }
        Mat::from_fn(k, k, |i, j| given.get(i, j))
    } else if is("lower") || is("upper") {
        let k = size(values.len())
            .filter(|_| given.rows() == 1 || given.cols() == 1)
            .ok_or_else(conformability)?;
        Mat::from_fn(k, k, |i, j| values[at(k, i, j, is("lower"))])
    } else {
        return Err(StataError::invalid(format!("shape({asked}) not allowed")));
    };
    let k = covariance.rows();
    let names: Vec<String> = match cmd.options.text("names") {
        Some(list) => list.split_whitespace().map(String::from).collect(),
        None if is("full") => given.row_names.iter().map(|s| s.name.clone()).collect(),
        None => return Err(StataError::invalid("option names() is required with a vector")),
    };
    if names.len() != k || k < 2 {
        return Err(StataError::invalid(format!("names(): {k} names are needed")));
    }
    let vector = |option: &str| -> Result<Option<Vec<f64>>> {
        let Some(name) = cmd.options.text(option).map(str::trim) else { return Ok(None) };
        let found =
            session.matrix(name).ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
        if found.values().len() == k { Ok(Some(found.values().to_vec())) } else { Err(conformability()) }
    };
    let (means, sds) = (vector("means")?, vector("sds")?);
    Ok(Sample {
        names,
        touse: vec![false; session.frame.n_rows()],
        n: n as f64,
        moments: means.is_some() && sds.is_some(),
        means: means.unwrap_or_else(|| vec![0.0; k]),
        covariance: match sds {
            Some(sds) => Mat::from_fn(k, k, |i, j| {
                let scale = (covariance[(i, i)] * covariance[(j, j)]).sqrt();
                covariance[(i, j)] / scale * sds[i] * sds[j]
            }),
            None => covariance,
        },
        weight_text: None,
    })
}
