//! The 64-bit Mersenne Twister (Nishimura and Matsumoto, MT19937-64) and
//! uniform draws as Stata's `runiform()` makes them.

const N: usize = 312;
const M: usize = 156;
const UPPER: u64 = 0xFFFF_FFFF_8000_0000;
const LOWER: u64 = 0x7FFF_FFFF;

/// State of the generator.
#[derive(Clone)]
pub struct Mt64 {
    state: Box<[u64; N]>,
    next: usize,
    /// The seed it was started with.
    pub seed: u64,
}

impl std::fmt::Debug for Mt64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mt64(seed {})", self.seed)
    }
}

impl Mt64 {
    /// Starts from a seed (`init_genrand64` of the reference implementation).
    pub fn new(seed: u64) -> Self {
        let mut state = Box::new([0u64; N]);
        state[0] = seed;
        for i in 1..N {
            let x = state[i - 1] ^ (state[i - 1] >> 62);
            state[i] = 6_364_136_223_846_793_005u64.wrapping_mul(x).wrapping_add(i as u64);
        }
        Self { state, next: N, seed }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        if self.next >= N {
            self.refill();
        }
        let mut x = self.state[self.next];
        self.next += 1;
        x ^= (x >> 29) & 0x5555_5555_5555_5555;
        x ^= (x << 17) & 0x71D6_7FFF_EDA6_0000;
        x ^= (x << 37) & 0xFFF7_EEE0_0000_0000;
        x ^ (x >> 43)
    }

    fn refill(&mut self) {
        for i in 0..N {
            let x = (self.state[i] & UPPER) | (self.state[(i + 1) % N] & LOWER);
            let mag = if x & 1 == 1 { 0xB502_6F5A_A966_19E9 } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (x >> 1) ^ mag;
        }
        self.next = 0;
    }

    /// A uniform draw in (0,1): the top 52 bits and a half, `genrand64_real3` of the reference implementation.
    pub fn uniform(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }

    /// A uniform integer in `a..=b`: the top bits, values beyond the range redrawn.
    pub fn uniform_int(&mut self, a: f64, b: f64) -> f64 {
        let range = (b - a) as u64;
        let bits = 64 - range.leading_zeros();
        if bits == 0 {
            return a;
        }
        loop {
            let x = self.next_u64() >> (64 - bits);
            if x <= range {
                return a + x as f64;
            }
        }
    }

    /// A standard normal draw by inversion of one uniform draw. Not the stream of
    /// Stata's `rnormal()`, whose algorithm is not published.
    pub fn normal(&mut self) -> f64 {
        use statrs::distribution::{ContinuousCDF, Normal};
        Normal::standard().inverse_cdf(self.uniform())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::excessive_precision, reason = "the digits as they were published")]
    fn seed_12345_gives_the_published_draws() {
        // a public package test states .357629722888425872, .400442617044061255 and .689383317002768448 as
        // identical to Stata 17; of the reference forms only the one with the half step has the second draw
        let mut rng = Mt64::new(12345);
        assert_eq!(rng.uniform(), 0.357_629_722_888_425_872);
        assert_eq!(rng.uniform(), 0.400_442_617_044_061_255);
        assert_eq!(rng.uniform(), 0.689_383_317_002_768_448);
    }

    #[test]
    fn published_summary_of_seed_98034() {
        // manual [FN] random-number functions: 10,000 draws; then runiform(1,2); then runiformint(0,100)
        let mut rng = Mt64::new(98034);
        let draws: Vec<f64> = (0..10_000).map(|_| rng.uniform()).collect();
        let mean = draws.iter().sum::<f64>() / 1e4;
        assert!((mean - 0.5004244).abs() < 5e-8, "{mean}");
        (0..10_000).for_each(|_| {
            rng.uniform();
        });
        let ints: Vec<f64> = (0..10_000).map(|_| rng.uniform_int(0.0, 100.0)).collect();
        let mean = ints.iter().sum::<f64>() / 1e4;
        assert!((mean - 49.9804).abs() < 1e-9, "{mean}");
    }
}
