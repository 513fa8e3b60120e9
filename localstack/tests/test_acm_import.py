"""Certificates that are imported, and imported again."""

import time
from datetime import timedelta
from typing import Any

import pytest
from aws import Account, refused
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from x509_material import CLIENT, DAY, SERVER, Leaf, key, key_pem

ALGORITHMS = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]


@pytest.fixture
def acm(aws: Account) -> Any:
    return aws.client("acm")


def described(acm: Any, arn: str) -> dict[str, Any]:
    return acm.describe_certificate(CertificateArn=arn)["Certificate"]


@pytest.mark.D
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_import_takes_every_key_algorithm(acm: Any, algorithm: str) -> None:
    leaf = Leaf("www.example.com", wanted=key(algorithm))
    arn = acm.import_certificate(**leaf.request())["CertificateArn"]
    # Answers have a hyphen where requests have an underscore.
    assert described(acm, arn)["KeyAlgorithm"] == algorithm.replace("_", "-", 1)
    listed = acm.list_certificates(Includes={"keyTypes": [algorithm]})["CertificateSummaryList"]
    assert [one["CertificateArn"] for one in listed] == [arn]


@pytest.mark.B
def test_import_describe_has_the_facts_of_the_certificate(acm: Any, aws: Account) -> None:
    leaf = Leaf(
        "www.example.com",
        "*.example.com",
        serial=0x0102FF,
        usages=("digital_signature", "key_encipherment"),
        extended=(SERVER, CLIENT),
    )
    arn = acm.import_certificate(**leaf.request())["CertificateArn"]
    assert arn.startswith(f"arn:aws:acm:us-east-1:{aws.id}:certificate/")
    found = described(acm, arn)
    assert {name: found[name] for name in found if not name.endswith("At")} == {
        "CertificateArn": arn,
        "DomainName": "www.example.com",
        "SubjectAlternativeNames": ["www.example.com", "*.example.com"],
        "Serial": "01:02:ff",
        "Subject": "CN=www.example.com",
        "Issuer": "www.example.com",
        "Status": "ISSUED",
        "NotBefore": leaf.certificate.not_valid_before_utc,
        "NotAfter": leaf.certificate.not_valid_after_utc,
        "KeyAlgorithm": "EC-prime256v1",
        "SignatureAlgorithm": "SHA256WITHECDSA",
        "InUseBy": [],
        "Type": "IMPORTED",
        "KeyUsages": [{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}],
        "ExtendedKeyUsages": [
            {"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"},
            {"Name": "TLS_WEB_CLIENT_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.2"},
        ],
        "RenewalEligibility": "INELIGIBLE",
        "Options": {"CertificateTransparencyLoggingPreference": "DISABLED", "Export": "DISABLED"},
    }
    assert "ImportedAt" in found and "IssuedAt" not in found


@pytest.mark.P
def test_import_without_usage_extensions_says_any_and_none(acm: Any) -> None:
    found = described(
        acm, acm.import_certificate(**Leaf("a.example.com").request())["CertificateArn"]
    )
    assert found["KeyUsages"] == [{"Name": "ANY"}]
    assert found["ExtendedKeyUsages"] == [{"Name": "NONE"}]


@pytest.mark.D
@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
@pytest.mark.parametrize("algorithm", ["RSA_2048", "EC_prime256v1"])
def test_import_takes_every_pem_form_of_a_key(acm: Any, algorithm: str, form: str) -> None:
    leaf = Leaf("a.example.com", wanted=key(algorithm))
    acm.import_certificate(**{**leaf.request(), "PrivateKey": key_pem(leaf.key, form)})


@pytest.mark.D
def test_import_takes_a_key_after_its_curve_parameters(acm: Any) -> None:
    leaf = Leaf("a.example.com")
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    text = parameters + key_pem(leaf.key, "TraditionalOpenSSL")
    acm.import_certificate(**{**leaf.request(), "PrivateKey": text})


@pytest.mark.D
def test_import_gives_back_texts_but_no_key(acm: Any) -> None:
    root = Leaf("Root CA", wanted=key(number=1))
    leaf = Leaf("a.example.com", signer=root)
    arn = acm.import_certificate(**leaf.request(root))["CertificateArn"]
    answer = acm.get_certificate(CertificateArn=arn)
    assert answer["Certificate"] == leaf.pem.decode()
    assert answer["CertificateChain"] == root.pem.decode()
    assert "PRIVATE KEY" not in str(answer)


# --- what is refused ----------------------------------------------------------------------------


def broken(**parts: Any) -> dict[str, Any]:
    return {**Leaf("a.example.com").request(), **parts}


def chain_of_strangers() -> dict[str, Any]:
    return Leaf("a.example.com").request(Leaf("Another CA", wanted=key(number=1)))


def chain_in_wrong_order() -> dict[str, Any]:
    root = Leaf("Root CA", wanted=key(number=1))
    middle = Leaf("Middle CA", wanted=key(number=2), signer=root)
    return Leaf("a.example.com", signer=middle).request(root, middle)


def chain_with_the_leaf() -> dict[str, Any]:
    root = Leaf("Root CA", wanted=key(number=1))
    leaf = Leaf("a.example.com", signer=root)
    return leaf.request(leaf, root)


def key_of_another_kind_than_its_signer() -> dict[str, Any]:
    root = Leaf("Root CA", wanted=key("RSA_2048"))
    return Leaf("a.example.com", signer=root).request(root)


def encrypted_key(form: str) -> bytes:
    return key_pem(key(), form, BestAvailableEncryption(b"secret"))


WRONG = {
    "key of another certificate": lambda: broken(PrivateKey=key_pem(key(number=1))),
    "key is junk": lambda: broken(PrivateKey=b"junk"),
    "key is a certificate": lambda: broken(PrivateKey=Leaf("a.example.com").pem),
    "key encrypted, PKCS8": lambda: broken(PrivateKey=encrypted_key("PKCS8")),
    "key encrypted, traditional": lambda: broken(PrivateKey=encrypted_key("TraditionalOpenSSL")),
    "key beyond 5120 bytes": lambda: broken(PrivateKey=key_pem(key()) + b" " * 5120),
    "certificate is junk": lambda: broken(Certificate=b"junk"),
    "certificate has junk inside": lambda: broken(
        Certificate=b"-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n"
    ),
    "two certificates": lambda: broken(Certificate=Leaf("a.example.com").pem * 2),
    "chain is junk": lambda: broken(CertificateChain=b"junk"),
    "chain of strangers": chain_of_strangers,
    "chain in the wrong order": chain_in_wrong_order,
    "chain holds the leaf": chain_with_the_leaf,
    "expired": lambda: Leaf("a.example.com", since=-9 * DAY, until=-DAY).request(),
    "not valid yet": lambda: Leaf("a.example.com", since=DAY).request(),
    "key algorithm that ACM has not": lambda: Leaf(
        "a.example.com", wanted=key("EC_secp224r1")
    ).request(),
    "signer's key of another kind": key_of_another_kind_than_its_signer,
    "no key": lambda: {"Certificate": Leaf("a.example.com").pem},
    "nothing": dict,
}


@pytest.mark.B
@pytest.mark.parametrize("case", WRONG)
def test_import_of_wrong_material_is_refused(acm: Any, case: str) -> None:
    with refused("ValidationException"):
        acm.import_certificate(**WRONG[case]())
    everything = {"keyTypes": ALGORITHMS}
    assert acm.list_certificates(Includes=everything)["CertificateSummaryList"] == []


@pytest.mark.D
def test_import_takes_a_chain_to_the_root(acm: Any) -> None:
    root = Leaf("Root CA", wanted=key(number=1))
    middle = Leaf("Middle CA", wanted=key(number=2), signer=root)
    leaf = Leaf("a.example.com", signer=middle)
    for chain in ((), (middle,), (middle, root)):
        acm.import_certificate(**leaf.request(*chain))


@pytest.mark.D
def test_import_never_shows_the_key_in_the_log(acm: Any, aws: Account) -> None:
    secret = key_pem(key()).decode().splitlines()[1]
    acm.import_certificate(**Leaf("a.example.com").request())
    with refused("ValidationException"):
        acm.import_certificate(**chain_of_strangers())
    told = str(aws.control("GET", f"/log?account={aws.id}"))
    assert "ImportCertificate" in told
    assert secret not in told


# --- re-import ----------------------------------------------------------------------------------


@pytest.mark.D
def test_reimport_keeps_arn_tags_and_creation(acm: Any) -> None:
    tags = [{"Key": "team", "Value": "edge"}]
    arn = acm.import_certificate(**Leaf("a.example.com").request(Tags=tags))["CertificateArn"]
    before = described(acm, arn)
    renewed = Leaf("a.example.com", "b.example.com", wanted=key(number=1), until=180 * DAY)
    assert acm.import_certificate(**renewed.request(CertificateArn=arn))["CertificateArn"] == arn
    after = described(acm, arn)
    assert after["CreatedAt"] == before["CreatedAt"]
    assert after["ImportedAt"] > before["ImportedAt"]
    assert after["Serial"] != before["Serial"]
    assert after["SubjectAlternativeNames"] == ["a.example.com", "b.example.com"]
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags
    everything = {"keyTypes": ALGORITHMS}
    assert len(acm.list_certificates(Includes=everything)["CertificateSummaryList"]) == 1


@pytest.mark.P
@pytest.mark.parametrize("tags", [[{"Key": "a", "Value": "b"}], []], ids=str)
def test_reimport_with_tags_is_refused(acm: Any, tags: list[dict[str, str]]) -> None:
    leaf = Leaf("a.example.com")
    arn = acm.import_certificate(**leaf.request())["CertificateArn"]
    with refused("ValidationException"):
        acm.import_certificate(**leaf.request(CertificateArn=arn, Tags=tags))


@pytest.mark.D
def test_reimport_keeps_key_type_and_size(acm: Any) -> None:
    arn = acm.import_certificate(**Leaf("a.example.com").request())["CertificateArn"]
    other = Leaf("a.example.com", wanted=key("EC_secp384r1"))
    with refused("ValidationException"):
        acm.import_certificate(**other.request(CertificateArn=arn))
    assert described(acm, arn)["KeyAlgorithm"] == "EC-prime256v1"


@pytest.mark.P
def test_reimport_keeps_usages(acm: Any) -> None:
    def leaf(usages: tuple[str, ...], *extended: Any) -> Leaf:
        return Leaf("a.example.com", usages=usages, extended=extended)

    signs = ("digital_signature",)
    first = leaf((*signs, "key_agreement", "key_encipherment"), SERVER, CLIENT)
    arn = acm.import_certificate(**first.request())["CertificateArn"]
    with refused("ValidationException"):
        acm.import_certificate(**leaf(signs, SERVER).request(CertificateArn=arn))
    with refused("ValidationException"):
        lesser = leaf((*signs, "key_agreement"), CLIENT)
        acm.import_certificate(**lesser.request(CertificateArn=arn))
    # Public CAs dropped these two, so ACM lets them go.
    allowed = leaf((*signs, "key_agreement"), SERVER)
    acm.import_certificate(**allowed.request(CertificateArn=arn))


@pytest.mark.D
def test_reimport_keeps_a_domain(acm: Any) -> None:
    arn = acm.import_certificate(**Leaf("a.example.com").request())["CertificateArn"]
    with refused("ValidationException"):
        acm.import_certificate(**Leaf().request(CertificateArn=arn))


@pytest.mark.B
def test_reimport_of_nothing_or_of_a_requested_one_is_refused(acm: Any, aws: Account) -> None:
    leaf = Leaf("a.example.com")
    missing = f"arn:aws:acm:us-east-1:{aws.id}:certificate/00000000-0000-0000-0000-000000000000"
    with refused("ResourceNotFoundException"):
        acm.import_certificate(**leaf.request(CertificateArn=missing))
    requested = acm.request_certificate(DomainName="a.example.com")["CertificateArn"]
    with refused("ValidationException"):
        acm.import_certificate(**leaf.request(CertificateArn=requested))


@pytest.mark.D
def test_import_quotas(acm: Any, aws: Account) -> None:
    def quota(name: str, value: int | None) -> None:
        wanted = {"account": aws.id, "settings": {f"acm.quota.{name}": value}}
        aws.control("POST", "/settings", wanted)

    leaf = Leaf("a.example.com")
    arn = acm.import_certificate(**leaf.request())["CertificateArn"]
    quota("imported-certificates", 1)
    with refused("LimitExceededException"):
        acm.import_certificate(**leaf.request())
    acm.import_certificate(**leaf.request(CertificateArn=arn))
    acm.delete_certificate(CertificateArn=arn)
    quota("imports-per-year", 2)
    with refused("LimitExceededException"):
        acm.import_certificate(**leaf.request())
    quota("imports-per-year", None)
    acm.import_certificate(**leaf.request())


@pytest.mark.B
def test_imported_certificate_expires_and_a_reimport_revives_it(acm: Any) -> None:
    # X.509 knows whole seconds only: this one has between one and two left.
    leaf = Leaf("a.example.com", until=timedelta(seconds=2))
    arn = acm.import_certificate(**leaf.request())["CertificateArn"]
    assert described(acm, arn)["Status"] == "ISSUED"
    time.sleep(2)
    assert described(acm, arn)["Status"] == "EXPIRED"
    acm.import_certificate(**Leaf("a.example.com").request(CertificateArn=arn))
    assert described(acm, arn)["Status"] == "ISSUED"
