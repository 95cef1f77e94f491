//! Influence of subjects on a Cox model: efficient score residuals, changes of the coefficients, likelihood displacement
//! and LMAX ([ST] stcox postestimation; Cain and Lange 1984, Biometrics 40; Pettitt and Bin Daud 1989, Applied
//! Statistics 38).

use super::cox_post::CoxSample;
use crate::session::Session;
use crate::value::MISSING;
use estimators::cox_after::scores;
use estimators::matrix::Mat;

/// Statistics of `predict` that are computed here.
pub(crate) const STATISTICS: &[&str] = &["esr", "dfbeta", "ldisplace", "lmax"];

/// Values for each record with their label. Scores of several records of a subject are added up at its last one, unless
/// `partial` asks for those of records.
pub(super) fn predict(
    s: &Session,
    sample: &CoxSample,
    statistic: &str,
    partial: bool,
) -> Vec<(Vec<f64>, String)> {
    let own = by_record(sample);
    let rows = if partial { own } else { by_subject(s, sample, own) };
    let places: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].is_some()).collect();
    let k = sample.b.len();
    let l = Mat::from_fn(places.len(), k, |i, j| rows[places[i]].as_ref().map_or(0.0, |r| r[j]));
    let spread = |values: &dyn Fn(usize) -> f64| {
        let mut out = vec![MISSING; rows.len()];
        places.iter().enumerate().for_each(|(i, place)| out[*place] = values(i));
        out
    };
    let each = |m: &Mat, what: &str| -> Vec<(Vec<f64>, String)> {
        let one = |(j, name): (usize, &String)| (spread(&|i| m[(i, j)]), format!("{what} - {name}"));
        sample.names.iter().enumerate().map(one).collect()
    };
    let changes = l.times(&sample.v);
    match statistic {
        "esr" => each(&l, "Efficient score"),
        "dfbeta" => each(&changes, "DFBETA"),
        "ldisplace" => {
            let value = |i: usize| (0..k).map(|j| changes[(i, j)] * l[(i, j)]).sum();
            vec![(spread(&value), "Log-likelihood displacement".to_string())]
        }
        _ => vec![(spread(&|i| largest(&l, &sample.v, i)), "LMAX".to_string())],
    }
}

/// Element of the unit eigenvector of `L V L'` with the largest eigenvalue, without its sign.
fn largest(l: &Mat, v: &Mat, row: usize) -> f64 {
    let Some(root) = v.cholesky() else { return MISSING };
    let m = l.times(&root);
    let k = m.cols();
    let inner = Mat::from_fn(k, k, |a, b| (0..m.rows()).map(|i| m[(i, a)] * m[(i, b)]).sum());
    let (values, vectors) = inner.symmetric_eigen();
    ((0..k).map(|j| m[(row, j)] * vectors[(j, 0)]).sum::<f64>() / values[0].sqrt()).abs()
}

/// Efficient score residuals of each record.
fn by_record(sample: &CoxSample) -> Vec<Option<Vec<f64>>> {
    let (n, k) = (sample.records.rows.len(), sample.b.len());
    let mut own: Vec<Option<Vec<f64>>> = vec![Some(vec![0.0; k]); n];
    sample.with(|data, at| {
        for (i, row) in at.iter().zip(scores(data, &sample.repeated_columns(at), &sample.b)) {
            own[*i] = Some(row);
        }
    });
    own
}

/// The residuals added up over the records of each subject at its last record, nothing at the others.
fn by_subject(s: &Session, sample: &CoxSample, own: Vec<Option<Vec<f64>>>) -> Vec<Option<Vec<f64>>> {
    let (n, k) = (sample.records.rows.len(), sample.b.len());
    let Some(id) = s.frame.find(&sample.settings.id) else { return own };
    let (subject, count) = crate::estimation::model::number_groups(&s.frame, id, &sample.records.rows);
    let mut last: Vec<Option<usize>> = vec![None; count];
    let mut sums = vec![vec![0.0; k]; count];
    for (i, g) in subject.iter().map(|g| *g as usize).enumerate() {
        if let Some(row) = &own[i] {
            sums[g].iter_mut().zip(row).for_each(|(t, x)| *t += x);
        }
        if last[g].is_none_or(|l| sample.records.t[l] <= sample.records.t[i]) {
            last[g] = Some(i);
        }
    }
    let mut out = vec![None; n];
    for (place, sum) in last.into_iter().zip(sums) {
        if let Some(i) = place {
            out[i] = Some(sum);
        }
    }
    out
}
