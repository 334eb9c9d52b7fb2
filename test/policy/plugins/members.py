#!/usr/bin/env python3
"""A write policy in Python: everybody writes as themselves, and nobody learns that spam is dropped."""

import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    if request["type"] != "new":
        continue
    event = request["event"]
    answer = {"id": event["id"], "action": "accept"}
    if request.get("authed") != event["pubkey"]:
        answer["action"] = "reject"
        answer["msg"] = f"restricted: {request['sourceType']} {request['sourceInfo']} is not the author"
    elif "spam" in event["content"]:
        answer["action"] = "shadowReject"
    print(json.dumps(answer), flush=True)
