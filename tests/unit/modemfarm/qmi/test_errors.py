# SPDX-License-Identifier: GPL-3.0-or-later
"""qmicli's words when it fails, and the classes they become."""

import pytest

from modemfarm import errors
from modemfarm.qmi.errors import MAX_SAID, MEANINGS, failure, said
from modemfarm.record import outcome_of

WARNING = "[25 Nov 2026, 10:01:15] -Warning ** [/dev/cdc-wdm0] couldn't detect transport type\n"
CREATE = (
    "error: couldn't create client for the 'nas' service: CID allocation failed in the CTL client: "
)
OPEN = "error: couldn't open the QmiDevice: "
ASKED = "error: couldn't get current settings: QMI protocol error "


@pytest.mark.parametrize(
    ("action", "output", "kind"),
    [
        # seen with qmicli 1.32.2, qmi-proxy and the virtual modem
        ("wds-get-current-settings", ASKED + "(15): 'OutOfCall'", errors.OutOfCallError),
        ("nas-network-scan", "error: couldn't scan networks: QMI protocol error (94): "
         "'NotSupported'", errors.NotSupportedError),
        ("dms-get-ids", OPEN + "endpoint hangup", errors.PortGoneError),
        ("dms-get-ids", OPEN + "QMI protocol error (48): 'InvalidArgument'", errors.PortGoneError),
        ("dms-get-ids", OPEN + "Couldn't spawn the qmi-proxy", errors.MissingPartError),
        ("dms-get-ids", "error: couldn't create QmiDevice: Wrong file type", errors.PortGoneError),
        ("dms-get-ids", "error: couldn't create QmiDevice: Couldn't query file info: Error when "
         "getting information for file \u201c/dev/cdc-wdm9\u201d: No such file or directory",
         errors.PortGoneError),
        ("dms-get-ids", "error: operation failed: endpoint hangup\nerror: couldn't release client: "
         "Cannot write message: Error sending data: Broken pipe", errors.PortGoneError),
        ("dms-get-ids", CREATE + "Cannot write message: Error sending data: Broken pipe",
         errors.PortGoneError),
        ("dms-get-ids", "error: operation failed: Operation was cancelled\nerror: couldn't release "
         "client: Transaction timed out", errors.CommandTimeoutError),
        ("nas-get-rf-band-info", "error: operation failed: Couldn't get the mandatory List TLV: "
         "TLV 0x01 not found", errors.NoServiceError),
        ("wds-get-channel-rates", "error: operation failed: Couldn't get the mandatory Channel "
         "Rates TLV: TLV 0x01 not found", errors.OutOfCallError),
        # from issue threads about other versions and modems
        ("nas-get-serving-system", CREATE + "QMI protocol error (5): 'ClientIdsExhausted'",
         errors.PortBusyError),
        ("nas-get-serving-system", CREATE + "Transaction timed out", errors.CommandTimeoutError),
        ("nas-get-serving-system", CREATE + "endpoint hangup", errors.PortGoneError),
        ("dms-get-ids", "error: couldn't create client for the 'dms' service: QMI protocol error "
         "(3): 'Internal'", errors.UnexplainedFailureError),
        ("dms-get-ids", "error: couldn't get IDs: QMI protocol error (7): 'InvalidClientId'",
         errors.PortGoneError),
        ("uim-get-card-status", "error: Unknown option --uim-get-card-status",
         errors.MissingPartError),
        ("dms-uim-get-iccid", "error: couldn't get ICCID: QMI protocol error (71): "
         "'InvalidQmiCommand'", errors.NotSupportedError),
        # one number, three meanings
        ("wds-get-packet-statistics", ASKED + "(74): 'InformationUnavailable'",
         errors.OutOfCallError),
        ("nas-get-rf-band-info", ASKED + "(74): 'InformationUnavailable'", errors.NoServiceError),
        ("dms-get-msisdn", ASKED + "(74): 'InformationUnavailable'", errors.NotAllowedError),
        # the card
        ("dms-uim-get-iccid", ASKED + "(37): 'UimUninitialized'", errors.SimBusyError),
        ("dms-uim-get-iccid", ASKED + "(102): 'NoSim'", errors.SimMissingError),
        ("dms-uim-get-iccid", ASKED + "(104): 'PinRestriction'", errors.SimPinError),
        ("dms-uim-get-iccid", ASKED + "(35): 'PinBlocked'", errors.SimPukError),
        ("dms-uim-get-iccid", ASKED + "(36): 'PinAlwaysBlocked'", errors.SimFailedError),
        # nothing to go by
        ("dms-get-ids", ASKED + "(61445): 'CatEnvelopeCommandFailed'",
         errors.UnexplainedFailureError),
        ("dms-get-ids", ASKED + "(9999)", errors.UnexplainedFailureError),
        ("dms-get-ids", "Segmentation fault", errors.UnexplainedFailureError),
        ("dms-get-ids", "", errors.UnexplainedFailureError),
    ],
)  # fmt: skip
def test_words_become_classes(action: str, output: str, kind: type[errors.FarmError]) -> None:
    error = failure(action, "/dev/cdc-wdm0", WARNING + output)
    assert type(error) is kind
    assert error.command == action
    assert "/dev/cdc-wdm0" in error.message
    assert error.remedy


def test_the_number_is_kept() -> None:
    error = failure("wds-get-current-settings", "/dev/cdc-wdm0", ASKED + "(15): 'OutOfCall'")
    assert error.fields()["code"] == 15


def test_a_user_without_rights_is_told_so() -> None:
    """qmi-proxy closes the connection of everybody but root at once."""
    error = failure("dms-get-ids", "/dev/cdc-wdm0", OPEN + "endpoint hangup", root=False)
    assert isinstance(error, errors.NotPermittedError)
    assert "root" in error.remedy
    assert error.command == "dms-get-ids"
    assert outcome_of(error) == "refused"


def test_every_meaning_has_a_remedy_and_a_class_of_its_own() -> None:
    for code, meaning in MEANINGS.items():
        assert issubclass(meaning.error, errors.CommandFailedError), code
        assert meaning.remedy, code


def test_the_first_error_line_counts_and_is_printable_and_cut() -> None:
    assert said("x\nerror: a\x1b[2Jb\nerror: c\n") == "a[2Jb"
    assert len(said("error: " + "x" * 1000)) == MAX_SAID
    assert said(" \n\x00\n") == "no message"
