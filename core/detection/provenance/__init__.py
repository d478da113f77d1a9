"""Where a file says it comes from: Content Credentials that are verified, and marks that anybody can
write."""

from core.detection.provenance.credentials import read_credentials
from core.detection.provenance.marks import find_marks

__all__ = ["find_marks", "read_credentials"]
