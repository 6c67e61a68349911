"""Examines one speaker: does it speak, tell its status, fall silent, and how late is its transcript."""

from migpt_shared.doctor.examination import Examination, examine
from migpt_shared.doctor.findings import Finding, Subject, Verdict

__all__ = ["Examination", "Finding", "Subject", "Verdict", "examine"]
