use super::*;

/// `display td(05jan2024)` is 23380 (`help datetime`: 0 is 01jan1960; 23380 = 64 years + 16 leap days).
#[test]
fn dates_of_all_styles_are_days_since_1960() {
    assert_eq!(days(1960, 1, 1), Some(0));
    let expected = 64 * 365 + 16 + 4;
    for (text, style) in [
        ("2024-01-05", DateStyle::YearFirst),
        ("2024/1/5", DateStyle::YearFirst),
        ("2024.01.05", DateStyle::YearFirst),
        ("5/1/2024", DateStyle::DayFirst),
        ("05.01.2024", DateStyle::DayFirst),
        ("1/5/2024", DateStyle::MonthFirst),
        ("2024年1月5日", DateStyle::Chinese),
        ("2024年01月05日", DateStyle::Chinese),
        ("5 Jan 2024", DateStyle::MonthName),
        ("05jan2024", DateStyle::MonthName),
        ("05-Jan-2024", DateStyle::MonthName),
        ("January 5, 2024", DateStyle::MonthName),
    ] {
        assert_eq!(date(text.as_bytes(), style), Some(expected), "{text}");
    }
    for bad in ["2024-13-01", "2024-02-30", "2024-1/5", "24-01-05", "2024-01-05x", "20240105", "2024-01"] {
        for style in STYLES {
            assert_eq!(date(bad.as_bytes(), style), None, "{bad}");
        }
    }
}

/// chrono is the independent calendar.
#[test]
fn every_day_of_every_year_has_its_number() {
    let epoch = NaiveDate::from_ymd_opt(1960, 1, 1).unwrap();
    for year in 1000..=9999 {
        for (month, day) in (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day))) {
            let date = NaiveDate::from_ymd_opt(year, month, day);
            let expected = date.map(|date| date.signed_duration_since(epoch).num_days() as i32);
            assert_eq!(days(year, month, day), expected, "{year}-{month}-{day}");
        }
    }
    assert_eq!(days(999, 12, 31), None);
}

#[test]
fn times_are_milliseconds() {
    let day = f64::from(days(2024, 1, 5).unwrap()) * DAY_MS;
    let at = |t: &str| datetime(t.as_bytes(), DateStyle::YearFirst).map(|m| (m.ms, m.has_time));
    assert_eq!(at("2024-01-05 13:04:05.250"), Some((day + 47_045_250.0, true)));
    assert_eq!(at("2024-01-05T13:04Z"), Some((day + 47_040_000.0, true)));
    assert_eq!(at("2024-01-05 00:00:00"), Some((day, false)));
    assert_eq!(at("2024-01-05 1:04 PM"), Some((day + 47_040_000.0, true)));
    for bad in ["2024-01-05 25:00", "2024-01-05 13:04 PM", "2024-01-05 10:00+08:00", "2024-01-0510:00"] {
        assert_eq!(at(bad), None, "{bad}");
    }
}

#[test]
fn months_and_quarters_count_from_1960() {
    assert_eq!(month(b"2024-01"), Some(768));
    assert_eq!(month("2024年12月".as_bytes()), Some(779));
    assert_eq!(month(b"1960m1"), Some(0));
    for text in ["Jan 2024", "jan-2024", "January 2024", "Jan. 2024", "Jan, 2024", "JAN 2024"] {
        assert_eq!(month(text.as_bytes()), Some(768), "{text}");
    }
    for text in ["2024-13", "Jan-24", "Jan2024", "Jan 5 2024", "Janu 2024", "Jan", "Jan 20245"] {
        assert_eq!(month(text.as_bytes()), None, "{text}");
    }
    for text in ["Q1 2024", "q1/2024", "Q1-2024"] {
        assert_eq!(quarter(text.as_bytes()), Some(256), "{text}");
    }
    assert_eq!(quarter(b"Q12024"), None);
    assert_eq!(quarter(b"Q5 2024"), None);
    assert_eq!(quarter(b"2024Q1"), Some(256));
    assert_eq!(quarter("2024年第2季度".as_bytes()), Some(257));
    assert_eq!(quarter(b"2024q5"), None);
}
