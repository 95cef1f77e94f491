//! How well predicted probabilities separate ones from zeros: ROC curve and classification table
//! ([R] lroc, [R] estat classification) and the goodness-of-fit groups of [R] estat gof.

/// A point of the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Cut: positive when the probability is at least this.
    pub cut: f64,
    /// Share of ones that are positive.
    pub sensitivity: f64,
    /// Share of zeros that are negative.
    pub specificity: f64,
}

/// The curve from (0, 0) on, and the area under it by trapezoids. Weights count rows.
pub fn roc(probability: &[f64], y: &[bool], weights: Option<&[f64]>) -> (Vec<RocPoint>, f64) {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by(|a, b| probability[*b].total_cmp(&probability[*a]));
    let total = |ones: bool| (0..y.len()).filter(|i| y[*i] == ones).map(weight).sum::<f64>();
    let (ones, zeros) = (total(true), total(false));
    let (mut hits, mut alarms, mut area) = (0.0, 0.0, 0.0);
    let mut points = vec![RocPoint { cut: f64::INFINITY, sensitivity: 0.0, specificity: 1.0 }];
    for run in order.chunk_by(|a, b| probability[*a] == probability[*b]) {
        let (before_hits, before_alarms) = (hits, alarms);
        for i in run {
            if y[*i] {
                hits += weight(*i);
            } else {
                alarms += weight(*i);
            }
        }
        area += (alarms - before_alarms) * (hits + before_hits) / 2.0;
        points.push(RocPoint {
            cut: probability[run[0]],
            sensitivity: hits / ones,
            specificity: 1.0 - alarms / zeros,
        });
    }
    (points, area / (ones * zeros))
}

/// Counts of a classification at a cut.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Classification {
    /// Ones classified as positive.
    pub true_positive: f64,
    /// Zeros classified as positive.
    pub false_positive: f64,
    /// Ones classified as negative.
    pub false_negative: f64,
    /// Zeros classified as negative.
    pub true_negative: f64,
}

/// Classifies as positive what is at least `cut`.
pub fn classification(probability: &[f64], y: &[bool], weights: Option<&[f64]>, cut: f64) -> Classification {
    let mut out = Classification::default();
    for i in 0..y.len() {
        let cell = match (y[i], probability[i] >= cut) {
            (true, true) => &mut out.true_positive,
            (false, true) => &mut out.false_positive,
            (true, false) => &mut out.false_negative,
            (false, false) => &mut out.true_negative,
        };
        *cell += weights.map_or(1.0, |w| w[i]);
    }
    out
}
