//! Headers that are the questions of a questionnaire, as forms on the web export them: `1、您的性别：`, `Q3. How old are you?`,
//! `3、请评价—服务态度` for an item of a matrix.

use std::sync::LazyLock;

use regex::Regex;

/// Returns the words of a question without its number, and of an item of a matrix its own; empty for a header without a number.
pub(super) fn items(header: &str) -> Vec<String> {
    // a number needs a sign behind it: `3 months` and `2019 sales` have none
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*[QqＱ]?\d{1,3}(?:[.-]\d{1,2})?\s*[、.．:：)）_]\s*").expect("a pattern")
    });
    static ASKED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:请问)?(?:您|你)(?:目前|现在)?(?:的|是|对|每月的|每月|每天|每周|平均)?|^我")
            .expect("a pattern")
    });
    let Some(number) = NUMBER.find(header) else { return Vec::new() };
    let end: &[char] = &[':', '：', '?', '？', '。', ' '];
    let rest = header[number.end()..].trim_matches(end);
    let of_matrix =
        ["——", "—", "--"].iter().find_map(|sign| rest.rsplit_once(sign)).map(|(_, item)| item.trim());
    let asked = of_matrix.is_none().then(|| ASKED.replace(rest, "").into_owned());
    let whole = of_matrix.is_none().then(|| rest.to_owned());
    let mut out: Vec<String> = of_matrix.map(str::to_owned).into_iter().chain(whole).chain(asked).collect();
    out.retain(|text| text.chars().count() > 1);
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::items;

    #[test]
    fn a_numbered_question_is_read_without_its_number() {
        assert_eq!(items("1、您的性别："), ["您的性别", "性别"]);
        assert_eq!(items("Q12. Age group?"), ["Age group"]);
        assert_eq!(items("3、请您对以下方面进行评价—服务态度"), ["服务态度"]);
        assert_eq!(items("4、价格合理"), ["价格合理"]);
        assert_eq!(items("5、我愿意再次购买"), ["我愿意再次购买", "愿意再次购买"]);
        for header in ["3 months", "2019 sales", "性别", "t0", "x1"] {
            assert_eq!(items(header), [""; 0], "{header}");
        }
    }
}
