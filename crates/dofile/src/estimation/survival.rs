//! The survival-time declaration of a data set (`stset`): its settings as characteristics, and the sample
//! that survival commands read from `_t0`, `_t`, `_d` and `_st`. Declaring it is in `commands/survival`.

use crate::error::{Result, StataError};
use crate::estimation::model::{Model, Reading};
use crate::format;
use crate::frame::Frame;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};

/// Settings that `stset` keeps with the data; texts as written, empty where not given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Time variable.
    pub time: String,
    /// Variable with the begin of a record.
    pub time0: String,
    /// Subject identifier.
    pub id: String,
    /// Failure variable.
    pub failure: String,
    /// Values of the failure variable that mean failure; empty means any other than zero.
    pub events: String,
    /// When a subject becomes at risk of failing: `time exp` or `varname==numlist`.
    pub origin: String,
    /// When a subject comes under observation.
    pub enter: String,
    /// When it leaves.
    pub exit: String,
    /// Units of time in one unit of `_t`.
    pub scale: f64,
    /// Condition for records.
    pub condition: String,
    /// Conditions of `ever()`, `never()`, `after()` and `before()`.
    pub choices: [String; 4],
    /// Kind and expression of weights.
    pub weight: Option<(WeightKind, String)>,
    /// Whether commands repeat the settings.
    pub show: bool,
}

const KEYS: [&str; 9] =
    ["st_bt", "st_bt0", "st_id", "st_bd", "st_ev", "st_orig", "st_enter", "st_exit", "st_ifexp"];

/// Characteristics of [`Settings::choices`].
const CHOICES: [&str; 4] = ["st_ever", "st_never", "st_after", "st_before"];

impl Settings {
    /// The declaration of a data set; r(119) when there is none.
    pub fn of(frame: &Frame) -> Result<Self> {
        let get = |key: &str| frame.char("_dta", key).to_string();
        if get("_dta") != "st" || ["_st", "_d", "_t", "_t0"].iter().any(|v| frame.find(v).is_none()) {
            return Err(StataError::new(119, "data not st"));
        }
        let kind = match get("st_wt").as_str() {
            "fweight" => Some(WeightKind::Frequency),
            "pweight" => Some(WeightKind::Probability),
            "iweight" => Some(WeightKind::Importance),
            _ => None,
        };
        let [time, time0, id, failure, events, origin, enter, exit, condition] = KEYS.map(get);
        Ok(Self {
            time,
            time0,
            id,
            failure,
            events,
            origin,
            enter,
            exit,
            condition,
            choices: CHOICES.map(get),
            scale: get("st_bs").parse().unwrap_or(1.0),
            weight: kind.map(|k| (k, get("st_w"))),
            show: get("st_show") != "noshow",
        })
    }

    /// Stores the declaration under Stata's names of characteristics.
    pub fn store(&self, frame: &mut Frame) {
        Self::clear(frame);
        let values = [
            &self.time,
            &self.time0,
            &self.id,
            &self.failure,
            &self.events,
            &self.origin,
            &self.enter,
            &self.exit,
            &self.condition,
        ];
        let mut put = |key: &str, value: String| {
            if !value.is_empty() {
                frame.chars.insert(("_dta".to_string(), key.to_string()), value);
            }
        };
        for (key, value) in KEYS.iter().zip(values).chain(CHOICES.iter().zip(&self.choices)) {
            put(key, value.clone());
        }
        for (key, value) in
            [("_dta", "st"), ("st_ver", "2"), ("st_d", "_d"), ("st_t", "_t"), ("st_t0", "_t0")]
        {
            put(key, value.to_string());
        }
        put("st_bs", format!("{}", self.scale));
        if let Some((kind, expression)) = &self.weight {
            put("st_wt", kind.name().to_string());
            put("st_w", expression.clone());
        }
        if !self.show {
            put("st_show", "noshow".to_string());
        }
    }

    /// Forgets the declaration; variables stay.
    pub fn clear(frame: &mut Frame) {
        frame.chars.retain(|(owner, key), _| owner != "_dta" || !(key.starts_with("st_") || key == "_dta"));
    }

    /// `died!=0 & died<.`, `died==1 2`, or nothing when every record ends in failure.
    pub fn event_text(&self) -> String {
        match (self.failure.as_str(), self.events.as_str()) {
            ("", _) => "(assumed to fail at time)".to_string(),
            (variable, "") => format!("{variable}!=0 & {variable}<."),
            (variable, values) => format!("{variable}=={values}"),
        }
    }
}

/// Records under observation: half-open intervals `(t0, t]` of analysis time.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// Rows of the data.
    pub rows: Vec<usize>,
    /// Begin of each record.
    pub t0: Vec<f64>,
    /// End of each record.
    pub t: Vec<f64>,
    /// Whether it ends in failure.
    pub d: Vec<bool>,
    /// Weights of `stset`.
    pub weights: Option<(WeightKind, Vec<f64>)>,
}

impl Records {
    /// Records of the rows that `touse` selects and `_st` marks; r(2000) without any.
    pub fn read(session: &Session, settings: &Settings, touse: &mut [bool]) -> Result<Self> {
        let frame = &session.frame;
        let [st, d, t, t0] = ["_st", "_d", "_t", "_t0"].map(|name| frame.position(name));
        let (st, d, t, t0) = (st?, d?, t?, t0?);
        let weights = match &settings.weight {
            None => None,
            Some((kind, expression)) => {
                let compiled = session.compile(expression.trim_start_matches('='))?;
                let ctx = session.ctx();
                let values: Vec<f64> = (0..touse.len()).map(|i| compiled.num(&ctx, i)).collect();
                Some((*kind, values))
            }
        };
        for (i, use_row) in touse.iter_mut().enumerate() {
            *use_row = *use_row
                && frame.num_at(st, i) == 1.0
                && weights.as_ref().is_none_or(|w| w.1[i] != 0.0 && !is_missing(w.1[i]));
        }
        let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        Ok(Self {
            t0: rows.iter().map(|&i| frame.num_at(t0, i)).collect(),
            t: rows.iter().map(|&i| frame.num_at(t, i)).collect(),
            d: rows.iter().map(|&i| frame.num_at(d, i) == 1.0).collect(),
            weights: weights.map(|(kind, w)| (kind, rows.iter().map(|&i| w[i]).collect())),
            rows,
        })
    }

    /// The model of a survival command with its records: rows that are not under observation leave the model.
    pub fn of_model(session: &Session, settings: &Settings, reading: &Reading<'_>) -> Result<(Model, Self)> {
        let mut model = reading.model(session)?;
        let mut touse = model.touse.clone();
        let records = Self::read(session, settings, &mut touse)?;
        if records.rows.len() < model.design.rows.len() {
            let dropped: Vec<usize> =
                (0..model.design.rows.len()).filter(|&i| !touse[model.design.rows[i]]).collect();
            model.drop_rows(session, &dropped)?;
        }
        Ok((model, records))
    }

    /// Records of a command: its `if` and `in`.
    pub fn of(session: &Session, cmd: &ParsedCommand, settings: &Settings) -> Result<Self> {
        Self::read(session, settings, &mut session.rows(cmd)?)
    }

    /// Weight of a record, one without weights.
    pub fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |(_, w)| w[i])
    }

    /// The records at some positions.
    pub fn select(&self, positions: &[usize]) -> Self {
        let pick = |v: &[f64]| positions.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        Self {
            rows: positions.iter().map(|&i| self.rows[i]).collect(),
            t0: pick(&self.t0),
            t: pick(&self.t),
            d: positions.iter().map(|&i| self.d[i]).collect(),
            weights: self.weights.as_ref().map(|(kind, w)| (*kind, pick(w))),
        }
    }

    /// Number of subjects: distinct values of the identifier, or records without one.
    pub fn subjects(&self, frame: &Frame, settings: &Settings) -> f64 {
        match frame.find(&settings.id) {
            Some(id) => crate::estimation::model::number_groups(frame, id, &self.rows).1 as f64,
            None => match &self.weights {
                Some((WeightKind::Frequency, w)) => w.iter().sum(),
                _ => self.rows.len() as f64,
            },
        }
    }

    /// Number of failures; frequency weights count.
    pub fn failures(&self) -> f64 {
        (0..self.rows.len()).filter(|&i| self.d[i]).map(|i| self.multiplicity(i)).sum()
    }

    /// Total time at risk; frequency weights count.
    pub fn time_at_risk(&self) -> f64 {
        (0..self.rows.len()).map(|i| self.multiplicity(i) * (self.t[i] - self.t0[i])).sum()
    }

    /// How many records a record stands for: its frequency weight, else one.
    pub fn multiplicity(&self, i: usize) -> f64 {
        match &self.weights {
            Some((WeightKind::Frequency, w)) => w[i],
            _ => 1.0,
        }
    }
}

impl Records {
    /// The records of each subject in the order of time; each record alone without an identifier.
    fn of_subjects(&self, frame: &Frame, settings: &Settings) -> Vec<Vec<usize>> {
        let Some(id) = frame.find(&settings.id) else {
            return (0..self.rows.len()).map(|i| vec![i]).collect();
        };
        let (subject, count) = crate::estimation::model::number_groups(frame, id, &self.rows);
        let mut out = vec![Vec::new(); count];
        subject.iter().enumerate().for_each(|(i, g)| out[*g as usize].push(i));
        out.iter_mut().for_each(|own: &mut Vec<usize>| own.sort_by(|a, b| self.t[*a].total_cmp(&self.t[*b])));
        out
    }

    /// The sum of a value over the records of a subject at its last record, missing at the other ones.
    pub fn at_last(&self, frame: &Frame, settings: &Settings, values: &[f64]) -> Vec<f64> {
        let mut out = vec![MISSING; values.len()];
        for own in self.of_subjects(frame, settings) {
            if let Some(last) = own.last() {
                out[*last] = own.iter().map(|i| values[*i]).sum();
            }
        }
        out
    }

    /// The sum of a value over the records of a subject up to each of them.
    pub fn running(&self, frame: &Frame, settings: &Settings, values: &[f64]) -> Vec<f64> {
        let mut out = vec![MISSING; values.len()];
        for own in self.of_subjects(frame, settings) {
            let mut sum = 0.0;
            for i in own {
                sum += values[i];
                out[i] = sum;
            }
        }
        out
    }
}

/// A residual of a survival model from the cumulative hazard and the number of failures: `csnell`, `mgale`, or `deviance`,
/// `sign(M) sqrt(-2 (M + d ln(d - M)))` of the martingale residual M.
pub fn residual(statistic: &str, hazard: f64, failures: f64) -> f64 {
    if is_missing(hazard) || hazard.is_nan() {
        return MISSING;
    }
    let m = failures - hazard;
    match statistic {
        "csnell" => hazard,
        "mgale" => m,
        _ => {
            let log = if failures > 0.0 { failures * hazard.ln() } else { 0.0 };
            m.signum() * (-2.0 * (m + log)).max(0.0).sqrt()
        }
    }
}

/// Subjects, failures and time at risk above a table of coefficients, as wide as the widest of them.
pub fn counts(numbers: &[f64; 3]) -> [String; 3] {
    let texts = numbers.map(|x| format::bare("%11.0gc", x));
    let width = texts.iter().map(String::len).max().unwrap_or(0);
    let labels = ["No. of subjects", "No. of failures", "Time at risk"];
    std::array::from_fn(|k| format!("{:<15} = {}", labels[k], format::right(&texts[k], width)))
}

/// Prints the settings as survival commands do before their output.
pub fn show(session: &mut Session, settings: &Settings) {
    if !settings.show {
        return;
    }
    session.print("");
    // the longest label that is shown has two blanks before it
    let width = if settings.enter.is_empty() && settings.exit.is_empty() { 19 } else { 20 };
    let mut line = |label: &str, text: &str| session.print(format!("{label:>width$} {text}"));
    if settings.failure.is_empty() {
        line("Failure _d:", "1 (meaning all fail)");
    } else if settings.events.is_empty() {
        line("Failure _d:", &settings.failure);
    } else {
        line("Failure _d:", &format!("{}=={}", settings.failure, settings.events));
    }
    let time = match (settings.origin.as_str(), settings.scale) {
        ("", 1.0) => settings.time.clone(),
        ("", scale) => format!("{}/{scale}", settings.time),
        (_, 1.0) => format!("({}-origin)", settings.time),
        (_, scale) => format!("({}-origin)/{scale}", settings.time),
    };
    line("Analysis time _t:", &time);
    for (label, text) in [
        ("Origin:", &settings.origin),
        ("Enter on or after:", &settings.enter),
        ("Exit on or before:", &settings.exit),
        ("ID variable:", &settings.id),
    ] {
        if !text.is_empty() {
            line(label, text);
        }
    }
    if let Some((kind, expression)) = &settings.weight {
        line("Weight:", &format!("[{}{}]", kind.name(), expression));
    }
}
