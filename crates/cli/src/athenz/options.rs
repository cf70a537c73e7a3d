//! What can be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Identities, roles and policies of Athenz, from the command line.
#[derive(Debug, Parser)]
#[command(
    name = "athenz",
    version,
    propagate_version = true,
    after_help = "Exit status: 0 done or allowed, 1 denied, 2 failed.\n\n\
        Without options the folder ./athenz-dev of `athenzd dev` is used, as the user it was made for.\n\n\
        Examples:\n  athenz status\n  athenz domain create shop\n  athenz --as user.jane access read shop:orders.17"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the servers are, and who asks.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GlobalOptions {
    /// URL of ZMS, for example https://zms.example.com:4443
    #[arg(long, global = true, env = "ZMS", value_name = "URL")]
    pub(crate) zms: Option<String>,
    /// URL of ZTS, for example https://zts.example.com:8443
    #[arg(long, global = true, env = "ZTS", value_name = "URL")]
    pub(crate) zts: Option<String>,
    /// Certificate of the caller, PEM
    #[arg(long, global = true, env = "ATHENZ_CERT", value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Private key of the caller, PEM
    #[arg(long, global = true, env = "ATHENZ_KEY", value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Authorities that may vouch for the servers, PEM; without it those of the machine
    #[arg(long, global = true, env = "ATHENZ_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Folder of an `athenzd dev`: its URLs, authority and users are the defaults
    #[arg(long, global = true, env = "ATHENZ_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// User of the development folder to act as
    #[arg(long = "as", global = true, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Form of what is printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// Why a change is made, for the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) audit_ref: Option<String>,
    /// Seconds until a call is given up
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: u64,
}

/// Form of what is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Whether the servers answer
    #[command(after_help = "Example:\n  athenz status")]
    Status,
    /// Domains: what belongs together and is administered together
    #[command(subcommand, after_help = "Example:\n  athenz domain create shop")]
    Domain(DomainCommand),
    /// Roles: names for sets of users and services
    #[command(subcommand, after_help = "Example:\n  athenz role create shop reader --member shop.web")]
    Role(RoleCommand),
    /// Policies: what roles may do
    #[command(
        subcommand,
        after_help = "Example:\n  athenz policy create shop readers grant read to reader on 'orders.*'"
    )]
    Policy(PolicyCommand),
    /// Services: what has an identity of its own
    #[command(subcommand, after_help = "Example:\n  athenz service create shop.web --new-key web.key")]
    Service(ServiceCommand),
    /// Providers: services that vouch for new instances
    #[command(subcommand, after_help = "Example:\n  athenz provider authorize sys.auth.zts")]
    Provider(ProviderCommand),
    /// Ask a server whether a principal may do something
    #[command(after_help = "Exit status: 0 granted, 1 denied, 2 could not be asked.\n\n\
            Examples:\n  athenz access read shop:orders.17 --principal shop.web\n  athenz access --server zts read shop:orders.17")]
    Access(AccessArguments),
    /// Certificates of services
    #[command(
        subcommand,
        after_help = "Example:\n  athenz identity register shop.web --instance laptop-1 --key-id v0 --dir ."
    )]
    Identity(IdentityCommand),
    /// Get an access token, or a role token
    #[command(
        after_help = "The token is kept in the user's cache folder until a quarter of its life is left.\n\n\
            Examples:\n  athenz --cert web.crt --key web.key token --domain shop --role reader\n  \
            curl -H \"$(athenz token --domain shop --header)\" https://shop.example.com/orders/17"
    )]
    Token(TokenArguments),
    /// Signed policies for local decisions
    #[command(subcommand, after_help = "Example:\n  athenz policies fetch shop --dir policies")]
    Policies(PoliciesCommand),
    /// Decide locally, from a token and policies on disk, and say why
    #[command(
        after_help = "No server is asked when the folder holds the public keys, as `athenz policies fetch` leaves it.\n\
            Exit status: 0 allow, 1 deny, 2 could not decide.\n\n\
            Examples:\n  athenz check read shop:orders.17 --token @token.txt --policies policies\n  \
            athenz token --domain shop | athenz check read orders.17 --token - --policies policies"
    )]
    Check(CheckArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DomainCommand {
    /// Names of domains
    #[command(after_help = "Example:\n  athenz domain list --prefix shop")]
    List {
        /// Names that begin so
        #[arg(long)]
        prefix: Option<String>,
    },
    /// Make a domain, or a sub-domain of one that exists
    #[command(
        after_help = "Examples:\n  athenz domain create shop\n  athenz domain create shop.stock --admin user.jane"
    )]
    Create {
        /// Name of the domain
        domain: String,
        /// Administrators; without it the caller
        #[arg(long = "admin", value_name = "PRINCIPAL")]
        admins: Vec<String>,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// What is in a domain
    #[command(after_help = "Example:\n  athenz domain show shop")]
    Show {
        /// Name of the domain
        domain: String,
    },
    /// Delete a domain with everything in it
    #[command(after_help = "Example:\n  athenz domain delete shop")]
    Delete {
        /// Name of the domain
        domain: String,
    },
    /// Apply a template of the server
    #[command(
        after_help = "Example:\n  athenz domain apply-template shop zts_instance_launch_provider --param service=web"
    )]
    ApplyTemplate {
        /// Name of the domain
        domain: String,
        /// Name of the template
        template: String,
        /// Values for its places
        #[arg(long = "param", value_name = "NAME=VALUE")]
        parameters: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// Roles of a domain
    #[command(after_help = "Example:\n  athenz role list shop")]
    List {
        /// Name of the domain
        domain: String,
    },
    /// Make a role, or replace it
    #[command(
        after_help = "Examples:\n  athenz role create shop reader --member shop.web --member user.jane\n  \
            athenz role create shop partner-reader --trust partner"
    )]
    Create {
        /// Name of the domain
        domain: String,
        /// Name of the role
        role: String,
        /// Members: users, services, groups
        #[arg(long = "member", value_name = "PRINCIPAL", conflicts_with = "trust")]
        members: Vec<String>,
        /// The domain that says who the members are
        #[arg(long, value_name = "DOMAIN")]
        trust: Option<String>,
    },
    /// Who is in a role
    #[command(after_help = "Example:\n  athenz role show shop reader")]
    Show {
        /// Name of the domain
        domain: String,
        /// Name of the role
        role: String,
        /// Also the members that another domain names
        #[arg(long)]
        expand: bool,
    },
    /// Delete a role
    #[command(after_help = "Example:\n  athenz role delete shop reader")]
    Delete {
        /// Name of the domain
        domain: String,
        /// Name of the role
        role: String,
    },
    /// Add a member, or change its end
    #[command(
        after_help = "Example:\n  athenz role add-member shop reader user.jane --expires 2027-01-01T00:00:00Z"
    )]
    AddMember {
        /// Name of the domain
        domain: String,
        /// Name of the role
        role: String,
        /// A user, service or group
        member: String,
        /// When the membership ends (RFC 3339)
        #[arg(long, value_name = "MOMENT")]
        expires: Option<String>,
    },
    /// Take a member out
    #[command(after_help = "Example:\n  athenz role delete-member shop reader user.jane")]
    DeleteMember {
        /// Name of the domain
        domain: String,
        /// Name of the role
        role: String,
        /// A user, service or group
        member: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Policies of a domain
    #[command(after_help = "Example:\n  athenz policy list shop")]
    List {
        /// Name of the domain
        domain: String,
    },
    /// Make a policy, or replace it
    #[command(
        after_help = "Examples:\n  athenz policy create shop readers grant read to reader on 'orders.*'\n  athenz policy create shop empty"
    )]
    Create {
        /// Name of the domain
        domain: String,
        /// Name of the policy
        policy: String,
        /// `grant ACTION to ROLE on RESOURCE`, or `deny …`
        #[arg(value_name = "ASSERTION", trailing_var_arg = true)]
        assertion: Vec<String>,
    },
    /// What a policy says
    #[command(after_help = "Example:\n  athenz policy show shop readers")]
    Show {
        /// Name of the domain
        domain: String,
        /// Name of the policy
        policy: String,
    },
    /// Delete a policy
    #[command(after_help = "Example:\n  athenz policy delete shop readers")]
    Delete {
        /// Name of the domain
        domain: String,
        /// Name of the policy
        policy: String,
    },
    /// Add an assertion
    #[command(
        after_help = "Example:\n  athenz policy add-assertion shop readers deny read to reader on orders.secret"
    )]
    AddAssertion {
        /// Name of the domain
        domain: String,
        /// Name of the policy
        policy: String,
        /// `grant ACTION to ROLE on RESOURCE`, or `deny …`
        #[arg(value_name = "ASSERTION", required = true, trailing_var_arg = true)]
        assertion: Vec<String>,
    },
    /// Take an assertion away, by the number that `show` prints
    #[command(after_help = "Example:\n  athenz policy delete-assertion shop readers 17")]
    DeleteAssertion {
        /// Name of the domain
        domain: String,
        /// Name of the policy
        policy: String,
        /// Number of the assertion
        id: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Services of a domain
    #[command(after_help = "Example:\n  athenz service list shop")]
    List {
        /// Name of the domain
        domain: String,
    },
    /// Make a service, or replace it
    #[command(after_help = "Examples:\n  athenz service create shop.web --new-key web.key\n  \
            athenz service create shop.web --public-key web.pub --key-id v1 --allow-provider sys.auth.zts")]
    Create {
        /// `DOMAIN.SERVICE`
        service: String,
        #[command(flatten)]
        key: KeyChoice,
        /// Let this provider launch instances of the service
        #[arg(long, value_name = "PROVIDER")]
        allow_provider: Option<String>,
    },
    /// Keys and hosts of a service
    #[command(after_help = "Example:\n  athenz service show shop.web")]
    Show {
        /// `DOMAIN.SERVICE`
        service: String,
    },
    /// Delete a service
    #[command(after_help = "Example:\n  athenz service delete shop.web")]
    Delete {
        /// `DOMAIN.SERVICE`
        service: String,
    },
    /// Register another public key
    #[command(after_help = "Example:\n  athenz service add-key shop.web --new-key web2.key --key-id v1")]
    AddKey {
        /// `DOMAIN.SERVICE`
        service: String,
        #[command(flatten)]
        key: KeyChoice,
    },
    /// Let a provider launch instances of a service
    #[command(after_help = "Example:\n  athenz service allow-provider shop.web sys.auth.zts")]
    AllowProvider {
        /// `DOMAIN.SERVICE`
        service: String,
        /// Full name of the provider
        provider: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProviderCommand {
    /// Let a provider launch instances in this Athenz; for its system administrators
    #[command(
        after_help = "Writes role and policy `providers` of sys.auth. Each service allows the provider itself:\n\
            `athenz service allow-provider`.\n\n\
            Example:\n  athenz provider authorize sys.auth.zts --dns-suffix zts.athenz.cloud"
    )]
    Authorize {
        /// Full name of the provider
        provider: String,
        /// What DNS names in the certificates may end with
        #[arg(long = "dns-suffix", value_name = "SUFFIX", default_value = "zts.athenz.cloud")]
        dns_suffixes: Vec<String>,
    },
}

/// Which key of a service.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct KeyChoice {
    /// A public or private key, PEM; only the public half leaves the machine
    #[arg(long, value_name = "FILE", conflicts_with = "new_key")]
    pub(crate) public_key: Option<PathBuf>,
    /// Make a private key in this file, which must not be there
    #[arg(long, value_name = "FILE")]
    pub(crate) new_key: Option<PathBuf>,
    /// The name that the key is known by
    #[arg(long, value_name = "ID", default_value = "v0")]
    pub(crate) key_id: String,
}

/// A server that can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// ZMS, which knows every change.
    #[default]
    Zms,
    /// ZTS, which follows ZMS.
    Zts,
}

#[derive(Args, Debug)]
pub(crate) struct AccessArguments {
    /// What is to be done
    pub(crate) action: String,
    /// What it is to be done with, in full: `DOMAIN:NAME`
    pub(crate) resource: String,
    /// Who is to do it; without it the caller
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) principal: Option<String>,
    /// Which server is asked
    #[arg(long, value_enum, default_value_t = Server::Zms)]
    pub(crate) server: Server,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Get the first certificate of an instance
    #[command(
        after_help = "The service shows one of: a token signed with its key (--key-id), a register token, or the data of a cloud.\n\n\
            Examples:\n  athenz identity register shop.web --instance laptop-1 --key-id v0 --private-key web.key\n  \
            athenz identity register shop.web --instance laptop-1 --attestation-data @token.jwt --dir /var/lib/athenz"
    )]
    Register(RegisterArguments),
    /// Get the next certificate of an instance, before the present one ends
    #[command(after_help = "Example:\n  athenz identity refresh shop.web --dir /var/lib/athenz")]
    Refresh(RefreshArguments),
    /// Get a register token that lets somebody else's machine register
    #[command(
        after_help = "Example:\n  athenz identity register-token shop.web --instance laptop-1 > token.jwt"
    )]
    RegisterToken {
        /// `DOMAIN.SERVICE`
        service: String,
        /// The instance that may register
        #[arg(long, value_name = "ID")]
        instance: String,
        /// The provider that will be asked
        #[arg(long, value_name = "SERVICE", default_value = "sys.auth.zts")]
        provider: String,
    },
    /// What a certificate says
    #[command(after_help = "Example:\n  athenz identity show shop.web.cert.pem")]
    Show {
        /// The certificate, PEM
        certificate: PathBuf,
    },
}

/// Where an identity lies, and what its certificate is asked for with.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstanceArguments {
    /// `DOMAIN.SERVICE`
    pub(crate) service: String,
    /// Folder of key, certificate and authorities
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// The private key, if it lies elsewhere
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
    /// The certificate, if it is to lie elsewhere
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// What DNS names of services end with
    #[arg(long, value_name = "SUFFIX", default_value = "zts.athenz.cloud")]
    pub(crate) dns_suffix: String,
    /// Trust domain of the SPIFFE id; without it the domain of the service
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) spiffe_trust_domain: Option<String>,
    /// Organization in the subject, where the server wants one
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// Organizational unit in the subject, where the server wants one
    #[arg(long, value_name = "NAME")]
    pub(crate) organizational_unit: Option<String>,
    /// Life of the certificate in minutes
    #[arg(long, value_name = "MINUTES")]
    pub(crate) expiry: Option<i32>,
}

#[derive(Args, Debug)]
pub(crate) struct RegisterArguments {
    #[command(flatten)]
    pub(crate) instance: InstanceArguments,
    /// The instance: any name that no other instance has
    #[arg(long = "instance", value_name = "ID")]
    pub(crate) id: String,
    /// The provider that vouches for the instance
    #[arg(long, value_name = "SERVICE", default_value = "sys.auth.zts")]
    pub(crate) provider: String,
    /// The id that the service's key is registered with in ZMS
    #[arg(long, value_name = "ID", conflicts_with = "attestation_data")]
    pub(crate) key_id: Option<String>,
    /// A register token or other attestation: text, @FILE, or - for standard input
    #[arg(long, value_name = "DATA")]
    pub(crate) attestation_data: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct RefreshArguments {
    #[command(flatten)]
    pub(crate) instance: InstanceArguments,
    /// A new private key with the new certificate
    #[arg(long)]
    pub(crate) rotate_key: bool,
    /// The id that the service's key is registered with, if it was not registered so
    #[arg(long, value_name = "ID", conflicts_with = "attestation_data")]
    pub(crate) key_id: Option<String>,
    /// Another attestation than at the registration: text, @FILE, or - for standard input
    #[arg(long, value_name = "DATA")]
    pub(crate) attestation_data: Option<String>,
}

/// Kind of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// An access token (RFC 9068).
    #[default]
    Access,
    /// Athenz's own role token.
    Role,
}

#[derive(Args, Debug)]
pub(crate) struct TokenArguments {
    /// The domain whose roles are wanted
    #[arg(long)]
    pub(crate) domain: String,
    /// Roles; without it all that the caller has
    #[arg(long = "role", value_name = "ROLE")]
    pub(crate) roles: Vec<String>,
    /// Life of the token in seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) expires_in: Option<u32>,
    /// Kind of token
    #[arg(long, value_enum, default_value_t = Kind::Access)]
    pub(crate) kind: Kind,
    /// Also an ID token for this service of the domain
    #[arg(long, value_name = "SERVICE")]
    pub(crate) id_token: Option<String>,
    /// Ask ZTS even if a good token is at hand
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Print it as an HTTP header
    #[arg(long)]
    pub(crate) header: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PoliciesCommand {
    /// Fetch signed policies and the keys they are verified with
    #[command(after_help = "Examples:\n  athenz policies fetch shop sys.auth --dir policies\n  \
            athenz policies fetch shop --dir /home/athenz/var/zpe --classic")]
    Fetch(FetchArguments),
    /// Whether the policies on disk verify, and until when they may be used
    #[command(after_help = "Example:\n  athenz policies verify --dir policies")]
    Verify {
        /// Folder with the policies
        #[arg(long, value_name = "DIR", default_value = "policies")]
        dir: PathBuf,
        #[command(flatten)]
        keys: KeyFiles,
    },
}

#[derive(Args, Debug)]
pub(crate) struct FetchArguments {
    /// Domains
    #[arg(required = true)]
    pub(crate) domains: Vec<String>,
    /// Folder for the policies
    #[arg(long, value_name = "DIR", default_value = "policies")]
    pub(crate) dir: PathBuf,
    /// The classic form, for engines that know no other
    #[arg(long)]
    pub(crate) classic: bool,
    /// Also when nothing has changed
    #[arg(long)]
    pub(crate) force: bool,
    /// Also check the signature of ZMS (classic form)
    #[arg(long, requires = "classic")]
    pub(crate) check_zms_signature: bool,
    #[command(flatten)]
    pub(crate) keys: KeyFiles,
}

/// Whom signatures are believed of.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct KeyFiles {
    /// An athenz.conf with the public keys of ZTS; without it the one beside the policies, or ZTS itself
    #[arg(long = "keys", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// What is to be done
    pub(crate) action: String,
    /// What it is to be done with, with or without its domain
    pub(crate) resource: String,
    /// Access or role token: text, @FILE, or - for standard input; several are weighed together
    #[arg(long = "token", value_name = "TOKEN", required = true)]
    pub(crate) tokens: Vec<String>,
    /// Folder with the policies
    #[arg(long, value_name = "DIR", default_value = "policies")]
    pub(crate) policies: PathBuf,
    #[command(flatten)]
    pub(crate) keys: KeyFiles,
    /// The certificate that the caller shows, PEM: the token must be bound to it
    #[arg(long, value_name = "FILE")]
    pub(crate) peer_certificate: Option<PathBuf>,
    /// Also decide by policies whose time is over
    #[arg(long)]
    pub(crate) allow_stale: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        found.push((path.clone(), help));
        command.get_subcommands().for_each(|inner| leaves(inner, &path, found));
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_has_an_example_that_can_be_parsed() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        assert!(found.len() > 30, "{found:?}");
        for (path, help) in found {
            assert!(help.contains("Example"), "`{path} --help` has no example");
            let examples = help.lines().filter(|line| line.starts_with("  athenz "));
            let mut count = 0;
            for example in examples {
                count += 1;
                let example = example.split(" | ").next().unwrap().split(" > ").next().unwrap();
                let words = example.split_whitespace().map(|word| word.trim_matches('\''));
                let parsed = Cli::try_parse_from(words);
                assert!(parsed.is_ok(), "{path}: {example}: {}", parsed.unwrap_err());
            }
            assert!(count > 0, "`{path} --help` has no example that begins with athenz");
        }
    }

    #[test]
    fn options_are_read_before_and_behind_the_command() {
        for words in [
            ["athenz", "--zms", "https://z", "--output", "json", "domain", "list"],
            ["athenz", "domain", "list", "--zms", "https://z", "--output", "json"],
        ] {
            let cli = Cli::try_parse_from(words).unwrap();
            assert_eq!(cli.global.zms.as_deref(), Some("https://z"));
            assert_eq!(cli.global.output, Format::Json);
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for words in [
            &["athenz"][..],
            &["athenz", "--cert", "a", "status"],
            &["athenz", "--timeout", "0", "status"],
            &["athenz", "check", "read", "shop:x"],
            &["athenz", "token"],
            &["athenz", "policies", "fetch"],
            &["athenz", "policies", "fetch", "shop", "--check-zms-signature"],
            &["athenz", "identity", "register", "shop.web"],
            &[
                "athenz",
                "identity",
                "register",
                "shop.web",
                "--instance",
                "i",
                "--key-id",
                "v",
                "--attestation-data",
                "x",
            ],
            &["athenz", "service", "create", "shop.web", "--new-key", "a", "--public-key", "b"],
            &["athenz", "role", "create", "shop", "r", "--member", "a", "--trust", "b"],
            &["athenz", "policy", "add-assertion", "shop", "p"],
        ] {
            assert!(Cli::try_parse_from(words).is_err(), "{words:?}");
        }
    }
}
