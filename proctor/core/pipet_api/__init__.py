"""The REST API of Proctor's Pipet, served from a matrix, for any web server.

Java: RestController, Extractor, Converter, JsonResult, CoreConfig, and Tomcat's preprocessing.
"""

from __future__ import annotations
