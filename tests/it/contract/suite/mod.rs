//! What every AWS must do, in named checks: the fake and LocalStack alike. Each check has an
//! account of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a check that cannot go on has failed")]

use albedo::model::id::AwsId;
use albedo::model::record::HostedZone;
use albedo::model::surroundings::Vpc;

pub use certificate::*;
pub use listener::*;
pub use load_balancer::*;
pub use looks::Looks;
pub use mirror::*;
pub use protection::*;
pub use rule::*;
pub use security_group::*;
pub use stopped::Stopped;
pub use target_group::*;
pub use zone::*;

mod certificate;
mod listener;
mod load_balancer;
mod looks;
mod mirror;
mod protection;
mod rule;
mod security_group;
mod stopped;
mod target_group;
pub mod wishes;
mod zone;

/// An empty account with a VPC of at least three subnets in as many zones.
pub struct Site<C> {
    /// AWS.
    pub cloud: C,
    /// The VPC.
    pub vpc: Vpc,
    /// Certificates that listeners may have, imported for `contract.example.com` and its wildcard.
    pub certificates: [AwsId; 2],
    /// A hosted zone without records of the types that are looked at.
    pub zone: HostedZone,
    /// Its web ACLs, `one` and `two`. It is subscribed to Shield Advanced.
    pub web_acls: [AwsId; 2],
    /// Lets load balancers take traffic, where that needs a word.
    pub activate: fn(&C),
}

/// Makes a test of every check. `$site` is an async function that gives a fresh `Site`.
macro_rules! contract_tests {
    ($site:path) => {
        contract_tests! { $site:
            a_security_group_is_made_with_tags_and_without_rules,
            rules_of_a_security_group_come_and_go,
            a_rule_that_stands_is_a_conflict_and_nothing_is_done,
            a_security_group_in_use_cannot_be_removed,
            names_of_security_groups_are_unique,
            tags_of_a_security_group_come_and_go,
            a_load_balancer_is_made_as_asked,
            a_load_balancer_is_made_once,
            a_load_balancer_is_changed_in_place,
            a_load_balancer_needs_two_zones,
            deleting_a_load_balancer_takes_what_hangs_on_it,
            a_listener_is_made_as_asked_and_once,
            a_listener_is_changed_in_place,
            https_needs_a_certificate,
            certificates_come_and_go_beside_the_default_one,
            certificates_are_listed_with_the_hosts_that_they_are_for,
            certificates_are_told_by_the_tags_that_they_carry,
            imported_certificates_are_listed_as_they_are,
            clients_are_asked_for_certificates_by_mode,
            attributes_of_a_listener_are_set_all_or_none,
            an_account_is_told_what_aws_allows_everybody,
            capacity_has_a_limit_and_is_let_go,
            addresses_come_from_pools_that_exist,
            rules_are_made_as_asked_and_read_by_priority,
            a_standing_rule_satisfies_its_wish,
            every_kind_of_condition_is_told_as_it_was_asked,
            a_priority_is_given_once,
            rules_trade_places_at_once,
            a_rule_is_changed_in_place,
            a_rule_has_at_most_five_values,
            a_target_group_is_made_as_asked_and_once,
            a_target_group_is_changed_in_place,
            a_target_group_in_use_cannot_be_removed,
            a_target_group_serves_one_load_balancer,
            targets_come_and_go,
            an_address_outside_the_vpc_needs_a_zone,
            tags_come_and_go_on_everything,
            what_is_gone_is_left_out_of_tags,
            what_is_not_there_is_not_found,
            a_load_balancer_has_the_web_acl_that_it_was_given_last,
            web_acls_are_known_by_their_names,
            a_web_acl_that_is_not_there_is_refused,
            a_load_balancer_is_protected_once,
            zones_are_read_as_they_are,
            records_are_read_as_they_were_written,
            a_batch_is_done_whole_or_not_at_all,
            a_record_is_deleted_only_as_it_stands,
            a_cname_record_stands_alone,
            records_of_one_name_have_a_place_each,
            a_change_is_everywhere_in_the_end,
            a_zone_that_is_not_there_is_not_found,
            what_is_not_made_yet_cannot_be_asked_for,
            a_mirror_that_was_written_through_agrees_with_one_that_reads,
        }
    };
    ($site:path: $($check:ident,)+) => {
        $(
            #[tokio::test]
            async fn $check() {
                suite::$check($site().await).await;
            }
        )+
    };
}
