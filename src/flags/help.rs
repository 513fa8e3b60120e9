//! What help says besides the flags: how each command is used, and what comes next.

use clap::Command;

/// What a person asks for first.
pub(super) const ALL: &str = "\
Where to begin:
  albedo doctor --cluster-name my-eks   is everything set up, and what mends it if not
  albedo plan --cluster-name my-eks     what would change in AWS, and why
  albedo explain --cluster-name my-eks https://app.example.com/   why a URL is not served

As kubectl albedo, where the program is also on the PATH as kubectl-albedo. NO_COLOR leaves out
colours.";

pub(super) const PLAN: &str = "\
Examples:
  albedo plan --cluster-name my-eks                           for the whole cluster
  albedo plan -f ingress.yaml                                 for a manifest, without a cluster
  kubectl kustomize overlays/prod | albedo plan -f - -o json

It takes every flag of albedo run, and plans what a controller with these flags would do: give it
those of yours. --help lists them.";

pub(super) const EXPLAIN: &str = "\
Examples:
  albedo explain --cluster-name my-eks https://app.example.com/cart
  albedo explain --cluster-name my-eks ingress shop/web
  albedo explain --cluster-name my-eks pod shop/web-7d4b9c

It takes every flag of albedo run: give it those of your controller. --help lists them.";

pub(super) const RUN: &str = "\
In a cluster the chart in deploy/helm/albedo starts it. Before a first start albedo plan says what
it would do, with the same flags.";

pub(super) const SWEEP: &str = "\
Examples:
  albedo sweep --cluster-name my-eks            lists
  albedo sweep --cluster-name my-eks --delete   deletes, after the cluster's name was typed

It takes every flag of albedo run: give it those of your controller. --help lists them.";

pub(super) const DOCTOR: &str = "\
Example:
  albedo doctor --cluster-name my-eks

Run it as the controller runs, since rights are those of whoever asks. It takes every flag of
albedo run: give it those of your controller. --help lists them.";

pub(super) const ADOPT: &str = "\
Examples:
  albedo adopt                              would a take-over change anything, and how is it done
  albedo adopt --back                       the way home
  albedo adopt --from nginx -f manifests/   what becomes of Ingresses for ingress-nginx
  albedo adopt -- --cluster-name my-eks     with more flags than the Deployments have";

pub(super) const COMPLETIONS: &str = "\
Examples:
  source <(albedo completions bash)
  albedo completions fish > ~/.config/fish/completions/albedo.fish";

/// The flags of all commands that those who look at things need most.
const FIRST: [&str; 6] =
    ["cluster_name", "aws_region", "aws_vpc_id", "kubeconfig", "context", "watch_namespace"];

/// The same commands, of which those that only look leave out of `-h` what `run` explains.
pub(super) fn short(mut command: Command) -> Command {
    for name in ["plan", "explain", "sweep", "doctor"] {
        command = command.mut_subcommand(name, |command| {
            command.mut_args(|argument| {
                let is_shared = argument.get_help_heading().is_some();
                let is_first = FIRST.contains(&argument.get_id().as_str());
                if is_shared && !is_first { argument.hide_short_help(true) } else { argument }
            })
        });
    }
    command
}
