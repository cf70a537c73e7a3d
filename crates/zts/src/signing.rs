//! The keys ZTS signs with, and the headers and key lists made of them once.

use std::collections::BTreeMap;

use athenz_crypto::jose::{CurveNames, Jwk, JwkSet, ProtectedHeader};
use athenz_crypto::keys::PublicKey;
use athenz_crypto::ring::{KeyRing, SigningKey};

/// `typ` of access tokens (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// `typ` of identity assertions for other servers.
pub const ID_JAG_TYPE: &str = "oauth-id-jag+jwt";

/// A key with the headers of the tokens it signs.
#[derive(Clone, Debug)]
pub struct TokenSigner {
    /// The key.
    pub key: SigningKey,
    /// Header of access tokens.
    pub access_header: ProtectedHeader,
    /// Header of ID tokens.
    pub id_header: ProtectedHeader,
    /// Header of identity assertions for other servers.
    pub jag_header: ProtectedHeader,
}

impl TokenSigner {
    fn new(key: &SigningKey) -> Self {
        Self {
            key: key.clone(),
            access_header: ProtectedHeader::of_key(key, Some(ACCESS_TOKEN_TYPE)),
            id_header: ProtectedHeader::of_key(key, None),
            jag_header: ProtectedHeader::of_key(key, Some(ID_JAG_TYPE)),
        }
    }
}

/// The signing keys of this server: one ring for everything, and another of RSA keys for clients
/// that ask for RSA.
#[derive(Clone, Debug)]
pub struct Signers {
    rings: Vec<KeyRing>,
    main: TokenSigner,
    rsa: Option<TokenSigner>,
}

impl Signers {
    /// Signers of these rings.
    pub fn new(main: KeyRing, rsa: Option<KeyRing>) -> Self {
        let main_signer = TokenSigner::new(main.active());
        let rsa_signer = rsa.as_ref().map(|ring| TokenSigner::new(ring.active()));
        Self { rings: std::iter::once(main).chain(rsa).collect(), main: main_signer, rsa: rsa_signer }
    }

    /// The key that signs everything unless a client asks for another kind.
    pub const fn main(&self) -> &TokenSigner {
        &self.main
    }

    /// The key of a kind (`RSA` or `EC`, case does not count); the main one where there is none.
    pub fn of_type(&self, key_type: Option<&str>) -> &TokenSigner {
        match &self.rsa {
            Some(rsa) if key_type.is_some_and(|kind| kind.eq_ignore_ascii_case("rsa")) => rsa,
            _ => &self.main,
        }
    }

    /// Names of the algorithms in use, the main one first.
    pub fn algorithms(&self) -> Vec<String> {
        let mut names = vec![self.main.id_header.algorithm().to_string()];
        names.extend(self.rsa.iter().map(|signer| signer.id_header.algorithm().to_string()));
        names.dedup();
        names
    }

    /// The public half of one of our keys in any state.
    pub fn find(&self, unverified_id: &str) -> Option<&PublicKey> {
        self.rings.iter().find_map(|ring| ring.find(unverified_id))
    }

    /// All our published keys, and those that `registered` adds under other ids: keys of other
    /// servers of the same name.
    pub fn jwks<'a>(
        &'a self,
        registered: impl IntoIterator<Item = (&'a str, &'a PublicKey)>,
        names: CurveNames,
    ) -> JwkSet {
        let ours = self.rings.iter().flat_map(KeyRing::published).map(|key| (key.id.as_str(), &key.public));
        let mut seen = BTreeMap::new();
        let all: Vec<_> =
            ours.chain(registered).filter(|(id, _)| seen.insert(id.to_string(), ()).is_none()).collect();
        JwkSet::from_public_keys(all, names)
    }
}

/// The key list of a set, as a part of other answers.
pub fn wire_jwks(set: &JwkSet) -> athenz_model::wire::zts::JWKList {
    let keys = set.jwks().iter().cloned().map(wire_jwk).collect();
    athenz_model::wire::zts::JWKList { keys: Some(keys) }
}

fn wire_jwk(jwk: Jwk) -> athenz_model::wire::zts::JWK {
    athenz_model::wire::zts::JWK {
        kty: Some(jwk.kty),
        kid: jwk.kid,
        alg: jwk.alg,
        r#use: jwk.usage,
        crv: jwk.crv,
        x: jwk.x,
        y: jwk.y,
        n: jwk.n,
        e: jwk.e,
    }
}
