//! Values that are looked up by name: `c()` values and matrices.

use super::Session;
use crate::error::{Result, StataError};
use crate::matrix::Matrix;
use crate::value::Value;
use std::sync::Arc;

/// Version of this engine.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Newest language version that scripts may ask for.
pub const LANGUAGE_VERSION: f64 = 18.0;

impl Session {
    /// A matrix by name: `A`, `r(name)`, `e(name)`.
    pub fn matrix(&self, name: &str) -> Option<Arc<Matrix>> {
        let name = name.trim();
        let inner = |p: &str| name.strip_prefix(p).and_then(|n| n.strip_suffix(')')).map(str::trim);
        if let Some(n) = inner("r(") {
            return self.r.matrices.get(n).cloned().map(Arc::new);
        }
        if let Some(n) = inner("e(") {
            return self.e.results.matrices.get(n).cloned().map(Arc::new);
        }
        self.matrices.get(name).cloned()
    }

    /// The value of `c(name)`; r(111)-free: an unknown name is an empty text, as in Stata.
    pub fn c_value(&self, name: &str) -> Result<Value> {
        let text = |s: &str| Ok(Value::Str(s.to_string()));
        let num = |x: f64| Ok(Value::Num(x));
        let flag = |b: bool| if b { "on" } else { "off" };
        match name {
            "engine" => text("open"),
            "engine_version" => text(ENGINE_VERSION),
            "stata_version" => num(LANGUAGE_VERSION),
            "version" => num(f64::from(self.settings.version) / 100.0),
            "N" => num(self.frame.n_rows() as f64),
            "k" => num(self.frame.n_vars() as f64),
            "width" => num(self.row_width() as f64),
            "changed" => num(f64::from(u8::from(self.frame.changed))),
            "filename" => text(&self.frame.filename),
            "filedate" => text(&self.frame.timestamp),
            "sortedby" => text(&self.frame.sorted_by.join(" ")),
            "level" => num(self.settings.level),
            "linesize" => num(self.settings.linesize as f64),
            "type" => text(&self.settings.default_type.name()),
            "varabbrev" => text(flag(self.settings.varabbrev)),
            "iterlog" => text(flag(self.settings.iterlog)),
            "more" | "trace" | "rmsg" | "noisily" => text("off"),
            "dp" => text("period"),
            "scheme" => text(&self.settings.scheme),
            "seed" | "rngseed_mt64" => num(self.rng.borrow().seed as f64),
            "rng" | "rng_current" => text("mt64"),
            "sortseed" => num(self.settings.sortseed as f64),
            "rc" => num(f64::from(self.rc)),
            "pi" => num(std::f64::consts::PI),
            "frame" => text(&self.frames.current),
            "pwd" => text(&self.cwd.display().to_string()),
            "dirsep" => text("/"),
            "os" => text(if cfg!(target_os = "macos") { "MacOSX" } else { "Unix" }),
            "mode" => text("batch"),
            "console" => text("console"),
            "edition" | "edition_real" | "flavor" => text("open"),
            "MP" | "SE" => num(0.0),
            "bit" => num(64.0),
            "processors" | "processors_max" | "processors_lic" | "processors_mach" => num(1.0),
            "max_k_theory" | "maxvar" => num(32_767.0),
            "max_N_theory" => num(2_147_483_620.0),
            "maxbyte" => num(100.0),
            "minbyte" => num(-127.0),
            "maxint" => num(32_740.0),
            "minint" => num(-32_767.0),
            "maxlong" => num(2_147_483_620.0),
            "minlong" => num(-2_147_483_647.0),
            "maxfloat" => num(1.701_411_733_192_644_3e38),
            "minfloat" => num(-1.701_411_733_192_644_3e38),
            "smallestfloat" => num(f64::from(f32::MIN_POSITIVE)),
            "maxdouble" => num(8.988_465_674_311_579e307),
            "mindouble" => num(-1.797_693_134_862_315_7e308),
            "epsdouble" => num(f64::EPSILON),
            "epsfloat" => num(f64::from(f32::EPSILON)),
            "smallestdouble" => num(f64::MIN_POSITIVE),
            "maxstrvarlen" => num(2045.0),
            "namelenchar" | "namelen" | "namelenbyte" => num(32.0),
            "matsize" | "max_matdim" | "max_matsize" => num(11_000.0),
            "tmpdir" => text(&self.temp_dir.display().to_string()),
            "alpha" => text(&letters('a').join(" ")),
            "ALPHA" => text(&letters('A').join(" ")),
            "Mons" => text("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
            "Months" => {
                text("January February March April May June July August September October November December")
            }
            "Wdays" => text("Sun Mon Tue Wed Thu Fri Sat"),
            "Weekdays" => text("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
            "current_date" => text(&self.clock_text("%tdDD_Mon_CCYY", 'd')),
            "current_time" => text(&self.clock_text("%tcHH:MM:SS", 'c')),
            "" => Err(StataError::syntax()),
            _ => text(""),
        }
    }

    /// Bytes of one observation.
    pub fn row_width(&self) -> usize {
        use crate::frame::StorageType as T;
        let width = |t: T| match t {
            T::Byte => 1,
            T::Int => 2,
            T::Long | T::Float => 4,
            T::Double | T::StrL => 8,
            T::Str(n) => usize::from(n),
        };
        self.frame.vars().iter().map(|v| width(v.data.storage_type())).sum()
    }

    /// Returns a cell as it is shown: value label, or the value in the variable's format.
    pub fn cell_text(&self, v: usize, row: usize, nolabel: bool) -> String {
        let var = self.frame.var(v);
        if var.is_string() {
            return var.data.str(row).to_string();
        }
        let x = var.data.num(row);
        if !nolabel && let Some(t) = self.frame.labels_of(v).and_then(|l| l.get(x)) {
            return t.to_string();
        }
        crate::format::bare(&var.format, x)
    }

    /// The present date or time in a format (UTC).
    pub fn clock_text(&self, fmt: &str, kind: char) -> String {
        #[expect(clippy::disallowed_methods, reason = "the engine is a process of its own without ports")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seconds = since.map_or(0.0, |d| d.as_secs() as f64);
        let days = (seconds / 86_400.0).floor() + 3653.0;
        let x = if kind == 'd' { days } else { (seconds + 3653.0 * 86_400.0) * 1000.0 };
        crate::format::bare(fmt, x)
    }
}

fn letters(first: char) -> Vec<String> {
    (0..26u8).map(|k| char::from(first as u8 + k).to_string()).collect()
}
