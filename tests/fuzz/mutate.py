"""Mutations of bytes: what a broken feed, a careless hand and an attacker make of a good file."""

import random

TOKENS = [
    *(b'"', b"'", b",", b";", b":", b"{", b"}", b"[", b"]", b"(", b")", b"\n", b"\r", b"\t", b" ", b"\\", b"-", b"+"),
    *(b"\x00", b"\x1f", b"\x7f", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"\xf4\x90\x80"),
    *(b"null", b"true", b"NaN", b"Infinity", b"-0", b"1e400", b"0x1F", b"9223372036854775807", b"9223372036854775808"),
    *(
        b"-9223372036854775808",
        b"99999999999999999999999999",
        b"1.5",
        b"1.0",
        b"2020-99-99",
        b"!!int abc",
        b"&a",
        b"*a",
    ),
    *(b"<<: *a", b"? ", b"- ", b"|", b">", b"%", b"@", b"`", b"!!python/object:os.system", b"!!binary x", b"~"),
    *(b"\\u0000", b"\\ud800", b"\\u202e", b"[[[[[[[[", b'{"a":{"a":{"a":', b"((((((((", b" and ", b" or ", b" not "),
    *(
        b"case when ",
        b"replace(",
        b"cast(x as bigint)",
        b"listed('x', ",
        b"event_id",
        b"event_time",
        b"entity",
        b"rule",
    ),
]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same bytes with one to six small accidents."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(made) + 1)
        end = min(at + chance.choice((1, 1, 2, 4, 16, 64)), len(made))
        match chance.randrange(7):
            case 0:
                made[at:end] = chance.randbytes(end - at)
            case 1:
                del made[at:end]
            case 2:
                made[at:at] = chance.choice(TOKENS)
            case 3:
                made[at:end] = chance.choice(TOKENS)
            case 4:
                made[at:at] = made[at:end] * chance.choice((2, 10, 100))
            case 5 if at < len(made):
                made[at] ^= 1 << chance.randrange(8)
            case _:
                other = chance.randrange(len(made) + 1)
                made[at:at] = made[other : other + 32]
    return bytes(made)


def mutated_words(data: bytes, chance: random.Random) -> bytes:
    """The same text with words exchanged for one another, or said twice: the form stays, the meaning does not."""
    words = data.split(b" ")
    for _ in range(chance.randint(1, 4)):
        at, other = chance.randrange(len(words)), chance.randrange(len(words))
        words[at] = words[other] if chance.random() < 0.5 else chance.choice(TOKENS)
    return b" ".join(words)
