"""Projects, releases, files and their owners."""

from jackfield_marketplace.catalog.categories import CATEGORIES, categories_of
from jackfield_marketplace.catalog.changelog import ChangelogEntry, changes_since, parse_changelog
from jackfield_marketplace.catalog.hosts import AskedPermission, Hosts, add_hostfile
from jackfield_marketplace.catalog.manage import feature, refresh_plugin, yank
from jackfield_marketplace.catalog.publish import Refusal, Upload, publish
from jackfield_marketplace.catalog.queries import (
    PluginDetails,
    SimpleFile,
    SimpleProject,
    VersionDetails,
    file_served,
    plugin_changelog,
    plugin_details,
    project_names,
    project_serial,
    simple_project,
)
from jackfield_marketplace.catalog.together import latest_versions, texts_served

__all__ = [
    "CATEGORIES",
    "AskedPermission",
    "ChangelogEntry",
    "Hosts",
    "PluginDetails",
    "Refusal",
    "SimpleFile",
    "SimpleProject",
    "Upload",
    "VersionDetails",
    "add_hostfile",
    "categories_of",
    "changes_since",
    "feature",
    "file_served",
    "latest_versions",
    "parse_changelog",
    "plugin_changelog",
    "plugin_details",
    "project_names",
    "project_serial",
    "publish",
    "refresh_plugin",
    "simple_project",
    "texts_served",
    "yank",
]
