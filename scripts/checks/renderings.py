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
from pypdf.generic import ContentStream


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
        cells = {p.style.name for row in table.rows for cell in row.cells for p in cell.paragraphs}
        assert cells <= {"Table text", "Table heading", "Table group"}, cells
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
    for each in book.worksheets:
        setup = each.page_setup
        assert setup.paperSize == 9 and each.sheet_properties.pageSetUpPr.fitToPage, each.title
        assert (setup.fitToWidth or 1, setup.fitToHeight) == (1, 0), f"{each.title}: one page wide, any number long"
        assert each.oddFooter.center.text == "&P / &N", each.title
    whole = book.worksheets[1:-1]
    assert whole and all(each.print_title_rows == "$1:$1" for each in whole), "each page of a table has its header"
    lines = [[shown(cell) for cell in row] for row in sheet.iter_rows()]
    # Every number of the printed table is a number of the sheet, which shows it in the same way.
    for row in printed:
        numbers = [t for text in row for t in re.split(r", ", text) if re.search(r"\d", t)]
        words = row[0]
        # documents have the minus sign, number formats of a sheet the hyphen
        wanted = [t.replace("\N{MINUS SIGN}", "-") for t in numbers if t != words]
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
    check_tags(reader, path, printed)


def check_tags(reader: pypdf.PdfReader, path: Path, printed: list[list[str]]) -> None:
    """The rules of PDF/UA-1 (ISO 14289-1) that a program can check: every mark on a page is spoken or an artifact, tables are
    regular with headings, drawings have words, and what a screen reader speaks has the rows of the table in order."""
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value and root["/ViewerPreferences"]["/DisplayDocTitle"].value
    assert root.xmp_metadata.dc_title["x-default"] == reader.metadata.title
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    tree = root["/StructTreeRoot"]
    nums = tree["/ParentTree"]["/Nums"]
    parents = {int(key): value.get_object() for key, value in zip(nums[::2], nums[1::2])}
    spoken: dict[tuple[int, int], str] = {}
    for page in reader.pages:
        assert page["/Tabs"] == "/S"
        sequences = marked(page, reader)
        assert sorted(sequences) == list(range(len(parents[page["/StructParents"]]))), path.name
        spoken |= {(page.indirect_reference.idnum, number): text for number, text in sequences.items()}
    levels: list[int] = []
    rows: list[list[str]] = []
    seen: set[tuple[int, int]] = set()

    def text_of(element) -> str:
        parts = []
        for kid in element.get("/K", []):
            kid = kid.get_object()
            if kid.get("/Type") == "/MCR":
                place = (kid.raw_get("/Pg").idnum, int(kid["/MCID"]))
                assert place not in seen, f"{place} is spoken twice"
                seen.add(place)
                page = next(p for p in reader.pages if p.indirect_reference.idnum == place[0])
                owner = parents[page["/StructParents"]][place[1]].get_object()
                assert owner == element, "the way back leads to another part"
                parts.append(spoken[place])
            else:
                assert kid.raw_get("/P").get_object() == element
                parts.append(walk(kid))
        return "".join(parts)

    def walk(element) -> str:
        kind = element["/S"]
        if kind == "/TR":
            rows.append([])
        if re.fullmatch(r"/H\d", kind):
            levels.append(int(kind[2:]))
        if kind == "/Figure":
            assert len(element["/Alt"]) > 3 and element["/A"][0]["/BBox"], "a drawing without words"
        if kind == "/Table":
            check_table(element)
        text = text_of(element)
        if kind in ("/TH", "/TD"):
            rows[-1].append(text)
        return text

    def check_table(table) -> None:
        parts = [part.get_object() for part in table["/K"]]
        assert [part["/S"] for part in parts] == ["/Caption", "/THead", "/TBody"]
        widths = set()
        for row in (row.get_object() for part in parts[1:] for row in part["/K"]):
            cells = [cell.get_object() for cell in row["/K"]]
            heads = [cell["/A"][0] for cell in cells if cell["/S"] == "/TH"]
            assert all(a["/O"] == "/Table" and a["/Scope"] in ("/Row", "/Column") for a in heads)
            widths.add(sum(int(cell["/A"][0].get("/ColSpan", 1)) if cell["/S"] == "/TH" else 1 for cell in cells))
        assert len(widths) == 1, f"a table with rows of {widths} columns"

    walk(tree["/K"].get_object())
    assert seen == set(spoken), "content that no part speaks"
    assert levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels
    # a merged cell of the docx has its text in each column
    plain = [[[re.sub(r"\s", "", cell) for cell in dict.fromkeys(row) if cell.strip()] for row in table] for table in (rows, printed)]
    heard, wanted = plain
    at = 0
    for row in wanted:
        assert row in heard[at:], f"{row} is not spoken in {heard[at:]}"
        at = heard.index(row, at) + 1


def marked(page, reader: pypdf.PdfReader) -> dict[int, str]:
    """Text of each marked sequence of a page; fails for content outside of one."""
    fonts = {name: unicode_map(font.get_object()) for name, font in page["/Resources"]["/Font"].items()}
    sequences: dict[int, str] = {}
    open_at: list[int | None] = []
    font: dict[int, str] = {}
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        if operator == b"BDC":
            open_at.append(int(operands[1]["/MCID"]))
            assert open_at[-1] not in sequences, "a number that is used twice"
            sequences[open_at[-1]] = ""
        elif operator == b"BMC":
            assert operands[0] == "/Artifact", operands
            open_at.append(None)
        elif operator == b"EMC":
            open_at.pop()
        elif operator == b"Tf":
            font = fonts[operands[0]]
        elif operator in (b"Tj", b"S", b"Do"):
            assert len(open_at) == 1, f"{operator} outside of a sequence, or in two"
            if operator == b"Tj" and open_at[0] is not None:
                raw = operands[0].original_bytes
                codes = [int.from_bytes(raw[k : k + 2], "big") for k in range(0, len(raw), 2)]
                sequences[open_at[0]] += "".join(font[code] for code in codes)
    assert not open_at
    return sequences


def unicode_map(font) -> dict[int, str]:
    """The characters of a composite font by its codes, from its ToUnicode map."""
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>", font["/ToUnicode"].get_data())
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


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
