"""A small interpreter of classic BPF, written from the kernel's documentation and not from the product's assembler."""

import struct

ALLOW = 0x7FFF0000
KILL = 0x80000000


def run(code: bytes, architecture: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """Return the verdict on one call, as the kernel would reach it (Documentation/networking/filter.rst)."""
    six = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, architecture, 0x1234, *(one & 0xFFFF_FFFF_FFFF_FFFF for one in six))
    lines = list(struct.iter_unpack("<HBBI", code))
    accumulator = 0
    place = 0
    while True:
        kind, if_true, if_false, value = lines[place]
        place += 1
        match kind:
            case 0x20:  # BPF_LD | BPF_W | BPF_ABS
                assert value % 4 == 0
                assert 0 <= value <= 60
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
                place += if_true if accumulator == value else if_false
            case 0x35:  # BPF_JGE
                place += if_true if accumulator >= value else if_false
            case 0x45:  # BPF_JSET
                place += if_true if accumulator & value else if_false
            case 0x06:  # BPF_RET | BPF_K
                return int(value)
            case _:
                raise AssertionError(f"instruction {place - 1} is none that seccomp takes: {kind:#x}")


def refused(verdict: int) -> int | None:
    """Return the errno of a verdict; None if it is another one."""
    return verdict & 0xFFFF if verdict & 0xFFFF_0000 == 0x0005_0000 else None
