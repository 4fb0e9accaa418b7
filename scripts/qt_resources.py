"""Read single files of a compiled Qt resource file (.rcc)."""

import struct
import zlib
from pathlib import Path

IS_FOLDER = 2
IS_ZLIB = 1
IS_ZSTANDARD = 4


def read_member(path: Path, member: str) -> bytes:
    """The content of `member`, a path with "/" inside the resource file `path`.

    The format is that of Qt's `rcc`: a header, a tree of nodes, the names and the contents, all in big-endian order.

    Raises:
        ValueError: `path` is no resource file, has no such member, or the member is compressed with Zstandard.
    """
    content = path.read_bytes()
    if content[:4] != b"qres":
        raise ValueError(f"'{path}' is not a compiled Qt resource file.")
    version, tree, data, names = struct.unpack(">IIII", content[4:20])
    node_size = 14 + (8 if version >= 2 else 0)  # from version 2 on, a node ends with its time of change

    def name(offset: int) -> str:
        (length,) = struct.unpack_from(">H", content, names + offset)
        start = names + offset + 6  # the length, then a hash of four bytes
        return content[start : start + 2 * length].decode("utf-16-be")

    node = 0
    for part in member.split("/"):
        start = tree + node * node_size
        _, flags, children, first = struct.unpack_from(">IHII", content, start)
        if not flags & IS_FOLDER:
            raise ValueError(f"'{path}' has no member '{member}'.")
        for child in range(first, first + children):
            (offset,) = struct.unpack_from(">I", content, tree + child * node_size)
            if name(offset) == part:
                node = child
                break
        else:
            raise ValueError(f"'{path}' has no member '{member}'.")
    start = tree + node * node_size
    (flags,) = struct.unpack_from(">H", content, start + 4)
    (offset,) = struct.unpack_from(">I", content, start + 10)
    (length,) = struct.unpack_from(">I", content, data + offset)
    raw = content[data + offset + 4 : data + offset + 4 + length]
    if flags & IS_ZSTANDARD:
        raise ValueError(f"'{member}' is compressed with Zstandard, which this reader does not read.")
    return zlib.decompress(raw[4:]) if flags & IS_ZLIB else raw
