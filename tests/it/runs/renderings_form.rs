//! The form of reports: tables as a journal prints them, methods, both languages. The files are kept for
//! `scripts/checks/renderings.py`, which opens them with other readers.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use super::renderings::{docx_text, download, render, succeeded, table};
use crate::support::app::{Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const ROLLOUT: &str = include_str!("../../../assets/stata_do_library/datasets/rollout.csv");
const CLINIC: &str = include_str!("../../../assets/stata_do_library/datasets/clinic.csv");
const POLICY: &str = include_str!("../../../assets/stata_do_library/datasets/policy.csv");
const FIRMS: &str = include_str!("../../../assets/stata_do_library/datasets/firms_panel.csv");

/// A job whose run has succeeded, and the run.
async fn finished(app: &TestApp, data: &'static str, draft: &Value) -> (Job, String) {
    let job = app.job("What explains the outcome?").await;
    app.upload(&job, "data.csv", data).await.ok();
    app.put(&job, "/draft", draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let run = succeeded(app, &job, &json!({})).await;
    (job, run)
}

fn ols() -> Value {
    json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay", "categorical_vars": ["sector"],
           "roles": {"regressors": ["schooling", "years_work"], "controls": ["female", "sector"]}})
}

/// Keeps a file where `scripts/checks/renderings.py` looks for it.
fn keep(name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("renderings");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), bytes).expect("written");
}

/// A part of a zip archive as text.
fn part(bytes: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut text = String::new();
    zip.by_name(name).expect("the part").read_to_string(&mut text).expect("UTF-8");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_the_form_of_a_journal() {
    let mut app = TestApp::start().await;
    let (job, run) = finished(&app, PAY, &ols()).await;
    let body = json!({"formats": ["docx", "tex", "xlsx", "pdf", "png"], "stars": true});
    let answer = render(&app, &job, &run, &body).await.ok();
    let bytes = download(&app, &job, &answer, ".docx").await;
    keep("ols.en.docx", &bytes);
    let xml = part(&bytes, "word/document.xml");
    let tables = xml.matches("<w:tbl>").count();
    let whole =
        xml.matches("<w:tblStyle w:val=\"Publication\"/><w:tblW w:w=\"5000\" w:type=\"pct\"/>").count();
    assert!(tables >= 2 && whole == tables, "each of {tables} tables is as wide as the page: {whole}");
    let (text, _) = docx_text(bytes);
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
    assert_eq!(lines.iter().filter(|l| **l == "Linear regression (OLS)").count(), 1, "{text}");
    let at =
        |words: &str| lines.iter().position(|l| *l == words).unwrap_or_else(|| panic!("{words} in\n{text}"));
    let order = [
        "Main results",
        "Table 1. Estimates for log_pay",
        "Outcome: log_pay",
        "schooling",
        "Controls",
        "female",
        "Constant",
        "Observations",
        "Table 2. Sample",
        "Figure 1. Estimates with intervals",
        "Methods",
        "References",
    ];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{text}");
    let coefficients = table(&app, &job, &run, "table_coefficients.csv").await;
    let schooling = coefficients.iter().find(|r| r["term"] == "schooling").expect("a row");
    let number = |column: &str| format!("{:.3}", schooling[column].parse::<f64>().expect("a number"));
    let (low, high) = (number("ci_low"), number("ci_high"));
    let sentence = format!(
        "If schooling is 1 higher, log_pay is on average {} higher (95% CI {low} to {high}; p < 0.001). That is +",
        number("estimate")
    );
    assert!(lines.iter().any(|line| line.starts_with(&sentence)), "{sentence} in\n{text}");
    let flow = app.get(&job, &format!("/runs/{run}")).await.ok()["sample_flow"].clone();
    let rows = |step: &Value| step["rows"].as_u64().expect("a number");
    let steps = flow.as_array().expect("a list");
    let (all, used) = (rows(&steps[0]), rows(steps.last().expect("a step")));
    for words in [
        "Estimator: Linear regression (OLS).".to_owned(),
        "Standard errors in parentheses (heteroskedasticity-robust).".to_owned(),
        format!("Sample: {used} of {all} rows were used; left out: {} (", all - used),
        "Weights: none.".to_owned(),
        format!("Software: stata-service {} (open engine).", env!("CARGO_PKG_VERSION")),
        format!("Run {run}, capsule of job {}.", job.job_id),
        "* p < 0.10, ** p < 0.05, *** p < 0.01".to_owned(),
    ] {
        assert!(text.contains(&words), "{words} in\n{text}");
    }
    let tex = download(&app, &job, &answer, ".tex").await;
    keep("ols.en.tex", &tex);
    let tex = String::from_utf8(tex).expect("UTF-8");
    let artifacts = answer["artifacts"].as_array().expect("a list");
    let png = artifacts.iter().filter_map(|a| a["rel_path"].as_str()).find(|p| p.ends_with(".png"));
    let picture = png.and_then(|p| p.rsplit('/').next()).expect("a picture");
    for words in [
        "\\begin{tabular*}{\\textwidth}{@{\\extracolsep{\\fill}}lccc@{}}",
        "\\multicolumn{3}{c}{Outcome: log\\_pay}",
        "\\cmidrule(l){2-4}",
        "\\quad female & ",
        "\\section*{Methods}",
        &format!("\\includegraphics[width=\\textwidth]{{{picture}}}"),
    ] {
        assert!(tex.contains(words), "{words} in\n{tex}");
    }
    keep(picture, &download(&app, &job, &answer, ".png").await);
    keep("ols.en.xlsx", &download(&app, &job, &answer, ".xlsx").await);
    keep("ols.en.pdf", &download(&app, &job, &answer, ".pdf").await);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_a_workbook_are_shown_as_they_are_printed() {
    let mut app = TestApp::start().await;
    let (job, run) = finished(&app, PAY, &ols()).await;
    let body = json!({"formats": ["xlsx"], "decimals": 2, "p_values": false});
    let answer = render(&app, &job, &run, &body).await.ok();
    let bytes = download(&app, &job, &answer, ".xlsx").await;
    let styles = part(&bytes, "xl/styles.xml");
    for code in ["&quot;(&quot;0.00&quot;)&quot;", "&quot;[&quot;0.00", "0.00&quot;]&quot;"] {
        assert!(styles.contains(&format!("formatCode=\"{code}\"")), "{code} in {styles}");
    }
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).expect("a workbook");
    let report = book.worksheet_range("Report").expect("the first sheet");
    let heads = report.rows().find(|row| row.iter().any(|c| *c == Data::String("Estimate".to_owned())));
    let heads: Vec<String> = heads.expect("headings").iter().map(ToString::to_string).collect();
    assert!(heads.contains(&"95% CI".to_owned()) && !heads.contains(&"p".to_owned()), "{heads:?}");
    let row = report.rows().find(|row| row[0] == Data::String("schooling".to_owned())).expect("a row");
    let rows = table(&app, &job, &run, "table_coefficients.csv").await;
    let expected = rows.iter().find(|r| r["term"] == "schooling").expect("a row");
    for (cell, column) in row[1..4].iter().zip(["estimate", "ci_low", "ci_high"]) {
        assert_eq!(*cell, Data::Float(expected[column].parse().expect("a number")), "{column}");
    }
    let methods = book.worksheet_range("Methods").expect("the last sheet");
    assert!(methods.rows().flatten().any(|c| c.to_string().contains("Outcome: log_pay")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_stand_side_by_side_with_what_is_asked_for() {
    let mut app = TestApp::start().await;
    let draft = json!({"template_id": "linear.model_comparison", "outcome_var": "log_pay",
        "roles": {"regressors": ["schooling"], "controls": ["years_work", "female"]}});
    let (job, run) = finished(&app, PAY, &draft).await;
    let rows = table(&app, &job, &run, "table_models.csv").await;
    let of = |model: &str| {
        rows.iter().find(|r| r["model"] == model && r["term"] == "schooling").expect("a row").clone()
    };
    let digits = |text: &str| format!("{:.3}", text.parse::<f64>().expect("a number"));
    let interval =
        |model: &str| format!("[{}, {}]", digits(&of(model)["ci_low"]), digits(&of(model)["ci_high"]));
    let plain = render(&app, &job, &run, &json!({"formats": ["tex"]})).await.ok();
    let plain = String::from_utf8(download(&app, &job, &plain, ".tex").await).expect("UTF-8");
    let line = format!(
        "schooling & {} & {} \\\\",
        digits(&of("model1")["estimate"]),
        digits(&of("model2")["estimate"])
    );
    assert!(plain.contains(&line) && !plain.contains(&interval("model1")), "{line} in\n{plain}");
    let body = json!({"formats": ["tex", "docx", "xlsx", "pdf"], "intervals": true, "p_values": true});
    let answer = render(&app, &job, &run, &body).await.ok();
    let tex = String::from_utf8(download(&app, &job, &answer, ".tex").await).expect("UTF-8");
    let line = format!(" & {{}}{} & {{}}{} \\\\", interval("model1"), interval("model2"));
    assert!(tex.contains(&line) && tex.contains(" & p \\textless{} 0.001 & "), "{line} in\n{tex}");
    for ending in ["tex", "docx", "xlsx", "pdf"] {
        keep(&format!("models.en.{ending}"), &download(&app, &job, &answer, &format!(".{ending}")).await);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_that_are_not_shown_are_named_at_the_foot() {
    let mut app = TestApp::start().await;
    let draft = json!({"template_id": "panel.fe", "outcome_var": "log_output", "parameters": {"time_effects": true},
        "roles": {"regressors": ["log_capital", "log_labor"], "controls": ["exporter"],
                  "entity_var": "firm", "time_var": "year"}});
    let (job, run) = finished(&app, FIRMS, &draft).await;
    let answer = render(&app, &job, &run, &json!({"formats": ["tex"]})).await.ok();
    let tex = String::from_utf8(download(&app, &job, &answer, ".tex").await).expect("UTF-8");
    for words in ["Fixed effects: firm & Yes", "Fixed effects: year & Yes", "\\textit{Controls}"] {
        assert!(tex.contains(words), "{words} in\n{tex}");
    }
    let periods = table(&app, &job, &run, "table_coefficients.csv").await;
    let periods = periods.iter().filter(|r| r["term"].ends_with(".year")).count();
    assert!(periods > 1 && !tex.contains("year: 20"), "{periods} effects of years are one row\n{tex}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_by_period_are_read_as_sentences() {
    let mut app = TestApp::start().await;
    let draft = json!({"template_id": "did.event_study", "outcome_var": "visits",
        "roles": {"treatment_var": ["programme"], "entity_var": ["town"], "time_var": ["year"]}});
    let (job, run) = finished(&app, ROLLOUT, &draft).await;
    let answer = render(&app, &job, &run, &json!({"formats": ["docx", "pdf", "xlsx"]})).await.ok();
    let bytes = download(&app, &job, &answer, ".docx").await;
    keep("event.en.docx", &bytes);
    let (text, _) = docx_text(bytes);
    let number = |text: &str| text.parse::<f64>().ok();
    let fit = table(&app, &job, &run, "table_fit.csv").await;
    let metric = |name: &str| {
        number(&fit.iter().find(|r| r["metric"] == name).expect("a row")["value"]).expect("a number")
    };
    let p_words = |p: f64| if p < 0.0005 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") };
    let (mean, se) = (metric("mean_after"), metric("mean_after_se"));
    let p = p_words(metric("mean_after_p"));
    let periods = table(&app, &job, &run, "table_event_coefficients.csv").await;
    let after = periods.iter().filter(|r| number(&r["relative_period"]).is_some_and(|k| k >= 0.0));
    let size = |r: &&super::renderings::Row| number(&r["estimate"]).map_or(0.0, f64::abs);
    let largest = after.max_by(|a, b| size(a).total_cmp(&size(b))).expect("a period");
    let digits = |column: &str| format!("{:.3}", number(&largest[column]).expect("a number"));
    let before = table(&app, &job, &run, "table_pretrend_test.csv").await;
    let before = number(&before[0]["p_value"]).expect("a number");
    for sentence in [
        format!(
            "The estimated effect of the event on visits is {mean:.3} on average over the periods from it on"
        ),
        format!("(standard error {se:.3}; {p})."),
        format!(
            // the default of the lags is 3, so that this row has all later periods too
            "The effect is largest in period {} after the event or later, which are one row: {}",
            largest["relative_period"],
            digits("estimate"),
        ),
        format!("(95% CI {} to {}; ", digits("ci_low"), digits("ci_high")),
        match before < 0.05 {
            true => format!("already developed differently (joint test, {}),", p_words(before)),
            false => {
                format!("the joint test shows no clear difference in development ({}).", p_words(before))
            }
        },
    ] {
        assert!(text.contains(&sentence), "{sentence} in\n{text}");
    }
    for ending in ["pdf", "xlsx"] {
        keep(&format!("event.en.{ending}"), &download(&app, &job, &answer, &format!(".{ending}")).await);
    }
    app.stop().await;
}

/// The main results of tests and designs are their effect, not the first coefficient. The numbers are those of R:
/// `lm(jobs ~ treated * post)`, `t.test(recovery_days ~ smoker)`, `kruskal.test` of recovery_days and of readmitted by stage, and
/// `mean(p * (1 - p)) * coef` of `glm(readmitted ~ smoker + age + bmi, binomial)`.
#[tokio::test(flavor = "multi_thread")]
async fn the_main_result_is_the_effect_that_the_analysis_is_about() {
    let mut app = TestApp::start().await;
    let did = json!({"template_id": "did.two_period", "outcome_var": "jobs",
        "roles": {"treatment_var": ["treated"], "post_var": ["post"]}});
    let groups = json!({"template_id": "test.ttest_two", "outcome_var": "recovery_days",
        "roles": {"group_var": ["smoker"]}});
    let ranks = json!({"template_id": "test.kwallis", "outcome_var": "recovery_days",
        "roles": {"group_var": ["stage"]}});
    // statsmodels, as in datasets/pay.polynomial.json; half of the p-value 0.395 of the slope at the upper end
    let curve = json!({"template_id": "linear.polynomial", "outcome_var": "log_pay",
        "roles": {"focal_var": ["years_work"], "controls": ["schooling", "sector"]}, "categorical_vars": ["sector"]});
    // p = 5.95e-6; without the correction for ties 0.0083 (scipy)
    let tied_ranks = json!({"template_id": "test.kwallis", "outcome_var": "readmitted",
        "roles": {"group_var": ["stage"]}});
    let logit = json!({"template_id": "limited.logit_margins", "outcome_var": "readmitted",
        "roles": {"regressors": ["smoker"], "controls": ["age", "bmi"]}});
    for (data, draft, en, zh) in [
        (
            POLICY,
            did,
            "From the first to the second period, jobs changed by 2.541 more where treated is 1 than where it is 0 (95% CI ",
            "从前期到后期，treated 为 1 的一组比为 0 的一组 jobs 多变化 2.541（",
        ),
        (
            CLINIC,
            groups,
            "The mean of recovery_days is 14.322 for smoker “0” and 13.753 for “1”: a difference of 0.568, “0” minus “1”, but the data are \
             also compatible with equal means (95% CI −0.426 to 1.563; p = 0.262).",
            "recovery_days 的均值在 smoker“0”组为 14.322，在“1”组为 13.753，前者减后者为 0.568",
        ),
        (
            CLINIC,
            ranks,
            "recovery_days differs between the groups of stage by more than chance explains (p < 0.001).",
            "recovery_days 在 stage 各组之间的差异超出偶然所能解释的程度（p < 0.001）。",
        ),
        (
            PAY,
            curve,
            "In the estimate, log_pay rises with years_work up to 41.327 (95% CI 28.372 to 54.282) and falls beyond it, but the data \
             are also compatible with a relation that does not turn between 0 and 49 (slopes at both ends, p = 0.197).",
            "估计 log_pay 随 years_work 先上升后下降，转折点在 41.327",
        ),
        (
            CLINIC,
            tied_ranks,
            "readmitted differs between the groups of stage by more than chance explains (p < 0.001).",
            "readmitted 在 stage 各组之间的差异超出偶然所能解释的程度（p < 0.001）。",
        ),
        (
            CLINIC,
            logit,
            "If smoker is 1 instead of 0, the probability of readmitted = 1 is on average 5.531 percentage points higher",
            "smoker 为 1 而非 0 时，",
        ),
    ] {
        let (job, run) = finished(&app, data, &draft).await;
        for (language, words) in [("en", en), ("zh", zh)] {
            let body = json!({"formats": ["docx"], "language": language});
            let answer = render(&app, &job, &run, &body).await.ok();
            let (text, _) = docx_text(download(&app, &job, &answer, ".docx").await);
            assert!(text.contains(words), "{words} in\n{text}");
        }
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chinese_report_is_chinese_in_every_format() {
    let mut app = TestApp::start().await;
    let (job, run) = finished(&app, PAY, &ols()).await;
    let body = json!({"formats": ["docx", "tex", "xlsx", "pdf"], "language": "zh",
                      "labels": {"log_pay": "对数工资", "schooling": "受教育年限"}});
    let answer = render(&app, &job, &run, &body).await.ok();
    let docx = download(&app, &job, &answer, ".docx").await;
    let styles = part(&docx, "word/styles.xml");
    assert!(styles.contains("w:eastAsia=\"SimSun\"") && styles.contains("w:val=\"zh-CN\""), "{styles}");
    let (text, _) = docx_text(docx.clone());
    let tex = download(&app, &job, &answer, ".tex").await;
    let pdf = download(&app, &job, &answer, ".pdf").await;
    let (tex_text, shown) = (String::from_utf8(tex.clone()).expect("UTF-8"), crate::support::pdf::text(&pdf));
    for words in
        ["对数工资的估计结果", "因变量：对数工资", "控制变量", "括号内为标准误", "软件与可重复性", "参考文献"]
    {
        for (format, whole) in [("docx", &text), ("tex", &tex_text), ("pdf", &shown)] {
            assert!(whole.contains(words), "{words} in {format}\n{whole}");
        }
    }
    assert!(!shown.contains('\u{fffd}'), "every glyph has its character");
    keep("ols.zh.docx", &docx);
    keep("ols.zh.tex", &tex);
    keep("ols.zh.pdf", &pdf);
    keep("ols.zh.xlsx", &download(&app, &job, &answer, ".xlsx").await);
    app.stop().await;
}
