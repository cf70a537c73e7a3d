//! Every kind of token at every door that takes one: only its own door opens, and none opens for a
//! token whose signature or algorithm is another.

use athenz_crypto::jose::{ProtectedHeader, UnverifiedJws, sign_compact, sign_compact_with};
use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::ntoken::NewPrincipalToken;
use athenz_crypto::random::{SystemRandom, uuid_v4};
use athenz_model::Clock;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use serde_json::{Value, json};

use crate::world::{ISSUER, World};

const TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:";

/// Where a token can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    PrincipalHeader,
    ClientAssertion,
    JwtGrant,
    Redemption,
    AccessExchange,
    IdExchange,
    JagIssue,
    Actor,
}
const DOORS: [Door; 8] = [
    Door::PrincipalHeader,
    Door::ClientAssertion,
    Door::JwtGrant,
    Door::Redemption,
    Door::AccessExchange,
    Door::IdExchange,
    Door::JagIssue,
    Door::Actor,
];

struct Tokens {
    world: World,
    key: PrivateKey,
    /// Lets `d.gate` act for bob.
    acting: String,
}

/// One service that may do everything, so that only the kind of token decides.
fn world(key: &PrivateKey) -> World {
    let world = World::new();
    let grants: Vec<_> = [
        ("zts.token_source_exchange", "d:d"),
        ("zts.token_target_exchange", "d:*"),
        ("zts.id_token_exchange", "d:*"),
        ("zts.jag_exchange", "d:*"),
    ]
    .map(|(action, resource)| json!({"role": "d:role.r", "action": action, "resource": resource, "effect": "ALLOW"}))
    .into();
    world.domain(json!({
        "name": "d",
        "roles": [{"name": "d:role.r", "roleMembers": [{"memberName": "d.gate"}, {"memberName": "user.bob"}]}],
        "policies": {"contents": {"domain": "d", "policies": [{"name": "d:policy.p", "assertions": grants}]},
            "signature": "s", "keyId": "0"},
        "services": [{"name": "d.gate", "publicKeys": [{"id": "0", "key": key.public_key().to_ybase64_pem()}]}]
    }));
    world
}

impl Tokens {
    async fn new() -> Self {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let world = world(&key);
        let mut tokens = Self { world, key, acting: String::new() };
        tokens.acting = tokens.access("user.bob", &[("actor", "d.gate")]).await;
        tokens
    }

    async fn access(&self, caller: &str, more: &[(&str, &str)]) -> String {
        let mut form = vec![("grant_type", "client_credentials"), ("scope", "d:role.r")];
        form.extend_from_slice(more);
        let answer = self.world.form(caller, "/oauth2/token", &form).await;
        answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
    }

    async fn id(&self) -> String {
        let path = "/oauth2/auth?response_type=id_token&client_id=d.gate&scope=openid&nonce=n&output=json";
        self.world.get("user.bob", path).await.body["id_token"].as_str().unwrap().to_owned()
    }

    async fn jag(&self) -> String {
        let answer = self.exchange("id-jag", "id_token", &self.id().await, ISSUER, &[]).await;
        answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
    }

    async fn role(&self) -> String {
        self.world.get("d.gate", "/domain/d/token").await.body["token"].as_str().unwrap().to_owned()
    }

    fn assertion(&self) -> String {
        let expires = self.world.clock.now().seconds() + 600;
        let jti = uuid_v4(&SystemRandom);
        let claims = json!({"iss": "d.gate", "sub": "d.gate", "aud": ISSUER, "exp": expires, "jti": jti, "scope": "d:role.r"});
        let header = ProtectedHeader::new("0", None, self.key.default_algorithm());
        sign_compact(&self.key, &header, &claims).unwrap()
    }

    fn principal(&self) -> String {
        let now = self.world.clock.now();
        let token = NewPrincipalToken::service("d", "gate", "0", now, 3_600, &SystemRandom);
        token.sign(&self.key).unwrap()
    }

    /// What an administrator gets for a new instance.
    async fn register(&self) -> String {
        let now = self.world.clock.now().seconds();
        let claims = json!({"iss": "sys.auth.zts", "aud": "sys.auth.zts", "sub": "d.gate", "iat": now,
            "provider": "sys.auth.zts", "domain": "d", "service": "gate", "instance_id": "i", "jti": "j"});
        let key = self.world.state.signers().main().key.clone();
        sign_compact_with(&key, &ProtectedHeader::of_key(&key, Some("jwt")), &claims).await.unwrap()
    }

    async fn exchange(
        &self,
        wanted: &str,
        kind: &str,
        token: &str,
        audience: &str,
        more: &[(&str, &str)],
    ) -> crate::world::Answer {
        let (grant, wanted) = (format!("{GRANT_TYPE}token-exchange"), format!("{TOKEN_TYPE}{wanted}"));
        let kind = format!("{TOKEN_TYPE}{kind}");
        let scope = if wanted.ends_with(":id_token") { "openid d:role.r" } else { "d:role.r" };
        let mut form = vec![
            ("grant_type", grant.as_str()),
            ("requested_token_type", &wanted),
            ("subject_token", token),
            ("subject_token_type", &kind),
            ("audience", audience),
            ("scope", scope),
        ];
        form.extend_from_slice(more);
        self.world.form("d.gate", "/oauth2/token", &form).await
    }

    /// Whether a door opens for a token.
    async fn opens(&self, door: Door, token: &str) -> bool {
        let grant = format!("{GRANT_TYPE}jwt-bearer");
        let answer = match door {
            Door::PrincipalHeader => {
                let request = Request::get("/zts/v1/domain/d/service").header("athenz-principal-auth", token);
                self.world.send("", request.body(String::new()).unwrap()).await
            }
            Door::ClientAssertion => {
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let form = [
                    ("grant_type", "client_credentials"),
                    ("scope", "d:role.r"),
                    ("client_assertion_type", kind),
                    ("client_assertion", token),
                ];
                self.world.form("", "/oauth2/token", &form).await
            }
            Door::JwtGrant => {
                let form = [("grant_type", grant.as_str()), ("scope", "d:role.r"), ("assertion", token)];
                self.world.form("", "/oauth2/token", &form).await
            }
            Door::Redemption => {
                let form = [("grant_type", grant.as_str()), ("assertion", token)];
                let answer = self.world.form("d.gate", "/oauth2/token", &form).await;
                // with a certificate an assertion of its own opens as a JWT grant does
                if answer.status == 200 {
                    let text = answer.body["access_token"].as_str().unwrap();
                    return self.world.claims(text).await.value("sub") == Some(&json!("user.bob"));
                }
                answer
            }
            Door::AccessExchange => self.exchange("access_token", "access_token", token, "d", &[]).await,
            Door::IdExchange => self.exchange("id_token", "id_token", token, "d.gate", &[]).await,
            Door::JagIssue => self.exchange("id-jag", "id_token", token, ISSUER, &[]).await,
            Door::Actor => {
                let kind = format!("{TOKEN_TYPE}jwt");
                let more = [("actor_token", token), ("actor_token_type", kind.as_str())];
                self.exchange("access_token", "access_token", &self.acting, "d", &more).await
            }
        };
        assert!(answer.status < 500, "{door:?}: {}", answer.body);
        answer.status == 200
    }
}

#[tokio::test]
async fn every_token_opens_its_own_doors_only() {
    let tokens = Tokens::new().await;
    for (kind, token, doors) in [
        ("access token of bob", tokens.access("user.bob", &[]).await, &[Door::AccessExchange][..]),
        (
            "access token of the gate",
            tokens.access("d.gate", &[]).await,
            &[Door::AccessExchange, Door::Actor],
        ),
        ("ID token", tokens.id().await, &[Door::IdExchange, Door::JagIssue]),
        ("identity assertion", tokens.jag().await, &[Door::Redemption]),
        ("role token", tokens.role().await, &[]),
        ("register token", tokens.register().await, &[]),
        ("service token", tokens.principal(), &[Door::PrincipalHeader]),
    ] {
        for door in DOORS {
            assert_eq!(tokens.opens(door, &token).await, doors.contains(&door), "{kind} at {door:?}");
        }
    }
    for door in DOORS {
        let opens = matches!(door, Door::ClientAssertion | Door::JwtGrant | Door::Actor);
        assert_eq!(tokens.opens(door, &tokens.assertion()).await, opens, "client assertion at {door:?}");
    }
}

#[tokio::test]
async fn no_door_opens_for_another_algorithm() {
    let tokens = Tokens::new().await;
    let good = [
        (Door::AccessExchange, tokens.access("user.bob", &[]).await),
        (Door::Actor, tokens.access("d.gate", &[]).await),
        (Door::IdExchange, tokens.id().await),
        (Door::JagIssue, tokens.id().await),
        (Door::Redemption, tokens.jag().await),
        (Door::ClientAssertion, tokens.assertion()),
        (Door::JwtGrant, tokens.assertion()),
    ];
    for (door, token) in &good {
        let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let header = UnverifiedJws::parse(token).unwrap().unverified_header().clone();
        for algorithm in ["none", "None", "nOnE", "", "HS256", "RS256", "PS256", "ES384", "ES256K", "EdDSA"] {
            let forged = json!({"alg": algorithm, "kid": header.key_id, "typ": header.typ});
            let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
            for signature in [signature, ""] {
                let text = format!("{forged}.{claims}.{signature}");
                assert!(!tokens.opens(*door, &text).await, "{algorithm} at {door:?}");
            }
        }
        assert!(tokens.opens(*door, token).await, "the token itself at {door:?}");
    }
}

#[tokio::test]
async fn a_token_of_ours_with_an_odd_claim_opens_nothing() {
    let tokens = Tokens::new().await;
    let now = tokens.world.clock.now().seconds();
    let key = tokens.world.state.signers().main().key.clone();
    let sign = async |typ: Option<&str>, claims: &Value| {
        sign_compact_with(&key, &ProtectedHeader::of_key(&key, typ), claims).await.unwrap()
    };
    let changes = [
        ("iss", json!(null)),
        ("iss", json!("https://evil.example/zts/v1")),
        ("iss", json!([ISSUER])),
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!(["user.bob"])),
        ("aud", json!(null)),
        ("aud", json!([])),
        ("aud", json!({"d": 1})),
        ("aud", json!(["elsewhere", "d", "d.gate", ISSUER])),
        ("exp", json!(null)),
        ("exp", json!("soon")),
        ("exp", json!(-1)),
        ("exp", json!(now - 61)),
        ("exp", json!([now + 600])),
        ("nbf", json!(now + 61)),
        ("nbf", json!("soon")),
    ];
    for (door, typ, audience) in [
        (Door::AccessExchange, Some("at+jwt"), "d"),
        (Door::IdExchange, None, "d.gate"),
        (Door::JagIssue, None, "d.gate"),
        (Door::Redemption, Some("oauth-id-jag+jwt"), ISSUER),
    ] {
        let scope = if door == Door::Redemption { "d:role.r" } else { "r" };
        let good = json!({"iss": ISSUER, "sub": "user.bob", "aud": audience, "scope": scope, "exp": now + 600,
            "iat": now, "client_id": "d.gate", "jti": "first"});
        assert!(tokens.opens(door, &sign(typ, &good).await).await, "the plain token at {door:?}");
        for (name, value) in &changes {
            let mut odd = good.clone();
            odd["jti"] = json!(uuid_v4(&SystemRandom));
            odd[name] = value.clone();
            let text = sign(typ, &odd).await;
            assert!(!tokens.opens(door, &text).await, "{name} {value} at {door:?}");
        }
    }
}
