"""Renders every case with python-liquid; null stands for an error."""
import json
import os
import sys

os.environ["TZ"] = "UTC"
from liquid import Environment  # noqa: E402

environment = Environment()
data = json.load(open("data.json"))
answers = []
for template in json.load(open("cases.json")):
    try:
        answers.append(environment.from_string(template).render(**data))
    except Exception:  # any refusal counts as one
        answers.append(None)
json.dump(answers, sys.stdout, ensure_ascii=False)
