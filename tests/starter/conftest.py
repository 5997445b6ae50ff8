"""The starter for ICD-10-CM, with the whole index, which is made once for all tests."""

import pytest

from icdbridge.caches import cache_folder
from icdbridge.coding.untrained import StarterCoder
from icdbridge.starter import Starter


@pytest.fixture(scope="session")
def starter(shared_cache):
    return Starter("icd10cm", cache_folder())


@pytest.fixture(scope="session")
def coder(shared_cache):
    return StarterCoder()


@pytest.fixture(scope="session")
def asserted(starter):
    """The codes that something in a note speaks for."""
    return lambda text, **options: {one.code for one in starter.code(text, **options) if not one.doubted}


@pytest.fixture(scope="session")
def offered(starter):
    """All codes of a note's list, those that nothing asserts too."""
    return lambda text: {one.code for one in starter.code(text)}
