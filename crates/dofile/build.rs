//! Links the program at a fixed address.
#![expect(clippy::disallowed_methods, reason = "cargo tells a build script its target in the environment")]

mod fixed_address;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=fixed_address.rs");
    fixed_address::link();
}
