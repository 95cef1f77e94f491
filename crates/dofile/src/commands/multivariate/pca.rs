//! `pca`: principal components. Formulas: [MV] pca; numbers: `estimators::components`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::shared::{blanks, eigenvalues, loadings, post, retained, sample, scalar};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show as show_header};
use crate::format;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind as Kind};
use estimators::components::{correlation, principal};

/// Options on the components and the look.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::int("COMponents"),
    OptSpec::int("FActors"),
    OptSpec::real("MINEigen"),
    OptSpec::real("BLanks"),
    OptSpec::flag("CORrelation"),
    OptSpec::flag("COVariance"),
    OptSpec::flag("MEans"),
];

const PCA_SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[Kind::Analytic, Kind::Frequency])
    .unsupported(&["vce", "LEVel", "NOROtated", "TOL", "IGnore"]);

/// `pca`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "pca",
    min: 3,
    form: Form::Standard(&PCA_SYNTAX),
    by: ByRule::No,
    run,
    syntax: "pca varlist [if] [in] [weight] [, components(#) mineigen(#) covariance means blanks(#)]",
    notes: "stores e(N f rho trace), e(L) e(Ev) e(Psi) e(C) e(means) e(sds); eigenvectors have unit length and a positive sum; [MV] pca",
    examples: &[Example {
        // two variables with correlation r have eigenvalues 1 + r and 1 - r
        run: "set obs 4\ngenerate x = _n\ngenerate y = cond(_n==4, 3, cond(_n==3, 4, _n))\npca x y\nmatrix v = e(Ev)",
        expect: &[("el(v,1,1)", 1.8), ("el(v,1,2)", 0.2), ("el(e(L),1,1)", std::f64::consts::FRAC_1_SQRT_2)],
    }],
};

pub(super) fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "pca" {
        return show(session, cmd);
    }
    let covariance_asked = cmd.has("covariance");
    if covariance_asked && cmd.has("correlation") {
        return Err(StataError::invalid("options correlation and covariance may not be combined"));
    }
    let data = sample(session, cmd)?;
    let matrix = if covariance_asked { data.covariance.clone() } else { correlation(&data.covariance) };
    let (values, vectors) = principal(&matrix);
    let asked = cmd.options.int("components").or(cmd.options.int("factors"));
    let f = retained(cmd, &values, 1e-5, asked)?;
    let k = values.len();
    let all: Vec<usize> = (0..k).collect();
    let kept: Vec<usize> = (0..f).collect();
    let loadings = vectors.select(&all, &kept);
    let psi: Vec<f64> = (0..k)
        .map(|i| {
            let explained: f64 = (0..f).map(|j| values[j] * loadings[(i, j)].powi(2)).sum();
            let left = matrix[(i, i)] - explained;
            if left.abs() < 1e-12 * matrix[(i, i)] { 0.0 } else { left }
        })
        .collect();
    let trace: f64 = matrix.diagonal().iter().sum();
    let rho = values[..f].iter().sum::<f64>() / trace;
    if cmd.has("means") && data.moments {
        session.print("");
        session.print("Summary statistics of the variables");
        session.print("");
        session.print("    Variable |      Mean  Std. dev.");
        session.print("-------------+---------------------");
        for (i, name) in data.names.iter().enumerate() {
            session.print(format!(
                "{:>12} | {} {}",
                format::abbrev(name, 12),
                format::number("%9.0g", data.means[i]),
                format::number("%9.0g", data.covariance[(i, i)].sqrt())
            ));
        }
    }
    post(session, cmd, data, &matrix, &loadings, &values, &psi, "Comp");
    let r = &mut session.e.results;
    r.scalar("trace", trace).scalar("rho", rho);
    r.text("Ctype", if covariance_asked { "covariance" } else { "correlation" });
    r.text("title", "Principal components").text("predict", "pca_p");
    show(session, cmd)
}

/// The sizes and the rotation.
pub(super) fn show_facts(session: &mut Session, rotation: &str) {
    let kind = session.e.results.get_text("Ctype").unwrap_or("correlation").to_string();
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::new("Number of comp.", "%10.0fc", scalar(session, "f")),
        Fact::new("Trace", "%9.0g", scalar(session, "trace")),
        Fact::new("Rho", "%6.4f", scalar(session, "rho")),
    ];
    let left = [
        format!("Principal components/{kind}"),
        String::new(),
        String::new(),
        format!("    Rotation: {rotation}"),
    ];
    session.print("");
    show_header(session, &left, &facts, 16, 10);
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let blanks = blanks(cmd)?;
    show_facts(session, "(unrotated = principal)");
    eigenvalues(session, "Ev", scalar(session, "trace"))?;
    session.print("");
    session.print("Principal components (eigenvectors)");
    loadings(session, "L", "Unexplained", blanks)
}
