"""Signatures by public key: Ed25519 (Standard Webhooks `v1a`) and ECDSA on P-256 (SendGrid).

They need the `ecdsa` extra of this package; no other provider does.
"""

from __future__ import annotations

from typing import Any

from workbench.errors import DeliveryError

__all__ = ["sign_with_key", "verify_with_key"]


def verify_with_key(algorithm: str, public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Return whether a signature over a text is that of the key's owner.

    Args:
        algorithm: `ed25519` (the key as its 32 bytes) or `ecdsa-p256` (the key in DER, the signature in DER).
        public_key: as bytes.
        signature: as bytes.
        text: what was signed.

    Raises:
        ValueError: the key is none of this algorithm.
        DeliveryError: the extra is not installed.
    """
    crypto = _cryptography()
    if algorithm == "ed25519":
        key = crypto.ed25519.Ed25519PublicKey.from_public_bytes(public_key)
        arguments: tuple[Any, ...] = ()
    else:
        key = _load(crypto.serialization.load_der_public_key, public_key, crypto.ec.EllipticCurvePublicKey)
        arguments = (crypto.ec.ECDSA(crypto.hashes.SHA256()),)
    try:
        key.verify(signature, text, *arguments)
    except crypto.InvalidSignature:
        return False
    return True


def sign_with_key(algorithm: str, private_key: bytes, text: bytes) -> bytes:
    """Return the signature of a text: for `ed25519` by the 32 bytes of a seed, for `ecdsa-p256` by a PKCS 8 key in DER.

    Raises:
        ValueError: the key is none of this algorithm.
        DeliveryError: the extra is not installed.
    """
    crypto = _cryptography()
    if algorithm == "ed25519":
        signature: bytes = crypto.ed25519.Ed25519PrivateKey.from_private_bytes(private_key[:32]).sign(text)
        return signature
    key = _load(
        lambda der: crypto.serialization.load_der_private_key(der, password=None),
        private_key,
        crypto.ec.EllipticCurvePrivateKey,
    )
    signed: bytes = key.sign(text, crypto.ec.ECDSA(crypto.hashes.SHA256()))
    return signed


def _load(load: Any, der: bytes, kind: type[Any]) -> Any:
    """Return the key in a DER text, whatever the library raises about a text that is none."""
    try:
        key = load(der)
    except (ValueError, TypeError) as error:
        message = "the key must be in DER, written in base64; copy it again from the provider's settings"
        raise ValueError(message) from error
    if not isinstance(key, kind):
        message = f"the key must be on the elliptic curve P-256, and this is a {type(key).__name__}"
        raise ValueError(message)
    return key


def _cryptography() -> Any:
    """Return the parts of `cryptography` in use; imported here because only two providers need it."""
    try:
        from types import SimpleNamespace

        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    except ImportError as error:
        message = "this provider signs by public key; install the extra: pip install 'integration-workbench[ecdsa]'"
        raise DeliveryError(message) from error
    return SimpleNamespace(
        InvalidSignature=InvalidSignature, hashes=hashes, serialization=serialization, ec=ec, ed25519=ed25519
    )
