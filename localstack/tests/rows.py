"""What of AWS this ground claims to do, row by row, and the cases that show it.

First by service, then limits and delays. `marks` says how sure it is that AWS does so (see
README.md); a case must have one of them.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# By case, with its parameters, the day on which it was last seen true on a real account; runs there
# write it (see README.md).
SEEN = Path(__file__).parent / "seen.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One claim. `cases` are tests as `file::function`, without `test_` and `.py`."""

    name: str
    marks: str
    cases: str = ""
    # Why there is no case, where there cannot be one.
    gap: str = ""

    @property
    def last_seen(self) -> str | None:
        """The day on which all of its cases were last seen true on a real account; None for never.

        Of a case with parameters the oldest day counts, and the parameters that ran.
        """
        days = [_day_of(case) for case in self.cases.split()]
        return min(str(day) for day in days) if days and all(days) else None


@cache
def seen() -> dict[str, str]:
    """What `seen.json` holds."""
    return dict(json.loads(SEEN.read_text()))


def case_of(node: str) -> str:
    """A test as rows and `seen.json` name it: `elbv2_tag::limits[20]`."""
    file, _, name = node.rpartition("/")[2].partition("::")
    return f"{file.removeprefix('test_').removesuffix('.py')}::{name.removeprefix('test_')}"


def _day_of(case: str) -> str | None:
    days = (day for name, day in seen().items() if name.partition("[")[0] == case)
    return min(days, default=None)


LOAD_BALANCERS = [
    Row("made in two zones, provisioning at first", "B",
        "elbv2_load_balancer::create_load_balancer"),
    Row("same name, same settings", "B", "elbv2_load_balancer::same_name_same_settings"),
    Row("same name, other settings", "P", "elbv2_load_balancer::same_name_other_settings"),
    Row("grammar of names", "BM", "elbv2_load_balancer::name_grammar"),
    Row("one subnet, or two in a zone", "PM",
        "elbv2_load_balancer::one_subnet elbv2_load_balancer::duplicate_zone"),
    Row("unknown subnet", "B", "elbv2_load_balancer::unknown_subnet"),
    Row("subnet too small, VPC without a gateway", "PE",
        "elbv2_load_balancer::subnet_too_small elbv2_load_balancer::no_internet_gateway"),
    Row("security groups unknown, default, at most five", "BM",
        "elbv2_load_balancer::unknown_security_group elbv2_load_balancer::default_security_group"
        " elbv2_load_balancer::most_security_groups"),
    Row("enums, defaults, dualstack, pools", "BM",
        "elbv2_load_balancer::enums elbv2_load_balancer::defaults"
        " elbv2_load_balancer::internal_dualstack elbv2_load_balancer::pools_are_kept"),
    Row("tags of a new one", "BM", "elbv2_tag::limits elbv2_tag::fifty_tags"),
    Row("DNS name and hosted zone", "M",
        "elbv2_load_balancer::dns_name_and_zone elbv2_load_balancer::zone_of_another_region"),
    Row("provisioning, then active", "M", "elbv2_load_balancer::state_provisioning_then_active"),
    Row("pages and markers", "BM",
        "elbv2_load_balancer::describe_page_size elbv2_load_balancer::describe_bad_marker"),
    Row("one missing fails the whole", "EM",
        "elbv2_load_balancer::describe_second_one_missing"
        " elbv2_load_balancer::describe_names_and_arns"),
    Row("delete: twice, protected, interfaces that stay", "BPM",
        "elbv2_load_balancer::delete elbv2_load_balancer::delete_protected"
        " ec2_security_group::group_of_a_load_balancer_stays_as_long_as_its_interfaces"),
    Row("attributes", "BEM",
        "elbv2_attributes::load_balancer_defaults"
        " elbv2_attributes::load_balancer_modify_returns_all"
        " elbv2_attributes::load_balancer_ranges elbv2_attributes::unknown_key"
        " elbv2_attributes::load_balancer_twenty_in_a_call"),
    Row("access logs need an open bucket", "P",
        "elbv2_attributes::access_logs_need_an_open_bucket"),
    Row("SetSecurityGroups", "M", "elbv2_load_balancer::set_security_groups"),
    Row("SetSubnets", "B", "elbv2_load_balancer::set_subnets"),
    Row("SetIpAddressType", "BM", "elbv2_load_balancer::set_ip_address_type"),
    Row("Network Load Balancers", "BD",
        "elbv2_network::create elbv2_network::names_in_dns elbv2_network::addresses_of_its_own"
        " elbv2_network::private_addresses"
        " elbv2_network::security_groups_from_the_beginning_or_never elbv2_network::attributes"
        " elbv2_network::quotas_of_their_own elbv2_network::no_web_acl"),
    Row("listeners of Network Load Balancers", "BD",
        "elbv2_network::listeners elbv2_network::tls_listeners"
        " elbv2_network::what_its_listeners_cannot_do elbv2_network::incompatible_protocols"
        " elbv2_network::no_udp_with_dualstack"
        " elbv2_network::only_tcp_listeners_forward_to_load_balancers"),
    Row("an ALB behind an NLB", "DP",
        "elbv2_network::a_load_balancer_is_a_target elbv2_network::a_target_needs_a_listener"
        " elbv2_network::a_listener_that_a_target_stands_on_stays"
        " elbv2_network::a_target_cannot_be_deleted elbv2_network::a_target_of_two"
        " elbv2_network::targets_of_the_same_network_only"
        " elbv2_network::health_of_a_load_balancer_needs_a_listener_for_the_check"
        " elbv2_network::attributes_of_target_groups"
        " elbv2_network::attributes_of_groups_of_load_balancers_cannot_change"),
    Row("refusals that were seen in public", "P", "refusals::refusal"),
    Row("capacity reservation", "B",
        "elbv2_trust_store::capacity elbv2_trust_store::capacity_limits"),
    Row("ModifyIpPools", "BD",
        "elbv2_load_balancer::modify_ip_pools elbv2_load_balancer::pools_must_exist"),
    Row("DescribeAccountLimits", "D", "elbv2_load_balancer::describe_account_limits"),
    Row("interfaces in EC2", "M", "ec2_network::interfaces_of_a_load_balancer"),
    Row("dualstack needs IPv6, and has it", "PMB",
        "elbv2_load_balancer::dualstack_needs_ipv6 ec2_network::blocks_of_ipv6"
        " elbv2_load_balancer::targets_over_ipv6_need_dualstack"),
    Row("at most 20 are described", "B", "elbv2_load_balancer::twenty_are_described"),
    Row("pages lose nothing", "M", "elbv2_load_balancer::pages_of_what_is_deleted"),
    Row("what only Network Load Balancers have", "M",
        "elbv2_load_balancer::what_only_network_load_balancers_have"),
    Row("who may connect", "D",
        "dataplane_firewall::who_may_connect dataplane_firewall::prefix_lists"
        " dataplane_firewall::members_of_a_group"
        " dataplane_firewall::connections_outlive_their_rule"),
    Row("the service-linked role", "D", "control_access::the_service_linked_role_is_made_once"),
]  # fmt: skip

TARGETS = [
    Row("kinds of target groups", "B",
        "elbv2_target_group::create_defaults elbv2_target_group::create_grpc"
        " elbv2_target_group::create_instance_http2_ipv6"),
    Row("same name", "BP",
        "elbv2_target_group::duplicate_same_settings elbv2_target_group::duplicate_other_settings"),
    Row("ranges and matchers", "B", "elbv2_target_group::validation elbv2_target_group::matcher"),
    Row("double hyphen in a name", "", gap="nothing says what AWS does; it is taken"),
    Row("TargetControlPort", "B", "elbv2_target_group::target_control_port"),
    Row("ModifyTargetGroup", "B",
        "elbv2_target_group::modify elbv2_target_group::modify_grpc_code"),
    Row("attributes", "BM",
        "elbv2_attributes::target_group_defaults elbv2_attributes::target_group_modify"
        " elbv2_attributes::target_group_ranges elbv2_attributes::target_group_combinations"),
    Row("pages; LoadBalancerArns follow the rules", "B",
        "elbv2_target_group::describe_pages"
        " elbv2_target_group::load_balancer_arns_follow_the_rules"),
    Row("one load balancer only", "P", "elbv2_target_group::one_load_balancer_only"),
    Row("delete: in use, missing", "PM",
        "elbv2_target_group::delete elbv2_target_group::delete_missing"),
    Row("a target is address and port", "BM",
        "elbv2_target::same_address_on_two_ports elbv2_target::port_of_the_group"
        " elbv2_target::one_ipv6_address"),
    Row("a zone counts while cross-zone is off", "BD",
        "elbv2_target::a_zone_counts_only_while_cross_zone_is_off elbv2_target::cross_zone_off"),
    Row("whom a load balancer reaches", "D",
        "dataplane_firewall::whom_a_load_balancer_reaches dataplane_firewall::real_checks"
        " dataplane_firewall::by_the_load_balancers_own_addresses"
        " dataplane_firewall::what_a_load_balancer_may_send"
        " dataplane_firewall::a_port_of_its_own_for_checks"),
    Row("anomalies", "B", "elbv2_target::anomalies"),
    Row("one function", "D", "elbv2_target::one_function"),
    Row("groups for Network Load Balancers", "BD",
        "elbv2_target_group::defaults_of_tcp elbv2_target_group::load_balancers_as_targets"),
    Row("versions that need HTTPS", "P", "elbv2_target_group::versions_that_need_https"),
    Row("validation of targets", "BELP",
        "elbv2_target::validation_of_addresses elbv2_target::validation_of_instances"
        " elbv2_target::instances_over_ipv6"
        " elbv2_target::outside_the_vpc_without_a_zone"),
    Row("deregister what is not there", "B", "elbv2_target::deregister_unknown"),
    Row("health: unused, initial, healthy, draining, not registered", "B",
        "elbv2_target::health_unused elbv2_target::health_initial_then_healthy"
        " elbv2_target::health_draining elbv2_target::health_of_some_targets"),
    Row("terminated instance", "M", "elbv2_target::terminated_instance_disappears"),
]  # fmt: skip

LISTENERS = [
    Row("same port", "BP",
        "elbv2_listener::same_port_same_settings elbv2_listener::same_port_other_settings"),
    Row("certificates of HTTPS", "PM",
        "elbv2_listener::https_without_a_certificate elbv2_listener::https_with_two_certificates"
        " elbv2_listener::certificate_not_found elbv2_listener::certificate_not_issued"),
    Row("SSL policy", "P", "elbv2_listener::ssl_policy elbv2_listener::ssl_policy_on_http"),
    Row("no ALPN policy", "M", "elbv2_listener::alpn_policy_is_absent"),
    Row("empty default actions", "B", "elbv2_listener::validation"),
    Row("mutual TLS", "BD",
        "elbv2_listener::mutual_authentication elbv2_listener::two_listeners_may_verify"),
    Row("another default certificate keeps the others", "B",
        "elbv2_listener::modify_default_certificate_keeps_the_others"),
    Row("another port; HTTPS to HTTP", "B",
        "elbv2_listener::modify_port elbv2_listener::modify_https_to_http_and_back"),
    Row("AddListenerCertificates", "BDM",
        "elbv2_listener_certificate::add_again elbv2_listener_certificate::add_unknown"
        " elbv2_listener_certificate::answer_has_only_the_one_given"
        " elbv2_listener_certificate::certificate_limit"),
    Row("RemoveListenerCertificates", "M",
        "elbv2_listener_certificate::remove_default elbv2_listener_certificate::remove_unknown"),
    Row("DescribeListenerCertificates", "B",
        "elbv2_listener_certificate::default_is_told_twice"
        " elbv2_listener_certificate::describe_pages"),
    Row("DescribeListeners", "M",
        "elbv2_listener::describe"
        " elbv2_listener_certificate::describe_listener_shows_the_default_only"),
    Row("listener attributes", "ME",
        "elbv2_attributes::listener_defaults elbv2_attributes::https_listener_has_tls_attributes"
        " elbv2_attributes::unknown_key"),
    Row("50 listeners", "BD", "elbv2_listener::listener_limit"),
    Row("DescribeSSLPolicies", "B", "elbv2_listener::describe_ssl_policies"),
    Row("trust stores", "BD",
        "elbv2_trust_store::create_and_describe elbv2_trust_store::bad_bundles"
        " elbv2_trust_store::used_by_a_listener elbv2_trust_store::revocations"),
    Row("resource policies, shared trust stores", "B",
        "elbv2_trust_store::nothing_is_shared"),
]  # fmt: skip

RULES = [
    Row("conditions of all kinds", "B",
        "elbv2_condition::validation elbv2_condition::echo_of_the_others"),
    Row("regular expressions", "B",
        "elbv2_condition::regex_values elbv2_condition::regex_values_of_the_condition"),
    Row("which conditions may repeat", "B",
        "elbv2_condition::validation elbv2_condition::several_header_and_query_conditions"),
    Row("five values, five wildcards", "PD",
        "elbv2_condition::five_condition_values elbv2_condition::five_wildcards"),
    Row("echo in both forms", "M", "elbv2_condition::echo_of_host_and_path_has_both_forms"),
    Row("transforms", "B",
        "elbv2_rule::transforms elbv2_rule::transforms_validation"
        " elbv2_rule::transforms_and_reset"),
    Row("forward", "BDM",
        "elbv2_action::forward_to_one_is_echoed_in_both_forms"
        " elbv2_action::forward_weighted_and_sticky elbv2_action::forward_validation"
        " elbv2_action::five_target_groups_in_an_action"),
    Row("redirect", "BM",
        "elbv2_action::redirect_defaults elbv2_action::redirect_loop"
        " elbv2_action::redirect_validation"),
    Row("fixed response", "B",
        "elbv2_action::fixed_response elbv2_action::fixed_response_validation"),
    Row("authentication", "PM",
        "elbv2_action::https_only elbv2_action::oidc_defaults_without_the_secret"
        " elbv2_action::oidc_secret elbv2_action::oidc_validation"),
    Row("JWT validation", "B", "elbv2_action::jwt_validation"),
    Row("order and number of actions", "B", "elbv2_action::order_and_number_of_actions"),
    Row("incompatible protocols", "P", "elbv2_action::incompatible_protocols"),
    Row("priority in use, or out of range", "PB",
        "elbv2_rule::priority_in_use elbv2_rule::priority_range"),
    Row("DescribeRules by priority, in pages", "BM",
        "elbv2_rule::describe_in_priority_order elbv2_rule::describe_pages"),
    Row("SetRulePriorities", "B",
        "elbv2_rule::set_priorities_swap_shift_and_keep elbv2_rule::set_priorities_conflict"),
    Row("default rules stay; missing ones", "B",
        "elbv2_rule::default_rule_is_for_ever elbv2_rule::delete"),
    Row("100 rules", "DB", "elbv2_rule::rule_limit"),
    Row("100 target groups", "P", "elbv2_rule::target_groups_per_load_balancer_limit"),
    Row("tags", "B",
        "elbv2_tag::add_remove_describe elbv2_tag::describe_twenty elbv2_tag::missing"
        " elbv2_tag::characters elbv2_tag::limits_on_listeners_and_rules"),
]  # fmt: skip

EC2 = [
    Row("interfaces get free addresses", "D",
        "ec2_network::every_interface_has_an_address_of_its_own"
        " ec2_network::more_addresses_of_an_interface_are_free_ones"
        " ec2_network::addresses_of_ipv6_are_free_ones"),
    Row("groups of one network", "P", "ec2_security_group::groups_of_another_vpc"),
    Row("filters compare what is told", "B",
        "ec2_network::filters_of_a_load_balancers_interfaces ec2_network::filters_of_instances"),
    Row("default groups", "D", "ec2_network::default_groups_are_open_to_themselves"),
    Row("default VPC and what is described", "DL",
        "ec2_network::default_vpc_reaches_the_internet"
        " ec2_network::nodes_as_controllers_look_them_up"),
    Row("pages", "B", "ec2_network::pages"),
    Row("CreateSecurityGroup", "B", "ec2_security_group::bad_groups"),
    Row("authorize: all or nothing, canonical, descriptions", "BML",
        "ec2_security_group::authorize_is_all_or_nothing ec2_security_group::blocks_are_canonical"
        " ec2_security_group::every_source_keeps_its_description ec2_security_group::bad_rules"),
    Row("duplicate with another description", "BM",
        "ec2_security_group::duplicate_with_another_description"),
    Row("60 rules", "D", "ec2_security_group::60_rules_for_each_version"),
    Row("revoke", "BM",
        "ec2_security_group::revoke_ignores_descriptions"
        " ec2_security_group::revoke_of_nothing_in_a_default_vpc"
        " ec2_security_group::revoke_of_nothing_elsewhere_is_all_or_nothing"),
    Row("rules described, changed, told otherwise", "BM",
        "ec2_security_group::revoke_by_id_and_rules_by_pages ec2_security_group::new_descriptions"
        " ec2_rule_change::change_keeps_id_and_tags ec2_rule_change::bad_changes"),
    Row("DeleteSecurityGroup", "BM",
        "ec2_security_group::default_group_stays ec2_security_group::referenced_group_stays"),
    Row("GetSecurityGroupsForVpc", "B", "ec2_network::groups_for_a_vpc"),
    Row("interfaces and instances, looked up", "L",
        "ec2_network::nodes_as_controllers_look_them_up"),
    Row("tags", "D", "ec2_network::tags_of_ec2"),
    Row("managed prefix lists", "B", "ec2_network::prefix_lists"),
    Row("IPAM and customer-owned pools", "B", "ec2_network::address_pools"),
    Row("a new group is found late", "M", "ec2_security_group::new_group_is_found_late"),
    Row("RequestLimitExceeded", "DM", "control_clock::token_buckets"),
]  # fmt: skip

ACM = [
    Row("private CAs", "BM",
        "acm_request::request_from_a_private_ca_is_issued_at_once"
        " acm_request::a_private_ca_that_cannot_sign"),
    Row("RequestCertificate", "B",
        "acm_request::request_pattern_of_domains"
        " acm_request::request_common_name_has_at_most_64_bytes"
        " acm_request::request_key_algorithms"
        " acm_request::request_token_stands_for_one_certificate"),
    Row("validation record", "BD",
        "acm_request::validation_record_is_shared_by_a_name_and_its_wildcard"
        " acm_request::validation_record_is_the_same_in_every_certificate_and_region"
        " acm_time::details_come_late"),
    Row("ISSUED by DNS, FAILED, timed out", "BDM",
        "acm_request::issued_once_the_record_is_in_a_public_zone acm_time::caa"
        " acm_time::validation_times_out_after_72_hours"
        " acm_time::issued_some_minutes_after_the_proof"),
    Row("ImportCertificate and import again", "BDP",
        "acm_import::import_of_wrong_material_is_refused"
        " acm_import::reimport_with_tags_is_refused"
        " acm_import::reimport_keeps_arn_tags_and_creation"),
    Row("ListCertificates", "B",
        "acm_certificates::list_default_returns_only_rsa_1024_and_2048"
        " acm_certificates::list_in_pages acm_certificates::list_summary_has_names_and_status"),
    Row("InUseBy and DeleteCertificate", "BM",
        "acm_certificates::in_use_by_names_load_balancers_and_blocks_delete"
        " acm_time::in_use_late_both_ways"),
    Row("export, renewal on request, e-mails", "B",
        "acm_lifecycle::export_encrypts_the_key acm_lifecycle::renewal_on_request"
        " acm_lifecycle::email_is_answered"),
    Row("tags, not found, bad ARNs", "B",
        "acm_certificates::tags_are_at_most_50 acm_certificates::not_found_and_bad_arns"),
]  # fmt: skip

ROUTE53 = [
    Row("TestDNSAnswer", "BD",
        "route53_answers::values route53_answers::names_that_are_not_there"
        " route53_answers::aliases route53_answers::routing_policies"
        " route53_answers::public_zones_only"),
    Row("health checks", "B",
        "route53_health_checks::defaults route53_health_checks::references"
        " route53_health_checks::versions route53_health_checks::lists"),
    Row("aliases to load balancers that are not there", "P",
        "route53_changes::an_alias_to_a_load_balancer_that_is_not_there"),
    Row("limits are told", "B", "route53_limits::limits_are_told"),
    Row("zones", "BM",
        "route53_zones::zones_caller_reference_is_used_once"
        " route53_zones::zones_begin_with_ns_and_soa"
        " route53_zones::zones_list_by_name_starts_at_the_name"
        " route53_zones::zones_private_belong_to_a_vpc route53_zones::zones_tags"),
    Row("a batch is one transaction", "B", "route53_changes::change_is_transactional"),
    Row("CREATE, DELETE, UPSERT", "PM",
        "route53_changes::change_create_over_existing_set_is_refused"
        " route53_changes::change_delete_must_be_exact"),
    Row("CNAME alone, never at the apex", "PM",
        "route53_changes::change_cname_beside_other_types_is_refused"
        " route53_changes::change_cname_at_apex_is_refused"),
    Row("aliases", "BDPM",
        "route53_changes::change_alias_to_nonsense_is_refused"
        " route53_changes::change_alias_with_ttl_or_values_is_refused"),
    Row("values by type", "DPM",
        "route53_values::value_that_its_type_does_not_allow_is_refused"
        " route53_values::value_unquoted_txt_says_so"),
    Row("names folded and escaped", "DM", "route53_names::names_are_folded_and_escaped"),
    Row("shape of errors", "BP", "route53_changes::error_shape_is_a_list_of_every_message"),
    Row("ListResourceRecordSets", "B",
        "route53_names::list_order_is_reversed_labels_then_type_then_identifier"
        " route53_names::list_has_300_on_a_page route53_routing::routing_policy_is_kept"),
    Row("GetChange", "B",
        "route53_changes::get_change_is_pending_first"
        " route53_changes::get_change_of_an_unknown_id"),
]  # fmt: skip

OTHERS = [
    Row("GetResources", "B", "neighbours::get_resources neighbours::bad_lookups"),
    Row("WAFv2", "LB", "neighbours::wafv2 neighbours::wafv2_of_what_is_not_there"),
    Row("WAFv2: not ready, in use", "PB",
        "neighbours::wafv2_while_a_load_balancer_is_made neighbours::a_web_acl_that_is_used_stays"),
    Row("tagging by ARN, and what was tagged once", "B",
        "neighbours::tagging_by_arn neighbours::what_was_tagged_once"),
    Row("user pools that log nobody in", "P", "elbv2_action::user_pools_that_log_nobody_in"),
    Row("what is asked for in the caller's name", "DP",
        "control_access::what_elb_asks_for_in_the_callers_name"
        " control_access::a_web_acl_is_a_matter_of_three control_access::a_login_by_cognito"),
    Row("tags of what is made", "DP",
        "control_access::what_is_made_in_something_is_tagged_itself"
        " control_access::rules_that_are_tagged control_access::the_policy_that_lbc_publishes"),
    Row("condition keys", "D",
        "control_access::keys_of_a_load_balancer control_access::keys_of_a_listener"
        " control_access::names_of_records control_access::the_vpc_of_a_security_group"),
    Row("sessions of roles", "D",
        "control_roles::a_session_may_do_what_its_role_may control_roles::an_external_id"
        " control_roles::a_role_of_another_account control_roles::a_session_by_a_token"
        " control_roles::how_long_a_session_may_last control_roles::a_session_ends"),
    Row("the policy simulator", "D",
        "control_simulator::decisions control_simulator::context control_simulator::identities"),
    Row("WAF Classic in a region", "B", "neighbours::waf_regional"),
    Row("Service Quotas", "DB",
        "service_quotas::defaults service_quotas::an_applied_quota_is_the_one_that_holds"
        " service_quotas::lists service_quotas::refusals"),
    Row("Shield", "L", "neighbours::shield_needs_a_subscription"),
    Row("Cognito", "B", "neighbours::cognito"),
    Row("STS", "B", "neighbours::caller neighbours::roles"),
    Row("IAM server certificates, service-linked roles", "B",
        "neighbours::listener_with_a_server_certificate_of_iam neighbours::roles"),
]  # fmt: skip

LIMITS = [
    Row("50 load balancers", "D", "elbv2_load_balancer::load_balancer_limit"),
    Row("50 listeners", "D", "elbv2_listener::listener_limit"),
    Row("25 certificates, defaults aside", "D", "elbv2_listener_certificate::certificate_limit"),
    Row("100 rules, defaults aside", "D", "elbv2_rule::rule_limit"),
    Row("5 condition values", "P", "elbv2_condition::five_condition_values"),
    Row("5 wildcards", "D", "elbv2_condition::five_wildcards"),
    Row("5 match evaluations", "D", "elbv2_condition::five_match_evaluations"),
    Row("5 target groups in an action", "D", "elbv2_action::five_target_groups_in_an_action"),
    Row("100 target groups of a load balancer", "P",
        "elbv2_rule::target_groups_per_load_balancer_limit"),
    Row("1,000 targets of a load balancer", "D",
        "elbv2_target::targets_per_load_balancer_limit"),
    Row("3,000 target groups", "D", "elbv2_target_group::target_group_limit"),
    Row("1,000 targets of a target group", "D",
        "elbv2_target::targets_per_target_group_limit"),
    Row("1 load balancer of a target group", "P", "elbv2_target_group::one_load_balancer_only"),
    Row("20 trust stores", "D", "elbv2_trust_store::20_trust_stores"),
    Row("2 listeners that verify", "D", "elbv2_listener::two_listeners_may_verify"),
    Row("25 CA certificates of 16 KB", "DB", "elbv2_trust_store::bad_bundles"),
    Row("chains of 4 certificates", "D", gap="a handshake's limit; no API call meets it"),
    Row("30 revocation lists, 500,000 entries", "D", "elbv2_trust_store::revocation_limits"),
    Row("15,000 capacity units, none in a region at first", "BMD",
        "elbv2_trust_store::capacity_limits elbv2_trust_store::capacity_of_a_region"),
    Row("priorities, weights and orders", "B",
        "elbv2_rule::priority_range elbv2_action::forward_validation"
        " elbv2_action::order_and_number_of_actions"),
    Row("20 ARNs, 400 on a page, 20 attributes", "B",
        "elbv2_tag::describe_twenty elbv2_load_balancer::describe_page_size"
        " elbv2_attributes::load_balancer_twenty_in_a_call"),
    Row("60 rules in a security group", "D", "ec2_security_group::60_rules_for_each_version"),
    Row("5 groups on an interface", "DM", "ec2_security_group::five_groups_on_an_interface"),
    Row("rules times groups at most 1,000", "M",
        "ec2_security_group::rules_times_groups_are_at_most_1000"),
    Row("2,500 security groups", "M", "ec2_security_group::group_quota_and_duplicate"),
    Row("2,500 certificates, 5,000 a year", "D",
        "acm_request::request_quotas acm_import::import_quotas"),
    Row("10 names of a certificate, at most 100", "D",
        "acm_request::request_has_at_most_10_names_by_default"),
    Row("500 zones", "D", "route53_limits::limit_of_zones_in_an_account"),
    Row("10,000 records in a zone", "D", "route53_limits::limit_of_records_in_a_zone"),
    Row("1,000 elements, 32,000 characters, UPSERT twice", "D",
        "route53_limits::limit_of_1000_elements route53_limits::limit_of_32000_characters"
        " route53_limits::limit_counts_upsert_twice"),
    Row("token buckets", "LDM", "control_clock::token_buckets"),
    Row("a zone takes one batch at a time", "D", "acm_time::a_zone_takes_one_batch_at_a_time"),
]  # fmt: skip

DELAYS = [
    Row("load balancers provision", "M", "elbv2_load_balancer::state_provisioning_then_active"),
    Row("listeners are found late", "L", "control_delays::new_listener_is_found_late"),
    Row("rules are found late", "M", "control_delays::new_rule_is_found_late"),
    Row("LoadBalancerArns of a target group are told late", "M",
        "control_delays::load_balancer_of_a_target_group_is_told_late"),
    Row("interfaces stay", "M",
        "ec2_security_group::group_of_a_load_balancer_stays_as_long_as_its_interfaces"),
    Row("target groups stay in use", "L", "control_delays::target_group_stays_in_use"),
    Row("certificates: details, issue, use", "BM",
        "acm_time::details_come_late acm_time::issued_some_minutes_after_the_proof"
        " acm_time::in_use_late_both_ways"),
    Row("changes are PENDING", "B", "route53_changes::get_change_is_insync_after_a_delay"),
    Row("tags are told late", "B", "control_delays::tags_are_told_late"),
    Row("security groups are found late", "M", "ec2_security_group::new_group_is_found_late"),
    Row("IAM ids are found late", "M", gap="IAM is moto's; no controller here makes any"),
]  # fmt: skip

ROWS = {
    "load balancers": LOAD_BALANCERS,
    "target groups and targets": TARGETS,
    "listeners": LISTENERS,
    "rules": RULES,
    "EC2": EC2,
    "ACM": ACM,
    "Route 53": ROUTE53,
    "other services": OTHERS,
    "limits": LIMITS,
    "delays": DELAYS,
}


def _table() -> str:
    """Every row with how sure it is and since when: what `python3 rows.py` prints."""
    lines = ["| service | row | marks | last seen true on AWS |", "|---|---|---|---|"]
    for service, rows in ROWS.items():
        for row in rows:
            told = row.gap or row.last_seen or "never"
            lines.append(f"| {service} | {row.name} | {row.marks} | {told} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(_table())
