"""The two forms of the index's pages: PEP 691 documents and PEP 503 pages, from one set of data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from jackfield_marketplace.api.negotiation import JSON
from jackfield_marketplace.catalog import SimpleFile, SimpleProject

API_VERSION = "1.4"  # PEP 792


def render_root(names: Iterable[str], content_type: str) -> bytes:
    """The list of every project in the form asked for."""
    if content_type == JSON:
        return _encode({"meta": {"api-version": API_VERSION}, "projects": [{"name": name} for name in names]})
    return _html("Simple index", "", "".join(f'    <a href="{name}/">{name}</a><br>\n' for name in names))


def render_project(project: SimpleProject, content_type: str) -> bytes:
    """A project's page in the form asked for."""
    return _encode(_document(project)) if content_type == JSON else _project_html(project)


def file_path(file: SimpleFile) -> str:
    """The address of a file relative to its project's page, so that a mirror or a proxy needs to rewrite nothing."""
    return f"../../files/{file.sha256}/{file.filename}"


def _document(project: SimpleProject) -> dict[str, Any]:
    status = {"status": project.status} | ({"reason": project.status_reason} if project.status_reason else {})
    return {
        "meta": {"api-version": API_VERSION},
        "name": project.name,
        "project-status": status,
        "versions": list(project.versions),
        "files": [_file(project, file) for file in project.files],
    }


def _file(project: SimpleProject, file: SimpleFile) -> dict[str, Any]:
    metadata: dict[str, str] | bool = {"sha256": file.metadata_sha256} if file.metadata_sha256 else False
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file_path(file),
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": file.uploaded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": False if file.yanked_reason is None else (file.yanked_reason or True),
        "core-metadata": metadata,  # alone: pip 23.0 falls over "dist-info-metadata", its older name (PEP 714)
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.manifest_sha256:
        entry["_jackfield"] = {"plugin_toml": {"sha256": file.manifest_sha256}, "id": project.plugin_id}
    return entry


def _project_html(project: SimpleProject) -> bytes:
    lines = []
    for file in project.files:
        attributes = [f'href="{escape(file_path(file))}#sha256={file.sha256}"']
        if file.requires_python:
            attributes.append(f'data-requires-python="{escape(file.requires_python)}"')
        if file.metadata_sha256:
            attributes.append(f'data-core-metadata="sha256={file.metadata_sha256}"')
            attributes.append(f'data-dist-info-metadata="sha256={file.metadata_sha256}"')
        if file.yanked_reason is not None:
            attributes.append(f'data-yanked="{escape(file.yanked_reason)}"')
        lines.append(f"    <a {' '.join(attributes)}>{escape(file.filename)}</a><br>\n")
    head = f'    <meta name="pypi:project-status" content="{project.status}">\n'
    if project.status_reason:
        head += f'    <meta name="pypi:project-status-reason" content="{escape(project.status_reason)}">\n'
    return _html(f"Links for {project.name}", head, "".join(lines))


def _html(title: str, head: str, links: str) -> bytes:
    return (
        "<!DOCTYPE html>\n<html>\n  <head>\n"
        f'    <meta name="pypi:repository-version" content="{API_VERSION}">\n{head}'
        f"    <title>{title}</title>\n  </head>\n  <body>\n    <h1>{title}</h1>\n{links}  </body>\n</html>\n"
    ).encode()


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
