"""The numbers of Route 53 that can be set for one account through `/_albedo/settings`."""

from ingress_aws.settings import knob

# DNSLimitations in the developer guide; both can be raised for a real account.
ZONES = knob("route53.quota.hosted-zones", 500, "quota: hosted zones of an account")
RECORDS = knob("route53.quota.records-per-zone", 10_000, "quota: record sets of a zone")

# AWS propagates within 60 seconds as a rule (API reference of ChangeResourceRecordSets). With the
# default of 0 the answer to a change still says PENDING, and the first GetChange says INSYNC.
INSYNC_SECONDS = knob(
    "route53.insync-seconds", 0, "seconds until a change is INSYNC; AWS takes up to 60"
)
PRIOR_SECONDS = knob(
    "route53.prior-request-seconds", 0, "how long a zone refuses the next batch after one"
)
