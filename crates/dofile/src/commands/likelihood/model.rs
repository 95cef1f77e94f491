//! The model of `ml model`: method, program, equations; its sample and design in the data.

use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::likelihood::MAXIMIZE;
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading, VceSpec};
use crate::estimation::post::{note_omitted, stata};
use crate::estimation::sample::{OpenSample, Side};
use crate::frame::is_valid_name;
use crate::matrix::Stripe;
use crate::session::{Extension, Session};
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, WeightKind, front_and_options, matching_paren, top_level_colon};
use crate::syntax::{Design, FvList};
use crate::value::is_missing;

/// Options of `ml model`.
pub(super) const OPTIONS: &[OptSpec] = concat_lists!(OptSpec; MAXIMIZE, &[
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::text("CONSTraints"),
    OptSpec::text("TItle"),
    OptSpec::flag("MAXimize"),
    OptSpec::text("INIt"),
    OptSpec::text("SEArch"),
    OptSpec::flag("CONTinue"),
    OptSpec::text("lf0"),
    OptSpec::int("WALDtest"),
    OptSpec::text("TECHnique"),
    OptSpec::flag("noPREserve"),
]);

/// Options of the manual that are refused by name.
pub(super) const UNSUPPORTED: &[&str] = &[
    "GROUP",
    "noCNSNOTES",
    "COLLinear",
    "MISSing",
    "OBS",
    "CRITtype",
    "SUBPop",
    "noSVYadjust",
    "svy",
    "noVCE",
    "NEGH",
    "SCORE",
    "REPeat",
    "BOUNDs",
    "noOUTput",
    "noWARNing",
    "TRace",
    "GRADient",
    "HESSian",
    "SHOWSTEP",
    "SHOWTOLerance",
    "NONRTOLerance",
    "FROM",
];

/// How the program computes the log likelihood ([R] ml).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// `lf`: by observation from the linear indices.
    Lf,
    /// `lf0`, `lf1`, `lf2`: by observation from the coefficients.
    Rows,
    /// `d0`, `d1`, `d2`: the total from the coefficients.
    Total,
}

/// An equation as it was written.
#[derive(Debug, Clone)]
pub(super) struct EquationSpec {
    /// Name.
    pub name: String,
    /// Written as `/name`: one parameter.
    pub ancillary: bool,
    /// Outcomes.
    depvars: Vec<String>,
    list: String,
    constant: bool,
    offset: Options,
}

/// State of `ml`: the model, its initial values and, while a program runs, nothing else.
#[derive(Debug, Clone)]
pub(super) struct MlSpec {
    /// Method as written.
    pub method_name: String,
    /// Method.
    pub method: Method,
    /// Name of the program.
    pub program: String,
    /// Equations.
    pub equations: Vec<EquationSpec>,
    /// `if`, `in`, weight and options.
    pub cmd: ParsedCommand,
    /// Initial values in the order of the coefficients, where they were set.
    pub init: Option<Vec<f64>>,
}

impl Extension for MlSpec {}

impl MlSpec {
    /// The model in force; r(198) before `ml model`.
    pub(super) fn of(s: &Session) -> Result<Self> {
        s.extensions.get::<Self>().cloned().ok_or_else(|| StataError::new(198, "ml model not defined"))
    }

    /// Reads `method program equations [if] [in] [weight] [, options]`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (method_name, rest) = word(text);
        let method = match method_name {
            "lf" => Method::Lf,
            "lf0" | "lf1" | "lf2" => Method::Rows,
            "d0" | "d1" | "d2" => Method::Total,
            "gf0" | "lf1debug" | "lf2debug" | "d1debug" | "d2debug" | "rdu0" => {
                return Err(StataError::unsupported_command(&format!("ml model {method_name}")));
            }
            other => return Err(StataError::new(198, format!("{other} is not a method of ml model"))),
        };
        let (program, mut rest) = word(rest);
        if !is_valid_name(program) {
            return Err(StataError::invalid(format!("{program} is not the name of a program")));
        }
        let mut equations: Vec<EquationSpec> = Vec::new();
        loop {
            let number = equations.len() + 1;
            if rest.starts_with('(') {
                let close = matching_paren(rest, 0).ok_or_else(StataError::unclosed)?;
                equations.push(EquationSpec::parse(rest[1..close].trim(), number)?);
                rest = rest[close + 1..].trim_start();
            } else if rest.starts_with('/') {
                let (name, after) = word(rest);
                let (name, after) = match name.split_once(',') {
                    Some((name, _)) => (name, &rest[name.len()..]),
                    None => (name, after),
                };
                equations.push(EquationSpec::ancillary(name.trim_start_matches('/'))?);
                rest = after.trim_start();
            } else {
                break;
            }
        }
        if equations.is_empty() {
            return Err(StataError::new(198, "ml model needs an equation in parentheses"));
        }
        let mut cmd = ParsedCommand::split("ml", rest, false)?;
        if !cmd.list.trim().is_empty() {
            return Err(StataError::invalid(format!("equation {} is not in parentheses", cmd.list.trim())));
        }
        cmd.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        Ok(Self {
            method_name: method_name.to_string(),
            method,
            program: program.to_string(),
            equations,
            cmd,
            init: None,
        })
    }

    /// Whether the covariance is the outer product of the scores.
    pub(super) fn outer_product(&self) -> bool {
        self.cmd.options.text("vce").is_some_and(|v| v.trim() == "opg")
    }

    /// Reads sample and design; r(2000) without observations.
    pub(super) fn prepare(&self, s: &mut Session, notes: bool) -> Result<Prepared> {
        use WeightKind::{Analytic, Frequency, Importance, Probability};
        let reading = Reading {
            vce: self.outer_product().then_some(VceSpec::Default),
            plain_vce: LIKELIHOOD_VCE,
            ..Reading::likelihood(&self.cmd, &[Frequency, Probability, Analytic, Importance])
        };
        let mut open = OpenSample::open(s, &self.cmd, &reading)?;
        let abbrev = s.settings.varabbrev;
        let mut lists = Vec::new();
        for equation in &self.equations {
            for depvar in &equation.depvars {
                FvList::parse(&s.frame, depvar, abbrev)?.markout(&s.frame, &mut open.touse)?;
            }
            let list = FvList::parse(&s.frame, &equation.list, abbrev)?;
            list.markout(&s.frame, &mut open.touse)?;
            let offsets = crate::estimation::ml_command::offset_variables(s, &equation.offset)?;
            s.markout(&offsets, &mut open.touse, true)?;
            lists.push(list);
        }
        let (mut sides, mut stripe, mut estimated) = (Vec::new(), Vec::new(), Vec::new());
        for (equation, list) in self.equations.iter().zip(&lists) {
            let (side, omitted) = Side::build(s, list, &open.touse, equation.constant)?;
            if notes {
                note_omitted(s, &omitted);
            }
            let from = stripe.len();
            estimated.extend(side.estimated().iter().map(|p| p + from));
            if equation.ancillary {
                stripe.push(Stripe::with_eq("/", equation.name.as_str()));
            } else {
                let named = |n: String| Stripe::with_eq(equation.name.as_str(), n);
                stripe.extend(side.names().into_iter().map(named));
            }
            sides.push(side);
        }
        if estimated.is_empty() {
            return Err(StataError::new(198, "the model has no parameters"));
        }
        let rows = sides[0].design.rows.clone();
        let mut offsets = Vec::new();
        for equation in &self.equations {
            let found = crate::estimation::ml_command::offset(s, &equation.offset, &rows)?;
            offsets.push(found.map(|o| o.0));
        }
        let (depvars, outcomes) = self.outcomes(s, &open.touse, &rows)?;
        let design = Design::build(&s.frame, &FvList::parse(&s.frame, "", abbrev)?, &open.touse)?;
        let zeros = vec![0.0; s.frame.n_rows()];
        let model = open.close(s, depvars.join(" "), &zeros, design, true);
        Ok(Prepared { model, sides, offsets, stripe, estimated, depvars, outcomes })
    }

    /// Names and values of the outcomes of all equations, in order.
    fn outcomes(&self, s: &Session, touse: &[bool], rows: &[usize]) -> Result<(Vec<String>, Vec<Vec<f64>>)> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for depvar in self.equations.iter().flat_map(|e| &e.depvars) {
            let list = FvList::parse(&s.frame, depvar, s.settings.varabbrev)?;
            for term in list.expand(&s.frame, touse)? {
                names.push(term.name());
                values.push(term.values(&s.frame, rows)?);
            }
        }
        Ok((names, values))
    }
}

impl EquationSpec {
    fn ancillary(name: &str) -> Result<Self> {
        if !is_valid_name(name) {
            return Err(StataError::invalid(format!("/{name} is not a valid parameter")));
        }
        Ok(Self {
            name: name.to_string(),
            ancillary: true,
            depvars: Vec::new(),
            list: String::new(),
            constant: true,
            offset: Options::default(),
        })
    }

    /// `[name:] [depvars =] [indepvars] [, noconstant offset() exposure()]`.
    fn parse(text: &str, number: usize) -> Result<Self> {
        let (main, options) = front_and_options(text);
        let (name, main) = match top_level_colon(main) {
            Some(at) => (main[..at].trim().to_string(), &main[at + 1..]),
            None => (format!("eq{number}"), main),
        };
        if !is_valid_name(&name) {
            return Err(StataError::invalid(format!("{name} is not a valid name of an equation")));
        }
        let (depvars, list) = main.split_once('=').unwrap_or(("", main));
        let specs = &[OptSpec::flag("noCONstant"), OptSpec::text("OFFset"), OptSpec::text("EXPosure")];
        let offset = Options::parse("ml model", options, specs, &[])?;
        Ok(Self {
            name,
            ancillary: false,
            depvars: depvars.split_whitespace().map(str::to_string).collect(),
            list: list.trim().to_string(),
            constant: !offset.has("noconstant"),
            offset,
        })
    }
}

/// First blank-separated word and the text after it.
pub(super) fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// Sample and design of a model.
pub(super) struct Prepared {
    /// Sample, weights, clusters.
    pub model: Model,
    /// Equations with their regressors in the rows of the sample.
    pub sides: Vec<Side>,
    /// Offsets of the equations in the rows of the sample.
    pub offsets: Vec<Option<Vec<f64>>>,
    /// Names of all coefficients.
    pub stripe: Vec<Stripe>,
    /// Positions of the estimated ones.
    pub estimated: Vec<usize>,
    /// Names of the outcomes.
    pub depvars: Vec<String>,
    /// Their values in the rows of the sample.
    pub outcomes: Vec<Vec<f64>>,
}

impl Prepared {
    /// All coefficients from the estimated ones.
    pub(super) fn spread(&self, b: &[f64]) -> Vec<f64> {
        let mut full = vec![0.0; self.stripe.len()];
        self.estimated.iter().zip(b).for_each(|(p, b)| full[*p] = *b);
        full
    }

    /// First coefficient and linear index of each equation at all coefficients.
    pub(super) fn indices(&self, full: &[f64]) -> Vec<Vec<f64>> {
        let rows = self.model.y.len();
        let mut from = 0;
        let mut out = Vec::new();
        for (side, offset) in self.sides.iter().zip(&self.offsets) {
            let mut index = offset.clone().unwrap_or_else(|| vec![0.0; rows]);
            for term in side.design.active() {
                if let Some(column) = side.design.column(term) {
                    let b = full[from + term];
                    index.iter_mut().zip(column).for_each(|(i, x)| *i += b * x);
                }
            }
            let terms = side.design.terms.len();
            if side.constant {
                index.iter_mut().for_each(|i| *i += full[from + terms]);
            }
            from += terms + usize::from(side.constant);
            out.push(index);
        }
        out
    }

    /// Position of a coefficient `[eq:]name`, `/name`, or `eq:_cons` of a parameter.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let wanted = match name.strip_prefix('/') {
            Some(bare) => Stripe::with_eq("/", bare),
            None => Stripe::parse(name),
        };
        self.stripe
            .iter()
            .position(|s| s.name == wanted.name && (wanted.eq.is_empty() || s.eq == wanted.eq))
            .or_else(|| {
                let ancillary = |s: &Stripe| s.eq == "/" && s.name == wanted.eq && wanted.name == "_cons";
                self.stripe.iter().position(ancillary)
            })
    }
}

/// A finite number that is not a missing value.
pub(super) fn is_number(x: f64) -> bool {
    !is_missing(stata(x))
}
