"""ExchangeService without its stream: submit and read."""

from typing import Any

from rogatory.errors import ExchangeUnknown, Malformed, Overloaded
from rogatory.lifecycle import ExchangeState
from rogatory.v1 import exchange_service_pb2 as pb
from rogatory.v1 import message_pb2, receipt_pb2
from rogatory_gateway.admission import Admission, Repeated
from rogatory_gateway.clocks import Clock
from rogatory_gateway.journal import (
    Journal,
    Logged,
    Readmit,
    Receipts,
    entitled_openings,
)
from rogatory_gateway.rpc.calls import AUDITOR, EXCHANGING, Call, Method
from rogatory_gateway.store import Reader
from rogatory_gateway.store.reading import StoredExchange

SERVICE = "rogatory.v1.ExchangeService"
MAX_SUBMIT_BYTES = 5 << 20
_MAX_ADMISSIONS = 64
"""How often a message is admitted because something changed meanwhile. Of messages that
race in one exchange each batch logs one, so this is more than there are threads."""

_PAGE = 20
_MAX_PAGE = 50
_EXCHANGES_PAGE = 50
_MAX_EXCHANGES_PAGE = 200
_READING = EXCHANGING | {AUDITOR}


class Exchanges:
    """Handlers of ExchangeService."""

    def __init__(
        self,
        reader: Reader,
        admission: Admission,
        journal: Journal,
        receipts: Receipts,
        clock: Clock,
    ) -> None:
        """Wire the handlers."""
        self._reader = reader
        self._admission = admission
        self._journal = journal
        self._receipts = receipts
        self._clock = clock

    def methods(self) -> list[Method[Any]]:
        """Return the service's unary methods."""
        return [
            Method(
                SERVICE,
                "SubmitMessage",
                pb.SubmitMessageRequest,
                self.submit,
                EXCHANGING,
                MAX_SUBMIT_BYTES,
            ),
            Method(SERVICE, "GetExchange", pb.GetExchangeRequest, self.get, _READING),
            Method(
                SERVICE, "ListExchanges", pb.ListExchangesRequest, self.list, _READING
            ),
            Method(
                SERVICE,
                "ListMessages",
                pb.ListMessagesRequest,
                self.list_messages,
                _READING,
            ),
            Method(
                SERVICE, "ListInbox", pb.ListInboxRequest, self.list_inbox, _READING
            ),
        ]

    def submit(
        self, request: pb.SubmitMessageRequest, call: Call
    ) -> pb.SubmitMessageResponse:
        """Admit, append, answer: in this order, each only after the one before."""
        for _ in range(_MAX_ADMISSIONS):
            admitted = self._admission.admit(
                request.envelope, request.sealed_sections, call.peer, self._clock()
            )
            if isinstance(admitted, Repeated):
                return self._answer_again(admitted, call)
            try:
                result = self._journal.append(admitted)
            except Readmit:
                # Something was logged since; that may have been a statement.
                self._admission.refresh()
                continue
            if isinstance(result, tuple):
                return self._answer(*result, call)
            stored = self._reader.message_at(result.index)
            if stored is None:
                raise AssertionError("a logged message id has its message")
            repeated = self._admission.repeated(
                stored, result.payload_digest, admitted.message.envelope
            )
            return self._answer_again(repeated, call)
        raise Overloaded("exchange", expected="fewer messages at the same time")

    def _answer(
        self, logged: Logged, proof: bytes, call: Call
    ) -> pb.SubmitMessageResponse:
        call.facts["log_index"] = logged.index
        party = call.peer.party
        openings = entitled_openings(
            logged.openings.openings, sender=party, caller=party
        )
        return pb.SubmitMessageResponse(
            receipt=receipt_pb2.Receipt(
                entry=logged.entry, proof=proof, openings=openings
            )
        )

    def _answer_again(self, repeated: Repeated, call: Call) -> pb.SubmitMessageResponse:
        call.facts["log_index"] = repeated.stored.index
        call.facts["repeated"] = True
        receipt = self._receipts.receipt(repeated.stored, call.peer.party)
        return pb.SubmitMessageResponse(receipt=receipt)

    def get(self, request: pb.GetExchangeRequest, call: Call) -> pb.GetExchangeResponse:
        """Return the state of an exchange."""
        found = self._visible(request.exchange_id, call)
        return pb.GetExchangeResponse(exchange=_exchange(found, with_parts=True))

    def list(
        self, request: pb.ListExchangesRequest, call: Call
    ) -> pb.ListExchangesResponse:
        """Return a page of the caller's exchanges."""
        size = _page_size(request.page_size, _EXCHANGES_PAGE, _MAX_EXCHANGES_PAGE)
        before = _token(request.page_token)
        found = self._reader.exchanges(call.peer.party, before, size)
        full = len(found) == size
        return pb.ListExchangesResponse(
            exchanges=[_exchange(each, with_parts=False) for each in found],
            next_page_token=str(found[-1].first_index) if full else "",
        )

    def list_messages(
        self, request: pb.ListMessagesRequest, call: Call
    ) -> pb.ListMessagesResponse:
        """Return a page of an exchange's messages that the caller sent or received."""
        self._visible(request.exchange_id, call)
        size = _page_size(request.page_size, _PAGE, _MAX_PAGE)
        after = _token(request.page_token)
        stored = self._reader.messages(
            request.exchange_id, -1 if after is None else after, size
        )
        seen = [m for m in stored if self._receipts.concerns(m, call.peer.party)]
        messages = self._receipts.deliveries(seen, call.peer.party)
        if len(messages) < len(seen):
            token = str(seen[len(messages) - 1].position)
        else:
            token = str(stored[-1].position) if len(stored) == size else ""
        return pb.ListMessagesResponse(messages=messages, next_page_token=token)

    def list_inbox(
        self, request: pb.ListInboxRequest, call: Call
    ) -> pb.ListInboxResponse:
        """Return a page of the caller's inbox."""
        size = _page_size(request.page_size, _PAGE, _MAX_PAGE)
        stored = self._reader.inbox(call.peer.party, request.after, size)
        return pb.ListInboxResponse(
            messages=self._receipts.deliveries(stored, call.peer.party)
        )

    def _visible(self, exchange_id: str, call: Call) -> StoredExchange:
        found = self._reader.exchange(exchange_id)
        # One answer for "not there" and "not yours": ids must not be probed.
        if found is None or call.peer.party not in found.state.participants:
            raise ExchangeUnknown("exchange_id", expected="an exchange of the caller")
        return found


def _page_size(asked: int, default: int, most: int) -> int:
    if not asked:
        return default
    if not 1 <= asked <= most:
        raise Malformed("page_size", expected=f"1 to {most}", got=str(asked))
    return asked


def _token(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:  # noqa: PLR2004
        raise Malformed("page_token", expected="one from an earlier answer")
    return int(text)


def _exchange(found: StoredExchange, *, with_parts: bool) -> pb.Exchange:
    state: ExchangeState = found.state
    exchange = pb.Exchange(
        exchange_id=state.exchange_id,
        requester=state.requester,
        addressee=state.addressee,
        profile=message_pb2.ProfileReference(
            id=state.profile_id, digest=state.profile_digest
        ),
        test=state.test,
        emergency=state.emergency,
        state=state.state,
        newest_digest=state.digests[-1],
        message_count=state.version,
    )
    exchange.create_time.FromSeconds(found.create_time)
    exchange.update_time.FromSeconds(found.update_time)
    if with_parts:
        for part_id, part in state.parts.items():
            added = exchange.parts.add(id=part_id, state=part.state)
            if part.act_time is not None:
                added.act_time.FromSeconds(part.act_time)
    return exchange
