//! Relations of which the question names only one side, and policies that hold in some units and periods.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::decisions::{
    BY_GROUP, DESCRIPTION, DIFFERENCE, OPEN, RELATION, asks, decided, groups_of, type_of,
};
use super::effects::asks_effect;
use super::phrases::Parsed;
use super::roles::{Filled, Filler, HALF};
use crate::domain::profile::is_binary;

/// How often a measure is studied that may be the outcome although no word names it.
const STUDIED: f64 = 0.5;

impl Parsed {
    /// True for a question about a choice among categories.
    pub(super) fn asks_choice(&self) -> bool {
        static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("\\bcho(?:ice|ose|oses|sen|se)\\b|\\bprefer|选择").expect("a pattern")
        });
        self.text.fits(&CHOICE)
    }
}

impl Filler<'_> {
    /// True for groups that are compared in something that no column was found for.
    pub(super) fn asks_contrast(&self, column: usize) -> bool {
        self.columns[column].is_group() && asks(DIFFERENCE, &self.parsed.text)
    }

    /// True for a question about one column that is answered only with another: it asks for a relation, compares groups, or
    /// asks whether something holds.
    pub(super) fn asks_other_side(&self, column: usize) -> bool {
        static WHETHER: LazyLock<Regex> =
            LazyLock::new(|| Regex::new("^(?:did|does|do)\\b|会不会|是不是|能不能|能否").expect("a pattern"));
        let whether = self.columns[column].is_measure() && WHETHER.is_match(self.parsed.text.trim_start());
        let sorted = self.columns[column].column.is_text() && asks(BY_GROUP, &self.parsed.text);
        asks(RELATION, &self.parsed.text) || self.asks_contrast(column) || whether || sorted
    }

    /// The first measurement of the outcome, where the question holds the value at the start constant.
    pub(super) fn baseline_of(&self, outcome: usize) -> Option<usize> {
        static HELD: LazyLock<Regex> = LazyLock::new(|| {
            let start = "baseline|(?:starting|initial|earlier|pre[a-z-]*|(?:day|week|month|visit) 0) (?:value|score|level|count|measurement|reading)|(?:value|score|level|count|measurement)s? (?:before|at the start|at entry|at inclusion)|pre-?tests?|基线|初始|入组时|前测|治疗前的?(?:得分|水平|值)";
            let held = "adjust|control|account|covariate|given|allow|correct|holding|考虑|控制|调整|校正|协变量|相同";
            // gains that are compared begin at different values (Vickers and Altman 2001, BMJ 323)
            let gains = "\\b(?:gain|los[et]|lost|improv|increas|decreas|reduc|drop|fell|fall|r[io]se|chang)\\w*\\b.*\\b(?:than|differ|between|depend|by)|(?:增加|增长|提高|降低|下降|减少|改善|变化).*(?:更|差异|不同|比较)|(?:比|各组).*(?:增加|增长|提高|降低|下降|减少|改善|变化)";
            Regex::new(&format!("(?:{held}).*(?:{start})|(?:{start}).*(?:{held})|{gains}"))
                .expect("a pattern")
        });
        let (before, after) = self.before_and_after_of(outcome)?;
        (self.parsed.text.fits(&HELD) && after == outcome).then_some(before)
    }

    /// The last measurement of what was measured first, where the question holds the first constant.
    pub(super) fn later_of(&self, outcome: usize) -> usize {
        self.last_of(outcome).filter(|after| self.baseline_of(*after).is_some()).unwrap_or(outcome)
    }

    /// A relation of which only one side is known: the other is asked for, not guessed.
    pub(super) fn half(&self, column: usize, out: &mut Filled) {
        let held = [&self.parsed.controls, &self.parsed.fixed_effects, &self.parsed.clusters];
        let plain = held.iter().all(|list| list.is_empty());
        if plain
            && self.columns[column].is_group()
            && (self.asks_contrast(column) || !asks(RELATION, &self.parsed.text))
        {
            return self.differ(Some(column), out);
        }
        let mut turned = self.parsed.clone();
        turned.rest.clear();
        HALF.clone_into(&mut turned.id);
        if self.columns[column].outcome() >= 0.0 && !self.asks_contrast(column) {
            turned.outcome = vec![column];
        } else {
            turned.causes = vec![column];
        }
        Filler { parsed: &turned, columns: self.columns, structure: self.structure }.model(out);
    }

    /// "Do tasters score oaked wines higher?" with the groups read as the outcome: the measure that is studied more often is it.
    pub(super) fn turned_contrast(&self) -> Option<Parsed> {
        let p = self.parsed;
        // "does X affect Y" says which of them is explained, and so does "is Y more often true when X"
        if ["verb", "when", "likely", "common"].contains(&p.id.as_str()) {
            return None;
        }
        let ([group], [measure]) = (&p.outcome[..], &p.causes[..]) else { return None };
        let (own, other) = (&self.columns[*group], &self.columns[*measure]);
        let fits =
            own.is_group() && other.is_measure() && own.outcome() <= 0.0 && other.outcome() >= own.outcome();
        // what is likely is the outcome
        let chances = ["likel", "chance", "probab", "odds", "risk", "容易", "可能", "机会", "概率"];
        let chance = chances.iter().any(|word| p.text.contains(word));
        (fits && !chance && p.controls.is_empty()).then(|| {
            let (outcome, causes) = (p.causes.clone(), p.outcome.clone());
            Parsed { outcome, groups: causes.clone(), causes, ..p.clone() }
        })
    }

    /// A measure that is compared between groups, whatever sides the construction gave them.
    pub(super) fn contrasted(&self, group: usize, outcome: usize, out: &mut Filled) {
        let turned = Parsed {
            kind: "group".to_owned(),
            outcome: vec![outcome],
            groups: vec![group],
            causes: Vec::new(),
            ..self.parsed.clone()
        };
        Filler { parsed: &turned, ..*self }.compare(out);
    }

    /// What explains an outcome: by the construction, else what the question names besides.
    pub(super) fn causes_of(&self, outcome: Option<usize>, out: &mut Filled) -> Vec<usize> {
        let p = self.parsed;
        let taken = |c: &usize| Some(*c) == outcome || p.controls.contains(c) || p.instruments.contains(c);
        let mut causes: Vec<usize> = p.causes.iter().copied().filter(|c| !taken(c)).collect();
        if causes.is_empty() && p.id != "factors_open" {
            causes = self.named().into_iter().filter(|c| !taken(c) && !p.moderators.contains(c)).collect();
        }
        // "which factors determine the choice of travel mode": the categories are what is explained
        out.settled |=
            p.id == "factors_open" && p.asks_choice() && outcome.is_some_and(|y| self.columns[y].is_group());
        if causes.is_empty() && ["trend", "trajectory"].contains(&p.id.as_str()) {
            causes.extend(self.structure.time.or(self.structure.occasion));
            out.settled = !causes.is_empty() && outcome.is_some();
        }
        if causes.is_empty() && p.id == "moderated" {
            // "is the uplift bigger on mobile": of what the groups were given
            causes.extend((0..self.columns.len()).find(|c| self.columns[*c].has("@treatment")));
        }
        causes.retain(|c| !p.excluded.contains(c));
        // "which factors? Consider age and sex": what is considered are the factors
        let factors = ["因素", "factors", "what drives", "what explains"].iter().any(|w| p.text.contains(w));
        // "what kind of farmers join? Consider age and distance"
        let considered =
            p.id == "factors_open" && ["考虑", "consider", "look at"].iter().any(|w| p.text.contains(w));
        // "which factors? Control for age and sex": the factors are others
        let held = ["control", "adjust", "holding", "控制", "调整", "校正"];
        let others = !considered && held.iter().any(|w| p.text.contains(w));
        if causes.is_empty() && (factors || considered) && !others {
            causes =
                p.controls.iter().copied().filter(|c| Some(*c) != outcome && !self.is_unit(*c)).collect();
        }
        if causes.is_empty() && outcome.is_some() && asks_effect(&p.text) {
            causes.extend(self.only_treatment().filter(|c| Some(*c) != outcome && !p.excluded.contains(c)));
        }
        causes
    }

    /// The only column of a treatment: words of a question call it by what was given.
    fn only_treatment(&self) -> Option<usize> {
        let gives = |c: &usize| {
            let column = &self.columns[*c];
            column.is_group() && (column.has("@treatment") || column.has("@trial_arm"))
        };
        let mut given = (0..self.columns.len()).filter(gives);
        given.next().filter(|_| given.next().is_none())
    }

    /// Categories as the outcome of a measure, where the question does not ask for a choice or kind: they form the groups.
    pub(super) fn nominal_outcome(&self) -> Option<(usize, usize)> {
        static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("\\b(?:which|what|who|cho(?:ice|ose|oses|sen)|prefer\\w*|types?|kinds?|mode|pick\\w*|decides?|likely|probab\\w*|predict\\w*|multinomial)\\b|选择|哪|类型|种类|偏好|概率|可能")
                .expect("a pattern")
        });
        let p = self.parsed;
        let ([outcome], [cause]) = (&p.outcome[..], &p.causes[..]) else { return None };
        let (own, other) = (&self.columns[*outcome], &self.columns[*cause]);
        let nominal = own.column.is_text() && !is_binary(own.column) && own.column.distinct > 2;
        let plain = p.controls.is_empty() && p.instruments.is_empty() && p.moderators.is_empty();
        let fits = nominal && other.is_measure() && own.outcome() <= other.outcome();
        (fits && plain && !p.text.fits(&CHOICE)).then_some((*outcome, *cause))
    }

    /// A text of two values as the outcome of groups.
    pub(super) fn two_texts(&self) -> Option<(usize, usize)> {
        let p = self.parsed;
        let ([outcome], [cause]) = (&p.outcome[..], &p.causes[..]) else { return None };
        let (own, other) = (&self.columns[*outcome], &self.columns[*cause]);
        let plain = p.controls.is_empty() && p.instruments.is_empty() && p.moderators.is_empty();
        let text = own.column.is_text() && own.column.distinct == 2;
        (text && other.is_group() && plain).then_some((*cause, *outcome))
    }

    /// "Do sprays differ in the count of insects?" with the sides exchanged: a measure forms no groups where the other side does.
    pub(super) fn exchanged_groups(&self) -> Option<Parsed> {
        let p = self.parsed;
        let ([group], [outcome]) = (&p.groups[..], &p.outcome[..]) else { return None };
        let wrong = self.columns[*group].is_measure() && self.columns[*outcome].column.is_text();
        wrong.then(|| Parsed { outcome: p.groups.clone(), groups: p.outcome.clone(), ..p.clone() })
    }

    /// Groups that differ in something that no column was found for: the only column that can be the outcome, else the
    /// question for it.
    pub(super) fn differ(&self, group: Option<usize>, out: &mut Filled) {
        if let (Some(group), Some(last)) = (group, self.last_of_controls()) {
            return self.adjusted(last, group, out);
        }
        let outcome = self.only_outcome().filter(|y| Some(*y) != group && !out.named);
        let kind = outcome.map_or(OPEN, |y| type_of(&self.columns[y]));
        let groups = group.map_or("groups", |g| groups_of(&self.columns[g]));
        out.assumed = outcome.is_some();
        if outcome.is_none() {
            out.open.push("outcome_var");
        }
        if !out.named {
            let text = &self.parsed.text;
            let intent = if asks(DIFFERENCE, text) { DIFFERENCE } else { DESCRIPTION };
            out.methods.extend(decided(intent, kind, groups, "rows"));
        }
        out.roles.insert("outcome_var", outcome.into_iter().collect());
        out.roles.insert("group_var", group.into_iter().collect());
    }

    /// The measure that is studied more often than any other one and that the question does not use otherwise.
    pub(super) fn most_studied(&self) -> Option<usize> {
        let p = self.parsed;
        let lists = [&p.rest, &p.causes, &p.controls, &p.groups, &p.units, &p.excluded, &p.moderators];
        let free = |c: &usize| {
            let column = &self.columns[*c];
            let fits = column.is_measure() && !column.is_early() && !self.is_unit(*c);
            fits && column.outcome() >= STUDIED && lists.iter().all(|list| !list.contains(c))
        };
        let most = |a: &usize, b: &usize| self.columns[*b].outcome().total_cmp(&self.columns[*a].outcome());
        let mut measures: Vec<usize> = (0..self.columns.len()).filter(free).collect();
        measures.sort_by(most);
        match measures[..] {
            [] => None,
            [only] => Some(only),
            [first, second, ..] => (most(&first, &second) == Ordering::Less).then_some(first),
        }
    }

    /// The only measured column that the question does not use otherwise.
    pub(super) fn only_outcome(&self) -> Option<usize> {
        let p = self.parsed;
        let lists = [&p.rest, &p.causes, &p.controls, &p.groups, &p.units, &p.excluded, &p.moderators];
        let free = |c: &usize| {
            let column = &self.columns[*c];
            let fits = column.is_measure() && !column.is_early() && !self.is_unit(*c);
            fits && lists.iter().all(|list| !list.contains(c))
        };
        let mut measures = (0..self.columns.len()).filter(free);
        measures.next().filter(|_| measures.next().is_none())
    }

    /// The units that a question compares in one measure, "which states burn most", or the periods by which it describes one.
    pub(super) fn unit_of(&self, measure: usize) -> Option<usize> {
        static EACH: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("\\b(?:which|each|per|every|by|across|between|among)\\b|哪|各|每个|之间|分|按")
                .expect("a pattern")
        });
        static DESCRIBES: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                "\\b(?:describe|summar\\w*|average|mean|median|statistics) |描述|统计|平均|均值|中位数",
            )
            .expect("a pattern")
        });
        let describes = self.parsed.text.fits(&DESCRIBES);
        let most = self.columns.iter().map(|c| c.column.distinct).max().unwrap_or_default();
        let repeats = |c: &usize| {
            let sorts = describes || !self.columns[*c].is_time();
            sorts && self.columns[*c].column.distinct.saturating_mul(2) <= most
        };
        let units = self.parsed.units.iter().copied().find(repeats);
        units.filter(|_| self.columns[measure].is_measure() && self.parsed.text.fits(&EACH))
    }

    /// The only categories of the data, where a question asks in which of them a measure is largest.
    pub(super) fn only_sort(&self, measure: usize) -> Option<usize> {
        static MOST: LazyLock<Regex> = LazyLock::new(|| {
            let which = r"\bwhich\b|\bwhat (?:types?|kinds?|sorts?)\b";
            Regex::new(&format!(
                r"(?:{which}).*\b(?:most|least|more|less|fewest|\w{{3,}}est)\b|哪(?:一)?[类种个].*(?:最|更)"
            ))
            .expect("a pattern")
        });
        let sorts = |c: &usize| {
            let column = &self.columns[*c];
            column.column.is_text() && (2..=12).contains(&column.column.distinct) && !self.is_unit(*c)
        };
        let asks = self.columns[measure].is_measure() && self.parsed.text.fits(&MOST);
        let mut groups = (0..self.columns.len()).filter(sorts);
        let only = groups.next().filter(|_| asks)?;
        groups.next().is_none().then_some(only)
    }

    /// Two measures of the same kind that the question sets against each other: `rt_con` and `rt_inc`.
    pub(super) fn two_alike(&self) -> Option<(usize, usize)> {
        let p = self.parsed;
        let [first, second] = self.named()[..] else { return None };
        let (a, b) = (&self.columns[first], &self.columns[second]);
        let (left, right) = (a.name().to_lowercase(), b.name().to_lowercase());
        let (left, right): (Vec<&str>, Vec<&str>) = (left.split('_').collect(), right.split('_').collect());
        let apart = left.iter().zip(&right).filter(|(x, y)| x != y).count();
        let alike = left.len() == right.len() && left.len() >= 2 && apart == 1;
        // "compare posttest and delayed test": the same thing by a word of both names
        let compared = p.text.contains("compar") || p.text.contains("比较");
        let alike = alike || compared && a.shares_word(b);
        let size = |c: &Named<'_>| c.column.max.unwrap_or_default().abs();
        let same_scale = size(a) <= 3.0 * size(b) && size(b) <= 3.0 * size(a);
        let alone = p.controls.is_empty() && p.kind != "model" && p.kind != "pair";
        (alike && alone && same_scale && a.is_measure() && b.is_measure()).then_some((first, second))
    }

    /// A policy that holds in some units and periods: a binary column that the question names, or that is named after one.
    pub(super) fn policy(&self) -> Option<usize> {
        let says = [
            "@programme",
            "@law",
            "@gun",
            "@reform",
            "@ban",
            "@minwage",
            "@carbon_market",
            "@restriction",
            "@lockdown",
        ];
        let is_policy = |c: &usize| {
            let column = &self.columns[*c];
            is_binary(column.column) && !column.is_after() && says.iter().any(|concept| column.has(concept))
        };
        self.named().into_iter().find(is_policy).or_else(|| self.binary_with("@programme"))
    }
}
