//! The comments of `config/default.toml`. The build script compiles this file too: docstrings of settings are these
//! comments.

/// The keys of a settings file in its order, each with the comment above it.
pub(crate) fn documented_lines(text: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut doc = String::new();
    let mut out = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            if !doc.is_empty() {
                doc.push(' ');
            }
            doc.push_str(comment.trim());
        } else if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = format!("{name}.");
            doc.clear();
        } else if let Some((name, _)) = line.split_once('=') {
            out.push((format!("{section}{}", name.trim()), std::mem::take(&mut doc)));
        } else {
            doc.clear();
        }
    }
    out
}
