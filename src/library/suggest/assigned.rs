//! Readings that give columns their roles directly, whatever the first reading found: another column as the outcome, one more
//! cause, a cause among what is held constant, a follow-up with its event, a policy with its period. They are candidates of the
//! joint choice; the features of `features` carry what speaks against them.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::decisions::{DIFFERENCE, asks};
use super::features::side_of;
use super::links::{Link, Links, overlap};
use super::mentions::Mention;
use super::phrases::{Parsed, distinct};
use super::reading::{Reader, Reading};
use super::roles::fill;
use super::structure::Structure;
use super::technical::names_design;
use crate::domain::profile::is_binary;

/// Whether the words of a question choose the frame of its analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Framing {
    /// They do.
    #[default]
    Words,
    /// No frame: the statement alone counts.
    Statement,
    /// This frame, whatever the words are.
    Forced(&'static str),
}

/// Least strength of a link that gives a column a role.
const LINKED: f64 = 0.25;
/// Most columns of one question that are tried in a role.
const MOST: usize = 14;
/// Most pairs of a follow-up and its event, or of a treatment and its period.
const PAIRS: usize = 4;

/// Ends of Chinese names of columns that number the rows: 农户编号, 病历号.
const NUMBERS: [&str; 9] = ["编号", "代码", "序号", "学号", "工号", "病历号", "住院号", "门诊号", "订单号"];

/// Words of a time until something happens, and of a change that reaches some units.
static UNTIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("how long|soon|faster|quick|\\blast|surviv|hazard|until|\\btill\\b|\\bcox\\b|kaplan|log-?rank|\\bstay|\\bkeep|\\bkept|time to|drop|follow-?up|risk of|多久|早|快|慢|\\bkm\\b|风险|生存|存活|多少天|寿命|坚持")
        .expect("a pattern")
});
static SINCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("diff|\\bafter|\\bsince\\b|before|\\bonce\\b|compared|relative to|policy|introduc|之后|以后|前后|政策|双重差分|后").expect("a pattern")
});
/// Names of times, and of what ends them.
static TIMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?:^|[^a-z])(?:days?|weeks?|wks?|months?|mths?|mos?|years?|yrs?|hours?|hrs?|mins?|minutes|duration|dur|time|tenure|fu|futime|followup|follow|survival)(?:[^a-z]|$)|天数|月数|时间|时长|年数|周数|随访|月份数|年限")
        .expect("a pattern")
});
static ENDINGS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("drop|stop|left|leav|quit|default|die|dead|death|fail|relaps|recur|revis|heal|germin|progress|churn|cancel|event|status|cens|sold|hired|broke|lost|withdr|complet|discont|return|remov|adopt|closed|流失|离职|成交|续约|复发|死亡|中断|退出|离开|失败|完成|治愈|愈合|坏|结局")
        .expect("a pattern")
});

/// The name of a column in lower case with blanks between the words of `camelCase`.
fn spaced(column: &Named<'_>) -> String {
    let mut out = String::new();
    let mut small = false;
    for letter in column.name().chars() {
        if letter.is_ascii_uppercase() && small {
            out.push(' ');
        }
        small = letter.is_ascii_lowercase();
        out.push(if letter == '_' { ' ' } else { letter.to_ascii_lowercase() });
    }
    if let Some(label) = &column.column.label {
        out.push(' ');
        out.push_str(&label.to_lowercase());
    }
    out
}

/// The roles of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) outcome: Option<usize>,
    pub(super) causes: Vec<usize>,
    pub(super) held: Vec<usize>,
}

impl Sides {
    pub(super) fn of(reading: &Reading) -> Self {
        let roles = &reading.filled.roles;
        let first = |names: &[&str]| names.iter().find_map(|role| roles.get(role)?.first().copied());
        let outcome = first(&["outcome_var", "item_vars", "duration_var", "col_var"]);
        let of = |side: &str| {
            let own = roles.iter().filter(|(role, _)| {
                side_of(role) == side && !matches!(**role, "moderator_var" | "instrument_vars" | "col_var")
            });
            let columns = own.flat_map(|(_, columns)| columns.iter().copied());
            let mut columns = distinct(columns.filter(|c| Some(*c) != outcome));
            let place = |c: &usize| reading.mentions.iter().find(|m| m.columns.contains(c)).map(|m| m.start);
            columns.sort_by_key(place);
            columns
        };
        let held: Vec<usize> = roles.get("controls").cloned().unwrap_or_default();
        Self { outcome, causes: of("cause"), held }
    }

    pub(super) fn has(&self, column: usize) -> bool {
        self.outcome == Some(column) || self.causes.contains(&column) || self.held.contains(&column)
    }

    fn without(&self, column: usize) -> Self {
        let mut out = self.clone();
        out.outcome = out.outcome.filter(|c| *c != column);
        out.causes.retain(|c| *c != column);
        out.held.retain(|c| *c != column);
        out
    }

    fn with_cause(mut self, column: usize) -> Self {
        self.causes.push(column);
        self
    }

    fn with_outcome(mut self, column: usize) -> Self {
        self.outcome = Some(column);
        self
    }

    fn with_held(mut self, column: usize) -> Self {
        self.held.push(column);
        self
    }
}

/// Makes readings with given roles.
pub(super) struct Assigner<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) links: &'a Links,
}

impl Assigner<'_> {
    fn column(&self, at: usize) -> &Named<'_> {
        &self.reader.named[at]
    }

    /// The strongest link of each column, the strongest first.
    fn linked(&self) -> Vec<usize> {
        let best = |c: usize| self.links.elsewhere((0, 0), c);
        let rows = self.reader.rows;
        // "which customers leave": their numbers explain nothing
        let numbers = |c: usize| {
            let column = self.column(c);
            // a measure may have as many values as there are rows
            let numbered = column.name().to_ascii_lowercase().ends_with("id")
                || column.word(&["no", "nr", "number", "code"])
                || NUMBERS.iter().any(|word| column.name().ends_with(word));
            let is_name = column.column.is_text() || numbered;
            is_name && column.is_unit(rows) && column.column.distinct >= rows
        };
        let all = (0..self.reader.named.len()).filter(|c| !numbers(*c));
        let mut all: Vec<(usize, f64)> = all.map(|c| (c, best(c))).collect();
        all.retain(|(_, strength)| *strength >= LINKED);
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.into_iter().map(|(c, _)| c).take(MOST).collect()
    }

    /// Columns that may be the outcome without a word: those whose kind fits.
    fn possible(&self) -> Vec<usize> {
        let rows = self.reader.rows;
        let fits = |c: &usize| {
            let column = self.column(*c);
            let kind = column.is_measure() || is_binary(column.column);
            kind && !column.is_unit(rows) && !column.is_time() && column.outcome() >= 0.0
        };
        (0..self.reader.named.len()).filter(fits).collect()
    }

    /// The readings in which one column of a reading has another role.
    pub(super) fn moved(&self, base: &Reading) -> Vec<Reading> {
        let sides = Sides::of(base);
        let linked = self.linked();
        let mut outcomes = linked.clone();
        outcomes.extend(self.possible().into_iter().filter(|c| !linked.contains(c)));
        let mut all: Vec<Sides> = Vec::new();
        // "adjusting for age" says of its whole name that it is held constant
        let held = |c: &usize| {
            base.parsed.controls.contains(c) && base.mentions.iter().any(|m| m.exact && m.columns == [*c])
        };
        outcomes.retain(|c| !held(c));
        for c in outcomes.into_iter().filter(|c| sides.outcome != Some(*c)).take(MOST) {
            let plain = sides.without(c).with_outcome(c);
            if let Some(old) = sides.outcome.filter(|_| !sides.held.contains(&c)) {
                all.push(plain.clone().with_cause(old));
            }
            all.push(plain);
        }
        for c in linked.iter().copied().filter(|c| !sides.has(*c)) {
            all.push(sides.clone().with_cause(c));
            all.extend(sides.causes.iter().map(|old| sides.without(*old).with_cause(c)));
            if !sides.held.is_empty() {
                all.push(sides.clone().with_held(c));
            }
        }
        for c in sides.causes.iter().copied() {
            all.push(sides.without(c));
            if sides.causes.len() > 1 {
                all.push(sides.without(c).with_held(c));
            }
        }
        for c in sides.held.iter().copied() {
            all.push(sides.without(c).with_cause(c));
            all.push(sides.without(c));
        }
        let may_be_none = base.filled.named && !names_design(&base.parsed.text);
        let framings: &[Framing] =
            if may_be_none { &[base.parsed.framing, Framing::Statement] } else { &[base.parsed.framing] };
        let mut readings: Vec<Reading> = Vec::new();
        if may_be_none {
            readings.extend(self.assigned(base, &sides, Framing::Statement));
        }
        for sides in &all {
            readings.extend(framings.iter().filter_map(|framing| self.assigned(base, sides, *framing)));
        }
        readings
    }

    /// The reading with these roles.
    fn assigned(&self, base: &Reading, sides: &Sides, framing: Framing) -> Option<Reading> {
        let outcome = sides.outcome?;
        let mentions = self.mentions(base, sides);
        let parsed = self.statement(base, sides, outcome, framing);
        let (structure, mut filled) = match framing {
            Framing::Forced(_) => (base.structure.clone(), fill(&parsed, self.reader.named, &base.structure)),
            _ => {
                let structure = self.reader.structure(&parsed);
                let filled = fill(&parsed, self.reader.named, &structure);
                (structure, filled)
            }
        };
        if let Framing::Forced("did") = framing {
            for role in ["treatment_var", "post_var"] {
                filled.roles.extend(base.filled.roles.get_key_value(role).map(|(r, c)| (*r, c.clone())));
            }
            filled.open.retain(|role| !matches!(*role, "treatment_var" | "post_var"));
        }
        Some(Reading { mentions, parsed, structure, filled })
    }

    fn statement(&self, base: &Reading, sides: &Sides, outcome: usize, framing: Framing) -> Parsed {
        let mut parsed = base.parsed.clone();
        let groups = sides.causes.len() == 1
            && sides.held.is_empty()
            && self.column(sides.causes[0]).is_group()
            && self.column(outcome).is_measure()
            && asks(DIFFERENCE, &parsed.text);
        let kind = match sides.causes[..] {
            [] => "",
            _ if groups => "group",
            _ => "either",
        };
        kind.clone_into(&mut parsed.kind);
        if parsed.id != "more" {
            parsed.id.clear();
        }
        let used = |c: &usize| sides.has(*c);
        parsed.moderators.retain(|c| !used(c));
        parsed.instruments.retain(|c| !used(c));
        parsed.fixed_effects.retain(|c| !used(c));
        parsed.clusters.retain(|c| !used(c));
        parsed.excluded.retain(|c| !used(c));
        parsed.endogenous.retain(|c| sides.causes.contains(c));
        parsed.outcome = vec![outcome];
        parsed.groups = if groups { sides.causes.clone() } else { Vec::new() };
        parsed.causes = if groups { Vec::new() } else { sides.causes.clone() };
        parsed.controls.clone_from(&sides.held);
        parsed.rest = std::iter::once(outcome).chain(sides.causes.iter().copied()).collect();
        parsed.turned = true;
        parsed.framing = framing;
        parsed
    }

    /// The matches of a reading with these roles: the ones of the base, without those that no role uses any more, and the
    /// best free link of each column that is new.
    fn mentions(&self, base: &Reading, sides: &Sides) -> Vec<Mention> {
        let before = Sides::of(base);
        let gone =
            |m: &Mention| m.columns.iter().all(|c| before.has(*c) && !sides.has(*c)) && !m.columns.is_empty();
        let mut mentions: Vec<Mention> = base.mentions.iter().filter(|m| !gone(m)).cloned().collect();
        let all = sides.outcome.iter().chain(&sides.causes).chain(&sides.held).copied();
        for column in all {
            if mentions.iter().any(|m| m.columns.contains(&column)) {
                continue;
            }
            let used = |m: &Mention| m.columns.iter().any(|c| sides.has(*c));
            let free = |l: &&Link| {
                l.column == column
                    && !mentions.iter().any(|m| overlap((m.start, m.end), (l.start, l.end)) && used(m))
            };
            let links = self.links.all.iter().filter(free);
            let Some(link) = links.max_by(|a, b| a.strength.total_cmp(&b.strength)) else { continue };
            let span = (link.start, link.end);
            mentions.retain(|m| !overlap((m.start, m.end), span));
            mentions.push(link.mention());
        }
        mentions.sort_by_key(|m| m.start);
        mentions
    }

    /// The readings in which the columns of a reading are followed until an event.
    pub(super) fn followed(&self, base: &Reading) -> Vec<Reading> {
        let named = self.reader.named;
        if !base.parsed.text.fits(&UNTIL) {
            return Vec::new();
        }
        let linked = |c: usize| self.links.elsewhere((0, 0), c) >= LINKED;
        let lasts = |c: &usize| {
            let column = &named[*c];
            let own = base.structure.duration == Some(*c) || TIMES.is_match(&spaced(column));
            own && column.is_measure() && !column.has("@age") && !column.is_unit(self.reader.rows)
        };
        let ends = |c: &usize| {
            let column = &named[*c];
            let own = base.structure.event == Some(*c) || ENDINGS.is_match(&spaced(column));
            is_binary(column.column) && (own || linked(*c))
        };
        let sides = Sides::of(base);
        let events: Vec<usize> = (0..named.len()).filter(ends).collect();
        let mut pairs: Vec<(usize, usize)> =
            (0..named.len()).filter(lasts).flat_map(|d| events.iter().map(move |e| (d, *e))).collect();
        // an event stands next to its time
        pairs.sort_by_key(|(d, e)| (d.abs_diff(*e), *d));
        let mut base = self.by_words(base);
        let plain = base.structure.clone();
        let mut readings = Vec::new();
        for (duration, event) in pairs.into_iter().take(PAIRS) {
            let mut sides = sides.without(duration).without(event).with_outcome(duration);
            sides.causes.extend(std::mem::take(&mut sides.held));
            base.structure =
                Structure { duration: Some(duration), event: Some(event), competing: false, ..plain.clone() };
            let group = matches!(sides.causes[..], [only] if self.column(only).is_group());
            let frame = if group { "km" } else { "cox" };
            readings.extend(self.assigned(&base, &sides, Framing::Forced(frame)));
        }
        readings
    }

    /// The same statement with the roles that follow from it alone.
    fn by_words(&self, base: &Reading) -> Reading {
        Reading {
            mentions: base.mentions.clone(),
            parsed: base.parsed.clone(),
            structure: base.structure.clone(),
            filled: fill(&base.parsed, self.reader.named, &base.structure),
        }
    }

    /// The readings in which a treatment reaches some units from a period on.
    pub(super) fn treated(&self, base: &Reading) -> Vec<Reading> {
        let named = self.reader.named;
        if !base.parsed.text.fits(&SINCE) {
            return Vec::new();
        }
        let sides = Sides::of(base);
        let later = |c: &usize| is_binary(named[*c].column) && named[*c].is_after();
        let Some(post) = (0..named.len()).find(later) else { return Vec::new() };
        let treats = |c: &usize| *c != post && is_binary(named[*c].column) && sides.outcome != Some(*c);
        let mut base = self.by_words(base);
        base.filled.roles.insert("post_var", vec![post]);
        let mut readings = Vec::new();
        for treatment in (0..named.len()).filter(treats).take(PAIRS) {
            let sides = Sides { causes: Vec::new(), ..sides.without(treatment).without(post) };
            base.filled.roles.insert("treatment_var", vec![treatment]);
            readings.extend(self.assigned(&base, &sides, Framing::Forced("did")));
        }
        readings
    }
}
