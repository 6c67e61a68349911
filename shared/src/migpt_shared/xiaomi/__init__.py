"""Xiaomi's cloud: a hardened session on top of miservice-fork, the speakers, their transcript and their voice.

The only part of the project that talks to Xiaomi. Needs the extra `xiaomi` of migpt-shared.
"""

from migpt_shared.xiaomi.account_state import AccountState
from migpt_shared.xiaomi.cloud import XiaomiCloud
from migpt_shared.xiaomi.conversation import AnswerKind, HistoryPage, NativeAnswer, Record
from migpt_shared.xiaomi.credentials import Credentials
from migpt_shared.xiaomi.devices import Device
from migpt_shared.xiaomi.endpoints import Endpoints
from migpt_shared.xiaomi.errors import (
    CaptchaNeeded,
    CloudRefused,
    CloudUnreachable,
    ConsentNeeded,
    LoginCoolingDown,
    LoginFailed,
    LoginRejected,
    MalformedAnswer,
    SpeakerBusy,
    SpeakerOffline,
    StoreUnusable,
    TokenExpired,
    Unsupported,
    VerificationNeeded,
    XiaomiError,
)
from migpt_shared.xiaomi.models import Action, Model, SilentValues, SpeakPath, known_hardware, model_of
from migpt_shared.xiaomi.playback import PlayStatus
from migpt_shared.xiaomi.store import TokenStore

__all__ = [
    "AccountState",
    "Action",
    "AnswerKind",
    "CaptchaNeeded",
    "CloudRefused",
    "CloudUnreachable",
    "ConsentNeeded",
    "Credentials",
    "Device",
    "Endpoints",
    "HistoryPage",
    "LoginCoolingDown",
    "LoginFailed",
    "LoginRejected",
    "MalformedAnswer",
    "Model",
    "NativeAnswer",
    "PlayStatus",
    "Record",
    "SilentValues",
    "SpeakPath",
    "SpeakerBusy",
    "SpeakerOffline",
    "StoreUnusable",
    "TokenExpired",
    "TokenStore",
    "Unsupported",
    "VerificationNeeded",
    "XiaomiCloud",
    "XiaomiError",
    "known_hardware",
    "model_of",
]
