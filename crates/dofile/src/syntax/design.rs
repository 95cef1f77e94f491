//! The design matrix of a sample: expanded terms and their columns, as every
//! estimator needs them. Dropping collinear columns belongs to the estimators.

use super::factor::FvList;
use super::term::Term;
use crate::error::Result;
use crate::frame::Frame;

/// Terms and their values in the rows of a sample.
#[derive(Debug, Clone)]
pub struct Design {
    /// All terms, base levels and empty cells included.
    pub terms: Vec<Term>,
    /// Row numbers of the sample, ascending.
    pub rows: Vec<usize>,
    columns: Vec<Option<Vec<f64>>>,
}

impl Design {
    /// Expands a list in the rows of `touse` (mark out missing values first).
    pub fn build(frame: &Frame, list: &FvList, touse: &[bool]) -> Result<Self> {
        let terms = list.expand(frame, touse)?;
        let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
        let columns: Result<Vec<_>> = terms
            .iter()
            .map(|t| if t.is_omitted() { Ok(None) } else { t.values(frame, &rows).map(Some) })
            .collect();
        Ok(Self { columns: columns?, terms, rows })
    }

    /// The same terms over more rows: `rows` are the new ones, values outside the old rows are zero.
    pub fn spread(&self, rows: Vec<usize>) -> Self {
        let place: Vec<usize> = self.rows.iter().map(|r| rows.partition_point(|x| x < r)).collect();
        let scatter = |values: &[f64]| {
            let mut out = vec![0.0; rows.len()];
            place.iter().zip(values).for_each(|(p, v)| out[*p] = *v);
            out
        };
        let columns = self.columns.iter().map(|c| c.as_deref().map(scatter)).collect();
        Self { terms: self.terms.clone(), columns, rows }
    }

    /// The values of a term in the sample; `None` for base levels, empty cells and omitted terms.
    pub fn column(&self, i: usize) -> Option<&[f64]> {
        self.columns[i].as_deref()
    }

    /// Marks a term as omitted because of collinearity and forgets its values.
    pub fn omit(&mut self, i: usize) {
        self.terms[i].omit();
        self.columns[i] = None;
    }

    /// Takes terms out for which `taken` holds (one flag for each term).
    pub fn without(&self, taken: &[bool]) -> Self {
        let kept: Vec<usize> = (0..self.terms.len()).filter(|i| !taken[*i]).collect();
        Self {
            terms: kept.iter().map(|i| self.terms[*i].clone()).collect(),
            columns: kept.iter().map(|i| self.columns[*i].clone()).collect(),
            rows: self.rows.clone(),
        }
    }

    /// The same terms in the rows of the sample for which `keep` holds (one flag for each row).
    pub fn restricted(&self, keep: &[bool]) -> Self {
        let picked = |values: &[f64]| values.iter().zip(keep).filter(|(_, k)| **k).map(|(v, _)| *v).collect();
        Self {
            terms: self.terms.clone(),
            rows: self.rows.iter().zip(keep).filter(|(_, k)| **k).map(|(r, _)| *r).collect(),
            columns: self.columns.iter().map(|c| c.as_deref().map(picked)).collect(),
        }
    }

    /// Sizes of the runs of columns that belong together when collinear ones are chosen: a factor variable or an
    /// interaction is a run of its own, plain variables that follow one another are one. Stata 18 omits levels of the
    /// last factor in `regress y d1 d2 i.unit i.time` although the indicators d1 and d2 vary less.
    pub fn blocks(&self) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut before: Option<String> = None;
        for i in self.active() {
            let own = self.terms[i].family();
            if before.as_ref() == Some(&own) {
                *sizes.last_mut().expect("a run has begun") += 1;
            } else {
                sizes.push(1);
            }
            before = Some(own);
        }
        sizes
    }

    /// Positions of the terms that have values.
    pub fn active(&self) -> Vec<usize> {
        (0..self.terms.len()).filter(|&i| self.columns[i].is_some()).collect()
    }
}
