"""Words of the processor that numba does not have: ask for memory ahead, read eight bytes at once, find a bit."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def prefetch(typing: Any, address: Any) -> Any:
    """Bring the cache line at an address (`array.ctypes.data` plus bytes) near. Changes nothing but time."""
    del typing, address

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, ir.IntType(32), ir.IntType(32), ir.IntType(32)])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        pointer = builder.inttoptr(arguments[0], byte)
        number = ir.IntType(32)
        builder.call(function, [pointer, number(1), number(3), number(1)])
        return cgutils.false_bit

    return types.boolean(types.uint64), generate


@intrinsic
def load64(typing: Any, address: Any) -> Any:
    """Eight bytes at any address, the first one lowest. The caller sees to it that they are there."""
    del typing, address

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        loaded = builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()))
        loaded.align = 1
        return loaded

    return types.uint64(types.uint64), generate


@intrinsic
def trailing_zeros(typing: Any, number: Any) -> Any:
    """How many zeros stand below the lowest one of a number that is not 0."""
    del typing, number

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate
