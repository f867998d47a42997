"""The site: read once at start from a site file (default: the demonstration site)."""

from pathlib import Path

from pydantic import ValidationError
from yaml import YAMLError, safe_load

from facility.errors import Invalid
from facility.layout import Assumption as Assumption
from facility.layout import Bay as Bay
from facility.layout import Camera as Camera
from facility.layout import Evse as Evse
from facility.layout import Fallback as Fallback
from facility.layout import Lane as Lane
from facility.layout import Level as Level
from facility.layout import Opening as Opening
from facility.layout import Point as Point
from facility.layout import ProtectiveUnit as ProtectiveUnit
from facility.layout import Site as Site
from facility.layout import SupplyLimit as SupplyLimit
from facility.layout import Words as Words
from facility.layout import Zone as Zone
from facility.site_build import build_site
from facility.site_file import SiteFile

DEMONSTRATION_SITE = Path(__file__).parent / "sites" / "nantong.yaml"


class BrokenSiteFile(Invalid):
    """The site file cannot be read, or what it says does not hold together."""

    code = "site_file.broken"


def load_site(path: Path | None = None) -> Site:
    """Read a site file, or the demonstration site where none is named.

    Raises:
        BrokenSiteFile: one line that names the file and the place in it.
    """
    path = path or DEMONSTRATION_SITE
    try:
        raw = safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BrokenSiteFile(f"{path}: cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise BrokenSiteFile(f"{path}: byte {error.start}: not UTF-8 text", file=str(path)) from error
    except YAMLError as error:
        raise BrokenSiteFile(f"{path}: {_yaml_place(error)}", file=str(path)) from error
    try:
        return build_site(SiteFile.model_validate(raw))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "top"
        raise BrokenSiteFile(f"{path}: {place}: {first['msg']}", file=str(path), place=place) from error
    except ValueError as error:
        raise BrokenSiteFile(f"{path}: {error}", file=str(path)) from error


def demonstration_site() -> Site:
    """The building in Nantong that ships with the product."""
    return load_site()


def _yaml_place(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "not YAML"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)
