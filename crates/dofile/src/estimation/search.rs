//! What options of the search set for a likelihood: constraints, starting values, the outer products of the scores.
//! `interp/table_options.rs` reads the options, [`super::likelihood::maximise`] applies them.

use crate::error::{Result, StataError};
use crate::estimation::constraints;
use crate::estimation::layout::Layout;
use crate::estimation::linear::Parameters;
use crate::estimation::model::{Reading, VceSpec};
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::parse_number;
use estimators::allowed::Allowed;
use estimators::matrix::Mat;
use estimators::ml::Constrained;
use estimators::weights::WeightKind;

/// Reads `constraints()` for the parameters of a model.
///
/// # Errors
/// r(412) where they contradict each other or are not defined; r(199) for one on a parameter that is searched on
/// another scale than it is shown.
pub fn held(session: &mut Session, layout: &Layout) -> Result<Option<(Allowed, Constrained)>> {
    match (session.settings.search.constraints.clone(), layout.restrictions()) {
        (None, None) => Ok(None),
        (None, Some(own)) => allowed(layout, own.clone()).map(Some),
        (Some(_), Some(_)) => {
            let text =
                "constraints() with other constraints of the model is not supported by the open engine";
            Err(StataError::new(199, text))
        }
        (Some(text), None) => held_to(session, layout, &text),
    }
}

/// The same from the text of the option.
///
/// # Errors
/// As [`held`].
pub fn held_to(session: &mut Session, layout: &Layout, text: &str) -> Result<Option<(Allowed, Constrained)>> {
    written(session, layout.stripe(), text)?.map(|written| allowed(layout, written)).transpose()
}

fn allowed(layout: &Layout, written: Mat) -> Result<(Allowed, Constrained)> {
    let stripe = layout.stripe();
    let rescaled = (0..stripe.len()).filter(|j| layout.scale_of(*j).is_some());
    if let Some(j) = rescaled.into_iter().find(|j| (0..written.rows()).any(|i| written[(i, *j)] != 0.0)) {
        let text = format!("constraints on {} are not supported by the open engine", stripe[j].name);
        return Err(StataError::new(199, text));
    }
    let estimated = layout.estimated();
    let matrix = Mat::from_fn(written.rows(), estimated.len(), |i, j| written[(i, estimated[j])]);
    let targets: Vec<f64> = (0..written.rows()).map(|i| written[(i, stripe.len())]).collect();
    let allowed = Allowed::new(&matrix, &targets).ok_or_else(|| StataError::standard(412))?;
    let independent = allowed.independent();
    Ok((allowed, Constrained { written, independent }))
}

/// The constraints of `constraints()` over all names, from a matrix or from numbers; nothing where none applies.
fn written(session: &mut Session, stripe: &[Stripe], text: &str) -> Result<Option<Mat>> {
    Ok(match session.matrix(text.trim()) {
        Some(given) => {
            if given.cols() != stripe.len() + 1 {
                return Err(StataError::standard(503));
            }
            Some(Mat::from_rows(given.rows(), given.cols(), given.values().to_vec()))
        }
        None => {
            let wanted = constraints::constraints(session, text)?;
            let forms = constraints::forms(session, &constraints::named(stripe.to_vec()), &wanted)?;
            let last = stripe.len();
            let cell = |i: usize, j: usize| {
                if j == last { -forms[i].constant + 0.0 } else { forms[i].weights[j] }
            };
            (!forms.is_empty()).then(|| Mat::from_fn(forms.len(), last + 1, cell))
        }
    })
}

/// Starting values: those of `from()` where it has them, `own` elsewhere. [R] Maximize, init_specs.
///
/// # Errors
/// r(111) for a parameter that the model lacks, unless `skip` was given; r(503) for `copy` with another length.
pub fn start(session: &Session, layout: &Layout, own: &[f64]) -> Result<Vec<f64>> {
    let Some(text) = &session.settings.search.from else { return Ok(own.to_vec()) };
    let (body, options) = text.split_once(',').unwrap_or((text, ""));
    let (mut copy, mut skip) = (false, false);
    for word in options.split_whitespace() {
        match word {
            "copy" => copy = true,
            "skip" => skip = true,
            _ => return Err(StataError::option_not_allowed(word)),
        }
    }
    let given = given(session, body.trim(), copy)?;
    let names = constraints::named(layout.stripe().to_vec());
    let mut out = own.to_vec();
    let mut set = |position: usize, value: f64| {
        if let Some(k) = layout.estimated().iter().position(|p| *p == position) {
            out[k] = layout.scale_of(position).map_or(value, |searched| searched(value));
        }
    };
    if copy {
        if given.len() != layout.stripe().len() {
            let text = format!("initial vector: matrix must be dimension {}", layout.stripe().len());
            return Err(StataError::new(503, text));
        }
        given.iter().enumerate().for_each(|(i, (_, value))| set(i, *value));
        return Ok(out);
    }
    for (name, value) in given {
        match position(&names, &name) {
            Some(at) => set(at, value),
            None if skip || is_omitted(&name) => {}
            None => {
                let text =
                    format!("initial vector: extra parameter {name} found\nspecify skip option if necessary");
                return Err(StataError::new(111, text));
            }
        }
    }
    Ok(out)
}

/// Names and values of the text of `from()`: a matrix, `name = #` pairs, or numbers.
fn given(session: &Session, body: &str, copy: bool) -> Result<Vec<(String, f64)>> {
    if let Some(matrix) = session.matrix(body) {
        if matrix.rows() != 1 {
            return Err(StataError::standard(503));
        }
        let name = |j: usize| {
            let stripe = &matrix.col_names[j];
            match stripe.eq.as_str() {
                "" | "_" => stripe.name.clone(),
                "/" => format!("/{}", stripe.name),
                equation => format!("{equation}:{}", stripe.name),
            }
        };
        return Ok((0..matrix.cols()).map(|j| (name(j), matrix.get(0, j))).collect());
    }
    if copy {
        let numbers = body.split_whitespace().map(|w| parse_number(w).map(|x| (String::new(), x)));
        return numbers.collect::<Option<_>>().ok_or_else(|| incorrect(body));
    }
    let spaced = body.replace('=', " = ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut out = Vec::new();
    for part in words.chunks(3) {
        match part {
            [name, "=", value] => {
                let value = parse_number(value).ok_or_else(|| incorrect(body))?;
                out.push(((*name).to_string(), value));
            }
            [name] if words.len() == 1 => {
                return Err(StataError::new(111, format!("matrix {name} not found")));
            }
            _ => return Err(incorrect(body)),
        }
    }
    Ok(out)
}

fn incorrect(body: &str) -> StataError {
    StataError::invalid(format!("option from({body}) incorrectly specified"))
}

/// Position of a name; one whose equation is a slash in older results stands for the constant of that equation.
fn position(names: &Parameters, name: &str) -> Option<usize> {
    names.find(name).or_else(|| {
        let equation = name.strip_suffix(":_cons")?;
        names.find(&format!("/{equation}"))
    })
}

fn is_omitted(name: &str) -> bool {
    let bare = name.rsplit(':').next().unwrap_or(name);
    crate::estimation::table::parse_term(bare).is_some_and(|t| t.is_omitted() || t.is_base())
}

impl Reading<'_> {
    /// The covariance, with outer products of the scores in place of the default where the search asks for them.
    pub fn covariance(&self, session: &Session) -> Result<VceSpec> {
        let vce = match &self.vce {
            Some(vce) => vce.clone(),
            None => VceSpec::parse(&self.cmd.name, &self.cmd.options, self.plain_vce)?,
        };
        let weighted = self.cmd.weight.as_ref().is_some_and(|w| w.kind == Some(WeightKind::Probability));
        match (vce, session.settings.search.outer_products) {
            (VceSpec::Default, true) if weighted => {
                Err(StataError::invalid("vce(opg) not allowed with pweights"))
            }
            (VceSpec::Default, true) => Ok(VceSpec::OuterProducts),
            (vce, _) => Ok(vce),
        }
    }
}
