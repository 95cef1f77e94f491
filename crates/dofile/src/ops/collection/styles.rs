//! Styles of a collection ([TABLES] collect style): formats of cells, headers, and what rows and columns show.

use super::items::Tags;
use super::sheet::Frame;
use super::terms::{Choice, Term};

/// What `collect style cell` sets for the cells of some tags, all without any.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CellRule {
    pub(crate) terms: Vec<Term>,
    pub(crate) nformat: Option<String>,
    pub(crate) sformat: Option<String>,
    pub(crate) cidelimiter: Option<String>,
    /// Numbers below the limit are shown as `<limit`, those above it as `>limit`, or by the given text.
    pub(crate) minimum: Option<(f64, Option<String>)>,
    pub(crate) maximum: Option<(f64, Option<String>)>,
}

/// How the title of a dimension is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TitleHeader {
    Hide,
    Label,
    Name,
}

/// How a level is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LevelHeader {
    Hide,
    Label,
    Value,
}

/// What `collect style header` sets for a dimension or some levels of it, everything without a dimension.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeaderRule {
    pub(crate) of: Option<Choice>,
    pub(crate) title: Option<TitleHeader>,
    pub(crate) level: Option<LevelHeader>,
}

/// Base levels that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ShowBase {
    Off,
    /// Those of factor variables, not of interactions.
    Factor,
    #[default]
    All,
}

/// How equal headings next to each other are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Duplicates {
    #[default]
    Repeat,
    First,
    Center,
}

/// Headers of rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rows {
    /// In columns of their own, one for each dimension.
    pub(crate) split: bool,
    /// A factor variable and its level in one text.
    pub(crate) binds: bool,
    pub(crate) binder: String,
    pub(crate) delimiter: String,
    pub(crate) indents: bool,
    pub(crate) spacer: bool,
}

/// Styles of a collection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Styles {
    pub(crate) name: String,
    pub(crate) cells: Vec<CellRule>,
    pub(crate) headers: Vec<HeaderRule>,
    pub(crate) base: ShowBase,
    pub(crate) omitted: bool,
    pub(crate) empty: bool,
    pub(crate) intercept_last: bool,
    pub(crate) rows: Rows,
    pub(crate) duplicates: Duplicates,
    pub(crate) frame: Frame,
    pub(crate) sample_place: SamplePlace,
}

/// Where `dtable` shows the size of the sample ([R] dtable, `sample()`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SamplePlace {
    /// The first line of the table.
    #[default]
    Items,
    /// Behind the labels of the columns.
    InLabels,
    /// Under the labels of the columns.
    SeparateLabels,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            name: String::new(),
            cells: Vec::new(),
            headers: Vec::new(),
            base: ShowBase::All,
            omitted: true,
            empty: true,
            intercept_last: true,
            rows: Rows {
                split: false,
                binds: true,
                binder: "=".into(),
                delimiter: " # ".into(),
                indents: true,
                spacer: false,
            },
            duplicates: Duplicates::Repeat,
            frame: Frame::Default,
            sample_place: SamplePlace::Items,
        }
    }
}

fn format_of(levels: &[&str], nformat: &str) -> CellRule {
    let terms = vec![vec![Choice::of("result", levels)]];
    CellRule { terms, nformat: Some(nformat.to_string()), ..CellRule::default() }
}

fn around(levels: &[&str], sformat: &str) -> CellRule {
    let terms = vec![vec![Choice::of("result", levels)]];
    CellRule { terms, sformat: Some(sformat.to_string()), ..CellRule::default() }
}

fn hidden(dim: &str) -> HeaderRule {
    HeaderRule { of: Some(Choice::all(dim)), title: Some(TitleHeader::Hide), level: None }
}

impl Styles {
    /// A style of Stata by its name ([TABLES] Predefined styles): what matters for text.
    pub(crate) fn predefined(name: &str) -> Option<Self> {
        let mut out = Self { name: name.to_string(), ..Self::default() };
        out.cells = vec![
            format_of(&["_r_z", "_r_z_abs", "z", "t", "F", "chi2"], "%9.2f"),
            format_of(&["_r_p", "p", "p_l", "p_u"], "%5.3f"),
            format_of(&["frequency", "fvfrequency", "count", "N", "rawfrequency"], "%12.0gc"),
            format_of(&["percent", "fvpercent", "rawpercent"], "%9.2f"),
        ];
        let titles = |title| HeaderRule { of: None, title: Some(title), level: Some(LevelHeader::Label) };
        match name {
            "default" | "coef-table" => {
                out.headers = vec![titles(TitleHeader::Hide)];
                out.rows.binds = name == "default";
                out.duplicates = if name == "default" { Duplicates::Repeat } else { Duplicates::Center };
            }
            "dtable" => out.describes(),
            "etable" => out.compares_models(),
            _ if name == "table" || name.starts_with("table-") => {
                out.headers = vec![titles(TitleHeader::Label)];
                let plain = [
                    "result", "var", "colname", "rowname", "coleq", "roweq", "cmdset", "statcmd", "command",
                    "stars",
                ];
                out.headers.extend(plain.iter().map(|d| hidden(d)));
                out.rows.binds = false;
                out.duplicates = Duplicates::Center;
                out.frame = Frame::Table;
            }
            _ => return None,
        }
        Some(out)
    }

    /// Sets `nformat()` and `sformat()` of results; a format without names is for all that are shown.
    pub(crate) fn format_results(
        &mut self,
        shown: &[String],
        numbers: &[(String, Vec<String>)],
        texts: &[(String, Vec<String>)],
    ) {
        let of = |names: &[String]| {
            let levels = if names.is_empty() { shown } else { names };
            let terms = vec![vec![Choice { dim: "result".into(), levels: Some(levels.to_vec()) }]];
            CellRule { terms, ..CellRule::default() }
        };
        let numbers =
            numbers.iter().map(|(text, names)| CellRule { nformat: Some(text.clone()), ..of(names) });
        let texts = texts.iter().map(|(text, names)| CellRule { sformat: Some(text.clone()), ..of(names) });
        self.cells.extend(numbers.chain(texts));
    }

    fn describes(&mut self) {
        self.headers = vec![
            HeaderRule { of: None, title: Some(TitleHeader::Label), level: Some(LevelHeader::Label) },
            hidden("var"),
            hidden("result"),
        ];
        self.cells.extend([
            CellRule { nformat: Some("%9.3f".into()), ..CellRule::default() },
            format_of(&["frequency", "fvfrequency", "count"], "%12.0fc"),
            format_of(&["percent", "fvpercent"], "%9.1f"),
            around(&["percent", "fvpercent"], "(%s%%)"),
            around(&["sd"], "(%s)"),
        ]);
        self.rows.binds = false;
        self.duplicates = Duplicates::Center;
        self.frame = Frame::Open;
    }

    fn compares_models(&mut self) {
        self.headers =
            vec![HeaderRule { of: None, title: Some(TitleHeader::Hide), level: Some(LevelHeader::Label) }];
        let hide =
            Choice::of("result", &["_r_b", "_r_se", "_r_z", "_r_p", "_r_ci", "_r_lb", "_r_ub", "_r_df"]);
        self.headers.push(HeaderRule { of: Some(hide), title: None, level: Some(LevelHeader::Hide) });
        self.cells.extend([
            format_of(&["_r_b", "_r_se", "_r_p", "_r_ci", "_r_lb", "_r_ub"], "%9.3f"),
            format_of(&["_r_z"], "%9.2f"),
            CellRule { nformat: Some("%9.2f".into()), ..CellRule::default() },
            format_of(&["N"], "%9.0fc"),
            around(&["_r_se"], "(%s)"),
            around(&["_r_z", "_r_ci"], "[%s]"),
        ]);
        self.rows.binds = false;
        self.base = ShowBase::Off;
        self.duplicates = Duplicates::Center;
        self.frame = Frame::Open;
    }

    /// How the title of a dimension is shown; the last rule that names the dimension, else the last of all.
    pub(crate) fn title(&self, dim: &str) -> TitleHeader {
        let of = |named: bool| {
            let fits = move |r: &&HeaderRule| match &r.of {
                Some(choice) => named && choice.dim == dim && choice.levels.is_none(),
                None => !named,
            };
            self.headers.iter().rev().filter(fits).find_map(|r| r.title)
        };
        of(true).or_else(|| of(false)).unwrap_or(TitleHeader::Label)
    }

    /// How a level is shown; a rule for the level comes before one for its dimension.
    pub(crate) fn level(&self, dim: &str, level: &str) -> LevelHeader {
        let find = |fits: &dyn Fn(&Option<Choice>) -> bool| {
            self.headers.iter().rev().filter(|r| fits(&r.of)).find_map(|r| r.level)
        };
        let own = |of: &Option<Choice>| {
            of.as_ref().is_some_and(|c| {
                c.dim == dim && c.levels.as_ref().is_some_and(|all| all.iter().any(|l| l == level))
            })
        };
        find(&own)
            .or_else(|| find(&|of| of.as_ref().is_some_and(|c| c.dim == dim && c.levels.is_none())))
            .or_else(|| find(&|of| of.is_none()))
            .unwrap_or(LevelHeader::Label)
    }

    /// A property of the cell of some tags: that of the rule with the longest term that matches, the last of them.
    pub(crate) fn cell<T>(&self, tags: &Tags, property: impl Fn(&CellRule) -> Option<T>) -> Option<T> {
        let mut best: Option<(usize, T)> = None;
        for rule in &self.cells {
            let Some(value) = property(rule) else { continue };
            let length = if rule.terms.is_empty() {
                Some(0)
            } else {
                rule.terms.iter().filter_map(|term| matched(term, tags)).max()
            };
            if let Some(length) = length
                && best.as_ref().is_none_or(|(before, _)| length >= *before)
            {
                best = Some((length, value));
            }
        }
        best.map(|(_, value)| value)
    }
}

/// Number of dimensions of a term that matches some tags. Items are the cells of type `item`.
fn matched(term: &Term, tags: &Tags) -> Option<usize> {
    let mut count = 0;
    for choice in term {
        let listed = |level: &str| choice.levels.as_ref().is_none_or(|all| all.iter().any(|l| l == level));
        match choice.dim.as_str() {
            "cell_type" | "border_block" if listed("item") => {}
            dim => {
                tags.get(dim).filter(|level| listed(level))?;
                count += 1;
            }
        }
    }
    Some(count)
}
