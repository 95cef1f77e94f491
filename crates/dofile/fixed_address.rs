//! The link argument of both programs, for their build scripts.

/// Has the program linked at a fixed address, where the dynamic linker has no table of addresses to correct: a run starts
/// the program twice, and that was a third of each start (docs/adr/0020).
pub(crate) fn link() {
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
