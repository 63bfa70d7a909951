"""Segments one picture over HTTP: prints its instances, saves the drawn picture as out.jpg."""

import base64
import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

USAGE = "usage: python client.py IMAGE [URL] [THRESHOLD] [MODEL]"
URL = "http://localhost:7860/instance-segmentation"
SECONDS = 300  # a model's first request loads it


def segment(image, url=URL, threshold=None, model=None):
    """The service's answer about one image file; a refusal ends the program with its sentence."""
    body = {"image": base64.b64encode(Path(image).read_bytes()).decode(), "visualize": True}
    if threshold is not None:
        body["threshold"] = float(threshold)
    if model is not None:
        body["model"] = model
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)["result"]
    except HTTPError as error:
        sys.exit(json.load(error)["errorMsg"])


def main():
    """Send what the command line names."""
    if not 2 <= len(sys.argv) <= 5:
        sys.exit(USAGE)
    result = segment(*sys.argv[1:])
    Path("out.jpg").write_bytes(base64.b64decode(result["image"]))
    for instance in result["instances"]:
        box = ", ".join(f"{corner:.1f}" for corner in instance["bbox"])
        print(f"{instance['categoryName']} {instance['score']:.3f} [{box}]")


if __name__ == "__main__":
    main()
