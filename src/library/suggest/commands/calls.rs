//! Calls of R and of Python's formulas, read into the parts of a command: `feols(y ~ x | firm + year, cluster = ~firm)`,
//! `smf.ols('y ~ x', data=df).fit()`. The notation is that of Wilkinson and Rogers (1973, Applied Statistics 22) with the bars of
//! lme4 and fixest.

use std::sync::LazyLock;

use regex::Regex;

use super::syntax::{Command, Part, Term, at_top, split_top};

/// The call of a line; its name is that of the function, `glm(binomial)` where a family belongs to it.
pub(super) fn call(line: &str) -> Option<Command> {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:[A-Za-z_][\w.]* *(?:<-|=) *)?(?:(?:summary|coef|print|tidy|coeftest) *\( *)?(?:[A-Za-z_]\w*::|smf\.|sm\.|stats\.|pf\.)?([A-Za-z_][\w.]*) *\(")
            .expect("a pattern")
    });
    let head = HEAD.captures(line)?;
    let inside = &line[head[0].len()..];
    let inside = &inside[..at_top(inside, ')')?];
    let mut command = Command { name: head[1].to_lowercase(), is_call: true, ..Command::default() };
    let mut columns = Vec::new();
    for argument in split_top(inside, ',') {
        static NAMED: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^([A-Za-z_][\w.]*) *= *(.+)$").expect("a pattern"));
        let text = argument.trim_matches(['"', '\'']);
        match NAMED.captures(argument) {
            Some(named) if &named[1] == "formula" => {
                command.take_formula(named[2].trim_matches(['"', '\'']))?
            }
            Some(named) => command.take_argument(&named[1], named[2].trim()),
            None if text.contains('~') => command.take_formula(text)?,
            None if !text.is_empty() => columns.push(text),
            None => {}
        }
    }
    // `cor.test(d$x, d$y)`; the name of the data set after a formula is none of its variables
    if command.parts.is_empty() {
        command.take_columns(&columns);
    }
    Some(command)
}

impl Command {
    fn take_columns(&mut self, columns: &[&str]) {
        static OF_DATA: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"^(?:table|cbind|c)\(|^\w+\$|^\w+\[\[?|["'\])]+"#).expect("a pattern")
        });
        let bare = |text: &str| OF_DATA.replace_all(text, "").into_owned();
        let flat =
            columns.iter().flat_map(|text| bare(text).split(',').map(|c| bare(c.trim())).collect::<Vec<_>>());
        let mut names: Vec<String> = flat.filter(|name| !name.is_empty()).collect();
        let paired = self.option("paired").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if paired && names.len() == 2 {
            self.equal = names.pop();
        }
        self.parts = names.iter().map(|name| Part::Term(Term::of(name))).collect();
    }

    fn take_argument(&mut self, name: &str, value: &str) {
        let text = value.trim_matches(['"', '\'', '~', ' ']);
        match (name, text) {
            ("family", _) => {
                let family = text.split(['(', ',']).next().unwrap_or_default().trim();
                if matches!(family, "binomial" | "poisson" | "quasipoisson" | "quasibinomial") {
                    let family = family.trim_start_matches("quasi");
                    let linked = text.contains("probit");
                    self.name = if linked { "probit".to_owned() } else { format!("{}({family})", self.name) };
                } else {
                    self.options.push(("family".to_owned(), family.to_lowercase()));
                }
            }
            ("weights", _) => self.weight = Some(("aw".to_owned(), text.to_owned())),
            ("subset", _) => self.condition = Some(text.to_owned()),
            ("cluster" | "clustervar" | "clusters", _) => {
                self.options.push(("cluster".to_owned(), text.to_owned()));
            }
            ("vcov" | "se_type" | "cov_type" | "se" | "type", _) => {
                let option = if value.starts_with('~') { ("cluster", text) } else { ("vce", text) };
                self.options.push((option.0.to_owned(), option.1.to_lowercase()));
            }
            _ => self.options.push((name.to_owned(), text.to_owned())),
        }
    }

    /// Reads `y ~ x + z * w + (1 | school) | firm + year | endogenous ~ instruments`.
    fn take_formula(&mut self, formula: &str) -> Option<()> {
        let (left, right) = formula.split_once('~')?;
        self.take_left(left.trim())?;
        let bars = split_top(right, '|');
        for term in split_top(bars[0], '+') {
            if !matches!(term, "" | "1" | "0") {
                self.take_term(term);
            }
        }
        let iv = matches!(self.name.as_str(), "ivreg" | "iv_robust");
        for (place, bar) in bars.iter().enumerate().skip(1) {
            match bar.split_once('~') {
                Some((endogenous, instruments)) => self.take_instruments(endogenous, instruments),
                None if iv => self.take_exogenous(bar),
                None if place == 1 => self.options.push(("absorb".to_owned(), bar.replace('+', " "))),
                None if *bar == "0" => {}
                None => self.unread.push((*bar).to_owned()),
            }
        }
        Some(())
    }

    fn take_left(&mut self, left: &str) -> Option<()> {
        if let Some(times) = left.strip_prefix("Surv(").and_then(|text| text.strip_suffix(')')) {
            let (time, died) = times.split_once(',')?;
            let died = died.split("==").next().unwrap_or_default();
            self.follow_up = Some((time.trim().to_owned(), died.trim().to_owned()));
        } else if !left.is_empty() {
            self.parts.push(Part::Term(Term::of(left)));
        }
        Some(())
    }

    fn take_term(&mut self, term: &str) {
        static NESTED: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^\( *1? *\+? *([\w.]*) *\| *([\w.]+) *\)$").expect("a pattern"));
        static FACTOR: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\b(?:as\.)?(?:factor|C|i)\( *([\w.]+)[^)]*\)").expect("a pattern"));
        if let Some(nested) = NESTED.captures(term) {
            let slope = (!nested[1].is_empty()).then(|| nested[1].to_owned());
            self.nested = Some((nested[2].to_owned(), slope));
            return;
        }
        let term = FACTOR.replace_all(term, "i.$1");
        let joined = term.split(['*', ':']).map(str::trim).collect::<Vec<_>>().join("#");
        self.parts.push(Part::Term(Term::of(&joined)));
    }

    fn take_instruments(&mut self, endogenous: &str, instruments: &str) {
        let terms = |text: &str| text.split('+').map(|name| Term::of(name.trim())).collect();
        self.parts.push(Part::Group(terms(endogenous), terms(instruments)));
    }

    /// `ivreg(y ~ x + w | z + w)`: what is not repeated behind the bar is endogenous.
    fn take_exogenous(&mut self, bar: &str) {
        let known: Vec<Term> = bar.split('+').map(|name| Term::of(name.trim())).collect();
        let mut endogenous = Vec::new();
        let mut kept = Vec::new();
        for (place, part) in std::mem::take(&mut self.parts).into_iter().enumerate() {
            match part {
                Part::Term(term) if place > 0 && !known.contains(&term) => endogenous.push(term),
                other => kept.push(other),
            }
        }
        let instruments =
            known.into_iter().filter(|term| !kept.contains(&Part::Term(term.clone()))).collect();
        self.parts = kept;
        self.parts.push(Part::Group(endogenous, instruments));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &Command) -> Vec<String> {
        let name = |part: &Part| match part {
            Part::Term(term) => term.factors.iter().map(|f| f.name.clone()).collect::<Vec<_>>().join("#"),
            Part::Group(left, right) => format!("({} = {})", left.len(), right.len()),
        };
        command.parts.iter().map(name).collect()
    }

    #[test]
    fn formulas_have_the_parts_of_commands() {
        let fixed = call("m <- feols(wage ~ tenure + i(region) | pid + year, data = d, cluster = ~pid)")
            .expect("a call");
        assert_eq!(
            (fixed.name.as_str(), names(&fixed)),
            ("feols", vec!["wage".to_owned(), "tenure".to_owned(), "region".to_owned()])
        );
        assert_eq!((fixed.option("absorb"), fixed.option("cluster")), (Some("pid   year"), Some("pid")));
        let logit = call("summary(glm(died ~ arm + age, family = binomial(), data = d))").expect("a call");
        assert_eq!(logit.name, "glm(binomial)");
        let cox = call("coxph(Surv(months, died == 1) ~ arm)").expect("a call");
        assert_eq!(cox.follow_up, Some(("months".to_owned(), "died".to_owned())));
        let mixed = call("lmer(score ~ ses + (1 | school))").expect("a call");
        assert_eq!(mixed.nested, Some(("school".to_owned(), None)));
        let iv = call("ivreg(wage ~ educ + age | near + age)").expect("a call");
        assert_eq!(names(&iv), ["wage", "age", "(1 = 1)"]);
        let python = call("smf.ols('wage ~ educ * female', data=df).fit()").expect("a call");
        assert_eq!(names(&python), ["wage", "educ#female"]);
        let paired = call("t.test(d$before, d$after, paired = TRUE)").expect("a call");
        assert_eq!((names(&paired), paired.equal.as_deref()), (vec!["before".to_owned()], Some("after")));
    }
}
