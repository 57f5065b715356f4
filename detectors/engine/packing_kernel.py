"""Rows of cells without what is as it was at first: how a key's cells lie in memory between two stretches of rows.

A row is a sequence of units of 32 bits. Packed, it is a bitmap of its groups of eight units that differ from the first
row, and for each of these two bits a unit (as at first, one byte, two, four) and the bytes. A packed row lies in a
block of 16-byte steps in one large array; blocks that have become free are chained by their size.
"""

import numba as nb
import numpy as np

from tollwatch.compiled import prefetch

STEP = 16
UNITS = 8
AHEAD = 6
TOP, FREE = 0, 1


@nb.njit(cache=True, nogil=True)
def localize(rows, local_of, local, unique):
    """Number the different rows of a stretch; `local_of` holds -1 for every row before and after. Gives how many."""
    count = 0
    for i in range(len(rows)):
        row = rows[i]
        if row < 0:
            local[i] = -1
            continue
        if local_of[row] < 0:
            local_of[row] = count
            unique[count] = row
            count += 1
        local[i] = local_of[row]
    for j in range(count):
        local_of[unique[j]] = -1
    return count


@nb.njit(cache=True, nogil=True)
def unpack(rows, at, sizes, arena, first, units):
    """Write rows out; `first` is the row of a key that was never seen, `units` takes one row each."""
    groups = len(first) // UNITS
    begin = np.uint64(arena.ctypes.data)
    for j in range(len(rows)):
        if j + AHEAD < len(rows):
            coming = rows[j + AHEAD]
            for line in range(0, sizes[coming] * STEP, 64):
                prefetch(begin + np.uint64(at[coming]) * np.uint64(STEP) + np.uint64(line))
        units[j, :] = first
        row = rows[j]
        if sizes[row] == 0:
            continue
        head = np.int64(at[row]) * STEP
        p = head + (groups + 7) // 8
        for octet in range((groups + 7) // 8):
            bits = arena[head + octet]
            g = octet * 8
            while bits != 0:
                if bits & 1:
                    kinds = np.uint32(arena[p]) | np.uint32(arena[p + 1]) << np.uint32(8)
                    p += 2
                    unit = g * UNITS
                    while kinds != 0:
                        kind = kinds & np.uint32(3)
                        if kind == 1:
                            units[j, unit] = arena[p]
                            p += 1
                        elif kind == 2:
                            units[j, unit] = np.uint32(arena[p]) | np.uint32(arena[p + 1]) << np.uint32(8)
                            p += 2
                        elif kind == 3:
                            units[j, unit] = (
                                np.uint32(arena[p])
                                | np.uint32(arena[p + 1]) << np.uint32(8)
                                | np.uint32(arena[p + 2]) << np.uint32(16)
                                | np.uint32(arena[p + 3]) << np.uint32(24)
                            )
                            p += 4
                        kinds >>= np.uint32(2)
                        unit += 1
                bits >>= 1
                g += 1


@nb.njit(cache=True, nogil=True)
def _encode(units, first, packed):
    """Pack one row; gives its bytes."""
    groups = len(first) // UNITS
    p = (groups + 7) // 8
    for octet in range(p):
        packed[octet] = 0
    for g in range(groups):
        differs = np.uint32(0)
        for u in range(g * UNITS, g * UNITS + UNITS):
            differs |= units[u] ^ first[u]
        if differs == 0:
            continue
        packed[g >> 3] |= np.uint8(1 << (g & 7))
        kinds, q = np.uint32(0), p + 2
        for n in range(UNITS):
            value = units[g * UNITS + n]
            if value == first[g * UNITS + n]:
                continue
            packed[q] = np.uint8(value & np.uint32(255))
            if value < 256:
                kinds |= np.uint32(1) << np.uint32(2 * n)
                q += 1
                continue
            packed[q + 1] = np.uint8((value >> np.uint32(8)) & np.uint32(255))
            if value < 65536:
                kinds |= np.uint32(2) << np.uint32(2 * n)
                q += 2
                continue
            packed[q + 2] = np.uint8((value >> np.uint32(16)) & np.uint32(255))
            packed[q + 3] = np.uint8(value >> np.uint32(24))
            kinds |= np.uint32(3) << np.uint32(2 * n)
            q += 4
        packed[p] = np.uint8(kinds & np.uint32(255))
        packed[p + 1] = np.uint8(kinds >> np.uint32(8))
        p = q
    return p


@nb.njit(cache=True, nogil=True)
def release(row, at, sizes, arena, heads, reached):
    """Give the block of a row back."""
    size = sizes[row]
    if size:
        place = np.int64(at[row]) * STEP
        for n in range(4):
            arena[place + n] = (heads[size] >> (8 * n)) & 255
        heads[size] = at[row]
        reached[FREE] += size
        sizes[row] = 0


@nb.njit(cache=True, nogil=True)
def release_all(rows, at, sizes, arena, heads, reached):
    """Give the blocks of rows back."""
    for j in range(len(rows)):
        release(rows[j], at, sizes, arena, heads, reached)


@nb.njit(cache=True, nogil=True)
def take_block(size, arena, heads, reached):
    """A block of so many steps, in steps from the beginning; -1 where the array has no room."""
    if heads[size] >= 0:
        found = heads[size]
        place = found * STEP
        following = np.int64(0)
        for n in range(4):
            following |= np.int64(arena[place + n]) << (8 * n)
        heads[size] = -1 if following == 0xFFFFFFFF else following
        reached[FREE] -= size
        return found
    if (reached[TOP] + size) * STEP > len(arena):
        return -1
    found = reached[TOP]
    reached[TOP] += size
    return found


@nb.njit(cache=True, nogil=True)
def pack(begin, rows, at, sizes, arena, heads, reached, first, units, packed):
    """Put rows back from `begin` on; gives how far it came, which is less than all where the array has no room."""
    for j in range(begin, len(rows)):
        row = rows[j]
        length = _encode(units[j], first, packed)
        size = (length + STEP - 1) // STEP
        if size != sizes[row]:
            if heads[size] < 0 and (reached[TOP] + size) * STEP > len(arena):
                return j
            release(row, at, sizes, arena, heads, reached)
            at[row] = take_block(size, arena, heads, reached)
            sizes[row] = size
        place = np.int64(at[row]) * STEP
        arena[place : place + length] = packed[:length]
    return len(rows)


@nb.njit(cache=True, nogil=True)
def gather(rows, at, sizes, arena, out):
    """Copy the blocks of rows one behind another."""
    p = 0
    for j in range(len(rows)):
        length = np.int64(sizes[rows[j]]) * STEP
        place = np.int64(at[rows[j]]) * STEP
        out[p : p + length] = arena[place : place + length]
        p += length


@nb.njit(cache=True, nogil=True)
def scatter(begin, place, rows, lengths, blocks, at, sizes, arena, heads, reached):
    """Put blocks that were gathered in the place of those of rows; gives how far it came, and in `blocks`."""
    for j in range(begin, len(rows)):
        row, size = rows[j], np.int64(lengths[j])
        if heads[size] < 0 and (reached[TOP] + size) * STEP > len(arena):
            return j, place
        release(row, at, sizes, arena, heads, reached)
        if size:
            at[row] = take_block(size, arena, heads, reached)
            sizes[row] = size
            target = np.int64(at[row]) * STEP
            arena[target : target + size * STEP] = blocks[place : place + size * STEP]
        place += size * STEP
    return len(rows), place
