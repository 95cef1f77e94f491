//! `stcox, tvc() texp()`: regressors times a function of analysis time. The partial likelihood needs them at the failure
//! times only, so each record is cut there ([ST] stcox, "Cox regression with continuous time-varying covariates").

use super::stcox::CoxModel;
use crate::error::{Result, StataError};
use crate::estimation::post;
use crate::estimation::survival::Records;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::cox::{CoxData, CoxRecords, uninformative};

/// Regressors that vary with time.
pub(super) struct Varying {
    /// Variables of `tvc()`.
    pub variables: Vec<usize>,
    /// Their names.
    pub names: Vec<String>,
    /// The function of `_t`.
    pub texp: String,
    /// Positions of those that carry no separate information.
    pub omitted: Vec<usize>,
}

impl Varying {
    /// Reads `tvc()` and `texp()`.
    pub(super) fn read(s: &Session, cmd: &ParsedCommand) -> Result<Option<Self>> {
        let texp = cmd.options.text("texp").map(|t| t.trim().to_string());
        let Some(list) = cmd.options.text("tvc") else {
            return match texp {
                Some(_) => Err(StataError::invalid("texp() requires tvc()")),
                None => Ok(None),
            };
        };
        let variables = s.varlist(list)?;
        for v in &variables {
            s.numeric_variable(&s.frame.var(*v).name)?;
        }
        let names = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
        Ok(Some(Self {
            variables,
            names,
            texp: texp.unwrap_or_else(|| "_t".to_string()),
            omitted: Vec::new(),
        }))
    }

    /// Positions of the regressors that are estimated.
    pub(super) fn active(&self) -> Vec<usize> {
        (0..self.names.len()).filter(|i| !self.omitted.contains(i)).collect()
    }

    /// The function at a time.
    fn at(&self, s: &Session, time: f64) -> Result<f64> {
        let mut text = String::new();
        let mut rest = self.texp.as_str();
        while let Some(c) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let end =
                if word(c) { rest.find(|c: char| !word(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
            let (part, after) = rest.split_at(end);
            if part == "_t" {
                text.push_str(&format!("({time:?})"));
            } else if s.frame.find(part).is_some() && !after.trim_start().starts_with('(') {
                let what = "texp() of other variables than _t";
                return Err(StataError::unsupported_option("stcox", what));
            } else {
                text.push_str(part);
            }
            rest = after;
        }
        let value = s.eval_num(&text)?;
        if is_missing(value) {
            return Err(StataError::new(459, format!("texp() is missing at time {time}")));
        }
        Ok(value)
    }
}

/// Records cut at the failure times of their stratum; what no failure falls into is left out.
pub(super) struct Pieces {
    /// The pieces: the regressors, then those that vary with time.
    pub records: CoxRecords,
    /// Record of each piece.
    pub of: Vec<usize>,
}

impl Pieces {
    /// Cuts records; `data` and `columns` have one entry for each record, `records` their rows.
    pub(super) fn cut(
        s: &Session,
        varying: &Varying,
        data: CoxData<'_>,
        columns: &[Vec<f64>],
        records: &Records,
    ) -> Result<Self> {
        let mut failures: Vec<(u32, f64)> =
            (0..data.t.len()).filter(|i| data.d[*i]).map(|i| (data.stratum[i], data.t[i])).collect();
        failures.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        failures.dedup();
        let values: Vec<f64> = failures.iter().map(|f| varying.at(s, f.1)).collect::<Result<_>>()?;
        let active = varying.active();
        let mut of = Vec::new();
        let mut out = CoxRecords {
            t0: Vec::new(),
            t: Vec::new(),
            d: Vec::new(),
            stratum: Vec::new(),
            w: data.w.map(|_| Vec::new()),
            offset: None,
            efron: data.efron,
            columns: vec![Vec::new(); columns.len() + active.len()],
        };
        for i in 0..data.t.len() {
            let from = failures.partition_point(|f| *f <= (data.stratum[i], data.t0[i]));
            let upto = failures.partition_point(|f| *f <= (data.stratum[i], data.t[i]));
            let mut begin = data.t0[i];
            for (failure, value) in failures[from..upto].iter().zip(&values[from..upto]) {
                out.t0.push(begin);
                out.t.push(failure.1);
                out.d.push(data.d[i] && failure.1 == data.t[i]);
                out.stratum.push(data.stratum[i]);
                if let (Some(out), Some(w)) = (&mut out.w, data.w) {
                    out.push(w[i]);
                }
                of.push(i);
                for (out, column) in out.columns.iter_mut().zip(columns) {
                    out.push(column[i]);
                }
                for (out, v) in out.columns[columns.len()..].iter_mut().zip(&active) {
                    out.push(value * s.frame.num_at(varying.variables[*v], records.rows[i]));
                }
                begin = failure.1;
            }
        }
        Ok(Self { records: out, of })
    }
}

/// Drops regressors that do not vary within risk sets, with notes.
pub(super) fn drop_uninformative(s: &mut Session, cox: &mut CoxModel) -> Result<()> {
    let r = &cox.records;
    let data = CoxData {
        t0: &r.t0,
        t: &r.t,
        d: &r.d,
        stratum: &cox.stratum,
        w: None,
        offset: None,
        efron: cox.efron,
    };
    let columns = cox.model.columns();
    let main = columns.len();
    let omitted = match &cox.varying {
        Some(varying) => {
            let columns: Vec<Vec<f64>> = columns.iter().map(|c| c.to_vec()).collect();
            let pieces = Pieces::cut(s, varying, data, &columns, r)?;
            let slices: Vec<&[f64]> = pieces.records.columns.iter().map(Vec::as_slice).collect();
            uninformative(pieces.records.data(), &slices)
        }
        None if main == 0 => Vec::new(),
        None => uninformative(data, &columns),
    };
    let (timed, omitted): (Vec<usize>, Vec<usize>) = omitted.into_iter().partition(|i| *i >= main);
    let mut names = cox.model.omit(&omitted);
    if let Some(varying) = &mut cox.varying {
        varying.omitted = timed.iter().map(|i| i - main).collect();
        names.extend(varying.omitted.iter().map(|i| varying.names[*i].clone()));
    }
    post::note_omitted(s, &names);
    Ok(())
}
