"""The two forms of the index's pages: PEP 691 documents and PEP 503 pages, from one set of data."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from jackfield_marketplace.api.negotiation import JSON
from jackfield_marketplace.catalog import API_VERSION, SimpleProject, encode_document, file_path, project_document


def render_root(names: Iterable[str], content_type: str) -> bytes:
    """The list of every project in the form asked for."""
    if content_type == JSON:
        return encode_document({"meta": {"api-version": API_VERSION}, "projects": [{"name": name} for name in names]})
    return _html("Simple index", "", "".join(f'    <a href="{name}/">{name}</a><br>\n' for name in names))


def render_project(project: SimpleProject, content_type: str) -> bytes:
    """A project's page in the form asked for."""
    return project_document(project) if content_type == JSON else _project_html(project)


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
