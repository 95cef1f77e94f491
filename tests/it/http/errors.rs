//! The catalogue of errors, the enum and the statuses say the same.

use stata_service::domain::error::ErrorCode;
use stata_service::http::error::status_of;

#[test]
fn every_code_has_its_page_with_its_status_and_no_page_is_left_over() {
    let pages = include_str!("../../../docs/errors.md");
    let mut documented = Vec::new();
    for section in pages.split("\n## ").skip(1) {
        let (code, text) = section.split_once('\n').expect("a section has a heading");
        let code = ErrorCode::parse(code.trim()).unwrap_or_else(|| panic!("unknown code {code}"));
        let status = status_of(code).as_u16();
        assert!(text.contains(&format!("Status {status}.")), "{} answers {status}", code.as_str());
        assert!(text.contains("What to do: "), "{}", code.as_str());
        documented.push(code);
    }
    assert_eq!(documented, ErrorCode::ALL, "the pages follow the order of the enum");
}
