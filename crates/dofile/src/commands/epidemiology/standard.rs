//! A standard population that a file holds, for `istdize` and `dstdize`.

use crate::error::{Result, StataError};
use crate::estimation::survival::Records;
use crate::format;
use crate::ops::data_files::read_dta;
use crate::ops::record_groups::Grouping;
use crate::ops::sources::source;
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;

/// The strata of a standard population.
pub(super) struct Standard {
    /// Values of the stratum variables as texts, with people or rate.
    strata: Vec<(Vec<String>, f64)>,
    /// Cases for each person in all strata.
    pub(super) crude: f64,
}

/// Sums of two columns of the file in each stratum, and how many rows it has.
type Sums = Vec<(Vec<String>, [f64; 2], usize)>;

impl Standard {
    /// Rates from `popvars(casevar popvar)`.
    pub(super) fn of_cases(
        s: &mut Session,
        cmd: &ParsedCommand,
        text: &str,
        names: &[String],
    ) -> Result<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [cases, people] = words[..] else {
            return Err(StataError::new(198, "popvars() requires two variables"));
        };
        let sums = sums(s, cmd, [cases, people], names)?;
        let total = |k: usize| sums.iter().map(|(_, x, _)| x[k]).sum::<f64>();
        let crude = total(0) / total(1);
        Ok(Self { strata: sums.into_iter().map(|(key, x, _)| (key, x[0] / x[1])).collect(), crude })
    }

    /// Rates from `rate(ratevar # | ratevar crudevar)`.
    pub(super) fn of_rates(
        s: &mut Session,
        cmd: &ParsedCommand,
        text: &str,
        names: &[String],
    ) -> Result<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [rate, crude] = words[..] else {
            return Err(StataError::new(198, "rate() requires a variable and a number or a variable"));
        };
        let number = parse_number(crude);
        let sums = sums(s, cmd, [rate, if number.is_some() { rate } else { crude }], names)?;
        if sums.iter().any(|(_, _, rows)| *rows > 1) {
            return Err(StataError::new(459, "a stratum of the standard population has several rates"));
        }
        let crude = number.unwrap_or_else(|| sums[0].1[1]);
        Ok(Self { strata: sums.into_iter().map(|(key, x, _)| (key, x[0])).collect(), crude })
    }

    /// People of each stratum, for direct standardisation.
    pub(super) fn of_people(
        s: &mut Session,
        cmd: &ParsedCommand,
        people: &str,
        names: &[String],
    ) -> Result<Self> {
        let sums = sums(s, cmd, [people, people], names)?;
        Ok(Self { strata: sums.into_iter().map(|(key, x, _)| (key, x[0])).collect(), crude: f64::NAN })
    }

    /// The rate, or the people, of a stratum.
    pub(super) fn rate(&self, key: &[String]) -> Option<f64> {
        self.strata.iter().find(|(own, _)| own == key).map(|(_, rate)| *rate)
    }

    /// People of all strata.
    pub(super) fn total(&self) -> f64 {
        self.strata.iter().map(|(_, n)| n).sum()
    }

    /// Prints the rates.
    pub(super) fn show(&self, s: &mut Session) {
        s.print("");
        s.print(format!("{:>32}", "Standard population"));
        s.print(format!("{:>18}{:>22}", "Stratum", "Rate"));
        s.print("-".repeat(40));
        for (key, rate) in &self.strata {
            let name = format::abbrev(&key.join(" "), 17);
            s.print(format!("{name:>18}{:>22}", format::bare("%9.5f", *rate)));
        }
        s.print("-".repeat(40));
    }
}

/// Reads the file of `using` and sums two columns in each stratum. The data in memory stay.
fn sums(s: &mut Session, cmd: &ParsedCommand, columns: [&str; 2], names: &[String]) -> Result<Sums> {
    let (path, shown) = source(s, cmd.using.as_deref().unwrap_or_default(), "dta")?;
    let frame = read_dta(&path, &shown, None, false)?;
    let own = std::mem::replace(&mut s.frame, frame);
    let found = summed(s, columns, names);
    s.frame = own;
    found
}

fn summed(s: &Session, columns: [&str; 2], names: &[String]) -> Result<Sums> {
    let values = [s.numeric_variable(columns[0])?, s.numeric_variable(columns[1])?];
    let strata: Vec<usize> = names.iter().map(|n| s.frame.position(n)).collect::<Result<_>>()?;
    let mut touse = vec![true; s.frame.n_rows()];
    s.markout(&values, &mut touse, false)?;
    s.markout(&strata, &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let groups = Grouping::of(s, &strata, &Records { rows: rows.clone(), ..Records::default() });
    let sum = |g: usize| {
        let members = groups.members(g);
        let of = |v: usize| members.iter().map(|i| s.frame.num_at(v, rows[*i])).sum::<f64>();
        (groups.labels[g].clone(), values.map(of), members.len())
    };
    Ok((0..groups.count()).map(sum).collect())
}
