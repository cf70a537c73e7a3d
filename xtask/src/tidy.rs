//! The rules of the house: who may use what, and what stands where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

/// The crates of ours that each may depend on (not counting tests).
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("policy", &["model"]),
    ("world", &["model", "policy"]),
    ("crypto", &["model"]),
    ("store", &["model", "policy", "world"]),
    ("serve", &["model", "crypto"]),
    ("zms", &["model", "policy", "world", "store", "serve", "crypto"]),
    ("zts", &["model", "policy", "store", "serve", "crypto", "client"]),
    ("client", &["model", "crypto"]),
    ("zpe", &["model", "policy", "client", "crypto"]),
    ("agent", &["model", "client", "crypto", "zpe"]),
    ("conformance", &["model"]),
    (
        "cli",
        &["agent", "client", "crypto", "model", "policy", "serve", "store", "world", "zms", "zpe", "zts"],
    ),
    (
        "testkit",
        &["cli", "client", "conformance", "crypto", "model", "serve", "store", "world", "zms", "zts"],
    ),
];

/// Crates from outside that only some of ours may use.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("aws-lc-rs", &["crypto"]),
    ("rusqlite", &["store"]),
    ("tokio-postgres", &["store"]),
    ("reqwest", &["client"]),
    ("clap", &["cli"]),
];

/// Crates that must not know of tasks and threads.
const WITHOUT_TOKIO: &[&str] = &["model", "policy", "world"];

/// Crates from outside that nobody may use.
const BANNED: &[&str] = &["openssl", "native-tls", "chrono", "serde_yaml", "lazy_static", "once_cell"];

/// Most lines of a source file, generated files aside.
const LINES: usize = 800;

/// Files that are tables, written by machine.
const GENERATED: &[&str] =
    &["crates/model/src/wire/zms.rs", "crates/model/src/wire/zts.rs", "crates/model/src/wire/operations.rs"];

/// Checks everything and names all that is wrong.
pub(crate) fn check() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let mut problems = Vec::new();
    check_dependencies(&root, &mut problems)?;
    check_sources(&root, &mut problems)?;
    check_dependency_reasons(&root, &mut problems)?;
    ensure!(problems.is_empty(), "not tidy:\n  {}", problems.join("\n  "));
    Ok(())
}

/// The names under `[dependencies]` of a manifest.
fn dependencies(manifest: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(manifest)?;
    let section = text.split("\n[").find_map(|section| section.strip_prefix("dependencies]"));
    let lines = section.unwrap_or_default().lines();
    let name = |line: &str| line.split(['.', ' ', '=']).next().map(str::to_owned);
    Ok(lines.filter(|line| !line.starts_with('#')).filter_map(name).filter(|name| !name.is_empty()).collect())
}

fn crates(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            found.insert(name.to_owned(), path.clone());
        }
    }
    Ok(found)
}

fn check_dependencies(root: &Path, problems: &mut Vec<String>) -> Result<()> {
    for (name, path) in crates(root)? {
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            problems.push(format!("crates/{name} has no line in the table of xtask/src/tidy.rs"));
            continue;
        };
        for dependency in dependencies(&path.join("Cargo.toml"))? {
            if let Some(ours) = dependency.strip_prefix("athenz-").filter(|ours| !allowed.contains(ours)) {
                problems.push(format!("{name} must not use {ours}"));
            }
            if dependency.starts_with("tokio") && WITHOUT_TOKIO.contains(&name.as_str()) {
                problems.push(format!("{name} must not use {dependency}"));
            }
            if BANNED.contains(&dependency.as_str()) {
                problems.push(format!("nobody uses {dependency}, {name} does"));
            }
            let only = ONLY_IN.iter().find(|(library, _)| *library == dependency);
            if only.is_some_and(|(_, owners)| !owners.contains(&name.as_str())) {
                problems.push(format!(
                    "{dependency} belongs to {:?}, not to {name}",
                    only.map(|(_, owners)| owners)
                ));
            }
        }
    }
    Ok(())
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn check_sources(root: &Path, problems: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files)?;
    for file in files {
        let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let text = std::fs::read_to_string(&file)?;
        let lines = text.lines().count();
        if lines > LINES && !GENERATED.contains(&shown.as_str()) {
            problems.push(format!("{shown} has {lines} lines, more than {LINES}"));
        }
        let reads_clock = text.contains("SystemTime::now()") && !shown.contains("/tests/");
        if reads_clock && shown != "crates/model/src/clock.rs" {
            problems.push(format!("{shown} reads the real clock: take a Clock"));
        }
        if has_sql(&text) && !shown.starts_with("crates/store/") {
            problems.push(format!("{shown} has SQL in it: that belongs into store"));
        }
    }
    Ok(())
}

fn has_sql(text: &str) -> bool {
    ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "].iter().any(|start| text.contains(start))
}

/// Every dependency of ours on others has a line of reason.
fn check_dependency_reasons(root: &Path, problems: &mut Vec<String>) -> Result<()> {
    let reasons = std::fs::read_to_string(root.join("docs/dependencies.md"))?;
    let mut manifests: Vec<PathBuf> =
        crates(root)?.into_values().map(|path| path.join("Cargo.toml")).collect();
    manifests.push(root.join("xtask/Cargo.toml"));
    for manifest in manifests {
        for dependency in dependencies(&manifest)? {
            if !dependency.starts_with("athenz-") && !reasons.contains(&format!("`{dependency}`")) {
                problems.push(format!("docs/dependencies.md has no reason for {dependency}"));
            }
        }
    }
    problems.dedup();
    Ok(())
}
