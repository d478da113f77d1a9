"""Content Credentials made in the tests, with keys of their own."""

from __future__ import annotations

import datetime
import io
import json
from dataclasses import dataclass
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    """A root and a certificate that it gave to somebody who signs."""

    root: str
    chain: str
    key: str

    def sign(self, source: Path, kind: str, target: Path, source_type: str = GENERATED) -> Path:
        action = {"action": "c2pa.created", "digitalSourceType": source_type}
        manifest = {
            "claim_generator_info": [{"name": "Imagine", "version": "1.0"}],
            "title": "a picture",
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
        }
        info = c2pa.C2paSignerInfo(b"es256", self.chain.encode(), self.key.encode(), None)
        signed = io.BytesIO()
        with source.open("rb") as file:
            c2pa.Builder.from_json(json.dumps(manifest)).sign(c2pa.Signer.from_info(info), kind, file, signed)
        target.write_bytes(signed.getvalue())
        return target


def make_signer(organisation: str = "Test desk") -> Signer:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Test root", organisation, root_key, None, root_key)
    leaf = _certificate("Test camera", organisation, key, root, root_key)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return Signer(_pem(root), _pem(leaf) + _pem(root), private.decode())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _certificate(
    name: str, organisation: str, key: Key, issuer: x509.Certificate | None, issuer_key: Key
) -> x509.Certificate:
    now, ca = datetime.datetime.now(datetime.UTC), issuer is None
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )
    usage = x509.KeyUsage(True, False, False, False, False, ca, ca, False, False)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(usage, critical=True)
    )
    if not ca:
        built = built.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    return built.sign(issuer_key, hashes.SHA256())
