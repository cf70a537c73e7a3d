//! The README is true: its commands, run one after another beside a new dev world.

use std::path::Path;
use std::process::Command;

use crate::program::{ATHENZD, Dev, mode};

/// What stands between the fences that open with "```sh", in order.
fn shell_blocks(markdown: &str) -> Vec<&str> {
    markdown.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_tutorial_of_the_readme_works_as_it_is_written() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let blocks = shell_blocks(&readme);
    assert!(blocks.len() >= 7, "the tutorial lost its commands: {}", blocks.len());

    let folder = tempfile::tempdir().unwrap();
    let _dev = Dev::start(&folder.path().join("athenz-dev"));
    let programs = Path::new(ATHENZD).parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-euxc", &blocks.concat()])
        .current_dir(folder.path())
        .env("PATH", path)
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    let steps = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{steps}");
    assert!(
        said.contains("denied, as it should be") && said.contains("denied, and it says why"),
        "{said}\n{steps}"
    );
    assert!(said.contains("no new token, as it should be"), "{said}\n{steps}");
    assert_eq!(mode(&folder.path().join("web.key")), 0o600);
    assert!(folder.path().join("web/token").metadata().unwrap().len() > 200, "{steps}");
}
