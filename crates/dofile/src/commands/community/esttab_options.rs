//! Options of `esttab` and `estout`.

use crate::error::{Result, StataError};
use crate::syntax::options::{OptKind, OptSpec, Options, abbreviates, split_options};
use crate::syntax::split::{front_and_options, unquote, words};

/// Options that work.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag_or_text("b"),
    OptSpec::flag_or_text("se"),
    OptSpec::flag_or_text("t"),
    OptSpec::flag_or_text("z"),
    OptSpec::flag_or_text("p"),
    OptSpec::flag_or_text("ci"),
    OptSpec::flag("not"),
    OptSpec::text("main"),
    OptSpec::text("aux"),
    OptSpec::text("Cells"),
    OptSpec::flag_or_text("STAR"),
    OptSpec::flag("noSTAR"),
    OptSpec::text("STARLevels"),
    OptSpec::flag_or_text("r2"),
    OptSpec::flag_or_text("ar2"),
    OptSpec::flag_or_text("pr2"),
    OptSpec::flag_or_text("aic"),
    OptSpec::flag_or_text("bic"),
    OptSpec::text("SCAlars"),
    OptSpec::text("sfmt"),
    OptSpec::text("Stats"),
    OptSpec::flag("noOBS"),
    OptSpec::flag("OBSLast"),
    OptSpec::flag("Label"),
    OptSpec::flag("noLabel"),
    OptSpec::text("Keep"),
    OptSpec::text("Drop"),
    OptSpec::text("Order"),
    OptSpec::text("INDicate"),
    OptSpec::text("COEFLabels"),
    OptSpec::text("VARLabels"),
    OptSpec::text("REName"),
    OptSpec::flag("noConstant"),
    OptSpec::flag("noBASElevels"),
    OptSpec::flag("noOMITted"),
    OptSpec::flag_or_text("MTItles"),
    OptSpec::flag("noMTItles"),
    OptSpec::text("MLabels"),
    OptSpec::flag("noDEPvars"),
    OptSpec::flag("DEPvars"),
    OptSpec::flag_or_text("NUMbers"),
    OptSpec::flag("noNUMbers"),
    OptSpec::text("COLLabels"),
    OptSpec::text("TItle"),
    OptSpec::flag("noNOTEs"),
    OptSpec::text("ADDNotes"),
    OptSpec::text("note"),
    OptSpec::text("nonotes"),
    OptSpec::flag_or_text("EFORM"),
    OptSpec::text("TRansform"),
    OptSpec::text("PREHead"),
    OptSpec::text("POSTHead"),
    OptSpec::text("PREFoot"),
    OptSpec::text("POSTFoot"),
    OptSpec::text("MGroups"),
    OptSpec::text("EQLabels"),
    OptSpec::flag("legend"),
    OptSpec::flag("unstack"),
    OptSpec::flag("COMpress"),
    OptSpec::flag("noGAPs"),
    OptSpec::flag("GAPs"),
    OptSpec::flag("noLINEs"),
    OptSpec::flag("LINEs"),
    OptSpec::flag("noPArentheses"),
    OptSpec::flag("PArentheses"),
    OptSpec::flag("BRackets"),
    OptSpec::flag("wide"),
    OptSpec::int("VARWidth"),
    OptSpec::int("MODELwidth"),
    OptSpec::text("ALIGNment"),
    OptSpec::flag("FRagment"),
    OptSpec::flag("PLain"),
    OptSpec::flag("fixed"),
    OptSpec::flag("tab"),
    OptSpec::flag("csv"),
    OptSpec::flag("scsv"),
    OptSpec::flag("tex"),
    OptSpec::flag("BOOKtabs"),
    OptSpec::flag("HTMl"),
    OptSpec::flag("md"),
    OptSpec::flag("rtf"),
    OptSpec::text("REFcat"),
    OptSpec::text("SUBSTitute"),
    OptSpec::text("STYle"),
    OptSpec::flag_or_text("beta"),
    OptSpec::text("INTERACTion"),
    OptSpec::flag("LONGtable"),
    OptSpec::text("WIDTH"),
    OptSpec::flag_or_text("PAGE"),
    OptSpec::flag("noFLOAT"),
    OptSpec::flag("TYpe"),
    OptSpec::flag("noTYpe"),
    OptSpec::flag("NOIsily"),
    OptSpec::flag("STARAux"),
    OptSpec::flag("onecell"),
    OptSpec::text("MSign"),
    OptSpec::text("DMarker"),
    OptSpec::flag("lz"),
    OptSpec::flag("nolz"),
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::real("Level"),
    // effects of `mfx`, of which models without them show nothing
    OptSpec::flag_or_text("Margin"),
    // the default of `estout`
    OptSpec::flag("noABBrev"),
];

/// Documented options that are refused by name.
pub(super) const REFUSED: &[&str] = &[
    "DROPPED",
    "STARDetach",
    "EQuations",
    "TOPfile",
    "BOTtomfile",
    "INCElbs",
    "VARMODIFY",
    "smcl",
    "mmd",
    "ESTimates",
    "lhs",
    "ml",
    "SHOWTABS",
    "HLinechar",
    "begin",
    "delimiter",
    "end",
    "Begin",
];

/// The options that were given. Quotes of their texts are kept: they separate the items of a list.
pub(super) struct Given {
    options: Options,
    texts: Vec<(String, String)>,
}

impl Given {
    /// Parses and checks option text.
    pub(super) fn parse(command: &str, text: &str) -> Result<Self> {
        let options = Options::parse(command, text, OPTIONS, REFUSED)?;
        let mut texts = Vec::new();
        for (typed, value) in split_options(text)? {
            let Some(value) = value else { continue };
            let takes_text = |o: &&OptSpec| abbreviates(&typed, o.name) && o.kind != OptKind::Flag;
            if let Some(spec) = OPTIONS.iter().find(takes_text) {
                texts.push((spec.full_name(), value));
            }
        }
        Ok(Self { options, texts })
    }

    /// True when an option was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.has(name)
    }

    /// The text of an option as it was typed.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
    }

    /// A number.
    pub(super) fn real(&self, name: &str) -> Option<f64> {
        self.options.real(name)
    }

    /// A whole number.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.options.int(name)
    }
}

/// How all numbers of a table are written.
#[derive(Debug, Clone)]
pub(super) struct Look {
    minus: String,
    point: String,
    leading_zero: bool,
}

impl Look {
    /// Reads `msign()`, `dmarker()` and `nolz`.
    pub(super) fn read(options: &Given) -> Self {
        let own =
            |name: &str, usual: &str| options.text(name).map_or(usual, |t| unquote(t.trim())).to_string();
        Self { minus: own("msign", "-"), point: own("dmarker", "."), leading_zero: !options.has("nolz") }
    }

    /// A number in a format.
    pub(super) fn number(&self, fmt: &str, x: f64) -> String {
        let text = number(fmt, x);
        let (sign, rest) =
            text.strip_prefix('-').map_or(("", text.as_str()), |rest| (self.minus.as_str(), rest));
        let rest = if self.leading_zero {
            rest
        } else {
            rest.strip_prefix('0').filter(|r| r.starts_with('.')).unwrap_or(rest)
        };
        let rest = if self.point == "." { rest.to_string() } else { rest.replace('.', &self.point) };
        format!("{sign}{rest}")
    }
}

/// Words of a list of coefficients. `relax`, with which names that no model has are no error, is the rule here.
pub(super) fn names(list: &str) -> Result<Vec<String>> {
    let (front, options) = front_and_options(list);
    match options {
        "" | "relax" => Ok(texts(front)),
        other => Err(StataError::invalid(format!("suboption {other} not allowed"))),
    }
}

/// Words of a list with their quotes removed.
pub(super) fn texts(list: &str) -> Vec<String> {
    words(list).into_iter().map(|w| unquote(w).to_string()).collect()
}

/// Levels of stars, from the weakest to the strongest, with their text: `* 0.05 ** 0.01`.
pub(super) fn levels(text: &str) -> Result<Vec<(String, f64, String)>> {
    let parts = texts(text);
    parts
        .chunks(2)
        .map(|pair| match pair {
            [mark, level] => level
                .parse()
                .map(|x| (mark.clone(), x, level.clone()))
                .map_err(|_| StataError::invalid("invalid star levels")),
            _ => Err(StataError::invalid("invalid star levels")),
        })
        .collect()
}

/// A number as `a3`, `3` or a display format asks for it.
///
/// `a#` shows numbers below one with `#` significant decimals, others with at least `#`+1 digits and one decimal, and
/// integers without decimals ([estout] help, "Numerical formats").
pub(super) fn number(fmt: &str, x: f64) -> String {
    let show = |fmt: &str| crate::format::bare(fmt, x).trim().to_string();
    if fmt.starts_with('%') {
        return show(fmt);
    }
    if let Ok(digits) = fmt.parse::<usize>() {
        return show(&format!("%15.{digits}f"));
    }
    let digits: i32 = fmt.strip_prefix('a').and_then(|d| d.parse().ok()).unwrap_or(3);
    if x.fract() == 0.0 {
        return show("%15.0f");
    }
    let size = x.abs();
    if size < 1.0 {
        let zeros = -(size.log10().trunc() as i32);
        let decimals = (digits + zeros).max(1);
        if decimals > 9 {
            return show(&format!("%15.{}e", (digits - 1).clamp(0, 9)));
        }
        return show(&format!("%15.{decimals}f"));
    }
    let before = (size.log10() + 1.0).trunc() as i32;
    if before > 9 { show("%15.0e") } else { show(&format!("%15.{}f", (digits - before + 1).max(1))) }
}

/// The text in the cells of the lines of `refcat()`: `Ref.` unless `label()` or `nolabel`.
pub(super) fn reference_label(text: &str) -> Result<String> {
    let (_, options) = front_and_options(text);
    let mut label = "Ref.".to_string();
    for (option, value) in split_options(options)? {
        match (option.as_str(), value) {
            ("nolabel", None) => label.clear(),
            ("label", Some(own)) => label = unquote(own.trim()).to_string(),
            (other, _) => {
                return Err(StataError::unsupported_option("esttab", &format!("refcat(, {other})")));
            }
        }
    }
    Ok(label)
}

#[cfg(test)]
mod tests {
    use super::number;

    /// The examples of the help of estout.
    #[test]
    fn adaptive_formats() {
        for (x, want) in [
            (0.001_234_56, "0.00123"),
            (1.23456, "1.235"),
            (12.3456, "12.35"),
            (1234.56, "1234.6"),
            (-49.512, "-49.51"),
            (74.0, "74"),
        ] {
            assert_eq!(number("a3", x), want);
        }
    }
}
