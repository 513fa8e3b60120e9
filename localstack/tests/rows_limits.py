"""Rows of limits and delays, of all services."""

from row import Row

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
