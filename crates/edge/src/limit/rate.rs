//! How fast buckets fill.

const NANOS: u64 = 1_000_000_000;

/// How fast a bucket fills and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Nanoseconds for one token.
    pub(super) interval: u64,
    pub(super) burst: u32,
}

/// A rate that lets nothing through, or that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate must be above 0 and at most 1,000,000,000 a second, with a burst of at least 1")]
pub struct BadRate;

impl Rate {
    /// So many tokens a second, and so many at once.
    ///
    /// # Errors
    /// Zero, negative, or not finite.
    pub fn per_second(tokens: f64, burst: u32) -> Result<Self, BadRate> {
        // slower than one token in 30 years would overflow a full bucket
        let sound = tokens.is_finite() && tokens > 1e-9 && tokens <= 1e9 && burst > 0;
        if !sound {
            return Err(BadRate);
        }
        Ok(Self { interval: ((NANOS as f64 / tokens).round() as u64).max(1), burst })
    }

    /// So many tokens a minute, all of them at once if need be.
    ///
    /// # Errors
    /// Zero.
    pub fn per_minute(tokens: u32) -> Result<Self, BadRate> {
        Self::per_second(f64::from(tokens) / 60.0, tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_that_let_nothing_through_are_refused() {
        for (rate, burst) in [(0.0, 1), (-1.0, 1), (f64::NAN, 1), (f64::INFINITY, 1), (1.0, 0), (2e9, 1)] {
            assert_eq!(Rate::per_second(rate, burst), Err(BadRate));
        }
        assert_eq!(Rate::per_minute(0), Err(BadRate));
        assert!(Rate::per_minute(10).is_ok());
    }
}
