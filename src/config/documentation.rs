//! The table of settings for `docs/configuration.md`, generated from the embedded defaults.

use super::keys;

/// Writes the document.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Settings\n\nLater layers override earlier ones: the embedded `config/default.toml`, `--config FILE` or `SS_CONFIG`, the \
         environment, flags.\nThe key `a.b_c` is `SS_A__B_C` in the environment; giving a variable and its short name is an \
         error, as is an unknown\n`SS_*` name (names that begin with `SS_TEST_` belong to the test suite). An empty variable \
         counts as not given, an empty\ntext as not set. Lists are separated by commas. Every secret can be read from a file: \
         the key with `_file`, the variable\nor short name with `_FILE`; giving both is an error. All problems are \
         reported at once, each with its key and the origin\nof the value, and the line of a settings file; the program then exits with 78. A service that cannot start for another reason (the data directory, the\nport, certificates, the database, the engine's program outside of production) names the path, the setting with its origin, and what to do. \
         `stata-service config show` prints the settings in force.\n\nThis table is generated from the defaults; \
         `SS_TEST_RENEW=1 cargo test --test it operations::config_settings` renews it.\n\n\
         | key | default | short name | meaning |\n|---|---|---|---|\n",
    );
    for key in keys::in_order() {
        let alias = key.alias.map(|a| format!("`{a}`")).unwrap_or_default();
        let note = if key.effective { "" } else { " *No effect in this release.*" };
        let doc = format!("{}{note}", key.doc.replace('|', "\\|"));
        out.push_str(&format!("| `{}` | `{}` | {alias} | {doc} |\n", key.path, key.default));
    }
    out
}
