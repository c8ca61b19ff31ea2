"""The story of the README, played with real processes: `make demo`.

Gateway, regulator, police, prosecutor, platform and auditor are processes of their own
that speak mutual TLS on loopback ports. Every party is made up and every exchange is
flagged as a test. It ends with the gateway stopped and its log verified from files.
"""

import shutil
import statistics
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rogatory_gateway.dev import story
from rogatory_gateway.dev.stage import DemoFailed, Stage, say
from rogatory_gateway.dev.tampering import tampered_copies
from rogatory_gateway.dev.workspace import free_ports, make_workspace

_PLATFORM = "example-messenger"
_QUICK_MINUTES = 110
_SLOW = timedelta(hours=36)


def main() -> int:
    """Play the story; return the exit code."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".demo")
    started = time.monotonic()
    make_workspace(folder, port=free_ports(1)[0])
    stage = Stage(folder)
    try:
        _Story(stage).play(started)
    except DemoFailed as error:
        say(f"\nTHE DEMO FAILED: {error}")
        say(f"what every process said is in {stage.logs}")
        return 1
    finally:
        stage.stop()
    return 0


class _Story:
    """The five acts."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.exchanges: dict[str, str] = {}
        self.receipts = 0
        self.views: list[dict[str, Any]] = []
        self.entries = 0

    def play(self, started: float) -> None:
        say("Rogatory demo: made-up parties, throw-away keys, every exchange a test.")
        self.stage.start_gateway()
        self.stage.start_watch("messenger")
        self._act("1. The regulator asks for the removal of 25 items, then of 123")
        self._requests()
        self._act("2. The platform answers item by item; the slowest after 36 hours")
        self._answers()
        self._act("3. Two people sign for subscriber data; one encrypted file comes")
        self._disclosure()
        self._act("4. The auditor needs nobody: the log is verified from files")
        self._audit()
        self._act("5. What happened")
        self._table(started)

    def _act(self, title: str) -> None:
        say()
        say(title)
        say("-" * len(title))

    # --- 1 ---------------------------------------------------------------------------

    def _requests(self) -> None:
        first = story.item_ids(1, story.FIRST_BATCH)
        second = story.item_ids(1 + story.FIRST_BATCH, story.SECOND_BATCH)
        spoiled = self.stage.write(
            "tables/items-spoiled.csv", story.spoiled_items_csv(first)
        )
        say("A spreadsheet program mangled two cells. Nothing is sent:")
        self._request(spoiled, exit_code=1)
        say("The clerk corrects them:")
        self.exchanges["first"] = self._request(
            self.stage.write("tables/items-25.csv", story.items_csv(first))
        )
        self.exchanges["second"] = self._request(
            self.stage.write("tables/items-123.csv", story.items_csv(second))
        )

    def _request(self, items: str, exit_code: int = 0) -> str:
        self.stage.run(
            "request",
            "removal",
            "--profile",
            "KR.CORRECTION",
            "--to",
            _PLATFORM,
            "--items",
            items,
            "--reasons",
            "Synthetic intimate videos, reported by the persons shown",
            party="regulator",
            exit_code=exit_code,
        )
        return "" if exit_code else self._newest("regulator")

    def _newest(self, party: str) -> str:
        exchanges: list[dict[str, Any]] = self.stage.ask(
            "exchange", "list", party=party
        )["exchanges"]
        return str(exchanges[0]["exchange_id"])

    # --- 2 ---------------------------------------------------------------------------

    def _answers(self) -> None:
        say("Its legal team has been watching in another process:")
        for line in self.stage.watched("messenger", 2):
            say(f"    {line}")
        first, second = self.exchanges["first"], self.exchanges["second"]
        asked_at = self.stage.now()
        self.stage.let_pass(timedelta(hours=2))
        quick = [i for i in story.item_ids(1, story.FIRST_BATCH) if i != story.UNCLEAR]
        self._respond(first, "results-25.csv", self._acted(quick, asked_at, 110))
        say("One link opens nothing: the platform sends that item back.")
        question = story.question_csv(story.UNCLEAR)
        self._respond_file(first, self.stage.write("tables/question.csv", question))
        self.stage.let_pass(timedelta(hours=20))
        corrected = story.corrected_csv(story.UNCLEAR)
        self.stage.run(
            "respond",
            "clarify",
            first,
            "--text",
            "The corrected link is in the table",
            "--items",
            self.stage.write("tables/corrected.csv", corrected),
            party="regulator",
        )
        batch = story.item_ids(1 + story.FIRST_BATCH, story.SECOND_BATCH)
        acted = self._acted(batch, asked_at, 20 * 60)
        self._respond(second, "results-123.csv", acted)
        self.stage.let_pass(asked_at + _SLOW - self.stage.now())
        acted = {story.UNCLEAR: self.stage.now()}
        self._respond(first, "results-last.csv", acted)
        self.stage.run("exchange", "show", first, party="regulator", show=16)

    def _acted(
        self, items: list[str], since: datetime, most: int
    ) -> dict[str, datetime]:
        return {
            item_id: since + timedelta(minutes=story.minutes_of(item_id, most))
            for item_id in items
        }

    def _respond(self, exchange: str, name: str, acted: dict[str, datetime]) -> None:
        self._respond_file(
            exchange, self.stage.write(f"tables/{name}", story.results_csv(acted))
        )

    def _respond_file(self, exchange: str, table: str) -> None:
        self.stage.run(
            "respond", "removal", exchange, "--results", table, party="messenger"
        )

    # --- 3 ---------------------------------------------------------------------------

    def _disclosure(self) -> None:
        draft = str(self.stage.folder / "order.draft")
        self.stage.run(
            "request",
            "disclosure",
            "--profile",
            "XX.SUBSCRIBER",
            "--to",
            _PLATFORM,
            "--targets",
            self.stage.write("tables/targets.csv", story.targets_csv()),
            "--reasons",
            "Who runs the channel (made-up case)",
            "--cosigner",
            "example-prosecutor/prosecutor-1:validator",
            "--draft",
            draft,
            party="police",
        )
        say("Without the prosecutor's signature it is not even sent:")
        self.stage.run("draft", "submit", draft, party="police", exit_code=4, show=6)
        self.stage.run("cosign", draft, "--yes", party="prosecutor", show=16)
        self.stage.run("draft", "submit", draft, party="police")
        exchange = self._newest("police")
        self.exchanges["disclosure"] = exchange
        self.stage.watched("messenger", 4)
        record = self.stage.write(
            "platform/subscriber.json", story.SUBSCRIBER_RECORD.encode()
        )
        self.stage.run(
            "respond",
            "disclosure",
            exchange,
            "--file",
            record,
            "--task",
            "t-1",
            party="messenger",
        )
        self._receive(exchange, Path(record))

    def _receive(self, exchange: str, original: Path) -> None:
        evidence = self.stage.folder / "evidence"
        self.stage.run(
            "evidence", "receive", exchange, "--into", str(evidence), party="police"
        )
        received = evidence / original.name
        if received.read_bytes() != original.read_bytes():
            raise DemoFailed("the officer's file is not the platform's")
        say("The officer's file equals the platform's, byte for byte.")
        age = self.stage.tool("age")
        if age is None:
            say("(The standard `age` tool is not installed here; it opens it too.)")
            return
        self._decrypt_with_age(exchange, original, age)

    def _decrypt_with_age(self, exchange: str, original: Path, age: str) -> None:
        folder = self.stage.folder / "evidence"
        identity = folder / "identity.txt"
        self.stage.run(
            "evidence",
            "identity",
            exchange,
            "--file",
            original.name,
            "--output",
            str(identity),
            party="police",
        )
        encrypted = folder / "encrypted"
        self.stage.run(
            "evidence",
            "fetch",
            exchange,
            "--encrypted-into",
            str(encrypted),
            party="police",
        )
        (source,) = encrypted.iterdir()
        say(f"$ age --decrypt --identity {identity.name} {source.name}")
        plain = self.stage.decrypt(age, identity, source)
        if plain != original.read_bytes():
            raise DemoFailed("age decrypted something else")
        say("    the same bytes: no software of ours is needed to read it")

    # --- 4 ---------------------------------------------------------------------------

    def _audit(self) -> None:
        folder = self.stage.folder
        log, vkeys = folder / "log", str(folder / "log.vkeys")
        self.views = [
            self.stage.ask("exchange", "show", exchange, party="messenger")
            for exchange in self.exchanges.values()
        ]
        self.stage.run("log", "mirror", str(log), party="auditor")
        self.entries = int((log / "checkpoint").read_text().splitlines()[1])
        self.stage.stop()
        say("The gateway is stopped. From here on there are only files.")
        verify = ["--vkeys", vkeys]
        self.stage.run("log", "verify", str(log), *verify)
        self._receipts(vkeys)
        say("On copies, what a dishonest operator might do is found and named:")
        for name, what, copy in tampered_copies(log, folder / "tampered"):
            say(f"{name}: {what}")
            self.stage.run("log", "verify", str(copy), *verify, exit_code=3, show=8)

    def _receipts(self, vkeys: str) -> None:
        """Lay out one exchange's receipts and verify each from its files."""
        folder = self.stage.folder
        receipts, envelopes = folder / "receipts", folder / "envelopes"
        for path in (receipts, envelopes):
            path.mkdir(exist_ok=True)
        parties = ("example-regulator", "example-police", "example-messenger")
        for party in parties:
            for entry in sorted(
                (folder / "state" / party / "messages").glob("*.entry")
            ):
                name = entry.stem
                for suffix in (".entry", ".tlog-proof"):
                    shutil.copy(entry.with_suffix(suffix), receipts / f"{name}{suffix}")
                shutil.copy(entry.with_suffix(".bin"), envelopes / f"{name}.bin")
        shown = 3
        names = sorted(path.stem for path in receipts.glob("*.entry"))
        for number, name in enumerate(names):
            quiet = number >= shown
            self.stage.run(
                "receipt",
                "verify",
                str(receipts / f"{name}.entry"),
                str(receipts / f"{name}.tlog-proof"),
                "--envelope",
                str(envelopes / f"{name}.bin"),
                "--vkeys",
                vkeys,
                quiet=quiet,
                show=2,
            )
        say(f"… and so on: {len(names)} receipts verified")
        self.receipts = len(names)

    # --- 5 ---------------------------------------------------------------------------

    def _table(self, started: float) -> None:
        views = self.views
        outcomes: dict[str, int] = {}
        seconds = []
        for view in views:
            asked = datetime.fromisoformat(view["create_time"])
            for part in view["parts"]:
                outcomes[part["state"]] = outcomes.get(part["state"], 0) + 1
                acted = datetime.fromisoformat(part["act_time"])
                seconds.append((acted - asked).total_seconds())
        rows = [
            ("messages", str(self.receipts)),
            ("items and tasks", str(len(seconds))),
            *((f"  {name}", str(count)) for name, count in sorted(outcomes.items())),
            ("median time to act", _hours(statistics.median(seconds))),
            ("slowest", _hours(max(seconds))),
            ("log entries", str(self.entries)),
            ("verified", f"the whole log, {self.receipts} receipts, 3 forgeries found"),
            ("time of the demo", f"{time.monotonic() - started:.0f} s"),
        ]
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            say(f"  {name:<{width}}  {value}")
        self._farewell()

    def _farewell(self) -> None:
        folder = self.stage.folder
        shown = folder.name
        say()
        say(f"Everything lies in {shown}/:")
        for name, what in (
            ("log/", "the auditor's copy of the log (C2SP tlog-tiles)"),
            ("log.vkeys", "the log's two public keys"),
            ("receipts/ envelopes/", "what each party holds in its hands"),
            ("evidence/", "the disclosed file, as the officer got it"),
            ("tables/", "the spreadsheets of both sides"),
            ("contexts/ tls/ keys/", "the parties, for `rogatory --as NAME`"),
            ("logs/", "what the processes said"),
        ):
            say(f"  {name:<22} {what}")
        say()
        say("Next:")
        say(f"  .venv/bin/rogatory-gateway serve --dev --folder {shown}")
        say(
            "  .venv/bin/rogatory --as regulator exchange list    (in another terminal)"
        )


def _hours(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60:02d} min"


if __name__ == "__main__":
    sys.exit(main())
