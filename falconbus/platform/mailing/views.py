"""The kept mails, to look at while there is no SMTP server: on the machine itself, and only there."""

from math import ceil

from flask import Response, current_app, render_template

from config import Settings
from falconbus.platform.integrations.mail.folder import MailFolder
from falconbus.platform.kit.errors import NotFound
from falconbus.platform.mailing import development_mailbox
from falconbus.platform.mailing.schemas import MailPageQuery
from falconbus.platform.web import development
from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.operations import operation
from falconbus.platform.web.pages import PageBlueprint

bp = PageBlueprint("mails", __name__, url_prefix="/dev/mail")

# The page may frame the mail; the mail may do nothing at all.
_PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; frame-ancestors 'none'"
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


@bp.before_request
def check_local() -> None:
    """To anybody but a developer at this machine the page does not exist."""
    settings: Settings = current_app.config["SETTINGS"]
    is_kept = settings.smtp_url is None and development.is_for_development(settings)
    if not (is_kept and development.is_on_this_machine()):
        raise NotFound


@operation(bp.get("/"), who=PUBLIC, asks=MailPageQuery, gives={200: PAGE}, budget=0)
def show_mails(query: MailPageQuery) -> str:
    """The kept mails, newest first."""
    letters, count = development_mailbox.letters(_folder(), query.page)
    pages = max(1, ceil(count / development_mailbox.PAGE_SIZE))
    return render_template("mailing/mails.html", letters=letters, count=count, page=query.page, pages=pages)


@operation(bp.get("/<name>"), who=PUBLIC, gives={200: PAGE}, budget=0)
def show_mail(name: str) -> Response:
    """One mail: headers, both texts, attachments."""
    page = render_template("mailing/mail.html", letter=development_mailbox.get_letter(_folder(), name))
    return Response(page, headers={"Content-Security-Policy": _PAGE_POLICY})


@operation(bp.get("/<name>/html"), who=PUBLIC, gives={200: PAGE}, budget=0)
def show_html(name: str) -> Response:
    """The mail as its recipient sees it, in a sandbox."""
    html = development_mailbox.get_letter(_folder(), name).html
    return Response(html, headers={"Content-Security-Policy": _MAIL_POLICY})


@operation(bp.get("/<name>/attachments/<id:number>"), who=PUBLIC, gives={200: PAGE}, budget=0)
def download_attachment(name: str, number: int) -> Response:
    """An attachment, counted from 1."""
    attachments = development_mailbox.get_letter(_folder(), name).attachments
    if not 1 <= number <= len(attachments):
        raise NotFound
    attachment = attachments[number - 1]
    answer = Response(attachment.content, mimetype=attachment.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=attachment.name)
    return answer


def _folder() -> MailFolder:
    settings: Settings = current_app.config["SETTINGS"]
    return MailFolder(settings.mail_folder)
