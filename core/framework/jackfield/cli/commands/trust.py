"""`jackfield trust`: how marketplaces are known, and which signatures are demanded."""

import asyncio

import click

from jackfield.cli.consent import asked
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command, yes_option
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import ago, day, joined, plain
from jackfield.errors import ConsentRequired

trust = LazyGroup(
    name="trust",
    help="Show how marketplaces are known, and demand signatures.\n\n"
    "A marketplace is known by the root that it had at the first contact, or that its address names; nothing else "
    "counts at that address. A name belongs to the first marketplace that holds it, in the order of this list.",
    short_help="Show how marketplaces are known, and demand signatures.",
    lazy={
        "list": Lazy(f"{__name__}:list_", "Show the marketplaces: their order, roots, ages, and what is demanded."),
        "demand": Lazy(f"{__name__}:demand", "Demand signatures of what is installed from now on."),
        "forget": Lazy(f"{__name__}:forget", "Forget a marketplace's root, so that it is met anew."),
        "pin": Lazy(f"{__name__}:pin", "Know a marketplace by another root, which its operator has told."),
    },
    default="list",
    examples=[
        ("", "the marketplaces, each with its root"),
        ("demand publisher", "install only what its publisher has signed"),
        ("forget https://plugins.example.org", "meet it anew"),
    ],
)

#: Left out on a narrow terminal, the first one first; `--json` has them.
_SPARE = ("LOOKED AT", "KNOWN SINCE", "SIGNED UNTIL")
_DEMANDED = {"nothing": "", "marketplace": "its signature", "publisher": "its and the publisher's signature"}


@command(
    "list",
    told="Show the marketplaces: their order, roots, ages, and what is demanded.",
    examples=[("", "all that are asked, known, or installed from"), ("--json", "for a program")],
)
def list_(session: Session) -> None:
    """One row for each; nobody is asked."""
    trusted = session.management.trusted
    rows = [one.to_mapping() for one in trusted.report()]
    session.output.data({"app": session.host.name, "demand": trusted.demand, "marketplaces": rows})
    if not rows:
        session.output.line("No marketplace is known or configured.")
        return
    header = ("", "MARKETPLACE", "ROOT", "KNOWN SINCE", "LOOKED AT", "SIGNED UNTIL", "DEMANDED", "PLUGINS")
    session.output.table(header, [_row(one) for one in rows], spare=_SPARE, whole=True)
    for one in rows:
        if one["known"] is not None and one["known"]["problem"]:
            session.output.line(plain(f"{one['url']}: {one['known']['problem']}"))


@command(
    "demand",
    told="Demand signatures of what is installed from now on.\n\n"
    "nothing: hashes are enough, and what is signed has to hold. marketplace: everything is signed by the marketplace "
    "that it comes from. publisher: plugins are signed by their publishers, too. What is installed already stays.",
    examples=[
        ("publisher", "of all that comes"),
        ("marketplace --of https://plugins.example.org", "of one marketplace"),
        ("nothing --of file", "but not of wheels on this machine"),
        ("default --of file", "of those what is demanded of all"),
    ],
)
@click.argument("what", type=click.Choice(["nothing", "marketplace", "publisher", "default"]))
@click.option("--of", "source", metavar="SOURCE", help="A marketplace, its upstream, or file; else all together.")
def demand(session: Session, what: str, source: str | None) -> None:
    """Write it into the profile."""
    trusted = session.management.trusted
    trusted.require(what, source, by=session.by)
    rows = [one.to_mapping() for one in trusted.report()]
    session.output.data({"app": session.host.name, "demand": trusted.demand, "marketplaces": rows})
    whom = plain(source) if source is not None else "every source that nothing else is said of"
    session.output.line(f"Demanded of {whom}: {what if what != 'default' else 'what is demanded of all'}.")


@command(
    "forget",
    told="Forget a marketplace's root, so that it is met anew.\n\n"
    "The next plan believes the root that it finds and shows it once, as at the first contact. Only for a marketplace "
    "that was set up anew; where a root is known, pin is safer. Installed plugins stay.",
    examples=[("https://plugins.example.org", "meet it anew"), ("https://plugins.example.org --yes", "in a script")],
)
@click.argument("url")
@yes_option
def forget(session: Session, url: str, yes: bool) -> None:
    """Ask, then delete what is known of it."""
    if not yes:
        unanswered = ConsentRequired(f"nobody said yes to forgetting {url}; nothing was changed", hint="--yes")
        if not asked(session.output, f"Forget by which root {plain(url)} is known?", unanswered):
            raise ConsentRequired("the answer was no; nothing was changed")
    session.management.trusted.forget(url)
    session.output.data({"app": session.host.name, "forgotten": url})
    session.output.line(f"{plain(url)} will be met anew; compare the root that is shown then.")


@command(
    "pin",
    told="Know a marketplace by another root, which its operator has told.\n\n"
    "The marketplace is asked at once: where it has another root, or what it signs does not hold, all stays as it is.",
    examples=[("https://plugins.example.org#root=34f3c0eb26998ed8b873fab5056f0210", "after its keys were lost")],
)
@click.argument("address", metavar="URL#root=SHA256")
def pin(session: Session, address: str) -> None:
    """Verify it, then replace what was known."""
    known = asyncio.run(session.management.trusted.pin(address)).to_mapping()
    session.output.data({"app": session.host.name, "known": known})
    session.output.line(f"{plain(known['url'])} is known by its root {known['fingerprint']} from now on.")


def _row(one: JsonObject) -> tuple[str, ...]:
    known: JsonObject = one["known"] or {}
    root = f"{known['fingerprint']} (version {known['root_version']})" if known.get("fingerprint") else ""
    return (
        str(one["place"]) if one["place"] else "–",
        one["url"],
        root or ("none: not met yet, or it signs nothing" if "://" in one["url"] else ""),
        ago(known["since"]) if known.get("since") else "",
        ago(known["looked"]) if known.get("looked") else "",
        day(known["signed_until"]) if known.get("signed_until") else "",
        _DEMANDED[one["demand"]],
        joined(one["plugins"]),
    )
