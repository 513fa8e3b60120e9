//! What a person does so that this program may read the Secrets of a namespace.

/// The ClusterRole of `deploy/rbac.yaml` that RoleBindings name.
const ROLE: &str = "albedo-secrets";
/// What a user's name begins with who is a ServiceAccount (Kubernetes).
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The command that lets whoever a refusal of the API server names read the Secrets of a namespace.
/// None where it names nobody.
pub(super) fn of_secrets(refusal: &str, namespace: &str) -> Option<String> {
    let (_, rest) = refusal.split_once("User \"")?;
    let (user, _) = rest.split_once('"')?;
    let subject = match user.strip_prefix(SERVICE_ACCOUNT) {
        Some(account) => format!("--serviceaccount={account}"),
        None => format!("--user={user}"),
    };
    Some(format!("kubectl create rolebinding {ROLE} -n {namespace} --clusterrole={ROLE} {subject}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_refused_is_let_in() {
        let refusal = |user: &str| {
            let refusal = format!(
                "secrets \"tls\" is forbidden: User \"{user}\" cannot get resource \"secrets\" in \
                 API group \"\" in the namespace \"shop\""
            );
            of_secrets(&refusal, "shop")
        };
        let command = |subject: &str| {
            let start = "kubectl create rolebinding albedo-secrets -n shop";
            Some(format!("{start} --clusterrole=albedo-secrets {subject}"))
        };
        let account = refusal("system:serviceaccount:kube-system:albedo");
        assert_eq!(account, command("--serviceaccount=kube-system:albedo"));
        assert_eq!(refusal("jane"), command("--user=jane"));
        assert_eq!(of_secrets("the moon is full", "shop"), None);
    }
}
