//! One Chinese term for each notion: other terms for the same are refused in what people see. Words by which a template is found
//! (keywords, questions) may be any.

use std::path::Path;

use serde_json::Value;

/// The term, and others for the same notion.
const TERMS: [(&str, &[&str]); 20] = [
    ("优势比", &["比值比", "胜算比", "赔率比"]),
    ("相对风险", &["相对危险度", "危险度比"]),
    ("风险比", &["危险比", "风险率比"]),
    ("发生率比", &["发病率比", "比率之比"]),
    ("子分布", &["亚分布", "次分布"]),
    ("置信区间", &["可信区间", "信赖区间"]),
    ("自变量", &["解释变量"]),
    ("因变量", &["被解释变量", "结果变量", "响应变量"]),
    ("标准误", &["标准误差"]),
    ("p 值", &["p值", "P值", "P 值"]),
    ("虚拟变量", &["哑变量", "虚变量"]),
    ("样本量", &["样本数量", "样本容量"]),
    ("观测", &["观察值", "样本点"]),
    ("均值", &["平均数", "平均值"]),
    ("双重差分", &["倍差"]),
    ("对照组", &["控制组"]),
    ("分组", &["组别", "组群"]),
    ("检验功效", &["检验效能", "检定力", "统计功效"]),
    ("参照组", &["参考组", "基准组"]),
    ("缺失值", &["遗漏值", "缺省值"]),
];

/// Keys whose texts are compared with questions and shown to nobody.
const SEARCHED: [&str; 2] = ["keywords", "questions"];

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(key, _)| !SEARCHED.contains(&key.as_str()));
            shown.for_each(|(_, value)| texts(value, found));
        }
        _ => {}
    }
}

/// What people read: words of the console and of reports, titles and helps of templates, texts of renderings, pages.
fn shown() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [
        "assets/console/i18n",
        "assets/report",
        "assets/stata_do_library/meta",
        "src/render",
        "docs",
        "clients",
    ] {
        for path in crate::http::console::walkdir(&root.join(folder)) {
            let name = path.strip_prefix(root).expect("below it").display().to_string();
            // pages of templates repeat their questions
            if name.starts_with("docs/library/") {
                continue;
            }
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if !["js", "json", "rs", "md", "ado", "sthlp", "py", "R"].contains(&kind) {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a text");
            let json = match kind {
                "js" => {
                    text.strip_prefix("export default ").map(|json| json.trim_end().trim_end_matches(';'))
                }
                "json" => Some(text.as_str()),
                _ => None,
            };
            match json.map(serde_json::from_str::<Value>) {
                Some(Ok(value)) => {
                    let mut all = Vec::new();
                    texts(&value, &mut all);
                    found.extend(all.into_iter().map(|text| (name.clone(), text)));
                }
                _ => found.extend(text.lines().map(|line| (name.clone(), line.to_owned()))),
            }
        }
    }
    found
}

#[test]
fn each_notion_has_one_chinese_term() {
    let shown = shown();
    for (term, _) in TERMS {
        assert!(shown.iter().any(|(_, text)| text.contains(term)), "nothing says {term}");
    }
    let mut wrong = Vec::new();
    for (name, text) in &shown {
        for (term, others) in TERMS {
            let hits = others.iter().filter(|other| text.contains(**other));
            wrong.extend(hits.map(|other| format!("{name}: {other} ({term}): {text}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
