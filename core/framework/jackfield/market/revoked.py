"""What a marketplace has revoked: fetched as far as it is signed, and kept for when nobody answers."""

from __future__ import annotations

import hashlib

from jackfield.errors import ManifestError, TrustError
from jackfield.manifest import REVOCATIONS, RevocationList, read_revocations
from jackfield.market.failures import not_kept
from jackfield.market.transport import Transport
from jackfield.market.trust import Target, Witness
from jackfield.revocation import AGAIN_SECONDS, KeptList, now

MOST_BYTES = 5_000_000


class SignedRevocations:
    """The list of one marketplace.

    Args:
        transport: the way to it.
        witness: answers what it signs.
    """

    def __init__(self, transport: Transport, witness: Witness) -> None:
        self._transport = transport
        self._witness = witness

    async def current(self) -> KeptList | None:
        """The list as it is signed now, which is kept from then on; None for a marketplace that signs nothing.

        Raises:
            TrustError: it withholds the list that it signed, shows another one, or one that cannot be read.
            MarketError: it does not answer.
        """
        if (await self._witness.standing()).root is None:
            return None
        known = self._known()
        looks = self._witness.looks
        document = await self._document(known)
        if document is None:  # another one may have been published between the two answers
            await self._witness.again(looks)
            document = await self._document(known)
        if document is None:
            raise TrustError(
                f"{self._transport.url} does not show the list of revocations that it signed",
                hint="nothing was changed; somebody may want to hide what it revoked: try another network, "
                "or ask its operator",
            )
        return self._kept(document, known)

    def _known(self) -> KeptList | None:
        try:
            return KeptList.load(self._witness.folder)
        except ManifestError:
            return None  # damaged: it is fetched anew

    async def _document(self, known: KeptList | None) -> bytes | None:
        """The list whose hash is signed; None where what is shown has another one."""
        target: Target | None = (await self._witness.targets([REVOCATIONS])).get(REVOCATIONS)
        if target is None:
            return RevocationList().to_bytes()  # that nothing was ever revoked is signed, too
        if known is not None and known.sha256 == target.sha256:
            return known.document
        body = await self._transport.get(f"/tuf/targets/{target.sha256}.{REVOCATIONS}", most_bytes=MOST_BYTES)
        holds = body is not None and len(body) == target.length and hashlib.sha256(body).hexdigest() == target.sha256
        return body if holds else None

    def _kept(self, document: bytes, known: KeptList | None) -> KeptList:
        url = self._transport.url
        try:
            told = read_revocations(document, source=f"{REVOCATIONS} of {url}")
        except ManifestError as error:
            raise TrustError(
                f"{url} signed a list of revocations that cannot be read: {error.message}",
                hint="nothing was changed; ask its operator",
            ) from error
        same = known is not None and known.document == document and KeptList.look(self._witness.folder)[1] is None
        if known is not None and same and known.met and known.age_seconds() < AGAIN_SECONDS:
            return known
        kept = KeptList(url, f"{now():%Y-%m-%dT%H:%M:%SZ}", document, told, self._witness.version_of(REVOCATIONS))
        try:
            kept.save(self._witness.folder)
        except OSError as error:
            raise not_kept(f"what {url} revoked", error) from error
        return kept
