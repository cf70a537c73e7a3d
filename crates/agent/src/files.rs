//! Files that are there whole or not at all.
//!
//! A file is written beside its place, brought to disk, and renamed. Two files that belong together
//! are both staged before the first rename, so that whoever finds only one renamed can finish. What
//! power loss has left may be anything, so a certificate is installed only beside its key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use athenz_crypto::keys::PrivateKey;
use athenz_crypto::x509::Certificate;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner only: keys, tokens.
    Owner,
    /// Everybody: certificates, policies.
    All,
}

impl Readers {
    const fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::All => 0o644,
        }
    }
}

/// A file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

/// Replaces a file, or makes it, folders included.
///
/// # Errors
/// The old file, if there was one, is untouched.
pub fn write(path: &Path, contents: &[u8], readers: Readers) -> Result<(), WriteError> {
    let staged = with_suffix(path, ".tmp");
    stage(&staged, contents, readers).and_then(|()| install(&staged, path)).map_err(|error| {
        // a leftover would only be in the way of nobody
        let _ = fs::remove_file(&staged);
        WriteError { path: path.to_owned(), error }
    })
}

/// Replaces a private key and its certificate together.
///
/// # Errors
/// Both old files are untouched, or both new ones are staged and [`finish_pair`] completes it.
pub fn write_pair(key: (&Path, &[u8]), certificate: (&Path, &[u8])) -> Result<(), WriteError> {
    let failed = |path: &Path, error| WriteError { path: path.to_owned(), error };
    if !is_pair(key.1, certificate.1) {
        let error = io::Error::new(io::ErrorKind::InvalidData, "the certificate does not fit the key");
        return Err(failed(certificate.0, error));
    }
    let (staged_key, staged_certificate) = (with_suffix(key.0, NEXT), with_suffix(certificate.0, NEXT));
    stage(&staged_key, key.1, Readers::Owner).map_err(|error| failed(key.0, error))?;
    stage(&staged_certificate, certificate.1, Readers::All).map_err(|error| failed(certificate.0, error))?;
    finish_pair(key.0, certificate.0)
}

/// What a staged file of a pair ends with.
const NEXT: &str = ".next";

/// Completes a [`write_pair`] that was interrupted: the certificate is staged last and renamed
/// last, so while it is staged whole, its key is staged or in place. Where neither fits it, what is
/// staged is discarded.
///
/// # Errors
/// A rename is refused.
pub fn finish_pair(key: &Path, certificate: &Path) -> Result<(), WriteError> {
    let failed = |path: &Path, error| WriteError { path: path.to_owned(), error };
    let (staged_key, staged_certificate) = (with_suffix(key, NEXT), with_suffix(certificate, NEXT));
    if are_pair(&staged_key, &staged_certificate) {
        install(&staged_key, key).map_err(|error| failed(key, error))?;
    }
    if are_pair(key, &staged_certificate) {
        install(&staged_certificate, certificate).map_err(|error| failed(certificate, error))?;
    }
    // the certificate first: a key alone is never installed
    let _ = fs::remove_file(&staged_certificate);
    let _ = fs::remove_file(&staged_key);
    Ok(())
}

/// Whether both files are there whole and the certificate is of the key.
fn are_pair(key: &Path, certificate: &Path) -> bool {
    matches!((fs::read(key), fs::read(certificate)), (Ok(key), Ok(certificate)) if is_pair(&key, &certificate))
}

fn is_pair(key: &[u8], certificate: &[u8]) -> bool {
    let chain = Certificate::from_pem_bundle(&String::from_utf8_lossy(certificate)).unwrap_or_default();
    let certified = chain.first().and_then(|leaf| leaf.public_key().ok());
    let key = PrivateKey::from_pem(&String::from_utf8_lossy(key));
    key.is_ok_and(|key| certified.as_ref() == Some(key.public_key()))
}

/// Writes a new file and brings it to disk; a file of that name from before is removed.
fn stage(path: &Path, contents: &[u8], readers: Readers) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // under another name until it is whole: its presence means that it is
    let half = with_suffix(path, ".half");
    let _ = fs::remove_file(&half);
    let mut file = create(&half, readers)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&half, path)?;
    sync_folder(path)
}

fn install(staged: &Path, path: &Path) -> io::Result<()> {
    fs::rename(staged, path)?;
    sync_folder(path)
}

/// Brings the names in the folder of a file to disk, so that none outlives power loss before
/// another that came first.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// Makes a file that was not there, with its mode from the first moment; a link is not followed.
fn create(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // whatever the umask of the process is
        file.set_permissions(fs::Permissions::from_mode(readers.mode()))?;
    }
    Ok(file)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use athenz_crypto::keys::Curve;
    use athenz_crypto::random::SystemRandom;
    use athenz_crypto::ring::SigningKey;
    use athenz_crypto::x509::{Authority, Subject};
    use athenz_model::Timestamp;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_have_their_mode_and_leave_nothing_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/key.pem");
        for contents in ["one", "two"] {
            write(&path, contents.as_bytes(), Readers::Owner).unwrap();
            assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), (contents, 0o600));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        write(&path, b"three", Readers::All).unwrap();
        assert_eq!(mode(&path), 0o644);
        assert_eq!(names(path.parent().unwrap()), ["key.pem"]);
    }

    #[test]
    fn a_link_in_the_way_is_replaced_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let victim = folder.path().join("victim");
        fs::write(&victim, "untouched").unwrap();
        for name in ["key.pem", "key.pem.tmp", "key.pem.tmp.half"] {
            std::os::unix::fs::symlink(&victim, folder.path().join(name)).unwrap();
        }
        write(&path, b"key", Readers::Owner).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(fs::read_to_string(&path).unwrap(), "key");
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[test]
    fn a_refused_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        write(&path, b"old", Readers::Owner).unwrap();
        fs::create_dir(folder.path().join("key.pem.tmp")).unwrap();
        assert!(write(&path, b"new", Readers::Owner).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    /// A key and a certificate of it.
    fn pair(name: &str) -> [String; 2] {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let text = key.to_pkcs8_pem().unwrap().to_string();
        let key = SigningKey::in_process("0".parse().unwrap(), key);
        let (name, now) = (Subject::common_name(name), Timestamp::from_seconds(1_800_000_000));
        let certified = Authority::self_signed(key, &name, now, 30, &SystemRandom).unwrap();
        [text, certified.certificate().to_pem()]
    }

    /// Every moment at which the process or the power could end, replayed as the files it would
    /// leave: the key in place, and what is staged.
    #[test]
    fn an_interrupted_pair_is_old_or_finished() {
        let (old, new) = (pair("old"), pair("new"));
        let half = [new[0].clone(), new[1].chars().take(new[1].len() / 2).collect()];
        for (case, in_place, left, expected) in [
            ("nothing", &old, [None, None], &old),
            ("the key", &old, [Some(&new), None], &old),
            ("both", &old, [Some(&new), Some(&new)], &new),
            ("the key is in place", &new, [None, Some(&new)], &new),
            ("the key got lost", &old, [None, Some(&new)], &old),
            ("half a certificate", &old, [Some(&new), Some(&half)], &old),
            ("an older key, and the certificate of the one in place", &new, [Some(&old), Some(&new)], &new),
            ("a certificate of the present key", &old, [Some(&new), Some(&old)], &old),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (key, certificate) = (folder.path().join("key"), folder.path().join("cert"));
            fs::write(&key, &in_place[0]).unwrap();
            fs::write(&certificate, &old[1]).unwrap();
            for (name, index) in [("key.next", 0), ("cert.next", 1)] {
                if let Some(staged) = left[index] {
                    fs::write(folder.path().join(name), &staged[index]).unwrap();
                }
            }
            finish_pair(&key, &certificate).unwrap();
            let found = [fs::read_to_string(&key).unwrap(), fs::read_to_string(&certificate).unwrap()];
            assert!(found == *expected, "{case}");
            assert_eq!(names(folder.path()), ["cert", "key"], "{case}");
            write_pair((&key, new[0].as_bytes()), (&certificate, new[1].as_bytes())).unwrap();
            assert_eq!((mode(&key), mode(&certificate)), (0o600, 0o644));
            let refused = write_pair((&key, old[0].as_bytes()), (&certificate, new[1].as_bytes()));
            assert!(refused.is_err(), "{case}");
            assert_eq!(names(folder.path()), ["cert", "key"], "{case}: nothing is staged");
        }
    }
}
