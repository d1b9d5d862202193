"""Repeats and folds: one config stands for several runs, which are trained and told as one.

Each member is a run like any other, in a folder inside its parent's: `dlrun train` with the
member's `config.yaml` gives the same run again. The parent's folder adds them up.
"""

from dlrun.members.plan import Member, plan_members
from dlrun.members.training import refuse_callbacks, resume_members, train_members

__all__ = ["Member", "plan_members", "refuse_callbacks", "resume_members", "train_members"]
