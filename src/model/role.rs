//! Roles of IAM that target groups are looked after by: those of other accounts.

/// The longest name of a session (AWS).
const SESSION_LENGTH_MAX: usize = 64;

/// A role, as a binding names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What it wants to hear of whoever assumes it.
    pub external_id: Option<String>,
}

/// What the sessions of a cluster's controller are called, as LBC calls them: whoever owns a role
/// sees by it who has used it. What AWS takes in no such name is left out.
#[must_use]
pub fn session(cluster: &str) -> String {
    let is_taken = |c: &char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c);
    let name = format!("AWS-LBC-{cluster}");
    name.chars().filter(is_taken).take(SESSION_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_the_clusters_name_as_far_as_aws_takes_it() {
        assert_eq!(session("demo"), "AWS-LBC-demo");
        assert_eq!(session("a b/c"), "AWS-LBC-abc");
        assert_eq!(session(&"x".repeat(100)).len(), SESSION_LENGTH_MAX);
    }
}
