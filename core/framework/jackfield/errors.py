"""Every error that jackfield raises on purpose.

Each carries a sentence for a person, the plugin it blames, and what to do next; the command line turns it into a line
and an exit code, never into a traceback.

    JackfieldError
    ├── UsageError                  the call itself is wrong                                  exit code 2
    │   ├── WrongArgument           what was written for one argument of a command
    │   ├── WrongArguments          what another plugin's function was called with
    │   └── WrongValues             what was typed into a form, field by field
    ├── ManifestError               plugin.toml, host.toml or a text in them
    │   ├── GrammarError            a version, requirement, dependency or id; knows the column
    │   │   ├── IdentityError
    │   │   ├── VersionError
    │   │   └── RequirementError
    │   └── SchemaTooNew            the manifest is of a later schema
    ├── WheelError                  a wheel that is broken, hostile or not what it says
    ├── DiscoveryError              a candidate that cannot be read
    ├── ResolutionError             no set of versions holds; the conflict as sentences
    ├── StoreError                  files of the store, generations, the journal
    │   ├── StoreLocked             another installer is at work
    │   ├── QuotaExceeded           a plugin keeps as much as it may
    │   └── DataConflict            a change that another one has made impossible
    ├── MarketError                 a marketplace refused, or answered something wrong
    │   ├── MarketUnreachable       nobody answered                                           exit code 5
    │   └── TrustError              what it says is not signed as it has to be                exit code 6
    ├── HostUnreachable             no host runs, or it does not answer
    ├── NetworkError                a request of a plugin that nobody answered in time and within bounds
    ├── SandboxError                a process cannot be confined as was asked
    ├── LinkError                   the connection to another process, or a call over it
    │   ├── LinkClosed              it has ended; the message says why
    │   │   └── ProtocolViolation   the other side sent what it must not; that has ended the link
    │   ├── CallTimeout             no whole answer within the time of the call
    │   ├── CannotCross             a value or a signature that cannot go to another process
    │   │   └── NotSent             what somebody gave to it, which is not that one's failure
    │   └── RemoteError             the other side's code raised; knows the kind and the traceback
    ├── PermissionDenied            a plugin did what it was not granted                      exit code 3
    ├── ConsentRequired             an install, update or enable asks for a yes               exit code 3
    ├── SignatureMissing            what would come is not signed as the user demands         exit code 3
    └── PluginError                 a plugin that cannot load, activate or answer
        ├── UnknownPlugin           no plugin of that id
        ├── MissingDependency       or one in a wrong version
        ├── DependencyLoop          printed as a → b → a
        ├── CommandTaken            another one has its command
        ├── ProcessLost             its own process is gone, or did not answer in time
        ├── TakenDown               it was disabled, unloaded or replaced meanwhile, and nobody failed
        └── WouldBlock              a synchronous call on the event loop's thread
"""

from collections.abc import Mapping

LONGEST_TOLD = 500
"""Characters of an error's text in a status, a list or a page."""


class JackfieldError(Exception):
    """The root of all errors raised on purpose.

    Args:
        message: one sentence that names the culprit.
        plugin: the id of the plugin to blame, where there is one.
        hint: what to do next, a sentence or a command.
    """

    exit_code = 1

    def __init__(self, message: str, *, plugin: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.plugin = plugin
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(JackfieldError):
    """The call itself is wrong: an unknown name, two options that exclude each other."""

    exit_code = 2


class WrongArgument(UsageError):
    """What was written for an argument of a command is not of its type; whoever wrote it is shown the place.

    Args:
        message: what is wrong.
        argument: the place of the argument in what the command was called with, counted from 0 as text, or its name.
    """

    def __init__(self, message: str, *, argument: str) -> None:
        super().__init__(message)
        self.argument = argument


class WrongArguments(UsageError):
    """A function of a plugin in another process does not take what it was given; whoever called has a `TypeError`."""


class WrongValues(UsageError):
    """What somebody typed into a form does not do; each front end shows every sentence at its field.

    A plugin raises it in `on_action`; it is the user's mistake and not counted to the plugin.

    Args:
        fields: the name of each field that is wrong, and why, e.g. `{"days": "at most 10"}`.
        labels: what users call the fields; the name where one is missing.
    """

    def __init__(self, fields: Mapping[str, str], *, labels: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields)
        names = labels or {}
        super().__init__("; ".join(f"{names.get(name, name)}: {why}" for name, why in self.fields.items()))


class ManifestError(JackfieldError):
    """A manifest or host file that cannot be read; the message names the file and the key."""


class GrammarError(ManifestError):
    """A text that does not fit its grammar.

    Args:
        message: one sentence that names what is wrong.
        text: the whole text that was parsed.
        column: where in `text` the mistake is, counted from 0.
        hint: the nearest text that would be right, where one is known.
    """

    def __init__(self, message: str, *, text: str, column: int = 0, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.column = column


class IdentityError(GrammarError):
    """A plugin id outside the grammar; the hint shows the nearest valid id."""


class VersionError(GrammarError):
    """A version outside the grammar, or one that cannot be published."""


class RequirementError(GrammarError):
    """A requirement or dependency outside the grammar."""


class SchemaTooNew(ManifestError):
    """The manifest is of a schema that a later jackfield reads."""


class WheelError(JackfieldError):
    """A wheel that is broken, hostile or not what it says it is."""


class DiscoveryError(JackfieldError):
    """A candidate that was found and cannot be read."""


class ResolutionError(JackfieldError):
    """No set of versions satisfies every requirement; the message says who wants what."""


class StoreError(JackfieldError):
    """Files of the store, its generations or its journal are missing, damaged or not writable."""


class StoreLocked(StoreError):
    """Another installer holds the store."""


class QuotaExceeded(StoreError):
    """A plugin keeps as much as it may; nothing was added."""


class DataConflict(StoreError):
    """A row is there already, or what a change depends on is not so any more; nothing was changed."""


class MarketError(JackfieldError):
    """A marketplace refused a request or answered something that cannot be right."""


class MarketUnreachable(MarketError):
    """No marketplace answered within the time allowed."""

    exit_code = 5


class TrustError(MarketError):
    """What a marketplace says is not signed as it has to be; nothing was taken from it, and nothing changed."""

    exit_code = 6


class HostUnreachable(JackfieldError):
    """No host runs with these plugins, or the one that does gave no answer."""


class NetworkError(JackfieldError):
    """A plugin's request got no answer in time, or one that is larger than it may be."""


class SandboxError(JackfieldError):
    """A process cannot be confined as was asked; the message names the layer."""


class LinkError(JackfieldError):
    """The connection to another process does not work, or a call over it failed."""


class LinkClosed(LinkError):
    """The connection has ended; every call that was open fails with this."""


class ProtocolViolation(LinkClosed):
    """The other side sent what the protocol does not allow; the connection was ended for it."""


class CallTimeout(LinkError):
    """A call had no whole answer within its time; the time counts from its start, sending included."""


class CannotCross(LinkError):
    """A value or a signature that cannot be carried to another process; nothing was sent."""


class NotSent(CannotCross):
    """What another process was to be given is larger than a message, or no data; it never heard of it.

    Whoever gave it is mistaken, and not the plugin that runs there. To another process it is told as `CannotCross`.
    """


class RemoteError(LinkError):
    """The code on the other side raised an error that this side does not know as its own.

    Args:
        message: what the error said.
        kind: its class there, e.g. "ZeroDivisionError".
        remote_traceback: where it was raised there, as text; empty where that was not told.
        plugin: whom it blames.
        hint: what to do next.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        remote_traceback: str = "",
        plugin: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, plugin=plugin, hint=hint)
        self.kind = kind
        self.remote_traceback = remote_traceback

    def __str__(self) -> str:
        return f"{self.kind}: {super().__str__()}"


def kind_and_text(error: BaseException) -> tuple[str, str]:
    """Return an error's class and what it says; of a `RemoteError`, those of the error that was raised there."""
    if isinstance(error, RemoteError):
        return error.kind, f"{error.message} ({error.hint})" if error.hint else error.message
    return type(error).__name__, text_of(error)


def text_of(error: BaseException) -> str:
    """Return what an error says, with half characters (lone surrogates), which no log can be written with, as escapes.

    Of one whose own code for its text fails it is what Python says of it in a traceback.
    """
    try:
        return str(error).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001  # whatever a plugin's class does there
        return "<exception str() failed>"


def in_short(told: str) -> str:
    """Return what an error says in the length in which it stands among other lines; the whole is in its traceback.

    Args:
        told: whatever a plugin's code wrote into it.
    """
    return told if len(told) <= LONGEST_TOLD else f"{told[: LONGEST_TOLD - 1]}…"


class PermissionDenied(JackfieldError):
    """A plugin used something that it was not granted."""

    exit_code = 3


class ConsentRequired(JackfieldError):
    """What was asked needs a yes that was not given; nothing was changed."""

    exit_code = 3


class SignatureMissing(JackfieldError):
    """What would be installed is not signed as the user demands; nothing was changed."""

    exit_code = 3


class PluginError(JackfieldError):
    """A plugin cannot be loaded, activated or called."""


class UnknownPlugin(PluginError):
    """No plugin of that id is installed or known to the marketplace."""


class MissingDependency(PluginError):
    """A plugin that another requires is absent, not enabled, or of a wrong version."""


class DependencyLoop(PluginError):
    """Plugins require each other in a circle; the message prints it as a → b → a."""


class CommandTaken(PluginError):
    """A plugin adds a command that is another plugin's, or the application's; both are named.

    That says all there is to know: logs have the sentence alone.
    """


class ProcessLost(PluginError):
    """A plugin's own process has ended, broke a limit, or did not answer in time; the message says which.

    Where it was raised is in the host and says nothing of the plugin: logs have the sentence alone.
    """


class TakenDown(PluginError):
    """A plugin was disabled, unloaded or replaced while it was asked for something; that is nobody's failure.

    The host alone says so of a plugin: from another process it arrives as a plain `PluginError`, unless the host had
    told it just that. Neither is it the failure of a plugin that had asked the one that was taken down.
    """


class WouldBlock(PluginError):
    """A synchronous call that would stop the event loop's thread."""
