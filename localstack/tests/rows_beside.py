"""Rows of what a controller needs beside load balancers."""

from row import Row

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
