"""Calls between two processes: framing, messages, codec, and a connection whose caller waits.

It knows nothing of plugins. The connection that an event loop drives stands apart, in `jackfield.rpc.loop`.
"""

from jackfield.rpc.blocking import BlockingConnection
from jackfield.rpc.codec import CallCodec, Misfit, WithErrors, can_cross, check_answer
from jackfield.rpc.descriptors import DescriptorReceiver, DescriptorSender
from jackfield.rpc.failures import in_one_line, set_in, without_controls
from jackfield.rpc.fitting import fitted
from jackfield.rpc.framing import FRAME_BYTES, FrameReader, FrameWriter
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import HELLO_BYTES, Limits, Link, Serve, Served
from jackfield.rpc.messages import PROTOCOL_VERSION, Hello, read_message
from jackfield.rpc.packets import connected_pair
from jackfield.rpc.plain import UNCHECKED_BYTES, wide_text_bytes
from jackfield.rpc.replies import Reply

__all__ = [
    "FRAME_BYTES",
    "HELLO_BYTES",
    "PROTOCOL_VERSION",
    "UNCHECKED_BYTES",
    "BlockingConnection",
    "CallCodec",
    "DescriptorReceiver",
    "DescriptorSender",
    "FrameReader",
    "FrameWriter",
    "Hello",
    "Limits",
    "Link",
    "Misfit",
    "OpenCall",
    "Reply",
    "Serve",
    "Served",
    "WithErrors",
    "can_cross",
    "check_answer",
    "connected_pair",
    "fitted",
    "in_one_line",
    "read_message",
    "set_in",
    "wide_text_bytes",
    "without_controls",
]
