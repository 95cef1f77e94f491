//! `power logrank` and `power cox`: events, sizes and power of tests of hazards ([PSS-2] power logrank, power cox;
//! Freedman 1982, Statistics in Medicine 1; Schoenfeld 1981, Biometrika 68; Hsieh and Lavori 2000, Controlled Clinical
//! Trials 21).

use super::numbers;
use super::power_request::{parsed, sized, wanted_power, within};
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal, normal_quantile};

const LOGRANK: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("NRATio"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("HRatio"),
    OptSpec::flag("SCHoenfeld"),
    OptSpec::real("WDProb"),
];
const COX: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("HRatio"),
    OptSpec::real("sd"),
    OptSpec::real("r2"),
    OptSpec::real("FAILprob"),
    OptSpec::real("EVENTProb"),
    OptSpec::real("WDProb"),
];
const UNSUPPORTED: &[&str] =
    &["DIRection", "SIMPson", "ST1", "LNHRatio", "EFFect", "n1", "n2", "CLuster", "K1", "K2", "M1", "M2"];

/// A design whose power depends on the number of events alone.
struct Design {
    alpha: f64,
    sides: f64,
    /// Shift of the test statistic for one event.
    rate: f64,
    /// Share of subjects with an event.
    event: f64,
    /// Share of subjects that withdraw.
    withdrawn: f64,
    /// Subjects of the second group for one of the first; nothing for one group.
    ratio: Option<f64>,
}

/// Sizes, events and power.
struct Answer {
    n: f64,
    n1: f64,
    n2: f64,
    events: f64,
    power: f64,
    solved: bool,
}

impl Design {
    fn of(cmd: &ParsedCommand) -> Result<Self> {
        let real = |name: &str, default: f64| cmd.options.real(name).unwrap_or(default);
        let (alpha, withdrawn) = (real("alpha", 0.05), real("wdprob", 0.0));
        if !(alpha > 0.0 && alpha < 1.0 && (0.0..1.0).contains(&withdrawn)) {
            return Err(StataError::invalid("alpha() or wdprob() out of range"));
        }
        let sides = if cmd.has("onesided") { 1.0 } else { 2.0 };
        Ok(Self { alpha, sides, rate: 0.0, event: 1.0, withdrawn, ratio: None })
    }

    fn critical(&self) -> f64 {
        normal_quantile(1.0 - self.alpha / self.sides)
    }

    fn answer(&self, cmd: &ParsedCommand) -> Result<Answer> {
        let share = self.ratio.map_or(1.0, |r| 1.0 / (1.0 + r));
        let kept = 1.0 - self.withdrawn;
        sized(cmd, &["n"])?;
        if let Some(n) = cmd.options.real("n") {
            if n < 2.0 || n.fract() != 0.0 {
                return Err(StataError::invalid("n() must be a whole number of at least 2"));
            }
            let n1 = (n * share).floor();
            let n2 = if self.ratio.is_some() { n - n1 } else { 0.0 };
            let events = n * kept * self.event;
            let power = normal(self.rate * events.sqrt() - self.critical());
            return Ok(Answer { n, n1, n2, events, power, solved: false });
        }
        let wanted = wanted_power(cmd)?;
        if !(wanted > 0.0 && wanted < 1.0) {
            return Err(StataError::invalid("power() must be between 0 and 1"));
        }
        let events = ((self.critical() + normal_quantile(wanted)) / self.rate).powi(2);
        let total = within(events / self.event / kept)?;
        let whole = |x: f64| (x - 1e-9).ceil();
        let (n1, n2) = match self.ratio {
            Some(r) => (whole(total * share), whole(total * share * r)),
            None => (whole(total), 0.0),
        };
        Ok(Answer { n: n1 + n2, n1, n2, events: whole(events), power: wanted, solved: true })
    }
}

fn hazard_ratio(cmd: &ParsedCommand) -> Result<Option<f64>> {
    match cmd.options.real("hratio") {
        Some(h) if h <= 0.0 || h == 1.0 => Err(StataError::invalid("hratio() must be positive and not 1")),
        h => Ok(h),
    }
}

/// Runs what follows `power logrank`.
pub(super) fn logrank(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, LOGRANK, UNSUPPORTED)?;
    let survival = numbers(&cmd.list)?;
    if survival.len() > 2 || survival.iter().any(|p| !(*p > 0.0 && *p < 1.0)) {
        return Err(StataError::invalid("survival probabilities must be between 0 and 1"));
    }
    let asked = hazard_ratio(&cmd)?;
    let hazard = match (&survival[..], asked) {
        ([_, _], Some(_)) => return Err(StataError::invalid("only one of surv2 and hratio() is allowed")),
        ([a, b], None) if a == b => {
            return Err(StataError::invalid("the survival probabilities must differ"));
        }
        ([a, b], None) => b.ln() / a.ln(),
        _ => asked.unwrap_or(0.5),
    };
    let ratio = cmd.options.real("nratio").unwrap_or(1.0);
    if ratio <= 0.0 {
        return Err(StataError::invalid("nratio() must be positive"));
    }
    let schoenfeld = cmd.has("schoenfeld");
    let mut design = Design::of(&cmd)?;
    design.ratio = Some(ratio);
    design.rate = if schoenfeld {
        ratio.sqrt() / (1.0 + ratio) * hazard.ln().abs()
    } else {
        ratio.sqrt() * (hazard - 1.0).abs() / (1.0 + ratio * hazard)
    };
    let first = survival.first().copied();
    let second = first.map(|p| p.powf(hazard));
    if let (Some(a), Some(b)) = (first, second) {
        design.event = 1.0 - (a + ratio * b) / (1.0 + ratio);
    }
    let answer = design.answer(&cmd)?;
    let mut extra = vec![("hratio", hazard)];
    extra.extend(first.map(|a| ("s1", a)));
    extra.extend(second.map(|b| ("s2", b)));
    let method = if schoenfeld { "Schoenfeld method" } else { "Freedman method" };
    let alternative = format!("H0: HR = 1  versus  Ha: HR {} 1", sign(design.sides == 1.0, hazard > 1.0));
    let title = "two-sample comparison of survivor functions";
    show(s, &design, &answer, &[title, &format!("Log-rank test, {method}"), &alternative], None, &extra);
    store(s, &design, &answer, "logrank", &extra);
    s.r.scalar("Pr_E", design.event).scalar("Pr_w", design.withdrawn);
    Ok(())
}

/// Runs what follows `power cox`.
pub(super) fn cox(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, COX, UNSUPPORTED)?;
    let real = |name: &str, default: f64| cmd.options.real(name).unwrap_or(default);
    let coefficient = match (&numbers(&cmd.list)?[..], hazard_ratio(&cmd)?) {
        ([], h) => h.unwrap_or(0.5).ln(),
        ([b], None) if *b != 0.0 => *b,
        _ => return Err(StataError::invalid("one coefficient other than 0, or option hratio(), required")),
    };
    let (sd, r2) = (real("sd", 0.5), real("r2", 0.0));
    let event = real("failprob", real("eventprob", 1.0));
    if sd <= 0.0 || !(0.0..1.0).contains(&r2) || !(event > 0.0 && event <= 1.0) {
        return Err(StataError::invalid("sd(), r2() or failprob() out of range"));
    }
    let mut design = Design::of(&cmd)?;
    design.rate = coefficient.abs() * sd * (1.0 - r2).sqrt();
    design.event = event;
    let answer = design.answer(&cmd)?;
    let extra = [("b1", coefficient), ("hratio", coefficient.exp()), ("sd", sd), ("R2", r2)];
    let typed = !cmd.list.trim().is_empty();
    let shown: Vec<(&str, f64)> = extra
        .iter()
        .filter(|(name, _)| match *name {
            "b1" => typed,
            "hratio" => !typed,
            "R2" => cmd.has("r2"),
            _ => true,
        })
        .copied()
        .collect();
    let alternative =
        format!("H0: beta1 = 0  versus  Ha: beta1 {} 0", sign(design.sides == 1.0, coefficient > 0.0));
    let delta = format!("{}  (coefficient)", four(coefficient));
    show(s, &design, &answer, &["Cox PH regression", "Wald test", &alternative], Some(delta), &shown);
    store(s, &design, &answer, "cox", &extra);
    s.r.scalar("Pr_E", design.event).scalar("Pr_w", design.withdrawn);
    Ok(())
}

fn show(
    s: &mut Session,
    d: &Design,
    a: &Answer,
    head: &[&str; 3],
    delta: Option<String>,
    extra: &[(&str, f64)],
) {
    s.print("");
    s.print(format!("Estimated {} for {}", if a.solved { "sample size" } else { "power" }, head[0]));
    s.print(head[1]);
    s.print(head[2]);
    s.print("");
    s.print("Study parameters:");
    s.print("");
    let mut line = |name: &str, value: String| s.print(format!("{name:>13} = {value}"));
    line("alpha", four(d.alpha));
    if a.solved {
        line("power", four(a.power))
    } else {
        line("N", whole(a.n))
    }
    if let Some(delta) = delta {
        line("delta", delta);
    }
    extra.iter().for_each(|(name, x)| line(name, four(*x)));
    let part = |s: &mut Session, title: &str, lines: &[(&str, String)]| {
        s.print("");
        s.print(title);
        s.print("");
        lines.iter().for_each(|(name, value)| s.print(format!("{name:>13} = {value}")));
    };
    if d.event < 1.0 {
        part(s, "Censoring:", &[("Pr_E", four(d.event))]);
    }
    if d.withdrawn > 0.0 {
        part(s, "Withdrawal:", &[("Pr_w", four(d.withdrawn))]);
    }
    if !a.solved {
        part(s, "Estimated power:", &[("power", four(a.power))]);
        return;
    }
    let mut sizes = vec![("E", whole(a.events)), ("N", whole(a.n))];
    if d.ratio.is_some() {
        sizes.extend([("N1", whole(a.n1)), ("N2", whole(a.n2))]);
    }
    part(s, "Estimated number of events and sample size:", &sizes);
}

fn store(s: &mut Session, d: &Design, a: &Answer, method: &str, extra: &[(&str, f64)]) {
    let mut r = Results::default();
    r.scalar("N", a.n).scalar("E", a.events).scalar("power", a.power).scalar("beta", 1.0 - a.power);
    r.scalar("alpha", d.alpha).scalar("onesided", f64::from(u8::from(d.sides == 1.0)));
    if d.ratio.is_some() {
        r.scalar("N1", a.n1).scalar("N2", a.n2).scalar("nratio", a.n2 / a.n1);
    }
    for (name, x) in extra {
        r.scalar(name, *x);
    }
    r.text("type", "test").text("method", method);
    s.r = r;
}
