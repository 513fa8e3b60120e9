//! How a load balancer finds out who a client is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::secret::SecretBytes;

/// How clients are asked to log in, and for how long that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// `deny`, `allow` or `authenticate`.
    pub on_unauthenticated: SmolStr,
    /// What is asked for of the client, between blanks.
    pub scope: SmolStr,
    /// The cookie's name.
    pub cookie: SmolStr,
    /// After how many seconds it ends (AWS: 1 to 604800).
    pub timeout_seconds: i64,
    /// What the redirect to the provider carries besides.
    pub extra_params: BTreeMap<String, String>,
}

/// Who logs in with a user pool of Amazon Cognito.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cognito {
    /// The user pool's ARN.
    pub user_pool: String,
    /// The client's identifier there.
    pub client: String,
    /// The pool's domain, or the first label of it.
    pub domain: String,
    /// The session.
    pub session: Session,
}

/// Who logs in with a provider of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oidc {
    /// Who vouches for the client.
    pub issuer: String,
    /// Where clients are sent to log in.
    pub authorization_endpoint: String,
    /// Where the load balancer gets tokens.
    pub token_endpoint: String,
    /// Where the load balancer asks who the client is.
    pub user_info_endpoint: String,
    /// The load balancer's identifier at the provider.
    pub client: String,
    /// Its secret there. AWS never tells it, so what stands has none; and a wish has none where the
    /// secret that stands stays.
    pub client_secret: Option<SecretBytes>,
    /// The session.
    pub session: Session,
}

/// Whose requests carry a token that proves who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwt {
    /// Where the issuer's keys are.
    pub jwks_endpoint: String,
    /// The issuer.
    pub issuer: String,
    /// What a token has to say besides.
    pub claims: Vec<Claim>,
}

/// What a token has to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// `single-string`, `string-array` or `space-separated-values`.
    pub format: SmolStr,
    /// The claim.
    pub name: String,
    /// What it says.
    pub values: Vec<String>,
}

impl Oidc {
    /// Whether this is the same but for the secret, which AWS does not tell.
    #[must_use]
    pub fn is_same_but_secret(&self, other: &Self) -> bool {
        let without = |oidc: &Self| Self { client_secret: None, ..oidc.clone() };
        without(self) == without(other)
    }

    /// Whether a secret that is good for the one is good for the other.
    #[must_use]
    pub fn is_same_client(&self, other: &Self) -> bool {
        (&self.issuer, &self.client) == (&other.issuer, &other.client)
    }
}

impl Jwt {
    /// Whether this is the same, in whatever order claims are listed.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let claims = |jwt: &Self| -> BTreeSet<(SmolStr, String, BTreeSet<String>)> {
            let each = jwt.claims.iter().map(|claim| {
                let values = claim.values.iter().cloned().collect();
                (claim.format.clone(), claim.name.clone(), values)
            });
            each.collect()
        };
        (&self.jwks_endpoint, &self.issuer) == (&other.jwks_endpoint, &other.issuer)
            && claims(self) == claims(other)
    }
}
