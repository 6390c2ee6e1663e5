"""Projects, releases, files and their owners."""

from jackfield_marketplace.catalog.categories import CATEGORIES, categories_of
from jackfield_marketplace.catalog.changelog import ChangelogEntry, changes_since, parse_changelog
from jackfield_marketplace.catalog.codes import Codes
from jackfield_marketplace.catalog.contents import Contents
from jackfield_marketplace.catalog.copies import Copies, CopiesFound, Copy
from jackfield_marketplace.catalog.facets import app_facet, category_facet
from jackfield_marketplace.catalog.hosts import AskedPermission, Hosts, add_hostfile
from jackfield_marketplace.catalog.manage import STATUSES, Status, feature, find_project, reserve, set_status, yank
from jackfield_marketplace.catalog.popularity import count_plugins, rank_plugins
from jackfield_marketplace.catalog.project_page import (
    API_VERSION,
    SimpleFile,
    SimpleProject,
    encode_document,
    file_path,
    project_document,
    project_names,
    project_page,
    simple_project,
)
from jackfield_marketplace.catalog.publish import publish
from jackfield_marketplace.catalog.queries import (
    PluginDetails,
    RevokedOf,
    VersionDetails,
    file_served,
    file_sha256,
    plugin_changelog,
    plugin_details,
    revoked_of,
)
from jackfield_marketplace.catalog.revoked import appeal_address, refuse_revoked, revocations_of, signed_list
from jackfield_marketplace.catalog.revoking import Told, read_ahead, revocations, revoke, set_appeal, unrevoke
from jackfield_marketplace.catalog.shown import refresh_plugin
from jackfield_marketplace.catalog.stages import (
    Outcome,
    Staged,
    claims,
    count_outcome,
    halt,
    mark_security,
    roll_out,
    stage_of,
)
from jackfield_marketplace.catalog.together import latest_versions, texts_served
from jackfield_marketplace.catalog.upload import Refusal, Upload

__all__ = [
    "API_VERSION",
    "CATEGORIES",
    "STATUSES",
    "AskedPermission",
    "ChangelogEntry",
    "Codes",
    "Contents",
    "Copies",
    "CopiesFound",
    "Copy",
    "Hosts",
    "Outcome",
    "PluginDetails",
    "Refusal",
    "RevokedOf",
    "SimpleFile",
    "SimpleProject",
    "Staged",
    "Status",
    "Told",
    "Upload",
    "VersionDetails",
    "add_hostfile",
    "app_facet",
    "appeal_address",
    "categories_of",
    "category_facet",
    "changes_since",
    "claims",
    "count_outcome",
    "count_plugins",
    "encode_document",
    "feature",
    "file_path",
    "file_served",
    "file_sha256",
    "find_project",
    "halt",
    "latest_versions",
    "mark_security",
    "parse_changelog",
    "plugin_changelog",
    "plugin_details",
    "project_document",
    "project_names",
    "project_page",
    "publish",
    "rank_plugins",
    "read_ahead",
    "refresh_plugin",
    "refuse_revoked",
    "reserve",
    "revocations",
    "revocations_of",
    "revoke",
    "revoked_of",
    "roll_out",
    "set_appeal",
    "set_status",
    "signed_list",
    "simple_project",
    "stage_of",
    "texts_served",
    "unrevoke",
    "yank",
]
