//! Options of `esttab` and `estout`.

use crate::error::{Result, StataError};
use crate::syntax::options::{OptKind, OptSpec, Options, abbreviates, split_options};
use crate::syntax::split::{unquote, words};

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
    OptSpec::flag("NUMbers"),
    OptSpec::flag("noNUMbers"),
    OptSpec::text("COLLabels"),
    OptSpec::text("TItle"),
    OptSpec::flag("noNOTEs"),
    OptSpec::text("ADDNotes"),
    OptSpec::text("note"),
    OptSpec::text("nonotes"),
    OptSpec::flag_or_text("EFORM"),
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
    OptSpec::flag("noPArentheses"),
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
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::real("Level"),
];

/// Documented options that are refused by name.
pub(super) const REFUSED: &[&str] = &[
    "beta",
    "LONGtable",
    "Margin",
    "WIDTH",
    "PAGE",
    "INTERACTion",
    "TRansform",
    "EQuations",
    "NOIsily",
    "onecell",
    "lz",
    "TOPfile",
    "BOTtomfile",
    "INCElbs",
    "VARMODIFY",
    "notype",
    "type",
    "TYpe",
    "smcl",
    "mmd",
    "nofloat",
    "ESTimates",
    "dmarker",
    "MSign",
    "lhs",
    "ml",
    "SHOWTABS",
    "HLinechar",
    "begin",
    "delimiter",
    "end",
    "Begin",
];

/// A number of a coefficient: what, its format, its stars and its brackets.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// `b`, `se`, `t`, `p`, `ci_l`, ... or a matrix of `e()`.
    pub name: String,
    /// `a3`, `3` or a display format.
    pub fmt: String,
    /// Whether stars follow.
    pub star: bool,
    /// Text before and after the number.
    pub brackets: Option<(String, String)>,
    /// Heading.
    pub label: String,
}

impl Element {
    pub(super) fn new(name: &str, fmt: &str) -> Self {
        let (name, fmt) = (name.to_string(), fmt.to_string());
        Self { label: name.clone(), name, fmt, star: false, brackets: None }
    }
}

/// A statistic of a model under the coefficients.
#[derive(Debug, Clone)]
pub(super) struct Statistic {
    /// Name in `e()`, or `aic`, `bic`.
    pub name: String,
    /// Format.
    pub fmt: String,
    /// Label, when it is set.
    pub label: Option<String>,
}

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

/// Rows of cells: elements in quotes or parentheses stand side by side, the others one below the other.
pub(super) fn cells(text: &str) -> Result<Vec<Vec<Element>>> {
    let mut rows = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (group, tail, together) = if let Some(inner) = rest.strip_prefix('"') {
            let end = inner.find('"').ok_or_else(StataError::syntax)?;
            (&inner[..end], &inner[end + 1..], true)
        } else if rest.starts_with('(') {
            let end = crate::syntax::split::matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            (&rest[1..end], &rest[end + 1..], true)
        } else {
            let name = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            let mut end = name;
            if rest[name..].trim_start().starts_with('(') {
                let open = rest.len() - rest[name..].trim_start().len();
                end = crate::syntax::split::matching_paren(rest, open).ok_or_else(StataError::syntax)? + 1;
            }
            (&rest[..end], &rest[end..], false)
        };
        let elements = split_options(group)?
            .into_iter()
            .map(|(name, options)| element(&name, options.as_deref().unwrap_or("")))
            .collect::<Result<Vec<_>>>()?;
        if together || !elements.is_empty() {
            rows.push(elements);
        }
        rest = tail.trim_start();
    }
    if rows.is_empty() {
        return Err(StataError::invalid("cells() is empty"));
    }
    Ok(rows)
}

fn element(name: &str, options: &str) -> Result<Element> {
    let mut out = Element::new(name, "%9.0g");
    for (option, value) in split_options(options)? {
        match (option.as_str(), value) {
            ("star", None) => out.star = true,
            ("nostar", None) => out.star = false,
            ("fmt", Some(fmt)) => out.fmt = fmt.split_whitespace().next().unwrap_or("a3").to_string(),
            ("par", None) => out.brackets = Some(("(".into(), ")".into())),
            ("par", Some(pair)) => {
                let pair = texts(&pair);
                let at = |i: usize| pair.get(i).cloned().unwrap_or_default();
                out.brackets = Some((at(0), at(1)));
            }
            ("nopar", None) => out.brackets = None,
            ("label" | "l", Some(text)) => out.label = unquote(text.trim()).to_string(),
            _ => return Err(StataError::unsupported_option("esttab", &format!("cells({option})"))),
        }
    }
    Ok(out)
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
    let end = crate::syntax::split::top_level_comma(text).unwrap_or(text.len());
    let mut label = "Ref.".to_string();
    for (option, value) in split_options(text[end..].trim_start_matches(','))? {
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

/// Statistics from `r2`, `scalars()`, `stats()` and the number of observations.
pub(super) fn statistics(options: &Given, estout: bool) -> Result<Vec<Statistic>> {
    let mut out = Vec::new();
    let plain = |name: &str, fmt: &str| Statistic { name: name.into(), fmt: fmt.into(), label: None };
    if let Some(text) = options.text("stats") {
        let (names, rest) = match crate::syntax::split::top_level_comma(text) {
            Some(i) => (&text[..i], &text[i + 1..]),
            None => (text, ""),
        };
        let (mut formats, mut labels) = (Vec::new(), Vec::new());
        for (option, value) in split_options(rest)? {
            match (option.as_str(), value) {
                ("fmt", Some(list)) => formats = texts(&list),
                ("labels" | "label" | "l" | "la" | "lab", Some(list)) => {
                    let end = crate::syntax::split::top_level_comma(&list).unwrap_or(list.len());
                    labels = texts(&list[..end]);
                }
                _ => return Err(StataError::unsupported_option("esttab", &format!("stats(, {option})"))),
            }
        }
        for (i, name) in names.split_whitespace().enumerate() {
            let last = formats.get(i).or(formats.last()).cloned();
            out.push(Statistic {
                name: name.into(),
                fmt: last.unwrap_or_else(|| "%9.0g".into()),
                label: labels.get(i).cloned(),
            });
        }
        return Ok(out);
    }
    if estout {
        return Ok(out);
    }
    let fmt = |name: &str| options.text(name).filter(|t| !t.is_empty()).unwrap_or("3").to_string();
    for (option, name) in [("r2", "r2"), ("ar2", "r2_a"), ("pr2", "r2_p"), ("aic", "aic"), ("bic", "bic")] {
        if options.has(option) {
            out.push(plain(name, &fmt(option)));
        }
    }
    let formats = texts(options.text("sfmt").unwrap_or("3"));
    for (i, text) in texts(options.text("scalars").unwrap_or("")).iter().enumerate() {
        let (name, label) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let fmt = formats.get(i).or(formats.last()).cloned().unwrap_or_else(|| "3".into());
        let label = (!label.trim().is_empty()).then(|| label.trim().to_string());
        out.push(Statistic { name: name.into(), fmt, label });
    }
    if !options.has("noobs") {
        let at = if options.has("obslast") { out.len() } else { 0 };
        out.insert(at, plain("N", "0"));
    }
    Ok(out)
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
