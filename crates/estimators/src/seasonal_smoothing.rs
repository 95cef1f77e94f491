//! Seasonal Holt–Winters smoothing of one series, its starting values, and the search for its parameters. Formulas: Winters (1960),
//! Management Science 6; [TS] tssmooth shwinters.

/// How seasons enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Season {
    /// Added to level and trend.
    Additive,
    /// Factors of them.
    Multiplicative,
}

/// Level, slope and seasonal terms, those of the next period first.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Level.
    pub level: f64,
    /// Change of the level in a period.
    pub slope: f64,
    /// Seasonal terms of one year.
    pub season: Vec<f64>,
}

/// Result of the smoother.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    /// Predictions of each value from the values before.
    pub predicted: Vec<f64>,
    /// Seasonal term after each value.
    pub seasons: Vec<f64>,
    /// State after the last value.
    pub last: State,
}

impl Smoothed {
    /// Sum of squared one-step-ahead prediction errors.
    pub fn rss(&self, x: &[f64]) -> f64 {
        x.iter().zip(&self.predicted).map(|(x, p)| (x - p).powi(2)).sum()
    }
}

/// Smooths a series from a state before its first value. `parameters` are those of level, slope and season; with `normalize` seasonal
/// terms keep the sum of zero, or the mean of one.
pub fn smooth(x: &[f64], parameters: [f64; 3], start: &State, kind: Season, normalize: bool) -> Smoothed {
    let [alpha, beta, gamma] = parameters;
    let mut state = start.clone();
    let period = state.season.len();
    let (mut predicted, mut seasons) = (Vec::with_capacity(x.len()), Vec::with_capacity(x.len()));
    for (t, value) in x.iter().enumerate() {
        let season = state.season[t % period];
        let line = state.level + state.slope;
        let (at, own): (f64, f64) = match kind {
            Season::Additive => (line + season, value - season),
            Season::Multiplicative => (line * season, value / season),
        };
        predicted.push(at);
        let level = alpha * own + (1.0 - alpha) * line;
        state.slope = beta * (level - state.level) + (1.0 - beta) * state.slope;
        state.level = level;
        let now = match kind {
            Season::Additive => value - level,
            Season::Multiplicative => value / level,
        };
        state.season[t % period] = gamma * now + (1.0 - gamma) * season;
        if normalize {
            normalized(&mut state.season, kind);
        }
        seasons.push(state.season[t % period]);
    }
    state.season.rotate_left(x.len() % period);
    Smoothed { predicted, seasons, last: state }
}

/// Forecasts of the next periods.
pub fn forecasts(last: &State, ahead: usize, kind: Season) -> Vec<f64> {
    let at = |k: usize| {
        let (line, season) = (last.level + (k + 1) as f64 * last.slope, last.season[k % last.season.len()]);
        match kind {
            Season::Additive => line + season,
            Season::Multiplicative => line * season,
        }
    };
    (0..ahead).map(at).collect()
}

/// Gives seasonal terms the sum of zero, or the mean of one.
fn normalized(season: &mut [f64], kind: Season) {
    let mean = season.iter().sum::<f64>() / season.len() as f64;
    match kind {
        Season::Additive => season.iter_mut().for_each(|s| *s -= mean),
        Season::Multiplicative => season.iter_mut().for_each(|s| *s /= mean),
    }
}

/// The state before the first of `n` values, which hold at least two years.
///
/// Additive: the regression on time and the seasons, whose effects have the mean of zero. Multiplicative: the slope is the mean change
/// between the first and the last full year's means, the level that of the first year carried back to its beginning, and a season
/// the mean over years of its values as shares of the year's mean on the trend.
pub fn start(x: &[f64], n: usize, period: usize, kind: Season) -> Option<State> {
    let own = &x[..n.min(x.len())];
    let years = own.len() / period;
    if years < 2 {
        return None;
    }
    match kind {
        Season::Additive => regression(own, period),
        Season::Multiplicative => {
            let mean =
                |year: usize| own[year * period..(year + 1) * period].iter().sum::<f64>() / period as f64;
            let slope = (mean(years - 1) - mean(0)) / ((years - 1) * period) as f64;
            let level = mean(0) - period as f64 / 2.0 * slope;
            let middle = (period as f64 + 1.0) / 2.0;
            let share = |year: usize, j: usize| {
                own[year * period + j] / (mean(year) - (middle - (j + 1) as f64) * slope)
            };
            let mut season: Vec<f64> = (0..period)
                .map(|j| (0..years).map(|year| share(year, j)).sum::<f64>() / years as f64)
                .collect();
            normalized(&mut season, kind);
            Some(State { level, slope, season })
        }
    }
}

/// Least squares on time and one constant for each season: the slope is that of the distances from the seasons' means.
fn regression(x: &[f64], period: usize) -> Option<State> {
    let mean = |j: usize, of: &dyn Fn(usize) -> f64| {
        let own: Vec<f64> = (j..x.len()).step_by(period).map(of).collect();
        own.iter().sum::<f64>() / own.len() as f64
    };
    let times: Vec<f64> = (0..period).map(|j| mean(j, &|t| (t + 1) as f64)).collect();
    let values: Vec<f64> = (0..period).map(|j| mean(j, &|t| x[t])).collect();
    let (mut cross, mut square) = (0.0, 0.0);
    for (t, value) in x.iter().enumerate() {
        let away = (t + 1) as f64 - times[t % period];
        cross += away * (value - values[t % period]);
        square += away * away;
    }
    let slope = cross / square;
    let constants: Vec<f64> = times.iter().zip(&values).map(|(t, x)| x - slope * t).collect();
    let level = constants.iter().sum::<f64>() / period as f64;
    slope.is_finite().then(|| State { level, slope, season: constants.iter().map(|c| c - level).collect() })
}

/// The place in the unit cube where a function is least: the best of a grid, then steps to the neighbours of a smaller and smaller
/// cube.
pub fn least_on_cube(f: impl Fn([f64; 3]) -> f64) -> [f64; 3] {
    const STEPS: usize = 10;
    let inside = |p: &[f64; 3]| p.iter().all(|x| (1e-9..1.0).contains(x));
    let at = |k: usize| (k as f64 + 0.5) / STEPS as f64;
    let grid = (0..STEPS * STEPS * STEPS).map(|i| [at(i / 100), at(i / 10 % 10), at(i % 10)]);
    let rated = |p: [f64; 3]| (f(p), p);
    let Some((mut value, mut best)) = grid.map(rated).min_by(|a, b| a.0.total_cmp(&b.0)) else {
        return [0.5; 3];
    };
    let mut step = 0.5 / STEPS as f64;
    while step > 1e-10 {
        let shift = |k: usize, place: usize| (k / 3_usize.pow(place as u32) % 3) as f64 - 1.0;
        let around = (0..27).filter(|k| *k != 13);
        let near = around.map(|k| [0, 1, 2].map(|i| best[i] + step * shift(k, i))).filter(inside);
        match near.map(rated).min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((found, place)) if found < value => (value, best) = (found, place),
            _ => step /= 2.0,
        }
    }
    best
}
