"""What the bearers of a link do: look at what they are asked for, and answer."""

from falconbus.accounts.permissions import permissions_of
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.assignments.errors import AlreadyAnswered
from falconbus.scheduling.assignments.models import LIVE, AssignmentStatus, CrewRole
from falconbus.scheduling.assignments.service import Places
from falconbus.scheduling.dispatch import answering
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.offer_links import links, queries
from falconbus.scheduling.offer_links.errors import AccountClosed, AnswerNotFound
from falconbus.scheduling.offer_links.pages import AnswerPage
from falconbus.scheduling.permissions import OWN_DUTIES
from falconbus.scheduling.rosters.duties import find_duty


def get_page(token: str) -> AnswerPage:
    """What the link is about. AnswerNotFound, LinkExpired, AccountClosed."""
    asked = _asked(token)
    duty = find_duty(asked.id, asked.staff_id)
    if duty is None:
        raise AnswerNotFound
    page = AnswerPage.of(asked, duty)
    if page.can_hand_over:
        charter_id, on_it = asked.appointment_id, set(asked.crew_ids)
        page.offer_colleagues(
            assessing.available_staff(
                CrewRole(asked.part),
                asked.starts_at,
                asked.ends_at,
                ignored_appointment_id=charter_id,
                places=Places(asked.origin_stop_id, asked.destination_stop_id),
                excluded_staff_ids=on_it,
            )
        )
    return page


def accept(token: str) -> None:
    """Take the ride; done before, it stays done. Raises what reading the link and accepting raise."""
    asked = _asked(token)
    if asked.status != AssignmentStatus.ACCEPTED:
        _check_live(asked)
        answering.accept(asked.reference, _bearer(asked))


def reject(token: str, reason: str) -> None:
    """Say no; raises what reading the link and rejecting raise."""
    asked = _asked(token)
    _check_live(asked)
    answering.reject(asked.reference, _bearer(asked), reason=reason)


def hand_over(token: str, to: int) -> None:
    """Ask a colleague to take the ride; raises what reading the link and handing over raise."""
    asked = _asked(token)
    _check_live(asked)
    answering.hand_over(asked.reference, _bearer(asked), to=to)


def _asked(token: str) -> AnyRow:
    asked = queries.find_asked(*links.read(token))
    if asked is None:
        raise AnswerNotFound
    if not asked.active or OWN_DUTIES not in permissions_of(asked.roles):
        raise AccountClosed
    return asked


def _bearer(asked: AnyRow) -> Identity:
    """The person whom the link was made for, as far as it reaches: their duties, whatever else they may do."""
    return Identity(user_id=asked.staff_id, permissions=frozenset({OWN_DUTIES}))


def _check_live(asked: AnyRow) -> None:
    """A link is about one question, not about a later one on the same ride."""
    if asked.status not in LIVE:
        raise AlreadyAnswered
