//! The declaration of meta-analysis data in the characteristics of the data, and the model that an option asks for.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::Options;
use crate::syntax::split::ParsedCommand;
use estimators::meta_analysis::Between;

/// Variables that a declaration makes.
pub(super) const VARIABLES: [&str; 7] =
    ["_meta_id", "_meta_studylabel", "_meta_es", "_meta_se", "_meta_cil", "_meta_ciu", "_meta_studysize"];

/// How effects are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Random effects.
    Random(Between),
    /// One common effect, or the mean of fixed effects; the weights are inverse variances.
    Inverse,
    /// The same by Mantel and Haenszel's weights.
    MantelHaenszel,
}

/// Model and method as they are named in output.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// `random`, `common` or `fixed`.
    pub name: &'static str,
    /// The method.
    pub pooling: Pooling,
}

const METHODS: [(&str, usize, Between, &str); 7] = [
    ("reml", 4, Between::Reml, "REML"),
    ("mle", 3, Between::Ml, "ML"),
    ("ebayes", 4, Between::EmpiricalBayes, "Empirical Bayes"),
    ("dlaird", 2, Between::DerSimonianLaird, "DerSimonian–Laird"),
    ("sjonkman", 2, Between::SidikJonkman, "Sidik–Jonkman"),
    ("hedges", 2, Between::Hedges, "Hedges"),
    ("hschmidt", 2, Between::HunterSchmidt, "Hunter–Schmidt"),
];

/// Options that choose a model.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag_or_text("random"),
    OptSpec::flag_or_text("common"),
    OptSpec::flag_or_text("fixed"),
    OptSpec::real("Level"),
];

impl Model {
    /// The model of the options; `counts` says that the effects come from 2 x 2 tables.
    pub(super) fn of(options: &Options, counts: bool) -> Result<Option<Self>> {
        let mut found = None;
        for name in ["random", "common", "fixed"] {
            if options.has(name) {
                if found.is_some() {
                    return Err(StataError::invalid("only one of random, common and fixed is allowed"));
                }
                found = Some(Self::named(name, options.text(name).unwrap_or("").trim(), counts)?);
            }
        }
        Ok(found)
    }

    fn named(model: &'static str, method: &str, counts: bool) -> Result<Self> {
        let is = |full: &str, least: usize| method.len() >= least && full.starts_with(method);
        let pooling = match model {
            "random" if method.is_empty() => Pooling::Random(Between::Reml),
            "random" => {
                let known = METHODS.iter().find(|m| is(m.0, m.1) || (m.0 == "dlaird" && method == "dl"));
                let known =
                    known.ok_or_else(|| StataError::invalid(format!("random(): invalid method {method}")))?;
                Pooling::Random(known.2)
            }
            _ if is("mhaenszel", 2) || (method.is_empty() && counts) => Pooling::MantelHaenszel,
            _ if method.is_empty() || is("invvariance", 3) || method == "ivariance" => Pooling::Inverse,
            _ => return Err(StataError::invalid(format!("{model}(): invalid method {method}"))),
        };
        if pooling == Pooling::MantelHaenszel && !counts {
            return Err(StataError::invalid(
                "method mhaenszel needs effects that meta esize made from counts",
            ));
        }
        Ok(Self { name: model, pooling })
    }

    /// The method as an option names it.
    pub(super) fn method(&self) -> &'static str {
        match self.pooling {
            Pooling::Random(b) => METHODS.iter().find(|m| m.2 == b).map_or("", |m| m.0),
            Pooling::Inverse => "invvariance",
            Pooling::MantelHaenszel => "mhaenszel",
        }
    }

    /// The method as output names it.
    pub(super) fn method_title(&self) -> &'static str {
        match self.pooling {
            Pooling::Random(b) => METHODS.iter().find(|m| m.2 == b).map_or("", |m| m.3),
            Pooling::Inverse => "Inverse-variance",
            Pooling::MantelHaenszel => "Mantel–Haenszel",
        }
    }

    /// `Random-effects model` and so on.
    pub(super) fn title(&self) -> &'static str {
        match self.name {
            "random" => "Random-effects",
            "common" => "Common-effect",
            _ => "Fixed-effects",
        }
    }

    /// The model as the declaration names it.
    pub(super) fn declared(&self) -> String {
        self.title().replace('-', " ")
    }

    /// The estimator of the variance between studies.
    pub(super) fn between(&self) -> Option<Between> {
        match self.pooling {
            Pooling::Random(b) => Some(b),
            _ => None,
        }
    }
}

/// Sets a characteristic of the data; an empty text removes it.
pub(super) fn put(s: &mut Session, key: &str, value: &str) {
    let key = ("_dta".to_string(), key.to_string());
    if value.is_empty() {
        s.frame.chars.remove(&key);
    } else {
        s.frame.chars.insert(key, value.to_string());
    }
}

/// Forgets the declaration and its variables.
pub(super) fn clear(s: &mut Session) {
    let mine: Vec<usize> = VARIABLES.iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&mine);
    s.frame.chars.retain(|(owner, key), _| owner != "_dta" || !key.starts_with("_meta_"));
}

/// The declared data in the rows of a command.
pub(super) struct Declared {
    /// Rows of the data.
    pub rows: Vec<usize>,
    /// Effects.
    pub y: Vec<f64>,
    /// Sampling variances.
    pub v: Vec<f64>,
    /// Names of the studies.
    pub labels: Vec<String>,
    /// The model.
    pub model: Model,
    /// Cells of the 2 x 2 tables, adjusted where one is empty, when the effects come from counts.
    pub counts: Option<Vec<[f64; 4]>>,
    /// Kind of the effect: an option of `esize()`, or nothing.
    pub kind: String,
    /// Level of intervals.
    pub level: f64,
}

impl Declared {
    /// Reads the data; r(119) when they are not declared, r(2000) without studies.
    pub(super) fn read(s: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let text = |key: &str| s.frame.char("_dta", key);
        if text("_meta_marker").is_empty() {
            return Err(StataError::new(
                119,
                "data not meta set; use meta set or meta esize to declare them",
            ));
        }
        let (es, se) = (s.frame.position("_meta_es")?, s.frame.position("_meta_se")?);
        let mut touse = s.rows(cmd)?;
        s.markout(&[es, se], &mut touse, false)?;
        let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let columns: Vec<usize> = match text("_meta_counts") {
            "" => Vec::new(),
            list => s.varlist(list)?,
        };
        let counts = match columns[..] {
            // Mantel and Haenszel's weights are those of the tables after the adjustment for empty cells.
            [a, b, c, d] => {
                let zero: f64 = text("_meta_zero").parse().unwrap_or(0.0);
                let cells = |i: usize| [a, b, c, d].map(|v| s.frame.num_at(v, i));
                let adjusted = |t: [f64; 4]| if t.contains(&0.0) { t.map(|x| x + zero) } else { t };
                Some(rows.iter().map(|&i| adjusted(cells(i))).collect())
            }
            _ => None,
        };
        let stored = Options::parse("meta", text("_meta_modelopt"), OPTIONS, &[])?;
        let declared = Model::of(&stored, counts.is_some())?;
        let model = match Model::of(&cmd.options, counts.is_some())? {
            Some(model) => Some(model),
            None => declared,
        };
        let label = s.frame.position("_meta_studylabel")?;
        let level = cmd.options.real("level").or_else(|| text("_meta_level").parse().ok());
        let level = level.unwrap_or(s.settings.level);
        if !(10.0..=99.99).contains(&level) {
            return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
        }
        Ok(Self {
            y: rows.iter().map(|&i| s.frame.num_at(es, i)).collect(),
            v: rows.iter().map(|&i| s.frame.num_at(se, i).powi(2)).collect(),
            labels: rows.iter().map(|&i| s.frame.str_at(label, i).to_string()).collect(),
            model: model.ok_or_else(|| StataError::standard(119))?,
            counts,
            kind: text("_meta_estype").to_string(),
            level,
            rows,
        })
    }
}
