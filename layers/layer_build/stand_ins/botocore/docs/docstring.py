"""Stands in for docstrings that are written when somebody asks for them; nobody does."""

from typing import Self


class LazyLoadedDocstring(str):
    """An empty docstring, whatever it is made of."""

    __slots__ = ()

    def __new__(cls, *_: object, **__: object) -> Self:
        """The same for all."""
        return super().__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = LazyLoadedDocstring
