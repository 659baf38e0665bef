//! Turns the message catalogues `messages/*.toml` into typed Rust before the crate is compiled.
//!
//! A template that names a text which does not exist, or forgets a placeholder, does not compile;
//! nor does a translation with an unknown text or a different placeholder. A new language is a
//! new file and nothing else.

#![expect(unreachable_pub, reason = "the module belongs to the program, which says `pub`")]

#[path = "src/pages/messages/compile.rs"]
mod compile;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

const CATALOGUES: &str = "messages";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={CATALOGUES}");
    // They are embedded at compile time, and a new file alone would not be noticed.
    println!("cargo::rerun-if-changed=../migrations");
    let mut english = None;
    let mut translations = Vec::new();
    for entry in fs::read_dir(CATALOGUES)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let tag = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let source = fs::read_to_string(&path)?;
        match tag {
            Some(tag) if tag == compile::ENGLISH => english = Some(source),
            Some(tag) => translations.push((tag, source)),
            None => {}
        }
    }
    translations.sort();
    let english = english.ok_or("messages/en.toml is missing")?;
    let code = compile::compile(&english, &translations)
        .map_err(|mistakes| format!("message catalogues:\n  {}", mistakes.join("\n  ")))?;
    let target = PathBuf::from(env::var("OUT_DIR")?).join("messages.rs");
    fs::write(target, code)?;
    Ok(())
}
