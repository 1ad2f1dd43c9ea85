"""Stands in for docstrings of resources."""

from botocore.docs.docstring import LazyLoadedDocstring

ActionDocstring = AttributeDocstring = BatchActionDocstring = LazyLoadedDocstring
CollectionDocstring = CollectionMethodDocstring = IdentifierDocstring = LazyLoadedDocstring
LoadReloadDocstring = ReferenceDocstring = ResourceWaiterDocstring = LazyLoadedDocstring
SubResourceDocstring = LazyLoadedDocstring
