//! The design of a survey as commands after an estimation see it: the covariance of totals.

use estimators::matrix::Mat;

/// Covariance of the totals of weighted values in the rows of a sample, one column for each total; nothing where the sample
/// is not that of the estimation.
type Covariance = dyn Fn(&[usize], &Mat) -> Option<Mat> + Send + Sync;

/// What a survey estimation keeps for linearisation after it.
pub struct SurveyDesign {
    covariance: Box<Covariance>,
}

impl SurveyDesign {
    /// A design by its covariance.
    pub fn new(covariance: impl Fn(&[usize], &Mat) -> Option<Mat> + Send + Sync + 'static) -> Self {
        Self { covariance: Box::new(covariance) }
    }

    /// Covariance of totals; see [`Covariance`].
    pub fn covariance(&self, sample: &[usize], values: &Mat) -> Option<Mat> {
        (self.covariance)(sample, values)
    }
}
