//! The ids of templates that a wrong id probably means: names of commands and methods first, then ids that share a part, then
//! those that are spelt alike.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::load::Library;

/// Ids that are named beside one that does not exist.
const NEAREST: usize = 3;

/// Names of commands and methods, in small letters without other signs, with the ids of the templates for them, the usual
/// one first.
static USUAL: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("../../assets/selection/usual_names.txt").lines();
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, ids)| (name, ids.split(' ').collect()))
        .collect()
});

impl Library {
    /// Returns the ids that a text may mean, the likeliest first; the family may be left out.
    pub fn nearest(&self, text: &str) -> Vec<&str> {
        let wanted = text.trim().to_lowercase();
        let (family, short) = wanted.split_once('.').unwrap_or(("", &wanted));
        let plain: String = short.chars().filter(|c| c.is_alphanumeric()).collect();
        let usual = USUAL.get(plain.as_str()).map_or(&[][..], Vec::as_slice);
        let spaced = wanted.replace(['_', '-'], " ");
        let titled = |id: &str| {
            let title = |t: &super::load::Template| t.meta.title.en.to_lowercase().starts_with(&spaced);
            spaced.len() >= 4 && self.templates().any(|t| t.meta.id.as_str() == id && title(t))
        };
        let distance = |id: &str| {
            let (own_family, name) = id.split_once('.').unwrap_or(("", id));
            let other_family = family != own_family;
            if let Some(place) = usual.iter().position(|known| *known == id) {
                return (0, false, place);
            }
            let written =
                strsim::damerau_levenshtein(&wanted, id).min(strsim::damerau_levenshtein(&wanted, name));
            // `linear.ols` for linear.ols_robust, `logit` for limited.logit_margins
            let begins = short.len() >= 3 && (name.starts_with(short) || short.starts_with(name));
            let holds = short.len() >= 3 && name.split('_').any(|part| part == short);
            // a family alone: `survival`
            let is_family = family.is_empty() && own_family == short;
            match (begins || is_family || titled(id), holds) {
                (true, _) => (1, other_family, written),
                (_, true) => (2, other_family, written),
                _ => (3, false, 2 * written + usize::from(other_family)),
            }
        };
        let mut ids: Vec<&str> = self.templates().map(|t| t.meta.id.as_str()).collect();
        ids.sort_by_cached_key(|id| distance(id));
        ids.truncate(NEAREST);
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TemplateId;

    fn nearest(text: &str) -> Vec<String> {
        let library = Library::embedded().expect("the library");
        library.nearest(text).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn names_of_commands_and_methods_lead_to_their_analyses() {
        for (written, meant) in [
            ("limited.poisson", "limited.count"),
            ("count.poisson", "limited.count"),
            ("test.chi2", "test.crosstab_chi2"),
            ("regress", "linear.ols_robust"),
            ("t-test", "test.ttest_two"),
            ("did", "did.two_period"),
            ("IV", "iv.tsls"),
            ("survival.coxph", "survival.cox"),
            ("limited.ordered", "limited.ologit"),
            ("test.wilcoxon", "test.signrank"),
            ("linear.ols_robst", "linear.ols_robust"),
            ("linear.ols", "linear.ols_robust"),
            ("logit", "limited.logit_margins"),
            ("panel.fixed_effects", "panel.fe"),
            ("Ordered logit", "limited.ologit"),
        ] {
            assert_eq!(nearest(written)[0], meant, "{written}");
        }
        assert!(nearest("survival").iter().all(|id| id.starts_with("survival.")));
        assert_eq!(nearest("no such thing").len(), NEAREST);
    }

    #[test]
    fn every_usual_name_has_templates_of_the_library() {
        let library = Library::embedded().expect("the library");
        for (word, ids) in USUAL.iter() {
            for id in ids {
                let id = TemplateId::parse(*id).expect("an id");
                assert!(library.get(&id).is_some(), "{word}: {id}");
            }
        }
    }
}
