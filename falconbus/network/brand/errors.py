"""Why a brand is not changed or shown."""

from falconbus.platform.kit.errors import Invalid, NotFound


class LogoNotFound(NotFound):
    code = "logo_not_found"
    title = "There is no logo"


class BadLogo(Invalid):
    code = "bad_logo"
    title = "The logo is no PNG or JPEG that can be read"
