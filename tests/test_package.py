"""The package itself: importable, versioned."""

import importlib.metadata

import billsync


def test_the_version_in_the_package_is_the_installed_one() -> None:
    assert importlib.metadata.version("billsync") == billsync.__version__
