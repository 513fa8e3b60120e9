//! Why flags cannot be meant.

/// Why flags cannot be meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// A tag that Albedo writes itself.
    #[error("--{flag}: the tag {key} is Albedo's own and cannot be set; leave it out")]
    TrackingTag {
        /// The flag.
        flag: &'static str,
        /// The tag's key.
        key: String,
    },
    /// A tag that is both set and left to somebody else.
    #[error(
        "--default-tags sets {0}, which --external-managed-tags leaves to somebody else; drop one"
    )]
    ManagedTwice(String),
    /// A cluster's name that no TXT record can hold.
    #[error(
        "--cluster-name: {0:?} cannot be the owner of records; give one with --txt-owner-id, or keep \
         no names with --dns=false"
    )]
    NoOwner(String),
    /// A template that is not understood.
    #[error("--fqdn-template: expected {0}")]
    Template(String),
    /// Nothing that names could be made by.
    #[error("--ignore-hostname-annotation needs --fqdn-template; leave it out, or give one")]
    NoTemplate,
    /// What is no key.
    #[error("--txt-encrypt-aes-key: expected 32 bytes, as they are or in base64")]
    NoKey,
    /// No key to encrypt by.
    #[error(
        "--txt-encrypt-enabled needs --txt-encrypt-aes-key, or the environment variable \
         EXTERNAL_DNS_TXT_ENCRYPT_AES_KEY"
    )]
    KeyMissing,
    /// Rules that nobody's security group could be in.
    #[error(
        "--enable-manage-backend-security-group-rules needs --enable-backend-security-group; leave \
         one of them as it is by default"
    )]
    NoBackend,
    /// Not a security group.
    #[error("--backend-security-group: {0:?} is no security group id; one starts with sg-")]
    NoSecurityGroup(String),
}
