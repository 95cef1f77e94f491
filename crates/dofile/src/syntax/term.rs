//! Terms of a model: time-series operators, levels and continuous variables, and their columns. Lists of terms as
//! they are written are in `factor`.

use super::factor_spec::{Base, Kind, Spec};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::tsset::{Panel, TsOp};
use crate::value::{MISSING, is_missing};

/// One factor of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// The values of a variable.
    Cont {
        /// Variable name.
        var: String,
        /// Time-series operators.
        ts: TsOp,
        /// Written `co.` or `o.`: the column is omitted.
        omitted: bool,
    },
    /// Indicator of one level.
    Level {
        /// Variable name.
        var: String,
        /// Time-series operators.
        ts: TsOp,
        /// The level.
        level: i64,
        /// It is the base level (`1b.`).
        base: bool,
        /// It is the first level of a factor without a base (`1bn.`).
        no_base: bool,
        /// Written `o`: the column is omitted.
        omitted: bool,
    },
}

/// One design column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Its factors; more than one for interactions.
    pub atoms: Vec<Atom>,
    /// The cell of the interaction has no observation.
    pub empty: bool,
}

impl Term {
    /// A plain continuous variable.
    pub fn variable(name: &str) -> Self {
        Self {
            atoms: vec![Atom::Cont { var: name.to_string(), ts: TsOp::default(), omitted: false }],
            empty: false,
        }
    }

    /// The factors without their levels, `a#c.x`: equal for the columns of one factor variable or interaction, and
    /// empty for all terms without a factor variable.
    pub fn family(&self) -> String {
        if self.atoms.iter().all(|a| matches!(a, Atom::Cont { .. })) {
            return String::new();
        }
        let name = |a: &Atom| match a {
            Atom::Cont { var, ts, .. } => format!("c{}.{var}", ts.prefix()),
            Atom::Level { var, ts, .. } => format!("{}.{var}", ts.prefix()),
        };
        self.atoms.iter().map(name).collect::<Vec<_>>().join("#")
    }

    /// The name as in the stripe of `e(b)`: `x`, `2.a`, `1b.a`, `1b.a#co.x`, `o.x`.
    pub fn name(&self) -> String {
        let inter = self.atoms.len() > 1;
        let parts: Vec<String> = self.atoms.iter().map(|a| a.name(inter)).collect();
        parts.join("#")
    }

    /// True for a base level, or a column marked as omitted.
    pub fn is_omitted(&self) -> bool {
        let marked =
            |a: &Atom| matches!(a, Atom::Cont { omitted: true, .. } | Atom::Level { omitted: true, .. });
        self.atoms.iter().any(marked) || self.is_base()
    }

    /// True when all factors are base levels.
    pub fn is_base(&self) -> bool {
        self.atoms.iter().all(|a| matches!(a, Atom::Level { base: true, .. }))
    }

    /// Marks the column as omitted (collinear): `o.x`, `2o.a`, `2o.a#co.x`.
    pub fn omit(&mut self) {
        for a in &mut self.atoms {
            match a {
                Atom::Cont { omitted, .. } => *omitted = true,
                Atom::Level { omitted, base: false, .. } => *omitted = true,
                Atom::Level { .. } => {}
            }
        }
        if !self.is_omitted()
            && let Some(Atom::Level { omitted, .. }) = self.atoms.first_mut()
        {
            *omitted = true;
        }
    }

    /// The variable and the text of the operators of a row that stands under the name of its variable in a table: one
    /// with time-series operators (`L1.`, `LD.`), or the variable itself (`--.`) where such a row is among `beside`.
    pub fn operated(&self, beside: &[Self]) -> Option<(String, String)> {
        let [Atom::Cont { var, ts, .. }] = self.atoms.as_slice() else { return None };
        let lagged = |t: &Self| match t.atoms.as_slice() {
            [Atom::Cont { var: other, ts, .. }] => other == var && !ts.is_none(),
            _ => false,
        };
        if !lagged(self) && !beside.iter().any(lagged) {
            return None;
        }
        // One operator alone has its number.
        let operators = match ts.prefix() {
            none if none.is_empty() => "--.".to_string(),
            one if one.len() == 1 => format!("{one}1."),
            all => format!("{all}."),
        };
        Some((var.clone(), operators))
    }

    /// Rebuilds a term from its name.
    pub fn parse(name: &str) -> Result<Self> {
        let atoms: Result<Vec<Atom>> = name.split('#').map(Atom::parse).collect();
        Ok(Self { atoms: atoms?, empty: false })
    }

    /// The term with the names that a function gives its variables; those for which it gives none stay.
    #[must_use]
    pub fn renamed(mut self, name: impl Fn(&str) -> Option<String>) -> Self {
        for atom in &mut self.atoms {
            let (Atom::Cont { var, .. } | Atom::Level { var, .. }) = atom;
            if let Some(full) = name(var) {
                *var = full;
            }
        }
        self
    }

    /// Names of the variables, each once.
    pub fn variables(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for a in &self.atoms {
            if !out.contains(&a.var()) {
                out.push(a.var());
            }
        }
        out
    }

    /// Values of the column in the given rows, whether or not it is omitted;
    /// missing where a variable is missing.
    pub fn values(&self, frame: &Frame, rows: &[usize]) -> Result<Vec<f64>> {
        // without rows no variable is read: a text variable has left none
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut out = vec![1.0; rows.len()];
        for a in &self.atoms {
            let column = a.column(frame)?;
            for (x, &r) in out.iter_mut().zip(rows) {
                let v = column[r];
                *x = if is_missing(v) || is_missing(*x) {
                    MISSING
                } else {
                    match a {
                        Atom::Cont { .. } => *x * v,
                        Atom::Level { level, .. } => *x * f64::from(u8::from(v == *level as f64)),
                    }
                };
            }
        }
        Ok(out)
    }
}

impl Atom {
    /// The variable's name.
    pub fn var(&self) -> &str {
        match self {
            Self::Cont { var, .. } | Self::Level { var, .. } => var,
        }
    }

    /// Time-series operators.
    pub fn ts(&self) -> TsOp {
        match self {
            Self::Cont { ts, .. } | Self::Level { ts, .. } => *ts,
        }
    }

    fn name(&self, interaction: bool) -> String {
        match self {
            Self::Cont { var, ts, omitted } => {
                let op = match (interaction, omitted) {
                    (true, true) => "co",
                    (true, false) => "c",
                    (false, true) => "o",
                    (false, false) => "",
                };
                let prefix = op.to_string() + &ts.prefix();
                if prefix.is_empty() { var.clone() } else { format!("{prefix}.{var}") }
            }
            Self::Level { var, ts, level, base, no_base, omitted } => {
                let mark = match (base, no_base, omitted) {
                    (true, ..) => "b",
                    (_, _, true) => "o",
                    (_, true, _) => "bn",
                    _ => "",
                };
                format!("{level}{mark}{}.{var}", ts.prefix())
            }
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let bad = || StataError::new(198, format!("{text} invalid name"));
        let Some((prefix, var)) = text.rsplit_once('.') else {
            return Ok(Self::Cont { var: text.to_string(), ts: TsOp::default(), omitted: false });
        };
        let spec = Spec::parse_prefix(prefix)?.into_iter().next().ok_or_else(bad)?;
        let var = var.to_string();
        Ok(match spec.kind {
            Kind::Factor { levels: Some(levels), base, omitted } => Self::Level {
                var,
                ts: spec.ts,
                level: *levels.first().ok_or_else(bad)?,
                base: matches!(base, Base::Level(_)),
                no_base: base == Base::None,
                omitted,
            },
            Kind::Factor { .. } => return Err(bad()),
            Kind::Plain => Self::Cont { var, ts: spec.ts, omitted: false },
            Kind::Cont { omitted } => Self::Cont { var, ts: spec.ts, omitted },
        })
    }

    /// The underlying variable with its time-series operators, for all rows.
    pub fn column(&self, frame: &Frame) -> Result<Vec<f64>> {
        let i = frame.position(self.var())?;
        let x = frame.numeric(i)?;
        if self.ts().is_none() {
            Ok(x.into_owned())
        } else {
            Panel::for_operators(frame)?.apply(frame, &x, self.ts())
        }
    }
}
