"""Paging by key, as all lists have it."""

from accounts.keyset import (
    COUNT_LIMIT,
    PAGE_SIZE,
    WALKS_LIMIT,
    Among,
    KeysetPage,
    Order,
    Walk,
    before,
    beyond,
    capped_count,
    first,
    page,
    slices,
)

__all__ = [
    "COUNT_LIMIT",
    "PAGE_SIZE",
    "WALKS_LIMIT",
    "Among",
    "KeysetPage",
    "Order",
    "Walk",
    "before",
    "beyond",
    "capped_count",
    "first",
    "page",
    "slices",
]
