//! Time-series operators, the declared panel and time variables, and shifting a column along time.
//! Stored as characteristics of the data, as `xtset` and `tsset` do.

use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::value::{MISSING, clean, is_missing};
use std::collections::{BTreeMap, HashMap};

/// Lag, difference and seasonal difference (`L2D.`); `F.` is a negative lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct TsOp {
    /// Lags (negative: leads).
    pub lag: i32,
    /// Order of differencing.
    pub diff: u32,
    /// Seasonal span (0: none).
    pub seasonal: u32,
}

impl TsOp {
    /// True without any operator.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// `L2D` and so on, without the dot; empty without operators.
    pub fn prefix(&self) -> String {
        let part = |letter: &str, n: u32| match n {
            0 => String::new(),
            1 => letter.to_string(),
            n => format!("{letter}{n}"),
        };
        let lag = if self.lag >= 0 { part("L", self.lag as u32) } else { part("F", self.lag.unsigned_abs()) };
        let seasonal = if self.seasonal > 0 { format!("S{}", self.seasonal) } else { String::new() };
        lag + &part("D", self.diff) + &seasonal
    }

    /// Weights by lag, so that the value is the weighted sum of shifted values.
    pub fn polynomial(&self) -> Vec<(i32, f64)> {
        let mut poly: BTreeMap<i32, f64> = BTreeMap::from([(self.lag, 1.0)]);
        let spans = std::iter::repeat_n(1, self.diff as usize)
            .chain((self.seasonal > 0).then_some(self.seasonal as i32));
        for span in spans {
            let mut next = poly.clone();
            for (lag, c) in &poly {
                *next.entry(lag + span).or_insert(0.0) -= c;
            }
            poly = next;
        }
        poly.into_iter().filter(|(_, c)| *c != 0.0).collect()
    }
}

/// Declaration made by `xtset` or `tsset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Position of the panel variable.
    pub panel: Option<usize>,
    /// Position of the time variable.
    pub time: Option<usize>,
    /// Length of one period in units of the time variable.
    pub delta: f64,
}

impl Panel {
    /// The declaration of a data set; r(459) when there is none.
    pub fn of(frame: &Frame) -> Result<Self> {
        let find = |key: &str| frame.find(frame.char("_dta", key));
        let (panel, time) = (find("_TSpanel"), find("_TStvar"));
        if panel.is_none() && time.is_none() {
            return Err(StataError::new(459, "panel variable not set; use xtset varname ..."));
        }
        let delta = frame.char("_dta", "_TSdelta").parse().unwrap_or(1.0);
        Ok(Self { panel, time, delta })
    }

    /// The declaration for time-series operators.
    ///
    /// # Errors
    /// r(111) where there is none.
    pub fn for_operators(frame: &Frame) -> Result<Self> {
        Self::of(frame).map_err(|_| StataError::new(111, "time variable not set, use tsset varname ..."))
    }

    /// Position of the panel variable.
    ///
    /// # Errors
    /// r(459) where none is declared.
    pub fn unit(&self) -> Result<usize> {
        self.panel.ok_or_else(|| StataError::new(459, "panel variable not set; use xtset varname ..."))
    }

    /// Position of the time variable.
    ///
    /// # Errors
    /// r(111) where none is declared.
    pub fn series(&self) -> Result<usize> {
        self.time.ok_or_else(|| StataError::new(111, "time variable not set, use tsset varname ..."))
    }

    /// Positions of the panel and the time variable.
    ///
    /// # Errors
    /// r(459) where one of them is not declared.
    pub fn unit_and_time(&self) -> Result<(usize, usize)> {
        let unset = || StataError::new(459, "panel and time variables not set; use xtset panelvar timevar");
        self.panel.zip(self.time).ok_or_else(unset)
    }

    /// Stores the declaration.
    pub fn declare(&self, frame: &mut Frame) {
        let name = |i: Option<usize>, f: &Frame| i.map_or(String::new(), |i| f.var(i).name.clone());
        for (key, value) in [
            ("_TSpanel", name(self.panel, frame)),
            ("_TStvar", name(self.time, frame)),
            ("_TSdelta", format!("{}", self.delta)),
        ] {
            let key = ("_dta".to_string(), key.to_string());
            if value.is_empty() {
                frame.chars.remove(&key);
            } else {
                frame.chars.insert(key, value);
            }
        }
    }

    /// For each row the row `lag` periods earlier in the same panel.
    pub fn shifted_rows(&self, frame: &Frame, lag: i32) -> Result<Vec<Option<usize>>> {
        let time = self.series()?;
        let t = frame.numeric(time)?;
        let panel = self.panel.map(|p| frame.numeric(p)).transpose()?;
        let id = |i: usize| panel.as_ref().map_or(0, |p| p[i].to_bits());
        let mut at: HashMap<(u64, u64), usize> = HashMap::with_capacity(t.len());
        for i in (0..t.len()).filter(|&i| !is_missing(t[i])) {
            at.insert((id(i), (t[i] + 0.0).to_bits()), i);
        }
        let shift = f64::from(lag) * self.delta;
        let earlier = |i: usize| {
            if is_missing(t[i]) { None } else { at.get(&(id(i), (t[i] - shift + 0.0).to_bits())).copied() }
        };
        Ok((0..t.len()).map(earlier).collect())
    }

    /// A column under time-series operators, for all rows.
    pub fn apply(&self, frame: &Frame, x: &[f64], op: TsOp) -> Result<Vec<f64>> {
        let mut out = vec![0.0; x.len()];
        for (lag, weight) in op.polynomial() {
            let rows = self.shifted_rows(frame, lag)?;
            for (o, r) in out.iter_mut().zip(rows) {
                let v = r.map_or(MISSING, |r| x[r]);
                *o = if is_missing(*o) || is_missing(v) { MISSING } else { clean(*o + weight * v) };
            }
        }
        Ok(out)
    }
}
