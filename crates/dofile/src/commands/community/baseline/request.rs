//! What a `table1_mc` asks for: its variables with their types and formats, and how cells look.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::unquote;

/// How a variable is summarised and compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Mean and standard deviation.
    Normal,
    /// Geometric mean and geometric standard deviation.
    LogNormal,
    /// Median and quartiles.
    Skewed,
    /// Levels.
    Categorical,
    /// Value 1 of 0 and 1.
    Binary,
}

/// A variable of the table.
pub(super) struct Item {
    pub(super) var: usize,
    pub(super) kind: Kind,
    /// Fisher's exact test instead of chi-squared.
    pub(super) exact: bool,
    pub(super) formats: Vec<String>,
}

/// Texts and formats of cells.
pub(super) struct Look {
    pub(super) format: Option<String>,
    pub(super) percent_format: Option<String>,
    pub(super) count_format: String,
    pub(super) middle: String,
    pub(super) sd: (String, String),
    pub(super) gsd: (String, String),
    pub(super) sign: String,
    pub(super) no_space: bool,
    pub(super) percent_only: bool,
    pub(super) percent_first: bool,
    pub(super) out_of: bool,
    pub(super) row_percent: bool,
    pub(super) missing: bool,
    pub(super) one_column: bool,
    pub(super) decimals: usize,
}

impl Look {
    pub(super) fn read(cmd: &ParsedCommand) -> Self {
        // gurmeet stands for a set of other options
        let preset = cmd.has("gurmeet");
        let text = |name: &str, usual: &str, other: &str| {
            let usual = if preset { other } else { usual };
            // blanks within quotes are part of the text
            let given = |t: &str| match t.trim().starts_with(['"', '`']) {
                true => unquote(t.trim()).to_string(),
                false => t.to_string(),
            };
            cmd.options.text(name).map_or_else(|| usual.to_string(), given)
        };
        let format = |name: &str| cmd.options.text(name).map(|t| t.trim().to_string());
        Self {
            format: format("format"),
            percent_format: format("percformat").or_else(|| preset.then(|| "%5.1f".to_string())),
            count_format: format("nformat").unwrap_or_else(|| "%12.0fc".to_string()),
            middle: text("iqrmiddle", "-", ","),
            sd: (text("sdleft", " (", " [±"), text("sdright", ")", "]")),
            gsd: (text("gsdleft", " (×/", " [×/"), text("gsdright", ")", "]")),
            sign: text("percsign", "%", ""),
            no_space: cmd.has("nospacelowpercent"),
            percent_only: cmd.has("percent"),
            percent_first: cmd.has("percent_n") || preset,
            out_of: cmd.has("slashn"),
            row_percent: cmd.has("catrowperc"),
            missing: cmd.has("missing"),
            one_column: cmd.has("onecol") || preset,
            decimals: cmd.options.int("pdp").unwrap_or(3).clamp(1, 15) as usize,
        }
    }
}

/// Reads `vars()`: variables with types and formats between backslashes.
pub(super) fn items(s: &Session, text: &str) -> Result<Vec<Item>> {
    let mut out = Vec::new();
    for part in text.split('\\').map(str::trim).filter(|p| !p.is_empty()) {
        let words: Vec<&str> = part.split_whitespace().collect();
        let var = s.variable(words[0])?;
        let Some(kind) = words.get(1) else {
            return Err(StataError::invalid(format!("{}: no type in vars()", words[0])));
        };
        let (kind, exact) = match *kind {
            "contn" => (Kind::Normal, false),
            "contln" => (Kind::LogNormal, false),
            "conts" => (Kind::Skewed, false),
            "cat" => (Kind::Categorical, false),
            "cate" => (Kind::Categorical, true),
            "bin" => (Kind::Binary, false),
            "bine" => (Kind::Binary, true),
            other => {
                return Err(StataError::invalid(format!(
                    "{} {other}: type must be contn, contln, conts, cat, cate, bin or bine",
                    words[0]
                )));
            }
        };
        if words.len() > 4 || words[2..].iter().any(|w| !w.starts_with('%')) {
            return Err(StataError::invalid(format!("'{part}' invalid in vars()")));
        }
        if kind != Kind::Categorical && s.frame.var(var).is_string() {
            return Err(StataError::type_mismatch());
        }
        out.push(Item { var, kind, exact, formats: words[2..].iter().map(|w| (*w).to_string()).collect() });
    }
    if out.is_empty() { Err(StataError::invalid("option vars() required")) } else { Ok(out) }
}
