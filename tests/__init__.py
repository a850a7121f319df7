"""Tests from outside, on a real server; `./dev test` runs them."""
