//! Words that only the field has: they name the estimator, the design or the test, and no topic speaks against them.

use std::sync::LazyLock;

use regex::Regex;

use super::phrases::Frame;
use super::said::Said;

impl Frame {
    /// True for a frame that what a question is about speaks for, a law or a policy, and no word for a method.
    pub(super) fn is_topic(&self) -> bool {
        ["treated and after", "treated panel", "series"].contains(&self.needs.as_str())
    }
}

/// True where a question names the estimator: "Poisson regression of cases on the policy".
pub(super) fn names_estimator(text: &Said) -> bool {
    static ESTIMATORS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:poisson|negative binomial|logit|logistic|probit|ols|least squares|tobit)\b|泊松|负二项|逻辑回归|最小二乘")
            .expect("a pattern")
    });
    static UNITS_HELD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\bfixed[- ]effects? (?:panel|regression|model|estimat)|固定效应(?:面板|模型|回归|估计)")
            .expect("a pattern")
    });
    // "two-way fixed effects" of a policy are differences in differences
    let both = ["two-way", "two way", "twfe", "双向"].iter().any(|words| text.contains(words));
    text.fits(&ESTIMATORS) || !both && text.fits(&UNITS_HELD)
}

/// True where a question names the model of a yes or no.
pub(super) fn names_logit(text: &str) -> bool {
    static LOGIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?-u:\b)(?:logit|logistic|probit)(?-u:\b)|逻辑(?:斯蒂)?回归").expect("a pattern")
    });
    LOGIT.is_match(text)
}

/// True where a question asks whether groups are alike, which no effect of a policy answers.
pub(super) fn asks_alike(text: &Said) -> bool {
    static ALIKE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:similar|comparable|alike|balanced)\b|可比|相似|相近|均衡").expect("a pattern")
    });
    text.fits(&ALIKE)
}

/// True where words that only the field has name the design or the test, which no other reading may leave out.
pub(super) fn names_design(text: &Said) -> bool {
    static DESIGNS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"oaxaca|\bdecompos|hausman|arellano|\bgmm\b|diff(?:erences?)?[- ]in[- ]diff|event[- ]stud|discontinuity|propensity|inverse probability|multinomial|quantile|heckman|\blasso\b|unit root|granger|co-?integrat|johansen|\bmoran\b|\brmst\b|restricted mean|\broc\b|\bauc\b|zero[- ]?inflat|零膨胀|cronbach|principal comp|factor anal|kruskal|mann-?whitney|wilcoxon|\banova\b|chi[- ]?squared?|\bcox\b|kaplan|log-?rank|random intercept|mixed[- ]effects|nested (?:in|within)|baseline (?:characteristics|table)|table (?:1|one)\b|基线(?:特征|资料)|levene|k-?means|portfolio sort|two[- ]factor|survey (?:weight|design)|sampling (?:weight|design)|complex (?:survey|sampl)|抽样(?:权重|设计)|聚类分析|方差齐|双因素|双重差分|事件研究|断点回归|倾向得分|分位数回归|格兰杰|协整|豪斯曼|方差分析|卡方|主成分|因子分析")
            .expect("a pattern")
    });
    text.fits(&DESIGNS)
}
