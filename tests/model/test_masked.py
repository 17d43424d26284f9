"""A masked value is shown by its source, in every format."""

from billsync.model.source import Source
from billsync.model.value import Masked, jsonable
from billsync.render.formats.words import readable, shown
from billsync.render.formats.yaml_text import to_yaml

MASKED = Masked(Source("env", "STRIPE_ID"))


def test_a_masked_value_names_its_source_and_nothing_else():
    assert shown(MASKED) == f"{MASKED}" == "(from env STRIPE_ID)"
    assert readable({"app_data": (MASKED,)}) == {"app_data": ["(from env STRIPE_ID)"]}
    assert jsonable(MASKED) == {"$masked": "env STRIPE_ID"}


def test_a_file_has_the_tag_of_the_source():
    document = {"id": MASKED, "price": Masked(Source("file", "secrets/a price.txt"), "number")}

    assert to_yaml(document) == 'id: !env STRIPE_ID\nprice: !file "secrets/a price.txt"\n'
