"""The release that an uploaded file belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import parse_wheel_filename
from packaging.version import Version
from sqlalchemy import bindparam, insert, select, update

from jackfield_marketplace.catalog.upload import Refusal, Upload
from jackfield_marketplace.db import Direct, File, Prepared, Release

_VERSIONS = Prepared(select(Release.id, Release.version).where(Release.project_id == bindparam("project")))
_MANIFEST = Prepared(select(Release.manifest_toml).where(Release.id == bindparam("release")))
_FILENAMES = Prepared(
    select(File.filename).where(File.release_id == bindparam("release"), File.kind == bindparam("kind"))
)
_SAID = (
    "summary",
    "readme",
    "readme_type",
    "requires_python",
    "requires_dist",
    "keywords",
    "links",
    "manifest_toml",
    "changelog",
    "app",
)
_INSERT = Prepared(
    insert(Release).values({name: bindparam(name) for name in ("project_id", "version", *_SAID)}).returning(Release.id)
)
_UPDATE = Prepared(
    update(Release).where(Release.id == bindparam("release")).values({name: bindparam(name) for name in _SAID})
)


def release_for(direct: Direct, project_id: int, name: str, upload: Upload, *, is_new: bool) -> tuple[int, bool]:
    """Make the release that the file belongs to, or fill it in: its first wheel says what is shown of it.

    Args:
        direct: a transaction that writes.
        project_id: of the project.
        name: of the project, for people.
        upload: the file.
        is_new: whether the project has no releases yet.

    Returns:
        the release's id, and whether it is new, so that all that is known of it is what this upload says.

    Raises:
        Refusal: 409; another wheel of this version has another manifest, or the file is there by another spelling of
            its name.
    """
    wanted = Version(upload.version)
    found: int | None = None
    if not is_new:
        # In any spelling: 1.0 and 1.0.0 are one release.
        versions = direct.rows(_VERSIONS, project=project_id)
        found = next((release_id for release_id, version in versions if Version(version) == wanted), None)
    if found is None:
        made: int = direct.value(_INSERT, project_id=project_id, version=upload.version, **_said(upload))
        return made, True
    beside = [filename for (filename,) in direct.rows(_FILENAMES, release=found, kind=upload.kind)]
    if upload.kind == "wheel":
        if not beside:
            direct.run(_UPDATE, release=found, **_said(upload))
        elif direct.value(_MANIFEST, release=found) != upload.manifest_toml:
            # What a user consents to must not depend on the platform of the wheel.
            raise Refusal(409, f"{name} {upload.version} has a wheel with another plugin.toml")
    _refuse_other_spelling(upload, beside)
    return found, False


def _refuse_other_spelling(upload: Upload, beside: Iterable[str]) -> None:
    """Installers take `Chat_Poll-1.0-py3-none-any.whl` for `chat_poll-1.0.0-py3-none-any.whl`: it would replace that.

    Args:
        upload: the file.
        beside: names of the other files of its kind in its release.

    Raises:
        Refusal: 409; one of them is this one.
    """
    said = _build_and_tags(upload.filename)
    twin = next((filename for filename in beside if _build_and_tags(filename) == said), None)
    if twin is not None:
        sentence = f"{upload.filename} is {twin} in another spelling; a file is never replaced: raise the version"
        raise Refusal(409, sentence)


def _build_and_tags(filename: str) -> object:
    """In what files of one release and kind differ: wheels in build and tags, source distributions in nothing."""
    return parse_wheel_filename(filename)[2:] if filename.endswith(".whl") else None


def _said(upload: Upload) -> dict[str, object]:
    return {
        "summary": upload.summary,
        "readme": upload.readme,
        "readme_type": upload.readme_type,
        "requires_python": upload.requires_python,
        "requires_dist": list(upload.requires_dist),
        "keywords": list(upload.keywords),
        "links": dict(upload.links or {}),
        "manifest_toml": upload.manifest_toml,
        "changelog": upload.changelog,
        "app": upload.app,
    }
