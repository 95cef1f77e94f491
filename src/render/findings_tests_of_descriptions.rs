use super::super::SourceFile;
use super::super::design::Design;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

fn said(files: &[(&str, &str)], language: Language) -> Vec<String> {
    let tables: Vec<Table> = files
        .iter()
        .map(|(name, csv)| {
            let bytes = csv.trim_start().as_bytes().to_vec();
            let file = SourceFile { name: (*name).to_owned(), sha256: String::new(), bytes };
            Table::read(&file, None).expect("a table")
        })
        .collect();
    let mut design = Design::default();
    design.outcome = Some("y".to_owned());
    design.group = Some("g".to_owned());
    design.focal = vec!["x".to_owned()];
    design.controls = vec!["age".to_owned(), "bmi".to_owned()];
    let options = Options { language, ..Options::default() };
    let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design: &design };
    super::super::findings::findings(&tables, &style).texts()
}

#[test]
fn pairs_that_go_together_most_come_first() {
    let table = "
row,column,correlation,ci_low,ci_high,n
a,a,1,,,9
a,b,0.2,0.1,0.3,9
a,c,-0.6,-0.7,-0.5,9
b,c,,,,9
";
    assert_eq!(
        said(&[("table_correlation.csv", table)], Language::En),
        [
            "a and c have a correlation of -0.600 (95% CI -0.700 to -0.500).",
            "a and b have a correlation of 0.200 (95% CI 0.100 to 0.300)."
        ]
    );
}

#[test]
fn groups_are_described_by_their_highest_and_lowest_mean() {
    let table = "
variable,group,n,mean
y,all,9,2
y,0,3,1.5
y,1,6,2.25
z,all,9,4
z,0,3,4
z,1,6,4
";
    assert_eq!(
        said(&[("table_by_group.csv", table)], Language::En),
        ["The mean of y is highest for g “1” (2.250) and lowest for “0” (1.500); over all rows it is 2.000."]
    );
}

/// Shares by hand: 3 of 8 rows with a value.
#[test]
fn the_most_frequent_value_is_one_of_those_with_a_value() {
    let table = "
variable,value,label,n,percent,valid_percent,cumulative_percent
y,1,Yes,3,30,37.5,37.5
y,2,No,5,50,62.5,100
y,missing,,12,20,,
";
    assert_eq!(
        said(&[("table_frequencies.csv", table)], Language::En),
        [
            "The most frequent value of y is “No”: 62.5% of the rows with a value (5 rows; 2 different values)."
        ]
    );
}

#[test]
fn missing_values_are_counted_over_columns_and_rows() {
    let columns = "variable,n,missing,missing_share\na,10,0,0\nb,8,2,0.2\nc,5,5,0.5\n";
    let patterns = "pattern,rows,share,n_missing,missing_variables\n1,5,0.5,0,\n2,3,0.3,1,c\n";
    let files = [("table_missing.csv", columns), ("table_patterns.csv", patterns)];
    assert_eq!(
        said(&files, Language::En),
        [
            "2 of 3 columns have missing values, c most of all (50.0% of its rows). 50.0% of the rows are complete."
        ]
    );
    let whole = [
        ("table_missing.csv", "variable,missing_share\na,0\n"),
        ("table_patterns.csv", "pattern,share,n_missing\n1,1,0\n"),
    ];
    assert_eq!(said(&whole, Language::Zh), ["1 列均无缺失值。"]);
}

#[test]
fn retained_components_are_told_from_extracted_factors() {
    let pca = "component,eigenvalue,share,cumulative,retained\n1,2.9,0.36,0.36,yes\n2,1.5,0.19,0.55,yes\n3,0.7,0.09,0.64,no\n";
    let sentences = said(&[("table_eigenvalues.csv", pca)], Language::En);
    assert!(
        sentences[0].contains("2 of 3 components are retained and carry 55.0% together"),
        "{sentences:?}"
    );
    let factor = "component,eigenvalue,share,cumulative\n1,2.9,0.36,0.36\n2,1.5,0.19,0.55\n3,0.7,0.09,0.64\n";
    let fit = "metric,value,note\nfactors,1,\n";
    let files = [("table_eigenvalues.csv", factor), ("table_fit.csv", fit)];
    let sentences = said(&files, Language::En);
    assert!(
        sentences[0].starts_with("1 factors were extracted.") && sentences[0].contains("36.0%"),
        "{sentences:?}"
    );
}

#[test]
fn adjusted_means_and_the_assumption_of_equal_slopes_have_sentences() {
    let anova =
        "source,df,statistic,p_value\ng,2,16.8,0.00000008\nage,1,21,0.00001\nequal_slopes,4,0.4,0.807\n";
    let means = "group,n,adjusted_mean\n1,310,12.9\n3,96,16.5\n";
    let files = [("table_ancova.csv", anova), ("table_means.csv", means)];
    assert_eq!(
        said(&files, Language::En),
        [
            "With age, bmi held equal, y differs between the groups of g by more than chance explains (p < 0.001).",
            "The adjusted mean is highest for g “3” (16.500) and lowest for “1” (12.900).",
            "There is no clear sign that the slopes of the covariates differ between the groups of g (p = 0.807), which the \
             analysis assumes."
        ]
    );
}

#[test]
fn a_decomposition_is_said_part_by_part() {
    let parts = "
part,estimate,std_error,statistic,p_value,ci_low,ci_high,share,note
mean_group1,2.4,0.03,,,2.3,2.5,,men
mean_group2,2.27,0.03,,,2.2,2.3,,women
gap,0.13,0.04,3.5,0.0005,0.06,0.2,1,men minus women
explained,-0.007,0.02,-0.35,0.72,-0.05,0.03,-0.054,
unexplained,0.137,0.03,4.3,0.00001,0.08,0.2,1.054,
";
    let sentences = said(&[("table_decomposition.csv", parts)], Language::En);
    assert_eq!(sentences.len(), 3, "{sentences:?}");
    assert!(sentences[0].contains("0.130 higher for g “men” than for “women”"), "{sentences:?}");
    assert!(
        sentences[1].contains("compatible with none") && sentences[1].contains("(-5.40%)"),
        "{sentences:?}"
    );
    assert!(sentences[2].contains("(105%)"), "{sentences:?}");
}

#[test]
fn a_negative_gap_is_said_from_the_higher_group_on() {
    let parts = "
part,estimate,std_error,statistic,p_value,ci_low,ci_high,share,note
mean_group1,2.27,0.03,,,2.2,2.3,,women
mean_group2,2.4,0.03,,,2.3,2.5,,men
gap,-0.13,0.04,-3.5,0.0005,-0.2,-0.06,1,women minus men
explained,0.007,0.02,0.35,0.72,-0.03,0.05,-0.054,
unexplained,-0.137,0.03,-4.3,0.00001,-0.2,-0.08,1.054,
";
    let sentences = said(&[("table_decomposition.csv", parts)], Language::En);
    assert_eq!(
        sentences[0],
        "The mean of y is 0.130 higher for g “men” than for “women” (95% CI 0.060 to 0.200; p < 0.001)."
    );
    assert!(sentences[1].starts_with("Of the gap, -0.00700 (-5.40%)"), "{sentences:?}");
    assert!(sentences[2].starts_with("0.137 (105%)"), "{sentences:?}");
}

#[test]
fn coefficients_of_two_groups_name_the_groups() {
    let tests = "test,statistic,df1,p_value,note\nslopes,5.2,5,0.395,\n";
    let table = |note: &str| {
        format!(
            "term,first,second,difference,p_value,ci_low,ci_high,note\nx,0.09,0.1,-0.01,0.4,-0.04,0.02,{note}\n"
        )
    };
    let named = |note: &str| {
        let rows = table(note);
        said(&[("table_tests.csv", tests), ("table_differences.csv", &rows)], Language::En).remove(1)
    };
    assert!(
        named("north minus south")
            .starts_with("The coefficient of x is 0.090 for g “north” and 0.100 for g “south”: ")
    );
    assert!(
        named("")
            .starts_with("The coefficient of x is 0.090 in the first group and 0.100 in the second group: ")
    );
}

#[test]
fn the_event_window_and_the_spread_of_portfolios_have_their_evidence() {
    let tests = "test,estimate,std_error,p_value\ncross_sectional,1.857,0.551,0.0026\n";
    let fit = "metric,value\nevents,24\nfirst_day,-1\nlast_day,1\n";
    let files = [("table_tests.csv", tests), ("table_fit.csv", fit)];
    assert_eq!(
        said(&files, Language::En),
        [
            "From day -1 to day 1 around the event, the cumulative abnormal return is 1.857 on average over 24 events (p = 0.003)."
        ]
    );
    let sorted = "portfolio,mean_return,p_value,ci_low,ci_high\n1,0.7,0.17,-0.3,1.8\nhigh_minus_low,0.04,0.9,-0.6,0.7\n";
    let sentences = said(&[("table_portfolios.csv", sorted)], Language::En);
    assert!(
        sentences[0].contains("highest x earns 0.040 more") && sentences[0].contains("no difference"),
        "{sentences:?}"
    );
}

/// Every sentence that a reader asks for exists in both languages with the same blanks.
#[test]
fn words_of_both_languages_have_the_same_blanks() {
    let words: super::super::words::File =
        serde_json::from_str(include_str!("../../assets/report/findings.json")).expect("words");
    let blanks = |text: &str| {
        let mut found: Vec<String> =
            text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
        found.sort();
        found.dedup();
        found
    };
    for (key, en) in &words["en"] {
        let zh = words["zh"].get(key).unwrap_or_else(|| panic!("{key} has no Chinese form"));
        assert_eq!(blanks(en), blanks(zh), "{key}");
    }
}
