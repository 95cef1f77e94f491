//! Rows of a command: those that `if`, `in` and the by-group select, their weights, and values of expressions in them.

use super::Session;
use crate::error::{Result, StataError};
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};

/// Weights of an estimation sample.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Their kind.
    pub kind: WeightKind,
    /// One value for each row of the data (not only of the sample).
    pub values: Vec<f64>,
    /// The expression as written, `= w`, for `e(wexp)`.
    pub exp: String,
}

impl Session {
    /// Rows selected by `if`, `in` and the by-group.
    pub fn rows(&self, cmd: &ParsedCommand) -> Result<Vec<bool>> {
        let n = self.frame.n_rows();
        let (first, last) = self.range();
        let (lo, hi) = match &cmd.in_range {
            Some(text) => self.in_range(text)?,
            None => (first, last),
        };
        let mut touse: Vec<bool> = (0..n).map(|i| i >= lo.max(first) && i < hi.min(last)).collect();
        if let Some(text) = &cmd.if_exp {
            let c = self.compile_numeric(text)?;
            let ctx = self.ctx();
            for (i, t) in touse.iter_mut().enumerate() {
                *t = *t && c.holds(&ctx, i);
            }
        }
        Ok(touse)
    }

    /// Rows of a subpopulation, `[varname] [if] [in]`: those whose variable is neither zero nor missing ([SVY] Subpopulation
    /// estimation).
    pub fn subpopulation(&self, text: &str) -> Result<Vec<bool>> {
        let parsed = ParsedCommand::split("subpop", text, false)?;
        let mut member = self.rows(&parsed)?;
        let name = parsed.list.trim();
        if !name.is_empty() {
            let flag = self.numeric_variable(name)?;
            for (i, m) in member.iter_mut().enumerate() {
                let x = self.frame.num_at(flag, i);
                *m = *m && x != 0.0 && !crate::value::is_missing(x);
            }
        }
        Ok(member)
    }

    /// `f/l`, `-5/l`, `3`: half-open row range; r(198) when it is outside the data.
    pub fn in_range(&self, text: &str) -> Result<(usize, usize)> {
        let n = self.frame.n_rows();
        let bound = |t: &str| -> Result<usize> {
            let k = match t.trim() {
                "f" | "F" => 1,
                "l" | "L" => n as i64,
                t => t
                    .parse::<i64>()
                    .map_err(|_| StataError::invalid(format!("'{t}' invalid observation number")))?,
            };
            let k = if k < 0 { n as i64 + 1 + k } else { k };
            if k < 1 || k > n as i64 {
                return Err(StataError::invalid("observation numbers out of range"));
            }
            Ok(k as usize)
        };
        match text.split_once('/') {
            Some((a, b)) => {
                let (a, b) = (bound(a)?, bound(b)?);
                if a > b {
                    return Err(StataError::invalid("observation numbers out of range"));
                }
                Ok((a - 1, b))
            }
            None => bound(text).map(|k| (k - 1, k)),
        }
    }

    /// Evaluates weights; `default` is the kind of plain `[w=…]`. Rows with a
    /// missing or zero weight leave the sample; r(402) for negative and r(401)
    /// for non-integer frequency weights.
    pub fn weights(
        &self,
        cmd: &ParsedCommand,
        default: WeightKind,
        touse: &mut [bool],
    ) -> Result<Option<Weights>> {
        let Some(w) = &cmd.weight else { return Ok(None) };
        let kind = w.kind.unwrap_or(default);
        let c = self.compile_numeric(&w.exp)?;
        let ctx = self.ctx();
        let mut values = vec![0.0; touse.len()];
        for (i, t) in touse.iter_mut().enumerate().filter(|(_, t)| **t) {
            let x = c.num(&ctx, i);
            if is_missing(x) || (x == 0.0 && kind != WeightKind::Importance) {
                *t = false;
                continue;
            }
            if x < 0.0 && kind != WeightKind::Importance {
                return Err(StataError::standard(402));
            }
            if x.fract() != 0.0 && kind == WeightKind::Frequency {
                return Err(StataError::standard(401));
            }
            values[i] = x;
        }
        Ok(Some(Weights { kind, values, exp: format!("= {}", w.exp) }))
    }

    /// Excludes rows with a missing value in any of the variables (empty text counts when `strok`;
    /// without it a text variable excludes every row, as `markout` does).
    pub fn markout(&self, vars: &[usize], touse: &mut [bool], strok: bool) -> Result<()> {
        for &v in vars {
            let column = &self.frame.var(v).data;
            if column.is_string() {
                for (i, t) in touse.iter_mut().enumerate() {
                    *t = *t && strok && !column.str(i).is_empty();
                }
            } else {
                for (i, t) in touse.iter_mut().enumerate() {
                    *t = *t && !is_missing(column.num(i));
                }
            }
        }
        Ok(())
    }

    /// Values of a numeric expression in each row, missing outside of `touse`; r(109) for strings.
    pub fn numbers(&self, text: &str, touse: &[bool]) -> Result<Vec<f64>> {
        let compiled = self.compile_numeric(text)?;
        let ctx = self.ctx();
        let value = |(i, kept): (usize, &bool)| if *kept { compiled.num(&ctx, i) } else { MISSING };
        Ok(touse.iter().enumerate().map(value).collect())
    }
}
