"""Takes an upload, inspects it, publishes or refuses it."""

from jackfield_marketplace.uploads.form import Body, UploadForm, read_form
from jackfield_marketplace.uploads.service import Accepted, Uploads

__all__ = ["Accepted", "Body", "UploadForm", "Uploads", "read_form"]
