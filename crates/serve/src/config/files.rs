//! Files that a configuration names.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be looked at.
    #[error("private key file {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// Others may read or write it.
    #[error("private key file {path} is open to others (mode {mode:04o}); run `chmod 600 {path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    #[error(
        "private key file {path} belongs to another user (id {owner}); run `chown` for the user of this process"
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
}

/// Refuses a private key file that anybody but its owner may read or write, or that belongs to
/// somebody else than the user of this process or root. A link is followed.
///
/// # Errors
/// What is wrong with the file, and how to put it right.
pub fn check_private_key_file(path: &Path) -> Result<(), FileError> {
    let metadata =
        std::fs::metadata(path).map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileError::Open { path: path.to_owned(), mode });
    }
    let owner = metadata.uid();
    // where there is no /proc the owner is not looked at
    let ours = std::fs::metadata("/proc/self").map(|process| process.uid());
    if owner != 0 && ours.is_ok_and(|ours| ours != owner) {
        return Err(FileError::Owner { path: path.to_owned(), owner });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        assert!(matches!(check_private_key_file(&path), Err(FileError::Unreadable { .. })));
        std::fs::write(&path, "key").unwrap();
        for (mode, fits) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false), (0o644, false)]
        {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let result = check_private_key_file(&path);
            assert_eq!(result.is_ok(), fits, "{mode:o}");
            if let Err(error) = result {
                assert!(error.to_string().contains(&format!("mode 0{mode:o}); run `chmod 600")), "{error}");
            }
        }
    }
}
