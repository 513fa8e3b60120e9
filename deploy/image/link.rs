//! How the program is linked: addresses that are set right when it starts are written in a short
//! form (RELR), where the C library can read it. Else they are two and a half megabytes, which
//! every start reads and a process keeps.

use std::env;
use std::process::Command;

/// The first version of glibc that can read it.
const GLIBC: (u32, u32) = (2, 36);

#[expect(clippy::print_stdout, reason = "this is how cargo is told")]
fn main() {
    println!("cargo::rerun-if-changed=deploy/image/link.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_gnu = target("OS") == "linux" && target("ENV") == "gnu";
    if is_gnu && glibc().is_some_and(|version| version >= GLIBC) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's C library, if it is glibc: what is built here runs there.
fn glibc() -> Option<(u32, u32)> {
    let answer = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
