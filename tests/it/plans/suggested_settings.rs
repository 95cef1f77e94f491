//! Settings that a question gives in words and numbers: quantiles, the power of a sample size, horizons, clusters. Each was left out of
//! the draft without a word.

use serde_json::{Value, json};

use super::asked::{asked, of};
use crate::support::app::TestApp;

/// Fails with every draft that lacks one of its settings.
async fn have(app: &TestApp, text: &str, cases: &[(&str, &str, Value)]) {
    let mut wrong = Vec::new();
    for (question, template, settings) in cases {
        let draft = &asked(app, question, text).await["draft"];
        let given = &draft["parameters"];
        let lacks = settings.as_object().expect("settings").iter().any(|(name, value)| given[name] != *value);
        if draft["template_id"] != *template || lacks {
            wrong.push(format!("{question}: {draft}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn workers() -> String {
    let mut text = "id,arm,wage,education,experience,sbp,visits\n".to_owned();
    for row in 1..=160 {
        let visits = if row % 3 == 0 { 0 } else { of(row, 5, 9) };
        text += &format!(
            "{row},{},{}.{},{},{},{},{visits}\n",
            ["drug", "placebo"][of(row, 3, 2)],
            9 + of(row, 11, 31),
            of(row, 13, 10),
            8 + of(row, 17, 12),
            of(row, 19, 35),
            110 + of(row, 23, 61)
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn quantiles_ranks_and_counts_that_a_question_names_are_settings() {
    let mut app = TestApp::start().await;
    let shares = json!({"quantiles": "0.1 0.5 0.9"});
    let points = json!({"points": "10 50 90"});
    let ranks = json!({"method": "spearman"});
    let cases = [
        (
            "Quantile regression of wage on education at the 10th, 50th and 90th percentile",
            "linear.quantile",
            shares.clone(),
        ),
        ("quantile regression (0.1, 0.5, 0.9) of wage on education", "linear.quantile", shares.clone()),
        ("wage对education的10、50、90分位数回归", "linear.quantile", shares),
        ("Median regression of wage on education", "linear.quantile", json!({"quantiles": "0.5"})),
        ("Give the 10th, 50th and 90th percentile of wage", "desc.percentiles", points.clone()),
        ("wage的第10、50、90百分位数是多少", "desc.percentiles", points),
        ("Spearman correlation between wage and education", "desc.correlation", ranks.clone()),
        ("Spearman's rank correlation of wage, education and experience", "desc.correlation", ranks.clone()),
        ("wage与education的斯皮尔曼相关系数", "desc.correlation", ranks),
        (
            "Zero-inflated negative binomial of visits on experience",
            "limited.zero_inflated",
            json!({"model": "zinb"}),
        ),
        ("零膨胀负二项回归：experience对visits的影响", "limited.zero_inflated", json!({"model": "zinb"})),
        ("zero-inflated Poisson of visits on experience", "limited.zero_inflated", json!({})),
        ("Negative binomial regression of visits on experience", "limited.count", json!({"models": "nbreg"})),
    ];
    have(&app, &workers(), &cases).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_power_and_the_difference_of_a_sample_size_are_settings() {
    let mut app = TestApp::start().await;
    let cases = [
        (
            "How many patients per arm do we need for 90 % power to detect a difference of 5 in sbp?",
            "test.sample_size",
            json!({"power": 0.9, "difference": 5.0}),
        ),
        (
            "Sample size to detect a 5 mmHg difference in sbp between arms, power 0.85, alpha 0.01",
            "test.sample_size",
            json!({"power": 0.85, "difference": 5.0, "alpha": 0.01}),
        ),
        (
            "样本量：两组sbp差异为5，检验效能90%，显著性水平0.01",
            "test.sample_size",
            json!({"power": 0.9, "difference": 5.0, "alpha": 0.01}),
        ),
    ];
    have(&app, &workers(), &cases).await;
    // the spread is that of the data
    let one = asked(&app, "Sample size for sbp: difference 5, SD 12, power 90%", &workers()).await;
    assert!(one["open_questions"].to_string().contains("standard deviation of 12"), "{one}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn horizons_times_and_numbers_of_clusters_are_settings() {
    let mut app = TestApp::start().await;
    let mut text = "id,months,event,arm,income,spending\n".to_owned();
    for row in 1..=120 {
        text += &format!(
            "{row},{}.{},{},{},{},{}\n",
            1 + of(row, 5, 58),
            of(row, 7, 10),
            of(row, 11, 2),
            ["drug", "control"][of(row, 13, 2)],
            20 + of(row, 17, 90),
            of(row, 19, 83)
        );
    }
    let twelve = json!({"limit": 12.0});
    let cases = [
        ("Restricted mean survival time up to 12 months by arm", "survival.rmst", twelve.clone()),
        ("RMST within 1 year, drug vs control (arm)", "survival.rmst", twelve.clone()),
        ("两组(arm)12个月内的限制平均生存时间有无差异", "survival.rmst", twelve),
        (
            "Kaplan-Meier by arm with survival at 12 and 24 months",
            "survival.km_logrank",
            json!({"times": "12 24"}),
        ),
        ("k-means with 4 clusters on income and spending", "multivariate.kmeans", json!({"k": 4})),
        (
            "Cluster analysis: group the customers into four clusters by income and spending",
            "multivariate.kmeans",
            json!({"k": 4}),
        ),
        ("按income和spending把客户聚类分成3类", "multivariate.kmeans", json!({"k": 3})),
    ];
    have(&app, &text, &cases).await;
    let mut text = "month,sales\n".to_owned();
    for month in 0..72 {
        text += &format!("{}-{:02},{}\n", 2015 + month / 12, month % 12 + 1, 200 + month + of(month, 5, 23));
    }
    let cases = [
        ("Forecast sales for the next 12 months", "ts.arima", json!({"horizon": 12})),
        ("Forecast sales for the next 2 years", "ts.arima", json!({"horizon": 24})),
        ("forecast sales with a horizon of 6 months", "ts.arima", json!({"horizon": 6})),
        ("预测未来6个月的sales", "ts.arima", json!({"horizon": 6})),
    ];
    have(&app, &text, &cases).await;
    app.stop().await;
}

/// The treated unit and the year of a Chinese question about a panel by years.
#[tokio::test(flavor = "multi_thread")]
async fn the_unit_and_the_year_of_a_policy_are_settings_of_synthetic_control() {
    let mut app = TestApp::start().await;
    let cities = ["北京", "上海", "广州", "深圳", "杭州", "成都", "武汉", "西安"];
    let mut text = "城市,年份,房价\n".to_owned();
    for (at, city) in cities.iter().enumerate() {
        for year in 2005..=2020 {
            text += &format!("{city},{year},{}.{}\n", 2 + at + (year - 2005) / 3, of(at + year, 7, 10));
        }
    }
    let settings = json!({"treated_unit": "上海", "event_time": 2014.0});
    let cases = [
        ("合成控制法：上海2014年的政策对房价的影响", "causal.synthetic_control", settings.clone()),
        (
            "2014年上海实行房产税，对房价有什么影响？用合成控制法",
            "causal.synthetic_control",
            settings.clone(),
        ),
        ("Synthetic control: effect of the 2014 tax in 上海 on 房价", "causal.synthetic_control", settings),
    ];
    have(&app, &text, &cases).await;
    app.stop().await;
}
