"""What a payer does: sign in, look at an order and approve it, log in elsewhere."""

from __future__ import annotations

from farthing.checkout.operations.approvals import Approvals, can_be_paid_at_once, home_of, standing
from farthing.checkout.operations.log_ins import LogIn, LogIns
from farthing.checkout.operations.sign_ins import Payer, SignIns

__all__ = ["Approvals", "LogIn", "LogIns", "Payer", "SignIns", "can_be_paid_at_once", "home_of", "standing"]
