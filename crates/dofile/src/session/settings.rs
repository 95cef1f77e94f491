//! Values of `set` that have a meaning in this engine.

use crate::format;
use crate::frame::StorageType;
use crate::value::is_missing;

/// Settings with Stata's batch defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Width of output lines.
    pub linesize: usize,
    /// Default confidence level in percent.
    pub level: f64,
    /// Variable names may be abbreviated.
    pub varabbrev: bool,
    /// Default storage type of `generate`.
    pub default_type: StorageType,
    /// `set sortseed`.
    pub sortseed: u64,
    /// Language version (`version`), as 100 × number.
    pub version: u32,
    /// `set scheme`.
    pub scheme: String,
    /// `set iterlog`: commands print the log of their search.
    pub iterlog: bool,
    /// Directories searched for ado-files, the first match wins.
    pub adopath: Vec<String>,
    /// What the coefficient table of the running command shows.
    pub table: TableLook,
    /// Characters of the names of the table that was printed last.
    pub names_width: usize,
    /// What `set` asks of the coefficient tables of all commands.
    pub usual_table: TableLook,
    /// How the running command searches a maximum.
    pub search: Search,
    /// Most bytes that the data may take; three quarters of the machine's memory.
    pub max_bytes: u64,
}

/// Confidence limits that do not come from standard errors: the word above them, and those of each parameter.
pub type OwnLimits = (&'static str, Vec<(f64, f64)>);

/// Options of coefficient tables ([R] Estimation options).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableLook {
    /// Base levels of factor variables have rows.
    pub base_levels: bool,
    /// Base levels within interactions too.
    pub all_base_levels: bool,
    /// Omitted terms have no rows.
    pub no_omitted: bool,
    /// Empty cells of interactions have no rows.
    pub no_empty: bool,
    /// Format of coefficients, standard errors and limits.
    pub coefficients: Option<String>,
    /// Format of p-values.
    pub p_values: Option<String>,
    /// Format of test statistics.
    pub statistics: Option<String>,
    /// A legend `_b[name]` stands in place of the standard errors.
    pub legend: bool,
    /// No confidence limits.
    pub no_limits: bool,
    /// No test statistics and p-values.
    pub no_tests: bool,
    /// Levels of factor variables are numbers.
    pub no_labels: bool,
    /// Long names are abbreviated, not given more room.
    pub no_stretch: bool,
    /// The name above the parameters.
    pub outcome: Option<String>,
    /// The last line leaves room for rows below it.
    pub open_end: bool,
    /// The names of these rows are as wide as those of the table.
    pub follows_width: bool,
    /// Degrees of freedom of each parameter, as after `mi estimate`; nothing within for the normal distribution.
    pub degrees: Option<Vec<Option<f64>>>,
    /// Estimates alone, as after `margins, nose`.
    pub only_estimates: bool,
    /// Confidence limits of the parameters that do not come from their standard errors, with the word above them.
    pub limits: Option<OwnLimits>,
}

impl TableLook {
    /// A coefficient, standard error or limit in nine characters.
    pub fn wide(&self, x: f64) -> String {
        match &self.coefficients {
            Some(own) if !is_missing(x) => format!("{:>9}", format::bare(own, x).trim()),
            _ => format::number("%9.0g", x),
        }
    }
}

/// Options of the search for a maximum that every command with a likelihood reads in the same way ([R] Maximize).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    /// Text of `constraints()`.
    pub constraints: Option<String>,
    /// Constraints are not printed.
    pub no_report: bool,
    /// Text of `from()`.
    pub from: Option<String>,
    /// The covariance comes from the outer products of the scores: `vce(opg)`, or `technique(bhhh)` without `vce()`.
    pub outer_products: bool,
    /// Collinear variables are kept.
    pub collinear: bool,
}

/// Three quarters of the machine's memory, 12 GB where it is not known.
fn memory() -> u64 {
    #[cfg(unix)]
    {
        // SAFETY: sysconf takes a number and returns one.
        let (pages, size) =
            unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
        if pages > 0 && size > 0 {
            return (pages as u64).saturating_mul(size as u64) / 4 * 3;
        }
    }
    12 << 30
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            linesize: 80,
            level: 95.0,
            varabbrev: true,
            default_type: StorageType::Float,
            sortseed: 1,
            version: 1800,
            scheme: "stcolor".into(),
            iterlog: true,
            adopath: Vec::new(),
            table: TableLook::default(),
            names_width: 12,
            usual_table: TableLook::default(),
            search: Search::default(),
            max_bytes: memory(),
        }
    }
}

impl super::Session {
    /// Whether a command prints the log of its search: by its options `log` and `nolog`, or else by `set iterlog`.
    pub fn shows_log(&self, has: impl Fn(&str) -> bool) -> bool {
        !has("nolog") && (self.settings.iterlog || has("log"))
    }
}
