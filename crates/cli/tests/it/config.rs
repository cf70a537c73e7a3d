//! Configuration files.

use std::fs;
use std::path::Path;

use crate::program::{ATHENZD, Dev, athenzd};

/// The examples that are shipped, with files of a development world in place of those of a machine.
pub(crate) fn examples(home: &Path, folder: &Path) -> (String, String) {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist");
    let pki = |name: &str| home.join("pki").join(name).display().to_string();
    let key = |name: &str| home.join("keys").join(name).display().to_string();
    let public = folder.join("zts-0.pub").display().to_string();
    let places = [
        ("/etc/athenz/zms/server", pki("zms")),
        ("/etc/athenz/zms/clients.crt", pki("clients.crt")),
        ("/etc/athenz/zms/signing-0.key", key("zms-0.key")),
        ("/etc/athenz/zms/zts-0.pub", public.clone()),
        ("/etc/athenz/zts/server", pki("zts")),
        ("/etc/athenz/zts/clients.crt", pki("clients.crt")),
        ("/etc/athenz/zts/ca.crt", pki("ca.crt")),
        ("/etc/athenz/zts/signing-0.key", key("zts-0.key")),
        ("/etc/athenz/zts/sys.auth.zts", pki("user.admin")),
        ("/etc/athenz/zts/issuer", pki("issuer")),
        ("/var/log/athenz-zms", folder.display().to_string()),
        ("/var/log/athenz-zts/access", folder.join("zts-access").display().to_string()),
        ("/var/lib/athenz-zms", folder.display().to_string()),
        ("/var/lib/athenz-zts", folder.display().to_string()),
    ];
    let private = fs::read_to_string(home.join("keys/zts-0.key")).unwrap();
    let zts_key = athenz_crypto::PrivateKey::from_pem(&private).unwrap();
    fs::write(public, zts_key.public_key().to_spki_pem()).unwrap();
    let read = |name: &str| {
        let text = fs::read_to_string(dist.join(name)).unwrap();
        places.iter().fold(text, |text, (from, to)| text.replace(from, to))
    };
    (read("zms.toml"), read("zts.toml"))
}

#[test]
fn the_shipped_examples_are_good_and_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    assert_eq!(Dev::start(&home).stop(), Some(0));
    let (zms, zts) = examples(&home, folder.path());
    let file = folder.path().join("server.toml").display().to_string();
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        athenzd(&["check-config", &file])
    };
    for (text, server) in [(&zms, "a ZMS"), (&zts, "a ZTS")] {
        let ended = check(text);
        assert!(ended.status == Some(0) && ended.stdout.contains(server), "{}{}", ended.stdout, ended.stderr);
    }
    for (text, from, to, told) in [
        (
            &zms,
            "domain_admin",
            "domain_admins",
            "unknown key `zms.domain_admins`; did you mean `domain_admin`?",
        ),
        (&zms, "operator_address", "operator_adress", "did you mean `operator_address`?"),
        (&zms, "[log]", "[lgo]", "unknown key `lgo`; did you mean `log`?"),
        (&zms, "level = \"info\"", "level = \"chatty\"", "`log.level`: unknown variant `chatty`"),
        (&zms, "id = \"0\"", "id = \"Zero\"", "a key id is"),
        (&zms, "sqlite:", "mysql:", "a store is `sqlite:<path>` or `postgres://…`"),
        (&zms, "zms-0.key", "none.key", "none.key"),
        (&zms, "log_retention = \"400d\"", "log_retention = \"5m\"", "[store] log_retention: keep the log"),
        (
            &zms,
            "access_log = \"",
            "access_log = \"/no/such/folder",
            "[server] access_log: there is no folder /no/such/folder",
        ),
        (&zms, "sqlite:", "sqlite:/no/such/folder", "[store] url: there is no folder /no/such/folder"),
        (
            &zms,
            "127.0.0.1:9443",
            "[::]:4443",
            "[server] operator_address: [::]:4443 is the address of the server",
        ),
        (&zms, "[log]", "[log", "server.toml is not TOML: TOML parse error"),
        (&zts, "update_interval", "update_intervall", "did you mean `update_interval`?"),
        (&zts, "[[zts.zms_public_keys]]", "[[zts.zms_public_key]]", "did you mean `zms_public_keys`?"),
        (&zts, "max_age = 86400", "max_age = 19", "19 seconds are less than two times update_interval"),
        (&zts, "issuer.key", "zms.key", "[issuer]"),
        (&zts, "records = \"sqlite:", "records = \"mysql:", "[issuer]: records: a store is `sqlite:<path>`"),
        (&zts, "# records_authorities", "records_authority", "did you mean `records_authorities`?"),
    ] {
        let ended = check(&text.replacen(from, to, 1));
        assert!(ended.error().contains(told), "{to}: {}", ended.stderr);
        assert_eq!(
            ended.error().matches("parse error").count(),
            usize::from(to == "[log"),
            "{}",
            ended.stderr
        );
    }
    let shared = zts.replacen("records = \"sqlite:", "# ", 1).replacen(
        "# records = \"postgres",
        "records = \"postgres",
        1,
    );
    assert_eq!(check(&shared).status, Some(0), "records in PostgreSQL");
    let ended = athenzd(&["check-config", "/no/such/file.toml"]);
    assert!(ended.error().contains("/no/such/file.toml"), "{}", ended.stderr);
}

#[test]
fn help_begins_with_what_the_program_is() {
    let help = |program: &str| {
        let output = std::process::Command::new(program).arg("--help").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(help(ATHENZD).starts_with("The servers of Athenz"), "{}", help(ATHENZD));
    let client = help(env!("CARGO_BIN_EXE_athenz"));
    assert!(client.starts_with("Identities, roles and policies of Athenz"), "{client}");
}

#[test]
fn servers_that_are_away_are_a_failure_and_no_denial() {
    let nobody = "https://127.0.0.1:1";
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_athenz"))
        .args(["status", "--zms", nobody, "--zts", nobody])
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(2), "{status:?}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    assert_eq!(Dev::start(&home).stop(), Some(0));
    let (zms, _) = examples(&home, folder.path());
    let file = folder.path().join("zms.toml");
    fs::write(&file, zms).unwrap();
    fs::set_permissions(home.join("keys/zms-0.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let ended = athenzd(&["check-config", file.to_str().unwrap()]);
    assert!(ended.error().contains("chmod 600"), "{}", ended.stderr);
}
