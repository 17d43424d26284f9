"""Measures a recovery snapshot, its restore and its proof of many customers, each in a process of its own.

    .venv/bin/python benchmarks/recovery.py [--customers 1000]

Everything runs over the embedded server in the same process, so that the server's own time is in each figure. The floor
is one client that makes the same number of requests, each for one customer's balance, and nothing else. Memory is the
peak of the whole process, less that of a process that opens the same server.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BILLSYNC = [sys.executable, "-m", "billsync"]
SHOP = """\
_info: {owner: bench, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans:
  - key: pro
    name: Pro
    settlement_mode: credit_only
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "31"}}
          - {feature: calls, price: {type: unit, amount: "0.05"}}
customers:
"""
CUSTOMER = """\
  - key: c{0}
    name: Customer {0}
    usage_attribution: {{subject_keys: [c{0}]}}
    subscription: {{plan: pro}}
    grants: [{{key: g, name: Gift, amount: "100", currency: USD, funding_method: none}}]
"""
COMMANDS = {
    "snapshot": ("dump", "--server", "local:shop.db", "--snapshot", "live.snapshot", "--events", "--yes"),
    "restore": ("restore", "live.snapshot", "--server", "local:new.db", "--yes", "--out", "json=losses.json"),
    "restore again": ("restore", "live.snapshot", "--server", "local:new.db", "--yes"),
    "verify": ("verify", "live.snapshot", "--server", "local:new.db", "--losses", "losses.json"),
}


ALOUD = (
    "import sys; from billsync.cli import main, surroundings as s;"
    "s.Run.hears_requests = property(lambda run: True);"
    "s.Run.requested = lambda run, one: print('REQUEST', file=sys.stderr);"
    "sys.argv[0] = 'billsync'; main.main()"
)


def requests_of(folder: Path, command: tuple[str, ...]) -> int:
    """The number of requests of a command that is run once more."""
    ran = subprocess.run(
        [sys.executable, "-c", ALOUD, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    return ran.stderr.count("REQUEST")


def measured(folder: Path, command: tuple[str, ...]) -> tuple[float, float, int]:
    """The seconds of a command, its peak in MB, and its exit code."""
    before = time.monotonic()
    script = (
        "import resource, subprocess, sys;"
        "ran = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
        "print(ran.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *BILLSYNC, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    status, peak = ran.stdout.split()
    return time.monotonic() - before, int(peak) / 1024, int(status)


def floor_of(folder: Path, database: str, requests: int) -> float:
    """The seconds of as many requests of a balance, in one process."""
    script = (
        "import sys, time; from datetime import UTC, datetime; from billsync.local.app import create_app;"
        "import httpx; app = create_app(sys.argv[1], clock=lambda: datetime.now(UTC));"
        "c = httpx.Client(transport=httpx.WSGITransport(app=app), base_url='http://local/api/v3/openmeter');"
        "one = c.get('/customers', params={'page[size]': 1}).json()['data'][0]['id'];"
        "begun = time.monotonic();"
        "[c.get(f'/customers/{one}/credits/balance') for _ in range(int(sys.argv[2]))];"
        "print(time.monotonic() - begun)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, database, str(requests)], cwd=folder, capture_output=True, text=True, check=True
    )
    return float(ran.stdout)


def main() -> None:
    """Print a line for each command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1000)
    count = options.parse_args().customers
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shop.yaml").write_text(SHOP + "".join(map(CUSTOMER.format, range(count))), encoding="utf-8")
        sync = ("sync", "shop.yaml", "--server", "local:shop.db", "--yes")
        assert measured(folder, sync)[2] == 0
        base = measured(folder, ("ping", "--server", "local:shop.db"))[1]
        print(f"{count:,} customers, each with a subscription and a grant; a bare process has {base:.0f} MB")
        for title, command in COMMANDS.items():
            seconds, peak, status = measured(folder, command)
            line = f"{title:14} {seconds:8.1f} s  {peak - base:6.0f} MB  exit code {status}"
            once_more = tuple("local:other.db" if word == "local:new.db" else word for word in command)
            requests = requests_of(folder, once_more if title == "restore" else command)
            floor = floor_of(folder, "shop.db", requests)
            print(f"{line}  {requests:,} requests, {seconds / floor:.1f} times the floor of {floor:.1f} s", flush=True)
        print(f"the file has {(folder / 'live.snapshot').stat().st_size / count:,.0f} bytes a customer")


if __name__ == "__main__":
    main()
