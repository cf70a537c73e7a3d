//! Settings of ZMS. Names follow Athenz's properties (`athenz.zms.*`); defaults are Athenz's.

use std::collections::BTreeSet;
use std::path::PathBuf;

use athenz_model::names::{DomainName, UserDomains};
use serde::Deserialize;

use crate::audited_kind::AuditedKind;
use crate::limits::Limits;

/// The `[zms]` table of a configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// System administrators of a new store, `user.name` each.
    pub domain_admin: Vec<String>,
    /// Domain of people.
    pub user_domain: String,
    /// Parent of personal domains; the user domain when absent.
    pub home_domain: Option<String>,
    /// Domain of machine accounts; the user domain when absent.
    pub headless_user_domain: Option<String>,
    /// Another name for the user domain.
    pub user_domain_alias: Option<String>,
    /// Further domains whose members count as users.
    pub addl_user_check_domains: Vec<String>,
    /// Refuse all writes.
    pub read_only_mode: bool,
    /// Longest name of a new domain.
    pub domain_name_max_len: usize,
    /// New top-level domains may not have these names; `*` at the end matches any rest.
    pub reserved_domain_names: Vec<String>,
    /// Whether `POST /userdomain` is open.
    pub allow_user_domains: bool,
    /// Whether a user has a domain of its own before it is made.
    pub virtual_domain_support: bool,
    /// Most sub-domains of a personal domain; 0 is no limit.
    pub virtual_domain_limit: usize,
    /// Whether top-level domains need a product id.
    pub product_id_support: bool,
    /// Contact types a domain may name.
    pub domain_contact_types: Vec<String>,
    /// Environments a domain may name.
    pub domain_environments: Vec<String>,
    /// Attributes that must be empty before a domain may be deleted.
    pub domain_delete_meta_attributes: Vec<String>,
    /// Kinds of objects whose changes need an audit reference in an audit-enabled domain.
    pub audit_ref_check_objects: Vec<AuditedKind>,
    /// Whether `Athenz-Resource-Owner` is enforced.
    pub enforce_resource_ownership: bool,
    /// Whether services must exist to become members of roles.
    pub validate_service_members: bool,
    /// Domains whose services need not exist; `*` at the end matches any rest.
    pub validate_service_members_skip_domains: Vec<String>,
    /// Whether the role of an assertion must exist.
    pub validate_policy_assertion_roles: bool,
    /// Whether groups are kept out of admin roles.
    pub disallow_groups_in_admin_role: bool,
    /// Whether a product id belongs to one domain.
    pub enforce_unique_product_ids: bool,
    /// Whether an AWS account belongs to one domain.
    pub enforce_unique_aws_accounts: bool,
    /// Whether an Azure subscription belongs to one domain.
    pub enforce_unique_azure_subscriptions: bool,
    /// Whether a GCP project belongs to one domain.
    pub enforce_unique_gcp_projects: bool,
    /// Whether domains may share AWS accounts.
    pub allow_multiple_aws_accounts: bool,
    /// Names no service may have.
    pub reserved_service_names: Vec<String>,
    /// Shortest name of a service.
    pub service_name_min_length: usize,
    /// Whether service names may hold underscores.
    pub allow_underscore_in_service_names: bool,
    /// Whether a service that is made again has the memberships of the deleted one, as in Athenz.
    pub services_regain_memberships: bool,
    /// Host suffixes of provider endpoints; empty is any host.
    pub provider_endpoints: Vec<String>,
    /// Caps on membership days; 0 is no cap.
    pub default_max_user_expiry_days: i32,
    /// Caps on membership days of services; 0 is no cap.
    pub default_max_service_expiry_days: i32,
    /// Caps on membership days of groups; 0 is no cap.
    pub default_max_group_expiry_days: i32,
    /// How old the review date of a new role or group may be, days.
    pub review_date_offset_days_new_objects: i64,
    /// How old a review date set later may be, days.
    pub review_date_offset_days_updated_objects: i64,
    /// Most results of a service search.
    pub search_service_limit: usize,
    /// Limits of a domain without its own.
    pub quota: Limits,
    /// Solution templates; the shipped ones when absent.
    pub solution_templates_fname: Option<PathBuf>,
    /// Domain of the role whose members are service providers.
    pub service_provider_manager_domain: String,
    /// The role whose members are service providers.
    pub service_provider_manager_role: String,
    /// Services that may act for others; the shipped ones when absent.
    pub authz_service_fname: Option<PathBuf>,
    /// How long a user token lives, seconds.
    pub user_token_timeout: i64,
    /// Origins whose pages may ask for user tokens; empty is any.
    pub cors_origin_list: Vec<String>,
    /// Headers those pages may send.
    pub cors_header_list: Vec<String>,
    /// Days after which an expired member may be purged, where its domain says nothing; 0 is never.
    pub purge_member_expiry_days: i32,
    /// Together with the next: most members that one call purges.
    pub purge_task_max_db_calls_per_run: usize,
    /// Together with the one before: most members that one call purges.
    pub purge_task_limit_per_call: usize,
    /// Whether full signed domains go to everybody, not only to `sys.` services asking for the master copy.
    pub master_copy_for_signed_domains: bool,
    /// Whether services may set their own client id where the domain allows it too.
    pub client_id_self_update: bool,
    /// Whether deleting a trust role takes the tenant's assume_role assertions along.
    pub auto_delete_tenant_assume_role_assertions: bool,
}

impl Default for Config {
    fn default() -> Self {
        let words = |words: &str| words.split(' ').map(str::to_owned).collect();
        Self {
            domain_admin: Vec::new(),
            user_domain: "user".to_owned(),
            home_domain: None,
            headless_user_domain: None,
            user_domain_alias: None,
            addl_user_check_domains: Vec::new(),
            read_only_mode: false,
            domain_name_max_len: 128,
            reserved_domain_names: Vec::new(),
            allow_user_domains: true,
            virtual_domain_support: true,
            virtual_domain_limit: 5,
            product_id_support: false,
            domain_contact_types: Vec::new(),
            domain_environments: words("production integration staging sandbox qa development"),
            domain_delete_meta_attributes: Vec::new(),
            audit_ref_check_objects: vec![AuditedKind::Role, AuditedKind::Group],
            enforce_resource_ownership: true,
            validate_service_members: false,
            validate_service_members_skip_domains: Vec::new(),
            validate_policy_assertion_roles: false,
            disallow_groups_in_admin_role: true,
            enforce_unique_product_ids: true,
            enforce_unique_aws_accounts: true,
            enforce_unique_azure_subscriptions: true,
            enforce_unique_gcp_projects: true,
            allow_multiple_aws_accounts: false,
            reserved_service_names: words("com net org edu biz gov mil info name mobi cloud"),
            service_name_min_length: 3,
            allow_underscore_in_service_names: false,
            services_regain_memberships: false,
            provider_endpoints: Vec::new(),
            default_max_user_expiry_days: 0,
            default_max_service_expiry_days: 0,
            default_max_group_expiry_days: 0,
            review_date_offset_days_new_objects: 365,
            review_date_offset_days_updated_objects: 7,
            search_service_limit: 100,
            quota: Limits::default(),
            solution_templates_fname: None,
            service_provider_manager_domain: "sys.auth".to_owned(),
            service_provider_manager_role: "service_providers".to_owned(),
            authz_service_fname: None,
            user_token_timeout: 3600,
            cors_origin_list: Vec::new(),
            cors_header_list: words("* Accept Accept-Language Content-Language Content-Type Authorization"),
            purge_member_expiry_days: 180,
            purge_task_max_db_calls_per_run: 20,
            purge_task_limit_per_call: 500,
            master_copy_for_signed_domains: false,
            client_id_self_update: false,
            auto_delete_tenant_assume_role_assertions: false,
        }
    }
}

/// The settings as commands use them: names parsed, defaults filled in.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The settings as given.
    pub config: Config,
    /// The domains that decide what a name is.
    pub users: UserDomains,
    /// Domains that cannot be deleted.
    pub reserved: BTreeSet<DomainName>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[zms] {key}: {problem}")]
pub struct ConfigError {
    /// The key.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// System domains that every store has.
pub const SYSTEM_DOMAINS: [&str; 5] =
    ["sys", "sys.auth", "sys.auth.audit", "sys.auth.audit.org", "sys.auth.audit.domain"];

impl Rules {
    /// Checks the settings.
    ///
    /// # Errors
    /// A name that is none.
    pub fn new(mut config: Config) -> Result<Self, ConfigError> {
        let domain = |key: &'static str, text: &str| {
            DomainName::parse(text).map_err(|error| ConfigError { key, problem: error.to_string() })
        };
        if config.domain_name_max_len < 10 {
            config.domain_name_max_len = 128;
        }
        let user = domain("user_domain", &config.user_domain)?;
        let or_user = |key: &'static str, given: &Option<String>| match given {
            Some(text) => domain(key, text),
            None => Ok(user.clone()),
        };
        let users = UserDomains {
            home: or_user("home_domain", &config.home_domain)?,
            headless: or_user("headless_user_domain", &config.headless_user_domain)?,
            alias: config
                .user_domain_alias
                .as_deref()
                .map(|text| domain("user_domain_alias", text))
                .transpose()?,
            additional: config
                .addl_user_check_domains
                .iter()
                .map(|text| domain("addl_user_check_domains", text))
                .collect::<Result<_, _>>()?,
            user: user.clone(),
        };
        let mut reserved = BTreeSet::from([users.user.clone(), users.home.clone(), users.headless.clone()]);
        for name in SYSTEM_DOMAINS {
            reserved.insert(domain("reserved", name)?);
        }
        Ok(Self { config, users, reserved })
    }

    /// Whether a new top-level domain may not have this name.
    pub fn is_reserved_name(&self, name: &str) -> bool {
        self.config.reserved_domain_names.iter().any(|pattern| matches_prefix_pattern(pattern, name))
    }
}

/// Whether a name is the pattern, or begins with it where the pattern ends in `*`.
pub(crate) fn matches_prefix_pattern(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern.eq_ignore_ascii_case(name),
    }
}
