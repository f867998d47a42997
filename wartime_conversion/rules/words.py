"""What a signed statement consists of, byte for byte, and the proof that its signer made it.

The phone builds the same bytes (`web/words.js`); `tests` compare the two on shared examples.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

PIN_ROUNDS = 20_000


def canonical(words: Mapping[str, Any]) -> str:
    """Write words as canonical JSON: keys sorted, no blanks, characters as they are (UTF-8)."""
    return json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def fingerprint(words: str) -> str:
    """SHA-256 of the words in UTF-8, hexadecimal."""
    return hashlib.sha256(words.encode()).hexdigest()


def pin_key(pin: str, salt: bytes, rounds: int = PIN_ROUNDS) -> bytes:
    """Stretch a PIN: PBKDF2 with HMAC-SHA-256, 32 bytes.

    20 000 rounds take a phone's plain JavaScript about a tenth of a second. The key guards against a mistaken
    or borrowed hand, not against somebody who takes the phone apart; the session and the roster guard the rest.
    """
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, rounds)


def pin_check(key: bytes) -> str:
    """Four hexadecimal digits of the key's hash: enough to say "wrong PIN" without a network."""
    return hashlib.sha256(key).hexdigest()[:4]


def proof(key: bytes, words: str) -> str:
    """HMAC-SHA-256 of the words, hexadecimal."""
    return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()


def is_proof(key: bytes, words: str, given: str) -> bool:
    """Whether a proof fits, compared in constant time."""
    return hmac.compare_digest(proof(key, words), given)
