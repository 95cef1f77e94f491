//! Clusters of the rows of a model, and the sampling units of a complex sample.

use super::model::number_groups;
use crate::frame::Frame;
use estimators::vce::{Clusters, Sampled};

/// Names of the variables by which the prefix `svy` hands the sampling units of each row to a command, with their
/// stratum, its factor and share, and the factor of the row's scores ([`estimators::vce::Sampled`]). No user's name begins
/// like these.
pub const SAMPLED: [&str; 5] = ["__svy_unit", "__svy_stratum", "__svy_factor", "__svy_share", "__svy_scale"];

/// Rows numbered by cluster.
#[derive(Debug, Clone)]
pub struct ClusterRows {
    /// The cluster variable.
    pub name: String,
    /// Cluster of each row of the sample.
    pub of_row: Vec<u32>,
    /// Number of clusters.
    pub count: usize,
    /// The design of a complex sample.
    sampled: Option<Box<Sampled>>,
}

impl ClusterRows {
    /// Numbers the values of a variable (number or text) in the given rows.
    pub fn of(frame: &Frame, variable: usize, rows: &[usize]) -> Self {
        let (of_row, count) = number_groups(frame, variable, rows);
        let name = frame.var(variable).name.clone();
        let sampled =
            (name == SAMPLED[0]).then(|| sampled(frame, rows, &of_row, count)).flatten().map(Box::new);
        Self { name, of_row, count, sampled }
    }

    /// Clusters by their numbers.
    pub fn numbered(name: String, of_row: Vec<u32>, count: usize) -> Self {
        Self { name, of_row, count, sampled: None }
    }

    /// The same clusters for a list of these rows.
    pub fn rearranged(&self, rows: &[usize]) -> Self {
        let mut out = self.clone();
        out.of_row = rows.iter().map(|i| self.of_row[*i]).collect();
        if let (Some(to), Some(from)) = (&mut out.sampled, &self.sampled) {
            to.scale = rows.iter().map(|i| from.scale[*i]).collect();
        }
        out
    }

    /// Returns the clusters as the kernels take them.
    pub fn kernel(&self) -> Clusters<'_> {
        Clusters { of_row: &self.of_row, count: self.count, sampled: self.sampled.as_deref() }
    }
}

/// The design of a complex sample that the variables of [`SAMPLED`] tell.
fn sampled(frame: &Frame, rows: &[usize], of_row: &[u32], count: usize) -> Option<Sampled> {
    let [_, stratum, factor, share, scale] = SAMPLED.map(|name| frame.find(name));
    let (stratum, factor, share, scale) = (stratum?, factor?, share?, scale?);
    let mut first = vec![0; count];
    of_row.iter().zip(rows).rev().for_each(|(unit, row)| first[*unit as usize] = *row);
    let by_unit = |v: usize| first.iter().map(|row| frame.num_at(v, *row)).collect();
    Some(Sampled {
        stratum: first.iter().map(|row| frame.num_at(stratum, *row) as u32).collect(),
        factor: by_unit(factor),
        share: by_unit(share),
        scale: rows.iter().map(|row| frame.num_at(scale, *row)).collect(),
    })
}
