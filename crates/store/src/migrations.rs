//! Versions of the tables: forward only, each applied once, never changed afterwards.

use crate::error::StoreError;

/// One step from a version of the tables to the next.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

macro_rules! migrations {
    ($folder:literal: $($version:literal $name:literal),*) => {
        &[$(Migration {
            version: $version,
            name: $name,
            text: include_str!(concat!("../migrations/", $folder, "/", $name, ".sql")),
        }),*]
    };
}

pub(crate) const SQLITE: &[Migration] =
    migrations!("sqlite": 1 "0001_rows_and_log", 2 "0002_departed_services");
pub(crate) const POSTGRES: &[Migration] =
    migrations!("postgres": 1 "0001_rows_and_log", 2 "0002_departed_services");

/// The table that remembers what was applied; both databases take it.
pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS store_migration (
    version bigint NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL)";
pub(crate) const APPLIED: &str = "SELECT version, checksum FROM store_migration ORDER BY version";
pub(crate) const RECORD: &str = "INSERT INTO store_migration (version, name, checksum) VALUES ($1, $2, $3)";

impl Migration {
    /// 64-bit FNV-1a of the text: finds a step that was edited after it had been applied.
    pub(crate) fn checksum(&self) -> String {
        let hash = self.text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

/// The steps that are still to be applied, given those that were.
pub(crate) fn outstanding<'a>(
    all: &'a [Migration],
    applied: &[(i64, String)],
) -> Result<&'a [Migration], StoreError> {
    for (place, (version, checksum)) in applied.iter().enumerate() {
        let Some(known) = all.get(place) else {
            return Err(StoreError::Schema(format!(
                "the store has tables of version {version}, newer than this program knows; use a newer program"
            )));
        };
        if known.version != *version || known.checksum() != *checksum {
            return Err(StoreError::Schema(format!(
                "migration {} of the store is not the one this program has; \
                 use the program that made the store, or restore a backup",
                known.name
            )));
        }
    }
    Ok(all.get(applied.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Migration] =
        &[Migration { version: 1, name: "one", text: "a" }, Migration { version: 2, name: "two", text: "b" }];

    fn applied(count: usize) -> Vec<(i64, String)> {
        STEPS.iter().take(count).map(|step| (step.version, step.checksum())).collect()
    }

    #[test]
    fn only_what_was_not_applied_is_outstanding() {
        for count in 0..=2 {
            let versions: Vec<i64> =
                outstanding(STEPS, &applied(count)).unwrap().iter().map(|step| step.version).collect();
            assert_eq!(versions.len(), 2 - count);
        }
    }

    #[test]
    fn edited_or_newer_tables_are_refused() {
        let mut edited = applied(1);
        edited[0].1 = "0".repeat(16);
        assert!(outstanding(STEPS, &edited).is_err());
        let error = outstanding(&STEPS[..1], &applied(2)).unwrap_err();
        assert!(error.to_string().contains("newer"), "{error}");
    }

    #[test]
    fn both_databases_have_the_same_steps() {
        let names =
            |steps: &[Migration]| steps.iter().map(|step| (step.version, step.name)).collect::<Vec<_>>();
        assert_eq!(names(SQLITE), names(POSTGRES));
    }
}
