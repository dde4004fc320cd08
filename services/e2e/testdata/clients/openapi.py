"""openapi-spec-validator checks the descriptions that carapi serves.

Usage: openapi.py URL
"""

import importlib.metadata
import json
import sys
import urllib.error
import urllib.request

from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

# Whether /openapi-3.0.json must be there.
REQUIRE_30 = True


def validate(url, path, version, validator):
    """Validate the description at a path and return its version."""
    with urllib.request.urlopen(url + path, timeout=30) as response:
        document = json.load(response)
    assert document["openapi"].startswith(version), document["openapi"]
    errors = list(validator(document).iter_errors())
    for error in errors:
        print(f"{path} at {'/'.join(map(str, error.absolute_path))}: {error.message:.1000}", file=sys.stderr)
    if errors:
        sys.exit(1)
    return f"{path} ({document['openapi']})"


def main(url):
    described = [validate(url, "/openapi.json", "3.1.", OpenAPIV31SpecValidator)]
    try:
        described.append(validate(url, "/openapi-3.0.json", "3.0.", OpenAPIV30SpecValidator))
    except urllib.error.HTTPError as error:
        if REQUIRE_30 or error.code != 404:
            raise
        described.append("/openapi-3.0.json is not there")
    print(f"openapi-spec-validator {importlib.metadata.version('openapi-spec-validator')}, {', '.join(described)}")


main(sys.argv[1])
