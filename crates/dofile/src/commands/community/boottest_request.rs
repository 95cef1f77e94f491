//! What a `boottest` asks for: the weights of draws, their number, the kind of p-value, and the confidence set.

use crate::error::{Result, StataError};
use crate::results::Results;
use crate::rng::Mt64;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use estimators::wild_bootstrap::Tail;

/// Distribution of the weights of draws.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rademacher,
    Mammen,
    Webb,
    Normal,
}

impl Kind {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim().to_lowercase();
        let is = |full: &str| !text.is_empty() && full.starts_with(&text);
        match () {
            () if is("rademacher") => Ok(Self::Rademacher),
            () if is("mammen") => Ok(Self::Mammen),
            () if is("webb") => Ok(Self::Webb),
            () if is("normal") => Ok(Self::Normal),
            () if is("gamma") => Err(StataError::unsupported_option("boottest", "weighttype(gamma)")),
            () => Err(StataError::invalid(format!("weighttype({text}) invalid"))),
        }
    }

    /// Its name as `r(weighttype)` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rademacher => "rademacher",
            Self::Mammen => "mammen",
            Self::Webb => "webb",
            Self::Normal => "normal",
        }
    }

    /// A weight with mean zero and variance one.
    fn draw(self, rng: &mut Mt64) -> f64 {
        match self {
            Self::Rademacher => {
                if rng.uniform() < 0.5 {
                    -1.0
                } else {
                    1.0
                }
            }
            Self::Mammen => {
                let root = 5.0_f64.sqrt();
                let golden = (1.0 + root) / 2.0;
                if rng.uniform() < golden / root { 1.0 - golden } else { golden }
            }
            Self::Webb => {
                let size = [0.5_f64, 1.0, 1.5][rng.uniform_int(0.0, 2.0) as usize].sqrt();
                if rng.uniform() < 0.5 { -size } else { size }
            }
            Self::Normal => rng.normal(),
        }
    }
}

/// What is asked for.
pub(super) struct Request {
    /// Their distribution.
    pub(super) weights: Kind,
    /// Replications asked for.
    pub(super) asked: usize,
    /// Replications taken.
    pub(super) count: usize,
    /// Whether each draw of signs is taken once.
    pub(super) every: bool,
    /// Whether the null is imposed on the draws.
    pub(super) imposed: bool,
    /// Kind of p-value.
    pub(super) tail: Tail,
    /// Its name.
    pub(super) ptype: &'static str,
    /// Level of the confidence set.
    pub(super) level: f64,
    /// Whether there is a confidence set.
    pub(super) interval: bool,
    /// Ends of its grid, where they are given.
    pub(super) bounds: (Option<f64>, Option<f64>),
    /// Points of its grid.
    pub(super) points: usize,
}

impl Request {
    /// Reads the options, for draws by so many groups.
    pub(super) fn read(s: &Session, cmd: &ParsedCommand, groups: usize) -> Result<Self> {
        let options = &cmd.options;
        let weights = options.text("weighttype").map_or(Ok(Kind::Rademacher), Kind::parse)?;
        let asked = options.int("reps").unwrap_or(999);
        if asked < 1 {
            return Err(StataError::new(
                198,
                "reps() must be a positive number in boottest of the open engine",
            ));
        }
        let asked = asked as usize;
        let every = weights == Kind::Rademacher && groups < 60 && (1usize << groups) <= asked;
        let text = options.text("ptype").unwrap_or("symmetric").trim().to_string();
        let kinds = [
            ("symmetric", Tail::Symmetric),
            ("equaltail", Tail::Equal),
            ("lower", Tail::Lower),
            ("upper", Tail::Upper),
        ];
        let (ptype, tail) = kinds
            .into_iter()
            .find(|(name, _)| !text.is_empty() && name.starts_with(&text))
            .ok_or_else(|| StataError::invalid(format!("ptype({text}) invalid")))?;
        Ok(Self {
            weights,
            asked,
            count: if every { 1 << groups } else { asked },
            every,
            imposed: !options.has("nonull"),
            tail,
            ptype,
            level: crate::estimation::display::level(s, cmd)?,
            interval: !options.has("noci"),
            bounds: (options.real("gridmin"), options.real("gridmax")),
            points: options.int("gridpoints").map_or(25, |n| n.clamp(2, 10_000) as usize),
        })
    }

    /// Says where each draw is taken once.
    pub(super) fn note(&self, s: &mut Session, groups: usize) {
        if self.every && self.asked > self.count {
            s.print(format!(
                "Note: {} replications exceeds the universe of Rademacher draws, 2^{groups} = {}. Sampling each once.",
                self.asked, self.count
            ));
        }
    }

    /// Adds what was asked for to the results.
    pub(super) fn store(&self, results: &mut Results, groups: usize) {
        results.text("weighttype", self.weights.name()).text("ptype", self.ptype);
        results.text("boottype", "wild").scalar("level", self.level);
        results.scalar("null", f64::from(u8::from(self.imposed))).scalar("NBootClust", groups as f64);
    }

    /// Weights of a draw.
    pub(super) fn draw(&self, s: &Session, groups: usize, number: usize) -> Vec<f64> {
        if self.every {
            return (0..groups).map(|g| if number >> g & 1 == 1 { -1.0 } else { 1.0 }).collect();
        }
        let mut rng = s.rng.borrow_mut();
        (0..groups).map(|_| self.weights.draw(&mut rng)).collect()
    }
}
