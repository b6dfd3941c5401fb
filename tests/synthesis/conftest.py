"""Annotated schemas for the tests of synthesis."""

import pytest

from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, load_annotated_schemas, read_annotated_schema
from sqlreason.synthesis.schema.rows import render_context, sample_contents

SHOP = {
    "name": "test_shop",
    "tables": {
        "customers": {
            "noun": "customer / customers",
            "columns": {
                "customer_id": "key",
                "name": {"name": ["Ada Moreau", "Jonas Weber", "Mei Tan", "Olu Bello", "Rosa Pires", "Tom Ashby"]},
                "city": {"category": ["Lyon", "Porto", "Delft"]},
                "points": {"int": [0, 900], "phrase": "loyalty points"},
                "joined_on": {"date": ["2018-01-01", "2023-12-31"], "phrase": "joining date"},
                "is_member": "bool",
                "advisor_id": {"ref": "customers", "optional": True},
            },
        },
        "orders": {
            "noun": "order / orders",
            "columns": {
                "order_id": "key",
                "customer_id": {"ref": "customers"},
                "order_date": {"date": ["2021-01-01", "2023-12-31"]},
                "total": {"real": [4, 120], "unit": "euros", "phrase": "order total"},
                "status": {"category": ["open", "paid", "sent"]},
                "note": {"category": ["gift wrap", "no nuts"], "optional": True, "phrase": "delivery note"},
            },
        },
        "order_lines": {
            "noun": "order line / order lines",
            "columns": {
                "line_id": "key",
                "order_id": {"ref": "orders"},
                "product": {"category": ["rye loaf", "croissant", "tart"]},
                "quantity": {"int": [1, 12]},
            },
        },
    },
}


@pytest.fixture(scope="session")
def shop() -> AnnotatedSchema:
    """A small shop of three tables that lends itself to every kind of question."""
    return read_annotated_schema(SHOP, "retail")


@pytest.fixture(scope="session")
def annotated_schemas() -> list[AnnotatedSchema]:
    """The schemas that come with the package."""
    return load_annotated_schemas()


def populate(annotated_schema, rng, rows=(4, 8)):
    """A context text with drawn rows."""
    return render_context(annotated_schema, sample_contents(annotated_schema, rng, rows))
