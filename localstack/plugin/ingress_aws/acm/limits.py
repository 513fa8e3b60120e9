"""ACM's quotas, which can be set for one account through `/_albedo/settings`.

The defaults are those of "Quotas" in the ACM user guide.
"""

from ingress_aws.settings import knob

REQUESTED = knob("acm.quota.certificates", 2500, "quota: requested certificates in a region")
REQUESTED_YEARLY = knob(
    "acm.quota.certificates-per-year", 5000, "quota: certificates requested in 365 days"
)
IMPORTED = knob("acm.quota.imported-certificates", 2500, "quota: imported certificates in a region")
IMPORTED_YEARLY = knob(
    "acm.quota.imports-per-year", 5000, "quota: imports in 365 days, re-imports included"
)
NAMES = knob("acm.quota.names-per-certificate", 10, "quota: names of a requested certificate")

DETAILS_SECONDS = knob(
    "acm.details-seconds", 0, "how long DescribeCertificate does not tell the CNAMEs; some seconds"
)
ISSUING_SECONDS = knob(
    "acm.issuing-seconds", 0, "how long a request stays pending although proved; some minutes"
)
