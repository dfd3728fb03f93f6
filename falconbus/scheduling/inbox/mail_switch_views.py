"""The page to which mails to the staff lead, to switch them off and on again.

The token is the authority, no cookie is read. Looking changes nothing, for programs that scan mails open every link.
"""

from flask import render_template
from werkzeug.wrappers import Response as AnyResponse

from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.operations import operation
from falconbus.platform.web.pages import Notice, PageBlueprint, Refusals
from falconbus.scheduling.inbox import mail_switch
from falconbus.scheduling.notifications import preferences

_NOTICES = {
    "off": Notice("Done: your notifications do not come by mail any more."),
    "on": Notice("Done: your notifications come by mail again."),
}
_REFUSALS = Refusals(
    headings={
        "switch_not_found": (
            "We cannot find this page",
            "The link may be incomplete: copy all of it, as it stands in the mail.",
        )
    }
)

bp = PageBlueprint(
    "staff_mails", __name__, url_prefix="/staff-mails", notices=_NOTICES, refusals=_REFUSALS, opens_by_link=True
)


@operation(bp.get("/<token>"), who=PUBLIC, gives={200: PAGE}, budget=1)
def show_switch(token: str) -> str:
    """Whether notifications come by mail, and the button that changes it."""
    wants_mail = preferences.wants_mail(mail_switch.read(token))
    return render_template("inbox/mail_switch.html", token=token, wants_mail=wants_mail)


@operation(bp.get("/<token>/<any(off,on):state>"), who=PUBLIC, gives={200: PAGE}, budget=0)
def return_to_switch(token: str, state: str) -> AnyResponse:
    """Where the form is sent to there is nothing to see: back to the page."""
    del state
    return bp.see("staff_mails.show_switch", token=token)


@operation(bp.post("/<token>/<any(off,on):state>"), who=PUBLIC, gives={200: PAGE}, budget=1)
def switch(token: str, state: str) -> AnyResponse:
    """Have notifications come by mail, or not any more."""
    preferences.set_wants_mail(mail_switch.read(token), wants_mail=state == "on")
    return bp.see("staff_mails.show_switch", token=token, notice=state)
