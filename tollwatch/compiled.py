"""Ask the processor for memory before it is needed: tables of a million keys do not lie in its caches."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(typing: Any, address: Any) -> Any:
    """Bring the cache line at an address (`array.ctypes.data` plus bytes) near. Changes nothing but time."""
    del typing

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
