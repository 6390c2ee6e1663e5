"""What comes of each attack on the protocol between a host and a process that was taken over, and what it may cost."""

from __future__ import annotations

from typing import NamedTuple

MEBIBYTE = 1 << 20
MOST_BYTES = 64 * MEBIBYTE
"""By which the host's memory may grow: a frame decoded, buffers, and what its own work takes meanwhile."""

MOST_HELD_SECONDS = 2.0
"""For which the event loop may do nothing else, on a machine that is busy; unbounded these attacks took up to ten."""

GOES_ON = ""
"""The plugin is not stopped: what it did is refused, or harms nobody."""

ENDED = "went away: the worker of mallory"


class Expected(NamedTuple):
    """What comes of an attack.

    Args:
        told: of the plugin, as a pattern; `GOES_ON` where nothing is.
        answered: what the application is answered, as a pattern.
        seconds: how long it is looked at.
    """

    told: str
    answered: str = ""
    seconds: float = 9.0


LATE = "did not answer hook attack within 5 s and was stopped"
TOO_MUCH = r"(asked the application \d+ of 1000 times a second|sent the application \d+ MiB of 8 MiB a second) and was"

EXPECTED = {
    "oversize_frame": Expected(f"{ENDED}: a frame of 1048577 bytes is beyond the 1048576 that are taken"),
    "announced_and_never_sent": Expected(LATE),
    "empty_frame": Expected(f"{ENDED}: an empty frame"),
    "not_msgpack": Expected(f"{ENDED}: a frame is no message"),
    "nesting_bomb": Expected(f"{ENDED}: a frame is no message"),
    "megabyte_of_empty_lists": Expected(f"{LATE}|{TOO_MUCH}"),
    "parcel_of_empty_lists": Expected(GOES_ON, "holds more than 200000 others", 6.0),
    "keys_that_collide": Expected(GOES_ON, "a key of a map is an array", 4.0),
    "wrong_type": Expected(GOES_ON, seconds=3.0),
    "huge_answer": Expected(GOES_ON, "x" * 1000, 3.0),
    "unknown_id": Expected(f"{ENDED} answered call [0-9]+ which was never made"),
    "answer_twice": Expected(f"{ENDED} answered call [0-9]+ a second time", "yes"),
    "never_answer": Expected(LATE),
    "slow_drip": Expected(LATE),
    "used_id": Expected(f"{ENDED} used the id ([0-9]+) after"),
    "greeting_twice": Expected(f"{ENDED} did not begin with one greeting"),
    "after_the_end": Expected("went away: the worker of mallory ended the connection: I am done|ended with exit code"),
    "flood_of_requests": Expected(TOO_MUCH),
    "flood_of_batches": Expected(TOO_MUCH),
    "requests_that_stay_open": Expected(f"{ENDED} has more than 256 calls open"),
    "notifications_that_stay_open": Expected(f"{ENDED} has more than 256 notifications that have not ended"),
    "flood_of_log_lines": Expected(LATE),
    "flood_of_failures": Expected(LATE),
    "flood_of_subscriptions": Expected(GOES_ON, "mallory holds 1000 subscriptions", 9.0),
    "huge_components": Expected(GOES_ON, "a table holds at most 20000 values", 4.0),
    "descriptors_on_the_calls_socket": Expected(GOES_ON, "sent", 3.0),
    "descriptors_on_their_socket": Expected(GOES_ON, "sent 0", 3.0),
    "reads_nothing": Expected(f"{ENDED} does not read what it is sent|{LATE}"),
    "forged_numbers": Expected(GOES_ON, "16 of 21 refused", 3.0),
    "names_that_lead_away": Expected(GOES_ON, "7 of 7 refused", 3.0),
    "as_another_plugin": Expected(GOES_ON, seconds=3.0),
    "as_another_logger": Expected(GOES_ON, "said", 3.0),
}

AT_LOAD = {
    "giant_description": "cannot implement hook ping in a process of its own: it is named twice",
    "giant_description_of_listeners": "marks 40000 listeners, and at most 1000 are possible",
    "giant_description_of_commands": "marks 20000 commands, and at most 1000 are possible",
    "hook_with_one_name_twice": "cannot implement hook ping in a process of its own: an argument is named twice",
}
