#!/usr/bin/env python3
"""Opens reports that the tests of the service wrote, with other readers: python-docx, openpyxl, pypdf.

Usage: renderings.py FOLDER. The files are written by `tests/it/runs/renderings_form.rs`.
"""

import re
import sys
from pathlib import Path

import docx
import openpyxl
import pypdf


def shown(cell) -> str:
    """A number of a workbook as its format shows it, for the formats of the reports."""
    code = cell.number_format
    if not isinstance(cell.value, (int, float)) or code == "General":
        return "" if cell.value is None else str(cell.value)
    parts = re.fullmatch(r'(?:"([^"]*)")?(?:(0)(?:\.(0+))?(E\+00)?)?(?:"([^"]*)")?', code)
    assert parts, f"{cell.coordinate}: {code}"
    before, number, decimals, exponent, after = parts.groups()
    digits = f"{cell.value:.{len(decimals or '')}{'e' if exponent else 'f'}}" if number else ""
    return f"{before or ''}{digits}{after or ''}"


def check_docx(path: Path, chinese: bool) -> list[str]:
    document = docx.Document(str(path))
    texts = [p.text for p in document.paragraphs]
    title = texts[0]
    assert document.paragraphs[0].style.name == "Title", document.paragraphs[0].style.name
    assert texts.count(title) == 1, f"the title is printed {texts.count(title)} times"
    for table in document.tables:
        assert table.style.name == "Publication", table.style.name
    first = document.tables[0]
    captions = [t for t in texts if re.match(r"表 \d|图 \d" if chinese else r"(Table|Figure) \d+\.", t)]
    assert len(captions) == len(document.tables) + len(document.inline_shapes), captions
    headings = [p.text for p in document.paragraphs if p.style.name.lower().startswith("heading")]
    assert ("方法" if chinese else "Methods") in headings, headings
    assert ("参考文献" if chinese else "References") in headings, headings
    return [[cell.text for cell in row.cells] for row in first.rows]


def check_xlsx(path: Path, chinese: bool, printed: list[list[str]]) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    assert book.worksheets[-1].title == ("方法" if chinese else "Methods"), book.sheetnames
    lines = [[shown(cell) for cell in row] for row in sheet.iter_rows()]
    # Every number of the printed table is a number of the sheet, which shows it in the same way.
    for row in printed:
        numbers = [t for text in row for t in re.split(r", ", text) if re.search(r"\d", t)]
        words = row[0]
        wanted = [t for t in numbers if t != words]
        found = any(all(t in line for t in wanted) for line in lines)
        assert found, f"{wanted} of {words!r} are not in the sheet"
    parenthesised = [c for row in sheet.iter_rows() for c in row if c.number_format.startswith('"("')]
    assert parenthesised and all(isinstance(c.value, float) for c in parenthesised)


def check_pdf(path: Path, chinese: bool, printed: list[list[str]]) -> None:
    reader = pypdf.PdfReader(path)
    assert reader.trailer["/Root"]["/Lang"] == ("zh" if chinese else "en")
    assert reader.metadata.title
    text = "\n".join(page.extract_text() for page in reader.pages)
    for row in printed:
        for cell in row:
            assert re.sub(r"\s", "", cell) in re.sub(r"\s", "", text), f"{cell!r} in {path.name}"
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert "/FontFile3" in descriptor.get_object(), "a font that is not embedded"
    assert ("参考文献" if chinese else "References") in reader.pages[-1].extract_text()


def main() -> None:
    folder = Path(sys.argv[1])
    reports = sorted(folder.glob("*.docx"))
    assert len(reports) >= 3, f"the tests of the service wrote {len(reports)} reports to {folder}"
    for path in reports:
        chinese = ".zh." in path.name
        printed = check_docx(path, chinese)
        check_xlsx(path.with_suffix(".xlsx"), chinese, printed)
        check_pdf(path.with_suffix(".pdf"), chinese, printed)
        print(f"{path.stem}: docx, xlsx, pdf agree in {len(printed)} rows")


if __name__ == "__main__":
    main()
