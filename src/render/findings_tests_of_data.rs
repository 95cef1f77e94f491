use super::super::SourceFile;
use super::super::design::Design;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

fn said(file: &str, csv: &str, language: Language) -> Vec<String> {
    let bytes = csv.trim_start().as_bytes().to_vec();
    let file = SourceFile { name: file.to_owned(), sha256: String::new(), bytes };
    let table = Table::read(&file, None).expect("a table");
    let mut design = Design::default();
    design.outcome = Some("y".to_owned());
    design.group = Some("g".to_owned());
    design.focal = vec!["x".to_owned()];
    let options = Options { language, ..Options::default() };
    let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design: &design };
    findings(&[table], &style).into_iter().map(|finding| finding.text).collect()
}

#[test]
fn what_became_of_rows_is_counted() {
    let csv =
        "copies,keys,rows,rows_removed,conflicting_keys,note\n1,31,31,0,0,\n2,19,38,19,11,\n3,10,30,20,10,\n";
    assert_eq!(
        said("table_duplicates.csv", csv, Language::En),
        [
            "Of 99 rows, 39 were removed because their key is there more than once; in 21 keys the rows differed."
        ]
    );
    let csv = "item,value,detail\nrows_main,120,\nrows_second,41,\nmatched,108,\nsecond_only,4,\nrows_result,124,\n";
    assert_eq!(
        said("table_merge_report.csv", csv, Language::En),
        [
            "108 of 120 rows of the main file have a partner; 4 of 41 rows of the second file have none. The result has 124 rows."
        ]
    );
    let csv = "item,file,value,detail\nrows,data.dta,120,\nrepeated_rows,result,0,\nrows,result,145,\nvariables,result,6,\n";
    assert_eq!(
        said("table_append_report.csv", csv, Language::Zh),
        ["合并后共 145 行、6 个变量；其中 0 行与其他行完全相同。"]
    );
}

#[test]
fn bounds_and_groups_have_their_numbers() {
    let csv = "variable,part,n,low_bound,high_bound,low_count,high_count\npay,all,800,-4.39,26.01,0,39\n";
    assert_eq!(
        said("table_outliers.csv", csv, Language::En),
        ["39 of 800 values of pay lie outside of -4.390 to 26.010."]
    );
    let csv = "variable,part,quantile_group,n,min,max,mean\npay,all,1,201,1.27,7.01,5\npay,all,2,200,7.02,10,8\npay,all,3,199,10.04,63,15\n";
    assert_eq!(
        said("table_group_bounds.csv", csv, Language::En),
        ["The lowest of 3 groups of pay ends at 7.010, the highest begins at 10.040."]
    );
}

#[test]
fn figures_are_read_where_they_are_highest() {
    let csv = "group,over2,n,value,ci_low,ci_high\n1,new,170,12.2,11,13\n2,new,102,13.3,12,14\n1,old,95,15.9,14,17\n";
    assert_eq!(
        said("table_bars.csv", csv, Language::En),
        ["The bar of 1, old is the highest (15.900), that of 1, new the lowest (12.200)."]
    );
    let csv = "group,time,n,value\nall,2012,41,4.3\nall,2013,78,4.9\nall,2014,80,4.5\n";
    assert_eq!(
        said("table_series.csv", csv, Language::En),
        ["From 2012 to 2014, y goes from 4.300 to 4.500; it is highest in 2013 (4.900)."]
    );
    let csv =
        "group,n,mean_x,sd_x,mean_y,sd_y,correlation,slope,intercept\nall,749,13,2,2,0.5,0.447,0.088,1\n";
    assert_eq!(
        said("table_points_summary.csv", csv, Language::En),
        ["x and y have a correlation of 0.447. Along the line, y changes by 0.088 if x is 1 higher."]
    );
}
