//! Which rows of two data sets `merge` pairs, [D] merge.

use crate::error::{Result, StataError};
use crate::frame::Frame;
use std::cmp::Ordering;

/// Rows of the result: master row, using row and code of `_merge`.
pub(super) type Joined = Vec<(Option<usize>, Option<usize>, u8)>;

/// Pairs the rows of equal keys; r(459) where a side that must have each key once repeats one.
pub(super) fn join(master: &Frame, km: &[usize], using: &Frame, ku: &[usize], kind: &str) -> Result<Joined> {
    let order =
        |f: &Frame, keys: &[usize]| f.sorted_order(&keys.iter().map(|&k| (k, false)).collect::<Vec<_>>());
    let (om, ou) = (order(master, km), order(using, ku));
    let repeats =
        |f: &Frame, keys: &[usize], o: &[usize]| o.windows(2).any(|w| f.rows_equal(keys, w[0], w[1]));
    let names: Vec<&str> = km.iter().map(|&k| master.var(k).name.as_str()).collect();
    let fail = |side: &str| {
        let verb = if names.len() == 1 { "variable" } else { "variables" };
        let does = if names.len() == 1 { "does" } else { "do" };
        Err(StataError::new(
            459,
            format!(
                "{verb} {} {does} not uniquely identify observations in the {side} data",
                names.join(" ")
            ),
        ))
    };
    if kind.starts_with('1') && repeats(master, km, &om) {
        return fail("master");
    }
    if kind.ends_with('1') && repeats(using, ku, &ou) {
        return fail("using");
    }
    if kind == "m:m" {
        return Ok(in_order(master, km, &om, using, ku, &ou));
    }
    // using rows of each master row, as a part of their order
    let mut matched = Vec::with_capacity(om.len());
    let mut used = vec![false; using.n_rows()];
    let mut j = 0;
    for &m in &om {
        while j < ou.len() && compare_across(using, ku, ou[j], master, km, m).is_lt() {
            j += 1;
        }
        let mut t = j;
        while t < ou.len() && compare_across(using, ku, ou[t], master, km, m).is_eq() {
            used[ou[t]] = true;
            t += 1;
        }
        matched.push(j..t);
    }
    let mut rows: Joined = Vec::with_capacity(om.len());
    // masters first in key order, as Stata leaves them, then unmatched using rows
    for (&m, part) in om.iter().zip(&matched) {
        match ou[part.clone()].first() {
            None => rows.push((Some(m), None, 1)),
            Some(first) => rows.push((Some(m), Some(*first), 3)),
        }
    }
    for (&m, part) in om.iter().zip(&matched) {
        rows.extend(ou[part.clone()].iter().skip(1).map(|&u| (Some(m), Some(u), 3)));
    }
    rows.extend(ou.iter().filter(|&&u| !used[u]).map(|&u| (None, Some(u), 2)));
    Ok(rows)
}

/// Rows of `m:m`: within a key in the order of both sides; the side with fewer rows repeats its last one.
fn in_order(master: &Frame, km: &[usize], om: &[usize], using: &Frame, ku: &[usize], ou: &[usize]) -> Joined {
    let (mut i, mut j) = (0, 0);
    let (mut rows, mut alone): (Joined, Joined) = (Vec::new(), Vec::new());
    while i < om.len() || j < ou.len() {
        let order = match (om.get(i), ou.get(j)) {
            (Some(&m), Some(&u)) => compare_across(master, km, m, using, ku, u),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        match order {
            Ordering::Less => {
                rows.push((Some(om[i]), None, 1));
                i += 1;
            }
            Ordering::Greater => {
                alone.push((None, Some(ou[j]), 2));
                j += 1;
            }
            Ordering::Equal => {
                let a = om[i..].iter().take_while(|&&m| master.rows_equal(km, om[i], m)).count();
                let b = ou[j..].iter().take_while(|&&u| using.rows_equal(ku, ou[j], u)).count();
                rows.extend(
                    (0..a.max(b)).map(|k| (Some(om[i + k.min(a - 1)]), Some(ou[j + k.min(b - 1)]), 3)),
                );
                i += a;
                j += b;
            }
        }
    }
    rows.extend(alone);
    rows
}

/// Rows of both sides paired by their number.
pub(super) fn by_number(master: &Frame, using: &Frame) -> Joined {
    let (m, u) = (master.n_rows(), using.n_rows());
    (0..m.max(u))
        .map(|i| match (i < m, i < u) {
            (true, true) => (Some(i), Some(i), 3),
            (true, false) => (Some(i), None, 1),
            _ => (None, Some(i), 2),
        })
        .collect()
}

/// Order of a row of one frame and a row of another by their keys.
pub(super) fn compare_across(
    a: &Frame,
    va: &[usize],
    ra: usize,
    b: &Frame,
    vb: &[usize],
    rb: usize,
) -> Ordering {
    for (&x, &y) in va.iter().zip(vb) {
        let (p, q) = (&a.var(x).data, &b.var(y).data);
        let c = if p.is_string() { p.str(ra).cmp(q.str(rb)) } else { p.num(ra).total_cmp(&q.num(rb)) };
        if c.is_ne() {
            return c;
        }
    }
    Ordering::Equal
}
