"""Keyed digests of the sourced values that a plan file needs: they prove that what is carried out is what was reviewed.

A digest shows nothing of its value to anybody without the key; with an empty key, each guess still costs time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping

from billsync.core.secrets.masking import masked
from billsync.core.secrets.unmasking import sources_of
from billsync.model.change import PlanFile
from billsync.model.frozen import replace
from billsync.model.kind import Registry
from billsync.model.source import Source
from billsync.model.state import Desired
from billsync.model.value import digest


def without_secrets(plan_file: PlanFile, desired: Desired, registry: Registry, key: str) -> PlanFile:
    """The plan file as it is saved: sourced values are hidden, and those that a run needs have a digest."""
    hidden = masked(plan_file, desired, registry, salt=_salt(plan_file))
    texts = {source: desired.sourced[source] for source in sources_of(hidden)}
    return replace(hidden, secrets=_digests(hidden, texts, key))


def other_secrets(plan_file: PlanFile, texts: Mapping[Source, str], key: str) -> Iterator[Source]:
    """Yield the sources whose values aren't those that were reviewed, or were reviewed under another key."""
    found = _digests(plan_file, texts, key)
    for source in sources_of(plan_file):
        if not hmac.compare_digest(found.get(source.text, ""), plan_file.secrets.get(source.text, "?")):
            yield source


def _digests(plan_file: PlanFile, texts: Mapping[Source, str], key: str) -> Mapping[str, str]:
    """The digests by the sources' names; all of one plan file have one derived key."""
    if not texts:
        return {}
    salt = _salt(plan_file).encode()
    derived = _derived(key, salt)
    return {
        source.text: f"hmac-sha256:{hmac.new(derived, _derived(text, salt), hashlib.sha256).hexdigest()}"
        for source, text in texts.items()
    }


def _derived(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, n=2**13, r=8, p=1, dklen=32)


def _salt(plan_file: PlanFile) -> str:
    """The same for the same decision, so that a plan file has the same bytes; another one for each other."""
    return digest((plan_file.target, plan_file.owner, plan_file.mode, plan_file.created_at))[:32]
