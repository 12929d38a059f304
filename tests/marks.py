"""Marks that several rooms use."""

from __future__ import annotations

from functools import partial

import pytest

long = partial(pytest.param, marks=pytest.mark.long)
"""An example of a parametrized test that only the whole run tries (``--full``)."""
