"""Write into NOTICE what the image of Tollwatch ships, with licences, as the installed packages say: `make notice`."""

import re
from importlib import metadata
from pathlib import Path

NOTICE = Path(__file__).parent.parent / "NOTICE"
BEGIN = "The image and an installation contain, each under its own licence:\n\n"
EXTRAS = ("asn1", "postgres")
_NAME = re.compile(r"^([A-Za-z0-9._-]+)")
_LICENCE = {"License :: OSI Approved :: ": "", "License :: ": ""}


def shipped(root: str = "tollwatch") -> dict[str, str]:
    """Package -> its licence, for everything that an installation of `root` needs."""
    found: dict[str, str] = {}
    waiting = [root]
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform, or for an extra that is not installed
        found[name] = licence_of(distribution)
        waiting += [each for each in map(_wanted, distribution.requires or ()) if each is not None]
    found.pop(_normal(root))
    return dict(sorted(found.items()))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _wanted(requirement: str) -> str | None:
    """The name that a requirement asks for; None where only an extra that is not ours asks for it."""
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", requirement)
    if extra is not None and extra.group(1) not in EXTRAS:
        return None
    match = _NAME.match(requirement)
    return match.group(1) if match is not None else None


def licence_of(distribution: metadata.Distribution) -> str:
    """The licence that a package names: as an expression, by classifier, or by its first words."""
    about = distribution.metadata
    if expressions := about.get_all("License-Expression"):
        return str(expressions[0])
    named = [each for each in about.get_all("Classifier") or () if each.startswith("License ::")]
    if named:
        return "; ".join(sorted({each.rpartition(" :: ")[2] for each in named}))
    first = str((about.get_all("License") or [""])[0]).strip().splitlines()
    return first[0][:60] if first else "see the package"


def text() -> str:
    """NOTICE, with the list as it is now."""
    head = NOTICE.read_text("utf-8").partition(BEGIN)[0]
    return head + BEGIN + "".join(f"  {name}: {licence}\n" for name, licence in shipped().items())


if __name__ == "__main__":
    NOTICE.write_text(text(), "utf-8")
