//! The design of a survey as commands after an estimation see it: the covariance of totals.

use estimators::matrix::Mat;

/// Covariance of the totals of weighted values in the rows of a sample, one column for each total; nothing where the sample
/// is not that of the estimation.
type Covariance = dyn Fn(&[usize], &Mat) -> Option<Mat> + Send + Sync;

/// What a survey estimation keeps for linearisation after it.
pub struct SurveyDesign {
    covariance: Box<Covariance>,
    inside: Vec<bool>,
}

impl SurveyDesign {
    /// A design by its covariance; `inside` marks the rows of the sample that the model was fitted to, those of the
    /// subpopulation.
    pub fn new(
        inside: Vec<bool>,
        covariance: impl Fn(&[usize], &Mat) -> Option<Mat> + Send + Sync + 'static,
    ) -> Self {
        Self { covariance: Box::new(covariance), inside }
    }

    /// Whether the model was fitted to a row of the sample.
    pub fn is_inside(&self, row: usize) -> bool {
        self.inside.get(row).copied().unwrap_or(false)
    }

    /// Covariance of totals; see [`Covariance`].
    pub fn covariance(&self, sample: &[usize], values: &Mat) -> Option<Mat> {
        (self.covariance)(sample, values)
    }
}
