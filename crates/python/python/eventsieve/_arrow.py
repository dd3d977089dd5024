"""Arrow arrays as the buffers they consist of."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: `(width, validity, heads, values, offset, length)`: `heads` are offsets of 4 or 8 bytes into the only buffer of
#: `values`, or views of 16 bytes into any of several.
Chunk: TypeAlias = "tuple[int, Buffer | None, Buffer | None, list[Buffer], int, int]"


def chunks(records: object) -> list[Chunk] | None:
    """The chunks of whatever offers Arrow data; `None` if `records` does not."""
    stream = hasattr(records, "__arrow_c_stream__")
    if not stream and not hasattr(records, "__arrow_c_array__"):
        return None
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("Arrow data is read by way of pyarrow: pip install pyarrow") from error

    if not isinstance(records, (pyarrow.Array, pyarrow.ChunkedArray)):
        if isinstance(records, (pyarrow.Table, pyarrow.RecordBatch)):
            raise TypeError("a table has columns; pass the one that holds the records")
        records = pyarrow.chunked_array(records) if stream else pyarrow.array(records)
    if isinstance(records, pyarrow.ChunkedArray):
        return [_chunk(pyarrow, array) for array in records.chunks]
    return [_chunk(pyarrow, records)]


def _chunk(pyarrow: Any, array: Any) -> Chunk:
    widths = _widths(pyarrow)
    width = widths.get(array.type.id)
    if width is None:
        array = _with_layout(pyarrow, array)
        width = widths[array.type.id]
    validity, heads, *values = array.buffers()
    if validity is not None and array.null_count == 0:
        validity = None
    return width, validity, heads, [b"" if value is None else value for value in values], array.offset, len(array)


@cache
def _widths(pyarrow: Any) -> dict[int, int]:
    """The width of a head in each layout that is read where it lies, by the number of the type."""
    names = {"binary": 4, "string": 4, "large_binary": 8, "large_string": 8, "binary_view": 16, "string_view": 16}
    return {getattr(pyarrow, name)().id: width for name, width in names.items()}


def _with_layout(pyarrow: Any, array: Any) -> Any:
    """An array of another type in a layout that can be read."""
    if isinstance(array, pyarrow.ExtensionArray):
        array = array.storage
    types = pyarrow.types
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if types.is_fixed_size_binary(array.type) or types.is_null(array.type):
        array = array.cast(pyarrow.binary())
    if array.type.id not in _widths(pyarrow):
        raise TypeError(f"records in Arrow data are binary or string, not {array.type}")
    return array
