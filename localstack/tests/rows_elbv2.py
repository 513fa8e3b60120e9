"""Rows of Elastic Load Balancing."""

from row import Row

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
        " elbv2_attributes::methods_of_other_origins elbv2_attributes::unknown_key"),
    Row("50 listeners", "BD", "elbv2_listener::listener_limit"),
    Row("DescribeSSLPolicies", "B", "elbv2_listener::describe_ssl_policies"),
    Row("trust stores", "BD",
        "elbv2_trust_store::create_and_describe elbv2_trust_store::bad_bundles"
        " elbv2_trust_store::used_by_a_listener elbv2_trust_store::revocations"),
    Row("resource policies, shared trust stores", "B",
        "elbv2_trust_store::nothing_is_shared"),
]  # fmt: skip

RULES = [
    Row("conditions of all kinds", "BM",
        "elbv2_condition::validation elbv2_condition::echo_of_the_others"
        " elbv2_condition::nobodys_address"),
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
