"""Tests from outside, on a real server; `./dev test` runs them."""

import pytest

pytest.register_assert_rewrite("tests.practice")
