"""The REST API of Proctor's Pipet, answered from a matrix; for any web server.

(Java: RestController, Extractor, Converter, JsonResult, CoreConfig, and what Tomcat does
before them.)
"""

from __future__ import annotations
