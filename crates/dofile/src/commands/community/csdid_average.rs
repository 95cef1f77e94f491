//! Averages of the effects of `csdid` over groups, periods and times since treatment, and `estat` that shows them.
//! Formulas: Callaway and Sant'Anna (2021), section 3.

use super::csdid::{Cell, CsdidState, parameters};
use crate::error::{Result, StataError};
use crate::estimation::post::Parameters;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::did::{Effect, fixed_average, plain_average, weighted_average};
use estimators::wald;

/// What the effects are averaged over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not averaged.
    Cells,
    /// All effects after treatment.
    Simple,
    /// By group.
    Group,
    /// By period.
    Calendar,
    /// By time since treatment.
    Event,
}

impl Kind {
    /// Reads the name of an average.
    pub(super) fn parse(text: &str) -> Result<Self> {
        match text.trim() {
            "attgt" | "" => Ok(Self::Cells),
            "simple" => Ok(Self::Simple),
            "group" => Ok(Self::Group),
            "calendar" => Ok(Self::Calendar),
            "event" => Ok(Self::Event),
            other => {
                Err(StataError::invalid(format!("{other} invalid: attgt, simple, group, calendar or event")))
            }
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cells => "attgt",
            Self::Simple => "simple",
            Self::Group => "group",
            Self::Calendar => "calendar",
            Self::Event => "event",
        }
    }
}

/// Whether results of an average have one equation for each group.
pub(super) fn cell_equations(kind: &str) -> bool {
    kind == "attgt"
}

/// Named averages.
pub(super) struct Average {
    /// Names.
    pub stripe: Vec<Stripe>,
    /// Values with the influence of the units.
    pub effects: Vec<Effect>,
}

/// A copy of an effect.
fn copy(effect: &Effect) -> Effect {
    Effect { value: effect.value, influence: effect.influence.clone() }
}

/// The effects with the shares of their groups among the units.
struct Cells<'a> {
    state: &'a CsdidState,
    shares: Vec<f64>,
}

/// Whether a cell lies after the treatment of its group.
fn after(cell: &Cell) -> bool {
    cell.period >= cell.group
}

impl<'a> Cells<'a> {
    fn of(state: &'a CsdidState) -> Self {
        let units = state.group_of.len() as f64;
        let share = |g: i64| state.group_of.iter().filter(|own| **own == g).count() as f64 / units;
        Self { state, shares: state.cells.iter().map(|c| share(c.group)).collect() }
    }

    /// Positions of the cells that pass a test.
    fn chosen(&self, test: impl Fn(&Cell) -> bool) -> Vec<usize> {
        (0..self.state.cells.len()).filter(|i| test(&self.state.cells[*i])).collect()
    }

    /// Distinct values of the cells that pass a test, ascending.
    fn distinct(&self, of: impl Fn(&Cell) -> i64, test: impl Fn(&Cell) -> bool) -> Vec<i64> {
        let mut found: Vec<i64> = self.state.cells.iter().filter(|c| test(c)).map(of).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The average of some cells of `effects` by the shares of their groups.
    fn average(&self, effects: &[Effect], cells: &[usize]) -> Effect {
        let state = self.state;
        let member = |cell: usize, unit: usize| state.group_of[unit] == state.cells[cell].group;
        weighted_average(effects, cells, &self.shares, member, state.group_of.len())
    }

    fn weighted(&self, cells: &[usize]) -> Effect {
        self.average(&self.state.effects, cells)
    }

    fn plain(&self) -> Average {
        let name = |c: &Cell| Stripe::with_eq(format!("g{}", c.group), format!("t_{}_{}", c.base, c.period));
        Average {
            stripe: self.state.cells.iter().map(name).collect(),
            effects: self.state.effects.iter().map(copy).collect(),
        }
    }

    fn by_group(&self) -> Average {
        let groups = self.distinct(|c| c.group, after);
        let own: Vec<Effect> =
            groups.iter().map(|g| self.weighted(&self.chosen(|c| c.group == *g && after(c)))).collect();
        let first: Vec<usize> =
            groups.iter().filter_map(|g| self.chosen(|c| c.group == *g).first().copied()).collect();
        // `csdid` takes the shares of the groups as known here, unlike those of the average over all cells.
        let total: f64 = first.iter().map(|c| self.shares[*c]).sum();
        let shares: Vec<f64> = first.iter().map(|c| self.shares[*c] / total).collect();
        let mut stripe = vec![Stripe::term("GAverage")];
        let mut effects = vec![fixed_average(&own, &shares)];
        stripe.extend(groups.iter().map(|g| Stripe::term(format!("G{g}"))));
        effects.extend(own);
        Average { stripe, effects }
    }

    fn by_period(&self) -> Average {
        let periods = self.distinct(|c| c.period, after);
        let own: Vec<Effect> =
            periods.iter().map(|t| self.weighted(&self.chosen(|c| c.period == *t && after(c)))).collect();
        let mut stripe = vec![Stripe::term("CAverage")];
        let mut effects = vec![plain_average(&own.iter().collect::<Vec<_>>())];
        stripe.extend(periods.iter().map(|t| Stripe::term(format!("T{t}"))));
        effects.extend(own);
        Average { stripe, effects }
    }

    fn by_event(&self, window: Option<(i64, i64)>) -> Average {
        let since = |c: &Cell| c.period - c.group;
        let inside = |c: &Cell| window.is_none_or(|(low, high)| (low..=high).contains(&since(c)));
        let times = self.distinct(since, inside);
        let own: Vec<Effect> =
            times.iter().map(|e| self.weighted(&self.chosen(|c| since(c) == *e))).collect();
        let (mut stripe, mut effects) = (Vec::new(), Vec::new());
        for (name, before) in [("Pre_avg", true), ("Post_avg", false)] {
            let part: Vec<&Effect> =
                own.iter().zip(&times).filter(|(_, e)| (**e < 0) == before).map(|(o, _)| o).collect();
            if !part.is_empty() {
                stripe.push(Stripe::term(name));
                effects.push(plain_average(&part));
            }
        }
        let name = |e: &i64| Stripe::term(format!("T{}{}", if *e < 0 { "m" } else { "p" }, e.abs()));
        stripe.extend(times.iter().map(name));
        effects.extend(own);
        Average { stripe, effects }
    }
}

/// Averages of all effects; a window bounds the times since treatment.
pub(super) fn averages(state: &CsdidState, kind: Kind, window: Option<(i64, i64)>) -> Result<Average> {
    let cells = Cells::of(state);
    let treated = cells.chosen(after);
    if treated.is_empty() && kind != Kind::Cells {
        return Err(StataError::new(2000, "no effects after treatment"));
    }
    Ok(match kind {
        Kind::Cells => cells.plain(),
        Kind::Simple => {
            Average { stripe: vec![Stripe::term("ATT")], effects: vec![cells.weighted(&treated)] }
        }
        Kind::Group => cells.by_group(),
        Kind::Calendar => cells.by_period(),
        Kind::Event => cells.by_event(window),
    })
}

/// `estat` after `csdid`; nothing for another subcommand.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let extra = session.e.extra.clone()?;
    let state = extra.downcast_ref::<CsdidState>()?;
    Some(match word {
        "pretrend" => pretrend(session, state, &call(word)),
        "attgt" | "simple" | "group" | "calendar" | "event" => shown(session, state, word, &call(word)),
        _ => return None,
    })
}

fn shown(session: &mut Session, state: &CsdidState, word: &str, call: &Call) -> Result<()> {
    let options = call.options(
        &[OptSpec::text("Window"), OptSpec::real("Level"), OptSpec::text("ESTore"), OptSpec::flag("post")],
        &["WBOOT", "REPs", "RSEED", "PREtrend", "ESAVE", "REPLACE"],
    )?;
    let kind = Kind::parse(word)?;
    if options.has("estore") {
        return Err(StataError::unsupported_option(
            "estat",
            "estore() after csdid; use post and estimates store",
        ));
    }
    let window = match options.text("window") {
        None => None,
        Some(text) => {
            let found: Vec<i64> = text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
            match found.as_slice() {
                [low, high] if low <= high && kind == Kind::Event => Some((*low, *high)),
                _ => return Err(StataError::invalid("window() needs two whole numbers, after estat event")),
            }
        }
    };
    let found = parameters(state, averages(state, kind, window)?);
    let title = match kind {
        Kind::Cells => "ATT GT",
        Kind::Simple => "Average Treatment Effect on Treated",
        Kind::Group => "ATT by group",
        Kind::Calendar => "ATT by Calendar Period",
        Kind::Event => "ATT by Periods Before and After treatment\nEvent Study:Dynamic effects",
    };
    title.lines().for_each(|line| session.print(line));
    let se: Vec<f64> = (0..found.b.len()).map(|i| found.v[(i, i)].sqrt()).collect();
    let level = options.real("level").unwrap_or(session.settings.level);
    Table {
        equations: kind == Kind::Cells,
        ..Table::of_equations(&found.stripe, &found.b, &se, None, level)
    }
    .show(session);
    session.r.matrix("b", found.b_matrix()).matrix("V", found.v_matrix());
    if options.has("post") {
        make_active(session, word, &found)?;
    }
    Ok(())
}

/// Makes averages the active estimates, on the sample and clusters of `csdid`.
fn make_active(session: &mut Session, word: &str, found: &Parameters) -> Result<()> {
    let sample = session.required_estimation_sample()?.to_vec();
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", found.b_matrix()).matrix("V", found.v_matrix());
    for name in ["N", "N_units", "N_clust"] {
        if let Some(value) = session.e.results.get_scalar(name) {
            r.scalar(name, value);
        }
    }
    r.text("cmd", "csdid").text("cmd2", "estat").text("subcmd", word).text("agg", word);
    session.post_estimation(est, sample);
    Ok(())
}

/// All effects before treatment are zero: a Wald test.
fn pretrend(session: &mut Session, state: &CsdidState, call: &Call) -> Result<()> {
    call.bare()?;
    let found = parameters(state, averages(state, Kind::Cells, None)?);
    let before: Vec<usize> =
        (0..state.cells.len()).filter(|i| state.cells[*i].period < state.cells[*i].group).collect();
    if before.is_empty() {
        return Err(StataError::new(2000, "no effects before treatment"));
    }
    let test = wald::test_zero(&found.b, &found.v, &before);
    let p = test.p(None);
    session.print("Pretrend Test. H0 All Pre-treatment are equal to 0");
    session.print(format!("chi2({}) = {}", test.df, format::number("%10.4f", test.chi2)));
    session.print(format!("p-value  = {}", format::number("%10.4f", p)));
    let mut results = Results::default();
    results.scalar("chi2", test.chi2).scalar("df", test.df as f64).scalar("pchi2", p);
    results.matrix("b", Matrix::row_vector(found.b.clone(), found.stripe.clone()));
    session.r = results;
    Ok(())
}
