//! Expected output of the probe: Mata's hash, the Mersenne Twister's draws and least squares. Written separately from
//! the open engine, so that one cannot vouch for the other.

/// Bob Jenkins' one-at-a-time hash over the bytes, plus one, as Mata's `hash1()` gives it.
///
/// # Source
/// Jenkins (1997), "Hash functions", Dr. Dobb's Journal; Stata manual \[M-5\] hash1().
pub(super) fn hash1(bytes: &[u8]) -> u64 {
    let mut h: u32 = 0;
    for byte in bytes {
        h = h.wrapping_add(u32::from(*byte));
        h = h.wrapping_add(h << 10);
        h ^= h >> 6;
    }
    h = h.wrapping_add(h << 3);
    h ^= h >> 11;
    h = h.wrapping_add(h << 15);
    u64::from(h) + 1
}

/// The probe's loop: the hash of the challenge, then `rounds` times of the last hash's digits and the challenge.
pub(super) fn chained_hash(challenge: &str, rounds: u32) -> u64 {
    (0..rounds).fold(hash1(challenge.as_bytes()), |h, _| hash1(format!("{h}{challenge}").as_bytes()))
}

/// How 64 random bits become a number between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    /// The top 53 bits over 2^53.
    TopBits53,
    /// The top 52 bits and a half, over 2^52 (`genrand64_real3`).
    OpenInterval52,
}

/// Expected output of the probe for a seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// First draw of the first variable.
    pub first: f64,
    /// Last draw of the second variable.
    pub last: f64,
    /// Coefficient of the first variable.
    pub slope: f64,
    /// Standard error of the second variable's coefficient.
    pub std_error: f64,
}

/// Draws both variables (`rows` each, the first one whole before the second) and fits the probe's regression.
pub(super) fn expected(seed: u32, rows: usize, conversion: Conversion) -> Expected {
    let mut twister = Twister::new(seed.into());
    let mut draw = || match conversion {
        Conversion::TopBits53 => (twister.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0,
        Conversion::OpenInterval52 => ((twister.next_u64() >> 12) as f64 + 0.5) / 4_503_599_627_370_496.0,
    };
    let x1: Vec<f64> = (0..rows).map(|_| draw()).collect();
    let x2: Vec<f64> = (0..rows).map(|_| draw()).collect();
    let y: Vec<f64> = x1.iter().zip(&x2).map(|(a, b)| a - 2.0 * b + a * b).collect();
    let (slope, std_error) = fit(&x1, &x2, &y);
    Expected { first: x1[0], last: x2[rows - 1], slope, std_error }
}

/// Least squares of y on x1, x2 and a constant: coefficient of x1 and standard error of x2's (n − 3 degrees of
/// freedom).
fn fit(x1: &[f64], x2: &[f64], y: &[f64]) -> (f64, f64) {
    let n = y.len() as f64;
    let centred = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / n;
        v.iter().map(|x| x - mean).collect::<Vec<f64>>()
    };
    let (a, b, t) = (centred(x1), centred(x2), centred(y));
    let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(x, y)| x * y).sum::<f64>();
    let (s11, s22, s12) = (dot(&a, &a), dot(&b, &b), dot(&a, &b));
    let (s1y, s2y) = (dot(&a, &t), dot(&b, &t));
    let determinant = s11 * s22 - s12 * s12;
    let b1 = (s22 * s1y - s12 * s2y) / determinant;
    let b2 = (s11 * s2y - s12 * s1y) / determinant;
    let rss: f64 = (0..y.len()).map(|i| (t[i] - b1 * a[i] - b2 * b[i]).powi(2)).sum();
    (b1, (rss / (n - 3.0) * s11 / determinant).sqrt())
}

/// MT19937-64.
///
/// # Source
/// Nishimura (2000), "Tables of 64-bit Mersenne Twisters", ACM TOMACS 10(4); reference `mt19937-64.c` (2004).
struct Twister {
    state: [u64; Self::N],
    at: usize,
}

impl Twister {
    const N: usize = 312;
    const M: usize = 156;

    fn new(seed: u64) -> Self {
        let mut state = [seed; Self::N];
        for i in 1..Self::N {
            let before = state[i - 1];
            state[i] =
                6_364_136_223_846_793_005_u64.wrapping_mul(before ^ (before >> 62)).wrapping_add(i as u64);
        }
        Self { state, at: Self::N }
    }

    fn next_u64(&mut self) -> u64 {
        if self.at == Self::N {
            for i in 0..Self::N {
                let joined = (self.state[i] & !0x7FFF_FFFF) | (self.state[(i + 1) % Self::N] & 0x7FFF_FFFF);
                let twist = if joined & 1 == 1 { 0xB502_6F5A_A966_19E9 } else { 0 };
                self.state[i] = self.state[(i + Self::M) % Self::N] ^ (joined >> 1) ^ twist;
            }
            self.at = 0;
        }
        let mut x = self.state[self.at];
        self.at += 1;
        x ^= (x >> 29) & 0x5555_5555_5555_5555;
        x ^= (x << 17) & 0x71D6_7FFF_EDA6_0000;
        x ^= (x << 37) & 0xFFF7_EEE0_0000_0000;
        x ^ (x >> 43)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_agrees_with_the_manual_and_the_check_vector() {
        // [M-5] hash1(): hash1("this") is 2385389520
        assert_eq!(hash1(b"this"), 2_385_389_520);
        // computed by an independent program in Python
        assert_eq!(chained_hash(&"0123456789abcdef".repeat(4), 2000), 2_987_053_602);
    }

    #[test]
    fn the_twister_agrees_with_the_standard_library_of_cpp() {
        // ISO C++ [rand.predef]: the 10000th draw of mt19937_64 with its default seed 5489
        let mut twister = Twister::new(5489);
        let last = (0..10_000).map(|_| twister.next_u64()).last();
        assert_eq!(last, Some(9_981_545_732_273_789_042));
    }
}
