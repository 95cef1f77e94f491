use super::*;

fn labels() -> Labels {
    Labels {
        columns: HashSet::new(),
        binary: HashSet::new(),
        variables: [("sector".to_owned(), "行业".to_owned()), ("age".to_owned(), "Age (years)".to_owned())]
            .into(),
        levels: [("sector".to_owned(), [(2, "零售".to_owned())].into())].into(),
        present: [("sector".to_owned(), [1, 2, 3].into())].into(),
        companions: [("ss_c_sector".to_owned(), "sector".to_owned())].into(),
        terms: HashMap::new(),
        ..Labels::default()
    }
}

#[test]
fn terms_are_said_in_the_words_of_the_data() {
    for (term, words) in [
        ("age", "Age (years)"),
        ("2.ss_c_sector", "行业: 零售"),
        ("2o.ss_c_sector", "行业: 零售"),
        ("3.ss_c_sector", "行业: 3"),
        ("2.ss_c_sector#c.age", "行业: 零售 × Age (years)"),
        ("L2.age", "Age (years) (lag 2)"),
        ("LD.age", "LD.Age (years)"),
        ("_cons", "Constant"),
        ("pay", "pay"),
        ("o.pay", "pay"),
    ] {
        assert_eq!(labels().term(term, Language::En), words, "{term}");
    }
    assert_eq!(labels().term("L.age", Language::Zh), "Age (years)（滞后 1）");
}

#[test]
fn a_row_of_a_column_of_two_values_names_the_one_that_its_coefficient_is_for() {
    let sex = [(0, "male".to_owned()), (1, "female".to_owned())];
    let mut labels = labels();
    labels.binary.insert("sex".to_owned());
    labels.levels.insert("sex".to_owned(), sex.into());
    labels.variables.insert("sex".to_owned(), "Sex".to_owned());
    for (term, words) in [("sex", "Sex: female"), ("age", "Age (years)"), ("2.ss_c_sector", "行业: 零售")]
    {
        assert_eq!(labels.row(term, Language::En), words, "{term}");
    }
    labels.levels.clear();
    assert_eq!(labels.row("sex", Language::En), "Sex", "without words it stays");
}

#[test]
fn levels_come_from_value_labels_and_from_the_order_of_the_values() {
    use dta::{ColumnRef, Meta, StorageType, Variable, Writer};
    let mark = |column: &str, companion: &str, encoding: &str| CategoricalMark {
        column: column.to_owned(),
        companion: (!companion.is_empty()).then(|| companion.to_owned()),
        encoding: (!encoding.is_empty()).then(|| encoding.to_owned()),
        order: Vec::new(),
        base: None,
    };
    let mut job = Variable::new("job", StorageType::Byte);
    job.value_label = "jobs".to_owned();
    let meta = Meta {
        variables: vec![
            job,
            Variable::new("region", StorageType::Str(9)),
            Variable::new("dose", StorageType::Float),
        ],
        value_labels: vec![ValueLabelSet {
            name: "jobs".to_owned(),
            entries: vec![(1, "教师".to_owned()), (2, "nurse".to_owned())],
        }],
        ..Meta::default()
    };
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("data.dta");
    let mut writer = Writer::create(File::create(&path).expect("a file"), meta).expect("a writer");
    let texts = ["west", "East", "west", ""].map(str::to_owned).to_vec();
    writer
        .write_rows(&[
            ColumnRef::Numbers(&[1.0, 2.0, 2.0, 1.0]),
            ColumnRef::Text(&texts),
            ColumnRef::Numbers(&[0.5, -1.0, 0.1, dta::Missing::SYSTEM.double()]),
        ])
        .expect("rows");
    writer.finish().expect("a data set");
    let marks = [
        mark("job", "", ""),
        mark("region", "ss_c_region", "encode"),
        mark("dose", "ss_c_dose", "group_label"),
    ];
    let mut labels = Labels::default();
    labels.companions.insert("ss_c_region".to_owned(), "region".to_owned());
    labels.companions.insert("ss_c_dose".to_owned(), "dose".to_owned());
    labels.read_levels(&marks, &[], &path, &[]).expect("levels");
    for (term, words) in [
        ("1.job", "job: 教师"),
        // encode sorts by the bytes of the texts (help encode), capitals first.
        ("1.ss_c_region", "region: East"),
        ("2.ss_c_region", "region: west"),
        ("1.ss_c_dose", "dose: -1"),
        ("2.ss_c_dose", "dose: 0.1"),
        ("3.ss_c_dose", "dose: 0.5"),
        ("4.ss_c_dose", "dose: 4"),
    ] {
        assert_eq!(labels.term(term, Language::En), words);
    }
    assert_eq!(
        labels.references(["2.job", "2.ss_c_region"].into_iter()),
        [("job".into(), 1), ("region".into(), 1)]
    );
}

#[test]
fn levels_are_numbered_as_the_run_has_them_after_its_data_steps() {
    use dta::{ColumnRef, Meta, StorageType, Variable, Writer};
    let dir = tempfile::tempdir().expect("a folder");
    let written = |name: &str, cells: &[&str], codes: &[f64]| {
        let path = dir.path().join(name);
        let variables =
            vec![Variable::new("arm", StorageType::Str(9)), Variable::new("wave", StorageType::Byte)];
        let meta = Meta { variables, ..Meta::default() };
        let mut writer = Writer::create(File::create(&path).expect("a file"), meta).expect("a writer");
        let texts: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        writer.write_rows(&[ColumnRef::Text(&texts), ColumnRef::Numbers(codes)]).expect("rows");
        writer.finish().expect("a data set");
        path
    };
    let main =
        written("main.dta", &["A total", "Placebo ", "Drug", "drug", "placebo"], &[9.0, 1.0, 2.0, 99.0, 2.0]);
    let more = written("more.dta", &["open", "drug"], &[3.0, 1.0]);
    let mark = |column: &str, companion: Option<&str>| CategoricalMark {
        column: column.to_owned(),
        companion: companion.map(str::to_owned),
        encoding: companion.map(|_| "encode".to_owned()),
        order: Vec::new(),
        base: None,
    };
    let marks = [mark("arm", Some("ss_c_arm")), mark("wave", None)];
    let convert = |column: &str, to: ConvertTo, missing: &[&str]| DataStep {
        column: Some(column.to_owned()),
        to: Some(to),
        missing: missing.iter().map(|m| (*m).to_owned()).collect(),
        ..DataStep::new(StepKind::Convert, "main")
    };
    let steps = [
        DataStep { rows: vec![1], ..DataStep::new(StepKind::DropRows, "main") },
        convert("arm", ConvertTo::TextLower, &[]),
        convert("wave", ConvertTo::Number, &["99"]),
    ];
    let read = |steps: &[DataStep], appended: &[PathBuf]| {
        let mut labels = Labels::default();
        labels.companions.insert("ss_c_arm".to_owned(), "arm".to_owned());
        labels.read_levels(&marks, steps, &main, appended).expect("levels");
        labels
    };
    let repaired = read(&steps, &[]);
    assert_eq!(repaired.term("2.ss_c_arm", Language::En), "arm: placebo");
    assert_eq!(
        repaired.references(["2.ss_c_arm", "2.wave"].into_iter()),
        [("arm".into(), 1), ("wave".into(), 1)]
    );
    let appended = read(&steps, &[more]);
    assert_eq!(appended.term("2.ss_c_arm", Language::En), "arm: open");
    assert_eq!(appended.term("3.ss_c_arm", Language::En), "arm: placebo");
    // which level a merge leaves out, nobody knows here
    let merge = DataStep { keep: Some(Keep::Matched), ..DataStep::new(StepKind::Merge, "data_2") };
    assert_eq!(read(&[merge], &[]).term("2.ss_c_arm", Language::En), "arm: 2");
}

#[test]
fn the_reference_category_is_the_one_level_without_a_term() {
    let of = |terms: &[&'static str]| labels().references(terms.iter().copied());
    assert_eq!(of(&["2.ss_c_sector", "3.ss_c_sector", "age", "2.ss_c_sector#c.age"]), [("sector".into(), 1)]);
    assert_eq!(of(&["1.ss_c_sector", "2o.ss_c_sector"]), [("sector".into(), 3)]);
    assert_eq!(of(&["2.ss_c_sector"]), [], "a level of the data may have no row in the sample");
    assert_eq!(of(&["2.unknown", "L2.sector", "2.ss_c_sector#c.age"]), []);
}

#[test]
fn numbers_sort_as_numbers() {
    let mut levels = Levels::default();
    levels.take(&Values::Double(vec![1.5, -2.0, 0.0, -0.5, 1.5]));
    let numbered = levels.numbered(&BTreeMap::new(), &[]).expect("few").into_values();
    assert_eq!(numbered.collect::<Vec<_>>(), ["-2", "-0.5", "0", "1.5"]);
}
