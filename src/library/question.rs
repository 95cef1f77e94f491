//! Reads the kind of a question off its words, in English and Chinese, so that selection works where nobody
//! states a kind. Cues are of the language of analysis, never of one template.

use super::tokens::is_han;

/// Cues of one kind of question. English cues match at the beginning of a word, Chinese ones anywhere.
struct Cues {
    kind: &'static str,
    cues: &'static [&'static str],
}

const CUES: &[Cues] = &[
    Cues {
        kind: "compare_groups",
        cues: &[
            "differ",
            "compar",
            "versus",
            "vs",
            "gap",
            "between",
            "unequal",
            "more than",
            "less than",
            "higher than",
            "lower than",
            "差异",
            "差别",
            "不同",
            "比较",
            "对比",
            "高于",
            "低于",
            "差距",
        ],
    },
    Cues {
        kind: "associate",
        cues: &[
            "correlat",
            "associat",
            "relat",
            "go with",
            "goes with",
            "depend on",
            "explain",
            "factor",
            "determin",
            "相关",
            "关联",
            "关系",
            "因素",
            "解释",
            "取决",
        ],
    },
    Cues {
        kind: "effect",
        cues: &[
            "effect",
            "impact",
            "influenc",
            "cause",
            "causal",
            "affect",
            "raise",
            "reduce",
            "increase",
            "lower",
            "lead to",
            "return to",
            "影响",
            "效应",
            "作用",
            "导致",
            "提高",
            "降低",
            "因果",
            "回报",
        ],
    },
    Cues {
        kind: "describe",
        cues: &[
            "describ",
            "summar",
            "distribut",
            "average",
            "mean of",
            "what is in",
            "overview",
            "look like",
            "how many",
            "frequen",
            "描述",
            "概况",
            "概览",
            "分布",
            "均值",
            "平均",
            "统计",
            "有哪些",
        ],
    },
    Cues {
        kind: "prepare",
        cues: &[
            "clean",
            "duplicat",
            "missing",
            "codebook",
            "quality",
            "usable",
            "check the data",
            "outlier",
            "winsor",
            "trim",
            "merge",
            "reshape",
            "清洗",
            "重复",
            "缺失",
            "质量",
            "可用",
            "检查",
            "异常值",
            "缩尾",
            "合并",
        ],
    },
    Cues {
        kind: "visualise",
        cues: &["plot", "chart", "graph", "figure", "draw", "picture", "histogram", "图", "画", "绘制"],
    },
    Cues {
        kind: "predict",
        cues: &[
            "predict",
            "probab",
            "likel",
            "chance",
            "odds",
            "risk",
            "whether",
            "预测",
            "概率",
            "可能性",
            "风险",
            "是否会",
        ],
    },
    Cues { kind: "forecast", cues: &["forecast", "next year", "next month", "future", "未来", "预报"] },
    Cues {
        kind: "time_to_event",
        cues: &[
            "survival",
            "time to",
            "how long until",
            "hazard",
            "duration",
            "生存",
            "存活",
            "多久",
            "风险率",
        ],
    },
    Cues { kind: "agreement", cues: &["agree", "reliab", "rater", "一致性", "信度"] },
    Cues {
        kind: "reduce_dimensions",
        cues: &["principal", "component", "dimension", "latent", "主成分", "因子", "降维"],
    },
    Cues { kind: "classify_units", cues: &["cluster units", "segment", "typology", "聚类", "分群"] },
    Cues {
        kind: "sample_size",
        cues: &["sample size", "power analysis", "how many subjects", "样本量", "功效"],
    },
    Cues { kind: "report", cues: &["report", "table for", "报告", "汇报"] },
];

/// Returns the kinds that a question's words point to, in the order of the list; none if no cue occurs.
pub fn kinds_of(question: &str) -> Vec<String> {
    let text = question.to_lowercase();
    CUES.iter().filter(|c| c.cues.iter().any(|cue| occurs(&text, cue))).map(|c| c.kind.to_owned()).collect()
}

fn occurs(text: &str, cue: &str) -> bool {
    if cue.chars().any(is_han) {
        return text.contains(cue);
    }
    text.match_indices(cue).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::super::terms::QUESTION_KINDS;
    use super::*;

    #[test]
    fn every_kind_is_one_of_the_contract() {
        for cues in CUES {
            assert!(QUESTION_KINDS.contains(&cues.kind), "{}", cues.kind);
        }
    }

    #[test]
    fn kinds_are_read_in_both_languages() {
        assert_eq!(kinds_of("Do men and women have different pay?"), ["compare_groups"]);
        assert_eq!(kinds_of("女性和男性的工资均值有差异吗？"), ["compare_groups", "describe"]);
        assert_eq!(kinds_of("教育对工资的影响有多大？"), ["effect"]);
        assert_eq!(kinds_of("an indifferent text"), Vec::<String>::new());
    }
}
