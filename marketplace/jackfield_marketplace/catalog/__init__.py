"""Projects, releases, files and their owners."""

from jackfield_marketplace.catalog.categories import CATEGORIES, categories_of
from jackfield_marketplace.catalog.changelog import ChangelogEntry, changes_since, parse_changelog
from jackfield_marketplace.catalog.contents import Contents
from jackfield_marketplace.catalog.facets import app_facet, category_facet
from jackfield_marketplace.catalog.hosts import AskedPermission, Hosts, add_hostfile
from jackfield_marketplace.catalog.manage import STATUSES, Status, feature, set_status, yank
from jackfield_marketplace.catalog.popularity import count_plugins, rank_plugins
from jackfield_marketplace.catalog.publish import publish
from jackfield_marketplace.catalog.queries import (
    PluginDetails,
    SimpleFile,
    SimpleProject,
    VersionDetails,
    file_served,
    plugin_changelog,
    plugin_details,
    project_names,
    simple_project,
)
from jackfield_marketplace.catalog.shown import refresh_plugin
from jackfield_marketplace.catalog.together import latest_versions, texts_served
from jackfield_marketplace.catalog.upload import Refusal, Upload

__all__ = [
    "CATEGORIES",
    "STATUSES",
    "AskedPermission",
    "ChangelogEntry",
    "Contents",
    "Hosts",
    "PluginDetails",
    "Refusal",
    "SimpleFile",
    "SimpleProject",
    "Status",
    "Upload",
    "VersionDetails",
    "add_hostfile",
    "app_facet",
    "categories_of",
    "category_facet",
    "changes_since",
    "count_plugins",
    "feature",
    "file_served",
    "latest_versions",
    "parse_changelog",
    "plugin_changelog",
    "plugin_details",
    "project_names",
    "publish",
    "rank_plugins",
    "refresh_plugin",
    "set_status",
    "simple_project",
    "texts_served",
    "yank",
]
