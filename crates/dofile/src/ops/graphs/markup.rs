//! Marks inside the texts of a graph ([G-4] graph text): `{bf:…}`, `{it:…}`, `{sup:2}`, `{&alpha}`. The figure has one face
//! of type, so that words keep their letters and lose the marks; symbols, and digits above and below the line, are
//! characters.

/// Names of symbols and their characters.
const SYMBOLS: &[(&str, &str)] = &[
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("thetasym", "ϑ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("omicron", "ο"),
    ("pi", "π"),
    ("piv", "ϖ"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("sigmaf", "ς"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("upsih", "ϒ"),
    ("phi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Alpha", "Α"),
    ("Beta", "Β"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Epsilon", "Ε"),
    ("Zeta", "Ζ"),
    ("Eta", "Η"),
    ("Theta", "Θ"),
    ("Iota", "Ι"),
    ("Kappa", "Κ"),
    ("Lambda", "Λ"),
    ("Mu", "Μ"),
    ("Nu", "Ν"),
    ("Xi", "Ξ"),
    ("Omicron", "Ο"),
    ("Pi", "Π"),
    ("Rho", "Ρ"),
    ("Sigma", "Σ"),
    ("Tau", "Τ"),
    ("Upsilon", "Υ"),
    ("Phi", "Φ"),
    ("Chi", "Χ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("weierp", "℘"),
    ("image", "ℑ"),
    ("real", "ℜ"),
    ("alefsym", "ℵ"),
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("le", "≤"),
    ("ge", "≥"),
    ("ne", "≠"),
    ("fnof", "ƒ"),
    ("function", "ƒ"),
    ("forall", "∀"),
    ("part", "∂"),
    ("exist", "∃"),
    ("empty", "∅"),
    ("nabla", "∇"),
    ("isin", "∈"),
    ("element", "∈"),
    ("notin", "∉"),
    ("prod", "∏"),
    ("sum", "∑"),
    ("minus", "−"),
    ("plusmn", "±"),
    ("plusminus", "±"),
    ("lowast", "∗"),
    ("radic", "√"),
    ("sqrt", "√"),
    ("prop", "∝"),
    ("infin", "∞"),
    ("infinity", "∞"),
    ("ang", "∠"),
    ("angle", "∠"),
    ("and", "∧"),
    ("or", "∨"),
    ("cap", "∩"),
    ("intersect", "∩"),
    ("cup", "∪"),
    ("union", "∪"),
    ("int", "∫"),
    ("integral", "∫"),
    ("there4", "∴"),
    ("therefore", "∴"),
    ("sim", "∼"),
    ("cong", "≅"),
    ("asymp", "≈"),
    ("equiv", "≡"),
    ("sub", "⊂"),
    ("subset", "⊂"),
    ("sup", "⊃"),
    ("superset", "⊃"),
    ("nsub", "⊄"),
    ("sube", "⊆"),
    ("supe", "⊇"),
    ("oplus", "⊕"),
    ("otimes", "⊗"),
    ("perp", "⊥"),
    ("orthog", "⊥"),
    ("sdot", "⋅"),
    ("dot", "⋅"),
    ("prime", "′"),
    ("Prime", "″"),
    ("frasl", "⁄"),
    ("larr", "←"),
    ("uarr", "↑"),
    ("rarr", "→"),
    ("darr", "↓"),
    ("harr", "↔"),
    ("crarr", "↵"),
    ("lArr", "⇐"),
    ("uArr", "⇑"),
    ("rArr", "⇒"),
    ("dArr", "⇓"),
    ("hArr", "⇔"),
    ("trade", "™"),
    ("trademark", "™"),
    ("reg", "®"),
    ("copy", "©"),
    ("copyright", "©"),
    ("bull", "•"),
    ("bullet", "•"),
    ("hellip", "…"),
    ("ellipsis", "…"),
    ("loz", "◊"),
    ("lozenge", "◊"),
    ("spades", "♠"),
    ("clubs", "♣"),
    ("hearts", "♥"),
    ("diams", "♦"),
    ("diamonds", "♦"),
    ("degree", "°"),
    ("deg", "°"),
];

const PLAIN: &str = "0123456789+-=()n";
const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ";
const LOWERED: &str = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ";

/// The text as it is read, without marks.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        match mark(inside) {
            Some((shown, length)) => {
                out.push_str(&shown);
                rest = &inside[length..];
            }
            None => {
                out.push('{');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The reading of a mark behind its brace, and its length with the closing brace.
fn mark(inside: &str) -> Option<(String, usize)> {
    let end = closing(inside)?;
    let content = &inside[..end];
    if let Some(name) = content.strip_prefix('&') {
        let name = name.trim_end_matches(';');
        let (_, symbol) = SYMBOLS.iter().find(|(known, _)| *known == name)?;
        return Some(((*symbol).to_string(), end + 1));
    }
    let (tag, words) = content.split_once(':')?;
    let tag = tag.split_whitespace().next()?;
    let words = plain(words);
    let shown = match tag {
        "bf" | "bold" | "it" | "italic" | "sf" | "rm" | "stSans" | "stSerif" | "stMono" | "stSymbol"
        | "fontface" | "text" | "res" | "result" => words,
        "sup" | "superscript" => moved(&words, RAISED),
        "sub" | "subscript" => moved(&words, LOWERED),
        _ => return None,
    };
    Some((shown, end + 1))
}

/// Where the brace is closed that was opened before the text.
fn closing(inside: &str) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(i),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Characters above or below the line; words for which there are none stay on it.
fn moved(words: &str, characters: &str) -> String {
    let character = |c: char| PLAIN.chars().position(|p| p == c).and_then(|i| characters.chars().nth(i));
    words.chars().map(character).collect::<Option<String>>().unwrap_or_else(|| words.to_string())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn marks_are_read() {
        assert_eq!(plain("{bf:A. {it:Top}} and {&alpha}{sub:10}"), "A. Top and α₁₀");
        assert_eq!(plain("R{sup:2} {&le} .5, CO{subscript:2}, x{sup:ab}"), "R² ≤ .5, CO₂, xab");
        assert_eq!(plain("{fontface Arial:words}"), "words");
    }

    #[test]
    fn other_braces_stay() {
        for text in ["{a, b}", "f{x", "{&nosuch}", "set {1:2}", "}{"] {
            assert_eq!(plain(text), text);
        }
    }
}
